/* The bytes of records: written, read and checked. Pure. */

#include "runtime/storage/record.h"

#include "base/mutant.h"
#include "base/hash.h"

enum { VERSION = 1, CRC_AT = 8 };

static const char SECOND_MARK = '\x7a';

void put_le32(char *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (char)(value >> 8 * i);
}

void put_le64(char *out, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (char)(value >> 8 * i);
}

uint32_t get_le32(const char *at)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)(uint8_t)at[i] << 8 * i;
    return value;
}

uint64_t get_le64(const char *at)
{
    return get_le32(at) | (uint64_t)get_le32(at + 4) << 32;
}

void segment_head_write(char out[SEGMENT_HEAD], uint64_t first_sequence, int64_t created_ns)
{
    memcpy(out, "INVARWAL", 8);
    put_le32(out + 8, VERSION);
    put_le32(out + 12, 0);
    put_le64(out + 16, first_sequence);
    put_le64(out + 24, (uint64_t)created_ns);
}

static uint32_t crc_of(const char *head, const char *body, size_t len)
{
    uint32_t crc = hash_crc32c(0, head, CRC_AT);
    crc = hash_crc32c(crc, head + CRC_AT + 4, RECORD_HEAD - CRC_AT - 4);
    return hash_crc32c(crc, body, len);
}

void record_head_write(char out[RECORD_HEAD], uint8_t type, uint64_t sequence, struct str first,
                       struct str rest)
{
    out[0] = RECORD_MARK;
    out[1] = SECOND_MARK;
    out[2] = (char)type;
    out[3] = 0;
    put_le32(out + 4, (uint32_t)(first.len + rest.len));
    put_le64(out + 12, sequence);
    uint32_t crc = crc_of(out, first.len ? first.ptr : "", first.len);
    put_le32(out + CRC_AT, hash_crc32c(crc, rest.len ? rest.ptr : "", rest.len));
}

bool record_head_read(const char at[RECORD_HEAD], struct record_head *out)
{
    if (at[0] != RECORD_MARK || at[1] != SECOND_MARK || at[3] != 0)
        return false;
    out->type = (uint8_t)at[2];
    out->length = get_le32(at + 4);
    out->crc = get_le32(at + CRC_AT);
    out->sequence = get_le64(at + 12);
    return true;
}

bool record_intact(const char *at, const struct record_head *head)
{
    return MUTANT(CRC_UNCHECKED) || crc_of(at, at + RECORD_HEAD, head->length) == head->crc;
}
