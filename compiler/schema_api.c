/* Decoded bodies as the HTTP API lists them; see schema_api_json. Blocks inside blocks are kept on
 * a stack. */

#include "base/vec.h"
#include "compiler/field_walk.h"
#include "compiler/hidden.h"

/* A body being written. */
struct api_frame {
    const struct row *row; /* next */
    const char *args;
    const char *defaults;
    size_t item;   /* of the row's blocks, next */
    bool squashed; /* part of the body below: opened nothing */
};

struct api {
    struct json_writer *w;
    struct arena arena; /* defaults */
    VEC(struct api_frame) frames;
};

static const char *defaults_of(struct api *api, const struct shape *shape)
{
    void *args = arena_zalloc(&api->arena, shape->size);
    schema_defaults(shape, args, &api->arena);
    return args;
}

static struct value *without_userinfo(struct value *owned)
{
    struct str text = owned->as.string;
    struct str userinfo = hidden_userinfo(text);
    if (userinfo.len == 0)
        return owned;
    struct buf out;
    buf_init(&out, NULL, SIZE_MAX);
    buf_str(&out, str_of(text.ptr, (size_t)(userinfo.ptr - text.ptr)));
    buf_cstr(&out, "(secret)");
    buf_str(&out, str_slice(text, (size_t)(userinfo.ptr - text.ptr) + userinfo.len, text.len));
    struct value *shown = value_string(buf_view(&out));
    buf_release(&out);
    value_unref(owned);
    return shown;
}

/* The names of HTTP headers, without their values. */
static struct value *without_contents(struct api *api, struct value *owned)
{
    struct value_field *fields = ARENA_ARRAY(&api->arena, owned->count, struct value_field);
    for (uint32_t i = 0; i < owned->count; i++)
        fields[i] = (struct value_field){owned->as.fields[i].key, value_string(STR("(secret)"))};
    struct value *shown = value_object(fields, owned->count, true);
    value_unref(owned);
    return shown;
}

/* What is a secret though its type does not say so. */
static struct value *without_secrets(struct api *api, struct str name, struct value *owned)
{
    if (owned->type == VALUE_STRING)
        return without_userinfo(owned);
    bool headers = owned->type == VALUE_OBJECT && hidden_headers(name);
    return headers ? without_contents(api, owned) : owned;
}

static void write_attribute(struct api *api, struct str name, struct value *owned)
{
    owned = without_secrets(api, name, owned);
    json_object(api->w);
    json_key(api->w, STR("name"));
    json_string(api->w, name);
    json_key(api->w, STR("type"));
    json_string(api->w, STR("attr"));
    json_key(api->w, STR("value"));
    value_api_json(api->w, owned);
    json_object_end(api->w);
    value_unref(owned);
}

static void open_block(struct api *api, const char *name, struct str label)
{
    json_object(api->w);
    json_key(api->w, STR("name"));
    json_string(api->w, str_from(name));
    json_key(api->w, STR("type"));
    json_string(api->w, STR("block"));
    if (label.len > 0) {
        json_key(api->w, STR("label"));
        json_string(api->w, label);
    }
    json_key(api->w, STR("body"));
    json_array(api->w);
}

static void close_block(struct api *api)
{
    json_array_end(api->w);
    json_object_end(api->w);
}

static void push_block(struct api *api, const char *name, const struct shape *shape,
                       const void *args)
{
    const struct row *label_row = schema_label_row(shape);
    struct str label = STR("");
    if (label_row)
        label = *(const struct str *)(const void *)((const char *)args + label_row->offset);
    open_block(api, name, label);
    struct api_frame frame = {
        .row = shape->rows, .args = args, .defaults = defaults_of(api, shape)};
    VEC_PUSH(&api->frames, frame);
}

static bool is_zero(const char *member, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (member[i])
            return false;
    return true;
}

