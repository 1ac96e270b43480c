/* The engine of HTTP/2 (RFC 9113) over nghttp2, which keeps the states of streams and the flow
 * control. Rationed here: streams, header lists, CONTINUATION frames, resets, bytes of answers that
 * wait. A session is owned by its connection. */

#include "runtime/net/server.h"

#include <nghttp2/nghttp2.h>

enum {
    STREAMS_MAX = 100,
    CONTINUATIONS_MAX = 8,
    RESETS_PER_S = 100,
    STREAM_WINDOW = 1024 * 1024,
    CONNECTION_WINDOW = 4 * 1024 * 1024,
    FIELD_OVERHEAD = 32, /* RFC 9113 §6.5.2 */
    FLUSH_MAX = 256 * 1024,
    FLUSH_PIECE = 64 * 1024,
    BODY_IN_ARENA = 4096,
};

struct http2_session {
    nghttp2_session *ng;
    int32_t last_id;
    uint64_t begun; /* bit n: the peer began stream last_id - 2n */
    bool flush_queued;
};

static int64_t now_of(const struct http_conn *conn)
{
    return loop_now_ns(conn->server->loop);
}

static void flush_soon(struct http_conn *conn);

/* Requests. */

static void note_begun(struct http2_session *session, int32_t id)
{
    int32_t step = (id - session->last_id) / 2;
    session->begun = (step < 64 ? session->begun << step : 0) | 1;
    session->last_id = id;
}

/* nghttp2 ignores HEADERS for a lower number than the last, since the stream may have been closed;
 * for one that was never begun it is a connection error (RFC 9113 §5.1.1). */
static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *head, void *arg)
{
    const struct http_conn *conn = arg;
    const struct http2_session *session = conn->h2;
    int32_t id = head->stream_id;
    if (head->type != NGHTTP2_HEADERS || id % 2 == 0 || id >= session->last_id ||
        nghttp2_session_find_stream(ng, id))
        return 0;
    int32_t back = (session->last_id - id) / 2;
    if (back < 64 && !(session->begun >> back & 1))
        (void)nghttp2_session_terminate_session(ng, NGHTTP2_PROTOCOL_ERROR);
    return 0;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct http_conn *conn = arg;
    if (!conn->stream)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    note_begun(conn->h2, frame->hd.stream_id);
    struct http_exchange *exchange = exchange_new(conn->server, conn);
    if (!exchange)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    exchange->stream_id = frame->hd.stream_id;
    exchange->started = now_of(conn);
    exchange->request.is_http2 = true;
    (void)nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, exchange);
    return 0;
}

static bool keep_text(struct http_exchange *exchange, struct str *text)
{
    char *copy = arena_try_alloc(&exchange->arena, text->len ? text->len : 1);
    if (!copy)
        return false;
    if (text->len)
        memcpy(copy, text->ptr, text->len);
    text->ptr = copy;
    return true;
}

static bool keep_field(struct http_exchange *exchange, struct http_header field)
{
    struct http_request *request = &exchange->request;
    if (request->header_count == exchange->field_room) {
        size_t room = exchange->field_room ? exchange->field_room * 2 : 16;
        struct http_header *grown = arena_try_alloc(&exchange->arena, room * sizeof(*grown));
        if (!grown)
            return false;
        if (request->header_count)
            memcpy(grown, request->headers, request->header_count * sizeof(*grown));
        request->headers = grown;
        exchange->field_room = room;
    }
    struct http_header *fields = (struct http_header *)(uintptr_t)request->headers;
    fields[request->header_count++] = field;
    return true;
}

static struct str *pseudo_field(struct http_exchange *exchange, struct str name)
{
    if (str_is(name, ":method"))
        return &exchange->request.method;
    if (str_is(name, ":path"))
        return &exchange->request.path;
    if (str_is(name, ":authority"))
        return &exchange->request.authority;
    return NULL; /* :scheme says nothing that matters here */
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct http_conn *conn = arg;
    struct http_exchange *exchange =
        conn->stream ? nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id) : NULL;
    struct http_header field = {str_of((const char *)name, name_len),
                                str_of((const char *)value, value_len)};
    (void)flags;
    if (!exchange || exchange->head_status != 0)
        return 0;
    exchange->head_bytes += name_len + value_len + FIELD_OVERHEAD;
    bool is_trailer = frame->headers.cat != NGHTTP2_HCAT_REQUEST;
    if (exchange->head_bytes > HEAD_MAX || exchange->request.header_count >= FIELDS_MAX) {
        exchange->head_status = 431;
        return 0;
    }
    if (is_trailer)
        return 0;
    if (!keep_text(exchange, &field.value)) {
        exchange->head_status = 503;
        return 0;
    }
    if (name_len > 0 && name[0] == ':') {
        struct str *target = pseudo_field(exchange, field.name);
        if (target)
            *target = field.value;
        return 0;
    }
    if (!keep_text(exchange, &field.name) || !keep_field(exchange, field))
        exchange->head_status = 503;
    return 0;
}

