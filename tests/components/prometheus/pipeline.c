/* prometheus.scrape and prometheus.relabel in a live graph on virtual time: pages come from a
 * handler for in-process requests, samples end in a sink that writes them down. */
#include "base/strconv.h"
#include "runtime/component.h"
#include "tests/support/graph.h"
#include "tests/support/test.h"

enum { NOTES_MAX = 256 * 1024 };
static const int64_t SECOND_NS = 1000000000;

/* ---- the sink ---- */

struct note_args {
    bool unused;
};
struct note_exports {
    struct capsule_ref receiver;
};
struct note {
    struct component_host *host;
    struct sink *sink;
};

static const struct row note_rows[] = {{0}};
static const struct shape note_shape = {
    .name = "note", .rows = note_rows, .size = sizeof(struct note_args)};
static const struct row note_export_rows[] = {
    {ATTR(struct note_exports, receiver), .capsule = &capsule_metrics, .doc = "Takes metrics."},
    {0},
};
static const struct shape note_exports_shape = {
    .name = "exports", .rows = note_export_rows, .size = sizeof(struct note_exports)};

/* What a test sees of the world: filled by the sink, read by the page handler. */
struct world_view {
    struct buf notes;
    const char *page;
    int status;
    const char *type;
    unsigned requests;
    enum ack_result answer;
    bool busy; /* the next push is refused for now */
    unsigned refused;
};
static _Thread_local struct world_view view;

static void note_push(void *self, struct batch *batch, struct ack *ack)
{
    (void)self;
    if (view.busy) {
        view.busy = false;
        view.refused++;
        ack_done(ack, ACK_RETRY, SECOND_NS / 10);
        return;
    }
    const struct metric_batch *m = batch_metrics(batch);
    for (size_t i = 0; i < m->sample_count; i++) {
        const struct sample *s = &m->samples[i];
        struct str name = labels_get(s->labels, STR("__name__"));
        if (str_starts(name, STR("scrape_duration"))) {
            continue;
        }
        labels_print(&view.notes, s->labels);
        buf_byte(&view.notes, ' ');
        if (is_stale_nan(s->value)) {
            buf_cstr(&view.notes, "stale");
        } else {
            strconv_float(&view.notes, s->value, 'g');
        }
        buf_byte(&view.notes, '\n');
    }
    ack_done(ack, ACK_DONE, 0);
}

static const struct sink_ops note_ops = {.push = note_push};

static enum status note_build(void *self, struct component_host *host, const void *args,
                              struct error *err)
{
    (void)args;
    (void)err;
    struct note *n = self;
    n->host = host;
    n->sink = sink_new(host_loop(host), 1U << SIGNAL_METRICS, STR("test.note"), &note_ops, n);
    struct note_exports exports = {{sink_value(&capsule_metrics, n->sink)}};
    host_export(host, &exports);
    value_unref(exports.receiver.value);
    return STATUS_OK;
}

static void note_stop(void *self)
{
    struct note *n = self;
    sink_close(n->sink);
    host_stopped(n->host);
}

static void note_release(void *self)
{
    sink_unref(((struct note *)self)->sink);
}

static const struct component_def test_note = {.name = "test.note",
                                               .summary = "Writes samples down.",
                                               .stability = STABILITY_GA,
                                               .args = &note_shape,
                                               .exports = &note_exports_shape,
                                               .size = sizeof(struct note),
                                               .build = note_build,
                                               .stop = note_stop,
                                               .release = note_release};

extern const struct component_def prometheus_scrape, prometheus_relabel;
static const struct component_def *const components[] = {&test_note, &prometheus_relabel,
                                                         &prometheus_scrape, NULL};

/* ---- the pages ---- */

struct pending {
    http_done_fn *done;
    void *arg;
};

static void serve_later(void *arg)
{
    struct pending p = *(struct pending *)arg;
    mem_free(arg);
    const struct http_response response = {
        .status = view.status, .body = str_from(view.page), .content_type = str_from(view.type)};
    const struct error none = {0};
    p.done(p.arg, &response, &none);
}

