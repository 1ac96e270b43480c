/* Loops on libuv: the thread, the mailbox, deferred jobs and worker threads. Owns the libuv loop
 * and one read buffer for all its streams. The mailbox is for control and is bounded by its users.
 */

#include "runtime/loop/loop_uv.h"

#include <pthread.h>
#include <signal.h>

struct work_uv {
    uv_work_t request;
    loop_fn *work;
    loop_fn *done;
    void *arg;
};

struct call_uv {
    struct loop_job job;
    loop_fn *fn;
    void *arg;
    uv_sem_t ready;
};

/* libuv ends the process where it cannot grow its table of descriptors, so it may ask twice: the
 * failure switch of tests fires once, a machine without memory fails again. */
static void *uv_realloc_twice(void *block, size_t size)
{
    void *grown = mem_lib_realloc(block, size);
    return grown ? grown : mem_lib_realloc(block, size);
}

static void init_once(void)
{
    (void)uv_replace_allocator(mem_lib_malloc, uv_realloc_twice, mem_lib_calloc, mem_lib_free);
    (void)signal(SIGPIPE, SIG_IGN);
}

void *loop_uv_alloc(size_t size)
{
    return mem_zalloc_shared(NULL, size);
}

enum status loop_uv_error(struct error *err, int code, const char *operation, struct str what)
{
    enum status status = code == UV_ENOMEM      ? STATUS_MEMORY
                         : code == UV_EACCES    ? STATUS_DENIED
                         : code == UV_ETIMEDOUT ? STATUS_TIMEOUT
                                                : STATUS_IO;
    /* getaddrinfo has codes of its own, beyond the kernel's. */
    const char *reason = code == UV_EAI_NONAME || code == UV_EAI_NODATA ? "no such host"
                         : code <= UV_EAI_ADDRFAMILY                    ? uv_strerror(code)
                                                                        : error_errno_text(-code);
    return error_set(err, status, "%s %.*s: %s", operation, STR_ARG(what), reason);
}

/* Jobs. */

