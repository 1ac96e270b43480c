/* See graph.h. The journal and the list of sources belong to the thread: a test has one graph. */

#include "tests/support/graph.h"

#include "compiler/target.h"

#include <stdio.h>

static _Thread_local char journal[JOURNAL_MAX];
static _Thread_local size_t journal_len;
static _Thread_local char answer[JOURNAL_MAX];

static void note(const char *what, struct component_host *host)
{
    struct str id = host_global_id(host);
    int len =
        snprintf(journal + journal_len, JOURNAL_MAX - journal_len, "%s %.*s\n", what, STR_ARG(id));
    if (len > 0 && (size_t)len < JOURNAL_MAX - journal_len)
        journal_len += (size_t)len;
}

const char *rig_journal(void)
{
    memcpy(answer, journal, journal_len);
    answer[journal_len] = '\0';
    journal_len = 0;
    return answer;
}

/* ---- test.sum ---- */

struct sum_args {
    struct int_list inputs;
    int64_t plus;
    struct str fail;
};
static const struct row sum_rows[] = {
    {ATTR(struct sum_args, inputs), .doc = "Numbers to add up."},
    {ATTR(struct sum_args, plus), .doc = "One more number."},
    {ATTR(struct sum_args, fail), .doc = "The call that fails."},
    {0},
};
static const struct shape sum_shape = SHAPE(struct sum_args, sum_rows, NULL);

struct sum_exports {
    int64_t sum;
    int64_t odd;
};
static const struct row sum_export_rows[] = {
    {ATTR(struct sum_exports, sum), .doc = "The sum."},
    {ATTR(struct sum_exports, odd), .doc = "Its remainder by two."},
    {0},
};
static const struct shape sum_export_shape = SHAPE(struct sum_exports, sum_export_rows, NULL);

struct sum {
    struct component_host *host;
    char *copy; /* something that a failed build must not leave behind */
};

static void sum_publish(struct sum *sum, const struct sum_args *args)
{
    struct sum_exports exports = {.sum = args->plus};
    for (size_t i = 0; i < args->inputs.count; i++)
        exports.sum += args->inputs.items[i];
    exports.odd = exports.sum & 1;
    host_export(sum->host, &exports);
}

static enum status sum_build(void *self, struct component_host *host, const void *args,
                             struct error *err)
{
    struct sum *sum = self;
    const struct sum_args *a = args;
    note("build", host);
    sum->host = host;
    sum->copy = mem_strdup(NULL, "copy", 4);
    sum_publish(sum, a);
    if (str_is(a->fail, "build"))
        return error_set(err, STATUS_IO, "told to fail");
    return STATUS_OK;
}

static enum status sum_update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    struct sum *sum = self;
    const struct sum_args *a = args;
    note("update", sum->host);
    if (str_is(a->fail, "update"))
        return error_set(err, STATUS_IO, "told to fail");
    sum_publish(sum, a);
    return STATUS_OK;
}

static void sum_start(void *self)
{
    note("start", ((struct sum *)self)->host);
}

static void sum_stop(void *self)
{
    struct sum *sum = self;
    note("stop", sum->host);
    host_stopped(sum->host);
}

static void sum_release(void *self)
{
    struct sum *sum = self;
    note("release", sum->host);
    mem_free(sum->copy);
}

static const struct component_def test_sum = {
    .name = "test.sum",
    .summary = "Adds numbers.",
    .stability = STABILITY_GA,
    .args = &sum_shape,
    .exports = &sum_export_shape,
    .size = sizeof(struct sum),
    .build = sum_build,
    .start = sum_start,
    .update = sum_update,
    .stop = sum_stop,
    .release = sum_release,
};

/* ---- test.source ---- */

struct source_args {
    int64_t value;
};
static const struct row source_rows[] = {
    {ATTR(struct source_args, value), .doc = "The first value."},
    {0},
};
static const struct shape source_shape = SHAPE(struct source_args, source_rows, NULL);

static _Thread_local struct component_host *sources[RIG_SOURCES];

static enum status source_build(void *self, struct component_host *host, const void *args,
                                struct error *err)
{
    (void)err;
    *(struct component_host **)self = host;
    host_export(host, args);
    return STATUS_OK;
}

static void source_start(void *self)
{
    size_t at = 0;
    while (at < RIG_SOURCES && sources[at])
        at++;
    if (at < RIG_SOURCES)
        sources[at] = *(struct component_host **)self;
}

static void source_release(void *self)
{
    for (size_t i = 0; i < RIG_SOURCES; i++) {
        if (sources[i] == *(struct component_host **)self)
            sources[i] = NULL;
    }
}

static enum status source_update(void *self, const void *args, const void *old_args,
                                 struct error *err)
{
    (void)old_args;
    (void)err;
    host_export(*(struct component_host **)self, args);
    return STATUS_OK;
}

