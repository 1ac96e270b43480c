#ifndef COMPONENTS_PROMETHEUS_SCRAPE_SCRAPE_H
#define COMPONENTS_PROMETHEUS_SCRAPE_SCRAPE_H

/* Private to prometheus.scrape: arguments, the pool (the instance), its targets, and their series
 * caches. */

#include "components/common/forward.h"
#include "components/common/http_client_config.h"
#include "components/prometheus/scrape/exposition.h"

enum scrape_protocol {
    PROTOCOL_PROTO,
    PROTOCOL_OPENMETRICS_1,
    PROTOCOL_OPENMETRICS_0,
    PROTOCOL_TEXT_1,
    PROTOCOL_TEXT_0,
    PROTOCOL_COUNT,
    PROTOCOL_NONE = PROTOCOL_COUNT,
};

struct scrape_clustering {
    bool enabled;
};

struct scrape_args {
    struct target_list targets;
    struct capsule_list forward_to;
    struct str job_name;
    bool honor_labels;
    bool honor_timestamps;
    bool track_timestamps_staleness;
    struct str_list_map params;
    bool scrape_classic_histograms;
    bool scrape_native_histograms;
    struct duration scrape_interval;
    struct duration scrape_timeout;
    struct str_list scrape_protocols;
    struct str metrics_path;
    struct str scheme;
    struct size_bytes body_size_limit;
    uint64_t sample_limit;
    uint64_t target_limit;
    uint64_t label_limit;
    uint64_t label_name_length_limit;
    uint64_t label_value_length_limit;
    struct http_client_config client;
    bool extra_metrics;
    bool enable_protobuf_negotiation;
    struct str metric_name_validation_scheme;
    struct str metric_name_escaping_scheme;
    struct str scrape_fallback_protocol;
    bool enable_compression;
    bool honor_metadata;
    struct scrape_clustering clustering;
};
extern const struct shape scrape_args_shape;

/* Which protocol a name of scrape_protocols is; PROTOCOL_NONE when unknown. */
enum scrape_protocol scrape_protocol_of(struct str name);
/* The Accept header for the protocols in order. */
void scrape_accept(struct buf *out, const struct scrape_args *args);
/* The protocol an answer is in, else the fallback. */
enum scrape_protocol scrape_protocol_of_content(struct str content_type,
                                                const struct scrape_args *args);

/* ---- series of a target, found by their bytes on the page ---- */
struct scrape_series {
    struct scrape_series *chain;
    struct scrape_series *follow; /* what stood behind it on the last page */
    struct labels *labels;        /* final; NULL = dropped */
    uint64_t hash;
    uint32_t seen;       /* scrape that saw it last */
    uint32_t live_since; /* 0 = not live: no marker is owed */
    uint32_t len;
    uint8_t
        type; /* enum metric_type it was read under: it decides how le and quantile are spelled */
    char text[];
};

struct scrape_cache {
    struct scrape_series **buckets;
    size_t mask;
    size_t count;
    size_t live;
    struct scrape_series *first; /* guess for the first line */
};

void scrape_cache_release(struct scrape_cache *c);
struct scrape_series *scrape_cache_find(struct scrape_cache *c, struct str text, uint8_t type);
/* Takes the reference; labels NULL = dropped. */
struct scrape_series *scrape_cache_add(struct scrape_cache *c, struct str text, uint8_t type,
                                       struct labels *owned_labels);
/* Forgets series that were not seen since scrape `before`. */
void scrape_cache_sweep(struct scrape_cache *c, uint32_t before);
/* Calls fn for every series. */
typedef void scrape_series_fn(void *arg, struct scrape_series *series);
void scrape_cache_each(struct scrape_cache *c, scrape_series_fn *fn, void *arg);

/* ---- the pool ---- */
enum {
    REPORT_UP,
    REPORT_DURATION,
    REPORT_SCRAPED,
    REPORT_POST,
    REPORT_ADDED,
    REPORT_TIMEOUT,
    REPORT_LIMIT,
    REPORT_BODY,
    REPORT_COUNT
};

struct scrape_pool {
    struct component_host *host;
    const struct scrape_args *args;
    struct forward forward;
    struct http_sender *sender;
    struct scrape_target **targets;
    size_t target_count;
    struct scrape_target *leaving; /* a list by their `next` */
    struct loop_timer *applying;   /* fires once after an update */
    bool client_changed;
    bool labels_changed;
    bool over_target_limit;
    struct buf accept;
    struct buf page; /* the page being read, with a NUL */
    struct label_builder builder;
    struct arena texts;
    struct self_metric *target_gauge;
    struct self_metric *dropped;
    struct scrape_push *pushes;
    size_t push_count;
};

/* Takes a leaving target off the list. */
void scrape_pool_forget(struct scrape_pool *pool, struct scrape_target *target);
/* A batch on its way; freed when its ack is final. */
void scrape_pool_push(struct scrape_pool *pool, struct scrape_target *target,
                      struct metric_batch *owned_batch);
/* Forgets all: their acks find nobody. */
void scrape_pool_drop_pushes(struct scrape_pool *pool);

/* ---- targets ---- */
struct scrape_target {
    struct scrape_pool *pool;
    struct scrape_target *next; /* in the list of those that leave */
    uint64_t key;               /* of all its labels and its URL */
    struct labels *labels;      /* those its samples get */
    char *url;
    int64_t interval_ns;
    int64_t timeout_ns;
    struct loop_timer *timer;
    struct http_sent *sent;
    int64_t due_ns;   /* of the next scrape, monotonic */
    int64_t began_ns; /* of the scrape under way */
    int64_t t_ms;     /* its timestamp */
    uint32_t scrape;  /* number of the scrape, from 1 */
    unsigned pushes;  /* on their way */
    bool is_leaving;  /* gone from the arguments: markers are owed */
    bool has_scraped;
    bool is_up;
    struct labels *reports[REPORT_COUNT];
    struct scrape_cache cache;
    int64_t last_wall_ns;
    int64_t last_duration_ns;
    char *last_error; /* NULL = none */
};

/* NULL with err: its labels make no target (no address …). */
struct scrape_target *scrape_target_new(struct scrape_pool *pool, const struct target *from,
                                        struct error *err);
void scrape_target_free(struct scrape_target *t);
void scrape_target_start(struct scrape_target *t);
/* Takes the interval and time-out of `like`. */
void scrape_target_retime(struct scrape_target *t, const struct scrape_target *like);
/* Ends scraping and sends the markers of staleness an interval later, then frees it. */
void scrape_target_leave(struct scrape_target *t);

/* ---- one scrape ---- */
struct scrape_result {
    struct metric_batch *batch;
    size_t scraped;
    size_t kept;
    size_t added;
    int64_t body_bytes;
    bool is_up;
    struct error err;
};

/* Reads a page into result->batch: samples, or after an error the markers of staleness alone. */
void scrape_append(struct scrape_target *t, struct str page, enum scrape_protocol protocol,
                   struct scrape_result *result);
/* Markers for every series that is owed one. */
void scrape_append_stale(struct scrape_target *t, struct scrape_result *result);
/* up, scrape_duration_seconds …; stale = their markers. */
void scrape_report(struct scrape_target *t, const struct scrape_result *result, bool stale);
/* The final label set of a series' text, NULL = dropped (err OK) or wrong (err set). */
struct labels *scrape_series_labels(struct scrape_target *t, const struct exposition *e,
                                    struct error *err);
/* Page labels meet target labels, limits are checked; pool->builder holds the page's. */
struct labels *scrape_finish_labels(struct scrape_target *t, const struct label *page, size_t count,
                                    struct error *err);

#endif
