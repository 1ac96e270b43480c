/* Shapes and checks of the HTTP client's arguments, worded as Alloy words them. Owns nothing. */
#include "components/common/http_client_config.h"

static enum status check_basic_auth(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct basic_auth_config *c = args;
    if (c->password.text.len > 0 && c->password_file.len > 0) {
        return error_set(err, STATUS_INVALID,
                         "at most one of basic_auth password & password_file must be configured");
    }
    return STATUS_OK;
}

static const struct row basic_auth_rows[] = {
    {ATTR(struct basic_auth_config, username), .doc = "User name."},
    {ATTR(struct basic_auth_config, password), .doc = "Password."},
    {ATTR(struct basic_auth_config, password_file),
     .doc = "File of the password, read again when it changes."},
    {0},
};
const struct shape basic_auth_shape = {.name = "basic_auth",
                                       .rows = basic_auth_rows,
                                       .size = sizeof(struct basic_auth_config),
                                       .check = check_basic_auth};

static enum status check_authorization(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    struct authorization_config *c = args;
    if (c->credentials.text.len > 0 && c->credentials_file.len > 0) {
        return error_set(
            err, STATUS_INVALID,
            "at most one of authorization credentials & credentials_file must be configured");
    }
    c->type = str_trim(c->type);
    if (c->type.len == 0) {
        c->type = STR("Bearer");
    }
    if (str_eq_fold(c->type, STR("basic"))) {
        return error_set(
            err, STATUS_INVALID,
            "authorization type cannot be set to \"basic\", use \"basic_auth\" block instead");
    }
    return STATUS_OK;
}

static const struct row authorization_rows[] = {
    {ATTR(struct authorization_config, type), .doc = "Scheme, Bearer when empty."},
    {ATTR(struct authorization_config, credentials), .doc = "What follows the scheme."},
    {ATTR(struct authorization_config, credentials_file),
     .doc = "File of the credentials, read again when it changes."},
    {0},
};
const struct shape authorization_shape = {.name = "authorization",
                                          .rows = authorization_rows,
                                          .size = sizeof(struct authorization_config),
                                          .check = check_authorization};

/* ---- proxies ---- */

/* net/url refuses control characters and a missing scheme. */
static enum status check_url(struct str text, struct error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
            return error_set(err, STATUS_INVALID,
                             "parse \"%.*s\": net/url: invalid control character in URL",
                             STR_ARG(text));
        }
    }
    if (text.len > 0 && text.ptr[0] == ':') {
        return error_set(err, STATUS_INVALID, "parse \"%.*s\": missing protocol scheme",
                         STR_ARG(text));
    }
    return STATUS_OK;
}

static const struct row proxy_rows[] = {
    {ATTR(struct proxy_config, proxy_url), .check = check_url, .doc = "Proxy to go through."},
    {ATTR(struct proxy_config, no_proxy),
     .doc = "Addresses, comma-separated, that are reached without the proxy."},
    {ATTR(struct proxy_config, proxy_from_environment),
     .doc = "Whether the environment's HTTP_PROXY, HTTPS_PROXY and NO_PROXY are obeyed."},
    {REFUSED("proxy_connect_header", "headers for the proxy's CONNECT cannot be set")},
    {0},
};
const struct shape proxy_shape = {
    .name = "proxy", .rows = proxy_rows, .size = sizeof(struct proxy_config)};

static enum status check_proxy(const struct proxy_config *c, struct error *err)
{
    const char *wrong = NULL;
    if (c->proxy_from_environment && c->proxy_url.len > 0) {
        wrong = "if proxy_from_environment is configured, proxy_url must not be configured";
    } else if (c->proxy_from_environment && c->no_proxy.len > 0) {
        wrong = "if proxy_from_environment is configured, no_proxy must not be configured";
    } else if (c->proxy_url.len == 0 && c->no_proxy.len > 0) {
        wrong = "if no_proxy is configured, proxy_url must also be configured";
    }
    return wrong ? error_set(err, STATUS_INVALID, "%s", wrong) : STATUS_OK;
}

/* ---- OAuth2 ---- */

static enum status check_oauth2(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct oauth2_config *c = args;
    bool has_secret = c->client_secret.text.len > 0;
    const char *wrong = NULL;
    if (c->client_id.len == 0) {
        wrong = "oauth2 client_id must be configured";
    } else if (!has_secret && c->client_secret_file.len == 0) {
        wrong = "either oauth2 client_secret or client_secret_file must be configured";
    } else if (c->token_url.len == 0) {
        wrong = "oauth2 token_url must be configured";
    } else if (has_secret && c->client_secret_file.len > 0) {
        wrong = "at most one of oauth2 client_secret & client_secret_file must be configured";
    }
    return wrong ? error_set(err, STATUS_INVALID, "%s", wrong) : check_proxy(&c->proxy, err);
}

