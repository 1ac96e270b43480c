/* Cutting OTLP requests on wire bytes. A walk with a stack of at most five open messages; when a
 * piece is full, the open ones are closed and opened again, with their own fields, in the next
 * piece. Owns its scratch. */

#include "runtime/wire/otlp_split.h"

#include "runtime/wire/pb.h"

/* What a message on the way down holds: the fields (a bit set of numbers) that lead further. */
static const uint32_t trace_path[] = {1u << 1, 1u << 2, 1u << 2};
static const uint32_t metric_path[] = {
    1u << 1, 1u << 2, 1u << 2, 1u << 5 | 1u << 7 | 1u << 9 | 1u << 10 | 1u << 11, 1u << 1,
};

enum { MAX_LEVELS = 5 };

struct level {
    struct str bytes;
    struct pb_reader at;
    uint32_t number; /* the field that this message is in its parent */
};

struct splitter {
    const uint32_t *path;
    size_t levels;
    struct level stack[MAX_LEVELS];
    size_t depth;   /* levels that are open in the input; 0 = the request itself */
    size_t written; /* levels that are open in the output */
    size_t items;
    size_t limit;     /* of the piece at hand */
    size_t max_items; /* of those behind it */
    struct pb_nest out;
    struct buf piece;
    otlp_piece_fn *emit;
    void *arg;
};

static bool leads_down(uint32_t mask, const struct pb_field *f)
{
    return f->wire == PB_BYTES && f->number < 32 && (mask >> f->number & 1) != 0;
}

static void copy_field(struct buf *out, const struct pb_field *f)
{
    switch (f->wire) {
    case PB_VARINT: pb_write_u64(out, f->number, f->value); break;
    case PB_FIXED64: pb_write_fixed64(out, f->number, f->value); break;
    case PB_FIXED32: pb_write_fixed32(out, f->number, (uint32_t)f->value); break;
    default: pb_write_bytes(out, f->number, f->bytes);
    }
}

/* Opens in the output what is open in the input, each with the fields that are its own. */
static void open_levels(struct splitter *s)
{
    for (; s->written < s->depth; s->written++) {
        const struct level *level = &s->stack[s->written + 1];
        struct pb_reader r = pb_read(level->bytes);
        struct pb_field f;
        pb_nest_open(&s->out, level->number);
        while (pb_next(&r, &f)) {
            if (!leads_down(s->path[s->written + 1], &f))
                copy_field(&s->out.scratch, &f);
        }
    }
}

static void close_levels(struct splitter *s, size_t down_to)
{
    for (; s->written > down_to; s->written--)
        pb_nest_close(&s->out);
}

static void emit(struct splitter *s)
{
    close_levels(s, 0);
    if (s->items == 0)
        return;
    buf_clear(&s->piece);
    pb_nest_finish(&s->out, &s->piece);
    s->emit(s->arg, buf_view(&s->piece), s->items);
    s->items = 0;
    s->limit = s->max_items;
}

static void take_item(struct splitter *s, const struct pb_field *f)
{
    open_levels(s);
    copy_field(&s->out.scratch, f);
    if (++s->items == s->limit)
        emit(s);
}

static bool step(struct splitter *s)
{
    struct level *top = &s->stack[s->depth];
    struct pb_field f;
    if (!pb_next(&top->at, &f)) {
        if (top->at.bad)
            return false;
        if (s->depth != 0) {
            s->depth--;
            if (s->written > s->depth)
                close_levels(s, s->depth);
            return true;
        }
        return false;
    }
    if (!leads_down(s->path[s->depth], &f))
        return true;
    if (s->depth + 1 == s->levels) {
        take_item(s, &f);
    } else {
        s->stack[++s->depth] = (struct level){f.bytes, pb_read(f.bytes), f.number};
    }
    return true;
}

enum status otlp_split(enum otlp_signal signal, struct str bytes, const struct otlp_pieces *pieces,
                       struct error *err)
{
    bool is_metrics = signal == OTLP_METRICS;
    struct splitter s = {
        .path = is_metrics ? metric_path : trace_path,
        .levels = is_metrics ? sizeof metric_path / sizeof *metric_path
                             : sizeof trace_path / sizeof *trace_path,
        .limit = pieces->first_items ? pieces->first_items : pieces->max_items,
        .max_items = pieces->max_items,
        .emit = pieces->take,
        .arg = pieces->arg,
    };
    size_t max = 2 * bytes.len + 4096;
    s.stack[0] = (struct level){bytes, pb_read(bytes), 0};
    pb_nest_init(&s.out, pieces->owner, max);
    buf_init(&s.piece, pieces->owner, max);
    while (step(&s)) {}
    bool bad = s.stack[s.depth].at.bad;
    if (!bad)
        emit(&s);
    close_levels(&s, 0);
    pb_nest_release(&s.out);
    buf_release(&s.piece);
    return bad ? error_set(err, STATUS_INVALID, "malformed protobuf") : STATUS_OK;
}
