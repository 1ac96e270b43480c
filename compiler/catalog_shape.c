/* Rows and types from the lines of the catalog. Everything is made in the catalog's arena. A member
 * is 8-aligned; single blocks are pointers, so that bodies may hold themselves. */

#include "compiler/catalog_shape.h"

#include "base/strconv.h"

/* A struct given as an object is written in place: no body that is used so is larger. */
enum { OBJECT_ROOM = 512, TYPE_DEPTH = 4 };

static const struct {
    const char *name;
    const struct field_type *type;
} plain[] = {
    {"string", &field_str}, {"bool", &field_bool},     {"duration", &field_duration},
    {"size", &field_size},  {"url", &field_str},       {"regex", &field_regex_full},
    {"time", &field_time},  {"secret", &field_secret}, {"optional_secret", &field_optional_secret},
    {"any", &field_any},    {"target", &field_target}, {"targets", &field_targets},
    {"i8", &field_i8},      {"i16", &field_i16},       {"i32", &field_i32},
    {"i64", &field_i64},    {"u8", &field_u8},         {"u16", &field_u16},
    {"u32", &field_u32},    {"u64", &field_u64},       {"f32", &field_f32},
    {"f64", &field_f64},
};

static size_t round_up(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static struct str word(struct str *line)
{
    struct str head;
    (void)str_cut(*line, ' ', &head, line);
    return head;
}

/* ---- types ---- */

static const struct capsule_type *capsule_of(struct catalog *c, struct str name)
{
    for (const struct capsule_type *const *type = c->given; type && *type; type++)
        if (str_is(name, (*type)->name))
            return *type;
    for (struct catalog_capsule *known = c->capsules; known; known = known->next)
        if (str_is(name, known->type.name))
            return &known->type;
    struct catalog_capsule *made = ARENA_NEW(c->arena, struct catalog_capsule);
    made->type.name = arena_cstr(c->arena, name);
    made->next = c->capsules;
    c->capsules = made;
    return &made->type;
}

/* The innermost type; sets the row's capsule or shape. */
static const struct field_type *innermost(struct catalog *c, struct str text, struct row *row)
{
    struct str head, inner;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (str_is(text, plain[i].name))
            return plain[i].type;
    bool ok = str_cut(text, '(', &head, &inner);
    ASSERT(ok && "a type of the catalog");
    inner = str_slice(inner, 0, inner.len - 1);
    if (str_is(head, "capsule")) {
        row->capsule = capsule_of(c, inner);
        return &field_capsule;
    }
    uint64_t body = 0;
    ok = str_is(head, "object") && str_to_u64(inner, &body);
    ASSERT(ok && "a type of the catalog");
    struct field_type *object = ARENA_NEW(c->arena, struct field_type);
    object->kind = FIELD_OBJECT;
    object->size = OBJECT_ROOM;
    object->shape = row->shape = catalog_shape(c, body);
    return object;
}

static const struct field_type *around(struct catalog *c, enum field_kind kind,
                                       const struct field_type *item)
{
    struct field_type *type = ARENA_NEW(c->arena, struct field_type);
    type->kind = (uint8_t)kind;
    type->item = item;
    type->size = kind == FIELD_NULLABLE ? round_up(item->size + 1) : sizeof(struct field_items);
    return type;
}

/* "list(map(string))": the wrappers from the outside, then types from the inside. */
static const struct field_type *type_of(struct catalog *c, struct str text, struct row *row)
{
    static const struct {
        const char *name;
        enum field_kind kind;
    } wrappers[] = {{"list(", FIELD_LIST}, {"map(", FIELD_MAP}, {"null(", FIELD_NULLABLE}};
    enum field_kind kinds[TYPE_DEPTH];
    size_t depth = 0;
    for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]);) {
        struct str name = str_from(wrappers[i].name);
        if (!str_starts(text, name)) {
            i++;
            continue;
        }
        ASSERT(depth < TYPE_DEPTH);
        kinds[depth++] = wrappers[i].kind;
        text = str_slice(text, name.len, text.len - 1);
        i = 0;
    }
    const struct field_type *type = innermost(c, text, row);
    while (depth-- > 0)
        type = around(c, kinds[depth], type);
    return type;
}

/* ---- rows ---- */

static enum status check_not_empty(struct str text, struct error *err)
{
    return text.len ? STATUS_OK : error_set(err, STATUS_INVALID, "must not be empty");
}

/* "A|B|C" as a list that ends with NULL. */
static const char *const *texts_of(struct catalog *c, struct str list, char by)
{
    size_t count = 1, at = 0;
    for (size_t i = 0; i < list.len; i++)
        count += list.ptr[i] == by;
    const char **texts = ARENA_ARRAY(c->arena, count + 1, const char *);
    while (at < count) {
        struct str one;
        (void)str_cut(list, by, &one, &list);
        texts[at++] = arena_cstr(c->arena, one);
    }
    texts[at] = NULL;
    return texts;
}

static void add_bound(struct catalog *c, struct row *row, struct str word)
{
    struct str what, text;
    double n = 0;
    bool range = false;
    struct number_bounds *bounds =
        row->bounds ? (void *)(uintptr_t)row->bounds : ARENA_NEW(c->arena, struct number_bounds);
    (void)str_cut(word, ':', &what, &text);
    bool ok = strconv_parse_float(text, &n, &range);
    ASSERT(ok && "a bound of the catalog");
    if (str_is(what, "max")) {
        bounds->has_max = true;
        bounds->max = n;
    } else {
        bounds->has_min = true;
        bounds->min = n;
        bounds->above_min = str_is(what, "above");
    }
    row->bounds = bounds;
}

