/* The export of exporters. Owns nothing. */
#include "components/common/exporter.h"

#include "compiler/target.h"

#include <unistd.h>

static const struct row rows[] = {
    {ATTR(struct exporter_exports, targets), .doc = "Targets to scrape this exporter with."},
    {0},
};
const struct shape exporter_exports_shape = {
    .name = "exports", .rows = rows, .size = sizeof(struct exporter_exports)};

struct str exporter_hostname(char out[256])
{
    const struct str fallback = STR("");
    if (gethostname(out, 255) != 0) {
        return fallback;
    }
    out[255] = '\0';
    return str_from(out);
}

void exporter_publish(struct component_host *host, const char *name, struct str instance)
{
    struct arena arena;
    arena_init(&arena, NULL, 64 * 1024);
    struct str id = host_global_id(host);
    struct str local = host_local_id(host);
    size_t dot = str_rfind_byte(local, '.');
    struct str component = local;
    if (host_label(host).len > 0 && dot != SIZE_MAX) {
        component = str_slice(local, 0, dot);
    }
    const struct target_label labels[] = {
        {STR("__address__"), host_internal_address(host)},
        {STR("__scheme__"), STR("http")},
        {STR("__metrics_path__"), arena_concat(&arena, host_http_path(host), STR("metrics"))},
        {STR("job"), arena_printf(&arena, "integrations/%s", name)},
        {STR("__meta_component_name"), component},
        {STR("__meta_component_id"), id},
        {STR("instance"), instance.len > 0 ? instance : STR("unknown")},
    };
    struct target *target = target_new(labels, sizeof(labels) / sizeof(labels[0]));
    struct exporter_exports exports = {
        .targets = {
            .items = &target, .count = 1, .is_set = true, .owner = target_array(&target, 1)}};
    host_export(host, &exports);
    value_unref(exports.targets.owner);
    target_unref(target);
    arena_release(&arena);
}
