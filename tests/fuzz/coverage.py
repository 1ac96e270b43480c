#!/usr/bin/python3
"""Prints, for each fuzz target, how many branches of its decoder its saved inputs take.

usage: coverage.py BUILD [FOUND [NAME...]]

BUILD is a build folder of the flavor cover. FOUND may hold NAME/corpus, inputs that runs have found
(build/fuzz/fuzz); they count too. Each side of a condition is one branch, as llvm-cov counts. The sources of a
decoder stand in coverage.txt. LLVM_SUFFIX ("-14") chooses the version of the tools.
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def table():
    rows = {}
    for line in (HERE / "coverage.txt").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            rows[words[0]] = words[1:]
    return rows


def tool(name):
    return name + os.environ.get("LLVM_SUFFIX", "")


def replay(build, name, folders):
    """Runs the inputs; returns llvm-cov's figures by source, relative to the root."""
    raw, merged = build / ("%s.profraw" % name), build / ("%s.profdata" % name)
    program = build / ("fuzz_" + name)
    done = subprocess.run([program] + folders, env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)),
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit("%s: %s" % (name, done.stderr.decode(errors="replace")[-2000:]))
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", raw, "-o", merged], check=True)
    raw.unlink()
    out = subprocess.run([tool("llvm-cov"), "export", "-summary-only", "-instr-profile", merged, program],
                         check=True, stdout=subprocess.PIPE).stdout
    figures = {}
    for entry in json.loads(out)["data"][0]["files"]:
        path = os.path.normpath(ROOT / entry["filename"])  # names begin at the root
        figures[os.path.relpath(path, ROOT)] = entry["summary"]
    return figures


def matches(path, pattern):
    """Generated lexers stand in the build folder under their own name."""
    if pattern.endswith(".re"):
        path, pattern = path.split("/gen/")[-1].split("/", 1)[-1], pattern[:-3] + ".c"
        return pathlib.PurePath(path).match(pattern)
    return path.count("/") == pattern.count("/") and pathlib.PurePath(path).match(pattern)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    found = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    rows = table()
    targets = sorted(p.stem for p in HERE.glob("*.c"))
    missing = [n for n in targets if n not in rows]
    if missing:
        sys.exit("not in coverage.txt: " + " ".join(missing))
    for name in sys.argv[3:] or targets:
        folders = [str(f) for f in (HERE / "corpus" / name, found / name / "corpus" if found else None)
                   if f and f.is_dir()]
        figures = replay(build, name, folders)
        covered = count = 0
        worst = []
        for path, summary in sorted(figures.items()):
            if not any(matches(path, pattern) for pattern in rows[name]):
                continue
            branches = summary["branches"]
            covered, count = covered + branches["covered"], count + branches["count"]
            worst.append("%s %d/%d" % (pathlib.PurePath(path).name, branches["covered"], branches["count"]))
        print("%-14s %5.1f %%  %d of %d branches  (%s)"
              % (name, 100.0 * covered / count if count else 0, covered, count, ", ".join(worst)), flush=True)


if __name__ == "__main__":
    main()
