/* Reading the files of a configuration, and the life of a program. Bounded by PROGRAM_MAX_FILES and
 * the limits of source.h. */

#include "compiler/program.h"
#include "compiler/program_parts.h"
#include "compiler/catalog.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/vec.h"
#include "base/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

struct file_names {
    VEC(char *) list;
    bool too_many;
};

static bool collect_name(void *arg, const struct world_dir_entry *entry)
{
    struct file_names *names = arg;
    struct str name = str_from(entry->name);
    if (!str_ends(name, STR(".alloy")) || entry->type == DT_DIR)
        return true;
    if (names->list.len == PROGRAM_MAX_FILES) {
        names->too_many = true;
        return false;
    }
    VEC_PUSH(&names->list, mem_strdup(NULL, name.ptr, name.len));
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_release(struct file_names *names)
{
    for (size_t i = 0; i < names->list.len; i++)
        mem_free(names->list.items[i]);
    VEC_RELEASE(&names->list);
}

static void report_attributes(const struct ast *ast, struct diags *diags)
{
    AST_EACH(ast, ast->root, statement)
    {
        if (ast_at(ast, statement)->kind != AST_ATTRIBUTE)
            continue;
        struct str name = ast_name(ast, statement);
        diag_add(diags, DIAG_TOP_ATTRIBUTE, ast->source,
                 ast_range(ast, ast_at(ast, statement)->child), STR_ARG(name));
    }
}

void program_text_add(struct program_text *text, struct source *source, struct diags *diags)
{
    size_t errors = diags->errors;
    struct ast *ast = ast_parse(source, diags);
    if (!ast)
        return;
    if (diags->errors == errors)
        report_attributes(ast, diags);
    text->asts = mem_realloc(NULL, text->asts, (text->count + 1) * sizeof(struct ast *));
    text->asts[text->count++] = ast;
}

struct reading {
    struct program_text *text;
    struct diags *diags;
    struct error *err;
    struct buf bytes; /* of all files, in order */
};

static enum status read_file(struct reading *r, const char *path, const char *shown)
{
    size_t before = r->bytes.len;
    enum status status = file_read(AT_FDCWD, path, &r->bytes, r->err);
    if (status != STATUS_OK)
        return status;
    struct str text = str_of(r->bytes.data + before, r->bytes.len - before);
    status = source_check_encoding(text, r->err);
    if (status != STATUS_OK)
        return status;
    struct source *source = source_new(str_from(shown), text, r->err);
    if (!source)
        return r->err->status;
    program_text_add(r->text, source, r->diags);
    source_unref(source);
    return STATUS_OK;
}

static enum status read_folder(struct reading *r, const char *path)
{
    struct file_names names = {0};
    int listed = world_list(AT_FDCWD, path, collect_name, &names);
    enum status status = STATUS_OK;
    if (listed < 0)
        status = error_errno(r->err, -listed, "open", path);
    else if (names.too_many)
        status =
            error_set(r->err, STATUS_LIMIT, "more than %d files in %s", PROGRAM_MAX_FILES, path);
    if (names.list.len)
        qsort(names.list.items, names.list.len, sizeof(char *), compare_names);
    struct buf joined;
    buf_init(&joined, NULL, 64 * 1024);
    for (size_t i = 0; status == STATUS_OK && i < names.list.len; i++) {
        buf_clear(&joined);
        struct str folder = str_from(path);
        while (folder.len > 1 && folder.ptr[folder.len - 1] == '/')
            folder.len--;
        if (!str_is(folder, "."))
            buf_printf(&joined, "%.*s/", STR_ARG(folder));
        buf_cstr(&joined, names.list.items[i]);
        buf_byte(&joined, '\0');
        status = read_file(r, joined.data, joined.data);
    }
    buf_release(&joined);
    names_release(&names);
    return status;
}

static struct str folder_of(struct str path, bool is_folder)
{
    if (is_folder)
        return path;
    size_t slash = str_rfind_byte(path, '/');
    if (slash == SIZE_MAX)
        return STR(".");
    return str_of(path.ptr, slash ? slash : 1);
}

enum status program_read(const char *path, struct program_text *out, struct diags *diags,
                         struct error *err)
{
    *out = (struct program_text){0};
    struct stat info;
    int found = world_stat(AT_FDCWD, path, 0, &info);
    if (found < 0)
        return error_errno(err, -found, "stat", path);
    bool is_folder = S_ISDIR(info.st_mode);
    struct reading r = {.text = out, .diags = diags, .err = err};
    buf_init(&r.bytes, NULL, SOURCE_MAX_BYTES);
    enum status status = is_folder ? read_folder(&r, path) : read_file(&r, path, path);
    hash_sha256(r.bytes.data, r.bytes.len, out->sha256);
    buf_release(&r.bytes);
    struct str folder = folder_of(str_from(path), is_folder);
    out->module_path = str_of(mem_strdup(NULL, folder.ptr, folder.len), folder.len);
    if (status != STATUS_OK)
        program_text_release(out);
    return status;
}

void program_text_release(struct program_text *text)
{
    for (size_t i = 0; i < text->count; i++)
        ast_free(text->asts[i]);
    mem_free(text->asts);
    mem_free((char *)(uintptr_t)text->module_path.ptr);
    *text = (struct program_text){0};
}

struct program *program_empty(struct program_text *owned_text,
                              const struct program_options *options)
{
    struct program *program = mem_zalloc(NULL, sizeof(*program));
    program->refs = 1;
    program->options = *options;
    program->text = *owned_text;
    *owned_text = (struct program_text){0};
    arena_init(&program->arena, NULL, 0);
    return program;
}

struct program *program_new(struct program_text *owned_text, const struct program_options *options)
{
    struct program *program = program_empty(owned_text, options);
    program->root = module_of_files(program);
    return program;
}

bool program_catalog(struct program *program, struct str name, struct program_symbol *out)
{
    if (!program->catalog)
        program->catalog = catalog_new(&program->arena, NULL);
    return catalog_find(program->catalog, name, out);
}

struct program *program_ref(struct program *program)
{
    atomic_fetch_add_explicit(&program->refs, 1, memory_order_relaxed);
    return program;
}

static void module_release(struct program_module *module)
{
    map_release(&module->ids);
    map_release(&module->declares);
    map_release(&module->firsts);
    for (uint32_t i = 0; i < module->count; i++)
        block_code_free(module->blocks[i].code);
    mem_free(module->problems);
}

void program_unref(struct program *program)
{
    if (!program || atomic_fetch_sub_explicit(&program->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (struct program_module *m = program->modules; m; m = m->next)
        module_release(m);
    arena_release(&program->arena);
    program_text_release(&program->text);
    mem_free(program);
}

struct program_module *program_inner(struct program_module *module, uint32_t declare)
{
    struct program_block *block = &module->blocks[declare];
    if (!block->inner)
        block->inner = module_of_declare(module, block);
    return block->inner;
}

struct program_module *program_template(struct program_module *module, uint32_t foreach,
                                        struct str variable)
{
    struct program_block *block = &module->blocks[foreach];
    ast_id template = program_template_of(block);
    if (!template)
        return NULL;
    for (struct program_module *inner = block->inner; inner; inner = inner->sibling) {
        if (str_eq(inner->variable, variable))
            return inner;
    }
    struct program_module *inner = module_of_template(module, block, template, variable);
    inner->sibling = block->inner;
    block->inner = inner;
    return inner;
}

void program_split_name(struct str name, struct str *space, struct str *rest)
{
    size_t dot = str_find_byte(name, '.', 0);
    *space = dot == SIZE_MAX ? STR("") : str_slice(name, 0, dot);
    *rest = dot == SIZE_MAX ? name : str_slice(name, dot + 1, name.len);
}

bool program_leads_to_import(const struct program_block *custom)
{
    return custom->declared_in && custom->declared_in->blocks[custom->declare].kind == BLOCK_IMPORT;
}

uint32_t program_find_declare(const struct program_module *module, struct str label)
{
    struct program_block *block = map_get(&module->declares, label);
    return block && block->kind == BLOCK_DECLARE ? (uint32_t)(block - module->blocks) : UINT32_MAX;
}

uint32_t program_find_block(const struct program_module *module, struct str id)
{
    struct program_block *block = map_get(&module->ids, id);
    return block ? (uint32_t)(block - module->blocks) : UINT32_MAX;
}
