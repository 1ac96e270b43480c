/* The names that configurations may use; programs for `graph` and `review`. */

#include "cli/configuration.h"

#include "cli/command.h"
#include "runtime/graph/graph.h"

#include <stdlib.h>
#include <unistd.h>

enum { REPORT_MAX = 64 * 1024 * 1024 };

static bool find_symbol(void *arg, enum block_kind kind, struct str name,
                        struct program_symbol *out)
{
    const struct vocabulary *v = arg;
    if (kind != BLOCK_COMPONENT)
        return blocks_find(kind, name, import_registry, out);
    return component_symbol(map_get(&v->components, name), out);
}

void vocabulary_init(struct vocabulary *v)
{
    stdlib_init(&v->stdlib);
    map_init(&v->components, NULL);
    for (const struct component_def *const *def = component_registry; *def; def++)
        map_put(&v->components, str_from((*def)->name), (void *)(uintptr_t)*def);
    v->options = (struct program_options){.find = find_symbol,
                                          .arg = v,
                                          .stdlib = &v->stdlib,
                                          .min_stability = STABILITY_EXPERIMENTAL,
                                          .community = true};
}

void vocabulary_release(struct vocabulary *v)
{
    map_release(&v->components);
    stdlib_release(&v->stdlib);
}

static void print_diags(const struct diags *diags)
{
    const char *no_color = getenv("NO_COLOR");
    bool color = (!no_color || !*no_color) && isatty(STDERR_FILENO);
    struct buf report;
    buf_init(&report, NULL, REPORT_MAX);
    diags_render(&report, diags, (struct diag_style){.color = color, .full = true});
    cli_print_error(buf_view(&report));
    buf_release(&report);
}

struct program *configuration_read(const char *path, struct vocabulary *v)
{
    struct program_text text;
    struct diags diags;
    struct error err;
    struct program *program = NULL;
    diags_init(&diags);
    if (program_read(path, &text, &diags, &err) != STATUS_OK) {
        cli_error(err.message);
    } else if (diags.errors > 0) {
        print_diags(&diags);
        program_text_release(&text);
    } else {
        program = program_new(&text, &v->options);
    }
    diags_release(&diags);
    return program;
}
