/* json_path(json, path): all matches as a list. */

#include "stdlib/json_path.h"

#include "stdlib/functions.h"

static const enum param_type two_strs[] = {PARAM_STR, PARAM_STR};

static struct value *run_json_path(struct call *call)
{
    struct error err = {0};
    struct doc *doc;
    struct path_nodes nodes = {0};
    struct path_step *path = path_read(call->arena, arg_str(call, 1), &err);
    if (!path)
        return function_fail(call, "%s", err.message);
    if (path_json_read(call->arena, arg_str(call, 0), &doc, &err) != STATUS_OK)
        return function_fail(call, "%s", err.message);
    if (arg_str(call, 1).len > 0 && path_find(path, doc, doc, &nodes, call->arena) != STATUS_OK)
        return function_fail(call, "more than %d matches", PATH_RESULTS_MAX);
    struct value **items = mem_array(NULL, nodes.len + 1, sizeof(struct value *));
    for (size_t i = 0; i < nodes.len; i++)
        items[i] = value_from_doc(nodes.items[i], false);
    struct value *array = value_array(items, nodes.len);
    mem_free(items);
    return array;
}

const struct function_def function_json_path = {
    .name = "json_path",
    .params = two_strs,
    .param_count = 2,
    .run = run_json_path,
    .signature = "json_path(json string, path string) list(any)",
    .doc = "Finds the parts of a JSON text that a JSONPath names.",
    .example = "json_path(`{\"pods\": [{\"name\": \"a\", \"ready\": true}, {\"name\": \"b\"}]}`, "
               "\"$.pods[?(@.ready == true)].name\")",
};
