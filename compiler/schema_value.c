/* Decoded members as values: exports, and what the API shows. Depth is that of the field types. */

#include "base/strconv.h"
#include "compiler/field_walk.h"

static struct value *printed(void (*print)(const void *member, struct buf *out), const void *member)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    print(member, &text);
    struct value *v = value_text_form(buf_view(&text));
    buf_release(&text);
    return v;
}

static void print_duration(const void *member, struct buf *out)
{
    duration_format(out, ((const struct duration *)member)->ns);
}

/* "1GiB512MiB", as alecthomas/units prints; "0B". */
static void size_print(struct buf *out, int64_t bytes)
{
    static const char *const units[] = {"EiB", "PiB", "TiB", "GiB", "MiB", "KiB", "B"};
    uint64_t rest = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;
    if (rest == 0)
        buf_cstr(out, "0B");
    for (unsigned i = 0; i < 7; i++) {
        unsigned shift = 10 * (6 - i);
        uint64_t count = rest >> shift;
        if (count > 0)
            buf_printf(out, "%s%llu%s", bytes < 0 ? "-" : "", (unsigned long long)count, units[i]);
        rest -= count << shift;
    }
}

static void print_size(const void *member, struct buf *out)
{
    size_print(out, ((const struct size_bytes *)member)->bytes);
}

static void print_time(const void *member, struct buf *out)
{
    const struct time_point *point = member;
    if (point->is_set)
        time_format_rfc3339(out, point->unix_ns);
    else
        buf_cstr(out, "0001-01-01T00:00:00Z");
}

static struct value *number_value(const struct field_type *type, const void *member)
{
    switch (type->kind) {
    case FIELD_I8: return value_int(*(const int8_t *)member);
    case FIELD_I16: return value_int(*(const int16_t *)member);
    case FIELD_I32: return value_int(*(const int32_t *)member);
    case FIELD_I64: return value_int(*(const int64_t *)member);
    case FIELD_U8: return value_uint(*(const uint8_t *)member);
    case FIELD_U16: return value_uint(*(const uint16_t *)member);
    case FIELD_U32: return value_uint(*(const uint32_t *)member);
    case FIELD_U64: return value_uint(*(const uint64_t *)member);
    case FIELD_F32: return value_float((double)*(const float *)member);
    default: return value_float(*(const double *)member);
    }
}

static struct value *list_value(const struct field_type *type, const struct row *row,
                                const struct field_items *list)
{
    if (!list->is_set)
        return value_null();
    struct value **items = mem_array(NULL, list->count + 1, sizeof(struct value *));
    for (size_t i = 0; i < list->count; i++)
        items[i] = field_to_value(type->item, row, list_item(type, list, i));
    struct value *array = value_array(items, list->count);
    mem_free(items);
    return array;
}

static struct value *map_to_value(const struct field_type *type, const struct row *row,
                                  const struct field_items *map)
{
    if (!map->is_set)
        return value_null();
    struct value_field *fields = mem_array(NULL, map->count + 1, sizeof(*fields));
    for (size_t i = 0; i < map->count; i++)
        fields[i] = (struct value_field){*map_key(type, map, i),
                                         field_to_value(type->item, row, map_value(type, map, i))};
    struct value *object = value_object(fields, map->count, false);
    mem_free(fields);
    return object;
}

static struct value *fixed_value(const struct field_type *type, const struct row *row,
                                 const char *member)
{
    struct value **items = mem_array(NULL, type->count + 1, sizeof(struct value *));
    for (size_t i = 0; i < type->count; i++)
        items[i] = field_to_value(type->item, row, member + i * type->item->size);
    struct value *array = value_array(items, type->count);
    mem_free(items);
    return array;
}

static struct value *held(const struct value *v)
{
    return v ? value_ref(v) : value_null();
}

static struct value *target_value(const struct target *t)
{
    return t ? value_capsule(&capsule_target, target_ref(t)) : value_null();
}

static struct value *text_value(const struct field_type *type, const void *member)
{
    struct value *text = printed(type->text->print, member);
    if (!type->text->is_secret)
        return text;
    struct value *secret = value_secret(text->as.string);
    value_unref(text);
    return secret;
}

static struct value *choice_value(const struct row *row, const void *member)
{
    uint32_t index;
    memcpy(&index, member, sizeof(index));
    return value_text_form(str_from(row->oneof[index]));
}

static struct value *nullable_value(const struct field_type *type, const struct row *row,
                                    const void *member)
{
    if (!*((const bool *)member + type->item->size))
        return value_null();
    return field_to_value(type->item, row, member);
}

/* Decoded lists share the value that they came from; a component's own list has none. */
static struct value *targets_value(const void *member)
{
    const struct target_list *list = member;
    if (!list->is_set || list->owner)
        return held(list->owner);
    return target_array(list->items, list->count);
}

static struct value *compound_value(const struct field_type *type, const struct row *row,
                                    const void *member)
{
    switch (type->kind) {
    case FIELD_ANY:
    case FIELD_CAPSULE: return held(((const struct any *)member)->value);
    case FIELD_TARGET: return target_value(((const struct target_ref *)member)->target);
    case FIELD_TARGETS: return targets_value(member);
    case FIELD_LIST: return list_value(type, row, member);
    case FIELD_MAP: return map_to_value(type, row, member);
    case FIELD_NULLABLE: return nullable_value(type, row, member);
    case FIELD_FIXED: return fixed_value(type, row, member);
    case FIELD_OBJECT: return schema_to_value(field_shape(type, row), member);
    default: return number_value(type, member);
    }
}

struct value *field_to_value(const struct field_type *type, const struct row *row,
                             const void *member)
{
    switch (type->kind) {
    case FIELD_STR: return value_string(*(const struct str *)member);
    case FIELD_BOOL: return value_bool(*(const bool *)member);
    case FIELD_SECRET: return value_secret(((const struct secret *)member)->text);
    case FIELD_OPTIONAL_SECRET:
        return value_optional_secret(((const struct optional_secret *)member)->text,
                                     ((const struct optional_secret *)member)->is_secret);
    case FIELD_DURATION: return printed(print_duration, member);
    case FIELD_SIZE: return printed(print_size, member);
    case FIELD_TIME: return printed(print_time, member);
    case FIELD_BYTES: return value_bytes(((const struct bytes *)member)->text);
    case FIELD_TEXT: return text_value(type, member);
    case FIELD_CHOICE: return choice_value(row, member);
    default: return compound_value(type, row, member);
    }
}

enum { FIELDS_INLINE = 8 };

static struct value *to_value(const struct shape *shape, const void *args, bool lasts)
{
    size_t count = 0;
    for (const struct row *row = shape->rows; row->name; row++)
        count++;
    struct value_field few[FIELDS_INLINE] = {0};
    struct value_field *fields = few;
    if (count > FIELDS_INLINE)
        fields = mem_array(NULL, count, sizeof(*fields));
    count = 0;
    for (const struct row *row = shape->rows; row->name; row++) {
        if (row_is_block(row) || row->refused || row->is_label)
            continue;
        fields[count++] = (struct value_field){
            str_from(row->name), field_to_value(row->type, row, (const char *)args + row->offset)};
    }
    struct value *object = lasts ? value_record(fields, count) : value_object(fields, count, true);
    if (fields != few)
        mem_free(fields);
    return object;
}

struct value *schema_to_value(const struct shape *shape, const void *args)
{
    return to_value(shape, args, false);
}

struct value *schema_to_exports(const struct shape *shape, const void *args)
{
    return to_value(shape, args, true);
}
