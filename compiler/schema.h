#ifndef COMPILER_SCHEMA_H
#define COMPILER_SCHEMA_H

/* Schemas: one table of rows describes a C struct of arguments, exports or a block, and everything
 * reads that table: decoding, validate, completion, the API, docs. A row's type and offset are
 * derived from the C member, so struct and schema cannot differ.
 *
 *   struct args {
 *       struct target_list targets;
 *       struct capsule_list forward_to;
 *       struct duration scrape_interval;
 *       struct tls_client tls_config;          one block; zero or its defaults when absent
 *       struct oauth2 *oauth2;                 one block; NULL when absent
 *       struct LIST_OF(struct rule) rules;     a block that repeats
 *   };
 *   static const struct row rows[] = {
 *       {ATTR(struct args, targets), .required = true, .doc = "Targets to scrape."},
 *       {ATTR(struct args, forward_to), .required = true, .capsule = &capsule_metrics, .doc = "…"},
 *       {ATTR(struct args, scrape_interval), .def = "\"60s\"", .doc = "…"},
 *       {BLOCK(struct args, tls_config, tls_client_shape), .doc = "…"},
 *       {BLOCK_OPT(struct args, oauth2, oauth2_shape), .doc = "…"},
 *       {BLOCKS(struct args, rules, "rule", rule_shape), .doc = "…"},
 *       {0},
 *   };
 *   static const struct shape args_shape = SHAPE(struct args, rows, check_args);
 *
 * An absent attribute has the value of `def` (a literal of the language as source text), else the C
 * zero; null sets the C zero (SEMANTICS §9). Texts, lists and nested structs live in the arena
 * given to decode; schema_release drops the references that values, capsules, targets and text
 * types hold. */

#include "compiler/field.h"

#include <stddef.h>

/* Looks at the text of a FIELD_STR (or of every item of a list or map of them) and says what is
 * wrong with it in Alloy's words. */
typedef enum status text_check_fn(struct str text, struct error *err);

struct number_bounds {
    double min;
    double max;
    bool has_min;
    bool has_max;
    bool above_min; /* `min` itself is not allowed */
};

struct row {
    const char *name; /* attribute, or dotted block name; "" for SQUASH and LABEL */
    const struct field_type *type;
    const char *def; /* default, a literal of the language; NULL = C zero */
    const char *doc; /* one full sentence; of a refused row or one without effect: why */
    bool required;
    bool squash;          /* BLOCK whose rows belong to the parent's body itself */
    bool free_form;       /* a block whose attributes are the entries of a map or an object (any) */
    bool is_label;        /* FIELD_STR that receives the label of the block */
    bool present_default; /* BLOCK: its defaults apply also when the block is absent */
    bool refused;         /* known to Alloy, not offered yet: using it is a clear error */
    bool no_effect;       /* decoded and checked, changes nothing: using it is a warning */
    uint32_t exactly;     /* BLOCKS: how many there must be; 0 = any number */
    size_t offset;
    size_t size;      /* of the member */
    size_t item_size; /* blocks: of the nested struct, compared with shape->size by schema_verify */
    const char *const *oneof; /* allowed texts, NULL-terminated; CHOICE stores the index */
    const struct number_bounds *bounds; /* of a number, or a duration in seconds */
    text_check_fn *check;
    text_check_fn *vet; /* the same, said when the component is built: decoding leaves it out */
    const struct shape *shape;          /* blocks, OBJECT (also inside a list) */
    const struct row *variants;         /* ENUM_BLOCKS: rows made with VARIANT, ends with {0} */
    const struct capsule_type *capsule; /* CAPSULE, list of them: what is accepted; NULL = any */
};

/* A rule among the rows of one body, for the static check: what is given, as far as the text tells
 * (a literal that is empty, false or null is not). */
enum schema_rule_kind {
    RULE_ONE, /* exactly one of them */
    RULE_AT_MOST_ONE,
    RULE_AT_LEAST_ONE,
    RULE_TOGETHER, /* all or none */
    RULE_NEEDS,    /* the first needs the others */
    RULE_KINDS,
};
struct schema_rule {
    uint32_t kind;
    const char *const *names; /* NULL-terminated; NULL ends the list of rules */
};

