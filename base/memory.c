/* The counted allocator. A block is preceded by its owner and size, and, if it was born in a scope,
 * by links of that scope's list:
 *
 *     [links, 16 bytes, only if born in a scope] [head, 16 bytes] [the caller's bytes]
 *
 * Once the outermost scope has ended well the links are NULL and the block is like any other.
 * Bounded by the owners' budgets. */

#include "base/memory.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mem_link {
    struct mem_link *prev; /* both NULL when the block belongs to no scope any more */
    struct mem_link *next;
};

struct mem_head {
    struct mem_owner *owner;
    size_t size; /* with LINKED when links stand before the head */
};

struct mem_guard {
    struct mem_guard *older;
    struct mem_guard *newer;
    struct mem_guard *same; /* next of the bucket */
    void (*undo)(void *arg);
    void *arg;
};

enum { FEW_BUCKETS = 16, FEW_GUARDS = 16 };

struct mem_scope {
    jmp_buf edge;
    struct mem_link blocks; /* ring through the blocks; itself the end */
    struct mem_scope *outer;
    struct mem_guard *newest;
    size_t guard_count;
    struct mem_guard **buckets; /* find a guard by its argument; `few` or a block */
    size_t bucket_count;        /* a power of two; 0 = there was no guard yet */
    struct mem_guard *few[FEW_BUCKETS];
    /* The first guards of an outermost scope need no block; those of an inner one move out. */
    unsigned free_guards; /* a bit each */
    struct mem_guard guards[FEW_GUARDS];
};

/* What belongs to one thread. */
struct mem_thread {
    struct mem_scope *scope;
    uint64_t count;   /* allocations so far */
    uint64_t fail_at; /* the count that fails; 0 = none */
    bool failed;
    ptrdiff_t held_back; /* of mem_general, not yet in its counter */
    void *reserve;       /* untouched, so it costs address space only */
};

enum { HELD_BACK_MAX = 64 * 1024, RESERVE = 256 * 1024, RESERVE_FOR = 64 * 1024 };

static const size_t LINKED = (size_t)1 << 63;
static const size_t SIZE_LIMIT = (size_t)1 << 47;

_Static_assert(sizeof(struct mem_link) == 16 && sizeof(struct mem_head) == 16,
               "the caller's bytes must stay aligned to 16");

struct mem_owner mem_general = MEM_OWNER_INIT("general", 0);

static _Thread_local struct mem_thread thread;

static struct mem_head *head_of(void *block)
{
    return (struct mem_head *)block - 1;
}

static size_t size_of(const struct mem_head *head)
{
    return head->size & ~LINKED;
}

static struct mem_link *link_of(struct mem_head *head)
{
    return (struct mem_link *)head - 1;
}

static void *base_of(struct mem_head *head)
{
    return head->size & LINKED ? (void *)link_of(head) : (void *)head;
}

/* Counting. */

static void note_peak(struct mem_owner *owner, size_t used)
{
    size_t peak = atomic_load_explicit(&owner->peak, memory_order_relaxed);
    while (used > peak && used <= SIZE_LIMIT &&
           !atomic_compare_exchange_weak_explicit(&owner->peak, &peak, used, memory_order_relaxed,
                                                  memory_order_relaxed)) {}
}

static void settle(void)
{
    size_t delta = (size_t)thread.held_back;
    thread.held_back = 0;
    size_t before = atomic_fetch_add_explicit(&mem_general.used, delta, memory_order_relaxed);
    note_peak(&mem_general, before + delta);
}

void mem_thread_flush(void)
{
    free(thread.reserve);
    thread.reserve = NULL;
    settle();
}

/* The general owner is in everybody's way; without a budget its counter may lag. */
static bool may_lag(const struct mem_owner *owner)
{
    return owner == &mem_general && owner->budget == 0 && !owner->parent;
}

static inline void lag(ptrdiff_t delta)
{
    thread.held_back += delta;
    if ((size_t)(thread.held_back + HELD_BACK_MAX) > 2 * HELD_BACK_MAX)
        settle();
}

static void uncharge_until(struct mem_owner *owner, const struct mem_owner *end, size_t size)
{
    for (; owner != end; owner = owner->parent) {
        if (may_lag(owner))
            lag(-(ptrdiff_t)size);
        else
            atomic_fetch_sub_explicit(&owner->used, size, memory_order_relaxed);
    }
}

static void uncharge(struct mem_owner *owner, size_t size)
{
    if (may_lag(owner))
        lag(-(ptrdiff_t)size);
    else
        uncharge_until(owner, NULL, size);
}

