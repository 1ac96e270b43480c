#ifndef RUNTIME_STORAGE_OUTBOX_H
#define RUNTIME_STORAGE_OUTBOX_H

/* Durable delivery: one write-ahead log and any number of endpoints, each with a cursor of its own.
 *
 *   sink → outbox_push → codec writes records → commit (once per turn of the loop) → ack
 *   cursor → codec fills requests → sender → 2xx → cursor
 *
 * A push is acknowledged when its records are in the log; a full or failing log is ACK_RETRY, never
 * a silent drop. Endpoints read from the log, which still has in memory what it wrote last. Each
 * lane of an endpoint has at most one request in flight and fills the next one meanwhile; items of
 * one series or stream stay on one lane, so their order is kept. A cursor moves after the answer,
 * so that a crash repeats at most what was in flight. Without endpoints pushes are acknowledged and
 * forgotten.
 *
 * Refused requests (outbox_answer REFUSED, too many tries) are dropped and counted by reason.
 *
 * One loop. Everything is called there. Callbacks must not free the outbox. */

#include "base/buf.h"
#include "base/log.h"
#include "runtime/loop/loop.h"
#include "runtime/storage/wal.h"
#include "runtime/telemetry/sink.h"

struct outbox;
struct outbox_endpoint;

enum { OUTBOX_LANES_MAX = 32 };

/* ---- codecs: how batches become records, and records requests ---- */

/* A request that is ready to be sent. The body belongs to the outbox until it is answered. */
struct outbox_request {
    struct str body;       /* encoded and compressed as the endpoint's options say */
    struct str tag;        /* what the codec keeps apart: the tenant of logs, else empty */
    enum otlp_signal otlp; /* outbox_otlp only */
    size_t items;
    size_t raw_bytes; /* before compression */
    unsigned lane;
    unsigned tries;  /* before this one */
    int64_t born_ns; /* loop time at which it was closed */
    struct outbox_endpoint *endpoint;
};

struct outbox_codec {
    unsigned accepts; /* bit set of 1 << enum signal */
    /* The writing side, one per outbox. */
    void *(*writer_new)(struct mem_owner *owner);
    void (*writer_free)(void *writer);
    enum status (*write)(void *writer, struct wal *wal, struct batch *batch, struct error *err);
    void (*write_lost)(void *writer); /* what was written since the last commit is gone */
    /* The sending side, one per endpoint. */
    void *(*encoder_new)(const void *options, struct mem_owner *owner);
    void (*encoder_free)(void *encoder);
    /* A record that was read; its bytes stay until the next one. Returns its number of items, 0 for
     * dictionaries. False: it is not understood. */
    bool (*begin)(void *encoder, const struct wal_record *record, size_t *items);
    /* Puts items from `from` on into the requests of `lanes` lanes; stops in front of an item whose
     * lane is full and says which. Returns the index it stopped at. */
    size_t (*fill)(void *encoder, size_t from, unsigned lanes, unsigned *full);
    size_t (*filled)(const void *encoder, unsigned lane); /* items in the lane's request */
    bool (*is_full)(const void *encoder, unsigned lane);
    /* How long the lane's request may wait for more; NULL: the endpoint's linger_ns. */
    int64_t (*linger_ns)(const void *encoder, unsigned lane);
    /* Closes the lane's request and begins an empty one. items 0: everything in it was dropped. */
    enum status (*seal)(void *encoder, unsigned lane, struct buf *body, struct outbox_request *out,
                        struct error *err);
    void (*reset)(void *encoder); /* forgets everything that was read */
};

/* Their encoder options are in runtime/wire/remote_write.h, loki_push.h and otlp_record.h. */
extern const struct outbox_codec outbox_metrics; /* struct remote_write_options */
extern const struct outbox_codec outbox_logs;    /* struct loki_push_options */
extern const struct outbox_codec outbox_otlp;    /* struct otlp_send_options */

