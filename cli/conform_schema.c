/* Rows from the corpus' schemas. Every struct has the same generous size, so that members can be
 * laid out before nested schemas are read; those wait in a list. */

#include "cli/conform_schema.h"

#include "base/strconv.h"
#include "base/vec.h"
#include "compiler/field.h"

/* ---- the types of the corpus ---- */

struct object_inner {
    bool deep;
};

struct object_args {
    struct str name;
    int64_t port;
    struct str_list tags;
    struct {
        struct object_inner value;
        bool is_set;
    } inner;
};

static const struct row inner_rows[] = {
    {ATTR(struct object_inner, deep), .required = true, .doc = "A flag."},
    {0},
};
static const struct shape inner_shape = SHAPE(struct object_inner, inner_rows, NULL);
static const struct field_type inner_type = {
    .kind = FIELD_OBJECT, .size = sizeof(struct object_inner), .shape = &inner_shape};
static const struct field_type opt_inner_type = {
    .kind = FIELD_NULLABLE, .size = 2 * sizeof(bool), .item = &inner_type};

static const struct row object_rows[] = {
    {ATTR(struct object_args, name), .required = true, .doc = "A name."},
    {ATTR(struct object_args, port), .doc = "A port."},
    {ATTR(struct object_args, tags), .doc = "Some tags."},
    {.name = "inner", .type = &opt_inner_type, SCHEMA_MEMBER(struct object_args, inner)},
    {0},
};
static const struct shape object_shape = SHAPE(struct object_args, object_rows, NULL);
static const struct field_type object_type = {
    .kind = FIELD_OBJECT, .size = sizeof(struct object_args), .shape = &object_shape};

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

static enum status level_parse(struct str text, void *member, struct arena *arena,
                               struct error *err)
{
    (void)arena;
    for (size_t i = 0; levels[i]; i++) {
        if (str_is(text, levels[i])) {
            *(struct str *)member = text;
            return STATUS_OK;
        }
    }
    return error_set(err, STATUS_INVALID, "unrecognized log level \"%.*s\"", STR_ARG(text));
}

static void level_print(const void *member, struct buf *out)
{
    buf_str(out, *(const struct str *)member);
}

static const struct text_type level_text = {
    .name = "level", .size = sizeof(struct str), .parse = level_parse, .print = level_print};
static const struct field_type level_type = FIELD_TEXT_TYPE(struct str, level_text);

static const struct {
    const char *name;
    const struct field_type *type;
} leaves[] = {
    {"int", &field_i64},           {"int8", &field_i8},
    {"int16", &field_i16},         {"int32", &field_i32},
    {"int64", &field_i64},         {"uint", &field_u64},
    {"uint8", &field_u8},          {"uint16", &field_u16},
    {"uint32", &field_u32},        {"uint64", &field_u64},
    {"float32", &field_f32},       {"float64", &field_f64},
    {"string", &field_str},        {"bool", &field_bool},
    {"any", &field_any},           {"duration", &field_duration},
    {"bytes", &field_bytes},       {"secret", &field_secret},
    {"time", &field_time},         {"optional_secret", &field_optional_secret},
    {"target", &field_target},     {"text(level)", &level_type},
    {"object(obj)", &object_type}, {"capsule(receiver)", &field_capsule},
    {"list(uint8)", &field_bytes}, {"list(target)", &field_targets},
};

static const struct field_type *leaf(struct str name)
{
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
        if (str_is(name, leaves[i].name))
            return leaves[i].type;
    return NULL;
}

static struct field_type *wrap(struct arena *arena, struct str wrapper)
{
    struct field_type *type = ARENA_NEW(arena, struct field_type);
    type->kind = str_is(wrapper, "map")        ? FIELD_MAP
                 : str_is(wrapper, "nullable") ? FIELD_NULLABLE
                 : str_is(wrapper, "array2")   ? FIELD_FIXED
                                               : FIELD_LIST;
    type->count = 2;
    type->size = sizeof(struct field_items);
    return type;
}

