#ifndef COMPONENTS_COMMON_TLS_CONFIG_H
#define COMPONENTS_COMMON_TLS_CONFIG_H

/* TLS settings as blocks: `tls_config` of HTTP clients and `tls` of HTTP listeners. */

#include "compiler/schema.h"
#include "runtime/net/http_client.h"
#include "runtime/net/http_server.h"

struct tls_version {
    unsigned number; /* 0 = not said, 10, 11, 12, 13 */
};
extern const struct field_type field_tls_version; /* "TLS10" … "TLS13" */

struct tls_client_config {
    struct str ca_pem, ca_file;
    struct str cert_pem, cert_file;
    struct secret key_pem;
    struct str key_file;
    struct str server_name;
    bool insecure_skip_verify;
    struct tls_version min_version;
};
extern const struct shape tls_client_shape;

struct tls_listener_config {
    struct str cert_pem;
    struct secret key_pem;
    struct str cert_file, key_file;
    struct str client_auth_type;
    struct str client_ca_file, client_ca;
    struct str min_version; /* "VersionTLS12" … */
};
extern const struct shape tls_listener_shape;

/* Fills `options` (texts in `arena`), reading the files. NULL config = no TLS. */
enum status tls_listener_apply(const struct tls_listener_config *config, struct arena *arena,
                               struct http_server_options *options, struct error *err);

#endif
