/* The external scanner of the tree-sitter grammar: all tokens, by the definitions of grammar/tokens.re. src/scanner.c is
 * generated from this file (make grammar).
 *
 * A newline ends a statement when the token before it ends an operand. Which token that was need not be remembered:
 * what is valid now tells it, so the scanner has no state. Beyond ASCII the automaton sees classes, not characters:
 * LETTER, DECIMAL, OTHER, and NUL for what belongs to no token. */

#include "tree_sitter/parser.h"
#include "letters.h"

enum token {
    TERMINATOR,
    IDENTIFIER,
    NUMBER,
    FLOAT,
    STRING,
    LABEL,
    BOOL,
    NULL_VALUE,
    COMMENT,
    OR,
    AND,
    NOT,
    ASSIGN,
    EQ,
    NEQ,
    LT,
    LTE,
    GT,
    GTE,
    ADD,
    SUB,
    MUL,
    DIV,
    MOD,
    POW,
    LCURLY,
    RCURLY,
    LPAREN,
    RPAREN,
    LBRACK,
    RBRACK,
    COMMA,
    DOT,
};

enum class { NONE = 0, LETTER = 0x80, DECIMAL = 0x81, OTHER = 0x82 };

static bool in_ranges(const struct letter_range *ranges, size_t count, uint32_t rune)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rune > ranges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && rune >= ranges[low].first;
}

static unsigned char class_of(const TSLexer *lexer)
{
    int32_t rune = lexer->lookahead;
    if (rune >= 0 && rune < 0x80) {
        return (unsigned char)rune;
    }
    if (rune < 0 || rune == 0xFEFF) {
        return NONE;
    }
    if (in_ranges(letters, LETTERS, (uint32_t)rune)) {
        return LETTER;
    }
    return in_ranges(decimals, DECIMALS, (uint32_t)rune) ? DECIMAL : OTHER;
}

static void advance(TSLexer *lexer)
{
    lexer->advance(lexer, false);
}

/* Whether the last token ends an operand: an operator, `=`, the brace of a block or a terminator may follow. */
static bool is_pending(const bool *valid)
{
    return valid[TERMINATOR] || valid[MUL] || valid[ASSIGN] || (valid[LCURLY] && !valid[LBRACK]);
}

/* At the second character of a comment. While a terminator is due, a comment that reaches the end of its line comes
 * after it: the terminator is empty and ends where mark_end was called before. */
static bool scan_comment(TSLexer *lexer, bool pending)
{
    bool block = lexer->lookahead == '*';
    if (!block && pending) {
        lexer->result_symbol = TERMINATOR;
        return true;
    }
    int32_t last = 0;
    bool closed = false;
    for (advance(lexer); !lexer->eof(lexer); advance(lexer)) {
        int32_t rune = lexer->lookahead;
        if (block ? closed : rune == '\n') {
            break;
        }
        if (rune == '\n' && pending) {
            lexer->result_symbol = TERMINATOR;
            return true;
        }
        if (class_of(lexer) == NONE) {
            return false;
        }
        closed = last == '*' && rune == '/';
        last = closed ? 0 : rune;
    }
    if (block && !closed) {
        return false;
    }
    lexer->mark_end(lexer);
    lexer->result_symbol = COMMENT;
    return true;
}

/* What a quoted text is: labels are expected in one place only, where strings are not. */
static enum token quoted_kind(const bool *valid, bool looks_like_label)
{
    return looks_like_label && valid[LABEL] && !valid[STRING] ? LABEL : STRING;
}

/*!re2c
re2c:api = custom;
re2c:api:style = free-form;
re2c:yyfill:enable = 0;
re2c:flags:utf-8 = 0;
re2c:define:YYCTYPE = "unsigned char";
re2c:define:YYPEEK = "class_of(lexer)";
re2c:define:YYSKIP = "advance(lexer);";
re2c:define:YYBACKUP = "lexer->mark_end(lexer);";
re2c:define:YYRESTORE = "is_marked = true;";

letter = [a-zA-Z_\x80];
idchar = [a-zA-Z0-9_\x80\x81];
*/
/*!include:re2c "grammar/tokens.re" */

/* Reads one token and marks its end; false if there is none. A slash never comes here. */
static bool scan_token(TSLexer *lexer, const bool *valid)
{
    bool is_marked = false; /* the automaton has gone back to a mark */
    enum token kind;
    /*!re2c
    ["] (bool | null) ["] { kind = STRING; goto found; }
    label { kind = quoted_kind(valid, true); goto found; }
    string { kind = STRING; goto found; }
    bool { kind = BOOL; goto found; }
    null { kind = NULL_VALUE; goto found; }
    ident { kind = IDENTIFIER; goto found; }
    number { kind = NUMBER; goto found; }
    float { kind = FLOAT; goto found; }
    "||" { kind = OR; goto found; }
    "&&" { kind = AND; goto found; }
    "!" { kind = NOT; goto found; }
    "=" { kind = ASSIGN; goto found; }
    "==" { kind = EQ; goto found; }
    "!=" { kind = NEQ; goto found; }
    "<" { kind = LT; goto found; }
    "<=" { kind = LTE; goto found; }
    ">" { kind = GT; goto found; }
    ">=" { kind = GTE; goto found; }
    "+" { kind = ADD; goto found; }
    "-" { kind = SUB; goto found; }
    "*" { kind = MUL; goto found; }
    "%" { kind = MOD; goto found; }
    "^" { kind = POW; goto found; }
    "{" { kind = LCURLY; goto found; }
    "}" { kind = RCURLY; goto found; }
    "(" { kind = LPAREN; goto found; }
    ")" { kind = RPAREN; goto found; }
    "[" { kind = LBRACK; goto found; }
    "]" { kind = RBRACK; goto found; }
    "," { kind = COMMA; goto found; }
    "." { kind = DOT; goto found; }
    float_open { return false; }
    * { return false; }
    */
found:
    if (!is_marked) {
        lexer->mark_end(lexer);
    }
    lexer->result_symbol = (TSSymbol)kind;
    return true;
}

bool tree_sitter_alloy_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid)
{
    (void)payload;
    bool pending = is_pending(valid);
    for (;;) {
        int32_t rune = lexer->lookahead;
        if (lexer->eof(lexer)) {
            lexer->mark_end(lexer);
            lexer->result_symbol = TERMINATOR;
            return valid[TERMINATOR];
        }
        if (rune == '\n' && pending) {
            advance(lexer);
            lexer->mark_end(lexer);
            lexer->result_symbol = TERMINATOR;
            return true;
        }
        if (rune != ' ' && rune != '\t' && rune != '\r' && rune != '\n') {
            break;
        }
        lexer->advance(lexer, true);
    }
    if (lexer->lookahead != '/') {
        return scan_token(lexer, valid);
    }
    lexer->mark_end(lexer);
    advance(lexer);
    if (lexer->lookahead == '/' || lexer->lookahead == '*') {
        return scan_comment(lexer, pending);
    }
    lexer->mark_end(lexer);
    lexer->result_symbol = DIV;
    return true;
}

void *tree_sitter_alloy_external_scanner_create(void)
{
    return NULL;
}

void tree_sitter_alloy_external_scanner_destroy(void *payload)
{
    (void)payload;
}

unsigned tree_sitter_alloy_external_scanner_serialize(void *payload, char *buffer)
{
    (void)payload;
    (void)buffer;
    return 0;
}

void tree_sitter_alloy_external_scanner_deserialize(void *payload, const char *buffer,
                                                    unsigned length)
{
    (void)payload;
    (void)buffer;
    (void)length;
}
