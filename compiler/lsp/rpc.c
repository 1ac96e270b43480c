/* JSON-RPC 2.0 in the protocol's framing: "Content-Length: N", an empty line, N bytes. Framing that
 * cannot be read ends the connection; a message that cannot be read gets the protocol's error.
 * Bounded by LSP_MAX_MESSAGE and LSP_MAX_OUTPUT. */

#include "compiler/lsp/inner.h"

enum { HEADER_MAX = 16 * 1024, COMPACT_AT = 1024 * 1024, MAX_CANCELLED = 1000 };

static void put_envelope(struct json_writer *w, struct buf *out)
{
    json_begin(w, out);
    json_object(w);
    lsp_put(w, "jsonrpc", STR("2.0"));
}

/* Room for the header is left in front of the body and filled when the length is known. */
static size_t body_begin(struct lsp *lsp)
{
    if (lsp->out_at == lsp->out.len) {
        buf_clear(&lsp->out);
        lsp->out_at = 0;
    }
    size_t mark = lsp->out.len;
    buf_cstr(&lsp->out, "Content-Length: 0000000000\r\n\r\n");
    return mark;
}

static void body_end(struct lsp *lsp, size_t mark)
{
    static const size_t prefix = sizeof("Content-Length: ") - 1;
    if (!buf_ok(&lsp->out)) {
        lsp->over = true; /* the client has not read for 256 MB */
        return;
    }
    size_t length = lsp->out.len - mark - (prefix + 10 + 4);
    for (size_t i = 10; i-- > 0; length /= 10)
        lsp->out.data[mark + prefix + i] = (char)('0' + length % 10);
}

void lsp_send_begin(struct lsp *lsp, struct json_writer *w, size_t *mark, const char *method,
                    bool is_request)
{
    *mark = body_begin(lsp);
    put_envelope(w, &lsp->out);
    if (is_request)
        lsp_put_number(w, "id", ++lsp->next_id);
    lsp_put(w, "method", str_from(method));
    lsp_key(w, "params");
}

void lsp_send_end(struct lsp *lsp, struct json_writer *w, size_t mark)
{
    json_object_end(w);
    body_end(lsp, mark);
}

void lsp_fail(struct lsp_request *rq, int code, const char *message)
{
    rq->code = code;
    rq->message = message;
}

static void put_id(struct json_writer *w, const struct doc *id)
{
    lsp_key(w, "id");
    if (id && id->kind == DOC_INT)
        json_i64(w, id->integer);
    else if (id && id->kind == DOC_STRING)
        json_string(w, id->text);
    else
        json_null(w);
}

static void send_error(struct lsp *lsp, const struct doc *id, int code, const char *message)
{
    struct json_writer w;
    size_t mark = body_begin(lsp);
    put_envelope(&w, &lsp->out);
    put_id(&w, id);
    lsp_key(&w, "error");
    json_object(&w);
    lsp_put_number(&w, "code", code);
    lsp_put(&w, "message", str_from(message));
    json_object_end(&w);
    json_object_end(&w);
    body_end(lsp, mark);
}

/* ---- answers that come later ---- */

char *lsp_defer(struct lsp_request *rq)
{
    struct buf id;
    buf_init(&id, NULL, LSP_MAX_PATH);
    if (rq->id && rq->id->kind == DOC_STRING)
        json_write_string(&id, rq->id->text, false);
    else if (rq->id && rq->id->kind == DOC_INT)
        buf_str(&id, rq->id->text);
    else
        buf_cstr(&id, "null");
    char *owned = mem_strdup(NULL, id.data, id.len);
    buf_release(&id);
    rq->later = true;
    return owned;
}

void lsp_reply(struct lsp *lsp, char *owned_id, int code, struct str result)
{
    struct json_writer w;
    size_t mark = body_begin(lsp);
    put_envelope(&w, &lsp->out);
    lsp_key(&w, "id");
    json_raw(&w, str_from(owned_id));
    lsp_key(&w, code ? "error" : "result");
    if (code) {
        json_object(&w);
        lsp_put_number(&w, "code", code);
        lsp_put(&w, "message", result);
        json_object_end(&w);
    } else {
        json_raw(&w, result);
    }
    json_object_end(&w);
    body_end(lsp, mark);
    mem_free(owned_id);
}