/* Answers before the whole request came; what still comes of it is cut off (see on_sent). */
static void refuse(struct http_exchange *exchange, int status)
{
    exchange->refused = true;
    exchange_refuse(exchange, status);
}

/* A small body is dropped first: some clients lose an answer that comes before they have sent
 * theirs. */
static void refuse_when_due(struct http_exchange *exchange, int status)
{
    uint64_t length;
    struct str text = http_request_header(&exchange->request, "content-length");
    exchange->head_status = status;
    if (!str_to_u64(text, &length) || length > DRAIN_MAX)
        refuse(exchange, status);
}

static void on_head(struct http_exchange *exchange, bool has_body)
{
    struct http_request *request = &exchange->request;
    int status = exchange->head_status;
    int64_t length = has_body ? -1 : 0;
    uint64_t announced;
    if (request->authority.len == 0)
        request->authority = http_request_header(request, "host");
    if (status == 0 && !exchange_target(exchange, request->path))
        status = 400;
    if (has_body && str_to_u64(http_request_header(request, "content-length"), &announced) &&
        announced <= INT64_MAX)
        length = (int64_t)announced;
    exchange->started = now_of(exchange->conn);
    if (status == 0)
        status = exchange_admit(exchange, length);
    exchange->head_status = status;
    if (status != 0 && has_body)
        refuse_when_due(exchange, status);
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct http_conn *conn = arg;
    if (!conn->stream)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct http_exchange *exchange = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
    bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!exchange || exchange->answered)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        on_head(exchange, !last);
    /* The exchange is freed only when its stream is closed. */
    if (last && !exchange->answered && exchange->head_status != 0)
        exchange_refuse(exchange, exchange->head_status);
    else if (last && !exchange->answered)
        exchange_dispatch(exchange);
    return conn->stream ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t stream_id, const uint8_t *bytes,
                   size_t len, void *arg)
{
    struct http_conn *conn = arg;
    (void)flags;
    if (!conn->stream)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    struct http_exchange *exchange = nghttp2_session_get_stream_user_data(ng, stream_id);
    if (!exchange || exchange->answered || exchange->head_status != 0)
        return 0;
    int status = exchange_body(exchange, str_of((const char *)bytes, len), -1);
    if (status != 0)
        refuse_when_due(exchange, status);
    return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t stream_id, uint32_t code, void *arg)
{
    struct http_conn *conn = arg;
    (void)code;
    if (!conn->stream)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    struct http_exchange *exchange = nghttp2_session_get_stream_user_data(ng, stream_id);
    if (exchange)
        exchange_orphan(exchange);
    return 0;
}

/* A refused body need not be sent to its end (RFC 9113 §8.1). */
static int on_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct http_conn *conn = arg;
    bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!conn->stream || !may_end || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    struct http_exchange *exchange = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
    if (exchange && exchange->refused)
        (void)nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                        NGHTTP2_NO_ERROR);
    return 0;
}

/* The connection's bytes. */

static void close_if_over(struct http_conn *conn)
{
    nghttp2_session *ng = conn->h2->ng;
    bool over = !nghttp2_session_want_read(ng) && !nghttp2_session_want_write(ng);
    bool idle = conn->exchanges == NULL && (conn->finishing || conn->peer_ended) &&
                !nghttp2_session_want_write(ng);
    if (conn->exchanges == NULL && conn->deadline == 0)
        conn->deadline = now_of(conn) + conn->server->idle_timeout;
    if (over || idle)
        conn_linger(conn);
}

/* Moves frames to the stream until it holds enough. */
static void flush(struct http_conn *conn)
{
    struct buf *out = &conn->server->scratch;
    buf_clear(out);
    while (conn->stream && conn_pending(conn) + out->len < FLUSH_MAX) {
        const uint8_t *bytes;
        ssize_t len = nghttp2_session_mem_send(conn->h2->ng, &bytes);
        if (len < 0 || (len > 0 && !net_append(out, str_of((const char *)bytes, (size_t)len)))) {
            conn_close(conn);
            return;
        }
        if (len == 0)
            break;
        if (out->len >= FLUSH_PIECE) {
            conn_send(conn, buf_view(out));
            buf_clear(out);
        }
    }
    conn_send(conn, buf_view(out));
    if (conn->stream)
        close_if_over(conn);
}

