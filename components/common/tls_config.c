/* Shapes of TLS blocks and what they set. Owns nothing; files are read whole, ≤ 1 MiB each. */
#include "components/common/tls_config.h"

#include "base/file.h"

#include <fcntl.h>

enum { PEM_MAX = 1024 * 1024 };

static const struct {
    const char *client;
    const char *listener;
    unsigned number;
} versions[] = {
    {"TLS10", "VersionTLS10", 10},
    {"TLS11", "VersionTLS11", 11},
    {"TLS12", "VersionTLS12", 12},
    {"TLS13", "VersionTLS13", 13},
};
enum { VERSION_COUNT = sizeof(versions) / sizeof(versions[0]) };

static enum status parse_version(struct str text, void *member, struct arena *arena,
                                 struct error *err)
{
    (void)arena;
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        if (str_is(text, versions[i].client)) {
            ((struct tls_version *)member)->number = versions[i].number;
            return STATUS_OK;
        }
    }
    return error_set(err, STATUS_INVALID, "unknown TLS version: %.*s", STR_ARG(text));
}

static void print_version(const void *member, struct buf *out)
{
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        if (((const struct tls_version *)member)->number == versions[i].number) {
            buf_cstr(out, versions[i].client);
        }
    }
}

static const struct text_type version_text = {.name = "TLS version",
                                              .size = sizeof(struct tls_version),
                                              .parse = parse_version,
                                              .print = print_version};
const struct field_type field_tls_version = FIELD_TEXT_TYPE(struct tls_version, version_text);

static enum status check_client(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct tls_client_config *c = args;
    const struct {
        struct str pem;
        struct str file;
        const char *name;
    } pairs[] = {{c->ca_pem, c->ca_file, "ca"},
                 {c->cert_pem, c->cert_file, "cert"},
                 {c->key_pem.text, c->key_file, "key"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i].pem.len > 0 && pairs[i].file.len > 0) {
            return error_set(err, STATUS_INVALID,
                             "at most one of %s_pem and %s_file must be configured", pairs[i].name,
                             pairs[i].name);
        }
    }
    bool has_cert = c->cert_pem.len > 0 || c->cert_file.len > 0;
    bool has_key = c->key_pem.text.len > 0 || c->key_file.len > 0;
    if (has_cert && !has_key) {
        return error_set(err, STATUS_INVALID,
                         "exactly one of key_pem or key_file must be configured when a client "
                         "certificate is configured");
    }
    if (has_key && !has_cert) {
        return error_set(err, STATUS_INVALID,
                         "exactly one of cert_pem or cert_file must be configured when a client "
                         "key is configured");
    }
    return STATUS_OK;
}

static const struct row client_rows[] = {
    {ATTR(struct tls_client_config, ca_pem), .doc = "CA certificates to trust, as PEM."},
    {ATTR(struct tls_client_config, ca_file), .doc = "File of CA certificates to trust."},
    {ATTR(struct tls_client_config, cert_pem), .doc = "Client certificate, as PEM."},
    {ATTR(struct tls_client_config, cert_file), .doc = "File of the client certificate."},
    {ATTR(struct tls_client_config, key_pem), .doc = "Key of the client certificate, as PEM."},
    {ATTR(struct tls_client_config, key_file), .doc = "File of the client certificate's key."},
    {ATTR(struct tls_client_config, server_name), .doc = "Name the server must prove to have."},
    {ATTR(struct tls_client_config, insecure_skip_verify),
     .doc = "Whether the server's certificate goes unchecked."},
    {TEXT(struct tls_client_config, min_version, field_tls_version),
     .doc = "Oldest TLS version to accept."},
    {0},
};
const struct shape tls_client_shape = {.name = "tls_config",
                                       .rows = client_rows,
                                       .size = sizeof(struct tls_client_config),
                                       .check = check_client};

