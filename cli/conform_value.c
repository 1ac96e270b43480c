/* Tagged values: {"$int": "5"}, {"$object": {…}}, {"$secret": "x"} … both ways, with stacks. */

#include "cli/conform_value.h"

#include "base/strconv.h"
#include "base/vec.h"
#include "compiler/target.h"

/* ---- capsules of the corpus ---- */

static bool names_equal(const void *a, const void *b)
{
    return strcmp(a, b) == 0;
}

const struct capsule_type conform_receiver = {
    .name = "main.recvImpl", .release = mem_free, .equal = names_equal};
const struct capsule_type conform_sink = {
    .name = "main.sinkImpl", .release = mem_free, .equal = names_equal};

static struct value *run_wrap(struct call *call)
{
    struct str s = call->args[0]->as.string;
    return value_string(arena_printf(call->arena, "<%.*s>", STR_ARG(s)));
}

static const enum param_type wrap_params[] = {PARAM_STR};
static const struct function_def wrap_function = {
    .name = "f", .params = wrap_params, .param_count = 1, .run = run_wrap};

/* ---- reading ---- */

static struct target *read_target(const struct doc *doc)
{
    struct target_label *labels = mem_array(NULL, doc->count + 1, sizeof(*labels));
    size_t n = 0;
    for (const struct doc *d = doc->child; d; d = d->next)
        labels[n++] = (struct target_label){d->key, d->text};
    struct target *target = target_new(labels, n);
    mem_free(labels);
    return target;
}

static struct value *read_targets(const struct doc *doc)
{
    struct value **items = mem_array(NULL, doc->count + 1, sizeof(struct value *));
    size_t n = 0;
    for (const struct doc *d = doc->child; d; d = d->next)
        items[n++] = value_capsule(&capsule_target, read_target(d));
    struct value *array = value_array(items, n);
    mem_free(items);
    return array;
}

static struct value *read_number(struct str tag, struct str text)
{
    int64_t i = 0;
    uint64_t u = 0;
    double f = 0;
    bool range;
    if (str_is(tag, "$int")) {
        str_to_i64(text, &i);
        return value_int(i);
    }
    if (str_is(tag, "$uint")) {
        str_to_u64(text, &u);
        return value_uint(u);
    }
    strconv_parse_float(text, &f, &range);
    return value_float(f);
}

static struct value *read_duration(struct str text)
{
    int64_t ns = 0;
    struct error err;
    struct buf out;
    duration_parse(text, &ns, &err);
    buf_init(&out, NULL, 64);
    duration_format(&out, ns);
    struct value *v = value_text_form(buf_view(&out));
    buf_release(&out);
    return v;
}

static struct value *read_optional_secret(const struct doc *doc)
{
    const struct doc *secret = doc_get(doc, STR("secret"));
    const struct doc *text = doc_get(doc, STR("value"));
    return value_optional_secret(text ? text->text : STR(""), secret && secret->boolean);
}

static struct value *read_name(const struct capsule_type *type, struct str name)
{
    return value_capsule(type, mem_strdup(NULL, name.ptr, name.len));
}

/* Tags that hold no further values. */
static struct value *read_tagged(struct arena *arena, const struct doc *doc)
{
    struct str tag = doc->key;
    if (str_is(tag, "$secret"))
        return value_secret(doc->text);
    if (str_is(tag, "$optional_secret"))
        return read_optional_secret(doc);
    if (str_is(tag, "$target"))
        return value_capsule(&capsule_target, read_target(doc));
    if (str_is(tag, "$targets"))
        return read_targets(doc);
    if (str_is(tag, "$strmap") || str_is(tag, "$strlist"))
        return value_from_doc(doc, true);
    if (str_is(tag, "$bytes"))
        return value_bytes(conform_base64_decode(arena, doc->text));
    if (str_is(tag, "$rawstring"))
        return value_string(conform_base64_decode(arena, doc->text));
    if (str_is(tag, "$duration"))
        return read_duration(doc->text);
    if (str_is(tag, "$receiver"))
        return read_name(&conform_receiver, doc->text);
    if (str_is(tag, "$sink"))
        return read_name(&conform_sink, doc->text);
    if (str_is(tag, "$func"))
        return value_function(&wrap_function);
    return read_number(tag, doc->text);
}

