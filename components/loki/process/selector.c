/* Stream selectors and line filters of LogQL. At most MAX_MATCHERS of both together. */

#include "components/loki/process/selector.h"

#include "base/strconv.h"

enum { MAX_MATCHERS = 128, MAX_VALUE = 64 * 1024 };

struct parser {
    struct str text;
    size_t at;
    struct arena *arena;
    struct selector *out;
    struct error *err;
};

static enum status wrong(struct parser *p, const char *what)
{
    return error_set(p->err, STATUS_INVALID, "parse error at line 1, col %zu: syntax error: %s",
                     p->at + 1, what);
}

static void skip_blanks(struct parser *p)
{
    while (p->at < p->text.len && strchr(" \t\r\n", p->text.ptr[p->at]) != NULL)
        p->at++;
}

static bool take(struct parser *p, const char *token)
{
    struct str rest = str_slice(p->text, p->at, p->text.len);
    if (!str_starts(rest, str_from(token)))
        return false;
    p->at += strlen(token);
    skip_blanks(p);
    return true;
}

static bool is_name_byte(char c, bool is_first)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return is_letter || (!is_first && c >= '0' && c <= '9');
}

static struct str take_name(struct parser *p)
{
    size_t from = p->at;
    while (p->at < p->text.len && is_name_byte(p->text.ptr[p->at], p->at == from))
        p->at++;
    struct str name = arena_str(p->arena, str_slice(p->text, from, p->at));
    skip_blanks(p);
    return name;
}

/* A Go string literal in double quotes; the language of selectors has no other. */
static enum status take_string(struct parser *p, struct str *out)
{
    size_t from = p->at;
    struct buf value;
    if (p->at == p->text.len || p->text.ptr[p->at] != '"')
        return wrong(p, "expecting STRING");
    p->at++;
    while (p->at < p->text.len && p->text.ptr[p->at] != '"')
        p->at += p->text.ptr[p->at] == '\\' ? 2 : 1;
    if (p->at >= p->text.len)
        return wrong(p, "literal not terminated");
    p->at++;
    buf_init(&value, NULL, MAX_VALUE);
    bool ok = strconv_unquote(&value, str_slice(p->text, from, p->at)) && buf_ok(&value);
    if (ok)
        *out = arena_str(p->arena, buf_view(&value));
    buf_release(&value);
    skip_blanks(p);
    return ok ? STATUS_OK : wrong(p, "malformed literal");
}

static enum status add(struct parser *p, struct str name, bool is_regex, bool is_negative)
{
    if (p->out->count == MAX_MATCHERS)
        return wrong(p, "too many matchers");
    struct selector_matcher *m = &p->out->matchers[p->out->count];
    *m = (struct selector_matcher){.name = name, .is_negative = is_negative};
    if (take_string(p, &m->value) != STATUS_OK)
        return p->err->status;
    p->out->count++;
    if (!is_regex)
        return STATUS_OK;
    m->regex = regex_new(m->value, name.len != 0 ? REGEX_FULL : REGEX_SEARCH, p->err);
    return m->regex != NULL ? STATUS_OK : p->err->status;
}

static enum status parse_matcher(struct parser *p)
{
    struct str name = take_name(p);
    if (name.len == 0)
        return wrong(p, "unexpected token, expecting IDENTIFIER");
    if (take(p, "=~"))
        return add(p, name, true, false);
    if (take(p, "!~"))
        return add(p, name, true, true);
    if (take(p, "!="))
        return add(p, name, false, true);
    if (take(p, "="))
        return add(p, name, false, false);
    return wrong(p, "unexpected token, expecting != or !~ or =~ or =");
}

static enum status parse_matchers(struct parser *p)
{
    if (!take(p, "{"))
        return wrong(p, "unexpected token, expecting {");
    do {
        if (parse_matcher(p) != STATUS_OK)
            return p->err->status;
    } while (take(p, ","));
    return take(p, "}") ? STATUS_OK : wrong(p, "unexpected token, expecting , or }");
}

static enum status parse_filter(struct parser *p)
{
    if (take(p, "|="))
        return add(p, STR_NONE, false, false);
    if (take(p, "!="))
        return add(p, STR_NONE, false, true);
    if (take(p, "|~"))
        return add(p, STR_NONE, true, false);
    if (take(p, "!~"))
        return add(p, STR_NONE, true, true);
    return wrong(p, "unexpected token, expecting |= or |~ or != or !~");
}

enum status selector_parse(struct str text, struct arena *arena, struct selector *out,
                           struct error *err)
{
    struct parser p = {.text = text, .arena = arena, .out = out, .err = err};
    out->matchers = ARENA_ARRAY(arena, MAX_MATCHERS, struct selector_matcher);
    out->count = 0;
    skip_blanks(&p);
    if (parse_matchers(&p) != STATUS_OK)
        return err->status;
    while (p.at < text.len) {
        if (parse_filter(&p) != STATUS_OK)
            return err->status;
    }
    return STATUS_OK;
}

void selector_release(struct selector *s)
{
    for (size_t i = 0; i < s->count; i++)
        regex_unref(s->matchers[i].regex);
    s->count = 0;
}

bool selector_matches(const struct selector *s, const struct label_builder *labels, struct str line)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct selector_matcher *m = &s->matchers[i];
        bool is_filter = m->name.len == 0;
        struct str text = is_filter ? line : label_builder_get(labels, m->name);
        bool found;
        if (m->regex != NULL) {
            found = regex_match(m->regex, text);
        } else {
            found = is_filter ? str_find(text, m->value, 0) != SIZE_MAX : str_eq(text, m->value);
        }
        if (found == m->is_negative)
            return false;
    }
    return true;
}
