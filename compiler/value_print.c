/* Values as Alloy text (SEMANTICS §5): what the formatter makes of them. Nesting is kept on a
 * stack. */

#include "base/strconv.h"
#include "base/vec.h"
#include "compiler/coerce.h"
#include "compiler/lexer.h"

#include <math.h>

struct print_frame {
    const struct value *v; /* ARRAY or OBJECT with children */
    struct value *owned;   /* made from a capsule */
    uint32_t next;
    uint32_t tabs;
    size_t width; /* of the names in this run of one-line fields */
    uint32_t run; /* first field after the run */
};

struct printer {
    struct buf *out;
    bool unwritable; /* has a number that no text of the language stands for */
    VEC(struct print_frame) frames;
};

static bool is_container(const struct value *v)
{
    return (v->type == VALUE_ARRAY || v->type == VALUE_OBJECT) && v->count > 0;
}

/* A field whose text has more than one line before it is formatted ends a run of aligned names. */
static bool spans_lines(const struct value *root)
{
    VEC(const struct value *) todo = {0};
    VEC_PUSH(&todo, root);
    bool spans = false;
    while (!spans && todo.len > 0) {
        const struct value *v = todo.items[--todo.len];
        bool object = v->type == VALUE_OBJECT;
        bool convertible = v->type == VALUE_CAPSULE && v->as.capsule.type->to_object;
        spans = object || convertible;
        for (uint32_t i = 0; !spans && v->type == VALUE_ARRAY && i < v->count; i++)
            if (v->as.elements[i]->type >= VALUE_ARRAY)
                VEC_PUSH(&todo, v->as.elements[i]);
    }
    VEC_RELEASE(&todo);
    return spans;
}

/* A name that is no identifier is quoted twice over, as Alloy's printer and formatter do in turn.
 */
static void print_key(struct buf *out, struct str key)
{
    if (lex_is_identifier(key)) {
        buf_str(out, key);
        return;
    }
    struct buf once;
    buf_init(&once, NULL, 4 * key.len + 16);
    strconv_quote(&once, key);
    strconv_quote(out, str_slice(buf_view(&once), 1, once.len - 1));
    buf_release(&once);
}

static size_t key_width(struct str key)
{
    struct buf text;
    buf_init(&text, NULL, 16 * key.len + 16);
    print_key(&text, key);
    size_t width = utf8_count(buf_view(&text));
    buf_release(&text);
    return width;
}

/* Measures the run that begins at field `from`. */
static void measure(struct print_frame *frame, uint32_t from)
{
    frame->width = 0;
    uint32_t i = from;
    bool go_on = true;
    for (; go_on && i < frame->v->count; i++) {
        size_t width = key_width(frame->v->as.fields[i].key);
        frame->width = width > frame->width ? width : frame->width;
        go_on = !spans_lines(frame->v->as.fields[i].value);
    }
    frame->run = i;
}

static void print_leaf(struct buf *out, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL: buf_cstr(out, "null"); break;
    case VALUE_NUMBER: number_print(out, v); break;
    case VALUE_STRING: strconv_quote(out, v->as.string); break;
    case VALUE_BOOL: buf_cstr(out, v->as.boolean ? "true" : "false"); break;
    case VALUE_ARRAY: buf_cstr(out, "[]"); break;
    case VALUE_OBJECT: buf_cstr(out, "{}"); break;
    case VALUE_FUNCTION: buf_cstr(out, "function"); break;
    default:
        if (v->as.capsule.type->print)
            v->as.capsule.type->print(v->as.capsule.data, out);
        else
            buf_printf(out, "capsule(\"%s\")", v->as.capsule.type->name);
        break;
    }
}

static void begin(struct printer *p, const struct value *v, uint32_t tabs)
{
    struct value *owned = NULL;
    if (v->type == VALUE_CAPSULE && v->as.capsule.type->to_object) {
        owned = v->as.capsule.type->to_object(v->as.capsule.data);
        v = owned;
    }
    if (!is_container(v)) {
        p->unwritable |=
            v->type == VALUE_NUMBER && v->number_kind == NUMBER_FLOAT && v->as.f == INFINITY;
        print_leaf(p->out, v);
        value_unref(owned);
        return;
    }
    buf_cstr(p->out, v->type == VALUE_ARRAY ? "[" : "{\n");
    struct print_frame frame = {.v = v, .owned = owned, .tabs = tabs};
    VEC_PUSH(&p->frames, frame);
}

