#!/bin/sh
# Runs fuzz targets one after another, each for FUZZ_SECONDS, from its saved inputs.
#
# usage: tests/fuzz/run.sh BUILD [NAME...]
# FUZZ_SEED makes a run repeatable (0, the default, draws one).
# New inputs and findings stay in BUILD/fuzz/NAME; tests/fuzz/corpus is read only.
set -u

build=${1:?usage: run.sh BUILD [NAME...]}
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${FUZZ_SECONDS:-60}
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}"
# Short memories of the allocator make an execution twice as fast; a use after free is nearly always soon.
export ASAN_OPTIONS="${ASAN_OPTIONS:-malloc_context_size=4:quarantine_size_mb=16}"

passed=0
failed=0
if [ $# -eq 0 ]; then
    for source in "$root"/tests/fuzz/*.c; do
        [ ! -f "$source" ] || set -- "$@" "$(basename "$source" .c)"
    done
fi
for name in "$@"; do
    work=$build/fuzz/$name
    mkdir -p "$work/corpus" "$work/findings"
    set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -seed="${FUZZ_SEED:-0}" \
        -artifact_prefix="$work/findings/"
    [ ! -f "$root/tests/fuzz/$name.dict" ] || set -- "$@" -dict="$root/tests/fuzz/$name.dict"
    set -- "$@" "$work/corpus"
    [ ! -d "$root/tests/fuzz/corpus/$name" ] || set -- "$@" "$root/tests/fuzz/corpus/$name"
    if "$build/fuzz_$name" "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
        printf '%-24s %s runs in %s s, no finding\n' "$name" "${runs:-?}" "$seconds"
    else
        failed=$((failed + 1))
        tail -n 40 "$work/log"
        printf '%-24s FAILED, see %s\n' "$name" "$work/log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
