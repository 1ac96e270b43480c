#!/bin/sh
# Whether the generated files of grammar/src are those that generate.sh makes now. Exit 0 yes, 1 no, 77
# parser.c could not be checked because the tree-sitter generator is not installed.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
status=0
grammar/generate.sh "$work" || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || exit 1
(cd "$work" && find . -type f) | while read -r file; do
    cmp "$work/$file" "grammar/src/$file" || exit 1
done
exit "$status"
