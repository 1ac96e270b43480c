/* Reading responses. Pure but for the clock. */

#include "runtime/net/http_client.h"

#include "base/world.h"

#include <time.h>

struct str http_response_header(const struct http_response *response, const char *name)
{
    struct str wanted = str_from(name);
    for (size_t i = 0; i < response->header_count; i++) {
        if (str_eq_fold(response->headers[i].name, wanted))
            return response->headers[i].value;
    }
    return STR_NONE;
}

enum { RETRY_MAX_S = 365 * 24 * 3600 };

int64_t http_retry_after(const struct http_response *response)
{
    const int64_t second = INT64_C(1000000000);
    struct str value = str_trim(http_response_header(response, "retry-after"));
    uint64_t seconds;
    if (str_to_u64(value, &seconds))
        return (int64_t)(seconds < RETRY_MAX_S ? seconds : RETRY_MAX_S) * second;
    /* An HTTP date (RFC 9110 §5.6.7) in its one current form. */
    char text[32];
    struct tm tm = {0};
    if (value.len != 29)
        return -1;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    if (!end || *end)
        return -1;
    int64_t wait = (int64_t)timegm(&tm) * second - world_wall_ns();
    return wait < 0 ? 0 : wait < RETRY_MAX_S * second ? wait : RETRY_MAX_S * second;
}
