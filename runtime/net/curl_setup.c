/* Everything libcurl is told about a call. It follows no redirects, keeps no cookies, reads no
 * files of its own. */

#include "runtime/loop/ops.h"
#include "runtime/net/client.h"
#include "runtime/net/tls.h"

#include <openssl/ssl.h>

static bool set_text(CURL *easy, CURLoption option, const char *text)
{
    return curl_easy_setopt(easy, option, text) == CURLE_OK;
}

static bool set_blob(CURL *easy, CURLoption option, struct str bytes)
{
    struct curl_blob blob = {
        .data = (void *)(uintptr_t)bytes.ptr, .len = bytes.len, .flags = CURL_BLOB_NOCOPY};
    return curl_easy_setopt(easy, option, &blob) == CURLE_OK;
}

static bool add_field(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer)
        *list = longer;
    return longer != NULL;
}

/* "Name: value"; an empty value is spelled "Name;" for libcurl. */
static bool add_header(struct curl_slist **list, struct str name, struct str value)
{
    struct buf line;
    buf_init(&line, NULL, HEAD_MAX);
    bool ok = net_append(&line, name) && net_append(&line, value.len ? STR(": ") : STR(";")) &&
              net_append(&line, value) && net_append(&line, str_of("", 1)) &&
              add_field(list, line.data);
    buf_release(&line);
    return ok;
}

static bool set_headers(struct curl_call *call)
{
    const struct curl_client *client = call->client;
    bool accept = false, type = false, ok = true;
    for (size_t i = 0; i < call->header_count && ok; i++) {
        const struct http_header *header = &call->headers[i];
        if (call->left_origin && !redirect_may_carry(header->name))
            continue;
        accept = accept || str_eq_fold(header->name, STR("accept"));
        type = type || str_eq_fold(header->name, STR("content-type"));
        ok = add_header(&call->fields, header->name, header->value);
    }
    if (call->authorization.len && !call->left_origin)
        ok = ok && add_header(&call->fields, STR("Authorization"), call->authorization);
    /* libcurl's own ideas of these are not wanted. */
    ok = ok && (accept || add_field(&call->fields, "Accept:")) &&
         (type || add_field(&call->fields, "Content-Type:")) && add_field(&call->fields, "Expect:");
    if (client->options.disable_keepalive && client->options.version != HTTP_2_PRIOR)
        ok = ok && add_field(&call->fields, "Connection: close");
    return ok && curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->fields) == CURLE_OK;
}

static bool set_method(struct curl_call *call)
{
    CURL *easy = call->easy;
    bool head = str_is(call->method, "HEAD");
    if (head)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (call->body.len == 0 && str_is(call->method, "GET"))
        return true;
    if (call->body.len > 0 || str_is(call->method, "POST") || str_is(call->method, "PUT")) {
        curl_off_t size = (curl_off_t)call->body.len;
        (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.len ? call->body.ptr : "");
    }
    return set_text(easy, CURLOPT_CUSTOMREQUEST, call->method.ptr);
}

static long curl_tls_version(unsigned version)
{
    switch (version) {
    case 10: return CURL_SSLVERSION_TLSv1_0;
    case 11: return CURL_SSLVERSION_TLSv1_1;
    case 12: return CURL_SSLVERSION_TLSv1_2;
    case 13: return CURL_SSLVERSION_TLSv1_3;
    default: return CURL_SSLVERSION_DEFAULT;
    }
}

/* libcurl would read the bundle for every connection pool; the process has one store. */
static CURLcode use_system_roots(CURL *easy, void *context, void *arg)
{
    (void)easy, (void)arg;
    struct x509_store_st *roots = tls_system_roots(NULL);
    if (!roots)
        return CURLE_SSL_CACERT_BADFILE;
    SSL_CTX_set_cert_store(context, roots);
    return CURLE_OK;
}

/* Verifies and asks for another name than the URL's: the URL gets that name, the connection goes to
 * the URL's host. */
