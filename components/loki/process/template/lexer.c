/* Templates: from text to tokens, as Go's text/template/parse has them. An error is a token, so
 * that the parser meets it where Go's does. */

#include "base/strconv.h"
#include "components/loki/process/template/internal.h"

struct lexer {
    struct str text;
    size_t at;
    uint32_t line;
    struct arena *arena;
    struct ttoken *tokens;
    size_t count;
    unsigned parens;
};

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int byte_at(const struct lexer *l, size_t at)
{
    return at < l->text.len ? (unsigned char)l->text.ptr[at] : -1;
}

static bool starts(const struct lexer *l, size_t at, const char *what)
{
    return at <= l->text.len && str_starts(str_slice(l->text, at, l->text.len), str_from(what));
}

/* The rune at the place; 0 at the end. */
static uint32_t rune_at(const struct lexer *l, unsigned *size)
{
    *size = 0;
    return l->at < l->text.len ? utf8_decode(str_slice(l->text, l->at, l->text.len), size) : 0;
}

static bool is_word_rune(uint32_t rune)
{
    return rune == '_' || unicode_is_letter(rune) || unicode_is_digit(rune);
}

static void emit_text(struct lexer *l, enum ttoken_kind kind, struct str text)
{
    l->tokens[l->count++] = (struct ttoken){(uint8_t)kind, l->line, text};
    for (size_t i = 0; i < text.len && kind != T_ERROR; i++)
        l->line += text.ptr[i] == '\n';
}

static bool emit(struct lexer *l, enum ttoken_kind kind, size_t from)
{
    emit_text(l, kind, str_slice(l->text, from, l->at));
    return true;
}

/* False: there is nothing more to read. */
static bool wrong(struct lexer *l, const char *what)
{
    emit_text(l, T_ERROR, arena_str(l->arena, str_from(what)));
    return false;
}

static void bad_rune(struct lexer *l, const char *what)
{
    unsigned size;
    uint32_t rune = rune_at(l, &size);
    struct str shown = arena_str(l->arena, str_slice(l->text, l->at, l->at + size));
    emit_text(l, T_ERROR, arena_printf(l->arena, "%s U+%04X '%.*s'", what, rune, STR_ARG(shown)));
}

static void skip_spaces(struct lexer *l)
{
    while (is_space(byte_at(l, l->at)))
        l->line += l->text.ptr[l->at++] == '\n';
}

/* Bytes of the right delimiter at `at`, a trim marker before it included; 0 = none. */
static size_t right_delimiter(const struct lexer *l, size_t at)
{
    if (is_space(byte_at(l, at)) && byte_at(l, at + 1) == '-' && starts(l, at + 2, "}}"))
        return 4;
    return starts(l, at, "}}") ? 2 : 0;
}

/* What may follow a name, a field or a variable. */
static bool at_terminator(const struct lexer *l)
{
    int c = byte_at(l, l->at);
    return c == -1 || is_space(c) || strchr(".,|:)(", c) != NULL || starts(l, l->at, "}}");
}

static void take_word(struct lexer *l)
{
    unsigned size;
    while (l->at < l->text.len && is_word_rune(rune_at(l, &size)))
        l->at += size;
}

static bool lex_named(struct lexer *l, enum ttoken_kind kind, size_t from)
{
    take_word(l);
    if (at_terminator(l))
        return emit(l, kind, from);
    bad_rune(l, "bad character");
    return false;
}

static bool lex_word(struct lexer *l)
{
    static const char *const keywords[] = {"block", "break", "continue", "define",   "else",
                                           "end",   "if",    "range",    "template", "with"};
    size_t from = l->at;
    if (!lex_named(l, T_WORD, from))
        return false;
    struct ttoken *token = &l->tokens[l->count - 1];
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (str_is(token->text, keywords[i]))
            token->kind = T_KEYWORD;
    }
    if (str_is(token->text, "true") || str_is(token->text, "false"))
        token->kind = T_BOOL;
    if (str_is(token->text, "nil"))
        token->kind = T_NIL;
    return true;
}

