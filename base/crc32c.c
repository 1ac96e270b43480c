/* CRC-32C (polynomial 0x1EDC6F41, reflected 0x82F63B78): the processor's instruction where there is
 * one (three at a time over long texts), else a table of 16 entries per half byte. */

#include "base/hash.h"

#include <string.h>

/* Entry i is the CRC of the four bits i. */
static const uint32_t nibbles[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t crc_portable(uint32_t crc, const unsigned char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = nibbles[crc & 15] ^ (crc >> 4);
        crc = nibbles[crc & 15] ^ (crc >> 4);
    }
    return crc;
}

#if defined(__x86_64__)

/* Builtins instead of nmmintrin.h, which defines functions that call malloc. */

static uint64_t word_at(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t crc_short(uint32_t crc, const unsigned char *at,
                                                            size_t len)
{
    uint64_t wide = crc;
    for (; len >= 8; len -= 8, at += 8)
        wide = __builtin_ia32_crc32di(wide, word_at(at));
    crc = (uint32_t)wide;
    for (; len; len--, at++)
        crc = __builtin_ia32_crc32qi(crc, *at);
    return crc;
}

/* The instruction takes three cycles and one can begin in each: three lanes of LANE bytes at a
 * time. Behind a lane the CRC goes on as if as many zero bytes had come, which is a linear map: a
 * carry-less product with x^(8 n - 33), reduced by the instruction itself. The constants are
 * x^(8 LANE - 33) and x^(16 LANE - 33) modulo the polynomial, bit-reversed. */
enum { LANE = 1024 };

static const uint32_t ONE_LANE = 0x170076fa, TWO_LANES = 0xa51b6135;

__attribute__((target("sse4.2,pclmul"))) static uint32_t shift(uint32_t crc, uint32_t by)
{
    typedef long long pair __attribute__((vector_size(16)));
    pair product = __builtin_ia32_pclmulqdq128((pair){crc, 0}, (pair){by, 0}, 0);
    return (uint32_t)__builtin_ia32_crc32di(0, (uint64_t)product[0]);
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t crc_fast(uint32_t crc,
                                                                  const unsigned char *at,
                                                                  size_t len)
{
    for (; len >= 3 * (size_t)LANE; len -= 3 * (size_t)LANE, at += 3 * (size_t)LANE) {
        uint64_t a = crc, b = 0, c = 0;
        for (size_t i = 0; i < LANE; i += 8) {
            a = __builtin_ia32_crc32di(a, word_at(at + i));
            b = __builtin_ia32_crc32di(b, word_at(at + LANE + i));
            c = __builtin_ia32_crc32di(c, word_at(at + 2 * (size_t)LANE + i));
        }
        crc = shift((uint32_t)a, TWO_LANES) ^ shift((uint32_t)b, ONE_LANE) ^ (uint32_t)c;
    }
    return crc_short(crc, at, len);
}

static bool have_fast(void)
{
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

#elif defined(__ARM_FEATURE_CRC32)

#include <arm_acle.h>

static uint32_t crc_fast(uint32_t crc, const unsigned char *at, size_t len)
{
    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = __crc32cd(crc, word);
    }
    for (; len; len--, at++)
        crc = __crc32cb(crc, *at);
    return crc;
}

static bool have_fast(void)
{
    return true;
}

#else

static uint32_t crc_fast(uint32_t crc, const unsigned char *at, size_t len)
{
    return crc_portable(crc, at, len);
}

static bool have_fast(void)
{
    return false;
}

#endif

uint32_t hash_crc32c(uint32_t seed, const void *bytes, size_t len)
{
    return ~(have_fast() ? crc_fast(~seed, bytes, len) : crc_portable(~seed, bytes, len));
}

uint32_t hash_crc32c_portable(uint32_t seed, const void *bytes, size_t len)
{
    return ~crc_portable(~seed, bytes, len);
}
