#!/bin/sh
# Builds h2spec, the conformance test of HTTP/2 servers, with everything pinned: its own release names no
# versions of what it uses. Sources come from the Go module proxy and are checked against its checksum
# database. Needs Go (Debian's golang-go will do), which nothing else in the project needs.
#
# usage: h2spec.sh DIR      result: DIR/h2spec
#
# A second run with the same recipe does nothing and needs no network.
set -eu

dir=${1:?usage: h2spec.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
recipe=$(cksum <"$0")
if [ -x "$dir/h2spec" ] && [ "$(cat "$dir/h2spec.recipe" 2>/dev/null || true)" = "$recipe" ]; then
    exit 0
fi
command -v go >/dev/null || { echo "h2spec.sh: needs Go (apt-get install golang-go)" >&2; exit 1; }

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT INT TERM
cat >"$work/go.mod" <<END
module invar/h2spec

go 1.19

require (
	github.com/fatih/color v1.15.0
	github.com/inconshreveable/mousetrap v1.1.0
	github.com/mattn/go-colorable v0.1.13
	github.com/mattn/go-isatty v0.0.20
	github.com/spf13/cobra v1.7.0
	github.com/spf13/pflag v1.0.5
	github.com/summerwind/h2spec v2.2.1+incompatible
	golang.org/x/net v0.20.0
	golang.org/x/sys v0.16.0
	golang.org/x/text v0.14.0
)
END
(
    cd "$work"
    export GOFLAGS=-mod=mod GOPATH="$work/go" GOCACHE="$work/cache" GOTOOLCHAIN=local CGO_ENABLED=0
    go build -o "$work/h2spec" github.com/summerwind/h2spec/cmd/h2spec
)
mv "$work/h2spec" "$dir/h2spec"
printf '%s\n' "$recipe" >"$dir/h2spec.recipe"
