/* The components that Alloy has, so that one which is not offered yet is told from a wrong name. A
 * constant table, sorted. */

#include "compiler/program_parts.h"

struct known {
    const char *name;
    enum stability stability;
    bool community;
};

#define KNOWN(name, stability) {name, stability, false},
#define COMMUNITY(name) {name, STABILITY_GA, true},
static const struct known components[] = {
#include "compiler/known_components.def"
};
#undef KNOWN
#undef COMMUNITY

static int compare_name(const void *key, const void *element)
{
    const struct str *name = key;
    return str_cmp(*name, str_from(((const struct known *)element)->name));
}

bool catalog_component(struct str name, struct program_symbol *out)
{
    const struct known *found = bsearch(&name, components, sizeof(components) / sizeof(*components),
                                        sizeof(*components), compare_name);
    if (!found)
        return false;
    *out = (struct program_symbol){
        .stability = found->stability, .community = found->community, .refused = true};
    return true;
}

struct str catalog_name(size_t index)
{
    return index < sizeof(components) / sizeof(*components) ? str_from(components[index].name)
                                                            : STR_NONE;
}
