#!/usr/bin/python3
"""Runs static analysis over our C sources, each again only when something it is made of has changed.

usage: tidy.py BUILD [--tool tidy|gcc|clang] [--seconds N] [--jobs N] [FILE...]

tidy   clang-tidy with .clang-tidy: all sources, tests included (make lint)
gcc    gcc -fanalyzer: the product's sources (make analyze)
clang  the analyzer of clang-tidy (clang-analyzer-*): the product's sources (make analyze)

BUILD is a configured build folder (compile_commands.json). That a source is clean is remembered in
INVAR_LINT_CACHE (default ~/.cache/invar-lint) under a hash of the source, what it includes of ours, its
flags, the tool's version and settings, so that clones share what they know. When the time is over, the
sources left are counted and reported, and the next run goes on with them.
"""
import argparse
import concurrent.futures
import functools
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
KEPT_SECONDS = 60 * 24 * 3600
PRODUCT = ("base/", "compiler/", "stdlib/", "runtime/", "components/", "fleet/", "cli/")

NULL_OFF, UNINITIALIZED_OFF = "-Wno-analyzer-null-dereference", "-Wno-analyzer-use-of-uninitialized-value"
# What gcc -fanalyzer 12 gets wrong, by source, each with the reason.
GCC_OFF = {
    "base/line_diff.c": NULL_OFF,     # no lines have no items: it does not tie the count to the pointer
    "base/str.c": NULL_OFF,           # the same of a text and its length
    "base/yaml.c": NULL_OFF,          # a container that is closed has been opened: there is a top
    "runtime/graph/open.c": NULL_OFF,  # found.in is NULL only where found.index is UINT32_MAX
    "runtime/telemetry/labels.c": UNINITIALIZED_OFF,  # a draft is used only after STATUS_OK
}
# unix.Malloc is off: only the allocator itself, base/memory.c, may call malloc and free. The core checks
# that are off guess at what a status, an arena or a lookup returned; gcc's, ASan, UBSan and the fuzz targets
# see the real cases.
CLANG_CHECKS = ("-*,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,"
                "-clang-analyzer-optin.performance.Padding,-clang-analyzer-unix.Malloc,"
                "-clang-analyzer-core.CallAndMessage,-clang-analyzer-core.NullDereference,"
                "-clang-analyzer-core.UndefinedBinaryOperatorResult,-clang-analyzer-core.uninitialized.*")


@functools.lru_cache(None)
def content(name):
    path = ROOT / name
    return path.read_bytes() if path.is_file() else None


@functools.lru_cache(None)
def includes(name):
    return INCLUDE.findall(content(name).decode("utf-8"))


def closure(path):
    """The files of ours that a source includes, itself first."""
    stack, seen = [path], set()
    while stack:
        current = stack.pop()
        if current in seen or content(current) is None:
            continue
        seen.add(current)
        stack += includes(current)
    return sorted(seen)


def words_of(row):
    """The compile command without its launchers; None for what is not a C source of ours."""
    words = shlex.split(row["command"])
    if row["file"].endswith(".cc") or not row["file"].startswith(str(ROOT)):
        return None
    short = os.path.relpath(row["file"], ROOT)
    if short.startswith(("build", "grammar/src/")) or not short.endswith(".c"):
        return None
    first = next(i for i, w in enumerate(words) if re.fullmatch(r".*/?(cc|gcc|clang)(-\d+)?", w)
                 and "ccache" not in w)
    return [w for w in words[first:] if not w.startswith("-ffile-prefix-map")
            and w not in ("-fstack-clash-protection", "-fcf-protection=full")]


def database(build, folder):
    """Path to compile command, also written as clang-tidy wants it."""
    rows = {}
    for row in json.loads((build / "compile_commands.json").read_text()):
        words = words_of(row)
        if words:
            rows[os.path.relpath(row["file"], ROOT)] = dict(row, command=shlex.join(words))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(list(rows.values())))
    return rows


class Tool:
    def __init__(self, name, rows, folder):
        self.name, self.rows, self.folder = name, rows, folder
        base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        self.cache = pathlib.Path(os.environ.get("INVAR_LINT_CACHE") or pathlib.Path(base) / "invar-lint")
        self.cache.mkdir(parents=True, exist_ok=True)
        program = "gcc" if name == "gcc" else "clang-tidy"
        self.settings = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
        if name == "tidy":
            self.settings += (ROOT / ".clang-tidy").read_bytes()
        else:
            self.settings += repr((sorted(GCC_OFF.items()), CLANG_CHECKS)).encode()

    def command(self, path):
        if self.name == "gcc":
            words = shlex.split(self.rows[path]["command"])
            words[words.index("-o") + 1] = "/dev/null"
            off = [GCC_OFF[path]] if path in GCC_OFF else []
            return ["gcc"] + [w for w in words[1:] if "sanitize" not in w] + ["-fanalyzer"] + off
        extra = [] if self.name == "tidy" else ["--checks=" + CLANG_CHECKS]
        return ["clang-tidy", "--quiet", "-p", str(self.folder)] + extra + [
            "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-w", str(ROOT / path)]

    def key(self, path):
        digest = hashlib.sha256(self.name.encode() + self.settings)
        row = self.rows[path]
        digest.update(row["command"].replace(row["directory"], "").replace(str(ROOT), "").encode())
        for name in closure(path):
            digest.update(name.encode() + b"\0" + content(name))
        return digest.hexdigest()

    def check(self, path):
        stamp = self.cache / self.key(path)
        if stamp.is_file():
            os.utime(stamp)
            return path, True, ""
        done = subprocess.run(self.command(path), cwd=self.rows[path]["directory"], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            stamp.touch()
        return path, done.returncode == 0, done.stderr if self.name == "gcc" else done.stdout

    def prune(self):
        for stamp in self.cache.iterdir():
            if time.time() - stamp.stat().st_mtime > KEPT_SECONDS:
                stamp.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("files", nargs="*", default=[])
    parser.add_argument("--tool", choices=("tidy", "gcc", "clang"), default="tidy")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_intermixed_args()

    folder = ROOT / "build" / "lint"
    rows = database(args.build, folder)
    tool = Tool(args.tool, rows, folder)
    paths = sorted(p for p in rows if args.tool == "tidy" or p.startswith(PRODUCT))
    if args.files:
        paths = [p for p in paths if p in args.files]
    end = time.monotonic() + args.seconds
    failed = unchecked = 0

    def bounded(path):
        return tool.check(path) if time.monotonic() < end else (path, None, "")

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for path, ok, out in pool.map(bounded, paths):
            if ok is None:
                unchecked += 1
            elif not ok:
                failed += 1
                print(out, end="", flush=True)
    tool.prune()
    print("%s: %d sources, %d with findings%s"
          % (args.tool, len(paths), failed, ", %d not reached in %d s" % (unchecked, args.seconds)
             if unchecked else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
