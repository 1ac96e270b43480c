/* TCP and Unix streams on libuv. A write goes to the kernel at once; only what it does not take is
 * copied. What waits is bounded by the writer, who sees the count. */

#include "runtime/loop/loop_uv.h"

struct write_uv {
    uv_write_t request;
    struct stream_uv *stream;
    size_t len;
    char bytes[];
};

static struct stream_uv *stream_of(const struct stream *stream)
{
    return (struct stream_uv *)(uintptr_t)stream;
}

static struct loop_uv *loop_of(const struct stream_uv *stream)
{
    return loop_uv_of(stream->base.loop);
}

static enum status status_of(int code)
{
    return code == UV_EOF         ? STATUS_OK
           : code == UV_ENOMEM    ? STATUS_MEMORY
           : code == UV_ETIMEDOUT ? STATUS_TIMEOUT
                                  : STATUS_IO;
}

static void report_end(void *arg)
{
    struct stream_uv *stream = arg;
    if (stream->ended || !stream->events.end)
        return;
    stream->ended = true;
    (void)uv_read_stop(&stream->uv.stream);
    stream->events.end(stream->arg, stream->end_status);
}

/* The stream can carry no more; its owner learns it in a later step. */
static void break_off(struct stream_uv *stream, enum status status)
{
    if (stream->ended || stream->closed || stream->end_status != STATUS_OK)
        return;
    stream->end_status = status;
    loop_uv_soon(loop_of(stream), &stream->ending);
}

struct stream_uv *stream_uv_new(struct loop_uv *loop, bool is_pipe)
{
    struct stream_uv *stream = mem_lib_calloc(1, sizeof(*stream));
    if (!stream)
        return NULL;
    stream->base.loop = &loop->base;
    stream->is_pipe = is_pipe;
    stream->ending = (struct loop_job){.fn = report_end, .arg = stream};
    int code = is_pipe ? uv_pipe_init(&loop->uv, &stream->uv.pipe, 0)
                       : uv_tcp_init(&loop->uv, &stream->uv.tcp);
    if (code != 0) {
        mem_lib_free(stream);
        return NULL;
    }
    stream->uv.any.data = stream;
    return stream;
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *out)
{
    struct stream_uv *stream = handle->data;
    (void)hint;
    *out = uv_buf_init(loop_of(stream)->read_buffer, LOOP_READ_BUFFER);
}

static void on_read(uv_stream_t *uv, ssize_t count, const uv_buf_t *buffer)
{
    struct stream_uv *stream = uv->data;
    if (count > 0) {
        stream->events.read(stream->arg, str_of(buffer->base, (size_t)count));
    } else if (count < 0) {
        stream->reading = false;
        stream->end_status = status_of((int)count);
        report_end(stream);
    }
}

static void set_reading(struct stream_uv *stream)
{
    bool wanted = stream->events.read && !stream->paused && !stream->ended;
    if (wanted == stream->reading)
        return;
    stream->reading = wanted;
    if (!wanted)
        (void)uv_read_stop(&stream->uv.stream);
    else if (uv_read_start(&stream->uv.stream, on_alloc, on_read) != 0)
        break_off(stream, STATUS_IO);
}

void stream_uv_start(struct stream *base, const struct stream_events *events, void *arg)
{
    struct stream_uv *stream = stream_of(base);
    stream->events = *events;
    stream->arg = arg;
    set_reading(stream);
    if (stream->end_status != STATUS_OK)
        loop_uv_soon(loop_of(stream), &stream->ending);
}

void stream_uv_pause(struct stream *base, bool paused)
{
    struct stream_uv *stream = stream_of(base);
    stream->paused = paused;
    set_reading(stream);
}

static void on_written(uv_write_t *request, int code)
{
    struct write_uv *write = request->data;
    struct stream_uv *stream = write->stream;
    stream->pending -= write->len;
    mem_lib_free(write);
    if (stream->closed)
        return;
    if (code < 0)
        break_off(stream, status_of(code));
    else if (stream->pending == 0 && stream->events.drained && !stream->ended)
        stream->events.drained(stream->arg);
}

static void queue_rest(struct stream_uv *stream, struct str rest)
{
    struct write_uv *write = mem_lib_malloc(sizeof(*write) + rest.len);
    if (!write) {
        break_off(stream, STATUS_MEMORY);
        return;
    }
    write->stream = stream;
    write->len = rest.len;
    write->request.data = write;
    memcpy(write->bytes, rest.ptr, rest.len);
    uv_buf_t buffer = uv_buf_init(write->bytes, (unsigned)rest.len);
    int code = uv_write(&write->request, &stream->uv.stream, &buffer, 1, on_written);
    if (code != 0) {
        mem_lib_free(write);
        break_off(stream, status_of(code));
        return;
    }
    stream->pending += rest.len;
}

size_t stream_uv_write(struct stream *base, struct str bytes)
{
    struct stream_uv *stream = stream_of(base);
    if (stream->end_status != STATUS_OK || stream->closed)
        return stream->pending;
    while (bytes.len > 0) {
        /* libuv counts a buffer in 32 bits. */
        struct str part = str_slice(bytes, 0, (size_t)1 << 30);
        int taken = 0;
        if (stream->pending == 0) {
            uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)part.ptr, (unsigned)part.len);
            taken = uv_try_write(&stream->uv.stream, &buffer, 1);
        }
        if (taken < 0 && taken != UV_EAGAIN) {
            break_off(stream, status_of(taken));
            break;
        }
        size_t done = taken > 0 ? (size_t)taken : 0;
        if (done < part.len)
            queue_rest(stream, str_slice(part, done, part.len));
        bytes = str_slice(bytes, part.len, bytes.len);
    }
    return stream->pending;
}

size_t stream_uv_pending(const struct stream *base)
{
    return stream_of(base)->pending;
}

static void on_shutdown(uv_shutdown_t *request, int code)
{
    (void)request; /* part of the stream */
    (void)code;    /* a broken stream shows itself to the reader */
}

void stream_uv_shutdown(struct stream *base)
{
    struct stream_uv *stream = stream_of(base);
    if (!stream->closed && !stream->shutdown.handle)
        (void)uv_shutdown(&stream->shutdown, &stream->uv.stream, on_shutdown);
}

static void free_stream(uv_handle_t *handle)
{
    mem_lib_free(handle->data);
}

void stream_uv_close(struct stream *base)
{
    struct stream_uv *stream = stream_of(base);
    if (stream->connecting) {
        connect_uv_cancel(stream->connecting);
        return;
    }
    ASSERT(!stream->closed);
    stream->closed = true;
    loop_uv_forget(loop_of(stream), &stream->ending);
    uv_close(&stream->uv.any, free_stream);
}

void stream_uv_peer(const struct stream *base, struct address *out)
{
    const struct stream_uv *stream = stream_of(base);
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    int size = sizeof(storage);
    if (!stream->is_pipe)
        (void)uv_tcp_getpeername(&stream->uv.tcp, (struct sockaddr *)&storage, &size);
    address_from_sockaddr((struct sockaddr *)&storage, out);
    if (out->text[0] == '\0')
        memcpy(out->text, "unix:", sizeof("unix:"));
}
