/* Basic authentication (RFC 7617). Names and passwords are kept and compared as hashes, in a time
 * that does not depend on them. Bounded by RULES_MAX. */

#include "runtime/server/auth.h"

#include "base/hash.h"

enum { RULES_MAX = 1 << 20, CREDENTIALS_MAX = 8 * 1024, HASH = 32 };

struct rules {
    struct arena arena;
    unsigned char username[HASH];
    unsigned char password[HASH];
    struct str *paths;
    size_t path_count;
    bool matching; /* paths that match need it; else all others */
};

struct server_auth {
    struct rules *rules; /* NULL = everybody */
};

struct server_auth *server_auth_new(void)
{
    return mem_zalloc(NULL, sizeof(struct server_auth));
}

static void rules_free(struct rules *rules)
{
    if (!rules)
        return;
    arena_release(&rules->arena);
    mem_free(rules);
}

void server_auth_free(struct server_auth *auth)
{
    if (!auth)
        return;
    rules_free(auth->rules);
    mem_free(auth);
}

struct making {
    const struct http_auth_args *args;
    struct rules *rules;
};

static void make_rules(void *arg)
{
    struct making *m = arg;
    const struct http_filter_args *filter = &m->args->filter;
    struct str username = m->args->basic->username, password = m->args->basic->password.text;
    struct rules *rules = mem_zalloc(NULL, sizeof(*rules));
    arena_init(&rules->arena, NULL, RULES_MAX);
    hash_sha256(username.ptr, username.len, rules->username);
    hash_sha256(password.ptr, password.len, rules->password);
    rules->matching = filter->authenticate_matching_paths;
    rules->paths = ARENA_ARRAY(&rules->arena, filter->paths.count + 1, struct str);
    for (; rules->path_count < filter->paths.count; rules->path_count++)
        rules->paths[rules->path_count] =
            arena_str(&rules->arena, filter->paths.items[rules->path_count]);
    m->rules = rules;
}

enum status server_auth_set(void *arg, const void *args, struct error *err)
{
    struct server_auth *auth = arg;
    const struct http_args *http = args;
    struct making m = {.args = http ? http->auth : NULL};
    if (m.args && m.args->basic && !mem_scope_run(make_rules, &m))
        return error_set(err, STATUS_MEMORY, "out of memory");
    rules_free(auth->rules);
    auth->rules = m.rules;
    return STATUS_OK;
}

static bool is_guarded(const struct rules *rules, struct str path)
{
    bool matches = false;
    for (size_t i = 0; i < rules->path_count; i++)
        matches |= str_starts(path, rules->paths[i]);
    return matches == rules->matching;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding and what follows it are left out; false on any other character. */
static bool base64_decode(struct str text, struct buf *out)
{
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++) {
        int digit = base64_digit(text.ptr[i]);
        if (digit < 0)
            return false;
        bits = (bits << 6 | (uint32_t)digit) & 0xFFFFFF;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_byte(out, (char)(bits >> have));
        }
    }
    return buf_ok(out);
}

static bool same_hash(struct str text, const unsigned char want[HASH])
{
    unsigned char got[HASH];
    unsigned char differs = 0;
    hash_sha256(text.ptr, text.len, got);
    for (size_t i = 0; i < HASH; i++)
        differs |= got[i] ^ want[i];
    return differs == 0;
}

static bool knows(const struct rules *rules, struct str credentials)
{
    struct str username, password;
    if (!str_cut(credentials, ':', &username, &password))
        return false;
    bool right_name = same_hash(username, rules->username);
    bool right_password = same_hash(password, rules->password);
    return right_name && right_password;
}

static bool is_admitted(const struct rules *rules, const struct http_request *request)
{
    struct str header = http_request_header(request, "authorization");
    if (!str_eq_fold(str_slice(header, 0, 6), STR("basic ")))
        return false;
    struct buf credentials;
    buf_init(&credentials, NULL, CREDENTIALS_MAX);
    bool ok = base64_decode(str_trim(str_slice(header, 6, header.len)), &credentials) &&
              knows(rules, buf_view(&credentials));
    buf_release(&credentials);
    return ok;
}

bool server_auth_admit(const struct server_auth *auth, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    bool from_within = request->peer.text[0] == '\0';
    if (!auth || !auth->rules || from_within || !is_guarded(auth->rules, request->path) ||
        is_admitted(auth->rules, request))
        return true;
    struct http_header headers[] = {
        {STR("www-authenticate"), STR("Basic realm=\"Restricted\"")},
        {STR("content-type"), STR("text/plain; charset=utf-8")},
    };
    http_reply(exchange, 401, headers, 2, STR("unauthorized\n"));
    return false;
}
