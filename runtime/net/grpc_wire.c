/* Frames, timeouts, messages and status details of gRPC. Every reader checks its bounds; nothing
 * recurses. */

#include "runtime/net/grpc_wire.h"

#include "base/mutant.h"
#include "runtime/net/server.h"

/* Frames. */

size_t grpc_frame_length(struct str head)
{
    size_t len = 0;
    for (int i = 1; i < GRPC_FRAME_HEAD; i++)
        len = len << 8 | (unsigned char)head.ptr[i];
    return len;
}

bool grpc_frame_read(struct str body, bool *compressed, struct str *message)
{
    if (body.len < GRPC_FRAME_HEAD || (unsigned char)body.ptr[0] > 1)
        return false;
    *compressed = body.ptr[0] == 1;
    *message = str_slice(body, GRPC_FRAME_HEAD, body.len);
    size_t len = grpc_frame_length(body);
    return message->len == len || (MUTANT(PARTIAL_FRAME) && message->len < len);
}

void grpc_frame_head(char head[GRPC_FRAME_HEAD], bool compressed, size_t len)
{
    ASSERT(len <= UINT32_MAX);
    head[0] = compressed;
    for (int i = 1; i < GRPC_FRAME_HEAD; i++)
        head[i] = (char)(len >> (8 * (4 - i)));
}

/* Timeouts. */

struct unit {
    char letter;
    int64_t ns;
};

static const struct unit units[] = {
    {'n', 1},
    {'u', 1000},
    {'m', 1000000},
    {'S', NET_SECOND},
    {'M', 60 * NET_SECOND},
    {'H', 3600 * NET_SECOND},
};

int64_t grpc_timeout_read(struct str text)
{
    uint64_t value;
    if (text.len < 2 || text.len > 9 || !str_to_u64(str_slice(text, 0, text.len - 1), &value))
        return -1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].letter == text.ptr[text.len - 1])
            return (int64_t)value > INT64_MAX / units[i].ns ? INT64_MAX
                                                            : (int64_t)value * units[i].ns;
    }
    return -1;
}

size_t grpc_timeout_write(int64_t ns, char *text)
{
    size_t i = 0;
    while (i < 5 && ns / units[i].ns >= 100000000)
        i++;
    int64_t value = ns / units[i].ns + (ns % units[i].ns != 0);
    char digits[20];
    size_t n = 0, len = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (n > 0 && len < 8)
        text[len++] = digits[--n];
    text[len++] = units[i].letter;
    return len;
}

/* Messages. */

size_t grpc_message_encode(struct str text, char *out, size_t room)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool plain = c >= ' ' && c <= '~' && c != '%';
        if (len + (plain ? 1 : 3) > room)
            break;
        if (plain) {
            out[len++] = (char)c;
            continue;
        }
        out[len++] = '%';
        out[len++] = hex[c >> 4];
        out[len++] = hex[c & 15];
    }
    return len;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A malformed escape stands for itself, as the protocol asks. */
size_t grpc_message_decode(struct str text, char *out, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < room; i++) {
        int high = text.ptr[i] == '%' && text.len - i > 2 ? hex_value(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text.ptr[i + 2]) : -1;
        if (low >= 0)
            i += 2;
        out[len++] = low >= 0 ? (char)(high * 16 + low) : text.ptr[i];
    }
    return len;
}

/* Details: google/rpc/status.proto, google/rpc/error_details.proto, google/protobuf/duration.proto.
 */

static const struct str retry_type = STR_INIT("type.googleapis.com/google.rpc.RetryInfo");
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t put_varint(char *to, uint64_t value)
{
    size_t n = 0;
    for (; value > 127; value >>= 7)
        to[n++] = (char)(value | 128);
    to[n++] = (char)value;
    return n;
}

static size_t put_bytes(char *to, int field, struct str bytes)
{
    size_t n = put_varint(to, (uint64_t)field << 3 | 2);
    n += put_varint(to + n, bytes.len);
    if (bytes.len)
        memcpy(to + n, bytes.ptr, bytes.len);
    return n + bytes.len;
}

static size_t put_number(char *to, int field, uint64_t value)
{
    size_t n = put_varint(to, (uint64_t)field << 3);
    return n + put_varint(to + n, value);
}

static size_t base64_write(struct str in, char *out)
{
    size_t n = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < in.len; i++) {
        bits = bits << 8 | (unsigned char)in.ptr[i];
        for (held += 8; held >= 6; held -= 6)
            out[n++] = base64_digits[bits >> (held - 6) & 63];
    }
    if (held > 0)
        out[n++] = base64_digits[bits << (6 - held) & 63];
    return n;
}