static void queue_add(struct loop_queue *queue, struct loop_job *job)
{
    if (!queue->first)
        queue->last = &queue->first;
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct loop_job *queue_take(struct loop_queue *queue)
{
    struct loop_job *first = queue->first;
    queue->first = NULL;
    return first;
}

static struct loop_job *job_new(loop_fn *fn, void *arg)
{
    struct loop_job *job = loop_uv_alloc(sizeof(*job));
    job->fn = fn;
    job->arg = arg;
    job->owned = true;
    return job;
}

static void job_run(struct loop_job *job)
{
    loop_fn *fn = job->fn;
    void *arg = job->arg;
    if (job->owned)
        mem_lib_free(job);
    fn(arg);
}

/* One at a time off the list, since a job may forget another one. What is added meanwhile waits for
 * the next turn: `last_of_turn` marks where this one ends. */
static void on_soon(uv_idle_t *idle)
{
    struct loop_uv *loop = idle->data;
    struct loop_job mark = {.queued = true};
    queue_add(&loop->deferred, &mark);
    while (loop->deferred.first != &mark) {
        struct loop_job *job = loop->deferred.first;
        loop->deferred.first = job->next;
        job->queued = false;
        job_run(job);
    }
    loop->deferred.first = mark.next;
    if (!loop->deferred.first)
        (void)uv_idle_stop(idle);
}

void loop_uv_soon(struct loop_uv *loop, struct loop_job *job)
{
    if (job->queued)
        return;
    if (!loop->deferred.first)
        (void)uv_idle_start(&loop->soon, on_soon);
    job->queued = true;
    queue_add(&loop->deferred, job);
}

void loop_uv_forget(struct loop_uv *loop, struct loop_job *job)
{
    if (!job->queued)
        return;
    struct loop_job **at = &loop->deferred.first;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    if (!job->next)
        loop->deferred.last = at;
    job->queued = false;
}

static void on_wake(uv_async_t *wake)
{
    struct loop_uv *loop = wake->data;
    uv_mutex_lock(&loop->lock);
    struct loop_job *job = queue_take(&loop->mailbox);
    uv_mutex_unlock(&loop->lock);
    while (job) {
        struct loop_job *next = job->next;
        job_run(job);
        job = next;
    }
    if (atomic_load(&loop->stopping))
        uv_unref((uv_handle_t *)wake);
}

static void mail(struct loop_uv *loop, struct loop_job *job)
{
    uv_mutex_lock(&loop->lock);
    queue_add(&loop->mailbox, job);
    uv_mutex_unlock(&loop->lock);
    (void)uv_async_send(&loop->wake);
}

static void uv_post(struct loop *base, loop_fn *fn, void *arg)
{
    mail(loop_uv_of(base), job_new(fn, arg));
}

static void uv_defer(struct loop *base, loop_fn *fn, void *arg)
{
    ASSERT(loop_is_current(base));
    loop_uv_soon(loop_uv_of(base), job_new(fn, arg));
}

static _Thread_local const struct loop *running;

static void call_run(void *arg)
{
    struct call_uv *call = arg;
    call->fn(call->arg);
    uv_sem_post(&call->ready);
}

static void uv_call(struct loop *base, loop_fn *fn, void *arg)
{
    if (loop_is_current(base)) {
        fn(arg);
        return;
    }
    ASSERT(!running || !str_is(STR("control"), base->name));
    struct call_uv call = {.fn = fn, .arg = arg};
    call.job = (struct loop_job){.fn = call_run, .arg = &call};
    ASSERT(uv_sem_init(&call.ready, 0) == 0);
    mail(loop_uv_of(base), &call.job);
    uv_sem_wait(&call.ready);
    uv_sem_destroy(&call.ready);
}

/* The loop's thread waits here while another thread is the loop's. */
static void rest(void *arg)
{
    struct loop_uv *loop = arg;
    uv_sem_post(&loop->resting);
    uv_sem_wait(&loop->resume);
    atomic_store(&loop->owner, pthread_self());
    uv_sem_post(&loop->resting);
}

static void uv_borrow(struct loop *base)
{
    struct loop_uv *loop = loop_uv_of(base);
    ASSERT(!running || !str_is(STR("control"), base->name));
    ASSERT(uv_sem_init(&loop->resting, 0) == 0 && uv_sem_init(&loop->resume, 0) == 0);
    loop->rest = (struct loop_job){.fn = rest, .arg = loop};
    mail(loop, &loop->rest);
    uv_sem_wait(&loop->resting);
    atomic_store(&loop->owner, pthread_self());
}

static void uv_give_back(struct loop *base)
{
    struct loop_uv *loop = loop_uv_of(base);
    uv_sem_post(&loop->resume);
    uv_sem_wait(&loop->resting);
    uv_sem_destroy(&loop->resting);
    uv_sem_destroy(&loop->resume);
}

/* Worker threads. */

static void work_run(uv_work_t *request)
{
    struct work_uv *work = request->data;
    work->work(work->arg);
    mem_thread_flush();
}

static void work_done(uv_work_t *request, int status)
{
    struct work_uv *work = request->data;
    loop_fn *done = work->done;
    void *arg = work->arg;
    (void)status; /* nothing cancels */
    mem_lib_free(work);
    done(arg);
}

static void uv_work(struct loop *base, loop_fn *fn, loop_fn *done, void *arg)
{
    struct work_uv *work = loop_uv_alloc(sizeof(*work));
    *work = (struct work_uv){.work = fn, .done = done, .arg = arg};
    work->request.data = work;
    ASSERT(uv_queue_work(&loop_uv_of(base)->uv, &work->request, work_run, work_done) == 0);
}

/* The loop itself. */

static void uv_run_loop(struct loop *base)
{
    struct loop_uv *loop = loop_uv_of(base);
    const struct loop *outer = running;
    atomic_store(&loop->owner, pthread_self());
    running = base;
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    running = outer;
}

static void uv_stop_loop(struct loop *base)
{
    struct loop_uv *loop = loop_uv_of(base);
    atomic_store(&loop->stopping, true);
    (void)uv_async_send(&loop->wake);
}

static void drop_jobs(struct loop_queue *queue)
{
    for (struct loop_job *job = queue_take(queue), *next; job; job = next) {
        next = job->next;
        if (job->owned)
            mem_lib_free(job);
    }
}

static void release(struct loop_uv *loop)
{
    uv_mutex_destroy(&loop->lock);
    mem_lib_free(loop->read_buffer);
    mem_lib_free(loop);
}

static void undo_loop(void *arg)
{
    struct loop *base = arg;
    base->ops->free(base);
}

static void uv_free_loop(struct loop *base)
{
    struct loop_uv *loop = loop_uv_of(base);
    ASSERT(!loop->has_thread);
    mem_scope_unguard(undo_loop, base);
    drop_jobs(&loop->mailbox);
    drop_jobs(&loop->deferred);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->soon, NULL);
    atomic_store(&loop->owner, pthread_self());
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    ASSERT(uv_loop_close(&loop->uv) == 0);
    release(loop);
}

