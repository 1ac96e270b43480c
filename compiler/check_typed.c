/* An export where a type is wanted: what `run` would say, found by comparing the two types. What
 * depends on the value (a number written as text, say) is taken to fit. */

#include "compiler/check_deep.h"

#include "compiler/field_walk.h"
#include "compiler/format.h"

enum family {
    FAMILY_OPEN,
    FAMILY_TEXT,
    FAMILY_NUMBER,
    FAMILY_BOOL,
    FAMILY_ARRAY,
    FAMILY_OBJECT,
    FAMILY_TARGET,
    FAMILY_SECRET,
    FAMILY_OPTIONAL_SECRET,
    FAMILY_CAPSULE,
};

static const struct field_type *inside_nullable(const struct field_type *type)
{
    while (type->kind == FIELD_NULLABLE)
        type = type->item;
    return type;
}

static enum family family_of(const struct field_type *type)
{
    switch (type->kind) {
    case FIELD_STR:
    case FIELD_DURATION:
    case FIELD_SIZE:
    case FIELD_TIME:
    case FIELD_TEXT:
    case FIELD_CHOICE: return FAMILY_TEXT;
    case FIELD_BOOL: return FAMILY_BOOL;
    case FIELD_LIST:
    case FIELD_FIXED:
    case FIELD_TARGETS: return FAMILY_ARRAY;
    case FIELD_MAP:
    case FIELD_OBJECT: return FAMILY_OBJECT;
    case FIELD_TARGET: return FAMILY_TARGET;
    case FIELD_SECRET: return FAMILY_SECRET;
    case FIELD_OPTIONAL_SECRET: return FAMILY_OPTIONAL_SECRET;
    case FIELD_CAPSULE: return FAMILY_CAPSULE;
    case FIELD_NONE:
    case FIELD_ANY:
    case FIELD_BYTES: return FAMILY_OPEN;
    default: return FAMILY_NUMBER;
    }
}

static const char *const type_names[] = {
    [FAMILY_OPEN] = "",           [FAMILY_TEXT] = "string",    [FAMILY_NUMBER] = "number",
    [FAMILY_BOOL] = "bool",       [FAMILY_ARRAY] = "array",    [FAMILY_OBJECT] = "object",
    [FAMILY_TARGET] = "capsule",  [FAMILY_SECRET] = "capsule", [FAMILY_OPTIONAL_SECRET] = "capsule",
    [FAMILY_CAPSULE] = "capsule",
};

#define BIT(family) (1u << FAMILY_##family)

/* By what is wanted: what may fit. */
static const unsigned fitting[] = {
    [FAMILY_OPEN] = ~0u,
    [FAMILY_TEXT] = BIT(TEXT) | BIT(NUMBER) | BIT(OPTIONAL_SECRET),
    [FAMILY_NUMBER] = BIT(TEXT) | BIT(NUMBER) | BIT(OPTIONAL_SECRET),
    [FAMILY_BOOL] = BIT(BOOL),
    [FAMILY_ARRAY] = BIT(ARRAY),
    [FAMILY_OBJECT] = BIT(OBJECT) | BIT(TARGET),
    [FAMILY_TARGET] = BIT(OBJECT) | BIT(TARGET),
    [FAMILY_SECRET] = BIT(TEXT) | BIT(SECRET) | BIT(OPTIONAL_SECRET),
    [FAMILY_OPTIONAL_SECRET] = BIT(TEXT) | BIT(SECRET) | BIT(OPTIONAL_SECRET),
    [FAMILY_CAPSULE] = BIT(CAPSULE),
};

static bool fits(enum family wanted, enum family given)
{
    return given == FAMILY_OPEN || (fitting[wanted] >> given & 1);
}

static struct diag *report(struct deep *d, ast_id node, struct str what)
{
    struct buf message;
    buf_init(&message, NULL, 1 << 20);
    format_expression(&message, d->ast, node);
    buf_printf(&message, " %.*s", STR_ARG(what));
    struct diag *diag = diag_add(d->diags, DIAG_VALUE, d->ast->source, ast_range(d->ast, node),
                                 STR_ARG(buf_view(&message)));
    buf_release(&message);
    return diag;
}

static struct str should_be(struct deep *d, enum family wanted, enum family given)
{
    if (wanted == FAMILY_TEXT && given == FAMILY_SECRET)
        return STR("secrets may not be converted into strings");
    return arena_printf(d->arena, "should be %s, got %s", type_names[wanted], type_names[given]);
}

void deep_text(struct deep *d, const struct field_type *type, ast_id node)
{
    enum family wanted = family_of(inside_nullable(type));
    if (fits(wanted, FAMILY_TEXT))
        return;
    struct diag *diag = report(d, node, should_be(d, wanted, FAMILY_TEXT));
    if (wanted == FAMILY_ARRAY)
        diag_hint(d->diags, diag,
                  "environment variables are text; string.split(…, \",\") makes a list of one");
    else if (wanted == FAMILY_BOOL)
        diag_hint(d->diags, diag, "environment variables are text; compare: … == \"true\"");
}

