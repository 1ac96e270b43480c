/* Other programs, started through libuv. A process leads a session and group of its own, which is
 * killed as one. It is over when it has ended and both of its pipes have. Owns the handles and what
 * was read, up to max_output each; a process that nobody waits for any more stays until the kernel
 * has reported its end. */

#include "runtime/loop/loop_uv.h"

#include <signal.h>
#include <unistd.h>

enum { PIPES = 2, ENV_MAX = 10000 };

struct pipe_uv {
    uv_pipe_t uv;
    struct process_uv *process;
    char *text;
    size_t len;
    size_t cap;
    bool ended;
};

struct process_uv {
    struct loop_process base;
    uv_process_t uv;
    struct pipe_uv pipes[PIPES];
    uv_timer_t timer;
    process_done_fn *done; /* NULL = nobody waits */
    void *arg;
    size_t max_output;
    int status;
    bool exited;
    unsigned open; /* handles that are not closed yet */
    struct error err;
};

/* ---- the end ---- */

static void closed(uv_handle_t *handle)
{
    struct process_uv *process = handle->data;
    if (--process->open > 0)
        return;
    for (int i = 0; i < PIPES; i++)
        mem_lib_free(process->pipes[i].text);
    mem_lib_free(process);
}

static void close_handles(struct process_uv *process)
{
    uv_close((uv_handle_t *)&process->uv, closed);
    uv_close((uv_handle_t *)&process->timer, closed);
    for (int i = 0; i < PIPES; i++)
        uv_close((uv_handle_t *)&process->pipes[i].uv, closed);
}

static void undo_process(void *arg)
{
    process_uv_close(arg);
}

static struct str text_of(const struct pipe_uv *pipe)
{
    return str_of(pipe->text, pipe->len);
}

static void check_end(struct process_uv *process)
{
    if (!process->exited || !process->pipes[0].ended || !process->pipes[1].ended)
        return;
    process_done_fn *done = process->done;
    process->done = NULL;
    mem_scope_unguard(undo_process, process);
    if (done) {
        const struct process_result result = {.status = process->status,
                                              .out = text_of(&process->pipes[0]),
                                              .err = text_of(&process->pipes[1])};
        done(process->arg, &result, &process->err);
    }
    close_handles(process);
}

static void kill_all(struct process_uv *process)
{
    if (process->uv.pid > 0)
        (void)kill(-process->uv.pid, SIGKILL);
}

static void on_exit_of(uv_process_t *uv, int64_t status, int signum)
{
    struct process_uv *process = uv->data;
    process->exited = true;
    process->status = signum ? 128 + signum : (int)status;
    /* Whom it started and left behind may hold the pipes for ever. */
    if (!process->pipes[0].ended || !process->pipes[1].ended)
        kill_all(process);
    check_end(process);
}

static void on_time(uv_timer_t *timer)
{
    struct process_uv *process = timer->data;
    error_set(&process->err, STATUS_TIMEOUT, "it takes too long");
    kill_all(process);
    if (!process->exited)
        return;
    /* Somebody has left the group and keeps a pipe. */
    process->pipes[0].ended = process->pipes[1].ended = true;
    check_end(process);
}

/* ---- what it says ---- */

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    (void)wanted;
    struct process_uv *process = handle->data;
    struct pipe_uv *pipe = &process->pipes[handle == (uv_handle_t *)&process->pipes[1].uv];
    enum { STEP = 4096 };
    if (pipe->cap - pipe->len < STEP) {
        size_t cap = pipe->cap * 2 + STEP;
        char *grown = mem_lib_realloc(pipe->text, cap);
        *out = uv_buf_init(NULL, 0); /* libuv reports UV_ENOBUFS */
        if (!grown)
            return;
        pipe->text = grown;
        pipe->cap = cap;
    }
    *out = uv_buf_init(pipe->text + pipe->len, (unsigned)(pipe->cap - pipe->len));
}

