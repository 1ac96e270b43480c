#ifndef COMPONENTS_LOKI_PROCESS_TEMPLATE_TEMPLATE_H
#define COMPONENTS_LOKI_PROCESS_TEMPLATE_TEMPLATE_H

/* Go's text/template (pkg.go.dev/text/template) as far as log pipelines use it: text, {{- trimming
 * -}}, comments, if / else if / else, with, range, variables, pipelines, fields of a flat map of
 * texts, literals, and a table of functions (builtins, promtail's own, and the commoner ones of
 * Masterminds/sprig). What is not there is refused when the template is compiled. Nesting is
 * bounded, output and range too. */

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

enum tval_kind { TVAL_NIL, TVAL_STRING, TVAL_INT, TVAL_FLOAT, TVAL_BOOL, TVAL_LIST };

struct tval {
    uint8_t kind; /* enum tval_kind */
    bool boolean;
    int64_t integer;
    double number;
    struct str text;
    const struct tval *items; /* LIST */
    size_t count;
};

#define TVAL_S(s) ((struct tval){.kind = TVAL_STRING, .text = (s)})
#define TVAL_I(i) ((struct tval){.kind = TVAL_INT, .integer = (i)})
#define TVAL_B(b) ((struct tval){.kind = TVAL_BOOL, .boolean = (b)})
#define TVAL_F(f) ((struct tval){.kind = TVAL_FLOAT, .number = (f)})

/* The data: texts by name. False when there is none of that name. */
struct template_data {
    bool (*get)(void *arg, struct str name, struct str *out);
    void *arg;
};

struct template;

/* In `arena`. NULL with err, worded as Go words it where it is common. */
struct template *template_compile(struct str text, struct arena *arena, struct error *err);
/* Appends to `out`; `arena` is scratch. */
enum status template_execute(const struct template *t, const struct template_data *data,
                             struct arena *arena, struct buf *out, struct error *err);

/* ---- functions ---- */
struct tcall {
    struct arena *arena;
    const struct tval *args;
    size_t count;
    struct error *err;
};

struct template_function {
    const char *name;
    size_t min_args, max_args;              /* SIZE_MAX = any number */
    struct tval (*run)(struct tcall *call); /* fails by setting call->err */
};

const struct template_function *template_function(struct str name); /* NULL = unknown */
bool tval_truth(const struct tval *v);
/* As fmt.Sprint prints it. */
struct str tval_text(const struct tval *v, struct arena *arena);

/* ---- the parsed form, between the files of the template ---- */
enum tnode_kind { TNODE_TEXT, TNODE_PRINT, TNODE_IF, TNODE_WITH, TNODE_RANGE, TNODE_SET };

struct texpr;

struct tnode {
    uint8_t kind; /* enum tnode_kind */
    struct tnode *next;
    struct str text;           /* TEXT; SET: the variable */
    const struct texpr *value; /* PRINT, IF, WITH, RANGE, SET */
    struct tnode *body, *otherwise;
};

enum texpr_kind { TEXPR_LITERAL, TEXPR_DOT, TEXPR_FIELD, TEXPR_VARIABLE, TEXPR_CALL };

struct texpr {
    uint8_t kind; /* enum texpr_kind */
    struct tval literal;
    struct str name; /* FIELD: of `base`, or of the dot when NULL; VARIABLE */
    const struct texpr *base;
    const struct template_function *function; /* CALL */
    const struct texpr **args;
    size_t arg_count;
};

struct template
{
    struct tnode *first;
};

#endif
