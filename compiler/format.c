/* The walker: goes through the tree in source order on an explicit stack and tells the printer
 * every token, and where lines break and columns begin (SEMANTICS §4). A frame is a node that is
 * not finished; its step says where it stands. */

#include "compiler/format_inner.h"
#include "base/strconv.h"
#include "base/vec.h"

struct frame {
    ast_id node;
    ast_id child; /* the statement, element, argument or field that is next or being written */
    ast_id previous;
    uint32_t line; /* where the last element, or the opening bracket, ended */
    uint8_t step;
    bool broke; /* the element being written starts a line */
};

struct walker {
    struct printer printer;
    const struct ast *ast;
    struct arena arena; /* block names with blanks in them, joined */
    struct frame *frames;
    size_t depth;
    size_t cap;
};

typedef void step_fn(struct walker *w, struct frame *frame);

static const struct ast_node *node_of(const struct walker *w, const struct frame *frame)
{
    return ast_at(w->ast, frame->node);
}

static void space(struct walker *w, enum print_space space)
{
    print_space(&w->printer, space);
}

static void token(struct walker *w, const char *text)
{
    print_token(&w->printer, str_from(text));
}

static void token_at(struct walker *w, uint32_t offset, const char *text)
{
    print_at(&w->printer, offset);
    token(w, text);
}

static uint32_t start_line(const struct walker *w, ast_id id)
{
    return print_line(&w->printer, ast_at(w->ast, id)->start);
}

static uint32_t end_line(const struct walker *w, ast_id id)
{
    return print_line(&w->printer, ast_at(w->ast, id)->end - 1);
}

static bool is_multiline(const struct walker *w, ast_id id)
{
    const struct ast_node *node = ast_at(w->ast, id);
    uint32_t start = print_line(&w->printer, node->start);
    return source_line_near(w->ast->source, node->end - 1, start) != start;
}

/* Where the token behind a node begins: past blanks and comments, which hold no newline there. */
static uint32_t token_after(const struct walker *w, uint32_t at)
{
    const char *text = w->ast->source->text.ptr;
    for (;;) {
        while (text[at] == ' ' || text[at] == '\t' || text[at] == '\r') {
            at++;
        }
        if (text[at] != '/' || text[at + 1] != '*') {
            return at;
        }
        for (at += 2; text[at] != '*' || text[at + 1] != '/'; at++) {}
        at += 2;
    }
}

/* ---- the stack ---- */

static void finish(struct walker *w)
{
    w->depth--;
}

/* Leaves are printed at once, everything else becomes the top frame. */
static void visit(struct walker *w, ast_id id)
{
    const struct ast_node *node = ast_at(w->ast, id);
    if (node->kind == AST_LITERAL) {
        print_at(&w->printer, node->start);
        print_literal(&w->printer, ast_text(w->ast, id), node->op == AST_NUMBER);
    } else if (node->kind == AST_IDENT) {
        print_at(&w->printer, node->start);
        print_token(&w->printer, ast_text(w->ast, id));
    } else {
        w->frames = vec_room(w->frames, w->depth, &w->cap, sizeof(*w->frames));
        w->frames[w->depth++] = (struct frame){.node = id, .child = node->child};
    }
}

/* The last child: the frame is not needed any more. */
static void visit_last(struct walker *w, ast_id id)
{
    finish(w);
    visit(w, id);
}

/* ---- statements ---- */

static void step_body(struct walker *w, struct frame *f)
{
    if (f->step == 1) {
        space(w, is_multiline(w, f->child) ? SPACE_FORMFEED : SPACE_NEWLINE);
        f->previous = f->child;
        f->child = ast_at(w->ast, f->child)->next;
        f->step = 0;
    }
    if (f->child == 0) {
        finish(w);
        return;
    }
    if (f->previous != 0) {
        bool is_block = ast_at(w->ast, f->child)->kind == AST_BLOCK;
        if (is_block || start_line(w, f->child) > end_line(w, f->previous) + 1) {
            space(w, SPACE_FORMFEED);
        }
    }
    f->step = 1;
    visit(w, f->child);
}

static void step_attribute(struct walker *w, struct frame *f)
{
    print_at(&w->printer, node_of(w, f)->start);
    print_token(&w->printer, ast_text(w->ast, f->child));
    space(w, SPACE_TAB);
    token(w, "=");
    space(w, SPACE_BLANK);
    visit_last(w, ast_at(w->ast, f->child)->next);
}

