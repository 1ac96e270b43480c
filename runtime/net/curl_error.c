/* What went wrong with a call, in the words that Go's client and so Alloy use: `Get "URL": reason`.
 * Passwords in URLs are hidden. */

#include "runtime/net/client.h"

#include <errno.h>
#include <stdio.h>

static enum status status_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK: return STATUS_OK;
    case CURLE_OPERATION_TIMEDOUT: return STATUS_TIMEOUT;
    case CURLE_OUT_OF_MEMORY: return STATUS_MEMORY;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return STATUS_INVALID;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return STATUS_UNAVAILABLE;
    case CURLE_PEER_FAILED_VERIFICATION: return STATUS_DENIED;
    default: return STATUS_IO;
    }
}

/* "Post" of "POST". */
static void go_method(struct str method, char *out, size_t size)
{
    size_t len = method.len < size - 1 ? method.len : size - 1;
    for (size_t i = 0; i < len; i++) {
        char c = method.ptr[i];
        out[i] = (char)(i > 0 && c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    out[len] = '\0';
}

/* "user:xxxxx@" for "user:secret@". */
static void redacted(struct str url, char *out, size_t size)
{
    size_t start = str_find(url, STR("://"), 0);
    start = start == SIZE_MAX ? 0 : start + 3;
    size_t end = start;
    while (end < url.len && url.ptr[end] != '/' && url.ptr[end] != '?' && url.ptr[end] != '#')
        end++;
    struct str authority = str_slice(url, start, end);
    size_t at = str_rfind_byte(authority, '@');
    size_t colon = str_find_byte(authority, ':', 0);
    if (at == SIZE_MAX || colon == SIZE_MAX || colon > at) {
        (void)snprintf(out, size, "%.*s", STR_ARG(url));
        return;
    }
    (void)snprintf(out, size, "%.*s:xxxxx%.*s", (int)(start + colon), url.ptr,
                   (int)(url.len - start - at), url.ptr + start + at);
}

/* "host:port" of a URL. */
static void dialled(struct str url, char *out, size_t size)
{
    char *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    bool ok = parts && curl_url_set(parts, CURLUPART_URL, url.ptr, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    (void)snprintf(out, size, "%s:%s", ok ? host : "", ok ? port : "");
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
}

static void reason_of(const struct curl_call *call, struct str where, CURLcode code, char *out,
                      size_t size)
{
    long os_error = 0;
    char host[300];
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT: (void)snprintf(out, size, "context deadline exceeded"); return;
    case CURLE_COULDNT_CONNECT:
        (void)curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_error);
        dialled(where, host, sizeof(host));
        (void)snprintf(out, size, "dial tcp %s: connect: %s", host,
                       error_errno_text(os_error ? (int)os_error : ECONNREFUSED));
        return;
    case CURLE_COULDNT_RESOLVE_HOST:
        (void)snprintf(out, size, "dial tcp: lookup: no such host");
        return;
    case CURLE_GOT_NOTHING: (void)snprintf(out, size, "EOF"); return;
    default:
        (void)snprintf(out, size, "%s",
                       call->curl_error[0] ? call->curl_error : curl_easy_strerror(code));
        return;
    }
}

void call_error(const struct curl_call *call, CURLcode code, struct error *err)
{
    char method[16], url[1024], reason[512];
    struct str where = call->moved ? str_from(call->moved) : call->url;
    go_method(call->method, method, sizeof(method));
    redacted(where, url, sizeof(url));
    if (code == CURLE_WRITE_ERROR && call->received.overflow) {
        (void)error_set(err, STATUS_LIMIT, "%s \"%s\": response is larger than %zu bytes", method,
                        url, call->max_response);
        return;
    }
    reason_of(call, where, code, reason, sizeof(reason));
    (void)error_set(err, status_of(code), "%s \"%s\": %s", method, url, reason);
}

static struct str scheme_of(struct str url)
{
    size_t end = str_find(url, STR("://"), 0);
    return str_slice(url, 0, end == SIZE_MAX ? 0 : end);
}

bool call_has_scheme(const struct curl_call *call)
{
    struct str scheme = scheme_of(call->url);
    return str_eq_fold(scheme, STR("http")) || str_eq_fold(scheme, STR("https"));
}

enum status call_bad_url(const struct curl_call *call, struct error *err)
{
    char method[16], url[1024];
    go_method(call->method, method, sizeof(method));
    redacted(call->url, url, sizeof(url));
    if (call_has_scheme(call))
        return error_set(err, STATUS_INVALID, "%s \"%s\": http: no Host in request URL", method,
                         url);
    return error_set(err, STATUS_INVALID, "%s \"%s\": unsupported protocol scheme \"%.*s\"", method,
                     url, STR_ARG(scheme_of(call->url)));
}
