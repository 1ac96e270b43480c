/* JMESPath: from text to tokens. Values are decoded here, JSON literals later. At most a token a
 * byte. */

#include "base/strconv.h"
#include "components/loki/process/jmespath/internal.h"

enum { RUNE_MINUS = 0x2212, RUNE_TIMES = 0xd7, RUNE_DIVIDE = 0xf7 };

struct lexer {
    struct str text;
    size_t at;
    struct arena *arena;
    struct jtokens *out;
    struct error *err;
};

static int peek(const struct lexer *l)
{
    return l->at < l->text.len ? (unsigned char)l->text.ptr[l->at] : -1;
}

static void emit(struct lexer *l, enum jtoken_kind kind, struct str value)
{
    l->out->items[l->out->count++] = (struct jtoken){(uint8_t)kind, value};
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* What follows the first byte at `from`. */
static struct str take_word(struct lexer *l, size_t from, bool digits_only)
{
    while (is_digit(peek(l)) || (!digits_only && is_letter(peek(l))))
        l->at++;
    return str_slice(l->text, from, l->at);
}

/* Up to the closing byte, which is taken; a backslash keeps what follows it. */
static enum status take_until(struct lexer *l, char close, struct str *out)
{
    size_t from = l->at;
    while (l->at < l->text.len && l->text.ptr[l->at] != close)
        l->at += l->text.ptr[l->at] == '\\' && l->at + 1 < l->text.len ? 2 : 1;
    if (l->at >= l->text.len) {
        return error_set(l->err, STATUS_INVALID, "SyntaxError: Unclosed delimiter: %c", close);
    }
    *out = str_slice(l->text, from, l->at++);
    return STATUS_OK;
}

static enum status take_quoted(struct lexer *l)
{
    struct doc_limits limits = {0};
    struct doc *doc = NULL;
    struct str text;
    if (take_until(l, '"', &text) != STATUS_OK)
        return l->err->status;
    text = arena_concat(l->arena, arena_concat(l->arena, STR("\""), text), STR("\""));
    if (json_read(l->arena, text, limits, &doc, l->err) != STATUS_OK)
        return l->err->status;
    emit(l, J_QuotedIdentifier, doc->text);
    return STATUS_OK;
}

/* A backslash before one of `escapes` goes, every other stays. */
static struct str unescape(struct lexer *l, struct str text, const char *escapes)
{
    char *out = arena_alloc(l->arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.len && strchr(escapes, text.ptr[i + 1]) != NULL)
            i++;
        out[len++] = text.ptr[i];
    }
    return str_of(out, len);
}

/* A raw string or a JSON literal. */
static enum status take_literal(struct lexer *l, char quote)
{
    struct str text;
    if (take_until(l, quote, &text) != STATUS_OK)
        return l->err->status;
    if (quote == '`')
        emit(l, J_JSONLiteral, unescape(l, text, "`"));
    else
        emit(l, J_StringLiteral, unescape(l, text, "'\\"));
    return STATUS_OK;
}

/* Operators of one byte, and what they are when another follows. */
static const struct {
    char byte, second;
    uint8_t kind, kind_of_both;
} operators[] = {
    {'.', 0, J_Dot, 0},
    {'*', 0, J_Star, 0},
    {',', 0, J_Comma, 0},
    {':', 0, J_Colon, 0},
    {'{', 0, J_Lbrace, 0},
    {'}', 0, J_Rbrace, 0},
    {']', 0, J_Rbracket, 0},
    {'(', 0, J_Lparen, 0},
    {')', 0, J_Rparen, 0},
    {'@', 0, J_Current, 0},
    {'+', 0, J_Plus, 0},
    {'%', 0, J_Modulo, 0},
    {'-', 0, J_Minus, 0},
    {'[', '?', J_Lbracket, J_Filter},
    {'[', ']', J_Lbracket, J_Flatten},
    {'/', '/', J_Divide, J_Div},
    {'|', '|', J_Pipe, J_Or},
    {'<', '=', J_LT, J_LTE},
    {'>', '=', J_GT, J_GTE},
    {'!', '=', J_Not, J_NE},
    {'=', '=', J_Assign, J_EQ},
    {'&', '&', J_Expref, J_And},
};

