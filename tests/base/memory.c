/* The counted allocator: counters, budgets, the failure switch, scopes. */

#include "base/memory.h"
#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

TEST(base_memory, charges_owner_and_parents)
{
    struct mem_owner parent = MEM_OWNER_INIT("parent", 0);
    struct mem_owner owner = {.name = "owner", .parent = &parent};
    char *a = mem_alloc(&owner, 100);
    cr_assert_eq((uintptr_t)a % 16, 0);
    cr_assert_eq(mem_used(&owner), 100);
    cr_assert_eq(mem_used(&parent), 100);
    a = mem_realloc(NULL, a, 250);
    cr_assert_eq(mem_used(&owner), 250, "a block keeps its owner");
    a = mem_realloc(NULL, a, 10);
    char *zero = mem_zalloc(&owner, 32);
    for (int i = 0; i < 32; i++)
        cr_assert_eq(zero[i], 0);
    cr_assert_eq(mem_used(&parent), 42);
    cr_assert_geq(owner.peak, 250);
    char *copy = mem_strdup(&owner, "abc", 2);
    cr_assert_str_eq(copy, "ab");
    mem_free(a);
    mem_free(zero);
    mem_free(copy);
    mem_free(NULL);
    cr_assert_eq(mem_used(&owner), 0);
    cr_assert_eq(mem_used(&parent), 0);
}

TEST(base_memory, general_owner_is_exact_for_its_thread)
{
    size_t before = mem_used(NULL);
    void *block = mem_alloc(NULL, 1000);
    void *large = mem_alloc(NULL, 1000000);
    cr_assert_eq(mem_used(&mem_general), before + 1001000);
    mem_free(large);
    mem_free(block);
    cr_assert_eq(mem_used(&mem_general), before);
}

TEST(base_memory, a_budget_refuses_like_an_empty_machine)
{
    struct mem_owner parent = MEM_OWNER_INIT("parent", 1000);
    struct mem_owner owner = {.name = "owner", .budget = 600, .parent = &parent};
    void *a = mem_try_alloc(&owner, 600);
    cr_assert_not_null(a);
    cr_assert_null(mem_try_alloc(&owner, 1));
    cr_assert_null(mem_try_realloc(NULL, a, 601));
    cr_assert_eq(mem_used(&owner), 600);
    cr_assert_eq(mem_used(&parent), 600);
    cr_assert(mem_reserve(&parent, 400));
    cr_assert_not(mem_reserve(&parent, 1));
    mem_unreserve(&parent, 400);
    struct mem_owner other = {.name = "other", .parent = &parent};
    cr_assert_null(mem_try_alloc(&other, 500), "the parent's budget binds too");
    cr_assert_eq(mem_used(&other), 0);
    cr_assert_null(mem_try_alloc(NULL, SIZE_MAX));
    cr_assert_null(mem_try_alloc(NULL, SIZE_MAX / 2));
    mem_free(a);
    cr_assert_eq(mem_used(&parent), 0);
}

TEST(base_memory, the_nth_allocation_fails_once)
{
    uint64_t count = mem_count();
    mem_fail_at(2);
    void *a = mem_try_alloc(NULL, 1);
    cr_assert_not_null(a);
    cr_assert_not(mem_failed_once());
    cr_assert_null(mem_try_realloc(NULL, a, 2));
    cr_assert(mem_failed_once());
    void *b = mem_lib_calloc(3, 4);
    cr_assert_not_null(b);
    mem_fail_at(1);
    cr_assert_null(mem_lib_strdup("text"));
    mem_fail_at(0);
    cr_assert_not(mem_failed_once());
    cr_assert_eq(mem_count(), count + 4);
    mem_free(a);
    mem_lib_free(b);
}

struct trace {
    struct mem_owner owner;
    char order[16];
    size_t len;
    void *kept;
};

static struct trace *trace_of_guard; /* guards get a letter as their argument */

static void note(void *letter)
{
    trace_of_guard->order[trace_of_guard->len++] = *(char *)letter;
}

static void work_with_guards(void *arg)
{
    struct trace *t = arg;
    mem_scope_guard(note, "a");
    void *x = mem_alloc(&t->owner, 10);
    mem_scope_guard(note, "b");
    void *y = mem_array(&t->owner, 3, 8);
    mem_scope_guard(note, "c");
    x = mem_realloc(NULL, x, 5000);
    char *b = "b";
    mem_scope_unguard(note, b);
    mem_free(y);
    t->kept = x;
}

static void work_inside(void *arg)
{
    if (!mem_scope_run(work_with_guards, arg))
        mem_scope_refuse();
}

