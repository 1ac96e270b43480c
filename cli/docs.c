/* `invar docs [PAGE]`, hidden: the pages below docs/reference that are written from the schemas.
 * Without a page, their names a line each. packaging/docs.sh puts the examples in and writes the
 * files; a test keeps them current. Depth and repetition of bodies end where a body was shown. */

#include "base/vec.h"
#include "cli/command.h"
#include "cli/surface.h"

enum { PAGE_MAX = 16 * 1024 * 1024 };

/* A body to be shown, and where it stands: "endpoint › basic_auth". */
struct section {
    struct str path;
    const struct shape *shape;
};

struct page {
    struct buf out;
    struct arena arena;
    VEC(struct section) sections; /* shown ones stay, so that none is shown twice */
};

static void file_of(struct buf *out, const struct surface_item *item)
{
    struct str family, name;
    if (!str_cut(str_from(item->name), '.', &family, &name))
        buf_printf(out, "components/%s.md", item->name);
    else
        buf_printf(out, "components/%.*s/%.*s.md", STR_ARG(family), STR_ARG(name));
}

static bool has_page(const struct surface_item *item)
{
    return item->is_supported && !item->is_block;
}

/* Text of a cell: no bar, no line end. */
static void cell(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_printf(out, *text == '|' ? "\\|" : "%c", *text == '\n' ? ' ' : *text);
}

static void write_doc(struct buf *out, const struct row *row)
{
    if (row->refused)
        buf_cstr(out, "*Not supported yet:* ");
    if (row->no_effect)
        buf_cstr(out, "*No effect:* ");
    cell(out, row->doc ? row->doc : "");
    if (!row->oneof || row->refused)
        return;
    buf_cstr(out, " One of ");
    for (size_t i = 0; row->oneof[i]; i++) {
        buf_cstr(out, i ? ", `" : "`");
        cell(out, row->oneof[i][0] ? row->oneof[i] : "\"\"");
        buf_cstr(out, "`");
    }
    buf_cstr(out, ".");
}

static void write_attributes(struct page *p, const struct row **rows)
{
    bool any = false;
    for (; *rows; rows++) {
        const struct row *row = *rows;
        if (row_is_block(row))
            continue;
        if (!any)
            buf_cstr(&p->out, "| argument | type | default | |\n|---|---|---|---|\n");
        any = true;
        buf_printf(&p->out, "| `%s` | ", row->name);
        if (!row->refused)
            surface_type(&p->out, row);
        buf_cstr(&p->out, " | ");
        if (row->required)
            buf_cstr(&p->out, "required");
        else if (row->def) {
            buf_byte(&p->out, '`');
            cell(&p->out, row->def);
            buf_byte(&p->out, '`');
        }
        buf_cstr(&p->out, " | ");
        write_doc(&p->out, row);
        buf_cstr(&p->out, " |\n");
    }
    buf_cstr(&p->out, any ? "\n" : "");
}

static const struct section *shown(const struct page *p, const struct shape *shape)
{
    for (size_t i = 0; i < p->sections.len; i++)
        if (p->sections.items[i].shape == shape)
            return &p->sections.items[i];
    return NULL;
}

static void write_block(struct page *p, struct str path, const struct row *row,
                        const struct shape *in)
{
    const struct section *same = row->shape && !row->refused ? shown(p, row->shape) : NULL;
    buf_printf(&p->out, "| `%s` | %s%s | ", row->name, row->required ? "required" : "optional",
               surface_repeats(row, in) ? ", repeats" : "");
    write_doc(&p->out, row);
    if (same && same->path.len)
        buf_printf(&p->out, " The same as `%.*s`.", STR_ARG(same->path));
    buf_cstr(&p->out, " |\n");
    if (same || !row->shape || row->refused || row->free_form)
        return;
    struct section next = {.shape = row->shape};
    next.path = path.len ? arena_printf(&p->arena, "%.*s › %s", STR_ARG(path), row->name)
                         : str_from(row->name);
    VEC_PUSH(&p->sections, next);
}

static void write_blocks(struct page *p, struct str path, const struct row **rows,
                         const struct shape *in)
{
    bool any = false;
    for (; *rows; rows++) {
        if (!row_is_block(*rows))
            continue;
        if (!any)
            buf_cstr(&p->out, "| block | | |\n|---|---|---|\n");
        any = true;
        write_block(p, path, *rows, in);
    }
    buf_cstr(&p->out, any ? "\n" : "");
}

