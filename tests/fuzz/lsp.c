/* The language server, driven in-process. The first byte chooses:
 *   'M'  the rest are bytes from the wire, after a session has begun: nothing may break
 *   else the rest is a seed and a number of scripts (text "SEED COUNT"): each opens a text, edits
 * it at random places and asks at random places. After every edit the server's text is the model's;
 * at the end the outline and the tree-sitter tree, which was kept over the edits, equal those of a
 * fresh reading, and the diagnostics are those of `validate` on the same text. Memory
 * does not fail here: tree-sitter has no way out of that. */

#include "base/hash.h"
#include "compiler/check_program.h"
#include "compiler/lsp/tree.h"
#include "runtime/graph/graph.h"
#include "stdlib/stdlib.h"
#include "tests/support/fuzz_input.h"
#include "tests/support/grammar.h"

enum { TEXT_MAX = 64 * 1024, EDITS_MAX = 6, SCRIPTS_MAX = 200 };

static const char uri[] = "file:///nowhere/f.alloy";

static bool find(void *arg, enum block_kind kind, struct str name, struct program_symbol *out)
{
    (void)arg;
    if (kind != BLOCK_COMPONENT)
        return blocks_find(kind, name, import_registry, out);
    for (const struct component_def *const *def = component_registry; *def; def++) {
        if (!str_is(name, (*def)->name))
            continue;
        *out = (struct program_symbol){.def = *def,
                                       .args = (*def)->args,
                                       .exports = (*def)->exports,
                                       .stability = (*def)->stability,
                                       .community = (*def)->community};
        return true;
    }
    return false;
}

static const char *summary(void *arg, struct str name)
{
    (void)arg;
    (void)name;
    return NULL;
}

struct fuzz {
    struct lsp *lsp;
    struct buf message;
    struct buf text; /* the model */
    uint64_t seed;
    int version;
};

static uint32_t draw(struct fuzz *f, uint32_t bound)
{
    f->seed = f->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(f->seed >> 33) % bound;
}

static void pump(struct fuzz *f)
{
    while (lsp_work(f->lsp))
        continue;
}

static void begin(struct fuzz *f, struct json_writer *w, const char *method, bool request)
{
    buf_clear(&f->message);
    json_begin(w, &f->message);
    json_object(w);
    lsp_put(w, "jsonrpc", STR("2.0"));
    if (request)
        lsp_put_number(w, "id", f->version);
    lsp_put(w, "method", str_from(method));
    lsp_key(w, "params");
    json_object(w);
}

static void send(struct fuzz *f, struct json_writer *w)
{
    char header[64];
    json_object_end(w);
    json_object_end(w);
    int len = snprintf(header, sizeof(header), "Content-Length: %zu\r\n\r\n", f->message.len);
    lsp_feed(f->lsp, str_of(header, (size_t)len));
    lsp_feed(f->lsp, buf_view(&f->message));
    pump(f);
    struct str out = lsp_output(f->lsp);
    lsp_written(f->lsp, out.len);
}

static void put_document(struct json_writer *w, const struct fuzz *f)
{
    lsp_key(w, "textDocument");
    json_object(w);
    lsp_put(w, "uri", str_from(uri));
    lsp_put_number(w, "version", f->version);
}

static void start(struct fuzz *f)
{
    struct json_writer w;
    begin(f, &w, "initialize", true);
    lsp_key(&w, "capabilities");
    json_raw(&w, STR("{\"general\":{\"positionEncodings\":[\"utf-8\"]}}"));
    lsp_key(&w, "initializationOptions");
    json_raw(&w, STR("{\"live\":false}"));
    send(f, &w);
}

static void open_text(struct fuzz *f, const char *text)
{
    struct json_writer w;
    buf_clear(&f->text);
    buf_cstr(&f->text, text);
    f->version++;
    begin(f, &w, "textDocument/didOpen", false);
    put_document(&w, f);
    lsp_put(&w, "text", buf_view(&f->text));
    json_object_end(&w);
    send(f, &w);
}

