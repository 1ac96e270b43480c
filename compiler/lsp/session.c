/* The life of a session: initialize, settings, folders, shutdown. */

#include "compiler/catalog.h"
#include "compiler/lsp/inner.h"
#include "compiler/lsp/live.h"
#include "compiler/lsp/tree.h"

struct lsp *lsp_new(const struct lsp_options *options)
{
    struct lsp *lsp = mem_zalloc(NULL, sizeof(*lsp));
    lsp->options = options;
    lsp->program = options->program;
    buf_init(&lsp->in, NULL, LSP_MAX_MESSAGE * (size_t)2);
    buf_init(&lsp->out, NULL, LSP_MAX_OUTPUT);
    map_init(&lsp->documents, NULL);
    arena_init(&lsp->catalog_arena, NULL, 0);
    lsp->catalog = catalog_new(&lsp->catalog_arena, NULL);
    static const char endpoint[] = "127.0.0.1:12345";
    static const char docs[] = "file:///usr/share/doc/invar";
    lsp->settings =
        (struct lsp_settings){.endpoint = mem_strdup(NULL, endpoint, sizeof(endpoint) - 1),
                              .docs = mem_strdup(NULL, docs, sizeof(docs) - 1),
                              .live = true,
                              .inlay_values = true,
                              .stability = options->program.min_stability,
                              .community = options->program.community};
    lsp->live = live_new();
    lsp->trees = trees_new();
    return lsp;
}

void lsp_free(struct lsp *lsp)
{
    if (!lsp)
        return;
    lsp_documents_release(lsp);
    live_free(lsp->live);
    trees_free(lsp->trees);
    for (size_t i = 0; i < lsp->folders.len; i++)
        mem_free(lsp->folders.items[i]);
    VEC_RELEASE(&lsp->folders);
    for (size_t i = 0; i < lsp->cancelled.len; i++)
        mem_free(lsp->cancelled.items[i]);
    VEC_RELEASE(&lsp->cancelled);
    arena_release(&lsp->catalog_arena);
    mem_free(lsp->settings.endpoint);
    mem_free(lsp->settings.docs);
    buf_release(&lsp->in);
    buf_release(&lsp->out);
    mem_free(lsp);
}

bool lsp_is_over(const struct lsp *lsp)
{
    return lsp->over;
}

int lsp_exit_code(const struct lsp *lsp)
{
    return lsp->shut_down ? 0 : 1;
}

/* ---- settings ---- */

static void set_text(char **at, const struct doc *settings, const char *key)
{
    struct str text = lsp_text_of(settings, key);
    if (!text.len || text.len > LSP_MAX_PATH)
        return;
    mem_free(*at);
    *at = mem_strdup(NULL, text.ptr, text.len);
}

static void set_flag(bool *at, const struct doc *settings, const char *dotted)
{
    const struct doc *member = lsp_member_at(settings, dotted);
    if (member && member->kind == DOC_BOOL)
        *at = member->boolean;
}

static void apply_settings(struct lsp *lsp, const struct doc *all)
{
    const struct doc *own = lsp_member(all, "invar");
    const struct doc *settings = own ? own : all;
    struct lsp_settings *s = &lsp->settings;
    set_text(&s->endpoint, settings, "endpoint");
    set_text(&s->docs, settings, "docs");
    set_flag(&s->live, settings, "live");
    set_flag(&s->inlay_values, settings, "inlayHints.values");
    set_flag(&s->inlay_defaults, settings, "inlayHints.defaults");
    set_flag(&s->community, settings, "community");
    stability_parse(lsp_text_of(settings, "stability"), &s->stability);
    struct str unit = lsp_text_of(settings, "unit");
    s->unit = str_is(unit, "file")     ? UNIT_FILE
              : str_is(unit, "folder") ? UNIT_FOLDER
              : str_is(unit, "auto")   ? UNIT_AUTO
                                       : s->unit;
    lsp->program.min_stability = s->stability;
    lsp->program.community = s->community;
    live_reset(lsp->live);
}

void lsp_did_change_configuration(struct lsp_request *rq)
{
    apply_settings(rq->lsp, lsp_member(rq->params, "settings"));
    lsp_did_save(rq);
}

/* ---- folders ---- */

static void add_folder(struct lsp *lsp, struct str uri)
{
    if (!uri.len || lsp->folders.len == LSP_MAX_FOLDERS)
        return;
    char *path = lsp_path_of_uri(uri);
    for (size_t i = 0; i < lsp->folders.len; i++) {
        if (strcmp(lsp->folders.items[i], path) == 0) {
            mem_free(path);
            return;
        }
    }
    VEC_PUSH(&lsp->folders, path);
}

static void remove_folder(struct lsp *lsp, struct str uri)
{
    char *path = lsp_path_of_uri(uri);
    for (size_t i = 0; i < lsp->folders.len; i++) {
        if (strcmp(lsp->folders.items[i], path) != 0)
            continue;
        mem_free(lsp->folders.items[i]);
        lsp->folders.items[i] = lsp->folders.items[--lsp->folders.len];
        break;
    }
    mem_free(path);
}

static void add_folders(struct lsp *lsp, const struct doc *list)
{
    for (const struct doc *one = list && list->kind == DOC_LIST ? list->child : NULL; one;
         one = one->next)
        add_folder(lsp, lsp_text_of(one, "uri"));
}

