/* Rules among the rows of a body (struct schema_rule), as far as the text tells: what is written as
 * an empty text or list, false or null counts as not given, what must be evaluated may be either.
 */

#include "compiler/body.h"

enum given { GIVEN_NOT, GIVEN_PERHAPS, GIVEN };

static enum given given_value(const struct ast *ast, ast_id value)
{
    const struct ast_node *node = ast_at(ast, value);
    struct str text = ast_text(ast, value);
    switch (node->kind) {
    case AST_LITERAL:
        return str_is(text, "\"\"") || str_is(text, "``") || str_is(text, "null") ||
                       str_is(text, "false")
                   ? GIVEN_NOT
                   : GIVEN;
    case AST_ARRAY:
    case AST_OBJECT: return node->child ? GIVEN : GIVEN_NOT;
    default: return GIVEN_PERHAPS;
    }
}

static enum given given(const struct body *body, const char *name)
{
    enum given most = GIVEN_NOT;
    for (uint32_t i = 0; i < body->count; i++) {
        const struct statement *s = &body->statements[i];
        if (!s->hit.row || !str_is(s->name, name))
            continue;
        bool is_block = ast_at(s->ast, s->node)->kind == AST_BLOCK;
        enum given this = is_block ? GIVEN : given_value(s->ast, ast_value(s->ast, s->node));
        if (this > most)
            most = this;
    }
    return most;
}

struct count {
    unsigned sure;     /* certainly given */
    unsigned possible; /* given, or perhaps */
    unsigned all;
    const char *missing; /* the first that is not given */
};

static struct count count_given(const struct body *body, const char *const *names)
{
    struct count n = {0};
    for (; *names; names++) {
        enum given g = given(body, *names);
        n.all++;
        n.sure += g == GIVEN;
        n.possible += g != GIVEN_NOT;
        if (g == GIVEN_NOT && !n.missing)
            n.missing = *names;
    }
    return n;
}

static void list_names(struct buf *out, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        buf_printf(out, "%s\"%s\"", i ? ", " : "", names[i]);
    }
}

/* Writes what is wrong; nothing when the rule holds, or may hold. */
static void judge(const struct schema_rule *rule, const struct body *body, struct buf *out)
{
    struct count n = count_given(body, rule->names);
    const char *end = "";
    switch (rule->kind) {
    case RULE_ONE:
    case RULE_AT_MOST_ONE:
        if (n.sure > 1)
            buf_cstr(out, "at most one of ");
        else if (rule->kind == RULE_ONE && !n.possible)
            buf_cstr(out, "one of ");
        end = n.sure > 1 ? " can be given" : " must be given";
        break;
    case RULE_AT_LEAST_ONE:
        if (!n.possible)
            buf_cstr(out, "at least one of ");
        end = " must be given";
        break;
    case RULE_TOGETHER:
        if (n.sure && n.possible < n.all)
            buf_cstr(out, "all or none of ");
        end = " must be given";
        break;
    default:
        if (n.missing && given(body, rule->names[0]) == GIVEN)
            buf_printf(out, "\"%s\" needs \"%s\"", rule->names[0], n.missing);
        return;
    }
    if (!buf_view(out).len)
        return;
    list_names(out, rule->names);
    buf_cstr(out, end);
}

void rules_check(const struct ast *ast, ast_id block, const struct body *body, struct diags *diags)
{
    if (!body->shape || !body->shape->rules)
        return;
    struct buf text;
    buf_init(&text, NULL, 1 << 16);
    for (const struct schema_rule *rule = body->shape->rules; rule->names; rule++) {
        buf_clear(&text);
        judge(rule, body, &text);
        if (buf_view(&text).len)
            diag_add(diags, DIAG_BODY_RULE, ast->source, ast_range(ast, block),
                     STR_ARG(buf_view(&text)));
    }
    buf_release(&text);
}
