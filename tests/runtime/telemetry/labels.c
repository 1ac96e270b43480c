/* Label sets: order, uniqueness, interning, limits, and their life on several threads. */

#include "tests/support/test.h"

#include "base/hash.h"
#include "runtime/telemetry/labels.h"

#include <pthread.h>
#include <stdio.h>

#define L(n, v)                                                                                    \
    {                                                                                              \
        STR_INIT(n), STR_INIT(v)                                                                   \
    }

TEST(labels, are_sorted_unique_and_interned)
{
    struct label_table *table = label_table_new(NULL);
    struct label a[] = {L("b", "2"), L("a", "1"), L("c", ""), L("b", "3")};
    struct label b[] = {L("a", "1"), L("b", "3")};
    struct labels *x = labels_intern(table, a, 4, NULL);
    struct labels *y = labels_intern(table, b, 2, NULL);
    cr_assert_eq(x, y);
    cr_assert_eq(x->count, 2);
    cr_assert(str_is(x->pairs[0].name, "a") && str_is(x->pairs[1].value, "3"));
    cr_assert_eq(x->hash, hash_str(STR("a\xff"
                                       "1\xff"
                                       "b\xff"
                                       "3\xff")));
    cr_assert(str_is(labels_get(x, STR("b")), "3"));
    cr_assert_eq(labels_get(x, STR("c")).len, 0);
    cr_assert_eq(label_table_count(table), 1);
    labels_unref(x);
    cr_assert_eq(label_table_count(table), 1);
    labels_unref(y);
    cr_assert_eq(label_table_count(table), 0);

    struct labels *empty = labels_intern(table, NULL, 0, NULL);
    struct labels *dropped = labels_intern(table, &a[2], 1, NULL);
    cr_assert_eq(empty, dropped);
    cr_assert_eq(empty->count, 0);
    labels_unref(empty);
    struct labels *stream = labels_intern_stream(
        table, (struct label[]){{STR("b"), STR("")}, {STR("a"), STR("1")}}, 2, NULL);
    cr_assert_eq(stream->count, 2);
    cr_assert(str_is(stream->pairs[1].name, "b"));
    labels_unref(stream);
    labels_unref(dropped);

    /* The separator inside a text does not make two sets one. */
    struct label c[] = {L("a", "x\xffy")}, d[] = {L("a\xffx", "y")};
    struct labels *p = labels_intern(table, c, 1, NULL), *q = labels_intern(table, d, 1, NULL);
    cr_assert_neq(p, q);
    labels_unref(p);
    labels_unref(q);
    label_table_free(table);
}

TEST(labels, many_sets_keep_their_identity)
{
    struct label_table *table = label_table_new(NULL);
    enum { COUNT = 5000 };
    struct labels **sets = mem_array(NULL, COUNT, sizeof(struct labels *));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            char name[32], value[32];
            struct label pairs[80];
            (void)snprintf(value, sizeof value, "v%d", i);
            size_t count = i % 70 == 0 ? 70 : 1;
            char names[80][8];
            for (size_t k = 0; k < count; k++) {
                (void)snprintf(names[k], sizeof names[k], "n%02zu", 79 - k);
                pairs[k] = (struct label){str_from(names[k]), str_from(value)};
            }
            (void)snprintf(name, sizeof name, "%d", i);
            struct labels *l = labels_intern(table, pairs, count, NULL);
            if (round == 0) {
                sets[i] = l;
                cr_assert_eq(l->count, count);
            } else {
                cr_assert_eq(sets[i], l);
                labels_unref(l);
            }
        }
    }
    cr_assert_eq(label_table_count(table), COUNT);
    for (int i = 0; i < COUNT; i++)
        labels_unref(sets[i]);
    mem_free(sets);
    label_table_free(table);
}

