/* Hash maps against a plain array as the model; growing arrays. */

#include "base/map.h"
#include "base/vec.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { KEYS = 500 };

static struct str key_of(char text[16], unsigned i)
{
    int len = snprintf(text, 16, "key%u", i);
    return str_of(text, (size_t)len);
}

TEST(base_map, agrees_with_a_model_through_random_changes)
{
    struct mem_owner owner = MEM_OWNER_INIT("map", 0);
    struct map map;
    map_init(&map, &owner);
    uintptr_t model[KEYS] = {0};
    size_t count = 0;
    uint32_t random = 1;
    for (uintptr_t step = 1; step < 30000; step++) {
        random = random * 1664525 + 1013904223;
        unsigned i = (random >> 8) % KEYS;
        char text[16];
        struct str key = key_of(text, i);
        cr_assert_eq((uintptr_t)map_get(&map, key), model[i]);
        cr_assert_eq(map_has(&map, key), model[i] != 0);
        if (random >> 31) {
            cr_assert_eq((uintptr_t)map_put(&map, key, (void *)step), model[i]);
            count += !model[i];
            model[i] = step;
        } else {
            cr_assert_eq((uintptr_t)map_remove(&map, key), model[i]);
            count -= model[i] != 0;
            model[i] = 0;
        }
        cr_assert_eq(map.len, count);
    }
    size_t seen = 0;
    MAP_EACH(&map, entry)
    {
        cr_assert_eq(map_get(&map, entry->key), entry->value);
        seen++;
    }
    cr_assert_eq(seen, count);
    map_clear(&map);
    cr_assert_eq(map.len, 0);
    cr_assert_not(map_has(&map, STR("key1")));
    map_put(&map, STR("key1"), NULL);
    cr_assert(map_has(&map, STR("key1")), "a NULL value is a value");
    cr_assert_null(map_get(&map, STR("key1")));
    map_release(&map);
    cr_assert_eq(mem_used(&owner), 0);
}

TEST(base_map, keeps_the_order_of_insertion_and_copies_keys)
{
    struct map map;
    map_init(&map, NULL);
    char text[16];
    for (unsigned i = 0; i < 100; i++)
        map_put(&map, key_of(text, i), NULL);
    map_put(&map, STR_NONE, &map);
    unsigned i = 0;
    MAP_EACH(&map, entry)
    {
        cr_assert(str_eq(entry->key, i == 100 ? STR_NONE : key_of(text, i)));
        i++;
    }
    cr_assert_eq(map_get(&map, STR("")), &map);
    map_remove(&map, STR("key0"));
    cr_assert_eq(map.entries[0].value, &map, "the last entry moves into the gap");
    map_release(&map);
}

struct job {
    struct mem_owner owner;
    struct map map;
};

static void fill(void *arg)
{
    struct job *job = arg;
    map_init(&job->map, &job->owner);
    char text[16];
    for (unsigned i = 0; i < 50; i++)
        map_put(&job->map, key_of(text, i), job);
}

/* Outside a scope's reach the map has to stay whole: a put that fails leaves it as it was. */
static void put_one(void *arg)
{
    char text[16];
    struct job *job = arg;
    map_put(&job->map, key_of(text, (unsigned)job->map.len), job);
}

TEST(base_map, survives_any_failure)
{
    struct job job = {.owner = MEM_OWNER_INIT("job", 0)};
    for (uint64_t n = 1;; n++) {
        mem_fail_at(n);
        bool done = mem_scope_run(fill, &job);
        mem_fail_at(0);
        if (done)
            break;
        cr_assert_eq(mem_used(&job.owner), 0);
    }
    cr_assert_eq(job.map.len, 50);
    for (int i = 0; i < 200; i++) {
        size_t len = job.map.len;
        mem_fail_at(1);
        cr_assert_not(mem_scope_run(put_one, &job));
        mem_fail_at(0);
        cr_assert_eq(job.map.len, len);
        put_one(&job);
        cr_assert_eq(job.map.len, len + 1);
    }
    map_release(&job.map);
    cr_assert_eq(mem_used(&job.owner), 0);
}

static void push_many(void *arg)
{
    VEC(int) *numbers = arg;
    for (int i = 0; i < 1000; i++)
        VEC_PUSH(numbers, i);
}

TEST(base_vec, grows_and_survives_any_failure)
{
    for (uint64_t n = 1;; n++) {
        VEC(int) numbers = {0};
        mem_fail_at(n);
        bool done = mem_scope_run(push_many, &numbers);
        mem_fail_at(0);
        if (!done)
            continue;
        cr_assert_gt(n, 5);
        cr_assert_eq(numbers.len, 1000);
        for (int i = 0; i < 1000; i++)
            cr_assert_eq(numbers.items[i], i);
        VEC_RELEASE(&numbers);
        cr_assert_null(numbers.items);
        return;
    }
}
