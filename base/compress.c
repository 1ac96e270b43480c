/* One-shot compression. libdeflate for gzip and zlib, libzstd, libsnappy; each thread keeps its
 * contexts until compress_thread_release, because making one costs more than a small block.
 * Bounded by the output buffer: its memory grows with what is really decoded. */

#include "base/compress.h"

#include "base/deflate_fast.h"
#include "base/memory.h"

#include <libdeflate.h>
#include <snappy-c.h>
#include <string.h>
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

enum {
    LEVEL_DEFLATE = 1, /* gzip and zlib: log lines 330 MB/s and 5.4 : 1; level 6 has 140 and 6.1 */
    LEVEL_ZSTD = 1,    /* 570 MB/s and 6.2 : 1; level 3 has 300 and 5.9 */
    DEFLATE_RATIO_MAX = 1032, /* RFC 1951: 258 bytes from two bits */
    SNAPPY_RATIO_MAX = 22,    /* 64 bytes from a copy of three */
    ZSTD_WINDOW_LOG_MAX = 23, /* 8 MiB, what RFC 8878 asks decoders to offer */
    FIRST_GUESS = 4,          /* times the compressed size */
    GZIP_MIN = 18,
};

/* One thread's contexts; NULL until used. */
struct contexts {
    struct deflate_fast *fast;
    bool fast_tried;
    struct libdeflate_compressor *deflate;
    int deflate_level;
    struct libdeflate_decompressor *inflate;
    ZSTD_CCtx *zstd;
    ZSTD_DCtx *unzstd;
};

static _Thread_local struct contexts contexts;

static const struct {
    const char *name;
    enum compression method;
} names[] = {
    {"", COMPRESSION_NONE},         {"identity", COMPRESSION_NONE}, {"gzip", COMPRESSION_GZIP},
    {"deflate", COMPRESSION_ZLIB},  {"zlib", COMPRESSION_ZLIB},     {"zstd", COMPRESSION_ZSTD},
    {"snappy", COMPRESSION_SNAPPY},
};

bool compression_from_name(struct str name, enum compression *out)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_eq_fold(name, str_from(names[i].name))) {
            *out = names[i].method;
            return true;
        }
    }
    return false;
}

const char *compression_name(enum compression method)
{
    static const char *const all[] = {"none", "gzip", "zlib", "zstd", "snappy"};
    return (unsigned)method <= COMPRESSION_SNAPPY ? all[method] : "unknown";
}

static void *zstd_alloc(void *opaque, size_t size)
{
    (void)opaque;
    return mem_lib_malloc(size);
}

static void zstd_free(void *opaque, void *block)
{
    (void)opaque;
    mem_lib_free(block);
}

static const ZSTD_customMem zstd_memory = {.customAlloc = zstd_alloc, .customFree = zstd_free};

void compress_thread_release(void)
{
    deflate_fast_free(contexts.fast);
    libdeflate_free_compressor(contexts.deflate);
    libdeflate_free_decompressor(contexts.inflate);
    ZSTD_freeCCtx(contexts.zstd);
    ZSTD_freeDCtx(contexts.unzstd);
    contexts = (struct contexts){0};
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_MEMORY, "out of memory for compression");
}

static enum status too_large(const struct buf *out, struct error *err)
{
    return error_set(err, STATUS_LIMIT, "larger than the limit of %zu bytes", out->max);
}

static enum status malformed(enum compression method, struct error *err)
{
    return error_set(err, STATUS_INVALID, "%s: invalid data", compression_name(method));
}

static size_t room_of(const struct buf *out)
{
    return out->max - out->len;
}

/* Room for `more` bytes whose size a peer has chosen, so that failing memory is an answer. */
static char *try_reserve(struct buf *out, size_t more)
{
    if (out->cap - out->len >= more && out->data)
        return out->data + out->len;
    char *data = mem_try_realloc(out->owner, out->data, out->len + more);
    if (!data)
        return NULL;
    out->data = data;
    out->cap = out->len + more;
    return data + out->len;
}

/* Compression. */

