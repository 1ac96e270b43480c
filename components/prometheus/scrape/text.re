/* Prometheus text format 0.0.4 (prometheus/docs, instrumenting/exposition_formats) as Prometheus'
 * lexer reads it. Owns nothing; looks at each byte of the page a bounded number of times. */
#include "components/prometheus/scrape/exposition.h"

#include "base/strconv.h"

/*!re2c
    re2c:api:style = free-form;
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYCURSOR = at;
    re2c:define:YYLIMIT = limit;
    re2c:define:YYMARKER = marker;
    re2c:yyfill:enable = 0;
    re2c:eof = 0;

    blank = [ \t];
    name = [a-zA-Z_:][a-zA-Z0-9_:]*;
    label = [a-zA-Z_][a-zA-Z0-9_]*;
    quoted = ["] ([^"\\] | "\\" [^\n])* ["];
*/

enum token {
    TOKEN_END,
    TOKEN_LINE,
    TOKEN_BAD,
    TOKEN_COMMENT,
    TOKEN_HELP,
    TOKEN_TYPE,
    TOKEN_NAME,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_EQUAL,
    TOKEN_COMMA,
    TOKEN_QUOTED,
};

static enum token end_or_bad(const unsigned char *at, const unsigned char *limit)
{
    return at == limit ? TOKEN_END : TOKEN_BAD;
}

/* What begins a line; e->at moves behind it. */
static enum token begin_token(struct exposition *e)
{
    const unsigned char *at = (const unsigned char *)e->at;
    const unsigned char *limit = (const unsigned char *)e->limit;
    const unsigned char *marker;
    enum token token;
    /*!re2c
        blank* "\n"                           { token = TOKEN_LINE; goto done; }
        blank* "#"                            { token = TOKEN_COMMENT; goto done; }
        blank* "#" blank+ "HELP" blank+       { token = TOKEN_HELP; goto done; }
        blank* "#" blank+ "TYPE" blank+       { token = TOKEN_TYPE; goto done; }
        blank* name                           { token = TOKEN_NAME; goto done; }
        blank* "{"                            { token = TOKEN_OPEN; goto done; }
        blank*                                { token = end_or_bad(at, limit); goto done; }
        $                                     { token = TOKEN_END; goto done; }
        *                                     { token = TOKEN_BAD; goto done; }
    */
done:
    e->at = (const char *)at;
    return token;
}

/* Inside braces; *text gets the token. */
static enum token label_token(struct exposition *e, struct str *text)
{
    const unsigned char *limit = (const unsigned char *)e->limit;
    const unsigned char *at = (const unsigned char *)e->at;
    while (at < limit && (*at == ' ' || *at == '\t')) {
        at++;
    }
    const unsigned char *start = at;
    const unsigned char *marker;
    enum token token;
    /*!re2c
        label   { token = TOKEN_NAME; goto done; }
        quoted  { token = TOKEN_QUOTED; goto done; }
        "}"     { token = TOKEN_CLOSE; goto done; }
        "="     { token = TOKEN_EQUAL; goto done; }
        ","     { token = TOKEN_COMMA; goto done; }
        $       { token = TOKEN_END; goto done; }
        *       { token = TOKEN_BAD; goto done; }
    */
done:
    e->at = (const char *)at;
    *text = str_of((const char *)start, (size_t)(at - start));
    return token;
}

/* Behind the opening brace: {name="value", …} or a quoted metric name among them. */
static bool read_labels(struct exposition *e, bool has_name)
{
    struct str text;
    enum token token = label_token(e, &text);
    for (;;) {
        if (token == TOKEN_CLOSE) {
            return has_name ||
                   exposition_bad(e, "metric name", "}") != EXPOSITION_BAD;
        }
        if (token != TOKEN_NAME && token != TOKEN_QUOTED) {
            return exposition_bad(e, "label name", NULL) != EXPOSITION_BAD;
        }
        bool quoted = token == TOKEN_QUOTED;
        token = label_token(e, &text);
        if (token == TOKEN_COMMA || token == TOKEN_CLOSE) {
            if (has_name || !quoted) {
                return exposition_bad(e, "equal", NULL) != EXPOSITION_BAD;
            }
            has_name = true;
            token = token == TOKEN_COMMA ? label_token(e, &text) : token;
            continue;
        }
        if (token != TOKEN_EQUAL) {
            return exposition_bad(e, "equal", NULL) != EXPOSITION_BAD;
        }
        token = label_token(e, &text);
        if (token != TOKEN_QUOTED || !utf8_valid(text)) {
            return exposition_bad(e, "label value", NULL) != EXPOSITION_BAD;
        }
        token = label_token(e, &text);
        if (token == TOKEN_COMMA) {
            token = label_token(e, &text);
        }
    }
}

