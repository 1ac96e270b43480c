#!/usr/bin/python3
"""Every gate of tests/house/gates.py catches what it is for, and lets a clean file pass."""
import os
import pathlib
import subprocess
import sys
import tempfile

GATES = pathlib.Path(os.environ["INVAR_SOURCE"]) / "tests" / "house" / "gates.py"
OPENING = "/* A file for the gates. */\n"
LONG = "static int f(void)\n{\n" + "    g();\n" * 80 + "}\n"
BRANCHY = "static int f(int a)\n{\n    return " + " || ".join("a == %d" % i for i in range(25)) + ";\n}\n"
CASES = [
    ("base/a.c", OPENING + "static int f(int a)\n{\n    return a;\n}\n", None),
    ("base/a.c", OPENING + "static const char *const names[] = {\"a\", \"b;\"};\n", None),
    ("base/a.c", OPENING + "enum kind { A = 1, B = 2 };\nstruct s {\n    int x;\n};\n", None),
    ("base/a.c", OPENING + LONG, "at most 70"),
    ("base/a.c", OPENING + BRANCHY.replace(" || a == 9", "\n || a == 9"), "complexity 25"),
    ("base/a.c", OPENING + "int f(int a, int b, int c, int d, int e, int f, int g)\n{\n}\n",
     "7 parameters"),
    ("base/a.c", OPENING + "int f(int (*a)(int, int), int b[3])\n{\n}\n", None),
    ("base/a.c", OPENING + "#define A 1\n" * 900, "lines, at most 800"),
    ("base/a.h", OPENING + "#define A 1\n" * 400, "lines, at most 300"),
    ("base/a.c", OPENING + "#include \"../x.h\"\n", "climbs"),
    ("base/a.c", OPENING + "#include \"x.h\"\n", "not spelled from the root"),
    ("base/a.c", OPENING + "#include \"runtime/x.h\"\n", "must not know"),
    ("runtime/a.c", OPENING + "#include \"components/x.h\"\n", "must not know"),
    ("base/a.h", OPENING + "#include \"base/a.h\"\n", "cycle"),
    ("base/a.c", OPENING + "// TO" "DO later\n", "unfinished"),
    ("base/a.c", OPENING + "static int count;\n", "mutable variable"),
    ("base/a.c", OPENING + "static struct s table[2] = {{1}, {2}};\n", "mutable variable"),
    ("base/a.c", OPENING + "static struct t t = {.lock = PTHREAD_MUTEX_INITIALIZER};\n", None),
    ("base/a.c", OPENING + "int f(void)\n{\n    return system(\"ls\");\n}\n", "no shell"),
    ("base/a.c", OPENING + "static _Thread_local int count;\n", None),
    ("base/a.c", OPENING + "typedef struct { int x; } s;\n", "typedef of a struct"),
    ("base/a.c", OPENING + "typedef int fn(int x);\nint f(int x);\n", None),
    ("base/a.c", OPENING + "// " + "x" * 100 + "\n", "columns"),
    ("base/a.c", "int f(void);\n", "opens with"),
]


def findings(path, text):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        target = pathlib.Path(folder) / path
        target.parent.mkdir()
        target.write_text(text)
        done = subprocess.run([sys.executable, str(GATES), folder], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def main():
    failed = 0
    for path, text, wanted in CASES:
        code, out = findings(path, text)
        if (wanted is None and (code, out) != (0, "")) or (wanted and (code != 1 or wanted not in out)):
            print("wanted %r, got exit %d:\n%s\nfor:\n%s" % (wanted, code, out, text[:300]))
            failed += 1
    print("%d cases, %d wrong" % (len(CASES), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
