/* See life.h. A timer of the loop walks through the phases; the client and the scraped page are
 * plain sockets of the test, so that only the program under test can fail. */

#include "tests/torture/life.h"

#include "base/compress.h"
#include "runtime/component.h"
#include "runtime/graph/graph.h"
#include "stdlib/stdlib.h"
#include "tests/support/failing_loop.h"
#include "tests/support/fake_files.h"
#include "tests/support/test.h"
#include "tests/torture/take.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STEP_READY, STEP_FIRST, STEP_AFTER, STEP_RELOAD, STEP_LAST, STEP_STOPPING, STEP_STOPPED };
enum { COMPONENTS_MAX = 256, ANSWER_MAX = 4096, CONFIG_MAX = 8192 };

static const int64_t MS = 1000000;
static const int64_t PATIENCE = INT64_C(20000000000); /* a hang, on a busy machine */
static const int64_t FAILING = INT64_C(250000000);    /* how long a failure may have its effect */

struct life {
    const struct pipeline *pipeline;
    enum torture_phase phase;
    enum torture_kind kind;
    uint64_t nth;
    bool fired;
    struct loop *loop;
    struct graph *graph;
    struct fake_files *files;
    struct loop_timer *timer;
    uint16_t ports[3];
    int page, page_client, client;
    char answer[ANSWER_MAX];
    size_t answered;
    struct buf request;
    int step;
    int64_t since;
    uint64_t taken;
    unsigned loads;
    bool running;
};

static void fail(const struct life *life, const char *what)
{
    (void)fprintf(stderr, "%s, phase %d, kind %d, nth %d: %s (%.*s)\n", life->pipeline->name,
                  (int)life->phase, (int)life->kind, (int)life->nth, what, (int)life->answered,
                  life->answer);
    struct fake_file_view view;
    for (size_t i = 0; fake_files_view(life->files, i, &view); i++) {
        (void)fprintf(stderr, "  %s %zu bytes\n", view.path, view.len);
        if (strcmp(view.path, "/log") == 0)
            (void)fprintf(stderr, "%.*s", (int)view.len, view.bytes);
    }
    _exit(2);
}

/* ---- the switch ---- */

static void arm(struct life *life, enum torture_phase phase)
{
    if (phase != life->phase)
        return;
    if (life->kind == TORTURE_MEMORY)
        mem_fail_at(life->nth);
    else if (life->kind == TORTURE_SOCKETS)
        failing_loop_at(life->nth);
    else
        world_fail_at(life->nth, life->kind == TORTURE_FILES ? EIO : ENOSPC);
}

static void disarm(struct life *life, enum torture_phase phase)
{
    if (phase != life->phase)
        return;
    if (life->kind == TORTURE_MEMORY)
        life->fired |= mem_failed_once();
    else if (life->kind == TORTURE_SOCKETS)
        life->fired |= failing_loop_failed();
    else
        life->fired |= world_failed_once();
    mem_fail_at(0);
    failing_loop_at(0);
    world_fail_at(0, 0);
}

/* ---- sockets of the test ---- */

static int listening(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) || listen(fd, 16) ||
        getsockname(fd, (struct sockaddr *)&at, &len))
        _exit(3);
    *port = ntohs(at.sin_port);
    return fd;
}

static void send_request(struct life *life)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(life->ports[0])};
    if (life->client >= 0)
        close(life->client);
    life->answered = 0;
    life->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(life->client, (struct sockaddr *)&to, sizeof(to)) == 0)
        (void)send(life->client, life->request.data, life->request.len, MSG_NOSIGNAL);
}

/* 0 = nothing yet, -1 = closed, else the status. */
static int answer_status(struct life *life)
{
    ssize_t got = recv(life->client, life->answer + life->answered, ANSWER_MAX - life->answered,
                       MSG_DONTWAIT);
    if (got > 0)
        life->answered += (size_t)got;
    if (life->answered >= 12)
        return (life->answer[9] - '0') * 100;
    return got == 0 || (got < 0 && errno != EAGAIN) ? -1 : 0;
}

