#ifndef COMPILER_LEXER_INNER_H
#define COMPILER_LEXER_INNER_H

/* Between compiler/lexer.re (well-formed tokens, fast) and compiler/lexer_odd.c (comments,
 * everything malformed, letters beyond ASCII). */

#include "compiler/lexer.h"

/* The kinds after which a newline is a terminator. */
#define LEX_ENDS_OPERAND                                                                           \
    (1ull << TOKEN_IDENT | 1ull << TOKEN_NUMBER | 1ull << TOKEN_FLOAT | 1ull << TOKEN_STRING |     \
     1ull << TOKEN_BOOL | 1ull << TOKEN_NULL | 1ull << TOKEN_RCURLY | 1ull << TOKEN_RPAREN |       \
     1ull << TOKEN_RBRACK)

/* Reports encoding errors up to and including the character at offset `to`. */
void lex_check(struct lexer *lexer, uint32_t to);

static inline void lex_emit(struct lexer *lexer, struct token *token, enum token_kind kind,
                            uint32_t start, uint32_t end)
{
    token->kind = kind;
    token->start = start;
    token->end = end;
    lexer->at = end;
    lexer->pending = (LEX_ENDS_OPERAND >> kind & 1) != 0;
    if (lexer->source->odd) {
        lex_check(lexer, end);
    }
}

/* A whole comment [start, end). Emits the comment, or the terminator that is due before it. */
void lex_comment(struct lexer *lexer, struct token *token, uint32_t start, uint32_t end);
/* A comment that is not terminated, or contains NUL or invalid UTF-8. */
void lex_comment_open(struct lexer *lexer, struct token *token, uint32_t start);
/* [start, end) looks like an identifier but has characters beyond ASCII. */
void lex_word(struct lexer *lexer, struct token *token, uint32_t start, uint32_t end);
/* A quoted text that is not a well-formed literal; `quote` opened it at start. */
void lex_quoted(struct lexer *lexer, struct token *token, uint32_t start, char quote);
/* A number whose exponent has no digits. */
void lex_float_open(struct lexer *lexer, struct token *token, uint32_t start, uint32_t end);
/* A single | or &. */
void lex_single(struct lexer *lexer, struct token *token, enum token_kind kind, uint32_t start);
/* The end of the text, NUL, or a character that starts no token. */
void lex_other(struct lexer *lexer, struct token *token, uint32_t start);

#endif
