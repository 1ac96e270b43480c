/* Reading JSON paths: a path is a chain of steps; filters become postfix with an operator stack, in
 * which paths may contain filters in turn: those are read after the path that holds them, from a
 * list. */

#include "base/vec.h"
#include "base/strconv.h"
#include "stdlib/json_path.h"

struct operator_entry {
    enum path_op op;
};

/* A filter whose text is still to be read. */
struct pending_filter {
    struct path_filter *filter;
    struct str text; /* between [?( and )] */
    size_t depth;
};

struct path_reader {
    struct arena *arena;
    struct str text;
    size_t at;
    size_t depth;
    struct error *err;
    VEC(struct pending_filter) filters;
};

static bool bad(struct path_reader *r)
{
    error_set(r->err, STATUS_INVALID, "parse error at %zu in %.*s", r->at + 1, STR_ARG(r->text));
    return false;
}

static bool at_end(const struct path_reader *r)
{
    return r->at >= r->text.len;
}

static char peek(const struct path_reader *r)
{
    return at_end(r) ? '\0' : r->text.ptr[r->at];
}

static void skip_blanks(struct path_reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')
        r->at++;
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || (unsigned char)c >= 0x80;
}

/* What a name without quotes is made of. */
static bool path_char(char c)
{
    return (c >= 'a' && c <= '~') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= ';') ||
           (unsigned char)c >= 0x80 || (c && strchr("#%?^_", c));
}

static struct str take_name(struct path_reader *r)
{
    size_t from = r->at;
    while (!at_end(r) && path_char(peek(r)))
        r->at++;
    return str_slice(r->text, from, r->at);
}

/* A quoted text; escapes stand for the character that follows. */
static bool take_quoted(struct path_reader *r, struct str *out)
{
    char quote = peek(r);
    char *text = arena_alloc(r->arena, r->text.len - r->at + 1);
    size_t len = 0;
    for (r->at++; !at_end(r) && peek(r) != quote; r->at++) {
        if (peek(r) == '\\' && r->at + 1 < r->text.len)
            r->at++;
        text[len++] = peek(r);
    }
    if (at_end(r))
        return bad(r);
    r->at++;
    *out = str_of(text, len);
    return true;
}

static bool take_integer(struct path_reader *r, int64_t *out)
{
    size_t from = r->at;
    if (peek(r) == '-')
        r->at++;
    while (peek(r) >= '0' && peek(r) <= '9')
        r->at++;
    return str_to_i64(str_slice(r->text, from, r->at), out);
}

static struct path_step *add_step(struct path_reader *r, struct path_step ***tail,
                                  enum step_kind kind)
{
    struct path_step *step = ARENA_NEW(r->arena, struct path_step);
    step->kind = kind;
    **tail = step;
    *tail = &step->next;
    return step;
}

static bool starts_integer(const struct path_reader *r)
{
    return peek(r) == '-' || (peek(r) >= '0' && peek(r) <= '9');
}

/* After the first bound, at ':'. */
static bool read_slice(struct path_reader *r, struct path_step *step)
{
    step->kind = STEP_SLICE;
    step->by = 1;
    r->at++;
    skip_blanks(r);
    if (starts_integer(r)) {
        step->has_to = true;
        if (!take_integer(r, &step->to))
            return bad(r);
    }
    skip_blanks(r);
    if (peek(r) == ':') {
        r->at++;
        skip_blanks(r);
        if (starts_integer(r) && !take_integer(r, &step->by))
            return bad(r);
    }
    return true;
}

static bool take_key(struct path_reader *r, struct path_key *key)
{
    skip_blanks(r);
    if (peek(r) == '\'' || peek(r) == '"')
        return take_quoted(r, &key->name);
    if (starts_integer(r) && take_integer(r, &key->index))
        return true;
    return bad(r);
}

/* ['a', 1]: at the ',' behind the first key. */
static bool read_union(struct path_reader *r, struct path_step *step, struct path_key first)
{
    VEC(struct path_key) keys = {0};
    bool ok = true;
    VEC_PUSH(&keys, first);
    while (ok && peek(r) == ',') {
        struct path_key key = {0};
        r->at++;
        ok = take_key(r, &key);
        VEC_PUSH(&keys, key);
        skip_blanks(r);
    }
    step->kind = STEP_UNION;
    step->key_count = keys.len;
    step->keys = ARENA_ARRAY(r->arena, keys.len, struct path_key);
    memcpy(step->keys, keys.items, keys.len * sizeof(*step->keys));
    VEC_RELEASE(&keys);
    return ok;
}

