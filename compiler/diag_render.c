/* Diagnostics with an excerpt of the source and marks below it, as Alloy draws them (SEMANTICS §3).
 * Output is bounded: of a very long line only the beginning is shown, of a very long range both
 * ends. */

#include "compiler/diag.h"
#include "base/strconv.h"
#include "compiler/hidden.h"

enum { CONTEXT_LINES = 1, TAB_WIDTH = 4, LINE_SHOWN = 16 * 1024, EXCERPT_LINES = 200 };

struct excerpt {
    struct buf *out;
    const struct diag *diag;
    uint32_t first;
    uint32_t last;
    unsigned number_width;
    bool multiline;
    bool hides;
};

static unsigned decimal_width(uint32_t number)
{
    unsigned width = 1;
    while (number >= 10) {
        number /= 10;
        width++;
    }
    return width;
}

static bool in_range(uint32_t line, uint32_t col, struct range range)
{
    if (line < range.start.line || line > range.end.line) {
        return false;
    }
    if (line == range.start.line) {
        return col >= range.start.col;
    }
    return line != range.end.line || col <= range.end.col;
}

static bool is_tab(char byte)
{
    return byte == '\t' || byte == '\v';
}

/* The line as far as it is shown, not cut inside a character. */
static struct str shown(const struct diag *diag, uint32_t line)
{
    struct str text = source_line(diag->source, line);
    if (text.len > LINE_SHOWN) {
        text.len = LINE_SHOWN;
        while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xC0) == 0x80) {
            text.len--;
        }
    }
    return text;
}

static void write_text(struct buf *out, struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        unsigned size = 1;
        char byte = text.ptr[at];
        if (is_tab(byte)) {
            buf_fill(out, ' ', TAB_WIDTH);
        } else if ((unsigned char)byte >= 0x80) {
            utf8_append(out, utf8_decode(str_slice(text, at, text.len), &size));
        } else if (byte != '\r') {
            buf_byte(out, byte);
        }
        at += size;
    }
    buf_byte(out, '\n');
}

/* The marks of one line: a character of several bytes gets one. */
static void write_marks(const struct excerpt *e, uint32_t line)
{
    struct str text = shown(e->diag, line);
    struct range range = e->diag->range;
    char blank = e->multiline ? '_' : ' ';
    size_t at = 0;
    while (at < text.len) {
        uint32_t col = (uint32_t)at + 1;
        if (line == range.end.line && col > range.end.col) {
            break;
        }
        unsigned size = 1;
        if (is_tab(text.ptr[at])) {
            buf_fill(e->out, blank, TAB_WIDTH);
        } else {
            utf8_decode(str_slice(text, at, text.len), &size);
            buf_byte(e->out, in_range(line, col, range) ? '^' : blank);
        }
        at += size;
    }
    buf_byte(e->out, '\n');
}

static void write_line(const struct excerpt *e, uint32_t line)
{
    struct range range = e->diag->range;
    buf_fill(e->out, ' ', e->number_width - decimal_width(line));
    buf_u64(e->out, line);
    buf_cstr(e->out, " | ");
    if (e->multiline) {
        buf_cstr(e->out, in_range(line, 0, range) ? "| " : "  ");
    }
    struct buf visible;
    buf_init(&visible, NULL, LINE_SHOWN);
    buf_str(&visible, shown(e->diag, line));
    if (e->hides)
        hidden_line(visible.data, visible.len);
    write_text(e->out, buf_view(&visible));
    buf_release(&visible);
    bool is_end = e->multiline && line == range.end.line;
    if (line != range.start.line && !is_end) {
        return;
    }
    buf_fill(e->out, ' ', e->number_width);
    if (e->multiline) {
        buf_cstr(e->out, is_end ? " | |_" : " |  _");
    } else {
        buf_cstr(e->out, " | ");
    }
    write_marks(e, line);
}

