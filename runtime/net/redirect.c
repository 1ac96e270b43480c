/* Where a redirect leads (RFC 9110 §10.2.2, RFC 3986 §5 by libcurl's URL functions). */

#include "runtime/net/client.h"

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *x = NULL, *y = NULL;
    bool same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                str_eq_fold(str_from(x), str_from(y));
    curl_free(x);
    curl_free(y);
    return same;
}

static bool is_http(CURLU *url)
{
    char *scheme = NULL;
    bool http = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (str_is(str_from(scheme), "http") || str_is(str_from(scheme), "https"));
    curl_free(scheme);
    return http;
}

static char *resolve(CURLU *from, CURLU *to, const char *url, const char *location,
                     bool *same_origin)
{
    char *target = NULL, *copy = NULL;
    if (curl_url_set(from, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_set(to, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_set(to, CURLUPART_URL, location, CURLU_URLENCODE) != CURLUE_OK || !is_http(to) ||
        curl_url_get(to, CURLUPART_URL, &target, 0) != CURLUE_OK)
        return NULL;
    *same_origin = same_part(from, to, CURLUPART_SCHEME) && same_part(from, to, CURLUPART_HOST) &&
                   same_part(from, to, CURLUPART_PORT);
    copy = mem_lib_strdup(target);
    curl_free(target);
    return copy;
}

char *redirect_target(const char *url, struct str location, bool *same_origin)
{
    CURLU *from = curl_url(), *to = curl_url();
    char *text = mem_lib_malloc(location.len + 1);
    char *target = NULL;
    if (text)
        memcpy(text, location.ptr, location.len), text[location.len] = '\0';
    if (from && to && text)
        target = resolve(from, to, url, text, same_origin);
    mem_lib_free(text);
    curl_url_cleanup(from);
    curl_url_cleanup(to);
    return target;
}

bool redirect_may_carry(struct str header)
{
    static const struct str names[] = {
        STR_INIT("accept"),       STR_INIT("accept-encoding"),  STR_INIT("accept-language"),
        STR_INIT("content-type"), STR_INIT("content-encoding"),
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_eq_fold(header, names[i]))
            return true;
    }
    return false;
}