/* [?(…)]: finds the end and leaves the text for later. */
static bool read_filter(struct path_reader *r, struct path_step *step)
{
    size_t from = ++r->at;
    size_t open = 0;
    char quote = 0;
    for (; !at_end(r); r->at++) {
        char c = peek(r);
        if (quote) {
            if (c == '\\')
                r->at++;
            else if (c == quote)
                quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '[') {
            open++;
        } else if (c == ']' && open-- == 0) {
            break;
        }
    }
    if (at_end(r) || r->depth >= PATH_DEPTH)
        return bad(r);
    step->kind = STEP_FILTER;
    step->filter = ARENA_NEW(r->arena, struct path_filter);
    VEC_PUSH(&r->filters, ((struct pending_filter){step->filter, str_slice(r->text, from, r->at),
                                                   r->depth + 1}));
    return true;
}

static bool read_bracket(struct path_reader *r, struct path_step ***tail)
{
    struct path_step *step = add_step(r, tail, STEP_ANY);
    r->at++;
    skip_blanks(r);
    bool ok = true;
    if (peek(r) == '?') {
        ok = read_filter(r, step);
    } else if (peek(r) == '*') {
        r->at++;
    } else if (peek(r) == ':') {
        ok = read_slice(r, step);
    } else {
        struct path_key key = {0};
        ok = take_key(r, &key);
        skip_blanks(r);
        step->kind = key.name.ptr ? STEP_CHILD : STEP_INDEX;
        step->name = key.name;
        step->from = key.index;
        if (ok && peek(r) == ',')
            ok = read_union(r, step, key);
        else if (ok && peek(r) == ':' && !key.name.ptr)
            ok = read_slice(r, step);
    }
    skip_blanks(r);
    if (!ok || peek(r) != ']')
        return ok ? bad(r) : false;
    r->at++;
    return true;
}

static bool read_dot(struct path_reader *r, struct path_step ***tail)
{
    r->at++;
    if (peek(r) == '.') {
        r->at++;
        add_step(r, tail, STEP_DESCENT);
        if (at_end(r) || strchr("[.$@", peek(r)))
            return true;
    }
    if (peek(r) == '*') {
        r->at++;
        add_step(r, tail, STEP_ANY);
        return true;
    }
    struct str name = take_name(r);
    if (name.len == 0)
        return bad(r);
    add_step(r, tail, STEP_CHILD)->name = name;
    return true;
}

/* Steps until something that is none. */
static bool read_steps(struct path_reader *r, struct path_step **out)
{
    struct path_step **tail = out;
    bool ok = true;
    bool go_on = true;
    *out = NULL;
    if (path_char(peek(r)))
        add_step(r, &tail, STEP_CHILD)->name = take_name(r);
    else if (peek(r) == '*') {
        r->at++;
        add_step(r, &tail, STEP_ANY);
    }
    while (ok && go_on) {
        switch (peek(r)) {
        case '$':
        case '@':
            if (*out) { /* only at the front; ojg overlooks it at the very end */
                r->at++;
                return at_end(r) || bad(r);
            }
            add_step(r, &tail, peek(r) == '$' ? STEP_ROOT : STEP_CURRENT);
            r->at++;
            break;
        case '.': ok = read_dot(r, &tail); break;
        case '[': ok = read_bracket(r, &tail); break;
        default: go_on = false; break;
        }
    }
    return ok;
}

/* ---- filters ---- */