/* ---- cancellation: requests that wait behind the message at hand ---- */

static struct str id_text(const struct doc *id)
{
    return id && (id->kind == DOC_INT || id->kind == DOC_STRING) ? id->text : STR("");
}

static void cancel(struct lsp *lsp, const struct doc *params)
{
    struct str id = id_text(lsp_member(params, "id"));
    if (id.len && lsp->cancelled.len < MAX_CANCELLED)
        VEC_PUSH(&lsp->cancelled, mem_strdup(NULL, id.ptr, id.len));
}

static bool is_cancelled(struct lsp *lsp, const struct doc *id)
{
    for (size_t i = 0; i < lsp->cancelled.len; i++) {
        if (!str_is(id_text(id), lsp->cancelled.items[i]))
            continue;
        mem_free(lsp->cancelled.items[i]);
        lsp->cancelled.items[i] = lsp->cancelled.items[--lsp->cancelled.len];
        return true;
    }
    return false;
}

/* ---- one message ---- */

static void answer(struct lsp *lsp, const struct lsp_method *method, const struct doc *id,
                   struct lsp_request *rq)
{
    struct json_writer w;
    size_t mark = body_begin(lsp);
    put_envelope(&w, &lsp->out);
    put_id(&w, id);
    lsp_key(&w, "result");
    rq->w = &w;
    rq->id = id;
    method->run(rq);
    if (rq->later) {
        lsp->out.len = mark;
        return;
    }
    if (rq->code) {
        lsp->out.len = mark;
        send_error(lsp, id, rq->code, rq->message);
        return;
    }
    json_object_end(&w);
    body_end(lsp, mark);
}

/* What is wrong with the state for this method; 0 = nothing. */
static int refuse(const struct lsp *lsp, const struct lsp_method *method, const char **message)
{
    bool is_initialize = strcmp(method->name, "initialize") == 0;
    if (!lsp->initialized && !is_initialize) {
        *message = "the server is not initialized";
        return LSP_NOT_INITIALIZED;
    }
    if (lsp->initialized && is_initialize) {
        *message = "the server is initialized already";
        return LSP_INVALID_REQUEST;
    }
    if (lsp->shut_down) {
        *message = "the server is shutting down";
        return LSP_INVALID_REQUEST;
    }
    return 0;
}

static bool is_answer(const struct doc *message)
{
    return !lsp_member(message, "method") && lsp_member(message, "id") &&
           (lsp_member(message, "result") || lsp_member(message, "error"));
}

static bool is_call(const struct doc *message)
{
    const struct doc *name = lsp_member(message, "method");
    return name && name->kind == DOC_STRING && str_is(lsp_text_of(message, "jsonrpc"), "2.0");
}

static void call(struct lsp *lsp, struct str name, const struct doc *id, struct lsp_request *rq)
{
    const struct lsp_method *method = lsp_method_find(name);
    const char *why = "the method is not known";
    int code = LSP_METHOD_NOT_FOUND;
    if (method && !(id && method->notification))
        code = refuse(lsp, method, &why);
    if (id && !code && is_cancelled(lsp, id)) {
        code = LSP_REQUEST_CANCELLED;
        why = "cancelled";
    }
    if (code && id)
        send_error(lsp, id, code, why);
    else if (!code && id)
        answer(lsp, method, id, rq);
    else if (!code && method->notification)
        method->run(rq);
}

static void dispatch(struct lsp *lsp, const struct doc *message, struct arena *arena)
{
    if (is_answer(message))
        return; /* to a request of ours: none of them waits for one */
    const struct doc *id = lsp_member(message, "id");
    if (!is_call(message)) {
        send_error(lsp, id, LSP_INVALID_REQUEST, "not a JSON-RPC 2.0 message");
        return;
    }
    struct str name = lsp_text_of(message, "method");
    struct lsp_request rq = {.lsp = lsp, .params = lsp_member(message, "params"), .arena = arena};
    if (str_is(name, "exit"))
        lsp->over = true;
    else if (!str_is(name, "$/cancelRequest")) /* was looked at when it arrived */
        call(lsp, name, id, &rq);
}

