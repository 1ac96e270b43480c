/* Elastic tab stops. Cells end with a tab; cells at the same place in consecutive lines form a
 * column, as wide as its widest cell and one blank. A column of empty cells disappears, unless a
 * hard tab made one. Empty cells at the beginning of a line are written as tabs of eight. Lines are
 * held back until a run ends, then written and forgotten: the time is linear in the output, which
 * the caller's buffer bounds. */

#include "compiler/format_inner.h"
#include "base/vec.h"

enum { TAB_WIDTH = 8, PADDING = 1 };

void columns_init(struct columns *c, struct buf *out)
{
    *c = (struct columns){.out = out};
}

void columns_release(struct columns *c)
{
    mem_free(c->text);
    mem_free(c->cells);
    mem_free(c->lines);
    mem_free(c->columns);
    mem_free(c->open);
}

/* The text is never longer than the source and the blanks between its tokens. */
static void grow_text(struct columns *c, size_t more)
{
    while (c->text_cap < c->text_len + more) {
        c->text_cap = c->text_cap > 0 ? c->text_cap * 2 : 256;
    }
    c->text = mem_realloc(&compiler_memory, c->text, c->text_cap);
}

void columns_text(struct columns *c, struct str text)
{
    if (c->text_cap - c->text_len < text.len) {
        grow_text(c, text.len);
    }
    if (text.len > 0) {
        memcpy(c->text + c->text_len, text.ptr, text.len);
        c->text_len += text.len;
    }
}

void columns_fixed(struct columns *c, struct str text)
{
    columns_text(c, text);
    c->fixed_end = c->text_len;
}

/* Characters: bytes that do not continue one. */
static uint32_t count_runes(const char *text, size_t len)
{
    uint32_t count = 0;
    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

static uint32_t open_column(struct columns *c, size_t place)
{
    c->columns = vec_room(c->columns, c->column_count, &c->column_cap, sizeof(*c->columns));
    c->columns[c->column_count] = (struct column){0};
    c->open = vec_room(c->open, place, &c->open_cap, sizeof(*c->open));
    c->open[place] = (uint32_t)c->column_count;
    return (uint32_t)c->column_count++;
}

void columns_tab(struct columns *c, bool is_hard)
{
    size_t place = c->cell_count - c->line_first;
    uint32_t column = place < c->open_count ? c->open[place] : open_column(c, place);
    size_t len = c->text_len - c->cell_start;
    uint32_t width = len > 0 ? count_runes(c->text + c->cell_start, len) : 0;
    struct column *shared = &c->columns[column];
    shared->is_kept |= is_hard || width > 0;
    if (shared->width < width + PADDING) {
        shared->width = width + PADDING;
    }
    c->cells = vec_room(c->cells, c->cell_count, &c->cell_cap, sizeof(*c->cells));
    c->cells[c->cell_count++] = (struct column_cell){(uint32_t)len, width, column};
    c->cell_start = c->text_len;
}

/* ---- writing ---- */

static uint32_t column_width(const struct columns *c, const struct column_cell *cell)
{
    const struct column *column = &c->columns[cell->column];
    return column->is_kept ? column->width : 0;
}

/* An upper bound of the line's bytes. */
static size_t line_room(const struct columns *c, const struct column_line *line, size_t text)
{
    size_t room = line->text_end - text + 1;
    for (uint32_t i = 0; i < line->cells; i++) {
        room += column_width(c, &c->cells[line->first_cell + i]);
    }
    return room;
}

/* The cells of a line that end with a tab. Returns behind what was written; *text moves past their
 * text. */
static char *write_cells(const struct columns *c, const struct column_line *line, char *to,
                         size_t *text)
{
    bool is_leading = true;
    for (uint32_t i = 0; i < line->cells; i++) {
        const struct column_cell *cell = &c->cells[line->first_cell + i];
        uint32_t width = column_width(c, cell);
        if (cell->len > 0) {
            is_leading = false;
            memcpy(to, c->text + *text, cell->len);
            to += cell->len;
            *text += cell->len;
        }
        uint32_t padding = width > cell->width ? width - cell->width : 0;
        if (is_leading) {
            padding = (width + TAB_WIDTH - 1) / TAB_WIDTH;
        }
        memset(to, is_leading ? '\t' : ' ', padding);
        to += padding;
    }
    return to;
}

/* The line's text lies at [text, line->text_end). */
static void write_line(const struct columns *c, const struct column_line *line, size_t text)
{
    char *start = buf_reserve(c->out, line_room(c, line, text));
    if (!start) {
        return;
    }
    char *to = write_cells(c, line, start, &text);
    const char *floor = start;
    size_t rest = line->text_end - text;
    if (rest > 0) {
        memcpy(to, c->text + text, rest);
        if (line->fixed_end > text) {
            floor = to + (line->fixed_end - text);
        }
        to += rest;
    }
    while (to > floor && (to[-1] == ' ' || to[-1] == '\t')) {
        to--;
    }
    c->out->len += (size_t)(to - start);
}

static void end_line(struct columns *c)
{
    c->lines = vec_room(c->lines, c->line_count, &c->line_cap, sizeof(*c->lines));
    c->lines[c->line_count++] = (struct column_line){
        .first_cell = (uint32_t)c->line_first,
        .cells = (uint32_t)(c->cell_count - c->line_first),
        .text_end = (uint32_t)c->text_len,
        .fixed_end = (uint32_t)c->fixed_end,
    };
    c->open_count = c->cell_count - c->line_first;
    c->line_first = c->cell_count;
    c->cell_start = c->text_len;
}

static void write_lines(struct columns *c, bool ends_with_newline)
{
    size_t text = 0;
    for (size_t i = 0; i < c->line_count; i++) {
        write_line(c, &c->lines[i], text);
        text = c->lines[i].text_end;
        if (i + 1 < c->line_count || ends_with_newline) {
            buf_byte(c->out, '\n');
        }
    }
    c->text_len = 0;
    c->cell_count = c->line_count = c->column_count = c->open_count = 0;
    c->line_first = c->cell_start = c->fixed_end = 0;
}

void columns_newline(struct columns *c, bool ends_run)
{
    end_line(c);
    if (ends_run || c->open_count == 0) {
        write_lines(c, true);
    }
}

void columns_finish(struct columns *c)
{
    end_line(c);
    write_lines(c, false);
}
