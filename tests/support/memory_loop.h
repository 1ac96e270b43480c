#ifndef TESTS_SUPPORT_MEMORY_LOOP_H
#define TESTS_SUPPORT_MEMORY_LOOP_H

/* A loop without kernel: virtual time, streams that are two buffers. For tests and fuzz targets of
 * protocols; all happens inside the functions below. One listener, one thread, no connects, polls,
 * signals. */

#include "base/buf.h"
#include "runtime/loop/loop.h"

struct memory_stream; /* our end; lives as long as the loop */

struct loop *memory_loop_new(void);
/* Everything must be closed. */
void memory_loop_free(struct loop *loop);
/* Runs what was deferred or posted, until nothing is. */
void memory_loop_turn(struct loop *loop);
/* Lets time pass and fires timers that are due. */
void memory_loop_advance(struct loop *loop, int64_t ns);

/* A client connects to the listener. */
struct memory_stream *memory_connect(struct loop *loop);
/* The other side reads; bytes are copied to a block of their exact size first. Nothing when it has
 * closed or paused. */
void memory_send(struct memory_stream *stream, struct str bytes);
void memory_end(struct memory_stream *stream, enum status status);
bool memory_closed(const struct memory_stream *stream);
/* What the other side wrote; at most 16 MiB are kept. */
struct str memory_received(const struct memory_stream *stream);

#endif
