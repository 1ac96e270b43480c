/* Completion inside strings: enumerations, labels that discovery gives, names of the environment,
 * files. */

#include "compiler/lsp/complete.h"

#include "base/world.h"

#include <dirent.h>
#include <fcntl.h>

static void add(struct complete *c, struct str text, enum complete_kind kind)
{
    complete_add(c, &(struct complete_item){.label = text, .kind = kind, .rank = RANK_FITS});
}

static void add_all(struct complete *c, const char *const *texts, enum complete_kind kind)
{
    for (; *texts; texts++)
        add(c, str_from(*texts), kind);
}

/* ---- enumerations ---- */

static const char *const relabel_actions[] = {
    "replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
    "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase", NULL,
};

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};

/* Enumerations that the rows check by a function. */
static const struct {
    const char *block;
    const char *attribute;
    const char *const *texts;
} choices[] = {
    {"rule", "action", relabel_actions},
    {"logging", "level", log_levels},
    {"logging", "format", log_formats},
};

const char *const *complete_choices(const struct complete *c)
{
    if (!c->attribute || (c->row && c->row->oneof))
        return c->row ? c->row->oneof : NULL;
    struct str name = outline_text(c->o, c->o->nodes[c->attribute].name);
    struct str block = outline_text(c->o, c->o->nodes[c->o->nodes[c->attribute].parent].name);
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        if (str_is(name, choices[i].attribute) && str_is(block, choices[i].block))
            return choices[i].texts;
    }
    return NULL;
}

/* ---- labels of targets ---- */

/* The component that a path in the value of `attribute` leads to. */
static bool source_of(struct complete *c, const struct lsp_place *block, struct str attribute,
                      struct lsp_place *out)
{
    const struct outline *o = lsp_outline(block->document);
    uint32_t node = lsp_child_named(o, block->node, attribute);
    uint32_t used;
    for (uint32_t id = node; node && id < o->nodes[node].stop; id++) {
        if (o->nodes[id].kind == OUTLINE_PATH &&
            lsp_resolve(c->view, block->document, id, out, &used))
            return true;
    }
    return false;
}

static void add_labels(struct complete *c)
{
    enum { HOPS_MAX = 8 };
    add_all(c, complete_meta_labels(STR("")), ITEM_CONSTANT);
    struct lsp_place at = {c->document, lsp_component_of(c->o, c->o->nodes[c->attribute].parent)};
    for (unsigned hop = 0; hop < HOPS_MAX && source_of(c, &at, STR("targets"), &at); hop++) {
        const struct outline *o = lsp_outline(at.document);
        const char *const *labels = complete_meta_labels(outline_text(o, o->nodes[at.node].name));
        if (labels)
            add_all(c, labels, ITEM_CONSTANT);
    }
}

/* ---- files ---- */

struct files {
    struct complete *c;
    struct str folder; /* as it is typed, with its slash */
};

static bool add_file(void *arg, const struct world_dir_entry *entry)
{
    struct files *f = arg;
    bool is_folder = entry->type == DT_DIR;
    if (entry->name[0] != '.')
        add(f->c,
            arena_printf(f->c->rq->arena, "%.*s%s%s", STR_ARG(f->folder), entry->name,
                         is_folder ? "/" : ""),
            is_folder ? ITEM_FOLDER : ITEM_FILE);
    return !f->c->cut;
}

static void add_files(struct complete *c)
{
    struct str own = str_from(c->document->path);
    struct str typed = c->prefix;
    size_t slash = str_rfind_byte(typed, '/');
    struct files f = {c, str_slice(typed, 0, slash == SIZE_MAX ? 0 : slash + 1)};
    struct str base = typed.len && typed.ptr[0] == '/'
                          ? STR("")
                          : str_slice(own, 0, str_rfind_byte(own, '/') + 1);
    if (own.ptr[0] != '/')
        return;
    struct str path = arena_concat(c->rq->arena, base, f.folder);
    world_list(AT_FDCWD, arena_cstr(c->rq->arena, path), add_file, &f);
}

static bool is_file(const struct complete *c, struct str function)
{
    struct str name = outline_text(c->o, c->o->nodes[c->attribute].name);
    return str_is(name, "filename") || str_ends(name, STR("_file")) || str_is(name, "path") ||
           str_is(function, "file.path_join");
}

static bool is_label_list(const struct complete *c)
{
    struct str name = outline_text(c->o, c->o->nodes[c->attribute].name);
    return str_is(name, "source_labels") || str_is(name, "target_label");
}

void complete_string(struct complete *c, uint32_t string)
{
    c->replaced = (struct span){c->o->nodes[string].all.start + 1, c->cursor};
    c->prefix = outline_text(c->o, c->replaced);
    uint32_t call = outline_around(c->o, string, OUTLINE_CALL);
    struct str function = outline_text(c->o, c->o->nodes[call].name);
    if (call && (str_is(function, "sys.env") || str_is(function, "env"))) {
        for (const char *const *name = c->lsp->options->environment; name && *name; name++)
            add(c, str_from(*name), ITEM_CONSTANT);
    } else if (!c->attribute) {
        return;
    } else if (complete_choices(c)) {
        add_all(c, complete_choices(c), ITEM_ENUM_MEMBER);
    } else if (is_label_list(c)) {
        add_labels(c);
    } else if (is_file(c, function)) {
        add_files(c);
    }
}