static const char *const client_auth_types[] = {"",
                                                "NoClientCert",
                                                "RequestClientCert",
                                                "RequireAnyClientCert",
                                                "RequireClientCert",
                                                "VerifyClientCertIfGiven",
                                                "RequireAndVerifyClientCert",
                                                NULL};

static enum status check_listener(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct tls_listener_config *c = args;
    bool known = c->min_version.len == 0;
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        known = known || str_is(c->min_version, versions[i].listener);
    }
    if (!known) {
        return error_set(err, STATUS_INVALID, "unknown TLS version: %.*s", STR_ARG(c->min_version));
    }
    const char *const weak[] = {"RequestClientCert", "RequireAnyClientCert", "RequireClientCert",
                                "VerifyClientCertIfGiven"};
    for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
        if (str_is(c->client_auth_type, weak[i])) {
            return error_set(err, STATUS_UNSUPPORTED,
                             "client_auth_type \"%s\" is not supported by invar yet: use "
                             "RequireAndVerifyClientCert or NoClientCert",
                             weak[i]);
        }
    }
    bool verifies = str_is(c->client_auth_type, "RequireAndVerifyClientCert");
    if (verifies && c->client_ca.len == 0 && c->client_ca_file.len == 0) {
        return error_set(err, STATUS_INVALID,
                         "client_ca or client_ca_file must be configured when client_auth_type is "
                         "\"RequireAndVerifyClientCert\"");
    }
    return STATUS_OK;
}

static const struct row listener_rows[] = {
    {ATTR(struct tls_listener_config, cert_pem), .doc = "Server certificate, as PEM."},
    {ATTR(struct tls_listener_config, key_pem), .doc = "Key of the certificate, as PEM."},
    {ATTR(struct tls_listener_config, cert_file), .doc = "File of the server certificate."},
    {ATTR(struct tls_listener_config, key_file), .doc = "File of the certificate's key."},
    {ATTR(struct tls_listener_config, client_auth_type), .oneof = client_auth_types,
     .doc = "Whether clients must show a certificate."},
    {ATTR(struct tls_listener_config, client_ca_file),
     .doc = "File of CA certificates that vouch for clients."},
    {ATTR(struct tls_listener_config, client_ca),
     .doc = "CA certificates that vouch for clients, as PEM."},
    {REFUSED("cipher_suites", "cipher suites are those of the TLS library")},
    {ATTR(struct tls_listener_config, min_version), .doc = "Oldest TLS version to accept."},
    {0},
};
const struct shape tls_listener_shape = {.name = "tls",
                                         .rows = listener_rows,
                                         .size = sizeof(struct tls_listener_config),
                                         .check = check_listener};

static enum status pem(struct str text, struct str file, struct arena *arena, struct str *out,
                       struct error *err)
{
    *out = arena_str(arena, text);
    if (text.len > 0 || file.len == 0) {
        return STATUS_OK;
    }
    struct buf content;
    buf_init(&content, NULL, PEM_MAX);
    enum status status = file_read(AT_FDCWD, arena_cstr(arena, file), &content, err);
    if (status == STATUS_OK) {
        *out = arena_str(arena, buf_view(&content));
    }
    buf_release(&content);
    return status;
}

enum status tls_listener_apply(const struct tls_listener_config *config, struct arena *arena,
                               struct http_server_options *options, struct error *err)
{
    if (!config) {
        return STATUS_OK;
    }
    options->tls_enabled = true;
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        if (str_is(config->min_version, versions[i].listener)) {
            options->tls.min_version = versions[i].number;
        }
    }
    options->tls_require_client_cert =
        str_is(config->client_auth_type, "RequireAndVerifyClientCert");
    enum status status =
        pem(config->cert_pem, config->cert_file, arena, &options->tls.cert_pem, err);
    if (status == STATUS_OK) {
        status = pem(config->key_pem.text, config->key_file, arena, &options->tls.key_pem, err);
    }
    if (status == STATUS_OK) {
        status =
            pem(config->client_ca, config->client_ca_file, arena, &options->client_ca_pem, err);
    }
    return status;
}