/* ---- hints ---- */

/* What flows into a capsule. */
static const struct {
    const char *name;
    const char *what;
} flows[] = {
    {"storage.Appendable", "metrics"},
    {"loki.LogsReceiver", "logs"},
    {"otelcol.Consumer", "OTLP data"},
    {"pyroscope.Appendable", "profiles"},
};

static const char *flow_of(const struct capsule_type *capsule)
{
    for (size_t i = 0; capsule && i < sizeof(flows) / sizeof(flows[0]); i++)
        if (strcmp(flows[i].name, capsule->name) == 0)
            return flows[i].what;
    return NULL;
}

static const struct {
    const char *from, *to, *through;
} bridges[] = {
    {"metrics", "OTLP data", "otelcol.receiver.prometheus"},
    {"logs", "OTLP data", "otelcol.receiver.loki"},
    {"OTLP data", "metrics", "otelcol.exporter.prometheus"},
    {"OTLP data", "logs", "otelcol.exporter.loki"},
};

static void hint_flow(struct deep *d, struct diag *diag, const struct row *row,
                      const struct check_ref *ref)
{
    const char *sent = flow_of(row->capsule);
    const char *taken = flow_of(ref->row->capsule);
    if (!sent || !taken)
        return;
    for (size_t i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++) {
        if (strcmp(bridges[i].from, sent) == 0 && strcmp(bridges[i].to, taken) == 0) {
            diag_hint(d->diags, diag,
                      "\"%s\" sends %s, %.*s takes %s; %s leads from one to the other", row->name,
                      sent, STR_ARG(ref->id), taken, bridges[i].through);
            return;
        }
    }
    diag_hint(d->diags, diag, "\"%s\" sends %s, %.*s takes %s", row->name, sent, STR_ARG(ref->id),
              taken);
}

static bool may_go(const struct field_type *type, const struct row *row, const struct row *export)
{
    const struct field_type *given = inside_nullable(export->type);
    if (!fits(family_of(type), family_of(given)))
        return false;
    bool both = type->kind == FIELD_CAPSULE && given->kind == FIELD_CAPSULE;
    return !both || !row->capsule || !export->capsule ||
           capsule_type_same(row->capsule, export->capsule);
}

/* A whole component where one of its exports is meant. */
static void hint_export(struct deep *d, struct diag *diag, const struct field_type *type,
                        const struct row *row, const struct check_ref *ref)
{
    const struct field_type *item = type->kind == FIELD_LIST ? type->item : NULL;
    for (const struct row *export = ref->exports->rows; export && export->name; export ++) {
        if (may_go(type, row, export)) {
            diag_hint(d->diags, diag, "did you mean %.*s.%s?", STR_ARG(ref->id), export->name);
            return;
        }
        if (item && may_go(item, row, export)) {
            diag_hint(d->diags, diag, "did you mean [%.*s.%s]?", STR_ARG(ref->id), export->name);
            return;
        }
    }
}

static void hint_shape(struct deep *d, struct diag *diag, enum family wanted, enum family given,
                       ast_id node)
{
    struct str text = ast_text(d->ast, node);
    if (wanted == FAMILY_ARRAY)
        diag_hint(d->diags, diag, "a list is wanted: [%.*s]", STR_ARG(text));
    else if (given == FAMILY_ARRAY)
        diag_hint(d->diags, diag, "%.*s is a list by itself: leave out the brackets around it",
                  STR_ARG(text));
    else if (given == FAMILY_SECRET && wanted == FAMILY_TEXT)
        diag_hint(d->diags, diag, "convert.nonsensitive(%.*s) makes plain text of a secret",
                  STR_ARG(text));
}

void deep_typed(struct deep *d, const struct field_type *type, const struct row *row, ast_id node,
                const struct check_ref *ref)
{
    type = inside_nullable(type);
    const struct field_type *given_type = ref->row ? inside_nullable(ref->row->type) : NULL;
    enum family wanted = family_of(type);
    enum family given = given_type ? family_of(given_type) : FAMILY_OBJECT;
    if (given == FAMILY_CAPSULE && (!ref->row->capsule || ref->row->capsule->to_object))
        return;
    if (!fits(wanted, given)) {
        struct diag *diag = report(d, node, should_be(d, wanted, given));
        if (!ref->row)
            hint_export(d, diag, type, row, ref);
        else
            hint_shape(d, diag, wanted, given, node);
        return;
    }
    if (given != FAMILY_CAPSULE || wanted != FAMILY_CAPSULE || !row->capsule ||
        !ref->row->capsule || capsule_type_same(row->capsule, ref->row->capsule))
        return;
    struct str what = arena_printf(d->arena, "expected capsule(\"%s\"), got capsule(\"%s\")",
                                   row->capsule->name, ref->row->capsule->name);
    hint_flow(d, report(d, node, what), row, ref);
}
