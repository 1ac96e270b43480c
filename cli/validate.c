/* `invar validate PATH`: the static checks of a configuration, as `alloy validate` makes them
 * (SEMANTICS §10). Nothing is evaluated, no import is read, nothing is written. Works in one memory
 * scope. */

#include "base/map.h"
#include "base/memory.h"
#include "cli/command.h"
#include "compiler/check_program.h"
#include "runtime/graph/graph.h"
#include "stdlib/stdlib.h"

#include <stdlib.h>
#include <unistd.h>

enum { REPORT_MAX = 64 * 1024 * 1024 };

struct validation {
    const char *path;
    struct program_options options;
    struct map components; /* name → struct component_def */
    struct stdlib stdlib;
    bool valid;
    struct error err;
};

static bool find_symbol(void *arg, enum block_kind kind, struct str name,
                        struct program_symbol *out)
{
    const struct validation *v = arg;
    if (kind != BLOCK_COMPONENT)
        return blocks_find(kind, name, out);
    const struct component_def *def = map_get(&v->components, name);
    if (!def)
        return false;
    *out = (struct program_symbol){.def = def,
                                   .args = def->args,
                                   .exports = def->exports,
                                   .stability = def->stability,
                                   .community = def->community};
    return true;
}

/* Alloy's report: the diagnostics, and a newline to standard output behind them. */
static void print_diags(const struct diags *diags)
{
    const char *no_color = getenv("NO_COLOR");
    bool color = (!no_color || !*no_color) && isatty(STDOUT_FILENO);
    struct buf report;
    buf_init(&report, NULL, REPORT_MAX);
    diags_render(&report, diags, (struct diag_style){.color = color});
    if (diags->dropped)
        buf_printf(&report, "\n(and %zu more diagnostics)\n", diags->dropped);
    cli_print_error(buf_view(&report));
    cli_print(STR("\n"));
    buf_release(&report);
    cli_error("validation failed");
}

static void check_file(struct validation *v)
{
    struct program_text text;
    struct diags diags;
    diags_init(&diags);
    enum status status = program_read(v->path, &text, &diags, &v->err);
    if (status == STATUS_INVALID) { /* not a text that could have diagnostics */
        cli_print_error(STR("validation failed: "));
        cli_print_error(str_from(v->err.message));
        cli_error("validation failed");
    } else if (status != STATUS_OK) {
        cli_error(v->err.message);
    } else {
        if (diags.errors)
            program_text_release(&text);
        else
            check_program(&text, &v->options, &diags);
        v->valid = diags.len == 0;
        if (!v->valid)
            print_diags(&diags);
    }
    diags_release(&diags);
}

static void validate(void *arg)
{
    struct validation *v = arg;
    stdlib_init(&v->stdlib);
    map_init(&v->components, NULL);
    for (const struct component_def *const *def = component_registry; *def; def++)
        map_put(&v->components, str_from((*def)->name), (void *)(uintptr_t)*def);
    v->options.find = find_symbol;
    v->options.arg = v;
    v->options.stdlib = &v->stdlib;
    check_file(v);
    map_release(&v->components);
    stdlib_release(&v->stdlib);
}

static void print_help(const struct flag *flags)
{
    struct buf out;
    buf_init(&out, NULL, 64 * 1024);
    buf_cstr(&out,
             "Checks a configuration, a file or all *.alloy files of a folder, without running "
             "it.\n\nUsage:\n  invar validate [flags] PATH\n\nFlags:\n");
    flags_help(&out, flags);
    cli_print(buf_view(&out));
    buf_release(&out);
}

/* What was given on the command line. */
struct given {
    bool help;
    bool bypass_conversion_errors;
    const char *format;
    const char *extra_args;
    const char *stability;
};

static enum status read_values(const struct given *g, struct validation *v)
{
    if (g->format && strcmp(g->format, "alloy") != 0)
        return error_set(&v->err, STATUS_UNSUPPORTED,
                         "--config.format=%s is not supported by invar yet: convert the file first",
                         g->format);
    if (g->extra_args && *g->extra_args)
        return error_set(&v->err, STATUS_UNSUPPORTED,
                         "--config.extra-args is not supported by invar yet");
    if (g->stability && !stability_parse(str_from(g->stability), &v->options.min_stability))
        return error_set(&v->err, STATUS_INVALID,
                         "invalid argument \"%s\" for \"--stability.level\" flag: invalid "
                         "stability level \"%s\"",
                         g->stability, g->stability);
    return STATUS_OK;
}

int cli_validate(int argc, char **argv)
{
    struct validation v = {.options.min_stability = STABILITY_GA};
    struct given given = {0};
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &given.help, "help for validate"},
        {"config.format", 0, FLAG_TEXT, &given.format, "format of the file (default \"alloy\")"},
        {"config.bypass-conversion-errors", 0, FLAG_BOOL, &given.bypass_conversion_errors,
         "accepted; alloy needs no conversion"},
        {"config.extra-args", 0, FLAG_TEXT, &given.extra_args, "not offered yet"},
        {"stability.level", 0, FLAG_TEXT, &given.stability,
         "least stable level admitted: generally-available, public-preview, experimental"},
        {"feature.community-components.enabled", 0, FLAG_BOOL, &v.options.community,
         "admit community components"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &v.err);
    if (count >= 0 && given.help) {
        print_help(flags);
        return 0;
    }
    if (count >= 0 && count != 1)
        error_set(&v.err, STATUS_INVALID, "accepts 1 arg(s), received %d", count);
    if (count != 1 || read_values(&given, &v) != STATUS_OK) {
        cli_error(v.err.message);
        return 1;
    }
    v.path = argv[1];
    if (!mem_scope_run(validate, &v)) {
        cli_error("out of memory");
        return 1;
    }
    return v.valid ? 0 : 1;
}
