#ifndef COMPILER_LEXER_H
#define COMPILER_LEXER_H

/* Tokens of a source (SEMANTICS §1): terminators are inserted, comments are returned, and an error
 * never stops the scan. The lexer borrows source and diags, allocates nothing but diagnostics, and
 * reads each byte a bounded number of times. What a token is stands in grammar/tokens.re. */

#include "compiler/diag.h"

enum token_kind {
    TOKEN_ILLEGAL,
    TOKEN_EOF,
    TOKEN_COMMENT,
    TOKEN_IDENT,
    TOKEN_NUMBER,
    TOKEN_FLOAT,
    TOKEN_STRING,
    TOKEN_BOOL,
    TOKEN_NULL,
    TOKEN_OR,
    TOKEN_AND,
    TOKEN_NOT,
    TOKEN_ASSIGN,
    TOKEN_EQ,
    TOKEN_NEQ,
    TOKEN_LT,
    TOKEN_LTE,
    TOKEN_GT,
    TOKEN_GTE,
    TOKEN_ADD,
    TOKEN_SUB,
    TOKEN_MUL,
    TOKEN_DIV,
    TOKEN_MOD,
    TOKEN_POW,
    TOKEN_LCURLY,
    TOKEN_RCURLY,
    TOKEN_LPAREN,
    TOKEN_RPAREN,
    TOKEN_LBRACK,
    TOKEN_RBRACK,
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_TERMINATOR,
    TOKEN_COUNT
};

/* Bytes [start, end) of the source. A TERMINATOR is its newline, or empty before a comment and at
 * the end of the text. */
struct token {
    enum token_kind kind;
    uint32_t start;
    uint32_t end;
};

struct lexer {
    struct source *source;
    struct diags *diags;
    const char *text;
    uint32_t len;
    uint32_t at;      /* where the next token is looked for */
    uint32_t checked; /* bytes before this one have had their encoding errors reported */
    bool pending;     /* the last token ends an operand: a newline is a terminator */
};

void lex_init(struct lexer *lexer, struct source *source, struct diags *diags);
/* EOF is returned as often as asked for. */
void lex_next(struct lexer *lexer, struct token *token);

/* As messages spell it: "IDENT", "TERMINATOR", "{". */
const char *token_name(enum token_kind kind);
/* An identifier and not a keyword. */
bool lex_is_identifier(struct str text);
/* The text of a comment without its carriage returns, as the language sees it. */
void lex_comment_text(struct buf *out, struct str source_text);
/* The length of that text. */
uint32_t lex_comment_len(struct str source_text);

#endif