static void end(struct printer *p)
{
    struct print_frame *top = &p->frames.items[p->frames.len - 1];
    if (top->v->type == VALUE_ARRAY) {
        buf_byte(p->out, ']');
    } else {
        buf_cstr(p->out, ",\n");
        buf_fill(p->out, '\t', top->tabs);
        buf_byte(p->out, '}');
    }
    value_unref(top->owned);
    p->frames.len--;
}

static void next_child(struct printer *p)
{
    struct print_frame *top = &p->frames.items[p->frames.len - 1];
    uint32_t i = top->next++;
    if (top->v->type == VALUE_ARRAY) {
        if (i > 0)
            buf_cstr(p->out, ", ");
        begin(p, top->v->as.elements[i], top->tabs);
        return;
    }
    if (i > 0)
        buf_cstr(p->out, ",\n");
    if (i == top->run)
        measure(top, i);
    const struct value_field *field = &top->v->as.fields[i];
    size_t width = key_width(field->key);
    buf_fill(p->out, '\t', top->tabs + 1);
    print_key(p->out, field->key);
    buf_fill(p->out, ' ', top->width - width);
    buf_cstr(p->out, " = ");
    begin(p, field->value, top->tabs + 1);
}

void value_print(struct buf *out, const struct value *v)
{
    struct printer p = {.out = out};
    size_t start = out->len;
    begin(&p, v, 0);
    while (p.frames.len > 0) {
        struct print_frame *top = &p.frames.items[p.frames.len - 1];
        if (top->next < top->v->count)
            next_child(&p);
        else
            end(&p);
    }
    VEC_RELEASE(&p.frames);
    if (p.unwritable && !out->overflow)
        out->len = start;
}

/* Go's %v. */

struct go_frame {
    const struct value *v;
    uint32_t next;
};

/* As discovery.Target's String does. */
static void go_target(struct buf *out, const struct target *target)
{
    buf_byte(out, '{');
    for (uint32_t i = 0; i < target->count; i++) {
        if (i > 0)
            buf_cstr(out, ", ");
        strconv_quote(out, target->labels[i].name);
        buf_byte(out, '=');
        strconv_quote(out, target->labels[i].value);
    }
    buf_byte(out, '}');
}

static void go_leaf(struct buf *out, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL: buf_cstr(out, "<nil>"); break;
    case VALUE_NUMBER:
        if (v->number_kind == NUMBER_FLOAT)
            strconv_float(out, v->as.f, 'g');
        else
            number_print(out, v);
        break;
    case VALUE_STRING: buf_str(out, v->as.string); break;
    case VALUE_CAPSULE:
        if (value_capsule_data(v, &capsule_target))
            go_target(out, v->as.capsule.data);
        else
            print_leaf(out, v);
        break;
    default: print_leaf(out, v); break;
    }
}

static void go_begin(struct buf *out, const struct value *v, struct go_frame **frames, size_t *len,
                     size_t *cap)
{
    if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT) {
        go_leaf(out, v);
        return;
    }
    buf_cstr(out, v->type == VALUE_ARRAY ? "[" : "map[");
    *frames = vec_room(*frames, *len, cap, sizeof(**frames));
    (*frames)[(*len)++] = (struct go_frame){v, 0};
}

void value_print_go(struct buf *out, const struct value *v)
{
    struct go_frame *frames = NULL;
    size_t len = 0;
    size_t cap = 0;
    go_begin(out, v, &frames, &len, &cap);
    while (len > 0) {
        struct go_frame *top = &frames[len - 1];
        if (top->next == top->v->count) {
            buf_byte(out, ']');
            len--;
            continue;
        }
        uint32_t i = top->next++;
        if (i > 0)
            buf_byte(out, ' ');
        const struct value *child;
        if (top->v->type == VALUE_ARRAY) {
            child = top->v->as.elements[i];
        } else {
            buf_str(out, top->v->as.fields[i].key);
            buf_byte(out, ':');
            child = top->v->as.fields[i].value;
        }
        go_begin(out, child, &frames, &len, &cap);
    }
    mem_free(frames);
}
