/* The log: what comes back, in which order, after crashes at every file operation, errors, full
 * disks and damage. */

#include "tests/support/fake_files.h"
#include "tests/support/test.h"

#include "base/buf.h"
#include "runtime/storage/wal.h"

#include <errno.h>
#include <stdio.h>

enum { SMALL_SEGMENT = 600 };

static struct wal_options options_of(int64_t sync_interval_ns)
{
    return (struct wal_options){
        .path = "/log", .segment_bytes = SMALL_SEGMENT, .sync_interval_ns = sync_interval_ns};
}

/* Record n: its number and some bytes that follow from it. */
static struct str body_of(uint32_t n, char *space)
{
    size_t len = 4 + (n * 37) % 90;
    memcpy(space, &n, 4);
    for (size_t i = 4; i < len; i++)
        space[i] = (char)(n + i);
    return str_of(space, len);
}

static uint32_t number_of(struct str body)
{
    uint32_t n;
    char space[128];
    cr_assert_geq(body.len, 4);
    memcpy(&n, body.ptr, 4);
    struct str expected = body_of(n, space);
    cr_assert(str_eq(body, expected), "record %u has other bytes", n);
    return n;
}

static enum status append(struct wal *wal, uint32_t n)
{
    char space[128];
    return wal_append(wal, 1, body_of(n, space), NULL, NULL);
}

static struct wal *open_log(const struct wal_options *options)
{
    struct wal *wal = NULL;
    struct error err = {0};
    cr_assert_eq(wal_open(options, &wal, &err), STATUS_OK, "%s", err.message);
    return wal;
}

static struct wal_cursor *cursor_of(struct wal *wal)
{
    struct wal_cursor *cursor = NULL;
    cr_assert_eq(wal_cursor_open(wal, STR("endpoint"), true, &cursor, NULL), STATUS_OK);
    return cursor;
}

static size_t files_like(struct fake_files *files, const char *suffix)
{
    struct fake_file_view view;
    size_t count = 0;
    for (size_t i = 0; fake_files_view(files, i, &view); i++)
        count += strstr(view.path, suffix) != NULL;
    return count;
}

static void reopen_behind_25(struct fake_files *files, const struct wal_options *options)
{
    struct wal *wal = open_log(options);
    struct wal_cursor *cursor = cursor_of(wal);
    struct wal_record record;
    cr_assert_eq(wal_cursor_position(cursor).sequence, 25);
    cr_assert_eq(wal_cursor_position(cursor).items, 3);
    for (uint32_t n = 26; n <= 40; n++) {
        cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
        cr_assert_eq(number_of(record.body), n);
    }
    cr_assert_eq(wal_delivered(cursor, 40, NULL), STATUS_OK);
    cr_assert_eq(files_like(files, ".seg"), 0);
    struct fake_file_view view;
    for (size_t i = 0; fake_files_view(files, i, &view); i++)
        cr_assert_eq(view.mode, 0600);
    wal_close(wal);
    wal = open_log(options);
    cr_assert_eq(append(wal, 41), STATUS_OK);
    cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    cursor = cursor_of(wal);
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert_eq(record.sequence, 41);
    wal_close(wal);
}

