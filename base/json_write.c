/* The JSON writer, as Go's encoding/json prints. Bounded by the output buffer. */

#include "base/error.h"
#include "base/json.h"
#include "base/strconv.h"

#include <math.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

/* ASCII that stands for itself in a string. */
static bool is_plain(unsigned char c, bool html)
{
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
        return false;
    return !html || (c != '<' && c != '>' && c != '&');
}

static void escape_ascii(struct buf *out, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        buf_byte(out, '\\');
        buf_byte(out, to[known - from]);
        return;
    }
    buf_cstr(out, "\\u00");
    buf_byte(out, hex_digits[c >> 4]);
    buf_byte(out, hex_digits[c & 15]);
}

void json_write_string(struct buf *out, struct str text, bool html)
{
    buf_byte(out, '"');
    size_t plain = 0; /* start of what needs no escape */
    for (size_t i = 0; i < text.len;) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (is_plain(c, html)) {
            i++;
            continue;
        }
        unsigned size = 1;
        uint32_t rune = c < 0x80 ? c : utf8_decode(str_slice(text, i, text.len), &size);
        bool bad = rune == UTF8_BAD && size == 1, separator = rune == 0x2028 || rune == 0x2029;
        if (c >= 0x80 && !bad && !separator) {
            i += size;
            continue;
        }
        buf_str(out, str_slice(text, plain, i));
        if (bad)
            buf_cstr(out, "\\ufffd");
        else if (separator)
            buf_cstr(out, rune == 0x2028 ? "\\u2028" : "\\u2029");
        else
            escape_ascii(out, c);
        i += size;
        plain = i;
    }
    buf_str(out, str_slice(text, plain, text.len));
    buf_byte(out, '"');
}

void json_write_number(struct buf *out, double value)
{
    if (isnan(value) || isinf(value)) {
        buf_cstr(out, "null");
        return;
    }
    double size = fabs(value);
    if (size == 0 || (size >= 1e-6 && size < 1e21)) {
        strconv_float(out, value, 'f');
        return;
    }
    char memory[40];
    struct buf text = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    strconv_float(&text, value, 'e');
    /* 1e-09 is printed as 1e-9. */
    if (text.len >= 4 && str_is(str_slice(buf_view(&text), text.len - 4, text.len - 1), "e-0")) {
        memory[text.len - 2] = memory[text.len - 1];
        text.len--;
    }
    buf_str(out, buf_view(&text));
}

void json_begin(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

static void separate(struct json_writer *w)
{
    if (w->need_comma)
        buf_byte(w->out, ',');
    w->need_comma = true;
}

static void open_container(struct json_writer *w, char bracket)
{
    separate(w);
    buf_byte(w->out, bracket);
    w->need_comma = false;
    w->depth++;
}

static void close_container(struct json_writer *w, char bracket)
{
    ASSERT(w->depth > 0);
    buf_byte(w->out, bracket);
    w->need_comma = true;
    w->depth--;
}

void json_object(struct json_writer *w)
{
    open_container(w, '{');
}

void json_object_end(struct json_writer *w)
{
    close_container(w, '}');
}

void json_array(struct json_writer *w)
{
    open_container(w, '[');
}

void json_array_end(struct json_writer *w)
{
    close_container(w, ']');
}

void json_key(struct json_writer *w, struct str key)
{
    separate(w);
    json_write_string(w->out, key, w->html);
    buf_byte(w->out, ':');
    w->need_comma = false;
}

void json_string(struct json_writer *w, struct str text)
{
    separate(w);
    json_write_string(w->out, text, w->html);
}

void json_i64(struct json_writer *w, int64_t value)
{
    separate(w);
    buf_i64(w->out, value);
}

void json_u64(struct json_writer *w, uint64_t value)
{
    separate(w);
    buf_u64(w->out, value);
}

void json_double(struct json_writer *w, double value)
{
    separate(w);
    json_write_number(w->out, value);
}

void json_bool(struct json_writer *w, bool value)
{
    separate(w);
    buf_cstr(w->out, value ? "true" : "false");
}

void json_null(struct json_writer *w)
{
    separate(w);
    buf_cstr(w->out, "null");
}

void json_raw(struct json_writer *w, struct str json)
{
    separate(w);
    buf_str(w->out, json);
}
