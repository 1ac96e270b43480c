#!/usr/bin/python3
"""Runs what a build folder's tests.list names, and ends with the line 'N passed, N failed'.

usage: tests/run.py BUILD [SUITE...] [--filter PATTERN] [--jobs N] [--verbose]

A suite is a Criterion program (its tests count one by one), a replay of saved fuzz inputs or an
integration script (one test each, exit 77 is a skip). Scripts get INVAR_BIN and INVAR_SOURCE, and
INVAR_SHARED when the folder ../shared of conformance cases is there.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYNTHESIS = re.compile(r"Synthesis: Tested: \D*(\d+)\D* \| Passing: \D*(\d+)\D* \| Failing: \D*(\d+)\D* "
                       r"\| Crashing: \D*(\d+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SUITE_SECONDS = 900
TEST_SECONDS = 300


def environment(build, program):
    env = dict(os.environ)
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:allocator_may_return_null=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    env.setdefault("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1")
    env["INVAR_SOURCE"] = str(ROOT)
    env["INVAR_BUILD"] = str(build)
    if program:
        env["INVAR_BIN"] = program
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        env.setdefault("INVAR_SHARED", str(shared))
    return env


def execute(command, env, seconds):
    """Runs a command in a session of its own; returns (exit code, output, seconds taken)."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        out, _ = process.communicate(timeout=seconds)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        out, _ = process.communicate()
        out += b"\ntimed out after %d s\n" % seconds
        code = 124
    return code, COLOUR.sub("", out.decode("utf-8", "replace")), time.monotonic() - start


def run_suite(path, env, args):
    command = [path, "-j%d" % args.jobs, "--timeout", str(TEST_SECONDS)]
    if args.filter:
        command += ["--filter", args.filter]
    # TEST looks for leaks at the end of each test. At the end of a process there may be one of Criterion's
    # own, which is no test's fault.
    env = dict(env, ASAN_OPTIONS=env["ASAN_OPTIONS"] + ":leak_check_at_exit=0")
    code, out, took = execute(command, env, SUITE_SECONDS)
    found = SYNTHESIS.search(out)
    if not found:
        return 0, 1, out, took
    tested, passed, failing, crashing = (int(x) for x in found.groups())
    failed = failing + crashing
    if failed == 0 and (code != 0 or (tested == 0 and not args.filter)):
        failed = 1
    return passed, failed, out, took


def run_replay(name, path, env):
    corpus = ROOT / "tests" / "fuzz" / "corpus" / name
    command = [path] + ([str(corpus)] if corpus.is_dir() else [])
    code, out, took = execute(command, env, SUITE_SECONDS)
    return int(code == 0), int(code != 0), out, took


def run_script(path, env):
    command = ["/usr/bin/python3", str(path)] if path.suffix == ".py" else [str(path)]
    code, out, took = execute(command, env, SUITE_SECONDS)
    if code == 77:
        return 0, 0, out, took
    return int(code == 0), int(code != 0), out, took


def report(kind, name, result, verbose):
    passed, failed, out, took = result
    if failed or verbose:
        sys.stdout.write(out if out.endswith("\n") else out + "\n")
    skipped = " (skipped)" if not passed and not failed else ""
    print("%-8s %-24s %4d passed, %d failed  %6.1f s%s" % (kind, name, passed, failed, took, skipped),
          flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--filter")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 8))
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()

    build = args.build.resolve()
    rows = [line.split(" ", 2) for line in (build / "tests.list").read_text().splitlines() if line]
    program = next((path for kind, _, path in rows if kind == "program"), None)
    env = environment(build, program)

    def wanted(name):
        return not args.suites or name in args.suites

    passed = failed = 0

    def add(counts):
        nonlocal passed, failed
        passed += counts[0]
        failed += counts[1]

    for kind, name, path in rows:
        if kind == "suite" and wanted(name):
            add(report(kind, name, run_suite(path, env, args), args.verbose))
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        waiting = []
        for kind, name, path in rows:
            if kind == "replay" and (wanted(name) or "fuzz" in args.suites):
                waiting.append((kind, name, pool.submit(run_replay, name, path, env)))
        folder = ROOT / "tests" / "integration"
        scripts = sorted(folder.iterdir()) if folder.is_dir() else []
        for path in scripts:
            if path.is_file() and os.access(path, os.X_OK) and (
                    wanted(path.stem) or "integration" in args.suites):
                waiting.append(("script", path.stem, pool.submit(run_script, path, env)))
        for kind, name, future in waiting:
            add(report(kind, name, future.result(), args.verbose))

    if not passed and not failed and args.suites:
        print("no such suite: " + " ".join(args.suites))
        failed = 1
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
