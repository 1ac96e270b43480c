#ifndef STDLIB_FUNCTIONS_H
#define STDLIB_FUNCTIONS_H

/* Inside stdlib/: the functions and constants of each namespace, for the table in stdlib.c. */

#include "base/vec.h"
#include "compiler/function.h"

extern const struct function_def function_coalesce;
extern const struct function_def function_json_path;

extern const struct function_def function_array_combine_maps;
extern const struct function_def function_array_concat;
extern const struct function_def function_array_group_by;

extern const struct function_def function_convert_nonsensitive;

extern const struct function_def function_encoding_from_base64;
extern const struct function_def function_encoding_from_base64url;
extern const struct function_def function_encoding_from_json;
extern const struct function_def function_encoding_from_yaml;
extern const struct function_def function_encoding_to_base64;
extern const struct function_def function_encoding_to_base64url;
extern const struct function_def function_encoding_to_json;
extern const struct function_def function_encoding_url_decode;
extern const struct function_def function_encoding_url_encode;

extern const struct function_def function_file_path_join;

extern const struct function_def function_string_format;
extern const struct function_def function_string_join;
extern const struct function_def function_string_replace;
extern const struct function_def function_string_split;
extern const struct function_def function_string_to_lower;
extern const struct function_def function_string_to_upper;
extern const struct function_def function_string_trim;
extern const struct function_def function_string_trim_prefix;
extern const struct function_def function_string_trim_space;
extern const struct function_def function_string_trim_suffix;

extern const struct function_def function_sys_env;

struct value *constant_arch(void);
struct value *constant_hostname(void);
struct value *constant_os(void);
struct value *constant_version(void);

enum { RESULT_MAX = 256 * 1024 * 1024 }; /* bytes of a text that a function makes */

/* Go's fmt.Sprintf; the values are plain (PARAM_PLAIN). */
void go_sprintf(struct buf *out, struct str format, const struct value *const *args, size_t count);

static inline struct str arg_str(const struct call *call, size_t i)
{
    return call->args[i]->as.string;
}

/* The text as a value, or the error of a text beyond RESULT_MAX; releases the buffer. */
static inline struct value *finish_text(struct call *call, struct buf *text)
{
    struct value *v = buf_ok(text) ? value_string(buf_view(text)) : NULL;
    buf_release(text);
    return v ? v : function_fail(call, "the result is larger than %d bytes", RESULT_MAX);
}

#endif
