#ifndef COMPILER_PROGRAM_H
#define COMPILER_PROGRAM_H

/* A program: the blocks of a configuration, classified, named and with every reference resolved
 * (SEMANTICS §10, §11). Nothing is evaluated here.
 *
 * A module is one scope of blocks: the files of the configuration or of an import merged (the root
 * of a program), the body of a declare, or the template of a foreach. Analysis of a module finds
 * facts (blocks, ids, references, order) and problems; it words nothing. The reports word the
 * problems, once for `run` and once for `validate`, so that both come from one walk. The compiler
 * knows no components: what a block's name stands for is answered by program_options.find.
 *
 * A program is reference-counted and immutable after its modules have been analysed, except that
 * program_inner and
 * program_template analyse a body when first asked. One thread at a time. Everything lives
 * in the program's arena and maps; a memory scope may be left at any point. */

#include "compiler/ast.h"
#include "compiler/decode.h"
#include "compiler/stability.h"

#include "base/map.h"

enum {
    PROGRAM_MAX_BLOCKS = 1000000,
    PROGRAM_MAX_FILES = 10000,
};

/* ---- reading ---- */

struct program_text {
    struct ast **asts; /* one a file, in name order */
    size_t count;
    struct str module_path;   /* folder of the configuration */
    unsigned char sha256[32]; /* of all texts in order */
};

/* Reads and parses a file, or all *.alloy of a folder (named FOLDER/file.alloy). Diagnostics of all
 * files are collected, top-level attributes included; the text is of use only if there is none. A
 * file that cannot be read or is wrongly encoded is an error ("stat x: no such file or directory")
 * without diagnostics. */
enum status program_read(const char *path, struct program_text *out, struct diags *diags,
                         struct error *err);
/* Parses one more file into a text that is put together by hand (the language server's, whose files
 * are not all on the disk); module_path and sha256 are the caller's. */
void program_text_add(struct program_text *text, struct source *source, struct diags *diags);
void program_text_release(struct program_text *text);

/* ---- what a program is made of ---- */

enum block_kind {
    BLOCK_COMPONENT,
    BLOCK_CUSTOM, /* an instance of a declare, its own or an import's */
    BLOCK_DECLARE,
    BLOCK_ARGUMENT,
    BLOCK_EXPORT,
    BLOCK_LOGGING,
    BLOCK_TRACING,
    BLOCK_IMPORT,
    BLOCK_FOREACH,
    BLOCK_SERVICE,
};

/* What a builtin name stands for. */
struct program_symbol {
    const void *def; /* the asker's own */
    const struct shape *args;
    const struct shape *exports; /* NULL = none */
    enum stability stability;
    bool community;
    bool configurable; /* services: may be given a block */
    bool refused;      /* Alloy has it, this program does not yet: the schema is for checks only */
};

struct program_options {
    /* COMPONENT, SERVICE and the config blocks. False = unknown. */
    bool (*find)(void *arg, enum block_kind kind, struct str name, struct program_symbol *out);
    void *arg;
    const struct stdlib *stdlib;
    enum stability min_stability;
    bool community;
};

enum program_ref_kind {
    REF_NONE,        /* the standard library's, or unresolved */
    REF_BLOCK,       /* blocks[target] of the module, after `used` names */
    REF_MODULE_PATH, /* the name module_path */
    REF_ARGUMENTS,   /* `argument` with no argument block of that name behind it */
    REF_SHADOWED,    /* a library namespace hidden by components of that name */
    REF_VARIABLE,    /* the item of a foreach */
};

enum { PROGRAM_MAX_UP = 255 };

struct program_ref {
    uint8_t kind;
    uint8_t up; /* how many templates the reference leaves: BLOCK and ARGUMENTS are in that
                   enclosing module, VARIABLE is that template's */
    uint16_t used;
    uint32_t target;
};

/* One expression of a body: where its references stand in refs. */
struct program_expr {
    const struct expr *expr;
    uint32_t first_ref;
};

struct program_block {
    enum block_kind kind;
    struct str name; /* "prometheus.scrape" */
    struct str label;
    struct str id; /* name, or name.label */
    const struct ast *ast;
    ast_id node;
    bool usable; /* took its place in the module (not a duplicate, known, allowed) */
    struct program_symbol symbol;
    uint32_t declare; /* CUSTOM: index of the declare or import in `declared_in` */
    struct program_module *declared_in; /* CUSTOM: NULL = the name leads nowhere */
    struct program_module *inner;       /* DECLARE, FOREACH: analysed bodies, once asked for */
    bool has_body; /* is evaluated: not for declare and unusable blocks; of a foreach without its
                      template */
    struct block_code *code;    /* of the body, once it was kept (program_keep_code) */
    struct program_expr *exprs; /* those that refer to something, in source order */
    uint32_t expr_count;
    struct program_ref *refs;
    uint32_t ref_count;
    const uint32_t *deps; /* blocks this one must come after, unique, ascending */
    uint32_t dep_count;
};

