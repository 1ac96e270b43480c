/* Path patterns: alternatives are written out first, then each pattern is a list of components.
 * Matching keeps one place to come back to for the last star (of a name, of the path); the walk
 * over folders keeps a list of places instead of recursing. Owns nothing; memory is the caller's
 * arena. */
#include "components/common/glob.h"

#include "base/map.h"
#include "base/vec.h"
#include "base/world.h"

#include <dirent.h>
#include <fcntl.h>

/* ---- names ---- */

/* The class at `at` (behind '['): whether `c` is in it; *end gets the place behind ']'. False in
 * *ok when it is malformed. */
static bool class_has(struct str p, size_t at, char c, size_t *end, bool *ok)
{
    bool negated = at < p.len && (p.ptr[at] == '^' || p.ptr[at] == '!');
    at += negated ? 1 : 0;
    bool found = false;
    size_t first = at;
    *ok = false;
    while (at < p.len && (p.ptr[at] != ']' || at == first)) {
        at += p.ptr[at] == '\\' && at + 1 < p.len ? 1 : 0;
        char low = p.ptr[at++];
        char high = low;
        if (at + 1 < p.len && p.ptr[at] == '-' && p.ptr[at + 1] != ']') {
            at++;
            at += p.ptr[at] == '\\' && at + 1 < p.len ? 1 : 0;
            high = p.ptr[at++];
        }
        found = found ||
                ((unsigned char)c >= (unsigned char)low && (unsigned char)c <= (unsigned char)high);
    }
    if (at >= p.len) {
        return false;
    }
    *ok = true;
    *end = at + 1;
    return found != negated;
}

/* Whether the single element at `*at` matches the byte; moves *at behind it. */
static bool element_matches(struct str p, size_t *at, char c)
{
    bool ok = true;
    size_t end = *at + 1;
    bool yes;
    switch (p.ptr[*at]) {
    case '?': yes = true; break;
    case '[': yes = class_has(p, *at + 1, c, &end, &ok) && ok; break;
    case '\\':
        if (*at + 1 < p.len) {
            yes = p.ptr[*at + 1] == c;
            end = *at + 2;
            break;
        }
        yes = c == '\\';
        break;
    default: yes = p.ptr[*at] == c; break;
    }
    *at = end;
    return yes;
}