static void block_head(struct walker *w, const struct frame *f)
{
    print_at(&w->printer, node_of(w, f)->start);
    print_token(&w->printer, ast_block_name(w->ast, f->node, &w->arena));
    AST_EACH(w->ast, f->node, part)
    {
        const struct ast_node *node = ast_at(w->ast, part);
        if (node->kind == AST_LABEL && node->end - node->start > 2) {
            space(w, SPACE_BLANK);
            print_at(&w->printer, node->start);
            print_literal(&w->printer, ast_text(w->ast, part), false);
        }
    }
}

static void step_block(struct walker *w, struct frame *f)
{
    if (f->step == 0) {
        block_head(w, f);
        ast_id body = ast_block_body(w->ast, f->node);
        space(w, SPACE_BLANK);
        token_at(w, ast_at(w->ast, body)->start, "{");
        space(w, SPACE_INDENT);
        f->step = 1;
        if (ast_at(w->ast, body)->child != 0) {
            space(w, SPACE_FORMFEED);
            visit(w, body);
            return;
        }
        space(w, SPACE_BLANK);
    }
    space(w, SPACE_UNINDENT);
    token_at(w, node_of(w, f)->end - 1, "}");
    finish(w);
}

/* ---- expressions ---- */

static void step_access(struct walker *w, struct frame *f)
{
    if (f->step++ == 0) {
        visit(w, f->child);
        return;
    }
    token(w, ".");
    print_token(&w->printer, ast_text(w->ast, ast_at(w->ast, f->child)->next));
    finish(w);
}

static void step_index(struct walker *w, struct frame *f)
{
    const struct ast_node *value = ast_at(w->ast, f->child);
    switch (f->step++) {
    case 0: visit(w, f->child); break;
    case 1:
        token_at(w, token_after(w, value->end), "[");
        visit(w, value->next);
        break;
    default:
        token_at(w, node_of(w, f)->end - 1, "]");
        finish(w);
        break;
    }
}

static void step_unary(struct walker *w, struct frame *f)
{
    const struct ast_node *node = node_of(w, f);
    token_at(w, node->start, ast_op_text(node->op));
    visit_last(w, f->child);
}

static void step_binary(struct walker *w, struct frame *f)
{
    if (f->step++ == 0) {
        visit(w, f->child);
        return;
    }
    const struct ast_node *left = ast_at(w->ast, f->child);
    space(w, SPACE_BLANK);
    token_at(w, token_after(w, left->end), ast_op_text(node_of(w, f)->op));
    space(w, SPACE_BLANK);
    visit_last(w, left->next);
}

static void step_paren(struct walker *w, struct frame *f)
{
    if (f->step++ == 0) {
        token(w, "(");
        visit(w, f->child);
        return;
    }
    token(w, ")");
    finish(w);
}

/* ---- lists: step 0 opens, 1 begins an element or closes, 2 ends an element ---- */

static bool is_first(const struct walker *w, const struct frame *f)
{
    return f->child == node_of(w, f)->child;
}

static void close_array(struct walker *w, struct frame *f)
{
    uint32_t bracket = node_of(w, f)->end - 1;
    if (node_of(w, f)->child != 0 && f->line != print_line(&w->printer, bracket)) {
        token(w, ",");
        space(w, SPACE_INDENT);
        space(w, SPACE_FORMFEED);
        space(w, SPACE_UNINDENT);
    }
    token_at(w, bracket, "]");
    finish(w);
}

static void begin_element(struct walker *w, struct frame *f)
{
    f->broke = f->line != start_line(w, f->child);
    if (f->broke) {
        space(w, SPACE_INDENT);
        space(w, SPACE_FORMFEED);
    } else if (!is_first(w, f)) {
        space(w, SPACE_BLANK);
    }
    f->line = end_line(w, f->child);
    f->step = 2;
    visit(w, f->child);
}

static void step_array(struct walker *w, struct frame *f)
{
    if (f->step == 0) {
        token_at(w, node_of(w, f)->start, "[");
        f->line = w->printer.line;
    } else if (f->step == 2) {
        f->child = ast_at(w->ast, f->child)->next;
        if (f->child != 0) {
            token(w, ",");
        }
        if (f->broke) {
            space(w, SPACE_UNINDENT);
        }
    }
    if (f->child == 0) {
        close_array(w, f);
    } else {
        begin_element(w, f);
    }
}

/* Not empty, and the same between any quotes. */
static bool is_plain(struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        unsigned size = 0;
        uint32_t rune = utf8_decode(str_slice(text, at, text.len), &size);
        if (rune == '"' || rune == '\\' || !unicode_is_print(rune)) {
            return false;
        }
        at += size;
    }
    return text.len > 0;
}

