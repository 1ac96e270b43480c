#ifndef COMPILER_FAULT_H
#define COMPILER_FAULT_H

/* Inside the compiler: what went wrong with a value, before it has a position in the text. A fault
 * names the offending value and the containers that lead to it; eval turns that into a diagnostic
 * (SEMANTICS §7), the static check into a short message (§10). */

#include "compiler/value.h"

enum { FAULT_DEPTH = 32 }; /* nesting of field types; schemas stay far below */

struct fault_step {
    const struct value *container;
    struct str key; /* ptr NULL: index is meant, unless is_argument */
    size_t index;
    bool is_argument; /* the container is a function's argument: no text of its own */
};

struct fault {
    const struct value *value; /* the offending one; NULL = no value is to blame */
    const char *expected;      /* a type error: "should be EXPECTED, got TYPE"; else NULL */
    bool plain;                /* no position at all */
    unsigned depth;
    struct fault_step steps[FAULT_DEPTH]; /* innermost first */
    struct value *kept; /* keeps a converted container alive for as long as the fault names it */
    struct error err;   /* the message when `expected` is NULL */
};

/* Before first use; the steps stay as they are. */
void fault_init(struct fault *f);
void fault_release(struct fault *f);
/* Both return false, so that `return fault_…` reads well. */
bool fault_type(struct fault *f, const struct value *v, const char *expected);
bool fault_set(struct fault *f, const struct value *v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* For an error that is already in f->err. */
bool fault_at(struct fault *f, const struct value *v);
/* While returning through containers. */
bool fault_index(struct fault *f, const struct value *array, size_t index);
bool fault_field(struct fault *f, const struct value *object, struct str key);
void fault_argument(struct fault *f, const struct value *argument);
/* "should be number, got string", or "expected number, got string" in the static check. */
void fault_message(const struct fault *f, bool is_static, struct buf *out);

#endif
