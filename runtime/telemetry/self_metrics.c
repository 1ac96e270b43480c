/* The registry: groups of metrics in lists under one lock; counting does not touch the lock.
 * Writing gathers pointers and sorts them. Bounded by what components register. Nothing here
 * belongs to a memory scope: the registry outlives a failed build. */

#include "runtime/telemetry/self_metrics.h"

#include "base/strconv.h"

#include <pthread.h>

enum { TEXT_MAX = 64 * 1024, LABELS_SHOWN_MAX = 34 };

enum entry_kind { ENTRY_VALUE, ENTRY_CALLBACK, ENTRY_HISTOGRAM };

/* One series, or one histogram: head of struct value_entry and so on. */
struct entry {
    struct entry *next;
    const char *name;
    const char *help;
    const char *type; /* "counter", … */
    enum entry_kind kind;
    struct str labels; /* a="1",b="2", without braces; stands in the entry's own block */
};

struct value_entry {
    struct self_metric metric; /* first: what the caller holds */
    struct entry entry;
};

struct callback_entry {
    struct entry entry;
    self_read_fn *read;
    void *arg;
};

struct self_histogram {
    struct entry entry;
    struct self_bounds bounds;
    _Atomic uint64_t sum_bits;
    _Atomic uint64_t counts[]; /* of each bucket alone; the last is +Inf */
};

struct self_group {
    struct self_group *next;
    struct self_registry *registry;
    struct entry *entries;
    struct label labels[2]; /* component_id, component_path */
    size_t label_count;
};

struct self_registry {
    pthread_mutex_t lock;
    struct self_group *groups;
};

static void *shared_alloc(size_t size)
{
    return mem_zalloc_shared(NULL, size);
}

struct self_registry *self_registry_new(void)
{
    struct self_registry *registry = shared_alloc(sizeof(*registry));
    ASSERT(pthread_mutex_init(&registry->lock, NULL) == 0);
    return registry;
}

void self_registry_free(struct self_registry *registry)
{
    if (!registry)
        return;
    while (registry->groups)
        self_group_free(registry->groups);
    pthread_mutex_destroy(&registry->lock);
    mem_free(registry);
}

static struct str put_text(char **at, struct str s)
{
    char *start = *at;
    if (s.len)
        memcpy(start, s.ptr, s.len);
    *at += s.len;
    return str_of(start, s.len);
}

struct self_group *self_group_new(struct self_registry *registry, struct str component_path,
                                  struct str component_id)
{
    struct self_group *group = shared_alloc(sizeof(*group) + component_path.len + component_id.len);
    char *at = (char *)(group + 1);
    group->registry = registry;
    if (component_path.len || component_id.len) {
        group->labels[0] = (struct label){STR("component_id"), put_text(&at, component_id)};
        group->labels[1] = (struct label){STR("component_path"), put_text(&at, component_path)};
        group->label_count = 2;
    }
    pthread_mutex_lock(&registry->lock);
    group->next = registry->groups;
    registry->groups = group;
    pthread_mutex_unlock(&registry->lock);
    return group;
}

static void *block_of(struct entry *entry)
{
    return entry->kind == ENTRY_VALUE
               ? (void *)((char *)entry - offsetof(struct value_entry, entry))
               : (void *)entry;
}

void self_group_free(struct self_group *group)
{
    if (!group)
        return;
    pthread_mutex_lock(&group->registry->lock);
    struct self_group **at = &group->registry->groups;
    while (*at != group)
        at = &(*at)->next;
    *at = group->next;
    pthread_mutex_unlock(&group->registry->lock);
    for (struct entry *entry = group->entries, *next; entry; entry = next) {
        next = entry->next;
        mem_free(block_of(entry));
    }
    mem_free(group);
}

/* Registration. */

static void escape(struct buf *out, struct str text, bool quotes)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\')
            buf_str(out, STR("\\\\"));
        else if (c == '\n')
            buf_str(out, STR("\\n"));
        else if (c == '"' && quotes)
            buf_str(out, STR("\\\""));
        else
            buf_byte(out, c);
    }
}

/* Sorted by name, the group's own labels among them. */
static void label_text(struct buf *out, const struct self_group *group, const struct label *labels,
                       size_t count)
{
    ASSERT(count + 2 <= LABELS_SHOWN_MAX);
    const struct label *sorted[LABELS_SHOWN_MAX];
    size_t used = 0;
    for (size_t i = 0; i < group->label_count + count; i++) {
        const struct label *label =
            i < group->label_count ? &group->labels[i] : &labels[i - group->label_count];
        size_t at = used++;
        while (at > 0 && str_cmp(sorted[at - 1]->name, label->name) > 0) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = label;
    }
    for (size_t i = 0; i < used; i++) {
        if (i > 0)
            buf_byte(out, ',');
        buf_str(out, sorted[i]->name);
        buf_str(out, STR("=\""));
        escape(out, sorted[i]->value, true);
        buf_byte(out, '"');
    }
}

