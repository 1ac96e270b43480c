/* Compiling a block body: names to rows, repetitions, what is missing, expressions to code. Linear
 * in the body for a given schema, except that repeated names are counted by looking at the rows
 * they hit. */

#include "compiler/body.h"

#include "base/vec.h"

/* A nested body whose statements are still to be compiled. */
struct work {
    struct body *body;
    ast_id block;
    ast_id next;
    uint32_t at;
};

/* How often each row of the body at hand was hit; by row and base. */
struct tally {
    const struct row *row;
    size_t base;
    uint32_t count;
};

struct body_compiler {
    struct arena *arena;
    const struct ast *ast;
    struct str skipped; /* statements of this name in the outermost body; empty = none */
    VEC(struct work) works;
    VEC(const struct statement *) idle;
    VEC(struct tally) tallies;
};

static ast_id body_node(const struct ast *ast, ast_id block)
{
    return ast_at(ast, block)->kind == AST_BLOCK ? ast_block_body(ast, block) : block;
}

static struct tally *tally_of(struct body_compiler *c, const struct row *row, size_t base)
{
    for (size_t i = 0; i < c->tallies.len; i++)
        if (c->tallies.items[i].row == row && c->tallies.items[i].base == base)
            return &c->tallies.items[i];
    VEC_PUSH(&c->tallies, ((struct tally){row, base, 0}));
    return &c->tallies.items[c->tallies.len - 1];
}

/* Blocks of an enum count together. */
static const struct row *counted_row(const struct statement *s)
{
    return s->hit.list ? s->hit.list : s->hit.row;
}

static enum diag_id attribute_problem(const struct statement *s)
{
    if (!s->hit.row)
        return DIAG_ATTRIBUTE_UNKNOWN;
    if (row_is_block(s->hit.row))
        return DIAG_MUST_BE_BLOCK;
    if (s->index > 0)
        return DIAG_ATTRIBUTE_TWICE;
    return s->hit.row->refused ? DIAG_REFUSED_ATTRIBUTE : DIAG_PLAIN;
}

static enum diag_id label_problem(const struct statement *s)
{
    bool labelled = ast_block_label(s->ast, s->node).len > 0;
    if (s->hit.row->free_form)
        return labelled ? DIAG_LABEL_IN_FREE_BLOCK : DIAG_PLAIN;
    const struct row *row = schema_label_row(s->hit.row->shape);
    if (row && !labelled)
        return DIAG_LABEL_MISSING;
    return labelled && !row ? DIAG_LABEL_EXTRA : DIAG_PLAIN;
}

static enum diag_id block_problem(const struct statement *s)
{
    const struct row *row = s->hit.row;
    if (!row)
        return DIAG_BLOCK_UNKNOWN;
    if (!row_is_block(row))
        return DIAG_MUST_BE_ATTRIBUTE;
    if (row->refused)
        return DIAG_REFUSED_BLOCK;
    bool repeats = s->hit.list || row->type->kind == FIELD_BLOCKS;
    if (!repeats && s->total > 1)
        return DIAG_BLOCK_ONCE;
    if (row->exactly > 0 && s->total != row->exactly)
        return DIAG_BLOCK_EXACTLY;
    return label_problem(s);
}

void statement_report(const struct statement *s, struct diags *diags)
{
    struct range range = ast_range(s->ast, s->node);
    switch (s->problem) {
    case DIAG_BLOCK_EXACTLY:
        diag_add(diags, s->problem, s->ast->source, range, STR_ARG(s->name), s->hit.row->exactly,
                 s->total);
        break;
    case DIAG_LABEL_MISSING:
    case DIAG_LABEL_EXTRA:
    case DIAG_LABEL_IN_FREE_BLOCK:
        range = ast_block_head_range(s->ast, s->node);
        diag_add(diags, s->problem, s->ast->source, range, STR_ARG(s->name));
        break;
    case DIAG_REFUSED_ATTRIBUTE:
    case DIAG_REFUSED_BLOCK:
        diag_add(diags, s->problem, s->ast->source, range, STR_ARG(s->name), s->hit.row->doc);
        break;
    case DIAG_NESTED_BLOCK: diag_add(diags, s->problem, s->ast->source, range); break;
    default: diag_add(diags, s->problem, s->ast->source, range, STR_ARG(s->name)); break;
    }
}

