/* Errors as values, Go's words for errno, and the assertion's end. */

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const status_names[STATUS_COUNT] = {
    [STATUS_OK] = "ok",
    [STATUS_INVALID] = "invalid",
    [STATUS_LIMIT] = "limit exceeded",
    [STATUS_UNSUPPORTED] = "unsupported",
    [STATUS_NOT_FOUND] = "not found",
    [STATUS_EXISTS] = "exists",
    [STATUS_DENIED] = "denied",
    [STATUS_UNAVAILABLE] = "unavailable",
    [STATUS_TIMEOUT] = "timeout",
    [STATUS_IO] = "input/output error",
    [STATUS_MEMORY] = "out of memory",
    [STATUS_CLOSED] = "closed",
};

const char *status_name(enum status status)
{
    return (unsigned)status < STATUS_COUNT ? status_names[status] : "unknown";
}

enum status error_set(struct error *err, enum status status, const char *format, ...)
{
    if (!err)
        return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    return status;
}

enum status error_prefix(struct error *err, const char *format, ...)
{
    char prefix[ERROR_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(prefix, sizeof(prefix), format, args);
    va_end(args);
    if (len < 0)
        return err->status;
    size_t shift = (size_t)len < sizeof(prefix) ? (size_t)len : sizeof(prefix) - 1;
    size_t kept = strnlen(err->message, ERROR_MAX - 1 - shift);
    memmove(err->message + shift, err->message, kept);
    memcpy(err->message, prefix, shift);
    err->message[shift + kept] = '\0';
    return err->status;
}

/* Where Go's table of Linux differs from strerror by more than its first capital letter. */
static const struct {
    int code;
    const char *text;
} go_texts[] = {
    {EPERM, "operation not permitted"},
    {ENOENT, "no such file or directory"},
    {EINTR, "interrupted system call"},
    {EIO, "input/output error"},
    {EBADF, "bad file descriptor"},
    {EAGAIN, "resource temporarily unavailable"},
    {ENOMEM, "cannot allocate memory"},
    {EACCES, "permission denied"},
    {EEXIST, "file exists"},
    {EXDEV, "invalid cross-device link"},
    {ENODEV, "no such device"},
    {ENOTDIR, "not a directory"},
    {EISDIR, "is a directory"},
    {EINVAL, "invalid argument"},
    {ENFILE, "too many open files in system"},
    {EMFILE, "too many open files"},
    {EFBIG, "file too large"},
    {ENOSPC, "no space left on device"},
    {EROFS, "read-only file system"},
    {EPIPE, "broken pipe"},
    {ENAMETOOLONG, "file name too long"},
    {ENOTEMPTY, "directory not empty"},
    {ELOOP, "too many levels of symbolic links"},
    {ENOTSUP, "operation not supported"},
    {EADDRINUSE, "address already in use"},
    {EADDRNOTAVAIL, "cannot assign requested address"},
    {ENETUNREACH, "network is unreachable"},
    {ECONNABORTED, "software caused connection abort"},
    {ECONNRESET, "connection reset by peer"},
    {ETIMEDOUT, "connection timed out"},
    {ECONNREFUSED, "connection refused"},
    {EHOSTUNREACH, "no route to host"},
    {ESTALE, "stale file handle"},
    {EDQUOT, "disk quota exceeded"},
};

const char *error_errno_text(int code)
{
    for (size_t i = 0; i < sizeof(go_texts) / sizeof(go_texts[0]); i++)
        if (go_texts[i].code == code)
            return go_texts[i].text;
    const char *text = strerrordesc_np(code);
    return text ? text : "unknown error";
}

static enum status status_of_errno(int code)
{
    switch (code) {
    case ENOENT: return STATUS_NOT_FOUND;
    case EEXIST: return STATUS_EXISTS;
    case EACCES:
    case EPERM: return STATUS_DENIED;
    case EAGAIN:
    case ECONNREFUSED:
    case EMFILE:
    case ENFILE: return STATUS_UNAVAILABLE;
    case ETIMEDOUT: return STATUS_TIMEOUT;
    case ENOMEM: return STATUS_MEMORY;
    case EINVAL:
    case ENAMETOOLONG: return STATUS_INVALID;
    default: return STATUS_IO;
    }
}

enum status error_errno(struct error *err, int code, const char *operation, const char *path)
{
    enum status status = status_of_errno(code);
    if (path)
        return error_set(err, status, "%s %s: %s", operation, path, error_errno_text(code));
    return error_set(err, status, "%s: %s", operation, error_errno_text(code));
}

void error_clear(struct error *err)
{
    err->status = STATUS_OK;
    err->message[0] = '\0';
}

void assert_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "invar: %s:%d: assertion failed: %s\n", file, line, condition);
    abort();
}