static void serve(void *arg, struct loop *loop, const struct http_internal *request,
                  http_done_fn *done, void *done_arg)
{
    (void)arg;
    (void)request;
    view.requests++;
    struct pending *p = mem_alloc(NULL, sizeof(*p));
    *p = (struct pending){done, done_arg};
    loop_defer(loop, serve_later, p);
}

static void begin(struct rig *rig, const char *text)
{
    view = (struct world_view){.status = 200, .type = "text/plain", .page = ""};
    buf_init(&view.notes, NULL, NOTES_MAX);
    rig_init_with(rig, &(struct graph_options){.components = components,
                                               .min_stability = STABILITY_EXPERIMENTAL,
                                               .internal = serve});
    cr_assert(rig_load(rig, text) == GRAPH_APPLIED, "%s", rig_problems(rig));
    rig_settle(rig);
}

static void end(struct rig *rig)
{
    rig_release(rig);
    buf_release(&view.notes);
}

/* Lets one interval pass and compares what the sink noted. */
static void expect(struct rig *rig, const char *page, const char *notes)
{
    view.page = page;
    buf_clear(&view.notes);
    fake_clock_run(rig->clock, SECOND_NS);
    struct str got = buf_view(&view.notes);
    cr_assert(str_is(got, notes), "got\n%.*s\ninstead of\n%s", STR_ARG(got), notes);
}

#define CONFIG(more)                                                                               \
    "test.note \"n\" { }\n"                                                                        \
    "prometheus.scrape \"s\" {\n"                                                                  \
    "  targets = [{\"__address__\" = \"alloy.internal:12345\", \"instance\" = \"i\"}]\n"           \
    "  forward_to = [test.note.n.receiver]\n  job_name = \"j\"\n"                                  \
    "  scrape_interval = \"1s\"\n  scrape_timeout = \"500ms\"\n" more "}\n"

#define SET "instance=\"i\", job=\"j\"}"
#define REPORT(up, scraped, kept, added)                                                           \
    "{__name__=\"up\", " SET " " up "\n{__name__=\"scrape_samples_scraped\", " SET " " scraped     \
    "\n{__name__=\"scrape_samples_post_metric_relabeling\", " SET " " kept                         \
    "\n{__name__=\"scrape_series_added\", " SET " " added "\n"

TEST(components_scrape, series_come_stay_and_go_stale)
{
    struct rig rig;
    begin(&rig, CONFIG(""));
    expect(
        &rig, "a 1\nb{x=\"1\"} 2\n",
        "{__name__=\"a\", " SET
        " 1\n{__name__=\"b\", instance=\"i\", job=\"j\", x=\"1\"} 2\n" REPORT("1", "2", "2", "2"));
    expect(&rig, "a 3\n",
           "{__name__=\"a\", " SET
           " 3\n{__name__=\"b\", instance=\"i\", job=\"j\", x=\"1\"} stale\n" REPORT("1", "1", "1",
                                                                                     "0"));
    /* A bad line takes the whole page away, and what was live with it, once. */
    expect(&rig, "a 4\n!\n", "{__name__=\"a\", " SET " stale\n" REPORT("0", "1", "1", "0"));
    expect(&rig, "!\n", REPORT("0", "0", "0", "0"));
    view.status = 500;
    expect(&rig, "a 5\n", REPORT("0", "0", "0", "0"));
    view.status = 200;
    /* The text format's last line feed may be missing. */
    expect(&rig, "a 5", "{__name__=\"a\", " SET " 5\n" REPORT("1", "1", "1", "0"));
    cr_assert(view.requests == 6, "%u requests in six intervals", view.requests);
    end(&rig);
}

