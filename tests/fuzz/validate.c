/* Whole configurations: any text that parses is checked as `validate` does and analysed as `run`
 * does, with the components and the library of the product; the reports are rendered. */

#include "compiler/check_program.h"
#include "runtime/graph/graph.h"
#include "stdlib/stdlib.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 16 * 1024, REPORT_MAX = 16 * 1024 * 1024 };

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

static bool parse(struct str input, struct program_text *text, struct diags *diags)
{
    struct error err;
    *text = (struct program_text){0};
    struct source *source = source_new(STR("f"), input, &err);
    struct ast *ast = ast_parse(source, diags);
    source_unref(source);
    if (!ast || diags->errors) {
        ast_free(ast);
        return false;
    }
    text->asts = mem_array(NULL, 1, sizeof(struct ast *));
    text->asts[text->count++] = ast;
    text->module_path = str_of(mem_strdup(NULL, ".", 1), 1);
    return true;
}

static void render(const struct diags *diags)
{
    struct buf report;
    buf_init(&report, NULL, REPORT_MAX);
    diags_render(&report, diags, (struct diag_style){.color = true});
    ASSERT((report.len > 0) == (diags->len > 0));
    buf_release(&report);
}

static void analyse(struct program *program, struct diags *diags)
{
    struct program_module *root = program->root;
    program_report_run(root, diags);
    for (uint32_t i = 0; i < root->count; i++) {
        if (root->blocks[i].kind == BLOCK_DECLARE && root->blocks[i].usable)
            program_report_run(program_inner(root, i), diags);
    }
}

static void validate(struct str input, const struct program_options *options)
{
    struct diags diags;
    struct program_text text;
    diags_init(&diags);
    if (parse(input, &text, &diags)) {
        check_program(&text, options, &diags);
        render(&diags);
    }
    diags_release(&diags);
    diags_init(&diags);
    if (parse(input, &text, &diags)) {
        struct program *program = program_new(&text, options);
        analyse(program, &diags);
        render(&diags);
        program_unref(program);
    }
    diags_release(&diags);
}

static void work(void *arg)
{
    const struct str *input = arg;
    struct stdlib lib;
    stdlib_init(&lib);
    struct program_options options = {.find = find,
                                      .stdlib = &lib,
                                      .min_stability = (enum stability)(input->len % 3),
                                      .community = input->len % 2 != 0};
    validate(*input, &options);
    stdlib_release(&lib);
}

static void once(struct str input)
{
    ASSERT(fuzz_scope(work, &input) || fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
