#ifndef COMPONENTS_LOKI_PROCESS_STAGE_H
#define COMPONENTS_LOKI_PROCESS_STAGE_H

/* The stages of loki.process: one table (stages.def), one file a stage (or a few that are alike). A
 * stage sees one entry at a time and may change it; what it learns goes into the entry's extracted
 * values, which later stages read.
 *
 * A stage is compiled once per configuration (create) and run on the component's loop. Texts that
 * an entry gets must live in the entry's arena (the output batch's), or outlive it. */

#include "runtime/component.h"

enum extracted_kind {
    EXTRACTED_NULL,
    EXTRACTED_STRING,
    EXTRACTED_NUMBER,
    EXTRACTED_BOOL,
};

/* A value by name, as promtail's map of extracted data. */
struct extracted {
    struct str key;
    uint8_t kind; /* enum extracted_kind */
    bool boolean;
    double number;
    struct str text; /* STRING */
};

enum { EXTRACTED_MAX = 4096 }; /* values an entry may hold; further ones are left out */

struct log_line {
    int64_t t_ns;
    struct str line;
    struct labels *original;      /* borrowed: labels before the first stage */
    struct label_builder *labels; /* as they are now */
    bool labels_changed;
    struct label *metadata; /* structured metadata, in the arena */
    size_t metadata_count, metadata_cap;
    struct extracted *values;
    size_t value_count, value_cap;
    struct arena *arena;
};

enum stage_result {
    STAGE_KEEP,
    STAGE_DROP, /* counted by the stage with its reason */
    STAGE_HOLD, /* the stage keeps what it needs and gives it out with a later entry */
};

struct stage_context; /* the component: for counters, logging and the clock */
struct stage;

struct stage_def {
    const char *name; /* "json" */
    /* Fills stage->state from the decoded arguments; `arena` lives as long as the stage. */
    enum status (*create)(struct stage *stage, const void *args, struct arena *arena,
                          struct error *err);
    enum stage_result (*run)(struct stage *stage, struct log_line *line);
    void (*release)(struct stage *stage); /* NULL = nothing outside the arena */
};

struct stage {
    const struct stage_def *def;
    struct stage_context *context;
    void *state;
};

struct stage_list {
    struct stage *items;
    size_t count;
};

/* ---- building (process.c) ---- */
struct enum_block_list;
/* Stages of one pipeline, nested ones included. */
enum status stages_create(struct stage_list *out, const struct enum_block_list *blocks,
                          struct stage_context *context, struct arena *arena, struct error *err);
void stages_release(struct stage_list *list);
/* What creating the stage would say about its decoded arguments; creates and releases it. */
enum status stage_vet(const struct stage_def *def, void *args, struct arena *arena,
                      struct error *err);
/* The shape stage_NAME_shape of struct stage_NAME_args, vetted so. */
#define STAGE_SHAPE(name, table, check_fn)                                                         \
    extern const struct stage_def stage_##name;                                                    \
    static enum status name##_vet(void *args, struct arena *arena, struct error *err)              \
    {                                                                                              \
        return stage_vet(&stage_##name, args, arena, err);                                         \
    }                                                                                              \
    const struct shape stage_##name##_shape = {.rows = (table),                                    \
                                               .size = sizeof(struct stage_##name##_args),         \
                                               .check = (check_fn),                                \
                                               .vet = name##_vet}
enum stage_result stages_run(const struct stage_list *list, struct log_line *line);
/* The variants `stage.*` for ENUM_BLOCKS, ends with {0}. */
extern const struct row stage_variants[];

/* ---- what stages do with a line (line.c) ---- */
const struct extracted *line_value(const struct log_line *line, struct str key); /* NULL = absent */
/* Texts are borrowed. */
void line_set_string(struct log_line *line, struct str key, struct str text);
void line_set_number(struct log_line *line, struct str key, double number);
void line_set_bool(struct log_line *line, struct str key, bool value);
void line_set_null(struct log_line *line, struct str key);
void line_remove_value(struct log_line *line, struct str key);
/* As text the way Go's promtail prints it; false for null and absent. Numbers are written into the
 * arena. */
bool line_text(struct log_line *line, const struct extracted *value, struct str *out);
/* The named value, or the line itself when `source` is empty; false when it is absent or null. */
bool line_source(struct log_line *line, struct str source, struct str *out);
void line_set_label(struct log_line *line, struct str name,
                    struct str value); /* empty values stay */
void line_remove_label(struct log_line *line, struct str name);
void line_add_metadata(struct log_line *line, struct str name, struct str value);
struct str line_print(struct log_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- the component's services ---- */
/* Counts a dropped line: loki_process_dropped_lines_total{reason}. */
void stage_dropped(struct stage *stage, struct str reason);
const struct log *stage_log(const struct stage *stage);
/* The component's metrics and clock. */
struct self_group *stage_metrics(const struct stage *stage);
int64_t stage_now_ns(const struct stage *stage); /* wall */

/* Label names: any text in UTF-8 that is not empty, as Prometheus 3 has them. */
bool label_name_valid(struct str name);

#endif
