#ifndef BASE_REGEX_ENGINE_H
#define BASE_REGEX_ENGINE_H

/* RE2 behind C functions, for regex.c alone. Objects are immutable and may be used by any thread;
 * no exception leaves. */

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ENGINE_GROUPS_MAX = 255, ENGINE_FRAGMENT_MAX = 1024 };

/* Why a pattern was refused; codes are RE2::ErrorCode. */
struct engine_error {
    int code; /* 0 = no memory */
    size_t len;
    char fragment[ENGINE_FRAGMENT_MAX];
};

struct engine;

struct engine *engine_new(struct str pattern, struct engine_error *why);
void engine_free(struct engine *engine);
unsigned engine_groups(const struct engine *engine);
/* Empty if the group has no name. The text lives as long as the engine. */
struct str engine_group_name(const struct engine *engine, unsigned group);
/* Finds from `from` on. Fills groups[0 … count-1]; count is at most ENGINE_GROUPS_MAX + 1. */
bool engine_match(const struct engine *engine, struct str text, size_t from, struct str *groups,
                  unsigned count);

#ifdef __cplusplus
}
#endif

#endif