void rig_publish(const char *label, int64_t value)
{
    struct source_args exports = {.value = value};
    for (size_t i = 0; i < RIG_SOURCES; i++) {
        if (sources[i] && str_is(host_label(sources[i]), label))
            host_export(sources[i], &exports);
    }
}

static void source_http(void *self, struct http_exchange *exchange, struct str rest)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "%.*s serves %.*s",
                   STR_ARG(host_local_id(*(struct component_host **)self)), STR_ARG(rest));
    http_reply_text(exchange, 200, str_from(text));
}

static void source_debug_info(void *self, struct json_writer *w)
{
    (void)self;
    json_key(w, STR("answer"));
    json_i64(w, 42);
}

static const struct component_def test_source = {
    .name = "test.source",
    .summary = "Publishes a number.",
    .stability = STABILITY_GA,
    .args = &source_shape,
    .exports = &source_shape,
    .size = sizeof(struct component_host *),
    .build = source_build,
    .start = source_start,
    .update = source_update,
    .release = source_release,
    .debug_info = source_debug_info,
    .http = source_http,
};

static const struct component_def test_rare = {
    .name = "test.rare",
    .summary = "Is experimental.",
    .stability = STABILITY_EXPERIMENTAL,
    .args = &source_shape,
    .exports = &source_shape,
    .size = sizeof(struct component_host *),
    .build = source_build,
};

/* ---- test.pipe ---- */

struct pipe_args {
    struct capsule_list to;
};
static const struct row pipe_rows[] = {
    {ATTR(struct pipe_args, to), .capsule = &capsule_metrics, .doc = "Receivers."},
    {0},
};
static const struct shape pipe_shape = SHAPE(struct pipe_args, pipe_rows, NULL);

struct pipe_exports {
    struct capsule_ref receiver;
    struct capsule_ref logs;
    int64_t number;
};
static const struct row pipe_export_rows[] = {
    {ATTR(struct pipe_exports, receiver), .capsule = &capsule_metrics, .doc = "A receiver."},
    {ATTR(struct pipe_exports, logs), .capsule = &capsule_logs, .doc = "A receiver of logs."},
    {ATTR(struct pipe_exports, number), .doc = "A number."},
    {0},
};
static const struct shape pipe_export_shape = SHAPE(struct pipe_exports, pipe_export_rows, NULL);

struct pipe {
    struct sink *metrics;
    struct sink *logs;
};

static void add_to_journal(struct str text)
{
    if (text.len + 1 > JOURNAL_MAX - journal_len)
        return;
    memcpy(journal + journal_len, text.ptr, text.len);
    journal_len += text.len;
    journal[journal_len++] = '\n';
}

/* Lines of logs are noted. */
static void pipe_push(void *self, struct batch *batch, struct ack *ack)
{
    (void)self;
    if (batch->signal == SIGNAL_LOGS) {
        const struct log_batch *logs = (const struct log_batch *)batch;
        for (size_t i = 0; i < logs->entry_count; i++)
            add_to_journal(logs->entries[i].line);
    }
    if (ack)
        ack_done(ack, ACK_DONE, 0);
}

static enum status pipe_build(void *self, struct component_host *host, const void *args,
                              struct error *err)
{
    static const struct sink_ops ops = {.push = pipe_push};
    (void)args;
    (void)err;
    struct pipe *pipe = self;
    struct loop *loop = host_loop(host);
    pipe->metrics = sink_new(loop, 1U << SIGNAL_METRICS, STR("pipe"), &ops, self);
    pipe->logs = sink_new(loop, 1U << SIGNAL_LOGS, STR("pipe"), &ops, self);
    struct pipe_exports exports = {.receiver = {sink_value(&capsule_metrics, pipe->metrics)},
                                   .logs = {sink_value(&capsule_logs, pipe->logs)},
                                   .number = 1};
    host_export(host, &exports);
    value_unref(exports.receiver.value);
    value_unref(exports.logs.value);
    return STATUS_OK;
}

static void pipe_release(void *self)
{
    struct pipe *pipe = self;
    sink_close(pipe->metrics);
    sink_close(pipe->logs);
    sink_unref(pipe->metrics);
    sink_unref(pipe->logs);
}

static const struct component_def test_pipe = {
    .name = "test.pipe",
    .summary = "Takes metrics.",
    .stability = STABILITY_GA,
    .args = &pipe_shape,
    .exports = &pipe_export_shape,
    .size = sizeof(struct pipe),
    .build = pipe_build,
    .release = pipe_release,
};

const struct component_def *const rig_components[] = {&test_sum, &test_source, &test_rare,
                                                      &test_pipe, NULL};

/* ---- the rig ---- */

void rig_init(struct rig *rig)
{
    rig_init_with(rig, &(struct graph_options){.min_stability = STABILITY_GA});
}

