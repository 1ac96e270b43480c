/* Routes of a server, longest path first. Entries live outside of memory scopes; one that is made
 * inside a scope goes with it. Bounded by what the program registers. */

#include "runtime/net/server.h"

static bool path_matches(const struct route *route, struct str path)
{
    if (path.len < route->path_len || memcmp(path.ptr, route->path, route->path_len) != 0)
        return false;
    return path.len == route->path_len || route->def.is_prefix;
}

/* A route for GET answers HEAD too. */
static bool method_matches(const char *wanted, struct str method)
{
    return !wanted || str_is(method, wanted) ||
           (str_is(method, "HEAD") && strcmp(wanted, "GET") == 0);
}

const struct route *route_find(const struct http_server *server, const struct http_request *request,
                               int *status)
{
    *status = 404;
    for (size_t i = 0; i < server->route_count; i++) {
        const struct route *route = server->routes[i];
        if (!path_matches(route, request->path))
            continue;
        if (method_matches(route->def.method, request->method)) {
            *status = 0;
            return route;
        }
        *status = 405;
    }
    return NULL;
}

static void remove_at(struct http_server *server, size_t i)
{
    net_free(server->routes[i]);
    server->route_count--;
    memmove(&server->routes[i], &server->routes[i + 1],
            (server->route_count - i) * sizeof(struct route *));
}

static void undo_route(void *arg)
{
    struct route *route = arg;
    struct http_server *server = route->server;
    for (size_t i = 0; i < server->route_count; i++) {
        if (server->routes[i] == route) {
            remove_at(server, i);
            return;
        }
    }
}

struct route *route_add(struct http_server *server, const struct http_route *def)
{
    size_t path_len = strlen(def->path);
    struct route *route = net_alloc(sizeof(*route) + path_len + 1);
    size_t bytes = (server->route_count + 1) * sizeof(struct route *);
    struct route **grown = mem_lib_realloc(server->routes, bytes);
    if (!grown && mem_spend_reserve())
        grown = mem_lib_realloc(server->routes, bytes);
    if (!grown) {
        net_free(route);
        mem_exhausted();
    }
    server->routes = grown;
    route->server = server;
    route->def = *def;
    route->path_len = path_len;
    memcpy(route->path, def->path, path_len + 1);
    route->def.path = route->path;
    size_t at = 0;
    while (at < server->route_count && grown[at]->path_len >= path_len)
        at++;
    memmove(&grown[at + 1], &grown[at], (server->route_count - at) * sizeof(struct route *));
    grown[at] = route;
    server->route_count++;
    mem_scope_guard(undo_route, route);
    return route;
}

void http_server_route(struct http_server *server, const struct http_route *def)
{
    (void)route_add(server, def);
}

void http_server_unroute(struct http_server *server, const char *path, void *arg)
{
    for (size_t i = server->route_count; i-- > 0;) {
        struct route *route = server->routes[i];
        if (route->def.arg != arg || strcmp(route->path, path) != 0)
            continue;
        mem_scope_unguard(undo_route, route);
        remove_at(server, i);
    }
}

void routes_release(struct http_server *server)
{
    while (server->route_count > 0) {
        mem_scope_unguard(undo_route, server->routes[server->route_count - 1]);
        remove_at(server, server->route_count - 1);
    }
    net_free(server->routes);
    server->routes = NULL;
}
