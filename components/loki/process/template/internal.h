#ifndef COMPONENTS_LOKI_PROCESS_TEMPLATE_INTERNAL_H
#define COMPONENTS_LOKI_PROCESS_TEMPLATE_INTERNAL_H

/* Private to the files of the template: tokens, the parsed form, values and functions. */

#include "components/loki/process/template/template.h"

/* ---- tokens (lexer.c) ---- */
enum ttoken_kind {
    T_EOF,
    T_ERROR, /* the text is the message; the last token */
    T_TEXT,
    T_LEFT,
    T_RIGHT,
    T_SPACE,
    T_WORD,
    T_KEYWORD,
    T_FIELD,    /* .name */
    T_VARIABLE, /* $, $name */
    T_DOT,
    T_NIL,
    T_BOOL,
    T_NUMBER,
    T_RUNE,
    T_COMPLEX,
    T_STRING, /* with its quotes */
    T_PIPE,
    T_ASSIGN,
    T_DECLARE,
    T_LEFT_PAREN,
    T_RIGHT_PAREN,
    T_CHAR,
};

struct ttoken {
    uint8_t kind; /* enum ttoken_kind */
    uint32_t line;
    struct str text; /* a view into the template */
};

/* Go's integers with base 0: prefixes, and then underscores too. */
bool template_integer(struct str text, int64_t *out);
struct ttoken *template_tokens(struct str text, struct arena *arena);

/* ---- values ---- */
enum tval_kind {
    TVAL_NIL, /* and what is not there */
    TVAL_STRING,
    TVAL_INT,
    TVAL_FLOAT,
    TVAL_BOOL,
    TVAL_LIST,
    TVAL_MAP,
    TVAL_DATA, /* the data itself; functions see it as a MAP */
};

struct tval {
    uint8_t kind; /* enum tval_kind */
    bool boolean;
    bool is_wide;     /* INT: of Go's int64, which is no int */
    bool is_text_map; /* MAP: of texts */
    int64_t integer;
    double number;
    struct str text;
    const struct tval *items; /* LIST, MAP */
    const struct str *names;  /* MAP: sorted */
    size_t count;
};

#define TVAL_S(s) ((struct tval){.kind = TVAL_STRING, .text = (s)})
#define TVAL_I(i) ((struct tval){.kind = TVAL_INT, .integer = (i)})
#define TVAL_WIDE(i) ((struct tval){.kind = TVAL_INT, .integer = (i), .is_wide = true})
#define TVAL_B(b) ((struct tval){.kind = TVAL_BOOL, .boolean = (b)})
#define TVAL_F(f) ((struct tval){.kind = TVAL_FLOAT, .number = (f)})

bool tval_truth(const struct tval *v);
/* As fmt's %v prints it. */
void tval_print(struct buf *out, const struct tval *v);
struct str tval_text(const struct tval *v, struct arena *arena);
/* The member of a MAP; NULL = none. */
const struct tval *tval_member(const struct tval *map, struct str name);

/* ---- functions (functions.c, values.c, lists.c, printf.c) ---- */
struct tcall {
    struct arena *arena;
    const struct tval *args;
    size_t count;
    struct error *err;
};

struct template_function {
    const char *name;
    /* A letter an argument: s string, i int, f float64, b bool, a any, v any of a builtin; * behind
     * the last means any number of it. */
    const char *arguments;
    struct tval (*run)(struct tcall *call); /* fails by setting call->err */
};

const struct template_function *template_function(struct str name); /* NULL = unknown */
/* Whether sprig has a function of that name that is not here. */
bool template_function_is_refused(struct str name);

/* ---- the parsed form (parse.c) ---- */
enum { TEMPLATE_MAX_DEPTH = 32, TEMPLATE_MAX_ARGS = 32 };

enum texpr_kind {
    TEXPR_LITERAL,
    TEXPR_NIL,
    TEXPR_DOT,
    TEXPR_FIELD,    /* path of the dot */
    TEXPR_VARIABLE, /* name, then a path */
    TEXPR_FUNCTION,
    TEXPR_PIPE,
    TEXPR_CHAIN, /* path of base */
};

struct tpipe;

struct texpr {
    uint8_t kind;          /* enum texpr_kind */
    bool is_int, is_float; /* LITERAL number: what it can be */
    struct tval literal;   /* of its ideal kind; both numbers are set */
    struct str name;
    const struct str *path;
    size_t path_count;
    const struct template_function *function;
    const struct texpr *base;
    const struct tpipe *pipe;
};

struct tcommand {
    const struct texpr **args;
    size_t count;
    struct tcommand *next;
};

struct tpipe {
    struct tcommand *first;
    struct str declared[2];
    size_t declared_count;
    bool assigns;
};

enum tnode_kind {
    TNODE_TEXT,
    TNODE_ACTION,
    TNODE_IF,
    TNODE_WITH,
    TNODE_RANGE,
    TNODE_BREAK,
    TNODE_CONTINUE
};

struct tnode {
    uint8_t kind; /* enum tnode_kind */
    struct tnode *next;
    struct str text; /* TEXT */
    const struct tpipe *pipe;
    struct tnode *body, *otherwise;
};

struct template
{
    struct tnode *first;
};

#endif
