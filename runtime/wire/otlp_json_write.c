/* Protobuf to OTLP/JSON. Walks the wire bytes by the tables with an explicit stack: for each field
 * of a message in table order its occurrences, so that repeated fields form one array wherever they
 * stand. Bounded by depth and by the output's maximum. */

#include "base/strconv.h"
#include "runtime/wire/otlp_json.h"
#include "runtime/wire/pb.h"

#include <math.h>

enum { MAX_DEPTH = 128 };

struct frame {
    const struct otlp_field *field; /* the row under way */
    struct str bytes;
    struct pb_reader at; /* where the search for that row goes on */
    bool in_array;
};

struct writer {
    struct json_writer json;
    struct buf *out;
    struct frame stack[MAX_DEPTH];
    size_t depth;
    struct error *err;
};

static void write_hex(struct writer *w, struct str s)
{
    static const char digits[] = "0123456789abcdef";
    char text[64];
    size_t n = s.len < 32 ? s.len : 32;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        text[2 * i] = digits[c >> 4];
        text[2 * i + 1] = digits[c & 15];
    }
    json_string(&w->json, str_of(text, 2 * n));
}

static void write_base64(struct writer *w, struct str s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buf text;
    buf_init(&text, w->out->owner, w->out->max);
    for (size_t i = 0; i < s.len; i += 3) {
        uint32_t bits = 0;
        size_t n = s.len - i < 3 ? s.len - i : 3;
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < n ? (unsigned char)s.ptr[i + k] : 0);
        }
        for (size_t k = 0; k < 4; k++) {
            buf_byte(&text, k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=');
        }
    }
    json_string(&w->json, buf_view(&text));
    buf_release(&text);
}

static void write_quoted_i64(struct writer *w, int64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)value);
    json_string(&w->json, str_of(text, (size_t)n));
}

static void write_quoted_u64(struct writer *w, uint64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    json_string(&w->json, str_of(text, (size_t)n));
}

static void write_double(struct writer *w, double value)
{
    if (isfinite(value)) {
        json_double(&w->json, value);
    } else {
        json_string(&w->json, isnan(value) ? STR("NaN")
                              : value > 0  ? STR("Infinity")
                                           : STR("-Infinity"));
    }
}

static void write_scalar(struct writer *w, const struct otlp_field *f, const struct pb_field *v)
{
    switch ((enum otlp_type)f->type) {
    case OTLP_T_STRING: json_string(&w->json, v->bytes); break;
    case OTLP_T_BYTES: write_base64(w, v->bytes); break;
    case OTLP_T_ID: write_hex(w, v->bytes); break;
    case OTLP_T_BOOL: json_bool(&w->json, v->value != 0); break;
    case OTLP_T_UINT32:
    case OTLP_T_FIXED32: json_u64(&w->json, (uint32_t)v->value); break;
    case OTLP_T_ENUM: json_i64(&w->json, (int32_t)v->value); break;
    case OTLP_T_SINT32: json_i64(&w->json, pb_zigzag(v->value)); break;
    case OTLP_T_INT64:
    case OTLP_T_SFIXED64: write_quoted_i64(w, (int64_t)v->value); break;
    case OTLP_T_UINT64:
    case OTLP_T_FIXED64: write_quoted_u64(w, v->value); break;
    case OTLP_T_DOUBLE: write_double(w, pb_double(v->value)); break;
    case OTLP_T_MESSAGE: break;
    }
}

static bool wire_fits(const struct otlp_field *f, const struct pb_field *v)
{
    switch ((enum otlp_type)f->type) {
    case OTLP_T_STRING:
    case OTLP_T_BYTES:
    case OTLP_T_ID:
    case OTLP_T_MESSAGE: return v->wire == PB_BYTES;
    case OTLP_T_FIXED64:
    case OTLP_T_SFIXED64:
    case OTLP_T_DOUBLE: return v->wire == PB_FIXED64;
    case OTLP_T_FIXED32: return v->wire == PB_FIXED32;
    default: return v->wire == PB_VARINT;
    }
}

static void write_packed(struct writer *w, const struct otlp_field *f, struct str bytes)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field v = {.number = f->number};
    bool is_fixed = f->type == OTLP_T_FIXED64 || f->type == OTLP_T_DOUBLE;
    while (r.at < r.end && (is_fixed ? pb_fixed64(&r, &v.value) : pb_varint(&r, &v.value))) {
        write_scalar(w, f, &v);
    }
}

/* The last occurrence counts, as protobuf says for fields that are not repeated. */
static bool find_last(struct frame *top, struct pb_field *v)
{
    bool found = false;
    struct pb_field next;
    while (pb_next(&top->at, &next)) {
        if (next.number == top->field->number && wire_fits(top->field, &next)) {
            *v = next;
            found = true;
        }
    }
    return found;
}

static bool find_next(struct frame *top, struct pb_field *v)
{
    while (pb_next(&top->at, v)) {
        if (v->number == top->field->number)
            return true;
    }
    return false;
}

static enum status open_message(struct writer *w, const struct otlp_message *m, struct str bytes)
{
    if (w->depth == MAX_DEPTH)
        return error_set(w->err, STATUS_LIMIT, "nested too deeply");
    w->stack[w->depth++] = (struct frame){m->fields, bytes, pb_read(bytes), false};
    json_object(&w->json);
    return STATUS_OK;
}

static void next_row(struct writer *w, struct frame *top)
{
    if (top->in_array)
        json_array_end(&w->json);
    top->in_array = false;
    top->field++;
    top->at = pb_read(top->bytes);
}

static enum status write_repeated(struct writer *w, struct frame *top)
{
    struct pb_field v;
    if (!find_next(top, &v)) {
        next_row(w, top);
        return STATUS_OK;
    }
    if (!top->in_array) {
        json_key(&w->json, str_from(top->field->name));
        json_array(&w->json);
        top->in_array = true;
    }
    if (top->field->message != NULL && v.wire == PB_BYTES) {
        return open_message(w, top->field->message, v.bytes);
    }
    if (wire_fits(top->field, &v)) {
        write_scalar(w, top->field, &v);
    } else if (v.wire == PB_BYTES && top->field->message == NULL) {
        write_packed(w, top->field, v.bytes);
    }
    return STATUS_OK;
}

static enum status write_step(struct writer *w)
{
    struct frame *top = &w->stack[w->depth - 1];
    const struct otlp_field *f = top->field;
    struct pb_field v;
    if (f->number == 0) {
        json_object_end(&w->json);
        w->depth--;
        return STATUS_OK;
    }
    if (f->repeated)
        return write_repeated(w, top);
    bool found = find_last(top, &v);
    next_row(w, top);
    if (!found)
        return STATUS_OK;
    json_key(&w->json, str_from(f->name));
    if (f->message != NULL)
        return open_message(w, f->message, v.bytes);
    write_scalar(w, f, &v);
    return STATUS_OK;
}

enum status otlp_to_json(enum otlp_signal signal, struct str bytes, struct buf *out,
                         struct error *err)
{
    struct writer w = {.out = out, .err = err};
    json_begin(&w.json, out);
    enum status status = open_message(&w, otlp_requests[signal], bytes);
    while (status == STATUS_OK && w.depth != 0)
        status = write_step(&w);
    if (status == STATUS_OK && !buf_ok(out)) {
        status = error_set(err, STATUS_LIMIT, "the message is too large");
    }
    return status;
}
