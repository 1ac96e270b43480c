/* Tokens by OAuth 2.0 client credentials (RFC 6749 §4.4): one request at a time, its result kept
 * until shortly before it expires. The client shows itself by Basic authentication; a server that
 * refuses this is asked again with the credentials in the form, as golang.org/x/oauth2 does. Owns
 * its HTTP client, the token and the list of who waits for it. */
#include "base/json.h"
#include "base/vec.h"
#include "base/world.h"
#include "components/common/http_auth.h"

enum { BODY_MAX = 64 * 1024, ANSWER_MAX = 1024 * 1024, WAITING_MAX = 100000 };
static const int64_t SECOND_NS = 1000000000;
static const int64_t EARLY_NS = 10 * SECOND_NS;
static const int64_t TIMEOUT_NS = 30 * SECOND_NS;

struct waiting {
    token_fn *ready;
    void *arg;
};

struct token_source {
    struct http_place place;
    const struct oauth2_config *config;
    struct watched_file secret_file;
    struct http_sender *client;
    struct http_sent *sent;
    struct buf body;
    struct buf authorization; /* "Bearer …"; empty = none yet */
    int64_t expires_ns;       /* monotonic; 0 = never */
    bool in_form;             /* credentials go into the form */
    bool has_tried_form;
    VEC(struct waiting) waiting;
};

struct token_source *token_source_new(const struct http_place *place,
                                      const struct oauth2_config *config)
{
    struct token_source *t = mem_zalloc(place->memory, sizeof(*t));
    t->place = *place;
    t->config = config;
    watched_file_init(&t->secret_file, config->client_secret_file);
    buf_init(&t->body, place->memory, BODY_MAX);
    buf_init(&t->authorization, place->memory, ANSWER_MAX);
    return t;
}

static void tell(struct token_source *t, const struct error *err)
{
    struct waiting *all = t->waiting.items;
    size_t count = t->waiting.len;
    t->waiting.items = NULL;
    t->waiting.len = t->waiting.cap = 0;
    for (size_t i = 0; i < count; i++) {
        all[i].ready(all[i].arg, err);
    }
    mem_free(all);
}

void token_source_free(struct token_source *t)
{
    if (!t) {
        return;
    }
    struct error closed = {0};
    error_set(&closed, STATUS_CLOSED, "stopped");
    http_sender_free(t->client);
    tell(t, &closed);
    watched_file_release(&t->secret_file);
    buf_release(&t->body);
    buf_release(&t->authorization);
    VEC_RELEASE(&t->waiting);
    mem_free(t);
}

static int64_t seconds_of(const struct doc *doc)
{
    int64_t seconds = 0;
    if (doc && doc->kind == DOC_STRING) {
        (void)str_to_i64(doc->text, &seconds);
    } else if (doc && (doc->kind == DOC_INT || doc->kind == DOC_FLOAT)) {
        seconds = doc->number > 0 && doc->number < 1e9 ? (int64_t)doc->number : 0;
    }
    return seconds;
}

/* What stands before the token in the header, as x/oauth2 spells it. */
static struct str scheme_of(const struct doc *type)
{
    struct str text = type && type->kind == DOC_STRING ? type->text : STR_NONE;
    return text.len == 0 || str_eq_fold(text, STR("bearer")) ? STR("Bearer") : text;
}

static enum status read_token(struct token_source *t, struct str body, struct error *err)
{
    struct arena arena;
    arena_init(&arena, NULL, 4 * ANSWER_MAX);
    struct doc *doc = NULL;
    enum status status =
        json_read(&arena, body, (struct doc_limits){.max_depth = 20, .max_nodes = 1000}, &doc, err);
    if (status == STATUS_OK) {
        const struct doc *token = doc->kind == DOC_MAP ? doc_get(doc, STR("access_token")) : NULL;
        if (token && token->kind == DOC_STRING && token->text.len > 0) {
            buf_clear(&t->authorization);
            buf_str(&t->authorization, scheme_of(doc_get(doc, STR("token_type"))));
            buf_byte(&t->authorization, ' ');
            buf_str(&t->authorization, token->text);
            int64_t seconds = seconds_of(doc_get(doc, STR("expires_in")));
            t->expires_ns = seconds > 0 ? world_monotonic_ns() + seconds * SECOND_NS : 0;
        } else {
            status = error_set(err, STATUS_DENIED, "oauth2: server response missing access_token");
        }
    }
    arena_release(&arena);
    return status;
}

static enum status ask(struct token_source *t, struct error *err);

static void answered(void *arg, const struct http_response *response, const struct error *why)
{
    struct token_source *t = arg;
    t->sent = NULL;
    struct error err = {0};
    if (response->status == 0) {
        error_set(&err, STATUS_UNAVAILABLE, "oauth2: cannot fetch token: %s", why->message);
    } else if (response->status < 200 || response->status > 299) {
        if (!t->has_tried_form) {
            t->has_tried_form = true;
            t->in_form = !t->in_form;
            if (ask(t, &err) == STATUS_OK) {
                return;
            }
        } else {
            t->in_form = false;
            error_set(&err, STATUS_DENIED, "oauth2: cannot fetch token: status %d",
                      response->status);
        }
    } else {
        (void)read_token(t, response->body, &err);
    }
    tell(t, &err);
}

