/* The lexer's automaton: well-formed tokens. Everything else goes to compiler/lexer_odd.c. The text
 * is followed by a NUL that no rule but the last accepts. */

#include "compiler/lexer_inner.h"

/*!re2c
re2c:yyfill:enable = 0;
re2c:define:YYCTYPE = "unsigned char";
re2c:define:YYCURSOR = cursor;
re2c:define:YYMARKER = marker;

beyond_ascii = [\x80-\U0010ffff];
letter = [a-zA-Z_] | beyond_ascii;
idchar = [a-zA-Z0-9_] | beyond_ascii;
*/
/*!include:re2c "grammar/tokens.re" */

#define START ((uint32_t)(start - text))
#define END ((uint32_t)(cursor - text))
#define EMIT(kind)                                                                                 \
    do {                                                                                           \
        lex_emit(lexer, token, kind, START, END);                                                  \
        return;                                                                                    \
    } while (0)

void lex_next(struct lexer *lexer, struct token *token)
{
    const unsigned char *text = (const unsigned char *)lexer->text;
    const unsigned char *cursor = text + lexer->at;
    const unsigned char *marker = cursor;
    for (;;) {
        const unsigned char *start = cursor;
        /*!re2c
        blank+ { continue; }
        newline (blank | newline)* {
            if (!lexer->pending) {
                continue;
            }
            cursor = start + 1;
            EMIT(TOKEN_TERMINATOR);
        }
        block_comment { lex_comment(lexer, token, START, END); return; }
        line_comment {
            if (*cursor == '\n' || END == lexer->len) {
                lex_comment(lexer, token, START, END);
            } else {
                lex_comment_open(lexer, token, START);
            }
            return;
        }
        "/*" { lex_comment_open(lexer, token, START); return; }

        bool { EMIT(TOKEN_BOOL); }
        null { EMIT(TOKEN_NULL); }
        word { EMIT(TOKEN_IDENT); }
        ident { lex_word(lexer, token, START, END); return; }
        number { EMIT(TOKEN_NUMBER); }
        float { EMIT(TOKEN_FLOAT); }
        float_open { lex_float_open(lexer, token, START, END); return; }
        string { EMIT(TOKEN_STRING); }
        ["`'] { lex_quoted(lexer, token, START, (char)*start); return; }

        "||" { EMIT(TOKEN_OR); }
        "&&" { EMIT(TOKEN_AND); }
        "|" { lex_single(lexer, token, TOKEN_OR, START); return; }
        "&" { lex_single(lexer, token, TOKEN_AND, START); return; }
        "!" { EMIT(TOKEN_NOT); }
        "=" { EMIT(TOKEN_ASSIGN); }
        "==" { EMIT(TOKEN_EQ); }
        "!=" { EMIT(TOKEN_NEQ); }
        "<" { EMIT(TOKEN_LT); }
        "<=" { EMIT(TOKEN_LTE); }
        ">" { EMIT(TOKEN_GT); }
        ">=" { EMIT(TOKEN_GTE); }
        "+" { EMIT(TOKEN_ADD); }
        "-" { EMIT(TOKEN_SUB); }
        "*" { EMIT(TOKEN_MUL); }
        "/" { EMIT(TOKEN_DIV); }
        "%" { EMIT(TOKEN_MOD); }
        "^" { EMIT(TOKEN_POW); }
        "{" { EMIT(TOKEN_LCURLY); }
        "}" { EMIT(TOKEN_RCURLY); }
        "(" { EMIT(TOKEN_LPAREN); }
        ")" { EMIT(TOKEN_RPAREN); }
        "[" { EMIT(TOKEN_LBRACK); }
        "]" { EMIT(TOKEN_RBRACK); }
        "," { EMIT(TOKEN_COMMA); }
        "." { EMIT(TOKEN_DOT); }
        * { lex_other(lexer, token, START); return; }
        */
    }
}
