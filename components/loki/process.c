/* loki.process: sends log entries through a list of stages and on.
 *
 * A batch is worked off at once: for each entry a log_line is filled, the stages run, and what is
 * left goes into a new batch that keeps the incoming one alive (lines are views into it). The
 * acknowledgement is handed through: nothing is stored here, but for the halves of lines that
 * stage.cri holds. Bounded by the size of the incoming batch. */

#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"

#include "base/world.h"

struct args {
    struct capsule_list forward_to;
    struct enum_block_list stages;
};

/* ---- the table of stages ---- */
#define STAGE(name, text)                                                                          \
    extern const struct shape stage_##name##_shape;                                                \
    extern const struct stage_def stage_##name;
#include "components/loki/process/stages.def"
#undef STAGE

static const char NOT_YET[] = "this stage is not there yet.";

const struct row stage_variants[] = {
#define STAGE(name, text)                                                                          \
    {VARIANT("stage." #name, struct stage_##name##_args, stage_##name##_shape), .doc = (text)},
#include "components/loki/process/stages.def"
#undef STAGE
    {REFUSED_BLOCK("stage.decolorize", NOT_YET)},
    {REFUSED_BLOCK("stage.eventlogmessage", NOT_YET)},
    {REFUSED_BLOCK("stage.geoip", NOT_YET)},
    {REFUSED_BLOCK("stage.limit", NOT_YET)},
    {REFUSED_BLOCK("stage.luhn", NOT_YET)},
    {REFUSED_BLOCK("stage.metrics", NOT_YET)},
    {REFUSED_BLOCK("stage.multiline", NOT_YET)},
    {REFUSED_BLOCK("stage.pack", NOT_YET)},
    {REFUSED_BLOCK("stage.pattern", NOT_YET)},
    {REFUSED_BLOCK("stage.sampling", NOT_YET)},
    {REFUSED_BLOCK("stage.split_json", NOT_YET)},
    {REFUSED_BLOCK("stage.tenant", NOT_YET)},
    {REFUSED_BLOCK("stage.truncate", NOT_YET)},
    {REFUSED_BLOCK("stage.windowsevent", NOT_YET)},
    {0},
};

static const struct stage_def *const definitions[] = {
#define STAGE(name, text) &stage_##name,
#include "components/loki/process/stages.def"
#undef STAGE
};

static const struct row rows[] = {
    {ATTR(struct args, forward_to), .required = true, .capsule = &capsule_logs,
     .doc = "Receivers of what the stages leave."},
    {ENUM_BLOCKS(struct args, stages, "stage", stage_variants), .doc = "The stages, in order."},
    {0},
};
static const struct shape args_shape = SHAPE(struct args, rows, NULL);

struct exports {
    struct capsule_ref receiver;
};
static const struct row export_rows[] = {
    {ATTR(struct exports, receiver), .capsule = &capsule_logs,
     .doc = "Where other components send log entries."},
    {0},
};
static const struct shape exports_shape = SHAPE(struct exports, export_rows, NULL);

/* Values an entry has room for without asking its arena; label sets that are found again without
 * asking the table. */
enum { EXTRACTED_USUAL = 64, RECENT_SETS = 64 };

struct stage_context {
    struct component_host *host;
    struct sink *sink;
    struct fanout next;
    struct stage_list stages;
    struct arena stage_arena;
    struct label_builder labels;        /* scratch of the entry under way */
    struct labels *recent[RECENT_SETS]; /* of the batch under way, with a reference each */
    struct extracted values[EXTRACTED_USUAL];
    struct error err; /* too large to be cleared for every entry */
};

/* ---- lists of stages ---- */
enum status stages_create(struct stage_list *out, const struct enum_block_list *blocks,
                          struct stage_context *context, struct arena *arena, struct error *err)
{
    out->items = ARENA_ARRAY(arena, blocks->count, struct stage);
    out->count = 0;
    for (size_t i = 0; i < blocks->count; i++) {
        const struct enum_block *block = &blocks->items[i];
        struct stage *stage = &out->items[out->count];
        stage->def = definitions[block->row - stage_variants];
        stage->context = context;
        if (stage->def->create(stage, block->item, arena, err) != STATUS_OK) {
            stages_release(out);
            return error_prefix(err, "invalid %s stage config: ", stage->def->name);
        }
        out->count++;
    }
    return STATUS_OK;
}

enum status stage_vet(const struct stage_def *def, void *args, struct arena *arena,
                      struct error *err)
{
    struct stage stage = {.def = def};
    if (def->create(&stage, args, arena, err) != STATUS_OK)
        return error_prefix(err, "invalid %s stage config: ", def->name);
    if (def->release != NULL)
        def->release(&stage);
    return STATUS_OK;
}

void stages_release(struct stage_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct stage *stage = &list->items[i];
        if (stage->def->release != NULL)
            stage->def->release(stage);
    }
    list->count = 0;
}

enum stage_result stages_run(const struct stage_list *list, struct log_line *line)
{
    for (size_t i = 0; i < list->count; i++) {
        struct stage *stage = &list->items[i];
        enum stage_result result = stage->def->run(stage, line);
        if (result != STAGE_KEEP)
            return result;
    }
    return STAGE_KEEP;
}

/* ---- services ---- */
void stage_dropped(struct stage *stage, struct str reason)
{
    struct label label = {STR("reason"), reason};
    self_inc(self_metric(
        host_metrics(stage->context->host), SELF_COUNTER, "loki_process_dropped_lines_total",
        "A count of all log lines dropped as a result of a pipeline stage", &label, 1));
}

const struct log *stage_log(const struct stage *stage)
{
    return host_log(stage->context->host);
}

struct self_group *stage_metrics(const struct stage *stage)
{
    return host_metrics(stage->context->host);
}

int64_t stage_now_ns(const struct stage *stage)
{
    (void)stage;
    return world_wall_ns();
}

/* ---- entries ---- */
/* Sets of one batch differ in few values, whose lengths and edges tell most of them apart. */
static size_t recent_slot(const struct label_builder *b)
{
    uint64_t mix = b->count;
    for (size_t i = 0; i < b->count; i++) {
        struct str value = b->pairs[i].value;
        mix += value.len;
        if (value.len != 0)
            mix += (uint64_t)(unsigned char)value.ptr[0] << 8 |
                   (uint64_t)(unsigned char)value.ptr[value.len - 1] << 16;
        mix *= UINT64_C(0x9e3779b97f4a7c15);
    }
    return (size_t)(mix >> 32) % RECENT_SETS;
}

static bool is_set(const struct labels *labels, const struct label_builder *b)
{
    if (labels == NULL || labels->count != b->count)
        return false;
    for (size_t i = 0; i < b->count; i++) {
        if (!str_eq(labels->pairs[i].value, b->pairs[i].value) ||
            !str_eq(labels->pairs[i].name, b->pairs[i].name))
            return false;
    }
    return true;
}

static void forget_recent(struct stage_context *p)
{
    for (size_t i = 0; i < RECENT_SETS; i++)
        labels_unref(p->recent[i]);
    memset(p->recent, 0, sizeof p->recent);
}

/* The labels as they are now, as a set; NULL when there are too many. */
static struct labels *final_labels(struct stage_context *p, struct log_line *line)
{
    if (!line->labels_changed)
        return labels_ref(line->original);
    struct labels **recent = &p->recent[recent_slot(line->labels)];
    if (is_set(*recent, line->labels))
        return labels_ref(*recent);
    struct labels *labels =
        label_builder_intern_stream(line->labels, host_labels(p->host), &p->err);
    if (labels == NULL) {
        LOG(host_log(p->host), LOG_WARN, "entry dropped", LOG_C("err", p->err.message));
        return NULL;
    }
    labels_unref(*recent);
    *recent = labels_ref(labels);
    return labels;
}

/* Promtail starts every entry with its labels as extracted values. */
static void extract_labels(struct log_line *line)
{
    for (uint32_t i = 0; i < line->original->count; i++) {
        const struct label *label = &line->original->pairs[i];
        line_set_string(line, label->name, label->value);
    }
}

static void process_entry(struct stage_context *p, const struct log_entry *in,
                          struct log_batch *out)
{
    struct log_line line = {
        .t_ns = in->t_ns,
        .line = in->line,
        .original = in->labels,
        .labels = &p->labels,
        .values = p->values,
        .value_cap = EXTRACTED_USUAL,
        .arena = &out->base.arena,
    };
    label_builder_from(&p->labels, in->labels);
    for (size_t i = 0; i < in->metadata_count; i++) {
        line_add_metadata(&line, in->metadata[i].name, in->metadata[i].value);
    }
    extract_labels(&line);
    if (stages_run(&p->stages, &line) != STAGE_KEEP)
        return;
    struct labels *labels = final_labels(p, &line);
    if (labels == NULL)
        return;
    struct log_entry entry = {
        .t_ns = line.t_ns,
        .line = line.line,
        .labels = labels,
        .metadata = line.metadata,
        .metadata_count = line.metadata_count,
    };
    if (!log_batch_add(out, &entry))
        labels_unref(labels);
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct stage_context *p = self;
    struct log_batch *in = batch_logs(batch);
    struct log_batch *out = log_batch_new(in->entry_count);
    if (out == NULL) {
        ack_done(ack, ACK_RETRY, 100000000);
        return;
    }
    out->keep = batch_ref(batch);
    for (size_t i = 0; i < in->entry_count; i++)
        process_entry(p, &in->entries[i], out);
    forget_recent(p);
    if (out->entry_count == 0) {
        ack_done(ack, ACK_DONE, 0);
    } else {
        host_count_out(p->host, out->entry_count);
        fanout_push(&p->next, &out->base, ack);
    }
    batch_unref(&out->base);
}

static const struct sink_ops sink_table = {.push = push};

/* ---- life ---- */
static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct stage_context *p = self;
    const struct args *a = args;
    p->host = host;
    label_builder_init(&p->labels);
    fanout_init(&p->next);
    arena_init(&p->stage_arena, host_memory(host), 0);
    if (stages_create(&p->stages, &a->stages, p, &p->stage_arena, err) != STATUS_OK) {
        arena_release(&p->stage_arena);
        return err->status;
    }
    fanout_set(&p->next, &a->forward_to);
    p->sink = sink_new(host_loop(host), 1u << SIGNAL_LOGS, host_global_id(host), &sink_table, p);
    struct exports exports = {{sink_value(&capsule_logs, p->sink)}};
    host_export(host, &exports);
    value_unref(exports.receiver.value);
    return STATUS_OK;
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct stage_context *p = self;
    const struct args *a = args;
    struct stage_list stages;
    struct arena arena;
    (void)old_args;
    arena_init(&arena, host_memory(p->host), 0);
    if (stages_create(&stages, &a->stages, p, &arena, err) != STATUS_OK) {
        arena_release(&arena);
        return err->status;
    }
    fanout_set(&p->next, &a->forward_to);
    stages_release(&p->stages);
    arena_release(&p->stage_arena);
    p->stages = stages;
    p->stage_arena = arena;
    return STATUS_OK;
}

static void stop(void *self)
{
    struct stage_context *p = self;
    sink_close(p->sink);
    host_stopped(p->host);
}

static void release(void *self)
{
    struct stage_context *p = self;
    stages_release(&p->stages);
    arena_release(&p->stage_arena);
    label_builder_release(&p->labels);
    fanout_release(&p->next);
    sink_unref(p->sink);
}

const struct component_def loki_process = {
    .name = "loki.process",
    .summary = "Parses, changes and drops log entries by a list of stages.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct stage_context),
    .build = build,
    .update = update,
    .stop = stop,
    .release = release,
};