TEST(wal, records_come_back_in_order_and_leave_when_delivered)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    struct wal_options options = options_of(-1);
    struct wal *wal = open_log(&options), *second = NULL;
    struct error err = {0};
    cr_assert_eq(wal_open(&options, &second, &err), STATUS_EXISTS);
    struct wal_cursor *cursor = cursor_of(wal);
    struct wal_record record;
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_NOT_FOUND);
    for (uint32_t n = 1; n <= 40; n++) {
        uint64_t sequence;
        char space[128];
        cr_assert_eq(wal_append(wal, (uint8_t)(n % 7), body_of(n, space), &sequence, NULL),
                     STATUS_OK);
        cr_assert_eq(sequence, n);
        if (n == 20)
            cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_NOT_FOUND, "not committed yet");
        if (n % 4 == 0)
            cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
        if (n == 16)
            for (uint32_t k = 1; k <= 16; k++)
                cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    }
    struct wal_stats stats;
    wal_get_stats(wal, &stats);
    cr_assert_gt(stats.segments, 3);
    cr_assert_eq(stats.next_sequence, 41);
    cr_assert_eq(files_like(files, ".seg"), stats.segments);
    for (uint32_t n = 17; n <= 40; n++) {
        cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
        cr_assert_eq(record.sequence, n);
        cr_assert_eq(record.type, n % 7);
        cr_assert_eq(number_of(record.body), n);
    }
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_NOT_FOUND);
    wal_rewind(cursor);
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert_eq(record.sequence, 1);
    cr_assert_eq(wal_pending_records(cursor), 40);
    uint64_t pending = wal_pending_bytes(cursor);
    cr_assert_eq(wal_delivered_part(cursor, (struct wal_position){25, 3}, NULL), STATUS_OK);
    cr_assert_eq(wal_pending_records(cursor), 15);
    cr_assert_lt(wal_pending_bytes(cursor), pending);
    struct wal_stats after;
    wal_get_stats(wal, &after);
    cr_assert_lt(after.segments, stats.segments);
    wal_close(wal);
    reopen_behind_25(files, &options);
    world_enter(NULL);
    fake_files_free(files);
}

TEST(wal, the_slowest_cursor_holds_segments_and_forgotten_ones_do_not)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    struct wal_options options = options_of(-1);
    struct wal *wal = open_log(&options);
    struct wal_cursor *fast = cursor_of(wal), *slow, *late;
    cr_assert_eq(wal_cursor_open(wal, STR("slow"), true, &slow, NULL), STATUS_OK);
    for (uint32_t n = 1; n <= 60; n++) {
        append(wal, n);
        wal_commit(wal, NULL);
    }
    cr_assert_eq(wal_cursor_open(wal, STR("late"), false, &late, NULL), STATUS_OK);
    cr_assert_eq(wal_cursor_position(late).sequence, 60);
    struct wal_stats before, after;
    wal_get_stats(wal, &before);
    wal_delivered(fast, 60, NULL);
    wal_get_stats(wal, &after);
    cr_assert_eq(before.segments, after.segments);
    wal_cursor_remove(slow);
    wal_get_stats(wal, &after);
    cr_assert_leq(after.segments, 1);
    cr_assert_eq(files_like(files, ".cur"), 2);
    struct str kept = STR("late");
    wal_keep_cursors(wal, &kept, 1);
    cr_assert_eq(files_like(files, ".cur"), 1);
    wal_close(wal);
    world_enter(NULL);
    fake_files_free(files);
}

TEST(wal, dictionaries_are_read_again_and_stand_with_what_needs_them)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    struct wal_options options = options_of(-1);
    struct wal *wal = open_log(&options);
    struct wal_cursor *cursor = cursor_of(wal);
    uint64_t segment = 0;
    uint32_t n = 0;
    uint64_t defined_in[200] = {0};
    while (n < 60) {
        char space[128];
        if (wal_begin(wal) != segment) {
            segment = wal_begin(wal);
            n++;
            wal_append(wal, WAL_DICTIONARY | 2, body_of(n, space), NULL, NULL);
        }
        n++;
        cr_assert_eq(wal_append(wal, 3, body_of(n, space), NULL, NULL), STATUS_OK);
        cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    }
    struct wal_record record;
    uint64_t dictionary = 0;
    for (uint32_t i = 1; i <= n; i++) {
        cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
        if (record.type & WAL_DICTIONARY)
            dictionary = record.segment;
        cr_assert_eq(dictionary, record.segment);
        defined_in[i] = record.segment;
    }
    for (uint32_t at = 1; at < n; at++) {
        wal_delivered(cursor, at, NULL);
        wal_rewind(cursor);
        bool defined = false;
        uint64_t last = 0;
        while (wal_read(cursor, &record, NULL) == STATUS_OK) {
            defined = record.segment != last ? (record.type & WAL_DICTIONARY) != 0 : defined;
            last = record.segment;
            cr_assert(defined);
            cr_assert((record.type & WAL_DICTIONARY) || record.sequence > at);
            cr_assert_eq(record.segment, defined_in[record.sequence]);
        }
    }
    wal_close(wal);
    world_enter(NULL);
    fake_files_free(files);
}

