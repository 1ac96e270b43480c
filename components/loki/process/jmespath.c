/* JMESPath in part: compiled to a list of steps that each take one value to the next. Steps live in
 * the caller's arena; an expression has at most MAX_OPS of them. */

#include "components/loki/process/jmespath.h"

#include "base/strconv.h"

enum { MAX_OPS = 256, MAX_CALLS = 16 };

static const struct doc null_doc = {.kind = DOC_NULL};

struct parser {
    struct str text;
    size_t at;
    struct arena *arena;
    struct jmespath *out;
    unsigned calls; /* open length( */
    struct error *err;
};

static enum status refuse(struct parser *p, const char *what)
{
    return error_set(p->err, STATUS_INVALID, "SyntaxError: %s at position %zu in \"%.*s\"", what,
                     p->at, STR_ARG(p->text));
}

static void skip_blanks(struct parser *p)
{
    while (p->at < p->text.len && (p->text.ptr[p->at] == ' ' || p->text.ptr[p->at] == '\t')) {
        p->at++;
    }
}

static char peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.ptr[p->at] : '\0';
}

static enum status emit(struct parser *p, enum jmespath_op_kind kind, struct str name,
                        int64_t index)
{
    if (p->out->count == MAX_OPS)
        return refuse(p, "the expression is too long");
    p->out->ops[p->out->count++] =
        (struct jmespath_op){.kind = (uint8_t)kind, .name = name, .index = index};
    return STATUS_OK;
}

static bool is_name_byte(char c, bool is_first)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return is_letter || (!is_first && c >= '0' && c <= '9');
}

static struct str read_name(struct parser *p)
{
    size_t from = p->at;
    while (p->at < p->text.len && is_name_byte(p->text.ptr[p->at], p->at == from))
        p->at++;
    return str_slice(p->text, from, p->at);
}

/* A quoted identifier is a JSON string. */
static enum status read_quoted(struct parser *p)
{
    size_t from = p->at++;
    struct doc *doc = NULL;
    struct doc_limits limits = {0};
    while (p->at < p->text.len && p->text.ptr[p->at] != '"') {
        p->at += p->text.ptr[p->at] == '\\' ? 2 : 1;
    }
    if (p->at >= p->text.len)
        return refuse(p, "unclosed quote");
    p->at++;
    struct str json = arena_str(p->arena, str_slice(p->text, from, p->at));
    if (json_read(p->arena, json, limits, &doc, p->err) != STATUS_OK)
        return p->err->status;
    return emit(p, JMESPATH_FIELD, doc->text, 0);
}

static enum status read_call(struct parser *p, struct str name)
{
    if (!str_is(name, "length"))
        return refuse(p, "a function that is not there yet");
    if (++p->calls > MAX_CALLS)
        return refuse(p, "too many calls");
    p->at++;
    return STATUS_OK;
}

/* What a value can begin with. *opens is set when it was `length(`: another value follows. */
static enum status read_primary(struct parser *p, bool *opens)
{
    *opens = false;
    skip_blanks(p);
    char c = peek(p);
    if (c == '"')
        return read_quoted(p);
    if (c == '@') {
        p->at++;
        return STATUS_OK;
    }
    if (!is_name_byte(c, true))
        return refuse(p, "an expression that is not there yet");
    struct str name = read_name(p);
    if (peek(p) == '(') {
        *opens = true;
        return read_call(p, name);
    }
    return emit(p, JMESPATH_FIELD, arena_str(p->arena, name), 0);
}

static enum status read_index(struct parser *p)
{
    size_t close = str_find_byte(p->text, ']', p->at);
    int64_t index;
    if (close == SIZE_MAX)
        return refuse(p, "unclosed bracket");
    struct str number = str_trim(str_slice(p->text, p->at + 1, close));
    if (!str_to_i64(number, &index))
        return refuse(p, "an index that is not there yet");
    p->at = close + 1;
    return emit(p, JMESPATH_INDEX, STR_NONE, index);
}

/* What follows a value. *wants is set when another value must come. */
static enum status read_postfix(struct parser *p, bool *wants)
{
    char c = peek(p);
    *wants = false;
    if (c == '[')
        return read_index(p);
    p->at++;
    if (c == '.' || c == '|') {
        skip_blanks(p);
        if (c == '|' && peek(p) == '[')
            return STATUS_OK;
        *wants = true;
        return STATUS_OK;
    }
    if (c == ')' && p->calls != 0) {
        p->calls--;
        return emit(p, JMESPATH_LENGTH, STR_NONE, 0);
    }
    p->at--;
    return refuse(p, "an operator that is not there yet");
}

enum status jmespath_compile(struct str text, struct arena *arena, struct jmespath *out,
                             struct error *err)
{
    struct parser p = {.text = text, .arena = arena, .out = out, .err = err};
    bool wants = true;
    out->ops = ARENA_ARRAY(arena, MAX_OPS, struct jmespath_op);
    out->count = 0;
    skip_blanks(&p);
    if (peek(&p) == '[')
        wants = false;
    while (wants || p.at < text.len) {
        enum status status = wants ? read_primary(&p, &wants) : read_postfix(&p, &wants);
        if (status != STATUS_OK)
            return status;
        skip_blanks(&p);
    }
    return p.calls == 0 ? STATUS_OK : refuse(&p, "unclosed parenthesis");
}

static const struct doc *at_index(const struct doc *list, int64_t index)
{
    if (list->kind != DOC_LIST)
        return &null_doc;
    if (index < 0)
        index += (int64_t)list->count;
    if (index < 0 || index >= (int64_t)list->count)
        return &null_doc;
    const struct doc *d = list->child;
    while (index-- > 0)
        d = d->next;
    return d;
}

static const struct doc *length_of(const struct doc *d, struct arena *arena)
{
    if (d->kind != DOC_STRING && d->kind != DOC_LIST && d->kind != DOC_MAP)
        return NULL;
    struct doc *out = ARENA_NEW(arena, struct doc);
    out->kind = DOC_INT;
    out->integer = (int64_t)(d->kind == DOC_STRING ? utf8_count(d->text) : d->count);
    out->number = (double)out->integer;
    return out;
}

const struct doc *jmespath_search(const struct jmespath *path, const struct doc *doc,
                                  struct arena *arena)
{
    for (size_t i = 0; i < path->count && doc != NULL; i++) {
        const struct jmespath_op *op = &path->ops[i];
        if (op->kind == JMESPATH_FIELD) {
            doc = doc->kind == DOC_MAP ? doc_get(doc, op->name) : NULL;
            if (doc == NULL)
                doc = &null_doc;
        } else if (op->kind == JMESPATH_INDEX) {
            doc = at_index(doc, op->index);
        } else {
            doc = length_of(doc, arena);
        }
    }
    return doc;
}
