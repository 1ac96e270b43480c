/* Where a fault is in the text (SEMANTICS §7): the value's node, found in the trace by the value's
 * address, newest first; the message quotes the node's source text and the path below it. */

#include "compiler/code.h"
#include "compiler/format.h"

enum { MESSAGE_MAX = 1 << 20 };

struct place {
    struct buf path;
    ast_id node;
    bool literal; /* the last value looked at has a node of its own */
};

static ast_id find_node(const struct run *run, const struct value *v)
{
    if (v->type == VALUE_NULL)
        return 0;
    for (uint32_t i = run->count; i-- > 0;)
        if (run->trace[i] == v)
            return run->e->ops[i].node;
    return 0;
}

/* Goes one value deeper. The path begins anew at a value whose container had a node as well. */
static void look(struct place *place, const struct run *run, const struct value *v)
{
    ast_id node = find_node(run, v);
    if (node == 0) {
        place->literal = false;
        return;
    }
    if (place->literal)
        buf_clear(&place->path);
    place->node = node;
    place->literal = true;
}

static void walk_fault(struct place *place, const struct run *run, const struct fault *fault)
{
    for (unsigned i = fault->depth; i-- > 0;) {
        const struct fault_step *step = &fault->steps[i];
        if (step->key.ptr)
            buf_printf(&place->path, ".%.*s", STR_ARG(step->key));
        else if (!step->is_argument)
            buf_printf(&place->path, "[%zu]", step->index);
        look(place, run, step->container);
    }
    if (fault->value)
        look(place, run, fault->value);
}

static void add_plain(const struct fault *fault, struct diags *diags)
{
    diag_add(diags, DIAG_PLAIN, NULL, (struct range){0}, (int)strlen(fault->err.message),
             fault->err.message);
}

static void add(const struct run *run, const struct fault *fault, const struct place *place,
                struct diags *diags)
{
    const struct ast *ast = run->e->ast;
    struct buf message;
    struct buf value;
    buf_init(&message, NULL, MESSAGE_MAX);
    buf_init(&value, NULL, MESSAGE_MAX);
    if (place->node)
        format_expression(&message, ast, place->node);
    buf_str(&message, buf_view(&place->path));
    buf_byte(&message, ' ');
    fault_message(fault, false, &message);
    if (!place->literal && fault->value && fault->value->type != VALUE_NULL)
        value_print(&value, fault->value);
    struct range range = {0};
    if (place->node)
        range = ast_range(ast, place->node);
    struct diag *diag = diag_add(diags, DIAG_VALUE, place->node ? ast->source : NULL, range,
                                 STR_ARG(buf_view(&message)));
    if (diag && value.len > 0)
        diag->value = arena_str(&diags->arena, buf_view(&value));
    buf_release(&message);
    buf_release(&value);
}

void run_report(const struct run *run, const struct fault *fault, struct diags *diags)
{
    if (fault->plain) {
        add_plain(fault, diags);
        return;
    }
    struct place place = {0};
    buf_init(&place.path, NULL, MESSAGE_MAX);
    walk_fault(&place, run, fault);
    add(run, fault, &place, diags);
    buf_release(&place.path);
}

void run_report_at(const struct run *run, uint32_t op, const struct fault *fault,
                   struct diags *diags)
{
    struct place place = {0};
    buf_init(&place.path, NULL, MESSAGE_MAX);
    if (fault->value && fault->value->type != VALUE_NULL) {
        place.node = run->e->ops[op].node;
        place.literal = true;
    }
    add(run, fault, &place, diags);
    buf_release(&place.path);
}
