#!/usr/bin/python3
"""What docs say is what the program does: docs/reference/functions.md is its own page, fences of
`alloy` in the written pages are formatted and valid, fences of `eval` evaluate to what they say
(EXPRESSION => VALUE a line; `=> error: TEXT` for errors). To renew the page:
build/release/invar functions > docs/reference/functions.md. Needs INVAR_BIN and INVAR_SOURCE."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BIN = os.environ["INVAR_BIN"]
DOCS = pathlib.Path(os.environ["INVAR_SOURCE"]) / "docs"
PAGES = [DOCS / "reference/language.md", DOCS / "guides/authoring.md", DOCS / "guides/modules.md"]
FENCE = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.S | re.M)
failed = passed = 0


def check(name, ok, why=""):
    global failed, passed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"{name}: {why}")


def run(*args):
    return subprocess.run([BIN, *args], capture_output=True, text=True)


def evaluate(name, text):
    for line in filter(None, text.split("\n")):
        expression, _, want = line.partition(" => ")
        done = run("eval", "--", expression)
        got = done.stdout.rstrip("\n")
        if done.returncode:
            got = "error: " + re.sub(r"^Error: <expression>:\d+:\d+: ", "", done.stderr).split("\n")[0]
        check(f"{name}: {expression}", " ".join(got.split()) == want, f"is {got}, not {want}")


def validate(name, text, flags):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "page.alloy"
        path.write_text(text)
        done = run("fmt", "--check", "--diff", str(path))
        check(name, done.returncode == 0, done.stdout + done.stderr)
        if "fragment" not in flags:
            done = run("validate", "--stability.level=experimental", str(path))
            check(name, done.returncode == 0, done.stderr)


for page in PAGES:
    for number, (kind, flags, text) in enumerate(FENCE.findall(page.read_text()), 1):
        name = f"{page.relative_to(DOCS)} fence {number}"
        if kind == "eval":
            evaluate(name, text)
        elif kind == "alloy":
            validate(name, text, flags or "")

page = DOCS / "reference/functions.md"
check(page.name, page.read_text() == run("functions").stdout, "differs from `invar functions`")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
