/* YAML documents: libyaml's events to a tree, without recursion. Nothing here jumps out of a memory
 * scope while libyaml's parser is open: the arena is asked by arena_try_alloc.
 * Bounded by depth, node count, the arena, and what aliases would expand to. */

#include "base/json.h"
#include "base/yaml_scalar.h"
#include "base/hash.h"

#include <string.h>
#include <yaml.h>

enum { DEPTH_DEFAULT = 1000, NODES_DEFAULT = 1000000 };
enum { ALIAS_FACTOR = 10, ALIAS_EXTRA = 100000 };
enum { FRAMES_FIRST = 16, INDEX_FIRST = 16, FEW_MEMBERS = 8 };

/* An open container. */
struct frame {
    struct doc *node;
    struct doc *tail;
    size_t size;        /* nodes, aliases expanded */
    struct str anchor;  /* of this container */
    struct doc *key;    /* the member's name that has been read; NULL = a name comes next */
    bool merge_next;    /* that name is << */
    struct doc *merged; /* the member of that name */
};

struct anchor {
    struct str name;
    struct doc *node;
    size_t size;
    bool open;
};

/* Finds anchors, and members while looking for doubles. */
struct slot {
    struct str key;
    void *value;
};

struct index {
    struct slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    struct error *err;
    struct frame *frames;
    size_t depth;
    size_t capacity; /* of frames */
    size_t max_depth;
    size_t nodes;
    size_t max_nodes;
    size_t expanded; /* nodes that aliases stand for */
    struct index anchors;
    struct doc *root;
    bool done;
};

static enum status no_memory(struct reader *r)
{
    return error_set(r->err, STATUS_MEMORY, "yaml: document needs too much memory");
}

