#!/usr/bin/python3
"""Runs clang-tidy over our C sources, each again only when it or a header it includes has changed.

usage: tidy.py BUILD [--seconds N] [--jobs N] [FILE...]

BUILD is a configured build folder (compile_commands.json). Results are kept in build/lint. When the
time is over, the sources left are counted and reported, and the next run goes on with them.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def closure(path, seen):
    """The files of ours that a source includes, itself first."""
    stack = [path]
    while stack:
        current = stack.pop()
        if current in seen or not (ROOT / current).is_file():
            continue
        seen.add(current)
        stack += INCLUDE.findall((ROOT / current).read_text(encoding="utf-8"))
    return seen


def key_of(path):
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for name in sorted(closure(path, set())):
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()


def database(build, folder):
    """The compile commands without their launchers, as clang-tidy wants them."""
    rows = []
    for row in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(row["command"])
        first = next(i for i, w in enumerate(words) if re.fullmatch(r".*/?(cc|gcc|clang)(-\d+)?", w)
                     and "ccache" not in w) if not row["file"].endswith(".cc") else None
        if first is None or not row["file"].startswith(str(ROOT)):
            continue
        short = os.path.relpath(row["file"], ROOT)
        if short.startswith(("build", "grammar/src/")) or not short.endswith(".c"):
            continue
        row["command"] = shlex.join(w for w in words[first:] if not w.startswith("-ffile-prefix-map")
                                    and w not in ("-fstack-clash-protection", "-fcf-protection=full"))
        rows.append(row)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(rows))
    return sorted({os.path.relpath(row["file"], ROOT) for row in rows})


def check(path, folder):
    stamp = folder / (path.replace("/", "_") + ".ok")
    key = key_of(path)
    if stamp.is_file() and stamp.read_text() == key:
        return path, True, ""
    done = subprocess.run(["clang-tidy", "--quiet", "-p", str(folder),
                           "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-w", str(ROOT / path)],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        stamp.write_text(key)
    return path, done.returncode == 0, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()

    folder = ROOT / "build" / "lint"
    paths = database(args.build, folder)
    if args.files:
        paths = [p for p in paths if p in args.files]
    end = time.monotonic() + args.seconds
    failed = unchecked = 0

    def bounded(path):
        return check(path, folder) if time.monotonic() < end else (path, None, "")

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for path, ok, out in pool.map(bounded, paths):
            if ok is None:
                unchecked += 1
            elif not ok:
                failed += 1
                print(out, end="")
    print("clang-tidy: %d sources, %d with findings%s"
          % (len(paths), failed, ", %d not reached in %d s" % (unchecked, args.seconds)
             if unchecked else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
