/* SHA3-256 (FIPS 202): Keccak-f[1600] with a rate of 136 bytes. Pure. */

#include "components/loki/process/template/functions.h"

enum { RATE = 136 };

static uint64_t rotate(uint64_t x, unsigned n)
{
    return n == 0 ? x : x << n | x >> (64 - n);
}

static void theta(uint64_t a[25])
{
    uint64_t c[5];
    for (int x = 0; x < 5; x++)
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int x = 0; x < 5; x++) {
        uint64_t d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
        for (int y = 0; y < 25; y += 5)
            a[x + y] ^= d;
    }
}

static void rho_pi(uint64_t a[25])
{
    static const unsigned turns[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                       27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
    static const int places[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                   15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
    uint64_t held = a[1];
    for (int i = 0; i < 24; i++) {
        uint64_t next = a[places[i]];
        a[places[i]] = rotate(held, turns[i]);
        held = next;
    }
}

static void chi(uint64_t a[25])
{
    for (int y = 0; y < 25; y += 5) {
        uint64_t row[5];
        memcpy(row, a + y, sizeof row);
        for (int x = 0; x < 5; x++)
            a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
}

static void keccak(uint64_t a[25])
{
    /* The constants of iota come from a linear feedback shift register (§3.2.5). */
    unsigned lfsr = 1;
    for (int round = 0; round < 24; round++) {
        theta(a);
        rho_pi(a);
        chi(a);
        for (int j = 0; j < 7; j++) {
            if (lfsr & 1)
                a[0] ^= (uint64_t)1 << ((1 << j) - 1);
            lfsr = lfsr & 0x80 ? (lfsr << 1 ^ 0x171) : lfsr << 1;
        }
    }
}

static void absorb(uint64_t a[25], const unsigned char *block)
{
    for (int i = 0; i < RATE / 8; i++) {
        uint64_t word;
        memcpy(&word, block + 8 * i, 8);
        a[i] ^= word;
    }
    keccak(a);
}

void template_sha3_256(const void *bytes, size_t len, unsigned char out[32])
{
    uint64_t a[25] = {0};
    unsigned char last[RATE] = {0};
    const unsigned char *at = bytes;
    for (; len >= RATE; len -= RATE, at += RATE)
        absorb(a, at);
    if (len != 0)
        memcpy(last, at, len);
    last[len] ^= 0x06;
    last[RATE - 1] ^= 0x80;
    absorb(a, last);
    memcpy(out, a, 32);
}
