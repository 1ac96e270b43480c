/* The list of diagnostics and its short forms; the excerpts are drawn in compiler/diag_render.c.
 * Texts live in the list's arena, at most DIAGS_MAX of them. */

#include "compiler/diag.h"

enum { TEXT_MAX = 256 * 1024 * 1024 };

struct row {
    const char *code;
    enum diag_severity severity;
    const char *format;
};

#define DIAG(id, code, severity, format) {code, severity, format},
static const struct row rows[DIAG_ID_COUNT] = {
#include "compiler/diag.def"
};
#undef DIAG

void diags_init(struct diags *d)
{
    *d = (struct diags){0};
    arena_init(&d->arena, &compiler_memory, TEXT_MAX);
}

void diags_release(struct diags *d)
{
    for (size_t i = d->len; i > 0; i--) {
        for (struct diag_related *r = d->items[i - 1].related; r; r = r->next) {
            source_unref(r->source);
        }
        source_unref(d->items[i - 1].source);
    }
    mem_free(d->items);
    arena_release(&d->arena);
    *d = (struct diags){0};
}

/* A new item, or NULL when the list is full. */
static struct diag *push(struct diags *d, enum diag_severity severity)
{
    d->errors += severity == DIAG_ERROR;
    d->warnings += severity == DIAG_WARNING;
    d->lints += severity == DIAG_LINT;
    if (d->len >= DIAGS_MAX) {
        d->dropped++;
        return NULL;
    }
    if (d->len == d->cap) {
        d->cap = d->cap > 0 ? d->cap * 2 : 8;
        d->items = mem_realloc(&compiler_memory, d->items, d->cap * sizeof(*d->items));
    }
    struct diag *diag = &d->items[d->len];
    *diag = (struct diag){.severity = severity, .beyond = d->beyond};
    return diag;
}

struct diag *diag_add(struct diags *d, enum diag_id id, struct source *source, struct range range,
                      ...)
{
    struct diag *diag = push(d, rows[id].severity);
    if (!diag) {
        return NULL;
    }
    va_list args;
    va_start(args, range);
    diag->message = arena_vprintf(&d->arena, rows[id].format, args);
    va_end(args);
    diag->id = id;
    diag->source = source ? source_ref(source) : NULL;
    diag->range = range;
    d->len++;
    return diag;
}

void diag_hint(struct diags *d, struct diag *diag, const char *format, ...)
{
    if (!diag || diag->hint.len > 0) {
        return;
    }
    va_list args;
    va_start(args, format);
    diag->hint = arena_vprintf(&d->arena, format, args);
    va_end(args);
}

void diag_demote(struct diags *d, struct diag *diag)
{
    if (diag->severity == DIAG_ERROR) {
        d->errors--;
    } else if (diag->severity == DIAG_WARNING) {
        d->warnings--;
    } else {
        return;
    }
    diag->severity = DIAG_LINT;
    d->lints++;
}

static void relate(struct diags *d, struct diag *diag, struct source *source, struct range range,
                   struct str message)
{
    struct diag_related **end = &diag->related;
    while (*end) {
        end = &(*end)->next;
    }
    struct diag_related *related = ARENA_NEW(&d->arena, struct diag_related);
    related->source = source ? source_ref(source) : NULL;
    related->range = range;
    related->message = message;
    *end = related;
}

void diag_relate(struct diags *d, struct diag *diag, struct source *source, struct range range,
                 const char *format, ...)
{
    if (!diag) {
        return;
    }
    va_list args;
    va_start(args, format);
    relate(d, diag, source, range, arena_vprintf(&d->arena, format, args));
    va_end(args);
}

void diags_append(struct diags *d, const struct diags *from)
{
    for (size_t i = 0; i < from->len; i++) {
        const struct diag *old = &from->items[i];
        struct diag *diag = push(d, old->severity);
        if (!diag) {
            continue;
        }
        diag->message = arena_str(&d->arena, old->message);
        diag->value = arena_str(&d->arena, old->value);
        diag->hint = arena_str(&d->arena, old->hint);
        diag->id = old->id;
        diag->range = old->range;
        diag->outer = old->outer;
        diag->beyond = old->beyond;
        diag->source = old->source ? source_ref(old->source) : NULL;
        for (const struct diag_related *r = old->related; r; r = r->next) {
            relate(d, diag, r->source, r->range, arena_str(&d->arena, r->message));
        }
        d->len++;
    }
    size_t kept[DIAG_LINT + 1] = {0};
    for (size_t i = 0; i < from->len; i++) {
        kept[from->items[i].severity]++;
    }
    d->dropped += from->dropped;
    d->errors += from->errors - kept[DIAG_ERROR];
    d->warnings += from->warnings - kept[DIAG_WARNING];
    d->lints += from->lints - kept[DIAG_LINT];
}

const char *diag_code(enum diag_id id)
{
    return rows[id].code;
}

enum diag_severity diag_severity(enum diag_id id)
{
    return rows[id].severity;
}

const char *diag_format(enum diag_id id)
{
    return rows[id].format;
}

/* "FILE:LINE:COL", "LINE:COL" or "-". */
static void write_place(struct buf *out, const struct diag *diag)
{
    struct str name = diag->source ? diag->source->name : STR_NONE;
    buf_str(out, name);
    if (diag->range.start.line > 0) {
        if (name.len > 0) {
            buf_byte(out, ':');
        }
        buf_u64(out, diag->range.start.line);
        buf_byte(out, ':');
        buf_u64(out, diag->range.start.col);
    } else if (name.len == 0) {
        buf_byte(out, '-');
    }
}

void diag_line(struct buf *out, const struct diag *diag)
{
    write_place(out, diag);
    buf_cstr(out, ": ");
    buf_str(out, diag->message);
}

void diags_summary(struct buf *out, const struct diags *d)
{
    if (d->len == 0) {
        buf_cstr(out, "no errors");
        return;
    }
    diag_line(out, &d->items[0]);
    size_t more = d->len - 1 + d->dropped;
    if (more > 0) {
        buf_printf(out, " (and %zu more diagnostics)", more);
    }
}
