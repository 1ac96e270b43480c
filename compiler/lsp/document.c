/* Documents: what the editor has open, and files beside them as they are on the disk. The map is
 * keyed by path, as editors differ in how they write a URI; answers use the editor's own. */

#include "compiler/check_program.h"
#include "compiler/lsp/tree.h"

#include "base/file.h"
#include "base/world.h"

#include <fcntl.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        return (c | 32) - 'a' + 10;
    return -1;
}

/* The path of a file: URI; another URI as it is. */
char *lsp_path_of_uri(struct str uri)
{
    struct str rest = uri;
    if (str_starts(uri, STR("file://"))) {
        size_t slash = str_find_byte(uri, '/', 7);
        rest = slash == SIZE_MAX ? STR("/") : str_slice(uri, slash, uri.len);
    }
    char *path = mem_alloc(NULL, rest.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        if (c == '%' && i + 2 < rest.len && hex_digit(rest.ptr[i + 1]) >= 0 &&
            hex_digit(rest.ptr[i + 2]) >= 0) {
            c = (char)(hex_digit(rest.ptr[i + 1]) * 16 + hex_digit(rest.ptr[i + 2]));
            i += 2;
        }
        if (c)
            path[len++] = c;
    }
    path[len] = '\0';
    return path;
}

void lsp_uri_of_path(struct buf *out, struct str path)
{
    static const char plain[] = "/-_.~!$&'()*+,;=:@";
    buf_cstr(out, "file://");
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (alnum || (c && strchr(plain, c)))
            buf_byte(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static void drop_text(struct lsp_document *d)
{
    if (d->outlined)
        outline_release(&d->outline);
    d->outlined = false;
    source_unref(d->source);
    d->source = NULL;
    d->exists = false;
}

/* The tree is not of this text unless the caller has told it of the edit. */
static bool set_text(struct lsp_document *d, struct str text)
{
    struct source *source = source_new(str_from(d->path), text, NULL);
    drop_text(d);
    d->source = source ? source : source_new(str_from(d->path), STR(""), NULL);
    d->exists = true;
    return source != NULL;
}

static void free_document(struct lsp_document *d)
{
    drop_text(d);
    lsp_tree_drop(d);
    mem_free(d->uri);
    mem_free(d->path);
    mem_free(d->tokens);
    check_memo_free(d->memo);
    mem_free(d);
}

void lsp_documents_release(struct lsp *lsp)
{
    MAP_EACH(&lsp->documents, entry)
    {
        free_document(entry->value);
    }
    map_release(&lsp->documents);
}

/* Takes the path. */
static struct lsp_document *document_at(struct lsp *lsp, char *owned_path, struct str uri)
{
    struct lsp_document *d = map_get(&lsp->documents, str_from(owned_path));
    if (d) {
        mem_free(owned_path);
        return d;
    }
    if (lsp->documents.len == LSP_MAX_DOCUMENTS) {
        mem_free(owned_path);
        return NULL;
    }
    d = mem_zalloc(NULL, sizeof(*d));
    d->path = owned_path;
    d->uri = mem_strdup(NULL, uri.ptr, uri.len);
    map_put(&lsp->documents, str_from(d->path), d);
    return d;
}

struct lsp_document *lsp_document_find(struct lsp *lsp, struct str uri)
{
    char *path = lsp_path_of_uri(uri);
    struct lsp_document *d = map_get(&lsp->documents, str_from(path));
    mem_free(path);
    return d && d->exists ? d : NULL;
}

struct lsp_document *lsp_document_of(struct lsp_request *rq)
{
    struct str uri = lsp_text_of(lsp_member(rq->params, "textDocument"), "uri");
    struct lsp_document *d = uri.len ? lsp_document_find(rq->lsp, uri) : NULL;
    if (!d)
        lsp_fail(rq, LSP_INVALID_PARAMS,
                 uri.len ? "the document is not open" : "textDocument.uri is missing");
    return d;
}

static bool read_from_disk(struct lsp_document *d)
{
    struct stat info;
    if (world_stat(AT_FDCWD, d->path, 0, &info) < 0 || !S_ISREG(info.st_mode)) {
        drop_text(d);
        return false;
    }
    int64_t mtime = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    if (d->exists && d->mtime_ns == mtime && d->size == info.st_size)
        return true;
    struct buf text;
    struct error err;
    buf_init(&text, NULL, SOURCE_MAX_BYTES);
    lsp_tree_drop(d);
    bool good = file_read(AT_FDCWD, d->path, &text, &err) == STATUS_OK &&
                source_check_encoding(buf_view(&text), &err) == STATUS_OK &&
                set_text(d, buf_view(&text));
    buf_release(&text);
    d->mtime_ns = mtime;
    d->size = info.st_size;
    if (!good)
        drop_text(d);
    return good;
}

struct lsp_document *lsp_document_load(struct lsp *lsp, struct str path)
{
    struct lsp_document *d = map_get(&lsp->documents, path);
    if (d && d->open)
        return d;
    if (!d) {
        struct buf uri;
        buf_init(&uri, NULL, LSP_MAX_PATH * 3 + 16);
        lsp_uri_of_path(&uri, path);
        d = document_at(lsp, mem_strdup(NULL, path.ptr, path.len), buf_view(&uri));
        buf_release(&uri);
    }
    return d && read_from_disk(d) ? d : NULL;
}

const struct outline *lsp_outline(struct lsp_document *d)
{
    if (!d->outlined) {
        outline_init(&d->outline, d->source);
        d->outlined = true;
    }
    return &d->outline;
}

/* ---- what the editor says ---- */

/* What depends on a document of this folder is to be checked again. */
static void touch(struct lsp *lsp, const struct lsp_document *changed)
{
    struct str path = str_from(changed->path);
    struct str folder = str_slice(path, 0, str_rfind_byte(path, '/') + 1);
    MAP_EACH(&lsp->documents, entry)
    {
        struct lsp_document *d = entry->value;
        if (str_starts(str_from(d->path), folder))
            d->checked = false;
    }
    lsp->dirty = true;
}

void lsp_did_open(struct lsp_request *rq)
{
    const struct doc *item = lsp_member(rq->params, "textDocument");
    const struct doc *text = lsp_member(item, "text");
    const struct doc *version = lsp_member(item, "version");
    struct str uri = lsp_text_of(item, "uri");
    if (!uri.len || !text || text->kind != DOC_STRING)
        return;
    struct lsp_document *d = document_at(rq->lsp, lsp_path_of_uri(uri), uri);
    if (!d)
        return;
    mem_free(d->uri);
    d->uri = mem_strdup(NULL, uri.ptr, uri.len);
    d->open = true;
    d->version = version ? version->integer : 0;
    lsp_tree_drop(d);
    set_text(d, text->text);
    touch(rq->lsp, d);
}

static void change(struct lsp *lsp, struct lsp_document *d, const struct doc *one)
{
    const struct doc *text = lsp_member(one, "text");
    const struct doc *range = lsp_member(one, "range");
    if (!text || text->kind != DOC_STRING)
        return;
    if (!range) {
        lsp_tree_drop(d);
        set_text(d, text->text);
        return;
    }
    struct span span = lsp_span_of(lsp, d->source, range);
    struct str old = d->source->text;
    struct buf made;
    buf_init(&made, NULL, SOURCE_MAX_BYTES + (size_t)1);
    buf_str(&made, str_slice(old, 0, span.start));
    buf_str(&made, text->text);
    buf_str(&made, str_slice(old, span.end, old.len));
    struct source *before = source_ref(d->source);
    if (buf_ok(&made) && set_text(d, buf_view(&made)))
        lsp_tree_edit(d, span, (uint32_t)text->text.len, before, d->source);
    else
        lsp_tree_drop(d);
    source_unref(before);
    buf_release(&made);
}

void lsp_did_change(struct lsp_request *rq)
{
    const struct doc *item = lsp_member(rq->params, "textDocument");
    struct lsp_document *d = lsp_document_find(rq->lsp, lsp_text_of(item, "uri"));
    const struct doc *changes = lsp_member(rq->params, "contentChanges");
    const struct doc *version = lsp_member(item, "version");
    if (!d || !d->open || !changes || changes->kind != DOC_LIST)
        return;
    for (const struct doc *one = changes->child; one; one = one->next)
        change(rq->lsp, d, one);
    d->version = version ? version->integer : d->version;
    touch(rq->lsp, d);
}

void lsp_did_close(struct lsp_request *rq)
{
    struct str uri = lsp_text_of(lsp_member(rq->params, "textDocument"), "uri");
    struct lsp_document *d = lsp_document_find(rq->lsp, uri);
    if (!d || !d->open)
        return;
    d->open = false;
    d->mtime_ns = 0;
    d->size = -1;
    touch(rq->lsp, d);
    if (d->reported) {
        struct json_writer w;
        size_t mark;
        lsp_send_begin(rq->lsp, &w, &mark, "textDocument/publishDiagnostics", false);
        json_object(&w);
        lsp_put(&w, "uri", str_from(d->uri));
        lsp_key(&w, "diagnostics");
        json_array(&w);
        json_array_end(&w);
        json_object_end(&w);
        lsp_send_end(rq->lsp, &w, mark);
        d->reported = false;
    }
    drop_text(d);
    lsp_tree_drop(d);
}

/* Files on the disk have changed: they are read again when they are next wanted. */
void lsp_did_save(struct lsp_request *rq)
{
    MAP_EACH(&rq->lsp->documents, entry)
    {
        struct lsp_document *d = entry->value;
        d->checked = false;
    }
    rq->lsp->dirty = true;
}
