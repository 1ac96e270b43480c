#ifndef TESTS_RUNTIME_NET_CERTIFICATES_H
#define TESTS_RUNTIME_NET_CERTIFICATES_H

/* Certificates made for a test: an authority, and certificates that it signs. */

#include "base/buf.h"

struct identity {
    struct buf cert; /* PEM */
    struct buf key;
    void *x509; /* OpenSSL's */
    void *pkey;
};

/* Signed by itself when `authority` is NULL. `names` as in subjectAltName: "IP:127.0.0.1,DNS:x";
 * NULL = none. */
void identity_make(struct identity *identity, const char *name, const char *names,
                   const struct identity *authority);
void identity_release(struct identity *identity);

#endif
