/* RE2 behind C functions. */

#include "base/regex_engine.h"

#include <algorithm>
#include <new>

#include <re2/re2.h>

struct engine {
    RE2 re;
    engine(const re2::StringPiece &pattern, const RE2::Options &options) : re(pattern, options)
    {
    }
};

struct engine *engine_new(struct str pattern, struct engine_error *why)
{
    RE2::Options options;
    options.set_log_errors(false);
    why->code = 0;
    why->len = 0;
    struct engine *made =
        new (std::nothrow) engine(re2::StringPiece(pattern.ptr, pattern.len), options);
    if (!made)
        return nullptr;
    if (made->re.ok())
        return made;
    why->code = made->re.error_code();
    const std::string &fragment = made->re.error_arg();
    why->len = std::min<size_t>(fragment.size(), ENGINE_FRAGMENT_MAX);
    memcpy(why->fragment, fragment.data(), why->len);
    delete made;
    return nullptr;
}

void engine_free(struct engine *engine)
{
    delete engine;
}

unsigned engine_groups(const struct engine *engine)
{
    return static_cast<unsigned>(engine->re.NumberOfCapturingGroups());
}

struct str engine_group_name(const struct engine *engine, unsigned group)
{
    const auto &names = engine->re.CapturingGroupNames();
    auto found = names.find(static_cast<int>(group));
    if (found == names.end())
        return str_of(nullptr, 0);
    return str_of(found->second.data(), found->second.size());
}

/* `found` has room for `count`; the array is made by the caller, because clearing a large one costs
 * more than a match. */
static bool match(const struct engine *engine, struct str text, size_t from, struct str *groups,
                  unsigned count, re2::StringPiece *found)
{
    re2::StringPiece subject(text.ptr ? text.ptr : "", text.len);
    if (!engine->re.Match(subject, from, text.len, RE2::UNANCHORED, found,
                          static_cast<int>(count)))
        return false;
    for (unsigned i = 0; i < count; i++)
        groups[i] = str_of(found[i].data(), found[i].size());
    return true;
}

__attribute__((noinline)) static bool match_many(const struct engine *engine, struct str text,
                                                 size_t from, struct str *groups,
                                                 unsigned count)
{
    re2::StringPiece found[ENGINE_GROUPS_MAX + 1];
    return match(engine, text, from, groups, count, found);
}

bool engine_match(const struct engine *engine, struct str text, size_t from, struct str *groups,
                  unsigned count)
{
    re2::StringPiece few[8];
    if (count <= sizeof(few) / sizeof(few[0]))
        return match(engine, text, from, groups, count, few);
    return match_many(engine, text, from, groups, count);
}
