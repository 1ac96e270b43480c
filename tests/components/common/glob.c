/* Patterns of files: what they match and what a walk finds. */
#include "components/common/glob.h"

#include "base/buf.h"
#include "tests/support/fake_files.h"
#include "tests/support/test.h"

#include <fcntl.h>

TEST(components_glob, patterns_match_as_doublestar_does)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool matches;
    } cases[] = {
        {"/a/*.log", "/a/x.log", true},
        {"/a/*.log", "/a/b/x.log", false},
        {"/a/**/*.log", "/a/x.log", true},
        {"/a/**/*.log", "/a/b/c/x.log", true},
        {"/a/**", "/a", true},
        {"/a/**", "/a/b/c", true},
        {"/a**/x", "/ab/x", true},
        {"/a**/x", "/a/b/x", false},
        {"/a/?.log", "/a/\xc3\xa9.log", true},
        {"/a/[a-c]x", "/a/bx", true},
        {"/a/[^a-c]x", "/a/bx", false},
        {"/a/[!a-c]x", "/a/dx", true},
        {"/a/[]x", "/a/]x", false},
        {"/{a,b{1,2}}/*.{txt,json}", "/b2/x.json", true},
        {"/{a,b{1,2}}/*.{txt,json}", "/b3/x.json", false},
        {"/a/\\*.log", "/a/*.log", true},
        {"/a/\\*.log", "/a/x.log", false},
        {"/{a", "/a", false},
        {"**/b/**/c", "x/y/b/c", true},
        {"*a*b*c*", "xxaxxbxxcxx", true},
        {"*a*b*c*", "xxaxxcxxbxx", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect(glob_match(str_from(cases[i].pattern), str_from(cases[i].path)) ==
                      cases[i].matches,
                  "%s on %s", cases[i].pattern, cases[i].path);
    }
}

/* The paths found, each followed by a blank. */
static void check_found(const char *pattern, const char *expected)
{
    struct arena arena;
    struct glob_paths paths;
    struct error err = {0};
    struct buf text;
    arena_init(&arena, NULL, 0);
    buf_init(&text, NULL, 10000);
    cr_assert(glob_find(&arena, str_from(pattern), &paths, &err) == STATUS_OK, "%s", err.message);
    for (size_t i = 0; i < paths.count; i++) {
        buf_str(&text, paths.items[i]);
        buf_byte(&text, ' ');
    }
    cr_expect(str_is(buf_view(&text), expected), "%s: %.*s", pattern, STR_ARG(buf_view(&text)));
    buf_release(&text);
    arena_release(&arena);
}

TEST(components_glob, files_are_found_sorted_and_once)
{
    struct fake_files *files = fake_files_new();
    world_enter(fake_files_world(files));
    static const char *const folders[] = {"/l", "/l/app", "/l/app/deep", "/l/app/skip", "/l/web"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        cr_assert(world_mkdir(AT_FDCWD, folders[i], 0700) == 0);
    }
    static const char *const names[] = {"/l/app/a.log", "/l/app/deep/b.log", "/l/app/skip/c.log",
                                        "/l/web/x.txt", "/l/web/y.json"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fake_files_put(files, names[i], STR("x"));
    }
    check_found("/l/app/*.log", "/l/app/a.log ");
    check_found("/l/app/**/*.log", "/l/app/a.log /l/app/deep/b.log /l/app/skip/c.log ");
    check_found("/l/**/**/b.log", "/l/app/deep/b.log ");
    check_found("/l/{web,app}/*.{txt,log,txt}", "/l/app/a.log /l/web/x.txt ");
    check_found("/l/app/a.log", "/l/app/a.log ");
    check_found("/l/none/*", "");
    check_found("/l/app/s*", "/l/app/skip ");
    struct arena arena;
    struct glob_paths paths;
    struct error err = {0};
    arena_init(&arena, NULL, 0);
    cr_assert(glob_find(&arena, STR("/l/{a"), &paths, &err) == STATUS_INVALID);
    cr_assert_str_eq(err.message, "syntax error in pattern");
    arena_release(&arena);
    world_enter(NULL);
    fake_files_free(files);
}