static const struct {
    const char *text;
    enum path_op op;
    unsigned precedence; /* of binary operators, low binds last */
} operators[] = {
    {"||", PATH_OR, 1},       {"&&", PATH_AND, 2},     {"==", PATH_EQ, 3},
    {"!=", PATH_NEQ, 3},      {"<=", PATH_LTE, 3},     {">=", PATH_GTE, 3},
    {"=~", PATH_MATCHES, 3},  {"~=", PATH_MATCHES, 3}, {"<", PATH_LT, 3},
    {">", PATH_GT, 3},        {"+", PATH_ADD, 4},      {"-", PATH_SUB, 4},
    {"*", PATH_MUL, 5},       {"/", PATH_DIV, 5},      {"in", PATH_IN, 3},
    {"empty", PATH_EMPTY, 3}, {"has", PATH_HAS, 3},    {"exists", PATH_HAS, 3},
};

static const struct {
    const char *text;
    enum path_op op;
} functions[] = {
    {"length(", PATH_LENGTH},
    {"count(", PATH_COUNT},
    {"match(", PATH_MATCH},
    {"search(", PATH_SEARCH},
};

struct filter_reader {
    struct path_reader *r;
    struct path_term **tail;
    enum path_op stack[64];
    size_t depth;
};

static struct path_term *add_term(struct filter_reader *f, enum term_kind kind)
{
    struct path_term *term = ARENA_NEW(f->r->arena, struct path_term);
    term->kind = kind;
    *f->tail = term;
    f->tail = &term->next;
    return term;
}

static void pop(struct filter_reader *f)
{
    add_term(f, TERM_OPERATOR)->op = (uint8_t)f->stack[--f->depth];
}

static bool push(struct filter_reader *f, enum path_op op)
{
    if (f->depth == sizeof(f->stack) / sizeof(f->stack[0]))
        return bad(f->r);
    f->stack[f->depth++] = op;
    return true;
}

static bool looks_at(const struct path_reader *r, const char *text)
{
    return str_starts(str_slice(r->text, r->at, r->text.len), str_from(text));
}

static bool take_word(struct path_reader *r, const char *word)
{
    size_t len = strlen(word);
    char after = r->at + len < r->text.len ? r->text.ptr[r->at + len] : '\0';
    if (!looks_at(r, word) || name_char(after))
        return false;
    r->at += len;
    return true;
}

static bool read_regex(struct filter_reader *f)
{
    struct str pattern;
    if (!take_quoted(f->r, &pattern))
        return false;
    add_term(f, TERM_REGEX)->text = pattern;
    return true;
}

static bool read_number(struct filter_reader *f)
{
    struct path_reader *r = f->r;
    size_t from = r->at;
    bool range;
    while (!at_end(r) && (name_char(peek(r)) || peek(r) == '.' || peek(r) == '+'))
        r->at++;
    struct path_term *term = add_term(f, TERM_NUMBER);
    return strconv_parse_float(str_slice(r->text, from, r->at), &term->number, &range) || bad(r);
}

/* [1, 'a', true]: scalars only. */
static bool take_element(struct path_reader *r, struct doc *d)
{
    bool range;
    skip_blanks(r);
    size_t from = r->at;
    d->kind = DOC_NULL;
    if (peek(r) == '\'' || peek(r) == '"') {
        d->kind = DOC_STRING;
        return take_quoted(r, &d->text);
    }
    d->boolean = take_word(r, "true");
    if (d->boolean || take_word(r, "false")) {
        d->kind = DOC_BOOL;
        return true;
    }
    if (take_word(r, "null") || take_word(r, "nil"))
        return true;
    while (!at_end(r) && (name_char(peek(r)) || peek(r) == '.' || peek(r) == '+'))
        r->at++;
    d->kind = DOC_FLOAT;
    return strconv_parse_float(str_slice(r->text, from, r->at), &d->number, &range) || bad(r);
}

static bool read_list(struct filter_reader *f)
{
    struct path_reader *r = f->r;
    struct doc *list = ARENA_NEW(r->arena, struct doc);
    struct doc **link = &list->child;
    list->kind = DOC_LIST;
    r->at++;
    skip_blanks(r);
    while (peek(r) != ']') {
        struct doc *d = ARENA_NEW(r->arena, struct doc);
        if (!take_element(r, d))
            return false;
        *link = d;
        link = &d->next;
        list->count++;
        skip_blanks(r);
        if (peek(r) == ',')
            r->at++;
        else if (peek(r) != ']')
            return bad(r);
        skip_blanks(r);
    }
    r->at++;
    add_term(f, TERM_LIST)->list = list;
    return true;
}

