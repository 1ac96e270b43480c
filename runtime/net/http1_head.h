#ifndef RUNTIME_NET_HTTP1_HEAD_H
#define RUNTIME_NET_HTTP1_HEAD_H

/* Heads of HTTP/1 requests (RFC 9112 §3–5): strict lines (CRLF, no folding, no blank before a
 * colon). Pure. */

#include "runtime/net/server.h"

struct http1_head {
    struct str method;
    struct str target;
    unsigned minor; /* HTTP/1.minor */
    size_t count;
    struct http_header fields[FIELDS_MAX]; /* views; names as sent */
};

enum { HTTP1_NOT_HTTP = -1 };

/* `bytes` end with the empty line. Returns 0, 400, 431 (too many fields), 505 (not HTTP/1), or
 * HTTP1_NOT_HTTP: some other protocol, to which an answer of ours would be noise. */
int http1_parse_head(struct str bytes, struct http1_head *head);

#endif