static struct entry *find(const struct self_group *group, const char *name, struct str labels)
{
    for (struct entry *entry = group->entries; entry; entry = entry->next) {
        if (strcmp(entry->name, name) == 0 && str_eq(entry->labels, labels))
            return entry;
    }
    return NULL;
}

/* The entry of that name and those labels, made with `size` bytes if it is new, where the struct
 * entry stands at `offset`. Under the registry's lock. */
static struct entry *entry_get(struct self_group *group, const struct entry *like, size_t size,
                               size_t offset)
{
    struct entry *entry = find(group, like->name, like->labels);
    if (entry) {
        ASSERT(entry->kind == like->kind);
        return entry;
    }
    char *block = mem_try_alloc_shared(NULL, size + like->labels.len);
    if (!block)
        return NULL;
    memset(block, 0, size);
    entry = (struct entry *)(void *)(block + offset);
    *entry = *like;
    char *text = block + size;
    entry->labels = put_text(&text, like->labels);
    entry->next = group->entries;
    group->entries = entry;
    return entry;
}

static struct entry *entry_add(struct self_group *group, struct entry like,
                               const struct label *labels, size_t label_count, size_t size)
{
    struct buf text;
    buf_init(&text, NULL, TEXT_MAX);
    label_text(&text, group, labels, label_count);
    like.labels = buf_view(&text);
    size_t offset = like.kind == ENTRY_VALUE ? offsetof(struct value_entry, entry) : 0;
    struct entry *entry = NULL;
    for (int i = 0; !entry && (i == 0 || mem_spend_reserve()); i++) {
        pthread_mutex_lock(&group->registry->lock);
        entry = entry_get(group, &like, size, offset);
        pthread_mutex_unlock(&group->registry->lock);
    }
    buf_release(&text);
    if (!entry)
        mem_exhausted();
    return entry;
}

static const char *type_name(enum self_kind kind)
{
    return kind == SELF_COUNTER ? "counter" : "gauge";
}

struct self_metric *self_metric(struct self_group *group, enum self_kind kind, const char *name,
                                const char *help, const struct label *labels, size_t label_count)
{
    struct entry like = {.name = name, .help = help, .type = type_name(kind), .kind = ENTRY_VALUE};
    struct entry *entry = entry_add(group, like, labels, label_count, sizeof(struct value_entry));
    return &((struct value_entry *)block_of(entry))->metric;
}

void self_callback(struct self_group *group, enum self_kind kind, const char *name,
                   const char *help, self_read_fn *read, void *arg)
{
    struct entry like = {
        .name = name, .help = help, .type = type_name(kind), .kind = ENTRY_CALLBACK};
    struct entry *entry = entry_add(group, like, NULL, 0, sizeof(struct callback_entry));
    struct callback_entry *callback = (struct callback_entry *)entry;
    pthread_mutex_lock(&group->registry->lock);
    callback->read = read;
    callback->arg = arg;
    pthread_mutex_unlock(&group->registry->lock);
}

struct self_histogram *self_histogram(struct self_group *group, const char *name, const char *help,
                                      struct self_bounds bounds, const struct label *labels,
                                      size_t label_count)
{
    struct entry like = {.name = name, .help = help, .type = "histogram", .kind = ENTRY_HISTOGRAM};
    size_t size = sizeof(struct self_histogram) + (bounds.count + 1) * sizeof(uint64_t);
    struct entry *entry = entry_add(group, like, labels, label_count, size);
    struct self_histogram *h = (struct self_histogram *)entry;
    pthread_mutex_lock(&group->registry->lock);
    h->bounds = bounds;
    pthread_mutex_unlock(&group->registry->lock);
    return h;
}

/* Counting. */

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void add_double(_Atomic uint64_t *bits, double delta)
{
    uint64_t old = atomic_load_explicit(bits, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(bits, &old, to_bits(from_bits(old) + delta),
                                                  memory_order_relaxed, memory_order_relaxed)) {}
}

void self_inc(struct self_metric *m)
{
    atomic_fetch_add_explicit(&m->count, 1, memory_order_relaxed);
}

/* Whole amounts are counted apart from the sum of the others, which takes longer. */
void self_add(struct self_metric *m, double delta)
{
    if (delta >= 0 && delta < 4e18 && (double)(uint64_t)delta == delta)
        atomic_fetch_add_explicit(&m->count, (uint64_t)delta, memory_order_relaxed);
    else
        add_double(&m->bits, delta);
}