static struct libdeflate_compressor *deflate_context(int level)
{
    if (contexts.deflate && contexts.deflate_level != level) {
        libdeflate_free_compressor(contexts.deflate);
        contexts.deflate = NULL;
    }
    if (!contexts.deflate) {
        libdeflate_set_memory_allocator(mem_lib_malloc, mem_lib_free);
        contexts.deflate = libdeflate_alloc_compressor(level);
        contexts.deflate_level = level;
    }
    return contexts.deflate;
}

static struct deflate_fast *fast_context(void)
{
    if (!contexts.fast_tried) {
        contexts.fast_tried = true;
        contexts.fast = deflate_fast_new();
    }
    return contexts.fast;
}

static enum status deflate_bytes(enum compression method, int level, struct str in, struct buf *out,
                                 struct error *err)
{
    bool gzip = method == COMPRESSION_GZIP;
    level = level <= 0 ? LEVEL_DEFLATE : level > 12 ? 12 : level;
    /* The same for gzip and zlib, and enough for both libraries. */
    size_t most = libdeflate_gzip_compress_bound(NULL, in.len);
    if (most > room_of(out))
        most = room_of(out);
    char *to = try_reserve(out, most);
    if (!to)
        return no_memory(err);
    struct deflate_fast *fast = level == LEVEL_DEFLATE ? fast_context() : NULL;
    size_t len = fast ? deflate_fast_run(fast, gzip, in, to, most) : 0;
    if (len == 0) {
        struct libdeflate_compressor *c = deflate_context(level);
        if (!c)
            return no_memory(err);
        const char *from = in.len ? in.ptr : "";
        len = gzip ? libdeflate_gzip_compress(c, from, in.len, to, most)
                   : libdeflate_zlib_compress(c, from, in.len, to, most);
    }
    if (len == 0)
        return too_large(out, err);
    out->len += len;
    return STATUS_OK;
}

static enum status zstd_bytes(int level, struct str in, struct buf *out, struct error *err)
{
    if (!contexts.zstd)
        contexts.zstd = ZSTD_createCCtx_advanced(zstd_memory);
    if (!contexts.zstd)
        return no_memory(err);
    size_t most = ZSTD_compressBound(in.len);
    if (most > room_of(out))
        most = room_of(out);
    char *to = try_reserve(out, most);
    if (!to)
        return no_memory(err);
    size_t len =
        ZSTD_compressCCtx(contexts.zstd, to, most, in.ptr, in.len, level > 0 ? level : LEVEL_ZSTD);
    if (ZSTD_isError(len))
        return ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation ? no_memory(err)
                                                                      : too_large(out, err);
    out->len += len;
    return STATUS_OK;
}

static enum status snappy_bytes(struct str in, struct buf *out, struct error *err)
{
    size_t most = snappy_max_compressed_length(in.len);
    if (in.len > UINT32_MAX)
        return error_set(err, STATUS_LIMIT, "snappy: larger than 4 GiB");
    /* The library wants the whole bound; a smaller buffer's bound is met afterwards. */
    bool tight = most > room_of(out);
    char *spare = tight ? mem_try_alloc(out->owner, most) : NULL;
    char *to = tight ? spare : try_reserve(out, most);
    if (!to)
        return no_memory(err);
    size_t len = most;
    snappy_status failed = snappy_compress(in.len ? in.ptr : "", in.len, to, &len);
    enum status status = STATUS_OK;
    if (failed != SNAPPY_OK || len > room_of(out)) {
        status = too_large(out, err);
    } else if (tight) {
        char *end = try_reserve(out, len);
        if (end)
            memcpy(end, spare, len);
        else
            status = no_memory(err);
    }
    if (status == STATUS_OK)
        out->len += len;
    mem_free(spare);
    return status;
}

static enum status copy_bytes(struct str in, struct buf *out, struct error *err)
{
    if (in.len > room_of(out))
        return too_large(out, err);
    char *to = try_reserve(out, in.len);
    if (!to)
        return no_memory(err);
    if (in.len)
        memcpy(to, in.ptr, in.len);
    out->len += in.len;
    return STATUS_OK;
}

enum status compress_bytes(enum compression method, int level, struct str in, struct buf *out,
                           struct error *err)
{
    if (!buf_ok(out))
        return too_large(out, err);
    switch (method) {
    case COMPRESSION_NONE: return copy_bytes(in, out, err);
    case COMPRESSION_GZIP:
    case COMPRESSION_ZLIB: return deflate_bytes(method, level, in, out, err);
    case COMPRESSION_ZSTD: return zstd_bytes(level, in, out, err);
    case COMPRESSION_SNAPPY: return snappy_bytes(in, out, err);
    }
    return error_set(err, STATUS_UNSUPPORTED, "unknown compression");
}

