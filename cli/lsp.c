/* `invar lsp --stdio`: the language server on standard input and output. The core
 * (compiler/lsp/lsp.h) is a state machine; this file moves bytes. All input that waits is read
 * before anything is checked, so that a newer edit overtakes older work. */

#include "base/world.h"
#include "cli/command.h"
#include "cli/configuration.h"
#include "compiler/lsp/lsp.h"
#include "runtime/graph/graph.h"
#include "runtime/net/http_client.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, WRITE_MAX = 4096, FETCH_MAX = 64 * 1024 * 1024 };
#define FETCH_TIMEOUT_NS ((int64_t)5000000000)

struct server {
    struct vocabulary vocabulary;
    const char **names;
    const char **environment;
    struct lsp_options options;
    struct lsp *lsp;
    struct loop *loop;
    struct loop_poll *in;
    struct loop_poll *out;
    struct loop_timer *timer;
    struct http_client *client; /* made when first used */
    bool ended;                 /* standard input */
    char chunk[CHUNK];
};

static void turn(struct server *s);

static const char *summary_of(void *arg, struct str name)
{
    const struct server *s = arg;
    const struct component_def *def = map_get(&s->vocabulary.components, name);
    return def ? def->summary : NULL;
}

/* The names of the environment, without what they stand for. */
static const char **environment_names(void)
{
    size_t count = 0;
    while (environ[count])
        count++;
    const char **names = mem_array(NULL, count + 1, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        const char *end = strchr(environ[i], '=');
        names[i] = mem_strdup(NULL, environ[i], end ? (size_t)(end - environ[i]) : 0);
    }
    return names;
}

static void server_init(struct server *s)
{
    s->environment = environment_names();
    size_t count = 0;
    vocabulary_init(&s->vocabulary);
    s->vocabulary.options.min_stability = STABILITY_GA; /* until the settings say otherwise */
    s->vocabulary.options.community = false;
    s->names = mem_array(NULL, s->vocabulary.components.len + 1, sizeof(*s->names));
    for (const struct component_def *const *def = component_registry; *def; def++)
        s->names[count++] = (*def)->name;
    s->options = (struct lsp_options){.program = s->vocabulary.options,
                                      .components = s->names,
                                      .summary = summary_of,
                                      .environment = s->environment,
                                      .arg = s};
    s->lsp = lsp_new(&s->options);
}

static void server_release(struct server *s)
{
    lsp_free(s->lsp);
    for (const char **name = s->environment; *name; name++)
        mem_free((void *)(uintptr_t)*name);
    mem_free(s->environment);
    mem_free(s->names);
    vocabulary_release(&s->vocabulary);
}

/* ---- standard input and output ---- */

static void read_some(struct server *s)
{
    ssize_t got = world_read(STDIN_FILENO, s->chunk, sizeof(s->chunk));
    if (got > 0)
        lsp_feed(s->lsp, str_of(s->chunk, (size_t)got));
    else if (got != -EAGAIN && got != -EINTR)
        s->ended = true;
}

static void write_some(struct server *s)
{
    struct str out = lsp_output(s->lsp);
    /* A pipe that poll calls writable takes that much without waiting. */
    size_t len = out.len < WRITE_MAX ? out.len : WRITE_MAX;
    ssize_t put = world_write(STDOUT_FILENO, out.ptr, len);
    if (put > 0)
        lsp_written(s->lsp, (size_t)put);
    else if (put != -EAGAIN && put != -EINTR)
        s->ended = true;
}

/* Moves what can be moved at once. Returns whether input came. */
static bool exchange(struct server *s)
{
    bool pending = lsp_output(s->lsp).len > 0;
    struct pollfd fds[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = pending ? STDOUT_FILENO : -1, .events = POLLOUT},
    };
    if (poll(fds, 2, 0) <= 0)
        return false;
    if (fds[1].revents)
        write_some(s);
    if (fds[0].revents)
        read_some(s);
    return fds[0].revents != 0;
}

/* ---- the running instance ---- */

static void fetch_done(void *arg, const struct http_response *response, const struct error *err)
{
    (void)err;
    struct server *s = arg;
    unsigned status = response->status > 0 ? (unsigned)response->status : 0;
    lsp_fetched(s->lsp, status, status ? response->body : STR(""));
    turn(s);
}