static bool accept(struct lexer *l, const char *set)
{
    int c = byte_at(l, l->at);
    bool is = c > 0 && strchr(set, c) != NULL;
    l->at += is;
    return is;
}

static void accept_all(struct lexer *l, const char *set)
{
    while (accept(l, set))
        continue;
}

static bool scan_number(struct lexer *l)
{
    static const char decimal[] = "0123456789_";
    const char *digits = decimal;
    bool is_hex = false;
    unsigned size;
    accept(l, "+-");
    if (accept(l, "0")) {
        is_hex = accept(l, "xX");
        if (is_hex)
            digits = "0123456789abcdefABCDEF_";
        else if (accept(l, "oO"))
            digits = "01234567_";
        else if (accept(l, "bB"))
            digits = "01_";
    }
    accept_all(l, digits);
    if (accept(l, "."))
        accept_all(l, digits);
    if ((digits == decimal && accept(l, "eE")) || (is_hex && accept(l, "pP"))) {
        accept(l, "+-");
        accept_all(l, decimal);
    }
    accept(l, "i");
    if (!is_word_rune(rune_at(l, &size)))
        return true;
    l->at += size;
    return false;
}

static bool lex_number(struct lexer *l)
{
    size_t from = l->at;
    bool ok = scan_number(l);
    bool is_complex = ok && l->at > from && l->text.ptr[l->at - 1] == 'i';
    if (ok && (byte_at(l, l->at) == '+' || byte_at(l, l->at) == '-')) {
        ok = scan_number(l) && l->text.ptr[l->at - 1] == 'i';
        is_complex = true;
    }
    if (ok)
        return emit(l, is_complex ? T_COMPLEX : T_NUMBER, from);
    struct buf quoted;
    buf_init(&quoted, NULL, 64 * 1024);
    strconv_quote(&quoted, str_slice(l->text, from, l->at));
    emit_text(l, T_ERROR,
              arena_printf(l->arena, "bad number syntax: %.*s", STR_ARG(buf_view(&quoted))));
    buf_release(&quoted);
    return false;
}

/* A literal between quotes; a backslash keeps what follows, but in raw texts. */
static bool lex_quoted(struct lexer *l, enum ttoken_kind kind, const char *unterminated)
{
    size_t from = l->at;
    char quote = l->text.ptr[l->at++];
    for (; l->at < l->text.len; l->at++) {
        char c = l->text.ptr[l->at];
        if (c == quote) {
            l->at++;
            return emit(l, kind, from);
        }
        if (quote == '`')
            continue;
        if (c == '\\')
            c = l->at + 1 < l->text.len ? l->text.ptr[++l->at] : '\n';
        if (c == '\n')
            break;
    }
    return wrong(l, unterminated);
}

/* Blanks; a trim marker's own blank stays. */
static bool lex_space(struct lexer *l)
{
    size_t from = l->at;
    while (is_space(byte_at(l, l->at)))
        l->at++;
    if (byte_at(l, l->at) == '-' && starts(l, l->at + 1, "}}"))
        l->at--;
    return l->at == from || emit(l, T_SPACE, from);
}

static bool lex_sign(struct lexer *l, int c)
{
    static const struct {
        char byte;
        uint8_t kind;
    } signs[] = {{'=', T_ASSIGN}, {'|', T_PIPE}, {'(', T_LEFT_PAREN}, {')', T_RIGHT_PAREN}};
    size_t from = l->at++;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].byte == c)
            return emit(l, (enum ttoken_kind)signs[i].kind, from);
    }
    if (c == ':') {
        if (byte_at(l, l->at++) != '=')
            return wrong(l, "expected :=");
        return emit(l, T_DECLARE, from);
    }
    if (c > ' ' && c < 0x7f)
        return emit(l, T_CHAR, from);
    l->at = from;
    bad_rune(l, "unrecognized character in action:");
    return false;
}

