/* The engine of relabelling: compiled rules and what they do to a set. Owns the rules' texts (one
 * block a list) and references on their expressions. A set is bounded by labels.h, texts made for
 * it by the scratch's arena. The shape of rules and its check are relabel_shape.c. */
#include "components/common/relabel.h"

#include "base/regex.h"
#include "base/strconv.h"
#include "components/common/md5.h"
#include "components/common/relabel_rule.h"
#include "compiler/target.h"

enum { TEXTS_MAX = 16 * 1024 * 1024, GROUPS_MAX = 100 };

/* A replacement is literals and groups in turn (regexp.Expand of Go). */
struct piece {
    struct str literal;
    int group; /* -1 = the literal */
};

struct rule {
    enum relabel_action action;
    struct regex *regex; /* NULL = matches everything, group 1 is everything */
    uint64_t modulus;
    struct str separator;
    struct str target;
    struct str replacement;
    struct str *sources;
    size_t source_count;
    struct piece *target_pieces; /* NULL = no variable in it: `target` as it stands */
    size_t target_piece_count;
    struct piece *pieces;
    size_t piece_count;
    unsigned groups; /* to capture, 0 when only a match is asked for */
    bool has_sources;
};

struct relabel_rules {
    atomic_uint refs;
    struct arena arena;
    struct rule *rules;
    size_t count;
};

/* ---- compiling ---- */

static bool is_word(uint32_t rune)
{
    return rune == '_' || unicode_is_letter(rune) || unicode_is_digit(rune);
}

/* The name behind '$': its length in bytes with braces, 0 when there is none. */
static size_t variable(struct str text, struct str *name)
{
    bool brace = text.len > 0 && text.ptr[0] == '{';
    size_t at = brace ? 1 : 0;
    size_t from = at;
    while (at < text.len) {
        unsigned size = 1;
        if (!is_word(utf8_decode(str_slice(text, at, text.len), &size))) {
            break;
        }
        at += size;
    }
    *name = str_slice(text, from, at);
    if (name->len == 0 || (brace && (at >= text.len || text.ptr[at] != '}'))) {
        return 0;
    }
    return brace ? at + 1 : at;
}

static int group_of(const struct rule *rule, struct str name)
{
    uint64_t number = 0;
    bool digits = str_to_u64(name, &number) && (name.len == 1 || name.ptr[0] != '0');
    unsigned known = rule->regex ? regex_groups(rule->regex) : 1;
    if (digits) {
        return number <= known && number < GROUPS_MAX ? (int)number : GROUPS_MAX;
    }
    for (unsigned i = known; rule->regex && i >= 1; i--) {
        if (i < GROUPS_MAX && str_eq(regex_group_name(rule->regex, i), name)) {
            return (int)i;
        }
    }
    return GROUPS_MAX; /* unknown: expands to nothing */
}

static void add_piece(struct piece *pieces, size_t *count, struct piece piece)
{
    if (piece.group >= 0 || piece.literal.len > 0) {
        pieces[(*count)++] = piece;
    }
}

static struct piece *compile_template(struct arena *arena, struct rule *rule, struct str text,
                                      size_t *count)
{
    size_t dollars = 0;
    for (size_t at = 0; at < text.len; at++) {
        dollars += text.ptr[at] == '$';
    }
    struct piece *pieces = ARENA_ARRAY(arena, 2 * dollars + 1, struct piece);
    *count = 0;
    size_t from = 0;
    for (size_t at = 0; at < text.len;) {
        if (text.ptr[at] != '$') {
            at++;
            continue;
        }
        struct str name = STR_NONE;
        size_t len = 0;
        bool dollar = at + 1 < text.len && text.ptr[at + 1] == '$';
        if (!dollar) {
            len = variable(str_slice(text, at + 1, text.len), &name);
        }
        if (!dollar && len == 0) {
            at++; /* stands for itself */
            continue;
        }
        add_piece(pieces, count, (struct piece){str_slice(text, from, dollar ? at + 1 : at), -1});
        if (!dollar) {
            int group = group_of(rule, name);
            add_piece(pieces, count, (struct piece){STR_NONE, group});
            if (group < GROUPS_MAX && (unsigned)group + 1 > rule->groups) {
                rule->groups = (unsigned)group + 1;
            }
        }
        at += dollar ? 2 : 1 + len;
        from = at;
    }
    add_piece(pieces, count, (struct piece){str_slice(text, from, text.len), -1});
    return pieces;
}

