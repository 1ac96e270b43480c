#ifndef COMPILER_FIELD_H
#define COMPILER_FIELD_H

/* The C types that a member of a decoded struct can have, and how each is described to the schema.
 *
 * A list is {T *items; size_t count; bool is_set}, a map a list of {key, value} pairs sorted by
 * key, a nullable {T value; bool is_set}; `is_set` is false when the attribute is null or absent
 * without default. Because all lists share one layout, a description is composed: a list of maps of
 * secrets is a row in the table below, not code. */

#include "compiler/target.h"
#include "compiler/value.h"

struct secret { /* never printed; unwrap by .text on purpose */
    struct str text;
};
struct optional_secret {
    struct str text;
    bool is_secret;
};
struct duration { /* Go duration: "1m30s" */
    int64_t ns;
};
struct time_point { /* RFC 3339 text; 0001-01-01 when null */
    int64_t unix_ns;
    bool is_set;
};
struct size_bytes { /* "10MiB" */
    int64_t bytes;
};
struct bytes { /* list of numbers, or a string */
    struct str text;
};
struct any { /* any value of the language; NULL = null or absent */
    struct value *value;
};
struct capsule_ref { /* what the row's `capsule` says; NULL = null or absent */
    struct value *value;
};
struct target_ref { /* NULL = null or absent */
    struct target *target;
};
/* `owner` keeps the targets alive: one reference for all of them. */
struct target_list {
    struct target **items;
    size_t count;
    bool is_set;
    struct value *owner;
};

#define LIST_OF(T)                                                                                 \
    {                                                                                              \
        T *items;                                                                                  \
        size_t count;                                                                              \
        bool is_set;                                                                               \
    }

/* Tables of the composed types: X(name, item or value type, description of that type). The struct
 * is named `name`, its description field_NAME. A map's items are struct NAME_pair {key, value}. */
#define FIELD_LISTS(X)                                                                             \
    X(str_list, struct str, field_str)                                                             \
    X(bool_list, bool, field_bool)                                                                 \
    X(int_list, int64_t, field_i64)                                                                \
    X(float_list, double, field_f64)                                                               \
    X(duration_list, struct duration, field_duration)                                              \
    X(secret_list, struct secret, field_secret)                                                    \
    X(capsule_list, struct capsule_ref, field_capsule)                                             \
    X(any_list, struct any, field_any)
#define FIELD_MAPS(X)                                                                              \
    X(str_map, struct str, field_str)                                                              \
    X(int_map, int64_t, field_i64)                                                                 \
    X(secret_map, struct secret, field_secret)                                                     \
    X(any_map, struct any, field_any)                                                              \
    X(str_list_map, struct str_list, field_str_list)                                               \
    X(secret_list_map, struct secret_list, field_secret_list)
/* Lists and maps of the above. */
#define FIELD_DEEP_LISTS(X)                                                                        \
    X(str_list_list, struct str_list, field_str_list)                                              \
    X(str_map_list, struct str_map, field_str_map)
#define FIELD_DEEP_MAPS(X) X(str_map_map, struct str_map, field_str_map)
#define FIELD_NULLABLES(X)                                                                         \
    X(opt_bool, bool, field_bool)                                                                  \
    X(opt_int, int64_t, field_i64)                                                                 \
    X(opt_uint, uint64_t, field_u64)                                                               \
    X(opt_float, double, field_f64)                                                                \
    X(opt_str, struct str, field_str)                                                              \
    X(opt_secret, struct secret, field_secret)                                                     \
    X(opt_duration, struct duration, field_duration)