static bool lex_dotted(struct lexer *l)
{
    size_t from = l->at++;
    if (at_terminator(l))
        return emit(l, T_DOT, from);
    return lex_named(l, T_FIELD, from);
}

static bool lex_variable(struct lexer *l)
{
    size_t from = l->at++;
    return at_terminator(l) ? emit(l, T_VARIABLE, from) : lex_named(l, T_VARIABLE, from);
}

static bool lex_inside(struct lexer *l)
{
    unsigned size;
    int c = byte_at(l, l->at);
    int next = byte_at(l, l->at + 1);
    if (c == -1)
        return wrong(l, "unclosed action");
    if (is_space(c))
        return lex_space(l);
    if (c == '"')
        return lex_quoted(l, T_STRING, "unterminated quoted string");
    if (c == '`')
        return lex_quoted(l, T_STRING, "unterminated raw quoted string");
    if (c == '\'')
        return lex_quoted(l, T_RUNE, "unterminated character constant");
    if (c == '$')
        return lex_variable(l);
    bool is_digit = c >= '0' && c <= '9';
    if (c == '.' && (next < '0' || next > '9'))
        return lex_dotted(l);
    if (c == '.' || c == '+' || c == '-' || is_digit)
        return lex_number(l);
    if (is_word_rune(rune_at(l, &size)))
        return lex_word(l);
    if (c == '(')
        l->parens++;
    if (c == ')' && l->parens-- == 0)
        return wrong(l, "unexpected right paren");
    return lex_sign(l, c);
}

/* Inside {{ }}, up to and with the right delimiter. */
static bool lex_action(struct lexer *l)
{
    size_t width;
    l->parens = 0;
    while ((width = right_delimiter(l, l->at)) == 0) {
        if (!lex_inside(l))
            return false;
    }
    if (l->parens != 0)
        return wrong(l, "unclosed left paren");
    size_t from = l->at;
    l->at += width;
    emit(l, T_RIGHT, from);
    if (width > 2)
        skip_spaces(l);
    return true;
}

static bool lex_comment(struct lexer *l)
{
    size_t from = l->at;
    size_t close = str_find(l->text, STR("*/"), l->at + 2);
    if (close == SIZE_MAX)
        return wrong(l, "unclosed comment");
    size_t width = right_delimiter(l, close + 2);
    if (width == 0)
        return wrong(l, "comment ends before closing delimiter");
    l->at = close + 2 + width;
    for (size_t i = from; i < l->at; i++)
        l->line += l->text.ptr[i] == '\n';
    if (width > 2)
        skip_spaces(l);
    return true;
}

static struct str trim_right(struct str s)
{
    while (s.len != 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Text up to the next action, and the action. */
static bool lex_piece(struct lexer *l)
{
    size_t open = str_find(l->text, STR("{{"), l->at);
    bool trims = open != SIZE_MAX && byte_at(l, open + 2) == '-' && is_space(byte_at(l, open + 3));
    struct str whole = str_slice(l->text, l->at, open);
    struct str text = trims ? trim_right(whole) : whole;
    if (text.len != 0)
        emit_text(l, T_TEXT, text);
    for (size_t i = text.len; i < whole.len; i++)
        l->line += whole.ptr[i] == '\n';
    l->at = open == SIZE_MAX ? l->text.len : open;
    if (open == SIZE_MAX)
        return false;
    size_t after = open + 2 + (trims ? 2 : 0);
    if (starts(l, after, "/*")) {
        l->at = after;
        return lex_comment(l);
    }
    l->at = open + 2;
    emit(l, T_LEFT, open);
    l->at = after;
    return lex_action(l);
}

struct ttoken *template_tokens(struct str text, struct arena *arena)
{
    struct lexer l = {.text = text, .line = 1, .arena = arena};
    l.tokens = ARENA_ARRAY(arena, text.len + 2, struct ttoken);
    while (l.at < text.len && lex_piece(&l))
        continue;
    emit_text(&l, T_EOF, STR("EOF"));
    return l.tokens;
}
