#ifndef COMPILER_FUNCTION_H
#define COMPILER_FUNCTION_H

/* The contract of the language's functions. stdlib/ holds the table; the evaluator calls. */

#include "compiler/value.h"

/* Parameters are decoded by the rules of SEMANTICS §9 before the call, so a function sees only what
 * it asked for; null becomes the zero value except in PARAM_ANY and PARAM_PLAIN. */
enum param_type {
    PARAM_ANY,      /* as it is */
    PARAM_PLAIN,    /* as `any` holds it: integers, plain lists, sorted objects */
    PARAM_STR,      /* a string */
    PARAM_STR_LIST, /* an array of strings */
    PARAM_BOOL,     /* a bool */
    PARAM_SECRET,   /* a secret capsule, from string, secret, optional_secret */
};

struct fault;

struct call {
    struct arena *arena;             /* scratch, gone after the call */
    const struct value *const *args; /* converted; borrowed */
    size_t count;
    struct fault *fault; /* set by the function_fail functions below */
};

/* All return NULL, so that `return function_fail(…)` reads well. The first is about the function
 * itself, the others about a value among the arguments or inside them; function_fail_plain has no
 * position. */
struct value *function_fail(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct value *function_fail_at(struct call *call, const struct value *v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct value *function_fail_type(struct call *call, const struct value *v, const char *expected);
struct value *function_fail_plain(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes a value that an error is about but that nobody else holds, until the error is reported. */
void function_keep(struct call *call, struct value *owned);

struct function_def {
    const char *name; /* "string.format" */
    const enum param_type *params;
    unsigned param_count;
    unsigned optional; /* how many of the last params may be missing */
    bool variadic;     /* the last param repeats 0 … n times */
    bool experimental;
    struct value *(*run)(struct call *call); /* NULL after a function_fail */
    const char *signature;
    const char *doc;
    const char *example; /* an expression; docs/reference/functions.md shows it with its value */
};

/* A name that the language offers: a function or a constant. */
struct stdlib_entry {
    const char *name; /* "string.format", "constants.hostname", deprecated "format" */
    const struct function_def *function; /* NULL: `constant` gives the value */
    struct value *(*constant)(void);     /* a new reference */
    const char *doc;                     /* of a constant */
    bool deprecated;
};

/* The names the evaluator knows besides the scope's; made by stdlib/, immutable afterwards. */
struct stdlib {
    const struct stdlib_entry *entries; /* sorted by name */
    size_t count;
    struct value *names; /* object: top-level name to value */
};

/* A top-level identifier; borrowed, NULL = unknown. */
const struct value *stdlib_lookup(const struct stdlib *lib, struct str name);
/* By its whole name, "array.group_by"; NULL = none. */
const struct stdlib_entry *stdlib_entry(const struct stdlib *lib, struct str dotted);

#endif