#define FIELD_DECLARE_LIST(name, T, item) struct name LIST_OF(T);
#define FIELD_DECLARE_MAP(name, T, item)                                                           \
    struct name##_pair {                                                                           \
        struct str key;                                                                            \
        T value;                                                                                   \
    };                                                                                             \
    struct name LIST_OF(struct name##_pair);
#define FIELD_DECLARE_NULLABLE(name, T, item)                                                      \
    struct name {                                                                                  \
        T value;                                                                                   \
        bool is_set;                                                                               \
    };
FIELD_LISTS(FIELD_DECLARE_LIST)
FIELD_MAPS(FIELD_DECLARE_MAP)
FIELD_DEEP_LISTS(FIELD_DECLARE_LIST)
FIELD_DEEP_MAPS(FIELD_DECLARE_MAP)
FIELD_NULLABLES(FIELD_DECLARE_NULLABLE)

/* What every list looks like to generic code. */
struct field_items LIST_OF(void);

enum field_kind {
    FIELD_NONE,
    FIELD_STR,
    FIELD_BOOL,
    FIELD_I8,
    FIELD_I16,
    FIELD_I32,
    FIELD_I64,
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_U64,
    FIELD_F32,
    FIELD_F64,
    FIELD_SECRET,
    FIELD_OPTIONAL_SECRET,
    FIELD_DURATION,
    FIELD_SIZE,
    FIELD_TIME,
    FIELD_BYTES,
    FIELD_TEXT,   /* a text_type's own member */
    FIELD_CHOICE, /* enum: index into the row's `oneof` */
    FIELD_ANY,
    FIELD_CAPSULE,
    FIELD_TARGET,
    FIELD_TARGETS,
    FIELD_LIST,
    FIELD_MAP,
    FIELD_NULLABLE,
    FIELD_FIXED,  /* T member[count] */
    FIELD_OBJECT, /* a struct of the shape, given as an object value */
    /* Blocks. */
    FIELD_BLOCK,
    FIELD_BLOCK_OPT,
    FIELD_BLOCKS,
    FIELD_ENUM_BLOCKS,
};

struct shape;

/* An attribute that is text in the language and something parsed in C (URL, regular expression, log
 * level …). One const table a type. */
struct text_type {
    const char *name;
    size_t size; /* of the member */
    /* Fills the zeroed member; an error is worded as Alloy words it. The text may be borrowed. */
    enum status (*parse)(struct str text, void *member, struct arena *arena, struct error *err);
    /* The text form. */
    void (*print)(const void *member, struct buf *out);
    bool (*equal)(const void *a, const void *b); /* NULL = same text form */
    void (*release)(void *member);               /* NULL = nothing held outside the arena */
    bool is_secret;                              /* shown as (secret) */
};

struct field_type {
    uint8_t kind;                  /* enum field_kind */
    size_t size;                   /* of the C member */
    const struct field_type *item; /* LIST, MAP, NULLABLE, FIXED */
    size_t count;                  /* FIXED */
    const struct text_type *text;  /* TEXT */
    const struct shape *shape;     /* OBJECT inside a list or map; else the row's */
};

extern const struct field_type field_none, field_str, field_bool, field_i8, field_i16, field_i32,
    field_i64, field_u8, field_u16, field_u32, field_u64, field_f32, field_f64, field_secret,
    field_optional_secret, field_duration, field_size, field_time, field_bytes, field_choice,
    field_any, field_capsule, field_target, field_targets, field_object, field_block,
    field_block_opt, field_blocks, field_enum_blocks;
#define FIELD_EXTERN(name, T, item) extern const struct field_type field_##name;
FIELD_LISTS(FIELD_EXTERN)
FIELD_MAPS(FIELD_EXTERN)
FIELD_DEEP_LISTS(FIELD_EXTERN)
FIELD_DEEP_MAPS(FIELD_EXTERN)
FIELD_NULLABLES(FIELD_EXTERN)

#define FIELD_CASE(name, T, item) , struct name : &field_##name
/* The description of a member's type; a member of any other type does not compile. */
#define FIELD_TYPE_OF(member)                                                                      \
    _Generic((member), struct str                                                                  \
             : &field_str, bool                                                                    \
             : &field_bool, int8_t                                                                 \
             : &field_i8, int16_t                                                                  \
             : &field_i16, int32_t                                                                 \
             : &field_i32, int64_t                                                                 \
             : &field_i64, uint8_t                                                                 \
             : &field_u8, uint16_t                                                                 \
             : &field_u16, uint32_t                                                                \
             : &field_u32, uint64_t                                                                \
             : &field_u64, float                                                                   \
             : &field_f32, double                                                                  \
             : &field_f64, struct secret                                                           \
             : &field_secret, struct optional_secret                                               \
             : &field_optional_secret, struct duration                                             \
             : &field_duration, struct size_bytes                                                  \
             : &field_size, struct time_point                                                      \
             : &field_time, struct bytes                                                           \
             : &field_bytes, struct any                                                            \
             : &field_any, struct capsule_ref                                                      \
             : &field_capsule, struct target_ref                                                   \
             : &field_target, struct target_list                                                   \
             : &field_targets FIELD_LISTS(FIELD_CASE) FIELD_MAPS(FIELD_CASE) FIELD_DEEP_LISTS(     \
                 FIELD_CASE) FIELD_DEEP_MAPS(FIELD_CASE) FIELD_NULLABLES(FIELD_CASE))

#endif
