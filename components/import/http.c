/* See http.h. A fetch owns its HTTP client: polls are far apart, and what a load waits for runs on
 * a loop of its own. */

#include "components/import/http.h"

#include "components/common/http_client_config.h"
#include "runtime/net/http_server.h"

struct client_args {
    struct http_client_config config;
};

struct http_args {
    struct str url;
    struct duration poll_frequency;
    struct duration poll_timeout;
    struct str method;
    struct str_map headers;
    struct str body;
    struct client_args client;
};

/* A shape's check is not run for squashed rows. */
static enum status check_client(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct client_args *client = args;
    return http_client_config_check(&client->config, err);
}

static const struct row client_rows[] = {{SQUASH(struct client_args, config, http_client_shape)},
                                         {0}};
static const struct shape client_shape = SHAPE(struct client_args, client_rows, check_client);

static const struct row rows[] = {
    {ATTR(struct http_args, url), .required = true, .doc = "What to fetch."},
    {ATTR(struct http_args, poll_frequency), .def = "\"1m\"",
     .doc = "How often to fetch; less than a second counts as one."},
    {ATTR(struct http_args, poll_timeout), .def = "\"10s\"", .doc = "How long one fetch may take."},
    {ATTR(struct http_args, method), .def = "\"GET\"", .doc = "Method of the request."},
    {ATTR(struct http_args, headers), .doc = "Headers of the request."},
    {ATTR(struct http_args, body), .doc = "Body of the request."},
    {BLOCK(struct http_args, client, client_shape), .present_default = true,
     .doc = "How the server is reached."},
    {0},
};
static const struct shape shape = SHAPE(struct http_args, rows, NULL);

struct fetch {
    const struct http_args *args;
    struct str id; /* borrowed */
    struct http_sender *sender;
    import_fetched_fn *done;
    void *arg;
};

static void cancel(void *arg)
{
    struct fetch *fetch = arg;
    http_sender_free(fetch->sender);
    mem_free(fetch);
}

/* "https://host/folder/" of "https://host/folder/file". */
static struct str folder_of(struct str url)
{
    size_t slash = str_rfind_byte(url, '/');
    return str_slice(url, 0, slash == SIZE_MAX ? 0 : slash + 1);
}

static enum status read_answer(const struct fetch *fetch, const struct http_response *response,
                               struct import_texts *texts, struct error *err)
{
    if (response->status != 200)
        return error_set(err, STATUS_UNAVAILABLE, "unexpected status code %d %.*s",
                         response->status, STR_ARG(http_status_text(response->status)));
    texts->module_path = arena_str(&texts->arena, folder_of(fetch->args->url));
    return import_texts_add(texts, fetch->id, response->body, err);
}

static void answered(void *arg, const struct http_response *response, const struct error *err)
{
    struct fetch *fetch = arg;
    struct import_texts texts;
    struct error why = *err;
    import_fetched_fn *done = fetch->done;
    void *done_arg = fetch->arg;
    import_texts_init(&texts);
    if (why.status == STATUS_OK)
        (void)read_answer(fetch, response, &texts, &why);
    else
        error_prefix(&why, "performing request: ");
    cancel(fetch);
    done(done_arg, &texts, &why);
}

static void *begin(const struct import_place *place, const void *data, import_fetched_fn *done,
                   void *arg, struct error *err)
{
    const struct http_args *args = data;
    const struct http_place where = {.loop = place->loop};
    struct http_sender_options options = {.disable_keepalive = true};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct http_header *headers = ARENA_ARRAY(&arena, args->headers.count + 1, struct http_header);
    size_t count = 0;
    for (size_t i = 0; i < args->headers.count; i++) {
        const struct str_map_pair *pair = &args->headers.items[i];
        if (str_eq_fold(pair->key, STR("user-agent")))
            options.user_agent = pair->value;
        else
            headers[count++] = (struct http_header){pair->key, pair->value};
    }
    struct http_sender *sender = http_sender_new_at(&where, &args->client.config, &options, err);
    if (sender) {
        struct fetch *fetch = mem_zalloc(NULL, sizeof(*fetch));
        *fetch = (struct fetch){
            .args = args, .id = place->id, .sender = sender, .done = done, .arg = arg};
        const struct http_call_options call = {.method = args->method,
                                               .url = args->url,
                                               .headers = headers,
                                               .header_count = count,
                                               .body = args->body,
                                               .timeout_ns = args->poll_timeout.ns,
                                               .max_response = IMPORT_MAX_BYTES};
        (void)http_sender_send(sender, &call, answered, fetch);
        arena_release(&arena);
        return fetch;
    }
    arena_release(&arena);
    return NULL;
}

static int64_t every(const void *data)
{
    const struct http_args *args = data;
    return args->poll_frequency.ns > 0 ? args->poll_frequency.ns : 1;
}

static int64_t timeout(const void *data)
{
    const struct http_args *args = data;
    return args->poll_timeout.ns;
}

static const struct import_remote remote = {.begin = begin,
                                            .cancel = cancel,
                                            .every = every,
                                            .timeout = timeout,
                                            .first_failed = "creating http component: ",
                                            .later_failed = "updating component: "};

const struct import_source import_http = {
    .name = "import.http", .args = &shape, .remote = &remote, .without_files = true};