/* orders[n]: what is undone when the nth allocation fails. */
static void fail_everywhere(void (*work)(void *arg), const char *const *orders)
{
    struct trace t = {.owner = MEM_OWNER_INIT("t", 0)};
    trace_of_guard = &t;
    bool done = false;
    for (uint64_t n = 1; !done && n < 100; n++) {
        t.len = 0;
        memset(t.order, 0, sizeof(t.order));
        mem_fail_at(n);
        done = mem_scope_run(work, &t);
        mem_fail_at(0);
        cr_assert_not(mem_scope_active());
        if (!done)
            cr_assert_eq(mem_used(&t.owner), 0, "failure %d left memory", (int)n);
        if (!done)
            cr_assert_str_eq(t.order, orders[n]);
    }
    cr_assert(done);
    cr_assert_eq(t.len, 0);
    cr_assert_eq(mem_used(&t.owner), 5000);
    t.kept = mem_realloc(NULL, t.kept, 100000);
    mem_free(t.kept);
}

TEST(base_memory, a_scope_undoes_everything_at_any_failure)
{
    static const char *const outermost[] = {"", "a", "ba", "cba"};
    /* In an inner scope guards need memory too. */
    static const char *const inner[] = {"", "a", "a", "ba", "ba", "cba", "cba"};
    fail_everywhere(work_with_guards, outermost);
    fail_everywhere(work_inside, inner);
}

struct nested {
    struct mem_owner owner;
    void *outer_block;
    bool inner_ok;
    bool refuse_inner;
    bool refuse_outer;
};

static void inner_work(void *arg)
{
    struct nested *n = arg;
    cr_assert_not_null(mem_alloc(&n->owner, 7));
    /* Born outside: grows here, and must survive the inner failure. */
    n->outer_block = mem_realloc(NULL, n->outer_block, 9000);
    mem_scope_guard(note, "i");
    if (n->refuse_inner)
        mem_scope_refuse();
}

static void outer_work(void *arg)
{
    struct nested *n = arg;
    n->outer_block = mem_alloc(&n->owner, 10);
    mem_scope_guard(note, "o");
    n->inner_ok = mem_scope_run(inner_work, n);
    if (n->refuse_outer)
        mem_scope_refuse();
}

TEST(base_memory, scopes_nest)
{
    struct trace t = {.owner = MEM_OWNER_INIT("t", 0)};
    trace_of_guard = &t;
    struct nested n = {.owner = MEM_OWNER_INIT("n", 0), .refuse_inner = true};
    cr_assert(mem_scope_run(outer_work, &n));
    cr_assert_not(n.inner_ok);
    cr_assert_eq(mem_used(&n.owner), 9000, "only the inner block is gone");
    cr_assert_str_eq(t.order, "i");
    mem_free(n.outer_block);

    n = (struct nested){.owner = MEM_OWNER_INIT("n", 0), .refuse_outer = true};
    cr_assert_not(mem_scope_run(outer_work, &n));
    cr_assert(n.inner_ok);
    cr_assert_eq(mem_used(&n.owner), 0, "a kept inner block belongs to the outer scope");
    cr_assert_str_eq(t.order, "iio", "and so do its guards");
}

enum { MANY = 20000 };

static void count_undo(void *counter)
{
    ++*(int *)counter;
}

static void guard_many(void *arg)
{
    int *counters = arg;
    for (int i = 0; i < MANY; i++)
        mem_scope_guard(count_undo, &counters[i]);
    mem_scope_guard(count_undo, &counters[7]); /* twice: one of the two goes */
    for (int i = 0; i < MANY; i += 2)
        mem_scope_unguard(count_undo, &counters[i]);
    mem_scope_unguard(count_undo, &counters[0]);
    mem_scope_unguard(count_undo, &counters[7]);
}

static void guard_many_and_fail(void *arg)
{
    if (!mem_scope_run(guard_many, arg))
        return;
    mem_scope_refuse();
}

TEST(base_memory, many_guards_are_found_quickly_and_run_once)
{
    static int counters[MANY];
    size_t before = mem_used(NULL);
    cr_assert(mem_scope_run(guard_many, counters));
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(counters[i], 0);
    cr_assert_eq(mem_used(NULL), before);
    cr_assert_not(mem_scope_run(guard_many_and_fail, counters));
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(counters[i], i % 2);
    cr_assert_eq(mem_used(NULL), before);
    /* Without memory for more buckets nothing is lost. */
    memset(counters, 0, sizeof(counters));
    mem_fail_at(34);
    cr_assert_not(mem_scope_run(guard_many_and_fail, counters));
    cr_assert(mem_failed_once());
    mem_fail_at(0);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(counters[i], i % 2);
    cr_assert_eq(mem_used(NULL), before);
}

static void lib_work(void *arg)
{
    *(void **)arg = mem_lib_malloc(10);
    mem_scope_refuse();
}

TEST(base_memory, a_library_block_outlives_the_scope)
{
    void *block = NULL;
    cr_assert_not(mem_scope_run(lib_work, &block));
    memset(block, 1, 10);
    block = mem_lib_realloc(block, 100);
    mem_lib_free(block);
}
