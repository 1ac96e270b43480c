#ifndef RUNTIME_NET_HTTP_CLIENT_H
#define RUNTIME_NET_HTTP_CLIENT_H

/* The HTTP client (RFC 9110, 9112, 9113) over libcurl's multi interface on a loop. One client a
 * component, with its connection pool; initialised on first use.
 *
 * Redirects are handled by hand: a new request per hop, and when scheme, host or port changes every
 * credential and every custom header stays behind. Response bodies are capped. Answers come in a
 * later step of the loop, exactly one per request that was sent and not cancelled. The address
 * "alloy.internal:12345" is the program itself: it is served in-process (internal handler). */

#include "base/buf.h"
#include "base/error.h"
#include "runtime/loop/loop.h"

struct http_client;
struct http_call;

struct http_header {
    struct str name;
    struct str value;
};

struct http_tls {
    struct str ca_pem;   /* empty = the system's bundle */
    struct str cert_pem; /* client certificate and key; empty = none */
    struct str key_pem;
    struct str server_name;
    bool insecure_skip_verify;
    unsigned min_version; /* 0 = library default, else 10, 11, 12, 13 */
};

enum http_version { HTTP_ANY, HTTP_1_1, HTTP_2_PRIOR /* h2c without upgrade, for gRPC */ };

/* Everything is copied. */
struct http_client_options {
    struct str user_agent;
    struct http_tls tls;
    struct str proxy_url; /* empty = none */
    struct str no_proxy;
    bool proxy_from_environment;
    bool follow_redirects;
    bool disable_keepalive;
    enum http_version version;
    size_t max_connections; /* 0 = 100 per host */
    struct mem_owner *owner;
};

struct http_call_options {
    struct str method; /* "GET" */
    struct str url;
    const struct http_header *headers; /* copied */
    size_t header_count;
    /* Authorization value, e.g. "Basic …" or "Bearer …"; dropped when a redirect leaves the origin.
     */
    struct str authorization;
    struct str body;     /* borrowed until done or cancelled */
    int64_t timeout_ns;  /* whole call; 0 = none */
    size_t max_response; /* bytes; larger is STATUS_LIMIT; 0 = 1 MiB */
    /* release(release_arg) comes last and exactly once, whether the call was answered, cancelled or
     * ended with its client: the body may be freed then. NULL = none. */
    void (*release)(void *arg);
    void *release_arg;
};

struct http_response {
    int status;      /* 0 when there was no answer: see err */
    struct str body; /* valid during the callback */
    struct str content_type;
    const struct http_header *headers; /* trailers included, names in lower case */
    size_t header_count;
    int64_t duration_ns;
    struct str peer_version; /* "HTTP/1.1", "HTTP/2" */
};

/* err->status OK whenever an HTTP answer came, whatever its status code. */
typedef void http_done_fn(void *arg, const struct http_response *response, const struct error *err);

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options,
                                    struct error *err);
/* Cancels what is under way (no callbacks). */
void http_client_free(struct http_client *client);
struct http_call *http_client_send(struct http_client *client,
                                   const struct http_call_options *options, http_done_fn *done,
                                   void *arg);
void http_call_cancel(struct http_call *call); /* no callback after this */
/* Case-insensitive; empty when absent. */
struct str http_response_header(const struct http_response *response, const char *name);
/* Retry-After (seconds or HTTP date) in nanoseconds from now, or -1. */
int64_t http_retry_after(const struct http_response *response);

/* In-process requests for "alloy.internal:12345": set once by the runtime. The handler may be
 * called on any data loop and answers on the loop it was called from; the request is valid during
 * the call. */
struct http_internal {
    struct str path_and_query;
    const struct http_header *headers;
    size_t header_count;
};
typedef void http_internal_fn(void *arg, struct loop *loop, const struct http_internal *request,
                              http_done_fn *done, void *done_arg);
void http_client_set_internal(struct http_client *client, http_internal_fn *fn, void *arg);

/* The simulator's replacement (runtime/loop/ops.h). Its objects begin with the structs below. */
struct http_client_ops {
    struct http_client *(*client_new)(struct loop *loop, const struct http_client_options *o,
                                      struct error *err);
    void (*client_free)(struct http_client *client);
    struct http_call *(*send)(struct http_client *client, const struct http_call_options *o,
                              http_done_fn *done, void *arg);
    void (*cancel)(struct http_call *call);
    void (*set_internal)(struct http_client *client, http_internal_fn *fn, void *arg);
};

struct http_client {
    const struct http_client_ops *ops;
};

struct http_call {
    const struct http_client_ops *ops;
};

#endif
