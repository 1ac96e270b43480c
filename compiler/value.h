#ifndef COMPILER_VALUE_H
#define COMPILER_VALUE_H

/* Values of the language (SEMANTICS §5): immutable, reference-counted, shared between threads.
 *
 * Scopes (base/memory.h): value_ref inside a scope also guards the reference, so that a scope that
 * fails gives back what it took on values born outside; what was born inside is freed with the
 * scope. Never give up a reference that is held outside while inside a scope, except as its last
 * step.
 *
 * A function that returns `struct value *` gives the caller one reference; parameters are borrowed
 * unless named owned_… . Deep structures are released and compared without recursion. */

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

#include <stdatomic.h>

enum value_type {
    VALUE_NULL,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_BOOL,
    VALUE_ARRAY,
    VALUE_OBJECT,
    VALUE_FUNCTION,
    VALUE_CAPSULE,
};

enum number_kind { NUMBER_UINT, NUMBER_INT, NUMBER_FLOAT }; /* in rank order */

struct value;
struct function_def; /* compiler/function.h */

struct value_field {
    struct str key;
    struct value *value;
};

/* What a capsule is. One const table a type; `data` is the type's own, released with the value. */
struct capsule_type {
    const char *name; /* Alloy's Go type name as shown in messages: "alloytypes.Secret" */
    void (*release)(void *data);                 /* NULL = data is static */
    bool (*equal)(const void *a, const void *b); /* NULL = same pointer */
    /* Convertible to an object (target, maps of an export): NULL = not. An object value. */
    struct value *(*to_object)(const void *data);
    /* One field of that object, NULL if it has none; needed when to_object is. */
    struct value *(*field)(const void *data, struct str key);
    /* As Alloy text, e.g. (secret); NULL = capsule("NAME"). */
    void (*print)(const void *data, struct buf *out);
};

/* The members are for value.c, eval.c and the library's functions; others read values through the
 * functions below. Elements, fields, keys and texts stand in the value's own block. */
struct value {
    atomic_uint refs;    /* VALUE_STATIC = never counted, never released */
    uint8_t type;        /* enum value_type */
    uint8_t number_kind; /* enum number_kind */
    bool is_bytes;       /* ARRAY of numbers that came from bytes: converts to string where one is
                            wanted (§5) */
    bool keeps_order;    /* OBJECT from an export struct: printed in field order, else sorted */
    bool is_text_form;   /* STRING that a host type wrote (duration, enum): is no plain Go string,
                            so that it never becomes a secret or bytes (§5) */
    uint32_t count;      /* elements or fields */
    union {
        bool boolean;
        int64_t i;
        uint64_t u;
        double f;
        struct str string;
        struct value **elements;
        struct value_field *fields; /* sorted by key unless keeps_order */
        const struct function_def *function;
        struct {
            const struct capsule_type *type;
            void *data;
        } capsule;
        struct {
            void *children; /* elements or fields */
            struct value *next;
        } dead; /* while being released */
    } as;
};

#define VALUE_STATIC UINT32_MAX
/* Initialiser of a static const function value. */
#define VALUE_FUNCTION_INIT(def)                                                                   \
    {                                                                                              \
        .refs = VALUE_STATIC, .type = VALUE_FUNCTION, .as.function = (def)                         \
    }

struct value *value_null(void);
struct value *value_bool(bool b);
struct value *value_int(int64_t i);
struct value *value_uint(uint64_t u);
struct value *value_float(double f);
/* Own copies even of common values, so that an expression can tell them apart by address. */
struct value *value_bool_new(bool b);
struct value *value_string(struct str s); /* copies */
/* A string that a host type wrote; see is_text_form. */
struct value *value_text_form(struct str s);
/* An uninitialised string of `len` bytes; the caller fills *bytes before anybody else sees it. */
struct value *value_string_room(size_t len, char **bytes);
/* Takes the references in `owned_items`; the array itself is copied. */
struct value *value_array(struct value *const *owned_items, size_t count);
/* One of `count` elements, which the caller sets before anybody else sees it. */
struct value *value_array_room(size_t count);
struct value *value_bytes(struct str bytes);
/* Copies keys, takes the value references, later duplicates win. */
struct value *value_object(const struct value_field *owned_fields, size_t count, bool keeps_order);
/* An object that keeps its order, of fields whose keys differ and live as long as the program. */
struct value *value_record(const struct value_field *owned_fields, size_t count);
/* The fields of two objects; b wins. */
struct value *value_merge(const struct value *a, const struct value *b);
struct value *value_function(const struct function_def *def);
/* Takes `owned_data`. */
struct value *value_capsule(const struct capsule_type *type, void *owned_data);

struct value *value_ref(const struct value *v);
void value_unref(const struct value *v);

const char *value_type_name(const struct value *v); /* "number", "capsule" … */
bool value_equal(const struct value *a, const struct value *b);
/* The same without memory: false = too large to tell, nothing is set. */
bool value_equal_small(const struct value *a, const struct value *b, bool *equal);
/* Field of an object (or NULL). Borrowed. Does not convert capsules. */
const struct value *value_field(const struct value *object, struct str key);
/* By name: what the catalog names is what is built in. */
bool capsule_type_same(const struct capsule_type *a, const struct capsule_type *b);
/* A capsule of this type: its data, else NULL. */
void *value_capsule_data(const struct value *v, const struct capsule_type *type);
int64_t value_to_int(const struct value *number);
uint64_t value_to_uint(const struct value *number);
double value_to_float(const struct value *number);

/* As Alloy text (§5). */
void value_print(struct buf *out, const struct value *v);
/* As the HTTP API shows it: {"type":…,"value":…}. */
void value_api_json(struct json_writer *w, const struct value *v);
/* From a document tree. With `floats` (JSON) every number becomes a float; NULL if one is out of
 * range. */
struct value *value_from_doc(const struct doc *doc, bool floats);

/* ---- the capsules that the language itself knows ---- */
extern const struct capsule_type capsule_secret;
extern const struct capsule_type capsule_optional_secret;
extern const struct capsule_type capsule_target;
/* A YAML map with a key that is no text: opaque to the language. Its data is an object value. */
extern const struct capsule_type capsule_yaml_map;

struct value *value_secret(struct str text);
struct value *value_optional_secret(struct str text, bool is_secret);
/* The only way to a secret's text. NULL ptr if v is neither. */
struct str value_secret_reveal(const struct value *v, bool *is_secret);

#endif
