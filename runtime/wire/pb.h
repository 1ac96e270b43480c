#ifndef RUNTIME_WIRE_PB_H
#define RUNTIME_WIRE_PB_H

/* The protobuf wire format (protobuf.dev/programming-guides/encoding), one level at a time: a
 * reader that walks the fields of one message and never recurses, and a writer of single fields.
 * The caller bounds depth and counts. */

#include "base/buf.h"
#include "base/str.h"

#include <string.h>

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_field {
    uint32_t number;
    uint8_t wire;     /* enum pb_wire */
    uint64_t value;   /* VARINT, FIXED64, FIXED32 */
    struct str bytes; /* BYTES: a view into the message */
};

/* A cursor over the fields of one message. */
struct pb_reader {
    const unsigned char *at;
    const unsigned char *end;
    bool bad; /* framing was broken; pb_next returns false from then on */
};

static inline struct pb_reader pb_read(struct str message)
{
    const unsigned char *p = (const unsigned char *)message.ptr;
    return (struct pb_reader){p, message.len != 0 ? p + message.len : p, false};
}

/* False at the end or when the framing is broken. Groups (wire types 3, 4) count as broken. */
bool pb_next(struct pb_reader *r, struct pb_field *field);
/* One varint of a packed field. */
bool pb_varint(struct pb_reader *r, uint64_t *value);
bool pb_fixed64(struct pb_reader *r, uint64_t *value);
bool pb_fixed32(struct pb_reader *r, uint32_t *value);

static inline int64_t pb_zigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static inline uint64_t pb_unzigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline double pb_double(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static inline uint64_t pb_bits(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

/* Bytes of the varint: 1 … 10. */
size_t pb_varint_size(uint64_t value);
/* Bytes of tag, length and body of a length-delimited field. */
size_t pb_bytes_size(uint32_t number, size_t len);

void pb_write_varint(struct buf *out, uint64_t value);
void pb_write_tag(struct buf *out, uint32_t number, enum pb_wire wire);
void pb_write_u64(struct buf *out, uint32_t number, uint64_t value);
void pb_write_fixed64(struct buf *out, uint32_t number, uint64_t value);
void pb_write_fixed32(struct buf *out, uint32_t number, uint32_t value);
void pb_write_double(struct buf *out, uint32_t number, double value);
void pb_write_bytes(struct buf *out, uint32_t number, struct str bytes);

/* Nested messages written in one pass: bodies go to a scratch buffer without the lengths of what
 * they contain; pb_nest_finish puts the lengths in while it copies, linearly. Depth is bounded. */
enum { PB_NEST_DEPTH = 128 };

struct pb_nest_mark {
    size_t at;    /* where the body begins in the scratch */
    uint64_t len; /* of the body, once closed */
};

struct pb_nest {
    struct buf scratch; /* write fields here */
    struct pb_nest_mark *marks;
    size_t mark_count, mark_cap;
    struct {
        size_t mark;
        size_t extra; /* bytes that the lengths of nested messages will add */
    } open[PB_NEST_DEPTH];
    size_t depth;
};

void pb_nest_init(struct pb_nest *n, struct mem_owner *owner, size_t max);
void pb_nest_release(struct pb_nest *n);
/* Begins a message as field `number`; false when too deep. */
bool pb_nest_open(struct pb_nest *n, uint32_t number);
void pb_nest_close(struct pb_nest *n);
/* Appends everything to `out` and empties `n`; every message must be closed. */
void pb_nest_finish(struct pb_nest *n, struct buf *out);

#endif
