#ifndef RUNTIME_WIRE_PUT_H
#define RUNTIME_WIRE_PUT_H

/* Unchecked writing of wire numbers, for code that has reserved the room before: a varint takes at
 * most PUT_VARINT_MAX bytes. All return the place behind what they wrote. */

#include "base/str.h"

enum { PUT_VARINT_MAX = 10 };

static inline char *put_varint(char *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (char)(value | 0x80);
        value >>= 7;
    }
    *at++ = (char)value;
    return at;
}

static inline char *put_zigzag(char *at, int64_t value)
{
    return put_varint(at, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

/* Little-endian, as protobuf's fixed64. */
static inline char *put_double(char *at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bits = __builtin_bswap64(bits);
#endif
    memcpy(at, &bits, sizeof(bits));
    return at + sizeof(bits);
}

static inline double get_double(const void *at)
{
    uint64_t bits;
    double value;
    memcpy(&bits, at, sizeof(bits));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bits = __builtin_bswap64(bits);
#endif
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline char *put_bytes(char *at, struct str s)
{
    if (s.len)
        memcpy(at, s.ptr, s.len);
    return at + s.len;
}

static inline size_t varint_size(uint64_t value)
{
    return (size_t)(70 - __builtin_clzll(value | 1)) / 7;
}

#endif
