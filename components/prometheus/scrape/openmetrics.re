/* OpenMetrics 1.0 text (github.com/OpenObservability/OpenMetrics, specification/OpenMetrics.md) as
 * Prometheus' lexer reads it. Owns nothing; looks at each byte of the page a bounded number of
 * times. */
#include "components/prometheus/scrape/exposition.h"

#include "base/strconv.h"

#include <math.h>

/*!re2c
    re2c:api:style = free-form;
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYCURSOR = at;
    re2c:define:YYLIMIT = limit;
    re2c:define:YYMARKER = marker;
    re2c:yyfill:enable = 0;
    re2c:eof = 0;

    name = [a-zA-Z_:][a-zA-Z0-9_:]*;
    label = [a-zA-Z_][a-zA-Z0-9_]*;
    quoted = ["] ([^"\\\n] | "\\" [^\n])* ["];
*/

enum token {
    TOKEN_END,
    TOKEN_EOF, /* the line "# EOF" */
    TOKEN_BAD,
    TOKEN_HELP,
    TOKEN_TYPE,
    TOKEN_UNIT,
    TOKEN_NAME,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_EQUAL,
    TOKEN_COMMA,
    TOKEN_QUOTED,
};

static enum token begin_token(struct exposition *e)
{
    const unsigned char *at = (const unsigned char *)e->at;
    const unsigned char *limit = (const unsigned char *)e->limit;
    const unsigned char *marker;
    enum token token;
    /*!re2c
        "# HELP "     { token = TOKEN_HELP; goto done; }
        "# TYPE "     { token = TOKEN_TYPE; goto done; }
        "# UNIT "     { token = TOKEN_UNIT; goto done; }
        "# EOF"       { token = TOKEN_EOF; goto done; }
        "# EOF\n"     { token = TOKEN_EOF; goto done; }
        name          { token = TOKEN_NAME; goto done; }
        "{"           { token = TOKEN_OPEN; goto done; }
        $             { token = TOKEN_END; goto done; }
        *             { token = TOKEN_BAD; goto done; }
    */
done:
    e->at = (const char *)at;
    return token;
}

static enum token label_token(struct exposition *e, struct str *text)
{
    const unsigned char *at = (const unsigned char *)e->at;
    const unsigned char *limit = (const unsigned char *)e->limit;
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
    *text = str_of(e->at, (size_t)((const char *)at - e->at));
    e->at = (const char *)at;
    return token;
}

/* Behind the opening brace; commas stand between labels, one more may follow the last. */
static bool read_labels(struct exposition *e, bool has_name)
{
    struct str text;
    enum token token = label_token(e, &text);
    while (token != TOKEN_CLOSE) {
        if (token != TOKEN_NAME && token != TOKEN_QUOTED) {
            return exposition_bad(e, "label name", NULL) != EXPOSITION_BAD;
        }
        bool quoted = token == TOKEN_QUOTED;
        token = label_token(e, &text);
        if (!has_name && quoted && (token == TOKEN_COMMA || token == TOKEN_CLOSE)) {
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
        } else if (token != TOKEN_CLOSE) {
            return exposition_bad(e, "comma or brace close", NULL) != EXPOSITION_BAD;
        }
    }
    return has_name || exposition_bad(e, "metric name", "}") != EXPOSITION_BAD;
}

/* A space and a number. */
static bool read_number(struct exposition *e, double *out, const char *what)
{
    const unsigned char *at = (const unsigned char *)e->at;
    const unsigned char *limit = (const unsigned char *)e->limit;
    const unsigned char *marker;
    /*!re2c
        " " [^ \n]+  { goto found; }
        $            { return exposition_bad(e, what, "EOF") != EXPOSITION_BAD; }
        *            { return exposition_bad(e, what, NULL) != EXPOSITION_BAD; }
    */
found:;
    struct str text = str_of(e->at + 1, (size_t)((const char *)at - e->at) - 1);
    if (!exposition_number(text, out)) {
        return exposition_bad(e, "a number", NULL) != EXPOSITION_BAD;
    }
    e->at = (const char *)at;
    return true;
}

static bool read_time(struct exposition *e, int64_t *t_ms)
{
    double seconds = 0;
    if (!read_number(e, &seconds, "timestamp")) {
        return false;
    }
    if (!isfinite(seconds)) {
        return exposition_bad(e, "valid timestamp", NULL) != EXPOSITION_BAD;
    }
    /* What no int64 can hold is the smallest one, as Go has it on x86-64. */
    bool fits = seconds > -9.2e15 && seconds < 9.2e15;
    *t_ms = fits ? (int64_t)(seconds * 1000) : INT64_MIN;
    return true;
}

enum next { NEXT_LINE, NEXT_EXEMPLAR, NEXT_NUMBER, NEXT_END, NEXT_BAD };

/* What follows a number: the line's end, " # {", or a space and something. Moves over the first
 * two. */