/* A quoted key keeps its bytes; back quotes become double quotes where that changes nothing. */
static void print_key(struct walker *w, ast_id name)
{
    const struct ast_node *node = ast_at(w->ast, name);
    struct str text = ast_text(w->ast, name);
    print_at(&w->printer, node->start);
    if (text.ptr[0] != '`' || !is_plain(str_slice(text, 1, text.len - 1))) {
        print_literal(&w->printer, text, false);
        return;
    }
    struct str key = arena_printf(&w->arena, "\"%.*s\"", (int)text.len - 2, text.ptr + 1);
    print_literal(&w->printer, key, false);
}

static void begin_field(struct walker *w, struct frame *f)
{
    ast_id name = ast_at(w->ast, f->child)->child;
    const struct ast_node *node = ast_at(w->ast, name);
    if (f->line != print_line(&w->printer, node->start)) {
        bool is_run = f->previous != 0 && !is_multiline(w, ast_value(w->ast, f->previous));
        space(w, is_run ? SPACE_NEWLINE : SPACE_FORMFEED);
    } else if (f->previous != 0) {
        space(w, SPACE_BLANK);
    }
    /* A quoted name is taken to end where its text without quotes would. */
    uint32_t len = (uint32_t)ast_name(w->ast, f->child).len;
    f->line = print_line(&w->printer, node->start + len - 1);
    print_key(w, name);
    space(w, SPACE_TAB);
    token(w, "=");
    space(w, SPACE_BLANK);
    f->step = 2;
    visit(w, node->next);
}

static void step_object(struct walker *w, struct frame *f)
{
    if (f->step == 0) {
        token_at(w, node_of(w, f)->start, "{");
        space(w, SPACE_INDENT);
        f->line = w->printer.line;
    } else if (f->step == 2) {
        f->previous = f->child;
        f->child = ast_at(w->ast, f->child)->next;
        if (f->child != 0) {
            token(w, ",");
        }
    }
    if (f->child != 0) {
        begin_field(w, f);
        return;
    }
    uint32_t brace = node_of(w, f)->end - 1;
    if (f->previous != 0 && f->line != print_line(&w->printer, brace)) {
        token(w, ",");
        space(w, SPACE_FORMFEED);
    }
    space(w, SPACE_UNINDENT);
    token_at(w, brace, "}");
    finish(w);
}

static void begin_argument(struct walker *w, struct frame *f)
{
    f->broke = f->line != start_line(w, f->child);
    if (f->broke) {
        space(w, SPACE_FORMFEED);
        space(w, SPACE_INDENT);
    }
    f->step = 2;
    visit(w, f->child);
}

static void end_argument(struct walker *w, struct frame *f)
{
    f->line = end_line(w, f->child);
    f->child = ast_at(w->ast, f->child)->next;
    if (f->child != 0) {
        token(w, ",");
        space(w, SPACE_BLANK);
    }
    if (f->broke) {
        space(w, SPACE_UNINDENT);
    }
}

static void step_call(struct walker *w, struct frame *f)
{
    if (f->step == 0) {
        f->step = 1;
        visit(w, f->child);
        return;
    }
    if (f->step == 1) {
        token(w, "(");
        f->line = end_line(w, f->child); /* the bracket is on the same line */
        f->child = ast_at(w->ast, f->child)->next;
    } else {
        end_argument(w, f);
    }
    if (f->child != 0) {
        begin_argument(w, f);
        return;
    }
    if (f->step == 2 && f->line != print_line(&w->printer, node_of(w, f)->end - 1)) {
        token(w, ",");
        space(w, SPACE_FORMFEED);
    }
    token(w, ")");
    finish(w);
}

/* ---- the walk ---- */

static void run(struct buf *out, const struct ast *ast, ast_id root, bool has_comments)
{
    static step_fn *const steps[] = {
        [AST_BODY] = step_body,   [AST_ATTRIBUTE] = step_attribute, [AST_BLOCK] = step_block,
        [AST_ARRAY] = step_array, [AST_OBJECT] = step_object,       [AST_ACCESS] = step_access,
        [AST_INDEX] = step_index, [AST_CALL] = step_call,           [AST_PAREN] = step_paren,
        [AST_UNARY] = step_unary, [AST_BINARY] = step_binary,
    };
    struct walker w = {.ast = ast};
    arena_init(&w.arena, NULL, SOURCE_MAX_BYTES);
    print_init(&w.printer, ast, out, has_comments);
    visit(&w, root);
    while (w.depth > 0 && buf_ok(out)) {
        struct frame *top = &w.frames[w.depth - 1];
        steps[node_of(&w, top)->kind](&w, top);
    }
    print_finish(&w.printer);
    mem_free(w.frames);
    arena_release(&w.arena);
}

void format_file(struct buf *out, const struct ast *ast)
{
    run(out, ast, ast->root, true);
}

void format_expression(struct buf *out, const struct ast *ast, ast_id expr)
{
    run(out, ast, expr, false);
}