static void put_place(struct json_writer *w, const char *key, struct str text, size_t offset)
{
    size_t line = 0, start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (text.ptr[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    lsp_key(w, key);
    json_object(w);
    lsp_put_number(w, "line", (int64_t)line);
    lsp_put_number(w, "character", (int64_t)(offset - start));
    json_object_end(w);
}

/* The same edit of the model. */
static void replace(struct fuzz *f, size_t from, size_t to, const char *piece)
{
    struct str text = buf_view(&f->text);
    struct buf made;
    buf_init(&made, NULL, TEXT_MAX);
    buf_str(&made, str_slice(text, 0, from));
    buf_cstr(&made, piece);
    buf_str(&made, str_slice(text, to, text.len));
    buf_release(&f->text);
    f->text = made;
}

/* What is typed. */
static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "`",
    "\n",
    ",",
    ".",
    "=",
    " ",
    "/*",
    "*/",
    "//",
    "#",
    "'",
    "a",
    "x = 1\n",
    "prometheus.scrape \"n\" {\n",
    "forward_to = [",
    "local.file.a.content",
    "declare \"d\" {\n",
    "argument \"t\" { }\n",
    "\xC3\xA9",
    "stage.json {\n}\n",
    "1e400",
    "-",
    "sys.env(\"A\")",
    "env",
    "import.file \"i\" {\n",
    "foreach \"e\" {\n",
    "template {\n",
    "\r\n",
};

static void edit(struct fuzz *f)
{
    struct str text = buf_view(&f->text);
    size_t from = draw(f, (uint32_t)text.len + 1);
    size_t to = draw(f, 2) ? from : from + draw(f, 12);
    to = to > text.len ? text.len : to;
    const char *piece = draw(f, 4) ? pieces[draw(f, sizeof(pieces) / sizeof(pieces[0]))] : "";
    struct json_writer w;
    f->version++;
    begin(f, &w, "textDocument/didChange", false);
    put_document(&w, f);
    json_object_end(&w);
    lsp_key(&w, "contentChanges");
    json_array(&w);
    json_object(&w);
    lsp_key(&w, "range");
    json_object(&w);
    put_place(&w, "start", text, from);
    put_place(&w, "end", text, to);
    json_object_end(&w);
    lsp_put(&w, "text", str_from(piece));
    json_object_end(&w);
    json_array_end(&w);
    send(f, &w);
    replace(f, from, to, piece);
    struct lsp_document *d = lsp_document_find(f->lsp, str_from(uri));
    ASSERT(d && str_eq(d->source->text, buf_view(&f->text)));
}

static void ask(struct fuzz *f)
{
    static const char *const methods[] = {
        "completion",
        "hover",
        "signatureHelp",
        "definition",
        "documentHighlight",
        "prepareRename",
        "documentSymbol",
        "foldingRange",
        "semanticTokens/full",
        "codeLens",
        "formatting",
        "prepareCallHierarchy",
        "onTypeFormatting",
        "references",
        "codeAction",
        "inlayHint",
        "semanticTokens/full/delta",
        "rangeFormatting",
        "selectionRange",
        "rename",
        "documentLink",
    };
    struct json_writer w;
    char method[64];
    struct str text = buf_view(&f->text);
    (void)snprintf(method, sizeof(method), "textDocument/%s",
                   methods[draw(f, sizeof(methods) / sizeof(methods[0]))]);
    size_t from = draw(f, (uint32_t)text.len + 1), to = draw(f, (uint32_t)text.len + 1);
    begin(f, &w, method, true);
    put_document(&w, f);
    json_object_end(&w);
    put_place(&w, "position", text, from);
    lsp_key(&w, "range");
    json_object(&w);
    put_place(&w, "start", text, from < to ? from : to);
    put_place(&w, "end", text, from < to ? to : from);
    json_object_end(&w);
    lsp_key(&w, "positions");
    json_array(&w);
    json_array_end(&w);
    lsp_put(&w, "newName", STR("renamed"));
    lsp_put(&w, "ch", draw(f, 2) ? STR("}") : STR("\n"));
    send(f, &w);
}

static void check_outline(struct lsp_document *d)
{
    struct outline fresh;
    const struct outline *kept = lsp_outline(d);
    outline_init(&fresh, d->source);
    ASSERT(fresh.count == kept->count);
    for (uint32_t i = 0; i < fresh.count; i++) {
        const struct outline_node *a = &fresh.nodes[i], *b = &kept->nodes[i];
        ASSERT(a->kind == b->kind && a->all.start == b->all.start && a->all.end == b->all.end &&
               a->stop == b->stop && a->parent == b->parent);
        ASSERT(a->stop > i && a->stop <= fresh.count && a->all.start <= a->all.end &&
               a->all.end <= d->source->text.len && (i == 0 || a->parent < i));
    }
    outline_release(&fresh);
}

/* Two trees side by side: kinds, places, what is missing. */
static void check_tree(struct fuzz *f, struct lsp_document *d)
{
    const TSTree *kept = lsp_tree(f->lsp, d);
    if (!kept)
        return;
    TSTree *fresh = grammar_parse(d->source->text);
    TSTreeCursor a = ts_tree_cursor_new(ts_tree_root_node(kept));
    TSTreeCursor b = ts_tree_cursor_new(ts_tree_root_node(fresh));
    for (bool more = true; more;) {
        TSNode x = ts_tree_cursor_current_node(&a), y = ts_tree_cursor_current_node(&b);
        ASSERT(ts_node_symbol(x) == ts_node_symbol(y) &&
               ts_node_start_byte(x) == ts_node_start_byte(y) &&
               ts_node_end_byte(x) == ts_node_end_byte(y) &&
               ts_node_start_point(x).row == ts_node_start_point(y).row &&
               ts_node_start_point(x).column == ts_node_start_point(y).column &&
               ts_node_is_missing(x) == ts_node_is_missing(y) &&
               ts_node_child_count(x) == ts_node_child_count(y));
        more = ts_tree_cursor_goto_first_child(&a);
        ASSERT(more == ts_tree_cursor_goto_first_child(&b));
        while (!more) {
            more = ts_tree_cursor_goto_next_sibling(&a);
            ASSERT(more == ts_tree_cursor_goto_next_sibling(&b));
            if (!more && !ts_tree_cursor_goto_parent(&a))
                break;
            ASSERT(more || ts_tree_cursor_goto_parent(&b));
        }
    }
    ts_tree_cursor_delete(&a);
    ts_tree_cursor_delete(&b);
    ts_tree_delete(fresh);
}

/* The same text through the calls that `validate` makes. */
static void check_diagnostics(struct fuzz *f, struct lsp_document *d)
{
    struct program_text text = {0};
    struct diags own, served;
    struct arena arena;
    struct lsp_unit_files unit;
    struct source *source = source_new(str_from(d->path), buf_view(&f->text), NULL);
    diags_init(&own);
    diags_init(&served);
    arena_init(&arena, NULL, 0);
    program_text_add(&text, source, &own);
    source_unref(source);
    text.module_path = str_of(mem_strdup(NULL, "/nowhere", 8), 8);
    if (own.errors)
        program_text_release(&text);
    else
        check_program(&text, &f->lsp->program, &own);
    lsp_unit_of(f->lsp, d, &arena, &unit);
    lsp_diagnose(f->lsp, &unit, &served);
    ASSERT(own.len == served.len && own.errors == served.errors);
    for (size_t i = 0; i < own.len; i++)
        ASSERT(own.items[i].id == served.items[i].id &&
               own.items[i].range.start.offset == served.items[i].range.start.offset &&
               str_eq(own.items[i].message, served.items[i].message));
    arena_release(&arena);
    diags_release(&own);
    diags_release(&served);
}

static void script(struct fuzz *f)
{
    static const char *const texts[] = {
        "",
        "logging {\n\tlevel = \"info\"\n}\n",
        "prometheus.scrape \"s\" {\n\ttargets = [{\"__address__\" = \"a:1\"}]\n\tforward_to = "
        "[prometheus.remote_write.w.receiver]\n}\n\nprometheus.remote_write \"w\" {\n\tendpoint "
        "{\n\t\turl = \"http://x\"\n\t}\n}\n",
        "declare \"d\" {\n\targument \"a\" { }\n\n\texport \"e\" {\n\t\tvalue = "
        "argument.a.value\n\t}\n}\n\nd \"x\" {\n\ta = 1 + 2 * 3\n}\n// end\n",
        "loki.process \"p\" {\n\tforward_to = []\n\n\tstage.json {\n\t\texpressions = {a = "
        "\"b\"}\n\t}\n}\n/* c */\nlocal.file \"f\" {\n\tfilename = string.format(\"%s\", "
        "sys.env(\"HOME\"))\n}\n",
    };
    open_text(f, texts[draw(f, sizeof(texts) / sizeof(texts[0]))]);
    uint32_t edits = 1 + draw(f, EDITS_MAX);
    for (uint32_t i = 0; i < edits; i++) {
        edit(f);
        if (draw(f, 2))
            ask(f);
        if (draw(f, 2)) /* else the next edit meets a tree that is behind by several */
            (void)lsp_tree(f->lsp, lsp_document_find(f->lsp, str_from(uri)));
        if (!draw(f, 4)) /* what is remembered of one text serves the next */
            check_diagnostics(f, lsp_document_find(f->lsp, str_from(uri)));
    }
    struct lsp_document *d = lsp_document_find(f->lsp, str_from(uri));
    check_outline(d);
    check_tree(f, d);
    check_diagnostics(f, d);
    lsp_settle(f->lsp);
    struct str out = lsp_output(f->lsp);
    lsp_written(f->lsp, out.len);
}

static void run(struct fuzz *f, struct str input)
{
    if (input.len && input.ptr[0] == 'M') {
        open_text(f, "logging {\n}\n");
        lsp_feed(f->lsp, str_slice(input, 1, input.len));
        pump(f);
        lsp_settle(f->lsp);
        return;
    }
    struct str seed, count;
    uint64_t scripts = 0;
    str_cut(str_trim(input), ' ', &seed, &count);
    if (!str_to_u64(seed, &f->seed) || !str_to_u64(count, &scripts)) {
        f->seed = hash_bytes(input.ptr, input.len);
        scripts = 1;
    }
    for (uint64_t i = 0; i < scripts && i < SCRIPTS_MAX; i++)
        script(f);
}

static void once(struct str input)
{
    static const char *const components[] = {"prometheus.scrape", "local.file", NULL};
    struct stdlib lib;
    stdlib_init(&lib);
    struct lsp_options options = {
        .program = {.find = find, .stdlib = &lib}, .components = components, .summary = summary};
    struct fuzz f = {.lsp = lsp_new(&options)};
    buf_init(&f.message, NULL, 1024 * 1024);
    buf_init(&f.text, NULL, TEXT_MAX);
    start(&f);
    run(&f, input);
    lsp_free(f.lsp);
    buf_release(&f.message);
    buf_release(&f.text);
    stdlib_release(&lib);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, TEXT_MAX, once);
}