/* A history: what was promised, and what must hold afterwards. */
struct history {
    uint32_t next;      /* number of the next record */
    uint32_t promised;  /* records up to here were committed */
    uint32_t delivered; /* and up to here delivered, as far as the log said so */
    uint32_t tried;     /* delivery was asked for up to here */
    bool refused[256];  /* the log said no to this one */
};

/* Appends, commits, reads and delivers; stops when the disk has died. */
static void live(struct fake_files *files, const struct wal_options *options, struct history *h)
{
    struct wal *wal = NULL;
    struct wal_cursor *cursor = NULL;
    if (wal_open(options, &wal, NULL) != STATUS_OK)
        return;
    if (wal_cursor_open(wal, STR("endpoint"), true, &cursor, NULL) == STATUS_OK) {
        for (unsigned round = 0; round < 14 && !fake_files_dead(files); round++) {
            unsigned count = 1 + round % 3;
            bool ok = true;
            uint32_t first = h->next;
            for (unsigned i = 0; i < count; i++)
                ok &= append(wal, h->next++) == STATUS_OK;
            ok &= wal_commit(wal, NULL) == STATUS_OK;
            for (uint32_t n = first; n < h->next; n++)
                h->refused[n] = !ok;
            if (ok)
                h->promised = h->next - 1;
            struct wal_record record;
            uint32_t seen = 0;
            uint64_t sequence = 0;
            for (unsigned i = 0; i < 2 && wal_read(cursor, &record, NULL) == STATUS_OK; i++) {
                seen = number_of(record.body);
                sequence = record.sequence;
            }
            if (round % 2 && seen) {
                h->tried = seen;
                if (wal_delivered(cursor, sequence, NULL) == STATUS_OK)
                    h->delivered = seen;
            }
        }
    }
    wal_close(wal);
}

/* Opens what is left and reads it all. */
static void judge(const struct wal_options *options, struct history *h, bool exact)
{
    struct wal *wal = open_log(options);
    struct wal_cursor *cursor = cursor_of(wal);
    struct wal_record record;
    bool seen[256] = {false};
    uint32_t last = 0;
    while (wal_read(cursor, &record, NULL) == STATUS_OK) {
        uint32_t n = number_of(record.body);
        cr_assert_gt(n, last, "order");
        cr_assert_lt(n, h->next);
        last = n;
        seen[n] = true;
        if (exact)
            cr_assert_gt(n, h->delivered, "delivered again");
    }
    for (uint32_t n = h->tried + 1; n < h->next; n++) {
        if (n <= h->promised && !h->refused[n])
            cr_assert(seen[n], "record %u is lost", n);
    }
    cr_assert_eq(append(wal, h->next), STATUS_OK);
    cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert_eq(number_of(record.body), h->next);
    wal_close(wal);
}

/* Dies at every operation; in the second life too. */
static void crash_everywhere(bool torn, bool power)
{
    struct wal_options options = options_of(power ? 0 : -1);
    for (uint64_t n = 1;; n++) {
        struct fake_files *files = fake_files_new();
        world_enter(fake_files_world(files));
        struct history h = {.next = 1};
        fake_files_die_at(files, n, torn);
        live(files, &options, &h);
        bool died = fake_files_dead(files);
        fake_files_restart(files, power, n);
        if (n % 3 == 0) {
            fake_files_die_at(files, n / 2, torn);
            live(files, &options, &h);
            fake_files_restart(files, power, n * 31);
        }
        judge(&options, &h, !power);
        world_enter(NULL);
        fake_files_free(files);
        if (!died) {
            cr_assert_gt(n, 60, "only %d operations", (int)n);
            return;
        }
    }
}

TEST(wal, survives_death_at_every_file_operation, .timeout = 120)
{
    crash_everywhere(false, false);
    crash_everywhere(true, false);
}

TEST(wal, survives_power_loss_when_it_syncs, .timeout = 120)
{
    crash_everywhere(true, true);
}

TEST(wal, survives_errors_at_every_file_operation, .timeout = 120)
{
    static const int errors[] = {EIO, ENOSPC, EINTR, EMFILE};
    struct wal_options options = options_of(-1);
    for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
        for (uint64_t n = 1;; n++) {
            struct fake_files *files = fake_files_new();
            world_enter(fake_files_world(files));
            struct history h = {.next = 1};
            world_fail_at(n, errors[e]);
            live(files, &options, &h);
            bool failed = world_failed_once();
            world_fail_at(0, EIO);
            judge(&options, &h, false);
            world_enter(NULL);
            fake_files_free(files);
            if (!failed)
                break;
        }
    }
}

