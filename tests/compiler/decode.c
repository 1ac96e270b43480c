/* Bodies into structs: every kind of row, errors with their places, defaults, failing memory, and
 * what else reads the same table: the static check, equality, values, the API. */

#include "base/regex.h"
#include "compiler/ast.h"
#include "compiler/decode.h"
#include "tests/support/reader.h"
#include "tests/support/sample.h"
#include "tests/support/test.h"
#include "tests/support/values.h"

/* A body at work: everything that decoding needs and leaves. */
struct job {
    struct ast *ast;
    struct arena arena;
    struct diags diags;
    struct value *vars;
    struct values_scope scope;
    ast_id block;
    struct args args;
    bool ok;
};

static void job_init(struct job *job, const char *text)
{
    struct target_label label = {STR("job"), STR("j")};
    struct target *target = target_new(&label, 1);
    struct value *target_value = value_capsule(&capsule_target, target);
    struct value *list[] = {value_ref(target_value), values_object("{a = \"1\"}"), value_null()};
    struct value_field fields[] = {
        {STR("t"), target_value},
        {STR("ts"), value_array(list, 3)},
        {STR("r"), value_capsule(&sample_receiver, job)},
        {STR("s"), value_secret(STR("hush"))},
    };
    *job = (struct job){0};
    arena_init(&job->arena, NULL, 0);
    diags_init(&job->diags);
    job->ast = reader_parse(str_from(text), &job->diags);
    cr_assert_not_null(job->ast, "%s", text);
    job->block = ast_at(job->ast, job->ast->root)->child;
    job->vars = value_object(fields, 4, false);
    values_scope_init(&job->scope, job->vars, NULL);
}

static void job_run(void *arg)
{
    struct job *job = arg;
    struct body *body = body_compile(&job->arena, job->ast, job->block, &args_shape);
    job->ok = body_decode(body, &job->scope.scope, &job->arena, &job->args, &job->diags);
}

static void job_release(struct job *job)
{
    if (job->ok)
        schema_release(&args_shape, &job->args);
    value_unref(job->vars);
    ast_free(job->ast);
    arena_release(&job->arena);
    diags_release(&job->diags);
}

static const char full[] =
    "c {\n name = 5\n enabled = false\n small = 300\n port = \"8080\"\n ratio = \"1e2\"\n"
    " timeout = \"1m30s\"\n max_size = \"2KiB\"\n tags = [\"b\", \"a\"]\n labels = {z = 1, a = \"x\"}\n"
    " headers = {A = [\"x\", s]}\n limit = 3\n targets = ts\n forward_to = [r, null]\n"
    " extra = {k = [1, t]}\n regex = \"a.c\"\n since = \"2024-01-02T03:04:05Z\"\n raw = [104, 105]\n"
    " content = s\n object = {x = 1}\n mode = \"safe\"\n user = \"u\"\n password = s\n"
    " proxy {\n  x = 2\n }\n single {\n  x = 3\n }\n optional {\n  x = 1\n  y = 1\n }\n"
    " rule \"one\" {\n  x = 1\n }\n rule \"two\" { }\n end {\n  x = 1\n }\n end {\n  x = 2\n }\n"
    " stage.set {\n  x = 1\n }\n stage.match {\n  stage.match {\n   source = \"deep\"\n  }\n }\n"
    " free {\n  b = 1\n  a = \"x\"\n  b = 2\n }\n loose {\n  k = [true]\n }\n}\n";

