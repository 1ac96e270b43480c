#ifndef RUNTIME_NET_GRPC_WIRE_H
#define RUNTIME_NET_GRPC_WIRE_H

/* What gRPC adds to HTTP/2 on the wire (grpc/doc/PROTOCOL-HTTP2.md), for both sides. Pure but for
 * memory. */

#include "base/compress.h"
#include "runtime/net/grpc.h"

enum { GRPC_MESSAGE_DEFAULT = 4 * 1024 * 1024, GRPC_TEXT_MAX = 4096 };

/* The message's length that these GRPC_FRAME_HEAD bytes give. */
size_t grpc_frame_length(struct str head);
/* The one message of a unary body: *message is a view; false when it is not exactly one. */
bool grpc_frame_read(struct str body, bool *compressed, struct str *message);
void grpc_frame_head(char head[GRPC_FRAME_HEAD], bool compressed, size_t len);

/* "grpc-timeout" in nanoseconds, -1 when malformed. `text` has room for 10 bytes. */
int64_t grpc_timeout_read(struct str text);
size_t grpc_timeout_write(int64_t ns, char *text);

/* Percent-encoded "grpc-message"; cut at GRPC_TEXT_MAX. */
size_t grpc_message_encode(struct str text, char *out, size_t room);
size_t grpc_message_decode(struct str text, char *out, size_t room);

/* google.rpc.Status with one RetryInfo, base64, for "grpc-status-details-bin". `text` has at most
 * GRPC_TEXT_MAX bytes. */
size_t grpc_details_write(enum grpc_code code, struct str text, int64_t retry_ns, char *out,
                          size_t room);
/* The delay of the first RetryInfo, or -1. */
int64_t grpc_details_retry(struct str base64);

/* Decompresses within out->max. STATUS_LIMIT when larger, STATUS_UNSUPPORTED for an unknown
 * encoding. */
enum status grpc_decompress(struct str encoding, struct str in, struct buf *out, struct error *err);

#endif
