/* Static checks of whole configurations: every kind of diagnostic with its place, order, and what
 * bounds the work. */

#include "compiler/check_program.h"
#include "tests/support/fake_files.h"
#include "tests/support/test.h"

struct args {
    struct str text;
    struct capsule_list forward_to;
    bool idle;
};
static const struct row rows[] = {{ATTR(struct args, text), .required = true, .doc = "A text."},
                                  {ATTR(struct args, forward_to), .doc = "Receivers."},
                                  {ATTR(struct args, idle), .no_effect = true, .doc = "Why."},
                                  {0}};
static const struct shape shape = SHAPE(struct args, rows, NULL);
static const struct row foreach_rows[] = {
    {ATTR(struct args, text), .def = "\"x\"", .doc = "A text."}, {0}};
static const struct shape foreach_shape = SHAPE(struct args, foreach_rows, NULL);
static const struct row no_rows[] = {{0}};
static const struct shape empty_shape = {.rows = no_rows, .size = 1};

static struct value *no_function(struct call *call)
{
    return function_fail_plain(call, "never called");
}
static const struct function_def new_function = {
    .name = "lib.new", .experimental = true, .run = no_function, .signature = "", .doc = ""};
static const struct function_def old_function = {
    .name = "old", .run = no_function, .signature = "", .doc = ""};
static const struct stdlib_entry entries[] = {
    {.name = "lib.new", .function = &new_function},
    {.name = "old", .function = &old_function, .deprecated = true},
};

/* Knows a.b, an experimental and a community component, and the language's own blocks. */
static bool find(void *arg, enum block_kind kind, struct str name, struct program_symbol *out)
{
    (void)arg;
    *out = (struct program_symbol){.args = &shape, .exports = &shape, .stability = STABILITY_GA};
    switch (kind) {
    case BLOCK_COMPONENT:
        if (str_is(name, "x.new"))
            out->stability = STABILITY_EXPERIMENTAL;
        out->community = str_is(name, "x.free");
        return str_starts(name, STR("x.")) || str_is(name, "a.b") || str_is(name, "lib.c");
    case BLOCK_FOREACH:
        out->stability = STABILITY_PUBLIC_PREVIEW;
        out->args = &foreach_shape;
        return true;
    case BLOCK_SERVICE:
        out->configurable = !str_is(name, "ui");
        out->args = out->configurable ? &empty_shape : NULL;
        return !str_is(name, "remotecfg");
    default: out->args = &empty_shape; return true;
    }
}

struct rig {
    struct fake_files *files;
    struct stdlib stdlib;
    struct diags diags;
    struct error err;
    struct check_memo *memo; /* of all texts so far */
};

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){0};
    rig->files = fake_files_new();
    world_enter(fake_files_world(rig->files));
    struct value_field inside[] = {{STR("new"), value_function(&new_function)}};
    struct value_field names[] = {{STR("lib"), value_object(inside, 1, false)},
                                  {STR("old"), value_function(&old_function)}};
    rig->stdlib = (struct stdlib){entries, 2, value_object(names, 2, false)};
    rig->memo = check_memo_new();
}

static void rig_release(struct rig *rig)
{
    value_unref(rig->stdlib.names);
    check_memo_free(rig->memo);
    world_enter(NULL);
    fake_files_free(rig->files);
}

/* With what is remembered, twice, the same is found. */
static void check_again(struct rig *rig, const struct program_options *options)
{
    for (int time = 0; time < 2; time++) {
        struct program_text text;
        struct diags again;
        diags_init(&again);
        cr_assert_eq(program_read("/c.alloy", &text, &again, &rig->err), STATUS_OK);
        check_program_again(&text, options, rig->memo, &again);
        cr_assert_eq(again.len, rig->diags.len);
        cr_assert_eq(again.dropped, rig->diags.dropped);
        for (size_t i = 0; i < again.len; i++) {
            const struct diag *a = &again.items[i], *b = &rig->diags.items[i];
            cr_assert(a->id == b->id && a->severity == b->severity &&
                      str_eq(a->message, b->message));
            cr_assert_eq(memcmp(&a->range, &b->range, sizeof(a->range)), 0);
        }
        diags_release(&again);
    }
}

