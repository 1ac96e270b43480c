/* `invar schema [NAME]`: what can be configured, as JSON, from the tables that decode it. Bodies
 * are listed once each and referred to by number, so that the output is flat and ends
 * (docs/schema.md). Memory is bounded by the schemas. */

#include "base/vec.h"
#include "cli/command.h"
#include "cli/surface.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

struct output {
    struct json_writer w;
    struct surface surface;
    VEC(const struct shape *) bodies; /* their numbers are their places, from 1 */
    size_t written;
};

static uint64_t body_number(struct output *o, const struct shape *shape)
{
    for (size_t i = 0; i < o->bodies.len; i++)
        if (o->bodies.items[i] == shape)
            return i + 1;
    VEC_PUSH(&o->bodies, shape);
    return o->bodies.len;
}

static void text(struct output *o, const char *key, const char *value)
{
    if (!value)
        return;
    json_key(&o->w, str_from(key));
    json_string(&o->w, str_from(value));
}

static void flag(struct output *o, const char *key, bool value)
{
    json_key(&o->w, str_from(key));
    json_bool(&o->w, value);
}

static void number(struct output *o, const char *key, double value)
{
    json_key(&o->w, str_from(key));
    json_double(&o->w, value);
}

static const struct row *innermost_is_capsule(const struct row *row)
{
    const struct field_type *type = row->type;
    while (type->item)
        type = type->item;
    return type->kind == FIELD_CAPSULE && row->capsule ? row : NULL;
}

static void write_values(struct output *o, const struct row *row)
{
    if (!row->oneof)
        return;
    json_key(&o->w, STR("values"));
    json_array(&o->w);
    for (const char *const *value = row->oneof; *value; value++)
        json_string(&o->w, str_from(*value));
    json_array_end(&o->w);
}

static void write_bounds(struct output *o, const struct number_bounds *bounds)
{
    if (bounds && bounds->has_min)
        number(o, bounds->above_min ? "above" : "min", bounds->min);
    if (bounds && bounds->has_max)
        number(o, "max", bounds->max);
}

static void write_status(struct output *o, const struct row *row)
{
    if (row->refused)
        flag(o, "unsupported", true);
    if (row->no_effect)
        flag(o, "no_effect", true);
    text(o, "doc", row->doc);
}

static void write_attribute(struct output *o, const struct row *row)
{
    struct buf type;
    buf_init(&type, NULL, 4096);
    json_object(&o->w);
    text(o, "name", row->name);
    if (!row->refused) {
        surface_type(&type, row);
        json_key(&o->w, STR("type"));
        json_string(&o->w, buf_view(&type));
    }
    flag(o, "required", row->required);
    text(o, "default", row->def);
    write_values(o, row);
    write_bounds(o, row->bounds);
    if (innermost_is_capsule(row))
        text(o, "capsule", row->capsule->name);
    if (row->shape) {
        json_key(&o->w, STR("body"));
        json_u64(&o->w, body_number(o, row->shape));
    }
    write_status(o, row);
    json_object_end(&o->w);
    buf_release(&type);
}

static void write_block(struct output *o, const struct row *row, const struct shape *in)
{
    json_object(&o->w);
    text(o, "name", row->name);
    flag(o, "required", row->required);
    flag(o, "repeats", surface_repeats(row, in));
    flag(o, "label", row->shape && schema_label_row(row->shape));
    if (row->free_form)
        flag(o, "free", true);
    if (row->shape) {
        json_key(&o->w, STR("body"));
        json_u64(&o->w, body_number(o, row->shape));
    }
    write_status(o, row);
    json_object_end(&o->w);
}

static void write_rules(struct output *o, const struct schema_rule *rule)
{
    static const char *const kinds[RULE_KINDS] = {"one", "at_most_one", "at_least_one", "together",
                                                  "needs"};
    if (!rule)
        return;
    json_key(&o->w, STR("rules"));
    json_array(&o->w);
    for (; rule->names; rule++) {
        json_object(&o->w);
        text(o, "kind", kinds[rule->kind]);
        json_key(&o->w, STR("names"));
        json_array(&o->w);
        for (const char *const *name = rule->names; *name; name++)
            json_string(&o->w, str_from(*name));
        json_array_end(&o->w);
        json_object_end(&o->w);
    }
    json_array_end(&o->w);
}

