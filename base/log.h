#ifndef BASE_LOG_H
#define BASE_LOG_H

/* The logger: logfmt or JSON lines with the keys that Alloy writes (ts, level, msg, component_path,
 * component_id, err …), to stderr through one write per line. Level and format can change at run
 * time (the `logging` block); until log_open is called lines are held back (bounded, oldest
 * dropped and counted), so that the first lines obey the configuration. Thread-safe.
 * Repeated lines of one place are not suppressed here. Secrets never reach a log: they have their
 * own type. */

#include "base/str.h"

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_sink;

/* A view on a sink with context fields that every line carries. Cheap to copy; borrows its texts.
 */
struct log {
    struct log_sink *sink;
    struct str component_path; /* empty = not shown */
    struct str component_id;
    struct str extra_key; /* one more pair, e.g. "target" */
    struct str extra_value;
};

enum log_field_kind { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_FLOAT, LOG_FIELD_BOOL, LOG_FIELD_NS };

struct log_field {
    const char *key;
    enum log_field_kind kind;
    struct str text;
    int64_t integer; /* also BOOL, and NS = duration in nanoseconds, printed as Go does */
    double number;
};

#define LOG_S(key, value) ((struct log_field){(key), LOG_FIELD_STR, (value), 0, 0})
#define LOG_C(key, value) ((struct log_field){(key), LOG_FIELD_STR, str_from(value), 0, 0})
#define LOG_I(key, value) ((struct log_field){(key), LOG_FIELD_INT, STR_NONE, (int64_t)(value), 0})
#define LOG_F(key, value) ((struct log_field){(key), LOG_FIELD_FLOAT, STR_NONE, 0, (value)})
#define LOG_B(key, value) ((struct log_field){(key), LOG_FIELD_BOOL, STR_NONE, (value), 0})
#define LOG_NS(key, value) ((struct log_field){(key), LOG_FIELD_NS, STR_NONE, (value), 0})

/* fd is borrowed. Lines are held until log_open. */
struct log_sink *log_sink_new(int fd);
void log_sink_free(struct log_sink *sink); /* flushes what is held */
void log_open(struct log_sink *sink, enum log_level level, enum log_format format);
bool log_enabled(const struct log *log, enum log_level level);
/* Every line that passes the level also goes to tap(arg, level, line without newline), e.g. for
 * logging.write_to. Called under the sink's lock: it must only copy, and not fail
 * for lack of memory (try_ functions). NULL removes it. */
typedef void log_tap_fn(void *arg, enum log_level level, struct str line);
void log_set_tap(struct log_sink *sink, log_tap_fn *tap, void *arg);

void log_write(const struct log *log, enum log_level level, const char *msg,
               const struct log_field *fields, size_t count);
#define LOG(log, level, msg, ...)                                                                  \
    log_write((log), (level), (msg), (const struct log_field[]){__VA_ARGS__},                      \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define LOG_PLAIN(log, level, msg) log_write((log), (level), (msg), NULL, 0)

bool log_level_parse(struct str s, enum log_level *out);
const char *log_level_name(enum log_level level);

#endif