static void thread_main(void *arg)
{
    struct loop *base = arg;
    uv_run_loop(base);
    mem_thread_flush();
}

static enum status uv_start_thread(struct loop *base, struct error *err)
{
    struct loop_uv *loop = loop_uv_of(base);
    int code = uv_thread_create(&loop->thread, thread_main, base);
    if (code != 0)
        return loop_uv_error(err, code, "start thread", str_from(base->name));
    /* From now on the loop is not ours, even if its thread has not come to run yet. */
    atomic_store(&loop->owner, loop->thread);
    loop->has_thread = true;
    return STATUS_OK;
}

static void uv_join_thread(struct loop *base)
{
    struct loop_uv *loop = loop_uv_of(base);
    ASSERT(loop->has_thread && uv_thread_join(&loop->thread) == 0);
    loop->has_thread = false;
    atomic_store(&loop->owner, pthread_self());
}

static bool uv_current(const struct loop *base)
{
    pthread_t owner = atomic_load(&loop_uv_of(base)->owner);
    return pthread_equal(owner, pthread_self()) != 0;
}

static int64_t uv_now_ns(const struct loop *base)
{
    (void)base;
    return (int64_t)uv_hrtime();
}

static const struct loop_ops uv_ops = {
    .run = uv_run_loop,
    .stop = uv_stop_loop,
    .free = uv_free_loop,
    .start_thread = uv_start_thread,
    .join_thread = uv_join_thread,
    .is_current = uv_current,
    .post = uv_post,
    .call = uv_call,
    .borrow = uv_borrow,
    .give_back = uv_give_back,
    .defer = uv_defer,
    .work = uv_work,
    .now_ns = uv_now_ns,
    .timer_new = loop_uv_timer_new,
    .timer_start = loop_uv_timer_start,
    .timer_stop = loop_uv_timer_stop,
    .timer_active = loop_uv_timer_active,
    .timer_close = loop_uv_timer_close,
    .connect = connect_uv_start,
    .stream_start = stream_uv_start,
    .stream_pause = stream_uv_pause,
    .stream_write = stream_uv_write,
    .stream_pending = stream_uv_pending,
    .stream_shutdown = stream_uv_shutdown,
    .stream_close = stream_uv_close,
    .stream_peer = stream_uv_peer,
    .listen = listener_uv_new,
    .listener_address = listener_uv_address,
    .listener_close = listener_uv_close,
    .poll_new = poll_uv_new,
    .poll_set = poll_uv_set,
    .poll_close = poll_uv_close,
    .watch_new = watch_uv_new,
    .watch_close = watch_uv_close,
    .process_new = process_uv_new,
    .process_close = process_uv_close,
    .signal_new = signal_uv_new,
    .signal_close = signal_uv_close,
};

static int init(struct loop_uv *loop)
{
    int code = uv_loop_init(&loop->uv);
    if (code != 0)
        return code;
    code = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (code != 0) {
        (void)uv_loop_close(&loop->uv);
        return code;
    }
    (void)uv_idle_init(&loop->uv, &loop->soon);
    loop->wake.data = loop->soon.data = loop;
    return 0;
}

struct loop *loop_new(const char *name, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_once);
    struct loop_uv *loop = mem_lib_calloc(1, sizeof(*loop));
    char *buffer = mem_lib_malloc(LOOP_READ_BUFFER);
    int code = loop && buffer ? uv_mutex_init(&loop->lock) : UV_ENOMEM;
    if (code != 0) {
        mem_lib_free(loop);
        mem_lib_free(buffer);
        (void)loop_uv_error(err, code, "new loop", str_from(name));
        return NULL;
    }
    loop->base = (struct loop){.ops = &uv_ops, .name = name};
    loop->read_buffer = buffer;
    atomic_store(&loop->owner, pthread_self());
    code = init(loop);
    if (code != 0) {
        release(loop);
        (void)loop_uv_error(err, code, "new loop", str_from(name));
        return NULL;
    }
    mem_scope_guard(undo_loop, loop);
    return &loop->base;
}
