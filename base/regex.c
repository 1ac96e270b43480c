/* Compiled patterns: interned by text and anchor in one table of the process, under its mutex.
 * Nothing here belongs to a memory scope, because a pattern is shared past it. */

#include "base/regex.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/regex_engine.h"
#include "base/regex_shape.h"
#include "base/strconv.h"

#include <pthread.h>
#include <string.h>

enum { PATTERN_MAX = 1 << 20, BUCKETS_FIRST = 64 };

struct regex {
    struct regex *next; /* of the bucket */
    uint64_t hash;
    size_t refs; /* changed under the table's mutex */
    enum regex_anchor anchor;
    struct shape *shape; /* one of the two */
    struct engine *engine;
    unsigned groups;
    size_t len;
    char pattern[]; /* NUL-terminated */
};

/* The one table. */
struct table {
    pthread_mutex_t mutex;
    struct regex **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
};

static struct table *the_table(void)
{
    static struct table one = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    return &one;
}

/* Go's words for RE2's error codes; the fragments are the same. */
enum { BAD_ESCAPE = 2, MISSING_PAREN = 6, UNEXPECTED_PAREN = 7, BAD_CAPTURE = 14, TOO_LARGE = 15 };

static const char *const go_words[] = {
    NULL,
    "regexp/syntax: internal error",
    "invalid escape sequence",
    "invalid character class",
    "invalid character class range",
    "missing closing ]",
    "missing closing )",
    "unexpected )",
    "trailing backslash at end of expression",
    "missing argument to repetition operator",
    "invalid repeat count",
    "invalid nested repetition operator",
    "invalid or unsupported Perl syntax",
    "invalid UTF-8",
    "invalid named capture",
    "expression too large",
};

static enum status refuse(int code, struct str fragment, struct error *err)
{
    if (code <= 0 || (size_t)code >= sizeof(go_words) / sizeof(go_words[0]))
        return error_set(err, STATUS_MEMORY, "out of memory for a regular expression");
    return error_set(err, code == TOO_LARGE ? STATUS_LIMIT : STATUS_INVALID,
                     "error parsing regexp: %s: `%.*s`", go_words[code], STR_ARG(fragment));
}

/* From Go's syntax to RE2's: (?<name>…) becomes (?P<name>…). */

struct rewrite {
    struct str from;
    size_t at;
    struct buf *out;
    bool any_byte;       /* \\C was seen, which Go does not have */
    struct str bad_name; /* of a group */
};

/* A whole class or quotation, which stays as it is. */
static size_t class_end(struct str s, size_t at)
{
    at++;
    if (at < s.len && s.ptr[at] == '^')
        at++;
    if (at < s.len && s.ptr[at] == ']')
        at++;
    while (at < s.len && s.ptr[at] != ']') {
        struct str rest = str_slice(s, at, s.len);
        size_t close = str_starts(rest, STR("[:")) ? str_find(rest, STR(":]"), 2) : SIZE_MAX;
        if (close != SIZE_MAX)
            at += close + 2;
        else
            at += rest.ptr[0] == '\\' ? 2 : 1;
    }
    return at < s.len ? at + 1 : s.len;
}

static size_t token_end(struct rewrite *w)
{
    struct str s = w->from;
    char c = s.ptr[w->at];
    if (c == '[')
        return class_end(s, w->at);
    if (c != '\\' || w->at + 1 == s.len)
        return w->at + 1;
    if (s.ptr[w->at + 1] == 'Q') {
        size_t end = str_find(s, STR("\\E"), w->at + 2);
        return end == SIZE_MAX ? s.len : end + 2;
    }
    w->any_byte |= s.ptr[w->at + 1] == 'C';
    return w->at + 2;
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i], low = (char)(c | 0x20);
        if (c != '_' && (c < '0' || c > '9') && (low < 'a' || low > 'z'))
            return false;
    }
    return s.len > 0;
}

