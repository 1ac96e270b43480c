/* The table of names that run and validate know from Alloy, against the components of the product.
 */

#include "compiler/program_parts.h"
#include "runtime/component.h"
#include "tests/support/test.h"

#define KNOWN(name, stability) name,
#define COMMUNITY(name) name,
static const char *const names[] = {
#include "compiler/known_components.def"
};
#undef KNOWN
#undef COMMUNITY

TEST(components_known, every_row_is_found)
{
    struct program_symbol symbol;
    size_t count = sizeof(names) / sizeof(names[0]);
    cr_assert_eq(count, 184);
    for (size_t i = 0; i < count; i++)
        cr_assert(catalog_component(str_from(names[i]), &symbol), "%s", names[i]);
}

TEST(components_known, levels_are_those_of_the_components)
{
    struct program_symbol symbol;
    for (const struct component_def *const *def = component_registry; *def; def++) {
        const char *name = (*def)->name;
        cr_assert(catalog_component(str_from(name), &symbol), "%s", name);
        cr_expect_eq(symbol.community, (*def)->community, "%s", name);
        cr_expect(symbol.community || symbol.stability == (*def)->stability, "%s", name);
    }
    cr_assert_not(catalog_component(STR("prometheus.scrap"), &symbol));
    cr_assert_not(catalog_component(STR(""), &symbol));
    cr_assert(catalog_component(STR("beyla.ebpf"), &symbol) && symbol.refused);
    cr_assert(catalog_component(STR("remote.vault"), &symbol));
}
