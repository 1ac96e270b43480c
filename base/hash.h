#ifndef BASE_HASH_H
#define BASE_HASH_H

/* Hashes. xxHash 64 with seed 0 (github.com/Cyan4973/xxHash) is what Prometheus uses for label
 * sets; CRC32C (Castagnoli, RFC 3720 §B.4) guards records on disk. Pure. */

#include "base/str.h"

uint64_t hash_bytes(const void *bytes, size_t len);
uint64_t hash_str(struct str s);
/* Order-dependent combination. */
uint64_t hash_mix(uint64_t a, uint64_t b);
/* `seed` is the CRC so far, 0 to begin. */
uint32_t hash_crc32c(uint32_t seed, const void *bytes, size_t len);
/* The same without the processor's instruction, for comparing. */
uint32_t hash_crc32c_portable(uint32_t seed, const void *bytes, size_t len);
/* SHA-256 (FIPS 180-4). */
void hash_sha256(const void *bytes, size_t len, unsigned char out[32]);

#endif