static bool charge_all(struct mem_owner *first, size_t size)
{
    for (struct mem_owner *owner = first; owner; owner = owner->parent) {
        if (may_lag(owner)) {
            lag((ptrdiff_t)size);
            continue;
        }
        size_t before = atomic_fetch_add_explicit(&owner->used, size, memory_order_relaxed);
        if (owner->budget && (before > owner->budget || size > owner->budget - before)) {
            atomic_fetch_sub_explicit(&owner->used, size, memory_order_relaxed);
            uncharge_until(first, owner, size);
            return false;
        }
        note_peak(owner, before + size);
    }
    return true;
}

static bool charge(struct mem_owner *owner, size_t size)
{
    if (!may_lag(owner))
        return charge_all(owner, size);
    lag((ptrdiff_t)size);
    return true;
}

bool mem_reserve(struct mem_owner *owner, size_t bytes)
{
    return bytes <= SIZE_LIMIT && charge(owner ? owner : &mem_general, bytes);
}

void mem_unreserve(struct mem_owner *owner, size_t bytes)
{
    uncharge(owner ? owner : &mem_general, bytes);
}

size_t mem_used(const struct mem_owner *owner)
{
    if (!owner)
        owner = &mem_general;
    if (owner == &mem_general)
        settle();
    size_t used = atomic_load_explicit(&owner->used, memory_order_relaxed);
    /* What another thread freed may be counted before what was allocated. */
    return used > SIZE_LIMIT ? 0 : used;
}

/* The failure switch. */

void mem_fail_at(uint64_t nth)
{
    thread.fail_at = nth ? thread.count + nth : 0;
    thread.failed = false;
}

bool mem_failed_once(void)
{
    return thread.failed;
}

uint64_t mem_count(void)
{
    return thread.count;
}

static bool switched_to_fail(void)
{
    if (++thread.count != thread.fail_at)
        return false;
    thread.failed = true;
    return true;
}

/* Blocks. */

static void link_block(struct mem_scope *scope, struct mem_link *link)
{
    link->prev = &scope->blocks;
    link->next = scope->blocks.next;
    link->next->prev = link;
    scope->blocks.next = link;
}

static void *block_new(struct mem_owner *owner, size_t size, bool zeroed, struct mem_scope *scope)
{
    if (switched_to_fail() || size > SIZE_LIMIT)
        return NULL;
    if (!owner)
        owner = &mem_general;
    if (!charge(owner, size))
        return NULL;
    size_t before = sizeof(struct mem_head) + (scope ? sizeof(struct mem_link) : 0);
    /* At least one byte, so that the block's address lies inside what malloc gave. */
    size_t whole = before + (size ? size : 1);
    char *base = zeroed ? calloc(1, whole) : malloc(whole);
    if (!base) {
        uncharge(owner, size);
        return NULL;
    }
    if (scope)
        link_block(scope, (struct mem_link *)(void *)base);
    struct mem_head *head = (struct mem_head *)(void *)(base + before) - 1;
    head->owner = owner;
    head->size = size | (scope ? LINKED : 0);
    return base + before;
}

static void *block_resize(void *block, size_t size)
{
    struct mem_head *head = head_of(block);
    size_t old = size_of(head);
    if (switched_to_fail() || size > SIZE_LIMIT)
        return NULL;
    if (size > old && !charge(head->owner, size - old))
        return NULL;
    bool linked = (head->size & LINKED) != 0;
    size_t before = sizeof(struct mem_head) + (linked ? sizeof(struct mem_link) : 0);
    char *base = realloc(base_of(head), before + (size ? size : 1));
    if (!base) {
        if (size > old)
            uncharge(head->owner, size - old);
        return NULL;
    }
    head = (struct mem_head *)(void *)(base + before) - 1;
    if (size < old)
        uncharge(head->owner, old - size);
    head->size = size | (linked ? LINKED : 0);
    if (linked && link_of(head)->next) {
        struct mem_link *link = link_of(head);
        link->prev->next = link;
        link->next->prev = link;
    }
    return base + before;
}

void mem_free(void *block)
{
    if (!block)
        return;
    struct mem_head *head = head_of(block);
    uncharge(head->owner, size_of(head));
    if (head->size & LINKED && link_of(head)->next) {
        struct mem_link *link = link_of(head);
        link->prev->next = link->next;
        link->next->prev = link->prev;
    }
    free(base_of(head));
}

void *mem_try_alloc(struct mem_owner *owner, size_t size)
{
    return block_new(owner, size, false, thread.scope);
}

