/* Unary gRPC calls over the HTTP client. A call's callback, and its frame when the message has no
 * room for the head, live in one block until the HTTP call lets go of it. */

#include "runtime/net/grpc_wire.h"
#include "runtime/net/server.h"

#include <stdio.h>

enum { METADATA_MAX = 64 };

struct grpc_sending {
    grpc_done_fn *done;
    void *arg;
    struct str body;
    char frame[];
};

static enum grpc_code code_of_http(int status)
{
    switch (status) {
    case 400: return GRPC_INTERNAL;
    case 401: return GRPC_UNAUTHENTICATED;
    case 403: return GRPC_PERMISSION_DENIED;
    case 404: return GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504: return GRPC_UNAVAILABLE;
    default: return GRPC_UNKNOWN;
    }
}

static enum grpc_code code_of_error(enum status status)
{
    return status == STATUS_TIMEOUT  ? GRPC_DEADLINE_EXCEEDED
           : status == STATUS_LIMIT  ? GRPC_RESOURCE_EXHAUSTED
           : status == STATUS_CLOSED ? GRPC_CANCELLED
                                     : GRPC_UNAVAILABLE;
}

/* The reply of a call that succeeded; `plain` holds it when it was compressed. */
static void read_reply(const struct http_response *http, struct buf *plain,
                       struct grpc_response *out)
{
    bool compressed = false;
    struct error err;
    if (!grpc_frame_read(http->body, &compressed, &out->reply)) {
        out->code = GRPC_INTERNAL;
        out->message = STR("the response is not one message");
        out->reply = STR_NONE;
        return;
    }
    if (!compressed)
        return;
    struct str encoding = http_response_header(http, "grpc-encoding");
    if (grpc_decompress(encoding, out->reply, plain, &err) != STATUS_OK) {
        out->code = GRPC_INTERNAL;
        out->message = STR("the response cannot be decompressed");
    }
    out->reply = buf_view(plain);
}

static void on_response(void *arg, const struct http_response *http, const struct error *err)
{
    struct grpc_sending *sending = arg;
    struct grpc_response response = {.code = code_of_http(http->status), .retry_ns = -1};
    char message[GRPC_TEXT_MAX];
    struct buf plain;
    uint64_t code;
    buf_init(&plain, NULL, GRPC_MESSAGE_DEFAULT);
    struct str status = http_response_header(http, "grpc-status");
    struct str text = http_response_header(http, "grpc-message");
    if (err->status != STATUS_OK) {
        response.code = code_of_error(err->status);
        response.message = str_from(err->message);
    } else if (str_to_u64(status, &code)) {
        response.code = code <= GRPC_UNAUTHENTICATED ? (enum grpc_code)code : GRPC_UNKNOWN;
        response.message = str_of(message, grpc_message_decode(text, message, sizeof(message)));
        response.retry_ns =
            grpc_details_retry(http_response_header(http, "grpc-status-details-bin"));
        if (response.code == GRPC_OK)
            read_reply(http, &plain, &response);
    } else {
        int len = snprintf(message, sizeof(message),
                           "unexpected HTTP status code received from "
                           "server: %d",
                           http->status);
        response.message = str_of(message, (size_t)len);
        response.retry_ns = http_retry_after(http);
    }
    sending->done(sending->arg, &response, err);
    buf_release(&plain);
}

static struct grpc_sending *sending_new(const struct grpc_call_options *options)
{
    struct str message = options->message;
    bool compressed = options->encoding.len > 0;
    size_t own = options->has_head ? 0 : GRPC_FRAME_HEAD + message.len;
    struct grpc_sending *sending = net_alloc(sizeof(*sending) + own);
    if (options->has_head) {
        ASSERT(message.len >= GRPC_FRAME_HEAD);
        grpc_frame_head((char *)(uintptr_t)message.ptr, compressed, message.len - GRPC_FRAME_HEAD);
        sending->body = message;
        return sending;
    }
    grpc_frame_head(sending->frame, compressed, message.len);
    if (message.len)
        memcpy(sending->frame + GRPC_FRAME_HEAD, message.ptr, message.len);
    sending->body = str_of(sending->frame, own);
    return sending;
}

struct http_call *grpc_send(struct http_client *client, const struct grpc_call_options *options,
                            grpc_done_fn *done, void *arg)
{
    struct http_header headers[METADATA_MAX + 5] = {
        {STR("Content-Type"), STR("application/grpc")},
        {STR("TE"), STR("trailers")},
        {STR("grpc-accept-encoding"), STR("gzip,zstd,snappy")},
    };
    size_t count = 3;
    char timeout[16], url[2048];
    if (options->timeout_ns > 0)
        headers[count++] = (struct http_header){
            STR("grpc-timeout"), str_of(timeout, grpc_timeout_write(options->timeout_ns, timeout))};
    if (options->encoding.len)
        headers[count++] = (struct http_header){STR("grpc-encoding"), options->encoding};
    ASSERT(options->metadata_count <= METADATA_MAX);
    for (size_t i = 0; i < options->metadata_count; i++)
        headers[count++] = options->metadata[i];
    int url_len =
        snprintf(url, sizeof(url), "%.*s%.*s", STR_ARG(options->base_url), STR_ARG(options->path));

    struct grpc_sending *sending = sending_new(options);
    sending->done = done;
    sending->arg = arg;
    const struct http_call_options http = {
        .method = STR("POST"),
        .url = str_of(url, url_len < (int)sizeof(url) ? (size_t)url_len : 0),
        .headers = headers,
        .header_count = count,
        .authorization = options->authorization,
        .body = sending->body,
        .timeout_ns = options->timeout_ns,
        .max_response = GRPC_MESSAGE_DEFAULT + GRPC_FRAME_HEAD,
        .release = net_free,
        .release_arg = sending,
    };
    return http_client_send(client, &http, on_response, sending);
}