static void flush_later(void *arg)
{
    struct http_conn *conn = arg;
    conn->h2->flush_queued = false;
    if (conn->stream)
        flush(conn);
    (void)conn_leave(conn);
}

/* Answers that are given in one turn of the loop leave together. */
static void flush_soon(struct http_conn *conn)
{
    if (conn->h2->flush_queued)
        return;
    conn->h2->flush_queued = true;
    conn_enter(conn);
    loop_defer(conn->server->loop, flush_later, conn);
}

static void *ng_malloc(size_t size, void *arg)
{
    (void)arg;
    return mem_lib_malloc(size);
}

static void ng_free(void *block, void *arg)
{
    (void)arg;
    mem_lib_free(block);
}

static void *ng_calloc(size_t count, size_t size, void *arg)
{
    (void)arg;
    return mem_lib_calloc(count, size);
}

static void *ng_realloc(void *block, size_t size, void *arg)
{
    (void)arg;
    return mem_lib_realloc(block, size);
}

static nghttp2_session *session_new(struct http_conn *conn)
{
    nghttp2_mem memory = {NULL, ng_malloc, ng_free, ng_calloc, ng_realloc};
    nghttp2_session_callbacks *calls = NULL;
    nghttp2_option *option = NULL;
    nghttp2_session *ng = NULL;
    if (nghttp2_session_callbacks_new(&calls) == 0 && nghttp2_option_new(&option) == 0) {
        nghttp2_session_callbacks_set_on_begin_frame_callback(calls, on_begin_frame);
        nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_stream_close);
        nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_sent);
        nghttp2_option_set_max_continuations(option, CONTINUATIONS_MAX);
        nghttp2_option_set_stream_reset_rate_limit(option, RESETS_PER_S, RESETS_PER_S);
        (void)nghttp2_session_server_new3(&ng, calls, conn, option, &memory);
    }
    nghttp2_session_callbacks_del(calls);
    nghttp2_option_del(option);
    return ng;
}

/* False when memory is out. */
static bool start(struct http_conn *conn)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MAX},
    };
    conn->h2 = mem_lib_calloc(1, sizeof(*conn->h2));
    if (!conn->h2)
        return false;
    conn->h2->ng = session_new(conn);
    conn->deadline = now_of(conn) + conn->server->idle_timeout;
    return conn->h2->ng &&
           nghttp2_submit_settings(conn->h2->ng, NGHTTP2_FLAG_NONE, settings,
                                   sizeof(settings) / sizeof(settings[0])) == 0 &&
           nghttp2_session_set_local_window_size(conn->h2->ng, NGHTTP2_FLAG_NONE, 0,
                                                 CONNECTION_WINDOW) == 0;
}

static void http2_feed(struct http_conn *conn, struct str bytes)
{
    conn_enter(conn);
    ssize_t taken = 0;
    if (!conn->h2 && !start(conn)) {
        conn_close(conn);
    } else {
        conn->deadline = 0;
        if (bytes.len)
            taken = nghttp2_session_mem_recv(conn->h2->ng, (const uint8_t *)bytes.ptr, bytes.len);
        if (conn->stream)
            flush(conn);
        if (taken < 0)
            conn_close(conn);
    }
    (void)conn_leave(conn);
}

/* Answers. */