static void *take(struct reader *r, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *memory = arena_try_alloc(r->arena, bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

/* The index. */

static struct slot *index_find(const struct index *index, struct str key)
{
    size_t mask = index->capacity - 1, at = hash_str(key) & mask;
    while (index->slots[at].value && !str_eq(index->slots[at].key, key))
        at = (at + 1) & mask;
    return &index->slots[at];
}

static void *index_get(const struct index *index, struct str key)
{
    return index->capacity ? index_find(index, key)->value : NULL;
}

static bool index_put(struct reader *r, struct index *index, struct str key, void *value)
{
    if (index->count * 2 >= index->capacity) {
        struct index grown = {.capacity = index->capacity ? index->capacity * 2 : INDEX_FIRST};
        grown.slots = take(r, grown.capacity, sizeof(*grown.slots));
        if (!grown.slots)
            return false;
        for (size_t i = 0; i < index->capacity; i++)
            if (index->slots[i].value)
                *index_find(&grown, index->slots[i].key) = index->slots[i];
        grown.count = index->count;
        *index = grown;
    }
    struct slot *slot = index_find(index, key);
    index->count += !slot->value;
    *slot = (struct slot){.key = key, .value = value};
    return true;
}

/* The tree. */

static enum status new_node(struct reader *r, enum doc_kind kind, const yaml_event_t *event,
                            struct doc **out)
{
    if (r->nodes == r->max_nodes)
        return error_set(r->err, STATUS_LIMIT, "yaml: document has too many values");
    struct doc *node = take(r, 1, sizeof(*node));
    if (!node)
        return no_memory(r);
    r->nodes++;
    node->kind = kind;
    node->line = (int)event->start_mark.line + 1;
    *out = node;
    return STATUS_OK;
}

static struct frame *top(struct reader *r)
{
    return r->depth ? &r->frames[r->depth - 1] : NULL;
}

static void append(struct frame *f, struct doc *node)
{
    if (f->tail)
        f->tail->next = node;
    else
        f->node->child = node;
    f->tail = node;
    f->node->count++;
}

static bool is_container(const struct doc *node)
{
    return node->kind == DOC_LIST || node->kind == DOC_MAP;
}

/* Puts a node in its place; `merge` tells that it is a plain <<. */
static enum status place(struct reader *r, struct doc *node, size_t size, bool merge)
{
    struct frame *f = top(r);
    if (!f) {
        r->root = node;
        return STATUS_OK;
    }
    if (__builtin_add_overflow(f->size, size, &f->size))
        f->size = SIZE_MAX;
    if (f->node->kind == DOC_LIST) {
        append(f, node);
        return STATUS_OK;
    }
    if (!f->key) {
        if (is_container(node))
            return error_set(r->err, STATUS_INVALID, "yaml: invalid map key: line %d is no scalar",
                             node->line);
        f->key = node;
        f->merge_next = merge;
        return STATUS_OK;
    }
    node->key = f->key->key;
    node->key_doc = f->key->kind == DOC_STRING ? NULL : f->key;
    node->line = f->key->line;
    if (f->merge_next)
        f->merged = node;
    f->key = NULL;
    append(f, node);
    return STATUS_OK;
}

static enum status set_anchor(struct reader *r, struct str name, struct doc *node, size_t size,
                              bool open)
{
    if (!name.ptr)
        return STATUS_OK;
    struct anchor *anchor = take(r, 1, sizeof(*anchor));
    if (!anchor)
        return no_memory(r);
    *anchor = (struct anchor){.name = name, .node = node, .size = size, .open = open};
    return index_put(r, &r->anchors, name, anchor) ? STATUS_OK : no_memory(r);
}

static enum status copy_text(struct reader *r, const void *text, size_t len, struct str *out)
{
    char *copy = arena_try_alloc(r->arena, len + 1);
    if (!copy)
        return no_memory(r);
    memcpy(copy, text, len);
    copy[len] = '\0';
    *out = str_of(copy, len);
    return STATUS_OK;
}

static enum status copy_name(struct reader *r, const yaml_char_t *name, struct str *out)
{
    *out = STR_NONE;
    return name ? copy_text(r, name, strlen((const char *)name), out) : STATUS_OK;
}

/* Events. */

/* "tag:yaml.org,2002:int" → "!!int"; "!" and none say nothing. */
static enum status short_tag(struct reader *r, const yaml_char_t *tag, struct str *out)
{
    static const char prefix[] = "tag:yaml.org,2002:";
    struct str text = str_from((const char *)tag);
    *out = STR_NONE;
    if (text.len == 0 || str_is(text, "!"))
        return STATUS_OK;
    if (!str_starts(text, STR(prefix)))
        return copy_text(r, text.ptr, text.len, out);
    char memory[64];
    struct buf b = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    buf_cstr(&b, "!!");
    buf_str(&b, str_slice(text, sizeof(prefix) - 1, text.len));
    if (!buf_ok(&b))
        return copy_text(r, text.ptr, text.len, out);
    return copy_text(r, b.data, b.len, out);
}

static enum status on_scalar(struct reader *r, const yaml_event_t *event)
{
    struct doc *node;
    struct str anchor, tag;
    enum status status = new_node(r, DOC_STRING, event, &node);
    if (status == STATUS_OK)
        status = copy_text(r, event->data.scalar.value, event->data.scalar.length, &node->text);
    if (status == STATUS_OK)
        status = copy_name(r, event->data.scalar.anchor, &anchor);
    if (status == STATUS_OK)
        status = short_tag(r, event->data.scalar.tag, &tag);
    if (status != STATUS_OK)
        return status;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool merge = str_is(node->text, "<<") && (str_is(tag, "!!merge") || (plain && !tag.len));
    struct str source = node->text;
    if (tag.len || plain)
        status = yaml_resolve(r->arena, tag, node, r->err);
    if (status == STATUS_OK)
        status = set_anchor(r, anchor, node, 1, false);
    if (status != STATUS_OK)
        return status;
    struct frame *f = top(r);
    if (f && f->node->kind == DOC_MAP && !f->key)
        node->key = source;
    return place(r, node, 1, merge);
}

static enum status on_alias(struct reader *r, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = index_get(&r->anchors, str_from(name));
    if (!anchor)
        return error_set(r->err, STATUS_INVALID, "yaml: unknown anchor '%s' referenced", name);
    if (anchor->open)
        return error_set(r->err, STATUS_INVALID, "yaml: anchor '%s' value contains itself", name);
    if (__builtin_add_overflow(r->expanded, anchor->size, &r->expanded) ||
        r->expanded > ALIAS_FACTOR * r->nodes + ALIAS_EXTRA)
        return error_set(r->err, STATUS_LIMIT, "yaml: document contains excessive aliasing");
    struct doc *node;
    enum status status = new_node(r, anchor->node->kind, event, &node);
    if (status != STATUS_OK)
        return status;
    /* The children are shared. */
    *node = *anchor->node;
    struct frame *f = top(r);
    node->key = f && f->node->kind == DOC_MAP && !f->key ? node->text : STR_NONE;
    node->key_doc = node->next = NULL;
    return place(r, node, anchor->size, false);
}

static enum status open_container(struct reader *r, enum doc_kind kind, const yaml_event_t *event,
                                  const yaml_char_t *anchor_name)
{
    if (r->depth == r->max_depth)
        return error_set(r->err, STATUS_LIMIT, "yaml: exceeded max depth of %zu", r->max_depth);
    if (r->depth == r->capacity) {
        size_t capacity = r->capacity ? r->capacity * 2 : FRAMES_FIRST;
        struct frame *frames = take(r, capacity, sizeof(*frames));
        if (!frames)
            return no_memory(r);
        if (r->depth)
            memcpy(frames, r->frames, r->depth * sizeof(*frames));
        r->frames = frames;
        r->capacity = capacity;
    }
    struct frame frame = {.size = 1};
    enum status status = new_node(r, kind, event, &frame.node);
    if (status == STATUS_OK)
        status = copy_name(r, anchor_name, &frame.anchor);
    if (status == STATUS_OK)
        status = set_anchor(r, frame.anchor, frame.node, 0, true);
    if (status == STATUS_OK)
        r->frames[r->depth++] = frame;
    return status;
}

static enum status twice(struct reader *r, const struct doc *first, const struct doc *second)
{
    return error_set(r->err, STATUS_INVALID,
                     "yaml: unmarshal errors:\n  line %d: mapping key \"%.*s\" already defined at "
                     "line %d",
                     second->line, STR_ARG(second->key), first->line);
}

static enum status check_few(struct reader *r, const struct doc *map)
{
    for (const struct doc *a = map->child; a; a = a->next)
        for (const struct doc *b = a->next; b; b = b->next)
            if (str_eq(a->key, b->key))
                return twice(r, a, b);
    return STATUS_OK;
}

/* All members by name; refuses a name that comes twice. */
static enum status index_members(struct reader *r, struct doc *map, struct index *index)
{
    for (struct doc *member = map->child; member; member = member->next) {
        const struct doc *former = index_get(index, member->key);
        if (former)
            return twice(r, former, member);
        if (!index_put(r, index, member->key, member))
            return no_memory(r);
    }
    return STATUS_OK;
}

static void unlink_member(struct frame *f, const struct doc *member)
{
    struct doc **at = &f->node->child, *before = NULL;
    for (; *at != member; at = &(*at)->next)
        before = *at;
    *at = member->next;
    if (f->tail == member)
        f->tail = before;
    f->node->count--;
}

static enum status merge_map(struct reader *r, struct frame *f, struct index *known,
                             const struct doc *source)
{
    if (source->kind != DOC_MAP)
        return error_set(r->err, STATUS_INVALID,
                         "yaml: map merge requires map or sequence of maps as the value");
    for (const struct doc *member = source->child; member; member = member->next) {
        if (index_get(known, member->key))
            continue;
        if (r->nodes == r->max_nodes)
            return error_set(r->err, STATUS_LIMIT, "yaml: document has too many values");
        struct doc *copy = take(r, 1, sizeof(*copy));
        if (!copy || !index_put(r, known, member->key, copy))
            return no_memory(r);
        r->nodes++;
        *copy = *member;
        copy->next = NULL;
        append(f, copy);
    }
    return STATUS_OK;
}

/* Members of << come behind the map's own, where no such name exists yet. */
static enum status merge_members(struct reader *r, struct frame *f)
{
    const struct doc *merged = f->merged;
    struct index known = {0};
    unlink_member(f, merged);
    enum status status = index_members(r, f->node, &known);
    if (merged->kind != DOC_LIST)
        return status == STATUS_OK ? merge_map(r, f, &known, merged) : status;
    for (const struct doc *item = merged->child; item && status == STATUS_OK; item = item->next)
        status = merge_map(r, f, &known, item);
    return status;
}

static enum status close_container(struct reader *r)
{
    struct frame *f = top(r);
    enum status status = STATUS_OK;
    if (f->node->kind == DOC_MAP) {
        struct index members = {0};
        status = f->node->count <= FEW_MEMBERS ? check_few(r, f->node)
                                               : index_members(r, f->node, &members);
        if (status == STATUS_OK && f->merged)
            status = merge_members(r, f);
    }
    if (status == STATUS_OK && f->anchor.ptr)
        status = set_anchor(r, f->anchor, f->node, f->size, false);
    if (status != STATUS_OK)
        return status;
    struct doc *node = f->node;
    size_t size = f->size;
    r->depth--;
    return place(r, node, size, false);
}

static enum status on_event(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return on_scalar(r, event);
    case YAML_ALIAS_EVENT: return on_alias(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_container(r, DOC_LIST, event, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return open_container(r, DOC_MAP, event, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return close_container(r);
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT: r->done = true; return STATUS_OK;
    default: return STATUS_OK;
    }
}

/* In yaml.v3's words and with its idea of the line. */
static enum status parse_failure(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(r);
    size_t line = p->context_mark.line ? p->context_mark.line : p->problem_mark.line;
    if (line && p->error == YAML_SCANNER_ERROR)
        line++;
    const char *problem = p->problem ? p->problem : "unknown problem parsing YAML content";
    if (line)
        return error_set(r->err, STATUS_INVALID, "yaml: line %zu: %s", line, problem);
    return error_set(r->err, STATUS_INVALID, "yaml: %s", problem);
}

static enum status read_events(struct reader *r)
{
    enum status status = STATUS_OK;
    while (!r->done && status == STATUS_OK) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event))
            return parse_failure(r);
        status = on_event(r, &event);
        yaml_event_delete(&event);
    }
    return status;
}

enum status yaml_read(struct arena *arena, struct str text, struct doc_limits limits,
                      struct doc **out, struct error *err)
{
    struct reader r = {.arena = arena,
                       .err = err,
                       .max_depth = limits.max_depth ? limits.max_depth : DEPTH_DEFAULT,
                       .max_nodes = limits.max_nodes ? limits.max_nodes : NODES_DEFAULT};
    *out = NULL;
    if (!yaml_parser_initialize(&r.parser))
        return no_memory(&r);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.len ? text.ptr : ""),
                                 text.len);
    enum status status = read_events(&r);
    yaml_parser_delete(&r.parser);
    if (status != STATUS_OK)
        return status;
    if (!r.root) { /* an empty document is null */
        r.root = take(&r, 1, sizeof(*r.root));
        if (!r.root)
            return no_memory(&r);
        r.root->line = 1;
    }
    r.root->key = STR_NONE;
    *out = r.root;
    return STATUS_OK;
}
