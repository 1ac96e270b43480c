#ifndef COMPILER_SCHEMA_H
#define COMPILER_SCHEMA_H

/* Schemas: one table of rows describes a C struct of arguments, exports or a block, and everything
 * reads that table: decoding, validate, completion, the API, docs. A row's type and offset are
 * derived from the C member, so struct and schema cannot differ.
 *
 *   struct args { struct target_list targets; struct capsule_list forward_to; struct duration
 * scrape_interval; … }; static const struct row rows[] = { {ATTR(struct args, targets), .required =
 * true, .doc = "Targets to scrape."}, {ATTR(struct args, forward_to), .required = true, .capsule =
 * &capsule_metrics, .doc = "…"}, {ATTR(struct args, scrape_interval), .def = "\"60s\"", .doc =
 * "…"}, {BLOCK(struct args, tls_config, tls_client_shape), .doc = "…"}, {BLOCKS(struct args, rules,
 * relabel_rule_shape), .name = "rule", .doc = "…"}, {0},
 *   };
 *   static const struct shape args_shape = SHAPE(struct args, rows, check_args);
 *
 * Rules: an absent attribute has the value of `def` (source text of the language), else the C zero.
 * null sets the zero value (SEMANTICS §9). Everything decoded lives in the arena given to decode;
 * values of type ANY and capsules hold references that schema_release drops. */

#include "compiler/target.h"
#include "compiler/value.h"

/* Member types. */
// clang-format off
struct secret { struct str text; };                    /* never printed; unwrap by .text */
struct optional_secret { struct str text; bool is_secret; };
struct duration { int64_t ns; };                       /* Go duration */
struct size_bytes { int64_t bytes; };                  /* "10MiB" */
struct str_list { struct str *items; size_t count; bool is_set; }; /* is_set: not null/absent */
struct secret_list { struct secret *items; size_t count; };
struct int_list { int64_t *items; size_t count; };
struct float_list { double *items; size_t count; };
struct str_pair { struct str key; struct str value; };
struct str_map { struct str_pair *items; size_t count; bool is_set; };  /* sorted by key */
struct secret_pair { struct str key; struct secret value; };
struct secret_map { struct secret_pair *items; size_t count; };
struct str_list_pair { struct str key; struct str_list value; };
struct str_list_map { struct str_list_pair *items; size_t count; };
struct target_list { struct target **items; size_t count; };
struct capsule_list { struct value **items; size_t count; };
struct capsule_ref { struct value *value; };           /* NULL = absent or null */
struct any { struct value *value; };                   /* any value of the language */
struct opt_bool { bool is_set; bool value; };          /* nullable: distinguishes absent/null */
struct opt_int { bool is_set; int64_t value; };
struct opt_float { bool is_set; double value; };
struct opt_str { bool is_set; struct str value; };
struct opt_duration { bool is_set; int64_t ns; };
/* Repeated blocks: items points to count structs of the row's shape. An optional block: items is
 * NULL when absent. Enum blocks (stage.json, stage.regex … in one ordered list): items are
 * struct enum_block. */
struct block_list { void *items; size_t count; };
struct block_opt { void *item; };
struct enum_block { const struct row *row; void *item; };
struct enum_block_list { struct enum_block *items; size_t count; };

enum field_type {
    FIELD_NONE,
    FIELD_STR, FIELD_BOOL, FIELD_I8, FIELD_I16, FIELD_I32, FIELD_I64, FIELD_U8, FIELD_U16,
    FIELD_U32, FIELD_U64, FIELD_F32, FIELD_F64, FIELD_SECRET, FIELD_OPTIONAL_SECRET, FIELD_DURATION,
    FIELD_SIZE, FIELD_STR_LIST, FIELD_SECRET_LIST, FIELD_INT_LIST, FIELD_FLOAT_LIST,
    FIELD_STR_MAP, FIELD_SECRET_MAP, FIELD_STR_LIST_MAP,
    FIELD_TARGETS, FIELD_CAPSULES, FIELD_CAPSULE, FIELD_ANY,
    FIELD_OPT_BOOL, FIELD_OPT_INT, FIELD_OPT_FLOAT, FIELD_OPT_STR, FIELD_OPT_DURATION,
    FIELD_BLOCK,      /* one nested struct; absent = zero or, with `present_default`, defaults */
    FIELD_BLOCK_OPT,  /* struct block_opt: NULL when absent */
    FIELD_BLOCKS,     /* struct block_list */
    FIELD_ENUM_BLOCKS /* struct enum_block_list; the row's `variants` lists the blocks */
};

#define FIELD_TYPE_OF(member)                                                                      \
    _Generic((member),                                                                             \
        struct str: FIELD_STR, bool: FIELD_BOOL, int8_t: FIELD_I8, int16_t: FIELD_I16,             \
        int32_t: FIELD_I32, int64_t: FIELD_I64, uint8_t: FIELD_U8, uint16_t: FIELD_U16,            \
        uint32_t: FIELD_U32, uint64_t: FIELD_U64, float: FIELD_F32, double: FIELD_F64,             \
        struct secret: FIELD_SECRET, struct optional_secret: FIELD_OPTIONAL_SECRET,                \
        struct duration: FIELD_DURATION, struct size_bytes: FIELD_SIZE,                            \
        struct str_list: FIELD_STR_LIST, struct secret_list: FIELD_SECRET_LIST,                    \
        struct int_list: FIELD_INT_LIST, struct float_list: FIELD_FLOAT_LIST,                      \
        struct str_map: FIELD_STR_MAP, struct secret_map: FIELD_SECRET_MAP,                        \
        struct str_list_map: FIELD_STR_LIST_MAP, struct target_list: FIELD_TARGETS,                \
        struct capsule_list: FIELD_CAPSULES, struct capsule_ref: FIELD_CAPSULE,                    \
        struct any: FIELD_ANY, struct opt_bool: FIELD_OPT_BOOL, struct opt_int: FIELD_OPT_INT,     \
        struct opt_float: FIELD_OPT_FLOAT, struct opt_str: FIELD_OPT_STR,                          \
        struct opt_duration: FIELD_OPT_DURATION)
