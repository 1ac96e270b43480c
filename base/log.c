/* The logger. Lines are those of Go's slog text and JSON handlers with Alloy's keys; one write(2) a
 * line. Owned by log_sink_new's caller. Lines held before log_open are bounded by HELD_MAX bytes.
 */

#include "base/log.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strconv.h"
#include "base/world.h"

#include <pthread.h>
#include <stdatomic.h>

enum { LINE_MAX_BYTES = 256 * 1024, HELD_MAX = 256 * 1024, FORMATS = 2 };

/* A line written before the format was known, in both formats. */
struct held_line {
    struct held_line *next;
    enum log_level level;
    size_t len[FORMATS];
    char text[]; /* logfmt, then JSON */
};

struct log_sink {
    pthread_mutex_t mutex;
    int fd;
    _Atomic int level;
    enum log_format format;
    bool open;
    struct buf line;
    log_tap_fn *tap;
    void *tap_arg;
    struct held_line *first;
    struct held_line *last;
    size_t held;      /* bytes */
    uint64_t dropped; /* held lines given up, oldest first */
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

const char *log_level_name(enum log_level level)
{
    return (unsigned)level <= LOG_ERROR ? level_names[level] : "unknown";
}

bool log_level_parse(struct str s, enum log_level *out)
{
    for (int i = 0; i <= LOG_ERROR; i++) {
        if (str_is(s, level_names[i])) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* One line. */

/* What slog's text handler puts into quotes. */
static bool needs_quotes(struct str s)
{
    if (s.len == 0)
        return true;
    for (size_t i = 0; i < s.len;) {
        unsigned size;
        uint32_t rune = utf8_decode(str_slice(s, i, s.len), &size);
        if (rune == ' ' || rune == '=' || rune == '"' || rune == UTF8_BAD ||
            !unicode_is_print(rune))
            return true;
        i += size;
    }
    return false;
}

static void put_text(struct buf *out, enum log_format format, struct str s)
{
    if (format == LOG_JSON)
        json_write_string(out, s, false);
    else if (needs_quotes(s))
        strconv_quote(out, s);
    else
        buf_str(out, s);
}

static void put_key(struct buf *out, enum log_format format, struct str key)
{
    if (format == LOG_JSON) {
        buf_byte(out, out->len ? ',' : '{');
        json_write_string(out, key, false);
        buf_byte(out, ':');
        return;
    }
    if (out->len)
        buf_byte(out, ' ');
    put_text(out, format, key);
    buf_byte(out, '=');
}

static void put_pair(struct buf *out, enum log_format format, struct str key, struct str value)
{
    put_key(out, format, key);
    put_text(out, format, value);
}

static void put_field(struct buf *out, enum log_format format, const struct log_field *field)
{
    char memory[64];
    struct buf text = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    put_key(out, format, str_from(field->key));
    switch (field->kind) {
    case LOG_FIELD_STR: put_text(out, format, field->text); return;
    case LOG_FIELD_INT: buf_i64(out, field->integer); return;
    case LOG_FIELD_BOOL: buf_cstr(out, field->integer ? "true" : "false"); return;
    case LOG_FIELD_FLOAT:
        if (format == LOG_JSON)
            json_write_number(out, field->number);
        else
            strconv_float(out, field->number, 'g');
        return;
    case LOG_FIELD_NS:
        duration_format(&text, field->integer);
        put_text(out, format, buf_view(&text));
        return;
    }
}

struct line {
    const struct log *log;
    enum log_level level;
    int64_t wall_ns;
    struct str msg;
    const struct log_field *fields;
    size_t count;
};

static void put_line(struct buf *out, enum log_format format, const struct line *line)
{
    char memory[64];
    struct buf ts = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    time_format_rfc3339(&ts, line->wall_ns);
    put_pair(out, format, STR("ts"), buf_view(&ts));
    put_pair(out, format, STR("level"), str_from(log_level_name(line->level)));
    if (line->msg.len)
        put_pair(out, format, STR("msg"), line->msg);
    if (line->log->component_path.len)
        put_pair(out, format, STR("component_path"), line->log->component_path);
    if (line->log->component_id.len)
        put_pair(out, format, STR("component_id"), line->log->component_id);
    if (line->log->extra_key.len)
        put_pair(out, format, line->log->extra_key, line->log->extra_value);
    for (size_t i = 0; i < line->count; i++)
        put_field(out, format, &line->fields[i]);
    if (format == LOG_JSON)
        buf_byte(out, '}');
    buf_byte(out, '\n');
}

/* The sink; all of it under the mutex. */

static void emit(struct log_sink *sink, enum log_level level, struct str line)
{
    if ((int)level < atomic_load_explicit(&sink->level, memory_order_relaxed))
        return;
    /* Nobody is left to tell when stderr fails. */
    (void)file_write_all(sink->fd, line.ptr, line.len);
    if (sink->tap)
        sink->tap(sink->tap_arg, level, str_slice(line, 0, line.len - 1));
}

static struct held_line *held_take(struct log_sink *sink)
{
    struct held_line *held = sink->first;
    if (!held)
        return NULL;
    sink->first = held->next;
    if (!sink->first)
        sink->last = NULL;
    sink->held -= held->len[LOG_LOGFMT] + held->len[LOG_JSON];
    return held;
}

/* A line that does not fit and a failing allocation cost a line, never the work that is logged. */
static bool build(struct log_sink *sink, enum log_format format, const struct line *line)
{
    size_t before = sink->line.len;
    put_line(&sink->line, format, line);
    if (buf_ok(&sink->line))
        return true;
    sink->line.overflow = false;
    sink->line.len = before;
    return false;
}

static void hold(struct log_sink *sink, const struct line *line)
{
    /* JSON's first pair is the one at the buffer's start, so each format has the buffer for itself.
     */
    struct held_line *held = NULL;
    buf_clear(&sink->line);
    size_t len[FORMATS] = {0};
    if (build(sink, LOG_LOGFMT, line)) {
        len[LOG_LOGFMT] = sink->line.len;
        held = mem_lib_malloc(sizeof(*held) + sink->line.len);
    }
    if (held) {
        memcpy(held->text, sink->line.data, len[LOG_LOGFMT]);
        buf_clear(&sink->line);
        struct held_line *grown = NULL;
        if (build(sink, LOG_JSON, line)) {
            len[LOG_JSON] = sink->line.len;
            grown = mem_lib_realloc(held, sizeof(*held) + len[LOG_LOGFMT] + len[LOG_JSON]);
        }
        if (!grown)
            mem_lib_free(held);
        held = grown;
    }
    if (!held) {
        sink->dropped++;
        return;
    }
    memcpy(held->text + len[LOG_LOGFMT], sink->line.data, len[LOG_JSON]);
    memcpy(held->len, len, sizeof(len));
    held->level = line->level;
    held->next = NULL;
    if (sink->last)
        sink->last->next = held;
    else
        sink->first = held;
    sink->last = held;
    sink->held += len[LOG_LOGFMT] + len[LOG_JSON];
    while (sink->held > HELD_MAX) {
        mem_lib_free(held_take(sink));
        sink->dropped++;
    }
}

static void write_line(struct log_sink *sink, const struct line *line)
{
    if (!sink->open) {
        hold(sink, line);
        return;
    }
    buf_clear(&sink->line);
    if (build(sink, sink->format, line)) {
        emit(sink, line->level, buf_view(&sink->line));
        return;
    }
    /* Too long: the message alone says that something happened. */
    struct line shorter = *line;
    shorter.msg = str_slice(line->msg, 0, 1024);
    shorter.count = 0;
    if (build(sink, sink->format, &shorter))
        emit(sink, line->level, buf_view(&sink->line));
}

struct log_sink *log_sink_new(int fd)
{
    struct log_sink *sink = mem_zalloc(NULL, sizeof(*sink));
    int failed = pthread_mutex_init(&sink->mutex, NULL);
    ASSERT(!failed);
    sink->fd = fd;
    atomic_init(&sink->level, LOG_DEBUG); /* everything is held until the level is known */
    buf_init(&sink->line, NULL, LINE_MAX_BYTES);
    /* Taken now, so that logging a line needs no memory. */
    buf_reserve(&sink->line, LINE_MAX_BYTES);
    return sink;
}

static void flush_held(struct log_sink *sink)
{
    for (struct held_line *held; (held = held_take(sink)); mem_lib_free(held)) {
        const char *text = held->text + (sink->format == LOG_JSON ? held->len[LOG_LOGFMT] : 0);
        emit(sink, held->level, str_of(text, held->len[sink->format]));
    }
    if (!sink->dropped)
        return;
    const struct log log = {.sink = sink};
    const struct log_field field = LOG_I("lines", sink->dropped);
    const struct line line = {.log = &log,
                              .level = LOG_WARN,
                              .wall_ns = world_wall_ns(),
                              .msg = STR("log lines from before the configuration were dropped"),
                              .fields = &field,
                              .count = 1};
    sink->dropped = 0;
    write_line(sink, &line);
}

void log_open(struct log_sink *sink, enum log_level level, enum log_format format)
{
    pthread_mutex_lock(&sink->mutex);
    atomic_store_explicit(&sink->level, (int)level, memory_order_relaxed);
    sink->format = format;
    sink->open = true;
    flush_held(sink);
    pthread_mutex_unlock(&sink->mutex);
}

void log_sink_free(struct log_sink *sink)
{
    if (!sink)
        return;
    if (!sink->open)
        log_open(sink, LOG_INFO, LOG_LOGFMT);
    pthread_mutex_destroy(&sink->mutex);
    buf_release(&sink->line);
    mem_free(sink);
}

bool log_enabled(const struct log *log, enum log_level level)
{
    return log->sink && (int)level >= atomic_load_explicit(&log->sink->level, memory_order_relaxed);
}

void log_set_tap(struct log_sink *sink, log_tap_fn *tap, void *arg)
{
    pthread_mutex_lock(&sink->mutex);
    sink->tap = tap;
    sink->tap_arg = arg;
    pthread_mutex_unlock(&sink->mutex);
}

void log_write(const struct log *log, enum log_level level, const char *msg,
               const struct log_field *fields, size_t count)
{
    if (!log_enabled(log, level))
        return;
    const struct line line = {.log = log,
                              .level = level,
                              .wall_ns = world_wall_ns(),
                              .msg = str_from(msg),
                              .fields = fields,
                              .count = count};
    pthread_mutex_lock(&log->sink->mutex);
    write_line(log->sink, &line);
    pthread_mutex_unlock(&log->sink->mutex);
}
