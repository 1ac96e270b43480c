/* Imports from far away: one fetch at a time, each within its time. While a load runs it waits, on
 * a loop of its own in the place of the control loop; IMPORT_WAIT_NS bounds what all imports of one
 * load may wait together, so that dead servers delay a load but do not add up. */

#include "runtime/graph/modules.h"

#include "base/world.h"

static const int64_t SECOND_NS = 1000000000;
static const int64_t IMPORT_WAIT_NS = 60 * SECOND_NS;
static const int64_t EVERY_MIN_NS = SECOND_NS;

struct import_fetch {
    struct import *import;
    struct loop *loop;
    struct buf data_path;
    struct loop_timer *limit;
    void *handle; /* NULL = it has ended */
    struct import_texts texts;
    struct error err;
    bool waited_for;
};

static const struct import_remote *remote_of(const struct import *import)
{
    return import->source->remote;
}

static void release(struct import_fetch *fetch)
{
    loop_timer_close(fetch->limit);
    buf_release(&fetch->data_path);
}

/* What a fetch found, in the words of the source. */
static void word(const struct import *import, struct error *err)
{
    if (err->status != STATUS_OK)
        error_prefix(err, "%s",
                     import->has_digest ? remote_of(import)->later_failed
                                        : remote_of(import)->first_failed);
}

static void arrived(struct import_fetch *fetch)
{
    struct import *import = fetch->import;
    struct import_texts texts = fetch->texts;
    struct error err = fetch->err;
    import->fetch = NULL;
    release(fetch);
    mem_free(fetch);
    word(import, &err);
    import->outdated = err.status != STATUS_OK;
    if (texts.count) {
        import_deliver(import, &texts, import->outdated ? &err : NULL);
        return;
    }
    import_texts_release(&texts);
    import_trouble(import, &err);
}

static void ended(struct import_fetch *fetch)
{
    fetch->handle = NULL;
    loop_timer_close(fetch->limit);
    fetch->limit = NULL;
    if (fetch->waited_for)
        loop_stop(fetch->loop);
    else
        arrived(fetch);
}

static void fetched(void *arg, struct import_texts *owned_texts, const struct error *err)
{
    struct import_fetch *fetch = arg;
    if (owned_texts) {
        import_texts_release(&fetch->texts);
        fetch->texts = *owned_texts;
    }
    fetch->err = *err;
    ended(fetch);
}

static void too_late(void *arg)
{
    struct import_fetch *fetch = arg;
    remote_of(fetch->import)->cancel(fetch->handle);
    error_set(
        &fetch->err, STATUS_TIMEOUT, "no answer within %lld ms",
        (long long)(remote_of(fetch->import)->timeout(fetch->import->cell->args->data) / 1000000));
    ended(fetch);
}

/* False: it did not begin, and will not call back. */
static bool begin(struct import_fetch *fetch, const void *args, int64_t timeout)
{
    struct import *import = fetch->import;
    const struct graph *graph = import->graph;
    import_texts_init(&fetch->texts);
    buf_init(&fetch->data_path, NULL, 64 * 1024);
    buf_printf(&fetch->data_path, "%.*s/%.*s", STR_ARG(graph->options.storage_path),
               STR_ARG(import->cell->global_id));
    const struct import_place place = {.loop = fetch->loop,
                                       .id = import->cell->global_id,
                                       .data_path = buf_view(&fetch->data_path),
                                       .log = &graph->log};
    if (timeout <= 0)
        error_set(&fetch->err, STATUS_TIMEOUT, "there is no time left to wait for it");
    else
        fetch->handle = remote_of(import)->begin(&place, args, fetched, fetch, &fetch->err);
    if (!fetch->handle)
        return false;
    fetch->limit = loop_timer_new(fetch->loop, too_late, fetch);
    loop_timer_start(fetch->limit, timeout, 0);
    return true;
}

/* ---- while a load runs ---- */

void import_remote_wait(struct import *import, const void *args, struct import_texts *out,
                        struct error *err)
{
    struct import_fetch fetch = {.import = import, .waited_for = true};
    int64_t left = IMPORT_WAIT_NS - import->graph->import_waited_ns;
    int64_t timeout = remote_of(import)->timeout(args);
    int64_t since = world_monotonic_ns();
    fetch.loop = loop_new_beside(import->graph->options.control, "import", &fetch.err);
    if (!fetch.loop) {
        import_texts_init(&fetch.texts);
        buf_init(&fetch.data_path, NULL, 1);
    } else if (begin(&fetch, args, timeout < left ? timeout : left)) {
        loop_run(fetch.loop);
    }
    release(&fetch);
    loop_free(fetch.loop);
    import->graph->import_waited_ns += world_monotonic_ns() - since;
    *out = fetch.texts;
    *err = fetch.err;
    word(import, err);
    import->outdated = err->status != STATUS_OK;
}

/* ---- later ---- */

static void start(struct import *import)
{
    if (import->fetch)
        return; /* the last one is still under way */
    const void *args = import->cell->args->data;
    import->fetch = mem_zalloc(NULL, sizeof(*import->fetch));
    import->fetch->import = import;
    import->fetch->loop = import->graph->options.control;
    if (!begin(import->fetch, args, remote_of(import)->timeout(args)))
        arrived(import->fetch);
}

static void on_tick(void *arg)
{
    start(arg);
}

void import_remote_watch(struct import *import, bool at_once)
{
    int64_t every = remote_of(import)->every(import->cell->args->data);
    if (!import->timer)
        import->timer = loop_timer_new(import->graph->options.control, on_tick, import);
    if (every > 0 && every < EVERY_MIN_NS)
        every = EVERY_MIN_NS;
    if (at_once || every > 0)
        loop_timer_start(import->timer, at_once ? 0 : every, every > 0 ? every : 0);
}

void import_remote_stop(struct import *import)
{
    loop_timer_close(import->timer);
    import->timer = NULL;
    struct import_fetch *fetch = import->fetch;
    if (!fetch)
        return;
    import->fetch = NULL;
    remote_of(import)->cancel(fetch->handle);
    import_texts_release(&fetch->texts);
    release(fetch);
    mem_free(fetch);
}