static bool set_server_name(struct curl_call *call, const char *url)
{
    const struct http_tls *tls = &call->client->options.tls;
    char *host = NULL, *port = NULL, *renamed = NULL;
    struct buf line, host_field;
    CURLU *parts = curl_url();
    buf_init(&line, NULL, HEAD_MAX);
    buf_init(&host_field, NULL, HEAD_MAX);
    bool ok = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
              curl_url_set(parts, CURLUPART_HOST, tls->server_name.ptr, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_URL, &renamed, 0) == CURLUE_OK;
    const struct str pieces[] = {STR("::"), str_from(host), STR(":"), str_from(port),
                                 str_of("", 1)};
    for (size_t i = 0; i < 5 && ok; i++)
        ok = net_append(&line, pieces[i]) &&
             (i == 0 || i == 4 || net_append(&host_field, pieces[i]));
    ok = ok && add_field(&call->connect_to, line.data) &&
         add_header(&call->fields, STR("Host"), buf_view(&host_field)) &&
         curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to) == CURLE_OK &&
         set_text(call->easy, CURLOPT_URL, renamed);
    curl_free(host);
    curl_free(port);
    curl_free(renamed);
    curl_url_cleanup(parts);
    buf_release(&line);
    buf_release(&host_field);
    return ok;
}

static bool set_tls(struct curl_call *call, const char *url)
{
    CURL *easy = call->easy;
    const struct http_tls *tls = &call->client->options.tls;
    if (!str_eq_fold(str_slice(str_from(url), 0, 6), STR("https:")))
        return set_text(easy, CURLOPT_URL, url);
    bool ok = true;
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, curl_tls_version(tls->min_version));
    (void)curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    if (tls->insecure_skip_verify) {
        (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (tls->ca_pem.len) {
        ok = set_blob(easy, CURLOPT_CAINFO_BLOB, tls->ca_pem);
    } else {
        ok = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, use_system_roots) == CURLE_OK;
    }
    if (tls->cert_pem.len)
        ok = ok && set_blob(easy, CURLOPT_SSLCERT_BLOB, tls->cert_pem) &&
             set_blob(easy, CURLOPT_SSLKEY_BLOB, tls->key_pem);
    if (tls->server_name.len)
        return ok && set_server_name(call, url);
    return ok && set_text(easy, CURLOPT_URL, url);
}

static bool set_proxy(struct curl_call *call)
{
    const struct http_client_options *options = &call->client->options;
    if (options->proxy_from_environment)
        return true;
    return set_text(call->easy, CURLOPT_PROXY,
                    options->proxy_url.len ? options->proxy_url.ptr : "") &&
           set_text(call->easy, CURLOPT_NOPROXY,
                    options->no_proxy.len ? options->no_proxy.ptr : "");
}

static size_t on_head(char *bytes, size_t one, size_t len, void *arg)
{
    struct curl_call *call = arg;
    struct str line = str_of(bytes, len);
    (void)one;
    /* Interim answers come before the real one. */
    if (str_starts(line, STR("HTTP/")))
        buf_clear(&call->head);
    return net_append(&call->head, line) ? len : 0;
}

static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
    struct curl_call *call = arg;
    (void)one;
    return net_append(&call->received, str_of(bytes, len)) ? len : 0;
}

static long version_of(enum http_version version)
{
    return version == HTTP_1_1       ? CURL_HTTP_VERSION_1_1
           : version == HTTP_2_PRIOR ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                     : CURL_HTTP_VERSION_2TLS;
}

static void set_times(struct curl_call *call)
{
    if (call->deadline == 0)
        return;
    int64_t left = call->deadline - loop_now_ns(call->client->loop);
    int64_t ms = left > 0 ? left / 1000000 + 1 : 1;
    (void)curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)ms);
    (void)curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ms);
}

/* Where the loop has a network of its own, libcurl's sockets come from there. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct loop *loop = arg;
    (void)purpose;
    return loop->ops->client_socket(loop, &address->addr);
}

static void set_sockets(struct curl_call *call)
{
    struct loop *loop = call->client->loop;
    if (!loop->ops->client_socket)
        return;
    (void)curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    (void)curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETDATA, loop);
}

bool call_setup(struct curl_call *call)
{
    CURL *easy = call->easy;
    const struct http_client_options *options = &call->client->options;
    const char *url = call->moved ? call->moved : call->url.ptr;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version_of(options->version));
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, (long)call_may_multiplex(call));
    (void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)options->disable_keepalive);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_error);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    set_times(call);
    set_sockets(call);
    return set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
           (!options->user_agent.len ||
            set_text(easy, CURLOPT_USERAGENT, options->user_agent.ptr)) &&
           set_tls(call, url) && set_proxy(call) && set_method(call) && set_headers(call);
}
