/* Values of templates as text, as Go's fmt prints them. Lists within lists are printed to a depth
 * of MAX_NESTING. */

#include "base/strconv.h"
#include "components/loki/process/template/internal.h"

enum { MAX_NESTING = 32, MAX_TEXT = 16 * 1024 * 1024 };

bool tval_truth(const struct tval *v)
{
    switch ((enum tval_kind)v->kind) {
    case TVAL_STRING: return v->text.len != 0;
    case TVAL_INT: return v->integer != 0;
    case TVAL_FLOAT: return v->number != 0;
    case TVAL_BOOL: return v->boolean;
    case TVAL_LIST:
    case TVAL_MAP:
    case TVAL_DATA: return v->count != 0;
    case TVAL_NIL: break;
    }
    return false;
}

const struct tval *tval_member(const struct tval *map, struct str name)
{
    for (size_t i = 0; i < map->count; i++) {
        if (str_eq(map->names[i], name))
            return &map->items[i];
    }
    return NULL;
}

static void print_scalar(struct buf *out, const struct tval *v)
{
    switch ((enum tval_kind)v->kind) {
    case TVAL_STRING: buf_str(out, v->text); break;
    case TVAL_INT: buf_i64(out, v->integer); break;
    case TVAL_FLOAT: strconv_float(out, v->number, 'g'); break;
    case TVAL_BOOL: buf_cstr(out, v->boolean ? "true" : "false"); break;
    case TVAL_NIL: buf_cstr(out, "<nil>"); break;
    default: buf_cstr(out, "[…]"); break;
    }
}

void tval_print(struct buf *out, const struct tval *v)
{
    struct {
        const struct tval *of;
        size_t at;
    } stack[MAX_NESTING];
    size_t depth = 0;
    for (;;) {
        bool nests = v->kind == TVAL_LIST || v->kind == TVAL_MAP;
        if (nests && depth < MAX_NESTING) {
            buf_cstr(out, v->kind == TVAL_MAP ? "map[" : "[");
            stack[depth].of = v;
            stack[depth++].at = 0;
        } else {
            print_scalar(out, v);
        }
        while (depth != 0 && stack[depth - 1].at == stack[depth - 1].of->count) {
            buf_byte(out, ']');
            depth--;
        }
        if (depth == 0 || !buf_ok(out))
            return;
        const struct tval *of = stack[depth - 1].of;
        size_t at = stack[depth - 1].at++;
        if (at != 0)
            buf_byte(out, ' ');
        if (of->kind == TVAL_MAP) {
            buf_str(out, of->names[at]);
            buf_byte(out, ':');
        }
        v = &of->items[at];
    }
}

struct str tval_text(const struct tval *v, struct arena *arena)
{
    struct buf text;
    if (v->kind == TVAL_STRING)
        return v->text;
    buf_init(&text, NULL, MAX_TEXT);
    tval_print(&text, v);
    struct str copy = arena_str(arena, buf_view(&text));
    buf_release(&text);
    return copy;
}
