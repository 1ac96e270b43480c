/* A log whose segment and cursor hold anything: it opens, reads to its end, and takes new records.
 * The first byte splits the input between the two files. */

#include "tests/support/fake_files.h"

#include "base/error.h"
#include "runtime/storage/wal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct wal *wal)
{
    struct wal_cursor *cursor;
    struct wal_record record;
    uint64_t last = 0;
    ASSERT(wal_cursor_open(wal, STR("x"), true, &cursor, NULL) == STATUS_OK);
    while (wal_read(cursor, &record, NULL) == STATUS_OK) {
        ASSERT(record.sequence > last);
        last = record.sequence;
        wal_delivered(cursor, last, NULL);
    }
    ASSERT(wal_append(wal, 1, STR("new"), NULL, NULL) == STATUS_OK);
    ASSERT(wal_commit(wal, NULL) == STATUS_OK);
    ASSERT(wal_read(cursor, &record, NULL) == STATUS_OK);
    ASSERT(str_is(record.body, "new") && record.sequence > last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t cut = data[0] < size - 1 ? data[0] : size - 1;
    struct fake_files *files = fake_files_new();
    struct wal_options options = {.path = "/log", .sync_interval_ns = -1};
    struct wal *wal;
    world_enter(fake_files_world(files));
    ASSERT(wal_open(&options, &wal, NULL) == STATUS_OK);
    wal_close(wal);
    const char *bytes = (const char *)data + 1;
    /* The name of cursor "x" is a hash; its file is the one that opening it makes. */
    struct wal_cursor *cursor;
    ASSERT(wal_open(&options, &wal, NULL) == STATUS_OK);
    ASSERT(wal_cursor_open(wal, STR("x"), true, &cursor, NULL) == STATUS_OK);
    wal_close(wal);
    struct fake_file_view view;
    for (size_t i = 0; fake_files_view(files, i, &view); i++) {
        if (cut > 8 && strstr(view.path, ".cur"))
            memcpy(view.bytes, bytes, cut < view.len ? cut : view.len);
    }
    fake_files_put(files, "/log/0000000000000001.seg", str_of(bytes + cut, size - 1 - cut));
    ASSERT(wal_open(&options, &wal, NULL) == STATUS_OK);
    read_all(wal);
    wal_close(wal);
    world_enter(NULL);
    fake_files_free(files);
    return 0;
}