/* Go compares neither slices nor maps: such members are left out only when both are nil. */
static bool is_comparable(const struct field_type *type)
{
    return type->kind != FIELD_LIST && type->kind != FIELD_MAP && type->kind != FIELD_BYTES &&
           type->kind != FIELD_TARGETS && type->kind != FIELD_BLOCKS &&
           type->kind != FIELD_ENUM_BLOCKS;
}

static bool equals_default(const struct row *row, const char *member, const char *standard)
{
    if (is_zero(member, row->size) && is_zero(standard, row->size))
        return true;
    struct row alone[] = {*row, {0}};
    alone[0].offset = 0;
    struct shape shape = {.rows = alone, .size = row->size};
    return is_comparable(row->type) && schema_equal(&shape, member, standard);
}

static void write_free_block(struct api *api, const struct row *row, const char *member)
{
    struct value *v = field_to_value(row->type, row, member);
    open_block(api, row->name, STR(""));
    for (uint32_t i = 0; v->type == VALUE_OBJECT && i < v->count; i++)
        write_attribute(api, v->as.fields[i].key, value_ref(v->as.fields[i].value));
    close_block(api);
    value_unref(v);
}

/* The next block of a row with blocks; false = no more. May grow the stack. */
static bool next_block(struct api *api, const struct row *row, const char *member, size_t i)
{
    switch (row->type->kind) {
    case FIELD_BLOCK:
        if (i == 0)
            push_block(api, row->name, row->shape, member);
        return i == 0;
    case FIELD_BLOCK_OPT: {
        const void *item = *(void *const *)(const void *)member;
        if (i == 0 && item)
            push_block(api, row->name, row->shape, item);
        return i == 0 && item;
    }
    case FIELD_BLOCKS: {
        const struct field_items *list = (const void *)member;
        if (i >= list->count)
            return false;
        push_block(api, row->name, row->shape, (char *)list->items + i * row->shape->size);
        return true;
    }
    default: {
        const struct enum_block_list *list = (const void *)member;
        if (i >= list->count)
            return false;
        push_block(api, list->items[i].row->name, list->items[i].row->shape, list->items[i].item);
        return true;
    }
    }
}

/* Writes what comes next of the innermost body. */
static void advance(struct api *api)
{
    struct api_frame *top = &api->frames.items[api->frames.len - 1];
    const struct row *row = top->row;
    const char *member = top->args + row->offset;
    const char *standard = top->defaults + row->offset;
    if (row->squash && !row->refused) {
        struct api_frame inner = {
            .row = row->shape->rows, .args = member, .defaults = standard, .squashed = true};
        top->row++;
        VEC_PUSH(&api->frames, inner);
        return;
    }
    bool hidden =
        row->refused || row->is_label || (!row->required && equals_default(row, member, standard));
    if (!hidden && row->type->kind >= FIELD_BLOCK) {
        if (next_block(api, row, member, top->item++))
            return;
        top = &api->frames.items[api->frames.len - 1];
    } else if (!hidden && row->free_form) {
        write_free_block(api, row, member);
    } else if (!hidden) {
        write_attribute(api, str_from(row->name), field_to_value(row->type, row, member));
    }
    top->row++;
    top->item = 0;
}

void schema_api_json(struct json_writer *w, const struct shape *shape, const void *args)
{
    struct api api = {.w = w};
    arena_init(&api.arena, NULL, 0);
    json_array(w);
    struct api_frame root = {
        .row = shape->rows, .args = args, .defaults = defaults_of(&api, shape)};
    VEC_PUSH(&api.frames, root);
    while (api.frames.len > 0) {
        struct api_frame *top = &api.frames.items[api.frames.len - 1];
        if (top->row->name) {
            advance(&api);
            continue;
        }
        bool squashed = top->squashed;
        api.frames.len--;
        if (!squashed && api.frames.len > 0)
            close_block(&api);
    }
    json_array_end(w);
    VEC_RELEASE(&api.frames);
    arena_release(&api.arena);
}
