#!/bin/sh
# make lint: formatting, the gates of the house, clang-tidy. LINT_SECONDS bounds clang-tidy (default 600).
set -u
cd "$(dirname "$0")/.." || exit 2

failed=0
sources=$(git ls-files -co --exclude-standard '*.c' '*.h' | grep -v '^grammar/src/' |
    while read -r path; do [ ! -f "$path" ] || echo "$path"; done)

# shellcheck disable=SC2086
if ! clang-format --dry-run -Werror --ferror-limit=3 $sources; then
    echo "format: differs from .clang-format; make format rewrites" >&2
    failed=1
fi
/usr/bin/python3 tests/house/gates.py . --stats || failed=1
if [ "${LINT_SECONDS:-600}" -gt 0 ]; then
    make --no-print-directory asan >/dev/null || failed=1
    /usr/bin/python3 tests/house/tidy.py build/asan --seconds "${LINT_SECONDS:-600}" || failed=1
fi
[ "$failed" -eq 0 ] && echo "lint: clean"
exit "$failed"
