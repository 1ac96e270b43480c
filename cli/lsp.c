/* `invar lsp --stdio`: the language server on standard input and output. The core
 * (compiler/lsp/lsp.h) is a state machine; this file moves bytes. All input that waits is read
 * before anything is checked, so that a newer edit overtakes older work. */

#include "base/map.h"
#include "base/world.h"
#include "cli/command.h"
#include "compiler/lsp/lsp.h"
#include "runtime/graph/graph.h"
#include "stdlib/stdlib.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, WRITE_MAX = 4096 };

struct server {
    struct map components; /* name → struct component_def */
    const char **names;
    const char **environment;
    struct stdlib stdlib;
    struct lsp_options options;
    struct lsp *lsp;
    bool ended; /* standard input */
    char chunk[CHUNK];
};

static bool find_symbol(void *arg, enum block_kind kind, struct str name,
                        struct program_symbol *out)
{
    const struct server *s = arg;
    if (kind != BLOCK_COMPONENT)
        return blocks_find(kind, name, out);
    const struct component_def *def = map_get(&s->components, name);
    if (!def)
        return false;
    *out = (struct program_symbol){.def = def,
                                   .args = def->args,
                                   .exports = def->exports,
                                   .stability = def->stability,
                                   .community = def->community};
    return true;
}

static const char *summary_of(void *arg, struct str name)
{
    const struct server *s = arg;
    const struct component_def *def = map_get(&s->components, name);
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
    stdlib_init(&s->stdlib);
    map_init(&s->components, NULL);
    for (const struct component_def *const *def = component_registry; *def; def++)
        map_put(&s->components, str_from((*def)->name), (void *)(uintptr_t)*def);
    s->names = mem_array(NULL, s->components.len + 1, sizeof(*s->names));
    for (const struct component_def *const *def = component_registry; *def; def++)
        s->names[count++] = (*def)->name;
    s->options = (struct lsp_options){.program = {.find = find_symbol,
                                                  .arg = s,
                                                  .stdlib = &s->stdlib,
                                                  .min_stability = STABILITY_GA},
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
    map_release(&s->components);
    stdlib_release(&s->stdlib);
}

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

/* Waits until there is something to do, or `timeout` milliseconds; moves what can be moved. Returns
 * whether input came. */
static bool exchange(struct server *s, int timeout)
{
    bool pending = lsp_output(s->lsp).len > 0;
    struct pollfd fds[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = pending ? STDOUT_FILENO : -1, .events = POLLOUT},
    };
    if (poll(fds, 2, timeout) < 0 && errno != EINTR) {
        s->ended = true;
        return false;
    }
    if (fds[1].revents)
        write_some(s);
    if (fds[0].revents)
        read_some(s);
    return fds[0].revents != 0;
}

static void serve(struct server *s)
{
    while (!s->ended && !lsp_is_over(s->lsp)) {
        if (lsp_work(s->lsp)) {
            exchange(s, 0);
            continue;
        }
        if (exchange(s, 0))
            continue;
        if (!lsp_settle(s->lsp))
            exchange(s, -1);
    }
    while (lsp_output(s->lsp).len && !s->ended) {
        struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (poll(&fd, 1, 1000) <= 0)
            break;
        write_some(s);
    }
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
    serve(s);
    int code = lsp_exit_code(s->lsp);
    server_release(s);
    mem_free(s);
    return code;
}
