/* The problems of a module in the words of `run` (SEMANTICS §11.2). */

#include "compiler/program_parts.h"

bool program_problem_is_warning(enum program_problem_kind kind)
{
    return kind == PROBLEM_SHADOWING || kind == PROBLEM_DEPRECATED;
}

struct range program_block_range(const struct program_block *block)
{
    const struct ast_node *node = ast_at(block->ast, block->node);
    return source_range(block->ast->source, node->start, node->end);
}

struct str program_stability_text(struct arena *arena, const char *subject, struct str name,
                                  enum stability level, enum stability minimum)
{
    const char *quote = *subject ? "\"" : "";
    return arena_printf(arena,
                        "%s%s%s%.*s%s is at stability level \"%s\", which is below the minimum "
                        "allowed stability level \"%s\". Use --stability.level command-line flag "
                        "to enable \"%s\" features",
                        subject, *subject ? " " : "", quote, STR_ARG(name), quote,
                        stability_name(level), stability_name(minimum), stability_name(level));
}

struct reporting {
    const struct program_module *module;
    struct diags *diags;
};

static struct source *source_of(const struct program_problem *problem)
{
    return problem->ast->source;
}

/* As many bytes as `len` says from where the block begins. */
static struct range head(const struct program_problem *problem, size_t len)
{
    uint32_t start = ast_at(problem->ast, problem->node)->start;
    uint32_t end = (uint32_t)source_of(problem)->text.len;
    if (len < end - start)
        end = start + (uint32_t)len;
    return source_range(source_of(problem), start, end);
}

static void report_duplicate(const struct reporting *r, const struct program_problem *problem)
{
    const struct program_block *block = &r->module->blocks[problem->block];
    const struct program_block *other = &r->module->blocks[problem->other];
    struct pos at = program_block_range(other).start;
    diag_add(r->diags, DIAG_BLOCK_TWICE, source_of(problem), head(problem, block->id.len),
             STR_ARG(block->id), STR_ARG(other->ast->source->name), at.line, at.col);
}

static void report_stability(const struct reporting *r, const struct program_problem *problem)
{
    const struct program_block *block = &r->module->blocks[problem->block];
    bool is_component = block->kind == BLOCK_COMPONENT;
    const char *subject = is_component                   ? "component"
                          : block->kind == BLOCK_SERVICE ? "block"
                                                         : "config block";
    enum stability minimum = r->module->program->options.min_stability;
    struct str text = program_stability_text(&r->diags->arena, subject, block->name,
                                             block->symbol.stability, minimum);
    struct range range = is_component ? head(problem, block->name.len) : program_block_range(block);
    diag_add(r->diags, DIAG_STABILITY, source_of(problem), range, STR_ARG(text));
}

static void report_function(const struct reporting *r, const struct program_problem *problem)
{
    enum stability minimum = r->module->program->options.min_stability;
    struct str text = program_stability_text(&r->diags->arena, "", problem->text,
                                             STABILITY_EXPERIMENTAL, minimum);
    /* Alloy points from the first name to the first letter of the last one. */
    const struct ast_node *node = ast_at(problem->ast, problem->node);
    size_t dot = str_rfind_byte(problem->text, '.');
    size_t last = dot == SIZE_MAX ? problem->text.len : problem->text.len - dot - 1;
    diag_add(r->diags, DIAG_STABILITY, source_of(problem),
             head(problem, node->end - node->start - last + 1), STR_ARG(text));
}

static void report_cycle(const struct reporting *r, const struct program_problem *problem)
{
    struct buf names;
    buf_init(&names, NULL, 1 << 20);
    for (uint32_t i = 0; i < problem->member_count; i++) {
        buf_cstr(&names, i ? ", " : "");
        buf_str(&names, r->module->blocks[problem->members[i]].id);
    }
    struct str text = buf_view(&names);
    diag_add(r->diags, DIAG_CYCLE, NULL, (struct range){0}, STR_ARG(text));
    buf_release(&names);
}

