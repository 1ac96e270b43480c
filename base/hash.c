/* Hashes. Pure; the tables are constant. */

#include "base/hash.h"

#include <string.h>
#include <xxhash.h>

uint64_t hash_bytes(const void *bytes, size_t len)
{
    return XXH64(len ? bytes : "", len, 0);
}

uint64_t hash_str(struct str s)
{
    return hash_bytes(s.ptr, s.len);
}

uint64_t hash_mix(uint64_t a, uint64_t b)
{
    /* The finaliser of xxHash 64 over a rotation that keeps the order apart. */
    uint64_t h = ((a << 29) | (a >> 35)) * 0x9E3779B185EBCA87u + b;
    h ^= h >> 33;
    h *= 0xC2B2AE3D27D4EB4Fu;
    h ^= h >> 29;
    h *= 0x165667B19E3779F9u;
    return h ^ (h >> 32);
}

/* SHA-256, FIPS 180-4 §6.2; with the processor's instructions for it where there are any. */

static const uint32_t sha256_rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned by)
{
    return (x >> by) | (x << (32 - by));
}

static void plain_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64];
    for (size_t i = 0; i < 16; i++) {
        uint32_t word;
        memcpy(&word, block + 4 * i, 4);
        w[i] = __builtin_bswap32(word);
    }
    for (size_t i = 16; i < 64; i++) {
        uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
        uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, state, sizeof(v));
    /* Instead of moving the eight words, their places move: eight rounds bring them back. */
    for (unsigned i = 0; i < 64; i += 8) {
#pragma GCC unroll 8
        for (unsigned k = 0; k < 8; k++) {
            uint32_t a = v[(8 - k) & 7], b = v[(9 - k) & 7], c = v[(10 - k) & 7];
            uint32_t e = v[(12 - k) & 7], f = v[(13 - k) & 7], g = v[(14 - k) & 7];
            uint32_t s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
            uint32_t t1 =
                v[(15 - k) & 7] + s1 + ((e & f) ^ (~e & g)) + sha256_rounds[i + k] + w[i + k];
            uint32_t s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
            v[(11 - k) & 7] += t1;
            v[(15 - k) & 7] = t1 + s0 + ((a & b) ^ (a & c) ^ (b & c));
        }
    }
    for (size_t i = 0; i < 8; i++)
        state[i] += v[i];
}

static void plain_blocks(uint32_t state[8], const unsigned char *at, size_t count)
{
    for (; count; count--, at += 64)
        plain_block(state, at);
}

#ifdef __x86_64__
/* The header of that name has functions that base/banned.h refuses: gcc, clang. */
#define _MM_MALLOC_H_INCLUDED
#define __MM_MALLOC_H
#include <cpuid.h>
#include <immintrin.h>

/* Words a, b, e, f and c, d, g, h stand together, as the instructions want them. */
__attribute__((target("sha,sse4.1"))) static void sha_blocks(uint32_t state[8],
                                                             const unsigned char *at, size_t count)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
    __m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
    __m128i badc = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    __m128i abef = _mm_alignr_epi8(badc, efgh, 8), cdgh = _mm_blend_epi16(efgh, badc, 0xf0);
    for (; count; count--, at += 64) {
        __m128i was_abef = abef, was_cdgh = cdgh, w[4];
        for (unsigned i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(at + 16 * i)),
                                    swap);
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            __m128i now = w[i & 3];
            __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(sha256_rounds + 4 * i));
            __m128i sum = _mm_add_epi32(now, k);
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
            __m128i next = _mm_sha256msg1_epu32(now, w[(i + 1) & 3]);
            next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
            w[i & 3] = _mm_sha256msg2_epu32(next, w[(i + 3) & 3]);
        }
        abef = _mm_add_epi32(abef, was_abef);
        cdgh = _mm_add_epi32(cdgh, was_cdgh);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static bool has_sha(void)
{
    unsigned a, b, c, d;
    bool sse = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) && (c & bit_SSSE3);
    return sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}
#endif

static void blocks(uint32_t state[8], const unsigned char *at, size_t count)
{
#ifdef __x86_64__
    if (has_sha()) {
        sha_blocks(state, at, count);
        return;
    }
#endif
    plain_blocks(state, at, count);
}

void hash_sha256(const void *bytes, size_t len, unsigned char out[32])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const unsigned char *at = bytes;
    size_t left = len % 64;
    if (len >= 64)
        blocks(state, at, len / 64);
    unsigned char tail[128] = {0};
    if (left)
        memcpy(tail, at + (len - left), left);
    tail[left] = 0x80;
    size_t tail_len = left < 56 ? 64 : 128;
    uint64_t bits = __builtin_bswap64((uint64_t)len * 8);
    memcpy(tail + tail_len - 8, &bits, 8);
    blocks(state, tail, tail_len / 64);
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(state[i]);
        memcpy(out + 4 * i, &word, 4);
    }
}