/* "[W ]L:C-L:C message" a line. */
static void check_text(struct rig *rig, struct str source, struct buf *out)
{
    struct program_text text;
    struct program_options options = {
        .find = find, .stdlib = &rig->stdlib, .min_stability = STABILITY_GA};
    fake_files_put(rig->files, "/c.alloy", source);
    diags_init(&rig->diags);
    cr_assert_eq(program_read("/c.alloy", &text, &rig->diags, &rig->err), STATUS_OK);
    cr_assert_eq(rig->diags.errors, 0);
    check_program(&text, &options, &rig->diags);
    check_again(rig, &options);
    for (size_t i = 0; i < rig->diags.len; i++) {
        const struct diag *d = &rig->diags.items[i];
        bool unused = d->id >= DIAG_UNUSED_COMPONENT && d->id <= DIAG_UNUSED_EXPORT;
        if (unused || d->beyond)
            continue;
        buf_printf(out, "%s%u:%u-%u:%u %.*s\n", d->severity == DIAG_WARNING ? "W " : "",
                   d->range.start.line, d->range.start.col, d->range.end.line, d->range.end.col,
                   STR_ARG(d->message));
    }
}

static void assert_checks(struct rig *rig, const char *source, const char *want)
{
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    check_text(rig, str_from(source), &out);
    buf_byte(&out, '\0');
    cr_expect_str_eq(out.data, want, "%s\ngives\n%s", source, out.data);
    buf_release(&out);
    diags_release(&rig->diags);
}

