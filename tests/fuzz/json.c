/* The JSON reader and writer: what is read and written again reads the same. The first byte chooses
 * limits and whether memory fails. */

#include "base/error.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* At most as deep as the reader allows. */
static void write_tree(struct json_writer *w, const struct doc *node)
{
    switch (node->kind) {
    case DOC_MAP:
        json_object(w);
        for (const struct doc *member = node->child; member; member = member->next) {
            json_key(w, member->key);
            write_tree(w, member);
        }
        json_object_end(w);
        return;
    case DOC_LIST:
        json_array(w);
        for (const struct doc *item = node->child; item; item = item->next)
            write_tree(w, item);
        json_array_end(w);
        return;
    case DOC_STRING: json_string(w, node->text); return;
    case DOC_BOOL: json_bool(w, node->boolean); return;
    case DOC_NULL: json_null(w); return;
    default: json_raw(w, node->text);
    }
}

static bool same(const struct doc *a, const struct doc *b)
{
    return a->kind == b->kind && a->count == b->count && str_eq(a->text, b->text) &&
           str_eq(a->key, b->key) && a->boolean == b->boolean && a->integer == b->integer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str text = str_of((const char *)data + 1, size - 1);
    struct doc_limits limits = {.max_depth = 64, .max_nodes = 10000};
    struct arena arena, again;
    struct error err = {0};
    struct doc *doc, *back;
    arena_init(&arena, NULL, data[0] & 1 ? 4096 : 1 << 24);
    arena_init(&again, NULL, 1 << 24);
    mem_fail_at(data[0] & 2 ? data[0] >> 2 : 0);
    enum status status = json_read(&arena, text, limits, &doc, &err);
    mem_fail_at(0);
    if (status == STATUS_OK) {
        struct buf out;
        struct json_writer w;
        buf_init(&out, NULL, 1 << 24);
        json_begin(&w, &out);
        write_tree(&w, doc);
        ASSERT(json_read(&again, buf_view(&out), limits, &back, &err) == STATUS_OK);
        ASSERT(same(doc, back));
        if (doc->child)
            ASSERT(same(doc->child, back->child));
        buf_release(&out);
    } else {
        ASSERT(err.message[0] != '\0');
    }
    arena_release(&arena);
    arena_release(&again);
    return 0;
}
