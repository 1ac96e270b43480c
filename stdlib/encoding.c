/* encoding.*: JSON, YAML, base64 and URL escapes as Go's packages have them. */

#include "base/json.h"
#include "stdlib/functions.h"

static const enum param_type one_str[] = {PARAM_STR};
static const enum param_type one_plain[] = {PARAM_PLAIN};

/* ---- documents ---- */

static struct value *run_from_json(struct call *call)
{
    struct doc *doc = NULL;
    struct error err = {0};
    if (json_read(call->arena, arg_str(call, 0), (struct doc_limits){0}, &doc, &err) != STATUS_OK)
        return function_fail(call, "%s", err.message);
    struct value *v = value_from_doc(doc, true);
    return v ? v
             : function_fail(call, "json: cannot unmarshal number into Go value of type float64");
}

static struct value *run_from_yaml(struct call *call)
{
    struct doc *doc = NULL;
    struct error err = {0};
    if (yaml_read(call->arena, arg_str(call, 0), (struct doc_limits){0}, &doc, &err) != STATUS_OK)
        return function_fail(call, "%s", err.message);
    return doc ? value_from_doc(doc, false) : value_null();
}

struct json_frame {
    const struct value *v;
    uint32_t next;
};

struct json_encoder {
    struct call *call;
    struct json_writer w;
    VEC(struct json_frame) frames;
    bool ok;
};

static void encode_capsule(struct json_encoder *e, const struct value *v)
{
    bool is_secret = false;
    struct str text = value_secret_reveal(v, &is_secret);
    if (value_capsule_data(v, &capsule_secret)) {
        json_string(&e->w, text);
        return;
    }
    if (value_capsule_data(v, &capsule_yaml_map)) {
        e->ok = false;
        function_fail(e->call, "json: unsupported type: %s", capsule_yaml_map.name);
        return;
    }
    json_object(&e->w); /* unexported fields only, unless it is an optional secret */
    if (value_capsule_data(v, &capsule_optional_secret)) {
        json_key(&e->w, STR("IsSecret"));
        json_bool(&e->w, is_secret);
        json_key(&e->w, STR("Value"));
        json_string(&e->w, text);
    }
    json_object_end(&e->w);
}

static void encode_number(struct json_encoder *e, const struct value *v)
{
    if (v->number_kind == NUMBER_INT) {
        json_i64(&e->w, v->as.i);
    } else if (v->number_kind == NUMBER_UINT) {
        json_u64(&e->w, v->as.u);
    } else if (v->as.f - v->as.f != 0) {
        e->ok = false;
        function_fail(e->call, "json: unsupported value: %s",
                      v->as.f > 0   ? "+Inf"
                      : v->as.f < 0 ? "-Inf"
                                    : "NaN");
    } else {
        json_double(&e->w, v->as.f);
    }
}

static void encode(struct json_encoder *e, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL: json_null(&e->w); break;
    case VALUE_BOOL: json_bool(&e->w, v->as.boolean); break;
    case VALUE_NUMBER: encode_number(e, v); break;
    case VALUE_STRING: json_string(&e->w, v->as.string); break;
    case VALUE_ARRAY:
        json_array(&e->w);
        VEC_PUSH(&e->frames, ((struct json_frame){v, 0}));
        break;
    case VALUE_OBJECT:
        json_object(&e->w);
        VEC_PUSH(&e->frames, ((struct json_frame){v, 0}));
        break;
    case VALUE_CAPSULE: encode_capsule(e, v); break;
    default:
        e->ok = false;
        function_fail(e->call, "json: unsupported type: value.RawFunction");
        break;
    }
}