static const struct {
    const char *source;
    const char *want;
} cases[] = {
    {"", ""},
    {"a.b \"x\" { text = a.b.y.text }\na.b \"y\" { text = \"t\" }\n", ""},
    {"a.b \"x\" {\n\ttext = \"\"\n\tidle = [1]\n}\n",
     "3:9-3:11 expected bool, got array\n"
     "3:2-3:11 argument \"idle\" has no effect in invar: Why.\n"},
    /* Labels and names. */
    {"a.b { text = \"\" }\n", "1:1-1:3 component \"a.b\" must have a label\n"},
    {"declare { }\nimport.file { }\n", "1:1-1:7 declare block must have a label\n"
                                       "2:1-2:11 import.file block must have a label\n"},
    {"no.such \"x\" { text = nope }\n",
     "1:1-1:7 cannot find the definition of component name \"no.such\"\n"},
    {"otelcol.receiver.jaeger \"x\" { a = nope }\n",
     "1:1-1:23 component \"otelcol.receiver.jaeger\" is not supported by invar yet: its block is "
     "checked, and run refuses it without --feature.skip-unsupported\n"
     "1:31-1:38 unrecognized attribute name \"a\"\n"
     "1:1-1:40 missing required block \"protocols\"\n"
     "1:1-1:40 missing required block \"output\"\n"
     "1:35-1:38 component \"nope\" does not exist or is out of scope\n"},
    {"remotecfg { }\n", "1:1-1:9 block \"remotecfg\" is not supported by invar yet\n"},
    /* Levels. */
    {"x.new \"x\" { text = 1 + true }\n",
     "1:1-1:5 component \"x.new\" is at stability level \"experimental\", which is below the "
     "minimum allowed stability level \"generally-available\". Use --stability.level command-line "
     "flag to enable \"experimental\" features\n"},
    {"otelcol.auth.headers \"x\" { }\notelcol.exporter.splunkhec \"x\" { }\n",
     "1:1-1:20 component \"otelcol.auth.headers\" is not supported by invar yet: its block is "
     "checked, and run refuses it without --feature.skip-unsupported\n"
     "2:1-2:26 the component \"otelcol.exporter.splunkhec\" is a community component. Use the "
     "--feature.community-components.enabled command-line flag to enable community components\n"},
    {"x.free \"x\" { }\n",
     "1:1-1:6 the component \"x.free\" is a community component. Use the "
     "--feature.community-components.enabled command-line flag to enable community components\n"},
    {"a.b \"x\" { text = lib.new(1) }\n",
     "1:18-1:24 lib.new is at stability level \"experimental\", which is below the minimum allowed "
     "stability level \"generally-available\". Use --stability.level command-line flag to enable "
     "\"experimental\" features\n"},
    /* Duplicates are checked further. */
    {"a.b \"x\" { text = \"\" }\na.b \"x\" {\n\ttext = [1]\n}\n",
     "2:1-2:5 block a.b.x already declared at /c.alloy:1:1\n"
     "3:9-3:11 expected string, got array\n"},
    /* Bodies come before references, missing attributes last. */
    {"a.b \"x\" {\n\tforward_to = nope.x\n\tother = 1\n}\n",
     "3:2-3:10 unrecognized attribute name \"other\"\n"
     "1:1-4:1 missing required attribute \"text\"\n"
     "2:15-2:20 component \"nope.x\" does not exist or is out of scope\n"},
    /* What stands where. */
    {"argument \"a\" { }\nexport \"e\" { }\n",
     "1:1-1:16 argument blocks only allowed inside a module\n"
     "2:1-2:14 export blocks only allowed inside a module\n"},
    {"declare \"d\" {\n\tlogging { }\n\thttp { }\n\ta = 1\n}\n",
     "4:2-4:6 unsupported statement type *ast.AttributeStmt\n"
     "2:2-2:8 logging not allowed in module\n"
     "3:2-3:5 http not allowed in module\n"},
    {"ui { }\n", "1:1-1:6 service \"ui\" does not support being configured\n"},
    /* Custom components. */
    {"declare \"d\" {\n\targument \"a\" { }\n\targument \"b\" { optional = true }\n}\n"
     "d \"x\" { c = 1 }\nd \"y\" {\n\ta = 1\n\ta = 2\n\tb { }\n\tz { }\n}\n",
     "3:17-3:31 unrecognized attribute name \"optional\"\n"
     "5:9-5:13 unrecognized attribute name \"c\"\n"
     "5:1-5:15 missing required attribute \"a\"\n"
     "8:2-8:6 attribute \"a\" may only be provided once\n"
     "9:2-9:6 \"b\" must be an attribute, but is used as a block\n"
     "10:2-10:6 unrecognized block name \"z\"\n"},
    {"import.file \"m\" { }\nm.c \"x\" { a = nope }\n", ""},
    /* Scopes. */
    {"a.b \"o\" { text = argument.x.value }\ndeclare \"d\" {\n"
     "\ta.b \"i\" { text = argument.x.value + a.b.o.text + module_path }\n}\n",
     "3:38-3:47 component \"a.b.o.text\" does not exist or is out of scope\n"
     "1:18-1:33 component \"argument.x.value\" does not exist or is out of scope\n"},
    {"lib.c \"x\" { text = \"\" }\na.b \"x\" { text = lib.c.x.y + old(1) }\n",
     "W 2:18-2:20 a component is shadowing an existing stdlib name\n"
     "W 2:30-2:32 this stdlib function is deprecated; please refer to the documentation for "
     "updated usage and alternatives\n"},
    /* Cycles. */
    {"a.b \"y\" { text = a.b.x.z }\na.b \"x\" { text = a.b.y.z }\na.b \"s\" { text = a.b.s.z }\n",
     "2:1-2:9 cycle detected: a.b.x, a.b.y\n1:1-1:9 cycle detected: a.b.x, a.b.y\n"
     "3:1-3:9 cannot reference self\n"},
    /* foreach. */
    {"foreach \"f\" { }\n",
     "1:1-1:7 foreach block \"foreach\" is at stability level \"public-preview\", which is below "
     "the minimum allowed stability level \"generally-available\". Use --stability.level "
     "command-line flag to enable \"public-preview\" features\n"
     "1:1-1:15 missing required block \"template\"\n"},
    {"a.b \"o\" { text = v }\ndeclare \"d\" {\n\tforeach \"f\" {\n\t\tvar = \"v\"\n\t\ttext = w\n"
     "\t\ttemplate {\n\t\t\ta.b \"i\" { text = v + argument.a + a.b.n.text + a.b.o.text }\n"
     "\t\t\ta = 1\n\t\t\tlogging { }\n\t\t\texport \"e\" { }\n\t\t}\n\t}\n"
     "\ta.b \"n\" { text = v }\n}\n",
     "3:2-3:8 foreach block \"foreach\" is at stability level \"public-preview\", which is below the "
     "minimum allowed stability level \"generally-available\". Use --stability.level command-line "
     "flag to enable \"public-preview\" features\n"
     "8:4-8:8 unsupported statement type *ast.AttributeStmt\n"
     "4:3-4:11 unrecognized attribute name \"var\"\n"
     "9:4-9:10 logging not allowed in module\n"
     "7:51-7:60 component \"a.b.o.text\" does not exist or is out of scope\n"
     "5:10-5:10 component \"w\" does not exist or is out of scope\n"
     "13:19-13:19 component \"v\" does not exist or is out of scope\n"
     "1:18-1:18 component \"v\" does not exist or is out of scope\n"},
    {"foreach \"f\" {\n\ttemplate {\n\t\thttp { }\n\t\targument \"a\" { }\n\t}\n}\n",
     "1:1-1:7 foreach block \"foreach\" is at stability level \"public-preview\", which is below the "
     "minimum allowed stability level \"generally-available\". Use --stability.level command-line "
     "flag to enable \"public-preview\" features\n"
     "4:3-4:18 argument blocks only allowed inside a module\n"
     "3:3-3:6 http not allowed in foreach\n"},
};

