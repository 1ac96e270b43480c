/* Hints about names: the nearest one that exists, and what people call things that this language
 * has under another name. At most CHECK_SUGGESTIONS candidates are looked at in one check. */

#include "compiler/catalog.h"
#include "compiler/check_parts.h"
#include "compiler/suggest.h"

enum { LISTED_MAX = 12 };

/* ---- names of other languages and other times ---- */

struct renamed {
    const char *from; /* a whole name, or a beginning that ends with '.' */
    const char *to;
};

static const struct renamed components[] = {
    {"discovery.static",
     "a list of targets, [{__address__ = \"host:port\"}], where targets are wanted"},
    {"loki.exporter", "loki.write"},
    {"loki.relay", "loki.write"},
    {"loki.source.journald", "loki.source.journal"},
    {"loki.source.static", "loki.source.file"},
    {"loki.source.stdin", "loki.source.file"},
    {"loki.sink", "loki.write"},
    {"module.file", "import.file"},
    {"module.git", "import.git"},
    {"module.http", "import.http"},
    {"module.string", "import.string"},
    {"otelcol.exporter.jaeger", "otelcol.exporter.otlp"},
    {"otelcol.exporter.logging", "otelcol.exporter.debug"},
    {"otelcol.exporter.prometheusremotewrite",
     "otelcol.exporter.prometheus and prometheus.remote_write"},
    {"otelcol.processor.resource", "otelcol.processor.attributes or otelcol.processor.transform"},
    {"otelcol.receiver.hostmetrics", "prometheus.exporter.unix with prometheus.scrape"},
    {"otelcol.receiver.opencensus", "otelcol.receiver.otlp"},
    {"phlare.scrape", "pyroscope.scrape"},
    {"phlare.write", "pyroscope.write"},
    {"prometheus.exporter.agent", "prometheus.exporter.self"},
    {"prometheus.exporter.node", "prometheus.exporter.unix"},
    {"prometheus.exporter.node_exporter", "prometheus.exporter.unix"},
    {"prometheus.integration.node_exporter", "prometheus.exporter.unix"},
    {"prometheus.write", "prometheus.remote_write"},
};

static const struct renamed names[] = {
    {"abs", "a plain comparison: the language has no abs"},
    {"env.", "sys.env(\"NAME\")"},
    {"join", "string.join(list, separator)"},
    {"jsondecode", "encoding.from_json(text)"},
    {"jsonencode", "encoding.to_json(value)"},
    {"len", "nothing: the language has no length of lists"},
    {"length", "nothing: the language has no length of lists"},
    {"local.hostname", "constants.hostname"},
    {"lower", "string.to_lower(text)"},
    {"os.", "sys.env(\"NAME\") or constants.hostname"},
    {"process.env.", "sys.env(\"NAME\")"},
    {"replace", "string.replace(text, old, new)"},
    {"split", "string.split(text, separator)"},
    {"sprintf", "string.format(text, ...)"},
    {"upper", "string.to_upper(text)"},
    {"var.", "argument.NAME.value inside a declare, or sys.env(\"NAME\")"},
    {"vars.", "argument.NAME.value inside a declare, or sys.env(\"NAME\")"},
    {"yamldecode", "encoding.from_yaml(text)"},
};

static const char *renamed(const struct renamed *table, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        struct str from = str_from(table[i].from);
        bool whole = str_eq(name, from);
        if (whole || (str_ends(from, STR(".")) && str_starts(name, from)))
            return table[i].to;
    }
    return NULL;
}
#define RENAMED(table, name) renamed(table, sizeof(table) / sizeof((table)[0]), name)

/* ---- the nearest name ---- */

static bool may_try(struct check *check)
{
    return check->suggestions++ < CHECK_SUGGESTIONS;
}

static void did_you_mean(struct check *check, struct diag *diag, const struct suggest *s)
{
    if (s->best.ptr)
        diag_hint(check->diags, diag, "did you mean %.*s?", STR_ARG(s->best));
}

void hint_component(const struct check_place *place, struct str name, struct diag *diag)
{
    struct check *check = place->check;
    const char *instead = RENAMED(components, name);
    if (!diag)
        return;
    if (instead) {
        diag_hint(check->diags, diag, "there is no %.*s; use %s", STR_ARG(name), instead);
        return;
    }
    if (str_starts(name, STR("stage."))) {
        diag_hint(check->diags, diag, "stages are blocks inside a loki.process component");
        return;
    }
    struct suggest s;
    suggest_init(&s, name);
    for (struct catalog_name at = {0}; catalog_next(&at) && may_try(check);)
        suggest_try(&s, at.name);
    for (const struct check_module *m = place->m; m; m = m->parent)
        for (uint32_t i = 0; i < m->module->count && may_try(check); i++)
            if (m->module->blocks[i].kind == BLOCK_DECLARE)
                suggest_try(&s, m->module->blocks[i].label);
    static const char *const blocks[] = {
        "argument", "declare",       "export",      "foreach",    "http",        "logging",
        "tracing",  "livedebugging", "import.file", "import.git", "import.http", "import.string"};
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        suggest_try(&s, str_from(blocks[i]));
    did_you_mean(check, diag, &s);
}

