#ifndef COMPONENTS_COMMON_HTTP_AUTH_H
#define COMPONENTS_COMMON_HTTP_AUTH_H

/* Private to http_sender: files that are read again when they changed, and Authorization values. */

#include "base/buf.h"
#include "base/error.h"
#include "components/common/http_client_config.h"

struct watched_file {
    struct str path; /* empty = no file; borrowed */
    struct buf content;
    int64_t mtime_ns;
    int64_t size;
    uint64_t inode;
    bool is_read;
};

void watched_file_init(struct watched_file *f, struct str path);
void watched_file_release(struct watched_file *f);
/* Reads it if it is new or changed; *changed is set to true then, else left. */
enum status watched_file_refresh(struct watched_file *f, bool *changed, struct error *err);

/* Percent-encoding of query parts as Go's url.QueryEscape does it. */
void url_query_escape(struct buf *out, struct str text);
/* "Basic " + base64(user:password). */
void basic_authorization(struct buf *out, struct str user, struct str password);

/* ---- OAuth 2.0 client credentials (RFC 6749 §4.4) ---- */
struct token_source;
typedef void token_fn(void *arg, const struct error *err);

/* Borrows config. */
struct token_source *token_source_new(const struct http_place *place,
                                      const struct oauth2_config *config);
/* Who still waits is told that it is over. NULL is fine. */
void token_source_free(struct token_source *t);
/* The authorization value if a token is at hand, else empty: then one is being fetched and `ready`
 * will be called with it or an error. */
struct str token_source_get(struct token_source *t, token_fn *ready, void *arg);

/* The last token, whatever its age: for who was just told that it is ready. */
struct str token_source_last(const struct token_source *t);

#endif