static struct value *run_to_json(struct call *call)
{
    if (call->args[0]->type != VALUE_OBJECT)
        return function_fail(call, "jsonEncode only supports map");
    struct buf out;
    struct json_encoder e = {.call = call, .ok = true};
    buf_init(&out, NULL, RESULT_MAX);
    json_begin(&e.w, &out);
    e.w.html = true;
    encode(&e, call->args[0]);
    while (e.ok && e.frames.len > 0) {
        struct json_frame *top = &e.frames.items[e.frames.len - 1];
        const struct value *v = top->v;
        if (top->next == v->count) {
            if (v->type == VALUE_ARRAY)
                json_array_end(&e.w);
            else
                json_object_end(&e.w);
            e.frames.len--;
            continue;
        }
        uint32_t i = top->next++;
        if (v->type == VALUE_OBJECT)
            json_key(&e.w, v->as.fields[i].key);
        encode(&e, v->type == VALUE_ARRAY ? v->as.elements[i] : v->as.fields[i].value);
    }
    VEC_RELEASE(&e.frames);
    if (e.ok)
        return finish_text(call, &out);
    buf_release(&out);
    return NULL;
}

/* ---- base64 (RFC 4648 §4 and §5, with padding) ---- */

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct value *to_base64(struct call *call, const char *alphabet)
{
    struct str s = arg_str(call, 0);
    struct buf out;
    buf_init(&out, NULL, RESULT_MAX);
    for (size_t i = 0; i < s.len; i += 3) {
        uint32_t bits = 0;
        size_t count = s.len - i < 3 ? s.len - i : 3;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (j < count ? (unsigned char)s.ptr[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            buf_byte(&out, j <= count ? alphabet[bits >> (18 - 6 * j) & 63] : '=');
    }
    return finish_text(call, &out);
}

static struct value *illegal(struct call *call, size_t at)
{
    return function_fail(call, "illegal base64 data at input byte %zu", at);
}

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* The padding that begins at `at` with `digits` digits of its quantum read; SIZE_MAX = fine. */
static size_t check_padding(struct str s, size_t at, unsigned digits)
{
    if (digits < 2)
        return at;
    unsigned wanted = 4 - digits;
    for (; at < s.len; at++) {
        if (is_line_end(s.ptr[at]))
            continue;
        if (s.ptr[at] != '=' || wanted == 0)
            return at;
        wanted--;
    }
    return wanted > 0 ? s.len : SIZE_MAX;
}

static struct value *from_base64(struct call *call, const char *alphabet)
{
    struct str s = arg_str(call, 0);
    char *out = arena_alloc(call->arena, s.len / 4 * 3 + 4);
    size_t len = 0;
    uint32_t bits = 0;
    unsigned digits = 0;
    for (size_t at = 0; at < s.len; at++) {
        char c = s.ptr[at];
        if (is_line_end(c))
            continue;
        if (c == '=') {
            size_t bad = check_padding(s, at, digits);
            if (bad != SIZE_MAX)
                return illegal(call, bad);
            bits <<= 6 * (4 - digits);
            for (unsigned i = 0; i + 1 < digits; i++)
                out[len++] = (char)(bits >> (16 - 8 * i));
            return value_bytes(str_of(out, len));
        }
        const char *digit = c ? strchr(alphabet, c) : NULL;
        if (!digit)
            return illegal(call, at);
        bits = bits << 6 | (uint32_t)(digit - alphabet);
        if (++digits < 4)
            continue;
        for (unsigned i = 0; i < 3; i++)
            out[len++] = (char)(bits >> (16 - 8 * i));
        bits = 0;
        digits = 0;
    }
    return digits == 0 ? value_bytes(str_of(out, len)) : illegal(call, s.len - digits);
}

static struct value *run_to_base64(struct call *call)
{
    return to_base64(call, standard);
}

static struct value *run_to_base64url(struct call *call)
{
    return to_base64(call, url_safe);
}

static struct value *run_from_base64(struct call *call)
{
    return from_base64(call, standard);
}

static struct value *run_from_base64url(struct call *call)
{
    return from_base64(call, url_safe);
}

/* ---- URL escapes, as in forms ---- */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static struct value *run_url_encode(struct call *call)
{
    static const char digits[] = "0123456789ABCDEF";
    struct str s = arg_str(call, 0);
    struct buf out;
    buf_init(&out, NULL, RESULT_MAX);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (is_unreserved(s.ptr[i])) {
            buf_byte(&out, s.ptr[i]);
        } else if (c == ' ') {
            buf_byte(&out, '+');
        } else {
            char escape[] = {'%', digits[c >> 4], digits[c & 15]};
            buf_append(&out, escape, 3);
        }
    }
    return finish_text(call, &out);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static struct value *run_url_decode(struct call *call)
{
    struct str s = arg_str(call, 0);
    struct buf out;
    buf_init(&out, NULL, RESULT_MAX);
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '%') {
            buf_byte(&out, s.ptr[i] == '+' ? ' ' : s.ptr[i]);
            continue;
        }
        int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1;
        int low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : -1;
        if (high < 0 || low < 0) {
            struct str bad = str_slice(s, i, i + 3);
            buf_release(&out);
            return function_fail(call, "invalid URL escape \"%.*s\"", STR_ARG(bad));
        }
        buf_byte(&out, (char)(high << 4 | low));
        i += 2;
    }
    return finish_text(call, &out);
}