/* The size of wrappers that hold their item in themselves, innermost last. */
static void set_sizes(struct field_type **wrappers, size_t count)
{
    while (count-- > 0) {
        struct field_type *type = wrappers[count];
        if (type->kind == FIELD_NULLABLE)
            type->size = (type->item->size + sizeof(bool) + 7) & ~(size_t)7;
        else if (type->kind == FIELD_FIXED)
            type->size = type->count * type->item->size;
    }
}

enum { WRAPPERS_MAX = 8 };

static const struct field_type *read_type(struct arena *arena, struct str text)
{
    struct field_type *wrappers[WRAPPERS_MAX];
    const struct field_type *outer = NULL;
    size_t count = 0;
    const struct field_type *inner;
    while (!(inner = leaf(text))) {
        size_t open = str_find_byte(text, '(', 0);
        if (open == SIZE_MAX || count == WRAPPERS_MAX)
            return NULL;
        struct field_type *type = wrap(arena, str_slice(text, 0, open));
        text = str_slice(text, open + 1, text.len - 1);
        if (count > 0)
            wrappers[count - 1]->item = type;
        else
            outer = type;
        wrappers[count++] = type;
    }
    if (count == 0)
        return inner;
    wrappers[count - 1]->item = inner;
    set_sizes(wrappers, count);
    return outer;
}

/* ---- schemas ---- */

struct pending_shape {
    struct shape *shape;
    const struct doc *doc;
};

struct schema_reader {
    struct arena *arena;
    VEC(struct pending_shape) todo;
};

static struct shape *add_shape(struct schema_reader *r, const struct doc *doc)
{
    struct shape *shape = ARENA_NEW(r->arena, struct shape);
    shape->size = CONFORM_STRUCT_SIZE / 8;
    VEC_PUSH(&r->todo, ((struct pending_shape){shape, doc}));
    return shape;
}

/* The struct of the corpus' only cross-field rule: its first two members. */
static enum status check_range(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const int64_t *range = args;
    if (range[0] <= range[1])
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "min (%lld) must not be larger than max (%lld)",
                     (long long)range[0], (long long)range[1]);
}

static struct str text_of(const struct doc *doc, const char *key)
{
    const struct doc *found = doc_get(doc, str_from(key));
    return found ? found->text : STR("");
}

static bool flag_of(const struct doc *doc, const char *key)
{
    const struct doc *found = doc_get(doc, str_from(key));
    return found && found->boolean;
}

/* As a literal of the language. */
static const char *default_text(struct arena *arena, const struct doc *doc)
{
    struct buf text;
    if (!doc || doc->kind == DOC_NULL)
        return NULL;
    buf_init(&text, NULL, 1 << 16);
    bool tagged = doc->kind == DOC_MAP && doc->child->kind == DOC_STRING;
    struct str tag = tagged ? doc->child->key : STR("");
    if (str_is(tag, "$secret") || str_is(tag, "$text") || str_is(tag, "$duration")) {
        strconv_quote(&text, doc->child->text);
    } else {
        struct value *v = conform_value_read(arena, doc);
        value_print(&text, v);
        value_unref(v);
    }
    const char *result = arena_cstr(arena, buf_view(&text));
    buf_release(&text);
    return result;
}

static void place(struct row *row, size_t *offset, size_t size)
{
    row->offset = *offset;
    row->size = size;
    *offset += (size + 7) & ~(size_t)7;
    ASSERT(*offset <= CONFORM_STRUCT_SIZE);
}

static void read_attribute(struct schema_reader *r, struct row *row, const struct doc *doc,
                           size_t *offset)
{
    row->name = arena_cstr(r->arena, text_of(doc, "name"));
    row->type = read_type(r->arena, text_of(doc, "type"));
    row->capsule = &conform_receiver;
    row->required = !flag_of(doc, "optional");
    row->def = default_text(r->arena, doc_get(doc, STR("default")));
    place(row, offset, row->type->size);
}