static void start_fetch(struct server *s)
{
    struct lsp_fetch fetch;
    if (!lsp_next_fetch(s->lsp, &fetch))
        return;
    struct error err;
    if (!s->client)
        s->client = http_client_new(
            s->loop, &(struct http_client_options){.user_agent = STR("invar lsp")}, &err);
    char url[8192];
    int len =
        snprintf(url, sizeof(url), "http://%.*s%.*s", STR_ARG(fetch.endpoint), STR_ARG(fetch.path));
    static const struct http_header type = {STR_INIT("content-type"), STR_INIT("application/json")};
    struct http_call_options call = {.method = str_from(fetch.method),
                                     .url = str_of(url, (size_t)len),
                                     .headers = &type,
                                     .header_count = fetch.body.len ? 1 : 0,
                                     .body = fetch.body,
                                     .timeout_ns = FETCH_TIMEOUT_NS,
                                     .max_response = FETCH_MAX};
    if (!s->client || len >= (int)sizeof(url) || !http_client_send(s->client, &call, fetch_done, s))
        lsp_fetched(s->lsp, 0, STR(""));
}

/* ---- one turn: all input that waits, then what it changed ---- */

/* The loop ends when nothing is left on it. */
static void close_all(struct server *s)
{
    if (s->client)
        http_client_free(s->client);
    if (s->in)
        loop_poll_close(s->in);
    if (s->out)
        loop_poll_close(s->out);
    loop_timer_close(s->timer);
    s->client = NULL;
    s->in = s->out = NULL;
    s->timer = NULL;
    loop_stop(s->loop);
}

static void turn(struct server *s)
{
    while (!s->ended && !lsp_is_over(s->lsp)) {
        bool worked = lsp_work(s->lsp);
        if (exchange(s) || worked || lsp_settle(s->lsp))
            continue;
        break;
    }
    if (s->ended || lsp_is_over(s->lsp)) {
        close_all(s);
        return;
    }
    loop_poll_set(s->out, lsp_output(s->lsp).len ? LOOP_WRITABLE : 0);
    start_fetch(s);
    int wait = lsp_fetch_wait(s->lsp);
    if (wait >= 0)
        loop_timer_start(s->timer, (int64_t)wait * 1000000, 0);
    else
        loop_timer_stop(s->timer);
}

static void on_event(void *arg, int events, int error)
{
    (void)events;
    (void)error;
    turn(arg);
}

static void on_timer(void *arg)
{
    turn(arg);
}

static void flush(struct server *s)
{
    while (lsp_output(s->lsp).len && !s->ended) {
        struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (poll(&fd, 1, 1000) <= 0)
            break;
        write_some(s);
    }
}

static bool serve(struct server *s, struct error *err)
{
    s->loop = loop_new("lsp", err);
    if (!s->loop)
        return false;
    s->in = loop_poll_new(s->loop, STDIN_FILENO, on_event, s);
    s->out = loop_poll_new(s->loop, STDOUT_FILENO, on_event, s);
    s->timer = loop_timer_new(s->loop, on_timer, s);
    bool usable = s->in && s->out && s->timer;
    if (usable) {
        loop_poll_set(s->in, LOOP_READABLE);
    } else {
        error_set(err, STATUS_INVALID, "standard input and output must be pipes or sockets");
        close_all(s);
    }
    loop_run(s->loop);
    flush(s);
    loop_free(s->loop);
    return usable;
}

static void print_help(const struct flag *flags)
{
    struct buf out;
    buf_init(&out, NULL, 64 * 1024);
    buf_cstr(&out, "Serves editors: the Language Server Protocol on standard input and "
                   "output.\n\nUsage:\n  invar lsp --stdio\n\nFlags:\n");
    flags_help(&out, flags);
    cli_print(buf_view(&out));
    buf_release(&out);
}

int cli_lsp(int argc, char **argv)
{
    bool help = false;
    bool stdio = false;
    struct error err;
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &help, "help for lsp"},
        {"stdio", 0, FLAG_BOOL, &stdio, "talk on standard input and output (the only way)"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &err);
    if (count >= 0 && help) {
        print_help(flags);
        return 0;
    }
    if (count > 0)
        error_set(&err, STATUS_INVALID, "accepts 0 arg(s), received %d", count);
    else if (count == 0 && !stdio)
        error_set(&err, STATUS_INVALID, "required flag \"stdio\" not set");
    if (count != 0 || !stdio) {
        cli_error(err.message);
        return 1;
    }
    struct server *s = mem_zalloc(NULL, sizeof(*s));
    server_init(s);
    bool served = serve(s, &err);
    int code = served ? lsp_exit_code(s->lsp) : 1;
    if (!served)
        cli_error(err.message);
    server_release(s);
    mem_free(s);
    return code;
}