// clang-format on

struct row;
struct shape;

/* Parses the text of a string-like attribute (enum, regex, URL, log level …) and says what is wrong
 * with it in Alloy's words. */
typedef enum status text_check_fn(struct str text, struct error *err);

struct row {
    const char *name; /* attribute, or dotted block name */
    uint8_t type;     /* enum field_type */
    bool required;
    bool squash;          /* BLOCK whose rows belong to the parent's body itself */
    bool label_required;  /* BLOCK: takes a label, stored in the shape's row with .is_label */
    bool is_label;        /* FIELD_STR member that receives the block's label */
    bool present_default; /* BLOCK: defaults apply also when the block is absent */
    bool refused;         /* known to Alloy, not offered yet: using it is a clear error */
    size_t offset;
    size_t size;              /* of the member */
    const char *def;          /* default as source text of the language; NULL = zero value */
    const char *const *oneof; /* NULL-terminated */
    const struct number_bounds *bounds;
    text_check_fn *check;               /* FIELD_STR, or every item of FIELD_STR_LIST */
    const struct shape *shape;          /* BLOCK* */
    const struct row *variants;         /* ENUM_BLOCKS: rows with name and shape; ends with {0} */
    const struct capsule_type *capsule; /* CAPSULE(S): what is accepted */
    const char *doc;                    /* one full sentence */
};

struct number_bounds {
    double min;
    double max;
    bool has_min;
    bool has_max;
};

struct shape {
    const char *name;       /* for docs; may be NULL */
    const struct row *rows; /* ends with {0} */
    size_t size;            /* of the C struct */
    /* Cross-field rules, Alloy's Validate(): a plain error. NULL = none. May set derived members
     * from `arena`. */
    enum status (*check)(void *args, struct arena *arena, struct error *err);
    /* Sets defaults that are not expressible as `def`. Runs after the rows' defaults. NULL = none.
     */
    void (*defaults)(void *args);
};

#define MEMBER_OF(S, m) (((S *)0)->m)
#define ATTR(S, m)                                                                                 \
    .name = #m, .type = FIELD_TYPE_OF(MEMBER_OF(S, m)), .offset = offsetof(S, m),                  \
    .size = sizeof(MEMBER_OF(S, m))
/* The member is a nested struct with the given shape. */
#define BLOCK(S, m, nested)                                                                        \
    .name = #m, .type = FIELD_BLOCK, .offset = offsetof(S, m), .size = sizeof(MEMBER_OF(S, m)),    \
    .shape = &(nested)
#define BLOCK_OPT(S, m, nested)                                                                    \
    .name = #m, .type = FIELD_BLOCK_OPT, .offset = offsetof(S, m),                                 \
    .size = sizeof((struct block_opt *){&MEMBER_OF(S, m)}), .shape = &(nested)
#define BLOCKS(S, m, nested)                                                                       \
    .name = #m, .type = FIELD_BLOCKS, .offset = offsetof(S, m),                                    \
    .size = sizeof((struct block_list *){&MEMBER_OF(S, m)}), .shape = &(nested)
#define ENUM_BLOCKS(S, m, rows_of_variants)                                                        \
    .name = #m, .type = FIELD_ENUM_BLOCKS, .offset = offsetof(S, m),                               \
    .size = sizeof((struct enum_block_list *){&MEMBER_OF(S, m)}), .variants = (rows_of_variants)
/* A row that Alloy has and we refuse for now: needs no member. */
#define REFUSED(row_name, why) .name = (row_name), .refused = true, .doc = (why)
/* A block that we refuse: type says that it is one. */
#define REFUSED_BLOCK(row_name, why)                                                               \
    .name = (row_name), .type = FIELD_BLOCK, .refused = true, .doc = (why)
#define SHAPE(S, table, check_fn)                                                                  \
    {                                                                                              \
        .rows = (table), .size = sizeof(S), .check = (check_fn)                                    \
    }

/* NULL when the shape has no such row; looks into squashed shapes and enum variants. */
const struct row *schema_find(const struct shape *shape, struct str name);
/* Sets zero values, rows' defaults and shape->defaults. */
void schema_defaults(const struct shape *shape, void *args, struct arena *arena);
/* Deep equality of two decoded structs. */
bool schema_equal(const struct shape *shape, const void *a, const void *b);
/* Drops references held by ANY, CAPSULE(S) and TARGETS members. The arena's memory is the owner's.
 */
void schema_release(const struct shape *shape, void *args);
/* A value object with the struct's attributes in row order (exports; keeps_order). Blocks are
 * skipped. */
struct value *schema_to_value(const struct shape *shape, const void *args);
/* The body as the HTTP API lists it: [{"name","type":"attr","value"} |
 * {"name","type":"block","label","body"}], attributes equal to their default left out, secrets
 * hidden. */
void schema_api_json(struct json_writer *w, const struct shape *shape, const void *args);

#endif
