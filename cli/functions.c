/* `invar functions`, hidden: docs/reference/functions.md, from the table of functions. Each example
 * is evaluated, so that what the page shows is what the program does. */

#include "cli/command.h"
#include "compiler/eval.h"
#include "stdlib/stdlib.h"

enum { PAGE_MAX = 4 * 1024 * 1024 };

static struct value *load_nothing(void *arg, const struct expr *e, size_t ref_index, size_t *used)
{
    (void)arg;
    (void)e;
    (void)ref_index;
    (void)used;
    return NULL;
}

static void write_value(struct buf *out, const struct stdlib *lib, const struct ast *ast,
                        struct diags *diags)
{
    struct arena arena;
    struct scope scope = {.load = load_nothing, .stdlib = lib};
    arena_init(&arena, NULL, 0);
    struct value *v = expr_eval(expr_compile(&arena, ast, ast->root), &scope, diags);
    ASSERT(v); /* a test runs every example */
    value_print(out, v);
    value_unref(v);
    arena_release(&arena);
}

static void write_example(struct buf *out, const struct stdlib *lib, const char *text)
{
    struct diags diags;
    struct error err;
    diags_init(&diags);
    struct source *source = source_new(STR(""), str_from(text), &err);
    ASSERT(source);
    struct ast *ast = ast_parse_expression(source, &diags);
    ASSERT(ast && diags.errors == 0);
    buf_printf(out, "\n```alloy\n%s\n```\n\n```alloy\n", text);
    write_value(out, lib, ast, &diags);
    buf_cstr(out, "\n```\n");
    ast_free(ast);
    source_unref(source);
    diags_release(&diags);
}

/* The deprecated name of the same function, or NULL. */
static const char *alias_of(const struct stdlib *lib, const struct function_def *function)
{
    for (size_t i = 0; i < lib->count; i++)
        if (lib->entries[i].deprecated && lib->entries[i].function == function)
            return lib->entries[i].name;
    return NULL;
}

static void write_function(struct buf *out, const struct stdlib *lib,
                           const struct function_def *function)
{
    const char *alias = alias_of(lib, function);
    buf_printf(out, "\n## %s\n\n`%s`\n\n%s", function->name, function->signature, function->doc);
    if (function->experimental)
        buf_cstr(out, " Experimental: needs `--stability.level=experimental`.");
    if (alias)
        buf_printf(out, " The old name `%s` still works and is deprecated.", alias);
    buf_byte(out, '\n');
    write_example(out, lib, function->example);
}

static void write_page(struct buf *out, const struct stdlib *lib)
{
    buf_cstr(out,
             "# Functions and constants\n\n"
             "The names that every expression knows. An argument is taken as "
             "[the language says](language.md#values-where-a-type-is-wanted): a number\nserves as "
             "a string, null as the zero value, a secret is refused where a string is wanted. "
             "Below each example stands its\nvalue. Written by `invar functions` from the table "
             "of functions; a test keeps it current.\n\n## constants\n\n| name | |\n|---|---|\n");
    for (size_t i = 0; i < lib->count; i++)
        if (lib->entries[i].constant)
            buf_printf(out, "| `%s` | %s |\n", lib->entries[i].name, lib->entries[i].doc);
    for (size_t i = 0; i < lib->count; i++)
        if (lib->entries[i].function && !lib->entries[i].deprecated)
            write_function(out, lib, lib->entries[i].function);
}

int cli_functions(int argc, char **argv)
{
    struct buf out;
    struct stdlib lib;
    (void)argc;
    (void)argv;
    stdlib_init(&lib);
    buf_init(&out, NULL, PAGE_MAX);
    write_page(&out, &lib);
    cli_print(buf_view(&out));
    buf_release(&out);
    stdlib_release(&lib);
    return 0;
}
