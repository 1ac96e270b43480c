#ifndef BASE_JSON_H
#define BASE_JSON_H

/* JSON as Go's encoding/json reads and writes it, and the generic document tree that YAML shares.
 *
 * The reader is non-recursive, bounded by depth, node count and arena; invalid UTF-16 escapes
 * become U+FFFD; error texts are Go's ("invalid character 'x' looking for beginning of value",
 * "unexpected end of JSON input"). Numbers keep their text.
 * The writer escapes as Go does with HTML escaping on or off. */

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

enum doc_kind {
    DOC_NULL,
    DOC_BOOL,
    DOC_INT,   /* YAML, or a JSON number that is a whole int64 */
    DOC_FLOAT, /* any other number */
    DOC_STRING,
    DOC_TIME, /* YAML timestamp; text = RFC 3339 */
    DOC_LIST,
    DOC_MAP,
};

struct doc {
    enum doc_kind kind;
    bool boolean;
    bool is_uint; /* FLOAT of YAML: whole, only a uint64 holds it; integer has its bits */
    int64_t integer;
    double number;       /* for INT and FLOAT */
    struct str text;     /* STRING decoded; INT, FLOAT: source text */
    struct str key;      /* member name, when the parent is a map with a text key */
    struct doc *key_doc; /* YAML: the key node when it is not a string */
    struct doc *child;   /* first element or member, in source order */
    struct doc *next;    /* sibling */
    size_t count;        /* children */
    int line;            /* YAML: 1-based; of a member, where its name stands */
};

struct doc_limits {
    unsigned max_depth; /* 0 = 1,000 */
    size_t max_nodes;   /* 0 = 1,000,000 */
    bool finite;        /* JSON: numbers beyond float64 are errors, as where Go decodes into it */
};

/* The tree lives in `arena` and borrows from `text` where no escape had to be decoded: keep both.
 */
enum status json_read(struct arena *arena, struct str text, struct doc_limits limits,
                      struct doc **out, struct error *err);
/* Last member of that name (Go: duplicates, last wins), or NULL. */
const struct doc *doc_get(const struct doc *map, struct str key);

/* YAML 1.2 core schema as gopkg.in/yaml.v3 resolves it (libyaml underneath); aliases are expanded
 * up to 10 times the document plus 100,000 nodes. First document only. */
enum status yaml_read(struct arena *arena, struct str text, struct doc_limits limits,
                      struct doc **out, struct error *err);

/* Quoted with escapes; `html` also escapes < > & and U+2028/9 as Go does by default. Invalid UTF-8
 * becomes \ufffd. */
void json_write_string(struct buf *out, struct str text, bool html);
/* As Go prints float64 in JSON. NaN and infinities are written as null. */
void json_write_number(struct buf *out, double value);

/* A streaming writer: commas and nesting are its business. */
struct json_writer {
    struct buf *out;
    bool html;
    bool need_comma;
    unsigned depth;
};

/* HTML escaping is off; set w->html afterwards where Go leaves it on. */
void json_begin(struct json_writer *w, struct buf *out);
void json_object(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_key(struct json_writer *w, struct str key);
void json_string(struct json_writer *w, struct str text);
void json_i64(struct json_writer *w, int64_t value);
void json_u64(struct json_writer *w, uint64_t value);
void json_double(struct json_writer *w, double value);
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);
/* Already JSON. */
void json_raw(struct json_writer *w, struct str json);

#endif