void self_set(struct self_metric *m, double value)
{
    atomic_store_explicit(&m->count, 0, memory_order_relaxed);
    atomic_store_explicit(&m->bits, to_bits(value), memory_order_relaxed);
}

double self_get(const struct self_metric *m)
{
    return from_bits(atomic_load_explicit(&m->bits, memory_order_relaxed)) +
           (double)atomic_load_explicit(&m->count, memory_order_relaxed);
}

void self_observe(struct self_histogram *h, double value)
{
    size_t bucket = 0;
    while (bucket < h->bounds.count && !(value <= h->bounds.bounds[bucket]))
        bucket++;
    atomic_fetch_add_explicit(&h->counts[bucket], 1, memory_order_relaxed);
    add_double(&h->sum_bits, value);
}

/* Writing. */

static int entry_order(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : str_cmp(x->labels, y->labels);
}

/* Prometheus writes 0, 1 and -1 as such and everything else as Go's %g does. */
static void write_line(struct buf *out, const struct entry *entry, const char *suffix,
                       struct str more, double value)
{
    buf_cstr(out, entry->name);
    buf_cstr(out, suffix);
    if (entry->labels.len || more.len) {
        buf_byte(out, '{');
        buf_str(out, entry->labels);
        if (entry->labels.len && more.len)
            buf_byte(out, ',');
        buf_str(out, more);
        buf_byte(out, '}');
    }
    buf_byte(out, ' ');
    strconv_float(out, value, 'g');
    buf_byte(out, '\n');
}

static void write_histogram(struct buf *out, const struct self_histogram *h)
{
    uint64_t total = 0;
    struct buf le;
    buf_init(&le, NULL, 256);
    for (size_t i = 0; i <= h->bounds.count; i++) {
        total += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
        buf_clear(&le);
        buf_str(&le, STR("le=\""));
        strconv_float(&le, i < h->bounds.count ? h->bounds.bounds[i] : __builtin_inf(), 'g');
        buf_byte(&le, '"');
        write_line(out, &h->entry, "_bucket", buf_view(&le), (double)total);
    }
    buf_release(&le);
    write_line(out, &h->entry, "_sum", STR_NONE,
               from_bits(atomic_load_explicit(&h->sum_bits, memory_order_relaxed)));
    write_line(out, &h->entry, "_count", STR_NONE, (double)total);
}

static void write_entry(struct buf *out, struct entry *entry)
{
    if (entry->kind == ENTRY_HISTOGRAM) {
        write_histogram(out, (struct self_histogram *)entry);
        return;
    }
    struct callback_entry *callback = (struct callback_entry *)entry;
    double value = entry->kind == ENTRY_CALLBACK
                       ? (callback->read ? callback->read(callback->arg) : 0)
                       : self_get(&((struct value_entry *)block_of(entry))->metric);
    write_line(out, entry, "", STR_NONE, value);
}

static void write_head(struct buf *out, const struct entry *entry)
{
    buf_str(out, STR("# HELP "));
    buf_cstr(out, entry->name);
    buf_byte(out, ' ');
    escape(out, str_from(entry->help), false);
    buf_str(out, STR("\n# TYPE "));
    buf_cstr(out, entry->name);
    buf_byte(out, ' ');
    buf_cstr(out, entry->type);
    buf_byte(out, '\n');
}

static size_t gather(struct self_registry *registry, struct entry **out)
{
    size_t count = 0;
    for (struct self_group *group = registry->groups; group; group = group->next) {
        for (struct entry *entry = group->entries; entry; entry = entry->next) {
            if (out)
                out[count] = entry;
            count++;
        }
    }
    return count;
}

struct writing {
    struct self_registry *registry;
    struct buf text;
};

static void write_all(void *arg)
{
    struct writing *w = arg;
    size_t count = gather(w->registry, NULL);
    struct entry **entries = mem_array(NULL, count + 1, sizeof(struct entry *));
    gather(w->registry, entries);
    qsort(entries, count, sizeof(struct entry *), entry_order);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(entries[i - 1]->name, entries[i]->name) != 0)
            write_head(&w->text, entries[i]);
        write_entry(&w->text, entries[i]);
    }
    mem_free(entries);
}

/* In a scope of its own, so that failing memory cannot leave the lock behind. */
void self_registry_write(struct self_registry *registry, struct buf *out)
{
    struct writing w = {.registry = registry};
    buf_init(&w.text, NULL, out->max);
    pthread_mutex_lock(&registry->lock);
    bool written = mem_scope_run(write_all, &w);
    pthread_mutex_unlock(&registry->lock);
    if (!written)
        mem_exhausted();
    buf_str(out, buf_view(&w.text));
    buf_release(&w.text);
}