static void rewrite_pattern(struct rewrite *w)
{
    while (w->at < w->from.len) {
        struct str rest = str_slice(w->from, w->at, w->from.len);
        if (str_starts(rest, STR("(?<")) && rest.len > 3) {
            size_t end = str_find_byte(rest, '>', 0);
            struct str name = str_slice(rest, 3, end);
            if ((end == SIZE_MAX || !is_name(name)) && !w->bad_name.ptr)
                w->bad_name = str_slice(rest, 0, end == SIZE_MAX ? rest.len : end + 1);
            buf_cstr(w->out, "(?P<");
            w->at += 3;
            continue;
        }
        size_t end = token_end(w);
        end = end < w->from.len ? end : w->from.len;
        buf_str(w->out, str_slice(w->from, w->at, end));
        w->at = end;
    }
}

/* `source` is what Go would be given. */
static enum status compile(struct regex *re, struct str source, struct str space, struct error *err)
{
    struct buf text = {.data = (char *)space.ptr, .cap = space.len, .max = space.len};
    struct rewrite w = {.from = source, .out = &text};
    struct engine_error why;
    rewrite_pattern(&w);
    ASSERT(buf_ok(&text));
    re->engine = engine_new(buf_view(&text), &why);
    if (!re->engine) {
        struct str fragment = str_of(why.fragment, why.len);
        if (why.code == MISSING_PAREN || why.code == UNEXPECTED_PAREN)
            fragment = source;
        if (why.code == BAD_CAPTURE && w.bad_name.ptr)
            fragment = w.bad_name;
        return refuse(why.code, fragment, err);
    }
    re->groups = engine_groups(re->engine);
    if (w.any_byte)
        return refuse(BAD_ESCAPE, STR("\\C"), err);
    if (re->groups > ENGINE_GROUPS_MAX)
        return error_set(err, STATUS_LIMIT, "regular expression has more than %d groups",
                         ENGINE_GROUPS_MAX);
    return STATUS_OK;
}

/* Prometheus wraps its patterns in these words, which its error messages show. */
static const struct str full_head = STR_INIT("^(?s:"), full_tail = STR_INIT(")$");

static enum status compile_wrapped(struct regex *re, struct str pattern, struct error *err)
{
    /* The source, and room for the rewritten text, which at most doubles. */
    size_t most = pattern.len + full_head.len + full_tail.len;
    char *memory = mem_lib_malloc(3 * most + 1);
    if (!memory)
        return refuse(0, STR_NONE, err);
    struct buf source = {.data = memory, .cap = most, .max = most};
    buf_str(&source, re->anchor == REGEX_FULL ? full_head : STR_NONE);
    buf_str(&source, pattern);
    buf_str(&source, re->anchor == REGEX_FULL ? full_tail : STR_NONE);
    enum status status = compile(re, buf_view(&source), str_of(memory + most, 2 * most + 1), err);
    mem_lib_free(memory);
    return status;
}

static void destroy(struct regex *re)
{
    if (re->engine)
        engine_free(re->engine);
    if (re->shape)
        shape_free(re->shape);
    mem_lib_free(re);
}

static struct regex *make(struct str pattern, uint64_t hash, enum regex_anchor anchor,
                          struct error *err)
{
    struct regex *re = mem_lib_calloc(1, sizeof(*re) + pattern.len + 1);
    if (!re) {
        refuse(0, STR_NONE, err);
        return NULL;
    }
    re->hash = hash;
    re->refs = 1;
    re->anchor = anchor;
    re->len = pattern.len;
    if (pattern.len)
        memcpy(re->pattern, pattern.ptr, pattern.len);
    if (anchor == REGEX_FULL && utf8_valid(pattern))
        re->shape = shape_new(pattern);
    if (re->shape) {
        re->groups = shape_groups(re->shape);
        return re;
    }
    if (compile_wrapped(re, pattern, err) == STATUS_OK)
        return re;
    destroy(re);
    return NULL;
}

/* The table; under its mutex. */