void rig_init_with(struct rig *rig, const struct graph_options *wishes)
{
    *rig = (struct rig){0};
    journal_len = 0;
    rig->clock = fake_clock_new();
    rig->loop = fake_loop_new(rig->clock);
    fake_clock_enter(rig->clock, rig->loop);
    rig->files = fake_files_new();
    world_enter(fake_files_world(rig->files));
    rig->metrics = self_registry_new();
    stdlib_init(&rig->stdlib);
    struct graph_options options = {
        .components = wishes->components ? wishes->components : rig_components,
        .stdlib = &rig->stdlib,
        .min_stability = wishes->min_stability,
        .internal = wishes->internal,
        .internal_arg = wishes->internal_arg,
        .control = rig->loop,
        .data_loops = wishes->data_loops,
        .log = wishes->log,
        .metrics = rig->metrics,
        .storage_path = STR("/data"),
    };
    rig->graph = graph_new(&options, &rig->err);
}

static void on_stopped(void *arg)
{
    ((struct rig *)arg)->stopped = true;
}

static void drop_diags(struct rig *rig)
{
    if (rig->has_diags)
        diags_release(&rig->diags);
    rig->has_diags = false;
}

void rig_release(struct rig *rig)
{
    graph_stop(rig->graph, INT64_C(1000000000), on_stopped, rig);
    rig_settle(rig);
    drop_diags(rig);
    graph_free(rig->graph);
    stdlib_release(&rig->stdlib);
    self_registry_free(rig->metrics);
    world_enter(NULL);
    fake_files_free(rig->files);
    fake_clock_free(rig->clock);
}

void rig_settle(struct rig *rig)
{
    fake_clock_run(rig->clock, 0);
}

enum graph_outcome rig_load_files(struct rig *rig)
{
    drop_diags(rig);
    enum graph_outcome outcome = graph_load(rig->graph, "/main.alloy", &rig->diags, &rig->err);
    rig->has_diags = true;
    return outcome;
}

enum graph_outcome rig_load(struct rig *rig, const char *text)
{
    fake_files_put(rig->files, "/main.alloy", str_from(text));
    enum graph_outcome outcome = rig_load_files(rig);
    if (outcome == GRAPH_APPLIED && !rig->diags.errors)
        (void)graph_run(rig->graph, &rig->err);
    rig_settle(rig);
    return outcome;
}

const char *rig_problems(struct rig *rig)
{
    struct buf text;
    buf_init(&text, NULL, JOURNAL_MAX - 1);
    if (rig->diags.errors)
        diags_summary(&text, &rig->diags);
    else
        buf_cstr(&text, rig->err.message);
    memcpy(answer, text.data ? text.data : "", text.len);
    answer[text.len] = '\0';
    buf_release(&text);
    return answer;
}

/* The object behind a component's JSON member of that name. */
static const struct doc *member(struct rig *rig, struct arena *arena, struct buf *text,
                                const char *id)
{
    struct json_writer w;
    struct doc *doc;
    json_begin(&w, text);
    if (!graph_component_json(rig->graph, str_from(id), &w) ||
        json_read(arena, buf_view(text), (struct doc_limits){0}, &doc, NULL) != STATUS_OK)
        return NULL;
    return doc;
}

static void copy_text(struct str text)
{
    memcpy(answer, text.ptr, text.len);
    answer[text.len] = '\0';
}

static void put_field(const struct doc *exports, const char *field)
{
    for (const struct doc *item = exports->child; item; item = item->next) {
        if (!str_is(doc_get(item, STR("name"))->text, field))
            continue;
        const struct doc *value = doc_get(doc_get(item, STR("value")), STR("value"));
        copy_text(value->kind == DOC_NULL ? STR("null") : value->text);
        return;
    }
    copy_text(STR("?"));
}

const char *rig_export(struct rig *rig, const char *id, const char *field)
{
    struct arena arena;
    struct buf text;
    arena_init(&arena, NULL, 0);
    buf_init(&text, NULL, JOURNAL_MAX);
    const struct doc *doc = member(rig, &arena, &text, id);
    if (doc)
        put_field(doc_get(doc, STR("exports")), field);
    else
        copy_text(STR("?"));
    buf_release(&text);
    arena_release(&arena);
    return answer;
}

const char *rig_health(struct rig *rig, const char *id)
{
    struct arena arena;
    struct buf text;
    arena_init(&arena, NULL, 0);
    buf_init(&text, NULL, JOURNAL_MAX);
    const struct doc *doc = member(rig, &arena, &text, id);
    if (doc) {
        const struct doc *health = doc_get(doc, STR("health"));
        (void)snprintf(answer, JOURNAL_MAX, "%.*s: %.*s",
                       STR_ARG(doc_get(health, STR("state"))->text),
                       STR_ARG(doc_get(health, STR("message"))->text));
    } else {
        copy_text(STR("?"));
    }
    buf_release(&text);
    arena_release(&arena);
    return answer;
}
