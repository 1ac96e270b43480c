/* See sample.h. */

#include "tests/support/sample.h"

static enum status check_inner(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct inner *inner = args;
    if (inner->x <= inner->y)
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "x must not be larger than y");
}

static enum status check_name(struct str text, struct error *err)
{
    if (str_find_byte(text, ' ', 0) == SIZE_MAX)
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "no blanks in \"%.*s\"", STR_ARG(text));
}

static const struct row inner_rows[] = {
    {ATTR(struct inner, x), .required = true, .doc = "The lower end."},
    {ATTR(struct inner, y), .def = "7", .doc = "The upper end."},
    {REFUSED("soon", "it is not written")},
    {REFUSED_BLOCK("sooner", "it is not written either")},
    {0},
};
const struct shape inner_shape = SHAPE(struct inner, inner_rows, check_inner);

static const struct row named_rows[] = {
    {LABEL(struct inner, label)},
    {ATTR(struct inner, x), .doc = "A number."},
    {0},
};
static const struct shape named_shape = SHAPE(struct inner, named_rows, NULL);

static const struct row stage_rows[] = {
    {ATTR(struct stage, source), .def = "\"line\"", .doc = "Where the text comes from."},
    {ENUM_BLOCKS(struct stage, stages, "stage", sample_variants), .doc = "Stages inside."},
    {0},
};
static const struct shape stage_shape = SHAPE(struct stage, stage_rows, NULL);
const struct row sample_variants[] = {
    {VARIANT("stage.match", struct stage, stage_shape), .doc = "Stages within a stage."},
    {VARIANT("stage.set", struct inner, inner_shape), .doc = "Sets something."},
    {0},
};

static const struct row basic_rows[] = {
    {ATTR(struct basic, user), .doc = "A user."},
    {ATTR(struct basic, password), .doc = "A password."},
    {BLOCK_OPT(struct basic, proxy, inner_shape), .doc = "A proxy."},
    {0},
};
const struct shape basic_shape = SHAPE(struct basic, basic_rows, NULL);

const struct capsule_type sample_receiver = {.name = "test.Receiver"};
static const char *const modes[] = {"", "fast", "safe", NULL};
static const char *const names[] = {"a", "b", NULL};
static const struct number_bounds ports = {
    .min = 1, .max = 65535, .has_min = true, .has_max = true};

const struct row sample_rows[] = {
    {ATTR(struct args, name), .required = true, .check = check_name, .doc = "A name."},
    {ATTR(struct args, enabled), .def = "true", .doc = "A flag."},
    {ATTR(struct args, small), .doc = "A small number."},
    {ATTR(struct args, port), .def = "80", .bounds = &ports, .doc = "A port."},
    {ATTR(struct args, ratio), .def = "0.5", .doc = "A ratio."},
    {ATTR(struct args, timeout), .def = "\"10s\"", .doc = "A time."},
    {ATTR_AS(struct args, size, "max_size"), .def = "\"1MiB\"", .doc = "A size."},
    {ATTR(struct args, tags), .def = "[\"a\", \"b\"]", .oneof = names, .doc = "Tags."},
    {ATTR(struct args, labels), .def = "{k = \"v\"}", .doc = "Labels."},
    {ATTR(struct args, headers), .doc = "Headers."},
    {ATTR(struct args, limit), .doc = "A limit."},
    {ATTR(struct args, targets), .doc = "Targets."},
    {ATTR(struct args, forward_to), .capsule = &sample_receiver, .doc = "Receivers."},
    {ATTR(struct args, extra), .doc = "Anything."},
    {TEXT(struct args, regex, field_regex_full), .def = "\"(.*)\"", .doc = "A pattern."},
    {ATTR(struct args, since), .doc = "A moment."},
    {ATTR(struct args, raw), .doc = "Bytes."},
    {ATTR(struct args, content), .doc = "Text that may be secret."},
    {OBJECT(struct args, object, inner_shape), .doc = "An object."},
    {CHOICE(struct args, mode, modes), .def = "\"fast\"", .doc = "A mode."},
    {SQUASH(struct args, basic, basic_shape)},
    {BLOCK(struct args, single, inner_shape), .present_default = true, .doc = "One block."},
    {BLOCK_OPT(struct args, optional, inner_shape), .doc = "A block or none."},
    {BLOCKS(struct args, rules, "rule", named_shape), .doc = "Blocks."},
    {BLOCKS(struct args, ends, "end", inner_shape), .exactly = 2, .doc = "Two blocks or none."},
    {ENUM_BLOCKS(struct args, stages, "stage", sample_variants), .doc = "Stages."},
    {FREE_BLOCK(struct args, free), .doc = "Free text entries."},
    {FREE_BLOCK(struct args, loose), .doc = "Free entries."},
    {REFUSED("later", "it needs a parser")},
    {REFUSED_BLOCK("much.later", "it needs a lot")},
    {0},
};
const struct shape args_shape = SHAPE(struct args, sample_rows, NULL);
