/* TLS sessions over two memory buffers of OpenSSL: what is received goes into one, what is to be
 * sent comes out of the other. A context owns certificates and a buffer for decrypted bytes that
 * its sessions share; it belongs to one loop. */

#include "runtime/net/tls.h"

#include "runtime/net/server.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>

enum { RECORD_MAX = 16 * 1024, WRITE_PIECE = 64 * 1024, PEM_MAX = 4 * 1024 * 1024 };

struct tls_context {
    SSL_CTX *ssl;
    bool only_http2;
    char plain[RECORD_MAX];
};

struct tls_session {
    struct tls_context *context;
    SSL *ssl; /* owns both buffers */
    BIO *in;
    BIO *out;
    const struct tls_events *events;
    void *arg;
};

/* The system's certificates. */

static struct {
    pthread_mutex_t lock;
    X509_STORE *store;
} roots = {PTHREAD_MUTEX_INITIALIZER, NULL};

/* OpenSSL looks for a certificate in the system's folder when it is needed, or reads the system's
 * bundle here. */
static X509_STORE *load_roots(void)
{
    X509_STORE *store = X509_STORE_new();
    if (store && X509_STORE_set_default_paths(store) == 1 &&
        X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) == 1)
        return store;
    X509_STORE_free(store);
    return NULL;
}

struct x509_store_st *tls_system_roots(struct error *err)
{
    (void)pthread_mutex_lock(&roots.lock);
    if (!roots.store)
        roots.store = load_roots();
    X509_STORE *store = roots.store;
    (void)pthread_mutex_unlock(&roots.lock);
    if (store && X509_STORE_up_ref(store) == 1)
        return store;
    (void)error_set(err, STATUS_NOT_FOUND, "the system has no certificates of authorities");
    return NULL;
}

/* Contexts. */

/* An encrypted key has no password here; nobody is asked on a terminal. */
static int no_password(char *to, int size, int writing, void *arg)
{
    (void)to, (void)size, (void)writing, (void)arg;
    return -1;
}

static BIO *pem_of(struct str text)
{
    return text.len > 0 && text.len <= PEM_MAX ? BIO_new_mem_buf(text.ptr, (int)text.len) : NULL;
}

static bool use_certificate(SSL_CTX *ssl, struct str pem)
{
    BIO *bio = pem_of(pem);
    X509 *each = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
    bool ok = each && SSL_CTX_use_certificate(ssl, each) == 1;
    X509_free(each);
    while (ok && (each = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
        ok = SSL_CTX_add1_chain_cert(ssl, each) == 1;
        X509_free(each);
    }
    BIO_free(bio);
    return ok;
}

static bool use_key(SSL_CTX *ssl, struct str pem)
{
    BIO *bio = pem_of(pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    bool ok = key && SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return ok;
}

/* The authorities of clients; their names are sent as a hint. */
static bool use_client_authorities(SSL_CTX *ssl, struct str pem)
{
    BIO *bio = pem_of(pem);
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    X509 *each;
    size_t count = 0;
    bool ok = bio != NULL;
    while (ok && (each = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
        ok = X509_STORE_add_cert(store, each) == 1 && SSL_CTX_add_client_CA(ssl, each) == 1;
        X509_free(each);
        count++;
    }
    BIO_free(bio);
    return ok && count > 0;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    const struct tls_context *context = arg;
    unsigned ours = context->only_http2 ? 3 : sizeof(both) - 1;
    unsigned char *chosen = NULL;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, both, ours, in, in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int protocol_version(unsigned version)
{
    switch (version) {
    case 10: return TLS1_VERSION;
    case 11: return TLS1_1_VERSION;
    case 13: return TLS1_3_VERSION;
    default: return TLS1_2_VERSION;
    }
}

static const char *set_up(struct tls_context *context, const struct http_server_options *options)
{
    SSL_CTX *ssl = context->ssl;
    if (!ssl)
        return "out of memory";
    (void)SSL_CTX_set_min_proto_version(ssl, protocol_version(options->tls.min_version));
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, context);
    if (!use_certificate(ssl, options->tls.cert_pem))
        return "failed to parse the certificate";
    if (!use_key(ssl, options->tls.key_pem))
        return "failed to parse the private key, or it does not match the certificate";
    if (options->client_ca_pem.len) {
        if (!use_client_authorities(ssl, options->client_ca_pem))
            return "failed to parse the certificates of client authorities";
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    }
    if (options->tls_require_client_cert)
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return NULL;
}

struct tls_context *tls_server_context(const struct http_server_options *options, struct error *err)
{
    struct tls_context *context = net_alloc(sizeof(*context));
    context->ssl = SSL_CTX_new(TLS_server_method());
    context->only_http2 = options->grpc_only_http2;
    const char *problem = set_up(context, options);
    ERR_clear_error();
    if (!problem)
        return context;
    (void)error_set(err, STATUS_INVALID, "tls: %s", problem);
    tls_context_free(context);
    return NULL;
}

void tls_context_free(struct tls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ssl);
    net_free(context);
}

/* Sessions. */

struct tls_session *tls_session_new(struct tls_context *context, const struct tls_events *events,
                                    void *arg)
{
    struct tls_session *session = mem_lib_calloc(1, sizeof(*session));
    SSL *ssl = SSL_new(context->ssl);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (!session || !ssl || !in || !out) {
        BIO_free(in);
        BIO_free(out);
        SSL_free(ssl);
        net_free(session);
        return NULL;
    }
    SSL_set_bio(ssl, in, out);
    SSL_set_accept_state(ssl);
    *session = (struct tls_session){context, ssl, in, out, events, arg};
    return session;
}

void tls_session_free(struct tls_session *session)
{
    if (!session)
        return;
    SSL_free(session->ssl);
    net_free(session);
}

/* What OpenSSL wants to send. */
static void flush(struct tls_session *session)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(session->out, &bytes);
    if (len > 0) {
        session->events->cipher(session->arg, str_of(bytes, (size_t)len));
        (void)BIO_reset(session->out);
    }
}

bool tls_session_feed(struct tls_session *session, struct str cipher)
{
    ERR_clear_error();
    if (BIO_write(session->in, cipher.ptr, (int)cipher.len) != (int)cipher.len)
        return false;
    for (;;) {
        char *plain = session->context->plain;
        int len = SSL_read(session->ssl, plain, RECORD_MAX);
        int why = len > 0 ? SSL_ERROR_NONE : SSL_get_error(session->ssl, len);
        flush(session);
        if (len <= 0) {
            ERR_clear_error();
            return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_ZERO_RETURN;
        }
        session->events->plain(session->arg, str_of(plain, (size_t)len));
    }
}

bool tls_session_write(struct tls_session *session, struct str plain)
{
    while (plain.len > 0) {
        struct str piece = str_slice(plain, 0, WRITE_PIECE);
        ERR_clear_error();
        if (SSL_write(session->ssl, piece.ptr, (int)piece.len) != (int)piece.len)
            return false;
        flush(session);
        plain = str_slice(plain, piece.len, plain.len);
    }
    return true;
}

void tls_session_end(struct tls_session *session)
{
    (void)SSL_shutdown(session->ssl);
    flush(session);
    ERR_clear_error();
}

bool tls_session_is_http2(const struct tls_session *session)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(session->ssl, &name, &len);
    return len == 2 && name[0] == 'h' && name[1] == '2';
}
