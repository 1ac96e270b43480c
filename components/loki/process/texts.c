/* Texts as Go's package strings changes them. */

#include "components/loki/process/texts.h"

#include "base/strconv.h"

enum { RUNE_BYTES = 4 };

void texts_case(struct buf *out, struct str text, bool upper)
{
    while (text.len != 0) {
        unsigned size;
        uint32_t rune = utf8_decode(text, &size);
        utf8_append(out, upper ? unicode_to_upper(rune) : unicode_to_lower(rune));
        text = str_slice(text, size, text.len);
    }
}

/* Before every rune and at the end. */
static void replace_nothing(struct buf *out, struct str text, struct str with, int64_t limit)
{
    for (; limit != 0; limit--) {
        unsigned size = 0;
        buf_str(out, with);
        if (text.len == 0)
            return;
        utf8_decode(text, &size);
        buf_str(out, str_slice(text, 0, size));
        text = str_slice(text, size, text.len);
    }
    buf_str(out, text);
}

void texts_replace(struct buf *out, struct str text, struct str old, struct str with, int64_t limit)
{
    size_t at = 0;
    if (old.len == 0) {
        replace_nothing(out, text, with, limit);
        return;
    }
    for (; limit != 0 && buf_ok(out); limit--) {
        size_t found = str_find(text, old, at);
        if (found == SIZE_MAX)
            break;
        buf_str(out, str_slice(text, at, found));
        buf_str(out, with);
        at = found + old.len;
    }
    buf_str(out, str_slice(text, at, text.len));
}

static bool has_rune(struct str set, uint32_t rune)
{
    while (set.len != 0) {
        unsigned size;
        if (utf8_decode(set, &size) == rune)
            return true;
        set = str_slice(set, size, set.len);
    }
    return false;
}

size_t texts_last_rune(struct str text)
{
    for (size_t back = 1; back <= RUNE_BYTES && back <= text.len; back++) {
        unsigned size;
        struct str tail = str_slice(text, text.len - back, text.len);
        if (utf8_decode(tail, &size) != UTF8_BAD || size > 1) {
            if (size == back)
                return text.len - back;
        }
    }
    return text.len - 1;
}

struct str texts_cut_left(struct str text, struct str set)
{
    unsigned size;
    while (text.len != 0 && has_rune(set, utf8_decode(text, &size)))
        text = str_slice(text, size, text.len);
    return text;
}

struct str texts_cut_right(struct str text, struct str set)
{
    unsigned size;
    while (text.len != 0) {
        size_t from = texts_last_rune(text);
        if (!has_rune(set, utf8_decode(str_slice(text, from, text.len), &size)))
            break;
        text.len = from;
    }
    return text;
}

struct str texts_space_left(struct str text)
{
    unsigned size;
    while (text.len != 0 && unicode_is_space(utf8_decode(text, &size)))
        text = str_slice(text, size, text.len);
    return text;
}

struct str texts_space_right(struct str text)
{
    unsigned size;
    while (text.len != 0) {
        size_t from = texts_last_rune(text);
        if (!unicode_is_space(utf8_decode(str_slice(text, from, text.len), &size)))
            break;
        text.len = from;
    }
    return text;
}