TEST(compiler_decode, every_kind_of_attribute_is_filled)
{
    struct job job;
    job_init(&job, full);
    job_run(&job);
    cr_assert(job.ok, "%.*s", STR_ARG(job.diags.items[0].message));
    const struct args *a = &job.args;
    cr_expect(str_is(a->name, "5"));
    cr_expect_not(a->enabled);
    cr_expect_eq(a->small, 44);
    cr_expect_eq(a->port, 8080);
    cr_expect_eq(a->ratio, 100.0);
    cr_expect_eq(a->timeout.ns, 90000000000);
    cr_expect_eq(a->size.bytes, 2048);
    cr_expect(a->tags.count == 2 && str_is(a->tags.items[0], "b"));
    cr_expect(a->labels.count == 2 && str_is(a->labels.items[0].key, "a") &&
              str_is(a->labels.items[1].value, "1"));
    cr_expect(a->headers.count == 1 && str_is(a->headers.items[0].value.items[1].text, "hush"));
    cr_expect(a->limit.is_set && a->limit.value == 3);
    cr_expect(a->targets.count == 3 && str_is(target_get(a->targets.items[0], STR("job")), "j") &&
              a->targets.items[2]->count == 0);
    cr_expect(a->forward_to.count == 2 && a->forward_to.items[0].value &&
              !a->forward_to.items[1].value);
    cr_expect_eq(a->extra.value->type, VALUE_OBJECT);
    cr_expect(regex_match(a->regex.re, STR("abc")) && !regex_match(a->regex.re, STR("xabc")));
    cr_expect_eq(a->since.unix_ns, 1704164645000000000);
    cr_expect(str_is(a->raw.text, "hi"));
    cr_expect(a->content.is_secret && str_is(a->content.text, "hush"));
    job_release(&job);
}

TEST(compiler_decode, every_kind_of_block_is_filled)
{
    struct job job;
    job_init(&job, full);
    job_run(&job);
    cr_assert(job.ok);
    const struct args *a = &job.args;
    cr_expect(a->object.x == 1 && a->object.y == 7);
    cr_expect_eq(a->mode, MODE_SAFE);
    cr_expect(str_is(a->basic.user, "u") && str_is(a->basic.password.text, "hush") &&
              a->basic.proxy->x == 2);
    cr_expect(a->single.x == 3 && a->single.y == 7 && a->optional->y == 1);
    cr_expect(a->rules.count == 2 && str_is(a->rules.items[1].label, "two"));
    cr_expect(a->ends.count == 2 && a->ends.items[1].x == 2);
    cr_expect(a->stages.count == 2 && a->stages.items[0].row == &sample_variants[1]);
    const struct stage *match = a->stages.items[1].item;
    const struct stage *nested = match->stages.items[0].item;
    cr_expect(str_is(match->source, "line") && str_is(nested->source, "deep"));
    cr_expect(a->free.count == 2 && str_is(a->free.items[1].value, "2"));
    cr_expect_eq(a->loose.value->count, 1);
    job_release(&job);
}

TEST(compiler_decode, defaults_apply_and_null_is_zero)
{
    struct job job;
    job_init(&job, "c {\n name = null\n tags = null\n port = null\n limit = null\n}\n");
    job_run(&job);
    cr_assert(job.ok, "%.*s", STR_ARG(job.diags.items[0].message));
    const struct args *a = &job.args;
    cr_expect(a->enabled && a->port == 0 && a->ratio == 0.5 && a->timeout.ns == 10000000000);
    cr_expect(a->size.bytes == 1 << 20 && !a->tags.is_set && a->labels.count == 1);
    cr_expect(a->mode == MODE_FAST && !a->optional && !a->limit.is_set && !a->targets.is_set);
    cr_expect(a->single.y == 7 && a->single.x == 0 && regex_match(a->regex.re, STR("any")));
    job_release(&job);
}

