/* The lexer's second half: comments and the terminators before them, letters beyond ASCII, and
 * every scan error. Positions and the order of errors are Alloy's, whose scanner holds one decoded
 * character ahead: an encoding error is reported when its character becomes that one (lex_check).
 */

#include "compiler/lexer_inner.h"
#include "base/strconv.h"

#define ROW(kind, text) [TOKEN_##kind] = (text)
static const char *const names[TOKEN_COUNT] = {
    ROW(ILLEGAL, "ILLEGAL"), ROW(EOF, "EOF"),
    ROW(COMMENT, "COMMENT"), ROW(IDENT, "IDENT"),
    ROW(NUMBER, "NUMBER"),   ROW(FLOAT, "FLOAT"),
    ROW(STRING, "STRING"),   ROW(BOOL, "BOOL"),
    ROW(NULL, "NULL"),       ROW(OR, "||"),
    ROW(AND, "&&"),          ROW(NOT, "!"),
    ROW(ASSIGN, "="),        ROW(EQ, "=="),
    ROW(NEQ, "!="),          ROW(LT, "<"),
    ROW(LTE, "<="),          ROW(GT, ">"),
    ROW(GTE, ">="),          ROW(ADD, "+"),
    ROW(SUB, "-"),           ROW(MUL, "*"),
    ROW(DIV, "/"),           ROW(MOD, "%"),
    ROW(POW, "^"),           ROW(LCURLY, "{"),
    ROW(RCURLY, "}"),        ROW(LPAREN, "("),
    ROW(RPAREN, ")"),        ROW(LBRACK, "["),
    ROW(RBRACK, "]"),        ROW(COMMA, ","),
    ROW(DOT, "."),           ROW(TERMINATOR, "TERMINATOR"),
};
#undef ROW

enum { BYTE_ORDER_MARK = 0xFEFF, BYTE_ORDER_MARK_SIZE = 3, MAX_RUNE = 0x10FFFF };

const char *token_name(enum token_kind kind)
{
    return names[kind];
}

void lex_init(struct lexer *lexer, struct source *source, struct diags *diags)
{
    ASSERT(source->text.len <= SOURCE_MAX_BYTES);
    *lexer = (struct lexer){.source = source,
                            .diags = diags,
                            .text = source->text.len > 0 ? source->text.ptr : "",
                            .len = (uint32_t)source->text.len};
    if (str_starts(source->text, STR("\xEF\xBB\xBF"))) {
        lexer->at = BYTE_ORDER_MARK_SIZE;
    }
}

/* The character at `at`; *size is 0 at the end of the text. */
static uint32_t rune_at(const struct lexer *lexer, uint32_t at, unsigned *size)
{
    if (at >= lexer->len) {
        *size = 0;
        return 0;
    }
    unsigned char byte = (unsigned char)lexer->text[at];
    if (byte < 0x80) {
        *size = 1;
        return byte;
    }
    return utf8_decode(str_of(lexer->text + at, lexer->len - at), size);
}

static struct range point(const struct lexer *lexer, uint32_t at)
{
    struct range range = {0};
    if (lexer->diags->len < DIAGS_MAX) {
        range.start = source_pos(lexer->source, at);
    }
    return range;
}

static void report(struct lexer *lexer, enum diag_id id, uint32_t at)
{
    diag_add(lexer->diags, id, lexer->source, point(lexer, at));
}

/* For messages that show a character as U+0023 '#'. */
static void report_rune(struct lexer *lexer, enum diag_id id, uint32_t at, uint32_t rune)
{
    if (lexer->diags->len >= DIAGS_MAX) {
        report(lexer, id, at);
        return;
    }
    struct buf text;
    buf_init(&text, NULL, 64);
    buf_printf(&text, "U+%04X", (unsigned)rune);
    if (unicode_is_print(rune)) {
        buf_cstr(&text, " '");
        utf8_append(&text, rune);
        buf_byte(&text, '\'');
    }
    diag_add(lexer->diags, id, lexer->source, point(lexer, at), STR_ARG(buf_view(&text)));
    buf_release(&text);
}

