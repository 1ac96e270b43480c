#ifndef RUNTIME_NET_TLS_H
#define RUNTIME_NET_TLS_H

/* TLS by OpenSSL over bytes: nothing here knows sockets. OpenSSL is initialised on first use; the
 * system's certificates are read once, on first use, and shared. One loop a context. */

#include "runtime/net/http_server.h"

struct tls_context;
struct tls_session;

/* A context for a server: certificate, key, client certificates, versions; ALPN offers h2 and
 * http/1.1. */
struct tls_context *tls_server_context(const struct http_server_options *options,
                                       struct error *err);
void tls_context_free(struct tls_context *context);

struct tls_events {
    void (*plain)(void *arg, struct str bytes);  /* decrypted */
    void (*cipher)(void *arg, struct str bytes); /* to be sent */
};

/* NULL when memory is out. */
struct tls_session *tls_session_new(struct tls_context *context, const struct tls_events *events,
                                    void *arg);
void tls_session_free(struct tls_session *session);
/* False when the session is broken and the connection must be closed. */
bool tls_session_feed(struct tls_session *session, struct str cipher);
bool tls_session_write(struct tls_session *session, struct str plain);
/* Sends close_notify. */
void tls_session_end(struct tls_session *session);
/* ALPN chose "h2". */
bool tls_session_is_http2(const struct tls_session *session);

/* The system's certificates, read once per process; NULL with err when there are none. An
 * X509_STORE with a reference for the caller. */
struct x509_store_st *tls_system_roots(struct error *err);

#endif
