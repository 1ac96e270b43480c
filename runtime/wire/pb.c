/* The protobuf wire format, one level at a time. Owns nothing; reads stay inside the message they
 * were given. */

#include "runtime/wire/pb.h"

#include "base/error.h"
#include "base/vec.h"

bool pb_varint(struct pb_reader *r, uint64_t *value)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        unsigned char byte = *r->at++;
        if (shift == 63 && byte > 1)
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = v;
            return true;
        }
    }
    r->bad = true;
    return false;
}

bool pb_fixed64(struct pb_reader *r, uint64_t *value)
{
    if (r->end - r->at < 8) {
        r->bad = true;
        return false;
    }
    memcpy(value, r->at, 8);
    r->at += 8;
    return true;
}

bool pb_fixed32(struct pb_reader *r, uint32_t *value)
{
    if (r->end - r->at < 4) {
        r->bad = true;
        return false;
    }
    memcpy(value, r->at, 4);
    r->at += 4;
    return true;
}

static bool next_bytes(struct pb_reader *r, struct str *bytes)
{
    uint64_t len;
    if (!pb_varint(r, &len))
        return false;
    if (len > (uint64_t)(r->end - r->at)) {
        r->bad = true;
        return false;
    }
    *bytes = str_of((const char *)r->at, (size_t)len);
    r->at += len;
    return true;
}

bool pb_next(struct pb_reader *r, struct pb_field *field)
{
    uint64_t tag;
    uint32_t word;
    if (r->bad || r->at >= r->end || !pb_varint(r, &tag))
        return false;
    field->wire = (uint8_t)(tag & 7);
    field->bytes = STR_NONE; /* nothing of an earlier message is left */
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff) {
        r->bad = true;
        return false;
    }
    field->number = (uint32_t)(tag >> 3);
    switch (field->wire) {
    case PB_VARINT: return pb_varint(r, &field->value);
    case PB_FIXED64: return pb_fixed64(r, &field->value);
    case PB_BYTES: return next_bytes(r, &field->bytes);
    case PB_FIXED32:
        if (!pb_fixed32(r, &word))
            return false;
        field->value = word;
        return true;
    default: r->bad = true; return false;
    }
}

size_t pb_varint_size(uint64_t value)
{
    return (size_t)((63 - __builtin_clzll(value | 1)) / 7) + 1;
}

size_t pb_bytes_size(uint32_t number, size_t len)
{
    return pb_varint_size((uint64_t)number << 3) + pb_varint_size(len) + len;
}

void pb_write_varint(struct buf *out, uint64_t value)
{
    char *p = buf_reserve(out, 10);
    if (p == NULL)
        return;
    size_t n = 0;
    while (value >= 0x80) {
        p[n++] = (char)(value | 0x80);
        value >>= 7;
    }
    p[n++] = (char)value;
    out->len += n;
}

void pb_write_tag(struct buf *out, uint32_t number, enum pb_wire wire)
{
    pb_write_varint(out, (uint64_t)number << 3 | wire);
}

void pb_write_u64(struct buf *out, uint32_t number, uint64_t value)
{
    pb_write_tag(out, number, PB_VARINT);
    pb_write_varint(out, value);
}

void pb_write_fixed64(struct buf *out, uint32_t number, uint64_t value)
{
    pb_write_tag(out, number, PB_FIXED64);
    buf_append(out, &value, sizeof value);
}

void pb_write_fixed32(struct buf *out, uint32_t number, uint32_t value)
{
    pb_write_tag(out, number, PB_FIXED32);
    buf_append(out, &value, sizeof value);
}

void pb_write_double(struct buf *out, uint32_t number, double value)
{
    pb_write_fixed64(out, number, pb_bits(value));
}

void pb_write_bytes(struct buf *out, uint32_t number, struct str bytes)
{
    pb_write_tag(out, number, PB_BYTES);
    pb_write_varint(out, bytes.len);
    buf_str(out, bytes);
}

void pb_nest_init(struct pb_nest *n, struct mem_owner *owner, size_t max)
{
    memset(n, 0, sizeof *n);
    buf_init(&n->scratch, owner, max);
}

void pb_nest_release(struct pb_nest *n)
{
    mem_free(n->marks);
    buf_release(&n->scratch);
    memset(n, 0, sizeof *n);
}

bool pb_nest_open(struct pb_nest *n, uint32_t number)
{
    if (n->depth == PB_NEST_DEPTH)
        return false;
    pb_write_tag(&n->scratch, number, PB_BYTES);
    n->marks = vec_room(n->marks, n->mark_count, &n->mark_cap, sizeof *n->marks);
    n->marks[n->mark_count] = (struct pb_nest_mark){n->scratch.len, 0};
    n->open[n->depth].mark = n->mark_count++;
    n->open[n->depth].extra = 0;
    n->depth++;
    return true;
}

void pb_nest_close(struct pb_nest *n)
{
    ASSERT(n->depth != 0);
    n->depth--;
    struct pb_nest_mark *mark = &n->marks[n->open[n->depth].mark];
    size_t extra = n->open[n->depth].extra;
    mark->len = n->scratch.len - mark->at + extra;
    if (n->depth != 0)
        n->open[n->depth - 1].extra += extra + pb_varint_size(mark->len);
}

void pb_nest_finish(struct pb_nest *n, struct buf *out)
{
    ASSERT(n->depth == 0);
    size_t from = 0;
    if (n->scratch.overflow)
        out->overflow = true;
    for (size_t i = 0; i < n->mark_count && !out->overflow; i++) {
        struct pb_nest_mark *mark = &n->marks[i];
        buf_append(out, n->scratch.data + from, mark->at - from);
        pb_write_varint(out, mark->len);
        from = mark->at;
    }
    if (!out->overflow && n->scratch.len != from) {
        buf_append(out, n->scratch.data + from, n->scratch.len - from);
    }
    n->mark_count = 0;
    buf_clear(&n->scratch);
}