static const struct row *read_variants(struct schema_reader *r, const char *prefix,
                                       const struct doc *list)
{
    struct row *rows = ARENA_ARRAY(r->arena, list->count + 1, struct row);
    size_t n = 0;
    for (const struct doc *d = list->child; d; d = d->next, n++) {
        struct str name = text_of(d, "name");
        rows[n].name = arena_printf(r->arena, "%s.%.*s", prefix, STR_ARG(name)).ptr;
        rows[n].type = &field_block;
        rows[n].shape = add_shape(r, doc_get(d, STR("schema")));
    }
    return rows;
}

static void read_block(struct schema_reader *r, struct row *row, const struct doc *doc,
                       size_t *offset)
{
    struct str kind = text_of(doc, "kind");
    const struct doc *nested = doc_get(doc, STR("schema"));
    row->name = arena_cstr(r->arena, text_of(doc, "name"));
    row->required = !flag_of(doc, "optional");
    if (str_is(kind, "map") || str_is(kind, "any")) {
        row->free_form = true;
        row->type = str_is(kind, "any") ? &field_any : read_type(r->arena, text_of(doc, "type"));
    } else if (str_is(kind, "enum")) {
        row->type = &field_enum_blocks;
        row->variants = read_variants(r, row->name, doc_get(doc, STR("alternatives")));
    } else {
        row->shape = add_shape(r, nested);
        row->type = str_is(kind, "single")
                        ? flag_of(doc, "pointer") ? &field_block_opt : &field_block
                        : &field_blocks;
        uint64_t exactly = 0;
        if (str_starts(kind, STR("exactly")))
            str_to_u64(str_slice(kind, 7, kind.len), &exactly);
        row->exactly = (uint32_t)exactly;
    }
    place(row, offset, row->type == &field_block ? row->shape->size : row->type->size);
}

static void read_shape(struct schema_reader *r, struct shape *shape, const struct doc *doc)
{
    const struct doc *attrs = doc_get(doc, STR("attrs"));
    const struct doc *blocks = doc_get(doc, STR("blocks"));
    struct row *rows = ARENA_ARRAY(r->arena, attrs->count + blocks->count + 2, struct row);
    size_t n = 0;
    size_t offset = 0;
    for (const struct doc *d = blocks->child; d; d = d->next)
        read_block(r, &rows[n++], d, &offset);
    for (const struct doc *d = attrs->child; d; d = d->next)
        read_attribute(r, &rows[n++], d, &offset);
    if (flag_of(doc, "label")) {
        rows[n] = (struct row){.name = "", .type = &field_str, .is_label = true};
        place(&rows[n], &offset, sizeof(struct str));
    }
    shape->rows = rows;
    if (doc_get(doc, STR("validate")))
        shape->check = check_range;
}

const struct shape *conform_shape(struct arena *arena, const struct doc *schema)
{
    struct schema_reader r = {.arena = arena};
    struct shape *root = add_shape(&r, schema);
    root->size = CONFORM_STRUCT_SIZE;
    while (r.todo.len > 0) {
        struct pending_shape next = r.todo.items[--r.todo.len];
        read_shape(&r, next.shape, next.doc);
    }
    VEC_RELEASE(&r.todo);
    return root;
}

const struct shape *conform_shape_of_type(struct arena *arena, struct str type)
{
    struct row *rows = ARENA_ARRAY(arena, 2, struct row);
    struct shape *shape = ARENA_NEW(arena, struct shape);
    rows[0] = (struct row){.name = "v",
                           .type = read_type(arena, type),
                           .required = true,
                           .capsule = &conform_receiver};
    if (!rows[0].type)
        return NULL;
    rows[0].size = rows[0].type->size;
    shape->rows = rows;
    shape->size = CONFORM_STRUCT_SIZE;
    return shape;
}
