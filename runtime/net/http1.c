/* The engine of HTTP/1.1 (RFC 9112): one request at a time, the next one waits in `in`. Ambiguous
 * messages are refused, and what could be read in two ways ends the connection. */

#include "runtime/net/http1_head.h"

#include "base/mutant.h"

/* What the fields of a head say about the message. */
struct framing {
    int64_t length; /* -1 = none */
    bool chunked;
    bool has_host;
    bool close;
    bool keep_alive;
    bool expect;
    bool upgrade_h2c;
    bool has_settings;
    int status; /* 0, or why it is refused */
};

static int64_t now_of(const struct http_conn *conn)
{
    return loop_now_ns(conn->server->loop);
}

static void on_length(struct framing *framing, struct str value)
{
    uint64_t length;
    if (framing->length >= 0 || value.len > 18 || !str_to_u64(value, &length))
        framing->status = 400;
    else
        framing->length = (int64_t)length;
}

static void on_coding(struct framing *framing, struct str value)
{
    if (framing->chunked)
        framing->status = 400;
    else if (!str_eq_fold(value, STR("chunked")))
        framing->status = 501;
    framing->chunked = true;
}

static void on_connection(struct framing *framing, struct str value)
{
    while (value.len > 0) {
        struct str token;
        (void)str_cut(value, ',', &token, &value);
        token = str_trim(token);
        if (str_eq_fold(token, STR("close")))
            framing->close = true;
        else if (str_eq_fold(token, STR("keep-alive")))
            framing->keep_alive = true;
    }
}

static void on_host(struct framing *framing, struct http_request *request, struct str value)
{
    if (framing->has_host)
        framing->status = 400;
    framing->has_host = true;
    request->authority = value;
}

static void read_field(struct framing *framing, struct http_request *request,
                       const struct http_header *field)
{
    switch (field->name.len) {
    case 4:
        if (str_is(field->name, "host"))
            on_host(framing, request, field->value);
        break;
    case 6:
        if (str_is(field->name, "expect"))
            framing->expect = str_eq_fold(field->value, STR("100-continue"));
        break;
    case 7:
        if (str_is(field->name, "upgrade"))
            framing->upgrade_h2c = str_eq_fold(field->value, STR("h2c"));
        break;
    case 10:
        if (str_is(field->name, "connection"))
            on_connection(framing, field->value);
        break;
    case 14:
        if (str_is(field->name, "content-length"))
            on_length(framing, field->value);
        else if (str_is(field->name, "http2-settings"))
            framing->has_settings = true;
        break;
    case 17:
        if (str_is(field->name, "transfer-encoding"))
            on_coding(framing, field->value);
        break;
    default: break;
    }
}

static struct framing read_framing(struct http_exchange *exchange, unsigned minor)
{
    struct framing framing = {.length = -1};
    struct http_request *request = &exchange->request;
    for (size_t i = 0; i < request->header_count; i++)
        read_field(&framing, request, &request->headers[i]);
    bool both = framing.chunked && framing.length >= 0;
    if (both || (framing.chunked && minor == 0) || (!framing.has_host && minor > 0))
        framing.status = 400;
    return framing;
}

