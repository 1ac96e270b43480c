/* invar run: loads a configuration and runs it until a signal says otherwise. The control loop is
 * the main thread; what the command owns it releases in the reverse order. */

#include "base/file.h"
#include "base/log.h"
#include "base/world.h"
#include "cli/command.h"
#include "cli/run_flags.h"
#include "components/common/otelcol_storage.h"
#include "components/common/relabel.h"
#include "runtime/component.h"
#include "runtime/graph/graph.h"
#include "runtime/server/process.h"
#include "runtime/server/reload.h"
#include "runtime/server/server.h"
#include "runtime/standin.h"
#include "stdlib/stdlib.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

enum {
    REPORT_MAX = 64 * 1024 * 1024,
    MALLOC_ARENAS = 2,
    MALLOC_KEPT = 4 * 1024 * 1024,
    MALLOC_MMAP = 8 * 1024 * 1024,
};

static const int64_t HTTP_GRACE_NS = INT64_C(500000000);

struct run {
    struct run_flags flags;
    struct error err;
    int lock_fd;
    struct log_sink *sink;
    struct log log;
    struct loop *loop;
    struct self_registry *metrics;
    struct process_metrics *process;
    struct graph *graph;
    struct reloader *reloader;
    struct server_auth *auth;
    struct server *server;
    struct server_slot slot;
    struct stdlib stdlib;
    struct arena standins;
    struct loop_signal *signals[3];
    bool stopping;
    int waiting; /* for the server and the graph to have stopped */
    int exit_status;
};

/* ---- storage ---- */

