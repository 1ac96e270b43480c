#!/bin/sh
# docs/unsupported.md is what the program says of its own schemas.
# To renew it: build/release/invar unsupported > docs/unsupported.md
set -eu
"$INVAR_BIN" unsupported | diff -u "$INVAR_SOURCE/docs/unsupported.md" -
