/* Templates: from text to nodes. A descent whose depth is bounded by MAX_DEPTH (blocks and
 * parentheses); everything lives in the caller's arena. */

#include "base/strconv.h"
#include "components/loki/process/template/template.h"

enum { MAX_DEPTH = 32, MAX_ARGS = 32, MAX_LITERAL = 64 * 1024 };

struct parser {
    struct str text;
    size_t at;
    struct arena *arena;
    struct error *err;
    unsigned depth;
};

static struct tnode *parse_list(struct parser *p, struct str *end);
static const struct texpr *parse_pipeline(struct parser *p);

static void *wrong(struct parser *p, const char *what)
{
    if (p->err->status == STATUS_OK) {
        size_t line = 1;
        for (size_t i = 0; i < p->at && i < p->text.len; i++)
            line += p->text.ptr[i] == '\n';
        error_set(p->err, STATUS_INVALID, "template: pipeline_template:%zu: %s", line, what);
    }
    return NULL;
}

static void *wrong_name(struct parser *p, const char *format, struct str name)
{
    struct str text = arena_printf(p->arena, "%s", format);
    size_t at = str_find_byte(text, '%', 0);
    struct str head = str_slice(text, 0, at);
    struct str tail = at == SIZE_MAX ? STR_NONE : str_slice(text, at + 1, text.len);
    struct str full =
        arena_printf(p->arena, "%.*s%.*s%.*s", STR_ARG(head), STR_ARG(name), STR_ARG(tail));
    return wrong(p, full.ptr);
}

static char peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.ptr[p->at] : '\0';
}

static bool starts(const struct parser *p, const char *text)
{
    return str_starts(str_slice(p->text, p->at, p->text.len), str_from(text));
}

static void skip_blanks(struct parser *p)
{
    while (p->at < p->text.len && strchr(" \t\r\n", p->text.ptr[p->at]) != NULL)
        p->at++;
}

