#ifndef COMPILER_LITERAL_H
#define COMPILER_LITERAL_H

/* Inside the compiler: literals of the language, from their source text (SEMANTICS §5). */

#include "compiler/ast.h"
#include "compiler/value.h"

struct literal {
    uint8_t kind;        /* enum ast_literal */
    uint8_t number_kind; /* enum number_kind */
    bool boolean;
    bool out_of_range; /* 1e400: evaluation fails */
    union {
        int64_t i;
        uint64_t u;
        double f;
    } number;
    struct str text; /* STRING: decoded; out_of_range: the source */
};

/* The text may be borrowed where it needs no decoding. */
void literal_read(struct literal *out, enum ast_literal kind, struct str source,
                  struct arena *arena);
/* A new value. NULL when out of range; err says so. */
struct value *literal_value(const struct literal *literal, struct error *err);

#endif
