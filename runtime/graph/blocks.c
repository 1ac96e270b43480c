/* What the names of config blocks and services stand for: their schemas, and the logging block's
 * effect. */

#include "runtime/graph/http_block.h"
#include "runtime/graph/parts.h"

static enum status parse_level(struct str text, void *member, struct arena *arena,
                               struct error *err)
{
    (void)arena;
    enum log_level level;
    if (!log_level_parse(text, &level))
        return error_set(err, STATUS_INVALID, "unrecognized log level \"%.*s\"", STR_ARG(text));
    *(int32_t *)member = (int32_t)level;
    return STATUS_OK;
}

static void print_level(const void *member, struct buf *out)
{
    buf_cstr(out, log_level_name((enum log_level) * (const int32_t *)member));
}

static enum status parse_format(struct str text, void *member, struct arena *arena,
                                struct error *err)
{
    (void)arena;
    if (!str_is(text, "logfmt") && !str_is(text, "json"))
        return error_set(err, STATUS_INVALID, "unrecognized log format \"%.*s\"", STR_ARG(text));
    *(int32_t *)member = str_is(text, "json") ? LOG_JSON : LOG_LOGFMT;
    return STATUS_OK;
}

static void print_format(const void *member, struct buf *out)
{
    buf_cstr(out, *(const int32_t *)member == LOG_JSON ? "json" : "logfmt");
}

static const struct text_type level_text = {
    .name = "log level", .size = sizeof(int32_t), .parse = parse_level, .print = print_level};
static const struct text_type format_text = {
    .name = "log format", .size = sizeof(int32_t), .parse = parse_format, .print = print_format};
static const struct field_type field_level = FIELD_TEXT_TYPE(int32_t, level_text);
static const struct field_type field_format = FIELD_TEXT_TYPE(int32_t, format_text);

static const struct row logging_rows[] = {
    {TEXT(struct logging_args, level, field_level), .def = "\"info\"",
     .doc = "Lines below this level are left out: debug, info, warn or error."},
    {TEXT(struct logging_args, format, field_format), .def = "\"logfmt\"",
     .doc = "How a line is written: logfmt or json."},
    {ATTR(struct logging_args, write_to), .capsule = &capsule_logs,
     .doc = "Receivers that get every line as a log entry, besides standard error."},
    {REFUSED("destination", "lines go to standard error")},
    {0},
};
static const struct shape logging_shape = SHAPE(struct logging_args, logging_rows, NULL);

struct tracing_args {
    double sampling_fraction;
};
static const struct row tracing_rows[] = {
    {ATTR(struct tracing_args, sampling_fraction), .def = "0.1", .no_effect = true,
     .doc = "The program makes no traces of its own yet."},
    {REFUSED("write_to", "the program makes no traces of its own")},
    {REFUSED_BLOCK("sampler", "the program makes no traces of its own")},
    {0},
};
static const struct shape tracing_shape = SHAPE(struct tracing_args, tracing_rows, NULL);

static const struct row argument_rows[] = {
    {ATTR(struct argument_args, optional),
     .doc = "Whether the custom component may be used without this argument."},
    {ATTR_AS(struct argument_args, default_value, "default"),
     .doc = "Value of an optional argument that was not given."},
    {ATTR(struct argument_args, comment), .doc = "Says what the argument is for."},
    {0},
};
static const struct shape argument_shape = SHAPE(struct argument_args, argument_rows, NULL);

static const struct row export_rows[] = {
    {ATTR(struct export_args, value), .required = true,
     .doc = "What users of the custom component can refer to."},
    {0},
};
static const struct shape export_shape = SHAPE(struct export_args, export_rows, NULL);

static const struct row basic_rows[] = {
    {ATTR(struct http_basic_args, username), .required = true, .doc = "Name to give."},
    {ATTR(struct http_basic_args, password), .required = true, .doc = "Password to give."},
    {0},
};
static const struct shape basic_shape = SHAPE(struct http_basic_args, basic_rows, NULL);
static const struct row filter_rows[] = {
    {ATTR(struct http_filter_args, paths), .doc = "Beginnings of paths."},
    {ATTR(struct http_filter_args, authenticate_matching_paths), .def = "true",
     .doc = "Whether the paths that match need credentials, or all others."},
    {0},
};
static const struct shape filter_shape = SHAPE(struct http_filter_args, filter_rows, NULL);
static const struct row auth_rows[] = {
    {BLOCK_OPT(struct http_auth_args, basic, basic_shape), .doc = "Basic authentication."},
    {BLOCK(struct http_auth_args, filter, filter_shape), .present_default = true,
     .doc = "Which requests need credentials."},
    {0},
};
static const struct shape auth_shape = SHAPE(struct http_auth_args, auth_rows, NULL);
static const struct row http_rows[] = {
    {BLOCK_OPT(struct http_args, auth, auth_shape), .doc = "Who is admitted."},
    {REFUSED_BLOCK("tls", "the program's own server speaks plain HTTP")},
    {0},
};
static const struct shape http_shape = SHAPE(struct http_args, http_rows, NULL);

struct livedebugging_args {
    bool enabled;
};
static const struct row livedebugging_rows[] = {
    {ATTR(struct livedebugging_args, enabled), .doc = "Offers the data of components for viewing."},
    {0},
};
static const struct shape livedebugging_shape =
    SHAPE(struct livedebugging_args, livedebugging_rows, NULL);

static const struct row no_rows[] = {{0}};
static const struct shape empty_shape = {.name = "empty", .rows = no_rows, .size = 1};

static const struct {
    const char *name;
    const struct shape *args; /* NULL = takes no configuration */
    enum stability stability;
    bool refused;
} known[] = {
    {"argument", &argument_shape, STABILITY_GA, false},
    {"export", &export_shape, STABILITY_GA, false},
    {"logging", &logging_shape, STABILITY_GA, false},
    {"tracing", &tracing_shape, STABILITY_GA, false},
    {"http", &http_shape, STABILITY_GA, false},
    {"livedebugging", &livedebugging_shape, STABILITY_GA, false},
    {"cluster", NULL, STABILITY_GA, false},
    {"labelstore", &empty_shape, STABILITY_GA, false},
    {"otel", NULL, STABILITY_GA, false},
    {"ui", NULL, STABILITY_GA, false},
    {"remotecfg", &remotecfg_shape, STABILITY_GA, true},
    {"foreach", &foreach_shape, STABILITY_EXPERIMENTAL, false},
    {"import.file", &import_file_shape, STABILITY_GA, false},
    {"import.string", &import_string_shape, STABILITY_GA, false},
    {"import.git", &import_git_shape, STABILITY_GA, false},
};

bool blocks_find(enum block_kind kind, struct str name, const struct import_source *const *imports,
                 struct program_symbol *out)
{
    (void)kind; /* the names of all kinds differ */
    *out = (struct program_symbol){.stability = STABILITY_GA};
    for (; imports && *imports; imports++) {
        if (!str_is(name, (*imports)->name))
            continue;
        out->args = (*imports)->args;
        out->configurable = true;
        return true;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!str_is(name, known[i].name))
            continue;
        out->args = known[i].args;
        out->stability = known[i].stability;
        out->configurable = known[i].args != NULL;
        out->refused = known[i].refused;
        return true;
    }
    return false;
}

bool component_symbol(const struct component_def *def, struct program_symbol *out)
{
    if (!def)
        return false;
    *out = (struct program_symbol){.def = def,
                                   .args = def->args,
                                   .exports = def->exports,
                                   .stability = def->stability,
                                   .community = def->community};
    return true;
}
