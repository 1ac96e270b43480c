/* The catalog's text: names and levels, where its bodies stand, and shapes made of them. Bodies
 * that hold themselves are made once; a list of work takes the place of recursion. The text is
 * ours, so that a line it cannot read is an assertion. */

#include "compiler/catalog.h"

#include "base/strconv.h"
#include "base/vec.h"
#include "compiler/catalog_shape.h"
#include "compiler/catalog_text.h"

static struct str word(struct str *line)
{
    struct str head;
    (void)str_cut(*line, ' ', &head, line);
    return head;
}

static uint64_t number(struct str text)
{
    uint64_t n = 0;
    bool ok = str_to_u64(text, &n);
    ASSERT(ok && "a number of a body");
    return n;
}

/* "component NAME LEVEL BODY EXPORTS"; false = the line is another. */
struct entry {
    struct str name;
    struct str level;
    uint64_t body;
    struct str exports;
};

static bool read_entry(struct str line, struct entry *out)
{
    if (!str_is(word(&line), "component"))
        return false;
    out->name = word(&line);
    out->level = word(&line);
    out->body = number(word(&line));
    out->exports = line;
    return true;
}

static bool next_entry(struct str *rest, struct entry *out)
{
    struct str line;
    while (str_cut(*rest, '\n', &line, rest)) {
        if (read_entry(line, out))
            return true;
        if (str_starts(line, STR("body")))
            return false;
    }
    return false;
}

static bool find_entry(struct str name, struct entry *out)
{
    struct str rest = catalog_text();
    while (next_entry(&rest, out))
        if (str_eq(out->name, name))
            return true;
    return false;
}

static struct program_symbol symbol_of(const struct entry *e)
{
    struct program_symbol symbol = {.stability = STABILITY_GA, .refused = true};
    symbol.community = str_is(e->level, "community");
    if (str_is(e->level, "preview"))
        symbol.stability = STABILITY_PUBLIC_PREVIEW;
    else if (str_is(e->level, "experimental"))
        symbol.stability = STABILITY_EXPERIMENTAL;
    return symbol;
}

bool catalog_component(struct str name, struct program_symbol *out)
{
    struct entry e;
    if (!find_entry(name, &e))
        return false;
    *out = symbol_of(&e);
    return true;
}

bool catalog_next(struct catalog_name *at)
{
    struct entry e;
    if (!at->begun)
        at->rest = catalog_text();
    at->begun = true;
    if (!next_entry(&at->rest, &e))
        return false;
    at->name = e.name;
    return true;
}

/* ---- shapes ---- */

struct catalog *catalog_new(struct arena *arena, const struct capsule_type *const *capsules)
{
    struct catalog *c = ARENA_NEW(arena, struct catalog);
    c->arena = arena;
    c->given = capsules;
    return c;
}

/* Where the lines of every body begin, by number; bodies are numbered from 1 in their order. */
static void index_bodies(struct catalog *c)
{
    struct str rest = catalog_text(), line;
    size_t count = 0;
    while (str_cut(rest, '\n', &line, &rest))
        count += str_starts(line, STR("body "));
    c->bodies = ARENA_ARRAY(c->arena, count + 1, struct catalog_body);
    c->count = count;
    rest = catalog_text();
    while (str_cut(rest, '\n', &line, &rest)) {
        if (!str_starts(line, STR("body ")))
            continue;
        (void)word(&line);
        uint64_t n = number(word(&line));
        ASSERT(n >= 1 && n <= count);
        c->bodies[n] = (struct catalog_body){.lines = rest, .labelled = line.len > 0};
    }
}

struct shape *catalog_shape(struct catalog *c, uint64_t n)
{
    ASSERT(n >= 1 && n <= c->count);
    struct catalog_body *body = &c->bodies[n];
    if (!body->shape) {
        body->shape = ARENA_NEW(c->arena, struct shape);
        body->next = c->todo;
        c->todo = body;
    }
    return body->shape;
}

static void make_all(struct catalog *c)
{
    while (c->todo) {
        struct catalog_body *body = c->todo;
        c->todo = body->next;
        catalog_shape_fill(c, body);
    }
}

static const struct shape *exports_of(struct catalog *c, struct str exports)
{
    if (!exports.len)
        return NULL;
    struct buf lines;
    buf_init(&lines, NULL, 64 * 1024);
    while (exports.len) {
        struct str one = word(&exports), name, type;
        str_cut(one, ':', &name, &type);
        buf_printf(&lines, "a %.*s %.*s\n", STR_ARG(name), STR_ARG(type));
    }
    struct shape *shape = ARENA_NEW(c->arena, struct shape);
    struct catalog_body body = {.lines = arena_str(c->arena, buf_view(&lines)), .shape = shape};
    buf_release(&lines);
    catalog_shape_fill(c, &body);
    return shape;
}

bool catalog_find(struct catalog *c, struct str name, struct program_symbol *out)
{
    struct entry e;
    if (!find_entry(name, &e))
        return false;
    *out = symbol_of(&e);
    if (!c->bodies)
        index_bodies(c);
    struct catalog_made *made = c->made;
    while (made && !str_eq(made->name, name))
        made = made->next;
    if (!made) {
        made = ARENA_NEW(c->arena, struct catalog_made);
        *made = (struct catalog_made){.name = e.name, .args = catalog_shape(c, e.body)};
        make_all(c);
        made->exports = exports_of(c, e.exports);
        made->next = c->made;
        c->made = made;
    }
    out->args = made->args;
    out->exports = made->exports;
    return true;
}
