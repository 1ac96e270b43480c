#!/bin/sh
# The generated files of the grammar are current. Skipped (77) for parser.c where the tree-sitter
# generator is not installed; letters.h and scanner.c are checked everywhere.
exec "$INVAR_SOURCE/grammar/check-current.sh"
