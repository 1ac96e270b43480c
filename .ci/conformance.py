#!/usr/bin/python3
"""Runs recorded cases of Alloy's behaviour against a binary and holds the scores to .ci/thresholds.

usage: conformance.py language|pipelines BINARY

The cases are in INVAR_SHARED/conformance. Each row of the thresholds that the run covers is one check;
the last line is 'N passed, N failed'. The pipeline cases want Python packages, which go to
build/ci/venv once.
"""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SHARED = pathlib.Path(os.environ.get("INVAR_SHARED", ROOT.parent / "shared")) / "conformance"
SECONDS = 900


def thresholds(part):
    rows = []
    for line in (HERE / "thresholds").read_text().splitlines():
        words = line.split("#")[0].split()
        if words and words[0] == part:
            rows.append(words[1:])
    return rows


def run(command):
    print("$ " + " ".join(str(word) for word in command), flush=True)
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=SECONDS, stdin=subprocess.DEVNULL)
        out = done.stdout
    except subprocess.TimeoutExpired as late:
        out = (late.stdout or b"").decode("utf-8", "replace") + "\ntimed out\n"
    print(out, flush=True)
    return out


def verdict(name, got, least):
    ok = got is not None and got >= least
    print("%s %s: %s, at least %g" % ("ok  " if ok else "FAIL", name,
                                      "no score" if got is None else "%.1f" % got, least))
    return ok


def language(binary):
    """Rows: language KIND LEVEL PERCENT; LEVEL * means every counted level."""
    rows = thresholds("language")
    kinds = sorted({kind for kind, _, _ in rows})
    scores = {}
    runner = ["/usr/bin/python3", SHARED / "language" / "run.py"]
    conform = [k for k in kinds if k in ("lex", "parse", "fmt", "eval", "decode")]
    server = [k for k in kinds if k in ("run", "runtime")]
    direct = [k for k in kinds if k not in conform + server]
    outputs = []
    if conform:
        outputs.append(run(runner + ["--conform", str(binary) + " conform", "--kinds", ",".join(conform)]))
    if direct:
        outputs.append(run(runner + ["--bin", binary, "--kinds", ",".join(direct)]))
    if server:
        outputs.append(run(["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"] + runner
                           + ["--bin", binary, "--kinds", ",".join(server)]))
    for match in re.finditer(r"^(\w+) +\S+ +(\w+) +(\d+)/(\d+) ", "".join(outputs), re.M):
        kind, level, good, total = match.groups()
        scores[kind, level] = 100.0 * int(good) / int(total)
    results = []
    for kind, level, percent in rows:
        levels = [l for k, l in scores if k == kind and l not in ("quirk", "exact")] \
            if level == "*" else [level]
        got = min((scores[kind, l] for l in levels if (kind, l) in scores), default=None)
        results.append(verdict("language %s %s" % (kind, level), got, float(percent)))
    return results


def pipelines(binary):
    """Row: pipelines passed COUNT; the cases are those that .ci/pipelines names suffice for."""
    venv = ROOT / "build" / "ci" / "venv"
    python = venv / "bin" / "python"
    wanted = SHARED / "pipelines" / "requirements.txt"
    if not python.exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", venv], check=True)
    stamp = venv / "installed"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", wanted], check=True)
        stamp.write_text(wanted.read_text())
    runner = [python, SHARED / "pipelines" / "run.py", "--bin", binary, "--quiet", "--diff-lines", "12"]
    cases = SHARED / "pipelines" / "cases" / "open"
    out = run(runner + ["--jobs", "8", "--have", "@%s" % (HERE / "pipelines"), cases])
    found = re.search(r"^(\d+) passed, (\d+) failed$", out, re.M)
    got = float(found.group(1)) if found else None
    failed = re.findall(r"^failed: open/(\S+)$", out, re.M)
    if failed:
        # The cases wait for real time; what failed among eight at once has a second chance by itself.
        again = run(runner + ["--jobs", "2"] + [cases / name for name in failed])
        more = re.search(r"^(\d+) passed, (\d+) failed$", again, re.M)
        got = got + float(more.group(1)) if got is not None and more else got
    return [verdict("pipelines " + words[0], got, float(words[1])) for words in thresholds("pipelines")]


def main():
    part, binary = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    results = {"language": language, "pipelines": pipelines}[part](binary)
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