TEST(components_scrape, a_reload_changes_the_interval_and_nothing_else)
{
    struct rig rig;
    begin(&rig, CONFIG(""));
    expect(&rig, "a 1\n", "{__name__=\"a\", " SET " 1\n" REPORT("1", "1", "1", "1"));
    cr_assert(rig_load(&rig, "test.note \"n\" { }\n"
                             "prometheus.scrape \"s\" {\n"
                             "  targets = [{\"__address__\" = \"alloy.internal:12345\", "
                             "\"instance\" = \"i\"}]\n"
                             "  forward_to = [test.note.n.receiver]\n  job_name = \"j\"\n"
                             "  scrape_interval = \"4s\"\n  scrape_timeout = \"500ms\"\n}\n") ==
              GRAPH_APPLIED);
    unsigned before = view.requests;
    fake_clock_run(rig.clock, 12 * SECOND_NS);
    cr_assert(view.requests - before == 3, "%u requests in 12 s", view.requests - before);
    struct str got = buf_view(&view.notes);
    cr_assert(str_find(got, STR("stale"), 0) == SIZE_MAX, "no series went away");
    end(&rig);
}

TEST(components_scrape, a_target_that_leaves_ends_its_series_and_one_that_returns_keeps_them)
{
    struct rig rig;
    begin(&rig, CONFIG(""));
    expect(&rig, "a 1\n", "{__name__=\"a\", " SET " 1\n" REPORT("1", "1", "1", "1"));
    const char *none = "test.note \"n\" { }\nprometheus.scrape \"s\" {\n  targets = []\n"
                       "  forward_to = [test.note.n.receiver]\n  job_name = \"j\"\n"
                       "  scrape_interval = \"1s\"\n  scrape_timeout = \"500ms\"\n}\n";
    cr_assert(rig_load(&rig, none) == GRAPH_APPLIED);
    cr_assert(rig_load(&rig, CONFIG("")) == GRAPH_APPLIED);
    buf_clear(&view.notes);
    fake_clock_run(rig.clock, 2 * SECOND_NS);
    cr_assert(str_find(buf_view(&view.notes), STR("stale"), 0) == SIZE_MAX);
    cr_assert(rig_load(&rig, none) == GRAPH_APPLIED);
    buf_clear(&view.notes);
    fake_clock_run(rig.clock, 3 * SECOND_NS);
    cr_assert(str_find(buf_view(&view.notes), STR("{__name__=\"a\", " SET " stale"), 0) == 0);
    cr_assert(str_find(buf_view(&view.notes), STR("{__name__=\"up\", " SET " stale"), 0) !=
              SIZE_MAX);
    end(&rig);
}

TEST(components_scrape, limits_fail_the_scrape_and_refused_batches_are_offered_again)
{
    struct rig rig;
    begin(&rig, CONFIG("  sample_limit = 1\n"));
    expect(&rig, "a 1\nb 2\n", REPORT("0", "2", "2", "0"));
    view.busy = true;
    expect(&rig, "a 1\n", "{__name__=\"a\", " SET " 1\n" REPORT("1", "1", "1", "0"));
    cr_assert(view.refused == 1);
    end(&rig);
}

TEST(components_relabel_component, rewrites_drops_and_remembers)
{
    struct rig rig;
    begin(&rig,
          "test.note \"n\" { }\n"
          "prometheus.relabel \"r\" {\n  forward_to = [test.note.n.receiver]\n"
          "  rule {\n    source_labels = [\"__name__\"]\n    regex = \"up|scrape_.*|dropped\"\n"
          "    action = \"drop\"\n  }\n"
          "  rule {\n    target_label = \"c\"\n    replacement = \"x\"\n  }\n"
          "  rule {\n    regex = \"job|instance\"\n    action = \"labeldrop\"\n  }\n}\n"
          "prometheus.scrape \"s\" {\n"
          "  targets = [{\"__address__\" = \"alloy.internal:12345\"}]\n"
          "  forward_to = [prometheus.relabel.r.receiver]\n"
          "  scrape_interval = \"1s\"\n  scrape_timeout = \"500ms\"\n}\n");
    expect(&rig, "a 1\ndropped 2\n", "{__name__=\"a\", c=\"x\"} 1\n");
    expect(&rig, "a 2\ndropped 2\n", "{__name__=\"a\", c=\"x\"} 2\n");
    expect(&rig, "", "{__name__=\"a\", c=\"x\"} stale\n");
    end(&rig);
}
