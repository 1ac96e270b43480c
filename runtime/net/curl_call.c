/* A call: copies what it is asked for, sends it hop by hop, gathers the answer and reports once.
 * Bounded by the maximum of the response and of its head. */

#include "runtime/net/client.h"

static const struct str internal_host = STR_INIT("alloy.internal:12345");

static void unlink_call(struct curl_call *call)
{
    struct curl_client *client = call->client;
    if (!client)
        return;
    *(call->prev ? &call->prev->next : &client->calls) = call->next;
    if (call->next)
        call->next->prev = call->prev;
    call->client = NULL;
}

/* Ends what libcurl does for the call. */
static void release_handle(struct curl_call *call)
{
    if (call->easy) {
        (void)curl_multi_remove_handle(call->client->multi, call->easy);
        client_give_handle(call->client, call->easy);
    }
    call->easy = NULL;
    curl_slist_free_all(call->fields);
    curl_slist_free_all(call->connect_to);
    call->fields = call->connect_to = NULL;
}

static void undo_call(void *arg)
{
    call_cancel(arg);
}

static void destroy(struct curl_call *call)
{
    void (*release)(void *) = call->release;
    void *release_arg = call->release_arg;
    call->release = NULL;
    release_handle(call);
    unlink_call(call);
    buf_release(&call->head);
    buf_release(&call->received);
    net_free(call->moved);
    call->moved = NULL;
    call->dead = true;
    if (!call->deferred)
        net_free(call);
    if (release)
        release(release_arg);
}

void call_drop(struct curl_call *call)
{
    mem_scope_unguard(undo_call, &call->base);
    destroy(call);
}

void call_cancel(struct http_call *base)
{
    call_drop((struct curl_call *)base);
}

/* Reports and frees. */
static void deliver(struct curl_call *call, const struct http_response *response,
                    const struct error *err)
{
    struct curl_client *client = call->client;
    release_handle(call);
    client_enter(client);
    /* The callback may free the client; the call is ours until after it. */
    call->deferred = true;
    unlink_call(call);
    call->done(call->arg, response, err);
    call->deferred = false;
    destroy(call);
    client_leave(client);
}

static void deliver_error(struct curl_call *call, const struct error *err)
{
    struct http_response response = {
        .status = 0, .duration_ns = loop_now_ns(call->client->loop) - call->started};
    deliver(call, &response, err);
}

static void lower(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
}

/* The lines of the head become views; `headers` has room for one a line. */
static size_t split_head(struct buf *head, struct http_header *headers)
{
    size_t count = 0;
    struct str rest = buf_view(head), line;
    while (str_cut(rest, '\n', &line, &rest)) {
        struct str name, value;
        if (!str_cut(line, ':', &name, &value) || str_starts(line, STR("HTTP/")))
            continue;
        lower((char *)(uintptr_t)name.ptr, name.len);
        headers[count++] = (struct http_header){name, str_trim(value)};
    }
    return count;
}

