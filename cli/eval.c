/* `invar eval EXPR`: the value of an expression of the language, with the standard library alone
 * in scope. Works in one memory scope. */

#include "base/json.h"
#include "cli/command.h"
#include "compiler/eval.h"
#include "stdlib/stdlib.h"

#include <stdlib.h>
#include <unistd.h>

enum { OUTPUT_MAX = 512 * 1024 * 1024 };

struct job {
    const char *text; /* NULL = standard input */
    bool json;
    bool done;
};

static struct value *load_nothing(void *arg, const struct expr *e, size_t ref_index, size_t *used)
{
    (void)arg;
    (void)e;
    (void)ref_index;
    (void)used;
    return NULL;
}

static void print_value(struct job *job, const struct value *v)
{
    struct buf out;
    buf_init(&out, NULL, OUTPUT_MAX);
    if (job->json) {
        struct json_writer w;
        json_begin(&w, &out);
        value_api_json(&w, v);
    } else {
        value_print(&out, v);
    }
    buf_byte(&out, '\n');
    job->done = buf_ok(&out);
    if (job->done)
        cli_print(buf_view(&out));
    else
        cli_error("the value is too long");
    buf_release(&out);
}

static void print_diags(const struct diags *diags)
{
    const char *no_color = getenv("NO_COLOR");
    bool color = (!no_color || !*no_color) && isatty(STDERR_FILENO);
    struct buf out;
    buf_init(&out, NULL, OUTPUT_MAX);
    diags_render(&out, diags, (struct diag_style){.color = color, .full = true});
    cli_print_error(buf_view(&out));
    buf_release(&out);
}

static void evaluate(struct job *job, struct source *source)
{
    struct stdlib stdlib;
    struct arena arena;
    struct diags diags;
    struct value *v = NULL;
    stdlib_init(&stdlib);
    arena_init(&arena, NULL, 0);
    diags_init(&diags);
    struct ast *ast = ast_parse_expression(source, &diags);
    if (ast && diags.errors == 0) {
        struct scope scope = {.load = load_nothing, .stdlib = &stdlib};
        v = expr_eval(expr_compile(&arena, ast, ast->root), &scope, &diags);
    }
    if (v)
        print_value(job, v);
    else
        print_diags(&diags);
    value_unref(v);
    if (ast)
        ast_free(ast);
    diags_release(&diags);
    arena_release(&arena);
    stdlib_release(&stdlib);
}

static void run(void *arg)
{
    struct job *job = arg;
    struct buf text;
    struct error err;
    buf_init(&text, NULL, SOURCE_MAX_BYTES + 1);
    if (job->text)
        buf_cstr(&text, job->text);
    enum status status = job->text ? STATUS_OK : cli_read_stdin(&text, &err);
    struct source *source =
        status == STATUS_OK ? source_new(STR("<expression>"), buf_view(&text), &err) : NULL;
    if (source)
        evaluate(job, source);
    else
        cli_error(err.message);
    source_unref(source);
    buf_release(&text);
}

static void print_help(const struct flag *flags)
{
    struct buf out;
    buf_init(&out, NULL, 64 * 1024);
    buf_cstr(&out, "Evaluates an expression with the functions and constants of the standard "
                   "library and prints its\nvalue as text of the language. With - it is read from "
                   "standard input.\n\nUsage:\n  invar eval [flags] EXPR\n\nFlags:\n");
    flags_help(&out, flags);
    cli_print(buf_view(&out));
    buf_release(&out);
}

int cli_eval(int argc, char **argv)
{
    struct job job = {0};
    struct error err;
    bool help = false;
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &help, "help for eval"},
        {"json", 0, FLAG_BOOL, &job.json, "print the value with its type as the HTTP API does"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &err);
    if (count >= 0 && help) {
        print_help(flags);
        return 0;
    }
    if (count >= 0 && count != 1)
        error_set(&err, STATUS_INVALID, "accepts 1 arg(s), received %d", count);
    if (count != 1) {
        cli_error(err.message);
        return 1;
    }
    job.text = strcmp(argv[1], "-") == 0 ? NULL : argv[1];
    if (!mem_scope_run(run, &job)) {
        cli_error("out of memory");
        return 1;
    }
    return job.done ? 0 : 1;
}
