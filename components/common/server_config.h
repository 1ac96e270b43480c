#ifndef COMPONENTS_COMMON_SERVER_CONFIG_H
#define COMPONENTS_COMMON_SERVER_CONFIG_H

/* The listener of components that receive pushes over HTTP (prometheus.receive_http,
 * loki.source.api …): squashed into their arguments, it brings the block `http` and
 * graceful_shutdown_timeout. */

#include "components/common/tls_config.h"
#include "runtime/component.h"

struct http_listener_config {
    struct str listen_address; /* empty = all addresses */
    int64_t listen_port;       /* 0 picks one */
    int64_t conn_limit;        /* 0 = the server's own limit */
    struct duration server_idle_timeout;
    struct tls_listener_config *tls;
};

struct server_config {
    struct duration graceful_shutdown_timeout;
    struct http_listener_config http;
};
extern const struct shape server_config_shape;

bool server_config_equal(const struct server_config *a, const struct server_config *b);
/* Listens; routes are the caller's. `owner` is the budget that bodies draw on, max_body as sent (0
 * = default). */
enum status server_config_listen(const struct server_config *config, struct loop *loop,
                                 struct mem_owner *owner, size_t max_body, struct http_server **out,
                                 struct error *err);

#endif
