/* Small things that all of net uses. */

#include "runtime/net/server.h"

enum { SEED = 256 };

void *net_alloc(size_t size)
{
    return mem_zalloc_shared(NULL, size);
}

void net_free(void *block)
{
    mem_lib_free(block);
}

struct growth {
    struct buf *out;
    size_t more;
};

static void grow(void *arg)
{
    struct growth *growth = arg;
    (void)buf_reserve(growth->out, growth->more);
}

/* The first block of a buffer stays with the scope it is born in, and what net keeps may be written
 * to inside a component's scope: so it is born outside. Buffers with an owner are only written to
 * by the loop. */
static bool seed(struct buf *out, size_t more)
{
    size_t cap = more < SEED ? SEED : more;
    cap = cap < out->max ? cap : out->max;
    out->data = mem_lib_malloc(cap);
    out->cap = out->data ? cap : 0;
    return out->data != NULL;
}

bool net_reserve(struct buf *out, size_t more)
{
    if (out->data && more <= out->cap - out->len)
        return !out->overflow;
    if (!out->data && !out->owner && more <= out->max && !out->overflow)
        return seed(out, more);
    struct growth growth = {out, more};
    return mem_scope_run(grow, &growth) && buf_ok(out);
}

bool net_append(struct buf *out, struct str bytes)
{
    if (bytes.len == 0)
        return buf_ok(out);
    if (!net_reserve(out, bytes.len))
        return false;
    memcpy(out->data + out->len, bytes.ptr, bytes.len);
    out->len += bytes.len;
    return true;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool net_percent_decode(struct str in, bool plus, char *out, size_t *len)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.ptr[i];
        if (c == '%') {
            int high = in.len - i > 2 ? hex(in.ptr[i + 1]) : -1;
            int low = in.len - i > 2 ? hex(in.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        out[n++] = c;
    }
    *len = n;
    return true;
}
