/* The one table of names, and the objects that namespaces are in the language. */

#include "stdlib/stdlib.h"

#include "stdlib/functions.h"

#define FUNCTION(text, def)                                                                        \
    {                                                                                              \
        .name = (text), .function = &(def)                                                         \
    }
#define ALIAS(text, def)                                                                           \
    {                                                                                              \
        .name = (text), .function = &(def), .deprecated = true                                     \
    }
#define CONSTANT(text, fn, sentence)                                                               \
    {                                                                                              \
        .name = (text), .constant = (fn), .doc = (sentence)                                        \
    }

/* Sorted by namespace, so that the names of one stand together. */
static const struct stdlib_entry entries[] = {
    FUNCTION("array.combine_maps", function_array_combine_maps),
    FUNCTION("array.concat", function_array_concat),
    FUNCTION("array.group_by", function_array_group_by),
    ALIAS("base64_decode", function_encoding_from_base64),
    FUNCTION("coalesce", function_coalesce),
    ALIAS("concat", function_array_concat),
    CONSTANT("constants.arch", constant_arch,
             "The processor architecture, as Go names it: amd64, arm64."),
    CONSTANT("constants.hostname", constant_hostname, "The name of this host."),
    CONSTANT("constants.os", constant_os, "The operating system: linux."),
    CONSTANT("constants.version", constant_version,
             "The version of this program, with a leading v."),
    FUNCTION("convert.nonsensitive", function_convert_nonsensitive),
    FUNCTION("encoding.from_URLbase64", function_encoding_from_base64url),
    FUNCTION("encoding.from_base64", function_encoding_from_base64),
    FUNCTION("encoding.from_json", function_encoding_from_json),
    FUNCTION("encoding.from_yaml", function_encoding_from_yaml),
    FUNCTION("encoding.to_URLbase64", function_encoding_to_base64url),
    FUNCTION("encoding.to_base64", function_encoding_to_base64),
    FUNCTION("encoding.to_json", function_encoding_to_json),
    FUNCTION("encoding.url_decode", function_encoding_url_decode),
    FUNCTION("encoding.url_encode", function_encoding_url_encode),
    ALIAS("env", function_sys_env),
    FUNCTION("file.path_join", function_file_path_join),
    ALIAS("format", function_string_format),
    ALIAS("join", function_string_join),
    ALIAS("json_decode", function_encoding_from_json),
    FUNCTION("json_path", function_json_path),
    ALIAS("nonsensitive", function_convert_nonsensitive),
    ALIAS("replace", function_string_replace),
    ALIAS("split", function_string_split),
    FUNCTION("string.format", function_string_format),
    FUNCTION("string.join", function_string_join),
    FUNCTION("string.replace", function_string_replace),
    FUNCTION("string.split", function_string_split),
    FUNCTION("string.to_lower", function_string_to_lower),
    FUNCTION("string.to_upper", function_string_to_upper),
    FUNCTION("string.trim", function_string_trim),
    FUNCTION("string.trim_prefix", function_string_trim_prefix),
    FUNCTION("string.trim_space", function_string_trim_space),
    FUNCTION("string.trim_suffix", function_string_trim_suffix),
    FUNCTION("sys.env", function_sys_env),
    ALIAS("to_lower", function_string_to_lower),
    ALIAS("to_upper", function_string_to_upper),
    ALIAS("trim", function_string_trim),
    ALIAS("trim_prefix", function_string_trim_prefix),
    ALIAS("trim_space", function_string_trim_space),
    ALIAS("trim_suffix", function_string_trim_suffix),
    ALIAS("yaml_decode", function_encoding_from_yaml),
};

enum { ENTRY_COUNT = sizeof(entries) / sizeof(entries[0]) };

static struct value *entry_value(const struct stdlib_entry *entry)
{
    return entry->function ? value_function(entry->function) : entry->constant();
}

/* The object of a namespace that begins at entry `*at`, which moves behind it. */
static struct value *namespace_value(struct str prefix, size_t *at)
{
    struct value_field fields[ENTRY_COUNT];
    size_t count = 0;
    for (; *at < ENTRY_COUNT; (*at)++) {
        struct str space;
        struct str name;
        if (!str_cut(str_from(entries[*at].name), '.', &space, &name) || !str_eq(space, prefix))
            break;
        fields[count++] = (struct value_field){name, entry_value(&entries[*at])};
    }
    return value_object(fields, count, false);
}

void stdlib_init(struct stdlib *lib)
{
    struct value_field fields[ENTRY_COUNT];
    size_t count = 0;
    size_t at = 0;
    while (at < ENTRY_COUNT) {
        struct str space;
        struct str rest;
        if (str_cut(str_from(entries[at].name), '.', &space, &rest)) {
            fields[count].key = space;
            fields[count++].value = namespace_value(space, &at);
        } else {
            fields[count++] = (struct value_field){space, entry_value(&entries[at++])};
        }
    }
    *lib = (struct stdlib){
        .entries = entries, .count = ENTRY_COUNT, .names = value_object(fields, count, false)};
}

void stdlib_release(struct stdlib *lib)
{
    value_unref(lib->names);
    lib->names = NULL;
}