static void serve_page(struct life *life)
{
    static const char page[] = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close"
                               "\r\ncontent-length: 10\r\n\r\na 1\nb_b 2\n";
    char bytes[ANSWER_MAX];
    int fd = accept4(life->page, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (life->page_client >= 0)
            close(life->page_client);
        life->page_client = fd;
    }
    if (life->page_client >= 0 && recv(life->page_client, bytes, sizeof(bytes), 0) > 0) {
        (void)send(life->page_client, page, sizeof(page) - 1, MSG_NOSIGNAL);
        close(life->page_client);
        life->page_client = -1;
    }
}

/* ---- the program ---- */

static void write_config(struct life *life)
{
    static const char *const names[] = {"{in}", "{out}", "{page}", "{n}"};
    char text[CONFIG_MAX];
    size_t len = 0;
    for (const char *at = life->pipeline->config; *at;) {
        size_t k = 0;
        while (k < 4 && strncmp(at, names[k], strlen(names[k])) != 0)
            k++;
        if (k < 4) {
            unsigned value = k < 3 ? life->ports[k] : 1 + life->loads;
            len += (size_t)snprintf(text + len, CONFIG_MAX - len, "%u", value);
            at += strlen(names[k]);
        } else {
            text[len++] = *at++;
        }
    }
    fake_files_put(life->files, "/main.alloy", str_of(text, len));
}

static bool load(struct life *life)
{
    struct diags diags;
    struct error err;
    enum graph_outcome outcome = graph_load(life->graph, "/main.alloy", &diags, &err);
    bool good = outcome == GRAPH_APPLIED && diags.errors == 0 && err.status == STATUS_OK;
    if (!good && !diags.errors && err.status == STATUS_OK)
        fail(life, "a load failed without a word");
    diags_release(&diags);
    return good;
}

static void next_step(struct life *life, int step)
{
    life->step = step;
    life->since = loop_now_ns(life->loop);
    life->taken = take_count();
    if ((step == STEP_FIRST || step == STEP_AFTER || step == STEP_LAST) && life->pipeline->path)
        send_request(life);
}

static void stopped(void *arg)
{
    struct life *life = arg;
    next_step(life, STEP_STOPPED);
}

/* The request was answered well and something arrived; sent again when it was refused. */
static bool works(struct life *life)
{
    if (life->pipeline->path) {
        int status = answer_status(life);
        if (status == -1 || status >= 400)
            send_request(life);
    }
    return take_count() > life->taken;
}

static void reload(struct life *life)
{
    life->loads++;
    write_config(life);
    arm(life, PHASE_RELOAD);
    (void)load(life);
    next_step(life, STEP_RELOAD);
}

static void walk(struct life *life, int64_t waited)
{
    switch (life->step) {
    case STEP_READY:
        if (waited < 20 * MS && life->phase == PHASE_START)
            return;
        disarm(life, PHASE_START);
        if (life->phase == PHASE_START)
            (void)load(life);
        arm(life, PHASE_REQUEST);
        next_step(life, STEP_FIRST);
        return;
    case STEP_FIRST: /* under failure: an answer, or none, within the time */
        if (waited < FAILING && !(works(life) && life->pipeline->path))
            return;
        disarm(life, PHASE_REQUEST);
        next_step(life, STEP_AFTER);
        return;
    case STEP_AFTER:
        if (works(life))
            reload(life);
        return;
    case STEP_RELOAD:
        if (waited < 30 * MS)
            return;
        disarm(life, PHASE_RELOAD);
        if (life->phase == PHASE_RELOAD && !load(life) && waited < PATIENCE / 2)
            return;
        next_step(life, STEP_LAST);
        return;
    case STEP_LAST:
        if (!works(life))
            return;
        next_step(life, STEP_STOPPING);
        arm(life, PHASE_STOP);
        graph_stop(life->graph, PATIENCE, stopped, life);
        return;
    case STEP_STOPPED:
        if (waited < 5 * MS)
            return;
        disarm(life, PHASE_STOP);
        loop_timer_close(life->timer);
        life->timer = NULL;
        loop_stop(life->loop);
        return;
    default: return;
    }
}

