/* The JSON reader and writer: what is read and written again reads the same. The first byte chooses
 * limits of memory. */

#include "base/error.h"
#include "base/json.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 16, ARENA_MAX = 1 << 24 };

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

static void write_and_read(const struct doc *doc, struct doc_limits limits)
{
    struct arena again;
    struct error err = {0};
    struct doc *back;
    struct buf out;
    struct json_writer w;
    arena_init(&again, NULL, ARENA_MAX);
    buf_init(&out, NULL, ARENA_MAX);
    json_begin(&w, &out);
    write_tree(&w, doc);
    ASSERT(json_read(&again, buf_view(&out), limits, &back, &err) == STATUS_OK);
    ASSERT(same(doc, back));
    if (doc->child)
        ASSERT(same(doc->child, back->child));
    buf_release(&out);
    arena_release(&again);
}

static void once(struct str text)
{
    struct doc_limits limits = {.max_depth = 64, .max_nodes = 10000};
    struct arena arena;
    struct error err = {0};
    struct doc *doc;
    uint8_t choice;
    if (!fuzz_choice(&text, &choice))
        return;
    arena_init(&arena, NULL, choice & 1 ? 4096 : ARENA_MAX);
    fuzz_begin();
    enum status status = json_read(&arena, text, limits, &doc, &err);
    fuzz_end();
    if (status == STATUS_OK)
        write_and_read(doc, limits);
    else
        ASSERT(err.message[0] != '\0');
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
