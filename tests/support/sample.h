/*
 * A schema with a row of every kind, for tests of everything that reads schemas.
 */
#ifndef INVAR_TESTS_SUPPORT_SAMPLE_H
#define INVAR_TESTS_SUPPORT_SAMPLE_H

#include "compiler/schema.h"

struct inner {
    struct str label;
    int64_t x;
    int64_t y;
};

struct stage {
    struct str source;
    struct enum_block_list stages;
};

struct basic {
    struct str user;
    struct secret password;
    struct inner *proxy;
};

enum mode { MODE_NONE, MODE_FAST, MODE_SAFE };

struct pair {
    struct inner items[2];
};

struct args {
    struct str name;
    bool enabled;
    uint8_t small;
    int port;
    double ratio;
    struct duration timeout;
    struct size_bytes size;
    struct str_list tags;
    struct str_map labels;
    struct secret_list_map headers;
    struct opt_int limit;
    struct target_list targets;
    struct capsule_list forward_to;
    struct any extra;
    struct regex_ref regex;
    struct time_point since;
    struct bytes raw;
    struct optional_secret content;
    struct inner object;
    enum mode mode;
    struct basic basic;
    struct inner single;
    struct inner *optional;
    struct LIST_OF(struct inner) rules;
    struct LIST_OF(struct inner) ends;
    struct enum_block_list stages;
    struct str_map free;
    struct any loose;
};

extern const struct shape inner_shape, basic_shape, args_shape;
extern const struct row sample_rows[];     /* of args_shape */
extern const struct row sample_variants[]; /* of its `stages` */
extern const struct capsule_type sample_receiver;

#endif