void lsp_did_change_folders(struct lsp_request *rq)
{
    const struct doc *event = lsp_member(rq->params, "event");
    const struct doc *removed = lsp_member(event, "removed");
    for (const struct doc *one = removed && removed->kind == DOC_LIST ? removed->child : NULL; one;
         one = one->next)
        remove_folder(rq->lsp, lsp_text_of(one, "uri"));
    add_folders(rq->lsp, lsp_member(event, "added"));
}

/* ---- initialize ---- */

/* Of the encodings that the client offers: bytes are the cheapest, then code points. */
static enum lsp_encoding choose_encoding(const struct doc *params)
{
    static const char *const names[] = {
        [ENCODING_UTF16] = "utf-16", [ENCODING_UTF8] = "utf-8", [ENCODING_UTF32] = "utf-32"};
    const struct doc *offered = lsp_member_at(params, "capabilities.general.positionEncodings");
    bool has[3] = {false};
    for (const struct doc *one = offered && offered->kind == DOC_LIST ? offered->child : NULL; one;
         one = one->next) {
        for (size_t i = 0; i < 3; i++)
            has[i] |= one->kind == DOC_STRING && str_is(one->text, names[i]);
    }
    return has[ENCODING_UTF8]    ? ENCODING_UTF8
           : has[ENCODING_UTF16] ? ENCODING_UTF16
           : has[ENCODING_UTF32] ? ENCODING_UTF32
                                 : ENCODING_UTF16;
}

/* What does not depend on the client. */
static const char capabilities[] =
    "\"textDocumentSync\":{\"openClose\":true,\"change\":2,\"save\":true},"
    "\"documentFormattingProvider\":true,\"documentRangeFormattingProvider\":true,"
    "\"documentOnTypeFormattingProvider\":{\"firstTriggerCharacter\":\"}\","
    "\"moreTriggerCharacter\":[\"\\n\"]},"
    "\"completionProvider\":{\"resolveProvider\":true,"
    "\"triggerCharacters\":[\".\",\"\\\"\",\"=\",\"[\",\"/\",\" \"]},"
    "\"signatureHelpProvider\":{\"triggerCharacters\":[\"(\",\",\"]},\"inlayHintProvider\":true,"
    "\"codeActionProvider\":{\"codeActionKinds\":[\"quickfix\",\"refactor.extract\"]},"
    "\"codeLensProvider\":{\"resolveProvider\":false},\"callHierarchyProvider\":true,"
    "\"executeCommandProvider\":{\"commands\":[\"invar.server.validate\",\"invar.server.graph\","
    "\"invar.server.review\",\"invar.server.reload\"]},"
    "\"hoverProvider\":true,\"definitionProvider\":true,\"declarationProvider\":true,"
    "\"referencesProvider\":true,\"documentHighlightProvider\":true,"
    "\"renameProvider\":{\"prepareProvider\":true},"
    "\"documentSymbolProvider\":true,\"workspaceSymbolProvider\":true,"
    "\"foldingRangeProvider\":true,\"selectionRangeProvider\":true,"
    "\"documentLinkProvider\":{\"resolveProvider\":false},"
    "\"semanticTokensProvider\":{\"legend\":{\"tokenTypes\":[\"type\",\"struct\",\"namespace\","
    "\"keyword\",\"property\",\"variable\",\"function\",\"string\",\"number\",\"comment\"],"
    "\"tokenModifiers\":[\"declaration\",\"deprecated\",\"defaultLibrary\",\"readonly\"]},"
    "\"range\":true,\"full\":{\"delta\":true}},"
    "\"diagnosticProvider\":{\"identifier\":\"invar\",\"interFileDependencies\":true,"
    "\"workspaceDiagnostics\":true},"
    "\"workspace\":{\"workspaceFolders\":{\"supported\":true,\"changeNotifications\":true}}";

void lsp_initialize(struct lsp_request *rq)
{
    static const char *const names[] = {
        [ENCODING_UTF16] = "utf-16", [ENCODING_UTF8] = "utf-8", [ENCODING_UTF32] = "utf-32"};
    struct lsp *lsp = rq->lsp;
    const struct doc *client = lsp_member(rq->params, "capabilities");
    lsp->initialized = true;
    lsp->encoding = choose_encoding(rq->params);
    lsp->snippets = lsp_flag_at(client, "textDocument.completion.completionItem.snippetSupport");
    lsp->pull = lsp_member_at(client, "textDocument.diagnostic") != NULL;
    lsp->refreshes = lsp_flag_at(client, "workspace.inlayHint.refreshSupport");
    const struct doc *folders = lsp_member(rq->params, "workspaceFolders");
    if (folders && folders->kind == DOC_LIST && folders->child)
        add_folders(lsp, folders);
    else
        add_folder(lsp, lsp_text_of(rq->params, "rootUri"));
    apply_settings(lsp, lsp_member(rq->params, "initializationOptions"));
    struct buf all;
    buf_init(&all, NULL, sizeof(capabilities) + 1024);
    buf_printf(&all, "{%s,\"positionEncoding\":\"%s\"}", capabilities, names[lsp->encoding]);
    json_object(rq->w);
    lsp_key(rq->w, "capabilities");
    json_raw(rq->w, buf_view(&all));
    lsp_key(rq->w, "serverInfo");
    json_object(rq->w);
    lsp_put(rq->w, "name", STR("invar"));
    lsp_put(rq->w, "version", STR(INVAR_VERSION));
    json_object_end(rq->w);
    json_object_end(rq->w);
    buf_release(&all);
}

void lsp_initialized(struct lsp_request *rq)
{
    rq->lsp->dirty = true;
}

void lsp_shutdown(struct lsp_request *rq)
{
    rq->lsp->shut_down = true;
    json_null(rq->w);
}
