/* A block's arguments as a flat list of paths and values; two lists compared by path. */

#include "compiler/review.h"

#include "base/vec.h"
#include "compiler/format.h"

enum { VALUE_TEXT_MAX = 16 * 1024 * 1024 };

struct entry {
    struct str path;
    const struct ast *ast;
    ast_id node;           /* expression, or an empty block */
    const struct row *row; /* NULL = not known */
};

struct flat {
    VEC(struct entry) entries;
    struct map paths; /* → index + 1 */
};

struct visit {
    ast_id next; /* statement */
    struct str prefix;
    const struct shape *shape;
    struct map *counts; /* block name → how many so far */
};

static struct str join(struct arena *arena, struct str prefix, struct str name)
{
    return prefix.len == 0 ? name
                           : arena_printf(arena, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(name));
}

static bool repeats(const struct row *row)
{
    return !row || row->type->kind == FIELD_BLOCKS || row->type->kind == FIELD_ENUM_BLOCKS;
}

/* "rule[2]" for blocks that may be given several times. */
static struct str block_path(struct arena *arena, struct visit *visit, const struct ast *ast,
                             ast_id block, const struct schema_hit *hit)
{
    struct str name = ast_block_name(ast, block, arena);
    struct str label = ast_block_label(ast, block);
    uintptr_t count = (uintptr_t)map_get(visit->counts, name);
    map_put(visit->counts, name, (void *)(count + 1));
    struct str path = join(arena, visit->prefix, name);
    if (label.len > 0)
        path = arena_printf(arena, "%.*s \"%.*s\"", STR_ARG(path), STR_ARG(label));
    if (repeats(hit->list ? hit->list : hit->row))
        path = arena_printf(arena, "%.*s[%zu]", STR_ARG(path), (size_t)count);
    return path;
}

static void add(struct flat *flat, struct entry entry)
{
    VEC_PUSH(&flat->entries, entry);
    map_put(&flat->paths, entry.path, (void *)(uintptr_t)flat->entries.len);
}

static struct map *new_counts(struct arena *arena)
{
    struct map *counts = ARENA_NEW(arena, struct map);
    map_init(counts, NULL);
    return counts;
}

/* Blocks that are nodes of their own do not belong to the arguments. */
static bool is_apart(const struct program_block *block, struct str name, size_t depth)
{
    return depth == 1 && block->kind == BLOCK_FOREACH && str_is(name, "template");
}

static void flatten(struct flat *flat, const struct program_block *block, struct arena *arena)
{
    VEC(struct visit) visits = {0};
    const struct ast *ast = block->ast;
    map_init(&flat->paths, NULL);
    if (block->kind != BLOCK_DECLARE) {
        ast_id first = ast_at(ast, ast_block_body(ast, block->node))->child;
        VEC_PUSH(&visits, ((struct visit){first, STR(""), block->symbol.args, new_counts(arena)}));
    }
    while (visits.len > 0) {
        struct visit *top = &visits.items[visits.len - 1];
        ast_id node = top->next;
        if (!node) {
            map_release(top->counts);
            visits.len--;
            continue;
        }
        top->next = ast_at(ast, node)->next;
        bool is_block = ast_at(ast, node)->kind == AST_BLOCK;
        struct str name = is_block ? ast_block_name(ast, node, arena) : ast_name(ast, node);
        struct schema_hit hit = {0};
        if (top->shape)
            hit = schema_lookup(top->shape, name);
        if (!is_block) {
            add(flat,
                (struct entry){join(arena, top->prefix, name), ast, ast_value(ast, node), hit.row});
        } else if (!is_apart(block, name, visits.len)) {
            struct str path = block_path(arena, top, ast, node, &hit);
            ast_id first = ast_at(ast, ast_block_body(ast, node))->child;
            if (!first)
                add(flat, (struct entry){path, ast, node, hit.row});
            VEC_PUSH(&visits, ((struct visit){first, path, hit.row ? hit.row->shape : NULL,
                                              new_counts(arena)}));
        }
    }
    VEC_RELEASE(&visits);
}

static void release(struct flat *flat)
{
    VEC_RELEASE(&flat->entries);
    map_release(&flat->paths);
}

static const struct entry *find(const struct flat *flat, struct str path)
{
    uintptr_t at = (uintptr_t)map_get(&flat->paths, path);
    return at ? &flat->entries.items[at - 1] : NULL;
}

/* ---- values ---- */

