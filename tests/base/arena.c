/* Arenas: alignment, bounds, reuse, failure. */

#include "base/arena.h"
#include "tests/support/test.h"

TEST(base_arena, hands_out_aligned_separate_blocks)
{
    struct mem_owner owner = MEM_OWNER_INIT("arena", 0);
    struct arena arena;
    arena_init(&arena, &owner, 0);
    cr_assert_eq(mem_used(&owner), 0);
    unsigned char *blocks[300];
    for (size_t i = 0; i < 300; i++) {
        size_t size = i * 13;
        blocks[i] = arena_alloc(&arena, size);
        cr_assert_eq((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, size);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i * 13; k++)
            cr_assert_eq(blocks[i][k], (unsigned char)i);
    arena_reset(&arena);
    cr_assert_eq(arena.used, 0);
    size_t kept = mem_used(&owner);
    cr_assert_gt(kept, 0);
    cr_assert_leq(kept, 256 * 1024);
    arena_alloc(&arena, 1000);
    cr_assert_eq(mem_used(&owner), kept, "the kept chunk is used again");
    arena_release(&arena);
    cr_assert_eq(mem_used(&owner), 0);
    arena_alloc(&arena, 100000);
    arena_reset(&arena);
    arena_alloc(&arena, 1);
    arena_release(&arena);
    cr_assert_eq(mem_used(&owner), 0);
}

TEST(base_arena, copies_and_formats_text)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    cr_assert(str_is(arena_str(&arena, STR("text")), "text"));
    cr_assert_str_eq(arena_cstr(&arena, str_of("textual", 4)), "text");
    cr_assert(str_is(arena_concat(&arena, STR("a"), STR_NONE), "a"));
    cr_assert(str_is(arena_printf(&arena, "%d-%s", 7, "x"), "7-x"));
    struct str wide = arena_printf(&arena, "%500d", 7);
    cr_assert_eq(wide.len, 500);
    cr_assert_eq(wide.ptr[499], '7');
    cr_assert_eq(wide.ptr[500], '\0');
    int *numbers = ARENA_ARRAY(&arena, 100, int);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(numbers[i], 0);
    arena_release(&arena);
}

static void overfill(void *arg)
{
    struct arena *arena = arg;
    for (int i = 0; i < 100; i++)
        arena_alloc(arena, 100);
}

static void overflow_array(void *arg)
{
    arena_array(arg, SIZE_MAX / 2, 16);
}

TEST(base_arena, its_maximum_is_a_memory_failure)
{
    struct arena arena;
    arena_init(&arena, NULL, 1000);
    cr_assert_null(arena_try_alloc(&arena, 1001));
    cr_assert_null(arena_try_alloc(&arena, SIZE_MAX));
    cr_assert_not_null(arena_try_alloc(&arena, 992));
    cr_assert_null(arena_try_alloc(&arena, 9));
    arena_reset(&arena);
    cr_assert_not_null(arena_try_alloc(&arena, 100));
    arena_release(&arena);

    arena_init(&arena, NULL, 1000);
    cr_assert_not(mem_scope_run(overfill, &arena));
    arena_init(&arena, NULL, 0);
    cr_assert_not(mem_scope_run(overflow_array, &arena));
    arena_init(&arena, NULL, 0);
    mem_fail_at(1);
    cr_assert_null(arena_try_alloc(&arena, 1));
    mem_fail_at(0);
    cr_assert_not_null(arena_try_alloc(&arena, 1));
    arena_release(&arena);
}

struct job {
    struct mem_owner owner;
    struct arena arena;
};

static void fill_sizes(void *arg)
{
    struct job *job = arg;
    arena_init(&job->arena, &job->owner, 0);
    for (size_t size = 1; size < 100000; size *= 3)
        memset(arena_alloc(&job->arena, size), 1, size);
    arena_printf(&job->arena, "%400s", "x");
    arena_concat(&job->arena, STR("a"), STR("b"));
}

TEST(base_arena, leaves_nothing_after_any_failure)
{
    struct job job = {.owner = MEM_OWNER_INIT("job", 0)};
    uint64_t n = 1;
    for (;; n++) {
        mem_fail_at(n);
        bool done = mem_scope_run(fill_sizes, &job);
        mem_fail_at(0);
        if (done)
            break;
        cr_assert_eq(mem_used(&job.owner), 0);
    }
    cr_assert_geq(n, 5);
    arena_release(&job.arena);
    cr_assert_eq(mem_used(&job.owner), 0);
}
