/* Compression: round trips, bounds, lying and damaged input. */

#include "base/compress.h"
#include "tests/support/test.h"

static const enum compression methods[] = {COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZLIB,
                                           COMPRESSION_ZSTD, COMPRESSION_SNAPPY};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static char *sample(size_t len)
{
    char *text = mem_alloc(NULL, len + 1);
    uint32_t random = 7;
    for (size_t i = 0; i < len; i++) {
        random = random * 1664525 + 1013904223;
        text[i] = (char)(i % 64 < 40 ? 'a' + i % 7 : (random >> 24) & 127);
    }
    return text;
}

TEST(base_compress, what_goes_in_comes_out)
{
    static const size_t sizes[] = {0, 1, 100, 5000, 300000};
    for (size_t m = 0; m < COUNT(methods); m++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            char *text = sample(sizes[i]);
            struct buf packed, plain;
            struct error err = {0};
            buf_init(&packed, NULL, 1 << 20);
            buf_init(&plain, NULL, sizes[i] + 7);
            buf_cstr(&packed, "before ");
            buf_cstr(&plain, "before ");
            struct str in = str_of(text, sizes[i]);
            cr_assert_eq(compress_bytes(methods[m], 0, in, &packed, &err), STATUS_OK);
            struct str bytes = str_slice(buf_view(&packed), 7, packed.len);
            cr_assert_eq(decompress_bytes(methods[m], bytes, &plain, &err), STATUS_OK, "%s: %s",
                         compression_name(methods[m]), err.message);
            cr_assert(str_eq(str_slice(buf_view(&plain), 7, plain.len), in));
            if (methods[m] != COMPRESSION_NONE && sizes[i] >= 5000)
                cr_assert_lt(bytes.len, sizes[i]);
            buf_release(&packed);
            buf_release(&plain);
            mem_free(text);
        }
    }
    compress_thread_release();
}

TEST(base_compress, one_byte_too_many_is_refused)
{
    char *text = sample(5000);
    for (size_t m = 0; m < COUNT(methods); m++) {
        struct buf packed, plain;
        struct error err = {0};
        buf_init(&packed, NULL, 1 << 20);
        cr_assert_eq(compress_bytes(methods[m], 0, str_of(text, 5000), &packed, &err), STATUS_OK);
        buf_init(&plain, NULL, 4999);
        cr_assert_eq(decompress_bytes(methods[m], buf_view(&packed), &plain, &err), STATUS_LIMIT);
        cr_assert_str_eq(err.message, "larger than the limit of 4999 bytes");
        cr_assert_eq(plain.len, 0);
        buf_release(&plain);
        /* Compression into too small a place, then into one that just suffices. */
        size_t len = packed.len;
        buf_init(&plain, NULL, len - 1);
        cr_assert_eq(compress_bytes(methods[m], 0, str_of(text, 5000), &plain, &err), STATUS_LIMIT);
        cr_assert_eq(plain.len, 0);
        buf_release(&plain);
        buf_init(&plain, NULL, len + 64);
        cr_assert_eq(compress_bytes(methods[m], 0, str_of(text, 5000), &plain, &err), STATUS_OK);
        buf_release(&plain);
        buf_release(&packed);
    }
    compress_thread_release();
    mem_free(text);
}

TEST(base_compress, damage_is_invalid_and_never_read_beyond)
{
    char *text = sample(3000);
    for (size_t m = 1; m < COUNT(methods); m++) {
        struct buf packed, plain;
        struct error err = {0};
        buf_init(&packed, NULL, 1 << 20);
        cr_assert_eq(compress_bytes(methods[m], 0, str_of(text, 3000), &packed, &err), STATUS_OK);
        buf_init(&plain, NULL, 1 << 20);
        for (size_t len = 0; len < packed.len; len += 7) {
            char *cut = mem_alloc(NULL, len);
            memcpy(cut, packed.data, len);
            cr_assert_neq(decompress_bytes(methods[m], str_of(cut, len), &plain, &err), STATUS_OK);
            cr_assert_eq(plain.len, 0);
            mem_free(cut);
        }
        for (size_t at = 0; at < packed.len; at++) {
            packed.data[at] ^= 0x55;
            decompress_bytes(methods[m], buf_view(&packed), &plain, &err);
            packed.data[at] ^= 0x55;
            buf_clear(&plain);
        }
        cr_assert_eq(decompress_bytes(methods[m], STR("garbage that is none"), &plain, &err),
                     STATUS_INVALID);
        buf_release(&plain);
        buf_release(&packed);
    }
    compress_thread_release();
    mem_free(text);
}

TEST(base_compress, several_members_and_frames_are_one_stream)
{
    static const enum compression streams[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD};
    for (size_t m = 0; m < 2; m++) {
        struct buf packed, plain;
        struct error err = {0};
        buf_init(&packed, NULL, 1 << 20);
        buf_init(&plain, NULL, 1 << 20);
        cr_assert_eq(compress_bytes(streams[m], 0, STR("first "), &packed, &err), STATUS_OK);
        cr_assert_eq(compress_bytes(streams[m], 0, STR(""), &packed, &err), STATUS_OK);
        cr_assert_eq(compress_bytes(streams[m], 9, STR("second"), &packed, &err), STATUS_OK);
        cr_assert_eq(decompress_bytes(streams[m], buf_view(&packed), &plain, &err), STATUS_OK);
        cr_assert(str_is(buf_view(&plain), "first second"));
        buf_byte(&packed, 'x');
        cr_assert_eq(decompress_bytes(streams[m], buf_view(&packed), &plain, &err), STATUS_INVALID);
        buf_release(&packed);
        buf_release(&plain);
    }
    compress_thread_release();
}

