#!/bin/sh
# docs/reference is what the program says of its own schemas. To renew it: make docs
set -eu
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$INVAR_SOURCE/packaging/docs.sh" "$INVAR_BIN" "$made"
"$INVAR_BIN" docs | while read -r page; do
    diff -u "$INVAR_SOURCE/docs/reference/$page" "$made/$page"
done
# The schemas are one JSON document, and so is each of them.
"$INVAR_BIN" schema >"$made/schema.json"
python3 - "$made/schema.json" <<'EOF'
import json
import sys

schema = json.load(open(sys.argv[1]))
assert len(schema["components"]) == 184, len(schema["components"])
for item in schema["components"] + schema["blocks"]:
    for part in ("arguments", "exports"):
        assert part not in item or str(item[part]) in schema["bodies"], item["name"]
for body in schema["bodies"].values():
    for entry in body["attributes"] + body["blocks"]:
        assert "body" not in entry or str(entry["body"]) in schema["bodies"], entry
EOF
[ "$("$INVAR_BIN" schema loki.write | grep -c '"name":"loki.write"')" -eq 1 ]
! "$INVAR_BIN" schema no.such 2>/dev/null
