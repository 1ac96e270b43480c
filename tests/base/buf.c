/* Byte buffers: appends, the maximum, failure. */

#include "base/buf.h"
#include "tests/support/test.h"

static void assert_text(struct buf *b, const char *text)
{
    struct str s = buf_view(b);
    cr_assert(buf_ok(b));
    cr_assert(str_is(s, text), "\"%.*s\" is not \"%s\"", STR_ARG(s), text);
}

TEST(base_buf, appends)
{
    struct buf b;
    buf_init(&b, NULL, 4096);
    assert_text(&b, "");
    buf_cstr(&b, "ab");
    buf_str(&b, STR("cd"));
    buf_byte(&b, 'e');
    buf_fill(&b, '.', 3);
    buf_printf(&b, "%d|%s", 42, "x");
    assert_text(&b, "abcde...42|x");
    buf_drop_front(&b, 5);
    assert_text(&b, "...42|x");
    buf_drop_front(&b, 50);
    assert_text(&b, "");
    buf_u64(&b, UINT64_MAX);
    buf_byte(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_byte(&b, ' ');
    buf_i64(&b, 0);
    assert_text(&b, "18446744073709551615 -9223372036854775808 0");
    buf_clear(&b);
    for (int i = 0; i < 1000; i++)
        buf_byte(&b, 'x');
    cr_assert_eq(b.len, 1000);
    buf_clear(&b);
    buf_printf(&b, "%2000s", "y");
    cr_assert_eq(b.len, 2000);
    size_t len;
    char *text = buf_take(&b, &len);
    cr_assert_eq(len, 2000);
    cr_assert_eq(strlen(text), 2000);
    cr_assert_null(b.data);
    mem_free(text);
    text = buf_take(&b, &len);
    cr_assert_str_eq(text, "");
    mem_free(text);
}

TEST(base_buf, an_append_beyond_the_maximum_changes_nothing_and_stops)
{
    struct buf b;
    buf_init(&b, NULL, 8);
    buf_cstr(&b, "12345678");
    assert_text(&b, "12345678");
    cr_assert_leq(b.cap, 8);
    buf_byte(&b, '9');
    cr_assert_not(buf_ok(&b));
    buf_clear(&b);
    buf_cstr(&b, "123456789");
    cr_assert_eq(b.len, 0);
    buf_cstr(&b, "1");
    buf_byte(&b, '1');
    buf_printf(&b, "1");
    buf_fill(&b, '1', 1);
    cr_assert_null(buf_reserve(&b, 1));
    cr_assert_eq(b.len, 0, "ignored after an overflow");
    buf_clear(&b);
    buf_printf(&b, "%s", "12345678");
    assert_text(&b, "12345678");
    buf_clear(&b);
    buf_printf(&b, "%s", "123456789");
    cr_assert_not(buf_ok(&b));
    cr_assert_null(buf_reserve(&b, SIZE_MAX));
    buf_release(&b);
}

struct job {
    struct mem_owner owner;
    struct buf b;
};

static void fill(void *arg)
{
    struct job *job = arg;
    buf_init(&job->b, &job->owner, 100000);
    for (int i = 0; i < 100; i++)
        buf_printf(&job->b, "%d,", i);
    buf_fill(&job->b, 'x', 5000);
    buf_printf(&job->b, "%9000d", 1);
}

TEST(base_buf, leaves_nothing_after_any_failure)
{
    struct job job = {.owner = MEM_OWNER_INIT("job", 0)};
    uint64_t n = 1;
    for (;; n++) {
        mem_fail_at(n);
        bool done = mem_scope_run(fill, &job);
        mem_fail_at(0);
        if (done)
            break;
        cr_assert_eq(mem_used(&job.owner), 0);
    }
    cr_assert_gt(n, 4);
    cr_assert_eq(job.b.len, 290 + 5000 + 9000);
    buf_release(&job.b);
    cr_assert_eq(mem_used(&job.owner), 0);
}
