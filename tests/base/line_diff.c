/* The unified difference of two texts: every row as diff -u prints it, and random texts put
 * together again from their difference. */

#include "base/line_diff.h"
#include "tests/support/test.h"

#include <stdlib.h>

static const struct {
    const char *a;
    const char *b;
    const char *diff;
} rows[] = {
    {"x\n", "x\n", ""},
    {"", "x\n", "@@ -0,0 +1 @@\n+x\n"},
    {"x\n", "", "@@ -1 +0,0 @@\n-x\n"},
    {"x", "x\n", "@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n"},
    {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
     "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"},
    {"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", "A\nb\nc\nd\ne\nf\ng\nh\ni\nJ\n",
     "@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n d\n@@ -7,4 +7,4 @@\n g\n h\n i\n-j\n+J\n"},
    {"a\nb\nc\nd\ne\nf\ng\nh\n", "A\nb\nc\nd\ne\nf\ng\nH\n",
     "@@ -1,8 +1,8 @@\n-a\n+A\n b\n c\n d\n e\n f\n g\n-h\n+H\n"},
    {"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
     "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n"},
};

TEST(base_line_diff, prints_hunks)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        buf_init(&out, NULL, 1 << 16);
        line_diff(&out, STR("old"), STR("new"), str_from(rows[i].a), str_from(rows[i].b));
        struct str got = buf_view(&out);
        if (*rows[i].diff) {
            cr_assert(str_starts(got, STR("--- old\n+++ new\n")));
            got = str_slice(got, 16, got.len);
        }
        cr_expect(str_is(got, rows[i].diff), "row %zu\n%.*s", i, STR_ARG(got));
        buf_release(&out);
    }
}

/* Applies a difference whose hunks are right; false when a line of `a` is not as it says. */
static bool apply(struct buf *out, struct str a, struct str diff)
{
    size_t at = 0;
    size_t line = 1;
    while (diff.len > 0) {
        struct str text, rest;
        str_cut(diff, '\n', &text, &rest);
        diff = rest;
        if (str_starts(text, STR("@@"))) {
            size_t target = strtoul(text.ptr + 4, NULL, 10);
            for (; line < target; line++) {
                size_t end = str_find_byte(a, '\n', at) + 1;
                buf_str(out, str_slice(a, at, end));
                at = end;
            }
        } else if (text.ptr[0] == '+' && !str_starts(text, STR("+++"))) {
            buf_str(out, str_slice(text, 1, text.len));
            buf_byte(out, '\n');
        } else if (text.ptr[0] == ' ' || (text.ptr[0] == '-' && !str_starts(text, STR("---")))) {
            size_t end = str_find_byte(a, '\n', at) + 1;
            if (!str_eq(str_slice(a, at, end - 1), str_slice(text, 1, text.len)))
                return false;
            if (text.ptr[0] == ' ')
                buf_str(out, str_slice(a, at, end));
            at = end;
            line++;
        }
    }
    buf_str(out, str_slice(a, at, a.len));
    return true;
}

static void random_text(struct buf *out, unsigned *seed, unsigned lines)
{
    for (unsigned i = 0; i < lines; i++)
        buf_printf(out, "%c\n", 'a' + rand_r(seed) % 4);
}

TEST(base_line_diff, leads_from_one_text_to_the_other)
{
    for (unsigned seed = 1; seed <= 3000; seed++) {
        unsigned state = seed;
        struct buf a, b, diff, again;
        buf_init(&a, NULL, 1 << 16);
        buf_init(&b, NULL, 1 << 16);
        buf_init(&diff, NULL, 1 << 20);
        buf_init(&again, NULL, 1 << 20);
        random_text(&a, &state, (unsigned)rand_r(&state) % 40);
        random_text(&b, &state, (unsigned)rand_r(&state) % 40);
        line_diff(&diff, STR("a"), STR("b"), buf_view(&a), buf_view(&b));
        cr_assert(apply(&again, buf_view(&a), buf_view(&diff)), "seed %u", seed);
        cr_assert(str_eq(buf_view(&again), buf_view(&b)), "seed %u", seed);
        buf_release(&a);
        buf_release(&b);
        buf_release(&diff);
        buf_release(&again);
    }
}

TEST(base_line_diff, replaces_what_differs_too_much)
{
    struct buf a, b, diff;
    buf_init(&a, NULL, 1 << 20);
    buf_init(&b, NULL, 1 << 20);
    buf_init(&diff, NULL, 1 << 20);
    for (int i = 0; i < 4000; i++) {
        buf_printf(&a, "a%d\n", i);
        buf_printf(&b, "b%d\n", i);
    }
    line_diff(&diff, STR("a"), STR("b"), buf_view(&a), buf_view(&b));
    cr_assert(str_find(buf_view(&diff), STR("@@ -1,4000 +1,4000 @@\n-a0\n-a1\n"), 0) != SIZE_MAX);
    buf_release(&a);
    buf_release(&b);
    buf_release(&diff);
}