static const struct {
    const char *text;
    const char *errors;
} wrong[] = {
    {"c {\n}\n", "0:0 missing required attribute \"name\"\n"},
    {"c {\n name = 1\n name = 2\n}\n", "3:2-3:9 attribute \"name\" may only be provided once\n"},
    {"c {\n nope = 1\n}\n", "2:2-2:9 unrecognized attribute name \"nope\"\n"},
    {"c {\n nope { }\n}\n", "2:2-2:9 unrecognized block name \"nope\"\n"},
    {"c {\n rule = 1\n}\n", "2:2-2:9 \"rule\" must be a block, but is used as an attribute\n"},
    {"c {\n name { }\n}\n", "2:2-2:9 \"name\" must be an attribute, but is used as a block\n"},
    {"c {\n single {\n  x = 1\n }\n single { }\n}\n",
     "2:2-4:2 block \"single\" may only be specified once\n"},
    {"c {\n end {\n  x = 1\n }\n}\n",
     "2:2-4:2 block \"end\" must be specified exactly 2 times, but was specified 1 times\n"},
    {"c {\n rule { }\n}\n", "2:2-2:7 block \"rule\" requires non-empty label\n"},
    {"c {\n single \"l\" { }\n}\n",
     "2:2-2:13 block \"single\" does not support specifying labels\n"},
    {"c {\n free \"l\" { }\n}\n", "2:2-2:11 block \"free\" requires empty label\n"},
    {"c {\n free {\n  a { }\n }\n}\n", "3:3-3:7 nested blocks not supported here\n"},
    {"c {\n free {\n  a = [1]\n }\n}\n", "3:7-3:9 [1] should be string, got array\n"},
    {"c {\n later = 1\n}\n",
     "2:2-2:10 argument \"later\" is not supported by invar yet: it needs a parser\n"},
    {"c {\n much.later { }\n}\n",
     "2:2-2:15 block \"much.later\" is not supported by invar yet: it needs a lot\n"},
    {"c {\n name = \"a b\"\n}\n", "2:9-2:13 \"a b\" no blanks in \"a b\"\n"},
    {"c {\n port = 70000\n}\n", "2:9-2:13 70000 must be at most 65535\n"},
    {"c {\n port = 0\n}\n", "2:9-2:9 0 must be at least 1\n"},
    {"c {\n tags = [\"a\", \"c\"]\n}\n", "2:15-2:17 \"c\" unknown value \"c\"\n"},
    {"c {\n mode = \"slow\"\n}\n", "2:9-2:14 \"slow\" unknown value \"slow\"\n"},
    {"c {\n regex = \"(\"\n}\n",
     "2:10-2:12 \"(\" error parsing regexp: missing closing ): `^(?s:()$`\n"},
    {"c {\n timeout = \"1d\"\n}\n",
     "2:12-2:15 \"1d\" time: unknown unit \"d\" in duration \"1d\"\n"},
    {"c {\n password = 5\n}\n", "2:13-2:13 5 should be capsule, got number\n"},
    {"c {\n name = s\n}\n", "2:9-2:9 s secrets may not be converted into strings\n"},
    {"c {\n forward_to = [s]\n}\n",
     "2:16-2:16 s expected capsule(\"test.Receiver\"), got capsule(\"alloytypes.Secret\")\n"},
    {"c {\n targets = [{a = s}]\n}\n",
     "2:13-2:19 {a = s} target::ConvertFrom: cannot use a secret as a target value\n"},
    {"c {\n labels = {a = [1]}\n}\n", "2:16-2:18 [1] should be string, got array\n"},
    {"c {\n object = {soon = 1}\n}\n",
     "2:19-2:19 1 argument \"soon\" is not supported by invar yet: it is not written\n"},
    {"c {\n object = {sooner = 1}\n}\n", "2:21-2:21 1 does not have field named \"sooner\"\n"},
    {"c {\n object = {z = 1}\n}\n", "2:16-2:16 1 does not have field named \"z\"\n"},
    {"c {\n name = \"n\"\n single { }\n}\n", "0:0 missing required attribute \"x\"\n"},
    {"c {\n name = \"n\"\n single {\n  x = 8\n }\n}\n", "0:0 x must not be larger than y\n"},
    {"c {\n extra = 1 + nope\n}\n", "2:14-2:17 identifier \"nope\" does not exist\n"},
};

TEST(compiler_decode, what_is_wrong_is_said_with_its_place)
{
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct job job;
        struct buf lines;
        buf_init(&lines, NULL, 1 << 20);
        job_init(&job, wrong[i].text);
        job_run(&job);
        reader_lines(&lines, &job.diags);
        cr_expect_not(job.ok);
        cr_expect(str_is(buf_view(&lines), wrong[i].errors), "%s\n%.*s", wrong[i].text,
                  STR_ARG(buf_view(&lines)));
        buf_release(&lines);
        job_release(&job);
    }
}

TEST(compiler_decode, every_allocation_may_fail, .timeout = 120)
{
    bool done = false;
    struct job job;
    job_init(&job, full);
    struct job fresh = job;
    for (uint64_t n = 1; !done; n++) {
        job = fresh;
        mem_fail_at(n);
        bool worked = mem_scope_run(job_run, &job);
        done = !mem_failed_once();
        mem_fail_at(0);
        if (worked) {
            schema_release(&args_shape, &job.args);
            arena_release(&job.arena);
        }
    }
    for (uint32_t i = 0; i < job.vars->count; i++)
        cr_expect_leq(atomic_load(&job.vars->as.fields[i].value->refs), i == 2 ? 2 : 1, "%u", i);
    fresh.ok = false;
    job_release(&fresh);
}