struct read_frame {
    const struct doc *doc; /* LIST, or the MAP inside $object */
    const struct doc *next;
};

struct value_reader {
    struct arena *arena;
    VEC(struct read_frame) frames;
    VEC(struct value *) made;
};

static void read_begin(struct value_reader *r, const struct doc *doc)
{
    if (doc->kind == DOC_MAP && doc->child && str_is(doc->child->key, "$object"))
        VEC_PUSH(&r->frames, ((struct read_frame){doc->child, doc->child->child}));
    else if (doc->kind == DOC_MAP && doc->child)
        VEC_PUSH(&r->made, read_tagged(r->arena, doc->child));
    else if (doc->kind == DOC_LIST)
        VEC_PUSH(&r->frames, ((struct read_frame){doc, doc->child}));
    else
        VEC_PUSH(&r->made, value_from_doc(doc, true));
}

static struct value *read_end(struct value_reader *r, const struct doc *doc)
{
    struct value **children = r->made.items + (r->made.len - doc->count);
    r->made.len -= doc->count;
    if (doc->kind == DOC_LIST)
        return value_array(children, doc->count);
    struct value_field *fields = mem_array(NULL, doc->count + 1, sizeof(*fields));
    size_t n = 0;
    for (const struct doc *d = doc->child; d; d = d->next, n++)
        fields[n] = (struct value_field){d->key, children[n]};
    struct value *object = value_object(fields, n, false);
    mem_free(fields);
    return object;
}

struct value *conform_value_read(struct arena *arena, const struct doc *doc)
{
    struct value_reader r = {.arena = arena};
    read_begin(&r, doc);
    while (r.frames.len > 0) {
        struct read_frame *top = &r.frames.items[r.frames.len - 1];
        if (top->next) {
            const struct doc *child = top->next;
            top->next = child->next;
            read_begin(&r, child);
        } else {
            const struct doc *done = top->doc;
            r.frames.len--;
            struct value *v = read_end(&r, done);
            VEC_PUSH(&r.made, v);
        }
    }
    struct value *result = r.made.items[0];
    VEC_RELEASE(&r.frames);
    VEC_RELEASE(&r.made);
    return result;
}

/* ---- writing ---- */

void conform_float(struct json_writer *w, double n)
{
    struct buf text;
    buf_init(&text, NULL, 512);
    strconv_float(&text, n, 'g');
    conform_tagged(w, "$float", buf_view(&text));
    buf_release(&text);
}

static void write_number(struct json_writer *w, const struct value *v)
{
    struct buf text;
    if (v->number_kind == NUMBER_FLOAT) {
        conform_float(w, v->as.f);
        return;
    }
    buf_init(&text, NULL, 64);
    if (v->number_kind == NUMBER_INT)
        buf_i64(&text, v->as.i);
    else
        buf_u64(&text, v->as.u);
    conform_tagged(w, v->number_kind == NUMBER_INT ? "$int" : "$uint", buf_view(&text));
    buf_release(&text);
}

static void write_secret(struct json_writer *w, const struct value *v, bool clear)
{
    bool is_secret = false;
    struct str text = value_secret_reveal(v, &is_secret);
    json_object(w);
    if (value_capsule_data(v, &capsule_secret)) {
        json_key(w, STR("$secret"));
        if (clear)
            conform_string(w, text);
        else
            json_null(w);
    } else {
        json_key(w, STR("$optional_secret"));
        json_object(w);
        json_key(w, STR("secret"));
        json_bool(w, is_secret);
        if (!is_secret || clear) {
            json_key(w, STR("value"));
            conform_string(w, text);
        }
        json_object_end(w);
    }
    json_object_end(w);
}