void *mem_try_alloc_shared(struct mem_owner *owner, size_t size)
{
    return block_new(owner, size, false, NULL);
}

void *mem_try_realloc(struct mem_owner *owner, void *block, size_t size)
{
    return block ? block_resize(block, size) : block_new(owner, size, false, thread.scope);
}

/* The reserve: what a thread needs to finish its step when memory has run out outside of a scope.
 * It is given back to malloc, and taken again when there is memory. */

static void restock(void)
{
    if (!thread.reserve && !thread.scope)
        thread.reserve = malloc(RESERVE);
}

bool mem_spend_reserve(void)
{
    if (!thread.reserve || thread.scope)
        return false;
    free(thread.reserve);
    thread.reserve = NULL;
    return true;
}

static void *need_new(struct mem_owner *owner, size_t size, bool zeroed, struct mem_scope *scope)
{
    void *block = block_new(owner, size, zeroed, scope);
    if (!block && size <= RESERVE_FOR && mem_spend_reserve())
        block = block_new(owner, size, zeroed, scope);
    if (!block)
        mem_exhausted();
    restock();
    return block;
}

void *mem_alloc(struct mem_owner *owner, size_t size)
{
    return need_new(owner, size, false, thread.scope);
}

void *mem_zalloc(struct mem_owner *owner, size_t size)
{
    return need_new(owner, size, true, thread.scope);
}

void *mem_zalloc_shared(struct mem_owner *owner, size_t size)
{
    return need_new(owner, size, true, NULL);
}

void *mem_array(struct mem_owner *owner, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        bytes = SIZE_MAX;
    return need_new(owner, bytes, true, thread.scope);
}

void *mem_realloc(struct mem_owner *owner, void *block, size_t size)
{
    if (!block)
        return need_new(owner, size, false, thread.scope);
    void *grown = block_resize(block, size);
    if (!grown && size <= RESERVE_FOR && mem_spend_reserve())
        grown = block_resize(block, size);
    if (!grown)
        mem_exhausted();
    restock();
    return grown;
}