static void place(struct shape *shape, struct row *row, size_t size)
{
    row->offset = shape->size;
    row->size = size;
    shape->size += round_up(size);
}

static void fill_attribute(struct catalog *c, struct shape *shape, struct row *row, struct str line)
{
    row->name = arena_cstr(c->arena, word(&line));
    row->type = type_of(c, word(&line), row);
    while (line.len) {
        struct str next = word(&line);
        if (str_is(next, "=")) {
            row->def = arena_cstr(c->arena, line);
            break;
        }
        if (str_is(next, "!"))
            row->required = true;
        else if (str_is(next, "full"))
            row->check = row->type->kind == FIELD_STR ? check_not_empty : NULL;
        else if (str_starts(next, STR("one:")))
            row->oneof = texts_of(c, str_slice(next, 4, next.len), '|');
        else
            add_bound(c, row, next);
    }
    place(shape, row, row->type->size);
}

static void fill_block(struct catalog *c, struct shape *shape, struct row *row, struct str line)
{
    uint64_t body = 0;
    row->name = arena_cstr(c->arena, word(&line));
    bool ok = str_to_u64(word(&line), &body);
    ASSERT(ok && "a block of the catalog");
    row->shape = catalog_shape(c, body);
    row->type = &field_block_opt;
    while (line.len) {
        struct str next = word(&line);
        if (str_is(next, "!"))
            row->required = true;
        else
            row->type = &field_blocks;
    }
    place(shape, row, row->type == &field_blocks ? sizeof(struct field_items) : sizeof(void *));
}

static void fill_label(struct shape *shape, struct row *row)
{
    row->name = "";
    row->type = &field_str;
    row->is_label = true;
    place(shape, row, sizeof(struct str));
}

static void fill_variants(struct shape *shape, struct row *row, const struct row *variants)
{
    row->name = ""; /* the first variant tells */
    row->type = &field_enum_blocks;
    row->variants = variants;
    place(shape, row, sizeof(struct enum_block_list));
}

static void fill_variant(struct catalog *c, struct row *list, struct row *row, struct str line)
{
    uint64_t body = 0;
    struct str name = word(&line), prefix, rest;
    str_cut(name, '.', &prefix, &rest);
    if (!list->name[0])
        list->name = arena_cstr(c->arena, prefix);
    row->name = arena_cstr(c->arena, name);
    row->type = &field_block;
    bool ok = str_to_u64(line, &body);
    ASSERT(ok && "a block of the catalog");
    row->shape = catalog_shape(c, body);
}

static void fill_rule(struct catalog *c, struct schema_rule *rule, struct str line)
{
    static const char *const kinds[] = {
        [RULE_ONE] = "one",           [RULE_AT_MOST_ONE] = "most_one", [RULE_AT_LEAST_ONE] = "any",
        [RULE_TOGETHER] = "together", [RULE_NEEDS] = "needs",
    };
    struct str kind = word(&line);
    while (rule->kind < RULE_KINDS && !str_is(kind, kinds[rule->kind]))
        rule->kind++;
    ASSERT(rule->kind < RULE_KINDS && "a rule of the catalog");
    rule->names = texts_of(c, line, ' ');
}

/* How many lines of each letter a body has. */
struct tally {
    size_t rows, variants, rules;
};

static bool next_line(struct str *rest, char *letter, struct str *line)
{
    if (!str_cut(*rest, '\n', line, rest) || line->len < 3 || line->ptr[1] != ' ')
        return false;
    *letter = line->ptr[0];
    *line = str_slice(*line, 2, line->len);
    return true;
}

static struct tally count_lines(struct str rest)
{
    struct tally t = {0};
    struct str line;
    char letter;
    while (next_line(&rest, &letter, &line)) {
        t.rows += letter == 'a' || letter == 'b';
        t.variants += letter == 'e';
        t.rules += letter == 'r';
    }
    return t;
}

void catalog_shape_fill(struct catalog *c, const struct catalog_body *body)
{
    struct shape *shape = body->shape;
    struct tally t = count_lines(body->lines);
    struct row *row = ARENA_ARRAY(c->arena, t.rows + 3, struct row);
    struct row *variant = ARENA_ARRAY(c->arena, t.variants + 1, struct row);
    struct schema_rule *rule = ARENA_ARRAY(c->arena, t.rules + 1, struct schema_rule);
    memset(row, 0, (t.rows + 3) * sizeof(*row));
    memset(variant, 0, (t.variants + 1) * sizeof(*variant));
    memset(rule, 0, (t.rules + 1) * sizeof(*rule));
    shape->rows = row;
    shape->rules = t.rules ? rule : NULL;
    shape->size = 0;
    if (body->labelled)
        fill_label(shape, row++);
    struct row *list = row;
    if (t.variants)
        fill_variants(shape, row++, variant);
    struct str rest = body->lines, line;
    char letter;
    while (next_line(&rest, &letter, &line)) {
        switch (letter) {
        case 'a': fill_attribute(c, shape, row++, line); break;
        case 'b': fill_block(c, shape, row++, line); break;
        case 'e': fill_variant(c, list, variant++, line); break;
        default: fill_rule(c, rule++, line); break;
        }
    }
    if (!shape->size)
        shape->size = 1;
}