static void compile(struct arena *arena, const struct relabel_rule *from, struct rule *to)
{
    to->action = from->action;
    to->regex = from->regex.re && !str_is(regex_pattern(from->regex.re), "(.*)")
                    ? regex_ref(from->regex.re)
                    : NULL;
    to->modulus = from->modulus;
    to->separator = arena_str(arena, from->separator);
    to->target = arena_str(arena, from->target_label);
    to->replacement = arena_str(arena, from->replacement);
    to->has_sources = from->source_labels.is_set;
    to->source_count = from->source_labels.count;
    to->sources = ARENA_ARRAY(arena, to->source_count, struct str);
    for (size_t i = 0; i < to->source_count; i++) {
        to->sources[i] = arena_str(arena, from->source_labels.items[i]);
    }
    if (to->action != RELABEL_REPLACE && to->action != RELABEL_LABELMAP) {
        return;
    }
    to->pieces = compile_template(arena, to, to->replacement, &to->piece_count);
    if (to->action == RELABEL_REPLACE && str_find_byte(to->target, '$', 0) != SIZE_MAX) {
        to->target_pieces = compile_template(arena, to, to->target, &to->target_piece_count);
    }
}

static void destroy(void *arg)
{
    struct relabel_rules *rules = arg;
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->rules[i].regex) {
            regex_unref(rules->rules[i].regex);
        }
    }
    arena_release(&rules->arena);
    mem_free(rules);
}

struct relabel_rules *relabel_rules_new(const struct relabel_rule_list *list)
{
    struct relabel_rules *rules = mem_zalloc(NULL, sizeof(*rules));
    atomic_init(&rules->refs, 1);
    arena_init(&rules->arena, NULL, 0);
    rules->arena.chunk_size = 256;
    rules->rules = ARENA_ARRAY(&rules->arena, list->count, struct rule);
    for (size_t i = 0; i < list->count; i++) {
        compile(&rules->arena, &list->items[i], &rules->rules[i]);
        rules->count = i + 1;
    }
    return rules;
}

static void undo_ref(void *arg)
{
    struct relabel_rules *rules = arg;
    if (atomic_fetch_sub_explicit(&rules->refs, 1, memory_order_acq_rel) == 1) {
        destroy(rules);
    }
}

struct relabel_rules *relabel_rules_ref(const struct relabel_rules *rules)
{
    struct relabel_rules *mine = (struct relabel_rules *)rules;
    atomic_fetch_add_explicit(&mine->refs, 1, memory_order_relaxed);
    if (mem_scope_active()) {
        mem_scope_guard(undo_ref, mine);
    }
    return mine;
}

void relabel_rules_unref(const struct relabel_rules *rules)
{
    if (!rules) {
        return;
    }
    struct relabel_rules *mine = (struct relabel_rules *)rules;
    /* A last reference is never guarded: it is the one the rules were made with. */
    if (mem_scope_active() && atomic_load_explicit(&mine->refs, memory_order_relaxed) > 1) {
        mem_scope_unguard(undo_ref, mine);
    }
    undo_ref(mine);
}

size_t relabel_rules_count(const struct relabel_rules *rules)
{
    return rules->count;
}

static bool same_expression(const struct regex *a, const struct regex *b)
{
    return a == b || (a && b && str_eq(regex_pattern(a), regex_pattern(b)));
}

static bool rule_equal(const struct rule *a, const struct rule *b)
{
    if (a->action != b->action || a->modulus != b->modulus || a->source_count != b->source_count ||
        a->has_sources != b->has_sources || !same_expression(a->regex, b->regex) ||
        !str_eq(a->separator, b->separator) || !str_eq(a->target, b->target) ||
        !str_eq(a->replacement, b->replacement)) {
        return false;
    }
    for (size_t i = 0; i < a->source_count; i++) {
        if (!str_eq(a->sources[i], b->sources[i])) {
            return false;
        }
    }
    return true;
}

bool relabel_rules_equal(const struct relabel_rules *a, const struct relabel_rules *b)
{
    if (a == b) {
        return true;
    }
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++) {
        equal = rule_equal(&a->rules[i], &b->rules[i]);
    }
    return equal;
}

/* ---- applying ---- */

struct run {
    struct label_builder *labels;
    struct arena *texts;
    bool legacy_names;
};

static struct str joined(const struct rule *rule, const struct run *run)
{
    if (rule->source_count == 0) {
        return STR("");
    }
    if (rule->source_count == 1) {
        return label_builder_get(run->labels, rule->sources[0]);
    }
    size_t len = rule->separator.len * (rule->source_count - 1);
    for (size_t i = 0; i < rule->source_count; i++) {
        len += label_builder_get(run->labels, rule->sources[i]).len;
    }
    char *text = arena_alloc(run->texts, len + 1);
    size_t at = 0;
    for (size_t i = 0; i < rule->source_count; i++) {
        struct str parts[2] = {i > 0 ? rule->separator : STR_NONE,
                               label_builder_get(run->labels, rule->sources[i])};
        for (size_t p = 0; p < 2; p++) {
            if (parts[p].len > 0) {
                memcpy(text + at, parts[p].ptr, parts[p].len);
                at += parts[p].len;
            }
        }
    }
    return str_of(text, len);
}

