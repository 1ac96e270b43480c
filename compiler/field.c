/* The descriptions of member types; see field.h. */

#include "compiler/field.h"

const struct field_type field_none = {.kind = FIELD_NONE};
const struct field_type field_str = {.kind = FIELD_STR, .size = sizeof(struct str)};
const struct field_type field_bool = {.kind = FIELD_BOOL, .size = sizeof(bool)};
const struct field_type field_i8 = {.kind = FIELD_I8, .size = 1};
const struct field_type field_i16 = {.kind = FIELD_I16, .size = 2};
const struct field_type field_i32 = {.kind = FIELD_I32, .size = 4};
const struct field_type field_i64 = {.kind = FIELD_I64, .size = 8};
const struct field_type field_u8 = {.kind = FIELD_U8, .size = 1};
const struct field_type field_u16 = {.kind = FIELD_U16, .size = 2};
const struct field_type field_u32 = {.kind = FIELD_U32, .size = 4};
const struct field_type field_u64 = {.kind = FIELD_U64, .size = 8};
const struct field_type field_f32 = {.kind = FIELD_F32, .size = 4};
const struct field_type field_f64 = {.kind = FIELD_F64, .size = 8};
const struct field_type field_secret = {.kind = FIELD_SECRET, .size = sizeof(struct secret)};
const struct field_type field_optional_secret = {.kind = FIELD_OPTIONAL_SECRET,
                                                 .size = sizeof(struct optional_secret)};
const struct field_type field_duration = {.kind = FIELD_DURATION, .size = sizeof(struct duration)};
const struct field_type field_size = {.kind = FIELD_SIZE, .size = sizeof(struct size_bytes)};
const struct field_type field_time = {.kind = FIELD_TIME, .size = sizeof(struct time_point)};
const struct field_type field_bytes = {.kind = FIELD_BYTES, .size = sizeof(struct bytes)};
const struct field_type field_choice = {.kind = FIELD_CHOICE, .size = 4};
const struct field_type field_any = {.kind = FIELD_ANY, .size = sizeof(struct any)};
const struct field_type field_capsule = {.kind = FIELD_CAPSULE, .size = sizeof(struct capsule_ref)};
const struct field_type field_target = {.kind = FIELD_TARGET, .size = sizeof(struct target_ref)};
const struct field_type field_targets = {.kind = FIELD_TARGETS, .size = sizeof(struct target_list)};
const struct field_type field_object = {.kind = FIELD_OBJECT};
const struct field_type field_block = {.kind = FIELD_BLOCK};
const struct field_type field_block_opt = {.kind = FIELD_BLOCK_OPT, .size = sizeof(void *)};
const struct field_type field_blocks = {.kind = FIELD_BLOCKS, .size = sizeof(struct field_items)};
const struct field_type field_enum_blocks = {.kind = FIELD_ENUM_BLOCKS,
                                             .size = sizeof(struct field_items)};

#define DEFINE_LIST(name, T, described)                                                            \
    const struct field_type field_##name = {                                                       \
        .kind = FIELD_LIST, .size = sizeof(struct name), .item = &(described)};
#define DEFINE_MAP(name, T, described)                                                             \
    const struct field_type field_##name = {                                                       \
        .kind = FIELD_MAP, .size = sizeof(struct name), .item = &(described)};
#define DEFINE_NULLABLE(name, T, described)                                                        \
    const struct field_type field_##name = {                                                       \
        .kind = FIELD_NULLABLE, .size = sizeof(struct name), .item = &(described)};

FIELD_LISTS(DEFINE_LIST)
FIELD_MAPS(DEFINE_MAP)
FIELD_DEEP_LISTS(DEFINE_LIST)
FIELD_DEEP_MAPS(DEFINE_MAP)
FIELD_NULLABLES(DEFINE_NULLABLE)
