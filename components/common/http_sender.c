/* An HTTP client that obeys http_client_config: credentials, headers, TLS files that may change.
 * Owns a copy of the configuration, the current http_client and older ones until their last call
 * ended, and every send under way. */
#include "base/file.h"
#include "base/vec.h"
#include "components/common/http_auth.h"

enum {
    CONFIG_MAX = 16 * 1024 * 1024,
    AUTHORIZATION_MAX = 4 * 1024 * 1024,
    SEND_MAX = 64 * 1024 * 1024
};

/* One http_client: made anew when the TLS files changed. */
struct generation {
    struct http_client *client;
    size_t calls;
    struct generation *next; /* older */
};

enum { FILE_SECRET, FILE_CA, FILE_CERT, FILE_KEY, FILES };

struct http_sender {
    struct http_place place;
    struct arena arena; /* holds the copy of the configuration */
    struct http_client_config config;
    struct http_sender_options options;
    struct watched_file files[FILES];
    struct buf authorization; /* of basic, bearer, authorization */
    bool has_authorization;
    struct token_source *tokens;
    struct generation *generations; /* newest first */
    struct http_sent *first;
};

struct http_sent {
    struct http_sender *sender; /* NULL = cancelled, freed by the deferred step */
    struct http_sent *prev, *next;
    http_done_fn *done;
    void *arg;
    struct generation *generation;
    struct http_call *call;
    struct arena arena; /* the call, while it waits for a token */
    struct http_call_options options;
    struct error *failed; /* to be told in a later step */
    bool is_waiting;      /* listed with the token source */
};

/* ---- copies ---- */

static struct str keep(struct http_sender *s, struct str text)
{
    return arena_str(&s->arena, text);
}

static void copy_tls(struct http_sender *s, struct tls_client_config *to,
                     const struct tls_client_config *from)
{
    *to = *from;
    to->ca_pem = keep(s, from->ca_pem);
    to->ca_file = keep(s, from->ca_file);
    to->cert_pem = keep(s, from->cert_pem);
    to->cert_file = keep(s, from->cert_file);
    to->key_pem.text = keep(s, from->key_pem.text);
    to->key_file = keep(s, from->key_file);
    to->server_name = keep(s, from->server_name);
}

static struct proxy_config copy_proxy(struct http_sender *s, const struct proxy_config *from)
{
    return (struct proxy_config){.proxy_url = keep(s, from->proxy_url),
                                 .no_proxy = keep(s, from->no_proxy),
                                 .proxy_from_environment = from->proxy_from_environment};
}

static struct oauth2_config *copy_oauth2(struct http_sender *s, const struct oauth2_config *from)
{
    struct oauth2_config *to = ARENA_NEW(&s->arena, struct oauth2_config);
    to->client_id = keep(s, from->client_id);
    to->client_secret.text = keep(s, from->client_secret.text);
    to->client_secret_file = keep(s, from->client_secret_file);
    to->token_url = keep(s, from->token_url);
    to->proxy = copy_proxy(s, &from->proxy);
    to->scopes.count = from->scopes.count;
    to->scopes.items = ARENA_ARRAY(&s->arena, from->scopes.count, struct str);
    for (size_t i = 0; i < from->scopes.count; i++) {
        to->scopes.items[i] = keep(s, from->scopes.items[i]);
    }
    to->endpoint_params.count = from->endpoint_params.count;
    to->endpoint_params.items =
        ARENA_ARRAY(&s->arena, from->endpoint_params.count, struct str_map_pair);
    for (size_t i = 0; i < from->endpoint_params.count; i++) {
        to->endpoint_params.items[i].key = keep(s, from->endpoint_params.items[i].key);
        to->endpoint_params.items[i].value = keep(s, from->endpoint_params.items[i].value);
    }
    if (from->tls_config) {
        to->tls_config = ARENA_NEW(&s->arena, struct tls_client_config);
        copy_tls(s, to->tls_config, from->tls_config);
    }
    return to;
}

