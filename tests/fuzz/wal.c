/* A log whose segment and cursor hold anything: it opens, reads to its end, and takes new records.
 * The first byte splits the input between the two files. */

#include "tests/support/fake_files.h"
#include "tests/support/fuzz_input.h"

#include "base/error.h"
#include "runtime/storage/wal.h"

static void read_all(struct wal *wal)
{
    struct wal_cursor *cursor;
    struct wal_record record;
    uint64_t last = 0;
    if (wal_cursor_open(wal, STR("x"), true, &cursor, NULL) != STATUS_OK) {
        ASSERT(fuzz_has_failed());
        return;
    }
    while (wal_read(cursor, &record, NULL) == STATUS_OK) {
        ASSERT(record.sequence > last);
        last = record.sequence;
        wal_delivered(cursor, last, NULL);
    }
    if (wal_append(wal, 1, STR("new"), NULL, NULL) != STATUS_OK ||
        wal_commit(wal, NULL) != STATUS_OK) {
        ASSERT(fuzz_has_failed());
        return;
    }
    bool found = false;
    while (wal_read(cursor, &record, NULL) == STATUS_OK) {
        ASSERT(record.sequence > last);
        last = record.sequence;
        found = str_is(record.body, "new");
    }
    ASSERT(found || fuzz_has_failed());
}

static struct fake_files *make_log(struct str bytes, size_t cut)
{
    struct fake_files *files = fake_files_new();
    struct wal_options options = {.path = "/log", .sync_interval_ns = -1};
    struct wal *wal;
    /* The name of cursor "x" is a hash; its file is the one that opening it makes. */
    struct wal_cursor *cursor;
    struct fake_file_view view;
    world_enter(fake_files_world(files));
    ASSERT(wal_open(&options, &wal, NULL) == STATUS_OK);
    ASSERT(wal_cursor_open(wal, STR("x"), true, &cursor, NULL) == STATUS_OK);
    wal_close(wal);
    for (size_t i = 0; fake_files_view(files, i, &view); i++) {
        if (cut > 8 && strstr(view.path, ".cur"))
            memcpy(view.bytes, bytes.ptr, cut < view.len ? cut : view.len);
    }
    fake_files_put(files, "/log/0000000000000001.seg", str_slice(bytes, cut, bytes.len));
    return files;
}

static void once(struct str input)
{
    struct wal_options options = {.path = "/log", .sync_interval_ns = -1};
    struct wal *wal;
    uint8_t choice;
    if (!fuzz_choice(&input, &choice))
        return;
    struct fake_files *files = make_log(input, choice < input.len ? choice : input.len);
    fuzz_begin();
    enum status status = wal_open(&options, &wal, NULL);
    if (status == STATUS_OK) {
        read_all(wal);
        wal_close(wal);
    }
    fuzz_end();
    ASSERT(status == STATUS_OK || fuzz_has_failed());
    world_enter(NULL);
    fake_files_free(files);
}

enum { INPUT_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