/* Decompression. */

static enum libdeflate_result inflate_once(enum compression method, struct str in, char *to,
                                           size_t room, size_t *used, size_t *len)
{
    struct libdeflate_decompressor *d = contexts.inflate;
    return method == COMPRESSION_GZIP
               ? libdeflate_gzip_decompress_ex(d, in.ptr, in.len, to, room, used, len)
               : libdeflate_zlib_decompress_ex(d, in.ptr, in.len, to, room, used, len);
}

/* What the last member of a gzip stream says of its size, modulo 2^32; 0 if it cannot be true. */
static size_t gzip_claim(struct str in)
{
    if (in.len < GZIP_MIN)
        return 0;
    const unsigned char *end = (const unsigned char *)in.ptr + in.len;
    size_t claim = end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
    return claim / DEFLATE_RATIO_MAX <= in.len ? claim : 0;
}

/* The size to try first. */
static size_t first_size(enum compression method, struct str in, size_t room)
{
    size_t guess = method == COMPRESSION_GZIP ? gzip_claim(in) : 0;
    if (guess == 0)
        guess = in.len > SIZE_MAX / FIRST_GUESS ? SIZE_MAX : in.len * FIRST_GUESS;
    if (guess < 256)
        guess = 256;
    return guess < room ? guess : room;
}

/* One gzip member or zlib stream at the start of `in`; larger and larger attempts, so that a small
 * result never touches more than four times its size. */
static enum status inflate_member(enum compression method, struct str in, struct buf *out,
                                  size_t *used, struct error *err)
{
    size_t room = room_of(out), size = first_size(method, in, room);
    for (;;) {
        char *to = try_reserve(out, size ? size : 1);
        if (!to)
            return no_memory(err);
        size_t len = 0;
        switch (inflate_once(method, in, to, size, used, &len)) {
        case LIBDEFLATE_SUCCESS: out->len += len; return STATUS_OK;
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            if (size == room)
                return too_large(out, err);
            size = size > room / 4 ? room : size * 4;
            break;
        case LIBDEFLATE_BAD_DATA:
        case LIBDEFLATE_SHORT_OUTPUT:
        default: return malformed(method, err);
        }
    }
}

static enum status inflate_bytes(enum compression method, struct str in, struct buf *out,
                                 struct error *err)
{
    if (!contexts.inflate) {
        libdeflate_set_memory_allocator(mem_lib_malloc, mem_lib_free);
        contexts.inflate = libdeflate_alloc_decompressor();
    }
    if (!contexts.inflate)
        return no_memory(err);
    /* True or not, such a stream cannot end well. */
    if (method == COMPRESSION_GZIP && gzip_claim(in) > room_of(out))
        return too_large(out, err);
    do {
        size_t used = 0;
        if (in.len == 0)
            return malformed(method, err);
        enum status status = inflate_member(method, in, out, &used, err);
        if (status != STATUS_OK)
            return status;
        in = str_slice(in, used, in.len);
    } while (in.len && method == COMPRESSION_GZIP);
    return in.len ? malformed(method, err) : STATUS_OK;
}

static enum status zstd_failure(size_t code, const struct buf *out, struct error *err)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation: return no_memory(err);
    case ZSTD_error_frameParameter_windowTooLarge:
        return error_set(err, STATUS_LIMIT, "zstd: window larger than 8 MiB");
    case ZSTD_error_dstSize_tooSmall: return too_large(out, err);
    default: return malformed(COMPRESSION_ZSTD, err);
    }
}

/* A frame that says how large it is. */
static enum status unzstd_sized(struct str frame, size_t size, struct buf *out, struct error *err)
{
    if (size > room_of(out))
        return too_large(out, err);
    char *to = try_reserve(out, size ? size : 1);
    if (!to)
        return no_memory(err);
    size_t len = ZSTD_decompressDCtx(contexts.unzstd, to, size, frame.ptr, frame.len);
    if (ZSTD_isError(len) || len != size)
        return ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation
                   ? no_memory(err)
                   : malformed(COMPRESSION_ZSTD, err);
    out->len += len;
    return STATUS_OK;
}