static void tick(void *arg)
{
    struct life *life = arg;
    int64_t waited = loop_now_ns(life->loop) - life->since;
    serve_page(life);
    if (waited > PATIENCE) {
        static const char *const steps[] = {"ready", "first", "after", "reload", "last", "stop"};
        fail(life, steps[life->step]);
    }
    walk(life, waited);
}

static void make_request(struct life *life)
{
    const struct pipeline *p = life->pipeline;
    struct str body = str_of(p->body, p->body_len ? p->body_len : p->body ? strlen(p->body) : 0);
    struct buf packed;
    struct error err;
    buf_init(&life->request, NULL, 1 << 16);
    if (!p->path)
        return;
    buf_init(&packed, NULL, 1 << 16);
    if (p->snappy && compress_bytes(COMPRESSION_SNAPPY, 0, body, &packed, &err) == STATUS_OK)
        body = buf_view(&packed);
    buf_printf(&life->request,
               "POST %s HTTP/1.1\r\nhost: h\r\ncontent-type: %s\r\n%scontent-length: %zu\r\n\r\n",
               p->path, p->type, p->snappy ? "content-encoding: snappy\r\n" : "", body.len);
    buf_str(&life->request, body);
    buf_release(&packed);
}

/* Loads until it is good: the second time nothing fails. */
static void start(struct life *life)
{
    struct error err;
    arm(life, PHASE_START);
    bool good = load(life);
    if (!good && life->phase != PHASE_START)
        fail(life, "the load fails");
    if (!good) {
        disarm(life, PHASE_START);
        if (!load(life))
            fail(life, "the second load fails too");
    }
    if (graph_run(life->graph, &err) != STATUS_OK)
        fail(life, err.message);
    next_step(life, STEP_READY);
}

static void find_ports(struct life *life)
{
    int fds[2];
    for (int i = 0; i < 2; i++)
        fds[i] = listening(&life->ports[i]);
    close(fds[0]);
    close(fds[1]);
    life->page = listening(&life->ports[2]);
    life->page_client = life->client = -1;
}

static void release(struct life *life)
{
    close(life->page);
    if (life->client >= 0)
        close(life->client);
    buf_release(&life->request);
    fake_files_free(life->files);
    failing_loop_release();
}

__attribute__((noinline)) static void live(struct life *life)
{
    const struct component_def *components[COMPONENTS_MAX] = {NULL};
    struct stdlib lib;
    struct error err;
    size_t count = 0;
    for (; component_registry[count] && count < COMPONENTS_MAX - 2; count++)
        components[count] = component_registry[count];
    components[count] = &test_take;
    find_ports(life);
    make_request(life);
    life->files = fake_files_new();
    world_enter(fake_files_world(life->files));
    write_config(life);
    stdlib_init(&lib);
    int log_fd = world_open(AT_FDCWD, "/log", O_WRONLY | O_CREAT, 0600);
    struct log_sink *sink = log_sink_new(log_fd);
    struct self_registry *metrics = self_registry_new();
    life->loop = loop_new("control", &err);
    failing_loop_wrap(life->loop);
    life->timer = loop_timer_new(life->loop, tick, life);
    loop_timer_start(life->timer, MS, MS);
    struct graph_options options = {.components = components,
                                    .stdlib = &lib,
                                    .min_stability = STABILITY_EXPERIMENTAL,
                                    .community = true,
                                    .control = life->loop,
                                    .log = sink,
                                    .metrics = metrics,
                                    .storage_path = STR("/data")};
    life->graph = graph_new(&options, &err);
    if (!life->graph)
        fail(life, err.message);
    start(life);
    loop_run(life->loop);
    graph_free(life->graph);
    loop_free(life->loop);
    self_registry_free(metrics);
    log_sink_free(sink);
    stdlib_release(&lib);
    world_close(log_fd);
    world_enter(NULL);
    release(life);
}

int life_run(const struct pipeline *pipeline, enum torture_phase phase, enum torture_kind kind,
             uint64_t nth)
{
    struct life life = {.pipeline = pipeline, .phase = phase, .kind = kind, .nth = nth};
    live(&life);
    if (TEST_LEAKED())
        fail(&life, "leaks");
    return life.fired ? LIFE_GOOD : LIFE_SPARED;
}
