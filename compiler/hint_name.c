/* Hints about names in bodies: the nearest one of the shape, the block that has it, the names there
 * are. Shapes nest a few levels; one level of blocks is looked into. */

#include "compiler/body.h"
#include "compiler/suggest.h"

enum { LISTED_MAX = 12, SQUASH_DEPTH = 16 };

/* All rows of a shape, squashed ones and variants in their place. */
struct rows {
    const struct row *stack[SQUASH_DEPTH];
    size_t depth;
};

static void rows_of(struct rows *r, const struct shape *shape)
{
    r->depth = 1;
    r->stack[0] = shape->rows;
}

static const struct row *next_row(struct rows *r)
{
    while (r->depth) {
        const struct row *row = r->stack[r->depth - 1];
        if (!row || !row->name) {
            r->depth--;
            continue;
        }
        r->stack[r->depth - 1]++;
        bool opens = row->squash || row->variants;
        if (opens && r->depth < SQUASH_DEPTH)
            r->stack[r->depth++] = row->squash ? row->shape->rows : row->variants;
        else if (!opens && row->name[0] && !row->refused)
            return row;
    }
    return NULL;
}

static void list_names(struct diags *diags, struct diag *diag, const struct shape *shape)
{
    struct rows rows;
    struct buf all;
    unsigned count = 0;
    buf_init(&all, NULL, 64 * 1024);
    rows_of(&rows, shape);
    for (const struct row *row = next_row(&rows); row; row = next_row(&rows))
        buf_printf(&all, "%s%s%s", count++ ? ", " : "", row->name, row_is_block(row) ? " { }" : "");
    if (count == 0)
        diag_hint(diags, diag, "nothing can stand here");
    else if (count <= LISTED_MAX)
        diag_hint(diags, diag, "what can stand here: %.*s", STR_ARG(buf_view(&all)));
    buf_release(&all);
}

/* A block of the shape that has an attribute or block of that name. */
static const char *owner(const struct shape *shape, struct str name)
{
    struct rows rows;
    rows_of(&rows, shape);
    for (const struct row *row = next_row(&rows); row; row = next_row(&rows))
        if (row_is_block(row) && row->shape && !row->free_form && schema_find(row->shape, name))
            return row->name;
    return NULL;
}

/* What other programs call it. */
static const struct {
    const char *from, *to;
} renamed[] = {
    {"address", "endpoint"},       {"headers", "custom_headers"}, {"path", "filename"},
    {"scrape_configs", "targets"}, {"receivers", "forward_to"},   {"static_configs", "targets"},
    {"sinks", "forward_to"},       {"outputs", "forward_to"},     {"interval", "scrape_interval"},
    {"timeout", "scrape_timeout"}, {"file", "filename"},          {"labels", "external_labels"},
    {"output", "forward_to"},      {"write_to", "forward_to"},
};

void hint_name(struct diags *diags, struct diag *diag, struct str name, const struct shape *shape)
{
    if (!diag || !shape)
        return;
    if (str_starts(name, STR("stage.")) && !schema_find(shape, STR("stage.json"))) {
        diag_hint(diags, diag, "stages are blocks inside a loki.process component");
        return;
    }
    const char *inside = owner(shape, name);
    if (inside) {
        diag_hint(diags, diag, "%.*s belongs into the block %s { }", STR_ARG(name), inside);
        return;
    }
    struct suggest s;
    struct rows rows;
    suggest_init(&s, name);
    rows_of(&rows, shape);
    for (const struct row *row = next_row(&rows); row; row = next_row(&rows))
        suggest_try(&s, str_from(row->name));
    if (s.best.ptr)
        diag_hint(diags, diag, "did you mean %.*s?", STR_ARG(s.best));
    for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
        if (str_is(name, renamed[i].from) && schema_find(shape, str_from(renamed[i].to)))
            diag_hint(diags, diag, "did you mean %s?", renamed[i].to);
    list_names(diags, diag, shape);
}