static struct regex **find(uint64_t hash, struct str pattern, enum regex_anchor anchor)
{
    struct table *table = the_table();
    struct regex **at = &table->buckets[hash & (table->bucket_count - 1)];
    for (; *at; at = &(*at)->next)
        if ((*at)->hash == hash && (*at)->anchor == anchor &&
            str_eq(str_of((*at)->pattern, (*at)->len), pattern))
            break;
    return at;
}

static bool table_grow(void)
{
    struct table *table = the_table();
    size_t count = table->bucket_count ? table->bucket_count * 2 : BUCKETS_FIRST;
    struct regex **buckets = mem_lib_calloc(count, sizeof(*buckets));
    if (!buckets)
        return false;
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (struct regex *re = table->buckets[i], *next; re; re = next) {
            next = re->next;
            re->next = buckets[re->hash & (count - 1)];
            buckets[re->hash & (count - 1)] = re;
        }
    }
    mem_lib_free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = count;
    return true;
}

static void table_free_if_empty(void)
{
    struct table *table = the_table();
    if (table->count)
        return;
    mem_lib_free(table->buckets);
    table->buckets = NULL;
    table->bucket_count = 0;
}

static struct regex *find_or_make(struct str pattern, enum regex_anchor anchor, struct error *err)
{
    struct table *table = the_table();
    uint64_t hash = hash_str(pattern);
    if (table->count >= table->bucket_count && !table_grow() && table->bucket_count == 0) {
        refuse(0, STR_NONE, err);
        return NULL;
    }
    struct regex **at = find(hash, pattern, anchor);
    if (*at) {
        (*at)->refs++;
        return *at;
    }
    struct regex *re = make(pattern, hash, anchor, err);
    if (re) {
        *at = re;
        table->count++;
    }
    table_free_if_empty();
    return re;
}

static void drop(struct regex *re)
{
    struct table *table = the_table();
    pthread_mutex_lock(&table->mutex);
    if (--re->refs == 0) {
        *find(re->hash, str_of(re->pattern, re->len), re->anchor) = re->next;
        destroy(re);
        table->count--;
        table_free_if_empty();
    }
    pthread_mutex_unlock(&table->mutex);
}

static void drop_guarded(void *re)
{
    drop(re);
}

struct regex *regex_new(struct str pattern, enum regex_anchor anchor, struct error *err)
{
    struct table *table = the_table();
    if (pattern.len > PATTERN_MAX) {
        error_set(err, STATUS_LIMIT, "error parsing regexp: expression too large");
        return NULL;
    }
    pthread_mutex_lock(&table->mutex);
    struct regex *re = find_or_make(pattern, anchor, err);
    pthread_mutex_unlock(&table->mutex);
    if (re)
        mem_scope_guard(drop_guarded, re);
    return re;
}

struct regex *regex_ref(struct regex *re)
{
    struct table *table = the_table();
    pthread_mutex_lock(&table->mutex);
    re->refs++;
    pthread_mutex_unlock(&table->mutex);
    mem_scope_guard(drop_guarded, re);
    return re;
}

void regex_unref(struct regex *re)
{
    if (!re)
        return;
    mem_scope_unguard(drop_guarded, re);
    drop(re);
}

struct str regex_pattern(const struct regex *re)
{
    return str_of(re->pattern, re->len);
}

unsigned regex_groups(const struct regex *re)
{
    return re->groups;
}

struct str regex_group_name(const struct regex *re, unsigned group)
{
    return re->engine ? engine_group_name(re->engine, group) : STR_NONE;
}

bool regex_match(const struct regex *re, struct str text)
{
    return regex_capture(re, text, 0, NULL, 0);
}

bool regex_capture(const struct regex *re, struct str text, size_t from, struct str *groups,
                   unsigned count)
{
    if (from > text.len)
        return false;
    if (re->shape)
        return from == 0 && shape_match(re->shape, text, groups, count);
    unsigned known = count < re->groups + 1 ? count : re->groups + 1;
    if (!engine_match(re->engine, text, from, groups, known))
        return false;
    for (unsigned i = known; i < count; i++)
        groups[i] = STR_NONE;
    return true;
}
