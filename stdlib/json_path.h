#ifndef STDLIB_JSON_PATH_H
#define STDLIB_JSON_PATH_H

/* Inside stdlib/: JSON paths as github.com/ohler55/ojg reads them: $ @ .name ..name .* [n] [a:b:c]
 * ['name'] [x,y]
 * [?(filter)]. Filters compare with == != < > <= >= =~ in empty has exists, combine with && || !,
 * compute with + - * /, and know length(), count(), match() and search(). */

#include "base/json.h"

enum { PATH_DEPTH = 32, PATH_RESULTS_MAX = 1000000 };

enum step_kind {
    STEP_ROOT,
    STEP_CURRENT,
    STEP_CHILD, /* name */
    STEP_INDEX, /* from */
    STEP_ANY,
    STEP_DESCENT, /* everything below and the node itself */
    STEP_SLICE,   /* from, to, by */
    STEP_UNION,   /* keys */
    STEP_FILTER,
};

struct path_key {
    struct str name; /* ptr NULL: index is meant */
    int64_t index;
};

struct path_step {
    enum step_kind kind;
    struct str name;
    int64_t from;
    int64_t to;
    int64_t by;
    bool has_to;
    struct path_key *keys;
    size_t key_count;
    struct path_filter *filter;
    struct path_step *next;
};

/* A filter in postfix order. */
enum term_kind {
    TERM_NULL,
    TERM_BOOL,
    TERM_NUMBER,
    TERM_STRING,
    TERM_REGEX,
    TERM_PATH,
    TERM_LIST,     /* [1, 'a'] */
    TERM_OPERATOR, /* op */
};

struct path_term {
    enum term_kind kind;
    uint8_t op; /* enum path_op */
    bool boolean;
    double number;
    struct str text;
    struct path_step *path;
    struct doc *list;
    struct path_term *next;
};

enum path_op {
    PATH_OR,
    PATH_AND,
    PATH_EQ,
    PATH_NEQ,
    PATH_LT,
    PATH_LTE,
    PATH_GT,
    PATH_GTE,
    PATH_MATCHES,
    PATH_IN,
    PATH_EMPTY,
    PATH_HAS,
    PATH_ADD,
    PATH_SUB,
    PATH_MUL,
    PATH_DIV,
    PATH_NOT,
    PATH_LENGTH,
    PATH_COUNT,
    PATH_MATCH,
    PATH_SEARCH,
    PATH_OPEN, /* on the reader's stack only */
};

struct path_filter {
    struct path_term *terms;
};

/* The text as ojg reads it: a little laxer than JSON, numbers out of its range are text, of members
 * of one name the last stays. */
enum status path_json_read(struct arena *arena, struct str text, struct doc **out,
                           struct error *err);
/* In `arena`; NULL with err. */
struct path_step *path_read(struct arena *arena, struct str text, struct error *err);

struct path_nodes {
    const struct doc **items;
    size_t len;
    size_t cap;
};

/* All nodes that the path finds, in document order. STATUS_LIMIT beyond PATH_RESULTS_MAX. */
enum status path_find(const struct path_step *path, const struct doc *root,
                      const struct doc *current, struct path_nodes *out, struct arena *arena);
/* Whether the filter holds for `current`. */
bool path_filter_holds(const struct path_filter *filter, const struct doc *root,
                       const struct doc *current, struct arena *arena);

#endif
