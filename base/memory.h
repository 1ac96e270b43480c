#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* The counted allocator: the only place that calls malloc.
 *
 * Every block is charged to an owner (a room, a component, a request). An owner has a budget; a
 * request that would pass it fails exactly like an exhausted machine does. Tests make the Nth
 * allocation of a thread fail (mem_fail_at).
 *
 * What happens on failure: the plain functions never return NULL. Inside a scope
 * (mem_scope_run) control returns to the scope's edge, everything allocated inside it is freed,
 * its guards are run (newest first), and the caller learns that the work was refused. Outside a
 * scope a small block comes from a reserve that each thread keeps for this; when that is spent
 * too, the process ends in one place (mem_exhausted). The try_ functions return NULL instead
 * and suit sizes that a peer or a file decides.
 *
 * What lives longer than a scope may be changed inside it only by a last step that cannot fail,
 * or under a guard. A block that is grown by mem_realloc keeps the scope it was born in.
 *
 * Threads: owners may be shared (counters are atomic); scopes, guards and the failure switch
 * belong to the calling thread. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mem_owner {
    const char *name;
    atomic_size_t used; /* bytes, headers not counted */
    atomic_size_t peak;
    size_t budget;            /* 0 = none */
    struct mem_owner *parent; /* charged too; NULL = top */
};

/* The owner of what nobody else claims. NULL means the same wherever an owner is expected. */
extern struct mem_owner mem_general;

#define MEM_OWNER_INIT(text, bytes)                                                                \
    {                                                                                              \
        .name = (text), .budget = (bytes), .parent = NULL                                          \
    }

void *mem_alloc(struct mem_owner *owner, size_t size);
void *mem_zalloc(struct mem_owner *owner, size_t size);
/* Like mem_zalloc, but belongs to no scope; its failure still refuses the work of one. */
void *mem_zalloc_shared(struct mem_owner *owner, size_t size);
/* `count * size`, overflow counts as failure. Zeroed. */
void *mem_array(struct mem_owner *owner, size_t count, size_t size);
/* NULL grows from nothing with `owner`; otherwise the block keeps its owner. */
void *mem_realloc(struct mem_owner *owner, void *block, size_t size);
/* Copy with a NUL appended. */
char *mem_strdup(struct mem_owner *owner, const char *text, size_t len);
void mem_free(void *block);

void *mem_try_alloc(struct mem_owner *owner, size_t size);
void *mem_try_realloc(struct mem_owner *owner, void *block, size_t size);
/* Like mem_try_alloc, but belongs to no scope: for what is shared beyond it (interned texts,
 * batches, queues). */
void *mem_try_alloc_shared(struct mem_owner *owner, size_t size);

/* Draws on a budget without allocating (for memory that libraries hold); false = refused. */
bool mem_reserve(struct mem_owner *owner, size_t bytes);
void mem_unreserve(struct mem_owner *owner, size_t bytes);
/* Exact, but for mem_general without a budget: there each other thread may hold back up to 64 KiB.
 */
size_t mem_used(const struct mem_owner *owner);
/* Settles what this thread holds back for mem_general and frees its reserve: call it before a
 * thread ends. */
void mem_thread_flush(void);

/* Runs work(arg) in a scope. True: it returned; its blocks live on and, with its guards, belong to
 * the enclosing scope; without one the guards are dropped. False: memory failed inside it and
 * nothing of it is left. */
bool mem_scope_run(void (*work)(void *arg), void *arg);
/* Leaves the innermost scope as if memory had failed; must not be called outside one. */
_Noreturn void mem_scope_refuse(void);
bool mem_scope_active(void);
/* What a plain function does when memory fails: leaves the innermost scope, or ends the process.
 * For bounded containers (arenas) whose own limit is reached. */
_Noreturn void mem_exhausted(void);
/* Outside a scope: gives the thread's reserve back to the machine; true = it is worth to try once
 * more. For arenas, and for blocks of libraries that must not fail. */
bool mem_spend_reserve(void);
/* Runs undo(arg) if the innermost scope fails (for sockets, registrations, foreign objects); undo
 * must not allocate, and runs at once when the guard itself finds no memory.
 * Outside a scope it does nothing. Removing a guard is for things that are released early. */
void mem_scope_guard(void (*undo)(void *arg), void *arg);
void mem_scope_unguard(void (*undo)(void *arg), void *arg);

#ifdef INVAR_MUTANTS
/* For the simulator, whose processes die by a jump: no scope is active any more, and what the
 * scopes held is leaked. */
void mem_scope_forget(void);
#endif

/* The nth allocation of this thread from now on fails once (1 = the next); 0 switches it off.
 * mem_failed_once tells whether the switch has fired since it was set. */
void mem_fail_at(uint64_t nth);
bool mem_failed_once(void);
/* Allocations of this thread so far. */
uint64_t mem_count(void);

/* malloc-shaped functions over mem_general for libraries (curl, nghttp2, libuv, tree-sitter,
 * protobuf-c): they return NULL on failure and obey the failure switch. Their blocks never belong
 * to a scope, because a library keeps them past it. */
void *mem_lib_malloc(size_t size);
void *mem_lib_calloc(size_t count, size_t size);
void *mem_lib_realloc(void *block, size_t size);
char *mem_lib_strdup(const char *text);
void mem_lib_free(void *block);

#endif
