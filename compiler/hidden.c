/* See hidden.h. Source text is told by names, since text with errors has no types. */

#include "compiler/hidden.h"

/* Attributes that are secrets somewhere in the catalog, and those of headers. */
static const char *const secrets[] = {
    "access_key",
    "api_key",
    "api_token",
    "application_credential_secret",
    "application_secret",
    "auth_token",
    "bearer_token",
    "client_certificate_key",
    "client_secret",
    "connection_string",
    "consumer_key",
    "credentials",
    "data_source_name",
    "data_source_names",
    "hmac_key",
    "key_pem",
    "mongodb_uri",
    "password",
    "private_key_password",
    "redis_password",
    "sasl_password",
    "secret",
    "secret_key",
    "token",
    "headers",
    "http_headers",
    "proxy_connect_header",
};

bool hidden_headers(struct str attribute)
{
    return str_is(attribute, "headers") || str_is(attribute, "http_headers") ||
           str_is(attribute, "proxy_connect_header");
}

struct str hidden_userinfo(struct str text)
{
    size_t start = 0;
    for (; start + 3 <= text.len && memcmp(text.ptr + start, "://", 3) != 0; start++) {}
    start += 3;
    size_t at = 0;
    for (size_t i = start; i < text.len && !strchr("/?#", text.ptr[i]); i++) {
        if (text.ptr[i] == '@')
            at = i;
    }
    return at > start ? str_slice(text, start, at) : STR_NONE;
}

static bool is_secret(struct str name)
{
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (str_is(name, secrets[i]))
            return true;
    }
    return false;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The closing quote of the literal that opens at `at`, or the line's end. */
static size_t literal_end(const char *line, size_t len, size_t at)
{
    char quote = line[at++];
    while (at < len && line[at] != quote) {
        at += quote == '"' && line[at] == '\\' && at + 1 < len ? 2 : 1;
    }
    return at < len ? at : len;
}

static bool is_key(const char *line, size_t len, size_t at)
{
    while (at < len && (line[at] == ' ' || line[at] == '\t'))
        at++;
    return at < len && line[at] == '=' && !(at + 1 < len && line[at + 1] == '=');
}

void hidden_line(char *line, size_t len)
{
    bool hides = false;
    for (size_t at = 0; at < len;) {
        size_t start = at;
        if (line[at] == '"' || line[at] == '`') {
            at = literal_end(line, len, at);
            struct str userinfo = hidden_userinfo(str_of(line + start, at - start));
            if (hides && !is_key(line, len, at + 1))
                memset(line + start + 1, '*', at - start - 1);
            else if (userinfo.len > 0)
                memset(line + (userinfo.ptr - line), '*', userinfo.len);
            at++;
        } else if (is_word(line[at])) {
            while (at < len && is_word(line[at]))
                at++;
            if (is_key(line, len, at))
                hides = is_secret(str_of(line + start, at - start));
        } else {
            at++;
        }
    }
}