static enum next what_follows(struct exposition *e)
{
    const unsigned char *at = (const unsigned char *)e->at;
    const unsigned char *limit = (const unsigned char *)e->limit;
    const unsigned char *marker;
    /*!re2c
        "\n"          { e->at = (const char *)at; return NEXT_LINE; }
        " # {"        { e->at = (const char *)at; return NEXT_EXEMPLAR; }
        " " [^ \n]    { return NEXT_NUMBER; }
        $             { return NEXT_END; }
        *             { return NEXT_BAD; }
    */
}

static enum exposition_entry read_exemplar(struct exposition *e)
{
    const char *inside = e->at;
    if (!read_labels(e, true)) {
        return EXPOSITION_BAD;
    }
    e->exemplar = str_of(inside, (size_t)(e->at - inside) - 1);
    if (!read_number(e, &e->exemplar_value, "value after exemplar labels")) {
        return EXPOSITION_BAD;
    }
    e->has_exemplar = true;
    enum next next = what_follows(e);
    if (next == NEXT_NUMBER) {
        if (!read_time(e, &e->exemplar_t_ms)) {
            return EXPOSITION_BAD;
        }
        e->exemplar_has_time = true;
        next = what_follows(e);
    }
    return next == NEXT_LINE ? EXPOSITION_SERIES
                             : exposition_bad(e, "next entry after exemplar", NULL);
}

static enum exposition_entry read_tail(struct exposition *e)
{
    const char *end = *e->at == ' ' ? exposition_fast_number(e->at + 1, &e->value) : NULL;
    if (end) {
        e->at = end;
    } else if (!read_number(e, &e->value, "value after metric")) {
        return EXPOSITION_BAD;
    }
    enum next next = what_follows(e);
    if (next == NEXT_NUMBER) {
        if (!read_time(e, &e->t_ms)) {
            return EXPOSITION_BAD;
        }
        e->has_time = true;
        next = what_follows(e);
    }
    switch (next) {
    case NEXT_LINE: return EXPOSITION_SERIES;
    case NEXT_EXEMPLAR: return read_exemplar(e);
    case NEXT_END: return exposition_bad(e, "data that ends with # EOF", "EOF");
    default: return exposition_bad(e, "next entry after value", NULL);
    }
}

static const struct {
    struct str name;
    enum metric_type type;
} types[] = {
    {STR_INIT("counter"), METRIC_COUNTER},
    {STR_INIT("gauge"), METRIC_GAUGE},
    {STR_INIT("histogram"), METRIC_HISTOGRAM},
    {STR_INIT("gaugehistogram"), METRIC_GAUGE_HISTOGRAM},
    {STR_INIT("summary"), METRIC_SUMMARY},
    {STR_INIT("info"), METRIC_INFO},
    {STR_INIT("stateset"), METRIC_STATESET},
    {STR_INIT("unknown"), METRIC_UNKNOWN},
};

static enum exposition_entry check_type(struct exposition *e)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (str_eq(e->text, types[i].name)) {
            e->type = types[i].type;
            return EXPOSITION_TYPE;
        }
    }
    return exposition_bad(e, "valid metric type", NULL);
}

static enum exposition_entry check_unit(struct exposition *e)
{
    size_t family = e->family.len;
    size_t unit = e->text.len;
    bool fits = unit == 0 || (family > unit && str_ends(e->family, e->text) &&
                              e->family.ptr[family - unit - 1] == '_');
    return fits ? EXPOSITION_UNIT : exposition_bad(e, "unit that is a suffix of the metric", NULL);
}

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
    if (!line || *text != ' ') {
        return exposition_bad(e, "text in metadata", line ? NULL : "EOF");
    }
    e->text = str_of(text + 1, (size_t)(line - text) - 1);
    e->at = line + 1;
    if (kind == TOKEN_HELP) {
        return utf8_valid(e->text) ? EXPOSITION_HELP : exposition_bad(e, "help in UTF-8", NULL);
    }
    return kind == TOKEN_TYPE ? check_type(e) : check_unit(e);
}

enum exposition_entry exposition_next_openmetrics(struct exposition *e)
{
    e->has_time = e->has_exemplar = e->exemplar_has_time = false;
    e->guessed = exposition_guess_fits(e);
    if (e->guessed) {
        e->series = str_of(e->at, e->guess.len);
        e->at += e->guess.len;
        return read_tail(e);
    }
    const char *start = e->at;
    enum token token = begin_token(e);
    switch (token) {
    case TOKEN_END: return exposition_bad(e, "data that ends with # EOF", "EOF");
    case TOKEN_EOF:
        return e->at == e->limit ? EXPOSITION_END : exposition_bad(e, "no data after # EOF", NULL);
    case TOKEN_HELP:
    case TOKEN_TYPE:
    case TOKEN_UNIT: return read_meta(e, token);
    case TOKEN_NAME:
        if (*e->at == '{') {
            e->at++;
            if (!read_labels(e, true)) {
                return EXPOSITION_BAD;
            }
        }
        break;
    case TOKEN_OPEN:
        if (!read_labels(e, false)) {
            return EXPOSITION_BAD;
        }
        break;
    default: return exposition_bad(e, "a valid start token", NULL);
    }
    e->series = str_of(start, (size_t)(e->at - start));
    return read_tail(e);
}
