#!/bin/sh
# Plants each deliberate bug of base/mutant.def and says what finds it, as rows of a table: a test that is
# named for it (which must pass without the bug) or the first seed of the simulator.
#
#   tests/mutants.sh SIMULATE TESTS [NAME ...]     SIMULATE: the program; TESTS: folder of test binaries;
#                                                  SEEDS (1000) a pipeline are tried at most
# Exits 1 when a bug is not found.
set -u
simulate=$1
tests=$2
shift 2
names=" $* "
found=0
missed=0

by_test() {
    binary=$tests/${2%% *}
    filter=${2#* }
    "$binary" --filter "$filter" >/dev/null 2>&1 || { echo "the test fails without the bug"; return 1; }
    if INVAR_MUTANT=$1 "$binary" --filter "$filter" >/dev/null 2>&1; then
        echo "not found"
        return 1
    fi
    echo "test $filter"
}

echo "| mutant | what it does | found by |"
echo "|---|---|---|"
list=$("$simulate" --list-mutants) || exit 2
while IFS='|' read -r name text test; do
    [ "$names" = "  " ] || case "$names" in *" $name "*) ;; *) continue ;; esac
    if [ -n "$test" ]; then
        by=$(by_test "$name" "$test")
    else
        by=$("$simulate" --mutant "$name" --hunt --seeds "${SEEDS:-1000}" --jobs "${JOBS:-2}" 2>/dev/null)
    fi
    if [ $? -eq 0 ]; then
        found=$((found + 1))
    else
        missed=$((missed + 1))
    fi
    echo "| $name | $text | $by |"
done <<END
$list
END
echo "$found passed, $missed failed"
[ "$missed" -eq 0 ]
