/* Patterns and texts: a pattern with a shape matches as the engine does. Input: the
 * pattern, a NUL, the text. */

#include "base/buf.h"
#include "base/regex.h"
#include "base/strconv.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 4096, GROUPS = 8 };

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

static void search(struct str pattern, struct str text)
{
    struct error err = {0};
    struct str groups[GROUPS];
    fuzz_begin();
    struct regex *re = regex_new(pattern, REGEX_SEARCH, &err);
    bool found = re && regex_capture(re, text, 0, groups, GROUPS);
    fuzz_end();
    ASSERT(re || err.message[0] != '\0');
    for (unsigned i = 0; found && i < GROUPS; i++)
        ASSERT(groups[i].len <= text.len);
    regex_unref(re);
}

static void once(struct str input)
{
    struct str pattern, text;
    str_cut(input, '\0', &pattern, &text);
    search(pattern, text);
    if (!fuzz_has_failed())
        compare(pattern, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