static void on_output(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    (void)buf;
    struct process_uv *process = stream->data;
    struct pipe_uv *pipe = &process->pipes[stream == (uv_stream_t *)&process->pipes[1].uv];
    if (got < 0) {
        (void)uv_read_stop(stream);
        pipe->ended = true;
        if (got == UV_ENOBUFS)
            error_set(&process->err, STATUS_MEMORY, "out of memory");
        if (got != UV_EOF)
            kill_all(process);
        check_end(process);
        return;
    }
    pipe->len += (size_t)got;
    if (pipe->len <= process->max_output)
        return;
    pipe->len = process->max_output;
    error_set(&process->err, STATUS_LIMIT, "it says more than %zu bytes", process->max_output);
    kill_all(process);
}

/* ---- the beginning ---- */

static size_t count_of(const char *const *list)
{
    size_t count = 0;
    while (list && list[count] && count < ENV_MAX)
        count++;
    return count;
}

static bool same_name(const char *a, const char *b)
{
    struct str name_a, name_b, rest;
    str_cut(str_from(a), '=', &name_a, &rest);
    str_cut(str_from(b), '=', &name_b, &rest);
    return str_eq(name_a, name_b);
}

/* Our environment with `more` in it; pointers into both. Freed with mem_lib_free. */
static char **environment(const char *const *more)
{
    size_t ours = count_of((const char *const *)environ), added = count_of(more), count = 0;
    char **all = loop_uv_alloc((ours + added + 1) * sizeof(*all));
    for (size_t i = 0; i < ours; i++) {
        bool replaced = false;
        for (size_t k = 0; k < added; k++)
            replaced |= same_name(environ[i], more[k]);
        if (!replaced)
            all[count++] = environ[i];
    }
    for (size_t k = 0; k < added; k++)
        all[count++] = (char *)(uintptr_t)more[k];
    return all;
}

static int spawn(struct process_uv *process, const struct process_options *options)
{
    uv_loop_t *loop = &loop_uv_of(process->base.loop)->uv;
    uv_stdio_container_t stdio[1 + PIPES] = {{.flags = UV_IGNORE}};
    for (int i = 0; i < PIPES; i++) {
        (void)uv_pipe_init(loop, &process->pipes[i].uv, 0);
        process->pipes[i].uv.data = process;
        stdio[1 + i].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
        stdio[1 + i].data.stream = (uv_stream_t *)&process->pipes[i].uv;
    }
    process->uv.data = process;
    (void)uv_timer_init(loop, &process->timer);
    process->timer.data = process;
    process->open = 2 + PIPES;
    char **env = environment(options->env);
    const uv_process_options_t wish = {.exit_cb = on_exit_of,
                                       .file = options->argv[0],
                                       .args = (char **)(uintptr_t)options->argv,
                                       .env = env,
                                       .flags = UV_PROCESS_DETACHED,
                                       .stdio_count = 1 + PIPES,
                                       .stdio = stdio};
    int code = uv_spawn(loop, &process->uv, &wish);
    mem_lib_free(env);
    process->uv.data = process;
    return code;
}

struct loop_process *process_uv_new(struct loop *loop, const struct process_options *options,
                                    process_done_fn *done, void *arg, struct error *err)
{
    struct process_uv *process = loop_uv_alloc(sizeof(*process));
    process->base.loop = loop;
    process->arg = arg;
    process->max_output = options->max_output;
    int code = spawn(process, options);
    if (code != 0) {
        close_handles(process);
        if (code == UV_ENOENT)
            error_set(err, STATUS_NOT_FOUND, "%s is not installed", options->argv[0]);
        else
            (void)loop_uv_error(err, code, "start", str_from(options->argv[0]));
        return NULL;
    }
    process->done = done;
    for (int i = 0; i < PIPES; i++)
        (void)uv_read_start((uv_stream_t *)&process->pipes[i].uv, on_room, on_output);
    mem_scope_guard(undo_process, process);
    uint64_t timeout_ms = (uint64_t)(options->timeout_ns > 0 ? options->timeout_ns : 0) / 1000000;
    (void)uv_timer_start(&process->timer, on_time, timeout_ms, 0);
    return &process->base;
}

/* Its handles are closed once it has ended. */
void process_uv_close(struct loop_process *base)
{
    struct process_uv *process = (struct process_uv *)base;
    mem_scope_unguard(undo_process, process);
    process->done = NULL;
    kill_all(process);
}
