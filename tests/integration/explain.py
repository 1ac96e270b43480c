#!/usr/bin/python3
"""The codes of diagnostics: every example of `invar explain` gives its code, and docs/errors has
the page of every code and no other. `explain.py --write` (with the same environment) writes the
pages. Needs INVAR_BIN and INVAR_SOURCE."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BIN = os.environ["INVAR_BIN"]
PAGES = pathlib.Path(os.environ["INVAR_SOURCE"]) / "docs/errors"


def invar(*words, cwd=None):
    done = subprocess.run([BIN, *words], capture_output=True, check=False, cwd=cwd, timeout=60)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def pattern(wording):
    parts = re.split(r"%[^%]*?[sduf]", wording)
    return ".*".join(map(re.escape, parts))


def says(row, folder):
    """Empty, or what was said instead."""
    example = bytes.fromhex(row["example"]) + (row["tail"] * row["repeat"]).encode()
    (folder / "example.alloy").write_bytes(example)
    if row["by"] == "validate":
        _, out, err = invar("validate", "--format=json", "example.alloy", cwd=folder)
        codes = [d["code"] for d in json.loads(out)["diagnostics"]] if out else []
        return "" if row["code"] in codes else f"{codes} {err}"
    words = ["fmt", "example.alloy"]
    if row["by"] == "run":
        words = ["run", "--server.http.listen-addr=127.0.0.1:0", f"--storage.path={folder}/data", "example.alloy"]
    status, _, err = invar(*words, cwd=folder)
    return "" if status == 1 and re.search(pattern(row["wording"]), err) else err


def examples(table):
    failed = 0
    for row in table:
        if row["by"] == "nothing":
            continue
        with tempfile.TemporaryDirectory() as folder:
            instead = says(row, pathlib.Path(folder))
        if instead:
            failed += 1
            print(f"{row['code']}: its example says {instead[:400]!r}")
    return failed


def index(table):
    lines = ["# Codes of diagnostics", "", "`invar explain CODE` prints a page of these.", "",
             "| code | kind | meaning |", "|---|---|---|"]
    lines += [f"| [{r['code']}]({r['code']}.md) | {r['severity']} | {r['meaning']} |" for r in table]
    return "\n".join(lines) + "\n"


def pages(table):
    want = {"README.md": index(table)}
    for row in table:
        want[row["code"] + ".md"] = invar("explain", row["code"])[1]
    if "--write" in sys.argv:
        PAGES.mkdir(parents=True, exist_ok=True)
        for name, text in want.items():
            (PAGES / name).write_text(text, encoding="utf-8")
    have = {p.name: p.read_text(encoding="utf-8") for p in PAGES.glob("*.md")}
    wrong = sorted(name for name in want.keys() | have.keys() if want.get(name) != have.get(name))
    if wrong:
        print("docs/errors differs (tests/integration/explain.py --write mends it):", *wrong)
    return len(wrong)


def command(table):
    failed = 0
    listed = invar("explain")[1].splitlines()
    for row, line in zip(table, listed):
        failed += not line.startswith(row["code"]) or not row["meaning"] or not row["mend"]
    failed += len(listed) != len(table) or len({r["code"] for r in table}) != len(table)
    failed += invar("explain", "e1001")[0] != 0
    status, _, err = invar("explain", "E9999")
    failed += status != 1 or "there is no code \"E9999\"" not in err
    return failed


def main():
    table = json.loads(invar("explain", "--json")[1])
    failed = command(table) + examples(table) + pages(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