static void copy_headers(struct http_sender *s, const struct secret_list_map *from)
{
    struct secret_list_map *to = &s->config.http_headers;
    to->count = from->count;
    to->items = ARENA_ARRAY(&s->arena, from->count, struct secret_list_map_pair);
    for (size_t i = 0; i < from->count; i++) {
        const struct secret_list *values = &from->items[i].value;
        to->items[i].key = keep(s, from->items[i].key);
        to->items[i].value.count = values->count;
        to->items[i].value.items = ARENA_ARRAY(&s->arena, values->count, struct secret);
        for (size_t k = 0; k < values->count; k++) {
            to->items[i].value.items[k].text = keep(s, values->items[k].text);
        }
    }
}

/* Basic, authorization and bearer token become one kind: a type, a secret or its file. */
static void copy_credentials(struct http_sender *s, const struct http_client_config *from)
{
    struct str file = STR_NONE;
    if (from->basic_auth) {
        s->config.basic_auth = ARENA_NEW(&s->arena, struct basic_auth_config);
        s->config.basic_auth->username = keep(s, from->basic_auth->username);
        s->config.basic_auth->password.text = keep(s, from->basic_auth->password.text);
        file = from->basic_auth->password_file;
    } else if (from->authorization || from->bearer_token.text.len > 0 ||
               from->bearer_token_file.len > 0) {
        struct authorization_config *to = ARENA_NEW(&s->arena, struct authorization_config);
        bool own = from->authorization != NULL;
        to->type = keep(s, own ? from->authorization->type : STR("Bearer"));
        to->credentials.text =
            keep(s, own ? from->authorization->credentials.text : from->bearer_token.text);
        file = own ? from->authorization->credentials_file : from->bearer_token_file;
        s->config.authorization = to;
    }
    watched_file_init(&s->files[FILE_SECRET], keep(s, file));
}

struct http_sender *http_sender_new(struct component_host *host,
                                    const struct http_client_config *config,
                                    const struct http_sender_options *options, struct error *err)
{
    const struct http_place place = {
        .loop = host_loop(host), .memory = host_memory(host), .host = host};
    return http_sender_new_at(&place, config, options, err);
}

struct http_sender *http_sender_new_at(const struct http_place *place,
                                       const struct http_client_config *config,
                                       const struct http_sender_options *options, struct error *err)
{
    (void)err;
    struct http_sender *s = mem_zalloc(place->memory, sizeof(*s));
    s->place = *place;
    s->options = *options;
    arena_init(&s->arena, place->memory, CONFIG_MAX);
    s->options.user_agent =
        keep(s, options->user_agent.len > 0 ? options->user_agent : STR("invar/" INVAR_VERSION));
    copy_tls(s, &s->config.tls_config, &config->tls_config);
    s->config.proxy = copy_proxy(s, &config->proxy);
    s->config.follow_redirects = config->follow_redirects;
    s->config.enable_http2 = config->enable_http2;
    copy_headers(s, &config->http_headers);
    copy_credentials(s, config);
    watched_file_init(&s->files[FILE_CA], s->config.tls_config.ca_file);
    watched_file_init(&s->files[FILE_CERT], s->config.tls_config.cert_file);
    watched_file_init(&s->files[FILE_KEY], s->config.tls_config.key_file);
    buf_init(&s->authorization, place->memory, AUTHORIZATION_MAX);
    if (config->oauth2) {
        s->config.oauth2 = copy_oauth2(s, config->oauth2);
        s->tokens = token_source_new(place, s->config.oauth2);
    }
    return s;
}

/* ---- generations ---- */

static void drop_idle_generations(struct http_sender *s)
{
    struct generation **at = s->generations ? &s->generations->next : &s->generations;
    while (*at) {
        struct generation *g = *at;
        if (g->calls > 0) {
            at = &g->next;
            continue;
        }
        *at = g->next;
        http_client_free(g->client);
        mem_free(g);
    }
}

static struct str file_or(const struct watched_file *file, struct str text)
{
    return file->is_read ? buf_view(&file->content) : text;
}

