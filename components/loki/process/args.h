#ifndef COMPONENTS_LOKI_PROCESS_ARGS_H
#define COMPONENTS_LOKI_PROCESS_ARGS_H

/* The arguments of every stage: what ENUM_BLOCKS decodes into. Each stage's file has the rows. */

#include "compiler/schema.h"

struct stage_cri_args {
    int64_t max_partial_lines;
    uint64_t max_partial_line_size;
    bool max_partial_line_size_truncate;
};

struct stage_docker_args {
    char unused; /* the block is empty */
};

struct stage_drop_args {
    struct str drop_counter_reason;
    struct str source;
    struct str value;
    struct str separator;
    struct str expression;
    struct duration older_than;
    struct size_bytes longer_than;
};

struct stage_json_args {
    struct str_map expressions;
    struct str regex;
    struct opt_str source;
    bool drop_malformed;
};

struct stage_label_drop_args {
    struct str_list values;
};

struct stage_label_keep_args {
    struct str_list values;
};

struct stage_labels_args {
    struct str_map values;
    struct str source_type;
};

struct stage_logfmt_args {
    struct str_map mapping;
    struct str source;
    struct str regex;
};

struct stage_match_args {
    struct str selector;
    struct str action;
    struct str pipeline_name;
    struct str drop_counter_reason;
    struct enum_block_list stages;
};

struct stage_output_args {
    struct str source;
};

struct stage_regex_args {
    struct str expression;
    struct opt_str source;
    bool labels_from_groups;
};

struct stage_replace_args {
    struct str expression;
    struct str source;
    struct str replace;
};

struct stage_static_labels_args {
    struct str_map values;
};

struct stage_structured_metadata_args {
    struct str_map values;
    struct str regex;
};

struct stage_structured_metadata_drop_args {
    struct str_list values;
};

struct stage_template_args {
    struct str source;
    struct str template_text;
};

struct stage_timestamp_args {
    struct str source;
    struct str format;
    struct str_list fallback_formats;
    struct opt_str location;
    struct str action_on_failure;
    struct str action_on_duplicate_timestamp;
};

#endif
