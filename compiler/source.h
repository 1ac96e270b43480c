#ifndef COMPILER_SOURCE_H
#define COMPILER_SOURCE_H

/* A source text with its name and line index. Immutable, reference-counted: syntax trees,
 * diagnostics and live nodes keep it alive. Positions are byte offsets; line is 1-based, column is
 * 1-based and counts bytes (SEMANTICS §1). */

#include "base/arena.h"
#include "base/error.h"

#include <stdatomic.h>

enum {
    SOURCE_MAX_BYTES = 64 * 1024 * 1024,
    SOURCE_MAX_DEPTH = 1000, /* nesting of brackets, blocks and operators that the reader accepts */
};

/* What sources, trees and diagnostics hold. */
extern struct mem_owner compiler_memory;

struct source {
    atomic_uint refs;
    struct str name; /* as shown in messages: path, or an import's label; may be empty */
    struct str text;
    const uint32_t *lines; /* offset of each line's first byte */
    uint32_t line_count;
    bool hidden; /* diagnostics show no excerpt, as Alloy does with what is imported */
    bool odd;    /* the text has NUL, invalid UTF-8, or a byte order mark that is not its first
                    character */
};

/* Copies name and text (a NUL follows the copy). STATUS_LIMIT above SOURCE_MAX_BYTES. NULL on
 * failure. References may be taken inside a memory scope: if it fails, they are given back. */
struct source *source_new(struct str name, struct str text, struct error *err);
/* As loading does (SEMANTICS §1, last paragraph): UTF-16/32 byte order marks and invalid UTF-8 are
 * refused. */
enum status source_check_encoding(struct str text, struct error *err);
struct source *source_ref(struct source *source);
void source_unref(struct source *source);

struct pos {
    uint32_t offset;
    uint32_t line; /* 0 = absent */
    uint32_t col;
};

/* Both ends inclusive, as Alloy counts; end.line 0 = no end. */
struct range {
    struct pos start;
    struct pos end;
};

struct pos source_pos(const struct source *source, uint32_t offset);
uint32_t source_line_search(const struct source *source, uint32_t offset, uint32_t near);
/* The line of an offset, looked for from a line (1-based) that is likely to be near. */
static inline uint32_t source_line_near(const struct source *source, uint32_t offset, uint32_t near)
{
    bool is_it = source->lines[near - 1] <= offset && near < source->line_count &&
                 offset < source->lines[near];
    return is_it ? near : source_line_search(source, offset, near);
}
/* From half-open offsets [start, end). */
struct range source_range(const struct source *source, uint32_t start, uint32_t end);
/* Line `line` (1-based) without its newline. */
struct str source_line(const struct source *source, uint32_t line);

#endif
