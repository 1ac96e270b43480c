#ifndef COMPONENTS_LOKI_SOURCE_FILE_LINES_H
#define COMPONENTS_LOKI_SOURCE_FILE_LINES_H

/* Bytes of a file into log entries. Lines end with LF; one CR before it is left out. Entries are
 * slices of the bytes where these are UTF-8 or taken as they are, else texts in the batch's arena.
 * Pure; the batch is the caller's. */

#include "base/error.h"
#include "runtime/telemetry/batch.h"

enum { FILE_LINE_MAX = 16 * 1024 * 1024 };

enum text_encoding {
    TEXT_AS_IS,
    TEXT_UTF8, /* what is not UTF-8 becomes U+FFFD */
    TEXT_UTF16BE,
    TEXT_UTF16LE,
    TEXT_LATIN1,
};

/* From a name of IANA's registry; "" is TEXT_AS_IS. STATUS_UNSUPPORTED for others. */
enum status text_encoding_parse(struct str name, enum text_encoding *out, struct error *err);
/* Looks for a byte order mark at the start of a file; returns its length and sets the encoding. */
size_t text_encoding_mark(struct str start, enum text_encoding *encoding);
/* Offset behind the last line end of the bytes (which begin on a whole character), or 0. */
size_t lines_last_end(struct str bytes, enum text_encoding encoding);

struct line_split {
    struct labels *labels; /* borrowed; each entry takes a reference */
    int64_t t_ns;          /* of the first entry; each further one is 1 ns later */
    enum text_encoding encoding;
    bool whole; /* what stands behind the last line end is a line, too */
};

/* Adds entries; returns the bytes that were used up: up to the last line end, or less when the
 * batch is full. */
size_t lines_split(struct log_batch *out, struct str bytes, const struct line_split *how);

#endif
