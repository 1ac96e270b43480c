/* Decompression of anything within 1 MiB, and the way there and back. The first byte chooses the
 * method and the level. */

#include "base/compress.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 16, PLAIN_MAX = 1 << 20 };

static void unpack(enum compression method, struct str in, struct mem_owner *owner)
{
    struct buf plain;
    struct error err = {0};
    buf_init(&plain, owner, PLAIN_MAX);
    fuzz_begin();
    enum status status = decompress_bytes(method, in, &plain, &err);
    fuzz_end();
    ASSERT(owner->peak <= PLAIN_MAX);
    ASSERT(status == STATUS_OK || plain.len == 0);
    ASSERT(status == STATUS_OK || err.message[0] != '\0');
    ASSERT(status != STATUS_MEMORY || fuzz_has_failed());
    buf_release(&plain);
}

static void there_and_back(enum compression method, int level, struct str in)
{
    struct buf plain, packed;
    struct error err = {0};
    buf_init(&plain, NULL, PLAIN_MAX);
    buf_init(&packed, NULL, 4 * PLAIN_MAX);
    fuzz_begin();
    enum status there = compress_bytes(method, level, in, &packed, &err);
    enum status back =
        there == STATUS_OK ? decompress_bytes(method, buf_view(&packed), &plain, &err) : there;
    fuzz_end();
    if (back == STATUS_OK)
        ASSERT(str_eq(buf_view(&plain), in));
    else
        ASSERT(fuzz_has_failed() && err.message[0] != '\0');
    buf_release(&plain);
    buf_release(&packed);
}

static void once(struct str in)
{
    uint8_t choice;
    struct mem_owner owner = MEM_OWNER_INIT("fuzz", 0);
    if (!fuzz_choice(&in, &choice))
        return;
    enum compression method = (enum compression)(choice % 5);
    unpack(method, in, &owner);
    there_and_back(method, choice / 5 % 10, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
