/* The printer: keeps blanks and line breaks until the next token, and puts the comments that stand
 * before it in the source between them, with the line breaks they had there (SEMANTICS §4). Where a
 * token stands in the source is known for some tokens (print_at) and guessed for the others from
 * what was written since. */

#include "compiler/format_inner.h"
#include "compiler/lexer.h"

enum { MAX_NEWLINES = 2 };

static void find_comment(struct printer *p, bool has_comments)
{
    bool is_there = has_comments && p->next_comment < p->ast->comment_count;
    p->comment_limit = is_there ? p->ast->comments[p->next_comment].start : UINT32_MAX;
}

void print_init(struct printer *p, const struct ast *ast, struct buf *out, bool has_comments)
{
    *p = (struct printer){.ast = ast, .line = 1, .is_line_start = true, .is_empty = true};
    columns_init(&p->columns, out);
    find_comment(p, has_comments);
}

uint32_t print_line(const struct printer *p, uint32_t offset)
{
    uint32_t last = p->ast->source->line_count;
    return source_line_near(p->ast->source, offset, p->line < last ? p->line : last);
}

void print_at(struct printer *p, uint32_t offset)
{
    p->line = print_line(p, offset);
    p->offset = offset;
}

/* ---- into the columns ---- */

static void start_line(struct printer *p)
{
    for (uint32_t i = 0; i < p->indent; i++) {
        columns_tab(&p->columns, true);
    }
    p->is_line_start = false;
    p->is_empty = false;
}

static void write_newlines(struct printer *p, uint32_t count, bool ends_run)
{
    if (p->is_line_start) {
        start_line(p);
    }
    for (uint32_t i = 0; i < count && i < MAX_NEWLINES; i++) {
        columns_newline(&p->columns, ends_run);
    }
    p->is_line_start = true;
}

static void write_tab(struct printer *p, bool is_hard)
{
    if (p->is_line_start) {
        start_line(p);
    }
    columns_tab(&p->columns, is_hard);
}

static void write_blank(struct printer *p)
{
    if (p->is_line_start) {
        start_line(p);
    }
    columns_text(&p->columns, STR(" "));
}

/* The first `count` of the spaces that are due. */
static void write_spaces(struct printer *p, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        switch (p->spaces[i]) {
        case SPACE_BLANK: write_blank(p); break;
        case SPACE_TAB: write_tab(p, false); break;
        case SPACE_NEWLINE: write_newlines(p, 1, false); break;
        case SPACE_FORMFEED: write_newlines(p, 1, true); break;
        case SPACE_INDENT: p->indent++; break;
        case SPACE_UNINDENT: p->indent--; break;
        default: break;
        }
    }
    p->space_count -= count;
    if (p->space_count > 0) {
        memmove(p->spaces, p->spaces + count, p->space_count);
    }
}

/* ---- comments ---- */

static bool is_shift(uint8_t space)
{
    return space == SPACE_INDENT || space == SPACE_UNINDENT;
}

/* What stands between the last token and a comment on a later line: changes of the indentation that
 * are due, then the source's line breaks instead of ours. */
static void break_before_comment(struct printer *p, uint32_t line)
{
    unsigned shifts = 0;
    while (shifts < p->space_count && is_shift(p->spaces[shifts])) {
        shifts++;
    }
    if (shifts < p->space_count) {
        p->spaces[shifts] = SPACE_NONE;
        write_spaces(p, shifts);
    }
    if (line > p->last_line) {
        write_newlines(p, line - p->last_line, true);
    }
}