static bool at_action_end(const struct parser *p)
{
    return starts(p, "}}") || starts(p, "-}}");
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static struct str take_name(struct parser *p)
{
    size_t from = p->at;
    while (p->at < p->text.len && is_name_byte(p->text.ptr[p->at]))
        p->at++;
    return str_slice(p->text, from, p->at);
}

/* ---- expressions ---- */
static struct texpr *new_expr(struct parser *p, enum texpr_kind kind)
{
    struct texpr *e = ARENA_NEW(p->arena, struct texpr);
    e->kind = (uint8_t)kind;
    return e;
}

static const struct texpr *parse_string(struct parser *p)
{
    char quote = peek(p);
    size_t from = p->at++;
    struct buf value;
    struct texpr *e = new_expr(p, TEXPR_LITERAL);
    while (p->at < p->text.len && p->text.ptr[p->at] != quote) {
        p->at += quote == '"' && p->text.ptr[p->at] == '\\' ? 2 : 1;
    }
    if (p->at >= p->text.len)
        return wrong(p, "unterminated quoted string");
    p->at++;
    buf_init(&value, NULL, MAX_LITERAL);
    bool ok = strconv_unquote(&value, str_slice(p->text, from, p->at)) && buf_ok(&value);
    e->literal = TVAL_S(arena_str(p->arena, buf_view(&value)));
    buf_release(&value);
    return ok ? e : wrong(p, "invalid syntax");
}

static const struct texpr *parse_number(struct parser *p)
{
    size_t from = p->at++;
    while (is_name_byte(peek(p)) || peek(p) == '.')
        p->at++;
    struct str text = str_slice(p->text, from, p->at);
    struct texpr *e = new_expr(p, TEXPR_LITERAL);
    int64_t integer;
    double number;
    bool range;
    if (str_to_i64(text, &integer)) {
        e->literal = TVAL_I(integer);
    } else if (strconv_parse_float(text, &number, &range)) {
        e->literal = TVAL_F(number);
    } else {
        return wrong_name(p, "bad number syntax: \"%\"", text);
    }
    return e;
}

static const struct texpr *parse_fields(struct parser *p, const struct texpr *base)
{
    while (peek(p) == '.') {
        p->at++;
        struct texpr *e = new_expr(p, TEXPR_FIELD);
        e->base = base;
        e->name = take_name(p);
        if (e->name.len == 0)
            return wrong(p, "unexpected <.> in operand");
        base = e;
    }
    return base;
}

static const struct texpr *parse_dot(struct parser *p)
{
    p->at++;
    if (!is_name_byte(peek(p)))
        return new_expr(p, TEXPR_DOT);
    struct texpr *e = new_expr(p, TEXPR_FIELD);
    e->name = take_name(p);
    return parse_fields(p, e);
}

static const struct texpr *parse_parenthesis(struct parser *p)
{
    p->at++;
    if (++p->depth > MAX_DEPTH)
        return wrong(p, "nested too deeply");
    const struct texpr *e = parse_pipeline(p);
    p->depth--;
    if (e == NULL)
        return NULL;
    skip_blanks(p);
    if (peek(p) != ')')
        return wrong(p, "unclosed left paren");
    p->at++;
    return parse_fields(p, e);
}

static const struct texpr *parse_word(struct parser *p)
{
    struct str name = take_name(p);
    struct texpr *e = new_expr(p, TEXPR_LITERAL);
    if (str_is(name, "true") || str_is(name, "false")) {
        e->literal = TVAL_B(str_is(name, "true"));
        return e;
    }
    if (str_is(name, "nil"))
        return e;
    e->kind = TEXPR_CALL;
    e->function = template_function(name);
    if (e->function == NULL)
        return wrong_name(p, "function \"%\" not defined", name);
    return e;
}

static const struct texpr *parse_operand(struct parser *p)
{
    char c = peek(p);
    if (c == '"' || c == '`')
        return parse_string(p);
    if (c == '.')
        return parse_dot(p);
    if (c == '(')
        return parse_parenthesis(p);
    if ((c >= '0' && c <= '9') || c == '-' || c == '+')
        return parse_number(p);
    if (c == '$') {
        p->at++;
        struct texpr *e = new_expr(p, TEXPR_VARIABLE);
        e->name = take_name(p);
        return parse_fields(p, e);
    }
    if (!is_name_byte(c))
        return wrong(p, "unexpected character in operand");
    return parse_word(p);
}

static bool at_command_end(const struct parser *p)
{
    char c = peek(p);
    return at_action_end(p) || c == '|' || c == ')' || c == '\0';
}

/* An operand, or a function with its arguments; `piped` is the last argument or NULL. */
static const struct texpr *parse_command(struct parser *p, const struct texpr *piped)
{
    const struct texpr *args[MAX_ARGS];
    size_t count = 0;
    skip_blanks(p);
    if (at_command_end(p))
        return wrong(p, "missing value for command");
    const struct texpr *first = parse_operand(p);
    if (first == NULL)
        return NULL;
    for (skip_blanks(p); !at_command_end(p); skip_blanks(p)) {
        if (count == MAX_ARGS - 1)
            return wrong(p, "too many arguments");
        const struct texpr *arg = parse_operand(p);
        if (arg == NULL)
            return NULL;
        if (arg->kind == TEXPR_CALL && arg->arg_count < arg->function->min_args) {
            return wrong_name(p, "wrong number of args for %", str_from(arg->function->name));
        }
        args[count++] = arg;
    }
    if (piped != NULL)
        args[count++] = piped;
    if (first->kind != TEXPR_CALL || first->arg_count != 0) {
        return count == 0 ? first : wrong(p, "can't give argument to non-function");
    }
    const struct template_function *f = first->function;
    if (count < f->min_args || count > f->max_args) {
        return wrong_name(p, "wrong number of args for %", str_from(f->name));
    }
    struct texpr *call = new_expr(p, TEXPR_CALL);
    call->function = f;
    call->arg_count = count;
    call->args = ARENA_ARRAY(p->arena, count, const struct texpr *);
    if (count != 0)
        memcpy(call->args, args, count * sizeof *args);
    return call;
}

static const struct texpr *parse_pipeline(struct parser *p)
{
    const struct texpr *e = parse_command(p, NULL);
    while (e != NULL && peek(p) == '|') {
        p->at++;
        e = parse_command(p, e);
    }
    return e;
}

/* ---- actions ---- */
static bool end_action(struct parser *p)
{
    skip_blanks(p);
    bool trims = starts(p, "-}}");
    if (!trims && !starts(p, "}}")) {
        wrong(p, "unexpected token in command");
        return false;
    }
    p->at += trims ? 3 : 2;
    if (trims)
        skip_blanks(p);
    return true;
}

static struct tnode *new_node(struct parser *p, enum tnode_kind kind)
{
    struct tnode *n = ARENA_NEW(p->arena, struct tnode);
    n->kind = (uint8_t)kind;
    return n;
}

static struct tnode *parse_block(struct parser *p, enum tnode_kind kind);

/* What follows {{else: "if …}}" makes a block of its own inside. */
static bool parse_else(struct parser *p, struct tnode *n)
{
    struct str end;
    skip_blanks(p);
    if (starts(p, "if ") || starts(p, "if(")) {
        p->at += 2;
        n->otherwise = parse_block(p, TNODE_IF);
        return n->otherwise != NULL;
    }
    if (!end_action(p))
        return false;
    n->otherwise = parse_list(p, &end);
    if (p->err->status != STATUS_OK)
        return false;
    if (str_is(end, "end"))
        return end_action(p);
    wrong(p, "unexpected EOF");
    return false;
}

static struct tnode *parse_block(struct parser *p, enum tnode_kind kind)
{
    struct tnode *n = new_node(p, kind);
    struct str end;
    if (++p->depth > MAX_DEPTH)
        return wrong(p, "nested too deeply");
    n->value = parse_pipeline(p);
    if (n->value == NULL || !end_action(p))
        return NULL;
    n->body = parse_list(p, &end);
    if (p->err->status != STATUS_OK)
        return NULL;
    if (str_is(end, "else")) {
        if (!parse_else(p, n))
            return NULL;
    } else if (!str_is(end, "end")) {
        return wrong(p, "unexpected EOF");
    } else if (!end_action(p)) {
        return NULL;
    }
    p->depth--;
    return n;
}

static bool take_word(struct parser *p, const char *word)
{
    size_t len = strlen(word);
    if (!starts(p, word) || (p->at + len < p->text.len && is_name_byte(p->text.ptr[p->at + len]))) {
        return false;
    }
    p->at += len;
    return true;
}

/* "$x := pipeline", "$x = pipeline"; false (and nothing taken) when it is something else. */
static bool take_assignment(struct parser *p, struct str *name)
{
    size_t from = p->at;
    if (peek(p) == '$') {
        p->at++;
        *name = take_name(p);
        skip_blanks(p);
        if (name->len != 0 && (starts(p, ":=") || peek(p) == '=')) {
            p->at += starts(p, ":=") ? 2 : 1;
            return true;
        }
    }
    p->at = from;
    return false;
}

static struct tnode *parse_print(struct parser *p)
{
    struct tnode *n = new_node(p, TNODE_PRINT);
    if (take_assignment(p, &n->text))
        n->kind = TNODE_SET;
    n->value = parse_pipeline(p);
    return n->value != NULL && end_action(p) ? n : NULL;
}

static bool skip_comment(struct parser *p)
{
    size_t close = str_find(p->text, STR("*/"), p->at);
    if (close == SIZE_MAX) {
        wrong(p, "unclosed comment");
        return false;
    }
    p->at = close + 2;
    return end_action(p);
}

/* After "{{". *end is set when the action ends the list ("end", "else"). */
static struct tnode *parse_action(struct parser *p, struct str *end)
{
    static const char *const refused[] = {"define", "template", "block", "break", "continue"};
    skip_blanks(p);
    if (starts(p, "/*")) {
        skip_comment(p);
        return NULL;
    }
    if (take_word(p, "end"))
        *end = STR("end");
    if (end->len == 0 && take_word(p, "else"))
        *end = STR("else");
    if (end->len != 0)
        return NULL;
    if (take_word(p, "if"))
        return parse_block(p, TNODE_IF);
    if (take_word(p, "with"))
        return parse_block(p, TNODE_WITH);
    if (take_word(p, "range"))
        return parse_block(p, TNODE_RANGE);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (take_word(p, refused[i])) {
            return wrong_name(p, "% is not supported by invar yet", str_from(refused[i]));
        }
    }
    return parse_print(p);
}

