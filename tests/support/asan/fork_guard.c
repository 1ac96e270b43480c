/*
 * Keeps Criterion's runner from forking while its message thread is inside the allocator.
 *
 * Criterion forks for each test and allocates in the child before it runs the test's program. GCC's
 * AddressSanitizer takes no locks around fork, so a child born while another thread holds a lock of
 * the allocator waits for that lock for ever, and the runner for the child. Here the outermost call
 * of the allocator in each thread holds a shared lock, and fork the exclusive one, which goes
 * first.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stddef.h>

#define OPEN PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
#define SEEN __attribute__((visibility("default")))

static pthread_rwlock_t guard = OPEN;
static _Thread_local unsigned depth;

void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *block, size_t size);
void __interceptor_free(void *block);
int __interceptor_posix_memalign(void **block, size_t alignment, size_t size);

static void enter(void)
{
    if (depth++ == 0)
        pthread_rwlock_rdlock(&guard);
}

static void leave(void)
{
    if (--depth == 0)
        pthread_rwlock_unlock(&guard);
}

SEEN void *malloc(size_t size)
{
    enter();
    void *block = __interceptor_malloc(size);
    leave();
    return block;
}

SEEN void *calloc(size_t count, size_t size)
{
    enter();
    void *block = __interceptor_calloc(count, size);
    leave();
    return block;
}

SEEN void *realloc(void *block, size_t size)
{
    enter();
    block = __interceptor_realloc(block, size);
    leave();
    return block;
}

SEEN void free(void *block)
{
    enter();
    __interceptor_free(block);
    leave();
}

SEEN int posix_memalign(void **block, size_t alignment, size_t size)
{
    enter();
    int code = __interceptor_posix_memalign(block, alignment, size);
    leave();
    return code;
}

/* What runs between these may allocate: the thread that forks is inside. */
static void close_guard(void)
{
    pthread_rwlock_wrlock(&guard);
    depth++;
}

static void open_guard(void)
{
    depth--;
    pthread_rwlock_unlock(&guard);
}

/* The child's only thread is not the one that the lock remembers: it gets a new lock. */
static void renew_guard(void)
{
    depth = 0;
    guard = (pthread_rwlock_t)OPEN;
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(close_guard, open_guard, renew_guard);
}
