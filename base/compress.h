#ifndef BASE_COMPRESS_H
#define BASE_COMPRESS_H

/* One-shot (de)compression behind one door: gzip (RFC 1952), zlib (RFC 1950), zstd (RFC 8878),
 * snappy block format (Prometheus remote write, Loki push). Decompression is bounded by out->max
 * and is refused with STATUS_LIMIT before that much memory is touched; lying headers are
 * STATUS_INVALID. Multi-member gzip and several zstd frames are read as one stream. Thread-safe. */

#include "base/buf.h"
#include "base/error.h"

enum compression {
    COMPRESSION_NONE,
    COMPRESSION_GZIP,
    COMPRESSION_ZLIB,
    COMPRESSION_ZSTD,
    COMPRESSION_SNAPPY,
};

/* Appends to `out`. `level` 0 = the default of the method (chosen by measurement). */
enum status compress_bytes(enum compression method, int level, struct str in, struct buf *out,
                           struct error *err);
enum status decompress_bytes(enum compression method, struct str in, struct buf *out,
                             struct error *err);
/* From an HTTP Content-Encoding / grpc-encoding token: "gzip", "zstd", "snappy", "deflate", "zlib",
 * "identity",
 * "" (none). False when unknown. */
bool compression_from_name(struct str name, enum compression *out);
const char *compression_name(enum compression method);

/* Frees the contexts that this thread keeps from one call to the next: call it before a thread
 * ends. */
void compress_thread_release(void);

#endif
