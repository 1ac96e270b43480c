#ifndef RUNTIME_SERVER_AUTH_H
#define RUNTIME_SERVER_AUTH_H

/* Who is admitted to the HTTP API: what the `http` block says. Made before the server, since the
 * first load comes first. On the control loop. */

#include "runtime/graph/http_block.h"
#include "runtime/net/http_server.h"

struct server_auth;

struct server_auth *server_auth_new(void);
void server_auth_free(struct server_auth *auth);
/* graph_services.http: `auth` is a struct server_auth, `args` a struct http_args or NULL. */
enum status server_auth_set(void *auth, const void *args, struct error *err);
/* False: the exchange has been answered with 401. Requests from within the program are admitted. */
bool server_auth_admit(const struct server_auth *auth, struct http_exchange *exchange);

#endif
