/* Positions of files: saved once a second, whole after a crash at any operation, tolerant of
 * damage. */

#include "tests/support/fake_files.h"
#include "tests/support/fake_loop.h"
#include "tests/support/test.h"

#include "runtime/storage/positions.h"

#include <stdio.h>

static struct position_key key_of(unsigned inode)
{
    return (struct position_key){.path = STR("/var/log/a \"b\"\n.log"),
                                 .labels = STR("{x=\"y\"}"),
                                 .device = 8,
                                 .inode = inode};
}

static bool odd(void *arg, const struct position_key *key, struct position position)
{
    (void)arg;
    (void)position;
    return key->inode % 2;
}

TEST(positions, are_saved_a_second_later_and_when_closed)
{
    struct fake_files *files = fake_files_new();
    struct fake_clock *clock = fake_clock_new();
    struct loop *loop = fake_loop_new(clock);
    world_enter(fake_files_world(files));
    struct positions *p;
    struct position got;
    cr_assert_eq(positions_open(loop, "/state/x", NULL, &p, NULL), STATUS_OK);
    for (unsigned i = 0; i < 10; i++) {
        struct position_key key = key_of(i);
        cr_assert(!positions_get(p, &key, &got));
        cr_assert(positions_set(p, &key, (struct position){i * 100, i}));
    }
    struct fake_file_view view;
    fake_clock_run(clock, 900000000);
    cr_assert(!fake_files_view(files, 0, &view));
    fake_clock_run(clock, 200000000);
    cr_assert(fake_files_view(files, 0, &view));
    cr_assert_eq(view.mode, 0600);
    uint64_t operations = fake_files_operations(files);
    fake_clock_run(clock, 10000000000);
    cr_assert_eq(fake_files_operations(files), operations, "nothing changed");
    positions_filter(p, odd, NULL);
    struct position_key one = key_of(1);
    positions_remove(p, &one);
    positions_close(p);
    cr_assert_eq(positions_open(loop, "/state/x", NULL, &p, NULL), STATUS_OK);
    for (unsigned i = 0; i < 10; i++) {
        struct position_key key = key_of(i);
        cr_assert_eq(positions_get(p, &key, &got), i % 2 && i != 1);
        if (i % 2 && i != 1)
            cr_assert(got.offset == i * 100 && got.fingerprint == i);
    }
    positions_close(p);
    world_enter(NULL);
    fake_clock_free(clock);
    fake_files_free(files);
}

TEST(positions, are_the_old_or_the_new_ones_after_death_at_any_operation)
{
    for (uint64_t n = 1;; n++) {
        struct fake_files *files = fake_files_new();
        struct fake_clock *clock = fake_clock_new();
        struct loop *loop = fake_loop_new(clock);
        world_enter(fake_files_world(files));
        struct positions *p;
        struct position_key key = key_of(1);
        struct position got;
        cr_assert_eq(positions_open(loop, "/state", NULL, &p, NULL), STATUS_OK);
        positions_set(p, &key, (struct position){100, 0});
        cr_assert_eq(positions_save(p, NULL), STATUS_OK);
        positions_set(p, &key, (struct position){200, 0});
        fake_files_die_at(files, n, n % 2);
        bool saved = positions_save(p, NULL) == STATUS_OK;
        bool died = fake_files_dead(files);
        positions_close(p);
        fake_files_restart(files, false, n);
        cr_assert_eq(positions_open(loop, "/state", NULL, &p, NULL), STATUS_OK);
        cr_assert(positions_get(p, &key, &got));
        cr_assert(got.offset == 200 || (!saved && got.offset == 100));
        positions_close(p);
        world_enter(NULL);
        fake_clock_free(clock);
        fake_files_free(files);
        if (!died)
            break;
    }
}

TEST(positions, damage_costs_single_entries)
{
    struct fake_files *files = fake_files_new();
    struct fake_clock *clock = fake_clock_new();
    struct loop *loop = fake_loop_new(clock);
    world_enter(fake_files_world(files));
    struct positions *p;
    struct position got;
    struct fake_file_view view;
    for (size_t at = 0;; at++) {
        cr_assert_eq(positions_open(loop, "/state", NULL, &p, NULL), STATUS_OK);
        for (unsigned i = 0; i < 3; i++) {
            struct position_key key = key_of(i);
            positions_set(p, &key, (struct position){5000 + i, 9});
        }
        positions_close(p);
        cr_assert(fake_files_view(files, 0, &view));
        if (at >= view.len)
            break;
        view.bytes[at] ^= 1;
        cr_assert_eq(positions_open(loop, "/state", NULL, &p, NULL), STATUS_OK);
        unsigned known = 0;
        for (unsigned i = 0; i < 3; i++) {
            struct position_key key = key_of(i);
            bool found = positions_get(p, &key, &got);
            known += found;
            cr_assert(!found || got.offset == 5000 + i);
        }
        cr_assert_geq(known, at < 18 ? 0 : 1, "damage at %d", (int)at);
        positions_close(p);
    }
    world_enter(NULL);
    fake_clock_free(clock);
    fake_files_free(files);
}