static void write_target(struct json_writer *w, const struct target *target)
{
    json_object(w);
    json_key(w, STR("$target"));
    json_object(w);
    for (uint32_t i = 0; i < target->count; i++) {
        json_key(w, target->labels[i].name);
        conform_string(w, target->labels[i].value);
    }
    json_object_end(w);
    json_object_end(w);
}

static void write_capsule(struct json_writer *w, const struct value *v, bool clear)
{
    bool is_secret;
    const struct target *target = value_capsule_data(v, &capsule_target);
    const char *receiver = value_capsule_data(v, &conform_receiver);
    const char *sink = value_capsule_data(v, &conform_sink);
    if (value_secret_reveal(v, &is_secret).ptr)
        write_secret(w, v, clear);
    else if (target)
        write_target(w, target);
    else if (receiver || sink)
        conform_tagged(w, receiver ? "$receiver" : "$sink", str_from(receiver ? receiver : sink));
    else
        conform_tagged(w, "$capsule", str_from(v->as.capsule.type->name));
}

static void write_leaf(struct json_writer *w, const struct value *v, bool clear)
{
    switch (v->type) {
    case VALUE_NUMBER: write_number(w, v); break;
    case VALUE_STRING: conform_string(w, v->as.string); break;
    case VALUE_BOOL: json_bool(w, v->as.boolean); break;
    case VALUE_FUNCTION:
        json_object(w);
        json_key(w, STR("$function"));
        json_bool(w, true);
        json_object_end(w);
        break;
    case VALUE_CAPSULE: write_capsule(w, v, clear); break;
    default: json_null(w); break;
    }
}

struct write_frame {
    const struct value *v;
    uint32_t next;
};

static void write_key(struct json_writer *w, struct str key)
{
    if (utf8_valid(key)) {
        json_key(w, key);
        return;
    }
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    buf_cstr(&text, "$b64:");
    conform_base64_encode(&text, key);
    json_key(w, buf_view(&text));
    buf_release(&text);
}

/* What `any` makes of a map with keys of other types. */
static const struct value *shown(const struct value *v, bool clear)
{
    const struct value *map = value_capsule_data(v, &capsule_yaml_map);
    return clear && map ? map : v;
}

static bool open_container(struct json_writer *w, const struct value *v)
{
    if (v->type == VALUE_ARRAY) {
        json_array(w);
        return true;
    }
    if (v->type != VALUE_OBJECT)
        return false;
    json_object(w);
    json_key(w, STR("$object"));
    json_object(w);
    return true;
}

static void close_container(struct json_writer *w, const struct value *v)
{
    if (v->type == VALUE_ARRAY) {
        json_array_end(w);
        return;
    }
    json_object_end(w);
    json_object_end(w);
}

void conform_value_write(struct json_writer *w, const struct value *root, bool clear)
{
    VEC(struct write_frame) frames = {0};
    root = shown(root, clear);
    if (open_container(w, root))
        VEC_PUSH(&frames, ((struct write_frame){root, 0}));
    else
        write_leaf(w, root, clear);
    while (frames.len > 0) {
        struct write_frame *top = &frames.items[frames.len - 1];
        const struct value *v = top->v;
        if (top->next == v->count) {
            close_container(w, v);
            frames.len--;
            continue;
        }
        uint32_t i = top->next++;
        const struct value *child =
            shown(v->type == VALUE_ARRAY ? v->as.elements[i] : v->as.fields[i].value, clear);
        if (v->type == VALUE_OBJECT)
            write_key(w, v->as.fields[i].key);
        if (open_container(w, child))
            VEC_PUSH(&frames, ((struct write_frame){child, 0}));
        else
            write_leaf(w, child, clear);
    }
    VEC_RELEASE(&frames);
}
