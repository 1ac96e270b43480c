/* Hints for what people write when they think of another language: YAML, HCL, shell, JSON. Looks at
 * the line of the diagnostic, and for what stays open at the text before it. Linear in the text
 * before it, for each of at most HINTS_MAX diagnostics. */

#include "compiler/diag.h"

enum { HINTS_MAX = 100, OPEN_MAX = 1000, SEEN_BEFORE = 1024, SEEN_BEHIND = 256 };

struct spot {
    struct diags *diags;
    struct diag *diag;
    struct str line;
    size_t at; /* of the diagnostic in the line */
    char byte; /* there; 0 = end of line */
};

static bool is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

/* "name" of a line that begins like `name: value`, `- name: value`; empty = it does not. */
static struct str yaml_key(struct str line)
{
    struct str text = str_trim(line);
    if (str_starts(text, STR("- ")))
        text = str_trim(str_slice(text, 2, text.len));
    size_t end = 0;
    while (end < text.len && (is_word(text.ptr[end]) || text.ptr[end] == '-'))
        end++;
    bool is_key = end > 0 && end < text.len && text.ptr[end] == ':' &&
                  (end + 1 == text.len || text.ptr[end + 1] == ' ');
    return is_key ? str_slice(text, 0, end) : STR_NONE;
}

static void hint(const struct spot *s, const char *text)
{
    diag_hint(s->diags, s->diag, "%s", text);
}

static bool hint_yaml(const struct spot *s)
{
    struct str key = yaml_key(s->line);
    if (!key.len)
        return false;
    diag_hint(s->diags, s->diag,
              "this looks like YAML: write %.*s = value, and a block as %.*s { }", STR_ARG(key),
              STR_ARG(key));
    return true;
}

/* `= r"..."`: the quote's offset is behind a letter that is a word of its own. */
static bool has_prefix(struct str line)
{
    for (size_t i = 2; i < line.len; i++) {
        bool quote = line.ptr[i] == '"' || line.ptr[i] == '\'';
        if (quote && is_word(line.ptr[i - 1]) && (line.ptr[i - 2] == ' ' || line.ptr[i - 2] == '='))
            return true;
    }
    return false;
}

/* `name "text"` without an equals sign. */
static struct str lone_name(struct str line)
{
    struct str text = str_trim(line);
    size_t end = 0;
    while (end < text.len && is_word(text.ptr[end]))
        end++;
    struct str rest = str_trim(str_slice(text, end, text.len));
    bool is_pair = end && rest.len > 1 && rest.ptr[0] == '"' && rest.ptr[rest.len - 1] == '"';
    return is_pair ? str_slice(text, 0, end) : STR_NONE;
}

static const struct {
    char byte;
    const char *hint;
} strange[] = {
    {'#', "comments begin with //, or stand between /* and */"},
    {';', "a statement ends with its line: leave out the semicolon"},
    {'$', "there is no interpolation: sys.env(\"NAME\") is an environment variable, "
          "string.format(...) puts texts together"},
    {'?', "there is no conditional operator; coalesce(a, b) gives the first that is not empty"},
    {'@', "text stands in double quotes"},
    {'~', "text stands in double quotes"},
    {'\\', "text stands in double quotes, and patterns in back quotes"},
};

/* A colon: YAML, or an address without quotes. */
static void hint_colon(const struct spot *s)
{
    if (!hint_yaml(s))
        hint(s, "text with colons, dots or slashes stands in double quotes");
}

static void hint_illegal(const struct spot *s)
{
    if (s->byte == ':')
        hint_colon(s);
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
        if (s->byte == strange[i].byte)
            hint(s, strange[i].hint);
    if ((unsigned char)s->byte == 0xE2 && s->at + 2 < s->line.len &&
        (unsigned char)s->line.ptr[s->at + 1] == 0x80)
        hint(s, "these are typographic quotes or dashes: use \" and -");
}

