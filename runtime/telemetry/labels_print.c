/* Label sets as text, the way Prometheus prints them. */

#include "runtime/telemetry/labels.h"

#include "base/buf.h"
#include "base/strconv.h"

static bool is_plain_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.len > 0;
}

void labels_print(struct buf *out, const struct labels *l)
{
    buf_byte(out, '{');
    for (size_t i = 0; i < l->count; i++) {
        if (i > 0)
            buf_str(out, STR(", "));
        if (is_plain_name(l->pairs[i].name))
            buf_str(out, l->pairs[i].name);
        else
            strconv_quote(out, l->pairs[i].name);
        buf_byte(out, '=');
        strconv_quote(out, l->pairs[i].value);
    }
    buf_byte(out, '}');
}