static void handle(struct lsp *lsp, struct str body)
{
    struct arena arena;
    struct doc *message;
    struct error err;
    arena_init(&arena, NULL, 0);
    if (json_read(&arena, body, (struct doc_limits){0}, &message, &err) != STATUS_OK)
        send_error(lsp, NULL, LSP_PARSE_ERROR, err.message);
    else
        dispatch(lsp, message, &arena);
    arena_release(&arena);
}

/* ---- framing ---- */

struct frame {
    size_t body;   /* offset in `in` */
    size_t length; /* of the body */
};

/* The length that a header says; false if none does. */
static bool read_length(struct str header, size_t *length)
{
    bool found = false;
    struct str line;
    while (header.len) {
        str_cut(header, '\n', &line, &header);
        struct str name, value;
        if (!str_cut(line, ':', &name, &value))
            continue;
        uint64_t number;
        if (!str_eq_fold(str_trim(name), STR("Content-Length")))
            continue;
        if (!str_to_u64(str_trim(value), &number) || number > LSP_MAX_MESSAGE)
            return false;
        *length = (size_t)number;
        found = true;
    }
    return found;
}

/* The next whole message from `at` on. */
static bool next_frame(struct lsp *lsp, size_t at, struct frame *out)
{
    struct str rest = str_slice(buf_view(&lsp->in), at, lsp->in.len);
    struct str head = str_slice(rest, 0, HEADER_MAX);
    size_t end = str_find(head, STR("\r\n\r\n"), 0);
    if (end == SIZE_MAX) {
        lsp->over |= rest.len >= HEADER_MAX;
        return false;
    }
    if (!read_length(str_slice(head, 0, end), &out->length)) {
        lsp->over = true;
        return false;
    }
    out->body = at + end + 4;
    return lsp->in.len - out->body >= out->length;
}

/* Notes the cancellations among what has just arrived. */
static void scan_cancellations(struct lsp *lsp)
{
    struct frame frame;
    while (!lsp->over && next_frame(lsp, lsp->scanned, &frame)) {
        lsp->scanned = frame.body + frame.length;
        struct str body = str_slice(buf_view(&lsp->in), frame.body, lsp->scanned);
        if (frame.length > 1024 || str_find(body, STR("$/cancelRequest"), 0) == SIZE_MAX)
            continue;
        struct arena arena;
        struct doc *message;
        arena_init(&arena, NULL, 0);
        if (json_read(&arena, body, (struct doc_limits){0}, &message, NULL) == STATUS_OK &&
            str_is(lsp_text_of(message, "method"), "$/cancelRequest"))
            cancel(lsp, lsp_member(message, "params"));
        arena_release(&arena);
    }
}

void lsp_feed(struct lsp *lsp, struct str bytes)
{
    if (lsp->in_at == lsp->in.len || lsp->in_at > COMPACT_AT) {
        buf_drop_front(&lsp->in, lsp->in_at);
        lsp->scanned -= lsp->in_at;
        lsp->in_at = 0;
    }
    buf_str(&lsp->in, bytes);
    if (!buf_ok(&lsp->in))
        lsp->over = true;
    else
        scan_cancellations(lsp);
}

bool lsp_work(struct lsp *lsp)
{
    struct frame frame;
    if (lsp->in_at == lsp->scanned || !next_frame(lsp, lsp->in_at, &frame))
        return false;
    struct str body = str_slice(buf_view(&lsp->in), frame.body, frame.body + frame.length);
    lsp->in_at = frame.body + frame.length;
    handle(lsp, body);
    /* A cancellation counts for what was waiting when it came. */
    if (lsp->in_at == lsp->scanned) {
        for (size_t i = 0; i < lsp->cancelled.len; i++)
            mem_free(lsp->cancelled.items[i]);
        lsp->cancelled.len = 0;
    }
    return true;
}

struct str lsp_output(const struct lsp *lsp)
{
    return str_slice(buf_view(&lsp->out), lsp->out_at, lsp->out.len);
}

void lsp_written(struct lsp *lsp, size_t count)
{
    lsp->out_at += count;
    if (lsp->out_at == lsp->out.len) {
        buf_clear(&lsp->out);
        lsp->out_at = 0;
    }
}
