/* The capsules secret and optional_secret: text that is shown only when it is no secret. */

#include "base/strconv.h"
#include "compiler/value.h"

struct hidden {
    bool is_secret;
    size_t len;
    char text[];
};

static struct value *hidden_new(const struct capsule_type *type, struct str text, bool is_secret)
{
    struct hidden *h = mem_alloc(NULL, sizeof(*h) + text.len);
    h->is_secret = is_secret;
    h->len = text.len;
    if (text.len > 0)
        memcpy(h->text, text.ptr, text.len);
    return value_capsule(type, h);
}

/* The memory may be handed out again: nothing of the secret stays in it. */
static void hidden_release(void *data)
{
    struct hidden *h = data;
    explicit_bzero(h->text, h->len);
    mem_free(h);
}

static bool hidden_equal(const void *a, const void *b)
{
    const struct hidden *x = a;
    const struct hidden *y = b;
    return x->is_secret == y->is_secret && str_eq(str_of(x->text, x->len), str_of(y->text, y->len));
}

static void hidden_print(const void *data, struct buf *out)
{
    const struct hidden *h = data;
    if (h->is_secret)
        buf_cstr(out, "(secret)");
    else
        strconv_quote(out, str_of(h->text, h->len));
}

const struct capsule_type capsule_secret = {
    .name = "alloytypes.Secret",
    .release = hidden_release,
    .equal = hidden_equal,
    .print = hidden_print,
};

const struct capsule_type capsule_optional_secret = {
    .name = "alloytypes.OptionalSecret",
    .release = hidden_release,
    .equal = hidden_equal,
    .print = hidden_print,
};

struct value *value_secret(struct str text)
{
    return hidden_new(&capsule_secret, text, true);
}

struct value *value_optional_secret(struct str text, bool is_secret)
{
    return hidden_new(&capsule_optional_secret, text, is_secret);
}

struct str value_secret_reveal(const struct value *v, bool *is_secret)
{
    const struct hidden *h = value_capsule_data(v, &capsule_secret);
    if (!h)
        h = value_capsule_data(v, &capsule_optional_secret);
    if (!h)
        return STR_NONE;
    *is_secret = h->is_secret;
    return str_of(h->text, h->len);
}