struct shape {
    const char *name;       /* for docs; may be NULL */
    const struct row *rows; /* ends with {0} */
    size_t size;            /* of the C struct */
    /* Cross-field rules, Alloy's Validate(): a plain error. NULL = none. May set derived members
     * from `arena`. */
    enum status (*check)(void *args, struct arena *arena, struct error *err);
    /* What building the component would say about the decoded struct; only `validate` asks. NULL =
     * nothing more. */
    enum status (*vet)(void *args, struct arena *arena, struct error *err);
    /* Sets defaults that are not expressible as `def`. Runs after the rows' defaults. NULL = none.
     */
    void (*defaults)(void *args, struct arena *arena);
    const struct schema_rule *rules; /* NULL = none */
};

/* One of several kinds of blocks in one ordered list. `item` is a struct of row->shape. */
struct enum_block {
    const struct row *row; /* the variant */
    void *item;
};
struct enum_block_list LIST_OF(struct enum_block);

#define MEMBER_OF(S, m) (((S *)0)->m)
/* 0, or no compilation. */
#define SCHEMA_PROVE(condition) (sizeof(char[(condition) ? 1 : -1]) - 1)
#define SCHEMA_MEMBER(S, m) .offset = offsetof(S, m), .size = sizeof(MEMBER_OF(S, m))

/* Each macro makes one row. Those without a name argument take the member's name; where the
 * language has another name, there is a twin with _AS and the name. */
#define ATTR(S, m) ATTR_AS(S, m, #m)
#define ATTR_AS(S, m, text_name)                                                                   \
    .name = (text_name), .type = FIELD_TYPE_OF(MEMBER_OF(S, m)), SCHEMA_MEMBER(S, m)
/* The member is an enum (4 bytes); its values are the indexes of `names`. null and absent give 0.
 */
#define CHOICE(S, m, names) CHOICE_AS(S, m, #m, names)
#define CHOICE_AS(S, m, text_name, names)                                                          \
    .name = (text_name), .type = &field_choice, .oneof = (names),                                  \
    .offset = offsetof(S, m) + SCHEMA_PROVE(sizeof(MEMBER_OF(S, m)) == 4), .size = 4
/* The member is what the text type (a struct field_type made by FIELD_TEXT_TYPE) parses into. */
#define TEXT(S, m, description) TEXT_AS(S, m, #m, description)
#define TEXT_AS(S, m, text_name, description)                                                      \
    .name = (text_name), .type = &(description), SCHEMA_MEMBER(S, m)
#define FIELD_TEXT_TYPE(T, table)                                                                  \
    {                                                                                              \
        .kind = FIELD_TEXT, .size = sizeof(T), .text = &(table)                                    \
    }
/* The member is a struct of the shape, written as an object: x = {a = 1}. */
#define OBJECT(S, m, nested)                                                                       \
    .name = #m, .type = &field_object, .shape = &(nested), SCHEMA_MEMBER(S, m),                    \
    .item_size = sizeof(MEMBER_OF(S, m))
/* FIELD_STR that receives the block's label; a shape with such a row takes one, others refuse it.
 */
#define LABEL(S, m)                                                                                \
    .name = "", .type = FIELD_TYPE_OF(MEMBER_OF(S, m)), SCHEMA_MEMBER(S, m), .is_label = true

/* The member is the nested struct. */
#define BLOCK(S, m, nested) BLOCK_AS(S, m, #m, nested)
#define BLOCK_AS(S, m, text_name, nested)                                                          \
    .name = (text_name), .type = &field_block, SCHEMA_MEMBER(S, m), .shape = &(nested),            \
    .item_size = sizeof(MEMBER_OF(S, m))
#define SQUASH(S, m, nested)                                                                       \
    .name = "", .type = &field_block, SCHEMA_MEMBER(S, m), .shape = &(nested), .squash = true,     \
    .item_size = sizeof(MEMBER_OF(S, m))
/* The member is a pointer to the nested struct, NULL when the block is absent. */
#define BLOCK_OPT(S, m, nested) BLOCK_OPT_AS(S, m, #m, nested)
#define BLOCK_OPT_AS(S, m, text_name, nested)                                                      \
    .name = (text_name), .type = &field_block_opt, SCHEMA_MEMBER(S, m), .shape = &(nested),        \
    .item_size = sizeof(*MEMBER_OF(S, m))
/* The member is a struct LIST_OF(nested struct); `text_name` is the block's (singular) name. */
#define BLOCKS(S, m, text_name, nested)                                                            \
    .name = (text_name), .type = &field_blocks, .size = sizeof(MEMBER_OF(S, m)),                   \
    .offset = offsetof(S, m.items) +                                                               \
              SCHEMA_PROVE(sizeof(MEMBER_OF(S, m)) == sizeof(struct field_items)),                 \
    .item_size = sizeof(*MEMBER_OF(S, m).items), .shape = &(nested)