static enum status current_client(struct http_sender *s, struct error *err)
{
    bool changed = s->generations == NULL;
    for (int i = FILE_CA; i <= FILE_KEY; i++) {
        enum status status = watched_file_refresh(&s->files[i], &changed, err);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (!changed) {
        return STATUS_OK;
    }
    const struct tls_client_config *tls = &s->config.tls_config;
    const struct http_client_options options = {
        .user_agent = s->options.user_agent,
        .tls = {.ca_pem = file_or(&s->files[FILE_CA], tls->ca_pem),
                .cert_pem = file_or(&s->files[FILE_CERT], tls->cert_pem),
                .key_pem = file_or(&s->files[FILE_KEY], tls->key_pem.text),
                .server_name = tls->server_name,
                .insecure_skip_verify = tls->insecure_skip_verify,
                .min_version = tls->min_version.number},
        .proxy_url = s->config.proxy.proxy_url,
        .no_proxy = s->config.proxy.no_proxy,
        .proxy_from_environment = s->config.proxy.proxy_from_environment,
        .follow_redirects = s->config.follow_redirects,
        .disable_keepalive = s->options.disable_keepalive,
        .version = s->config.enable_http2 ? HTTP_ANY : HTTP_1_1,
        .max_connections = s->options.max_connections,
        .owner = s->place.memory};
    struct http_client *client = http_client_new(s->place.loop, &options, err);
    if (!client) {
        return err->status;
    }
    if (s->place.host)
        host_connect_internal(s->place.host, client);
    struct generation *g = mem_zalloc(s->place.memory, sizeof(*g));
    g->client = client;
    g->next = s->generations;
    s->generations = g;
    drop_idle_generations(s);
    return STATUS_OK;
}

/* Fills s->authorization; empty = none. */
static enum status current_authorization(struct http_sender *s, struct error *err)
{
    bool changed = !s->has_authorization;
    enum status status = watched_file_refresh(&s->files[FILE_SECRET], &changed, err);
    if (status != STATUS_OK) {
        const char *what =
            s->config.basic_auth ? "basic auth password" : "authorization credentials";
        error_prefix(err, "unable to read %s: ", what);
        return status;
    }
    if (!changed) {
        return STATUS_OK;
    }
    s->has_authorization = true;
    buf_clear(&s->authorization);
    const struct watched_file *file = &s->files[FILE_SECRET];
    struct str from_file = str_trim(buf_view(&file->content));
    if (s->config.basic_auth) {
        basic_authorization(&s->authorization, s->config.basic_auth->username,
                            file->is_read ? from_file : s->config.basic_auth->password.text);
    } else if (s->config.authorization) {
        buf_str(&s->authorization, s->config.authorization->type);
        buf_byte(&s->authorization, ' ');
        buf_str(&s->authorization,
                file->is_read ? from_file : s->config.authorization->credentials.text);
    }
    return STATUS_OK;
}

/* ---- sends ---- */

static void unlink_sent(struct http_sent *sent)
{
    if (sent->prev) {
        sent->prev->next = sent->next;
    } else {
        sent->sender->first = sent->next;
    }
    if (sent->next) {
        sent->next->prev = sent->prev;
    }
    sent->prev = sent->next = NULL;
}

static void free_sent(struct http_sent *sent)
{
    arena_release(&sent->arena);
    mem_free(sent->failed);
    mem_free(sent);
}

/* Takes it off the sender and tells its owner. */
static void finish(struct http_sent *sent, const struct http_response *response,
                   const struct error *err)
{
    http_done_fn *done = sent->done;
    void *arg = sent->arg;
    unlink_sent(sent);
    done(arg, response, err);
    free_sent(sent);
}

static void answered(void *arg, const struct http_response *response, const struct error *err)
{
    struct http_sent *sent = arg;
    sent->call = NULL;
    sent->generation->calls--;
    finish(sent, response, err);
}

static void tell_failure(void *arg)
{
    struct http_sent *sent = arg;
    if (!sent->sender) {
        free_sent(sent);
        return;
    }
    const struct http_response none = {0};
    finish(sent, &none, sent->failed);
}

/* The answer of a send that could not start comes in a later step, as any other. */
static void fail_later(struct http_sent *sent, const struct error *err)
{
    sent->failed = mem_alloc(NULL, sizeof(*err));
    *sent->failed = *err;
    loop_defer(sent->sender->place.loop, tell_failure, sent);
}

static void start_call(struct http_sent *sent, const struct http_call_options *call)
{
    struct error err = {0};
    struct http_sender *s = sent->sender;
    if (current_client(s, &err) != STATUS_OK) {
        fail_later(sent, &err);
        return;
    }
    sent->generation = s->generations;
    sent->generation->calls++;
    sent->call = http_client_send(sent->generation->client, call, answered, sent);
}

static void token_ready(void *arg, const struct error *err)
{
    struct http_sent *sent = arg;
    sent->is_waiting = false;
    if (!sent->sender) {
        free_sent(sent);
        return;
    }
    if (err->status != STATUS_OK) {
        fail_later(sent, err);
        return;
    }
    sent->options.authorization = token_source_last(sent->sender->tokens);
    start_call(sent, &sent->options);
}

/* The call with our headers behind its own; texts of headers are borrowed. */
static void merge_headers(struct http_sent *sent, const struct http_call_options *call)
{
    const struct secret_list_map *own = &sent->sender->config.http_headers;
    size_t count = call->header_count;
    for (size_t i = 0; i < own->count; i++) {
        count += own->items[i].value.count;
    }
    struct http_header *headers = ARENA_ARRAY(&sent->arena, count, struct http_header);
    for (size_t i = 0; i < call->header_count; i++) {
        headers[i] = call->headers[i];
    }
    size_t at = call->header_count;
    for (size_t i = 0; i < own->count; i++) {
        for (size_t k = 0; k < own->items[i].value.count; k++) {
            headers[at++] =
                (struct http_header){own->items[i].key, own->items[i].value.items[k].text};
        }
    }
    sent->options.headers = headers;
    sent->options.header_count = count;
}

/* What the caller may free meanwhile is copied. */
static void keep_call(struct http_sent *sent, const struct http_call_options *call)
{
    sent->options.url = arena_str(&sent->arena, call->url);
    sent->options.method = arena_str(&sent->arena, call->method);
    struct http_header *headers = (struct http_header *)sent->options.headers;
    for (size_t i = 0; i < call->header_count; i++) {
        headers[i].name = arena_str(&sent->arena, headers[i].name);
        headers[i].value = arena_str(&sent->arena, headers[i].value);
    }
}

struct http_sent *http_sender_send(struct http_sender *s, const struct http_call_options *call,
                                   http_done_fn *done, void *arg)
{
    /* A send may outlive the component by a step, so it is charged to nobody's budget. */
    struct http_sent *sent = mem_zalloc(NULL, sizeof(*sent));
    arena_init(&sent->arena, NULL, SEND_MAX);
    sent->sender = s;
    sent->done = done;
    sent->arg = arg;
    sent->next = s->first;
    if (s->first) {
        s->first->prev = sent;
    }
    s->first = sent;
    sent->options = *call;
    if (s->config.http_headers.count > 0 || s->tokens) {
        merge_headers(sent, call);
    }
    struct error err = {0};
    if (s->tokens) {
        keep_call(sent, call);
        sent->is_waiting = true;
        sent->options.authorization = token_source_get(s->tokens, token_ready, sent);
        if (sent->options.authorization.len > 0) {
            sent->is_waiting = false;
            start_call(sent, &sent->options);
        }
    } else if (current_authorization(s, &err) != STATUS_OK) {
        fail_later(sent, &err);
    } else {
        if (s->authorization.len > 0) {
            sent->options.authorization = buf_view(&s->authorization);
        }
        start_call(sent, &sent->options);
    }
    return sent;
}

void http_sent_cancel(struct http_sent *sent)
{
    unlink_sent(sent);
    sent->sender = NULL;
    if (sent->call) {
        http_call_cancel(sent->call);
        sent->generation->calls--;
        free_sent(sent);
    } else if (!sent->failed && !sent->is_waiting) {
        free_sent(sent);
    }
}

void http_sender_free(struct http_sender *s)
{
    if (!s) {
        return;
    }
    while (s->first) {
        http_sent_cancel(s->first);
    }
    token_source_free(s->tokens); /* frees the sends that waited for it */
    while (s->generations) {
        struct generation *g = s->generations;
        s->generations = g->next;
        http_client_free(g->client);
        mem_free(g);
    }
    for (int i = 0; i < FILES; i++) {
        watched_file_release(&s->files[i]);
    }
    buf_release(&s->authorization);
    arena_release(&s->arena);
    mem_free(s);
}