/* The body and those inside it, level by level. */
static void write_bodies(struct page *p, const struct shape *shape)
{
    size_t at = p->sections.len;
    VEC_PUSH(&p->sections, ((struct section){.path = STR(""), .shape = shape}));
    for (; at < p->sections.len; at++) {
        struct section s = p->sections.items[at];
        const struct row **rows = surface_rows(&p->arena, s.shape);
        if (s.path.len)
            buf_printf(&p->out, "### `%.*s`\n\n", STR_ARG(s.path));
        if (schema_label_row(s.shape))
            buf_cstr(&p->out, "The block takes a label.\n\n");
        if (!rows[0])
            buf_cstr(&p->out, "There is nothing to set.\n\n");
        write_attributes(p, rows);
        write_blocks(p, s.path, rows, s.shape);
    }
}

static const char *level_of(const struct surface_item *item)
{
    return item->symbol.community ? "community" : stability_name(item->symbol.stability);
}

static void write_component(struct page *p, const struct surface_item *item)
{
    buf_printf(&p->out, "# %s\n\n%s\n\nStability: %s.\n\n@EXAMPLE %s@\n\n## Arguments\n\n",
               item->name, item->summary, level_of(item), item->name);
    write_bodies(p, item->symbol.args);
    buf_cstr(&p->out, "## Exports\n\n");
    if (!item->symbol.exports) {
        buf_cstr(&p->out, "None.\n");
        return;
    }
    const struct row **rows = surface_rows(&p->arena, item->symbol.exports);
    buf_cstr(&p->out, "| name | type | |\n|---|---|---|\n");
    for (; *rows; rows++) {
        buf_printf(&p->out, "| `%s` | ", (*rows)->name);
        surface_type(&p->out, *rows);
        buf_cstr(&p->out, " | ");
        write_doc(&p->out, *rows);
        buf_cstr(&p->out, " |\n");
    }
}

static void write_index(struct page *p, const struct surface *s)
{
    buf_cstr(&p->out,
             "# Components\n\nEvery component of Alloy 1.18. Those without a page are not run "
             "yet: `invar validate` checks their blocks,\n`invar schema NAME` shows what they "
             "take, and `invar run --feature.skip-unsupported` runs the rest of a "
             "configuration.\n\n| component | stability | |\n|---|---|---|\n");
    for (size_t i = 0; i < s->count; i++) {
        const struct surface_item *item = &s->items[i];
        if (item->is_block)
            continue;
        if (has_page(item)) {
            struct buf file;
            buf_init(&file, NULL, 4096);
            file_of(&file, item);
            struct str path = buf_view(&file), folder, rest;
            (void)str_cut(path, '/', &folder, &rest);
            buf_printf(&p->out, "| [`%s`](%.*s) | %s | %s |\n", item->name, STR_ARG(rest),
                       level_of(item), item->summary);
            buf_release(&file);
        } else {
            buf_printf(&p->out, "| `%s` | %s | not run yet |\n", item->name, level_of(item));
        }
    }
}

static void write_all_blocks(struct page *p, const struct surface *s)
{
    buf_cstr(&p->out, "# Blocks\n\nThe blocks that are no components.\n");
    for (size_t i = 0; i < s->count; i++) {
        const struct surface_item *item = &s->items[i];
        if (!item->is_block || !item->symbol.args)
            continue;
        buf_printf(&p->out, "\n## %s\n\n%s%s\n\n", item->name, item->summary,
                   item->is_supported ? "" : " Not run yet.");
        p->sections.len = 0;
        write_bodies(p, item->symbol.args);
    }
}

static void list_pages(struct buf *out, const struct surface *s)
{
    buf_cstr(out, "components/README.md\nblocks.md\n");
    for (size_t i = 0; i < s->count; i++) {
        if (!has_page(&s->items[i]))
            continue;
        file_of(out, &s->items[i]);
        buf_byte(out, '\n');
    }
}

/* False = there is no such page. */
static bool write_page(struct page *p, const struct surface *s, const char *name)
{
    if (strcmp(name, "components/README.md") == 0) {
        write_index(p, s);
        return true;
    }
    if (strcmp(name, "blocks.md") == 0) {
        write_all_blocks(p, s);
        return true;
    }
    bool found = false;
    for (size_t i = 0; i < s->count && !found; i++) {
        struct buf file;
        buf_init(&file, NULL, 4096);
        file_of(&file, &s->items[i]);
        found = has_page(&s->items[i]) && str_is(buf_view(&file), name);
        buf_release(&file);
        if (found)
            write_component(p, &s->items[i]);
    }
    return found;
}

int cli_docs(int argc, char **argv)
{
    struct surface surface;
    struct page page = {0};
    surface_init(&surface);
    arena_init(&page.arena, NULL, 0);
    buf_init(&page.out, NULL, PAGE_MAX);
    bool found = true;
    if (argc < 2)
        list_pages(&page.out, &surface);
    else
        found = write_page(&page, &surface, argv[1]);
    if (found)
        cli_print(buf_view(&page.out));
    else
        cli_error("there is no such page");
    buf_release(&page.out);
    VEC_RELEASE(&page.sections);
    arena_release(&page.arena);
    surface_release(&surface);
    return found ? 0 : 1;
}
