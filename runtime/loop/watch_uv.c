/* Descriptors that a library owns, folders, and signals, watched through libuv. */

#include "runtime/loop/loop_uv.h"

struct poll_uv {
    struct loop_poll base;
    uv_poll_t uv;
    poll_fn *fn;
    void *arg;
};

struct signal_uv {
    struct loop_signal base;
    uv_signal_t uv;
    signal_fn *fn;
    void *arg;
};

static void free_handle(uv_handle_t *handle)
{
    mem_lib_free(handle->data);
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct poll_uv *poll = uv->data;
    int seen =
        (events & UV_READABLE ? LOOP_READABLE : 0) | (events & UV_WRITABLE ? LOOP_WRITABLE : 0);
    poll->fn(poll->arg, seen, status < 0 ? -status : 0);
}

static void undo_poll(void *arg)
{
    poll_uv_close(arg);
}

struct loop_poll *poll_uv_new(struct loop *loop, int fd, poll_fn *fn, void *arg)
{
    struct poll_uv *poll = mem_lib_calloc(1, sizeof(*poll));
    if (!poll || uv_poll_init(&loop_uv_of(loop)->uv, &poll->uv, fd) != 0) {
        mem_lib_free(poll);
        return NULL;
    }
    poll->base.loop = loop;
    poll->fn = fn;
    poll->arg = arg;
    poll->uv.data = poll;
    mem_scope_guard(undo_poll, poll);
    return &poll->base;
}

void poll_uv_set(struct loop_poll *base, int events)
{
    struct poll_uv *poll = (struct poll_uv *)base;
    int wanted =
        (events & LOOP_READABLE ? UV_READABLE : 0) | (events & LOOP_WRITABLE ? UV_WRITABLE : 0);
    if (wanted)
        (void)uv_poll_start(&poll->uv, wanted, on_poll);
    else
        (void)uv_poll_stop(&poll->uv);
}

void poll_uv_close(struct loop_poll *base)
{
    struct poll_uv *poll = (struct poll_uv *)base;
    mem_scope_unguard(undo_poll, poll);
    (void)uv_poll_stop(&poll->uv);
    uv_close((uv_handle_t *)&poll->uv, free_handle);
}

/* ---- folders ---- */

struct watch_uv {
    struct loop_watch base;
    uv_fs_event_t uv;
    loop_fn *fn;
    void *arg;
};

static void on_event(uv_fs_event_t *uv, const char *name, int events, int status)
{
    (void)name;
    (void)events;
    (void)status;
    struct watch_uv *watch = uv->data;
    watch->fn(watch->arg);
}

static void undo_watch(void *arg)
{
    watch_uv_close(arg);
}

struct loop_watch *watch_uv_new(struct loop *loop, const char *folder, loop_fn *fn, void *arg)
{
    struct watch_uv *watch = mem_lib_calloc(1, sizeof(*watch));
    if (!watch)
        return NULL;
    watch->base.loop = loop;
    watch->fn = fn;
    watch->arg = arg;
    watch->uv.data = watch;
    (void)uv_fs_event_init(&loop_uv_of(loop)->uv, &watch->uv);
    if (uv_fs_event_start(&watch->uv, on_event, folder, 0) != 0) {
        uv_close((uv_handle_t *)&watch->uv, free_handle);
        return NULL;
    }
    mem_scope_guard(undo_watch, watch);
    return &watch->base;
}

void watch_uv_close(struct loop_watch *base)
{
    struct watch_uv *watch = (struct watch_uv *)base;
    mem_scope_unguard(undo_watch, watch);
    (void)uv_fs_event_stop(&watch->uv);
    uv_close((uv_handle_t *)&watch->uv, free_handle);
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *uv, int signum)
{
    struct signal_uv *signal = uv->data;
    signal->fn(signal->arg, signum);
}

static void undo_signal(void *arg)
{
    signal_uv_close(arg);
}

struct loop_signal *signal_uv_new(struct loop *loop, int signum, signal_fn *fn, void *arg)
{
    struct signal_uv *signal = loop_uv_alloc(sizeof(*signal));
    signal->base.loop = loop;
    signal->fn = fn;
    signal->arg = arg;
    (void)uv_signal_init(&loop_uv_of(loop)->uv, &signal->uv);
    signal->uv.data = signal;
    ASSERT(uv_signal_start(&signal->uv, on_signal, signum) == 0);
    mem_scope_guard(undo_signal, signal);
    return &signal->base;
}

void signal_uv_close(struct loop_signal *base)
{
    struct signal_uv *signal = (struct signal_uv *)base;
    mem_scope_unguard(undo_signal, signal);
    (void)uv_signal_stop(&signal->uv);
    uv_close((uv_handle_t *)&signal->uv, free_handle);
}
