#ifndef COMPILER_FUNCTION_H
#define COMPILER_FUNCTION_H

/* The contract of the language's functions. stdlib/ holds the table; the evaluator calls. */

#include "compiler/value.h"

/* Parameters are decoded by the rules of SEMANTICS §9 before the call, so a function sees only what
 * it asked for; null becomes the zero value. */
enum param_type {
    PARAM_ANY,      /* as it is */
    PARAM_STR,      /* a string */
    PARAM_STR_LIST, /* an array of strings */
    PARAM_BOOL,     /* a bool */
    PARAM_SECRET,   /* a secret capsule, from string, secret, optional_secret */
};

struct call {
    struct arena *arena;             /* scratch, gone after the call */
    const struct value *const *args; /* converted; borrowed */
    size_t count;
    struct error *err;
    size_t bad_arg; /* set to the index of the argument at fault; SIZE_MAX = the function itself */
    bool plain;     /* set when the error has no position (SEMANTICS §7) */
};

struct function_def {
    const char *name; /* "string.format" */
    const enum param_type *params;
    unsigned param_count;
    unsigned optional; /* how many of the last params may be missing */
    bool variadic;     /* the last param repeats 0 … n times */
    bool experimental;
    struct value *(*run)(struct call *call); /* NULL with call->err */
    const char *signature;
    const char *doc;
};

/* A name that the language offers: a function, an object of functions, or a constant. */
struct stdlib_entry {
    const char *name; /* "string.format", "constants.hostname", deprecated "format" */
    const struct function_def *function; /* NULL: `constant` gives the value */
    struct value *(*constant)(void);
    bool deprecated;
};

/* The table the evaluator reads; built by stdlib/ (stdlib_names()), immutable afterwards. */
struct stdlib;
/* A top-level identifier; borrowed, NULL = unknown. */
const struct value *stdlib_lookup(const struct stdlib *lib, struct str name);
const struct stdlib_entry *stdlib_entry(const struct stdlib *lib, struct str dotted);

#endif
