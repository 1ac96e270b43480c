/* Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the greedy form with its trace
 * kept: at most LINE_DIFF_EDITS² numbers. */

#include "base/line_diff.h"

#include "base/vec.h"

struct lines {
    struct str *items; /* with their newline */
    size_t count;
    bool *kept; /* of the other text too */
};

static void split(struct lines *l, struct str text)
{
    VEC(struct str) items = {0};
    for (size_t at = 0; at < text.len;) {
        size_t end = str_find_byte(text, '\n', at);
        end = end == SIZE_MAX ? text.len : end + 1;
        VEC_PUSH(&items, str_slice(text, at, end));
        at = end;
    }
    l->items = items.items;
    l->count = items.len;
    l->kept = mem_array(NULL, items.len + 1, sizeof(bool));
    memset(l->kept, 0, items.len + 1);
}

static void release(struct lines *l)
{
    mem_free(l->items);
    mem_free(l->kept);
}

/* The part between the common beginning and the common end. */
struct window {
    const struct lines *a;
    const struct lines *b;
    size_t from;
    size_t a_count;
    size_t b_count;
};

static bool same(const struct window *w, int64_t x, int64_t y)
{
    return str_eq(w->a->items[w->from + (size_t)x], w->b->items[w->from + (size_t)y]);
}

struct search {
    VEC(int32_t) trace; /* row d: the furthest x on the diagonals -d, -d + 2 … d, d + 1 numbers */
    int64_t edits;
};

static size_t row_of(int64_t d)
{
    return (size_t)(d * (d + 1) / 2);
}

static int64_t furthest(const struct search *s, int64_t d, int64_t k)
{
    return s->trace.items[row_of(d) + (size_t)((k + d) / 2)];
}

/* Where diagonal k begins in row d, and whether by a line of b. */
static int64_t begin(const struct search *s, int64_t d, int64_t k, bool *down)
{
    *down = k == -d || (k != d && furthest(s, d - 1, k - 1) < furthest(s, d - 1, k + 1));
    return *down ? furthest(s, d - 1, k + 1) : furthest(s, d - 1, k - 1) + 1;
}

static bool find_path(struct search *s, const struct window *w)
{
    for (int64_t d = 0; d <= LINE_DIFF_EDITS; d++) {
        for (int64_t k = -d; k <= d; k += 2) {
            bool down;
            int64_t x = d == 0 ? 0 : begin(s, d, k, &down);
            while (x < (int64_t)w->a_count && x - k < (int64_t)w->b_count && x - k >= 0 &&
                   same(w, x, x - k))
                x++;
            VEC_PUSH(&s->trace, (int32_t)x);
            if (x >= (int64_t)w->a_count && x - k >= (int64_t)w->b_count) {
                s->edits = d;
                return true;
            }
        }
    }
    return false;
}

static void mark_path(const struct search *s, const struct window *w)
{
    int64_t x = (int64_t)w->a_count;
    int64_t y = (int64_t)w->b_count;
    for (int64_t d = s->edits; d >= 0; d--) {
        int64_t k = x - y;
        bool down = false;
        int64_t start = d == 0 ? 0 : begin(s, d, k, &down);
        for (; x > start; x--) {
            w->a->kept[w->from + (size_t)x - 1] = true;
            w->b->kept[w->from + (size_t)(x - k) - 1] = true;
        }
        if (d > 0 && !down)
            x--;
        y = x - (down ? k + 1 : k - 1);
    }
}

static void compare(struct lines *a, struct lines *b)
{
    struct window w = {.a = a, .b = b};
    struct search s = {0};
    size_t least = a->count < b->count ? a->count : b->count;
    while (w.from < least && str_eq(a->items[w.from], b->items[w.from]))
        w.from++;
    size_t end = 0;
    while (end < least - w.from &&
           str_eq(a->items[a->count - 1 - end], b->items[b->count - 1 - end]))
        end++;
    memset(a->kept, 1, w.from);
    memset(b->kept, 1, w.from);
    memset(a->kept + a->count - end, 1, end);
    memset(b->kept + b->count - end, 1, end);
    w.a_count = a->count - w.from - end;
    w.b_count = b->count - w.from - end;
    if (w.a_count > 0 && w.b_count > 0 && find_path(&s, &w))
        mark_path(&s, &w);
    VEC_RELEASE(&s.trace);
}

static void print_line(struct buf *out, char mark, struct str line)
{
    buf_byte(out, mark);
    buf_str(out, line);
    if (!str_ends(line, STR("\n")))
        buf_cstr(out, "\n\\ No newline at end of file\n");
}

/* A place in both texts. */
struct place {
    size_t a;
    size_t b;
};

/* Past the change at `p`, and past those within twice the context behind it. */
static struct place change_end(const struct lines *a, const struct lines *b, struct place p)
{
    struct place end = p;
    size_t kept = 0;
    while ((p.a < a->count || p.b < b->count) && kept <= 2 * LINE_DIFF_CONTEXT) {
        if (p.a < a->count && !a->kept[p.a]) {
            p.a++;
        } else if (p.b < b->count && !b->kept[p.b]) {
            p.b++;
        } else {
            p.a++;
            p.b++;
            kept++;
            continue;
        }
        kept = 0;
        end = p;
    }
    return end;
}

static void print_range(struct buf *out, char mark, size_t from, size_t to)
{
    size_t count = to - from;
    buf_printf(out, "%c%zu", mark, count == 0 ? from : from + 1);
    if (count != 1)
        buf_printf(out, ",%zu", count);
}

static void print_hunk(struct buf *out, const struct lines *a, const struct lines *b,
                       struct place p, struct place end)
{
    size_t before = p.a < LINE_DIFF_CONTEXT ? p.a : LINE_DIFF_CONTEXT;
    size_t after = a->count - end.a < LINE_DIFF_CONTEXT ? a->count - end.a : LINE_DIFF_CONTEXT;
    p.a -= before;
    p.b -= before;
    end.a += after;
    end.b += after;
    buf_cstr(out, "@@ ");
    print_range(out, '-', p.a, end.a);
    buf_byte(out, ' ');
    print_range(out, '+', p.b, end.b);
    buf_cstr(out, " @@\n");
    while (p.a < end.a || p.b < end.b) {
        if (p.a < end.a && !a->kept[p.a]) {
            print_line(out, '-', a->items[p.a++]);
        } else if (p.b < end.b && !b->kept[p.b]) {
            print_line(out, '+', b->items[p.b++]);
        } else {
            print_line(out, ' ', a->items[p.a++]);
            p.b++;
        }
    }
}

void line_diff(struct buf *out, struct str old_name, struct str new_name, struct str old_text,
               struct str new_text)
{
    if (str_eq(old_text, new_text))
        return;
    struct lines a, b;
    split(&a, old_text);
    split(&b, new_text);
    compare(&a, &b);
    buf_printf(out, "--- %.*s\n+++ %.*s\n", STR_ARG(old_name), STR_ARG(new_name));
    struct place p = {0, 0};
    while (p.a < a.count || p.b < b.count) {
        if (p.a < a.count && p.b < b.count && a.kept[p.a] && b.kept[p.b]) {
            p.a++;
            p.b++;
            continue;
        }
        struct place end = change_end(&a, &b, p);
        print_hunk(out, &a, &b, p, end);
        p = end;
    }
    release(&a);
    release(&b);
}