TEST(check_program, reports_each_kind_in_its_place)
{
    struct rig rig;
    rig_init(&rig);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_checks(&rig, cases[i].source, cases[i].want);
    rig_release(&rig);
}

/* The same text n times. */
static void repeat(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_cstr(out, text);
}

static void assert_bounded(struct rig *rig, struct buf *source, size_t errors, const char *last)
{
    struct buf out;
    buf_init(&out, NULL, 64 << 20);
    check_text(rig, buf_view(source), &out);
    cr_expect_eq(rig->diags.errors, errors, "%zu errors", rig->diags.errors);
    cr_expect(str_find(buf_view(&out), str_from(last), 0) != SIZE_MAX, "no %s", last);
    buf_release(&out);
    buf_clear(source);
    diags_release(&rig->diags);
}

TEST(check_program, work_and_messages_are_bounded, .timeout = 30)
{
    struct rig rig;
    struct buf source;
    rig_init(&rig);
    buf_init(&source, NULL, 16 << 20);

    repeat(&source, "declare \"d\" {", 300);
    repeat(&source, "}", 300);
    assert_bounded(&rig, &source, 1, "1:1301-1:1307 modules are nested deeper than 100 levels");

    /* One cycle of 300 members, each of which would name all. */
    for (unsigned i = 0; i < 300; i++)
        buf_printf(&source, "a.b \"n%03u\" { text = a.b.n%03u.text }\n", i, (i + 1) % 300);
    assert_bounded(&rig, &source, 300, "a.b.n098, a.b.n099 and 200 more\n");

    /* 2000 required arguments, 2000 instances without them. */
    buf_cstr(&source, "declare \"d\" {\n");
    for (unsigned i = 0; i < 2000; i++)
        buf_printf(&source, "argument \"n%u\" { }\n", i);
    buf_cstr(&source, "}\n");
    for (unsigned i = 0; i < 2000; i++)
        buf_printf(&source, "d \"n%u\" { }\n", i);
    assert_bounded(&rig, &source, 3000, "missing required attribute \"n999\"");

    buf_release(&source);
    rig_release(&rig);
}
