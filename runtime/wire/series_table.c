/* The dictionary of a segment on the reading side. Everything is in one arena that is emptied when
 * the segment changes. */

#include "runtime/wire/series_table.h"

#include "base/hash.h"
#include "runtime/wire/pb.h"
#include "runtime/wire/put.h"

enum { SERIES_MAX = 4 * 1024 * 1024, STEP_MAX = 1024 };

static const size_t ARENA_MAX = (size_t)256 * 1024 * 1024;

void series_table_init(struct series_table *t, const struct remote_write_options *options,
                       struct mem_owner *owner)
{
    *t = (struct series_table){.owner = owner, .options = options};
    arena_init(&t->arena, owner, ARENA_MAX);
    map_init(&t->texts, owner);
    map_init(&t->families, owner);
    label_builder_init(&t->scratch);
}

void series_table_clear(struct series_table *t)
{
    t->segment = 0;
    t->count = 0;
    t->text_count = 0;
    map_clear(&t->texts);
    map_clear(&t->families);
    arena_reset(&t->arena);
}

void series_table_release(struct series_table *t)
{
    map_release(&t->texts);
    map_release(&t->families);
    mem_free(t->series);
    mem_free(t->text_of);
    label_builder_release(&t->scratch);
    arena_release(&t->arena);
}

const struct series *series_table_get(const struct series_table *t, uint32_t number)
{
    return number < t->count && t->series[number].known ? &t->series[number] : NULL;
}

/* The number of a text among those of the segment. */
static uint32_t text_number(struct series_table *t, struct str text)
{
    void *found = map_get(&t->texts, text);
    if (found)
        return (uint32_t)((uintptr_t)found - 1);
    if (t->text_count == t->text_cap) {
        size_t cap = t->text_cap ? t->text_cap * 2 : 256;
        t->text_of = mem_realloc(t->owner, t->text_of, cap * sizeof(*t->text_of));
        t->text_cap = cap;
    }
    t->text_of[t->text_count] = arena_str(&t->arena, text);
    map_put(&t->texts, text, (void *)(uintptr_t)(t->text_count + 1)); // NOLINT: a number
    return (uint32_t)t->text_count++;
}

/* Labels. */

static bool read_pair(struct str bytes, struct label *out)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    *out = (struct label){STR_NONE, STR_NONE};
    while (pb_next(&r, &field)) {
        if (field.number == 1 && field.wire == PB_BYTES)
            out->name = field.bytes;
        else if (field.number == 2 && field.wire == PB_BYTES)
            out->value = field.bytes;
    }
    return !r.bad;
}

static bool read_pairs(struct label_builder *out, struct str bytes)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    label_builder_clear(out);
    while (pb_next(&r, &field)) {
        struct label pair;
        if (field.number != 1 || field.wire != PB_BYTES || !read_pair(field.bytes, &pair))
            return false;
        label_builder_set(out, pair.name, pair.value);
    }
    return !r.bad;
}

/* Pairs as version 1 writes them, in the arena. */
static struct str encode_pairs(struct series_table *t, const struct label_builder *b)
{
    size_t len = 0;
    for (size_t i = 0; i < b->count; i++)
        len += b->pairs[i].name.len + b->pairs[i].value.len + 3 + 3 * (size_t)PUT_VARINT_MAX;
    char *start = arena_alloc(&t->arena, len), *at = start;
    for (size_t i = 0; i < b->count; i++) {
        const struct label *pair = &b->pairs[i];
        *at++ = 1 << 3 | PB_BYTES;
        at = put_varint(at, pb_bytes_size(1, pair->name.len) + pb_bytes_size(2, pair->value.len));
        *at++ = 1 << 3 | PB_BYTES;
        at = put_bytes(put_varint(at, pair->name.len), pair->name);
        *at++ = 2 << 3 | PB_BYTES;
        at = put_bytes(put_varint(at, pair->value.len), pair->value);
    }
    return str_of(start, (size_t)(at - start));
}

/* The family of a series' name: itself, or without a suffix that its kind of metric adds. */
static const struct family_meta *find_family(struct series_table *t, struct str name)
{
    static const struct str suffixes[] = {STR_INIT("_bucket"),  STR_INIT("_count"),
                                          STR_INIT("_sum"),     STR_INIT("_total"),
                                          STR_INIT("_created"), STR_INIT("_info")};
    const struct family_meta *meta = map_get(&t->families, name);
    for (size_t i = 0; !meta && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (str_ends(name, suffixes[i]))
            meta = map_get(&t->families, str_slice(name, 0, name.len - suffixes[i].len));
    }
    return meta;
}