void lex_check(struct lexer *lexer, uint32_t to)
{
    while (lexer->checked <= to && lexer->checked < lexer->len) {
        uint32_t at = lexer->checked;
        unsigned size = 0;
        uint32_t rune = rune_at(lexer, at, &size);
        lexer->checked = at + size;
        if (rune == 0) {
            report(lexer, DIAG_NUL, at);
        } else if (rune == UTF8_BAD && size == 1) {
            report(lexer, DIAG_UTF8, at);
        } else if (rune == BYTE_ORDER_MARK && at > 0) {
            report(lexer, DIAG_BYTE_ORDER_MARK, at);
        }
    }
}

/* An error found while the character at `seen` is the one ahead. */
static void report_seeing(struct lexer *lexer, enum diag_id id, uint32_t at, uint32_t seen)
{
    if (lexer->source->odd) {
        lex_check(lexer, seen);
    }
    report(lexer, id, at);
}

/* ---- identifiers ---- */

static bool is_letter(uint32_t rune)
{
    if (rune < 0x80) {
        return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z') || rune == '_';
    }
    return unicode_is_letter(rune);
}

static bool is_idchar(uint32_t rune)
{
    if (rune < 0x80) {
        return is_letter(rune) || (rune >= '0' && rune <= '9');
    }
    return unicode_is_letter(rune) || unicode_is_digit(rune);
}

/* How many bytes of the text are an identifier. */
static size_t ident_len(struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        unsigned size = 0;
        uint32_t rune = utf8_decode(str_slice(text, at, text.len), &size);
        if (!(at == 0 ? is_letter(rune) : is_idchar(rune))) {
            break;
        }
        at += size;
    }
    return at;
}

static enum token_kind word_kind(struct str word)
{
    if (str_eq(word, STR("true")) || str_eq(word, STR("false"))) {
        return TOKEN_BOOL;
    }
    return str_eq(word, STR("null")) ? TOKEN_NULL : TOKEN_IDENT;
}

bool lex_is_identifier(struct str text)
{
    return text.len > 0 && ident_len(text) == text.len && word_kind(text) == TOKEN_IDENT;
}

void lex_word(struct lexer *lexer, struct token *token, uint32_t start, uint32_t end)
{
    struct str text = str_of(lexer->text + start, end - start);
    text.len = ident_len(text);
    if (text.len == 0) {
        lex_other(lexer, token, start);
        return;
    }
    lex_emit(lexer, token, word_kind(text), start, start + (uint32_t)text.len);
}

/* ---- comments ---- */

/* Offset behind the block comment that starts at `start`; *closed tells whether it ends at all. */
static uint32_t block_end(const struct lexer *lexer, uint32_t start, bool *closed)
{
    const char *end = lexer->text + lexer->len;
    const char *star = lexer->text + start + 1;
    *closed = false;
    while (end - star > 1 && (star = memchr(star + 1, '*', (size_t)(end - star) - 1)) != NULL) {
        if (star + 1 < end && star[1] == '/') {
            *closed = true;
            return (uint32_t)(star - lexer->text) + 2;
        }
    }
    return lexer->len;
}

static uint32_t skip_blanks(const struct lexer *lexer, uint32_t at)
{
    while (at < lexer->len &&
           (lexer->text[at] == ' ' || lexer->text[at] == '\t' || lexer->text[at] == '\r')) {
        at++;
    }
    return at;
}

/* Whether the comments from `start` on reach the end of their line. *seen gets the offset of the
 * character at which that was decided. */