/* Lower case for names; no line ends in values. NULL text when memory is out. */
static struct str clean(struct http_exchange *exchange, struct str text, bool is_name)
{
    size_t i = 0;
    while (i < text.len && (unsigned char)text.ptr[i] >= ' ' &&
           !(is_name && text.ptr[i] >= 'A' && text.ptr[i] <= 'Z'))
        i++;
    if (i == text.len)
        return text.ptr ? text : STR("");
    char *copy = arena_try_alloc(&exchange->arena, text.len);
    for (i = 0; copy && i < text.len; i++) {
        char c = text.ptr[i];
        if (is_name && c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        copy[i] = (unsigned char)c < ' ' ? ' ' : c;
    }
    return str_of(copy, text.len);
}

static bool add_pair(struct http_exchange *exchange, nghttp2_nv *to, struct http_header field)
{
    struct str name = clean(exchange, field.name, true);
    struct str value = clean(exchange, field.value, false);
    *to = (nghttp2_nv){(uint8_t *)(uintptr_t)name.ptr, (uint8_t *)(uintptr_t)value.ptr, name.len,
                       value.len, NGHTTP2_NV_FLAG_NONE};
    return name.ptr && value.ptr;
}

static bool submit_trailers(nghttp2_session *ng, struct http_exchange *exchange)
{
    nghttp2_nv *pairs = arena_try_alloc(&exchange->arena, exchange->trailer_count * sizeof(*pairs));
    if (!pairs)
        return false;
    for (size_t i = 0; i < exchange->trailer_count; i++) {
        if (!add_pair(exchange, &pairs[i], exchange->trailers[i]))
            return false;
    }
    return nghttp2_submit_trailer(ng, exchange->stream_id, pairs, exchange->trailer_count) == 0;
}

static ssize_t read_answer(nghttp2_session *ng, int32_t stream_id, uint8_t *to, size_t room,
                           uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct http_exchange *exchange = source->ptr;
    size_t left = exchange->answer_body.len - exchange->out_sent;
    size_t len = left < room ? left : room;
    (void)stream_id;
    if (len)
        memcpy(to, exchange->answer_body.ptr + exchange->out_sent, len);
    exchange->out_sent += len;
    exchange->out_at = now_of(arg);
    if (len < left)
        return (ssize_t)len;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (exchange->trailer_count > 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (!submit_trailers(ng, exchange))
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)len;
}

/* Copies what is sent after http_reply has returned. */
static bool keep_answer(struct http_exchange *exchange, const struct http_answer *answer)
{
    exchange->answer_body = answer->body;
    if (answer->body.len <= BODY_IN_ARENA) {
        if (!keep_text(exchange, &exchange->answer_body))
            return false;
    } else {
        if (!net_append(&exchange->out, answer->body))
            return false;
        exchange->answer_body = buf_view(&exchange->out);
    }
    if (answer->trailer_count == 0)
        return true;
    exchange->trailers =
        arena_try_alloc(&exchange->arena, answer->trailer_count * sizeof(*exchange->trailers));
    for (size_t i = 0; exchange->trailers && i < answer->trailer_count; i++) {
        exchange->trailers[i] = answer->trailers[i];
        if (!keep_text(exchange, &exchange->trailers[i].name) ||
            !keep_text(exchange, &exchange->trailers[i].value))
            return false;
        exchange->trailer_count = i + 1;
    }
    return exchange->trailers != NULL;
}

static void put_decimal(char *to, size_t *len, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (*len = 0; n > 0;)
        to[(*len)++] = digits[--n];
}

static bool submit(struct http_exchange *exchange, const struct http_answer *answer)
{
    struct http_conn *conn = exchange->conn;
    char status[20], length[20];
    size_t status_len, length_len, count = 0;
    bool no_body =
        answer->status == 204 || answer->status == 304 || str_is(exchange->request.method, "HEAD");
    nghttp2_nv *pairs =
        arena_try_alloc(&exchange->arena, (answer->header_count + 3) * sizeof(*pairs));
    if (!pairs || !keep_answer(exchange, answer))
        return false;
    put_decimal(status, &status_len, (uint64_t)answer->status);
    put_decimal(length, &length_len, answer->body.len);
    bool ok = add_pair(exchange, &pairs[count++],
                       (struct http_header){STR(":status"), str_of(status, status_len)});
    for (size_t i = 0; i < answer->header_count; i++)
        ok = ok && add_pair(exchange, &pairs[count++], answer->headers[i]);
    if (answer->trailer_count == 0 && answer->status != 204 && answer->status != 304)
        ok =
            ok && add_pair(exchange, &pairs[count++],
                           (struct http_header){STR("content-length"), str_of(length, length_len)});
    ok = ok && add_pair(exchange, &pairs[count++],
                        (struct http_header){STR("date"), server_date(conn->server)});
    nghttp2_data_provider provider = {.source.ptr = exchange, .read_callback = read_answer};
    bool has_data = !no_body && (answer->body.len > 0 || answer->trailer_count > 0);
    exchange->out_at = now_of(conn);
    return ok && nghttp2_submit_response(conn->h2->ng, exchange->stream_id, pairs, count,
                                         has_data ? &provider : NULL) == 0;
}

static void http2_answer(struct http_exchange *exchange, const struct http_answer *answer)
{
    struct http_conn *conn = exchange->conn;
    if (!submit(exchange, answer))
        (void)nghttp2_submit_rst_stream(conn->h2->ng, NGHTTP2_FLAG_NONE, exchange->stream_id,
                                        NGHTTP2_INTERNAL_ERROR);
    /* While bytes are read the feed flushes. */
    if (conn->busy == 0)
        flush_soon(conn);
}

void http2_cancel(struct http_exchange *exchange)
{
    struct http_conn *conn = exchange->conn;
    (void)nghttp2_submit_rst_stream(conn->h2->ng, NGHTTP2_FLAG_NONE, exchange->stream_id,
                                    NGHTTP2_CANCEL);
    if (conn->busy == 0)
        flush_soon(conn);
}

/* Time. */

static void sweep_exchange(struct http_exchange *exchange, int64_t now)
{
    struct http_conn *conn = exchange->conn;
    bool waits = exchange->answered && exchange->out_sent < exchange->answer_body.len;
    bool dropping = exchange->answered && !exchange->dispatched;
    if (!exchange->dispatched && !exchange->answered) {
        if (now > body_deadline(exchange->started, exchange->body.len))
            refuse(exchange, 408);
    } else if (exchange->deadline && now >= exchange->deadline && exchange->timed_out) {
        exchange->deadline = 0;
        exchange->timed_out(exchange);
    } else if ((waits && now - exchange->out_at > WRITE_TIMEOUT) ||
               (dropping && now - exchange->started > WRITE_TIMEOUT)) {
        /* The peer gives no window, or does not end a refused body: it holds our memory. */
        (void)nghttp2_submit_rst_stream(conn->h2->ng, NGHTTP2_FLAG_NONE, exchange->stream_id,
                                        NGHTTP2_CANCEL);
    }
}

static void http2_sweep(struct http_conn *conn, int64_t now)
{
    /* Nothing leaves the list here: streams close while frames are sent or read. */
    for (struct http_exchange *each = conn->exchanges, *next; each; each = next) {
        next = each->next;
        sweep_exchange(each, now);
    }
    if (conn->exchanges == NULL && conn->deadline > 0 && now >= conn->deadline) {
        if (conn->finishing) {
            conn_close(conn);
            return;
        }
        conn->finishing = true;
        (void)nghttp2_session_terminate_session(conn->h2->ng, NGHTTP2_NO_ERROR);
    }
    flush(conn);
}

static void http2_finish(struct http_conn *conn)
{
    if (conn->finishing)
        return;
    conn->finishing = true;
    (void)nghttp2_submit_goaway(conn->h2->ng, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(conn->h2->ng),
                                NGHTTP2_NO_ERROR, NULL, 0);
    flush_soon(conn);
}

static void http2_drained(struct http_conn *conn)
{
    flush(conn);
}

static void http2_end(struct http_conn *conn)
{
    if (conn->exchanges == NULL)
        conn_close(conn);
}

static void http2_release(struct http_conn *conn)
{
    if (conn->h2)
        nghttp2_session_del(conn->h2->ng);
    net_free(conn->h2);
}

const struct http_engine http2_engine = {
    .feed = http2_feed,
    .answer = http2_answer,
    .drained = http2_drained,
    .sweep = http2_sweep,
    .finish = http2_finish,
    .end = http2_end,
    .release = http2_release,
};

/* Upgrade (RFC 7540 §3.2). */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* base64url without padding; false when malformed or too long. */
static bool decode_settings(struct str text, uint8_t *out, size_t room, size_t *len)
{
    uint32_t bits = 0;
    unsigned held = 0;
    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.ptr[i]);
        if (digit < 0 || *len == room)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[(*len)++] = (uint8_t)(bits >> held);
        }
    }
    return true;
}

void http2_upgrade(struct http_conn *conn, struct http_exchange *exchange)
{
    uint8_t settings[256];
    size_t len;
    struct str text = http_request_header(&exchange->request, "http2-settings");
    bool head_only = str_is(exchange->request.method, "HEAD");
    if (!decode_settings(text, settings, sizeof(settings), &len) || len % 6 != 0) {
        exchange_refuse(exchange, 400);
        return;
    }
    conn_enter(conn);
    conn_send(conn, STR("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                        "Upgrade: h2c\r\n\r\n"));
    conn->engine = &http2_engine;
    exchange->stream_id = 1;
    exchange->request.is_http2 = true;
    if (!conn->stream || !start(conn) ||
        nghttp2_session_upgrade2(conn->h2->ng, settings, len, head_only, exchange) != 0) {
        conn_close(conn);
    } else {
        note_begun(conn->h2, 1);
        conn->deadline = 0;
        exchange_dispatch(exchange);
    }
    (void)conn_leave(conn);
}