static const struct row oauth2_rows[] = {
    {ATTR(struct oauth2_config, client_id), .doc = "Client's name at the token server."},
    {ATTR(struct oauth2_config, client_secret), .doc = "Client's secret."},
    {ATTR(struct oauth2_config, client_secret_file),
     .doc = "File of the client's secret, read again when it changes."},
    {ATTR(struct oauth2_config, scopes), .doc = "Scopes to ask for."},
    {ATTR(struct oauth2_config, token_url), .doc = "Where tokens are given out."},
    {ATTR(struct oauth2_config, endpoint_params), .doc = "More parameters of the token request."},
    {SQUASH(struct oauth2_config, proxy, proxy_shape)},
    {BLOCK_OPT(struct oauth2_config, tls_config, tls_client_shape),
     .doc = "TLS towards the token server."},
    {0},
};
const struct shape oauth2_shape = {.name = "oauth2",
                                   .rows = oauth2_rows,
                                   .size = sizeof(struct oauth2_config),
                                   .check = check_oauth2};

/* ---- all of it ---- */

#define CLIENT_ROWS(http2)                                                                         \
    {ATTR(struct http_client_config, bearer_token), .doc = "Bearer token."},                       \
        {ATTR(struct http_client_config, bearer_token_file),                                       \
         .doc = "File of the bearer token, read again when it changes."},                          \
        {SQUASH(struct http_client_config, proxy, proxy_shape)},                                   \
        {ATTR(struct http_client_config, follow_redirects), .def = "true",                         \
         .doc = "Whether redirects are followed."},                                                \
        {ATTR(struct http_client_config, enable_http2), .def = (http2),                            \
         .doc = "Whether HTTP/2 may be spoken over TLS."},                                         \
        {ATTR(struct http_client_config, http_headers), .doc = "Headers added to requests."},      \
        {BLOCK_OPT(struct http_client_config, basic_auth, basic_auth_shape),                       \
         .doc = "User name and password."},                                                        \
        {BLOCK_OPT(struct http_client_config, authorization, authorization_shape),                 \
         .doc = "Authorization header."},                                                          \
        {BLOCK_OPT(struct http_client_config, oauth2, oauth2_shape),                               \
         .doc = "Tokens by OAuth 2.0 client credentials."},                                        \
    {                                                                                              \
        BLOCK(struct http_client_config, tls_config, tls_client_shape), .doc = "TLS settings."     \
    }

static const struct row client_rows[] = {CLIENT_ROWS("true"), {0}};
static const struct row client_rows_http1[] = {CLIENT_ROWS("false"), {0}};

const struct shape http_client_shape = {
    .name = "http_client", .rows = client_rows, .size = sizeof(struct http_client_config)};
const struct shape http_client_shape_http1 = {
    .name = "http_client", .rows = client_rows_http1, .size = sizeof(struct http_client_config)};

bool http_client_config_has_auth(const struct http_client_config *c)
{
    return c->basic_auth || c->authorization || c->oauth2 || c->bearer_token.text.len > 0 ||
           c->bearer_token_file.len > 0;
}

/* Headers that the clients set themselves, in Go's canonical spelling. */
static const char *const reserved[] = {
    "Authorization",
    "Host",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "User-Agent",
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Www-Authenticate",
    "Accept-Encoding",
    "X-Prometheus-Remote-Write-Version",
    "X-Prometheus-Remote-Read-Version",
    "X-Prometheus-Scrape-Timeout-Seconds",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    NULL,
};

enum status http_client_config_check(const struct http_client_config *c, struct error *err)
{
    unsigned auths = (c->basic_auth != NULL) + (c->authorization != NULL) + (c->oauth2 != NULL) +
                     (c->bearer_token.text.len > 0) + (c->bearer_token_file.len > 0);
    if (auths > 1) {
        return error_set(err, STATUS_INVALID,
                         "at most one of basic_auth, authorization, oauth2, bearer_token & "
                         "bearer_token_file must be configured");
    }
    for (size_t i = 0; i < c->http_headers.count; i++) {
        for (const char *const *name = reserved; *name; name++) {
            if (str_eq_fold(c->http_headers.items[i].key, str_from(*name))) {
                return error_set(err, STATUS_INVALID, "setting header \"%s\" is not allowed",
                                 *name);
            }
        }
    }
    return check_proxy(&c->proxy, err);
}
