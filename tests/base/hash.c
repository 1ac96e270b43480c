/* Hashes against published values. */

#include "base/hash.h"
#include "tests/support/test.h"

#include <stdio.h>

TEST(base_hash, gives_the_published_values)
{
    cr_assert_eq(hash_str(STR("")), 0xef46db3751d8e999u);
    cr_assert_eq(hash_str(STR("abc")), 0x44bc2cf5ad770999u);
    cr_assert_neq(hash_mix(1, 2), hash_mix(2, 1));
    /* RFC 3720 B.4. */
    cr_assert_eq(hash_crc32c(0, "123456789", 9), 0xe3069283u);
    unsigned char bytes[32] = {0};
    cr_assert_eq(hash_crc32c(0, bytes, 32), 0x8a9136aau);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    cr_assert_eq(hash_crc32c(0, bytes, 32), 0x46dd794eu);
    uint32_t part = hash_crc32c(0, bytes, 11);
    cr_assert_eq(hash_crc32c(part, bytes + 11, 21), 0x46dd794eu);
    for (size_t len = 0; len <= 32; len++)
        cr_assert_eq(hash_crc32c(7, bytes, len), hash_crc32c_portable(7, bytes, len));
    /* Long texts go in lanes. */
    static unsigned char large[10000];
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (unsigned char)(i * i >> 3);
    for (size_t len = 1000; len < sizeof(large) - 8; len += 101)
        cr_assert_eq(hash_crc32c((uint32_t)len, large + len % 8, len),
                     hash_crc32c_portable((uint32_t)len, large + len % 8, len));
}

static void assert_sha256(const void *bytes, size_t len, const char *expected)
{
    unsigned char out[32];
    char hex[65];
    hash_sha256(bytes, len, out);
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", out[i]);
    cr_assert_str_eq(hex, expected);
}

TEST(base_hash, sha256_gives_the_published_values)
{
    assert_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char many[200];
    memset(many, 'a', sizeof(many));
    assert_sha256(many, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    assert_sha256(many, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
    assert_sha256(many, 200, "c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5e7c28ae5");
}
