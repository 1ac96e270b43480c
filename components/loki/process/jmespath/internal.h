#ifndef COMPONENTS_LOKI_PROCESS_JMESPATH_INTERNAL_H
#define COMPONENTS_LOKI_PROCESS_JMESPATH_INTERNAL_H

/* Private to the files of JMESPath: tokens, nodes, and what a search works with. */

#include "components/loki/process/jmespath/jmespath.h"

/* ---- lexer.c ---- */
enum jtoken_kind {
#define TOKEN(name, power) J_##name,
#include "components/loki/process/jmespath/tokens.def"
#undef TOKEN
    J_COUNT
};

struct jtoken {
    uint8_t kind;     /* enum jtoken_kind */
    struct str value; /* decoded */
};

struct jtokens {
    struct jtoken *items; /* the last is EOF */
    size_t count;
};

enum status jmespath_tokenize(struct str text, struct arena *arena, struct jtokens *out,
                              struct error *err);

/* ---- nodes (parser.c) ---- */
enum jnode_kind {
    N_NONE,
    N_ARITHMETIC,
    N_SIGN,
    N_COMPARATOR,
    N_CURRENT, /* and what stands for nothing on a side of a projection */
    N_ROOT,
    N_EXPREF,
    N_FUNCTION,
    N_FIELD,
    N_FILTER,
    N_FLATTEN,
    N_INDEX,
    N_INDEX_EXPRESSION,
    N_MEMBER, /* of a multiselect hash */
    N_LITERAL,
    N_HASH,
    N_LIST,
    N_OR,
    N_AND,
    N_NOT,
    N_PIPE,
    N_PROJECTION,
    N_SUBEXPRESSION,
    N_SLICE,
    N_VALUES,
    N_LET,
    N_VARIABLE,
    N_BINDINGS,
    N_BINDING,
    N_COUNT
};

/* Children are a list: `first`, and the `next` of each. Index 0 is none. */
struct jnode {
    uint8_t kind;  /* enum jnode_kind */
    uint8_t op;    /* enum jtoken_kind of operators */
    uint8_t given; /* SLICE: bits of the parts that are there */
    uint16_t depth;
    uint32_t first, next;
    struct str text;           /* names */
    const struct doc *literal; /* LITERAL */
    int64_t parts[3];          /* SLICE; INDEX: the first */
};

/* ---- a search (eval.c) ---- */
struct jbinding {
    const struct jbinding *outer;
    struct str name;
    const struct doc *value;
};

struct jeval {
    const struct jnode *nodes;
    const struct doc *root;
    struct arena *arena;
    size_t arena_end; /* arena->used may grow to here */
    size_t steps;     /* that are left */
    const struct jbinding *bindings;
};

/* A reference to an expression (&x) is a value of a kind that JSON has not; `integer` is the node.
 */
enum { DOC_EXPREF = DOC_TIME };

/* NULL = failed. Recursion is as deep as the expression, which is bounded. */
const struct doc *jeval_node(struct jeval *e, uint32_t node, const struct doc *value);
/* Calls a function of the table (functions.c) by name. */
const struct doc *jeval_call(struct jeval *e, struct str name, const struct doc *const *args,
                             size_t count);

struct jcall {
    struct jeval *e;
    const struct doc *const *args;
    size_t count;
};
struct jfunction {
    const char *name;
    /* An argument each, separated by commas: the types it may have (n number, s string, a array, o
     * object, N array of numbers, S array of strings, & expression, * any), then ? if it may be
     * left out, + if more may follow. */
    const char *arguments;
    const struct doc *(*run)(struct jcall *call);
};
/* The functions on texts (text_functions.c), ends with {0}. */
extern const struct jfunction jmespath_text_functions[];

/* ---- values (values.c); NULL and false when the search is out of steps or memory ---- */
bool jeval_spend(struct jeval *e, size_t steps);
void *jeval_alloc(struct jeval *e, size_t size);
extern const struct doc jmespath_null, jmespath_true, jmespath_false;
static inline const struct doc *jv_bool(bool value)
{
    return value ? &jmespath_true : &jmespath_false;
}
static inline bool jv_is_number(const struct doc *d)
{
    return d->kind == DOC_INT || d->kind == DOC_FLOAT;
}
const struct doc *jv_number(struct jeval *e, double number);
const struct doc *jv_string(struct jeval *e, struct str text); /* text is borrowed */
const struct doc *jv_take(struct jeval *e, struct buf *text);  /* copied; text is released */
/* Empty texts, lists and objects, false and null. */
bool jv_is_false(const struct doc *d);
bool jv_equal(struct jeval *e, const struct doc *a, const struct doc *b);

struct jlist {
    struct doc *first, *last;
    size_t count;
};
/* Copies of values (their children are shared) in a row. */
bool jlist_add(struct jeval *e, struct jlist *list, const struct doc *item);
bool jlist_put(struct jeval *e, struct jlist *list, struct str key, const struct doc *item);
const struct doc *jlist_finish(struct jeval *e, const struct jlist *list, enum doc_kind kind);

/* The members of an object or the elements of a list. Of members of one name the last counts;
 * `sorted` by name, else in the order of the document. NULL with count 0 too. */
struct jitem {
    const struct doc *doc;
    size_t at;
};
struct jitem *jitems_of(struct arena *arena, const struct doc *d, bool sorted, size_t *count);

#endif
