/* Chunked bodies (RFC 9112 §7.1): a byte machine, strict about line ends. Extensions and trailer
 * fields are skipped and bounded. Pure. */

#include "runtime/net/server.h"

enum { EXTRA_MAX = 8 * 1024, DIGITS_MAX = 15 };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum chunk_state on_size(struct chunk_reader *reader, char c)
{
    int digit = hex_value(c);
    if (digit >= 0) {
        reader->left = reader->left * 16 + (unsigned)digit;
        return ++reader->digits > DIGITS_MAX ? CHUNK_BAD : CHUNK_SIZE;
    }
    if (reader->digits == 0)
        return CHUNK_BAD;
    return c == '\r'                           ? CHUNK_SIZE_LF
           : c == ';' || c == ' ' || c == '\t' ? CHUNK_EXTENSION
                                               : CHUNK_BAD;
}

static enum chunk_state after_size(struct chunk_reader *reader)
{
    reader->digits = 0;
    return reader->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
}

/* A byte of a line that is skipped: up to CR. */
static enum chunk_state skip(struct chunk_reader *reader, char c, enum chunk_state stay,
                             enum chunk_state line_end)
{
    if (++reader->extra > EXTRA_MAX || c == '\n' || c == '\0')
        return CHUNK_BAD;
    return c == '\r' ? line_end : stay;
}

static enum chunk_state step(struct chunk_reader *reader, char c)
{
    switch (reader->state) {
    case CHUNK_SIZE: return on_size(reader, c);
    case CHUNK_EXTENSION: return skip(reader, c, CHUNK_EXTENSION, CHUNK_SIZE_LF);
    case CHUNK_SIZE_LF: return c == '\n' ? after_size(reader) : CHUNK_BAD;
    case CHUNK_DATA_CR: return c == '\r' ? CHUNK_DATA_LF : CHUNK_BAD;
    case CHUNK_DATA_LF: return c == '\n' ? CHUNK_SIZE : CHUNK_BAD;
    case CHUNK_TRAILER: return skip(reader, c, CHUNK_TRAILER_LINE, CHUNK_END_LF);
    case CHUNK_TRAILER_LINE: return skip(reader, c, CHUNK_TRAILER_LINE, CHUNK_TRAILER_LF);
    case CHUNK_TRAILER_LF: return c == '\n' ? CHUNK_TRAILER : CHUNK_BAD;
    case CHUNK_END_LF: return c == '\n' ? CHUNK_DONE : CHUNK_BAD;
    case CHUNK_DATA:
    case CHUNK_DONE:
    case CHUNK_BAD: break;
    }
    return CHUNK_BAD;
}

size_t chunk_read(struct chunk_reader *reader, struct str bytes, struct str *data)
{
    size_t at = 0;
    *data = STR_NONE;
    while (at < bytes.len && reader->state != CHUNK_DONE && reader->state != CHUNK_BAD) {
        if (reader->state != CHUNK_DATA) {
            reader->state = step(reader, bytes.ptr[at++]);
            continue;
        }
        size_t len = bytes.len - at < reader->left ? bytes.len - at : (size_t)reader->left;
        *data = str_of(bytes.ptr + at, len);
        reader->left -= len;
        if (reader->left == 0)
            reader->state = CHUNK_DATA_CR;
        return at + len;
    }
    return at;
}
