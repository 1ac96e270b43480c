/* prometheus.exporter.self: the program's own metrics as a target. Owns nothing. */
#include "components/common/exporter.h"

enum { PAGE_MAX = 64 * 1024 * 1024 };

struct args {
    bool unused; /* a struct needs a member; the component takes no arguments */
};

static const struct row rows[] = {{0}};
static const struct shape args_shape = {
    .name = "prometheus.exporter.self", .rows = rows, .size = sizeof(struct args)};

struct self {
    struct component_host *host;
};

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)args;
    (void)err;
    char name[256];
    ((struct self *)self)->host = host;
    exporter_publish(host, "self", exporter_hostname(name));
    return STATUS_OK;
}

static void serve(void *self, struct http_exchange *exchange, struct str rest)
{
    if (!str_is(rest, "metrics")) {
        http_reply_text(exchange, 404, STR("404 page not found\n"));
        return;
    }
    struct buf page;
    buf_init(&page, NULL, PAGE_MAX);
    self_registry_write(host_self_registry(((struct self *)self)->host), &page);
    const struct http_header type = {STR("Content-Type"),
                                     STR("text/plain; version=0.0.4; charset=utf-8")};
    http_reply(exchange, 200, &type, 1, buf_view(&page));
    buf_release(&page);
}

const struct component_def prometheus_exporter_self = {
    .name = "prometheus.exporter.self",
    .summary = "Exposes the program's own metrics.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exporter_exports_shape,
    .size = sizeof(struct self),
    .build = build,
    .http = serve,
};