char *mem_strdup(struct mem_owner *owner, const char *text, size_t len)
{
    char *copy = mem_alloc(owner, len < SIZE_LIMIT ? len + 1 : SIZE_MAX);
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

/* Guards. */

static struct mem_guard **bucket_of(struct mem_guard **buckets, size_t count, const void *arg)
{
    uint64_t mixed = (uint64_t)(uintptr_t)arg * 0x9E3779B97F4A7C15u;
    return &buckets[(mixed >> 32) & (count - 1)];
}

/* More buckets; without memory for them the search takes longer. */
static void more_buckets(struct mem_scope *scope)
{
    size_t count = scope->bucket_count * 4;
    struct mem_guard **buckets =
        block_new(NULL, count * sizeof(struct mem_guard *), true, thread.scope);
    if (!buckets)
        return;
    for (struct mem_guard *guard = scope->newest; guard; guard = guard->older) {
        struct mem_guard **bucket = bucket_of(buckets, count, guard->arg);
        guard->same = *bucket;
        *bucket = guard;
    }
    if (scope->buckets != scope->few)
        mem_free(scope->buckets);
    scope->buckets = buckets;
    scope->bucket_count = count;
}

static void guard_add(struct mem_scope *scope, struct mem_guard *guard)
{
    if (!scope->bucket_count) {
        memset(scope->few, 0, sizeof(scope->few));
        scope->bucket_count = FEW_BUCKETS;
    }
    guard->older = scope->newest;
    guard->newer = NULL;
    if (scope->newest)
        scope->newest->newer = guard;
    scope->newest = guard;
    struct mem_guard **bucket = bucket_of(scope->buckets, scope->bucket_count, guard->arg);
    guard->same = *bucket;
    *bucket = guard;
    if (++scope->guard_count > 2 * scope->bucket_count)
        more_buckets(scope);
}

/* NULL = no memory. */
static struct mem_guard *guard_new(struct mem_scope *scope)
{
    if (!scope->free_guards)
        return mem_try_alloc(NULL, sizeof(struct mem_guard));
    unsigned at = (unsigned)__builtin_ctz(scope->free_guards);
    scope->free_guards &= ~(1u << at);
    return &scope->guards[at];
}

static void guard_free(struct mem_scope *scope, struct mem_guard *guard)
{
    if (guard >= scope->guards && guard < scope->guards + FEW_GUARDS)
        scope->free_guards |= 1u << (guard - scope->guards);
    else
        mem_free(guard);
}

/* Takes out the guard that stands at `place` of its bucket. */
static struct mem_guard *guard_remove(struct mem_scope *scope, struct mem_guard **place)
{
    struct mem_guard *guard = *place;
    *place = guard->same;
    if (guard->newer)
        guard->newer->older = guard->older;
    else
        scope->newest = guard->older;
    if (guard->older)
        guard->older->newer = guard->newer;
    scope->guard_count--;
    return guard;
}

void mem_scope_guard(void (*undo)(void *arg), void *arg)
{
    if (!thread.scope)
        return;
    struct mem_guard *guard = guard_new(thread.scope);
    if (!guard) {
        undo(arg);
        mem_exhausted();
    }
    guard->undo = undo;
    guard->arg = arg;
    guard_add(thread.scope, guard);
}

void mem_scope_unguard(void (*undo)(void *arg), void *arg)
{
    struct mem_scope *scope = thread.scope;
    if (!scope || !scope->guard_count)
        return;
    struct mem_guard **at = bucket_of(scope->buckets, scope->bucket_count, arg);
    for (; *at; at = &(*at)->same) {
        if ((*at)->undo == undo && (*at)->arg == arg) {
            guard_free(scope, guard_remove(scope, at));
            return;
        }
    }
}

/* Scopes. */

#ifdef INVAR_MUTANTS
void mem_scope_forget(void)
{
    thread.scope = NULL;
}
#endif

static void move_to_outer(struct mem_scope *scope)
{
    struct mem_scope *outer = scope->outer;
    struct mem_link *first = scope->blocks.next, *last = scope->blocks.prev;
    if (first != &scope->blocks) {
        last->next = outer->blocks.next;
        last->next->prev = last;
        first->prev = &outer->blocks;
        outer->blocks.next = first;
    }
    struct mem_guard *guard = scope->newest;
    while (guard && guard->older)
        guard = guard->older;
    for (struct mem_guard *newer; guard; guard = newer) {
        newer = guard->newer;
        guard_add(outer, guard);
    }
}

static void scope_keep(struct mem_scope *scope)
{
    if (scope->outer)
        move_to_outer(scope);
    else
        for (struct mem_guard *guard = scope->newest, *older; guard; guard = older) {
            older = guard->older;
            guard_free(scope, guard);
        }
    if (scope->buckets != scope->few)
        mem_free(scope->buckets);
    if (scope->outer)
        return;
    for (struct mem_link *link = scope->blocks.next, *next; link != &scope->blocks; link = next) {
        next = link->next;
        link->prev = link->next = NULL;
    }
}

static void scope_undo(struct mem_scope *scope)
{
    for (const struct mem_guard *guard = scope->newest; guard; guard = guard->older)
        guard->undo(guard->arg);
    while (scope->blocks.next != &scope->blocks) {
        struct mem_head *head = (struct mem_head *)(scope->blocks.next + 1);
        mem_free(head + 1);
    }
}

bool mem_scope_run(void (*work)(void *arg), void *arg)
{
    struct mem_scope scope __attribute__((uninitialized)); /* large, filled as it is used */
    scope.outer = thread.scope;
    scope.newest = NULL;
    scope.guard_count = 0;
    scope.buckets = scope.few;
    scope.bucket_count = 0;
    scope.free_guards = scope.outer ? 0 : (1u << FEW_GUARDS) - 1;
    scope.blocks.prev = scope.blocks.next = &scope.blocks;
    thread.scope = &scope;
    if (_setjmp(scope.edge) == 0) {
        work(arg);
        thread.scope = scope.outer;
        scope_keep(&scope);
        return true;
    }
    thread.scope = scope.outer;
    scope_undo(&scope);
    return false;
}

void mem_scope_refuse(void)
{
    mem_exhausted();
}

bool mem_scope_active(void)
{
    return thread.scope != NULL;
}

void mem_exhausted(void)
{
    if (thread.scope)
        longjmp(thread.scope->edge, 1);
    static const char text[] = "invar: out of memory\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)written;
    abort();
}

/* For libraries. */

void *mem_lib_malloc(size_t size)
{
    return block_new(NULL, size, false, NULL);
}

void *mem_lib_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return block_new(NULL, bytes, true, NULL);
}

void *mem_lib_realloc(void *block, size_t size)
{
    return block ? block_resize(block, size) : block_new(NULL, size, false, NULL);
}

char *mem_lib_strdup(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = mem_lib_malloc(len);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

void mem_lib_free(void *block)
{
    mem_free(block);
}
