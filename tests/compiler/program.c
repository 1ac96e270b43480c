/* Programs: reading files and folders, classification, references, order, and problems. */

#include "compiler/program.h"
#include "tests/support/fake_files.h"
#include "tests/support/test.h"

struct args {
    struct str text;
};
static const struct row rows[] = {{ATTR(struct args, text), .doc = "A text."}, {0}};
static const struct shape shape = SHAPE(struct args, rows, NULL);

/* Knows a.b and the language's own blocks. */
static bool find(void *arg, enum block_kind kind, struct str name, struct program_symbol *out)
{
    (void)arg;
    *out = (struct program_symbol){.args = &shape, .exports = &shape, .stability = STABILITY_GA};
    out->configurable = true;
    return kind != BLOCK_COMPONENT || str_is(name, "a.b");
}

struct rig {
    struct fake_files *files;
    struct program_text text;
    struct diags diags;
    struct error err;
    struct program *program;
};

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){0};
    rig->files = fake_files_new();
    world_enter(fake_files_world(rig->files));
    diags_init(&rig->diags);
}

static void rig_release(struct rig *rig)
{
    program_unref(rig->program);
    diags_release(&rig->diags);
    world_enter(NULL);
    fake_files_free(rig->files);
}

static void analyse(struct rig *rig, const char *text)
{
    fake_files_put(rig->files, "/c.alloy", str_from(text));
    cr_assert_eq(program_read("/c.alloy", &rig->text, &rig->diags, &rig->err), STATUS_OK);
    cr_assert_eq(rig->diags.errors, 0);
    struct program_options options = {.find = find, .min_stability = STABILITY_GA};
    rig->program = program_new(&rig->text, &options);
}

static void assert_summary(struct rig *rig, const char *want)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    diags_summary(&text, &rig->diags);
    cr_assert(str_is(buf_view(&text), want), "%.*s", STR_ARG(buf_view(&text)));
    buf_release(&text);
}

TEST(program, reads_all_alloy_files_of_a_folder_in_order)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(world_mkdir(-1, "/etc", 0700), 0);
    fake_files_put(rig.files, "/etc/b.alloy", STR("a.b \"two\" { }\nx = 1\n"));
    fake_files_put(rig.files, "/etc/a.alloy", STR("a.b \"one\" {\n"));
    fake_files_put(rig.files, "/etc/c.txt", STR("not read {"));
    cr_assert_eq(program_read("/etc", &rig.text, &rig.diags, &rig.err), STATUS_OK);
    cr_assert_eq(rig.text.count, 2);
    cr_assert(str_is(rig.text.module_path, "/etc"));
    assert_summary(&rig, "/etc/a.alloy:2:1: expected }, got EOF (and 1 more diagnostics)");
    program_text_release(&rig.text);
    cr_assert_eq(program_read("/nope", &rig.text, &rig.diags, &rig.err), STATUS_NOT_FOUND);
    cr_assert_str_eq(rig.err.message, "stat /nope: no such file or directory");
    fake_files_put(rig.files, "/bad.alloy", STR("x \xff"));
    cr_assert_neq(program_read("/bad.alloy", &rig.text, &rig.diags, &rig.err), STATUS_OK);
    cr_assert_str_eq(rig.err.message, "unknown encoding for config");
    rig_release(&rig);
}

TEST(program, puts_what_is_used_first)
{
    struct rig rig;
    rig_init(&rig);
    analyse(&rig, "a.b \"x\" {\n  text = a.b.y.text + a.b.z.text\n}\n"
                  "a.b \"y\" {\n  text = [a.b.z][0].text\n}\n"
                  "a.b \"z\" { }\n");
    const struct program_module *root = rig.program->root;
    cr_assert_eq(root->problem_count, 0);
    cr_assert_eq(root->order_count, 3);
    cr_assert_eq(root->order[0], 2);
    cr_assert_eq(root->order[1], 1);
    cr_assert_eq(root->order[2], 0);
    const struct program_block *x = &root->blocks[0];
    cr_assert_eq(x->dep_count, 2);
    cr_assert_eq(x->ref_count, 2);
    cr_assert_eq(x->refs[0].kind, REF_BLOCK);
    cr_assert_eq(x->refs[0].target, 1);
    cr_assert_eq(x->refs[0].used, 3);
    uint32_t hint = 0;
    cr_assert_eq(program_refs_of(x, x->exprs[0].expr, &hint), x->refs);
    cr_assert_null(program_refs_of(x, NULL, &hint));
    rig_release(&rig);
}

