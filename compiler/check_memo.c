/* What is remembered from one check of a configuration to the next: blocks of components whose body
 * was in order, by their text. Such a body need not be looked at again while its references have
 * the types they had; these are read off the record, without compiling expressions. Nothing that is
 * reported comes from here. One record a text, as many as the last checks had blocks; older ones go
 * when they are in the way. */

#include "compiler/check_memo.h"

#include "base/hash.h"

struct memo_name {
    uint32_t at; /* from where the block begins */
    uint32_t len;
};

struct memo_ref {
    uint32_t node; /* counted from the block's first */
    uint32_t name_count;
};

struct memo_record {
    struct memo_key key;
    uint32_t stamp;   /* of the last check that had the block */
    bool clean;       /* the body was in order, */
    uint64_t answers; /* with references of these types */
    uint32_t ref_count;
    uint32_t name_count; /* of all references */
    struct memo_ref *refs;
    struct memo_name *names;
};

struct check_memo {
    struct memo_record **slots; /* open addressing */
    size_t slot_count;          /* a power of two, or 0 */
    size_t count;
    uint32_t stamp;
    struct program_options options;
    struct str module_path; /* owned */
};

enum { SLOTS_FIRST = 64 };

struct check_memo *check_memo_new(void)
{
    return mem_zalloc(NULL, sizeof(struct check_memo));
}

static void forget_all(struct check_memo *memo)
{
    for (size_t i = 0; i < memo->slot_count; i++)
        mem_free(memo->slots[i]);
    mem_free(memo->slots);
    memo->slots = NULL;
    memo->slot_count = memo->count = 0;
}

void check_memo_free(struct check_memo *memo)
{
    if (!memo)
        return;
    forget_all(memo);
    mem_free((char *)(uintptr_t)memo->module_path.ptr);
    mem_free(memo);
}

static bool same_options(const struct program_options *a, const struct program_options *b)
{
    return a->find == b->find && a->arg == b->arg && a->stdlib == b->stdlib &&
           a->min_stability == b->min_stability && a->community == b->community;
}

void memo_begin(struct check_memo *memo, const struct program *program)
{
    struct str path = program->text.module_path;
    memo->stamp++;
    if (same_options(&memo->options, &program->options) && str_eq(memo->module_path, path))
        return;
    forget_all(memo);
    memo->options = program->options;
    mem_free((char *)(uintptr_t)memo->module_path.ptr);
    memo->module_path = str_of(mem_strdup(NULL, path.ptr, path.len), path.len);
}

/* ---- the table ---- */

static struct memo_record **slot_of(struct memo_record **slots, size_t count,
                                    const struct memo_key *key)
{
    size_t at = (size_t)key->hash & (count - 1);
    while (slots[at] && (slots[at]->key.hash != key->hash || slots[at]->key.other != key->other))
        at = (at + 1) & (count - 1);
    return &slots[at];
}

/* Twice as large, or as large as it is without what the last checks did not have. */
static void make_room(struct check_memo *memo)
{
    size_t live = 0;
    for (size_t i = 0; i < memo->slot_count; i++)
        live += memo->slots[i] && memo->slots[i]->stamp + 1 >= memo->stamp;
    size_t count = SLOTS_FIRST;
    while (count < 3 * (live + 1))
        count *= 2;
    struct memo_record **slots = mem_array(NULL, count, sizeof(struct memo_record *));
    for (size_t i = 0; i < memo->slot_count; i++) {
        struct memo_record *record = memo->slots[i];
        if (record && record->stamp + 1 >= memo->stamp)
            *slot_of(slots, count, &record->key) = record;
        else
            mem_free(record);
    }
    mem_free(memo->slots);
    memo->slots = slots;
    memo->slot_count = count;
    memo->count = live;
}

struct memo_key memo_key(const struct program_block *block)
{
    struct str text = ast_text(block->ast, block->node);
    return (struct memo_key){hash_str(text),
                             (uint64_t)hash_crc32c(0, text.ptr, text.len) << 32 | text.len};
}