/* Returns the line on which the comment ends, as far as its text without carriage returns goes. */
static uint32_t write_comment(struct printer *p, const struct ast_comment *comment)
{
    const struct source *source = p->ast->source;
    uint32_t line = print_line(p, comment->start);
    if (!p->is_empty) {
        if (line != p->last_line) {
            break_before_comment(p, line);
        } else if (line == p->line) {
            write_blank(p);
        } else {
            write_tab(p, true);
        }
    }
    if (p->is_line_start) {
        start_line(p);
    }
    struct str text = str_slice(source->text, comment->start, comment->end);
    struct buf stripped;
    buf_init(&stripped, NULL, SOURCE_MAX_BYTES);
    lex_comment_text(&stripped, text);
    struct str written = buf_view(&stripped);
    columns_fixed(&p->columns, written);
    p->last_line = line;
    for (size_t i = 0; i < written.len; i++) {
        p->last_line += written.ptr[i] == '\n';
    }
    uint32_t end = comment->start + (uint32_t)written.len - 1;
    buf_release(&stripped);
    return source_line_near(source, end, line);
}

/* Between the last comment and the token at p->line. */
static void break_after_comment(struct printer *p, bool is_block, uint32_t end_line)
{
    if (is_block && p->line == end_line) {
        write_blank(p);
    }
    bool ends_run = false;
    for (unsigned i = 0; i < p->space_count; i++) {
        ends_run |= p->spaces[i] == SPACE_FORMFEED;
        if (!is_shift(p->spaces[i])) {
            p->spaces[i] = SPACE_NONE;
        }
    }
    write_spaces(p, p->space_count);
    if (p->line > p->last_line) {
        write_newlines(p, p->line - p->last_line, ends_run);
    }
}

/* All comments of the groups that begin at or before the offset. Returns the last one. */
static const struct ast_comment *write_comments(struct printer *p, uint32_t offset,
                                                uint32_t *end_line)
{
    const struct ast *ast = p->ast;
    const struct ast_comment *last = NULL;
    while (p->next_comment < ast->comment_count) {
        const struct ast_comment *comment = &ast->comments[p->next_comment];
        bool is_same_group = last && last->group == comment->group;
        if (comment->start > offset && !is_same_group) {
            break;
        }
        *end_line = write_comment(p, comment);
        last = comment;
        p->next_comment++;
    }
    find_comment(p, true);
    return last;
}

static void write_due(struct printer *p)
{
    if (p->comment_limit > p->offset) {
        if (p->space_count > 0) {
            write_spaces(p, p->space_count);
        }
    } else {
        uint32_t end_line = 0;
        const struct ast_comment *last = write_comments(p, p->offset, &end_line);
        bool is_block = p->ast->source->text.ptr[last->start + 1] == '*';
        break_after_comment(p, is_block, end_line);
    }
    if (p->is_line_start) {
        start_line(p);
    }
}

void print_finish(struct printer *p)
{
    if (p->comment_limit != UINT32_MAX) {
        uint32_t end_line = 0;
        p->line = UINT32_MAX;
        write_comments(p, UINT32_MAX, &end_line);
    }
    columns_finish(&p->columns);
    columns_release(&p->columns);
}

/* ---- tokens ---- */

void print_space(struct printer *p, enum print_space space)
{
    ASSERT(p->space_count < PRINT_SPACES);
    p->spaces[p->space_count++] = (uint8_t)space;
    p->after_number = false;
}

void print_token(struct printer *p, struct str text)
{
    if (p->after_number && text.ptr[0] == '.') {
        print_space(p, SPACE_BLANK);
    }
    write_due(p);
    columns_text(&p->columns, text);
    p->offset += (uint32_t)text.len;
    p->last_line = p->line;
    p->after_number = false;
}

void print_literal(struct printer *p, struct str text, bool is_number)
{
    write_due(p);
    p->offset += (uint32_t)text.len;
    size_t newline = text.ptr[0] == '`' ? str_find_byte(text, '\n', 0) : SIZE_MAX;
    while (newline != SIZE_MAX) {
        columns_fixed(&p->columns, str_slice(text, 0, newline));
        columns_newline(&p->columns, false);
        p->line++;
        text = str_slice(text, newline + 1, text.len);
        newline = str_find_byte(text, '\n', 0);
    }
    columns_fixed(&p->columns, text);
    p->last_line = p->line;
    p->after_number = is_number;
}
