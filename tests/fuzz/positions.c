/* A file of positions that holds anything: it opens; what was understood is saved and found again.
 */

#include "runtime/storage/positions.h"
#include "tests/support/fake_files.h"
#include "tests/support/fuzz_input.h"
#include "tests/support/memory_loop.h"

enum { INPUT_MAX = 1 << 16 };

struct seen {
    uint64_t sum;
    size_t count;
};

static bool add(void *arg, const struct position_key *key, struct position position)
{
    struct seen *seen = arg;
    seen->count++;
    seen->sum += position.offset + 3 * position.fingerprint + 5 * key->inode + 7 * key->device +
                 11 * key->path.len + 13 * key->labels.len;
    return true;
}

static struct seen look(struct loop *loop, bool change)
{
    static const struct position_key own = {.path = STR_INIT("/own"), .inode = 77};
    struct seen seen = {0};
    struct positions *p;
    struct position got;
    if (positions_open(loop, "/state", NULL, &p, NULL) != STATUS_OK) {
        ASSERT(fuzz_has_failed());
        return seen;
    }
    if (change)
        ASSERT(positions_set(p, &own, (struct position){5, 6}) || fuzz_has_failed());
    ASSERT(positions_get(p, &own, &got) || fuzz_has_failed());
    positions_filter(p, add, &seen);
    ASSERT(change || !positions_damaged(p) || fuzz_has_failed());
    positions_close(p);
    return seen;
}

static void once(struct str input)
{
    struct fake_files *files = fake_files_new();
    struct loop *loop = memory_loop_new();
    world_enter(fake_files_world(files));
    ASSERT(world_mkdir(-1, "/state", 0700) == 0);
    fake_files_put(files, "/state/positions", input);
    fuzz_begin();
    struct seen first = look(loop, true);
    struct seen second = look(loop, false);
    fuzz_end();
    if (!fuzz_has_failed())
        ASSERT(first.count == second.count && first.sum == second.sum);
    world_enter(NULL);
    memory_loop_free(loop);
    fake_files_free(files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
