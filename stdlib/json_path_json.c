/* The JSON that json_path takes: github.com/ohler55/ojg reads a little more than JSON allows, and
 * keeps numbers that it cannot hold as text. The text is brought to strict JSON in one pass (never
 * longer than twice its length) and then read by base/json. */

#include "base/map.h"
#include "base/vec.h"
#include "stdlib/json_path.h"

struct cleaner {
    struct str text;
    size_t at;
    struct buf out;
    size_t string_at; /* in out: the last string */
};

static char ahead(const struct cleaner *c, size_t from)
{
    while (from < c->text.len && (c->text.ptr[from] == ' ' || c->text.ptr[from] == '\t' ||
                                  c->text.ptr[from] == '\n' || c->text.ptr[from] == '\r'))
        from++;
    return from < c->text.len ? c->text.ptr[from] : '\0';
}

static void copy_string(struct cleaner *c)
{
    size_t from = c->at++;
    c->string_at = c->out.len;
    while (c->at < c->text.len && c->text.ptr[c->at] != '"')
        c->at += c->text.ptr[c->at] == '\\' ? 2 : 1;
    c->at = c->at < c->text.len ? c->at + 1 : c->text.len;
    buf_str(&c->out, str_slice(c->text, from, c->at));
}

/* `{"a":}` has no member; at the colon. */
static void drop_member(struct cleaner *c)
{
    struct str before = str_slice(buf_view(&c->out), 0, c->string_at);
    while (before.len > 0 && strchr(" \t\r\n", before.ptr[before.len - 1]))
        before.len--;
    if (before.len > 0 && before.ptr[before.len - 1] == ',')
        before.len--;
    c->out.len = before.len;
    c->at++;
}

/* A word cut short by a comma (`nul,`) vanishes with it. */
static bool drop_word(struct cleaner *c, const char *word)
{
    size_t n = 0;
    while (word[n] && c->at + n < c->text.len && c->text.ptr[c->at + n] == word[n])
        n++;
    if (n == 0 || !word[n] || c->at + n >= c->text.len || c->text.ptr[c->at + n] != ',')
        return false;
    c->at += n + 1;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `1.` is 1. */
static bool is_bare_dot(const struct cleaner *c)
{
    size_t at = c->at;
    if (c->text.ptr[at] != '.' || at == 0 || !is_digit(c->text.ptr[at - 1]))
        return false;
    char next = at + 1 < c->text.len ? c->text.ptr[at + 1] : ' ';
    return next == ' ' || next == '\t' || next == '\n' || next == '\r' || next == ',' ||
           next == ']' || next == '}';
}

static void clean(struct cleaner *c)
{
    if (c->text.len > 3 && str_starts(c->text, STR("\xef\xbb\xbf")))
        c->at = 3;
    while (c->at < c->text.len) {
        char b = c->text.ptr[c->at];
        if (b == '"') {
            copy_string(c);
        } else if (b == ':' && ahead(c, c->at + 1) == '}') {
            drop_member(c);
        } else if (is_bare_dot(c)) {
            c->at++;
        } else if (!(b == 'n' && drop_word(c, "null")) && !(b == 't' && drop_word(c, "true")) &&
                   !(b == 'f' && drop_word(c, "false"))) {
            buf_byte(&c->out, b);
            c->at++;
        }
    }
}

/* Whole numbers from 9223372036854775800 on, and below -9223372036854775807, 18 digits behind the
 * point and exponents beyond 1022. */
static bool is_big(const struct doc *d)
{
    struct str text = d->text;
    size_t point = str_find_byte(text, '.', 0);
    size_t digits = point == SIZE_MAX ? 0 : point + 1;
    size_t exponent = 0;
    while (digits < text.len && is_digit(text.ptr[digits]))
        digits++;
    if (point != SIZE_MAX && digits - point > 18)
        return true;
    size_t e = str_find_byte(text, 'e', 0);
    e = e == SIZE_MAX ? str_find_byte(text, 'E', 0) : e;
    for (size_t i = e == SIZE_MAX ? text.len : e + 1; i < text.len && exponent <= 1022; i++)
        exponent = is_digit(text.ptr[i]) ? exponent * 10 + (size_t)(text.ptr[i] - '0') : exponent;
    if (exponent > 1022)
        return true;
    if (d->kind == DOC_INT)
        return d->integer >= INT64_C(9223372036854775800) || d->integer == INT64_MIN;
    return point == SIZE_MAX && e == SIZE_MAX;
}

/* Of members of one name the last stays, where the first stood. */
static void drop_doubles(struct doc *object)
{
    struct map seen;
    struct doc **link = &object->child;
    map_init(&seen, NULL);
    while (*link) {
        struct doc *d = *link;
        struct doc *first = map_get(&seen, d->key);
        if (!first) {
            map_put(&seen, d->key, d);
            link = &d->next;
            continue;
        }
        struct doc *after = first->next == d ? first : NULL;
        struct doc *next = d->next;
        *link = next;
        struct doc *first_next = first->next;
        *first = *d;
        first->next = after ? next : first_next;
        link = after ? &first->next : link;
        object->count--;
    }
    map_release(&seen);
}

static void adapt(struct doc *root)
{
    VEC(struct doc *) todo = {0};
    VEC_PUSH(&todo, root);
    while (todo.len > 0) {
        struct doc *d = todo.items[--todo.len];
        if ((d->kind == DOC_FLOAT || d->kind == DOC_INT) && is_big(d))
            d->kind = DOC_STRING;
        if (d->kind == DOC_MAP)
            drop_doubles(d);
        if (d->next && d != root)
            VEC_PUSH(&todo, d->next);
        if ((d->kind == DOC_LIST || d->kind == DOC_MAP) && d->child)
            VEC_PUSH(&todo, d->child);
    }
    VEC_RELEASE(&todo);
}

enum status path_json_read(struct arena *arena, struct str text, struct doc **out,
                           struct error *err)
{
    struct cleaner c = {.text = text};
    buf_init(&c.out, NULL, 2 * text.len + 16);
    clean(&c);
    struct str strict = arena_str(arena, buf_view(&c.out));
    buf_release(&c.out);
    if (str_trim(strict).len == 0) {
        *out = ARENA_NEW(arena, struct doc); /* an empty text counts as null */
        return STATUS_OK;
    }
    enum status status = json_read(arena, strict, (struct doc_limits){0}, out, err);
    if (status == STATUS_OK)
        adapt(*out);
    return status;
}
