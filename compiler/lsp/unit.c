/* Which files make up one configuration. `alloy run` takes a file or a folder; an editor only sees
 * a file. Unless the settings say, a folder is one configuration when one of its files uses a name
 * that only another of them defines. */

#include "compiler/lsp/inner.h"

#include "base/world.h"

#include <dirent.h>
#include <fcntl.h>

enum { FOLDER_MAX_FILES = 1000 };

struct listing {
    struct arena *arena;
    VEC(struct str) names;
};

static bool collect(void *arg, const struct world_dir_entry *entry)
{
    struct listing *listing = arg;
    struct str name = str_from(entry->name);
    if (!str_ends(name, STR(".alloy")) || entry->type == DT_DIR)
        return true;
    if (listing->names.len == FOLDER_MAX_FILES)
        return false;
    VEC_PUSH(&listing->names, arena_str(listing->arena, name));
    return true;
}

static int compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The names that a file's top-level blocks can be referred to by. */
static void note_ids(struct lsp_document *d, struct map *ids, struct arena *arena)
{
    const struct outline *o = lsp_outline(d);
    OUTLINE_CHILDREN(o, 0, id)
    {
        if (o->nodes[id].kind != OUTLINE_BLOCK)
            continue;
        struct str name = outline_text(o, o->nodes[id].name);
        struct str label = outline_label(o, id);
        bool names_blocks = str_is(name, "declare") || str_starts(name, STR("import."));
        struct str key = names_blocks
                             ? arena_printf(arena, "%.*s.", STR_ARG(label))
                             : arena_printf(arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(label));
        if (label.len && !map_has(ids, key))
            map_put(ids, key, d);
    }
}

/* The document whose block a path or a block's name means, by its first two or three parts. */
static const struct lsp_document *owner_of(const struct map *ids, const struct outline *o,
                                           struct span dotted, bool is_block)
{
    if (is_block) {
        struct span first = outline_part(o, dotted, 0);
        char name[256];
        int len = snprintf(name, sizeof(name), "%.*s.", STR_ARG(outline_text(o, first)));
        return len < (int)sizeof(name) ? map_get(ids, str_of(name, (size_t)len)) : NULL;
    }
    uint32_t parts = outline_part_count(o, dotted);
    for (uint32_t n = 1; n < parts && n < 8; n++) {
        struct span prefix = {dotted.start, outline_part(o, dotted, n).end};
        const struct lsp_document *found = map_get(ids, outline_text(o, prefix));
        if (found)
            return found;
    }
    return NULL;
}

/* Does the document use a name that it does not define and another of the folder does? */
static bool leans_on_others(struct lsp_document *d, const struct map *all, struct arena *arena)
{
    const struct outline *o = lsp_outline(d);
    struct map own;
    map_init(&own, NULL);
    note_ids(d, &own, arena);
    bool leans = false;
    OUTLINE_EACH(o, id)
    {
        const struct outline_node *node = &o->nodes[id];
        bool is_block = node->kind == OUTLINE_BLOCK;
        if (!is_block && node->kind != OUTLINE_PATH)
            continue;
        if (!owner_of(&own, o, node->name, is_block) && owner_of(all, o, node->name, is_block)) {
            leans = true;
            break;
        }
    }
    map_release(&own);
    return leans;
}

static bool is_one(const struct lsp_unit_files *files, struct arena *arena)
{
    struct map all;
    map_init(&all, NULL);
    for (size_t i = 0; i < files->count; i++)
        note_ids(files->items[i], &all, arena);
    bool one = false;
    for (size_t i = 0; i < files->count && !one; i++)
        one = leans_on_others(files->items[i], &all, arena);
    map_release(&all);
    return one;
}

static void folder_of(struct lsp *lsp, struct lsp_document *document, struct arena *arena,
                      struct lsp_unit_files *out)
{
    struct str path = str_from(document->path);
    size_t slash = str_rfind_byte(path, '/');
    if (slash == SIZE_MAX)
        return;
    struct str folder = str_slice(path, 0, slash + 1);
    struct listing listing = {.arena = arena};
    world_list(AT_FDCWD, arena_cstr(arena, folder), collect, &listing);
    if (listing.names.len)
        qsort(listing.names.items, listing.names.len, sizeof(struct str), compare);
    struct lsp_unit_files files = {
        .items = ARENA_ARRAY(arena, listing.names.len + 1, struct lsp_document *)};
    bool has_it = false;
    for (size_t i = 0; i < listing.names.len; i++) {
        struct str name = arena_concat(arena, folder, listing.names.items[i]);
        struct lsp_document *d = lsp_document_load(lsp, name);
        has_it |= d == document;
        if (d)
            files.items[files.count++] = d;
    }
    VEC_RELEASE(&listing.names);
    if (!has_it || files.count < 2)
        return;
    if (lsp->settings.unit == UNIT_FOLDER || is_one(&files, arena)) {
        files.is_folder = true;
        *out = files;
    }
}

void lsp_unit_of(struct lsp *lsp, struct lsp_document *document, struct arena *arena,
                 struct lsp_unit_files *out)
{
    out->items = ARENA_ARRAY(arena, 1, struct lsp_document *);
    out->items[0] = document;
    out->count = 1;
    out->is_folder = false;
    if (lsp->settings.unit != UNIT_FILE && document->path[0] == '/')
        folder_of(lsp, document, arena, out);
}