void hint_statement(struct diags *diags, struct diag *diag, const struct statement *s,
                    const struct shape *shape)
{
    switch (s->problem) {
    case DIAG_ATTRIBUTE_UNKNOWN:
    case DIAG_BLOCK_UNKNOWN: hint_name(diags, diag, s->name, shape); break;
    case DIAG_MUST_BE_BLOCK:
        diag_hint(diags, diag, "a block has no equals sign: %.*s { ... }", STR_ARG(s->name));
        break;
    case DIAG_MUST_BE_ATTRIBUTE:
        diag_hint(diags, diag, "an attribute needs an equals sign: %.*s = ...", STR_ARG(s->name));
        break;
    case DIAG_BLOCK_ONCE:
        diag_hint(diags, diag, "put everything into one block %.*s", STR_ARG(s->name));
        break;
    case DIAG_ATTRIBUTE_TWICE:
        diag_hint(diags, diag, "remove one of the two, or make a list of their values");
        break;
    default: break;
    }
}

/* ---- values ---- */

/* One of a few texts. */
static void hint_choice(struct diags *diags, struct diag *diag, const struct row *row,
                        struct str text)
{
    struct suggest s;
    struct buf all;
    buf_init(&all, NULL, 64 * 1024);
    if (text.len > 2 && text.ptr[0] == '"')
        text = str_slice(text, 1, text.len - 1);
    suggest_init(&s, text);
    for (const char *const *name = row->oneof; *name; name++) {
        suggest_try(&s, str_from(*name));
        if (**name)
            buf_printf(&all, "%s%s", all.len ? ", " : "", *name);
    }
    if (s.best.len)
        diag_hint(diags, diag, "did you mean \"%.*s\"? It can be: %.*s", STR_ARG(s.best),
                  STR_ARG(buf_view(&all)));
    else
        diag_hint(diags, diag, "it can be: %.*s", STR_ARG(buf_view(&all)));
    buf_release(&all);
}

void hint_value(struct diags *diags, struct diag *diag, const struct row *row, struct str text)
{
    const struct field_type *type = row->type;
    while (type->kind == FIELD_NULLABLE)
        type = type->item;
    bool is_text = text.len && (text.ptr[0] == '"' || text.ptr[0] == '`');
    if (diag->id != DIAG_VALUE)
        return;
    if (str_find(diag->message, STR("parsing regexp"), 0) != SIZE_MAX)
        diag_hint(diags, diag,
                  "patterns are those of RE2; in back quotes backslashes stand for "
                  "themselves");
    if (row->oneof) {
        hint_choice(diags, diag, row, text);
        return;
    }
    switch (type->kind) {
    case FIELD_DURATION:
        diag_hint(diags, diag,
                  "a duration is a number with a unit, as \"15s\", \"1m30s\" or "
                  "\"24h\"; there are no days");
        break;
    case FIELD_BOOL: diag_hint(diags, diag, "write true or false, without quotes"); break;
    case FIELD_SIZE: diag_hint(diags, diag, "a size is a number with a unit, as \"10MiB\""); break;
    case FIELD_LIST:
        if (is_text && type->item->kind == FIELD_CAPSULE)
            diag_hint(diags, diag, "references stand without quotes: NAME.LABEL.receiver");
        else if (is_text && type->item->kind == FIELD_STR)
            diag_hint(diags, diag, "a list stands in brackets: [%.*s]", STR_ARG(text));
        break;
    case FIELD_TARGETS:
        diag_hint(diags, diag,
                  "targets are a list of objects, [{__address__ = \"HOST:PORT\"}], or a "
                  "component's export");
        break;
    case FIELD_CAPSULE:
        diag_hint(diags, diag, "references stand without quotes: NAME.LABEL.EXPORT");
        break;
    default:
        if (type->kind >= FIELD_I8 && type->kind <= FIELD_F64)
            diag_hint(diags, diag, "a number is wanted, without quotes");
        break;
    }
    if (row->doc)
        diag_hint(diags, diag, "%s: %s", row->name, row->doc);
}