/* Names, rows and counts of all statements of one body. */
static void survey(struct body_compiler *c, struct body *body, ast_id block)
{
    uint32_t count = 0;
    AST_EACH(c->ast, body_node(c->ast, block), child)
    {
        (void)child;
        count++;
    }
    body->statements = ARENA_ARRAY(c->arena, count + 1, struct statement);
    c->tallies.len = 0;
    AST_EACH(c->ast, body_node(c->ast, block), node)
    {
        bool is_block = ast_at(c->ast, node)->kind == AST_BLOCK;
        struct str name =
            is_block ? ast_block_name(c->ast, node, c->arena) : ast_name(c->ast, node);
        if (c->skipped.len && c->works.len == 0 && str_eq(name, c->skipped) && is_block)
            continue;
        struct statement *s = &body->statements[body->count++];
        s->ast = c->ast;
        s->node = node;
        s->name = name;
        if (!body->shape) {
            s->problem = is_block ? DIAG_NESTED_BLOCK : DIAG_PLAIN;
            continue;
        }
        s->hit = schema_lookup(body->shape, s->name);
        if (s->hit.row && is_block == row_is_block(s->hit.row))
            s->index = tally_of(c, counted_row(s), s->hit.base)->count++;
    }
    for (uint32_t i = 0; body->shape && i < body->count; i++) {
        struct statement *s = &body->statements[i];
        bool is_block = ast_at(c->ast, s->node)->kind == AST_BLOCK;
        if (s->hit.row && is_block == row_is_block(s->hit.row))
            s->total = tally_of(c, counted_row(s), s->hit.base)->count;
        s->problem = is_block ? block_problem(s) : attribute_problem(s);
    }
}

static void add_missing(struct body_compiler *c, struct body *body, const struct row *row)
{
    struct missing *grown = ARENA_ARRAY(c->arena, body->missing_count + 1, struct missing);
    if (body->missing_count > 0)
        memcpy(grown, body->missing, body->missing_count * sizeof(*grown));
    grown[body->missing_count++] = (struct missing){
        row_is_block(row) ? DIAG_BLOCK_MISSING : DIAG_ATTRIBUTE_MISSING, row->name};
    body->missing = grown;
}

/* Required rows in schema order, squashed ones in their place. */
static void find_missing(struct body_compiler *c, struct body *body)
{
    struct {
        const struct row *row;
        size_t base;
    } stack[16];
    size_t depth = 0;
    stack[depth].row = body->shape->rows;
    stack[depth++].base = 0;
    while (depth > 0) {
        const struct row *row = stack[depth - 1].row++;
        size_t base = stack[depth - 1].base;
        if (!row->name) {
            depth--;
        } else if (row->squash) {
            ASSERT(depth < 16);
            stack[depth].row = row->shape->rows;
            stack[depth++].base = base + row->offset;
        } else if (row->required && tally_of(c, row, base)->count == 0) {
            add_missing(c, body, row);
        }
    }
}

static struct body *survey_body(struct body_compiler *c, ast_id block, const struct shape *shape)
{
    struct body *body = ARENA_NEW(c->arena, struct body);
    body->shape = shape;
    survey(c, body, block);
    if (shape)
        find_missing(c, body);
    return body;
}

struct body *body_survey(struct arena *arena, const struct ast *ast, ast_id block,
                         const struct shape *shape)
{
    struct body_compiler c = {.arena = arena, .ast = ast};
    struct body *body = survey_body(&c, block, shape);
    VEC_RELEASE(&c.tallies);
    return body;
}

static struct body *begin(struct body_compiler *c, ast_id block, const struct shape *shape)
{
    struct body *body = survey_body(c, block, shape);
    if (shape && ast_at(c->ast, block)->kind == AST_BLOCK) {
        body->label_row = schema_label_row(shape);
        body->label = ast_block_label(c->ast, block);
    }
    VEC_PUSH(&c->works, ((struct work){.body = body, .block = block}));
    return body;
}

/* ---- expressions ---- */

