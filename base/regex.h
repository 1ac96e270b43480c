#ifndef BASE_REGEX_H
#define BASE_REGEX_H

/* Regular expressions in RE2 syntax with Go's rules (regexp/syntax): (?<name>…) is accepted, \C is
 * not, errors are worded as Go words them. The engine is RE2 (linear time); patterns that are
 * literals, alternations of literals, "(.*)", ".+", "literal.*" bypass it.
 *
 * A compiled pattern is immutable, reference-counted and shared by text (thread-safe). It never
 * belongs to a memory scope, but a scope that fails drops the references taken in it. Program
 * size is capped; matching allocates nothing of ours. */

#include "base/error.h"

struct regex;

enum regex_anchor {
    REGEX_SEARCH, /* finds anywhere */
    REGEX_FULL, /* the whole text must match, and "." any byte, as in Prometheus' relabel rules: the
                 pattern is compiled as ^(?s:PATTERN)$, and error messages show that */
};

/* NULL with `err` (message e.g. "error parsing regexp: missing closing ): `(`"). */
struct regex *regex_new(struct str pattern, enum regex_anchor anchor, struct error *err);
struct regex *regex_ref(struct regex *re);
void regex_unref(struct regex *re);
struct str regex_pattern(const struct regex *re);
/* Capturing groups without the whole match. */
unsigned regex_groups(const struct regex *re);
/* Name of group i (1 …), empty if unnamed. */
struct str regex_group_name(const struct regex *re, unsigned group);

bool regex_match(const struct regex *re, struct str text);
/* Fills groups[0 … count-1] (0 = whole match); a group that took no part has ptr NULL. `from` is
 * where a search begins. False when nothing matches. */
bool regex_capture(const struct regex *re, struct str text, size_t from, struct str *groups,
                   unsigned count);

#endif