TEST(compiler_decode, blocks_within_blocks_cost_no_stack, .timeout = 60)
{
    struct buf text;
    enum { NESTING = 900 };
    buf_init(&text, NULL, 1 << 20);
    buf_cstr(&text, "c {\n name = \"n\"\n");
    for (int i = 0; i < NESTING; i++)
        buf_cstr(&text, "stage.match {\n");
    for (int i = 0; i < NESTING + 1; i++)
        buf_cstr(&text, "}\n");
    buf_byte(&text, 0);
    struct job job;
    job_init(&job, text.data);
    job_run(&job);
    cr_assert(job.ok);
    cr_expect(schema_equal(&args_shape, &job.args, &job.args));
    check_body(job.ast, job.block, &args_shape, &job.diags);
    cr_expect_eq(job.diags.len, 0);
    buf_release(&text);
    job_release(&job);
}

TEST(compiler_decode, equality_looks_at_everything)
{
    struct job a;
    struct job b;
    job_init(&a, full);
    job_init(&b, full);
    job_run(&a);
    job_run(&b);
    cr_expect_not(schema_equal(&args_shape, &a.args, &b.args), "capsules are their addresses");
    value_unref(b.args.forward_to.items[0].value);
    b.args.forward_to.items[0].value = value_ref(a.args.forward_to.items[0].value);
    cr_expect(schema_equal(&args_shape, &a.args, &b.args));
    struct stage *match = b.args.stages.items[1].item;
    struct stage *nested = match->stages.items[0].item;
    nested->source = STR("other");
    cr_expect_not(schema_equal(&args_shape, &a.args, &b.args));
    nested->source = STR("deep");
    b.args.headers.items[0].value.items[1].text = STR("hush!");
    cr_expect_not(schema_equal(&args_shape, &a.args, &b.args));
    b.args.headers.items[0].value.items[1].text = STR("hush");
    b.args.optional->y = 2;
    cr_expect_not(schema_equal(&args_shape, &a.args, &b.args));
    job_release(&a);
    job_release(&b);
}

TEST(compiler_decode, the_api_shows_what_was_given)
{
    static const char *const want =
        "[{\"name\":\"name\",\"type\":\"attr\",\"value\":{\"type\":\"string\",\"value\":\"n\"}},"
        "{\"name\":\"tags\",\"type\":\"attr\",\"value\":{\"type\":\"array\",\"value\":"
        "[{\"type\":\"string\",\"value\":\"a\"},{\"type\":\"string\",\"value\":\"b\"}]}},"
        "{\"name\":\"labels\",\"type\":\"attr\",\"value\":{\"type\":\"object\",\"value\":"
        "[{\"key\":\"k\",\"value\":{\"type\":\"string\",\"value\":\"v\"}}]}},"
        "{\"name\":\"password\",\"type\":\"attr\",\"value\":{\"type\":\"capsule\",\"value\":"
        "\"(secret)\"}},"
        "{\"name\":\"rule\",\"type\":\"block\",\"label\":\"one\",\"body\":[{\"name\":\"x\",\"type\":"
        "\"attr\",\"value\":{\"type\":\"number\",\"value\":4}}]},"
        "{\"name\":\"rule\",\"type\":\"block\",\"label\":\"two\",\"body\":[]},"
        "{\"name\":\"stage.set\",\"type\":\"block\",\"body\":[{\"name\":\"x\",\"type\":\"attr\","
        "\"value\":{\"type\":\"number\",\"value\":1}}]},"
        "{\"name\":\"free\",\"type\":\"block\",\"body\":[{\"name\":\"a\",\"type\":\"attr\",\"value\":"
        "{\"type\":\"string\",\"value\":\"x\"}}]}]";
    struct job job;
    struct buf out;
    struct json_writer w;
    job_init(&job,
             "c {\n name = \"n\"\n port = 80\n password = \"p\"\n rule \"one\" {\n  x = 4\n }\n"
             " rule \"two\" { }\n stage.set {\n  x = 1\n }\n free {\n  a = \"x\"\n }\n}\n");
    job_run(&job);
    cr_assert(job.ok);
    buf_init(&out, NULL, 1 << 20);
    json_begin(&w, &out);
    schema_api_json(&w, &args_shape, &job.args);
    cr_expect(str_is(buf_view(&out), want), "%.*s", STR_ARG(buf_view(&out)));
    buf_release(&out);
    job_release(&job);
}

