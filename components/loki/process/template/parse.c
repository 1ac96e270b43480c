/* Templates: from tokens to nodes, in the order and with the words of Go's text/template/parse. A
 * descent whose depth is bounded by TEMPLATE_MAX_DEPTH (blocks and parentheses); everything lives
 * in the caller's arena. After an error every function returns NULL or false. */

#include "base/strconv.h"
#include "components/loki/process/template/internal.h"

enum { MAX_TEXT = 256 * 1024, MAX_VARIABLES = 64, MAX_PATH = 32, SHOWN = 10 };

struct parser {
    const struct ttoken *tokens;
    size_t at;
    struct arena *arena;
    struct error *err;
    unsigned depth, ranges;
    struct str variables[MAX_VARIABLES];
    size_t variable_count;
};

enum list_end { END_NONE, END_EOF, END_END, END_ELSE };

static struct tnode *parse_list(struct parser *p, enum list_end *end);
static struct tpipe *parse_pipe(struct parser *p, const char *context, enum ttoken_kind end);

/* ---- errors ---- */
static void *wrong(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void *wrong(struct parser *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str what = arena_vprintf(p->arena, format, args);
    va_end(args);
    if (p->err->status == STATUS_OK) {
        error_set(p->err, STATUS_INVALID, "template: pipeline_template:%u: %.*s",
                  (unsigned)p->tokens[p->at].line, STR_ARG(what));
    }
    return NULL;
}

static struct str quoted(struct parser *p, struct str text)
{
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    strconv_quote(&out, text);
    struct str copy = arena_str(p->arena, buf_view(&out));
    buf_release(&out);
    return copy;
}

/* A token as Go prints it. */
static struct str shown(struct parser *p, const struct ttoken *token)
{
    if (token->kind == T_EOF || token->kind == T_ERROR)
        return token->text;
    if (token->kind == T_KEYWORD || token->kind == T_NIL || token->kind == T_DOT)
        return arena_printf(p->arena, "<%.*s>", STR_ARG(token->text));
    struct str text = token->text;
    if (utf8_count(text) <= SHOWN)
        return quoted(p, text);
    size_t len = 0;
    for (unsigned runes = 0, size; runes < SHOWN; runes++, len += size)
        utf8_decode(str_slice(text, len, text.len), &size);
    return arena_concat(p->arena, quoted(p, str_slice(text, 0, len)), STR("..."));
}

static void *unexpected(struct parser *p, const struct ttoken *token, const char *context)
{
    struct str text = shown(p, token);
    if (token->kind == T_ERROR)
        return wrong(p, "%.*s", STR_ARG(text));
    return wrong(p, "unexpected %.*s in %s", STR_ARG(text), context);
}

static bool failed(const struct parser *p)
{
    return p->err->status != STATUS_OK;
}

/* ---- tokens; the last one is never left ---- */
static const struct ttoken *peek(const struct parser *p)
{
    return &p->tokens[p->at];
}

static const struct ttoken *next(struct parser *p)
{
    const struct ttoken *token = &p->tokens[p->at];
    if (token->kind != T_EOF)
        p->at++;
    return token;
}

static const struct ttoken *peek_word(struct parser *p)
{
    while (peek(p)->kind == T_SPACE)
        p->at++;
    return peek(p);
}

static const struct ttoken *next_word(struct parser *p)
{
    peek_word(p);
    return next(p);
}

static bool is_keyword(const struct ttoken *token, const char *word)
{
    return token->kind == T_KEYWORD && str_is(token->text, word);
}

/* ---- literals ---- */
static struct texpr *new_expr(struct parser *p, enum texpr_kind kind)
{
    struct texpr *e = ARENA_NEW(p->arena, struct texpr);
    e->kind = (uint8_t)kind;
    return e;
}

static struct texpr *parse_string(struct parser *p, const struct ttoken *token)
{
    struct buf value;
    struct texpr *e = new_expr(p, TEXPR_LITERAL);
    buf_init(&value, NULL, MAX_TEXT);
    bool ok = strconv_unquote(&value, token->text) && buf_ok(&value);
    e->literal = TVAL_S(arena_str(p->arena, buf_view(&value)));
    buf_release(&value);
    return ok ? e : wrong(p, "invalid syntax");
}

static unsigned digit_of(char c)
{
    enum { NONE = 99 };
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    char lower = (char)(c | 32);
    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a' + 10) : NONE;
}

/* Takes a prefix; a leading 0 means octal. */
static unsigned take_base(struct str *text)
{
    if (text->len < 2 || text->ptr[0] != '0')
        return 10;
    char mark = (char)(text->ptr[1] | 32);
    bool has_mark = mark == 'x' || mark == 'b' || mark == 'o';
    *text = str_slice(*text, has_mark ? 2 : 1, text->len);
    return mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
}

bool template_integer(struct str text, int64_t *out)
{
    bool negative = text.len != 0 && text.ptr[0] == '-';
    uint64_t value = 0;
    if (negative || (text.len != 0 && text.ptr[0] == '+'))
        text = str_slice(text, 1, text.len);
    size_t before = text.len;
    unsigned base = take_base(&text);
    bool may_separate = text.len != before; /* an underscore stands between digits */
    if (text.len == 0)
        return false;
    for (size_t at = 0; at < text.len; at++) {
        unsigned digit = digit_of(text.ptr[at]);
        bool separates = text.ptr[at] == '_' && may_separate && at + 1 < text.len;
        may_separate = !separates;
        if (separates)
            continue;
        if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    if (value > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static bool has_any(struct str text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(set, text.ptr[i]) != NULL)
            return true;
    }
    return false;
}

static struct texpr *parse_number(struct parser *p, const struct ttoken *token)
{
    struct texpr *e = new_expr(p, TEXPR_LITERAL);
    struct str text = token->text;
    bool out_of_range = false;
    e->is_int = template_integer(text, &e->literal.integer);
    e->is_float = true;
    e->literal.kind = TVAL_INT;
    if (e->is_int) {
        e->literal.number = (double)e->literal.integer;
        return e;
    }
    if (!strconv_parse_float(text, &e->literal.number, &out_of_range) || out_of_range ||
        text.ptr[text.len - 1] == '_')
        return wrong(p, "illegal number syntax: \"%.*s\"", STR_ARG(text));
    if (!has_any(text, ".eEpP"))
        return wrong(p, "integer overflow: \"%.*s\"", STR_ARG(text));
    double whole = e->literal.number;
    e->literal.kind = TVAL_FLOAT;
    e->is_int = whole > -9.2e18 && whole < 9.2e18 && (double)(int64_t)whole == whole;
    if (e->is_int)
        e->literal.integer = (int64_t)whole;
    return e;
}

/* 'x' is the number of its rune. */
static struct texpr *parse_rune(struct parser *p, const struct ttoken *token)
{
    struct texpr *e = new_expr(p, TEXPR_LITERAL);
    struct str inner = str_slice(token->text, 1, token->text.len - 1);
    struct buf value;
    unsigned size = 0;
    struct str literal =
        str_is(inner, "\\'") ? STR("\"'\"") : arena_printf(p->arena, "\"%.*s\"", STR_ARG(inner));
    buf_init(&value, NULL, MAX_TEXT);
    bool ok = strconv_unquote(&value, literal) && value.len != 0;
    if (ok)
        e->literal = TVAL_I(utf8_decode(buf_view(&value), &size));
    ok = ok && size == value.len;
    buf_release(&value);
    e->is_int = e->is_float = true;
    e->literal.number = (double)e->literal.integer;
    return ok ? e : wrong(p, "malformed character constant: %.*s", STR_ARG(token->text));
}

/* ---- terms ---- */
static struct texpr *parse_function(struct parser *p, struct str name)
{
    struct texpr *e = new_expr(p, TEXPR_FUNCTION);
    e->function = template_function(name);
    if (e->function != NULL)
        return e;
    if (template_function_is_refused(name))
        return wrong(p, "function \"%.*s\" is not supported by invar", STR_ARG(name));
    return wrong(p, "function \"%.*s\" not defined", STR_ARG(name));
}

static struct texpr *parse_variable(struct parser *p, struct str name)
{
    struct texpr *e = new_expr(p, TEXPR_VARIABLE);
    e->name = name;
    for (size_t i = 0; i < p->variable_count; i++) {
        if (str_eq(p->variables[i], name))
            return e;
    }
    return wrong(p, "undefined variable \"%.*s\"", STR_ARG(name));
}

static bool go_deeper(struct parser *p)
{
    if (++p->depth <= TEMPLATE_MAX_DEPTH)
        return true;
    wrong(p, "nested too deeply");
    return false;
}

static struct texpr *parse_parenthesis(struct parser *p)
{
    struct texpr *e = new_expr(p, TEXPR_PIPE);
    if (!go_deeper(p))
        return NULL;
    e->pipe = parse_pipe(p, "parenthesized pipeline", T_RIGHT_PAREN);
    p->depth--;
    return e->pipe != NULL ? e : NULL;
}

/* NULL without an error: no term stands here. */
static struct texpr *parse_term(struct parser *p)
{
    const struct ttoken *token = peek_word(p);
    size_t at = p->at;
    struct texpr *e;
    next(p);
    switch ((enum ttoken_kind)token->kind) {
    case T_WORD: return parse_function(p, token->text);
    case T_DOT: return new_expr(p, TEXPR_DOT);
    case T_NIL: return new_expr(p, TEXPR_NIL);
    case T_VARIABLE: return parse_variable(p, token->text);
    case T_FIELD: p->at = at; return new_expr(p, TEXPR_FIELD);
    case T_BOOL:
        e = new_expr(p, TEXPR_LITERAL);
        e->literal = TVAL_B(str_is(token->text, "true"));
        return e;
    case T_NUMBER: return parse_number(p, token);
    case T_RUNE: return parse_rune(p, token);
    case T_COMPLEX: return wrong(p, "complex numbers are not supported by invar");
    case T_STRING: return parse_string(p, token);
    case T_LEFT_PAREN: return parse_parenthesis(p);
    default: break;
    }
    p->at = at;
    return NULL;
}

static bool parse_path(struct parser *p, struct texpr *e)
{
    struct str path[MAX_PATH];
    size_t count = 0;
    while (peek(p)->kind == T_FIELD) {
        if (count == MAX_PATH) {
            wrong(p, "too many fields");
            return false;
        }
        struct str text = next(p)->text;
        path[count++] = str_slice(text, 1, text.len);
    }
    struct str *copy = ARENA_ARRAY(p->arena, count, struct str);
    memcpy(copy, path, count * sizeof *copy);
    e->path = copy;
    e->path_count = count;
    return true;
}

static struct texpr *parse_operand(struct parser *p)
{
    const struct ttoken *token = peek_word(p);
    struct texpr *e = parse_term(p);
    if (e == NULL || peek(p)->kind != T_FIELD)
        return e;
    if (e->kind == TEXPR_LITERAL || e->kind == TEXPR_NIL || e->kind == TEXPR_DOT)
        return wrong(p, "unexpected . after term %.*s", STR_ARG(quoted(p, token->text)));
    if (e->kind != TEXPR_FIELD && e->kind != TEXPR_VARIABLE) {
        struct texpr *chain = new_expr(p, TEXPR_CHAIN);
        chain->base = e;
        e = chain;
    }
    return parse_path(p, e) ? e : NULL;
}

/* ---- commands and pipelines ---- */
static struct tcommand *parse_command(struct parser *p)
{
    const struct texpr *args[TEMPLATE_MAX_ARGS];
    size_t count = 0;
    for (bool more = true; more;) {
        struct texpr *e = parse_operand(p);
        if (failed(p))
            return NULL;
        if (e != NULL && count == TEMPLATE_MAX_ARGS)
            return wrong(p, "more than %d arguments", TEMPLATE_MAX_ARGS);
        if (e != NULL)
            args[count++] = e;
        const struct ttoken *token = peek(p);
        more = token->kind == T_SPACE;
        if (token->kind == T_SPACE || token->kind == T_PIPE)
            next(p);
        else if (token->kind != T_RIGHT && token->kind != T_RIGHT_PAREN)
            return unexpected(p, token, "operand");
    }
    if (count == 0)
        return wrong(p, "empty command");
    struct tcommand *command = ARENA_NEW(p->arena, struct tcommand);
    command->args = ARENA_ARRAY(p->arena, count, const struct texpr *);
    command->count = count;
    memcpy(command->args, args, count * sizeof *args);
    return command;
}

static bool declare(struct parser *p, struct tpipe *pipe, struct str name)
{
    if (p->variable_count == MAX_VARIABLES) {
        wrong(p, "more than %d variables", MAX_VARIABLES);
        return false;
    }
    pipe->declared[pipe->declared_count++] = name;
    p->variables[p->variable_count++] = name;
    return true;
}

/* "$x :=", "$x =", in ranges "$i, $x :=". False after an error. */
static bool parse_declarations(struct parser *p, struct tpipe *pipe, const char *context)
{
    bool is_range = strcmp(context, "range") == 0;
    while (peek_word(p)->kind == T_VARIABLE) {
        size_t start = p->at;
        struct str name = next(p)->text;
        const struct ttoken *after = peek_word(p);
        if (after->kind == T_ASSIGN || after->kind == T_DECLARE) {
            pipe->assigns = after->kind == T_ASSIGN;
            next(p);
            return declare(p, pipe, name);
        }
        if (after->kind != T_CHAR || !str_is(after->text, ",")) {
            p->at = start;
            return true;
        }
        next(p);
        if (pipe->declared_count == 1 || !declare(p, pipe, name) || !is_range) {
            wrong(p, "too many declarations in %s", context);
            return false;
        }
        unsigned kind = peek_word(p)->kind;
        if (kind != T_VARIABLE && kind != T_RIGHT && kind != T_RIGHT_PAREN) {
            wrong(p, "range can only initialize variables");
            return false;
        }
    }
    return true;
}

static bool is_executable(const struct texpr *e)
{
    return e->kind != TEXPR_LITERAL && e->kind != TEXPR_NIL && e->kind != TEXPR_DOT;
}

static bool check_pipe(struct parser *p, const struct tpipe *pipe, const char *context)
{
    unsigned stage = 1;
    if (pipe->first == NULL) {
        wrong(p, "missing value for %s", context);
        return false;
    }
    for (const struct tcommand *c = pipe->first->next; c != NULL; c = c->next) {
        stage++;
        if (!is_executable(c->args[0])) {
            wrong(p, "non executable command in pipeline stage %u", stage);
            return false;
        }
    }
    return true;
}

static struct tpipe *parse_pipe(struct parser *p, const char *context, enum ttoken_kind end)
{
    struct tpipe *pipe = ARENA_NEW(p->arena, struct tpipe);
    struct tcommand **last = &pipe->first;
    if (!parse_declarations(p, pipe, context))
        return NULL;
    for (;;) {
        const struct ttoken *token = peek_word(p);
        if (token->kind == end) {
            next(p);
            return check_pipe(p, pipe, context) ? pipe : NULL;
        }
        bool begins = token->kind == T_WORD || token->kind == T_LEFT_PAREN ||
                      (token->kind >= T_FIELD && token->kind <= T_STRING);
        if (!begins)
            return unexpected(p, token, context);
        *last = parse_command(p);
        if (*last == NULL)
            return NULL;
        last = &(*last)->next;
    }
}

/* ---- actions ---- */
static struct tnode *new_node(struct parser *p, enum tnode_kind kind)
{
    struct tnode *n = ARENA_NEW(p->arena, struct tnode);
    n->kind = (uint8_t)kind;
    return n;
}

static bool take_right(struct parser *p, const char *context)
{
    const struct ttoken *token = next_word(p);
    if (token->kind == T_RIGHT)
        return true;
    unexpected(p, token, context);
    return false;
}

static struct tnode *parse_block(struct parser *p, enum tnode_kind kind);

static const char *const block_words[] = {
    [TNODE_IF] = "if", [TNODE_WITH] = "with", [TNODE_RANGE] = "range"};

/* {{else}} or {{else if …}}, which is a block of its own inside. */
static bool parse_else(struct parser *p, struct tnode *n)
{
    enum list_end end;
    bool chains = n->kind != TNODE_RANGE && is_keyword(peek_word(p), block_words[n->kind]);
    if (chains) {
        next(p);
        n->otherwise = parse_block(p, (enum tnode_kind)n->kind);
        return n->otherwise != NULL;
    }
    n->otherwise = parse_list(p, &end);
    if (!failed(p) && end != END_END)
        wrong(p, "expected end; found {{else}}");
    return !failed(p);
}

static struct tnode *parse_block(struct parser *p, enum tnode_kind kind)
{
    size_t variables = p->variable_count;
    struct tnode *n = new_node(p, kind);
    enum list_end end;
    if (!go_deeper(p))
        return NULL;
    n->pipe = parse_pipe(p, block_words[kind], T_RIGHT);
    if (n->pipe == NULL)
        return NULL;
    p->ranges += kind == TNODE_RANGE;
    n->body = parse_list(p, &end);
    p->ranges -= kind == TNODE_RANGE;
    if (failed(p) || (end == END_ELSE && !parse_else(p, n)))
        return NULL;
    p->depth--;
    p->variable_count = variables;
    return n;
}

static struct tnode *parse_leave(struct parser *p, bool is_break)
{
    if (!take_right(p, is_break ? "{{break}}" : "{{continue}}"))
        return NULL;
    if (p->ranges == 0)
        return wrong(p, "{{%s}} outside {{range}}", is_break ? "break" : "continue");
    return new_node(p, is_break ? TNODE_BREAK : TNODE_CONTINUE);
}

static struct tnode *parse_keyword(struct parser *p, const struct ttoken *token, enum list_end *end)
{
    next(p);
    for (unsigned kind = TNODE_IF; kind <= TNODE_RANGE; kind++) {
        if (str_is(token->text, block_words[kind]))
            return parse_block(p, (enum tnode_kind)kind);
    }
    if (str_is(token->text, "end")) {
        *end = END_END;
        take_right(p, "end");
        return NULL;
    }
    if (str_is(token->text, "else")) {
        const struct ttoken *after = peek_word(p);
        *end = END_ELSE;
        if (!is_keyword(after, "if") && !is_keyword(after, "with"))
            take_right(p, "else");
        return NULL;
    }
    if (str_is(token->text, "break") || str_is(token->text, "continue"))
        return parse_leave(p, str_is(token->text, "break"));
    return wrong(p, "{{%.*s}} is not supported by invar", STR_ARG(token->text));
}

static struct tnode *parse_action(struct parser *p, enum list_end *end)
{
    const struct ttoken *token = peek_word(p);
    if (token->kind == T_KEYWORD)
        return parse_keyword(p, token, end);
    struct tnode *n = new_node(p, TNODE_ACTION);
    n->pipe = parse_pipe(p, "command", T_RIGHT);
    return n->pipe != NULL ? n : NULL;
}

/* Up to the end of the text, {{end}} or {{else}}. */
static struct tnode *parse_list(struct parser *p, enum list_end *end)
{
    struct tnode *first = NULL;
    struct tnode **last = &first;
    for (*end = END_NONE; *end == END_NONE && !failed(p);) {
        const struct ttoken *token = next(p);
        if (token->kind == T_EOF) {
            *end = END_EOF;
            if (p->depth != 0)
                wrong(p, "unexpected EOF");
        } else if (token->kind == T_TEXT) {
            *last = new_node(p, TNODE_TEXT);
            (*last)->text = token->text;
        } else if (token->kind == T_LEFT) {
            *last = parse_action(p, end);
        } else {
            unexpected(p, token, "input");
        }
        if (*last != NULL)
            last = &(*last)->next;
    }
    return first;
}

struct template *template_compile(struct str text, struct arena *arena, struct error *err)
{
    struct parser p = {.arena = arena, .err = err, .variables = {STR("$")}, .variable_count = 1};
    struct template *t = ARENA_NEW(arena, struct template);
    enum list_end end = END_NONE;
    error_clear(err);
    if (text.len > MAX_TEXT) {
        error_set(err, STATUS_LIMIT, "the template is too long");
        return NULL;
    }
    p.tokens = template_tokens(arena_str(arena, text), arena);
    t->first = parse_list(&p, &end);
    if (end == END_END || end == END_ELSE)
        wrong(&p, "unexpected {{%s}}", end == END_END ? "end" : "else");
    return failed(&p) ? NULL : t;
}
