#!/usr/bin/python3
"""A scripted session with the language server: every row of what it offers, with exact expectations.

A case is a text with the cursor marked by a bar, a request and what is expected; the files
tests/support/lsp/cases_*.py hold them, this one runs them and counts. `lsp.py PATTERN` runs the cases
whose names contain it.
"""
import os
import pathlib
import sys
import traceback

SOURCE = pathlib.Path(os.environ.get("INVAR_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
sys.path.insert(0, str(SOURCE / "tests" / "support" / "lsp"))
sys.dont_write_bytecode = True

AREAS = sorted(p.stem for p in (SOURCE / "tests" / "support" / "lsp").glob("cases_*.py"))
LEAST = 250


def main():
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    count = failed = 0
    for area in AREAS:
        for name, run in __import__(area).cases():
            name = "%s: %s" % (area[6:], name)
            if pattern not in name:
                continue
            count += 1
            try:
                run()
            except Exception:  # a case that fails must not hide the others
                failed += 1
                print("FAILED", name)
                traceback.print_exc(limit=4, file=sys.stdout)
    print("%d cases, %d failed" % (count, failed))
    return 1 if failed or (not pattern and count < LEAST) else 0


sys.exit(main())
