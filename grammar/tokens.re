/* What a token of the language is, once. Names only, no rules: the compiler's lexer
 * (compiler/lexer.re) and the tree-sitter scanner (grammar/src/scanner.re) include it. Before that
 * each defines `letter` and `idchar`, the first and the following characters of an identifier, in
 * its own alphabet: UTF-8 in the lexer, character classes in the scanner. NUL belongs to no token,
 * so that it can mark the end of the text. */

/*!re2c
blank = [ \t\r];
newline = "\n";

digit = [0-9];
digits = digit+;
octal = [0-7];
hex = [0-9a-fA-F];

word = [a-zA-Z_] [a-zA-Z0-9_]*; /* an identifier of ASCII letters only */
ident = letter idchar*;         /* true, false and null apart */
bool = "true" | "false";
null = "null";

exponent = [eE] [+\-]? digits;
decimal = digits "." digit* | "." digits;
number = digits;
float = decimal exponent? | digits exponent;
float_open = (decimal | digits) [eE] [+\-]?; /* an error: the exponent has no digits */

/* Code points up to 10FFFF without the surrogates D800 to DFFF. */
code4 = [0-9a-cA-Ce-fE-F] hex{3} | [dD] [0-7] hex{2};
code8 = "0000" code4 | "000" [1-9a-fA-F] hex{4} | "0010" hex{4};
escape = "\\" ([abfnrtv\\"] | [0-3] octal{2} | "x" hex{2} | "u" code4 | "U" code8);

quoted = ["] ([^"\\\n\x00] | escape)* ["];
raw = "`" [^`\x00]* "`";
string = quoted | raw;
label = ["] ident? ["]; /* what a block label looks like */

line_comment = "//" [^\n\x00]*;
block_comment = "/*" ([^*\x00] | "*"+ [^*/\x00])* "*"+ "/";
comment = line_comment | block_comment;
*/
