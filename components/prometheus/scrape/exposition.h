#ifndef COMPONENTS_PROMETHEUS_SCRAPE_EXPOSITION_H
#define COMPONENTS_PROMETHEUS_SCRAPE_EXPOSITION_H

/* Readers of the text expositions: Prometheus text 0.0.4 and OpenMetrics 1.0, entry by entry,
 * taking and refusing what Prometheus' own lexers take and refuse. Nothing is allocated. The page
 * must be followed by a NUL byte, which is not part of it. Slices point into the page.
 *
 * A caller that expects a certain series next puts its text into `guess`: if the line begins with
 * it, its labels are not read again. */

#include "base/error.h"
#include "runtime/telemetry/batch.h"

enum exposition_entry {
    EXPOSITION_END,
    EXPOSITION_SERIES,
    EXPOSITION_TYPE, /* family, type */
    EXPOSITION_HELP, /* family, text */
    EXPOSITION_UNIT, /* family, text */
    EXPOSITION_BAD,  /* err says why; reading is over */
};

struct exposition {
    const char *at;
    const char *limit;
    bool is_openmetrics;
    enum metric_type type; /* of the last TYPE line, as it governs what follows */
    struct str guess;      /* empty = none; guessed = it was right */
    bool guessed;

    struct str family;
    struct str text;

    struct str series; /* name and labels as written, blanks before them included */
    double value;
    bool has_time;
    int64_t t_ms;
    bool has_exemplar;
    struct str exemplar; /* what stands between its braces */
    double exemplar_value;
    bool exemplar_has_time;
    int64_t exemplar_t_ms;
    struct error err;
};

void exposition_init(struct exposition *e, struct str page, bool is_openmetrics);
enum exposition_entry exposition_next(struct exposition *e);

/* ---- parts, for the lexers ---- */
enum exposition_entry exposition_next_text(struct exposition *e);
enum exposition_entry exposition_next_openmetrics(struct exposition *e);
/* "expected WHAT, got "TOKEN" while parsing: "LINE"". */
enum exposition_entry exposition_bad(struct exposition *e, const char *expected, const char *token);
/* A whole number text as Prometheus' parsers read one: Go's ParseFloat without hexadecimal and '_'.
 */
bool exposition_number(struct str text, double *out);
/* The common spellings: digits with a point and a small exponent, ended by `end` or LF; the text's
 * end, or NULL: take the slow way. */
const char *exposition_fast_number(const char *at, double *out);
/* Whether `text` stands at `at` and the series ends there. */
bool exposition_guess_fits(const struct exposition *e);

/* ---- labels of a series text (or of an exemplar's inside) ---- */
struct exposition_label {
    struct str name;
    struct str value; /* as written between the quotes */
    bool has_escapes; /* decode with exposition_unescape */
    bool quoted_name;
};

struct exposition_labels {
    const char *at;
    const char *limit; /* exclusive */
    bool inside;
};

/* Starts reading; `inside` = there is no name and there are no braces (exemplar). The text has been
 * read by exposition_next before. *name gets the metric's name, blanks before it included, quotes
 * not. */
void exposition_labels_begin(struct exposition_labels *l, struct str series, bool inside,
                             struct str *name);
bool exposition_labels_next(struct exposition_labels *l, struct exposition_label *out);
/* Decodes \n, \\ and \" into `out` (at least raw.len bytes); returns the length. Others stay. */
size_t exposition_unescape(struct str raw, char *out);

#endif
