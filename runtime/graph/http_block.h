#ifndef RUNTIME_GRAPH_HTTP_BLOCK_H
#define RUNTIME_GRAPH_HTTP_BLOCK_H

/* What the `http` block decodes into: given to graph_services.http. */

#include "compiler/schema.h"

struct http_basic_args {
    struct str username;
    struct secret password;
};

struct http_filter_args {
    struct str_list paths; /* prefixes */
    bool authenticate_matching_paths;
};

struct http_auth_args {
    struct http_basic_args *basic;
    struct http_filter_args filter;
};

struct http_args {
    struct http_auth_args *auth; /* NULL = everybody is admitted */
};

#endif
