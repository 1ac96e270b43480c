/* Lines of a file, in the encodings that loki.source.file reads. */

#include "components/loki/source/file/lines.h"

#include <stdio.h>

static const struct {
    const char *name;
    enum text_encoding encoding;
} names[] = {
    {"", TEXT_AS_IS},           {"utf-8", TEXT_UTF8},        {"utf8", TEXT_UTF8},
    {"us-ascii", TEXT_UTF8},    {"utf-16", TEXT_UTF16BE},    {"utf-16be", TEXT_UTF16BE},
    {"utf-16le", TEXT_UTF16LE}, {"iso-8859-1", TEXT_LATIN1}, {"latin1", TEXT_LATIN1},
    {"l1", TEXT_LATIN1},
};

enum status text_encoding_parse(struct str name, enum text_encoding *out, struct error *err)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_eq_fold(name, str_from(names[i].name))) {
            *out = names[i].encoding;
            return STATUS_OK;
        }
    }
    return error_set(err, STATUS_UNSUPPORTED,
                     "encoding \"%.*s\" is not supported by invar yet: it reads UTF-8, UTF-16, "
                     "UTF-16BE, UTF-16LE and ISO-8859-1",
                     STR_ARG(name));
}

size_t text_encoding_mark(struct str start, enum text_encoding *encoding)
{
    if (str_starts(start, STR("\xef\xbb\xbf"))) {
        *encoding = TEXT_AS_IS;
        return 3;
    }
    if (str_starts(start, STR("\xfe\xff"))) {
        *encoding = TEXT_UTF16BE;
        return 2;
    }
    if (str_starts(start, STR("\xff\xfe"))) {
        *encoding = TEXT_UTF16LE;
        return 2;
    }
    return 0;
}

static bool is_wide(enum text_encoding encoding)
{
    return encoding == TEXT_UTF16BE || encoding == TEXT_UTF16LE;
}

static unsigned unit_at(struct str bytes, size_t at, enum text_encoding encoding)
{
    unsigned first = (unsigned char)bytes.ptr[at];
    unsigned second = (unsigned char)bytes.ptr[at + 1];
    return encoding == TEXT_UTF16BE ? first << 8 | second : second << 8 | first;
}

/* Offset of the line end at or after `from`, SIZE_MAX without one. */
static size_t find_end(struct str bytes, size_t from, enum text_encoding encoding)
{
    if (!is_wide(encoding))
        return str_find_byte(bytes, '\n', from);
    for (size_t at = from; at + 1 < bytes.len; at += 2) {
        if (unit_at(bytes, at, encoding) == '\n')
            return at;
    }
    return SIZE_MAX;
}

size_t lines_last_end(struct str bytes, enum text_encoding encoding)
{
    if (!is_wide(encoding)) {
        size_t at = str_rfind_byte(bytes, '\n');
        return at == SIZE_MAX ? 0 : at + 1;
    }
    for (size_t end = bytes.len & ~(size_t)1; end >= 2; end -= 2) {
        if (unit_at(bytes, end - 2, encoding) == '\n')
            return end;
    }
    return 0;
}

/* ---- decoding ---- */
static char *put_utf8(char *at, unsigned c)
{
    if (c < 0x80) {
        *at++ = (char)c;
    } else if (c < 0x800) {
        *at++ = (char)(0xc0 | c >> 6);
        *at++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *at++ = (char)(0xe0 | c >> 12);
        *at++ = (char)(0x80 | (c >> 6 & 0x3f));
        *at++ = (char)(0x80 | (c & 0x3f));
    } else {
        *at++ = (char)(0xf0 | c >> 18);
        *at++ = (char)(0x80 | (c >> 12 & 0x3f));
        *at++ = (char)(0x80 | (c >> 6 & 0x3f));
        *at++ = (char)(0x80 | (c & 0x3f));
    }
    return at;
}

/* A character of UTF-16; halves of pairs that stand alone, and half a unit, are U+FFFD. */
static unsigned take_utf16(struct str bytes, size_t *at, enum text_encoding encoding)
{
    if (bytes.len - *at < 2) {
        *at = bytes.len;
        return 0xfffd;
    }
    unsigned unit = unit_at(bytes, *at, encoding);
    *at += 2;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    if (unit > 0xdbff || bytes.len - *at < 2)
        return 0xfffd;
    unsigned low = unit_at(bytes, *at, encoding);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *at += 2;
    return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
}

/* Length of the UTF-8 character at `at`, 0 when there is none. */
static size_t utf8_len(struct str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.ptr + at;
    size_t left = s.len - at;
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
               (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : len;
}

static bool is_utf8(struct str s)
{
    for (size_t at = 0, len; at < s.len; at += len) {
        len = utf8_len(s, at);
        if (len == 0)
            return false;
    }
    return true;
}

static struct str decode(struct arena *arena, struct str line, enum text_encoding encoding)
{
    if (encoding == TEXT_AS_IS || (encoding == TEXT_UTF8 && is_utf8(line)))
        return line;
    /* Three bytes a byte at most: U+FFFD. */
    char *text = arena_alloc(arena, line.len * 3 + 1), *end = text;
    size_t at = 0;
    while (at < line.len) {
        if (encoding == TEXT_LATIN1) {
            end = put_utf8(end, (unsigned char)line.ptr[at++]);
        } else if (encoding != TEXT_UTF8) {
            end = put_utf8(end, take_utf16(line, &at, encoding));
        } else {
            size_t len = utf8_len(line, at);
            if (len == 0) {
                end = put_utf8(end, 0xfffd);
                at++;
                continue;
            }
            memcpy(end, line.ptr + at, len);
            end += len;
            at += len;
        }
    }
    return str_of(text, (size_t)(end - text));
}

/* Without the CR at its end. */
static struct str trim_end(struct str line, enum text_encoding encoding)
{
    if (!is_wide(encoding)) {
        if (line.len != 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
    } else if (line.len >= 2 && line.len % 2 == 0 &&
               unit_at(line, line.len - 2, encoding) == '\r') {
        line.len -= 2;
    }
    return line;
}

static bool add(struct log_batch *out, struct str line, const struct line_split *how)
{
    struct log_entry entry = {
        .t_ns = how->t_ns + (int64_t)out->entry_count,
        .line = decode(&out->base.arena, trim_end(line, how->encoding), how->encoding),
        .labels = labels_ref(how->labels),
    };
    if (log_batch_add(out, &entry))
        return true;
    labels_unref(how->labels);
    return false;
}

size_t lines_split(struct log_batch *out, struct str bytes, const struct line_split *how)
{
    size_t step = is_wide(how->encoding) ? 2 : 1;
    size_t at = 0;
    while (at < bytes.len) {
        size_t end = find_end(bytes, at, how->encoding);
        if (end == SIZE_MAX)
            break;
        if (!add(out, str_slice(bytes, at, end), how))
            return at;
        at = end + step;
    }
    if (how->whole && at < bytes.len && add(out, str_slice(bytes, at, bytes.len), how))
        at = bytes.len;
    return at;
}
