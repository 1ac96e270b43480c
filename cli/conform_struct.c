/* Decoded structs in tagged form. Depth is that of the schemas and types of the corpus. */

#include "base/strconv.h"
#include "cli/conform_schema.h"
#include "compiler/field_walk.h"

static void write_field(struct json_writer *w, const struct field_type *type, const struct row *row,
                        const void *member);

static void write_list(struct json_writer *w, const struct field_type *type, const struct row *row,
                       const struct field_items *list)
{
    if (!list->is_set) {
        json_null(w);
        return;
    }
    json_array(w);
    for (size_t i = 0; i < list->count; i++)
        write_field(w, type->item, row, list_item(type, list, i));
    json_array_end(w);
}

static void write_map(struct json_writer *w, const struct field_type *type, const struct row *row,
                      const struct field_items *map)
{
    if (!map->is_set) {
        json_null(w);
        return;
    }
    json_object(w);
    json_key(w, STR("$object"));
    json_object(w);
    for (size_t i = 0; i < map->count; i++) {
        json_key(w, *map_key(type, map, i));
        write_field(w, type->item, row, map_value(type, map, i));
    }
    json_object_end(w);
    json_object_end(w);
}

/* The shortest text that reads back as the same float. */
static void write_float32(struct json_writer *w, float f)
{
    char text[64];
    double n = (double)f;
    for (int precision = 1; precision <= 9; precision++) {
        bool range;
        int len = snprintf(text, sizeof(text), "%.*e", precision - 1, (double)f);
        strconv_parse_float(str_of(text, (size_t)len), &n, &range);
        if ((float)n == f)
            break;
    }
    conform_float(w, n);
}

static void write_printed(struct json_writer *w, const char *tag, const struct field_type *type,
                          const void *member)
{
    struct value *v = field_to_value(type, NULL, member);
    conform_tagged(w, tag, v->as.string);
    value_unref(v);
}

static void write_secret(struct json_writer *w, const struct field_type *type, const void *member)
{
    struct value *v = field_to_value(type, NULL, member);
    conform_value_write(w, v, true);
    value_unref(v);
}

static void write_bytes(struct json_writer *w, struct str bytes)
{
    if (!bytes.ptr) {
        json_null(w);
        return;
    }
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    conform_base64_encode(&text, bytes);
    conform_tagged(w, "$bytes", buf_view(&text));
    buf_release(&text);
}

static void write_other(struct json_writer *w, const struct field_type *type, const void *member)
{
    struct value *v = field_to_value(type, NULL, member);
    conform_value_write(w, v, true);
    value_unref(v);
}

static void write_nullable(struct json_writer *w, const struct field_type *type,
                           const struct row *row, const void *member)
{
    if (*((const bool *)member + type->item->size))
        write_field(w, type->item, row, member);
    else
        json_null(w);
}

static void write_fixed(struct json_writer *w, const struct field_type *type, const struct row *row,
                        const char *member)
{
    json_array(w);
    for (size_t i = 0; i < type->count; i++)
        write_field(w, type->item, row, member + i * type->item->size);
    json_array_end(w);
}

static void write_field(struct json_writer *w, const struct field_type *type, const struct row *row,
                        const void *member)
{
    switch (type->kind) {
    case FIELD_LIST: write_list(w, type, row, member); break;
    case FIELD_MAP: write_map(w, type, row, member); break;
    case FIELD_FIXED: write_fixed(w, type, row, member); break;
    case FIELD_NULLABLE: write_nullable(w, type, row, member); break;
    case FIELD_F32: write_float32(w, *(const float *)member); break;
    case FIELD_DURATION: write_printed(w, "$duration", type, member); break;
    case FIELD_TIME: write_printed(w, "$time", type, member); break;
    case FIELD_TEXT: write_printed(w, "$text", type, member); break;
    case FIELD_SECRET:
    case FIELD_OPTIONAL_SECRET: write_secret(w, type, member); break;
    case FIELD_BYTES: write_bytes(w, ((const struct bytes *)member)->text); break;
    case FIELD_OBJECT: conform_struct_write(w, field_shape(type, row), member); break;
    default: write_other(w, type, member); break;
    }
}

static void write_blocks(struct json_writer *w, const struct row *row,
                         const struct field_items *list)
{
    if (!list->is_set) {
        json_null(w);
        return;
    }
    json_array(w);
    for (size_t i = 0; i < list->count; i++)
        conform_struct_write(w, row->shape, (const char *)list->items + i * row->shape->size);
    json_array_end(w);
}

/* {"one": …, "two": null}: the names without the prefix. */
static void write_enum(struct json_writer *w, const struct row *row,
                       const struct enum_block_list *list)
{
    if (!list->is_set) {
        json_null(w);
        return;
    }
    json_array(w);
    for (size_t i = 0; i < list->count; i++) {
        json_object(w);
        json_key(w, STR("$object"));
        json_object(w);
        for (const struct row *variant = row->variants; variant->name; variant++) {
            json_key(w, str_from(variant->name + strlen(row->name) + 1));
            if (list->items[i].row == variant)
                conform_struct_write(w, variant->shape, list->items[i].item);
            else
                json_null(w);
        }
        json_object_end(w);
        json_object_end(w);
    }
    json_array_end(w);
}

void conform_field_write(struct json_writer *w, const struct row *row, const void *args)
{
    const void *member = (const char *)args + row->offset;
    switch (row->type->kind) {
    case FIELD_BLOCK: conform_struct_write(w, row->shape, member); break;
    case FIELD_BLOCK_OPT: {
        const void *item = *(void *const *)member;
        if (item)
            conform_struct_write(w, row->shape, item);
        else
            json_null(w);
        break;
    }
    case FIELD_BLOCKS: write_blocks(w, row, member); break;
    case FIELD_ENUM_BLOCKS: write_enum(w, row, member); break;
    default: write_field(w, row->type, row, member); break;
    }
}

void conform_struct_write(struct json_writer *w, const struct shape *shape, const void *args)
{
    json_object(w);
    json_key(w, STR("$object"));
    json_object(w);
    for (const struct row *row = shape->rows; row->name; row++) {
        json_key(w, row->is_label ? STR("$label") : str_from(row->name));
        conform_field_write(w, row, args);
    }
    json_object_end(w);
    json_object_end(w);
}