static bool rule_matches(const struct rule *rule, struct str text)
{
    return !rule->regex || regex_match(rule->regex, text);
}

static bool capture(const struct rule *rule, struct str text, struct str *groups)
{
    if (!rule->regex) {
        groups[0] = text;
        groups[1] = text;
        return true;
    }
    return rule->groups == 0 ? regex_match(rule->regex, text)
                             : regex_capture(rule->regex, text, 0, groups, rule->groups);
}

static struct str expand(const struct piece *pieces, size_t count, const struct str *groups,
                         struct arena *texts)
{
    /* One piece needs no copy: it is a rule's text, or a part of a label's. */
    size_t len = 0;
    struct str only = STR_NONE;
    for (size_t i = 0; i < count; i++) {
        struct str part = pieces[i].group < 0            ? pieces[i].literal
                          : pieces[i].group < GROUPS_MAX ? groups[pieces[i].group]
                                                         : STR_NONE;
        only = part;
        len += part.len;
    }
    if (count <= 1) {
        return only;
    }
    char *text = arena_alloc(texts, len + 1);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        struct str part = pieces[i].group < 0            ? pieces[i].literal
                          : pieces[i].group < GROUPS_MAX ? groups[pieces[i].group]
                                                         : STR_NONE;
        if (part.len > 0) {
            memcpy(text + at, part.ptr, part.len);
            at += part.len;
        }
    }
    return str_of(text, len);
}

static void replace(const struct rule *rule, struct str text, struct run *run)
{
    struct str groups[GROUPS_MAX];
    if (!capture(rule, text, groups)) {
        return;
    }
    struct str target = rule->target;
    if (rule->target_pieces) {
        target = expand(rule->target_pieces, rule->target_piece_count, groups, run->texts);
    }
    if (!relabel_name_valid(target, run->legacy_names)) {
        return;
    }
    struct str value = expand(rule->pieces, rule->piece_count, groups, run->texts);
    if (value.len == 0) {
        label_builder_remove(run->labels, target);
    } else {
        label_builder_set(run->labels, target, value);
    }
}

static struct str change_case(struct str text, bool upper, struct arena *texts)
{
    struct buf out;
    buf_init(&out, NULL, text.len * 4 + 16);
    for (size_t at = 0; at < text.len;) {
        unsigned size = 1;
        uint32_t rune = utf8_decode(str_slice(text, at, text.len), &size);
        utf8_append(&out, upper ? unicode_to_upper(rune) : unicode_to_lower(rune));
        at += size;
    }
    struct str result = arena_str(texts, buf_view(&out));
    buf_release(&out);
    return result;
}

static void hash_modulus(const struct rule *rule, struct str text, struct run *run)
{
    unsigned char sum[16];
    md5_sum(text, sum);
    uint64_t number = 0;
    for (unsigned i = 8; i < 16; i++) {
        number = number << 8 | sum[i];
    }
    label_builder_set(
        run->labels, rule->target,
        arena_printf(run->texts, "%llu", (unsigned long long)(number % rule->modulus)));
}

/* The set as it is now, for actions that walk it while they change it. */
static struct label *copy_pairs(const struct run *run, size_t *count)
{
    *count = run->labels->count;
    struct label *pairs = ARENA_ARRAY(run->texts, *count, struct label);
    if (*count > 0) {
        memcpy(pairs, run->labels->pairs, *count * sizeof(*pairs));
    }
    return pairs;
}

static void map_names(const struct rule *rule, struct run *run)
{
    size_t count = 0;
    const struct label *pairs = copy_pairs(run, &count);
    for (size_t i = 0; i < count; i++) {
        struct str groups[GROUPS_MAX];
        if (capture(rule, pairs[i].name, groups)) {
            struct str name = expand(rule->pieces, rule->piece_count, groups, run->texts);
            label_builder_set(run->labels, name, pairs[i].value);
        }
    }
}

static void filter_names(const struct rule *rule, struct run *run, bool drop_matching)
{
    size_t count = 0;
    const struct label *pairs = copy_pairs(run, &count);
    for (size_t i = 0; i < count; i++) {
        if (rule_matches(rule, pairs[i].name) == drop_matching) {
            label_builder_remove(run->labels, pairs[i].name);
        }
    }
}