TEST(wal, a_full_disk_refuses_and_accepts_again)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    fake_files_space(files, 8000);
    struct wal_options options = options_of(-1);
    options.segment_bytes = 100000; /* so that the space is in the segment being written */
    struct wal *wal = open_log(&options);
    struct wal_cursor *cursor = cursor_of(wal);
    struct wal_record record;
    uint32_t n = 1, delivered = 0;
    for (unsigned round = 0; round < 3; round++) {
        uint32_t before = n;
        while (append(wal, n) == STATUS_OK && wal_commit(wal, NULL) == STATUS_OK)
            n++;
        wal_commit(wal, NULL);
        cr_assert_gt(n, before + 50, "round %u: %u", round, n - before);
        struct error err = {0};
        char space[128];
        cr_assert_eq(wal_append(wal, 1, body_of(n, space), NULL, &err), STATUS_OK);
        cr_assert_eq(wal_commit(wal, &err), STATUS_UNAVAILABLE);
        while (wal_read(cursor, &record, NULL) == STATUS_OK) {
            cr_assert_eq(number_of(record.body), ++delivered);
            wal_delivered(cursor, record.sequence, NULL);
        }
        cr_assert_eq(delivered, n - 1);
        cr_assert_eq(files_like(files, ".seg"), 0);
    }
    wal_close(wal);
    world_enter(NULL);
    fake_files_free(files);
}

TEST(wal, caps_refuse_or_drop_the_oldest_and_count)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    struct wal_options options = options_of(-1);
    options.max_bytes = 3000;
    struct wal *wal = open_log(&options);
    struct wal_cursor *cursor = cursor_of(wal);
    struct wal_record record;
    struct wal_stats stats;
    uint32_t n = 1;
    while (append(wal, n) == STATUS_OK && wal_commit(wal, NULL) == STATUS_OK)
        n++;
    wal_commit(wal, NULL);
    wal_get_stats(wal, &stats);
    cr_assert_leq(stats.bytes, 3000);
    cr_assert_gt(n, 20);
    for (uint32_t i = 1; i < n / 2; i++)
        wal_read(cursor, &record, NULL);
    wal_delivered(cursor, record.sequence, NULL);
    cr_assert_eq(append(wal, n), STATUS_OK);
    cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    wal_close(wal);

    options.drop_oldest = true;
    wal = open_log(&options);
    cursor = cursor_of(wal);
    uint64_t pending = wal_pending_records(cursor);
    for (uint32_t i = 1; i <= 200; i++) {
        cr_assert_eq(append(wal, n + i), STATUS_OK);
        cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    }
    wal_get_stats(wal, &stats);
    cr_assert_leq(stats.bytes, 3000);
    uint64_t read = 0;
    while (wal_read(cursor, &record, NULL) == STATUS_OK)
        read++;
    cr_assert_eq(number_of(record.body), n + 200);
    cr_assert_eq(read + stats.dropped_size, pending + 200);

    /* Age. */
    wal_close(wal);
    options.max_bytes = 0;
    options.max_age_ns = 1000000000;
    wal = open_log(&options);
    cursor = cursor_of(wal);
    pending = wal_pending_records(cursor);
    cr_assert_gt(pending, 0);
    fake_files_advance(files, 900000000);
    append(wal, 1000);
    wal_commit(wal, NULL);
    wal_tick(wal);
    cr_assert_eq(wal_pending_records(cursor), pending + 1);
    fake_files_advance(files, 900000000);
    wal_tick(wal);
    wal_get_stats(wal, &stats);
    cr_assert_eq(stats.dropped_age, pending, "%d of %d", (int)stats.dropped_age, (int)pending);
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert_eq(number_of(record.body), 1000);
    fake_files_advance(files, 1100000000);
    wal_tick(wal);
    wal_get_stats(wal, &stats);
    cr_assert_eq(stats.dropped_age, pending + 1);
    cr_assert_eq(stats.segments, 0);
    wal_close(wal);
    world_enter(NULL);
    fake_files_free(files);
}

