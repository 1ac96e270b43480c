/* Lints about what nothing uses: components that only serve others, custom components, and
 * arguments and exports of those. A configuration of declares alone is a library, whose users are
 * not here. */

#include "compiler/check_parts.h"

static void begin_uses(struct check *check, struct check_module *m)
{
    if (m->has_uses)
        return;
    m->has_uses = true;
    m->used = ARENA_ARRAY(&check->program->arena, m->module->count + 1, bool);
    memset(m->used, 0, m->module->count * sizeof(bool));
    map_init(&m->used_exports, NULL);
}

void check_use(struct check *check, struct check_module *m, uint32_t block)
{
    begin_uses(check, m);
    m->used[block] = true;
}

void check_use_export(struct check *check, struct check_module *inner, struct str name)
{
    begin_uses(check, inner);
    if (name.len)
        map_put(&inner->used_exports, name, inner);
    else
        inner->all_exports_used = true;
}

static void report(const struct check *check, const struct program_block *block, enum diag_id id,
                   struct str name, const char *hint)
{
    struct diag *diag = diag_add(check->diags, id, block->ast->source,
                                 check_head(block, block->name.len), STR_ARG(name));
    diag_hint(check->diags, diag, "%s", hint);
}

/* Components with exports that work also when nobody reads these. */
static bool works_alone(struct str name)
{
    return str_starts(name, STR("database_observability.")) || str_starts(name, STR("beyla.")) ||
           str_is(name, "faro.receiver") || str_starts(name, STR("otelcol.receiver.")) ||
           str_starts(name, STR("prometheus.operator.")) ||
           str_starts(name, STR("otelcol.extension."));
}

static void check_component(struct check *check, struct check_module *m,
                            const struct program_block *block)
{
    struct program_symbol symbol;
    if (!check_symbol(check, m, block, &symbol) || !symbol.exports || works_alone(block->name) ||
        !symbol.exports->rows->name)
        return;
    report(check, block, DIAG_UNUSED_COMPONENT, block->id,
           "it only serves components that refer to it: refer to it, or remove it");
}

static void check_exports(struct check *check, const struct check_module *m)
{
    for (uint32_t i = 0; i < m->module->count; i++) {
        const struct program_block *block = &m->module->blocks[i];
        if (block->kind == BLOCK_EXPORT && block->label.len && !m->all_exports_used &&
            !(m->has_uses && map_get((struct map *)&m->used_exports, block->label)))
            report(check, block, DIAG_UNUSED_EXPORT, block->label,
                   "no user of the custom component reads it");
    }
}

static void check_module(struct check *check, struct check_module *m)
{
    for (uint32_t i = 0; i < m->module->count; i++) {
        const struct program_block *block = &m->module->blocks[i];
        bool used = m->has_uses && m->used[i];
        if (block->kind == BLOCK_DECLARE && used && m->inner[i]) {
            check_exports(check, m->inner[i]);
        } else if (used || !block->usable) {
            continue;
        } else if (block->kind == BLOCK_COMPONENT) {
            check_component(check, m, block);
        } else if (block->kind == BLOCK_ARGUMENT && block->label.len) {
            report(check, block, DIAG_UNUSED_ARGUMENT, block->label,
                   "read it as argument.NAME.value, or remove it");
        } else if (block->kind == BLOCK_DECLARE && block->label.len) {
            report(check, block, DIAG_UNUSED_DECLARE, block->label, "use it, or remove it");
        }
    }
}

static bool is_library(const struct check_module *root)
{
    for (uint32_t i = 0; i < root->module->count; i++) {
        enum block_kind kind = root->module->blocks[i].kind;
        if (kind != BLOCK_DECLARE && kind != BLOCK_IMPORT)
            return false;
    }
    return true;
}

void check_unused(struct check *check)
{
    bool library = is_library(check->modules.items[0]);
    for (size_t i = library; i < check->modules.len; i++)
        check_module(check, check->modules.items[i]);
}