static bool apply(const struct rule *rule, struct run *run)
{
    struct str text = joined(rule, run);
    switch (rule->action) {
    case RELABEL_REPLACE: replace(rule, text, run); break;
    case RELABEL_KEEP: return rule_matches(rule, text);
    case RELABEL_DROP: return !rule_matches(rule, text);
    case RELABEL_KEEPEQUAL: return str_eq(label_builder_get(run->labels, rule->target), text);
    case RELABEL_DROPEQUAL: return !str_eq(label_builder_get(run->labels, rule->target), text);
    case RELABEL_HASHMOD: hash_modulus(rule, text, run); break;
    case RELABEL_LABELMAP: map_names(rule, run); break;
    case RELABEL_LABELDROP: filter_names(rule, run, true); break;
    case RELABEL_LABELKEEP: filter_names(rule, run, false); break;
    case RELABEL_LOWERCASE:
    case RELABEL_UPPERCASE:
        label_builder_set(run->labels, rule->target,
                          change_case(text, rule->action == RELABEL_UPPERCASE, run->texts));
        break;
    }
    return true;
}

static bool apply_all(const struct relabel_rules *rules, struct run *run)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (!apply(&rules->rules[i], run)) {
            return false;
        }
    }
    return true;
}

bool relabel_apply(const struct relabel_rules *rules, struct label_builder *b, struct arena *texts)
{
    struct run run = {.labels = b, .texts = texts, .legacy_names = true};
    return apply_all(rules, &run);
}

void relabel_scratch_init(struct relabel_scratch *s, struct mem_owner *owner)
{
    arena_init(&s->texts, owner, TEXTS_MAX);
    label_builder_init(&s->builder);
}

void relabel_scratch_release(struct relabel_scratch *s)
{
    arena_release(&s->texts);
    label_builder_release(&s->builder);
}

struct labels *relabel_labels(const struct relabel_rules *rules, struct label_table *table,
                              struct relabel_scratch *s, const struct labels *in, struct error *err)
{
    err->status = STATUS_OK;
    if (rules->count == 0) {
        return labels_ref(in);
    }
    arena_reset(&s->texts);
    label_builder_from(&s->builder, in);
    if (!relabel_apply(rules, &s->builder, &s->texts) || s->builder.count == 0) {
        return NULL;
    }
    return label_builder_intern(&s->builder, table, err);
}

/* ---- targets: their empty labels are kept, as long as no rule sets them ---- */

static void load_target(struct label_builder *b, const struct target *t)
{
    label_builder_clear(b);
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->labels[i].value.len) {
            label_builder_put(b, t->labels[i].name, t->labels[i].value);
        }
    }
}

static bool has_empty_label(const struct target *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (!t->labels[i].value.len) {
            return true;
        }
    }
    return false;
}

static bool same_as_target(const struct label_builder *b, const struct target *t)
{
    if (b->count != t->count) {
        return false;
    }
    for (size_t i = 0; i < b->count; i++) {
        if (!str_eq(b->pairs[i].name, t->labels[i].name) ||
            !str_eq(b->pairs[i].value, t->labels[i].value)) {
            return false;
        }
    }
    return true;
}

struct target *relabel_target(const struct relabel_rules *rules, struct relabel_scratch *s,
                              const struct target *in)
{
    if (rules->count == 0 && !has_empty_label(in)) {
        return target_ref(in);
    }
    arena_reset(&s->texts);
    load_target(&s->builder, in);
    struct run run = {.labels = &s->builder, .texts = &s->texts, .legacy_names = false};
    if (!apply_all(rules, &run)) {
        return NULL;
    }
    if (same_as_target(&s->builder, in)) {
        return target_ref(in);
    }
    struct target_label *labels = ARENA_ARRAY(&s->texts, s->builder.count, struct target_label);
    for (size_t i = 0; i < s->builder.count; i++) {
        labels[i] = (struct target_label){s->builder.pairs[i].name, s->builder.pairs[i].value};
    }
    return target_new(labels, s->builder.count);
}

/* ---- the capsule ---- */

static void capsule_release(void *data)
{
    relabel_rules_unref(data);
}

static bool capsule_equal(const void *a, const void *b)
{
    return relabel_rules_equal(a, b);
}

const struct capsule_type capsule_relabel_rules = {
    .name = "relabel.Rules", .release = capsule_release, .equal = capsule_equal};

struct value *relabel_rules_value(const struct relabel_rules *rules)
{
    return value_capsule(&capsule_relabel_rules, relabel_rules_ref(rules));
}

const struct relabel_rules *relabel_rules_of(struct capsule_ref ref)
{
    return ref.value ? value_capsule_data(ref.value, &capsule_relabel_rules) : NULL;
}
