/* What collectors write with and read with. Texts of a collector live in its arena until the next
 * one begins. */

#include "base/file.h"
#include "base/strconv.h"
#include "base/world.h"
#include "components/prometheus/exporter/unix/collector.h"

#include <fcntl.h>
#include <stdlib.h>

/* ---- the page ---- */
static void escape(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\' || c == '"')
            buf_byte(out, '\\');
        if (c == '\n') {
            buf_cstr(out, "\\n");
        } else {
            buf_byte(out, c);
        }
    }
}

void page_family_str(struct collect *c, int type, struct str name, struct str help)
{
    static const char *const types[] = {"gauge", "counter", "untyped"};
    struct buf *out = &c->page->text;
    buf_printf(out, "# HELP node_%.*s %.*s\n# TYPE node_%.*s %s\n", STR_ARG(name), STR_ARG(help),
               STR_ARG(name), types[type]);
    c->page->family = arena_str(&c->arena, name);
}

void page_family(struct collect *c, int type, const char *name, const char *help)
{
    page_family_str(c, type, str_from(name), str_from(help));
}

void page_sample(struct collect *c, const struct label *labels, size_t count, double value)
{
    struct buf *out = &c->page->text;
    buf_cstr(out, "node_");
    buf_str(out, c->page->family);
    for (size_t i = 0; i < count; i++) {
        buf_byte(out, i == 0 ? '{' : ',');
        buf_str(out, labels[i].name);
        buf_cstr(out, "=\"");
        escape(out, labels[i].value);
        buf_byte(out, '"');
    }
    buf_cstr(out, count != 0 ? "} " : " ");
    strconv_float(out, value, 'g');
    buf_byte(out, '\n');
}

void page_value(struct collect *c, double value)
{
    page_sample(c, NULL, 0, value);
}

void page_one(struct collect *c, int type, const char *name, const char *help, double value)
{
    page_family(c, type, name, help);
    page_value(c, value);
}

bool collect_failed(struct collect *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str text = arena_vprintf(&c->arena, format, args);
    va_end(args);
    error_set(&c->err, STATUS_IO, "%.*s", STR_ARG(text));
    return false;
}

/* ---- files ---- */
static struct str read_path(struct collect *c, const char *path, struct error *err)
{
    struct buf text;
    struct str out = STR_NONE;
    buf_init(&text, NULL, FILE_MAX);
    if (file_read(AT_FDCWD, path, &text, err) == STATUS_OK) {
        out = text.len != 0 ? arena_str(&c->arena, buf_view(&text)) : STR("");
    }
    buf_release(&text);
    return out;
}

static const char *join(struct collect *c, struct str base, const char *format, va_list args)
{
    struct str rest = arena_vprintf(&c->arena, format, args);
    return arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(base), STR_ARG(rest)).ptr;
}

struct str proc_file(struct collect *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *path = join(c, c->args->procfs_path, format, args);
    va_end(args);
    return read_path(c, path, &c->err);
}

struct str sys_file(struct collect *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *path = join(c, c->args->sysfs_path, format, args);
    va_end(args);
    return read_path(c, path, &c->err);
}

struct str sys_path(struct collect *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *path = join(c, c->args->sysfs_path, format, args);
    va_end(args);
    return str_from(path);
}

struct str sys_text(struct collect *c, const char *format, ...)
{
    struct error ignored = {0};
    va_list args;
    va_start(args, format);
    const char *path = join(c, c->args->sysfs_path, format, args);
    va_end(args);
    struct str text = read_path(c, path, &ignored);
    return text.ptr != NULL ? str_trim(text) : text;
}

struct str sys_label(struct collect *c, const char *format, ...)
{
    struct error ignored = {0};
    va_list args;
    va_start(args, format);
    const char *path = join(c, c->args->sysfs_path, format, args);
    va_end(args);
    struct str text = read_path(c, path, &ignored);
    return text.ptr != NULL ? str_trim(text) : STR("");
}

bool sys_number(struct collect *c, double *out, const char *format, ...)
{
    struct error ignored = {0};
    va_list args;
    va_start(args, format);
    const char *path = join(c, c->args->sysfs_path, format, args);
    va_end(args);
    struct str text = read_path(c, path, &ignored);
    return text.ptr != NULL && to_number(str_trim(text), out);
}