static size_t count_lines(struct str text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

static struct str version_text(CURL *easy)
{
    long version = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    return version == CURL_HTTP_VERSION_2_0   ? STR("HTTP/2")
           : version == CURL_HTTP_VERSION_1_0 ? STR("HTTP/1.0")
                                              : STR("HTTP/1.1");
}

static bool send_hop(struct curl_call *call);

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* True when another hop is under way or its failure was reported. */
static bool follow(struct curl_call *call, const struct http_response *response)
{
    struct str location = http_response_header(response, "location");
    const char *from = call->moved ? call->moved : call->url.ptr;
    bool same_origin = false;
    if (!call->client->options.follow_redirects || !is_redirect(response->status) ||
        location.len == 0)
        return false;
    char *target = redirect_target(from, location, &same_origin);
    if (!target)
        return false;
    net_free(call->moved);
    call->moved = target;
    call->left_origin = call->left_origin || !same_origin;
    if (response->status < 304 && !str_is(call->method, "HEAD") && !str_is(call->method, "GET")) {
        call->method = STR("GET");
        call->body = STR_NONE;
    }
    release_handle(call);
    buf_clear(&call->head);
    buf_clear(&call->received);
    if (++call->hops > REDIRECTS_MAX)
        (void)error_set(&call->error, STATUS_LIMIT, "Get \"%s\": stopped after 10 redirects",
                        target);
    else if (send_hop(call))
        return true;
    deliver_error(call, &call->error);
    return true;
}

void call_finish(struct curl_call *call, CURLcode code)
{
    if (code != CURLE_OK) {
        struct error err;
        call_error(call, code, &err);
        deliver_error(call, &err);
        return;
    }
    long status = 0;
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    size_t lines = count_lines(buf_view(&call->head));
    struct http_header *headers = mem_lib_calloc(lines + 1, sizeof(*headers));
    struct http_response response = {
        .status = (int)status,
        .body = buf_view(&call->received),
        .headers = headers,
        .duration_ns = loop_now_ns(call->client->loop) - call->started,
        .peer_version = version_text(call->easy),
    };
    if (!headers) {
        (void)error_set(&call->error, STATUS_MEMORY, "out of memory");
        deliver_error(call, &call->error);
        return;
    }
    response.header_count = split_head(&call->head, headers);
    response.content_type = http_response_header(&response, "content-type");
    if (!follow(call, &response)) {
        struct error err = {.status = STATUS_OK};
        deliver(call, &response, &err);
    }
    net_free(headers);
}

bool call_may_multiplex(const struct curl_call *call)
{
    enum http_version version = call->client->options.version;
    struct str url = call->moved ? str_from(call->moved) : call->url;
    return version == HTTP_2_PRIOR ||
           (version == HTTP_ANY && str_eq_fold(str_slice(url, 0, 6), STR("https:")));
}

/* Gives the request to libcurl; false with call->error set. */
static bool send_hop(struct curl_call *call)
{
    struct curl_client *client = call->client;
    if (!client_start(client, &call->error))
        return false;
    if (call_may_multiplex(call))
        client_multiplexes(client);
    call->easy = client_take_handle(client);
    if (call->easy && call_setup(call) &&
        curl_multi_add_handle(client->multi, call->easy) == CURLM_OK)
        return true;
    if (call->easy)
        curl_easy_cleanup(call->easy);
    call->easy = NULL;
    (void)error_set(&call->error, STATUS_MEMORY, "out of memory");
    return false;
}

static void internal_done(void *arg, const struct http_response *response, const struct error *err)
{
    struct curl_call *call = arg;
    call->deferred = false;
    if (call->dead)
        net_free(call);
    else
        deliver(call, response, err);
}

static struct str after_authority(struct str url)
{
    size_t start = str_find(url, internal_host, 0) + internal_host.len;
    struct str rest = str_slice(url, start, url.len);
    return rest.len ? rest : STR("/");
}

/* The first step of calls that libcurl does not carry. */
static void deferred_start(void *arg)
{
    struct curl_call *call = arg;
    if (call->dead) {
        net_free(call);
        return;
    }
    if (call->error.status != STATUS_OK) {
        call->deferred = false;
        deliver_error(call, &call->error);
        return;
    }
    struct curl_client *client = call->client;
    const struct http_internal request = {after_authority(call->url), call->headers,
                                          call->header_count};
    client->internal(client->internal_arg, client->loop, &request, internal_done, call);
}

static char *copy_text(char *to, struct str from, struct str *out)
{
    if (from.len)
        memcpy(to, from.ptr, from.len);
    *out = str_of(to, from.len);
    to[from.len] = '\0';
    return to + from.len + 1;
}

static struct curl_call *call_new(const struct http_call_options *o)
{
    size_t bytes = sizeof(struct curl_call) + o->header_count * sizeof(struct http_header) +
                   o->method.len + o->url.len + o->authorization.len + 3;
    for (size_t i = 0; i < o->header_count; i++)
        bytes += o->headers[i].name.len + o->headers[i].value.len + 2;
    struct curl_call *call = net_alloc(bytes);
    call->headers = (struct http_header *)(call + 1);
    call->header_count = o->header_count;
    char *to = (char *)(call->headers + o->header_count);
    to = copy_text(to, o->method, &call->method);
    to = copy_text(to, o->url, &call->url);
    to = copy_text(to, o->authorization, &call->authorization);
    for (size_t i = 0; i < o->header_count; i++) {
        to = copy_text(to, o->headers[i].name, &call->headers[i].name);
        to = copy_text(to, o->headers[i].value, &call->headers[i].value);
    }
    return call;
}

static bool is_token(struct str s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!alnum && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return s.len > 0;
}

static bool is_field_value(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static struct str host_of(struct str url)
{
    size_t start = str_find(url, STR("://"), 0);
    struct str rest = str_slice(url, start == SIZE_MAX ? 0 : start + 3, url.len);
    size_t end = 0;
    while (end < rest.len && !strchr("/?#", rest.ptr[end]))
        end++;
    rest = str_slice(rest, 0, end);
    size_t at = str_rfind_byte(rest, '@');
    return at == SIZE_MAX ? rest : str_slice(rest, at + 1, rest.len);
}

/* What could change the meaning of the request on the wire is refused. */
static enum status check(const struct curl_call *call, struct error *err)
{
    if (!is_token(call->method))
        return error_set(err, STATUS_INVALID, "invalid method \"%.*s\"", STR_ARG(call->method));
    if (!is_field_value(call->url))
        return error_set(err, STATUS_INVALID, "invalid URL");
    if (host_of(call->url).len == 0 || !call_has_scheme(call))
        return call_bad_url(call, err);
    if (host_of(call->url).len > HOST_NAME_MAX_BYTES + 6)
        return error_set(err, STATUS_INVALID, "host name too long");
    if (!is_field_value(call->authorization))
        return error_set(err, STATUS_INVALID, "invalid header field value for \"Authorization\"");
    for (size_t i = 0; i < call->header_count; i++) {
        const struct http_header *header = &call->headers[i];
        if (!is_token(header->name))
            return error_set(err, STATUS_INVALID, "invalid header field name \"%.*s\"",
                             STR_ARG(header->name));
        if (!is_field_value(header->value))
            return error_set(err, STATUS_INVALID, "invalid header field value for \"%.*s\"",
                             STR_ARG(header->name));
    }
    return STATUS_OK;
}

struct http_call *call_send(struct http_client *base, const struct http_call_options *options,
                            http_done_fn *done, void *arg)
{
    struct curl_client *client = (struct curl_client *)base;
    struct curl_call *call = call_new(options);
    call->base.ops = &curl_client_ops;
    call->client = client;
    call->body = options->body;
    call->done = done;
    call->arg = arg;
    call->release = options->release;
    call->release_arg = options->release_arg;
    call->max_response = options->max_response ? options->max_response : RESPONSE_BODY_DEFAULT;
    call->started = loop_now_ns(client->loop);
    call->deadline = options->timeout_ns > 0 ? call->started + options->timeout_ns : 0;
    buf_init(&call->head, NULL, RESPONSE_HEAD_MAX);
    buf_init(&call->received, client->options.owner, call->max_response);
    call->next = client->calls;
    if (call->next)
        call->next->prev = call;
    client->calls = call;
    mem_scope_guard(undo_call, &call->base);
    bool internal = client->internal && str_eq(host_of(call->url), internal_host);
    if (check(call, &call->error) != STATUS_OK || internal || !send_hop(call)) {
        call->deferred = true;
        loop_defer(client->loop, deferred_start, call);
    }
    return &call->base;
}
