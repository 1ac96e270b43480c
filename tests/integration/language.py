#!/usr/bin/python3
"""Recorded answers of Alloy 1.18 for tokens, trees and formatting, asked of `invar conform`, and the
exit codes and messages of `invar fmt`. Needs INVAR_BIN and INVAR_SOURCE."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

BIN = os.environ["INVAR_BIN"]
DATA = pathlib.Path(os.environ["INVAR_SOURCE"]) / "tests/data/language"
ANSWERS = {"lex": ["ok", "tokens", "diagnostics"],
           "parse": ["ok", "diagnostics", "ast", "comments", "rendered"],
           "fmt": ["ok", "diagnostics", "formatted"]}


def strip(diagnostics):
    return [{k: v for k, v in d.items() if v} for d in diagnostics]


def conform(kind):
    with open(DATA / f"{kind}.jsonl", encoding="utf-8") as file:
        cases = [json.loads(line) for line in file.read().split("\n") if line]
    asked = "".join(json.dumps({k: c[k] for k in ("id", "src", "src_b64") if k in c}) + "\n" for c in cases)
    done = subprocess.run([BIN, "conform", kind], input=asked.encode(), stdout=subprocess.PIPE, check=True)
    got = {r["id"]: r for r in map(json.loads, filter(None, done.stdout.decode().split("\n")))}
    failed = 0
    for case in cases:
        answer = got.get(case["id"], {})
        for field in ANSWERS[kind]:
            want, have = case.get(field), answer.get(field)
            if field == "diagnostics":
                want, have = strip(want or []), strip(have or [])
            if want is not None and want != have:
                print(f"{kind} {case['id']} {field}:\n  want {want!r}\n  got  {have!r}")
                failed += 1
    return failed


def idempotent():
    """What Alloy formats to itself stays as it is."""
    with open(DATA / "fmt.jsonl", encoding="utf-8") as file:
        cases = [json.loads(line) for line in file.read().split("\n") if line]
    failed = 0
    for case in cases:
        if case.get("idempotent"):
            got = fmt(["-"], case["formatted"].encode())
            if got[1] != case["formatted"]:
                print(f"fmt twice {case['id']}:\n  want {case['formatted']!r}\n  got  {got[1]!r}")
                failed += 1
    return failed


def fmt(arguments, stdin=b""):
    done = subprocess.run([BIN, "fmt", *arguments], input=stdin, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def command():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pathlib.Path("bad.alloy").write_text("a=1\n", encoding="utf-8")
        pathlib.Path("good.alloy").write_text("a = 1\n", encoding="utf-8")
        pathlib.Path("wrong.alloy").write_text("a = \nb 1\n", encoding="utf-8")
        pathlib.Path("wide.alloy").write_text("a = 1" + " " * 5000 + "\n", encoding="utf-8")
        os.chmod("bad.alloy", 0o640)
        os.mkdir("folder")
        os.symlink("wide.alloy", "link.alloy")
        both = "Error: cannot use -w/--write and -t/--test at the same time\n"
        wrong = ("wrong.alloy:2:3: expected TERMINATOR, got NUMBER\n",
                 "Error: encountered errors during formatting\n")
        rows = [
            (["bad.alloy"], b"", (0, "a = 1\n", "")),
            ([], b"a=1", (0, "a = 1\n", "")),
            (["-"], b"a=1", (0, "a = 1\n", "")),
            (["-t", "bad.alloy"], b"", (1, "", "Error: file bad.alloy is not formatted correctly\n")),
            (["-t"], b"a=1", (1, "", "Error: file <stdin> is not formatted correctly\n")),
            (["--test", "good.alloy"], b"", (0, "", "")),
            (["-tw", "bad.alloy"], b"", (1, "", both)),
            (["-w"], b"a=1", (1, "", "Error: cannot use -w with standard input\n")),
            (["-w=false", "bad.alloy"], b"", (0, "a = 1\n", "")),
            (["-w=x"], b"", (1, "", 'Error: invalid argument "x" for "-w, --write" flag: '
                                    'strconv.ParseBool: parsing "x": invalid syntax\n')),
            ([], b"x" * 100000 + b" = 1\n" + b"y = 2\n" * 10000,
             (1, "", "Error: the formatted text is too long\n")),
            (["a", "b"], b"", (1, "", "Error: accepts between 0 and 1 arg(s), received 2\n")),
            (["--nope"], b"", (1, "", "Error: unknown flag: --nope\n")),
            (["-x"], b"", (1, "", "Error: unknown shorthand flag: 'x' in -x\n")),
            (["none.alloy"], b"", (1, "", "Error: stat none.alloy: no such file or directory\n")),
            (["folder"], b"", (1, "", "Error: cannot format a directory\n")),
            (["wrong.alloy"], b"", (1, "", "".join(wrong))),
            (["-w", "bad.alloy"], b"", (0, "", "")),
            (["-w", "link.alloy"], b"", (0, "", "")),
        ]
        for arguments, stdin, want in rows:
            got = fmt(arguments, stdin)
            if got != want:
                print(f"fmt {arguments}:\n  want {want!r}\n  got  {got!r}")
                failed += 1
        kept = pathlib.Path("bad.alloy").read_text(encoding="utf-8") == "a = 1\n"
        kept = kept and os.stat("bad.alloy").st_mode & 0o777 == 0o640
        linked = os.path.islink("link.alloy") and os.stat("wide.alloy").st_size == len("a = 1\n")
        if not kept or not linked:
            print(f"fmt -w: mode and text kept {kept}, link kept and file cut {linked}")
            failed += 1
    return failed


bad = sum(conform(kind) for kind in ANSWERS) + idempotent() + command()
print(f"{bad} differences")
sys.exit(1 if bad else 0)
