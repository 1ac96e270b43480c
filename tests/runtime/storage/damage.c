/* Random damage to the files of a log: it always opens, what is undamaged is delivered, nothing
 * false is. */

#include "tests/support/fake_files.h"
#include "tests/support/test.h"

#include "runtime/storage/wal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { RECORDS = 60, BODY = 64, MUTATIONS = 2000, HEAD = 20 };

enum damage { FLIP, CUT, ZERO, DUPLICATE, DELETE, GARBAGE, DAMAGES };

struct dice {
    uint64_t state;
};

static size_t roll(struct dice *d, size_t bound)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return bound ? (size_t)(d->state >> 33) % bound : 0;
}

static void fill(char body[BODY], unsigned n)
{
    for (unsigned i = 0; i < BODY; i++)
        body[i] = (char)(n * 31 + i);
    memcpy(body, &n, sizeof(n));
}

static const struct wal_options options = {
    .path = "/log", .segment_bytes = 900, .sync_interval_ns = -1};

static void write_log(void)
{
    struct wal *wal;
    struct wal_cursor *cursor;
    cr_assert_eq(wal_open(&options, &wal, NULL), STATUS_OK);
    cr_assert_eq(wal_cursor_open(wal, STR("x"), true, &cursor, NULL), STATUS_OK);
    for (unsigned n = 1; n <= RECORDS; n++) {
        char body[BODY];
        fill(body, n);
        wal_append(wal, 1, str_of(body, BODY), NULL, NULL);
        cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    }
    wal_delivered(cursor, 5, NULL);
    wal_close(wal);
}

/* Damages one file; returns how many records may be lost by it. */
static size_t hurt(struct fake_files *files, struct dice *dice)
{
    size_t count = 0;
    struct fake_file_view view;
    while (fake_files_view(files, count, &view))
        count++;
    fake_files_view(files, roll(dice, count), &view);
    bool segment = strstr(view.path, ".seg") != NULL;
    size_t whole = view.len / (BODY + HEAD) + 1;
    if (view.len == 0)
        return 0;
    size_t at = roll(dice, view.len), len = 1 + roll(dice, view.len - at);
    if (len > 200)
        len = 1 + roll(dice, 200);
    size_t lost = len / (BODY + HEAD) + 2;
    switch (roll(dice, DAMAGES)) {
    case FLIP:
        view.bytes[at] = (char)(view.bytes[at] ^ 1 << roll(dice, 8));
        lost = 1;
        break;
    case CUT:
        fake_files_resize(files, view.path, at);
        lost = whole;
        break;
    case ZERO: memset(view.bytes + at, 0, len); break;
    case DUPLICATE:
        memmove(view.bytes + roll(dice, view.len - len + 1), view.bytes + at, len);
        break;
    case DELETE:
        fake_files_remove(files, view.path);
        lost = whole;
        break;
    default:
        for (size_t i = 0; i < len; i++)
            view.bytes[at + i] = (char)roll(dice, 256);
    }
    return segment ? lost : 0;
}

static void check_one(uint64_t seed)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    struct dice dice = {seed};
    write_log();
    size_t may_lose = hurt(files, &dice);
    struct wal *wal;
    struct wal_cursor *cursor;
    struct error err = {0};
    cr_assert_eq(wal_open(&options, &wal, &err), STATUS_OK, "seed %u: %s", (unsigned)seed,
                 err.message);
    cr_assert_eq(wal_cursor_open(wal, STR("x"), true, &cursor, NULL), STATUS_OK);
    struct wal_record record;
    size_t seen = 0;
    unsigned last = 0;
    while (wal_read(cursor, &record, NULL) == STATUS_OK) {
        unsigned n;
        char body[BODY];
        memcpy(&n, record.body.ptr, sizeof(n));
        fill(body, n);
        cr_assert(str_eq(record.body, str_of(body, BODY)), "seed %u", (unsigned)seed);
        cr_assert_gt(n, last, "seed %u", (unsigned)seed);
        last = n;
        seen += n > 5;
    }
    cr_assert_geq(seen + may_lose, RECORDS - 5, "seed %u: %u seen, %u may be lost", (unsigned)seed,
                  (unsigned)seen, (unsigned)may_lose);
    char body[BODY];
    fill(body, 77);
    cr_assert_eq(wal_append(wal, 1, str_of(body, BODY), NULL, NULL), STATUS_OK);
    cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK, "seed %u", (unsigned)seed);
    cr_assert(str_eq(record.body, str_of(body, BODY)));
    wal_close(wal);
    world_enter(NULL);
    fake_files_free(files);
}

TEST(wal_damage, a_damaged_log_opens_and_gives_what_is_whole, .timeout = 120)
{
    for (uint64_t seed = 1; seed <= MUTATIONS; seed++)
        check_one(seed);
}

TEST(wal_damage, planted_links_and_pipes_are_not_followed)
{
    char folder[] = "/tmp/invar-wal-XXXXXX", path[64], victim[64];
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(victim, sizeof victim, "%s/victim", folder);
    FILE *file = fopen(victim, "w");
    cr_assert_not_null(file);
    (void)fputs("untouched", file);
    (void)fclose(file);
    (void)snprintf(path, sizeof path, "%s/log", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    char name[128];
    (void)snprintf(name, sizeof name, "%s/0000000000000001.seg", path);
    cr_assert_eq(symlink(victim, name), 0);
    (void)snprintf(name, sizeof name, "%s/0000000000000002.seg", path);
    cr_assert_eq(mkfifo(name, 0600), 0);
    struct wal_options real = {.path = path, .sync_interval_ns = 0};
    struct wal *wal;
    struct wal_cursor *cursor;
    struct wal_record record;
    struct error err = {0};
    cr_assert_eq(wal_open(&real, &wal, &err), STATUS_OK, "%s", err.message);
    cr_assert_eq(wal_cursor_open(wal, STR("x"), true, &cursor, NULL), STATUS_OK);
    cr_assert_eq(wal_append(wal, 1, STR("one"), NULL, &err), STATUS_OK, "%s", err.message);
    cr_assert_eq(wal_commit(wal, NULL), STATUS_OK);
    cr_assert_eq(wal_read(cursor, &record, NULL), STATUS_OK);
    cr_assert(str_is(record.body, "one"));
    wal_close(wal);
    char text[16] = {0};
    file = fopen(victim, "r");
    cr_assert_not_null(file);
    cr_assert_eq(fread(text, 1, sizeof text - 1, file), 9);
    (void)fclose(file);
    cr_assert_str_eq(text, "untouched");
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0700);
    /* A lock file that is a link is refused. */
    (void)snprintf(name, sizeof name, "%s/lock", path);
    cr_assert_eq(unlink(name), 0);
    cr_assert_eq(symlink(victim, name), 0);
    cr_assert_neq(wal_open(&real, &wal, &err), STATUS_OK);
    char command[96];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    /* The folder is the test's own. */
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}