static void assert_problems(const char *text, const enum program_problem_kind *kinds,
                            uint32_t count)
{
    struct rig rig;
    rig_init(&rig);
    analyse(&rig, text);
    const struct program_module *root = rig.program->root;
    cr_assert_eq(root->problem_count, count, "%s: %u problems", text, root->problem_count);
    for (uint32_t i = 0; i < count; i++)
        cr_assert_eq(root->problems[i].kind, kinds[i], "%s: problem %u", text, i);
    program_report_run(root, &rig.diags);
    rig_release(&rig);
}

#define PROBLEMS(text, ...)                                                                        \
    assert_problems((text), (const enum program_problem_kind[]){__VA_ARGS__},                      \
                    sizeof((const enum program_problem_kind[]){__VA_ARGS__}) /                     \
                        sizeof(enum program_problem_kind))

TEST(program, finds_every_problem)
{
    PROBLEMS("a.b { }\nc.d \"x\" { }\n", PROBLEM_NO_LABEL, PROBLEM_UNKNOWN_NAME);
    PROBLEMS("a.b \"x\" { }\na.b \"x\" { }\nhttp { }\nhttp { }\n", PROBLEM_DUPLICATE_SERVICE,
             PROBLEM_DUPLICATE);
    PROBLEMS("declare \"declare\" { }\ndeclare { }\n", PROBLEM_RESERVED_LABEL, PROBLEM_NO_LABEL);
    PROBLEMS("export \"x\" { }\n", PROBLEM_ONLY_IN_MODULE);
    PROBLEMS("a.b \"x\" { text = a.b.nope }\n", PROBLEM_UNKNOWN_REFERENCE);
    PROBLEMS("a.b \"x\" { text = a.b.x.text }\n", PROBLEM_SELF);
    PROBLEMS("a.b \"x\" { text = a.b.y.text }\na.b \"y\" { text = a.b.x.text }\n", PROBLEM_CYCLE);
    PROBLEMS("declare \"p\" { q \"x\" { } }\ndeclare \"q\" { p \"x\" { } }\n", PROBLEM_CYCLE);
}

TEST(program, analyses_a_declare_when_asked)
{
    struct rig rig;
    rig_init(&rig);
    analyse(&rig, "declare \"d\" {\n  argument \"x\" { }\n  logging { }\n"
                  "  a.b \"y\" {\n    text = argument.x.value + argument.z.value\n  }\n"
                  "  other \"z\" { }\n}\n"
                  "declare \"other\" { }\nd \"i\" { }\n");
    struct program_module *root = rig.program->root;
    cr_assert_eq(root->problem_count, 0);
    const struct program_block *instance = &root->blocks[2];
    cr_assert_eq(instance->kind, BLOCK_CUSTOM);
    cr_assert_eq(instance->declared_in, root);
    struct program_module *inner = program_inner(root, instance->declare);
    cr_assert_eq(program_inner(root, instance->declare), inner);
    cr_assert_eq(inner->parent, root);
    cr_assert_eq(inner->problem_count, 1);
    cr_assert_eq(inner->problems[0].kind, PROBLEM_NOT_IN_MODULE);
    cr_assert_eq(inner->blocks[3].kind, BLOCK_CUSTOM, "declares of the outside are visible");
    const struct program_block *y = &inner->blocks[2];
    cr_assert_eq(y->refs[0].kind, REF_BLOCK);
    cr_assert_eq(y->refs[1].kind, REF_ARGUMENTS);
    rig_release(&rig);
}

