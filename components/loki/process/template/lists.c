/* The functions of templates on lists, maps and rows of numbers; at most MAX_ROW of these. */

#include "base/strconv.h"
#include "components/loki/process/template/functions.h"

#include <stdlib.h>

enum { MAX_TEXT = 16 * 1024 * 1024, MAX_ROW = 100000 };

struct tval tfn_list(struct tcall *c)
{
    struct tval *items = ARENA_ARRAY(c->arena, c->count, struct tval);
    if (c->count != 0)
        memcpy(items, c->args, c->count * sizeof *items);
    return (struct tval){.kind = TVAL_LIST, .items = items, .count = c->count};
}

struct tval tfn_len(struct tcall *c)
{
    const struct tval *v = &c->args[0];
    if (v->kind == TVAL_STRING)
        return TVAL_I((int64_t)v->text.len);
    if (v->kind == TVAL_LIST || v->kind == TVAL_MAP)
        return TVAL_I((int64_t)v->count);
    return tcall_fail(c, "len of a value that has no length");
}

static struct tval index_once(struct tcall *c, struct tval of, const struct tval *by)
{
    if (of.kind == TVAL_MAP) {
        if (by->kind != TVAL_STRING)
            return tcall_fail(c, "value has wrong type; should be string");
        const struct tval *found = tval_member(&of, by->text);
        return found != NULL ? *found : of.is_text_map ? TVAL_S(STR("")) : (struct tval){0};
    }
    size_t len = of.kind == TVAL_LIST ? of.count : of.text.len;
    if (of.kind == TVAL_NIL)
        return tcall_fail(c, "index of untyped nil");
    if (of.kind != TVAL_LIST && of.kind != TVAL_STRING)
        return tcall_fail(c, "can't index the value");
    if (by->kind != TVAL_INT)
        return tcall_fail(c, "cannot index slice/array with the value");
    if (by->integer < 0 || (uint64_t)by->integer >= len)
        return tcall_fail(c, "index out of range");
    return of.kind == TVAL_LIST ? of.items[by->integer]
                                : TVAL_WIDE((unsigned char)of.text.ptr[by->integer]);
}

struct tval tfn_index(struct tcall *c)
{
    struct tval v = c->args[0];
    for (size_t i = 1; i < c->count && c->err->status == STATUS_OK; i++)
        v = index_once(c, v, &c->args[i]);
    return v;
}

/* What is no list counts as a list of one; nil is left out. */
struct tval tfn_join(struct tcall *c)
{
    struct buf out;
    const struct tval *list = &c->args[1];
    bool is_first = true;
    if (list->kind == TVAL_NIL)
        return TVAL_S(STR(""));
    if (list->kind != TVAL_LIST)
        return TVAL_S(tcall_text(c, 1));
    buf_init(&out, NULL, MAX_TEXT);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].kind == TVAL_NIL)
            continue;
        if (!is_first)
            buf_str(&out, tcall_text(c, 0));
        is_first = false;
        tval_print(&out, &list->items[i]);
    }
    return tcall_take(c, &out);
}

/* strings.Split: an empty separator splits into runes, and an empty text into nothing then. */
static struct tval split(struct tcall *c)
{
    struct str by = c->args[0].text, text = c->args[1].text;
    size_t count = by.len == 0 ? utf8_count(text) : 1;
    for (size_t at = 0; by.len != 0 && (at = str_find(text, by, at)) != SIZE_MAX; at += by.len)
        count++;
    struct tval *items = ARENA_ARRAY(c->arena, count, struct tval);
    for (size_t i = 0; i < count; i++) {
        unsigned size = 0;
        if (by.len == 0)
            utf8_decode(text, &size);
        size_t end = by.len == 0 ? size : str_find(text, by, 0);
        items[i] = TVAL_S(str_slice(text, 0, end));
        text = end == SIZE_MAX ? STR_NONE : str_slice(text, end + by.len, text.len);
    }
    return (struct tval){.kind = TVAL_LIST, .items = items, .count = count};
}

struct tval tfn_split_list(struct tcall *c)
{
    return split(c);
}

struct part {
    struct str name;
    struct tval value;
};

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

/* A map of the parts: _0, _1 … */
struct tval tfn_split(struct tcall *c)
{
    struct tval list = split(c);
    struct part *parts = ARENA_ARRAY(c->arena, list.count, struct part);
    struct str *names = ARENA_ARRAY(c->arena, list.count, struct str);
    struct tval *items = ARENA_ARRAY(c->arena, list.count, struct tval);
    for (size_t i = 0; i < list.count; i++)
        parts[i] = (struct part){arena_printf(c->arena, "_%zu", i), list.items[i]};
    if (list.count != 0)
        qsort(parts, list.count, sizeof *parts, by_name);
    for (size_t i = 0; i < list.count; i++) {
        names[i] = parts[i].name;
        items[i] = parts[i].value;
    }
    list.kind = TVAL_MAP;
    list.items = items;
    list.names = names;
    list.is_text_map = true;
    return list;
}

static struct tval end_of(struct tcall *c, bool last)
{
    const struct tval *list = &c->args[0];
    if (list->kind != TVAL_LIST)
        return tcall_fail(c, "Cannot find first or last on the value");
    return list->count != 0 ? list->items[last ? list->count - 1 : 0] : (struct tval){0};
}

struct tval tfn_first(struct tcall *c)
{
    return end_of(c, false);
}

struct tval tfn_last(struct tcall *c)
{
    return end_of(c, true);
}

/* ---- rows of numbers ---- */
static struct tval row(struct tcall *c, int64_t start, int64_t stop, int64_t step)
{
    bool backward = stop < start;
    size_t count = 0;
    if (backward ? step >= 0 : step <= 0)
        return (struct tval){.kind = TVAL_LIST};
    uint64_t distance =
        backward ? (uint64_t)start - (uint64_t)stop : (uint64_t)stop - (uint64_t)start;
    uint64_t width = backward ? 0 - (uint64_t)step : (uint64_t)step;
    if (distance / width > MAX_ROW)
        return tcall_fail(c, "too many numbers");
    count = (size_t)((distance + width - 1) / width);
    struct tval *items = ARENA_ARRAY(c->arena, count, struct tval);
    for (size_t i = 0; i < count; i++)
        items[i] = TVAL_I(start + (int64_t)i * step);
    return (struct tval){.kind = TVAL_LIST, .items = items, .count = count};
}

struct tval tfn_until(struct tcall *c)
{
    int64_t stop = c->args[0].integer;
    return row(c, 0, stop, stop < 0 ? -1 : 1);
}

struct tval tfn_until_step(struct tcall *c)
{
    return row(c, c->args[0].integer, c->args[1].integer, c->args[2].integer);
}

/* The values with blanks between; nil is left out. */
struct tval tfn_cat(struct tcall *c)
{
    struct buf out;
    bool is_first = true;
    buf_init(&out, NULL, MAX_TEXT);
    for (size_t i = 0; i < c->count; i++) {
        if (c->args[i].kind == TVAL_NIL)
            continue;
        if (!is_first)
            buf_byte(&out, ' ');
        is_first = false;
        tval_print(&out, &c->args[i]);
    }
    return tcall_take(c, &out);
}
