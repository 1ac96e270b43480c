#ifndef RUNTIME_TELEMETRY_SINK_H
#define RUNTIME_TELEMETRY_SINK_H

/* Where batches are pushed, and how the pusher learns what became of them.
 *
 *   sink_push(sink, batch, ack)
 *
 * The batch is borrowed: the sink takes its own reference if it keeps it. The ack is completed
 * exactly once, during the push or later, on the pusher's loop, with one of
 *
 *   ACK_DONE       stored durably or delivered: the source may forget it
 *   ACK_RETRY      refused for now (full queue, spent budget, not running): the source keeps it and
 *                  tries again, not before retry_ns; a server answers 503/429 or RESOURCE_EXHAUSTED
 *   ACK_REJECTED   will never be taken (malformed, too old): the source drops it, counts the reason
 *
 * Until an ack is completed its memory is its creator's to keep; after that it may be used for the
 * next push. Start from zeroes. A NULL ack: the pusher does not want to know. Never push inside a
 * memory scope: what sinks keep would belong to it.
 *
 * A sink belongs to one loop. A push on that loop is a call; from another loop it goes through a
 * bounded mailbox (a full one is ACK_RETRY) and the ack travels back the same way: ack->loop must
 * be set there, and stays set when a processor hands the ack on.
 *
 * Sinks are reference-counted capsules of the language (receivers): a reference keeps the memory,
 * not the service. After sink_close every push is ACK_RETRY with 1 s, until the component that
 * owned it comes back under a new sink. */

#include "compiler/value.h"
#include "runtime/loop/loop.h"
#include "runtime/telemetry/batch.h"

enum ack_result { ACK_DONE, ACK_RETRY, ACK_REJECTED };

struct sink_return;

struct ack {
    void (*done)(struct ack *ack, enum ack_result result, int64_t retry_ns);
    struct loop *loop; /* where done is called; NULL = wherever it happens (only within one loop) */
    /* The library's own, zero at first: the way back across loops. */
    struct sink_return *way_back;
    struct ack *next;
    int64_t retry_ns;
    enum ack_result result;
};

struct sink;

struct sink_ops {
    void (*push)(void *self, struct batch *batch, struct ack *ack);
    bool joins; /* does what otlp_batch.joining says */
};

/* `accepts` is a bit set of 1 << enum signal. `name` e.g.
 * "prometheus.remote_write.default.receiver", copied. */
struct sink *sink_new(struct loop *loop, unsigned accepts, struct str name,
                      const struct sink_ops *ops, void *self);
struct sink *sink_ref(struct sink *sink);
void sink_unref(struct sink *sink);
void sink_close(struct sink *sink); /* on its loop; self is not touched afterwards */
struct str sink_name(const struct sink *sink);
bool sink_joins(const struct sink *sink);
void sink_push(struct sink *sink, struct batch *batch, struct ack *ack);
/* Completes an ack (also across loops); NULL is fine. */
void ack_done(struct ack *ack, enum ack_result result, int64_t retry_ns);

/* Receivers as values of the language: metrics (prometheus.*), logs (loki.*), OTLP consumers
 * (otelcol.*). data = struct sink *. */
extern const struct capsule_type capsule_metrics; /* storage.Appendable */
extern const struct capsule_type capsule_logs;    /* loki.LogsReceiver */
extern const struct capsule_type capsule_otlp;    /* otelcol.Consumer */
struct value *sink_value(const struct capsule_type *type, struct sink *sink); /* adds a reference */

/* ---- fan-out: one push to several sinks ----
 * The combined ack is DONE when all are done or rejected (at least one done, or none given),
 * REJECTED when all are rejected, RETRY when any asks for it. After a RETRY the fan-out remembers
 * which sinks are done, so that the retry (fanout_push with the same `resume`) reaches only the
 * others: nothing is delivered twice. */
struct fanout {
    struct sink **sinks;
    size_t count;
    uint32_t version; /* changes with the list of sinks */
};

void fanout_init(struct fanout *f);
/* From decoded receivers (struct capsule_list of schema.h); adds references. Replaces what was
 * there; an equal list changes nothing. */
struct capsule_list;
void fanout_set(struct fanout *f, const struct capsule_list *receivers);
void fanout_release(struct fanout *f);

struct fanout_push {
    struct ack ack;        /* completed like any ack; fill `done` before pushing */
    uint64_t pending_mask; /* sinks still to reach: ~0 at first; up to 64 sinks */
    void *internal;
    uint32_t version; /* of the list that the mask is about */
};

/* For sources that retry: resume->pending_mask keeps what is left. After a change of the list all
 * sinks are reached again, because the mask is about the list that it was pushed to. */
void fanout_push_resume(struct fanout *f, struct batch *batch, struct fanout_push *resume);
/* For processors and sources that hand the ack through. */
void fanout_push(struct fanout *f, struct batch *batch, struct ack *ack);

#endif