static bool reaches_line_end(const struct lexer *lexer, uint32_t start, uint32_t *seen)
{
    uint32_t at = start;
    for (;;) {
        char second = at + 1 < lexer->len ? lexer->text[at + 1] : '\0';
        *seen = at + 1;
        if (second != '*') {
            return second == '/';
        }
        bool closed = false;
        uint32_t end = block_end(lexer, at, &closed);
        const char *newline = memchr(lexer->text + at + 2, '\n', end - at - 2);
        if (newline) {
            *seen = (uint32_t)(newline - lexer->text);
            return true;
        }
        at = skip_blanks(lexer, end);
        *seen = at;
        if (at >= lexer->len || lexer->text[at] == '\n') {
            return true;
        }
        if (lexer->text[at] != '/') {
            return false;
        }
    }
}

void lex_comment(struct lexer *lexer, struct token *token, uint32_t start, uint32_t end)
{
    if (lexer->pending) {
        uint32_t seen = 0;
        bool ends_line = reaches_line_end(lexer, start, &seen);
        if (lexer->source->odd) {
            lex_check(lexer, seen);
            lexer->checked = start + 1; /* the look-ahead is forgotten: its errors come again */
        }
        if (ends_line) {
            *token = (struct token){TOKEN_TERMINATOR, start, start};
            lexer->at = start;
            lexer->pending = false;
            return;
        }
    }
    lex_emit(lexer, token, TOKEN_COMMENT, start, end);
}

void lex_comment_open(struct lexer *lexer, struct token *token, uint32_t start)
{
    bool closed = true;
    uint32_t end = 0;
    if (lexer->text[start + 1] == '*') {
        end = block_end(lexer, start, &closed);
    } else {
        const char *newline = memchr(lexer->text + start, '\n', lexer->len - start);
        end = newline ? (uint32_t)(newline - lexer->text) : lexer->len;
    }
    lex_comment(lexer, token, start, end);
    if (!closed && token->kind == TOKEN_COMMENT) {
        report_seeing(lexer, DIAG_COMMENT_OPEN, start, end);
    }
}

/* Carriage returns go, except one between the * and the / that look like the end of a block
 * comment. */
static uint32_t strip_returns(struct buf *out, struct str text)
{
    bool block = text.len > 1 && text.ptr[1] == '*';
    if (text.len > 0 && text.ptr[text.len - 1] == '\r') {
        text.len--;
    }
    uint32_t len = 0;
    char last = '\0';
    for (size_t i = 0; i < text.len; i++) {
        bool in_close = len > 2 && last == '*' && i + 1 < text.len && text.ptr[i + 1] == '/';
        if (text.ptr[i] == '\r' && !(block && in_close)) {
            continue;
        }
        last = text.ptr[i];
        len++;
        if (out) {
            buf_byte(out, last);
        }
    }
    return len;
}

uint32_t lex_comment_len(struct str text)
{
    return memchr(text.ptr, '\r', text.len) ? strip_returns(NULL, text) : (uint32_t)text.len;
}

void lex_comment_text(struct buf *out, struct str text)
{
    if (memchr(text.ptr, '\r', text.len)) {
        strip_returns(out, text);
    } else {
        buf_str(out, text);
    }
}

/* ---- strings ---- */

struct escape_form {
    char first; /* 0 = an octal digit, which is itself the first digit */
    unsigned digits;
    unsigned base;
    uint32_t max;
};

static unsigned digit_value(uint32_t rune)
{
    if (rune >= '0' && rune <= '9') {
        return (unsigned)rune - '0';
    }
    uint32_t lower = rune | 0x20;
    return lower >= 'a' && lower <= 'f' ? (unsigned)lower - 'a' + 10 : 16;
}

