/* Files of secrets and Authorization values. Owns the last content read of each file (≤ 1 MiB). */
#include "components/common/http_auth.h"

#include "base/file.h"
#include "base/world.h"

#include <fcntl.h>

enum { FILE_MAX = 1024 * 1024 };

void watched_file_init(struct watched_file *f, struct str path)
{
    *f = (struct watched_file){.path = path};
    buf_init(&f->content, NULL, FILE_MAX);
}

void watched_file_release(struct watched_file *f)
{
    buf_release(&f->content);
}

enum status watched_file_refresh(struct watched_file *f, bool *changed, struct error *err)
{
    if (f->path.len == 0) {
        return STATUS_OK;
    }
    char path[4096];
    if (f->path.len >= sizeof(path)) {
        return error_set(err, STATUS_LIMIT, "path of %zu bytes is too long", f->path.len);
    }
    memcpy(path, f->path.ptr, f->path.len);
    path[f->path.len] = '\0';
    struct stat st;
    int result = world_stat(AT_FDCWD, path, 0, &st);
    if (result < 0) {
        return error_errno(err, -result, "open", path);
    }
    int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if (f->is_read && f->mtime_ns == mtime_ns && f->size == st.st_size && f->inode == st.st_ino) {
        return STATUS_OK;
    }
    struct buf fresh;
    buf_init(&fresh, NULL, FILE_MAX);
    enum status status = file_read(AT_FDCWD, path, &fresh, err);
    if (status != STATUS_OK) {
        buf_release(&fresh);
        return status;
    }
    if (!f->is_read || !str_eq(buf_view(&fresh), buf_view(&f->content))) {
        *changed = true;
    }
    buf_release(&f->content);
    f->content = fresh;
    f->is_read = true;
    f->mtime_ns = mtime_ns;
    f->size = st.st_size;
    f->inode = st.st_ino;
    return STATUS_OK;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

void url_query_escape(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_unreserved(text.ptr[i])) {
            buf_byte(out, text.ptr[i]);
        } else if (text.ptr[i] == ' ') {
            buf_byte(out, '+');
        } else {
            buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
        }
    }
}

static void base64(struct buf *out, struct str text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)text.ptr;
    for (size_t at = 0; at < text.len; at += 3) {
        size_t left = text.len - at;
        uint32_t group = (uint32_t)in[at] << 16 | (left > 1 ? (uint32_t)in[at + 1] << 8 : 0) |
                         (left > 2 ? (uint32_t)in[at + 2] : 0);
        buf_byte(out, digits[group >> 18]);
        buf_byte(out, digits[group >> 12 & 63]);
        buf_byte(out, left > 1 ? digits[group >> 6 & 63] : '=');
        buf_byte(out, left > 2 ? digits[group & 63] : '=');
    }
}

void basic_authorization(struct buf *out, struct str user, struct str password)
{
    struct buf plain;
    buf_init(&plain, NULL, 2 * FILE_MAX);
    buf_str(&plain, user);
    buf_byte(&plain, ':');
    buf_str(&plain, password);
    buf_cstr(out, "Basic ");
    base64(out, buf_view(&plain));
    buf_release(&plain);
}
