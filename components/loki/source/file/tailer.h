#ifndef COMPONENTS_LOKI_SOURCE_FILE_TAILER_H
#define COMPONENTS_LOKI_SOURCE_FILE_TAILER_H

/* Tailers of loki.source.file: one per path and label set.
 *
 * A tailer reads a slice of the file, pushes its whole lines as one batch and reads on only when
 * that is acknowledged: a position is that of acknowledged lines, and a full queue stops reading.
 * A line without its end is read again when the file has grown. After a rotation by rename the old
 * file is finished before the new one is begun, also when the program was down in between.
 *
 * Everything happens on the component's loop. Bounded by FILE_LINE_MAX per line and FILE_FLYING_MAX
 * bytes that wait for acknowledgements in all tailers of a component. */

#include "components/loki/source/file/lines.h"
#include "runtime/component.h"
#include "runtime/storage/positions.h"

enum {
    FILE_SLICE = 256 * 1024,
    FILE_FLYING_MAX = 16 * 1024 * 1024,
    FILE_SIGNATURE = 1024, /* first bytes, by which a file is known again */
};

enum on_error { ON_ERROR_BEGINNING, ON_ERROR_END, ON_ERROR_SKIP };

struct tail_settings {
    enum text_encoding encoding;
    bool from_end;
    bool is_gzip;
    bool is_zlib;
    enum on_error on_error;
    int64_t initial_delay_ns;
    int64_t min_poll_ns, max_poll_ns;
};

struct inflate;

/* What the tailers of a component share. */
struct tail_source {
    struct component_host *host;
    struct fanout next;
    struct positions *positions; /* NULL while they could not be opened */
    struct tail_settings settings;
    size_t flying; /* bytes waiting for acknowledgements */
    bool stopping;
    void (*woken)(struct tail_source *source); /* a tailer has something to do at once */
    struct self_metric *active;
};

/* The file that is open, and what is known about it. */
struct tail_file {
    int fd; /* -1 = none */
    uint64_t device, inode;
    size_t signature_len;
    char signature[FILE_SIGNATURE];
    enum text_encoding encoding;
    struct inflate *inflate; /* NULL = not compressed */
    bool rotated;            /* it is not what stands under the path now */
    bool deleted;
};

struct tailer {
    struct fanout_push push; /* must be first */
    struct tail_source *source;
    char *path;
    char *key; /* labels as text, without filename */
    struct labels *labels;
    struct tail_file file;
    int64_t position; /* where the next line begins */
    int64_t end;      /* of the batch under way */
    int64_t seen;     /* up to where nothing but a begun line is known */
    size_t slice;
    size_t lines_guess;
    struct log_batch *batch; /* under way, or NULL */
    int64_t due_ns;          /* loop time of the next step */
    int64_t delay_ns;        /* between two looks at an idle file */
    int64_t quiet_since_ns;  /* a rotated file has not grown since, 0 = not known */
    int64_t last_entry_ns;
    bool again;   /* the batch waits to be pushed again */
    bool leaving; /* its target is gone: ends with the file */
    bool reopen;  /* settings have changed */
    bool ended;   /* nothing more will come of it */
    bool said;    /* that it cannot be read */
    bool ready;   /* the initial delay is over */
    bool listed;  /* among the wanted targets (used while they are compared) */
    struct self_metric *read_bytes, *file_bytes, *read_lines;
};

struct tailer *tailer_new(struct tail_source *source, struct str path, struct str key,
                          struct labels *owned_labels);
/* Only while no batch is under way. */
void tailer_free(struct tailer *t);
/* Does what is due; sets due_ns, or ended. */
void tailer_step(struct tailer *t, int64_t now_ns);
/* No batch is under way, or it can be given up. */
bool tailer_can_stop(const struct tailer *t);

/* ---- open.c ---- */
/* Opens what is to be read first and finds where. STATUS_NOT_FOUND when there is no file. */
enum status tail_open(struct tailer *t, struct error *err);
void tail_close(struct tailer *t);
/* Opens what stands under the path now, after the file at hand is finished. */
enum status tail_open_next(struct tailer *t, struct error *err);
/* Whether the file still begins as it did; learns more of its beginning. */
bool tail_same_beginning(struct tailer *t);
/* The file begins anew: from its start on. */
void tail_restart(struct tailer *t);
void tail_keep_position(struct tailer *t);
void tail_forget_position(struct tailer *t);

#endif
