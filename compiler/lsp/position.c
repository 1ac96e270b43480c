/* Positions: the protocol counts lines from 0 and columns in units of the negotiated encoding, the
 * compiler counts bytes. */

#include "compiler/lsp/inner.h"

#include "base/strconv.h"

static bool is_ascii(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    }
    return true;
}

/* Line `line` (from 0), without its newline. */
static struct span line_span(const struct source *source, uint32_t line)
{
    if (line >= source->line_count)
        return (struct span){(uint32_t)source->text.len, (uint32_t)source->text.len};
    struct str text = source_line(source, line + 1);
    uint32_t start = source->lines[line];
    return (struct span){start, start + (uint32_t)text.len};
}

uint32_t lsp_width(const struct lsp *lsp, struct str text)
{
    if (lsp->encoding == ENCODING_UTF8 || is_ascii(text))
        return (uint32_t)text.len;
    uint32_t units = 0;
    while (text.len) {
        unsigned size;
        uint32_t rune = utf8_decode(text, &size);
        units += 1 + (lsp->encoding == ENCODING_UTF16 && rune >= 0x10000);
        text = str_slice(text, size, text.len);
    }
    return units;
}

static uint32_t skip_units(const struct lsp *lsp, struct str text, uint64_t units)
{
    if (lsp->encoding == ENCODING_UTF8 || is_ascii(text))
        return units < text.len ? (uint32_t)units : (uint32_t)text.len;
    size_t at = 0;
    while (at < text.len && units) {
        unsigned size;
        uint32_t rune = utf8_decode(str_slice(text, at, text.len), &size);
        unsigned width = 1 + (lsp->encoding == ENCODING_UTF16 && rune >= 0x10000);
        if (width > units)
            break; /* in the middle of a pair: its beginning */
        units -= width;
        at += size;
    }
    return (uint32_t)at;
}

static uint64_t number_of(const struct doc *map, const char *key)
{
    const struct doc *member = lsp_member(map, key);
    return member && member->kind == DOC_INT && member->integer > 0 ? (uint64_t)member->integer : 0;
}

uint32_t lsp_offset(const struct lsp *lsp, const struct source *source, const struct doc *position)
{
    uint64_t line = number_of(position, "line");
    if (line >= source->line_count)
        return (uint32_t)source->text.len;
    struct span span = line_span(source, (uint32_t)line);
    struct str text = str_slice(source->text, span.start, span.end);
    return span.start + skip_units(lsp, text, number_of(position, "character"));
}

uint32_t lsp_cursor(const struct lsp_request *rq, const struct lsp_document *document)
{
    return lsp_offset(rq->lsp, document->source, lsp_member(rq->params, "position"));
}

struct span lsp_span_of(const struct lsp *lsp, const struct source *source, const struct doc *range)
{
    struct span span = {lsp_offset(lsp, source, lsp_member(range, "start")),
                        lsp_offset(lsp, source, lsp_member(range, "end"))};
    if (span.end < span.start)
        span.end = span.start;
    return span;
}

void lsp_place(const struct lsp *lsp, const struct source *source, uint32_t offset, uint32_t *line,
               uint32_t *character)
{
    if (offset > source->text.len)
        offset = (uint32_t)source->text.len;
    struct pos pos = source_pos(source, offset);
    *line = pos.line ? pos.line - 1 : 0;
    uint32_t start = source->line_count ? source->lines[*line] : 0;
    *character = lsp_width(lsp, str_slice(source->text, start, offset));
}

void lsp_put_position(struct json_writer *w, const struct lsp *lsp, const struct source *source,
                      uint32_t offset)
{
    uint32_t line, character;
    lsp_place(lsp, source, offset, &line, &character);
    json_object(w);
    lsp_put_number(w, "line", line);
    lsp_put_number(w, "character", character);
    json_object_end(w);
}

void lsp_range(struct json_writer *w, const struct lsp *lsp, const struct source *source,
               struct span span)
{
    json_object(w);
    lsp_key(w, "start");
    lsp_put_position(w, lsp, source, span.start);
    lsp_key(w, "end");
    lsp_put_position(w, lsp, source, span.end);
    json_object_end(w);
}

void lsp_put_range(struct json_writer *w, const char *key, const struct lsp *lsp,
                   const struct source *source, struct span span)
{
    lsp_key(w, key);
    lsp_range(w, lsp, source, span);
}

void lsp_location(struct json_writer *w, const struct lsp *lsp, const struct lsp_document *document,
                  struct span span)
{
    json_object(w);
    lsp_put(w, "uri", str_from(document->uri));
    lsp_put_range(w, "range", lsp, document->source, span);
    json_object_end(w);
}

void lsp_edit(struct json_writer *w, const struct lsp *lsp, const struct source *source,
              struct span span, struct str text)
{
    json_object(w);
    lsp_put_range(w, "range", lsp, source, span);
    lsp_put(w, "newText", text);
    json_object_end(w);
}
