/* `invar unsupported`, hidden: the arguments and blocks of the components that Alloy has and invar
 * refuses, with the reason, as the page docs/unsupported.md. Read from the schemas, so that the
 * page cannot drift from the program. */

#include "base/buf.h"
#include "cli/command.h"
#include "runtime/component.h"

enum { DEPTH = 6, PAGE_MAX = 4 * 1024 * 1024, PATH_MAX_BYTES = 256 };

struct level {
    const struct row *row; /* the next one */
    size_t path_len;       /* of the path that leads here */
};

struct walk {
    struct buf *out;
    const char *component;
    struct level levels[DEPTH];
    size_t depth;
    char path[PATH_MAX_BYTES];
    bool has_head;
};

static void write_row(struct walk *w, const struct row *row)
{
    if (!w->has_head)
        buf_printf(w->out, "\n## %s\n\n", w->component);
    w->has_head = true;
    buf_printf(w->out, "- `%.*s%s`: %s%s\n", (int)w->levels[w->depth - 1].path_len, w->path,
               row->name, row->no_effect ? "*no effect.* " : "", row->doc);
}

/* Goes into `rows`; what is too deep or would repeat the stages of a stage is left out. */
static void enter(struct walk *w, const struct row *rows, const char *name)
{
    size_t at = w->levels[w->depth - 1].path_len;
    if (w->depth == DEPTH)
        return;
    int n = snprintf(w->path + at, PATH_MAX_BYTES - at, "%s%s", name, name[0] != '\0' ? " › " : "");
    if (n < 0 || (size_t)n >= PATH_MAX_BYTES - at)
        return;
    w->levels[w->depth++] = (struct level){rows, at + (size_t)n};
}

static void visit(struct walk *w, const struct row *row)
{
    if (row->refused || row->no_effect) {
        write_row(w, row);
    } else if (row->variants != NULL) {
        if (w->depth == 1)
            enter(w, row->variants, "");
    } else if (row->shape != NULL) {
        enter(w, row->shape->rows, row->squash ? "" : row->name);
    }
}

static void walk_component(struct buf *out, const struct component_def *def)
{
    struct walk w = {.out = out, .component = def->name, .depth = 1};
    w.levels[0] = (struct level){def->args->rows, 0};
    while (w.depth != 0) {
        struct level *top = &w.levels[w.depth - 1];
        if (top->row->name == NULL) {
            w.depth--;
            continue;
        }
        const struct row *row = top->row++;
        visit(&w, row);
    }
}

int cli_unsupported(int argc, char **argv)
{
    struct buf out;
    (void)argc;
    (void)argv;
    buf_init(&out, NULL, PAGE_MAX);
    buf_cstr(&out,
             "# What is refused\n\n"
             "These arguments and blocks exist in Alloy 1.18 and are not offered yet. A "
             "configuration that uses one is refused\nwith an error that names it. Those that "
             "say *no effect* are taken, and a warning names them. Written by\n"
             "`invar unsupported`; a test keeps it current.\n");
    for (size_t i = 0; component_registry[i] != NULL; i++) {
        walk_component(&out, component_registry[i]);
    }
    cli_print(buf_view(&out));
    buf_release(&out);
    return 0;
}
