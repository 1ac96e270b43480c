/* `conform eval`: one expression, its scope and environment; the value in every form, or the error.
 */

#include "cli/conform_value.h"
#include "compiler/ast.h"
#include "stdlib/stdlib.h"

#include <stdlib.h>

extern char **environ;

static struct value *load_variable(void *arg, const struct expr *e, size_t ref_index, size_t *used)
{
    const struct conform_scope *s = arg;
    const struct value *v = value_field(s->variables, expr_ref_at(e, ref_index)->names[0]);
    *used = 1;
    return v ? value_ref(v) : NULL;
}

/* The corpus' variables of an earlier case must be gone. */
static void clear_environment(void)
{
    for (char **at = environ; at && *at;) {
        struct str name;
        struct str rest;
        str_cut(str_from(*at), '=', &name, &rest);
        if (!str_starts(name, STR("CORPUS_"))) {
            at++;
            continue;
        }
        char copy[256];
        size_t len = name.len < sizeof(copy) - 1 ? name.len : sizeof(copy) - 1;
        memcpy(copy, name.ptr, len);
        copy[len] = 0;
        unsetenv(copy);
        at = environ;
    }
}

static void set_environment(struct conform_case *c)
{
    clear_environment();
    const struct doc *env = doc_get(c->input, STR("env"));
    for (const struct doc *d = env ? env->child : NULL; d; d = d->next)
        setenv(arena_cstr(c->arena, d->key), arena_cstr(c->arena, d->text), 1);
}

void conform_scope_init(struct conform_scope *s, struct conform_case *c)
{
    set_environment(c);
    const struct doc *variables = doc_get(c->input, STR("scope"));
    size_t count = variables ? variables->count : 0;
    struct value_field *fields = mem_array(NULL, count + 1, sizeof(*fields));
    count = 0;
    for (const struct doc *d = variables ? variables->child : NULL; d; d = d->next)
        fields[count++] = (struct value_field){d->key, conform_value_read(c->arena, d)};
    s->variables = value_object(fields, count, false);
    mem_free(fields);
    stdlib_init(&s->stdlib);
    s->scope = (struct scope){.load = load_variable, .arg = s, .stdlib = &s->stdlib};
}

void conform_scope_release(struct conform_scope *s)
{
    value_unref(s->variables);
    stdlib_release(&s->stdlib);
}

static void write_position(struct json_writer *w, const char *line, const char *col, struct pos pos)
{
    json_key(w, str_from(line));
    json_u64(w, pos.line);
    json_key(w, str_from(col));
    json_u64(w, pos.col);
}

void conform_error(struct conform_case *c, const struct diags *diags)
{
    const struct diag *diag = &diags->items[0];
    bool plain = diag->id == DIAG_PLAIN || diag->id == DIAG_ATTRIBUTE_MISSING ||
                 diag->id == DIAG_BLOCK_MISSING;
    json_key(c->out, STR("error"));
    json_object(c->out);
    json_key(c->out, STR("kind"));
    json_string(c->out, plain ? STR("plain") : STR("diagnostic"));
    json_key(c->out, STR("severity"));
    json_string(c->out, STR("error"));
    write_position(c->out, "line", "col", diag->range.start);
    write_position(c->out, "end_line", "end_col", diag->range.end);
    json_key(c->out, STR("message"));
    conform_string(c->out, diag->message);
    if (diag->value.len > 0) {
        json_key(c->out, STR("value"));
        conform_string(c->out, diag->value);
    }
    json_object_end(c->out);
}

static void write_value(struct conform_case *c, const struct value *v)
{
    struct buf text;
    buf_init(&text, NULL, 64 << 20);
    value_print(&text, v);
    conform_bool(c, "ok", true);
    json_key(c->out, STR("type"));
    json_string(c->out, str_from(value_type_name(v)));
    json_key(c->out, STR("value"));
    conform_value_write(c->out, v, false);
    conform_text(c, "text", buf_view(&text));
    json_key(c->out, STR("api"));
    value_api_json(c->out, v);
    buf_release(&text);
}

static void evaluate(struct conform_case *c, const struct ast *ast, struct diags *diags)
{
    struct conform_scope scope;
    conform_scope_init(&scope, c);
    struct expr *expr = expr_compile(c->arena, ast, ast->root);
    struct value *v = expr_eval(expr, &scope.scope, diags);
    if (v) {
        write_value(c, v);
    } else {
        conform_bool(c, "ok", false);
        conform_text(c, "stage", STR("eval"));
        conform_error(c, diags);
    }
    value_unref(v);
    conform_scope_release(&scope);
}

void conform_eval(struct conform_case *c)
{
    const struct doc *expr = doc_get(c->input, STR("expr"));
    struct diags diags;
    diags_init(&diags);
    c->src = expr ? expr->text : STR("");
    struct source *source = conform_source(c, STR(""));
    struct ast *ast = source ? ast_parse_expression(source, &diags) : NULL;
    if (ast && diags.errors == 0) {
        evaluate(c, ast, &diags);
    } else if (source) {
        conform_bool(c, "ok", false);
        conform_text(c, "stage", STR("parse"));
        conform_diags(c, "diagnostics", &diags);
    }
    if (ast)
        ast_free(ast);
    source_unref(source);
    diags_release(&diags);
}
