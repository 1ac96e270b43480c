/* Cross-origin requests (fetch.spec.whatwg.org, "CORS protocol") to the OTLP HTTP listener. Pure:
 * reads the request, writes headers; texts go to the caller's arena. */

#include "components/otelcol/receiver/otlp/receiver.h"

/* One star in the pattern stands for any text. */
static bool matches(struct str pattern, struct str text)
{
    size_t star = str_find_byte(pattern, '*', 0);
    if (star == SIZE_MAX)
        return str_eq_fold(pattern, text);
    struct str head = str_slice(pattern, 0, star);
    struct str tail = str_slice(pattern, star + 1, pattern.len);
    return text.len >= head.len + tail.len && str_starts(text, head) && str_ends(text, tail);
}

static bool origin_allowed(const struct otlp_cors *cors, struct str origin)
{
    for (size_t i = 0; i < cors->allowed_origins.count; i++) {
        if (matches(cors->allowed_origins.items[i], origin))
            return true;
    }
    return false;
}

static bool header_allowed(const struct otlp_cors *cors, struct str name)
{
    static const char *const simple[] = {"accept", "content-type", "x-requested-with", "origin"};
    for (size_t i = 0; i < cors->allowed_headers.count; i++) {
        struct str allowed = cors->allowed_headers.items[i];
        if (str_is(allowed, "*") || str_eq_fold(allowed, name))
            return true;
    }
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        if (str_eq_fold(str_from(simple[i]), name))
            return true;
    }
    return false;
}

static bool headers_allowed(const struct otlp_cors *cors, struct str list)
{
    while (list.len != 0) {
        struct str name;
        struct str rest;
        str_cut(list, ',', &name, &rest);
        name = str_trim(name);
        if (name.len != 0 && !header_allowed(cors, name))
            return false;
        list = rest;
    }
    return true;
}

static bool method_allowed(struct str method)
{
    return str_is(method, "GET") || str_is(method, "POST") || str_is(method, "HEAD");
}

static void reply_preflight(const struct otlp_cors *cors, struct http_exchange *exchange,
                            struct str origin, struct str method)
{
    struct str names =
        http_request_header(http_exchange_request(exchange), "access-control-request-headers");
    struct http_header headers[6];
    char age[24];
    size_t count = 0;
    headers[count++] = (struct http_header){
        STR("Vary"), STR("Origin, Access-Control-Request-Method, Access-Control-Request-Headers")};
    if (origin_allowed(cors, origin) && method_allowed(method) && headers_allowed(cors, names)) {
        headers[count++] = (struct http_header){STR("Access-Control-Allow-Origin"), origin};
        headers[count++] = (struct http_header){STR("Access-Control-Allow-Methods"), method};
        headers[count++] =
            (struct http_header){STR("Access-Control-Allow-Credentials"), STR("true")};
        if (names.len != 0) {
            headers[count++] = (struct http_header){STR("Access-Control-Allow-Headers"), names};
        }
        if (cors->max_age > 0) {
            int n = snprintf(age, sizeof age, "%lld", (long long)cors->max_age);
            headers[count++] =
                (struct http_header){STR("Access-Control-Max-Age"), str_of(age, (size_t)n)};
        }
    }
    http_reply(exchange, 204, headers, count, STR_NONE);
}

bool otlp_cors_preflight(const struct otlp_cors *cors, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct str method = http_request_header(request, "access-control-request-method");
    if (cors->allowed_origins.count == 0 || !str_is(request->method, "OPTIONS") ||
        method.len == 0) {
        return false;
    }
    reply_preflight(cors, exchange, http_request_header(request, "origin"), method);
    return true;
}

static struct str join(const struct str_list *list, struct arena *arena)
{
    struct str text = STR_NONE;
    for (size_t i = 0; i < list->count; i++) {
        if (i != 0)
            text = arena_concat(arena, text, STR(", "));
        text = arena_concat(arena, text, list->items[i]);
    }
    return text;
}

size_t otlp_cors_headers(const struct otlp_cors *cors, const struct http_request *request,
                         struct http_header headers[OTLP_CORS_HEADERS], struct arena *arena)
{
    struct str origin = http_request_header(request, "origin");
    size_t count = 0;
    if (cors->allowed_origins.count == 0)
        return 0;
    headers[count++] = (struct http_header){STR("Vary"), STR("Origin")};
    if (origin.len == 0 || !origin_allowed(cors, origin))
        return count;
    headers[count++] = (struct http_header){STR("Access-Control-Allow-Origin"), origin};
    headers[count++] = (struct http_header){STR("Access-Control-Allow-Credentials"), STR("true")};
    if (cors->exposed_headers.count != 0) {
        headers[count++] = (struct http_header){STR("Access-Control-Expose-Headers"),
                                                join(&cors->exposed_headers, arena)};
    }
    return count;
}