/* Subtrees are contiguous: the same shape has the same distances. */
static bool same_value(const struct entry *a, const struct entry *b)
{
    ast_id from_a = ast_first(a->ast, a->node);
    ast_id from_b = ast_first(b->ast, b->node);
    if (a->node - from_a != b->node - from_b)
        return false;
    for (ast_id i = 0; i <= a->node - from_a; i++) {
        const struct ast_node *x = ast_at(a->ast, from_a + i);
        const struct ast_node *y = ast_at(b->ast, from_b + i);
        bool is_last = i == a->node - from_a;
        if (x->kind != y->kind || x->op != y->op || !x->child != !y->child ||
            (x->child && x->child - from_a != y->child - from_b) ||
            (!is_last &&
             (!x->next != !y->next || (x->next && x->next - from_a != y->next - from_b))))
            return false;
        if (!x->child && x->kind != AST_ARRAY && x->kind != AST_OBJECT && x->kind != AST_BODY &&
            !str_eq(ast_text(a->ast, from_a + i), ast_text(b->ast, from_b + i)))
            return false;
    }
    return true;
}

static bool is_secret_type(const struct field_type *type)
{
    while (type->item)
        type = type->item;
    return type->kind == FIELD_SECRET || type->kind == FIELD_OPTIONAL_SECRET ||
           (type->kind == FIELD_TEXT && type->text && type->text->is_secret);
}

/* Where no schema tells, the name has to. */
static bool sounds_secret(struct str path)
{
    static const char *const words[] = {"password",   "passphrase", "secret",      "token",
                                        "credential", "api_key",    "private_key", "access_key"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_find(path, str_from(words[i]), 0) != SIZE_MAX)
            return true;
    return false;
}

static bool has_text(const struct entry *e)
{
    for (ast_id i = ast_first(e->ast, e->node); i <= e->node; i++) {
        const struct ast_node *node = ast_at(e->ast, i);
        if (node->kind == AST_LITERAL && (node->op == AST_STRING || node->op == AST_NUMBER))
            return true;
    }
    return false;
}

/* scheme://user:password@host: the part between is hidden. */
static struct str without_user(struct arena *arena, struct str text)
{
    struct buf out;
    size_t at = 0;
    buf_init(&out, NULL, 2 * text.len + 64);
    while (at < text.len) {
        size_t mark = str_find(text, STR("://"), at);
        size_t start = mark == SIZE_MAX ? text.len : mark + 3;
        size_t end = start;
        while (end < text.len && !strchr("/?#\"` \n@", text.ptr[end]))
            end++;
        buf_str(&out, str_slice(text, at, start));
        if (end < text.len && text.ptr[end] == '@')
            buf_cstr(&out, "(secret)");
        else
            buf_str(&out, str_slice(text, start, end));
        at = end;
    }
    struct str result = arena_str(arena, buf_view(&out));
    buf_release(&out);
    return result;
}

static struct str value_text(const struct entry *e, struct arena *arena)
{
    bool secret = e->row ? is_secret_type(e->row->type) : sounds_secret(e->path);
    if (ast_at(e->ast, e->node)->kind == AST_BLOCK)
        return STR("{ }");
    if (secret && has_text(e))
        return STR("(secret)");
    struct buf out;
    buf_init(&out, NULL, VALUE_TEXT_MAX);
    format_expression(&out, e->ast, e->node);
    struct str text = without_user(arena, buf_view(&out));
    buf_release(&out);
    return text;
}

/* ---- the difference ---- */

struct review_argument *review_arguments(const struct program_block *before,
                                         const struct program_block *after, size_t *count,
                                         struct arena *arena)
{
    struct flat old = {0};
    struct flat new = {0};
    VEC(struct review_argument) found = {0};
    flatten(&old, before, arena);
    flatten(&new, after, arena);
    for (size_t i = 0; i < new.entries.len; i++) {
        const struct entry *b = &new.entries.items[i];
        const struct entry *a = find(&old, b->path);
        if (a && same_value(a, b))
            continue;
        struct review_argument arg = {.path = b->path,
                                      .after = value_text(b, arena),
                                      .after_range = ast_range(b->ast, b->node)};
        if (a) {
            arg.before = value_text(a, arena);
            arg.before_range = ast_range(a->ast, a->node);
        }
        VEC_PUSH(&found, arg);
    }
    for (size_t i = 0; i < old.entries.len; i++) {
        const struct entry *a = &old.entries.items[i];
        if (!find(&new, a->path))
            VEC_PUSH(&found,
                     ((struct review_argument){.path = a->path,
                                               .before = value_text(a, arena),
                                               .before_range = ast_range(a->ast, a->node)}));
    }
    *count = found.len;
    struct review_argument *result = arena_array(arena, found.len + 1, sizeof(*result));
    if (found.len > 0)
        memcpy(result, found.items, found.len * sizeof(*result));
    VEC_RELEASE(&found);
    release(&old);
    release(&new);
    return result;
}
