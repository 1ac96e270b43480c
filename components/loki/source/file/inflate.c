/* Streams of compressed files over zlib. */

#include "components/loki/source/file/inflate.h"

#include "base/world.h"

#include <zlib.h>

enum { INPUT = 64 * 1024, STEP = 64 * 1024, PLAIN_MAX = 64 * 1024 * 1024 };

struct inflate {
    z_stream stream;
    int fd;
    bool is_zlib;
    bool at_end;
    bool in_member;
    int64_t read_at; /* of the file */
    int64_t from;    /* offset of the first byte of `plain` */
    struct buf plain;
    unsigned char input[INPUT];
};

static void *lib_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return mem_lib_calloc(count, size);
}

static void lib_free(void *opaque, void *block)
{
    (void)opaque;
    mem_lib_free(block);
}

struct inflate *inflate_new(int fd, bool is_zlib, struct mem_owner *owner, struct error *err)
{
    const int window = is_zlib ? MAX_WBITS : MAX_WBITS + 16;
    struct inflate *in = mem_try_alloc(owner, sizeof *in);
    if (in == NULL) {
        error_set(err, STATUS_MEMORY, "out of memory");
        return NULL;
    }
    *in = (struct inflate){.fd = fd};
    in->is_zlib = is_zlib;
    in->in_member = true;
    in->stream.zalloc = lib_alloc;
    in->stream.zfree = lib_free;
    buf_init(&in->plain, owner, PLAIN_MAX);
    (void)buf_reserve(&in->plain, STEP); /* so that no scope of a reader owns it */
    if (inflateInit2(&in->stream, window) == Z_OK)
        return in;
    buf_release(&in->plain);
    mem_free(in);
    error_set(err, STATUS_MEMORY, "out of memory");
    return NULL;
}

void inflate_free(struct inflate *in)
{
    if (in == NULL)
        return;
    inflateEnd(&in->stream);
    buf_release(&in->plain);
    mem_free(in);
}

/* False at the end of the file. */
static enum status take_input(struct inflate *in, bool *more, struct error *err)
{
    *more = true;
    if (in->stream.avail_in != 0)
        return STATUS_OK;
    ssize_t got = world_pread(in->fd, in->input, INPUT, in->read_at);
    if (got < 0)
        return error_errno(err, (int)-got, "read", "compressed file");
    in->read_at += got;
    in->stream.next_in = in->input;
    in->stream.avail_in = (unsigned)got;
    *more = got != 0;
    return STATUS_OK;
}

/* One step: appends up to STEP plain bytes, or finds the end. */
static enum status step(struct inflate *in, struct error *err)
{
    bool more;
    enum status status = take_input(in, &more, err);
    if (status != STATUS_OK)
        return status;
    if (!more) {
        in->at_end = true;
        return in->in_member ? error_set(err, STATUS_INVALID, "unexpected EOF") : STATUS_OK;
    }
    if (!in->in_member && (in->is_zlib || inflateReset(&in->stream) != Z_OK)) {
        in->at_end = true; /* what stands behind a zlib stream is not ours */
        return STATUS_OK;
    }
    in->in_member = true;
    char *room = buf_reserve(&in->plain, STEP);
    if (room == NULL)
        return error_set(err, STATUS_LIMIT, "more than %d bytes in one line", PLAIN_MAX);
    in->stream.next_out = (unsigned char *)room;
    in->stream.avail_out = STEP;
    int result = inflate(&in->stream, Z_NO_FLUSH);
    in->plain.len += STEP - in->stream.avail_out;
    if (result == Z_STREAM_END)
        in->in_member = false;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return error_set(err, STATUS_INVALID, "%s",
                         in->stream.msg != NULL ? in->stream.msg : "invalid compressed data");
    return STATUS_OK;
}

static void drop_before(struct inflate *in, int64_t from)
{
    int64_t drop = from - in->from;
    if (drop > (int64_t)in->plain.len)
        drop = (int64_t)in->plain.len;
    if (drop > 0) {
        buf_drop_front(&in->plain, (size_t)drop);
        in->from += drop;
    }
}

enum status inflate_view(struct inflate *in, int64_t from, size_t want, struct str *out,
                         struct error *err)
{
    enum status status = STATUS_OK;
    drop_before(in, from);
    while (status == STATUS_OK && !in->at_end && (in->from < from || in->plain.len < want)) {
        status = step(in, err);
        drop_before(in, from);
    }
    *out = str_slice(buf_view(&in->plain), 0, want);
    return status;
}