/* Names and values without what belongs between them. */
static bool hint_assignment(const struct spot *s)
{
    if (hint_yaml(s))
        return true;
    struct str before = str_trim(str_slice(s->line, 0, s->at));
    struct str rest = str_slice(s->line, s->at, s->line.len);
    bool value = str_starts(rest, STR("\"")) || str_starts(rest, STR("[")) ||
                 (rest.len && rest.ptr[0] >= '0' && rest.ptr[0] <= '9') ||
                 str_starts(rest, STR("true")) || str_starts(rest, STR("false"));
    bool lone = before.len > 0;
    for (size_t i = 0; i < before.len; i++)
        lone = lone && is_word(before.ptr[i]);
    if (lone && value) {
        diag_hint(s->diags, s->diag, "an equals sign is missing: %.*s = ...", STR_ARG(before));
        return true;
    }
    if (str_starts(rest, STR(":=")) || str_starts(rest, STR("=>"))) {
        hint(s, "a value is given with one equals sign: name = value");
        return true;
    }
    return false;
}

static void hint_statement_expected(const struct spot *s)
{
    if (hint_assignment(s))
        return;
    struct str before = str_trim(str_slice(s->line, 0, s->at));
    if (before.len && s->at >= s->line.len)
        diag_hint(s->diags, s->diag, "a name alone is no statement: %.*s = value, or %.*s { }",
                  STR_ARG(before), STR_ARG(before));
    else
        hint(s, "a statement is NAME = VALUE, or NAME \"LABEL\" { }");
}

/* Something follows where the line should end. */
static void hint_line_end(const struct spot *s)
{
    char last = s->at ? s->line.ptr[s->at - 1] : 0;
    if ((s->byte == '"' || s->byte == '\'') && is_word(last)) {
        hint(s, "strings have no prefix: a text without escapes stands in back quotes");
        return;
    }
    if (hint_assignment(s))
        return;
    if (s->byte == ',')
        hint(s, "statements are not separated by commas, only elements of lists and objects are");
    else if (s->byte == '{')
        hint(s, "a block has no equals sign: NAME { }");
    else if (s->byte == '.')
        hint(s, "text with dots and dashes stands in double quotes");
    else if (s->byte == '=')
        hint(s, "equality is tested with two equals signs");
    else
        hint(s, "one statement a line: begin a new line here, or put text in double quotes");
}

/* Behind a string or comment that begins at `i`; `i` itself if none does. */
static uint32_t skip_quoted(const char *text, uint32_t i, uint32_t end)
{
    uint32_t at = i + 1;
    if (text[i] == '"') {
        while (at < end && text[at] != '"' && text[at] != '\n')
            at += text[at] == '\\' ? 2 : 1;
        return at + 1;
    }
    if (text[i] == '`') {
        while (at < end && text[at] != '`')
            at++;
        return at + 1;
    }
    if (text[i] != '/' || at >= end || text[at] != '/')
        return i;
    while (at < end && text[at] != '\n')
        at++;
    return at;
}

/* The innermost bracket that is open before the diagnostic; strings and comments are skipped. */
static uint32_t open_bracket(const struct source *source, uint32_t end)
{
    uint32_t stack[OPEN_MAX];
    size_t depth = 0;
    const char *text = source->text.ptr;
    uint32_t i = 0;
    while (i < end) {
        uint32_t behind = skip_quoted(text, i, end);
        if (behind > i) {
            i = behind;
            continue;
        }
        char byte = text[i++];
        if (byte == '{' || byte == '[' || byte == '(') {
            if (depth == OPEN_MAX)
                return UINT32_MAX;
            stack[depth++] = i - 1;
        } else if ((byte == '}' || byte == ']' || byte == ')') && depth) {
            depth--;
        }
    }
    return depth ? stack[depth - 1] : UINT32_MAX;
}

static void hint_open(const struct spot *s)
{
    struct source *source = s->diag->source;
    uint32_t open = open_bracket(source, s->diag->range.start.offset);
    if (open == UINT32_MAX)
        return;
    char byte = source->text.ptr[open];
    struct range range = source_range(source, open, open + 1);
    diag_relate(s->diags, s->diag, source, range, "this %c is not closed", byte);
    diag_hint(s->diags, s->diag, "the %c of line %u has no partner", byte, range.start.line);
}

static void hint_expected(const struct spot *s)
{
    if (str_starts(s->diag->message, STR("expected TERMINATOR")))
        hint_line_end(s);
    else if (str_find(s->diag->message, STR("got EOF"), 0) != SIZE_MAX)
        hint_open(s);
    else if (str_starts(s->diag->message, STR("expected },")))
        hint_statement_expected(s);
    else
        hint(s, "look for a missing comma, bracket or quote before this place");
}