TEST(labels, limits_are_errors)
{
    struct label_table *table = label_table_new(NULL);
    struct label *many = mem_array(NULL, LABELS_MAX + 1, sizeof(*many));
    char(*names)[8] = mem_array(NULL, LABELS_MAX + 1, 8);
    for (size_t i = 0; i <= LABELS_MAX; i++) {
        (void)snprintf(names[i], 8, "%05zu", LABELS_MAX - i);
        many[i] = (struct label){str_from(names[i]), STR("x")};
    }
    struct error err = {0};
    cr_assert_null(labels_intern(table, many, LABELS_MAX + 1, &err));
    cr_assert_eq(err.status, STATUS_LIMIT);
    struct labels *l = labels_intern(table, many, LABELS_MAX, &err);
    cr_assert_not_null(l);
    cr_assert(str_is(l->pairs[0].name, "00001"));
    labels_unref(l);
    char *big = mem_zalloc(NULL, LABELS_MAX_BYTES);
    struct label wide = {STR("a"), str_of(big, LABELS_MAX_BYTES)};
    cr_assert_null(labels_intern(table, &wide, 1, &err));
    cr_assert_eq(err.status, STATUS_LIMIT);
    wide.value.len = LABELS_MAX_BYTES - 3;
    l = labels_intern(table, &wide, 1, &err);
    cr_assert_not_null(l);
    labels_unref(l);
    mem_free(big);
    mem_free(many);
    mem_free(names);
    label_table_free(table);
}

TEST(labels, failing_memory_is_an_error)
{
    struct label_table *table = label_table_new(NULL);
    char value[3000];
    memset(value, 'v', sizeof value);
    struct label pairs[60];
    char names[60][8];
    for (size_t i = 0; i < 60; i++) {
        (void)snprintf(names[i], 8, "%02zu", 60 - i);
        pairs[i] = (struct label){str_from(names[i]), str_of(value, i == 5 ? sizeof value : 3)};
    }
    for (uint64_t n = 1;; n++) {
        mem_fail_at(n);
        struct error err = {0};
        struct labels *l = labels_intern(table, pairs, 60, &err);
        bool failed = mem_failed_once();
        mem_fail_at(0);
        cr_assert_eq(failed, l == NULL);
        labels_unref(l);
        if (!failed) {
            cr_assert_gt(n, 4);
            break;
        }
        cr_assert_eq(err.status, STATUS_MEMORY);
        cr_assert_eq(label_table_count(table), 0);
    }
    label_table_free(table);
}

TEST(labels, builder_sets_removes_and_interns)
{
    struct label_table *table = label_table_new(NULL);
    struct label_builder b;
    label_builder_init(&b);
    label_builder_set(&b, STR("z"), STR("1"));
    label_builder_set(&b, STR("a"), STR("2"));
    label_builder_set(&b, STR("m"), STR("3"));
    label_builder_set(&b, STR("a"), STR("4"));
    label_builder_set(&b, STR("m"), STR(""));
    label_builder_remove(&b, STR("nothing"));
    cr_assert(str_is(label_builder_get(&b, STR("a")), "4"));
    cr_assert_eq(label_builder_get(&b, STR("m")).len, 0);
    struct labels *l = label_builder_intern(&b, table, NULL);
    cr_assert_eq(l->count, 2);
    cr_assert(str_is(l->pairs[0].value, "4") && str_is(l->pairs[1].name, "z"));
    label_builder_clear(&b);
    cr_assert_eq(b.count, 0);
    label_builder_from(&b, l);
    label_builder_remove(&b, STR("a"));
    struct labels *rest = label_builder_intern(&b, table, NULL);
    cr_assert_eq(rest->count, 1);
    labels_unref(rest);
    labels_unref(l);
    label_builder_release(&b);
    label_table_free(table);
}

struct worker {
    struct label_table *table;
    unsigned seed;
};

static void *churn(void *arg)
{
    struct worker *w = arg;
    struct labels *held[16] = {0};
    for (unsigned i = 0; i < 20000; i++) {
        w->seed = w->seed * 1664525u + 1013904223u;
        char value[8];
        (void)snprintf(value, sizeof value, "%u", (w->seed >> 16) % 32);
        struct label pair = {STR("n"), str_from(value)};
        struct labels *l = labels_intern(w->table, &pair, 1, NULL);
        cr_assert(str_eq(labels_get(l, STR("n")), pair.value));
        labels_unref(held[i % 16]);
        held[i % 16] = l;
    }
    for (size_t i = 0; i < 16; i++)
        labels_unref(held[i]);
    return NULL;
}

TEST(labels, threads_intern_and_drop_the_same_sets)
{
    struct label_table *table = label_table_new(NULL);
    struct worker workers[4];
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){table, i};
        cr_assert_eq(pthread_create(&threads[i], NULL, churn, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(label_table_count(table), 0);
    label_table_free(table);
}