/* The nearest label of a module's blocks of that kind, or all of them if they are few. */
static void hint_label(struct check *check, const struct check_module *inner, enum block_kind kind,
                       struct str name, struct diag *diag)
{
    struct suggest s;
    suggest_init(&s, name);
    uint32_t count = 0;
    struct buf all;
    buf_init(&all, NULL, 64 * 1024);
    for (uint32_t i = 0; i < inner->module->count && may_try(check); i++) {
        const struct program_block *block = &inner->module->blocks[i];
        if (block->kind != kind || !block->label.len)
            continue;
        suggest_try(&s, block->label);
        if (count++ < LISTED_MAX)
            buf_printf(&all, "%s%.*s", count > 1 ? ", " : "", STR_ARG(block->label));
    }
    const char *what = kind == BLOCK_ARGUMENT ? "arguments" : "exports";
    did_you_mean(check, diag, &s);
    if (count)
        diag_hint(check->diags, diag, "its %s are: %.*s%s", what, STR_ARG(buf_view(&all)),
                  count > LISTED_MAX ? ", ..." : "");
    else
        diag_hint(check->diags, diag, "the custom component has no %s", what);
    buf_release(&all);
}

void hint_argument(struct check *check, const struct check_module *inner, struct str name,
                   struct diag *diag)
{
    if (diag && diag->id == DIAG_ATTRIBUTE_UNKNOWN)
        hint_label(check, inner, BLOCK_ARGUMENT, name, diag);
}

void hint_custom_export(struct check *check, const struct check_module *inner, struct str name,
                        struct diag *diag)
{
    if (diag)
        hint_label(check, inner, BLOCK_EXPORT, name, diag);
}

void hint_export(struct check *check, const struct shape *exports, struct str name,
                 struct diag *diag)
{
    if (!diag)
        return;
    struct suggest s;
    suggest_init(&s, name);
    struct buf all;
    buf_init(&all, NULL, 64 * 1024);
    for (const struct row *row = exports ? exports->rows : NULL; row && row->name; row++) {
        suggest_try(&s, str_from(row->name));
        buf_printf(&all, "%s%s", all.len ? ", " : "", row->name);
    }
    did_you_mean(check, diag, &s);
    if (all.len)
        diag_hint(check->diags, diag, "the component exports: %.*s", STR_ARG(buf_view(&all)));
    else
        diag_hint(check->diags, diag, "the component exports nothing");
    buf_release(&all);
}

/* ---- references ---- */

static size_t parts_of(struct str id)
{
    size_t parts = 1;
    for (size_t i = 0; i < id.len; i++)
        parts += id.ptr[i] == '.';
    return parts;
}

/* The first `count` names of a reference, joined. */
static struct str head(struct check *check, const struct expr_ref *ref, size_t count)
{
    struct buf *text = &check->dotted;
    buf_clear(text);
    for (size_t i = 0; i < ref->count && i < count; i++)
        buf_printf(text, "%s%.*s", i ? "." : "", STR_ARG(ref->names[i]));
    return buf_view(text);
}

/* An id in sight that is like the beginning of the reference. */
static bool like_block(const struct check_place *place, const struct expr_ref *ref,
                       struct suggest *best)
{
    struct check *check = place->check;
    size_t joined = 0;
    struct str word = STR_NONE;
    for (const struct check_module *m = place->m; m; m = m->enclosing) {
        for (uint32_t i = 0; i < m->module->count && may_try(check); i++) {
            const struct program_block *block = &m->module->blocks[i];
            if (block->kind != BLOCK_COMPONENT && block->kind != BLOCK_ARGUMENT)
                continue;
            size_t parts = parts_of(block->id);
            if (parts != joined)
                word = head(check, ref, joined = parts);
            struct suggest s;
            suggest_init(&s, word);
            suggest_try(&s, block->id);
            if (s.best.ptr && (!best->best.ptr || s.distance < best->distance))
                *best = s;
        }
    }
    return best->best.ptr != NULL;
}

static void like_library(const struct check_place *place, const struct expr_ref *ref,
                         struct suggest *s)
{
    const struct stdlib *stdlib = place->check->program->options.stdlib;
    suggest_init(s, head(place->check, ref, ref->count));
    for (size_t i = 0; stdlib && i < stdlib->count; i++)
        suggest_try(s, str_from(stdlib->entries[i].name));
}

/* A component of the same kind with another label, if there is but one. */
static struct str only_one(const struct check_place *place, const struct expr_ref *ref)
{
    struct str found = STR_NONE;
    for (uint32_t i = 0; i < place->m->module->count && may_try(place->check); i++) {
        const struct program_block *block = &place->m->module->blocks[i];
        if (block->kind != BLOCK_COMPONENT || parts_of(block->name) >= ref->count ||
            !str_eq(head(place->check, ref, parts_of(block->name)), block->name))
            continue;
        if (found.len)
            return STR_NONE;
        found = block->id;
    }
    return found;
}

void hint_reference(const struct check_place *place, const struct expr_ref *ref, struct diag *diag)
{
    struct check *check = place->check;
    if (!diag)
        return;
    const char *instead = RENAMED(names, head(check, ref, ref->count));
    struct suggest s = {0};
    if (like_block(place, ref, &s)) {
        did_you_mean(check, diag, &s);
        return;
    }
    like_library(place, ref, &s);
    did_you_mean(check, diag, &s);
    if (instead)
        diag_hint(check->diags, diag, "use %s", instead);
    struct str other = only_one(place, ref);
    if (other.len)
        diag_hint(check->diags, diag, "the one there is is called %.*s", STR_ARG(other));
    if (ref->count == 1)
        diag_hint(check->diags, diag, "text stands in double quotes: \"%.*s\"",
                  STR_ARG(ref->names[0]));
    for (const struct check_module *m = place->m->parent; m; m = m->parent) {
        if (m->module && program_find_block(m->module, head(check, ref, 3)) != UINT32_MAX)
            diag_hint(check->diags, diag,
                      "it stands outside this declare: pass it in as an argument");
    }
    diag_hint(check->diags, diag,
              "no block of this configuration has that name; the form is NAME.LABEL.EXPORT");
}