#define TEXT_FUNCTION(symbol, full_name, fn, returns, sentence, sample)                            \
    const struct function_def symbol = {                                                           \
        .name = (full_name),                                                                       \
        .params = one_str,                                                                         \
        .param_count = 1,                                                                          \
        .run = (fn),                                                                               \
        .signature = full_name "(text string) " returns,                                           \
        .doc = (sentence),                                                                         \
        .example = (sample),                                                                       \
    };

TEXT_FUNCTION(function_encoding_from_json, "encoding.from_json", run_from_json, "any",
              "Reads a JSON document.", "encoding.from_json(`{\"a\": [1, \"x\"]}`)")
TEXT_FUNCTION(function_encoding_from_yaml, "encoding.from_yaml", run_from_yaml, "any",
              "Reads the first document of a YAML text.",
              "encoding.from_yaml(\"a: [1, 2.5]\\nb: yes\\n\")")
TEXT_FUNCTION(function_encoding_from_base64, "encoding.from_base64", run_from_base64,
              "list(number)", "Decodes base64 with padding.",
              "string.join([\"decoded: \", encoding.from_base64(\"aGVsbG8=\")], \"\")")
TEXT_FUNCTION(function_encoding_from_base64url, "encoding.from_URLbase64", run_from_base64url,
              "list(number)", "Decodes base64 in the alphabet for URLs, with padding.",
              "string.join([encoding.from_URLbase64(\"Pz8_Pw==\")], \"\")")
TEXT_FUNCTION(function_encoding_to_base64, "encoding.to_base64", run_to_base64, "string",
              "Encodes a text as base64.", "encoding.to_base64(\"hello\")")
TEXT_FUNCTION(function_encoding_to_base64url, "encoding.to_URLbase64", run_to_base64url, "string",
              "Encodes a text as base64 in the alphabet for URLs.",
              "encoding.to_URLbase64(\"????\")")
TEXT_FUNCTION(function_encoding_url_encode, "encoding.url_encode", run_url_encode, "string",
              "Escapes a text for use in a URL's query.", "encoding.url_encode(\"a b&c=d\")")
TEXT_FUNCTION(function_encoding_url_decode, "encoding.url_decode", run_url_decode, "string",
              "Undoes the escapes of a URL's query.", "encoding.url_decode(\"a+b%26c\")")

const struct function_def function_encoding_to_json = {
    .name = "encoding.to_json",
    .params = one_plain,
    .param_count = 1,
    .run = run_to_json,
    .signature = "encoding.to_json(object map(any)) string",
    .doc = "Writes an object as JSON.",
    .example = "encoding.to_json({b = [1, null], a = \"<x>\"})",
};
