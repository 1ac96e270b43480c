/* Names of stability levels. */

#include "compiler/stability.h"

static const char *const names[] = {
    [STABILITY_EXPERIMENTAL] = "experimental",
    [STABILITY_PUBLIC_PREVIEW] = "public-preview",
    [STABILITY_GA] = "generally-available",
};

const char *stability_name(enum stability level)
{
    return names[level];
}

bool stability_parse(struct str text, enum stability *out)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_is(text, names[i])) {
            *out = (enum stability)i;
            return true;
        }
    }
    return false;
}