static enum exposition_entry read_timestamp(struct exposition *e)
{
    const unsigned char *limit = (const unsigned char *)e->limit;
    const unsigned char *at = (const unsigned char *)e->at;
    const unsigned char *start = at;
    const unsigned char *marker;
    /*!re2c
        blank* "\n"                 { e->at = (const char *)at; return EXPOSITION_SERIES; }
        blank+ [0-9]+ blank* "\n"   { goto time; }
        $                           { return exposition_bad(e, "next entry after value", "EOF"); }
        *                           { return exposition_bad(e, "next entry after value", NULL); }
    */
time:;
    struct str digits = str_trim(str_of((const char *)start, (size_t)(at - start)));
    if (!str_to_i64(digits, &e->t_ms)) {
        return exposition_bad(e, "timestamp", NULL);
    }
    e->has_time = true;
    e->at = (const char *)at;
    return EXPOSITION_SERIES;
}

/* Behind the labels: value, perhaps a timestamp, line feed. */
static enum exposition_entry read_tail(struct exposition *e)
{
    const char *fast = e->at;
    while (*fast == ' ' || *fast == '\t') {
        fast++;
    }
    const char *end = exposition_fast_number(fast, &e->value);
    if (end) {
        e->at = end;
        if (*end == '\n') {
            e->at++;
            return EXPOSITION_SERIES;
        }
        return read_timestamp(e);
    }
    const unsigned char *limit = (const unsigned char *)e->limit;
    const unsigned char *at = (const unsigned char *)fast;
    const unsigned char *marker;
    /*!re2c
        [^{ \t\n]+  { goto value; }
        $           { return exposition_bad(e, "value after metric", "EOF"); }
        *           { return exposition_bad(e, "value after metric", NULL); }
    */
value:
    if (!exposition_number(str_of(fast, (size_t)((const char *)at - fast)), &e->value)) {
        return exposition_bad(e, "a number", NULL);
    }
    e->at = (const char *)at;
    return read_timestamp(e);
}

static const struct {
    struct str name;
    enum metric_type type;
} types[] = {
    {STR_INIT("counter"), METRIC_COUNTER},     {STR_INIT("gauge"), METRIC_GAUGE},
    {STR_INIT("histogram"), METRIC_HISTOGRAM}, {STR_INIT("summary"), METRIC_SUMMARY},
    {STR_INIT("untyped"), METRIC_UNKNOWN},
};

static enum exposition_entry read_meta(struct exposition *e, enum token kind)
{
    const unsigned char *limit = (const unsigned char *)e->limit;
    const unsigned char *at = (const unsigned char *)e->at;
    const unsigned char *start = at;
    const unsigned char *marker;
    /*!re2c
        name    { goto named; }
        quoted  { start++; goto named; }
        $       { return exposition_bad(e, "metric name after metadata", "EOF"); }
        *       { return exposition_bad(e, "metric name after metadata", NULL); }
    */
named:
    e->family = str_of((const char *)start, (size_t)(at - start));
    e->family.len -= start > (const unsigned char *)e->at ? 1 : 0;
    const char *text = (const char *)at;
    const char *line = memchr(text, '\n', (size_t)(e->limit - text));
    if (!line) {
        return exposition_bad(e, "linebreak after metadata", "EOF");
    }
    e->text = str_slice(str_of(text, (size_t)(line - text)), 1, SIZE_MAX);
    e->at = line + 1;
    if (kind == TOKEN_HELP) {
        return utf8_valid(e->text) ? EXPOSITION_HELP : exposition_bad(e, "help in UTF-8", NULL);
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (str_eq(e->text, types[i].name)) {
            e->type = types[i].type;
            return EXPOSITION_TYPE;
        }
    }
    return exposition_bad(e, "valid metric type", NULL);
}

static enum exposition_entry read_series(struct exposition *e, const char *start, enum token token)
{
    if (token == TOKEN_NAME) {
        e->series = str_of(start, (size_t)(e->at - start));
        const char *next = e->at;
        while (*next == ' ' || *next == '\t') {
            next++;
        }
        if (*next != '{') {
            return read_tail(e);
        }
        e->at = next + 1;
    }
    if (!read_labels(e, token == TOKEN_NAME)) {
        return EXPOSITION_BAD;
    }
    e->series = str_of(start, (size_t)(e->at - start));
    return read_tail(e);
}

enum exposition_entry exposition_next_text(struct exposition *e)
{
    e->has_time = false;
    e->guessed = exposition_guess_fits(e);
    if (e->guessed) {
        e->series = str_of(e->at, e->guess.len);
        e->at += e->guess.len;
        return read_tail(e);
    }
    for (;;) {
        const char *start = e->at;
        enum token token = begin_token(e);
        const char *line;
        switch (token) {
        case TOKEN_END: return EXPOSITION_END;
        case TOKEN_LINE: continue;
        case TOKEN_COMMENT:
            line = memchr(e->at, '\n', (size_t)(e->limit - e->at));
            e->at = line ? line + 1 : e->limit;
            continue;
        case TOKEN_HELP:
        case TOKEN_TYPE: return read_meta(e, token);
        case TOKEN_NAME:
        case TOKEN_OPEN: return read_series(e, start, token);
        default: return exposition_bad(e, "a valid start token", NULL);
        }
    }
}
