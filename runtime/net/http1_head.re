/* The lexer of HTTP/1 request heads. Input ends with an empty line, which no rule reads past. */

#include "runtime/net/http1_head.h"

/*!re2c
re2c:define:YYCTYPE = "unsigned char";
re2c:define:YYCURSOR = at;
re2c:define:YYMARKER = marker;
re2c:yyfill:enable = 0;
re2c:flags:tags = 1;

crlf    = "\r\n";
tchar   = [!#$%&'*+\-.^_`|~0-9A-Za-z];
visible = [\x21-\x7e\x80-\xff];
text    = [\t\x20-\x7e\x80-\xff];
*/

static struct str between(const unsigned char *from, const unsigned char *to)
{
    return str_of((const char *)from, (size_t)(to - from));
}

static struct str trim_blanks(const unsigned char *from, const unsigned char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (from < to && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return between(from, to);
}

/* The request line; moves *cursor behind it. */
static int request_line(const unsigned char **cursor, struct http1_head *head)
{
    const unsigned char *at = *cursor, *start = at, *marker;
    const unsigned char *method_end, *target_end, *version;
    /*!stags:re2c format = 'const unsigned char *@@;'; */
    /*!re2c
    tchar+ @method_end " " visible+ @target_end " HTTP/" @version [0-9] "." [0-9] crlf {
        head->method = between(start, method_end);
        head->target = between(method_end + 1, target_end);
        head->minor = (unsigned)(version[2] - '0');
        *cursor = at;
        return version[0] == '1' ? 0 : 505;
    }
    * { return 400; }
    */
}

int http1_parse_head(struct str bytes, struct http1_head *head)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr, *marker;
    /*!stags:re2c format = 'const unsigned char *@@;'; */
    int status = request_line(&at, head);
    head->count = 0;
    if (status == 400 && str_find(bytes, STR("HTTP/"), 0) == SIZE_MAX)
        return HTTP1_NOT_HTTP;
    if (status != 0)
        return status;
    for (;;) {
        const unsigned char *start = at, *colon;
        /*!re2c
        tchar+ @colon ":" text* crlf {
            if (head->count == FIELDS_MAX)
                return 431;
            head->fields[head->count++] = (struct http_header){
                between(start, colon), trim_blanks(colon + 1, at - 2)};
            continue;
        }
        crlf { return 0; }
        *    { return 400; }
        */
    }
}
