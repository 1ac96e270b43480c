/* Values as the HTTP API shows them: {"type":…, "value":…}, numbers as JSON doubles, objects as
 * lists of
 * {"key","value"}; and values out of document trees. Nesting is kept on stacks. */

#include "base/vec.h"
#include "compiler/value.h"

#include <math.h>

struct api_frame {
    const struct value *v;
    struct value *owned;
    uint32_t next;
};

struct api_writer {
    struct json_writer *w;
    VEC(struct api_frame) frames;
};

static void write_head(struct json_writer *w, const char *type)
{
    json_object(w);
    json_key(w, STR("type"));
    json_string(w, str_from(type));
    json_key(w, STR("value"));
}

static void write_capsule(struct json_writer *w, const struct value *v)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    if (v->as.capsule.type->print)
        v->as.capsule.type->print(v->as.capsule.data, &text);
    else
        buf_printf(&text, "capsule(\"%s\")", v->as.capsule.type->name);
    json_string(w, buf_view(&text));
    buf_release(&text);
}

static void write_leaf(struct json_writer *w, const struct value *v)
{
    switch (v->type) {
    case VALUE_NUMBER: json_double(w, value_to_float(v)); break;
    case VALUE_STRING: json_string(w, v->as.string); break;
    case VALUE_BOOL: json_bool(w, v->as.boolean); break;
    case VALUE_FUNCTION: json_string(w, STR("function")); break;
    case VALUE_CAPSULE: write_capsule(w, v); break;
    default: json_null(w); break;
    }
}

static void begin(struct api_writer *a, const struct value *v)
{
    struct value *owned = NULL;
    if (v->type == VALUE_CAPSULE && v->as.capsule.type->to_object) {
        owned = v->as.capsule.type->to_object(v->as.capsule.data);
        v = owned;
    }
    write_head(a->w, value_type_name(v));
    if (v->type == VALUE_ARRAY || v->type == VALUE_OBJECT) {
        json_array(a->w);
        VEC_PUSH(&a->frames, ((struct api_frame){.v = v, .owned = owned}));
        return;
    }
    write_leaf(a->w, v);
    json_object_end(a->w);
    value_unref(owned);
}

static void end(struct api_writer *a)
{
    struct value *owned = a->frames.items[--a->frames.len].owned;
    json_array_end(a->w);
    json_object_end(a->w);
    if (a->frames.len > 0 && a->frames.items[a->frames.len - 1].v->type == VALUE_OBJECT)
        json_object_end(a->w); /* the {"key", "value"} around it */
    value_unref(owned);
}

static void next_child(struct api_writer *a)
{
    struct api_frame *top = &a->frames.items[a->frames.len - 1];
    uint32_t i = top->next++;
    if (top->v->type == VALUE_ARRAY) {
        begin(a, top->v->as.elements[i]);
        return;
    }
    const struct value_field *field = &top->v->as.fields[i];
    size_t depth = a->frames.len;
    json_object(a->w);
    json_key(a->w, STR("key"));
    json_string(a->w, field->key);
    json_key(a->w, STR("value"));
    begin(a, field->value);
    if (a->frames.len == depth) /* nothing left open */
        json_object_end(a->w);
}

void value_api_json(struct json_writer *w, const struct value *v)
{
    struct api_writer a = {.w = w};
    begin(&a, v);
    while (a.frames.len > 0) {
        struct api_frame *top = &a.frames.items[a.frames.len - 1];
        if (top->next < top->v->count)
            next_child(&a);
        else
            end(&a);
    }
    VEC_RELEASE(&a.frames);
}

/* ---- from document trees ---- */

struct doc_frame {
    const struct doc *doc;
    const struct doc *next;
};

struct doc_reader {
    bool floats;
    bool ok;
    VEC(struct doc_frame) frames;
    VEC(struct value *) made;
};

static struct value *doc_leaf(const struct doc *doc, bool floats)
{
    switch (doc->kind) {
    case DOC_BOOL: return value_bool(doc->boolean);
    case DOC_INT: return floats ? value_float(doc->number) : value_int(doc->integer);
    case DOC_FLOAT:
        return doc->is_uint && !floats ? value_uint((uint64_t)doc->integer)
                                       : value_float(doc->number);
    case DOC_STRING:
    case DOC_TIME: return value_string(doc->text);
    default: return value_null();
    }
}

static void yaml_map_release(void *data)
{
    value_unref(data);
}

static bool yaml_map_equal(const void *a, const void *b)
{
    return value_equal(a, b);
}

const struct capsule_type capsule_yaml_map = {
    .name = "map[interface {}]interface {}",
    .release = yaml_map_release,
    .equal = yaml_map_equal,
};

static struct value *doc_container(struct doc_reader *r, const struct doc *doc)
{
    size_t first = r->made.len - doc->count;
    struct value **children = r->made.items + first;
    r->made.len = first;
    if (doc->kind == DOC_LIST)
        return value_array(children, doc->count);
    struct value_field *fields = mem_array(NULL, doc->count + 1, sizeof(*fields));
    size_t n = 0;
    bool text_keys = true;
    for (const struct doc *child = doc->child; child; child = child->next, n++) {
        text_keys &= !child->key_doc;
        fields[n] = (struct value_field){child->key, children[n]};
    }
    struct value *object = value_object(fields, n, false);
    mem_free(fields);
    return text_keys ? object : value_capsule(&capsule_yaml_map, object);
}

static void doc_begin(struct doc_reader *r, const struct doc *doc)
{
    bool container = doc->kind == DOC_LIST || doc->kind == DOC_MAP;
    bool number = doc->kind == DOC_INT || doc->kind == DOC_FLOAT;
    if (r->floats && number && !isfinite(doc->number))
        r->ok = false;
    else if (container)
        VEC_PUSH(&r->frames, ((struct doc_frame){doc, doc->child}));
    else
        VEC_PUSH(&r->made, doc_leaf(doc, r->floats));
}

struct value *value_from_doc(const struct doc *doc, bool floats)
{
    struct doc_reader r = {.floats = floats, .ok = true};
    doc_begin(&r, doc);
    while (r.ok && r.frames.len > 0) {
        struct doc_frame *top = &r.frames.items[r.frames.len - 1];
        if (top->next) {
            const struct doc *child = top->next;
            top->next = child->next;
            doc_begin(&r, child);
        } else {
            const struct doc *done = top->doc;
            r.frames.len--;
            struct value *container = doc_container(&r, done);
            VEC_PUSH(&r.made, container);
        }
    }
    while (!r.ok && r.made.len > 0)
        value_unref(r.made.items[--r.made.len]);
    struct value *result = r.ok ? r.made.items[0] : NULL;
    VEC_RELEASE(&r.frames);
    VEC_RELEASE(&r.made);
    return result;
}
