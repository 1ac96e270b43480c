/* Addresses as text: "host:port", "[ipv6]:port", "unix:/path". Pure. */

#include "runtime/loop/loop_uv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/un.h>

enum { HOST_MAX = 253 }; /* RFC 1035 §2.3.4 without the root's dot */

/* A sockaddr_un holds 107 bytes and a NUL; longer paths would be cut by libuv. */
bool address_is_unix(struct str text, char *path, size_t size)
{
    const struct str prefix = STR("unix:");
    if (!str_starts(text, prefix))
        return false;
    struct str rest = str_slice(text, prefix.len, text.len);
    if (rest.len == 0 || rest.len >= size ||
        rest.len >= sizeof(((struct sockaddr_un *)0)->sun_path) || memchr(rest.ptr, '\0', rest.len))
        return false;
    memcpy(path, rest.ptr, rest.len);
    path[rest.len] = '\0';
    return true;
}

static enum status bad(struct error *err, struct str text, const char *why)
{
    return error_set(err, STATUS_INVALID, "address %.*s: %s", STR_ARG(text), why);
}

enum status address_split(struct str text, char *host, size_t size, unsigned *port,
                          struct error *err)
{
    size_t colon = str_rfind_byte(text, ':');
    if (colon == SIZE_MAX)
        return bad(err, text, "missing port in address");
    struct str name = str_slice(text, 0, colon);
    uint64_t number;
    if (!str_to_u64(str_slice(text, colon + 1, text.len), &number) || number > 65535)
        return bad(err, text, "invalid port");
    if (name.len > 0 && name.ptr[0] == '[') {
        if (name.ptr[name.len - 1] != ']')
            return bad(err, text, "missing ']' in address");
        name = str_slice(name, 1, name.len - 1);
    } else if (str_find_byte(name, ':', 0) != SIZE_MAX) {
        return bad(err, text, "too many colons in address");
    }
    if (name.len > HOST_MAX || name.len >= size)
        return bad(err, str_slice(text, 0, 32), "host name too long");
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c <= ' ' || c == 0x7f || c == '/' || c == '[' || c == ']')
            return bad(err, text, "invalid character in host name");
    }
    memcpy(host, name.len ? name.ptr : "", name.len);
    host[name.len] = '\0';
    *port = (unsigned)number;
    return STATUS_OK;
}

enum status address_parse(struct str text, struct address *out, struct error *err)
{
    char host[HOST_MAX + 1];
    unsigned port = 0;
    if (str_starts(text, STR("unix:"))) {
        char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
        if (!address_is_unix(text, path, sizeof(path)))
            return bad(err, str_slice(text, 0, 32), "invalid socket path");
        (void)snprintf(out->text, sizeof(out->text), "unix:%s", path);
        return STATUS_OK;
    }
    enum status status = address_split(text, host, sizeof(host), &port, err);
    if (status != STATUS_OK)
        return status;
    bool is_v6 = str_find_byte(str_from(host), ':', 0) != SIZE_MAX;
    (void)snprintf(out->text, sizeof(out->text), "%s%s%s:%u", is_v6 ? "[" : "", host,
                   is_v6 ? "]" : "", port);
    return STATUS_OK;
}

void address_from_sockaddr(const struct sockaddr *from, struct address *out)
{
    char host[INET6_ADDRSTRLEN] = "";
    out->text[0] = '\0';
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;
        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        (void)snprintf(out->text, sizeof(out->text), "%s:%u", host, ntohs(in->sin_port));
    } else if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)from;
        /* A client of IPv4 on a socket of both families is shown as what it is. */
        if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) {
            (void)inet_ntop(AF_INET, in->sin6_addr.s6_addr + 12, host, sizeof(host));
            (void)snprintf(out->text, sizeof(out->text), "%s:%u", host, ntohs(in->sin6_port));
            return;
        }
        (void)inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host));
        (void)snprintf(out->text, sizeof(out->text), "[%s]:%u", host, ntohs(in->sin6_port));
    }
}
