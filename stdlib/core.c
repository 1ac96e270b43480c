/* coalesce, convert.*, sys.*, file.* and constants.*. */

#include "compiler/target.h"
#include "stdlib/functions.h"

#include <stdlib.h>
#include <unistd.h>

static const enum param_type one_str[] = {PARAM_STR};
static const enum param_type any_values[] = {PARAM_ANY};
static const enum param_type one_secret[] = {PARAM_SECRET};

/* ---- coalesce ---- */

/* Go's IsZero, and empty containers. -0.0 is not zero. */
static bool is_empty(const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL: return true;
    case VALUE_NUMBER: return v->as.u == 0;
    case VALUE_STRING: return v->as.string.len == 0;
    case VALUE_BOOL: return !v->as.boolean;
    case VALUE_ARRAY:
    case VALUE_OBJECT: return v->count == 0;
    case VALUE_CAPSULE: {
        bool is_secret = false;
        const struct target *target = value_capsule_data(v, &capsule_target);
        struct str text = value_secret_reveal(v, &is_secret);
        if (value_capsule_data(v, &capsule_optional_secret) && is_secret)
            return false;
        return text.ptr ? text.len == 0 : target && target->count == 0;
    }
    default: return false;
    }
}

static struct value *run_coalesce(struct call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (!is_empty(call->args[i]))
            return value_ref(call->args[i]);
    return call->count > 0 ? value_ref(call->args[call->count - 1]) : value_null();
}

/* ---- convert ---- */

static struct value *run_nonsensitive(struct call *call)
{
    bool is_secret;
    return value_string(value_secret_reveal(call->args[0], &is_secret));
}

/* ---- sys ---- */

static struct value *run_env(struct call *call)
{
    const char *value = getenv(arena_cstr(call->arena, arg_str(call, 0)));
    return value_string(str_from(value ? value : ""));
}

/* ---- file ---- */

/* Removes the last element of the path in `out`; `from` is where removable elements begin. */
static void path_up(struct buf *out, size_t from)
{
    while (out->len > from && out->data[out->len - 1] != '/')
        out->len--;
    if (out->len > from && out->len > 1)
        out->len--;
}

/* One element that is neither empty nor ".". `floor` moves behind leading ".." elements. */
static void path_add(struct buf *out, struct str element, bool rooted, size_t *floor)
{
    bool up = str_is(element, "..");
    if (up && out->len > *floor) {
        path_up(out, *floor);
        return;
    }
    if (up && rooted)
        return;
    if (out->len > 0 && out->data[out->len - 1] != '/')
        buf_byte(out, '/');
    buf_str(out, element);
    if (up)
        *floor = out->len;
}

/* Go's filepath.Clean on Unix. */
static void path_clean(struct buf *out, struct str path)
{
    bool rooted = path.len > 0 && path.ptr[0] == '/';
    if (rooted)
        buf_byte(out, '/');
    size_t floor = out->len;
    bool more = path.len > 0;
    while (more) {
        struct str element;
        more = str_cut(path, '/', &element, &path);
        if (element.len > 0 && !str_is(element, "."))
            path_add(out, element, rooted, &floor);
    }
    if (out->len == 0)
        buf_byte(out, '.');
}

static struct value *run_path_join(struct call *call)
{
    struct buf joined;
    struct buf out;
    buf_init(&joined, NULL, RESULT_MAX);
    buf_init(&out, NULL, RESULT_MAX);
    for (size_t i = 0; i < call->count; i++) {
        if (arg_str(call, i).len == 0)
            continue;
        if (joined.len > 0)
            buf_byte(&joined, '/');
        buf_str(&joined, arg_str(call, i));
    }
    if (joined.len > 0)
        path_clean(&out, buf_view(&joined));
    buf_release(&joined);
    return finish_text(call, &out);
}

/* ---- constants ---- */

struct value *constant_hostname(void)
{
    char name[256] = "";
    gethostname(name, sizeof(name) - 1);
    return value_string(str_from(name));
}

struct value *constant_os(void)
{
    return value_string(STR("linux"));
}

struct value *constant_arch(void)
{
#if defined(__x86_64__)
    return value_string(STR("amd64"));
#elif defined(__aarch64__)
    return value_string(STR("arm64"));
#else
#error "name this architecture as Go does"
#endif
}

struct value *constant_version(void)
{
    return value_string(STR("v" INVAR_VERSION));
}

const struct function_def function_coalesce = {
    .name = "coalesce",
    .params = any_values,
    .param_count = 1,
    .variadic = true,
    .run = run_coalesce,
    .signature = "coalesce(values ...any) any",
    .doc = "Gives the first value that is neither null nor zero nor empty, else the last.",
    .example = "coalesce(null, \"\", \"fallback\")",
};

const struct function_def function_convert_nonsensitive = {
    .name = "convert.nonsensitive",
    .params = one_secret,
    .param_count = 1,
    .run = run_nonsensitive,
    .signature = "convert.nonsensitive(value secret) string",
    .doc = "Turns a secret into plain text, on purpose.",
    .example = "convert.nonsensitive(\"not a secret any more\")",
};

const struct function_def function_sys_env = {
    .name = "sys.env",
    .params = one_str,
    .param_count = 1,
    .run = run_env,
    .signature = "sys.env(name string) string",
    .doc = "Reads an environment variable; an unset one is empty.",
    .example = "sys.env(\"INVAR_EXAMPLE_UNSET\")",
};

const struct function_def function_file_path_join = {
    .name = "file.path_join",
    .params = one_str,
    .param_count = 1,
    .variadic = true,
    .run = run_path_join,
    .signature = "file.path_join(elements ...string) string",
    .doc = "Joins path elements with slashes and cleans the result.",
    .example = "file.path_join(\"/var/log\", \"app\", \"../nginx\", \"access.log\")",
};