TEST(compiler_decode, structs_become_values_in_row_order)
{
    struct inner inner = {.x = 1, .y = 2};
    struct value *v = schema_to_value(&inner_shape, &inner);
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    value_print(&out, v);
    cr_expect(str_is(buf_view(&out), "{\n\tx = 1,\n\ty = 2,\n}"));
    buf_release(&out);
    value_unref(v);
}

TEST(compiler_decode, tables_are_proven)
{
    static const struct row good[] = {{ATTR(struct inner, x), .def = "-3", .doc = "Fine."}, {0}};
    static const struct row no_doc[] = {{ATTR(struct inner, x)}, {0}};
    static const struct row bad_default[] = {
        {ATTR(struct inner, x), .def = "\"x\"", .doc = "Wrong."}, {0}};
    static const struct row twice[] = {{ATTR(struct inner, x), .doc = "One."},
                                       {ATTR_AS(struct inner, y, "x"), .doc = "Two."},
                                       {0}};
    static const struct row wrong_shape[] = {
        {BLOCK(struct args, single, basic_shape), .doc = "Not the struct."}, {0}};
    static const struct {
        const struct row *rows;
        bool good;
    } tables[] = {{sample_rows, true},  {good, true},   {no_doc, false},
                  {bad_default, false}, {twice, false}, {wrong_shape, false}};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct shape shape = {.rows = tables[i].rows, .size = sizeof(struct args)};
        struct error err = {0};
        cr_expect_eq(schema_verify(&shape, &err), tables[i].good, "%zu: %s", i, err.message);
    }
}

TEST(compiler_decode, the_static_check_reports_everything_at_once)
{
    static const struct {
        const char *text;
        const char *errors;
    } checks[] = {
        {"c {\n name = \"n\"\n tags = [nope, \"a\"]\n rule { }\n}\n", ""},
        {"c {\n zzz = 1\n port = \"x\"\n yyy { }\n}\n",
         "2:2-2:8 unrecognized attribute name \"zzz\"\n"
         "3:9-3:11 expected number, got string\n"
         "4:2-4:8 unrecognized block name \"yyy\"\n"
         "1:1-5:1 missing required attribute \"name\"\n"},
        {"c {\n name = 1\n object = {x = 1, soon = 1, sooner = 2}\n}\n",
         "3:19-3:26 argument \"soon\" is not supported by invar yet: it is not written\n"
         "3:29-3:38 argument \"sooner\" is not supported by invar yet: it is not written either\n"},
        {"c {\n name = !true\n}\n", "2:10-2:13 expected string, got bool\n"},
        {"c {\n name = \"a\" - 1\n}\n",
         "2:9-2:15 should be one of [number] for binop -, got string\n"},
        {"c {\n name = [1]\n tags = {}\n labels = 1\n}\n",
         "2:9-2:11 expected string, got array\n3:9-3:10 expected array, got object\n"
         "4:11-4:11 expected object, got number\n"},
        {"c {\n name = \"n\"\n object = {z = 1}\n extra = [1, \"x\"]\n forward_to = [1]\n}\n",
         "3:12-3:16 unrecognized attribute name \"z\"\n"
         "3:11-3:17 missing required attribute \"x\"\n"},
        {"c {\n name = \"n\"\n single { }\n single { }\n later = 1\n}\n",
         "3:2-3:11 block \"single\" may only be specified once\n"
         "4:2-4:11 block \"single\" may only be specified once\n"
         "5:2-5:10 argument \"later\" is not supported by invar yet: it needs a parser\n"},
        {"c {\n name = \"n\"\n stage.set { }\n}\n", "3:2-3:14 missing required attribute \"x\"\n"},
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct job job;
        struct buf lines;
        buf_init(&lines, NULL, 1 << 20);
        job_init(&job, checks[i].text);
        check_body(job.ast, job.block, &args_shape, &job.diags);
        reader_lines(&lines, &job.diags);
        cr_expect(str_is(buf_view(&lines), checks[i].errors), "%s\n%.*s", checks[i].text,
                  STR_ARG(buf_view(&lines)));
        buf_release(&lines);
        job_release(&job);
    }
}