size_t grpc_details_write(enum grpc_code code, struct str text, int64_t retry_ns, char *out,
                          size_t room)
{
    char duration[32], info[48], any[160], status[GRPC_TEXT_MAX + 256];
    size_t n = put_number(duration, 1, (uint64_t)(retry_ns / NET_SECOND));
    n += put_number(duration + n, 2, (uint64_t)(retry_ns % NET_SECOND));
    n = put_bytes(info, 1, str_of(duration, n));
    size_t any_len = put_bytes(any, 1, retry_type);
    any_len += put_bytes(any + any_len, 2, str_of(info, n));
    n = put_number(status, 1, (uint64_t)code);
    n += put_bytes(status + n, 2, str_slice(text, 0, GRPC_TEXT_MAX));
    n += put_bytes(status + n, 3, str_of(any, any_len));
    return (n + 2) / 3 * 4 <= room ? base64_write(str_of(status, n), out) : 0;
}

static size_t base64_read(struct str in, char *out, size_t room)
{
    size_t n = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < in.len && in.ptr[i] != '='; i++) {
        const char *at = in.ptr[i] ? strchr(base64_digits, in.ptr[i]) : NULL;
        if (!at || n == room)
            return 0;
        bits = bits << 6 | (uint32_t)(at - base64_digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (char)(bits >> held);
        }
    }
    return n;
}

struct field {
    uint64_t number;
    uint64_t value; /* of a varint */
    struct str bytes;
};

static bool take_varint(struct str *in, uint64_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < in->len && i < 10; i++) {
        unsigned char c = (unsigned char)in->ptr[i];
        *out |= (uint64_t)(c & 127) << (7 * i);
        if (c < 128) {
            *in = str_slice(*in, i + 1, in->len);
            return true;
        }
    }
    return false;
}

static bool take_field(struct str *in, struct field *field)
{
    uint64_t key;
    *field = (struct field){0};
    if (!take_varint(in, &key))
        return false;
    field->number = key >> 3;
    uint64_t len = (key & 7) == 1 ? 8 : 4;
    if ((key & 7) == 0)
        return take_varint(in, &field->value);
    if (((key & 7) == 2 && !take_varint(in, &len)) || ((key & 7) > 2 && (key & 7) != 5))
        return false;
    if (len > in->len)
        return false;
    field->bytes = str_slice(*in, 0, (size_t)len);
    *in = str_slice(*in, (size_t)len, in->len);
    return true;
}

/* The last field of that number, or an empty one. */
static struct field find_field(struct str message, uint64_t number)
{
    struct field each, found = {0};
    while (message.len > 0 && take_field(&message, &each)) {
        if (each.number == number)
            found = each;
    }
    return found;
}

int64_t grpc_details_retry(struct str base64)
{
    char bytes[2 * GRPC_TEXT_MAX];
    struct str status = str_of(bytes, base64_read(base64, bytes, sizeof(bytes)));
    struct field each;
    while (status.len > 0 && take_field(&status, &each)) {
        if (each.number != 3 || !str_eq(find_field(each.bytes, 1).bytes, retry_type))
            continue;
        struct str duration = find_field(find_field(each.bytes, 2).bytes, 1).bytes;
        int64_t seconds = (int64_t)find_field(duration, 1).value;
        int64_t nanos = (int64_t)find_field(duration, 2).value;
        if (seconds < 0 || seconds > 365 * 24 * 3600 || nanos < 0 || nanos >= NET_SECOND)
            return -1;
        return seconds * NET_SECOND + nanos;
    }
    return -1;
}

/* Compression. */

struct decompressing {
    enum compression method;
    struct str in;
    struct buf out;
    struct error *err;
    enum status status;
};

static void decompress(void *arg)
{
    struct decompressing *work = arg;
    work->status = decompress_bytes(work->method, work->in, &work->out, work->err);
}

enum status grpc_decompress(struct str encoding, struct str in, struct buf *out, struct error *err)
{
    struct decompressing work = {.in = in, .err = err, .out = *out};
    if (!compression_from_name(encoding, &work.method))
        return error_set(err, STATUS_UNSUPPORTED,
                         "Decompressor is not installed for grpc-encoding \"%.*s\"",
                         STR_ARG(encoding));
    if (!mem_scope_run(decompress, &work))
        return error_set(err, STATUS_MEMORY, "out of memory");
    *out = work.out;
    return work.status;
}
