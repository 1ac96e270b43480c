/* OTLP/JSON to protobuf. The document is walked with an explicit stack; bodies go to a scratch
 * buffer without the lengths of nested messages, which are put in by a second, linear pass. Bounded
 * by the reader's depth and nodes and by the output's maximum. */

#include "base/strconv.h"
#include "runtime/wire/otlp_json.h"
#include "runtime/wire/pb.h"

#include <math.h>

struct frame {
    const struct otlp_message *message;
    const struct doc *member;       /* next member of the object */
    const struct otlp_field *field; /* repeated message field whose elements are under way */
    const struct doc *element;
};

struct reader {
    struct pb_nest out;
    struct frame stack[PB_NEST_DEPTH + 1];
    size_t depth;
    struct error *err;
};

static enum status wrong(struct reader *r, const struct otlp_field *f, const char *what)
{
    return error_set(r->err, STATUS_INVALID, "%s: %s", f->name, what);
}

/* An integer of up to 64 bits, written as a number (also 1e3) or as text. */
static bool doc_integer(const struct doc *d, bool *is_negative, uint64_t *out)
{
    struct str text = d->text;
    int64_t i = 0;
    *is_negative = false;
    if (d->kind == DOC_INT && text.len == 0) {
        *is_negative = d->integer < 0;
        *out = (uint64_t)d->integer;
        return true;
    }
    if (d->kind != DOC_INT && d->kind != DOC_FLOAT && d->kind != DOC_STRING)
        return false;
    if (str_to_u64(text, out))
        return true;
    if (str_to_i64(text, &i)) {
        *is_negative = true;
        *out = (uint64_t)i;
        return true;
    }
    if (d->kind != DOC_FLOAT || d->number != trunc(d->number) ||
        !(d->number >= -0x1p63 && d->number < 0x1p64))
        return false;
    *is_negative = d->number < 0;
    *out = *is_negative ? (uint64_t)(int64_t)d->number : (uint64_t)d->number;
    return true;
}

/* Whether the integer fits into the field. */
static bool fits_type(enum otlp_type type, bool is_negative, uint64_t u)
{
    switch (type) {
    case OTLP_T_UINT32:
    case OTLP_T_FIXED32: return !is_negative && u <= UINT32_MAX;
    case OTLP_T_ENUM:
    case OTLP_T_SINT32: return is_negative ? u >= (uint64_t)(int64_t)INT32_MIN : u <= INT32_MAX;
    case OTLP_T_INT64:
    case OTLP_T_SFIXED64: return is_negative || u <= INT64_MAX;
    default: return !is_negative;
    }
}

static bool doc_double(const struct doc *d, double *out)
{
    bool range = false;
    if (d->kind == DOC_INT || d->kind == DOC_FLOAT) {
        *out = d->number;
        return true;
    }
    if (d->kind != DOC_STRING)
        return false;
    return strconv_parse_float(str_is(d->text, "Infinity")    ? STR("Inf")
                               : str_is(d->text, "-Infinity") ? STR("-Inf")
                                                              : d->text,
                               out, &range);
}