/* The digits of a numeric escape from `at` on; `start` is the character after the backslash. */
static uint32_t lex_digits(struct lexer *lexer, uint32_t start, uint32_t at,
                           const struct escape_form *form)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < form->digits; i++) {
        unsigned size = 0;
        uint32_t rune = rune_at(lexer, at, &size);
        if (size == 0) {
            report_seeing(lexer, DIAG_ESCAPE_OPEN, start, at);
            return at;
        }
        unsigned digit = digit_value(rune);
        if (digit >= form->base) {
            if (lexer->source->odd) {
                lex_check(lexer, at);
            }
            report_rune(lexer, DIAG_ESCAPE_DIGIT, start, rune);
            return at;
        }
        value = value * form->base + digit;
        at++;
    }
    if (value > form->max || (value >= 0xD800 && value < 0xE000)) {
        report_seeing(lexer, DIAG_ESCAPE_RUNE, start, at);
    }
    return at;
}

/* `start` is the character after the backslash. Returns where the string goes on. */
static uint32_t lex_escape(struct lexer *lexer, uint32_t start)
{
    static const struct escape_form forms[] = {
        {'x', 2, 16, 255},
        {'u', 4, 16, MAX_RUNE},
        {'U', 8, 16, MAX_RUNE},
    };
    static const struct escape_form octal = {0, 3, 8, 255};
    unsigned size = 0;
    uint32_t rune = rune_at(lexer, start, &size);
    if (size == 0) {
        report_seeing(lexer, DIAG_ESCAPE_OPEN, start, start);
        return start;
    }
    if (rune != 0 && rune < 0x80 && strchr("abfnrtv\\\"", (int)rune)) {
        return start + 1;
    }
    if (rune >= '0' && rune <= '7') {
        return lex_digits(lexer, start, start, &octal);
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (rune == (unsigned char)forms[i].first) {
            return lex_digits(lexer, start, start + 1, &forms[i]);
        }
    }
    report_seeing(lexer, DIAG_ESCAPE_UNKNOWN, start, start);
    return start;
}

void lex_quoted(struct lexer *lexer, struct token *token, uint32_t start, char quote)
{
    bool raw = quote == '`';
    if (quote == '\'') {
        report_seeing(lexer, DIAG_SINGLE_QUOTED, start, start + 1);
    }
    uint32_t at = start + 1;
    for (;;) {
        unsigned size = 0;
        uint32_t rune = rune_at(lexer, at, &size);
        if (size == 0 || (rune == '\n' && !raw)) {
            report_seeing(lexer, DIAG_STRING_OPEN, start, at);
            break;
        }
        at += size;
        if (rune == (unsigned char)quote) {
            break;
        }
        if (rune == '\\' && !raw) {
            at = lex_escape(lexer, at);
        }
    }
    lex_emit(lexer, token, quote == '\'' ? TOKEN_ILLEGAL : TOKEN_STRING, start, at);
    lexer->pending = true;
}

/* ---- the rest ---- */

void lex_float_open(struct lexer *lexer, struct token *token, uint32_t start, uint32_t end)
{
    report_seeing(lexer, DIAG_EXPONENT, start, end);
    lex_emit(lexer, token, TOKEN_FLOAT, start, end);
}

void lex_single(struct lexer *lexer, struct token *token, enum token_kind kind, uint32_t start)
{
    report_seeing(lexer, kind == TOKEN_OR ? DIAG_SINGLE_OR : DIAG_SINGLE_AND, start + 1, start + 1);
    lex_emit(lexer, token, kind, start, start + 1);
}

void lex_other(struct lexer *lexer, struct token *token, uint32_t start)
{
    unsigned size = 0;
    uint32_t rune = rune_at(lexer, start, &size);
    if (size == 0) {
        enum token_kind kind = lexer->pending ? TOKEN_TERMINATOR : TOKEN_EOF;
        lex_emit(lexer, token, kind, start, start);
        return;
    }
    bool pending = lexer->pending;
    lex_emit(lexer, token, TOKEN_ILLEGAL, start, start + size);
    lexer->pending = pending;
    if (rune != BYTE_ORDER_MARK) {
        report_rune(lexer, DIAG_ILLEGAL, start, rune);
    }
}