static void write_body(struct output *o, const struct shape *shape)
{
    const struct row **rows = surface_rows(&o->surface.arena, shape);
    json_object(&o->w);
    json_key(&o->w, STR("attributes"));
    json_array(&o->w);
    for (const struct row **row = rows; *row; row++)
        if (!row_is_block(*row))
            write_attribute(o, *row);
    json_array_end(&o->w);
    json_key(&o->w, STR("blocks"));
    json_array(&o->w);
    for (const struct row **row = rows; *row; row++)
        if (row_is_block(*row))
            write_block(o, *row, shape);
    json_array_end(&o->w);
    write_rules(o, shape->rules);
    json_object_end(&o->w);
}

static void write_item(struct output *o, const struct surface_item *item)
{
    const struct program_symbol *symbol = &item->symbol;
    json_object(&o->w);
    text(o, "name", item->name);
    text(o, "summary", item->summary);
    text(o, "stability", symbol->community ? "community" : stability_name(symbol->stability));
    flag(o, "supported", item->is_supported);
    if (symbol->args) {
        json_key(&o->w, STR("arguments"));
        json_u64(&o->w, body_number(o, symbol->args));
    }
    if (symbol->exports) {
        json_key(&o->w, STR("exports"));
        json_u64(&o->w, body_number(o, symbol->exports));
    }
    json_object_end(&o->w);
}

static void write_items(struct output *o, const char *key, const char *name, bool blocks)
{
    json_key(&o->w, str_from(key));
    json_array(&o->w);
    for (size_t i = 0; i < o->surface.count; i++) {
        const struct surface_item *item = &o->surface.items[i];
        if (item->is_block == blocks && (!name || strcmp(name, item->name) == 0))
            write_item(o, item);
    }
    json_array_end(&o->w);
}

static void write_all(struct output *o, const char *name)
{
    json_object(&o->w);
    json_key(&o->w, STR("version"));
    json_u64(&o->w, 1);
    write_items(o, "components", name, false);
    write_items(o, "blocks", name, true);
    json_key(&o->w, STR("bodies"));
    json_object(&o->w);
    for (; o->written < o->bodies.len; o->written++) {
        char key[24];
        (void)snprintf(key, sizeof(key), "%zu", o->written + 1);
        json_key(&o->w, str_from(key));
        write_body(o, o->bodies.items[o->written]);
    }
    json_object_end(&o->w);
    json_object_end(&o->w);
}

int cli_schema(int argc, char **argv)
{
    bool help = false;
    const struct flag flags[] = {{"help", 'h', FLAG_BOOL, &help, "help for schema"}, {0}};
    struct error err;
    struct buf out;
    int count = flags_parse(flags, argc, argv, &err);
    if (count > 1)
        error_set(&err, STATUS_INVALID, "accepts at most 1 arg(s), received %d", count);
    if (count < 0 || count > 1) {
        cli_error(err.message);
        return 1;
    }
    if (help) {
        cli_print(
            STR("Prints what can be configured as JSON: all components and blocks, or one.\n\n"
                "Usage:\n  invar schema [NAME]\n"));
        return 0;
    }
    struct output o = {0};
    const char *name = count == 1 ? argv[1] : NULL;
    surface_init(&o.surface);
    bool found = !name || surface_find(&o.surface, str_from(name));
    if (found) {
        buf_init(&out, NULL, OUTPUT_MAX);
        json_begin(&o.w, &out);
        write_all(&o, name);
        buf_byte(&out, '\n');
        cli_print(buf_view(&out));
        buf_release(&out);
    } else {
        (void)error_set(&err, STATUS_INVALID, "there is no component or block named \"%s\"", name);
        cli_error(err.message);
    }
    VEC_RELEASE(&o.bodies);
    surface_release(&o.surface);
    return found ? 0 : 1;
}
