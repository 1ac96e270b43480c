/* Syntax: trees, every message with its place, recovery, and the bounds on hostile texts. */

#include "tests/support/reader.h"
#include "tests/support/test.h"

struct row {
    const char *text;
    const char *errors;
};

static void check(const struct row *row)
{
    struct diags diags;
    struct buf lines;
    diags_init(&diags);
    buf_init(&lines, NULL, 1 << 20);
    ast_free(reader_parse(str_from(row->text), &diags));
    reader_lines(&lines, &diags);
    cr_expect(str_is(buf_view(&lines), row->errors), "%s\n%.*s", row->text,
              STR_ARG(buf_view(&lines)));
    buf_release(&lines);
    diags_release(&diags);
}

TEST(compiler_parser, says_what_is_wrong_and_where)
{
    static const struct row rows[] = {
        {"", ""},
        {"a = 1\n// b\nc \"d\" { }\n", ""},
        {"= 1", "1:1 expected identifier, got =\n"},
        {"a. = 1", "1:4 expected identifier, got =\n"},
        {"a 1 {}", "1:3 expected block label, got NUMBER\n"},
        {"a `b` {}", "1:3 expected block label to be a double quoted string, but got \"`b`\"\n"},
        {"a \"b-c\" {}", "1:3 expected block label to be a valid identifier, but got \"b-c\"\n"},
        {"a", "1:2 expected block label, got TERMINATOR\n"},
        {"a \"b\"", "1:6 expected block body, got TERMINATOR\n"},
        {"a.b = 1",
         "1:1-1:3 attribute names may only consist of a single identifier with no \".\"\n"},
        {"a \"b\" = 1", "1:3-1:5 attribute names may not have labels\n"},
        {"a \"\" = 1", "1:3-1:4 attribute names may not have labels\n"},
        {"a = 1 b = 2", "1:7 expected TERMINATOR, got IDENT\n"},
        {"a = (1\n)", "1:7 expected ), got TERMINATOR\n2:1 expected TERMINATOR, got )\n"},
        {"a {", "1:4 expected }, got EOF\n"},
        {"a = ", "1:5 expected expression, got EOF\n"},
        {"a = [1 2]", "1:8 missing ',' in expression list\n"},
        {"a = [1, 2\n]", "1:10 missing ',' in expression list\n"},
        {"a = {b = 1 c = 2}", "1:12 missing ',' in field list\n"},
        {"a = {true = 1}", "1:6 expected field name (string or identifier), got BOOL\n"},
        {"a = b \"c\" {\n d = 1\n}\n", "1:5-3:1 cannot use a block as an expression\n"},
        {"a = b { }.c", "1:5-1:9 cannot use a block as an expression\n"},
        {"a = b \"c\" d\ne = 1", "1:11 expected {, got IDENT\n"},
        {"a = = 1\nb = ) 2\nc = 3",
         "1:5 expected expression, got =\n2:5 expected expression, got )\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&rows[i]);
    }
}

static void check_expression(const char *text, const char *errors)
{
    struct diags diags;
    struct buf lines;
    diags_init(&diags);
    buf_init(&lines, NULL, 1 << 20);
    struct source *source = source_new(STR_NONE, str_from(text), NULL);
    struct ast *ast = ast_parse_expression(source, &diags);
    reader_lines(&lines, &diags);
    cr_expect(str_is(buf_view(&lines), errors), "%s\n%.*s", text, STR_ARG(buf_view(&lines)));
    cr_expect(diags.len > 0 || ast_text(ast, ast->root).len > 0);
    ast_free(ast);
    source_unref(source);
    buf_release(&lines);
    diags_release(&diags);
}

TEST(compiler_parser, reads_single_expressions)
{
    check_expression("1 + 2 * f(x)[0].y", "");
    check_expression("1 2", "1:3 expected TERMINATOR, got NUMBER\n");
    check_expression("", "1:1 expected expression, got EOF\n");
    check_expression("[1", "1:3 missing ',' in expression list\n");
}

/* Everything in parentheses, so that grouping shows. */
static void write_grouped(struct buf *out, const struct ast *ast)
{
    struct str texts[64];
    struct arena arena;
    arena_init(&arena, NULL, 0);
    cr_assert_lt(ast->node_count, 64);
    for (ast_id id = 1; id < ast->node_count; id++) {
        const struct ast_node *node = ast_at(ast, id);
        const char *op = ast_op_text(node->op <= AST_OP_NEG ? node->op : 0);
        ast_id left = node->child;
        if (node->kind == AST_BINARY) {
            struct str right = texts[ast_at(ast, left)->next];
            texts[id] =
                arena_printf(&arena, "(%.*s%s%.*s)", STR_ARG(texts[left]), op, STR_ARG(right));
        } else if (node->kind == AST_UNARY) {
            texts[id] = arena_printf(&arena, "(%s%.*s)", op, STR_ARG(texts[left]));
        } else {
            texts[id] = ast_text(ast, id);
        }
    }
    buf_str(out, texts[ast->root]);
    arena_release(&arena);
}

TEST(compiler_parser, groups_operators)
{
    static const char *const rows[][2] = {
        {"1+2*3", "(1+(2*3))"},
        {"1*2+3", "((1*2)+3)"},
        {"1-2-3", "((1-2)-3)"},
        {"2^3^4", "(2^(3^4))"},
        {"-2^2", "((-2)^2)"},
        {"2^-3^4", "(2^((-3)^4))"},
        {"!a||b&&c", "((!a)||(b&&c))"},
        {"a<b<c", "((a<b)<c)"},
        {"a==b+1&&c!=d", "((a==(b+1))&&(c!=d))"},
        {"--a.b", "(-(-a.b))"},
        {"a*b^c*d", "((a*(b^c))*d)"},
        {"a||b||c&&d", "((a||b)||(c&&d))"},
        {"a%b/c", "((a%b)/c)"},
        {"a>=b<=c>d", "(((a>=b)<=c)>d)"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct diags diags;
        struct buf out;
        diags_init(&diags);
        buf_init(&out, NULL, 10000);
        struct source *source = source_new(STR_NONE, str_from(rows[i][0]), NULL);
        struct ast *ast = ast_parse_expression(source, &diags);
        cr_assert_eq(diags.len, 0);
        write_grouped(&out, ast);
        cr_expect(str_is(buf_view(&out), rows[i][1]), "%s: %.*s", rows[i][0],
                  STR_ARG(buf_view(&out)));
        ast_free(ast);
        source_unref(source);
        buf_release(&out);
        diags_release(&diags);
    }
}

TEST(compiler_parser, stores_subtrees_as_contiguous_post_order)
{
    struct diags diags;
    diags_init(&diags);
    struct str text = STR("a.b \"l\" {\n  x = [1, {k = -f(2)[3].y, \"q\" = (4 + 5)}]\n  c { }\n}\n"
                          "z = \"s\" // end\n");
    struct ast *ast = reader_parse(text, &diags);
    cr_assert_not_null(ast);
    cr_assert_eq(ast->root, ast->node_count - 1);
    for (ast_id id = 1; id < ast->node_count; id++) {
        uint32_t size = 1;
        AST_EACH(ast, id, child)
        {
            cr_assert_lt(child, id);
            size += child - ast_first(ast, child) + 1;
            cr_assert_geq(ast_at(ast, child)->start, ast_at(ast, id)->start);
            cr_assert_leq(ast_at(ast, child)->end, ast_at(ast, id)->end);
        }
        cr_assert_eq(size, id - ast_first(ast, id) + 1);
    }
    ast_id block = ast_at(ast, ast->root)->child;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    cr_expect(str_is(ast_block_name(ast, block, &arena), "a.b"));
    cr_expect(str_is(ast_block_label(ast, block), "l"));
    cr_expect(ast_block_has_label(ast, block));
    struct range head = ast_block_head_range(ast, block);
    cr_expect_eq(head.end.col, 9);
    cr_expect_eq(ast_block_name_range(ast, block).end.col, 3);
    ast_id attribute = ast_at(ast, ast_block_body(ast, block))->child;
    cr_expect(str_is(ast_name(ast, attribute), "x"));
    cr_expect_eq(ast_at(ast, ast_value(ast, attribute))->kind, AST_ARRAY);
    cr_expect_eq(ast_range(ast, attribute).start.line, 2);
    cr_expect_eq(ast->comment_count, 1);
    arena_release(&arena);
    ast_free(ast);
    diags_release(&diags);
}

TEST(compiler_parser, keeps_raw_keys_and_joins_spaced_names)
{
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = reader_parse(STR("a . b { x = {\"k\\n\" = 1, \"\" = 2} }"), &diags);
    cr_assert_not_null(ast);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    ast_id block = ast_at(ast, ast->root)->child;
    cr_expect(str_is(ast_block_name(ast, block, &arena), "a.b"));
    cr_expect_not(ast_block_has_label(ast, block));
    ast_id object = ast_value(ast, ast_at(ast, ast_block_body(ast, block))->child);
    ast_id field = ast_at(ast, object)->child;
    cr_expect(str_is(ast_name(ast, field), "k\\n"));
    cr_expect(str_is(ast_name(ast, ast_at(ast, field)->next), "\"\""));
    arena_release(&arena);
    ast_free(ast);
    diags_release(&diags);
}

/* ---- bounds ---- */

static size_t peak(void)
{
    return atomic_load(&compiler_memory.peak);
}

/* A text made of a repeated piece. What is said about it is short, and memory stays within `factor`
 * bytes a byte of text and a constant. */
struct bomb {
    const char *before;
    const char *piece;
    size_t count;
    size_t factor;
    const char *first; /* how the first message begins; "" = there is none */
};

static void explode(const struct bomb *bomb)
{
    enum { CONSTANT = 2 << 20 };
    struct buf text;
    buf_init(&text, NULL, 32 << 20);
    buf_cstr(&text, bomb->before);
    for (size_t i = 0; i < bomb->count; i++) {
        buf_cstr(&text, bomb->piece);
    }
    struct diags diags;
    diags_init(&diags);
    atomic_store(&compiler_memory.peak, 0);
    ast_free(reader_parse(buf_view(&text), &diags));
    cr_assert_leq(diags.len, DIAGS_MAX);
    struct str message = diags.len > 0 ? diags.items[0].message : STR_NONE;
    bool is_expected =
        bomb->first[0] != '\0' ? str_starts(message, str_from(bomb->first)) : message.len == 0;
    cr_expect(is_expected, "%s: %.*s", bomb->piece, STR_ARG(message));
    cr_expect_lt(peak(), text.len * bomb->factor + CONSTANT, "%s: %zu", bomb->piece, peak());
    diags_release(&diags);
    buf_release(&text);
}

#define EXPLODE(rows)                                                                              \
    for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++) {                                \
        explode(&(rows)[i]);                                                                       \
    }

TEST(compiler_parser, stops_at_bombs_of_nesting, .timeout = 20)
{
    static const char too_deep[] = "nesting is deeper than 1000 levels";
    static const struct bomb rows[] = {
        {"x = ", "(", 1000000, 6, too_deep},    {"x = ", "-", 1000000, 6, too_deep},
        {"x = 1", "^1", 1000000, 6, too_deep},  {"", "a {\n", 100000, 6, too_deep},
        {"x = ", "[", 1000000, 6, too_deep},    {"x = ", "{a=", 1000000, 6, too_deep},
        {"x = ", "y{x=", 1000000, 6, too_deep}, {"x = ", "f(", 1000000, 6, too_deep},
        {"x = ", "a[", 1000000, 6, too_deep},   {"x = ", "1*-(", 1000000, 6, too_deep},
    };
    EXPLODE(rows);
}

TEST(compiler_parser, reads_long_chains, .timeout = 20)
{
    static const struct bomb rows[] = {
        {"x = 1", "+1", 1000000, 32, ""},
        {"x = f", "()", 1000000, 32, ""},
        {"x = f", ".a", 1000000, 32, ""},
        {"x = [", "1,", 1000000, 32, "expected ], got EOF"},
        {"a = 1 ", "/**/", 1000000, 8, ""},
        {"a", ".a", 10000000, 40, "the text has more than 8000000 syntax nodes"},
    };
    EXPLODE(rows);
}

TEST(compiler_parser, survives_garbage, .timeout = 60)
{
    static const struct bomb rows[] = {
        {"", "#\n", 1000000, 6, "illegal character"},
        {"", "*/ ) = \"\n", 1000000, 6, "expected identifier"},
        {"", "\xFF", 1000000, 6, "illegal UTF-8 encoding"},
        {"", "/*\n", 1000000, 6, "block comment not terminated"},
        {"", "{[(", 1000000, 6, "expected identifier"},
        {"x = y", "{", 1000000, 6, "expected identifier, got {"},
        {"", "a \"b\" ", 1000000, 6, "expected block body"},
        {"", "a=[\n", 1000000, 30, "missing ','"},
    };
    EXPLODE(rows);
}

TEST(compiler_parser, survives_ten_megabytes_of_random_bytes, .timeout = 60)
{
    enum { SIZE = 10 * 1000 * 1000 };
    char *bytes = mem_alloc(NULL, SIZE);
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < SIZE; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (char)state;
    }
    struct diags diags;
    diags_init(&diags);
    atomic_store(&compiler_memory.peak, 0);
    ast_free(reader_parse(str_of(bytes, SIZE), &diags));
    cr_expect_eq(diags.len, DIAGS_MAX);
    cr_expect_gt(diags.dropped, 1000000);
    cr_expect_lt(peak(), 64u << 20);
    diags_release(&diags);
    mem_free(bytes);
}

TEST(compiler_parser, accepts_nesting_up_to_the_limit)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    buf_cstr(&text, "x = ");
    buf_fill(&text, '(', SOURCE_MAX_DEPTH - 2);
    buf_cstr(&text, "1");
    buf_fill(&text, ')', SOURCE_MAX_DEPTH - 2);
    cr_expect(reader_is_silent(buf_view(&text)));
    buf_release(&text);
}