struct str any_file(struct collect *c, const char *path)
{
    return read_path(c, path, &c->err);
}

bool file_exists(struct collect *c, const char *path)
{
    struct stat st;
    (void)c;
    return world_stat(AT_FDCWD, path, 0, &st) == 0;
}

enum { MAX_ENTRIES = 65536 };

struct listing {
    struct collect *c;
    struct str *items;
    size_t count, cap;
};

static bool add_name(void *arg, const struct world_dir_entry *entry)
{
    struct listing *l = arg;
    if (l->count == MAX_ENTRIES)
        return false;
    if (l->count == l->cap) {
        size_t cap = l->cap != 0 ? 2 * l->cap : 64;
        struct str *grown = ARENA_ARRAY(&l->c->arena, cap, struct str);
        if (l->count != 0)
            memcpy(grown, l->items, l->count * sizeof *grown);
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->count++] = arena_str(&l->c->arena, str_from(entry->name));
    return true;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str_list list_dir(struct collect *c, const char *path)
{
    struct listing l = {.c = c};
    world_list(AT_FDCWD, path, add_name, &l);
    if (l.count != 0)
        qsort(l.items, l.count, sizeof *l.items, by_name);
    return (struct str_list){.items = l.items, .count = l.count, .is_set = true};
}

bool sys_dir(struct collect *c, struct str_list *out, const char *path)
{
    const char *full = sys_path(c, "%s", path).ptr;
    if (!file_exists(c, full))
        return collect_failed(c, "no data: %s is not there", full);
    *out = list_dir(c, full);
    return true;
}

/* ---- text ---- */
bool next_word(struct str *rest, struct str *word)
{
    size_t from = 0;
    while (from < rest->len && (rest->ptr[from] == ' ' || rest->ptr[from] == '\t'))
        from++;
    size_t to = from;
    while (to < rest->len && rest->ptr[to] != ' ' && rest->ptr[to] != '\t' &&
           rest->ptr[to] != '\n') {
        to++;
    }
    *word = str_slice(*rest, from, to);
    *rest = str_slice(*rest, to, rest->len);
    return word->len != 0;
}

bool next_line(struct str *rest, struct str *line)
{
    if (rest->len == 0)
        return false;
    str_cut(*rest, '\n', line, rest);
    return true;
}

bool to_number(struct str text, double *out)
{
    uint64_t u;
    int64_t i;
    bool range;
    if (str_to_u64(text, &u)) {
        *out = (double)u;
    } else if (str_to_i64(text, &i)) {
        *out = (double)i;
    } else if (str_starts(text, STR("0x"))) {
        char copy[32];
        char *end;
        if (text.len >= sizeof copy)
            return false;
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
        *out = (double)strtoull(copy, &end, 16);
        return *end == '\0';
    } else {
        return strconv_parse_float(text, out, &range);
    }
    return true;
}

double next_number(struct str *rest)
{
    struct str word;
    double n = 0;
    if (next_word(rest, &word) && !to_number(word, &n))
        n = 0;
    return n;
}

struct str metric_name(struct collect *c, struct str text)
{
    struct str copy = arena_str(&c->arena, text);
    char *p = (char *)copy.ptr;
    for (size_t i = 0; i < copy.len; i++) {
        bool ok = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') ||
                  (p[i] >= '0' && p[i] <= '9') || p[i] == '_';
        if (!ok)
            p[i] = '_';
    }
    return copy;
}

struct str valid_text(struct collect *c, struct str text)
{
    struct buf out;
    bool is_bad = false;
    if (utf8_valid(text))
        return text;
    buf_init(&out, NULL, FILE_MAX);
    while (text.len != 0) {
        unsigned size;
        uint32_t rune = utf8_decode(text, &size);
        bool was_bad = is_bad;
        is_bad = rune == 0xFFFD && size == 1;
        if (!is_bad) {
            buf_str(&out, str_slice(text, 0, size));
        } else if (!was_bad) {
            utf8_append(&out, rune);
        }
        text = str_slice(text, size, text.len);
    }
    struct str valid = arena_str(&c->arena, buf_view(&out));
    buf_release(&out);
    return valid;
}

bool passes(const struct regex *exclude, const struct regex *include, struct str name)
{
    if (exclude != NULL && regex_match(exclude, name))
        return false;
    return include == NULL || regex_match(include, name);
}
