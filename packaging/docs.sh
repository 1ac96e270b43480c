#!/bin/sh
# Writes the pages of docs/reference that come from the schemas: packaging/docs.sh INVAR FOLDER.
# An @EXAMPLE NAME@ line becomes the file docs/examples/components/NAME.alloy, if there is one.
set -eu
invar=$1
folder=$2
examples=$(dirname "$0")/../docs/examples/components
"$invar" docs | while read -r page; do
    mkdir -p "$folder/$(dirname "$page")"
    "$invar" docs "$page" | awk -v folder="$examples" '
        /^@EXAMPLE / {
            name = $2
            sub(/@$/, "", name)
            file = folder "/" name ".alloy"
            if ((getline line < file) > 0) {
                print "```alloy"
                do print line; while ((getline line < file) > 0)
                print "```"
            }
            next
        }
        { print }' | cat -s >"$folder/$page"
done
