/* See certificates.h. */

#include "tests/runtime/net/certificates.h"

#include "tests/support/test.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void take_pem(BIO *bio, struct buf *out)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    buf_init(out, NULL, 1 << 20);
    buf_append(out, bytes, (size_t)len);
    BIO_free(bio);
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    cr_assert(extension && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

void identity_make(struct identity *identity, const char *name, const char *names,
                   const struct identity *authority)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509 *issuer = authority ? authority->x509 : cert;
    X509_NAME *subject = X509_get_subject_name(cert);
    cr_assert(key && cert);
    (void)X509_set_version(cert, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)((uintptr_t)identity & 0xffffff) + 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                     -1, 0);
    (void)X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    (void)X509_set_pubkey(cert, key);
    extend(cert, issuer, NID_basic_constraints, authority ? "CA:FALSE" : "critical,CA:TRUE");
    if (names)
        extend(cert, issuer, NID_subject_alt_name, names);
    cr_assert(X509_sign(cert, authority ? authority->pkey : key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    cr_assert(PEM_write_bio_X509(bio, cert) == 1);
    take_pem(bio, &identity->cert);
    bio = BIO_new(BIO_s_mem());
    cr_assert(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    take_pem(bio, &identity->key);
    identity->x509 = cert;
    identity->pkey = key;
}

void identity_release(struct identity *identity)
{
    buf_release(&identity->cert);
    buf_release(&identity->key);
    X509_free(identity->x509);
    EVP_PKEY_free(identity->pkey);
}