const struct memo_record *memo_find(struct check_memo *memo, const struct memo_key *key)
{
    if (!memo->slot_count)
        return NULL;
    struct memo_record *record = *slot_of(memo->slots, memo->slot_count, key);
    if (record)
        record->stamp = memo->stamp;
    return record;
}

/* ---- references ---- */

void memo_note(struct memo_notes *notes, const struct program_block *block,
               const struct expr_ref *ref)
{
    uint32_t begin = ast_at(block->ast, block->node)->start;
    const char *text = block->ast->source->text.ptr + begin;
    VEC_PUSH(&notes->refs, ((struct memo_ref){ref->node - ast_first(block->ast, block->node),
                                              (uint32_t)ref->count}));
    for (size_t i = 0; i < ref->count; i++)
        VEC_PUSH(&notes->names, ((struct memo_name){(uint32_t)(ref->names[i].ptr - text),
                                                    (uint32_t)ref->names[i].len}));
}

void memo_each(const struct memo_record *record, const struct program_block *block,
               struct arena *scratch, memo_ref_fn *fn, void *arg)
{
    const struct ast *ast = block->ast;
    const char *text = ast->source->text.ptr + ast_at(ast, block->node)->start;
    ast_id first = ast_first(ast, block->node);
    struct str *names = ARENA_ARRAY(scratch, record->name_count + 1, struct str);
    for (uint32_t i = 0; i < record->name_count; i++)
        names[i] = str_of(text + record->names[i].at, record->names[i].len);
    for (uint32_t i = 0; i < record->ref_count; i++) {
        const struct memo_ref *ref = &record->refs[i];
        struct expr_ref at = {.names = names, .count = ref->name_count, .node = first + ref->node};
        fn(arg, &at);
        names += ref->name_count;
    }
}

struct answering {
    const struct check_place *place;
    uint64_t sum;
};

static void answer(void *arg, const struct expr_ref *ref)
{
    struct answering *a = arg;
    struct check_ref found;
    check_resolve((void *)(uintptr_t)a->place, ref, &found);
    a->sum = hash_mix(a->sum, (uint64_t)found.kind);
    if (found.kind == CHECK_REF_TYPED)
        a->sum = hash_mix(a->sum, hash_str(found.id)); /* its name says what it exports */
}

uint64_t memo_answers(const struct memo_record *record, const struct program_block *block,
                      const struct check_place *place, struct arena *scratch)
{
    struct answering a = {.place = place};
    memo_each(record, block, scratch, answer, &a);
    return a.sum;
}

bool memo_is_clean(const struct memo_record *record, uint64_t answers)
{
    return record->clean && record->answers == answers;
}

/* ---- learning ---- */

static struct memo_record *record_new(const struct memo_key *key, const struct memo_notes *notes)
{
    size_t refs = notes->refs.len * sizeof(struct memo_ref);
    size_t names = notes->names.len * sizeof(struct memo_name);
    struct memo_record *record = mem_alloc(NULL, sizeof(*record) + refs + names);
    *record = (struct memo_record){.key = *key,
                                   .ref_count = (uint32_t)notes->refs.len,
                                   .name_count = (uint32_t)notes->names.len};
    record->refs = (struct memo_ref *)(record + 1);
    record->names = (struct memo_name *)(record->refs + record->ref_count);
    if (refs)
        memcpy(record->refs, notes->refs.items, refs);
    if (names)
        memcpy(record->names, notes->names.items, names);
    return record;
}

const struct memo_record *memo_learn(struct check_memo *memo, const struct memo_key *key,
                                     const struct memo_notes *notes)
{
    if (3 * (memo->count + 1) > 2 * memo->slot_count)
        make_room(memo);
    struct memo_record **slot = slot_of(memo->slots, memo->slot_count, key);
    if (!*slot) {
        *slot = record_new(key, notes);
        memo->count++;
    }
    (*slot)->stamp = memo->stamp;
    return *slot;
}

void memo_judge(const struct memo_record *record, bool clean, uint64_t answers)
{
    struct memo_record *mine = (struct memo_record *)(uintptr_t)record;
    mine->clean = clean;
    mine->answers = answers;
}

void memo_notes_release(struct memo_notes *notes)
{
    VEC_RELEASE(&notes->refs);
    VEC_RELEASE(&notes->names);
}
