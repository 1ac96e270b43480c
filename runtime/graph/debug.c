/* Debug info of a component as the API shows it: a list of statements. The component writes the
 * members of an object; a list of objects becomes blocks of that name, everything else an
 * attribute. Bounded by DEBUG_MAX. */

#include "runtime/graph/parts.h"

enum { DEBUG_MAX = 16 * 1024 * 1024 };

struct debugging {
    struct component_host *host;
    struct json_writer w;
};

static void ask(void *arg)
{
    struct debugging *d = arg;
    d->host->def->debug_info(d->host->self, &d->w);
}

static void write_attribute(struct json_writer *w, const struct doc *member)
{
    struct value *value = value_from_doc(member, false);
    if (!value)
        return;
    json_object(w);
    json_key(w, STR("name"));
    json_string(w, member->key);
    json_key(w, STR("type"));
    json_string(w, STR("attr"));
    json_key(w, STR("value"));
    value_api_json(w, value);
    json_object_end(w);
    value_unref(value);
}

static void write_block(struct json_writer *w, struct str name, const struct doc *map)
{
    json_object(w);
    json_key(w, STR("name"));
    json_string(w, name);
    json_key(w, STR("type"));
    json_string(w, STR("block"));
    json_key(w, STR("body"));
    json_array(w);
    for (const struct doc *member = map->child; member; member = member->next)
        write_attribute(w, member);
    json_array_end(w);
    json_object_end(w);
}

static bool is_list_of_maps(const struct doc *doc)
{
    if (doc->kind != DOC_LIST || !doc->child)
        return false;
    for (const struct doc *item = doc->child; item; item = item->next) {
        if (item->kind != DOC_MAP)
            return false;
    }
    return true;
}

static void write_statements(struct json_writer *w, const struct doc *object)
{
    for (const struct doc *member = object->child; member; member = member->next) {
        if (!is_list_of_maps(member)) {
            write_attribute(w, member);
            continue;
        }
        for (const struct doc *item = member->child; item; item = item->next)
            write_block(w, member->key, item);
    }
}

void debug_info_write(struct json_writer *w, struct component_host *host)
{
    struct buf text;
    struct arena arena;
    struct doc *object;
    struct debugging d = {.host = host};
    buf_init(&text, NULL, DEBUG_MAX);
    arena_init(&arena, NULL, 8 * DEBUG_MAX);
    json_begin(&d.w, &text);
    json_object(&d.w);
    host_run(host, ask, &d);
    json_object_end(&d.w);
    json_array(w);
    if (buf_ok(&text) &&
        json_read(&arena, buf_view(&text), (struct doc_limits){0}, &object, NULL) == STATUS_OK)
        write_statements(w, object);
    json_array_end(w);
    arena_release(&arena);
    buf_release(&text);
}