/* A frame of unknown size, decoded in growing steps through the window. */
static enum status unzstd_streamed(struct str frame, struct buf *out, struct error *err)
{
    ZSTD_inBuffer from = {.src = frame.ptr, .size = frame.len};
    size_t step = ZSTD_DStreamOutSize(), start = out->len, left;
    ZSTD_DCtx_reset(contexts.unzstd, ZSTD_reset_session_only);
    do {
        size_t room = room_of(out), done = out->len - start;
        size_t want = done > step ? done : step;
        want = want < room ? want : room;
        char beyond;
        char *to = want ? try_reserve(out, want) : &beyond;
        if (!to)
            return no_memory(err);
        ZSTD_outBuffer target = {.dst = to, .size = want ? want : 1};
        size_t taken = from.pos;
        left = ZSTD_decompressStream(contexts.unzstd, &target, &from);
        if (ZSTD_isError(left))
            return zstd_failure(left, out, err);
        if (!want && target.pos)
            return too_large(out, err);
        if (left && target.pos == 0 && from.pos == taken)
            return malformed(COMPRESSION_ZSTD, err); /* cut short */
        out->len += target.pos;
    } while (left);
    return STATUS_OK;
}

static enum status unzstd_bytes(struct str in, struct buf *out, struct error *err)
{
    if (!contexts.unzstd) {
        contexts.unzstd = ZSTD_createDCtx_advanced(zstd_memory);
        if (!contexts.unzstd)
            return no_memory(err);
        ZSTD_DCtx_setParameter(contexts.unzstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
    }
    if (in.len == 0)
        return malformed(COMPRESSION_ZSTD, err);
    while (in.len) {
        size_t frame_len = ZSTD_findFrameCompressedSize(in.ptr, in.len);
        if (ZSTD_isError(frame_len))
            return malformed(COMPRESSION_ZSTD, err);
        struct str frame = str_slice(in, 0, frame_len);
        unsigned long long size = ZSTD_getFrameContentSize(frame.ptr, frame.len);
        enum status status = STATUS_OK;
        if (size == ZSTD_CONTENTSIZE_ERROR)
            status = malformed(COMPRESSION_ZSTD, err);
        else if (size == ZSTD_CONTENTSIZE_UNKNOWN)
            status = unzstd_streamed(frame, out, err);
        else
            status = unzstd_sized(frame, (size_t)size, out, err);
        if (status != STATUS_OK)
            return status;
        in = str_slice(in, frame_len, in.len);
    }
    return STATUS_OK;
}

static enum status unsnappy_bytes(struct str in, struct buf *out, struct error *err)
{
    size_t size;
    if (in.len == 0 || snappy_uncompressed_length(in.ptr, in.len, &size) != SNAPPY_OK)
        return malformed(COMPRESSION_SNAPPY, err);
    if (size > room_of(out))
        return too_large(out, err);
    if (size / SNAPPY_RATIO_MAX > in.len)
        return malformed(COMPRESSION_SNAPPY, err);
    char *to = try_reserve(out, size ? size : 1);
    if (!to)
        return no_memory(err);
    if (snappy_uncompress(in.ptr, in.len, to, &size) != SNAPPY_OK)
        return malformed(COMPRESSION_SNAPPY, err);
    out->len += size;
    return STATUS_OK;
}

enum status decompress_bytes(enum compression method, struct str in, struct buf *out,
                             struct error *err)
{
    if (!buf_ok(out))
        return too_large(out, err);
    size_t before = out->len;
    enum status status = STATUS_OK;
    switch (method) {
    case COMPRESSION_NONE: status = copy_bytes(in, out, err); break;
    case COMPRESSION_GZIP:
    case COMPRESSION_ZLIB: status = inflate_bytes(method, in, out, err); break;
    case COMPRESSION_ZSTD: status = unzstd_bytes(in, out, err); break;
    case COMPRESSION_SNAPPY: status = unsnappy_bytes(in, out, err); break;
    default: status = error_set(err, STATUS_UNSUPPORTED, "unknown compression");
    }
    if (status != STATUS_OK)
        out->len = before;
    return status;
}
