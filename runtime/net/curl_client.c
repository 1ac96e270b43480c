/* libcurl's multi interface on a loop: its sockets are watched, its one timer is a loop's timer.
 * libcurl is initialised on first use, and takes its memory from the counted allocator. */

#include "runtime/net/client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

enum { NUDGE_PERIOD = 20 * 1000 * 1000 };

struct curl_watch {
    struct curl_client *client;
    struct curl_watch *prev;
    struct curl_watch *next;
    struct loop_poll *poll;
    curl_socket_t fd;
    bool corked;
};

static void init_curl(void)
{
    ASSERT(curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_lib_malloc, mem_lib_free, mem_lib_realloc,
                                mem_lib_strdup, mem_lib_calloc) == CURLE_OK);
}

/* The easy handles are out of it. */
static void end_multi(struct curl_client *client)
{
    if (client->multi)
        (void)curl_multi_cleanup(client->multi);
    client->multi = NULL;
    while (client->watches) {
        struct curl_watch *watch = client->watches;
        client->watches = watch->next;
        loop_poll_close(watch->poll);
        net_free(watch);
    }
}

static void destroy(struct curl_client *client)
{
    while (client->calls)
        call_drop(client->calls);
    for (size_t i = 0; i < client->idle_count; i++)
        curl_easy_cleanup(client->idle[i]);
    end_multi(client);
    loop_timer_close(client->timer);
    loop_timer_close(client->nudge);
    net_free(client->texts);
    net_free(client);
}

void client_enter(struct curl_client *client)
{
    client->busy++;
}

void client_leave(struct curl_client *client)
{
    if (--client->busy == 0 && client->freed)
        destroy(client);
}

/* What libcurl has finished with. Callbacks may send, cancel and free, so each message is taken
 * anew. */
static void take_results(struct curl_client *client)
{
    int left;
    struct CURLMsg *message;
    while (!client->freed && client->multi &&
           (message = curl_multi_info_read(client->multi, &left)) != NULL) {
        char *call = NULL;
        CURLcode code = message->data.result;
        client->is_doubtful |= code == CURLE_OUT_OF_MEMORY;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        call_finish((struct curl_call *)(void *)call, code);
    }
}

/* curl 7.88 may read one stream's bytes on behalf of another that shares the connection, and then
 * not wake the first: so all of them are run after an event, and once more a little later. */
static CURLMcode run_all(struct curl_client *client)
{
    CURLMcode code = CURLM_OK;
    int running;
    for (int i = 0; i < 2 && client->multi && client->calls && code == CURLM_OK; i++)
        code = curl_multi_socket_all(client->multi, &running);
    return code;
}

/* When libcurl itself finds no memory (or no socket can be watched), it may leave a transfer
 * without an event or a timer that would ever end it, a table of its sockets half made, or a
 * connection without an answer for which later transfers wait. So all calls under way fail, and the
 * next one begins with nothing of the old. */
static void begin_anew(struct curl_client *client)
{
    struct curl_call *call;
    for (call = client->calls; call; call = call->next) {
        call->lost = call->easy != NULL;
        if (call->lost)
            (void)curl_multi_remove_handle(client->multi, call->easy);
    }
    end_multi(client);
    client->is_doubtful = false;
    loop_timer_stop(client->timer);
    do {
        for (call = client->calls; call && !call->lost;)
            call = call->next;
        if (call)
            call_finish(call, CURLE_OUT_OF_MEMORY);
    } while (call && !client->freed);
}

/* After libcurl has run. */
static void settle(struct curl_client *client, CURLMcode code)
{
    take_results(client);
    if ((code != CURLM_OK || client->is_doubtful) && client->multi && !client->freed)
        begin_anew(client);
}

static void act(struct curl_client *client, curl_socket_t fd, int events)
{
    int running;
    client_enter(client);
    CURLMcode code = curl_multi_socket_action(client->multi, fd, events, &running);
    if (client->multiplexes && code == CURLM_OK)
        code = run_all(client);
    settle(client, code);
    client_leave(client);
}

static void on_nudge(void *arg)
{
    struct curl_client *client = arg;
    client_enter(client);
    settle(client, run_all(client));
    if (!client->freed && !client->calls)
        loop_timer_stop(client->nudge);
    client_leave(client);
}

void client_multiplexes(struct curl_client *client)
{
    client->multiplexes = true;
    if (!loop_timer_active(client->nudge))
        loop_timer_start(client->nudge, NUDGE_PERIOD, NUDGE_PERIOD);
}

static void on_poll(void *arg, int events, int error)
{
    struct curl_watch *watch = arg;
    int seen = error ? CURL_CSELECT_ERR
                     : (events & LOOP_READABLE ? CURL_CSELECT_IN : 0) |
                           (events & LOOP_WRITABLE ? CURL_CSELECT_OUT : 0);
    act(watch->client, watch->fd, seen);
}

static void on_timer(void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct curl_client *client = arg;
    (void)multi;
    if (timeout_ms < 0)
        loop_timer_stop(client->timer);
    else
        loop_timer_start(client->timer, (int64_t)timeout_ms * 1000000, 0);
    return 0;
}

