/* The files that imports lead to, and those of the workspace. */

#include "compiler/lsp/names.h"

#include "base/strconv.h"
#include "base/world.h"

#include <dirent.h>
#include <fcntl.h>

enum { WORKSPACE_MAX_FILES = 2000, WORKSPACE_MAX_FOLDERS = 2000 };

static struct str folder_of(const struct lsp_document *d)
{
    struct str path = str_from(d->path);
    size_t slash = str_rfind_byte(path, '/');
    return slash == SIZE_MAX ? STR("") : str_slice(path, 0, slash);
}

/* Adds a part to a path, as file.path_join does for clean parts. */
static void join(struct buf *path, struct str part)
{
    if (part.len && part.ptr[0] == '/') {
        buf_clear(path);
    } else if (path->len && path->data[path->len - 1] != '/') {
        buf_byte(path, '/');
    }
    while (str_starts(part, STR("./")))
        part = str_slice(part, 2, part.len);
    while (str_starts(part, STR("../")) && path->len > 1) {
        size_t cut = str_rfind_byte(str_slice(buf_view(path), 0, path->len - 1), '/');
        path->len = cut == SIZE_MAX ? 0 : cut + 1;
        part = str_slice(part, 3, part.len);
    }
    buf_str(path, part);
}

/* "x", or file.path_join(module_path, "x"): the path, if the text says it. */
static bool path_of(struct lsp_document *d, uint32_t attribute, struct buf *out)
{
    const struct outline *o = lsp_outline(d);
    bool any = false;
    buf_str(out, folder_of(d));
    for (uint32_t id = attribute + 1; attribute && id < o->nodes[attribute].stop; id++) {
        const struct outline_node *node = &o->nodes[id];
        struct str text = outline_text(o, node->all);
        if (node->kind == OUTLINE_STRING) {
            struct buf part;
            buf_init(&part, NULL, LSP_MAX_PATH);
            any = strconv_unquote(&part, text) && buf_ok(&part);
            join(out, buf_view(&part));
            buf_release(&part);
            if (!any)
                return false;
        } else if (node->kind == OUTLINE_PATH && !str_is(text, "module_path") &&
                   !str_is(text, "file.path_join")) {
            return false;
        }
    }
    return any && buf_ok(out);
}

struct folder_files {
    struct lsp *lsp;
    struct str folder;
    struct lsp_document **out;
    size_t count;
    size_t max;
};

static bool add_file(void *arg, const struct world_dir_entry *entry)
{
    struct folder_files *f = arg;
    if (!str_ends(str_from(entry->name), STR(".alloy")) || entry->type == DT_DIR)
        return true;
    struct buf path;
    buf_init(&path, NULL, LSP_MAX_PATH);
    buf_printf(&path, "%.*s/%s", STR_ARG(f->folder), entry->name);
    struct lsp_document *d = buf_ok(&path) ? lsp_document_load(f->lsp, buf_view(&path)) : NULL;
    buf_release(&path);
    if (d)
        f->out[f->count++] = d;
    return f->count < f->max;
}

size_t lsp_import_files(const struct lsp_view *view, struct lsp_document *d, uint32_t import,
                        struct lsp_document **out, size_t max)
{
    const struct outline *o = lsp_outline(d);
    if (!max || !str_is(outline_text(o, o->nodes[import].name), "import.file"))
        return 0;
    struct buf path;
    buf_init(&path, NULL, LSP_MAX_PATH);
    struct folder_files files = {.lsp = view->lsp, .out = out, .max = max};
    if (path_of(d, lsp_child_named(o, import, STR("filename")), &path)) {
        struct stat info;
        buf_byte(&path, '\0');
        files.folder = str_of(path.data, path.len - 1);
        bool found = buf_ok(&path) && world_stat(AT_FDCWD, path.data, 0, &info) >= 0;
        if (found && S_ISDIR(info.st_mode)) {
            world_list(AT_FDCWD, path.data, add_file, &files);
        } else if (buf_ok(&path)) {
            struct lsp_document *file = lsp_document_load(view->lsp, files.folder);
            if (file)
                out[files.count++] = file;
        }
    }
    buf_release(&path);
    return files.count;
}

/* ---- the workspace ---- */

struct search {
    struct lsp *lsp;
    struct buf path; /* the folder at hand */
    VEC(char *) folders;
    size_t files;
};

static bool visit(void *arg, const struct world_dir_entry *entry)
{
    struct search *s = arg;
    struct str name = str_from(entry->name);
    size_t len = s->path.len;
    if (name.ptr[0] == '.' || str_is(name, "node_modules"))
        return true;
    buf_printf(&s->path, "/%s", entry->name);
    if (buf_ok(&s->path)) {
        struct str path = buf_view(&s->path);
        if (entry->type == DT_DIR && s->folders.len < WORKSPACE_MAX_FOLDERS) {
            VEC_PUSH(&s->folders, mem_strdup(NULL, path.ptr, path.len));
        } else if (entry->type != DT_DIR && str_ends(name, STR(".alloy"))) {
            lsp_document_load(s->lsp, path);
            s->files++;
        }
    }
    s->path.len = len;
    s->path.overflow = false;
    return s->files < WORKSPACE_MAX_FILES;
}

void lsp_load_workspace(struct lsp *lsp)
{
    struct search s = {.lsp = lsp};
    buf_init(&s.path, NULL, LSP_MAX_PATH);
    for (size_t i = 0; i < lsp->folders.len; i++)
        VEC_PUSH(&s.folders,
                 mem_strdup(NULL, lsp->folders.items[i], strlen(lsp->folders.items[i])));
    for (size_t i = 0; i < s.folders.len && s.files < WORKSPACE_MAX_FILES; i++) {
        buf_clear(&s.path);
        buf_cstr(&s.path, s.folders.items[i]);
        world_list(AT_FDCWD, s.folders.items[i], visit, &s);
    }
    for (size_t i = 0; i < s.folders.len; i++)
        mem_free(s.folders.items[i]);
    VEC_RELEASE(&s.folders);
    buf_release(&s.path);
}