/* A value, a path, or what begins one: '(' '!' and functions. *again: another operand is due. */
static bool read_operand(struct filter_reader *f, bool *again)
{
    struct path_reader *r = f->r;
    char c = peek(r);
    *again = false;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (looks_at(r, functions[i].text)) {
            r->at += strlen(functions[i].text);
            *again = true;
            return push(f, functions[i].op) && push(f, PATH_OPEN);
        }
    }
    if (c == '(' || c == '!') {
        r->at++;
        *again = true;
        return push(f, c == '(' ? PATH_OPEN : PATH_NOT);
    }
    if (c == '$' || c == '@')
        return read_steps(r, &add_term(f, TERM_PATH)->path);
    if (c == '\'' || c == '"')
        return take_quoted(r, &add_term(f, TERM_STRING)->text);
    if (c == '/')
        return read_regex(f);
    if (c == '[')
        return read_list(f);
    bool is_true = take_word(r, "true");
    if (is_true || take_word(r, "false")) {
        add_term(f, TERM_BOOL)->boolean = is_true;
        return true;
    }
    if (take_word(r, "null") || take_word(r, "nil")) {
        add_term(f, TERM_NULL);
        return true;
    }
    if (starts_integer(r) || c == '.')
        return read_number(f);
    error_set(r->err, STATUS_INVALID, "'' is not a value or function at %zu in %.*s", r->at,
              STR_ARG(r->text));
    return false;
}

static unsigned precedence_of(enum path_op op)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (operators[i].op == op)
            return operators[i].precedence;
    return op == PATH_NOT ? 6 : 0;
}

static bool close_bracket(struct filter_reader *f)
{
    while (f->depth > 0 && f->stack[f->depth - 1] != PATH_OPEN)
        pop(f);
    if (f->depth == 0)
        return bad(f->r);
    f->depth--;
    if (f->depth > 0 && f->stack[f->depth - 1] >= PATH_LENGTH && f->stack[f->depth - 1] < PATH_OPEN)
        pop(f);
    return true;
}

/* After an operand: ')' or ',' or an operator. *again: an operand is due. */
static bool read_operator(struct filter_reader *f, bool *again)
{
    struct path_reader *r = f->r;
    *again = false;
    if (peek(r) == ')') {
        r->at++;
        return close_bracket(f);
    }
    *again = true;
    if (peek(r) == ',') {
        r->at++;
        while (f->depth > 0 && f->stack[f->depth - 1] != PATH_OPEN)
            pop(f);
        return f->depth > 0 || bad(r);
    }
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (!looks_at(r, operators[i].text))
            continue;
        r->at += strlen(operators[i].text);
        while (f->depth > 0 && precedence_of(f->stack[f->depth - 1]) >= operators[i].precedence)
            pop(f);
        return push(f, operators[i].op);
    }
    return bad(r);
}

static bool read_filter_text(struct path_reader *r, struct path_filter *filter)
{
    struct filter_reader f = {.r = r, .tail = &filter->terms};
    bool wants_operand = true;
    skip_blanks(r);
    while (wants_operand || !at_end(r)) {
        bool ok =
            wants_operand ? read_operand(&f, &wants_operand) : read_operator(&f, &wants_operand);
        if (!ok)
            return false;
        skip_blanks(r);
    }
    while (f.depth > 0) {
        if (f.stack[f.depth - 1] == PATH_OPEN)
            return bad(r);
        pop(&f);
    }
    return true;
}

struct path_step *path_read(struct arena *arena, struct str text, struct error *err)
{
    struct path_reader r = {.arena = arena, .text = text, .err = err};
    struct path_step *path = NULL;
    bool ok = read_steps(&r, &path);
    if (ok && !at_end(&r))
        ok = bad(&r);
    while (ok && r.filters.len > 0) {
        struct pending_filter next = r.filters.items[--r.filters.len];
        r.text = next.text;
        r.at = 0;
        r.depth = next.depth;
        ok = read_filter_text(&r, next.filter);
    }
    VEC_RELEASE(&r.filters);
    if (!ok)
        return NULL;
    return path ? path : ARENA_NEW(arena, struct path_step);
}
