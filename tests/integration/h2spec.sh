#!/bin/sh
# h2spec against the HTTP port (all of it) and the gRPC port (at least 140). Exit 77 without h2spec, which
# packaging/h2spec.sh builds (make h2spec).
set -u

h2spec=${INVAR_H2SPEC:-$INVAR_SOURCE/build/tools/h2spec}
[ -x "$h2spec" ] || exit 77
work=$(mktemp -d)
port() {
    /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
http=$(port)
grpc=$(port)
cat >"$work/config.alloy" <<X
otelcol.receiver.otlp "r" {
  grpc {
    endpoint = "127.0.0.1:$grpc"
  }

  output {
    traces = [otelcol.exporter.debug.d.input]
  }
}

otelcol.exporter.debug "d" { }
X
"$INVAR_BIN" run --stability.level=experimental --storage.path="$work/storage" \
    --server.http.listen-addr="127.0.0.1:$http" "$work/config.alloy" >"$work/log" 2>&1 &
program=$!
trap 'kill $program 2>/dev/null; rm -rf "$work"' EXIT
tries=0
until curl -sf "http://127.0.0.1:$http/-/ready" >/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat "$work/log"; exit 1; }
    sleep 0.2
done

failed=0
check() { # NAME PORT LEAST
    "$h2spec" -h 127.0.0.1 -p "$2" -o 3 >"$work/$1" 2>&1
    passed=$(sed -n 's/^145 tests, \([0-9]*\) passed.*/\1/p' "$work/$1")
    echo "$1: ${passed:-0} of 145"
    [ "${passed:-0}" -ge "$3" ] || { tail -n 60 "$work/$1"; failed=1; }
}
check http "$http" 145
check grpc "$grpc" 140
kill $program
wait $program || { cat "$work/log"; failed=1; }
exit $failed