/* A continuation byte of UTF-8 belongs to the '?' before it. */
static bool is_inside_rune(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static bool name_matches(struct str p, struct str name)
{
    size_t at = 0;
    size_t n = 0;
    size_t star = SIZE_MAX;
    size_t star_n = 0;
    while (n < name.len) {
        if (at < p.len && p.ptr[at] == '*') {
            star = ++at;
            star_n = n;
            continue;
        }
        size_t next = at;
        bool is_any = at < p.len && p.ptr[at] == '?';
        if (at < p.len && element_matches(p, &next, name.ptr[n])) {
            at = next;
            n++;
            while (is_any && n < name.len && is_inside_rune(name.ptr[n])) {
                n++;
            }
        } else if (star != SIZE_MAX) {
            at = star;
            n = ++star_n;
        } else {
            return false;
        }
    }
    while (at < p.len && p.ptr[at] == '*') {
        at++;
    }
    return at == p.len;
}

static bool has_meta(struct str p)
{
    for (size_t i = 0; i < p.len; i++) {
        if (strchr("*?[\\", p.ptr[i])) {
            return true;
        }
    }
    return false;
}

/* ---- alternatives ---- */

/* The first group of the pattern: its braces; false when there is none. *ok false: it is not
 * closed. */
static bool find_group(struct str p, size_t *open, size_t *close, bool *ok)
{
    size_t depth = 0;
    *ok = true;
    for (size_t i = 0; i < p.len; i++) {
        if (p.ptr[i] == '\\') {
            i++;
        } else if (p.ptr[i] == '{') {
            *open = depth == 0 ? i : *open;
            depth++;
        } else if (p.ptr[i] == '}' && depth > 0 && --depth == 0) {
            *close = i;
            return true;
        }
    }
    *ok = depth == 0;
    return false;
}

struct pattern_list {
    struct str *items;
    size_t len;
    size_t cap;
};

static struct str join3(struct arena *arena, struct str a, struct str b, struct str c)
{
    return arena_concat(arena, arena_concat(arena, a, b), c);
}

/* Puts `p` with each alternative of its first group onto the list. */
static void split_group(struct arena *arena, struct str p, size_t open, size_t close,
                        struct pattern_list *todo)
{
    size_t depth = 0;
    size_t from = open + 1;
    struct str head = str_slice(p, 0, open);
    struct str tail = str_slice(p, close + 1, p.len);
    for (size_t i = open + 1; i <= close; i++) {
        char c = p.ptr[i];
        if (c == '\\') {
            i++;
        } else if (i == close || (c == ',' && depth == 0)) {
            struct str whole = join3(arena, head, str_slice(p, from, i), tail);
            VEC_PUSH(todo, whole);
            from = i + 1;
        } else if (c == '{') {
            depth++;
        } else if (c == '}') {
            depth--;
        }
    }
}

static enum status write_out(struct arena *arena, struct str pattern, struct pattern_list *out,
                             struct error *err)
{
    struct pattern_list todo = {0};
    enum status status = STATUS_OK;
    VEC_PUSH(&todo, pattern);
    while (todo.len > 0 && status == STATUS_OK) {
        struct str p = todo.items[--todo.len];
        size_t open = 0;
        size_t close = 0;
        bool ok = true;
        if (find_group(p, &open, &close, &ok)) {
            split_group(arena, p, open, close, &todo);
        } else {
            VEC_PUSH(out, p);
        }
        if (!ok) {
            status = error_set(err, STATUS_INVALID, "syntax error in pattern");
        } else if (todo.len + out->len > GLOB_MAX_PATTERNS) {
            status = error_set(err, STATUS_LIMIT, "more than %d alternatives in a pattern",
                               GLOB_MAX_PATTERNS);
        }
    }
    VEC_RELEASE(&todo);
    return status;
}

/* ---- whole paths ---- */

static struct pattern_list components_of(struct str path)
{
    struct pattern_list list = {0};
    struct str head;
    bool more = true;
    while (more) {
        more = str_cut(path, '/', &head, &path);
        VEC_PUSH(&list, head);
    }
    return list;
}

static bool is_any_depth(struct str component)
{
    return str_is(component, "**");
}

static bool lists_match(const struct pattern_list *p, const struct pattern_list *names)
{
    size_t at = 0;
    size_t n = 0;
    size_t star = SIZE_MAX;
    size_t star_n = 0;
    while (n < names->len) {
        if (at < p->len && is_any_depth(p->items[at])) {
            star = ++at;
            star_n = n;
        } else if (at < p->len && name_matches(p->items[at], names->items[n])) {
            at++;
            n++;
        } else if (star != SIZE_MAX) {
            at = star;
            n = ++star_n;
        } else {
            return false;
        }
    }
    while (at < p->len && is_any_depth(p->items[at])) {
        at++;
    }
    return at == p->len;
}

bool glob_match(struct str pattern, struct str path)
{
    struct arena arena;
    struct pattern_list patterns = {0};
    arena_init(&arena, NULL, 0);
    bool found = false;
    if (write_out(&arena, pattern, &patterns, NULL) == STATUS_OK) {
        struct pattern_list names = components_of(path);
        for (size_t i = 0; !found && i < patterns.len; i++) {
            struct pattern_list components = components_of(patterns.items[i]);
            found = lists_match(&components, &names);
            VEC_RELEASE(&components);
        }
        VEC_RELEASE(&names);
    }
    VEC_RELEASE(&patterns);
    arena_release(&arena);
    return found;
}

/* ---- the walk ---- */

struct place {
    struct str path; /* what is known to exist; empty = where a relative pattern begins */
    size_t component;
};

struct place_list {
    struct place *items;
    size_t len;
    size_t cap;
};

struct walk {
    struct arena *arena;
    const struct pattern_list *components;
    struct place_list todo;
    struct map found;
    struct map visited; /* places, so that ** twice does not walk twice */
    size_t visits;
    struct place here; /* while a folder is listed */
};

static struct str child_path(struct arena *arena, struct str folder, struct str name)
{
    bool needs_slash = folder.len > 0 && folder.ptr[folder.len - 1] != '/';
    return join3(arena, folder, needs_slash ? STR("/") : STR_NONE, name);
}

static bool to_cstr(struct str path, char out[GLOB_MAX_PATH])
{
    struct str p = path.len > 0 ? path : STR(".");
    if (p.len >= GLOB_MAX_PATH) {
        return false;
    }
    memcpy(out, p.ptr, p.len);
    out[p.len] = '\0';
    return true;
}

static bool file_type(struct str path, int flags, mode_t *type)
{
    char text[GLOB_MAX_PATH];
    struct stat st;
    if (!to_cstr(path, text) || world_stat(AT_FDCWD, text, flags, &st) < 0) {
        return false;
    }
    *type = st.st_mode & S_IFMT;
    return true;
}

static void add_place(struct walk *w, struct str path, size_t component)
{
    struct str key = arena_printf(w->arena, "%zu:%.*s", component, STR_ARG(path));
    if (!map_has(&w->visited, key)) {
        (void)map_put(&w->visited, key, w);
        VEC_PUSH(&w->todo, ((struct place){path, component}));
    }
}

/* An entry of the folder w->here. */
static bool visit(void *arg, const struct world_dir_entry *entry)
{
    struct walk *w = arg;
    struct str pattern = w->components->items[w->here.component];
    struct str name = str_from(entry->name);
    bool is_last = w->here.component + 1 == w->components->len;
    bool any_depth = is_any_depth(pattern);
    w->visits++;
    if (!any_depth && !name_matches(pattern, name)) {
        return w->visits < GLOB_MAX_VISITS;
    }
    struct str path = child_path(w->arena, w->here.path, name);
    if (is_last) {
        (void)map_put(&w->found, path, w);
    }
    if (any_depth || !is_last) {
        mode_t type = 0;
        bool known = entry->type != DT_UNKNOWN && (any_depth || entry->type != DT_LNK);
        bool is_folder =
            known ? entry->type == DT_DIR
                  : file_type(path, any_depth ? AT_SYMLINK_NOFOLLOW : 0, &type) && type == S_IFDIR;
        if (is_folder) {
            add_place(w, path, w->here.component + (any_depth ? 0 : 1));
        }
    }
    return w->visits < GLOB_MAX_VISITS;
}

static void go_on(struct walk *w)
{
    struct str pattern = w->components->items[w->here.component];
    bool is_last = w->here.component + 1 == w->components->len;
    char folder[GLOB_MAX_PATH];
    mode_t type = 0;
    if (!has_meta(pattern)) {
        struct str path = child_path(w->arena, w->here.path, pattern);
        if (!is_last) {
            add_place(w, path, w->here.component + 1);
        } else if (file_type(path, AT_SYMLINK_NOFOLLOW, &type)) {
            (void)map_put(&w->found, path, w);
        }
        return;
    }
    if (is_any_depth(pattern)) {
        if (is_last) {
            (void)map_put(&w->found, w->here.path, w);
        } else {
            add_place(w, w->here.path, w->here.component + 1);
        }
    }
    if (to_cstr(w->here.path, folder)) {
        (void)world_list(AT_FDCWD, folder, visit, w);
    }
}

static void walk_pattern(struct walk *w, struct str pattern)
{
    struct pattern_list components = components_of(pattern);
    w->components = &components;
    bool is_absolute = components.items[0].len == 0 && components.len > 1;
    map_clear(&w->visited);
    add_place(w, is_absolute ? STR("/") : STR_NONE, is_absolute ? 1 : 0);
    while (w->todo.len > 0) {
        w->here = w->todo.items[--w->todo.len];
        go_on(w);
    }
    VEC_RELEASE(&components);
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

enum status glob_find(struct arena *arena, struct str pattern, struct glob_paths *out,
                      struct error *err)
{
    struct walk w = {.arena = arena};
    struct pattern_list patterns = {0};
    *out = (struct glob_paths){0};
    map_init(&w.found, NULL);
    map_init(&w.visited, NULL);
    enum status status = write_out(arena, pattern, &patterns, err);
    for (size_t i = 0; status == STATUS_OK && i < patterns.len; i++) {
        walk_pattern(&w, patterns.items[i]);
    }
    if (status == STATUS_OK && w.visits >= GLOB_MAX_VISITS) {
        status = error_set(err, STATUS_LIMIT, "more than %d files to look at", GLOB_MAX_VISITS);
    }
    if (status == STATUS_OK) {
        out->items = ARENA_ARRAY(arena, w.found.len, struct str);
        MAP_EACH(&w.found, entry)
        {
            out->items[out->count++] = arena_str(arena, entry->key);
        }
        qsort(out->items, out->count, sizeof(*out->items), by_text);
    }
    VEC_RELEASE(&patterns);
    VEC_RELEASE(&w.todo);
    map_release(&w.found);
    map_release(&w.visited);
    return status;
}