static char *copy_lower(char *to, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        to[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    return to + s.len;
}

static char *copy(char *to, struct str *s)
{
    if (s->len)
        memcpy(to, s->ptr, s->len);
    s->ptr = to;
    return to + s->len;
}

/* The request outlives the read buffer. False when memory is out. */
static bool keep_head(struct http_exchange *exchange, struct http1_head *head, size_t len)
{
    struct http_header *fields =
        arena_try_alloc(&exchange->arena, head->count * sizeof(*fields) + len);
    if (!fields)
        return false;
    char *to = (char *)(fields + head->count);
    to = copy(to, &head->method);
    to = copy(to, &head->target);
    for (size_t i = 0; i < head->count; i++) {
        fields[i].name = str_of(to, head->fields[i].name.len);
        to = copy_lower(to, head->fields[i].name);
        to = copy(to, &head->fields[i].value);
        fields[i].value = head->fields[i].value;
    }
    exchange->request.method = head->method;
    exchange->request.headers = fields;
    exchange->request.header_count = head->count;
    return true;
}

/* Answers and ends: the rest of the input has no meaning. */
static void fail(struct http_conn *conn, struct http_exchange *exchange, int status)
{
    conn->h1.keep = false;
    conn->h1.refused = false;
    conn->h1.state = HTTP1_WAIT;
    if (!exchange)
        exchange = exchange_new(conn->server, conn);
    if (exchange)
        exchange_refuse(exchange, status);
    else
        conn_close(conn);
}

static void dispatch(struct http_conn *conn, struct http_exchange *exchange)
{
    conn->h1.state = HTTP1_WAIT;
    conn->deadline = 0;
    if (conn->h1.upgrade)
        http2_upgrade(conn, exchange);
    else
        exchange_dispatch(exchange);
}

/* The head was refused. A short body is read and dropped so that the connection can go on. */
static void refuse(struct http_conn *conn, struct http_exchange *exchange,
                   const struct framing *framing, int status)
{
    bool has_body = framing->chunked || framing->length > 0;
    bool droppable = framing->length <= DRAIN_MAX && !framing->chunked && !framing->expect;
    conn->h1.refused = has_body;
    if (has_body && !droppable)
        conn->h1.keep = false;
    exchange_refuse(exchange, status);
}

static void begin_body(struct http_conn *conn, struct http_exchange *exchange,
                       const struct framing *framing)
{
    exchange->started = now_of(conn);
    conn->deadline = body_deadline(exchange->started, 0);
    conn->h1.left = framing->length > 0 ? (uint64_t)framing->length : 0;
    conn->h1.chunks = (struct chunk_reader){.state = CHUNK_SIZE};
    int status = exchange_admit(exchange, framing->chunked ? -1 : (int64_t)conn->h1.left);
    if (status != 0) {
        refuse(conn, exchange, framing, status);
        return;
    }
    if (!framing->chunked && conn->h1.left == 0) {
        dispatch(conn, exchange);
        return;
    }
    conn->h1.state = framing->chunked ? HTTP1_CHUNKED : HTTP1_LENGTH;
    if (framing->expect && !conn->h1.old)
        conn_send(conn, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

static void on_head(struct http_conn *conn, struct str bytes)
{
    struct http1_head head;
    int status = http1_parse_head(bytes, &head);
    if (status == HTTP1_NOT_HTTP) {
        conn_close(conn);
        return;
    }
    if (status != 0) {
        fail(conn, NULL, status);
        return;
    }
    struct http_exchange *exchange = exchange_new(conn->server, conn);
    if (!exchange || !keep_head(exchange, &head, bytes.len)) {
        fail(conn, exchange, 503);
        return;
    }
    struct framing framing = read_framing(exchange, head.minor);
    bool target_ok = exchange_target(exchange, head.target);
    conn->h1.old = head.minor == 0;
    conn->h1.head_only = str_is(exchange->request.method, "HEAD");
    if (framing.status != 0 || !target_ok) {
        fail(conn, exchange, framing.status != 0 ? framing.status : 400);
        return;
    }
    conn->h1.refused = false;
    conn->h1.keep = !framing.close && (framing.keep_alive || !conn->h1.old) && !conn->finishing;
    conn->h1.upgrade = framing.upgrade_h2c && framing.has_settings && !conn->h1.old && !conn->tls;
    begin_body(conn, exchange, &framing);
}

/* Every step returns how much it took; 0 = it needs more. */
static size_t read_head(struct http_conn *conn, struct str bytes)
{
    size_t start = 0;
    /* Empty lines before a request are allowed (RFC 9112 §2.2). */
    while (start + 1 < bytes.len && bytes.ptr[start] == '\r' && bytes.ptr[start + 1] == '\n')
        start += 2;
    if (start > 0) {
        conn->h1.scanned = 0;
        return start;
    }
    size_t from = conn->h1.scanned > 3 ? conn->h1.scanned - 3 : 0;
    size_t end = str_find(str_slice(bytes, 0, HEAD_MAX), STR("\r\n\r\n"), from);
    if (end == SIZE_MAX) {
        if (conn->h1.scanned == 0)
            conn->deadline = now_of(conn) + HEAD_TIMEOUT;
        conn->h1.scanned = bytes.len;
        if (bytes.len < HEAD_MAX)
            return 0;
        fail(conn, NULL, 431);
        return bytes.len;
    }
    conn->h1.scanned = 0;
    on_head(conn, str_slice(bytes, 0, end + 4));
    return end + 4;
}

static void take_body(struct http_conn *conn, struct str data, int64_t length, bool complete)
{
    struct http_exchange *exchange = conn->exchanges;
    int status = exchange_body(exchange, data, length);
    if (status != 0) {
        fail(conn, exchange, status);
        return;
    }
    conn->deadline = body_deadline(exchange->started, exchange->body.len);
    if (complete)
        dispatch(conn, exchange);
}

static size_t read_length(struct http_conn *conn, struct str bytes)
{
    size_t len = bytes.len < conn->h1.left ? bytes.len : (size_t)conn->h1.left;
    int64_t whole = (int64_t)conn->h1.left;
    conn->h1.left -= len;
    take_body(conn, str_slice(bytes, 0, len), whole, conn->h1.left == 0 || MUTANT(PARTIAL_BODY));
    return len;
}

static size_t read_chunked(struct http_conn *conn, struct str bytes)
{
    struct str data;
    size_t len = chunk_read(&conn->h1.chunks, bytes, &data);
    if (conn->h1.chunks.state == CHUNK_BAD)
        fail(conn, conn->exchanges, 400);
    else
        take_body(conn, data, -1, conn->h1.chunks.state == CHUNK_DONE);
    return len;
}

/* A new request begins: the clock of idleness runs. */
static void next_request(struct http_conn *conn)
{
    conn->h1.state = HTTP1_HEAD;
    conn->h1.scanned = 0;
    conn->deadline = now_of(conn) + conn->server->idle_timeout;
}

static size_t drop_body(struct http_conn *conn, struct str bytes)
{
    size_t len = bytes.len < conn->h1.left ? bytes.len : (size_t)conn->h1.left;
    conn->h1.left -= len;
    if (conn->h1.left == 0)
        next_request(conn);
    return len;
}

static size_t step(struct http_conn *conn, struct str bytes)
{
    switch (conn->h1.state) {
    case HTTP1_HEAD: return conn_pending(conn) > WRITE_MAX ? 0 : read_head(conn, bytes);
    case HTTP1_LENGTH: return read_length(conn, bytes);
    case HTTP1_CHUNKED: return read_chunked(conn, bytes);
    case HTTP1_DROP: return drop_body(conn, bytes);
    case HTTP1_LAST: return bytes.len;
    case HTTP1_WAIT: break;
    }
    return 0;
}

/* Works through the bytes as far as possible. The engine may change on the way (Upgrade). */
static size_t work(struct http_conn *conn, struct str bytes)
{
    size_t at = 0;
    while (at < bytes.len && conn->stream && conn->engine == &http1_engine) {
        size_t taken = step(conn, str_slice(bytes, at, bytes.len));
        if (taken == 0)
            break;
        at += taken;
    }
    return at;
}

static void keep_rest(struct http_conn *conn, struct str rest)
{
    if (!conn->stream)
        return;
    if (conn->engine != &http1_engine) {
        conn->engine->feed(conn, rest);
        return;
    }
    if (!net_append(&conn->in, rest)) {
        conn_close(conn);
        return;
    }
    if (conn->in.len >= PIPELINE_MAX)
        conn_pause(conn, true);
}

static void http1_feed(struct http_conn *conn, struct str bytes)
{
    conn_enter(conn);
    if (conn->in.len == 0) {
        size_t taken = work(conn, bytes);
        keep_rest(conn, str_slice(bytes, taken, bytes.len));
    } else if (!net_append(&conn->in, bytes)) {
        conn_close(conn);
    } else {
        /* `in` is moved aside: an upgrade and a close take it away. */
        struct buf in = conn->in;
        buf_init(&conn->in, in.owner, in.max);
        size_t taken = work(conn, buf_view(&in));
        if (taken == 0 && conn->engine == &http1_engine) {
            conn->in = in;
            if (in.len >= PIPELINE_MAX)
                conn_pause(conn, true);
        } else {
            keep_rest(conn, str_slice(buf_view(&in), taken, in.len));
            buf_release(&in);
        }
    }
    (void)conn_leave(conn);
}

/* No request follows: what is queued may leave, what still comes is dropped. */
static void last_answer(struct http_conn *conn)
{
    conn->h1.state = HTTP1_LAST;
    buf_release(&conn->in);
    conn_linger(conn);
}

/* Goes on with what waited for an answer or for room in the write queue. */
static void resume(struct http_conn *conn)
{
    if (!conn->stream || conn->busy > 1)
        return;
    struct buf in = conn->in;
    buf_init(&conn->in, in.owner, in.max);
    conn_pause(conn, false);
    http1_feed(conn, buf_view(&in));
    buf_release(&in);
    if (conn->stream && conn->peer_ended && conn->h1.state == HTTP1_HEAD)
        last_answer(conn);
}

/* A line end in a value would begin a field, or a body, of somebody else's choice. */
static void field_value(struct buf *out, struct str value)
{
    size_t start = out->len;
    buf_str(out, value);
    for (size_t i = start; i < out->len; i++) {
        if ((unsigned char)out->data[i] < ' ' && out->data[i] != '\t')
            out->data[i] = ' ';
    }
}

static void head_fields(struct http_conn *conn, struct buf *out, const struct http_answer *answer)
{
    struct http1 *h1 = &conn->h1;
    bool no_length = answer->status == 204 || answer->status == 304;
    buf_printf(out, "HTTP/1.1 %d ", answer->status);
    buf_str(out, http_status_text(answer->status));
    buf_str(out, STR("\r\nDate: "));
    buf_str(out, server_date(conn->server));
    for (size_t i = 0; i < answer->header_count; i++) {
        buf_str(out, STR("\r\n"));
        buf_str(out, answer->headers[i].name);
        buf_str(out, STR(": "));
        field_value(out, answer->headers[i].value);
    }
    if (!no_length) {
        buf_str(out, STR("\r\nContent-Length: "));
        buf_u64(out, answer->body.len);
    }
    if (!h1->keep)
        buf_str(out, STR("\r\nConnection: close"));
    else if (h1->old)
        buf_str(out, STR("\r\nConnection: keep-alive"));
    buf_str(out, STR("\r\n\r\n"));
    if (!h1->head_only && !no_length && answer->body.len <= SMALL_BODY)
        buf_str(out, answer->body);
}

struct writing {
    struct http_conn *conn;
    const struct http_answer *answer;
};

static void write_answer(void *arg)
{
    struct writing *writing = arg;
    head_fields(writing->conn, &writing->conn->server->scratch, writing->answer);
}

/* The connection after an answer. */
static void after_answer(struct http_conn *conn)
{
    struct http1 *h1 = &conn->h1;
    if (!conn->stream)
        return;
    if (!h1->keep || conn->finishing) {
        last_answer(conn);
    } else if (h1->refused && h1->left > 0) {
        h1->state = HTTP1_DROP;
    } else {
        next_request(conn);
    }
}

static void http1_answer(struct http_exchange *exchange, const struct http_answer *answer)
{
    struct http_conn *conn = exchange->conn;
    struct buf *out = &conn->server->scratch;
    struct writing writing = {conn, answer};
    conn_enter(conn);
    if (conn->finishing)
        conn->h1.keep = false;
    buf_clear(out);
    bool written = net_reserve(out, SMALL_BODY) && mem_scope_run(write_answer, &writing);
    bool has_body = !conn->h1.head_only && answer->status != 204 && answer->status != 304;
    if (!written || !buf_ok(out)) {
        conn_close(conn);
    } else {
        conn_send(conn, buf_view(out));
        if (has_body && answer->body.len > SMALL_BODY)
            conn_send(conn, answer->body);
        exchange_free(exchange);
        after_answer(conn);
        resume(conn);
    }
    (void)conn_leave(conn);
}

static void http1_drained(struct http_conn *conn)
{
    if (conn->h1.state == HTTP1_HEAD && conn->in.len > 0)
        resume(conn);
    if (conn->stream && conn->peer_ended && conn->h1.state != HTTP1_WAIT)
        conn_close(conn);
}

static void http1_sweep(struct http_conn *conn, int64_t now)
{
    struct http_exchange *exchange = conn->exchanges;
    if (exchange && exchange->deadline && now >= exchange->deadline && exchange->timed_out) {
        exchange->deadline = 0;
        exchange->timed_out(exchange);
        if (conn->stream && conn->h1.state == HTTP1_HEAD)
            resume(conn);
        return;
    }
    if (conn->deadline == 0 || now < conn->deadline)
        return;
    bool reading = conn->h1.state == HTTP1_LENGTH || conn->h1.state == HTTP1_CHUNKED;
    if (reading || (conn->h1.state == HTTP1_HEAD && conn->in.len > 0))
        fail(conn, exchange, 408);
    else
        conn_close(conn);
}

static void http1_finish(struct http_conn *conn)
{
    conn->finishing = true;
    bool idle = conn->h1.state == HTTP1_HEAD && conn->in.len == 0;
    if (idle && conn_pending(conn) == 0)
        conn_close(conn);
}

static void http1_end(struct http_conn *conn)
{
    /* A client may close its side and still wait for its answers. */
    if (conn->h1.state == HTTP1_WAIT)
        conn->h1.keep = conn->h1.keep && conn->in.len > 0;
    else if (conn_pending(conn) == 0)
        conn_close(conn);
}

static void http1_release(struct http_conn *conn)
{
    (void)conn;
}

const struct http_engine http1_engine = {
    .feed = http1_feed,
    .answer = http1_answer,
    .drained = http1_drained,
    .sweep = http1_sweep,
    .finish = http1_finish,
    .end = http1_end,
    .release = http1_release,
};