static void form_field(struct buf *out, struct str name, struct str value)
{
    if (out->len > 0) {
        buf_byte(out, '&');
    }
    url_query_escape(out, name);
    buf_byte(out, '=');
    url_query_escape(out, value);
}

static void form_scopes(struct arena *arena, const struct str_list *scopes, struct str *out)
{
    for (size_t i = 0; i < scopes->count; i++) {
        struct str space = i > 0 ? STR(" ") : STR_NONE;
        *out = arena_concat(arena, arena_concat(arena, *out, space), scopes->items[i]);
    }
}

/* url.Values.Encode: sorted by name; parameters of the configuration replace ours. */
static void write_form(struct token_source *t, struct str secret)
{
    const struct oauth2_config *c = t->config;
    struct arena arena;
    arena_init(&arena, NULL, BODY_MAX);
    struct str scope = STR_NONE;
    form_scopes(&arena, &c->scopes, &scope);
    const struct str_map_pair own[] = {
        {STR("client_id"), t->in_form ? c->client_id : STR_NONE},
        {STR("client_secret"), t->in_form ? secret : STR_NONE},
        {STR("grant_type"), STR("client_credentials")},
        {STR("scope"), scope},
    };
    const size_t own_count = sizeof(own) / sizeof(own[0]);
    const struct str_map_pair *theirs = c->endpoint_params.items;
    size_t count = c->endpoint_params.count;
    buf_clear(&t->body);
    for (size_t i = 0, k = 0; i < own_count || k < count;) {
        int order = i == own_count ? 1 : k == count ? -1 : str_cmp(own[i].key, theirs[k].key);
        if (order < 0 && own[i].value.len > 0) {
            form_field(&t->body, own[i].key, own[i].value);
        } else if (order >= 0) {
            form_field(&t->body, theirs[k].key, theirs[k].value);
        }
        i += order <= 0;
        k += order >= 0;
    }
    arena_release(&arena);
}

static enum status ask(struct token_source *t, struct error *err)
{
    bool changed = false;
    enum status status = watched_file_refresh(&t->secret_file, &changed, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (!t->client) {
        struct http_client_config plain = {.proxy = t->config->proxy, .follow_redirects = true};
        if (t->config->tls_config) {
            plain.tls_config = *t->config->tls_config;
        }
        t->client = http_sender_new_at(&t->place, &plain, &(struct http_sender_options){0}, err);
        if (!t->client) {
            return err->status;
        }
    }
    struct str secret = t->secret_file.is_read ? str_trim(buf_view(&t->secret_file.content))
                                               : t->config->client_secret.text;
    write_form(t, secret);
    struct buf authorization;
    struct buf user;
    struct buf password;
    buf_init(&authorization, NULL, BODY_MAX);
    buf_init(&user, NULL, BODY_MAX);
    buf_init(&password, NULL, BODY_MAX);
    url_query_escape(&user, t->config->client_id);
    url_query_escape(&password, secret);
    if (!t->in_form) {
        basic_authorization(&authorization, buf_view(&user), buf_view(&password));
    }
    const struct http_header type = {STR("Content-Type"), STR("application/x-www-form-urlencoded")};
    const struct http_call_options call = {.method = STR("POST"),
                                           .url = t->config->token_url,
                                           .headers = &type,
                                           .header_count = 1,
                                           .authorization = buf_view(&authorization),
                                           .body = buf_view(&t->body),
                                           .timeout_ns = TIMEOUT_NS,
                                           .max_response = ANSWER_MAX};
    t->sent = http_sender_send(t->client, &call, answered, t);
    buf_release(&authorization);
    buf_release(&user);
    buf_release(&password);
    return STATUS_OK;
}

struct str token_source_get(struct token_source *t, token_fn *ready, void *arg)
{
    bool expired = t->expires_ns != 0 && world_monotonic_ns() + EARLY_NS >= t->expires_ns;
    if (t->authorization.len > 0 && !expired) {
        return buf_view(&t->authorization);
    }
    VEC_PUSH(&t->waiting, ((struct waiting){ready, arg}));
    if (t->sent) {
        return STR_NONE;
    }
    struct error err = {0};
    t->has_tried_form = false;
    if (t->waiting.len > WAITING_MAX) {
        error_set(&err, STATUS_LIMIT, "too many requests wait for a token");
        tell(t, &err);
    } else if (ask(t, &err) != STATUS_OK) {
        tell(t, &err);
    }
    return STR_NONE;
}

struct str token_source_last(const struct token_source *t)
{
    return buf_view(&t->authorization);
}
