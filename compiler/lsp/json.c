/* Reading the params of messages and writing members of answers. */

#include "compiler/lsp/inner.h"

const struct doc *lsp_member(const struct doc *map, const char *key)
{
    if (!map || map->kind != DOC_MAP)
        return NULL;
    return doc_get(map, str_from(key));
}

struct str lsp_text_of(const struct doc *map, const char *key)
{
    const struct doc *member = lsp_member(map, key);
    return member && member->kind == DOC_STRING ? member->text : STR("");
}

const struct doc *lsp_member_at(const struct doc *map, const char *dotted)
{
    struct str rest = str_from(dotted);
    struct str part;
    while (map && rest.len) {
        str_cut(rest, '.', &part, &rest);
        map = map->kind == DOC_MAP ? doc_get(map, part) : NULL;
    }
    return map;
}

bool lsp_flag_at(const struct doc *map, const char *dotted)
{
    const struct doc *member = lsp_member_at(map, dotted);
    return member && member->kind == DOC_BOOL && member->boolean;
}

void lsp_key(struct json_writer *w, const char *key)
{
    json_key(w, str_from(key));
}

void lsp_put(struct json_writer *w, const char *key, struct str text)
{
    json_key(w, str_from(key));
    json_string(w, text);
}

void lsp_put_number(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, str_from(key));
    json_i64(w, value);
}

void lsp_put_flag(struct json_writer *w, const char *key, bool value)
{
    json_key(w, str_from(key));
    json_bool(w, value);
}

void lsp_put_markdown(struct json_writer *w, const char *key, struct str text)
{
    lsp_key(w, key);
    json_object(w);
    lsp_put(w, "kind", STR("markdown"));
    lsp_put(w, "value", text);
    json_object_end(w);
}
