#ifndef RUNTIME_WIRE_SAMPLE_V1_H
#define RUNTIME_WIRE_SAMPLE_V1_H

/* A sample as version 1's request has it: field 1 of prometheus.WriteRequest, a TimeSeries with its
 * labels (field 1, encoded before) and one Sample (field 2: value 1, timestamp 2). */

#include "runtime/wire/pb.h"
#include "runtime/wire/put.h"

/* Sample and exemplar have value and time in this order, from field `first` on. */
static inline char *put_value_time(char *at, uint32_t first, double value, int64_t t_ms)
{
    *at++ = (char)(first << 3 | PB_FIXED64);
    at = put_double(at, value);
    *at++ = (char)((first + 1) << 3 | PB_VARINT);
    return put_varint(at, (uint64_t)t_ms);
}

static inline size_t value_time_size(int64_t t_ms)
{
    return 10 + varint_size((uint64_t)t_ms);
}

/* The size of the TimeSeries itself. */
static inline size_t sample_v1_size(struct str labels, int64_t t_ms)
{
    size_t inner = value_time_size(t_ms);
    return labels.len + 1 + varint_size(inner) + inner;
}

static inline char *put_sample_v1(char *at, struct str labels, double value, int64_t t_ms)
{
    *at++ = 1 << 3 | PB_BYTES;
    at = put_bytes(put_varint(at, sample_v1_size(labels, t_ms)), labels);
    *at++ = 2 << 3 | PB_BYTES;
    at = put_varint(at, value_time_size(t_ms));
    return put_value_time(at, 1, value, t_ms);
}

#endif
