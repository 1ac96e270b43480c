/* Documents as JSON text, as Go marshals maps of any values: members sorted, HTML escaped. Without
 * recursion; bounded by the size of the output. */

#include "base/strconv.h"
#include "components/loki/process/jmespath/internal.h"

#include <math.h>

struct frame {
    struct jitem *items;
    size_t count, at;
    bool is_map;
};

struct marshal {
    struct frame *stack;
    size_t depth, cap;
    struct arena *scratch;
    struct json_writer writer;
    enum marshal_style style;
};

/* json-iterator has no names for backspace and form feed. */
static void write_string(struct marshal *m, struct str text)
{
    struct buf *out = m->writer.out;
    size_t from = out->len + 1;
    json_string(&m->writer, text);
    if (m->style == MARSHAL_GO ||
        (str_find_byte(text, '\b', 0) == SIZE_MAX && str_find_byte(text, '\f', 0) == SIZE_MAX))
        return;
    struct str written = arena_str(m->scratch, str_slice(buf_view(out), from, out->len));
    out->len = from;
    for (size_t i = 0; i < written.len; i++) {
        bool escapes = written.ptr[i] == '\\' && i + 1 < written.len;
        char next = escapes ? written.ptr[i + 1] : '\0';
        if (next == 'b' || next == 'f') {
            buf_cstr(out, next == 'b' ? "\\u0008" : "\\u000c");
        } else {
            buf_str(out, str_slice(written, i, i + 1 + escapes));
        }
        i += escapes;
    }
}

static bool write_number(struct marshal *m, double number)
{
    if (!isfinite(number))
        return false;
    double size = fabs(number);
    if (m->style == MARSHAL_GO || size == 0 || (size >= 1e-6 && size < 1e21)) {
        json_double(&m->writer, number);
        return true;
    }
    char memory[40];
    struct buf text = {.data = memory, .cap = sizeof memory, .max = sizeof memory};
    strconv_float(&text, number, 'e');
    json_raw(&m->writer, buf_view(&text));
    return true;
}

static bool write_scalar(struct marshal *m, const struct doc *d)
{
    switch ((int)d->kind) {
    case DOC_BOOL: json_bool(&m->writer, d->boolean); return true;
    case DOC_INT:
    case DOC_FLOAT: return write_number(m, d->number);
    case DOC_STRING: write_string(m, d->text); return true;
    case DOC_NULL: json_null(&m->writer); return true;
    default: return false;
    }
}

static bool open_frame(struct marshal *m, const struct doc *d)
{
    if (m->depth == m->cap) {
        size_t cap = m->cap != 0 ? m->cap * 2 : 16;
        struct frame *grown = arena_try_alloc(m->scratch, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        if (m->depth != 0)
            memcpy(grown, m->stack, m->depth * sizeof *grown);
        m->stack = grown;
        m->cap = cap;
    }
    struct frame *frame = &m->stack[m->depth++];
    *frame = (struct frame){.is_map = d->kind == DOC_MAP};
    frame->items = jitems_of(m->scratch, d, true, &frame->count);
    if (frame->is_map) {
        json_object(&m->writer);
    } else {
        json_array(&m->writer);
    }
    return frame->items != NULL;
}

static bool write(struct marshal *m, const struct doc *d)
{
    bool nests = d->kind == DOC_MAP || d->kind == DOC_LIST;
    return nests ? open_frame(m, d) : write_scalar(m, d);
}

bool jmespath_marshal(const struct doc *doc, enum marshal_style style, struct arena *scratch,
                      struct buf *out)
{
    struct marshal m = {.scratch = scratch, .style = style};
    json_begin(&m.writer, out);
    m.writer.html = true;
    bool ok = write(&m, doc);
    while (ok && m.depth != 0 && buf_ok(out)) {
        struct frame *top = &m.stack[m.depth - 1];
        if (top->at < top->count) {
            const struct doc *child = top->items[top->at++].doc;
            if (top->is_map)
                json_key(&m.writer, child->key);
            ok = write(&m, child);
            continue;
        }
        if (top->is_map) {
            json_object_end(&m.writer);
        } else {
            json_array_end(&m.writer);
        }
        m.depth--;
    }
    return ok && buf_ok(out);
}