enum program_problem_kind {
    PROBLEM_DUPLICATE,         /* other = the first */
    PROBLEM_DUPLICATE_SERVICE, /* other = the first */
    PROBLEM_RESERVED_LABEL,    /* declare "declare" */
    PROBLEM_NO_LABEL,
    PROBLEM_UNKNOWN_NAME,
    PROBLEM_STABILITY,
    PROBLEM_COMMUNITY,
    PROBLEM_ONLY_IN_MODULE,
    PROBLEM_NOT_IN_MODULE,
    PROBLEM_SERVICE_FIXED, /* the service takes no configuration */
    PROBLEM_ATTRIBUTE,     /* an attribute among blocks; node = the attribute */
    PROBLEM_UNKNOWN_REFERENCE,
    PROBLEM_FUNCTION_STABILITY,
    PROBLEM_SHADOWING,  /* warning */
    PROBLEM_DEPRECATED, /* warning */
    PROBLEM_CYCLE,      /* members */
    PROBLEM_SELF,
    PROBLEM_NOT_OFFERED, /* Alloy has it, this program does not yet */
};

struct program_problem {
    enum program_problem_kind kind;
    uint32_t block;
    uint32_t other;
    const struct ast *ast;
    ast_id node;     /* references: the traversal */
    struct str text; /* references: a.b.c; functions: the name */
    const uint32_t *members;
    uint32_t member_count;
};

struct program_module {
    struct program *program;
    struct program_module *parent;    /* whose declares are visible here too */
    struct program_module *enclosing; /* of a template: whose blocks can be referred to */
    struct str variable;              /* of a template: the name of its item */
    struct program_module *sibling;   /* the same template with another variable */
    struct program_module *next;      /* of the program's list */
    struct program_block *blocks;
    uint32_t count;
    const uint32_t *order; /* usable blocks, dependencies first */
    uint32_t order_count;
    struct map ids;      /* id → usable block */
    struct map declares; /* label → declare or import block */
    struct map firsts;   /* first name parts of components that hide a library namespace */
    struct program_problem *problems;
    uint32_t problem_count;
    uint32_t problem_cap;
    bool is_root;
    bool has_arguments;
};

struct program {
    atomic_uint refs;
    struct arena arena;
    struct program_options options;
    struct program_text text;
    struct program_module *modules;
    struct program_module *root;
    struct catalog *catalog; /* in the arena; NULL = nothing was asked yet */
};

/* Takes the text. The options' pointers must outlive the program. */
struct program *program_new(struct program_text *owned_text, const struct program_options *options);
struct program *program_ref(struct program *program);
void program_unref(struct program *program);
/* The analysed body of a declare block of `module`. */
struct program_module *program_inner(struct program_module *module, uint32_t declare);
/* The analysed template of a foreach block, whose item is called `variable`; NULL = it has none. */
struct program_module *program_template(struct program_module *module, uint32_t foreach,
                                        struct str variable);

/* The template block of a foreach, of several the last; 0 = it has none. */
ast_id program_template_of(const struct program_block *foreach);

/* ---- imports ---- */

struct import_text {
    struct str name; /* of the file; for messages */
    struct str text;
};
struct import_content {
    struct str label;       /* the import's: the name of its sources in messages */
    struct str module_path; /* for the blocks inside */
    const struct import_text *texts;
    size_t count;
    bool without_files; /* fetched by HTTP: import.file is refused inside */
    struct str id;      /* of the import block; for that message */
};
/* What an import brings: a program whose root has declare and import blocks alone (SEMANTICS
 * §15.2). NULL = a text is not a module: err says why as Alloy words it, and `diags` gets what the
 * parser found. Everything is copied. */
struct program *program_import(const struct import_content *content,
                               const struct program_options *options, struct diags *diags,
                               struct error *err);
/* Does the name of a custom component lead into an import? */
bool program_leads_to_import(const struct program_block *custom);
/* Index of the declare of that label, or UINT32_MAX; for what comes after an import's name. */
uint32_t program_find_declare(const struct program_module *module, struct str label);

/* "m.x" → "m" and "x"; "x" → "" and "x". */
void program_split_name(struct str name, struct str *space, struct str *rest);

/* False for a body without any statement. */
static inline bool block_has_statements(const struct program_block *block)
{
    return ast_at(block->ast, ast_block_body(block->ast, block->node))->child != 0;
}

/* A compiled body, in memory of its own: most blocks are evaluated once, or not at all after a
 * reload. Expressions that refer to something are the block's. */
struct block_code {
    struct arena arena;
    struct body *body;
};
struct block_code *program_compile_body(const struct program_block *block);
void block_code_free(struct block_code *code);
/* The block's from now on, until its program ends. */
void program_keep_code(struct program_module *module, const struct program_block *block,
                       struct block_code *owned_code);

/* Index of the usable block with this id, or UINT32_MAX. */
uint32_t program_find_block(const struct program_module *module, struct str id);
/* The references of an expression of this block's body; NULL if the body has no such expression.
 * `hint` remembers where the last one was found: expressions are asked for in order. */
const struct program_ref *program_refs_of(const struct program_block *block,
                                          const struct expr *expr, uint32_t *hint);

/* Is the problem a warning? */
bool program_problem_is_warning(enum program_problem_kind kind);
/* The problems of a module as `run` words them; warnings are left out. */
void program_report_run(const struct program_module *module, struct diags *diags);
/* The whole block, from its name to its closing brace. */
struct range program_block_range(const struct program_block *block);
/* "component "X" is at stability level …" */
struct str program_stability_text(struct arena *arena, const char *subject, struct str name,
                                  enum stability level, enum stability minimum);

#endif