/* A subtree lies together, so that an attribute comes right behind its expression. */
static void find_exprs(struct expr_compiler *compiler, struct arena *arena, const struct ast *ast,
                       ast_id statement)
{
    bool refers = false;
    for (ast_id id = ast_first(ast, statement); id <= statement; id++) {
        uint8_t kind = ast_at(ast, id)->kind;
        refers |= kind == AST_IDENT;
        if (kind != AST_ATTRIBUTE)
            continue;
        if (refers)
            VEC_PUSH(&compiler->found, expr_compile_with(compiler, arena, ast, ast_value(ast, id)));
        refers = false;
    }
}

static bool is_skipped(const struct ast *ast, ast_id statement, struct str skipped)
{
    return skipped.len && ast_at(ast, statement)->kind == AST_BLOCK &&
           str_eq(ast_text(ast, ast_at(ast, statement)->child), skipped);
}

struct body_exprs body_find_exprs(struct expr_compiler *compiler, struct arena *arena,
                                  const struct ast *ast, ast_id block, struct str skipped)
{
    struct body_exprs exprs = {0};
    compiler->found.len = 0;
    AST_EACH(ast, body_node(ast, block), statement)
    {
        if (!is_skipped(ast, statement, skipped))
            find_exprs(compiler, arena, ast, statement);
    }
    exprs.count = compiler->found.len;
    if (exprs.count) {
        exprs.items = ARENA_ARRAY(arena, exprs.count, const struct expr *);
        memcpy(exprs.items, compiler->found.items, exprs.count * sizeof(const struct expr *));
    }
    return exprs;
}

/* ---- the whole body ---- */

struct body *body_compile(struct arena *arena, const struct ast *ast, ast_id block,
                          const struct shape *shape)
{
    struct expr_compiler compiler = {0};
    struct body_exprs exprs = body_find_exprs(&compiler, arena, ast, block, STR(""));
    expr_compiler_release(&compiler);
    return body_compile_without(arena, ast, block, shape, STR(""), &exprs);
}

/* The expressions come in the order of their attributes. */
static const struct expr *expr_of(const struct body_exprs *exprs, size_t *next, ast_id value)
{
    while (*next < exprs->count && exprs->items[*next]->node < value)
        (*next)++;
    bool is_it = *next < exprs->count && exprs->items[*next]->node == value;
    return is_it ? exprs->items[*next] : NULL;
}

struct body *body_compile_without(struct arena *arena, const struct ast *ast, ast_id block,
                                  const struct shape *shape, struct str skipped,
                                  const struct body_exprs *exprs)
{
    struct body_compiler c = {.arena = arena, .ast = ast, .skipped = skipped};
    struct body *root = begin(&c, block, shape);
    size_t next = 0;
    while (c.works.len > 0) {
        struct work *top = &c.works.items[c.works.len - 1];
        if (top->at == top->body->count) {
            c.works.len--;
            continue;
        }
        struct statement *s = &top->body->statements[top->at++];
        if (ast_at(ast, s->node)->kind == AST_ATTRIBUTE) {
            s->expr = expr_of(exprs, &next, ast_value(ast, s->node));
            if (s->hit.row && s->hit.row->no_effect)
                VEC_PUSH(&c.idle, s);
        } else if (!s->problem) {
            s->body = begin(&c, s->node, s->hit.row->free_form ? NULL : s->hit.row->shape);
        }
    }
    root->idle_count = c.idle.len;
    if (c.idle.len > 0) {
        root->idle = ARENA_ARRAY(arena, c.idle.len, const struct statement *);
        memcpy(root->idle, c.idle.items, c.idle.len * sizeof(*root->idle));
    }
    VEC_RELEASE(&c.idle);
    VEC_RELEASE(&c.works);
    VEC_RELEASE(&c.tallies);
    return root;
}

void body_warn(const struct body *b, struct diags *diags)
{
    for (size_t i = 0; i < b->idle_count; i++) {
        const struct statement *s = b->idle[i];
        diag_add(diags, DIAG_NO_EFFECT, s->ast->source, ast_range(s->ast, s->node),
                 STR_ARG(s->name), s->hit.row->doc);
    }
}
