/* TLS on both sides: protocols by ALPN, verification of servers and of clients. */

#include "runtime/net/http_client.h"
#include "tests/runtime/net/certificates.h"
#include "tests/runtime/net/peer.h"
#include "tests/support/test.h"

#include <stdio.h>

struct certs {
    struct identity authority;
    struct identity server;
    struct identity client;
    struct identity stranger;
};

static void certs_make(struct certs *certs)
{
    identity_make(&certs->authority, "test authority", NULL, NULL);
    identity_make(&certs->server, "server", "IP:127.0.0.1,DNS:house.test", &certs->authority);
    identity_make(&certs->client, "client", NULL, &certs->authority);
    identity_make(&certs->stranger, "stranger", NULL, NULL);
}

static void certs_release(struct certs *certs)
{
    identity_release(&certs->authority);
    identity_release(&certs->server);
    identity_release(&certs->client);
    identity_release(&certs->stranger);
}

struct visit {
    struct rig rig;
    struct http_client *client;
    int status;
    enum status error;
    size_t body;
    char version[16];
    char message[ERROR_MAX];
};

static void on_answer(void *arg, const struct http_response *response, const struct error *err)
{
    struct visit *visit = arg;
    visit->status = response->status;
    visit->error = err->status;
    visit->body = response->body.len;
    (void)snprintf(visit->version, sizeof(visit->version), "%.*s", STR_ARG(response->peer_version));
    (void)snprintf(visit->message, sizeof(visit->message), "%s", err->message);
    http_client_free(visit->client);
    rig_finish(&visit->rig);
}

static void visit(struct visit *visit, struct http_server_options server, struct http_tls tls,
                  enum http_version version, const char *path)
{
    char url[400];
    struct error err;
    server.tls_enabled = true;
    rig_open(&visit->rig, server);
    struct http_client_options options = {.tls = tls, .version = version};
    visit->client = http_client_new(visit->rig.loop, &options, &err);
    cr_assert(visit->client != NULL, "%s", err.message);
    (void)snprintf(url, sizeof(url), "https://%s%s", visit->rig.address.text, path);
    struct http_call_options call = {.method = STR("GET"),
                                     .url = str_from(url),
                                     .timeout_ns = INT64_C(5000000000),
                                     .max_response = 8 << 20};
    (void)http_client_send(visit->client, &call, on_answer, visit);
    rig_run(&visit->rig);
}

static struct http_tls identity_of(const struct identity *identity)
{
    return (struct http_tls){.cert_pem = buf_view(&identity->cert),
                             .key_pem = buf_view(&identity->key)};
}

TEST(tls, serves_both_protocols)
{
    static struct visit v;
    struct certs certs;
    certs_make(&certs);
    struct http_server_options server = {.tls = identity_of(&certs.server)};
    struct http_tls trusting = {.ca_pem = buf_view(&certs.authority.cert)};
    visit(&v, server, trusting, HTTP_ANY, "/hello");
    cr_expect(v.status == 200 && v.body == 6, "%s", v.message);
    cr_expect_str_eq(v.version, "HTTP/2");
    visit(&v, server, trusting, HTTP_1_1, "/big");
    cr_expect(v.status == 200 && v.body == 4 << 20, "%s", v.message);
    cr_expect_str_eq(v.version, "HTTP/1.1");
    visit(&v, server, trusting, HTTP_ANY, "/big");
    cr_expect(v.status == 200 && v.body == 4 << 20, "%s", v.message);
    server.tls.min_version = 13;
    visit(&v, server, trusting, HTTP_2_PRIOR, "/hello");
    cr_expect(v.status == 200, "%s", v.message);
    certs_release(&certs);
}

TEST(tls, clients_verify_the_server)
{
    static struct visit v;
    struct certs certs;
    certs_make(&certs);
    struct http_server_options server = {.tls = identity_of(&certs.server)};
    struct http_tls tls = {.ca_pem = buf_view(&certs.stranger.cert)};
    visit(&v, server, tls, HTTP_ANY, "/hello");
    cr_expect(v.status == 0 && v.error == STATUS_DENIED, "%s", v.message);
    tls.ca_pem = STR_NONE; /* the system's */
    visit(&v, server, tls, HTTP_ANY, "/hello");
    cr_expect(v.status == 0 && v.error == STATUS_DENIED, "%s", v.message);
    tls.insecure_skip_verify = true;
    visit(&v, server, tls, HTTP_ANY, "/hello");
    cr_expect(v.status == 200, "%s", v.message);
    tls = (struct http_tls){.ca_pem = buf_view(&certs.authority.cert),
                            .server_name = STR("house.test")};
    visit(&v, server, tls, HTTP_ANY, "/hello");
    cr_expect(v.status == 200, "%s", v.message);
    tls.server_name = STR("other.test");
    visit(&v, server, tls, HTTP_ANY, "/hello");
    cr_expect(v.status == 0 && v.error == STATUS_DENIED, "%s", v.message);
    certs_release(&certs);
}

TEST(tls, servers_verify_clients)
{
    static struct visit v;
    struct certs certs;
    certs_make(&certs);
    struct http_server_options server = {.tls = identity_of(&certs.server),
                                         .client_ca_pem = buf_view(&certs.authority.cert),
                                         .tls_require_client_cert = true};
    struct http_tls tls = identity_of(&certs.client);
    tls.ca_pem = buf_view(&certs.authority.cert);
    visit(&v, server, tls, HTTP_ANY, "/hello");
    cr_expect(v.status == 200, "%s", v.message);
    tls.cert_pem = tls.key_pem = STR_NONE;
    visit(&v, server, tls, HTTP_ANY, "/hello");
    cr_expect(v.status == 0 && v.error != STATUS_OK);
    tls = identity_of(&certs.stranger);
    tls.ca_pem = buf_view(&certs.authority.cert);
    visit(&v, server, tls, HTTP_1_1, "/hello");
    cr_expect(v.status == 0 && v.error != STATUS_OK);
    certs_release(&certs);
}

TEST(tls, bad_certificates_are_refused_at_the_start)
{
    struct certs certs;
    struct error err;
    certs_make(&certs);
    struct loop *loop = loop_new("test", &err);
    struct http_server_options options = {
        .listen = STR("127.0.0.1:0"), .tls = identity_of(&certs.server), .tls_enabled = true};
    options.tls.key_pem = buf_view(&certs.client.key);
    cr_expect(http_server_new(loop, &options, &err) == NULL && err.status == STATUS_INVALID);
    cr_expect_str_eq(err.message,
                     "tls: failed to parse the private key, or it does not match the certificate");
    options.tls.cert_pem = STR("nonsense");
    cr_expect(http_server_new(loop, &options, &err) == NULL && err.status == STATUS_INVALID);
    loop_free(loop);
    certs_release(&certs);
}

/* Plain HTTP and noise on a TLS port end the connection. */
TEST(tls, noise_ends_the_connection)
{
    struct certs certs;
    struct peer peer;
    certs_make(&certs);
    struct http_server_options server = {.tls = identity_of(&certs.server), .tls_enabled = true};
    rig_exchange(server, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), NULL, &peer);
    cr_expect(peer.ended && !peer_got(&peer, "HTTP/1.1"));
    peer_release(&peer);
    rig_exchange(server, STR("\x16\x03\x01\xff\xff\x01\xff\xff\xff"), NULL, &peer);
    cr_expect(peer.ended);
    peer_release(&peer);
    certs_release(&certs);
}
