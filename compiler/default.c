/* A reader of literals for the defaults of rows. Their source is ours, so that its limits are
 * small: a stack of 16 open containers. */

#include "compiler/default.h"

#include "base/strconv.h"
#include "base/vec.h"
#include "compiler/literal.h"

enum { DEFAULT_DEPTH = 16 };

struct container {
    bool is_object;
    bool has_key;
    struct str key;
    VEC(struct value_field) items; /* keys empty in arrays */
};

struct reader {
    struct str rest;
    struct arena *arena;
    struct error *err;
    struct container open[DEFAULT_DEPTH];
    size_t depth;
    struct value *result;
};

static bool fail(struct reader *r)
{
    error_set(r->err, STATUS_INVALID, "not a literal at \"%.*s\"", STR_ARG(r->rest));
    return false;
}

static void skip(struct reader *r, size_t count)
{
    r->rest = str_slice(r->rest, count, r->rest.len);
}

static void skip_blanks(struct reader *r)
{
    while (r->rest.len > 0 && (r->rest.ptr[0] == ' ' || r->rest.ptr[0] == '\n' ||
                               r->rest.ptr[0] == '\t' || r->rest.ptr[0] == ','))
        skip(r, 1);
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '+' || c == '-';
}

static struct str take_word(struct reader *r)
{
    size_t n = 0;
    while (n < r->rest.len && word_char(r->rest.ptr[n]))
        n++;
    struct str word = str_slice(r->rest, 0, n);
    skip(r, n);
    return word;
}

static struct str take_string(struct reader *r)
{
    size_t n = 1;
    while (n < r->rest.len && r->rest.ptr[n] != r->rest.ptr[0])
        n += r->rest.ptr[n] == '\\' && r->rest.ptr[0] == '"' ? 2 : 1;
    struct str text = str_slice(r->rest, 0, n + 1);
    skip(r, n + 1);
    return text;
}

static bool add(struct reader *r, struct value *v)
{
    if (r->depth == 0) {
        r->result = v;
        return true;
    }
    struct container *top = &r->open[r->depth - 1];
    if (top->is_object && !top->has_key) {
        value_unref(v);
        return fail(r);
    }
    VEC_PUSH(&top->items, ((struct value_field){top->key, v}));
    top->has_key = false;
    return true;
}

static bool add_literal(struct reader *r, enum ast_literal kind, struct str text)
{
    struct literal literal;
    literal_read(&literal, kind, text, r->arena);
    struct value *v = literal_value(&literal, r->err);
    return v && add(r, v);
}

static bool add_number(struct reader *r, struct str word)
{
    bool negative = word.ptr[0] == '-';
    struct str digits = str_slice(word, negative, word.len);
    uint64_t ignored;
    struct literal literal;
    if (digits.len == 0 ||
        !((digits.ptr[0] >= '0' && digits.ptr[0] <= '9') || digits.ptr[0] == '.'))
        return fail(r);
    literal_read(&literal, str_to_u64(digits, &ignored) ? AST_NUMBER : AST_FLOAT, digits, r->arena);
    struct value *v = literal_value(&literal, r->err);
    if (v && negative) {
        struct value *positive = v;
        v = positive->number_kind == NUMBER_FLOAT ? value_float(-positive->as.f)
                                                  : value_int((int64_t)(0 - positive->as.u));
        value_unref(positive);
    }
    return v && add(r, v);
}

static bool open_container(struct reader *r, bool is_object)
{
    if (r->depth == DEFAULT_DEPTH)
        return fail(r);
    r->open[r->depth++] = (struct container){.is_object = is_object};
    skip(r, 1);
    return true;
}

static bool close_container(struct reader *r)
{
    if (r->depth == 0)
        return fail(r);
    struct container *top = &r->open[--r->depth];
    struct value *v;
    if (top->is_object) {
        v = value_object(top->items.items, top->items.len, false);
    } else {
        struct value **items = mem_array(NULL, top->items.len + 1, sizeof(struct value *));
        for (size_t i = 0; i < top->items.len; i++)
            items[i] = top->items.items[i].value;
        v = value_array(items, top->items.len);
        mem_free(items);
    }
    VEC_RELEASE(&top->items);
    skip(r, 1);
    return add(r, v);
}

/* `name =` or `"name" =` */
static bool take_key(struct reader *r, struct container *top)
{
    char first = r->rest.ptr[0];
    struct str key = first == '"' ? take_string(r) : take_word(r);
    top->key = first == '"' ? str_slice(key, 1, key.len - 1) : key;
    skip_blanks(r);
    if (key.len == 0 || r->rest.len == 0 || r->rest.ptr[0] != '=')
        return fail(r);
    skip(r, 1);
    top->has_key = true;
    return true;
}

static bool take_word_value(struct reader *r)
{
    struct str word = take_word(r);
    if (word.len == 0)
        return fail(r);
    if (str_is(word, "null"))
        return add(r, value_null());
    if (str_is(word, "true") || str_is(word, "false"))
        return add_literal(r, AST_BOOL, word);
    return add_number(r, word);
}

static bool step(struct reader *r)
{
    char c = r->rest.ptr[0];
    if (c == ']' || c == '}')
        return close_container(r);
    struct container *top = r->depth > 0 ? &r->open[r->depth - 1] : NULL;
    if (top && top->is_object && !top->has_key)
        return take_key(r, top);
    switch (c) {
    case '[': return open_container(r, false);
    case '{': return open_container(r, true);
    case '"':
    case '`': return add_literal(r, AST_STRING, take_string(r));
    default: return take_word_value(r);
    }
}

struct value *default_read(const char *text, struct arena *arena, struct error *err)
{
    struct reader r = {.rest = str_from(text), .arena = arena, .err = err};
    skip_blanks(&r);
    bool ok = true;
    while (ok && r.rest.len > 0) {
        ok = r.result ? fail(&r) : step(&r);
        skip_blanks(&r);
    }
    if (ok && !r.result)
        ok = fail(&r);
    while (r.depth > 0) {
        struct container *top = &r.open[--r.depth];
        for (size_t i = 0; i < top->items.len; i++)
            value_unref(top->items.items[i].value);
        VEC_RELEASE(&top->items);
        ok = false;
    }
    if (ok)
        return r.result;
    value_unref(r.result);
    return NULL;
}

/* "text" without escapes. */
static bool plain_string(const char *def, struct str *out)
{
    size_t len = strlen(def);
    if (len < 2 || def[0] != '"' || memchr(def, '\\', len))
        return false;
    *out = str_of(def + 1, len - 2);
    return true;
}

bool default_fast(const struct row *row, void *member)
{
    struct str text;
    struct error err;
    switch (row->type->kind) {
    case FIELD_BOOL: *(bool *)member = row->def[0] == 't'; return true;
    case FIELD_STR: return !row->check && plain_string(row->def, member);
    case FIELD_DURATION:
        return plain_string(row->def, &text) &&
               duration_parse(text, &((struct duration *)member)->ns, &err) == STATUS_OK;
    case FIELD_I64: return row->def[0] != '0' && str_to_i64(str_from(row->def), member);
    case FIELD_I32: {
        int64_t n;
        if (row->def[0] == '0' || !str_to_i64(str_from(row->def), &n))
            return false;
        *(int32_t *)member = (int32_t)n;
        return true;
    }
    default: return false;
    }
}
