#ifndef COMPONENTS_LOKI_SOURCE_FILE_INFLATE_H
#define COMPONENTS_LOKI_SOURCE_FILE_INFLATE_H

/* Reading a gzip (RFC 1952, several members) or zlib (RFC 1950) file as a stream, with bounded
 * memory whatever its size: a block of input, and the plain bytes that are asked for. Owns zlib's
 * state; the descriptor is borrowed. */

#include "base/buf.h"
#include "base/error.h"

struct inflate;

struct inflate *inflate_new(int fd, bool is_zlib, struct mem_owner *owner, struct error *err);
void inflate_free(struct inflate *in); /* NULL is fine */
/* Plain bytes from offset `from` on: `want` of them, or less at the end of the stream. Offsets must
 * not go back behind what was asked for last. The view holds until the next call. */
enum status inflate_view(struct inflate *in, int64_t from, size_t want, struct str *out,
                         struct error *err);

#endif