/* ---- the outbox ---- */
struct outbox_options {
    struct loop *loop;
    const char *path; /* folder of the log */
    const struct outbox_codec *codec;
    uint64_t max_bytes; /* 0 = none; beyond: ACK_RETRY, or the oldest goes when drop_oldest */
    bool drop_oldest;
    int64_t max_age_ns;       /* 0 = none; older segments are dropped and counted */
    int64_t sync_interval_ns; /* as in wal.h; -1 survives kill -9 */
    struct mem_owner *owner;
    const struct log *log; /* copied; may be NULL */
};

enum status outbox_new(const struct outbox_options *options, struct outbox **out,
                       struct error *err);
/* At once: what is in flight is cancelled and stays in the log. */
void outbox_free(struct outbox *outbox);
/* A sink's push. */
void outbox_push(struct outbox *outbox, struct batch *batch, struct ack *ack);
void outbox_wal_stats(const struct outbox *outbox, struct wal_stats *out);

/* Refuses pushes from now on, sends what is there without waiting for more, and calls done once:
 * when everything is delivered, when an endpoint cannot deliver now, or after `flush_ns`. What is
 * left stays in the log. outbox_free is allowed in `done`. */
void outbox_stop(struct outbox *outbox, int64_t flush_ns, loop_fn *done, void *arg);

/* ---- endpoints ---- */
enum outbox_verdict {
    OUTBOX_SENT,
    OUTBOX_AGAIN,   /* later: 5xx, 429, no connection */
    OUTBOX_REFUSED, /* never: dropped and counted */
    OUTBOX_RESTART, /* encode again from the cursor on (the codec's options have changed) */
};

struct outbox_sender {
    /* Begins to send; the answer is given later, or within the call, by outbox_answer. */
    void (*send)(void *self, struct outbox_request *request);
    /* Gives up what is under way; no answer comes after it. */
    void (*cancel)(void *self, struct outbox_request *request);
    /* Items that will not be delivered, with a reason ("refused", "max_retries", …). May be NULL.
     */
    void (*dropped)(void *self, size_t items, const char *reason);
};

struct outbox_endpoint_options {
    struct str name;      /* identity of the cursor */
    const void *encoding; /* the codec's options; borrowed for the endpoint's life */
    unsigned min_lanes;   /* 0 = 1 */
    unsigned max_lanes;   /* 0 = min_lanes; grows while the backlog does */
    int64_t linger_ns;    /* a request that is not full waits this long for more items */
    int64_t min_backoff_ns, max_backoff_ns; /* doubling, with jitter */
    unsigned max_tries;                     /* 0 = no limit; else dropped after so many failures */
    /* A failure brings the least number of lanes back as soon as all are empty. */
    bool narrow_on_failure;
    bool from_start; /* an unknown endpoint begins at the oldest record, else at the next one */
    const struct outbox_sender *sender;
    void *self;
};

struct outbox_stats {
    uint64_t sent_items, sent_requests, sent_bytes /* bodies */;
    uint64_t failed_requests, retried_items;
    uint64_t dropped_refused, dropped_tries, dropped_damaged; /* items */
    uint64_t pending_records, pending_bytes;
    unsigned lanes, in_flight;
    int64_t blocked_since_ns; /* loop time of the first failure since the last success, 0 = none */
};

/* Add all endpoints before the first push, in one go. The order of options with equal names is an
 * error (STATUS_EXISTS). */
enum status outbox_add(struct outbox *outbox, const struct outbox_endpoint_options *options,
                       struct outbox_endpoint **out, struct error *err);
/* Closes the endpoint. `forget` also removes its cursor, so that it holds no data back any more. */
void outbox_remove(struct outbox_endpoint *endpoint, bool forget);
/* Removes cursors of endpoints that are not there any more. Call once all are added. */
void outbox_forget_others(struct outbox *outbox);
void outbox_endpoint_stats(const struct outbox_endpoint *endpoint, struct outbox_stats *out);

/* Answers a request, once. `retry_after_ns` >= 0 is the peer's wish for AGAIN. */
void outbox_answer(struct outbox_request *request, enum outbox_verdict verdict,
                   int64_t retry_after_ns);
/* What an HTTP answer means: 2xx SENT; 0 (none), 408, 5xx, and 429 if it is to be retried, AGAIN;
 * else REFUSED. */
enum outbox_verdict outbox_http_verdict(int status, bool retry_429);

#endif
