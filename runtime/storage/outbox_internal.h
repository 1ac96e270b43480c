#ifndef RUNTIME_STORAGE_OUTBOX_INTERNAL_H
#define RUNTIME_STORAGE_OUTBOX_INTERNAL_H

/* The outbox and its endpoints, shared by the two files that make them. */

#include "runtime/storage/outbox.h"

/* An item's place in the log: the record, and its number in the record. */
struct place {
    uint64_t sequence;
    uint64_t item;
};

/* One order of delivery: at most one request on its way, and the next one being filled. */
struct lane {
    bool filling; /* the codec's request for this lane holds something */
    struct place filling_from;
    int64_t due_ns; /* loop time at which it goes out even if not full */

    bool busy; /* `request` waits for its answer or for another try */
    bool in_flight;
    struct place busy_from;
    struct outbox_request request;
    struct buf body;
    struct loop_timer *retry;
    int64_t sent_ns;
};

struct outbox_endpoint {
    struct outbox *outbox;
    struct outbox_endpoint *next;
    struct outbox_endpoint_options options;
    char *name;
    struct wal_cursor *cursor;
    void *encoder;
    struct lane lanes[OUTBOX_LANES_MAX];
    unsigned lane_count, wanted_lanes;
    unsigned successes; /* since the lanes changed */
    bool slow;          /* the last answers took long enough for more lanes to help */

    bool has_record;
    struct place at; /* the next item to be filled; between records {last + 1, 0} */
    size_t record_items;

    struct loop_timer *timer; /* linger, and reading again after an error */
    bool pumping, again;
    struct outbox_stats stats;
};

struct outbox {
    struct loop *loop;
    const struct outbox_codec *codec;
    struct mem_owner *owner;
    struct log log;
    struct wal *wal;
    void *writer;
    struct outbox_endpoint *endpoints;
    struct ack *first, **last; /* wait for the commit */
    bool commit_posted;
    bool freed; /* while a commit is posted */
    struct loop_timer *tick;
    /* Stopping. */
    bool stopping, stopped;
    struct loop_timer *deadline;
    loop_fn *done;
    void *done_arg;
};

/* Reads, fills and sends as far as it goes now. */
void endpoint_pump(struct outbox_endpoint *e);
/* Leaves the cursor, which the log closes. */
void endpoint_free(struct outbox_endpoint *e);
/* Nothing left to deliver, or no hope to do so now. */
bool endpoint_is_settled(const struct outbox_endpoint *e);
void outbox_check_stop(struct outbox *outbox);

#endif
