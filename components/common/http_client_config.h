#ifndef COMPONENTS_COMMON_HTTP_CLIENT_CONFIG_H
#define COMPONENTS_COMMON_HTTP_CLIENT_CONFIG_H

/* The arguments that every HTTP client of the prometheus, loki, discovery and remote families
 * shares, and the sender that obeys them: an http_client with credentials.
 *
 *   struct args { struct http_client_config client; … };
 *   {SQUASH(struct args, client, http_client_shape)},
 *
 * (A shape's check is not run for squashed rows by Alloy; call http_client_config_check from the
 * check of the shape that squashes it.) */

#include "components/common/tls_config.h"
#include "runtime/component.h"

struct basic_auth_config {
    struct str username;
    struct secret password;
    struct str password_file;
};
extern const struct shape basic_auth_shape;

struct authorization_config {
    struct str type; /* "Bearer" after the check when empty */
    struct secret credentials;
    struct str credentials_file;
};
extern const struct shape authorization_shape;

struct proxy_config { /* squashed */
    struct str proxy_url;
    struct str no_proxy;
    bool proxy_from_environment;
};
extern const struct shape proxy_shape;

struct oauth2_config {
    struct str client_id;
    struct secret client_secret;
    struct str client_secret_file;
    struct str_list scopes;
    struct str token_url;
    struct str_map endpoint_params;
    struct proxy_config proxy;
    struct tls_client_config *tls_config;
};
extern const struct shape oauth2_shape;

struct http_client_config {
    struct basic_auth_config *basic_auth;
    struct authorization_config *authorization;
    struct oauth2_config *oauth2;
    struct secret bearer_token;
    struct str bearer_token_file;
    struct proxy_config proxy;
    struct tls_client_config tls_config;
    bool follow_redirects;
    bool enable_http2;
    struct secret_list_map http_headers;
};
extern const struct shape http_client_shape;       /* enable_http2 = true */
extern const struct shape http_client_shape_http1; /* enable_http2 = false (remote_write) */

enum status http_client_config_check(const struct http_client_config *config, struct error *err);
/* Whether any credential is configured. */
bool http_client_config_has_auth(const struct http_client_config *config);

/* ---- the sender ---- */
struct http_sender;
struct http_sent;

struct http_sender_options {
    struct str user_agent;  /* empty = "invar/VERSION" */
    size_t max_connections; /* 0 = default of http_client.h */
    bool disable_keepalive;
};

/* Where calls are made: a component's place, or one without a component (host NULL), which does not
 * reach the program itself. */
struct http_place {
    struct loop *loop;
    struct mem_owner *memory; /* NULL = nobody's budget */
    struct component_host *host;
};

/* `config` is copied. Files (passwords, tokens, certificates) are read at the first send and again
 * when they changed; one that cannot be read makes the send fail. On the component's loop, from
 * start on. */
struct http_sender *http_sender_new(struct component_host *host,
                                    const struct http_client_config *config,
                                    const struct http_sender_options *options, struct error *err);
struct http_sender *http_sender_new_at(const struct http_place *place,
                                       const struct http_client_config *config,
                                       const struct http_sender_options *options,
                                       struct error *err);
/* Cancels what is under way (no callbacks). NULL is fine. */
void http_sender_free(struct http_sender *sender);
/* As http_client_send, with credentials and http_headers added (call->authorization is ignored when
 * credentials are configured). OAuth2 tokens are fetched before and kept until they expire. `done`
 * comes in a later step, once, unless cancelled. Everything in `call` but the body is copied. */
struct http_sent *http_sender_send(struct http_sender *sender, const struct http_call_options *call,
                                   http_done_fn *done, void *arg);
void http_sent_cancel(struct http_sent *sent); /* no callback after this */

#endif
