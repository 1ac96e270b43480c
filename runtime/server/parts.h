#ifndef RUNTIME_SERVER_PARTS_H
#define RUNTIME_SERVER_PARTS_H

/* What the files of the server share; nobody else includes this. */

#include "runtime/server/rates.h"
#include "runtime/server/server.h"

/* Makes the exchanges for requests that a component on this loop answers. */
struct inner_server {
    struct loop *_Atomic loop; /* NULL = free */
    struct http_server *http;
    struct carried *current; /* the request being handed over */
};

/* A route's handler behind the check of credentials. */
struct guarded {
    struct server *server;
    http_handler_fn *handler;
};
enum { ROUTES_MAX = 16 };

struct server {
    struct server_options options;
    struct guarded guarded[ROUTES_MAX];
    struct http_server *http;
    struct rates rates;
    struct inner_server inner[GRAPH_MAX_DATA_LOOPS];
};

/* forward.c: hands a request to the component that `path` ("ID/rest") names, on its data loop. */
void server_forward(struct server *server, struct http_exchange *exchange, struct str path);
void server_close_inner(struct server *server);
/* page.c */
void server_page(void *arg, struct http_exchange *exchange);
/* review.c */
void server_review(void *arg, struct http_exchange *exchange);

#endif