static bool take_operator(struct lexer *l)
{
    int first = peek(l);
    int second = l->at + 1 < l->text.len ? l->text.ptr[l->at + 1] : -1;
    unsigned single = 0;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (operators[i].byte != first)
            continue;
        single = operators[i].kind;
        if (operators[i].second != 0 && operators[i].second == second) {
            emit(l, (enum jtoken_kind)operators[i].kind_of_both,
                 str_slice(l->text, l->at, l->at + 2));
            l->at += 2;
            return true;
        }
    }
    if (single == 0)
        return false;
    emit(l, (enum jtoken_kind)single, str_slice(l->text, l->at, l->at + 1));
    l->at++;
    return true;
}

/* The signs of arithmetic outside ASCII; everything else is unknown. */
static enum status take_rune(struct lexer *l)
{
    unsigned size;
    uint32_t rune = utf8_decode(str_slice(l->text, l->at, l->text.len), &size);
    struct str text = str_slice(l->text, l->at, l->at + size);
    l->at += size;
    if (rune == RUNE_MINUS || rune == RUNE_TIMES || rune == RUNE_DIVIDE) {
        emit(l, rune == RUNE_MINUS ? J_Minus : rune == RUNE_TIMES ? J_Multiply : J_Divide, text);
        return STATUS_OK;
    }
    if (rune >= 0x10000)
        return error_set(l->err, STATUS_INVALID, "SyntaxError: Unknown char: '\\U%08x'", rune);
    if (rune >= 0x7f)
        return error_set(l->err, STATUS_INVALID,
                         rune == 0x7f ? "SyntaxError: Unknown char: '\\x%02x'"
                                      : "SyntaxError: Unknown char: '\\u%04x'",
                         rune);
    struct buf quoted;
    buf_init(&quoted, NULL, 32);
    strconv_quote(&quoted, text);
    struct str inner = str_slice(buf_view(&quoted), 1, quoted.len - 1);
    error_set(l->err, STATUS_INVALID, "SyntaxError: Unknown char: '%.*s'", STR_ARG(inner));
    buf_release(&quoted);
    return l->err->status;
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A number, which a minus may begin; a name; a variable. False when nothing of that stands here. */
static bool take_plain(struct lexer *l)
{
    size_t from = l->at;
    int c = peek(l);
    bool is_negative = c == '-' && from + 1 < l->text.len && is_digit(l->text.ptr[from + 1]);
    if (!is_negative && !is_digit(c) && !is_letter(c) && c != '$')
        return false;
    l->at++;
    if (is_negative || is_digit(c)) {
        emit(l, J_Number, take_word(l, from, true));
        return true;
    }
    struct str word = take_word(l, from, false);
    emit(l, c != '$' ? J_UnquotedIdentifier : word.len == 1 ? J_Root : J_Varref, word);
    return true;
}

static enum status take_token(struct lexer *l)
{
    int c = peek(l);
    if (is_blank(c)) {
        l->at++;
        return STATUS_OK;
    }
    if (take_plain(l) || take_operator(l))
        return STATUS_OK;
    if (c != '"' && c != '\'' && c != '`')
        return take_rune(l);
    l->at++;
    return c == '"' ? take_quoted(l) : c == '`' ? take_literal(l, '`') : take_literal(l, '\'');
}

enum status jmespath_tokenize(struct str text, struct arena *arena, struct jtokens *out,
                              struct error *err)
{
    struct lexer l = {.text = text, .arena = arena, .out = out, .err = err};
    if (text.len > JMESPATH_MAX_TEXT)
        return error_set(err, STATUS_LIMIT, "SyntaxError: the expression is too long");
    out->items = ARENA_ARRAY(arena, text.len + 1, struct jtoken);
    out->count = 0;
    while (l.at < text.len) {
        if (take_token(&l) != STATUS_OK)
            return err->status;
    }
    emit(&l, J_EOF, STR_NONE);
    return STATUS_OK;
}