static void number_pairs(struct series_table *t, struct series *s)
{
    const struct label_builder *b = &t->scratch;
    uint32_t *texts = arena_alloc(&t->arena, b->count * 2 * sizeof(*texts));
    for (size_t i = 0; i < b->count; i++) {
        texts[2 * i] = text_number(t, b->pairs[i].name);
        texts[2 * i + 1] = text_number(t, b->pairs[i].value);
    }
    s->texts = texts;
    s->text_count = (uint32_t)b->count * 2;
    struct str name = label_builder_get(b, STR("__name__"));
    s->name = text_number(t, name);
    s->meta = find_family(t, name);
}

static bool describe(struct series_table *t, struct series *s, struct str bytes)
{
    const struct remote_write_options *o = t->options;
    *s = (struct series){.known = true, .lane_hash = (uint32_t)hash_str(bytes)};
    if (!o->relabel && o->version == REMOTE_WRITE_1) {
        s->labels = arena_str(&t->arena, bytes);
        return true;
    }
    if (!read_pairs(&t->scratch, bytes))
        return false;
    if (o->relabel)
        s->dropped = !o->relabel(o->relabel_arg, &t->scratch) || t->scratch.count == 0;
    if (s->dropped)
        return true;
    if (o->version == REMOTE_WRITE_1)
        s->labels = encode_pairs(t, &t->scratch);
    else
        number_pairs(t, s);
    return true;
}

static bool room(struct series_table *t, uint64_t number)
{
    if (number >= SERIES_MAX || number > t->count + STEP_MAX * 1024u)
        return false;
    if (number >= t->cap) {
        size_t cap = t->cap ? t->cap * 2 : STEP_MAX;
        while (cap <= number)
            cap *= 2;
        t->series = mem_realloc(t->owner, t->series, cap * sizeof(*t->series));
        t->cap = cap;
    }
    /* Numbers that were lost in between stay unknown. */
    for (; t->count <= number; t->count++)
        t->series[t->count] = (struct series){.known = false};
    return true;
}

static bool read_series(struct series_table *t, struct str body)
{
    struct record_texts r = {(const uint8_t *)body.ptr, (const uint8_t *)body.ptr + body.len};
    uint64_t number;
    if (!record_varint(&r, &number))
        return false;
    for (; r.at < r.end; number++) {
        struct str labels;
        if (!record_text(&r, &labels) || !room(t, number) ||
            !describe(t, &t->series[number], labels))
            return false;
    }
    return true;
}

static bool read_metadata(struct series_table *t, struct str body)
{
    struct record_texts r = {(const uint8_t *)body.ptr, (const uint8_t *)body.ptr + body.len};
    while (r.at < r.end) {
        struct family_meta *meta = ARENA_NEW(&t->arena, struct family_meta);
        meta->type = *r.at++;
        if (!record_text(&r, &meta->family) || !record_text(&r, &meta->help) ||
            !record_text(&r, &meta->unit) || meta->type > METRIC_STATESET)
            return false;
        meta->family = arena_str(&t->arena, meta->family);
        meta->help = arena_str(&t->arena, meta->help);
        meta->unit = arena_str(&t->arena, meta->unit);
        if (t->options->version == REMOTE_WRITE_2) {
            meta->help_text = text_number(t, meta->help);
            meta->unit_text = text_number(t, meta->unit);
        }
        map_put(&t->families, meta->family, meta);
    }
    /* Series may have been described before their family. */
    for (size_t i = 0; i < t->count && t->options->version == REMOTE_WRITE_2; i++) {
        struct series *s = &t->series[i];
        if (s->known && !s->dropped && !s->meta)
            s->meta = find_family(t, t->text_of[s->name]);
    }
    return true;
}

bool series_table_read(struct series_table *t, const struct wal_record *record)
{
    if (record->body.len == 0)
        return true;
    if (record->type == RECORD_SERIES)
        return read_series(t, record->body);
    return record->type == RECORD_METADATA && read_metadata(t, record->body);
}