static struct str trim_right(struct str s)
{
    while (s.len != 0 && strchr(" \t\r\n", s.ptr[s.len - 1]) != NULL)
        s.len--;
    return s;
}

/* Up to the end of the text, or to {{end or {{else, which *end tells. */
static struct tnode *parse_list(struct parser *p, struct str *end)
{
    struct tnode *first = NULL;
    struct tnode **at = &first;
    *end = STR_NONE;
    while (p->err->status == STATUS_OK) {
        size_t open = str_find(p->text, STR("{{"), p->at);
        struct str text = str_slice(p->text, p->at, open);
        p->at = open == SIZE_MAX ? p->text.len : open + 2;
        if (open != SIZE_MAX && starts(p, "-") && strchr(" \t\r\n", p->text.ptr[p->at + 1])) {
            p->at++;
            text = trim_right(text);
        }
        if (text.len != 0) {
            *at = new_node(p, TNODE_TEXT);
            (*at)->text = text;
            at = &(*at)->next;
        }
        if (open == SIZE_MAX)
            break;
        *at = parse_action(p, end);
        if (end->len != 0)
            break;
        if (*at != NULL)
            at = &(*at)->next;
    }
    return first;
}

struct template *template_compile(struct str text, struct arena *arena, struct error *err)
{
    struct parser p = {.text = arena_str(arena, text), .arena = arena, .err = err};
    struct template *t = ARENA_NEW(arena, struct template);
    struct str end;
    error_clear(err);
    t->first = parse_list(&p, &end);
    if (err->status == STATUS_OK && end.len != 0) {
        wrong_name(&p, "unexpected {{%}}", end);
    }
    return err->status == STATUS_OK ? t : NULL;
}