TEST(program, a_template_sees_its_item_and_the_blocks_around_it)
{
    struct rig rig;
    rig_init(&rig);
    analyse(&rig, "a.b \"out\" { }\n"
                  "foreach \"f\" {\n  text = \"x\"\n  template {\n"
                  "    a.b \"in\" {\n      text = it + a.b.out.text + a.b.in2.text\n    }\n"
                  "    a.b \"in2\" { }\n"
                  "    foreach \"g\" {\n      template {\n"
                  "        a.b \"deep\" {\n          text = it + jt + a.b.out.text\n        }\n"
                  "      }\n    }\n  }\n}\n");
    struct program_module *root = rig.program->root;
    cr_assert_eq(root->problem_count, 0);
    const struct program_block *foreach = &root->blocks[1];
    cr_assert_eq(foreach->expr_count, 0, "the template has its own");
    cr_assert_eq(foreach->dep_count, 1);
    cr_assert_eq(foreach->deps[0], 0);
    struct program_module *inner = program_template(root, 1, STR("it"));
    cr_assert_eq(program_template(root, 1, STR("it")), inner);
    cr_assert_neq(program_template(root, 1, STR("other")), inner);
    cr_assert_eq(inner->problem_count, 0);
    const struct program_ref *refs = inner->blocks[0].refs;
    cr_assert_eq(refs[0].kind, REF_VARIABLE);
    cr_assert_eq(refs[0].up, 0);
    cr_assert_eq(refs[1].kind, REF_BLOCK);
    cr_assert_eq(refs[1].up, 1);
    cr_assert_eq(refs[1].target, 0);
    cr_assert_eq(refs[2].up, 0);
    cr_assert_eq(refs[2].target, 1);
    struct program_module *deep = program_template(inner, 2, STR("jt"));
    refs = deep->blocks[0].refs;
    cr_assert_eq(refs[0].kind, REF_VARIABLE);
    cr_assert_eq(refs[0].up, 1);
    cr_assert_eq(refs[1].kind, REF_VARIABLE);
    cr_assert_eq(refs[1].up, 0);
    cr_assert_eq(refs[2].up, 2);
    cr_assert_null(program_template(root, 0, STR("it")));
    rig_release(&rig);
}

static void assert_import(struct rig *rig, const char *text, bool without_files, const char *want)
{
    struct import_text texts[] = {{STR("F"), str_from(text)}};
    struct import_content content = {.label = STR("m"),
                                     .module_path = STR("dir"),
                                     .texts = texts,
                                     .count = 1,
                                     .without_files = without_files,
                                     .id = STR("import.http.m")};
    struct program_options options = {.find = find, .min_stability = STABILITY_GA};
    struct diags diags;
    diags_init(&diags);
    struct program *program = program_import(&content, &options, &diags, &rig->err);
    if (want)
        cr_assert_str_eq(rig->err.message, want);
    cr_assert_eq(program == NULL, want != NULL, "%s", text);
    program_unref(program);
    diags_release(&diags);
}

TEST(program, an_import_has_declares_and_imports_alone)
{
    struct rig rig;
    rig_init(&rig);
    assert_import(&rig, "", false, NULL);
    assert_import(&rig, "declare \"p\" { a.b \"x\" { } }\nimport.file \"n\" { }\n", false, NULL);
    assert_import(&rig, "declare \"a\" { }\ndeclare \"a\" { }\n", false, NULL);
    assert_import(&rig, "declare \"a\" {", false,
                  "imported content from \"F\" cannot be parsed: m:1:14: expected }, got EOF");
    assert_import(&rig, "x = 1\n", false,
                  "imported content from \"F\" is invalid: only declare and import blocks are "
                  "allowed in a module");
    assert_import(&rig, "a.b \"x\" { }\n", false,
                  "imported content from \"F\" is invalid: only declare and import blocks are "
                  "allowed in a module, got a.b");
    assert_import(&rig, "import.file \"n\" { }\nimport.git \"n\" { }\n", false,
                  "imported content from \"F\" is invalid: import block redefined n");
    assert_import(&rig, "import.file \"n\" { }\n", true,
                  "imported content from \"F\" is invalid: importing a module via import.http "
                  "(nodeID: import.http.m) that contains an import.file block is not supported");
    assert_import(&rig, "declare \"a\" { a \"x\" { } }\n", false,
                  "imported content from \"F\" is invalid: self reference: declare.a");
    rig_release(&rig);
}

TEST(program, names_lead_into_imports)
{
    struct rig rig;
    rig_init(&rig);
    analyse(&rig, "import.string \"m\" { }\nm.x.y \"i\" { }\nm \"j\" { }\n"
                  "declare \"d\" { }\nd.x \"k\" { }\n");
    struct program_module *root = rig.program->root;
    cr_assert(program_leads_to_import(&root->blocks[1]));
    cr_assert(program_leads_to_import(&root->blocks[2]));
    cr_assert_eq(root->blocks[1].declare, 0);
    cr_assert_null(root->blocks[4].declared_in);
    struct str space, rest;
    program_split_name(root->blocks[1].name, &space, &rest);
    cr_assert(str_is(space, "m") && str_is(rest, "x.y"));
    program_split_name(root->blocks[2].name, &space, &rest);
    cr_assert(str_is(space, "") && str_is(rest, "m"));
    cr_assert_eq(program_find_declare(root, STR("d")), 3);
    cr_assert_eq(program_find_declare(root, STR("m")), UINT32_MAX);
    rig_release(&rig);
}