TEST(wal, large_records_pass_through)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    struct wal_options options = {.path = "/log", .sync_interval_ns = -1};
    struct wal *wal = open_log(&options);
    struct wal_cursor *cursor = cursor_of(wal);
    size_t len = 3 << 20;
    char *big = mem_alloc(NULL, len);
    for (size_t i = 0; i < len; i++)
        big[i] = (char)(i * 7 >> 3);
    append(wal, 1);
    cr_assert_eq(wal_append(wal, 1, str_of(big, len), NULL, NULL), STATUS_OK);
    append(wal, 3);
    cr_assert_eq(wal_append(wal, 1, STR_NONE, NULL, NULL), STATUS_OK);
    cr_assert_eq(wal_append(wal, 1, str_of(big, WAL_BODY_MAX + 1ul), NULL, NULL), STATUS_LIMIT);
    cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    struct wal_record record;
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert(str_eq(record.body, str_of(big, len)));
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert_eq(number_of(record.body), 3);
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert_eq(record.body.len, 0);
    mem_free(big);
    wal_close(wal);
    world_enter(NULL);
    fake_files_free(files);
}

/* A record of `len` bytes that differ with n. */
static void fill_large(char *bytes, size_t len, unsigned n)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((i + n) * 13 >> 2);
}

TEST(wal, what_was_written_last_is_read_from_memory)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    struct wal_options options = {.path = "/log", .sync_interval_ns = -1};
    struct wal *wal = open_log(&options);
    struct wal_cursor *cursor = cursor_of(wal), *other = NULL;
    cr_assert_eq(wal_cursor_open(wal, STR("other"), true, &other, NULL), STATUS_OK);
    struct wal_record record = {0}, seen;
    size_t len = 300 * 1000;
    char *bytes = mem_alloc(NULL, len), *last = mem_alloc(NULL, len);
    for (unsigned n = 0; n < 40; n++) {
        size_t part = n % 3 ? len - n : 100;
        fill_large(bytes, part, n);
        cr_assert_eq(
            wal_append_pair(wal, 1, str_of(bytes, n), str_of(bytes + n, part - n), NULL, NULL),
            STATUS_OK);
        cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
        /* The record at hand is not touched by what was written after it. */
        cr_assert(str_eq(record.body, str_of(last, record.body.len)));
        uint64_t before = fake_files_operations(files);
        cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
        cr_assert(n == 0 || fake_files_operations(files) == before);
        cr_assert(str_eq(record.body, str_of(bytes, part)));
        memcpy(last, bytes, part);
    }
    wal_rewind(cursor);
    for (unsigned n = 0; n < 40; n++) {
        cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
        cr_assert_eq(wal_read(other, &seen, NULL), STATUS_OK);
        cr_assert(str_eq(record.body, seen.body));
        cr_assert_eq(record.body.len, n % 3 ? len - n : 100);
        fill_large(bytes, record.body.len, n);
        cr_assert(str_eq(record.body, str_of(bytes, record.body.len)));
    }
    mem_free(bytes);
    mem_free(last);
    wal_close(wal);
    world_enter(NULL);
    fake_files_free(files);
}

TEST(wal, failing_memory_is_an_error)
{
    struct wal_options options = options_of(-1);
    for (uint64_t n = 1; n < 40; n++) {
        struct fake_files *files = fake_files_new();
        world_enter(fake_files_world(files));
        struct history h = {.next = 1};
        struct wal *wal = open_log(&options);
        append(wal, h.next++);
        cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
        h.promised = 1;
        wal_close(wal);
        struct wal_cursor *cursor;
        struct wal_record record;
        wal = NULL;
        mem_fail_at(n);
        if (wal_open(&options, &wal, NULL) == STATUS_OK &&
            wal_cursor_open(wal, STR("endpoint"), true, &cursor, NULL) == STATUS_OK &&
            wal_read(cursor, &record, NULL) == STATUS_OK)
            cr_assert_eq(number_of(record.body), 1);
        mem_fail_at(0);
        wal_close(wal);
        judge(&options, &h, false);
        world_enter(NULL);
        fake_files_free(files);
    }
}
