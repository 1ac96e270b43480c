#!/bin/sh
# A room's include path leads only to the rooms it may know: an include that points upward does not build.
set -u

doors=$INVAR_BUILD/doors
# A source from standard input sees the working folder, so that must not be the repository.
cd / || exit 1
compile() { # ROOM HEADER
    printf '#include "%s"\n' "$2" |
        cc -std=c11 -D_GNU_SOURCE -fsyntax-only -x c -I "$doors/$1" - 2>/dev/null
}

failed=0
may() { compile "$1" "$2" || { echo "$1 should see $2" >&2; failed=1; }; }
must_not() { compile "$1" "$2" && { echo "$1 should not see $2" >&2; failed=1; }; }

may base base/str.h
may compiler base/str.h
may runtime compiler/value.h
may components runtime/component.h
may cli runtime/component.h
must_not base compiler/value.h
must_not base runtime/loop/loop.h
must_not compiler runtime/loop/loop.h
must_not stdlib runtime/component.h
must_not fleet components/registry.def
exit $failed