/* One program a folder: two would write the same log and positions. */
static bool open_storage(struct run *run)
{
    const char *path = run->flags.storage_path;
    if (file_make_dirs(path, &run->err) != STATUS_OK)
        return false;
    int dir = world_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (dir < 0) {
        error_errno(&run->err, -dir, "open", path);
        return false;
    }
    int fd = world_open(dir, "invar.lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    (void)world_close(dir);
    if (fd < 0) {
        error_errno(&run->err, -fd, "open", "invar.lock");
        return false;
    }
    if (world_lock(fd) < 0) {
        (void)world_close(fd);
        error_set(&run->err, STATUS_EXISTS, "storage path \"%s\" is in use by another instance",
                  path);
        return false;
    }
    run->lock_fd = fd;
    return true;
}

/* ---- the end ---- */

static void one_stopped(void *arg)
{
    struct run *run = arg;
    if (--run->waiting == 0) {
        for (size_t i = 0; i < 3; i++) {
            if (run->signals[i])
                loop_signal_close(run->signals[i]);
        }
        loop_stop(run->loop);
    }
}

/* tests/models/shutdown.pml: it_ends. */
static void begin_stop(struct run *run)
{
    if (run->stopping)
        return;
    run->stopping = true;
    run->waiting = run->server ? 2 : 1;
    run->slot.server = NULL;
    if (run->server)
        server_close(run->server, HTTP_GRACE_NS, one_stopped, run);
    reloader_unwatch(run->reloader);
    graph_stop(run->graph, run->flags.shutdown_deadline_ns, one_stopped, run);
}

static void on_signal(void *arg, int signum)
{
    struct run *run = arg;
    if (signum == SIGHUP) {
        if (!run->stopping && reloader_request(run->reloader, NULL, NULL) != STATUS_OK)
            LOG_PLAIN(&run->log, LOG_ERROR, "failed to reload config");
        return;
    }
    if (run->stopping)
        _exit(1); /* asked twice: at once */
    LOG_PLAIN(&run->log, LOG_INFO, "stopping");
    begin_stop(run);
}

static void release(struct run *run)
{
    server_free(run->server);
    process_metrics_free(run->process);
    reloader_free(run->reloader);
    graph_free(run->graph);
    server_auth_free(run->auth);
    if (run->metrics)
        self_registry_free(run->metrics);
    if (run->loop)
        loop_free(run->loop);
    if (run->sink)
        log_sink_free(run->sink);
    stdlib_release(&run->stdlib);
    arena_release(&run->standins);
    if (run->lock_fd >= 0)
        (void)world_close(run->lock_fd);
}

/* ---- the beginning ---- */

static const struct component_def *const *components(struct run *run)
{
    static const struct capsule_type *const capsules[] = {
        &capsule_metrics,       &capsule_logs,         &capsule_otlp,
        &capsule_relabel_rules, &capsule_otel_storage, NULL};
    return run->flags.skip_unsupported ? standins_new(&run->standins, component_registry, capsules)
                                       : component_registry;
}

static bool make_graph(struct run *run)
{
    run->slot.control = run->loop;
    run->auth = server_auth_new();
    struct graph_options options = {
        .components = components(run),
        .stdlib = &run->stdlib,
        .min_stability = run->flags.stability,
        .community = run->flags.community,
        .control = run->loop,
        .data_loops = run->flags.data_loops,
        .log = run->sink,
        .metrics = run->metrics,
        .storage_path = str_from(run->flags.storage_path),
        .services = {.http = server_auth_set, .arg = run->auth},
        .imports = import_registry,
        .internal = server_internal,
        .internal_arg = &run->slot,
    };
    run->graph = graph_new(&options, &run->err);
    if (!run->graph)
        return false;
    struct reloader_options reloader = {.graph = run->graph,
                                        .path = run->flags.path,
                                        .metrics = run->metrics,
                                        .log = run->sink,
                                        .watch = run->flags.watch ? run->loop : NULL};
    run->reloader = reloader_new(&reloader);
    run->process = process_metrics_new(run->metrics, run->graph);
    return true;
}

static bool make_server(struct run *run)
{
    struct server_options options = {.loop = run->loop,
                                     .listen = str_from(run->flags.listen),
                                     .graph = run->graph,
                                     .reloader = run->reloader,
                                     .metrics = run->metrics,
                                     .process = run->process,
                                     .auth = run->auth,
                                     .pprof = run->flags.pprof};
    run->server = server_new(&options, &run->err);
    run->slot.server = run->server;
    return run->server != NULL;
}

static bool first_load(struct run *run)
{
    struct buf report;
    buf_init(&report, NULL, REPORT_MAX);
    bool has_diagnostics;
    bool ok = reloader_first(run->reloader, &report, &has_diagnostics);
    if (!ok)
        cli_print_error(buf_view(&report));
    if (has_diagnostics) /* as Alloy does, behind its diagnostics */
        cli_print(STR("\n"));
    buf_release(&report);
    return ok;
}

static void watch_signals(struct run *run)
{
    static const int watched[] = {SIGHUP, SIGTERM, SIGINT};
    for (size_t i = 0; i < 3; i++)
        run->signals[i] = loop_signal_new(run->loop, watched[i], on_signal, run);
}

static bool begin(struct run *run)
{
    run->sink = log_sink_new(STDERR_FILENO);
    run->log.sink = run->sink;
    run->loop = loop_new("control", &run->err);
    if (!run->loop)
        return false;
    run->metrics = self_registry_new();
    stdlib_init(&run->stdlib);
    arena_init(&run->standins, NULL, 0);
    return open_storage(run) && make_graph(run);
}

/* From here on there is a graph, which must be stopped in good order. */
static void run_loop(struct run *run)
{
    watch_signals(run);
    if (!first_load(run)) {
        run->exit_status = 1;
        begin_stop(run);
    } else if (!make_server(run) || graph_run(run->graph, &run->err) != STATUS_OK) {
        cli_error(run->err.message);
        run->exit_status = 1;
        begin_stop(run);
    } else {
        (void)malloc_trim(0);
        struct address address;
        server_address(run->server, &address);
        LOG(&run->log, LOG_INFO, "now listening for http traffic", LOG_C("addr", address.text));
    }
    loop_run(run->loop);
}

int cli_run(int argc, char **argv)
{
    struct run run = {.lock_fd = -1};
    switch (run_flags_parse(&run.flags, argc, argv, &run.err)) {
    case RUN_HELP: return 0;
    case RUN_WRONG: cli_error(run.err.message); return 1;
    case RUN_GO: break;
    }
    (void)mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    /* Batches come and go: memory between two of them is kept (measured: 7 to 14 % of the CPU).
     * Either setting ends glibc's own adjustment, so both are given. */
    (void)mallopt(M_TRIM_THRESHOLD, MALLOC_KEPT);
    (void)mallopt(M_MMAP_THRESHOLD, MALLOC_MMAP);
    if (begin(&run)) {
        run_loop(&run);
    } else {
        cli_error(run.err.message);
        run.exit_status = 1;
    }
    release(&run);
    return run.exit_status;
}