static bool doc_name(const struct doc *d, const struct otlp_field *f, uint64_t *out)
{
    if (d->kind != DOC_STRING || d->text.len == 0 || f->names == NULL)
        return false;
    for (size_t i = 0; f->names[i] != NULL; i++) {
        if (str_is(d->text, f->names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool append_hex(struct buf *out, struct str s)
{
    if (s.len % 2 != 0)
        return false;
    for (size_t i = 0; i < s.len; i += 2) {
        int high = hex_digit(s.ptr[i]);
        int low = hex_digit(s.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        buf_byte(out, (char)(high << 4 | low));
    }
    return true;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Standard and URL alphabet, with or without padding, as protobuf's JSON allows. */
static bool append_base64(struct buf *out, struct str s)
{
    while (s.len != 0 && s.ptr[s.len - 1] == '=')
        s.len--;
    if (s.len % 4 == 1)
        return false;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < s.len; i++) {
        int digit = base64_digit(s.ptr[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_byte(out, (char)(bits >> have));
        }
    }
    return true;
}

static size_t base64_size(struct str s)
{
    while (s.len != 0 && s.ptr[s.len - 1] == '=')
        s.len--;
    return s.len * 6 / 8;
}

static enum status write_text(struct reader *r, const struct otlp_field *f, const struct doc *d)
{
    if (d->kind != DOC_STRING)
        return wrong(r, f, "a string is expected");
    bool ok = true;
    pb_write_tag(&r->out.scratch, f->number, PB_BYTES);
    if (f->type == OTLP_T_STRING) {
        pb_write_varint(&r->out.scratch, d->text.len);
        buf_str(&r->out.scratch, d->text);
    } else if (f->type == OTLP_T_ID) {
        pb_write_varint(&r->out.scratch, d->text.len / 2);
        ok = append_hex(&r->out.scratch, d->text);
    } else {
        pb_write_varint(&r->out.scratch, base64_size(d->text));
        ok = append_base64(&r->out.scratch, d->text);
    }
    return ok ? STATUS_OK : wrong(r, f, "malformed encoding of bytes");
}

/* The bytes of a number without its tag; the wire type is that of number_wire. */
static bool write_number(struct buf *out, const struct otlp_field *f, const struct doc *d)
{
    uint64_t u = 0;
    double number = 0;
    bool is_negative = false;
    if (f->type == OTLP_T_DOUBLE) {
        if (!doc_double(d, &number))
            return false;
        u = pb_bits(number);
        buf_append(out, &u, 8);
        return true;
    }
    if (f->type == OTLP_T_BOOL) {
        if (d->kind != DOC_BOOL)
            return false;
        u = d->boolean;
    } else if (!doc_name(d, f, &u) &&
               !(doc_integer(d, &is_negative, &u) && fits_type(f->type, is_negative, u))) {
        return false;
    }
    if (f->type == OTLP_T_FIXED64 || f->type == OTLP_T_SFIXED64) {
        buf_append(out, &u, 8);
    } else if (f->type == OTLP_T_FIXED32) {
        buf_append(out, &u, 4);
    } else {
        pb_write_varint(out, f->type == OTLP_T_SINT32 ? pb_unzigzag((int64_t)u) : u);
    }
    return true;
}

static enum pb_wire number_wire(const struct otlp_field *f)
{
    switch (f->type) {
    case OTLP_T_DOUBLE:
    case OTLP_T_FIXED64:
    case OTLP_T_SFIXED64: return PB_FIXED64;
    case OTLP_T_FIXED32: return PB_FIXED32;
    default: return PB_VARINT;
    }
}

static bool is_text(const struct otlp_field *f)
{
    return f->type == OTLP_T_STRING || f->type == OTLP_T_BYTES || f->type == OTLP_T_ID;
}

static enum status write_scalar(struct reader *r, const struct otlp_field *f, const struct doc *d)
{
    if (is_text(f))
        return write_text(r, f, d);
    pb_write_tag(&r->out.scratch, f->number, number_wire(f));
    return write_number(&r->out.scratch, f, d) ? STATUS_OK : wrong(r, f, "a number is expected");
}

/* A packed list of numbers. */
static enum status write_packed(struct reader *r, const struct otlp_field *f,
                                const struct doc *list)
{
    struct buf packed;
    enum status status = STATUS_OK;
    buf_init(&packed, r->out.scratch.owner, r->out.scratch.max);
    for (const struct doc *d = list->child; d != NULL && status == STATUS_OK; d = d->next) {
        if (!write_number(&packed, f, d))
            status = wrong(r, f, "a number is expected");
    }
    if (status == STATUS_OK && packed.len != 0) {
        pb_write_bytes(&r->out.scratch, f->number, buf_view(&packed));
    }
    buf_release(&packed);
    return status;
}

static enum status open_message(struct reader *r, const struct otlp_field *f, const struct doc *d)
{
    if (d->kind != DOC_MAP)
        return wrong(r, f, "an object is expected");
    if (!pb_nest_open(&r->out, f->number)) {
        return error_set(r->err, STATUS_LIMIT, "nested too deeply");
    }
    r->stack[r->depth++] = (struct frame){f->message, d->child, NULL, NULL};
    return STATUS_OK;
}

static void close_message(struct reader *r)
{
    if (--r->depth != 0)
        pb_nest_close(&r->out);
}

static enum status read_member(struct reader *r, struct frame *top)
{
    const struct doc *d = top->member;
    top->member = d->next;
    const struct otlp_field *f = otlp_field_by_name(top->message, d->key);
    if (f == NULL || d->kind == DOC_NULL)
        return STATUS_OK;
    if (!f->repeated) {
        return f->message != NULL ? open_message(r, f, d) : write_scalar(r, f, d);
    }
    if (d->kind != DOC_LIST)
        return wrong(r, f, "an array is expected");
    if (f->message == NULL && !is_text(f))
        return write_packed(r, f, d);
    top->field = f;
    top->element = d->child;
    return STATUS_OK;
}

static enum status read_step(struct reader *r)
{
    struct frame *top = &r->stack[r->depth - 1];
    if (top->element != NULL) {
        const struct doc *d = top->element;
        top->element = d->next;
        return top->field->message != NULL ? open_message(r, top->field, d)
                                           : write_scalar(r, top->field, d);
    }
    if (top->member != NULL)
        return read_member(r, top);
    close_message(r);
    return STATUS_OK;
}

enum status otlp_from_json(enum otlp_signal signal, struct str json, struct arena *arena,
                           struct buf *out, struct error *err)
{
    struct doc *doc = NULL;
    struct doc_limits limits = {.max_depth = 2 * PB_NEST_DEPTH, .max_nodes = 4 * BATCH_MAX_ITEMS};
    enum status status = json_read(arena, json, limits, &doc, err);
    if (status != STATUS_OK)
        return status;
    if (doc->kind != DOC_MAP)
        return error_set(err, STATUS_INVALID, "an object is expected");
    struct reader r = {.err = err, .depth = 1};
    pb_nest_init(&r.out, out->owner, out->max);
    r.stack[0] = (struct frame){.message = otlp_requests[signal], .member = doc->child};
    while (status == STATUS_OK && r.depth != 0)
        status = read_step(&r);
    if (status == STATUS_OK) {
        pb_nest_finish(&r.out, out);
        if (!buf_ok(out))
            status = error_set(err, STATUS_LIMIT, "the message is too large");
    }
    pb_nest_release(&r.out);
    return status;
}