static void write_excerpt(struct buf *out, const struct diag *original, bool hides)
{
    struct diag diag = *original;
    if (diag.range.end.line == 0) {
        diag.range.end = diag.range.start;
    }
    struct excerpt e = {.out = out, .diag = &diag, .hides = hides};
    uint32_t count = diag.source->line_count;
    uint32_t start = diag.range.start.line;
    uint32_t end = diag.range.end.line;
    e.first = start > CONTEXT_LINES ? start - CONTEXT_LINES : 1;
    e.last = end < count ? end + CONTEXT_LINES : count;
    e.multiline = end > start;
    e.number_width = decimal_width(e.last);
    buf_byte(out, '\n');
    bool cut = e.last - e.first >= EXCERPT_LINES;
    for (uint32_t line = e.first; line <= e.last && buf_ok(out); line++) {
        if (cut && line == e.first + EXCERPT_LINES / 2) {
            line = e.last - EXCERPT_LINES / 2;
            buf_cstr(out, "...\n");
        }
        write_line(&e, line);
    }
}

/* What Alloy does not have, below the excerpt. */
static void write_rest(struct buf *out, const struct diag *diag, struct diag_style style)
{
    const char *on = style.color ? "\x1b[36m" : "";
    const char *off = style.color ? "\x1b[39m" : "";
    if (diag->hint.len > 0) {
        buf_printf(out, "  %shint:%s %.*s\n", on, off, STR_ARG(diag->hint));
    }
    for (const struct diag_related *r = diag->related; r; r = r->next) {
        const struct diag place = {.source = r->source, .range = r->range, .message = r->message};
        buf_printf(out, "  %snote:%s ", on, off);
        diag_line(out, &place);
        buf_byte(out, '\n');
    }
    buf_printf(out, "  %scode:%s %s\n", on, off, diag_code(diag->id));
}

void diag_render(struct buf *out, const struct diag *original, struct diag_style style)
{
    struct diag diag = *original;
    bool is_error = diag.severity == DIAG_ERROR;
    if (!style.full && diag.outer.start.line > 0) {
        diag.range = diag.outer;
    }
    if (style.color) {
        buf_cstr(out, is_error ? "\x1b[31;1m" : "\x1b[33;1m");
    }
    buf_cstr(out, is_error ? "Error: " : "Warning: ");
    if (style.color) {
        buf_cstr(out, "\x1b[0;22m\x1b[1m");
    }
    diag_line(out, &diag);
    buf_byte(out, '\n');
    if (style.color) {
        buf_cstr(out, "\x1b[22m");
    }
    if (diag.source && !diag.source->hidden && diag.range.start.line > 0) {
        write_excerpt(out, &diag, style.hides);
    }
    if (style.full) {
        write_rest(out, &diag, style);
    }
}

/* Is this a part of Alloy's report? */
static bool is_plain(const struct diags *d, const struct diag *diag)
{
    if (diag->severity == DIAG_LINT) {
        return false;
    }
    for (size_t i = 0; diag->beyond && i < d->len; i++) {
        const struct diag *other = &d->items[i];
        if (!other->beyond && other->severity != DIAG_LINT) {
            return false;
        }
    }
    return true;
}

void diags_render(struct buf *out, const struct diags *d, struct diag_style style)
{
    bool is_first = true;
    for (size_t i = 0; i < d->len; i++) {
        if (!style.full && !is_plain(d, &d->items[i])) {
            continue;
        }
        if (!is_first) {
            buf_byte(out, '\n');
        }
        diag_render(out, &d->items[i], style);
        is_first = false;
    }
}

static void write_extra(struct buf *out, const struct diag *diag, const char *kind,
                        struct str message)
{
    struct diag shown = {.source = diag->source, .range = diag->range};
    struct buf line;
    buf_init(&line, NULL, 1 << 20);
    buf_printf(&line, "%s[%s]: %.*s", kind, diag_code(diag->id), STR_ARG(message));
    shown.message = buf_view(&line);
    diag_line(out, &shown);
    buf_byte(out, '\n');
    buf_release(&line);
}

void diags_render_rest(struct buf *out, const struct diags *d)
{
    for (size_t i = 0; i < d->len; i++) {
        const struct diag *diag = &d->items[i];
        if (!is_plain(d, diag)) {
            const char *kind = diag->severity == DIAG_ERROR ? "error" : "warning";
            write_extra(out, diag, kind, diag->message);
        }
        if (diag->hint.len > 0) {
            write_extra(out, diag, "hint", diag->hint);
        }
        for (const struct diag_related *r = diag->related; r; r = r->next) {
            struct diag place = {.id = diag->id, .source = r->source, .range = r->range};
            write_extra(out, &place, "note", r->message);
        }
    }
}
