#!/usr/bin/python3
"""Verifies tests/models/*.pml with SPIN, and that each deliberate break of a model fails as it says.

A model names its properties (a variable set by HOLDS, or an ltl formula) and its breaks: comment
lines "break: MACRO -> property". The code that a property describes names it. Exit 77 without spin or a C compiler.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MODELS = pathlib.Path(os.environ.get("INVAR_SOURCE", ".")) / "tests" / "models"
DEPTH = 2000000
SECONDS = 300


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=SECONDS)
    return done.returncode, done.stdout.decode("utf-8", "replace")


class Checker:
    """One model, with one macro defined or none, translated into a folder of its own."""

    def __init__(self, model, macro, folder):
        self.model, self.folder = model, folder
        code, out = run(["spin"] + (["-D" + macro] if macro else []) + ["-a", str(model)], folder)
        if code or "syntax error" in out or not (folder / "pan.c").exists():
            raise RuntimeError("%s does not translate:\n%s" % (model.name, out))

    def verify(self, formula):
        """The properties that fail. With a formula: only that; without: the assertions."""
        flags = ["-DNFAIR=3"] if formula else ["-DSAFETY", "-DNOCLAIM"]
        code, out = run(["cc", "-O0", "-w", "-DVECTORSZ=4096", "-o", "pan"] + flags + ["pan.c"],
                        self.folder)
        if code:
            raise RuntimeError("%s does not compile:\n%s" % (self.model.name, out))
        arguments = ["-a", "-f", "-N", formula] if formula else ["-c0"]
        _, out = run(["./pan", "-m%d" % DEPTH] + arguments, self.folder)
        errors = re.search(r"errors: (\d+)", out)
        if not errors or "max search depth too small" in out:
            raise RuntimeError("%s: no verdict\n%s" % (self.model.name, out))
        self.states = int(re.search(r"(\d+) states, stored", out).group(1))
        if errors.group(1) == "0":
            return set()
        if formula:
            return {formula}
        failed = set(re.findall(r"assertion violated \(?(\w+)", out))
        return failed | ({"no_deadlock"} if "invalid end state" in out else set())


def listed(names):
    return ", ".join(sorted(names)) or "nothing"


def check(model, macro, expected, formulas):
    """A line about it, and whether it is as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(model, macro, pathlib.Path(folder))
        if macro:
            failed = checker.verify(expected if expected in formulas else None)
            return expected in failed, "%s: %s: %s fails" % (model.name, macro, listed(failed))
        failed, states = set(), 0
        for formula in [None] + formulas:
            failed |= checker.verify(formula)
            states += checker.states
        return not failed, "%s: %d states, %s fails" % (model.name, states, listed(failed))


def main():
    if not shutil.which("spin") or not shutil.which("cc"):
        print("spin or cc is missing")
        return 77
    jobs = []
    sources = "".join(path.read_text() for room in ("runtime", "cli")
                      for path in (MODELS.parent.parent / room).rglob("*.c"))
    for model in sorted(MODELS.glob("*.pml")):
        text = model.read_text()
        formulas = re.findall(r"^ltl (\w+)", text, re.M)
        properties = set(formulas) | set(re.findall(r"^bool (\w+) = true;", text, re.M))
        breaks = re.findall(r"break: (\w+) -> (\w+)", text)
        untested = properties - {expected for _, expected in breaks}
        if untested or not breaks:
            print("%s: no break shows that %s can fail" % (model.name, ", ".join(sorted(untested))))
            return 1
        missing = [name for name in properties if name not in sources]
        if missing:
            print("%s: no source names %s" % (model.name, ", ".join(sorted(missing))))
            return 1
        jobs.append((model, None, None, formulas))
        jobs += [(model, macro, expected, formulas) for macro, expected in breaks]
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for good, line in pool.map(lambda job: check(*job), jobs):
            print(("ok    " if good else "WRONG ") + line)
            wrong += not good
    return 1 if wrong or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