static void hint_expression(const struct spot *s)
{
    if (s->byte == '}' || s->byte == 0)
        hint(s, "a value is missing after the equals sign");
    else if (s->byte == '\'')
        hint(s, "text stands in double quotes");
    else if (str_find(s->diag->message, STR("got EOF"), 0) != SIZE_MAX)
        hint_open(s);
    else
        hint(s,
             "values are texts in double quotes, numbers, true, false, null, [lists], {objects}, "
             "references and calls");
}

/* What needs no look at the text. */
static const struct {
    enum diag_id id;
    const char *hint;
} plain[] = {
    {DIAG_SINGLE_QUOTED, "text stands in double quotes: \"...\""},
    {DIAG_STRING_OPEN, "close the string on its line; texts of several lines stand in back quotes"},
    {DIAG_ESCAPE_UNKNOWN,
     "write \\\\ for a backslash, or put the text in back quotes, where nothing "
     "is escaped"},
    {DIAG_LIST_COMMA, "elements are separated by commas, also at the end of a line"},
    {DIAG_FIELD_COMMA, "fields are separated by commas, also at the end of a line"},
    {DIAG_FIELD_NAME, "a field is NAME = VALUE or \"NAME\" = VALUE"},
    {DIAG_NOT_BODY, "a block needs braces: NAME \"LABEL\" { }"},
    {DIAG_NOT_LABEL, "a label is text in double quotes"},
    {DIAG_LABEL_RAW, "labels stand in double quotes"},
    {DIAG_LABEL_NAME,
     "labels are made of letters, digits and underscores, and begin with a letter"},
    {DIAG_ATTRIBUTE_DOTTED, "a dotted name is a block's: NAME.PART { }; keys with dots stand in "
                            "quotes inside an object"},
    {DIAG_ATTRIBUTE_LABEL, "a block has no equals sign: NAME \"LABEL\" { }"},
    {DIAG_BLOCK_VALUE,
     "a block has no equals sign (NAME { }), an object has no name before its brace"},
    {DIAG_COMMENT_OPEN, "close the comment with */"},
    {DIAG_TOP_ATTRIBUTE, "attributes stand inside blocks; the file itself has blocks only"},
};

/* What the whole line says, whatever the message. */
static void hint_line(const struct spot *s)
{
    struct str name = lone_name(s->line);
    switch (s->diag->id) {
    case DIAG_NOT_LABEL: hint_yaml(s); break;
    case DIAG_NOT_BODY:
        if (name.len)
            diag_hint(s->diags, s->diag,
                      "an equals sign is missing (%.*s = ...), or the brace of a block",
                      STR_ARG(name));
        break;
    case DIAG_ESCAPE_UNKNOWN:
        if (has_prefix(s->line))
            hint(s, "strings have no prefix: a text without escapes stands in back quotes");
        break;
    default: break;
    }
}

static void hint_one(const struct spot *s)
{
    hint_line(s);
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (plain[i].id == s->diag->id)
            hint(s, plain[i].hint);
    switch (s->diag->id) {
    case DIAG_ILLEGAL: hint_illegal(s); break;
    case DIAG_NOT_STATEMENT:
    case DIAG_NOT_IDENT: hint_statement_expected(s); break;
    case DIAG_EXPECTED: hint_expected(s); break;
    case DIAG_NOT_EXPRESSION: hint_expression(s); break;
    default: break;
    }
}

void diags_hint_syntax(struct diags *d)
{
    for (size_t i = 0; i < d->len && i < HINTS_MAX; i++) {
        struct spot s = {.diags = d, .diag = &d->items[i]};
        struct pos pos = s.diag->range.start;
        if (!s.diag->source || pos.line == 0 || s.diag->hint.len)
            continue;
        s.line = source_line(s.diag->source, pos.line);
        s.at = pos.col - 1 < s.line.len ? pos.col - 1 : s.line.len;
        size_t from = s.at > SEEN_BEFORE ? s.at - SEEN_BEFORE : 0;
        s.line = str_slice(s.line, from, s.at + SEEN_BEHIND);
        s.at -= from;
        s.byte = s.at < s.line.len ? s.line.ptr[s.at] : 0;
        hint_one(&s);
    }
}
