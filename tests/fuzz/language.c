/* The compiler's reader and formatter on any bytes: no crash, positions within the text, excerpts
 * that can be drawn. A text without a diagnostic formats to one with the same tree; if it has no
 * comments, formatting again changes nothing. */

#include "compiler/format.h"
#include "tests/support/fuzz_input.h"
#include "tests/support/reader.h"

enum { TEXT_MAX = 1 << 20, DRAWN = 2 };

static void check_diags(const struct diags *diags)
{
    struct buf out;
    buf_init(&out, NULL, TEXT_MAX);
    for (size_t i = 0; i < diags->len; i++) {
        const struct diag *diag = &diags->items[i];
        if (i < DRAWN) {
            diag_render(&out, diag, (struct diag_style){0});
        }
        ASSERT(diag->range.start.line >= 1 && diag->range.start.col >= 1);
        ASSERT(diag->range.start.line <= diag->source->line_count);
        ASSERT(diag->range.end.line == 0 || diag->range.end.line >= diag->range.start.line);
    }
    buf_release(&out);
}

/* Children before parents and inside them. */
static void check_tree(const struct ast *ast)
{
    ASSERT(ast->root == ast->node_count - 1);
    for (ast_id id = 1; id < ast->node_count; id++) {
        const struct ast_node *node = ast_at(ast, id);
        ASSERT(node->start <= node->end && node->end <= ast->source->text.len);
        AST_EACH(ast, id, child)
        {
            ASSERT(child < id && child >= ast_first(ast, id));
            ASSERT(ast_at(ast, child)->start >= node->start);
            ASSERT(ast_at(ast, child)->end <= node->end);
        }
    }
}

/* What a parse with errors leaves, for editors: every node has one parent at most, names and values
 * are there. */
static void check_rest(struct str text)
{
    struct diags diags;
    diags_init(&diags);
    struct source *source = source_new(STR_NONE, text, NULL);
    struct ast *ast = ast_parse(source, &diags);
    size_t children = 0;
    for (ast_id id = 1; ast && id < ast->node_count; id++) {
        AST_EACH(ast, id, child)
        {
            ASSERT(child < id);
            ASSERT(++children < ast->node_count);
        }
        unsigned kind = ast_at(ast, id)->kind;
        if (kind == AST_ATTRIBUTE || kind == AST_FIELD) {
            ASSERT(ast_value(ast, id) != 0 && ast_name(ast, id).len <= text.len);
        }
        ASSERT(kind != AST_BLOCK || ast_block_body(ast, id) != 0);
    }
    ast_free(ast);
    source_unref(source);
    diags_release(&diags);
}

static void shape_of(struct buf *out, struct str text, uint32_t *comments)
{
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = reader_parse(text, &diags);
    ASSERT(ast);
    reader_shape(out, ast);
    *comments = ast->comment_count;
    ast_free(ast);
    diags_release(&diags);
}

static void check_format(struct str text)
{
    struct buf parts[4];
    for (size_t i = 0; i < 4; i++) {
        buf_init(&parts[i], NULL, 16 * TEXT_MAX);
    }
    uint32_t comments[2] = {0};
    shape_of(&parts[0], text, &comments[0]);
    ASSERT(reader_format(&parts[1], text));
    ASSERT(buf_ok(&parts[1]));
    shape_of(&parts[2], buf_view(&parts[1]), &comments[1]);
    ASSERT(str_eq(buf_view(&parts[0]), buf_view(&parts[2])));
    ASSERT(comments[0] == comments[1]);
    if (comments[0] == 0) {
        ASSERT(reader_format(&parts[3], buf_view(&parts[1])));
        ASSERT(str_eq(buf_view(&parts[1]), buf_view(&parts[3])));
    }
    for (size_t i = 0; i < 4; i++) {
        buf_release(&parts[i]);
    }
}

static void work(void *arg)
{
    const struct str *text = arg;
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = reader_parse(*text, &diags);
    check_diags(&diags);
    if (ast) {
        check_tree(ast);
        check_format(*text);
    } else {
        check_rest(*text);
    }
    ast_free(ast);
    diags_release(&diags);
}

static void once(struct str text)
{
    ASSERT(fuzz_scope(work, &text) || fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, TEXT_MAX, once);
}
