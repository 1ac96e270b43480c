/* `invar validate PATH...`: the static checks of configurations, as `alloy validate` makes them
 * (SEMANTICS §10) and further. No import is read, nothing is written. Works in one memory scope.
 *
 * As text, standard error gets Alloy's report to the letter. What Alloy does not have (hints,
 * related places, lints) follows below each excerpt when standard error is a terminal, and goes to
 * standard output as lines of their own when it is not. */

#include "base/memory.h"
#include "cli/command.h"
#include "cli/configuration.h"
#include "compiler/check_program.h"
#include "compiler/explain.h"

#include <stdlib.h>
#include <unistd.h>

enum { REPORT_MAX = 64 * 1024 * 1024 };

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_SARIF, OUTPUT_GITHUB, OUTPUT_RDJSON, OUTPUTS };
static const char *const output_names[OUTPUTS] = {"text", "json", "sarif", "github", "rdjson"};

struct validation {
    char **paths;
    int path_count;
    enum output output;
    bool deny_warnings;
    enum stability min_stability;
    bool community;
    struct vocabulary vocabulary;
    struct diags all; /* of all paths, for the formats that are one document */
    bool valid;
    struct error err;
};

/* Alloy's report: the diagnostics, and a newline to standard output behind them. */
static void print_text(const struct diags *diags, bool is_valid)
{
    const char *no_color = getenv("NO_COLOR");
    struct diag_style style = {.full = isatty(STDERR_FILENO)};
    style.color = (!no_color || !*no_color) && isatty(STDOUT_FILENO);
    struct buf report, rest;
    buf_init(&report, NULL, REPORT_MAX);
    buf_init(&rest, NULL, REPORT_MAX);
    diags_render(&report, diags, style);
    if (diags->dropped)
        buf_printf(&report, "\n(and %zu more diagnostics)\n", diags->dropped);
    if (!style.full)
        diags_render_rest(&rest, diags);
    cli_print_error(buf_view(&report));
    if (diags->errors || diags->warnings)
        cli_print(STR("\n"));
    cli_print(buf_view(&rest));
    buf_release(&report);
    buf_release(&rest);
    if (!is_valid && !diags->errors && !diags->warnings)
        cli_error("validation failed: warnings are denied");
    else if (!is_valid)
        cli_error("validation failed");
}

/* A configuration that cannot be read at all. */
static void report_unread(struct validation *v, const char *path, enum status status)
{
    if (v->output == OUTPUT_TEXT && status == STATUS_INVALID) { /* a text of another encoding */
        cli_print_error(STR("validation failed: "));
        cli_print_error(str_from(v->err.message));
        cli_error("validation failed");
    } else if (v->output == OUTPUT_TEXT) {
        cli_error(v->err.message);
    } else {
        struct error err;
        struct source *source = source_new(str_from(path), STR(""), &err);
        diag_add(&v->all, DIAG_PLAIN, source, (struct range){0}, (int)strlen(v->err.message),
                 v->err.message);
        source_unref(source);
    }
}

/* False: something is wrong with it. */
static bool check_path(struct validation *v, const char *path)
{
    struct program_text text;
    struct diags diags;
    diags_init(&diags);
    enum status status = program_read(path, &text, &diags, &v->err);
    bool is_valid = false;
    if (status != STATUS_OK) {
        report_unread(v, path, status);
    } else {
        diags_hint_syntax(&diags);
        if (diags.errors)
            program_text_release(&text);
        else
            check_program(&text, &v->vocabulary.options, &diags);
        explain_hints(&diags);
        is_valid = !diags.errors && !diags.warnings && !(v->deny_warnings && diags.lints);
        if (v->output == OUTPUT_TEXT && (diags.len || !is_valid))
            print_text(&diags, is_valid);
        else if (v->output != OUTPUT_TEXT)
            diags_append(&v->all, &diags);
    }
    diags_release(&diags);
    return is_valid;
}

static void print_summary(const struct validation *v, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_object(&w);
    json_key(&w, STR("valid"));
    json_bool(&w, v->valid);
    json_key(&w, STR("errors"));
    json_u64(&w, v->all.errors);
    json_key(&w, STR("warnings"));
    json_u64(&w, v->all.warnings + v->all.lints);
    json_key(&w, STR("dropped"));
    json_u64(&w, v->all.dropped);
    json_key(&w, STR("diagnostics"));
    diags_json(&w, &v->all);
    json_object_end(&w);
}

