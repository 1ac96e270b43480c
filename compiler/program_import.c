/* What an import brings: its texts merged into one program of declare and import blocks. Bounded by
 * PROGRAM_MAX_FILES texts and the limits of source.h. */

#include "compiler/program_parts.h"

#include "base/hash.h"

enum { MESSAGE_MAX = 64 * 1024 };

struct importing {
    const struct import_content *content;
    struct program_text text;
    struct diags *diags;
    struct error *err;
};

static bool refuse(struct importing *im, const struct import_text *text, const char *kind,
                   struct str why)
{
    error_set(im->err, STATUS_INVALID, "imported content from \"%.*s\" %s: %.*s",
              STR_ARG(text->name), kind, STR_ARG(why));
    return false;
}

static bool parse(struct importing *im, const struct import_text *text)
{
    struct source *source = source_new(im->content->label, text->text, im->err);
    if (!source)
        return false;
    struct ast *ast = ast_parse(source, im->diags);
    source_unref(source);
    if (ast) {
        im->text.asts =
            mem_realloc(NULL, im->text.asts, (im->text.count + 1) * sizeof(struct ast *));
        im->text.asts[im->text.count++] = ast;
    }
    if (ast && !im->diags->errors) {
        ast->source->hidden = true;
        return true;
    }
    struct buf summary;
    buf_init(&summary, NULL, MESSAGE_MAX);
    diags_summary(&summary, im->diags);
    refuse(im, text, "cannot be parsed", buf_view(&summary));
    buf_release(&summary);
    return false;
}

static bool is_import(struct str name)
{
    return str_is(name, "import.file") || str_is(name, "import.string") ||
           str_is(name, "import.http") || str_is(name, "import.git");
}

/* One statement of the outermost body. */
static bool check_statement(struct importing *im, const struct import_text *text, ast_id statement,
                            struct map *labels)
{
    const struct ast *ast = im->text.asts[im->text.count - 1];
    struct buf why;
    buf_init(&why, NULL, MESSAGE_MAX);
    if (ast_at(ast, statement)->kind != AST_BLOCK) {
        buf_cstr(&why, "only declare and import blocks are allowed in a module");
    } else {
        struct arena scratch;
        arena_init(&scratch, NULL, 0);
        struct str name = ast_block_name(ast, statement, &scratch);
        struct str label = ast_block_label(ast, statement);
        if (!is_import(name) && !str_is(name, "declare"))
            buf_printf(&why, "only declare and import blocks are allowed in a module, got %.*s",
                       STR_ARG(name));
        else if (is_import(name) && map_put(labels, label, im))
            buf_printf(&why, "import block redefined %.*s", STR_ARG(label));
        else if (str_is(name, "import.file") && im->content->without_files)
            buf_printf(&why,
                       "importing a module via import.http (nodeID: %.*s) that contains an "
                       "import.file block is not supported",
                       STR_ARG(im->content->id));
        arena_release(&scratch);
    }
    bool ok = why.len == 0;
    if (!ok)
        refuse(im, text, "is invalid", buf_view(&why));
    buf_release(&why);
    return ok;
}

static bool read_all(struct importing *im, struct map *labels)
{
    const struct import_content *content = im->content;
    if (content->count > PROGRAM_MAX_FILES) {
        error_set(im->err, STATUS_LIMIT, "more than %d files are imported", PROGRAM_MAX_FILES);
        return false;
    }
    for (size_t i = 0; i < content->count; i++) {
        if (!parse(im, &content->texts[i]))
            return false;
        const struct ast *ast = im->text.asts[im->text.count - 1];
        AST_EACH(ast, ast->root, statement)
        {
            if (!check_statement(im, &content->texts[i], statement, labels))
                return false;
        }
    }
    return true;
}

/* Declares that need themselves would be opened without end. */
static bool is_finite(struct importing *im, const struct program_module *root)
{
    for (uint32_t i = 0; i < root->problem_count; i++) {
        const struct program_problem *problem = &root->problems[i];
        if (problem->kind != PROBLEM_CYCLE && problem->kind != PROBLEM_SELF)
            continue;
        struct diags found;
        diags_init(&found);
        program_report_run(root, &found);
        for (size_t d = 0; d < found.len; d++) {
            if (found.items[d].id == DIAG_CYCLE || found.items[d].id == DIAG_SELF_REFERENCE)
                refuse(im, &im->content->texts[0], "is invalid", found.items[d].message);
        }
        diags_release(&found);
        return false;
    }
    return true;
}

static void hash_texts(struct importing *im)
{
    struct buf all;
    buf_init(&all, NULL, SIZE_MAX);
    for (size_t i = 0; i < im->content->count; i++)
        buf_str(&all, im->content->texts[i].text);
    hash_sha256(all.data, all.len, im->text.sha256);
    buf_release(&all);
}

struct program *program_import(const struct import_content *content,
                               const struct program_options *options, struct diags *diags,
                               struct error *err)
{
    struct importing im = {.content = content, .diags = diags, .err = err};
    im.text.module_path =
        str_of(mem_strdup(NULL, content->module_path.ptr, content->module_path.len),
               content->module_path.len);
    struct map labels;
    map_init(&labels, NULL);
    bool ok = read_all(&im, &labels);
    map_release(&labels);
    if (!ok) {
        program_text_release(&im.text);
        return NULL;
    }
    hash_texts(&im);
    struct program *program = program_new(&im.text, options);
    if (is_finite(&im, program->root))
        return program;
    program_unref(program);
    return NULL;
}
