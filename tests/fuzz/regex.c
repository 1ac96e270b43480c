/* Patterns and texts: a pattern with a shape matches as the engine does. Input: one byte of
 * choices, the pattern, a NUL, the text. */

#include "base/buf.h"
#include "base/regex.h"
#include "base/strconv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GROUPS = 8 };

static void compare(struct str pattern, struct str text)
{
    struct error err = {0};
    struct str got[GROUPS], want[GROUPS];
    struct buf wrapped;
    buf_init(&wrapped, NULL, 1 << 16);
    buf_cstr(&wrapped, "^(?s:");
    buf_str(&wrapped, pattern);
    buf_cstr(&wrapped, ")$");
    struct regex *full = regex_new(pattern, REGEX_FULL, &err);
    struct regex *judge = regex_new(buf_view(&wrapped), REGEX_SEARCH, &err);
    ASSERT(!full == !judge);
    /* "." of the engine is a character, of a shape any byte. */
    if (full && utf8_valid(text)) {
        ASSERT(regex_groups(full) == regex_groups(judge));
        bool found = regex_capture(full, text, 0, got, GROUPS);
        ASSERT(found == regex_capture(judge, text, 0, want, GROUPS));
        for (unsigned i = 0; found && i < GROUPS && i <= regex_groups(full); i++)
            ASSERT(str_eq(got[i], want[i]));
    }
    regex_unref(full);
    regex_unref(judge);
    buf_release(&wrapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    struct str rest = str_of((const char *)data + 1, size - 1), pattern, text;
    struct error err = {0};
    str_cut(rest, '\0', &pattern, &text);
    mem_fail_at(data[0]);
    struct regex *re = regex_new(pattern, REGEX_SEARCH, &err);
    mem_fail_at(0);
    ASSERT(re || err.message[0] != '\0');
    struct str groups[GROUPS];
    if (re && regex_capture(re, text, 0, groups, GROUPS))
        for (unsigned i = 0; i < GROUPS; i++)
            ASSERT(groups[i].len <= text.len);
    regex_unref(re);
    compare(pattern, text);
    return 0;
}
