#!/bin/sh
# The editor extension: its types, its unit tests, and the compiled client against the real server. Needs node and
# the modules that `make extension` installs; exit 77 without them.
set -eu
cd "$INVAR_SOURCE/vscode-extension"
command -v node >/dev/null && [ -x node_modules/.bin/esbuild ] || exit 77
npm run --silent compile
exec timeout 120 node --test test/
