/* Decompression of anything within 1 MiB, and the way there and back. The first byte chooses the
 * method and whether memory fails. */

#include "base/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum compression method = (enum compression)(data[0] % 5);
    struct str in = str_of((const char *)data + 1, size - 1);
    struct mem_owner owner = MEM_OWNER_INIT("fuzz", 0);
    struct buf plain, packed;
    struct error err = {0};
    buf_init(&plain, &owner, 1 << 20);
    buf_init(&packed, NULL, 1 << 22);
    unsigned failing = data[0] / 5;
    if (failing % 2)
        mem_fail_at(failing / 2 + 1);
    enum status status = decompress_bytes(method, in, &plain, &err);
    mem_fail_at(0);
    ASSERT(owner.peak <= 1 << 20);
    ASSERT(status == STATUS_OK || plain.len == 0);
    ASSERT(status == STATUS_OK || err.message[0] != '\0');

    buf_clear(&plain);
    if (in.len <= 1 << 20) {
        ASSERT(compress_bytes(method, failing % 10, in, &packed, &err) == STATUS_OK);
        ASSERT(decompress_bytes(method, buf_view(&packed), &plain, &err) == STATUS_OK);
        ASSERT(str_eq(buf_view(&plain), in));
    }
    buf_release(&plain);
    buf_release(&packed);
    return 0;
}
