#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/* Errors are values: a function that can fail returns a status and fills the caller's struct error.
 * "The world is wrong" and "the input is wrong" both travel this way; what is wrong in a
 * configuration's text is a diagnostic (compiler/diag.h). A broken assumption of our own is ASSERT.
 */

#include "base/str.h"

#include <stdarg.h>

enum status {
    STATUS_OK = 0,
    STATUS_INVALID,     /* the input is malformed */
    STATUS_LIMIT,       /* larger, deeper or more than allowed */
    STATUS_UNSUPPORTED, /* understood, and not offered */
    STATUS_NOT_FOUND,
    STATUS_EXISTS,
    STATUS_DENIED,      /* permission, authentication */
    STATUS_UNAVAILABLE, /* try again later: full queue, spent budget, 5xx, refused connection */
    STATUS_TIMEOUT,
    STATUS_IO, /* the kernel or a peer failed */
    STATUS_MEMORY,
    STATUS_CLOSED, /* stopping or stopped */
    STATUS_COUNT
};

enum { ERROR_MAX = 2040 };

struct error {
    enum status status;
    char message[ERROR_MAX]; /* NUL-terminated, cut if longer; "" when status is OK */
};

/* "invalid", "not found", … */
const char *status_name(enum status status);
/* Sets the error and returns the status, so that `return error_set(err, …)` reads well. err may be
 * NULL. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "PREFIX" + the message so far. Returns err->status. */
enum status error_prefix(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* From a (positive) errno: "open /x: no such file or directory" in Go's words where Alloy prints
 * Go's. */
enum status error_errno(struct error *err, int code, const char *operation, const char *path);
/* Go's wording of an errno: "no such file or directory". */
const char *error_errno_text(int code);
void error_clear(struct error *err);

/* Stays on in release builds; prints the place and ends the process. */
#define ASSERT(condition) ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void assert_failed(const char *condition, const char *file, int line);

#endif
