#ifndef RUNTIME_NET_CLIENT_H
#define RUNTIME_NET_CLIENT_H

/* Between the files of the HTTP client; nobody else includes it. A client owns a multi handle of
 * libcurl (made on first use) and its calls; a call owns an easy handle while it is under way. */

#include "runtime/net/http_client.h"
#include "runtime/net/server.h"

/* curl_multi_socket_all is wanted; see curl_client.c. */
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>

enum {
    CLIENT_IDLE_HANDLES = 8,
    CLIENT_CONNECTIONS_DEFAULT = 100,
    RESPONSE_HEAD_MAX = 256 * 1024,
    RESPONSE_BODY_DEFAULT = 1024 * 1024,
    REDIRECTS_MAX = 10,
    HOST_NAME_MAX_BYTES = 253,
};

struct curl_client {
    struct http_client base;
    struct loop *loop;
    struct http_client_options options; /* texts in `texts`, with NULs */
    char *texts;
    CURLM *multi;
    struct loop_timer *timer;
    struct loop_timer *nudge; /* while HTTP/2 calls are under way; see curl_client.c */
    bool multiplexes;
    bool is_doubtful; /* libcurl ran out of memory; see curl_client.c */
    struct curl_call *calls;
    struct curl_watch *watches;
    CURL *idle[CLIENT_IDLE_HANDLES];
    size_t idle_count;
    http_internal_fn *internal;
    void *internal_arg;
    unsigned busy;
    bool freed; /* by its owner, while busy */
};

struct curl_call {
    struct http_call base;
    struct curl_client *client; /* NULL: the client is gone; only a deferred step holds the call */
    struct curl_call *prev;
    struct curl_call *next;
    CURL *easy;
    struct curl_slist *fields;
    struct curl_slist *connect_to;
    /* What is asked for; texts lie behind the call, with NULs. */
    struct str method;
    struct str url;
    struct str authorization;
    struct str body;
    struct http_header *headers;
    size_t header_count;
    char *moved; /* the URL after a redirect */
    bool left_origin;
    unsigned hops;
    size_t max_response;
    int64_t started;
    int64_t deadline; /* 0 = none */
    http_done_fn *done;
    void *arg;
    void (*release)(void *arg);
    void *release_arg;
    struct buf head;
    struct buf received;
    bool deferred; /* a step of the loop holds the call */
    bool dead;     /* cancelled or answered meanwhile */
    bool lost;     /* libcurl was ended under it */
    struct error error;
    char curl_error[CURL_ERROR_SIZE];
};

extern const struct http_client_ops curl_client_ops;

/* curl_client.c */
bool client_start(struct curl_client *client, struct error *err); /* the multi handle */
CURL *client_take_handle(struct curl_client *client);
void client_give_handle(struct curl_client *client, CURL *easy);
/* Calls that may share a connection are under way. */
void client_multiplexes(struct curl_client *client);
void client_enter(struct curl_client *client);
void client_leave(struct curl_client *client); /* may free it */

/* curl_call.c */
struct http_call *call_send(struct http_client *client, const struct http_call_options *options,
                            http_done_fn *done, void *arg);
void call_cancel(struct http_call *call);
void call_drop(struct curl_call *call); /* as cancel; for the end of the client */
void call_finish(struct curl_call *call, CURLcode code);
bool call_may_multiplex(const struct curl_call *call);

/* curl_setup.c: everything an easy handle is told. False when memory is out. */
bool call_setup(struct curl_call *call);

/* redirect.c: the next hop's URL (net_free) or NULL when there is none; *same_origin tells whether
 * scheme, host and port stay. */
char *redirect_target(const char *url, struct str location, bool *same_origin);
/* May travel to another origin: describes the message, names nobody. */
bool redirect_may_carry(struct str header);

/* curl_error.c: Go's words for what went wrong. */
void call_error(const struct curl_call *call, CURLcode code, struct error *err);
/* Is it a web server's address? */
bool call_has_scheme(const struct curl_call *call);
enum status call_bad_url(const struct curl_call *call, struct error *err);

#endif
