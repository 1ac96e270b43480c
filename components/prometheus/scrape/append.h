#ifndef COMPONENTS_PROMETHEUS_SCRAPE_APPEND_H
#define COMPONENTS_PROMETHEUS_SCRAPE_APPEND_H

/* Private to the readers of pages: one page under way. */

#include "components/prometheus/scrape/scrape.h"

struct append {
    struct scrape_target *target;
    struct scrape_result *result;
    struct exposition page;
    struct scrape_series *guess;
    struct scrape_series *before; /* the series of the line before */
    struct metric_meta meta;      /* of the family being described; family empty = none */
    size_t samples;               /* put into the batch */
    size_t live;                  /* series owed a marker that were seen */
    bool is_over_limit;
};

/* Adds an item of a series by the rules for time, repetition and limits. `histogram` or a value;
 * its labels and time are set here. False: the scrape has failed and result->err says why. */
struct append_item {
    bool is_new; /* to the target's cache */
    bool has_time;
    int64_t t_ms; /* as the page says, then as it was added */
    double value;
    struct histogram *histogram; /* or NULL */
    bool was_added;
};
bool append_item(struct append *a, struct scrape_series *s, struct append_item *item);
/* Takes both references. */
void append_exemplar(struct append *a, struct exemplar exemplar);
void append_meta(struct append *a);

/* A page of delimited io.prometheus.client.MetricFamily messages; false: the scrape has failed. */
bool append_proto(struct append *a, struct str page);

/* As OpenMetrics spells numbers in le and quantile: 1.0, 0.5, +Inf. */
void append_canonical_number(struct buf *out, double number);

#endif