static void print_document(const struct validation *v)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, NULL, REPORT_MAX);
    json_begin(&w, &out);
    switch (v->output) {
    case OUTPUT_JSON: print_summary(v, &out); break;
    case OUTPUT_SARIF: diags_sarif(&w, &v->all, INVAR_VERSION); break;
    case OUTPUT_RDJSON: diags_rdjson(&w, &v->all); break;
    default: diags_github(&out, &v->all); break;
    }
    if (v->output != OUTPUT_GITHUB)
        buf_byte(&out, '\n');
    cli_print(buf_view(&out));
    buf_release(&out);
}

static void validate(void *arg)
{
    struct validation *v = arg;
    vocabulary_init(&v->vocabulary);
    v->vocabulary.options.min_stability = v->min_stability;
    v->vocabulary.options.community = v->community;
    diags_init(&v->all);
    v->valid = true;
    for (int i = 0; i < v->path_count; i++)
        v->valid = check_path(v, v->paths[i]) && v->valid;
    if (v->output != OUTPUT_TEXT)
        print_document(v);
    diags_release(&v->all);
    vocabulary_release(&v->vocabulary);
}

static void print_help(const struct flag *flags)
{
    struct buf out;
    buf_init(&out, NULL, 64 * 1024);
    buf_cstr(&out, "Checks configurations, each a file or all *.alloy files of a folder, without "
                   "running them.\n\nUsage:\n  invar validate [flags] PATH...\n\nFlags:\n");
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
    const char *output;
};

static enum status read_output(const char *name, struct validation *v)
{
    for (int i = 0; i < OUTPUTS; i++) {
        if (strcmp(name, output_names[i]) == 0) {
            v->output = (enum output)i;
            return STATUS_OK;
        }
    }
    return error_set(&v->err, STATUS_INVALID,
                     "invalid argument \"%s\" for \"--format\" flag: expected text, json, sarif, "
                     "github or rdjson",
                     name);
}

static enum status read_values(const struct given *g, struct validation *v)
{
    if (g->format && strcmp(g->format, "alloy") != 0)
        return error_set(&v->err, STATUS_UNSUPPORTED,
                         "--config.format=%s is not supported by invar yet: convert the file first",
                         g->format);
    if (g->extra_args && *g->extra_args)
        return error_set(&v->err, STATUS_UNSUPPORTED,
                         "--config.extra-args is not supported by invar yet");
    if (g->stability && !stability_parse(str_from(g->stability), &v->min_stability))
        return error_set(&v->err, STATUS_INVALID,
                         "invalid argument \"%s\" for \"--stability.level\" flag: invalid "
                         "stability level \"%s\"",
                         g->stability, g->stability);
    return g->output ? read_output(g->output, v) : STATUS_OK;
}

int cli_validate(int argc, char **argv)
{
    struct validation v = {.min_stability = STABILITY_GA};
    struct given given = {0};
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &given.help, "help for validate"},
        {"config.format", 0, FLAG_TEXT, &given.format, "format of the file (default \"alloy\")"},
        {"config.bypass-conversion-errors", 0, FLAG_BOOL, &given.bypass_conversion_errors,
         "accepted; alloy needs no conversion"},
        {"config.extra-args", 0, FLAG_TEXT, &given.extra_args, "not offered yet"},
        {"format", 0, FLAG_TEXT, &given.output,
         "text (default), json, sarif, github or rdjson; all but text go to standard output"},
        {"deny-warnings", 0, FLAG_BOOL, &v.deny_warnings, "any warning makes the check fail"},
        {"stability.level", 0, FLAG_TEXT, &given.stability,
         "least stable level admitted: generally-available, public-preview, experimental"},
        {"feature.community-components.enabled", 0, FLAG_BOOL, &v.community,
         "admit community components"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &v.err);
    if (count >= 0 && given.help) {
        print_help(flags);
        return 0;
    }
    if (count == 0)
        error_set(&v.err, STATUS_INVALID, "accepts 1 arg(s), received 0");
    if (count < 1 || read_values(&given, &v) != STATUS_OK) {
        cli_error(v.err.message);
        return 1;
    }
    v.paths = argv + 1;
    v.path_count = count;
    if (!mem_scope_run(validate, &v)) {
        cli_error("out of memory");
        return 1;
    }
    return v.valid ? 0 : 1;
}