static void report_place(const struct reporting *r, const struct program_problem *problem)
{
    const struct program_block *block = &r->module->blocks[problem->block];
    struct range whole = program_block_range(block);
    struct str name = block->name;
    if (problem->kind == PROBLEM_ONLY_IN_MODULE)
        diag_add(r->diags, DIAG_ONLY_IN_MODULE, source_of(problem), whole, STR_ARG(name));
    else if (block->kind == BLOCK_SERVICE)
        diag_add(r->diags, DIAG_SERVICE_IN_MODULE, source_of(problem), whole, STR_ARG(block->id));
    else
        diag_add(r->diags, DIAG_NOT_IN_MODULE, source_of(problem), whole, STR_ARG(name));
}

/* Problems whose message shows one text over one range. */
static void report_simple(const struct reporting *r, const struct program_problem *problem)
{
    const struct program_block *block = &r->module->blocks[problem->block];
    struct source *source = source_of(problem);
    struct range name = head(problem, block->name.len);
    switch (problem->kind) {
    case PROBLEM_DUPLICATE_SERVICE:
        diag_add(r->diags, DIAG_SERVICE_TWICE, source, program_block_range(block),
                 STR_ARG(block->id));
        break;
    case PROBLEM_RESERVED_LABEL:
        diag_add(r->diags, DIAG_RESERVED_LABEL, source, program_block_range(block));
        break;
    case PROBLEM_UNKNOWN_NAME:
        diag_add(r->diags, DIAG_UNKNOWN_COMPONENT, source, name, STR_ARG(block->name));
        break;
    case PROBLEM_COMMUNITY:
        diag_add(r->diags, DIAG_COMMUNITY, source, name, STR_ARG(block->name));
        break;
    case PROBLEM_NOT_OFFERED:
        diag_add(r->diags,
                 block->kind == BLOCK_COMPONENT ? DIAG_COMPONENT_NOT_OFFERED : DIAG_NOT_OFFERED,
                 source, name, STR_ARG(block->name));
        break;
    case PROBLEM_ATTRIBUTE:
        diag_add(r->diags, DIAG_TOP_ATTRIBUTE, source,
                 ast_range(problem->ast, ast_at(problem->ast, problem->node)->child),
                 STR_ARG(problem->text));
        break;
    case PROBLEM_UNKNOWN_REFERENCE:
        diag_add(r->diags, DIAG_UNKNOWN_REFERENCE, source, ast_range(problem->ast, problem->node),
                 STR_ARG(problem->text));
        break;
    case PROBLEM_SELF:
        diag_add(r->diags, DIAG_SELF_REFERENCE, NULL, (struct range){0}, STR_ARG(block->id));
        break;
    default: break;
    }
}

/* Config blocks may go without a label here; components may not. */
static void report_label(const struct reporting *r, const struct program_problem *problem)
{
    const struct program_block *block = &r->module->blocks[problem->block];
    if (block->kind == BLOCK_COMPONENT)
        diag_add(r->diags, DIAG_NO_LABEL, source_of(problem), head(problem, block->name.len),
                 STR_ARG(block->name));
}

void program_report_run(const struct program_module *module, struct diags *diags)
{
    struct reporting r = {module, diags};
    for (uint32_t i = 0; i < module->problem_count; i++) {
        const struct program_problem *problem = &module->problems[i];
        switch (problem->kind) {
        case PROBLEM_DUPLICATE: report_duplicate(&r, problem); break;
        case PROBLEM_STABILITY: report_stability(&r, problem); break;
        case PROBLEM_FUNCTION_STABILITY: report_function(&r, problem); break;
        case PROBLEM_CYCLE: report_cycle(&r, problem); break;
        case PROBLEM_ONLY_IN_MODULE:
        case PROBLEM_NOT_IN_MODULE: report_place(&r, problem); break;
        case PROBLEM_NO_LABEL: report_label(&r, problem); break;
        default: report_simple(&r, problem);
        }
    }
}