/* The member is a struct enum_block_list; `prefix` is what the variants' names begin with
 * ("stage"). */
#define ENUM_BLOCKS(S, m, prefix, rows_of_variants)                                                \
    .name = (prefix), .type = &field_enum_blocks,                                                  \
    .size = _Generic(MEMBER_OF(S, m), struct enum_block_list                                       \
                     : sizeof(MEMBER_OF(S, m))),                                                   \
    .offset = offsetof(S, m), .variants = (rows_of_variants)
/* A row of ENUM_BLOCKS: its full block name ("stage.json") and the struct it decodes into. */
#define VARIANT(block_name, S, nested)                                                             \
    .name = (block_name), .type = &field_block, .shape = &(nested), .item_size = sizeof(S)
/* A block without a fixed set of attributes: the member is a map, or a struct any that gets an
 * object. */
#define FREE_BLOCK(S, m) FREE_BLOCK_AS(S, m, #m)
#define FREE_BLOCK_AS(S, m, text_name) ATTR_AS(S, m, text_name), .free_form = true

/* An attribute that Alloy has and we refuse for now: needs no member. Using it is the error
 * `argument "x" is not supported by invar yet: WHY`. */
#define REFUSED(row_name, why)                                                                     \
    .name = (row_name), .type = &field_none, .refused = true, .doc = (why)
#define REFUSED_BLOCK(row_name, why)                                                               \
    .name = (row_name), .type = &field_block, .refused = true, .doc = (why)

#define SHAPE(S, table, check_fn)                                                                  \
    {                                                                                              \
        .rows = (table), .size = sizeof(S), .check = (check_fn)                                    \
    }

bool row_is_block(const struct row *row);
/* The row that receives the label of the block, or NULL. */
const struct row *schema_label_row(const struct shape *shape);

/* A name found in a shape: `row`, and the rows that lead to it through squashed structs and enum
 * lists. */
struct schema_hit {
    const struct row *row;  /* NULL = not found */
    const struct row *list; /* the ENUM_BLOCKS row when `row` is one of its variants */
    size_t base;            /* offset of the (squashed) struct that holds the row's member */
};
/* Looks into squashed shapes and enum variants. */
struct schema_hit schema_lookup(const struct shape *shape, struct str name);
/* The row alone. */
const struct row *schema_find(const struct shape *shape, struct str name);

/* Proves a table: sizes agree with shapes, defaults decode, names are unique, docs are sentences,
 * required rows have no default. For tests; false with the reason. */
bool schema_verify(const struct shape *shape, struct error *err);

/* Zeroes `args`, then sets the rows' defaults and shape->defaults, nested blocks with
 * present_default included. */
void schema_defaults(const struct shape *shape, void *args, struct arena *arena);
/* Releases what the member of a row holds and zeroes it. */
void schema_reset(const struct row *row, void *member);
/* Deep equality of two decoded structs. */
bool schema_equal(const struct shape *shape, const void *a, const void *b);
/* The same of one member. */
bool schema_member_equal(const struct row *row, const void *a, const void *b);
/* Drops references; `args` must not be used afterwards. The arena's memory is the owner's. */
void schema_release(const struct shape *shape, void *args);
/* One member as a value (for exports and the API). A new reference. */
struct value *field_to_value(const struct field_type *type, const struct row *row,
                             const void *member);
/* A value object with the struct's attributes in row order (exports; keeps_order). Blocks are
 * skipped. */
struct value *schema_to_value(const struct shape *shape, const void *args);
/* The same; the shape lives as long as the value, which does not copy the names. */
struct value *schema_to_exports(const struct shape *shape, const void *args);
/* The body as the HTTP API lists it: [{"name","type":"attr","value"} |
 * {"name","type":"block","label","body"}], attributes equal to their default left out, secrets
 * hidden. */
void schema_api_json(struct json_writer *w, const struct shape *shape, const void *args);

/* ---- text types that many components share ---- */

struct regex;
struct regex_ref { /* NULL when null or absent */
    struct regex *re;
};
extern const struct field_type field_regex_full; /* struct regex_ref, anchored as Prometheus does */
extern const struct field_type field_regex_search; /* struct regex_ref, found anywhere */

#endif
