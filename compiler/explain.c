/* The table of codes and its page. */

#include "compiler/explain.h"

struct row {
    enum explain_by by;
    const char *meaning;
    struct str example;
    const char *mend;
};

#define EXPLAIN(id, by, meaning, example, mend)                                                    \
    [DIAG_##id] = {EXPLAIN_##by, meaning, STR_INIT(example), mend},
static const struct row rows[DIAG_ID_COUNT] = {
#include "compiler/explain.def"
};
#undef EXPLAIN

/* "REPEAT N TEXT" in the first line. */
static void read_repeat(struct explain *e)
{
    struct str line, rest, count, tail;
    uint64_t times;
    if (!str_starts(e->example, STR("REPEAT ")) || !str_cut(e->example, '\n', &line, &rest))
        return;
    str_cut(str_slice(line, 7, line.len), ' ', &count, &tail);
    if (!str_to_u64(count, &times))
        return;
    e->example = rest;
    e->tail = tail;
    e->repeat = (unsigned)times;
}

void explain_at(enum diag_id id, struct explain *out)
{
    const struct row *row = &rows[id];
    *out = (struct explain){.id = id,
                            .by = row->by,
                            .meaning = row->meaning,
                            .example = row->example,
                            .mend = row->mend};
    read_repeat(out);
}

void explain_hints(struct diags *d)
{
    for (size_t i = 0; i < d->len; i++)
        diag_hint(d, &d->items[i], "%s", rows[d->items[i].id].mend);
}

bool explain_code(struct str code, struct explain *out)
{
    for (int id = 0; id < DIAG_ID_COUNT; id++) {
        if (str_eq_fold(code, str_from(diag_code((enum diag_id)id)))) {
            explain_at((enum diag_id)id, out);
            return true;
        }
    }
    return false;
}

/* printf's places as "…". */
static void write_wording(struct buf *out, const char *format)
{
    while (*format) {
        if (*format != '%') {
            buf_byte(out, *format++);
            continue;
        }
        buf_cstr(out, "\xE2\x80\xA6");
        format += strcspn(format, "sudf") + 1;
    }
}

/* Bytes that are no text as escapes. */
static void write_example(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if ((byte < 0x20 && byte != '\n') || byte >= 0x80)
            buf_printf(out, "\\x%02X", byte);
        else
            buf_byte(out, (char)byte);
    }
}

void explain_page(struct buf *out, const struct explain *e)
{
    static const char *const severities[] = {"error", "warning", "warning of invar's own"};
    static const char *const sayers[] = {"invar validate", "invar run", "invar fmt", NULL};
    buf_printf(out, "# %s\n\n%s\n\n", diag_code(e->id), e->meaning);
    buf_printf(out, "Kind: %s. Message:\n\n```\n", severities[diag_severity(e->id)]);
    write_wording(out, diag_format(e->id));
    buf_cstr(out, "\n```\n");
    if (e->example.len) {
        buf_printf(out, "\n## Example\n\n`%s` says it about\n\n```alloy\n", sayers[e->by]);
        write_example(out, e->example);
        if (e->repeat)
            buf_printf(out, "%.*s   (%u times)", STR_ARG(e->tail), e->repeat);
        if (e->repeat || e->example.ptr[e->example.len - 1] != '\n')
            buf_byte(out, '\n');
        buf_cstr(out, "```\n");
    }
    buf_printf(out, "\n## How to mend it\n\n%s\n", e->mend);
}