static void unwatch(struct curl_watch *watch)
{
    *(watch->prev ? &watch->prev->next : &watch->client->watches) = watch->next;
    if (watch->next)
        watch->next->prev = watch->prev;
    loop_poll_close(watch->poll);
    net_free(watch);
}

static struct curl_watch *watch_new(struct curl_client *client, curl_socket_t fd)
{
    struct curl_watch *watch = mem_lib_calloc(1, sizeof(*watch));
    if (!watch)
        return NULL;
    watch->poll = loop_poll_new(client->loop, fd, on_poll, watch);
    if (!watch->poll) {
        net_free(watch);
        return NULL;
    }
    watch->client = client;
    watch->fd = fd;
    watch->next = client->watches;
    if (watch->next)
        watch->next->prev = watch;
    client->watches = watch;
    return watch;
}

/* While a body leaves in frames of 16 KiB, the kernel gathers them into whole segments (for 200 ms
 * at most). */
static void cork(struct curl_watch *watch, bool corked)
{
    int on = corked;
    if (watch->corked == corked)
        return;
    watch->corked = corked;
    (void)setsockopt(watch->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct curl_client *client = arg;
    struct curl_watch *watch = known;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            cork(watch, false);
            unwatch(watch);
        }
        return 0;
    }
    if (!watch) {
        watch = watch_new(client, fd);
        if (!watch || curl_multi_assign(client->multi, fd, watch) != CURLM_OK)
            return -1;
    }
    cork(watch, (what & CURL_POLL_OUT) != 0);
    loop_poll_set(watch->poll, (what & CURL_POLL_IN ? LOOP_READABLE : 0) |
                                   (what & CURL_POLL_OUT ? LOOP_WRITABLE : 0));
    return 0;
}

bool client_start(struct curl_client *client, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (client->multi)
        return true;
    (void)pthread_once(&once, init_curl);
    CURLM *multi = curl_multi_init();
    if (!multi) {
        (void)error_set(err, STATUS_MEMORY, "out of memory");
        return false;
    }
    size_t most = client->options.max_connections;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, watch_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    (void)curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)most);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)most);
    client->multi = multi;
    return true;
}

CURL *client_take_handle(struct curl_client *client)
{
    return client->idle_count > 0 ? client->idle[--client->idle_count] : curl_easy_init();
}

void client_give_handle(struct curl_client *client, CURL *easy)
{
    if (client->idle_count == CLIENT_IDLE_HANDLES || client->freed) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    client->idle[client->idle_count++] = easy;
}

/* The options' texts, one block of them, each with a NUL. */
static void keep_texts(struct curl_client *client)
{
    struct http_client_options *o = &client->options;
    struct str *texts[] = {&o->user_agent,      &o->tls.ca_pem, &o->tls.cert_pem, &o->tls.key_pem,
                           &o->tls.server_name, &o->proxy_url,  &o->no_proxy};
    const size_t count = sizeof(texts) / sizeof(texts[0]);
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += texts[i]->len + 1;
    char *to = client->texts = net_alloc(bytes);
    for (size_t i = 0; i < count; i++) {
        if (texts[i]->len)
            memcpy(to, texts[i]->ptr, texts[i]->len);
        texts[i]->ptr = to;
        to += texts[i]->len + 1;
    }
}

static void client_free(struct http_client *base);

static void undo_client(void *arg)
{
    client_free(arg);
}

static struct http_client *client_new(struct loop *loop, const struct http_client_options *options,
                                      struct error *err)
{
    if ((options->tls.cert_pem.len == 0) != (options->tls.key_pem.len == 0)) {
        (void)error_set(err, STATUS_INVALID, "client certificate and key must be given together");
        return NULL;
    }
    struct curl_client *client = net_alloc(sizeof(*client));
    mem_scope_guard(net_free, client);
    client->base.ops = &curl_client_ops;
    client->loop = loop;
    client->options = *options;
    if (client->options.max_connections == 0)
        client->options.max_connections = CLIENT_CONNECTIONS_DEFAULT;
    client->timer = loop_timer_new(loop, on_timer, client);
    client->nudge = loop_timer_new(loop, on_nudge, client);
    keep_texts(client);
    mem_scope_unguard(net_free, client);
    mem_scope_guard(undo_client, &client->base);
    return &client->base;
}

static void client_free(struct http_client *base)
{
    struct curl_client *client = (struct curl_client *)base;
    mem_scope_unguard(undo_client, base);
    client->freed = true;
    if (client->busy == 0) {
        destroy(client);
        return;
    }
    /* A callback of this client is running: its calls report nothing any more. */
    while (client->calls)
        call_drop(client->calls);
}

static void set_internal(struct http_client *base, http_internal_fn *fn, void *arg)
{
    struct curl_client *client = (struct curl_client *)base;
    client->internal = fn;
    client->internal_arg = arg;
}

const struct http_client_ops curl_client_ops = {
    .client_new = client_new,
    .client_free = client_free,
    .send = call_send,
    .cancel = call_cancel,
    .set_internal = set_internal,
};