/* A zstd frame without a content size: magic, descriptor 0, window 1 KiB, then RLE blocks of 128
 * KiB. */
static void put_rle_frame(struct buf *b, unsigned blocks)
{
    buf_append(b, "\x28\xb5\x2f\xfd\x00\x38", 6); /* window 128 KiB */
    for (unsigned i = 0; i < blocks; i++) {
        uint32_t head = (uint32_t)(i + 1 == blocks) | 1u << 1 | (128u * 1024) << 3;
        char bytes[4] = {(char)head, (char)(head >> 8), (char)(head >> 16), 'z'};
        buf_append(b, bytes, 4);
    }
}

TEST(base_compress, bombs_cost_no_more_memory_than_the_limit)
{
    struct buf packed, plain;
    struct error err = {0};
    struct mem_owner owner = MEM_OWNER_INIT("bomb", 0);
    buf_init(&packed, NULL, 1 << 24);
    put_rle_frame(&packed, 10);
    buf_init(&plain, &owner, 2 << 20);
    cr_assert_eq(decompress_bytes(COMPRESSION_ZSTD, buf_view(&packed), &plain, &err), STATUS_OK,
                 "%s", err.message);
    cr_assert_eq(plain.len, 10 * 128 * 1024);
    buf_clear(&plain);
    buf_clear(&packed);
    put_rle_frame(&packed, 10000);
    cr_assert_eq(decompress_bytes(COMPRESSION_ZSTD, buf_view(&packed), &plain, &err), STATUS_LIMIT);
    cr_assert_leq(owner.peak, 2 << 20);
    buf_release(&plain);

    /* A snappy header that promises 4 GiB, one that promises more than its bytes can hold. */
    buf_init(&plain, &owner, (size_t)8 << 30);
    cr_assert_eq(
        decompress_bytes(COMPRESSION_SNAPPY, STR("\xff\xff\xff\xff\x0f\x00x"), &plain, &err),
        STATUS_INVALID);
    cr_assert_eq(plain.cap, 0);
    buf_release(&plain);
    buf_init(&plain, &owner, 1 << 20);
    cr_assert_eq(
        decompress_bytes(COMPRESSION_SNAPPY, STR("\xff\xff\xff\xff\x0f\x00x"), &plain, &err),
        STATUS_LIMIT);

    /* 8 MiB of zeros in gzip: refused by what the trailer says, and with a lying trailer as well.
     */
    char *zeros = mem_zalloc(NULL, 8 << 20);
    buf_clear(&packed);
    cr_assert_eq(compress_bytes(COMPRESSION_GZIP, 0, str_of(zeros, 8 << 20), &packed, &err),
                 STATUS_OK);
    cr_assert_eq(decompress_bytes(COMPRESSION_GZIP, buf_view(&packed), &plain, &err), STATUS_LIMIT);
    cr_assert_eq(plain.cap, 0);
    memset(packed.data + packed.len - 4, 0, 4);
    cr_assert_eq(decompress_bytes(COMPRESSION_GZIP, buf_view(&packed), &plain, &err), STATUS_LIMIT);
    cr_assert_leq(plain.cap, 1 << 20);
    mem_free(zeros);
    buf_release(&plain);
    buf_release(&packed);
    compress_thread_release();
}

TEST(base_compress, failing_memory_is_a_status)
{
    struct buf packed, plain;
    struct error err = {0};
    char *text = sample(100000);
    for (size_t m = 0; m < COUNT(methods); m++) {
        buf_init(&packed, NULL, 1 << 20);
        buf_init(&plain, NULL, 1 << 20);
        enum status status;
        for (uint64_t n = 1;; n++) {
            compress_thread_release();
            mem_fail_at(n);
            status = compress_bytes(methods[m], 0, str_of(text, 100000), &packed, &err);
            mem_fail_at(0);
            if (status == STATUS_OK)
                break;
            cr_assert_eq(status, STATUS_MEMORY);
            cr_assert_lt(n, 20);
        }
        for (uint64_t n = 1;; n++) {
            compress_thread_release();
            buf_release(&plain);
            mem_fail_at(n);
            status = decompress_bytes(methods[m], buf_view(&packed), &plain, &err);
            mem_fail_at(0);
            if (status == STATUS_OK)
                break;
            cr_assert_eq(status, STATUS_MEMORY);
            cr_assert_lt(n, 20);
        }
        cr_assert(str_eq(buf_view(&plain), str_of(text, 100000)));
        buf_release(&packed);
        buf_release(&plain);
    }
    mem_free(text);
    compress_thread_release();
}

TEST(base_compress, names)
{
    enum compression method;
    cr_assert(compression_from_name(STR("GZip"), &method) && method == COMPRESSION_GZIP);
    cr_assert(compression_from_name(STR("deflate"), &method) && method == COMPRESSION_ZLIB);
    cr_assert(compression_from_name(STR(""), &method) && method == COMPRESSION_NONE);
    cr_assert_not(compression_from_name(STR("br"), &method));
    cr_assert_str_eq(compression_name(COMPRESSION_SNAPPY), "snappy");
}
