/* One tailer: look at the file, read a slice, push it, wait for the acknowledgement, go on. */

#include "components/loki/source/file/tailer.h"

#include "base/mutant.h"
#include "base/world.h"
#include "components/loki/source/file/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static const int64_t MISSING_NS = 1000000000; /* between two looks for a file that is not there */
static const int64_t RETRY_MIN_NS = 10000000, RETRY_MAX_NS = 1000000000;
static const int64_t MEMORY_NS = 1000000000;
/* A renamed file is still written to until its writer has noticed. */
static const int64_t GRACE_NS = 1000000000;

static const struct log *log_of(const struct tailer *t)
{
    return host_log(t->source->host);
}

/* ---- life ---- */
static struct self_metric *metric(struct tailer *t, enum self_kind kind, const char *name,
                                  const char *help)
{
    struct label label = {STR("path"), str_from(t->path)};
    return self_metric(host_metrics(t->source->host), kind, name, help, &label, 1);
}

static void acknowledged(struct ack *ack, enum ack_result result, int64_t retry_ns);

struct tailer *tailer_new(struct tail_source *source, struct str path, struct str key,
                          struct labels *owned_labels)
{
    struct mem_owner *owner = host_memory(source->host);
    struct tailer *t = mem_zalloc(owner, sizeof *t);
    t->source = source;
    t->path = mem_strdup(owner, path.ptr, path.len);
    t->key = mem_strdup(owner, key.ptr, key.len);
    t->labels = owned_labels;
    t->file.fd = -1;
    t->slice = FILE_SLICE;
    t->push.ack.done = acknowledged;
    t->push.ack.loop = host_loop(source->host);
    t->read_bytes =
        metric(t, SELF_GAUGE, "loki_source_file_read_bytes_total", "Number of bytes read.");
    t->file_bytes =
        metric(t, SELF_GAUGE, "loki_source_file_file_bytes_total", "Number of bytes total.");
    t->read_lines =
        metric(t, SELF_COUNTER, "loki_source_file_read_lines_total", "Number of lines read.");
    return t;
}

static void drop_batch(struct tailer *t)
{
    if (t->batch == NULL)
        return;
    t->source->flying -= (size_t)(t->end - t->position);
    batch_unref(&t->batch->base);
    t->batch = NULL;
    t->again = false;
}

static void close_file(struct tailer *t)
{
    if (t->file.fd < 0)
        return;
    tail_close(t);
    self_add(t->source->active, -1);
    LOG(log_of(t), LOG_INFO, "stopped tailing file", LOG_C("path", t->path));
}

void tailer_free(struct tailer *t)
{
    drop_batch(t);
    close_file(t);
    labels_unref(t->labels);
    mem_free(t->path);
    mem_free(t->key);
    mem_free(t);
}

bool tailer_can_stop(const struct tailer *t)
{
    return t->batch == NULL || t->again;
}

/* ---- pushing ---- */
static void push(struct tailer *t)
{
    t->again = false;
    fanout_push_resume(&t->source->next, &t->batch->base, &t->push);
}

static void acknowledged(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct tailer *t = (struct tailer *)ack;
    int64_t now = loop_now_ns(host_loop(t->source->host));
    if (result == ACK_RETRY) {
        int64_t wait = retry_ns < RETRY_MIN_NS ? RETRY_MIN_NS : retry_ns;
        t->again = true;
        t->due_ns = now + (wait < RETRY_MAX_NS ? wait : RETRY_MAX_NS);
    } else {
        size_t lines = t->batch->entry_count;
        int64_t end = t->end;
        if (result == ACK_REJECTED) {
            LOG(log_of(t), LOG_WARN, "lines were rejected", LOG_C("path", t->path),
                LOG_I("lines", lines));
        } else {
            host_count_out(t->source->host, lines);
        }
        drop_batch(t);
        t->position = end;
        tail_keep_position(t);
        self_add(t->read_lines, (double)lines);
        self_set(t->read_bytes, (double)end);
        t->due_ns = now;
    }
    t->source->woken(t->source);
}

/* ---- reading ---- */
struct reading {
    struct tailer *tailer;
    int64_t available;
    bool whole; /* the last line counts without its end */
    struct log_batch *batch;
    size_t got, used;
    struct error err;
};

static struct str read_plain(struct reading *r, size_t want)
{
    struct tailer *t = r->tailer;
    char *bytes = arena_alloc(&r->batch->base.arena, want);
    ssize_t got = world_pread(t->file.fd, bytes, want, t->position);
    if (got < 0)
        error_errno(&r->err, (int)-got, "read", t->path);
    return str_of(bytes, got > 0 ? (size_t)got : 0);
}

static struct str read_inflated(struct reading *r, size_t want)
{
    struct tailer *t = r->tailer;
    struct str view;
    inflate_view(t->file.inflate, t->position, want, &view, &r->err);
    r->whole = view.len < want; /* the end of the stream */
    return arena_str(&r->batch->base.arena, view);
}

/* In a memory scope. */
static void read_slice(void *arg)
{
    struct reading *r = arg;
    struct tailer *t = r->tailer;
    int64_t now = world_wall_ns();
    r->batch = log_batch_new(t->lines_guess);
    size_t want = t->slice;
    if (t->file.inflate == NULL && (int64_t)want > r->available)
        want = (size_t)r->available;
    struct str bytes = t->file.inflate != NULL ? read_inflated(r, want) : read_plain(r, want);
    struct line_split how = {
        .labels = t->labels,
        .t_ns = now > t->last_entry_ns ? now : t->last_entry_ns + 1,
        .encoding = t->file.encoding,
        .whole = MUTANT(HALF_LINE_TAKEN) ||
                 (r->whole && (t->file.inflate != NULL || (int64_t)bytes.len == r->available)),
    };
    r->got = bytes.len;
    r->used = lines_split(r->batch, bytes, &how);
    if (r->used == 0 && bytes.len >= FILE_LINE_MAX) {
        how.whole = true; /* in pieces */
        r->used = lines_split(r->batch, bytes, &how);
    }
    if (r->batch->entry_count != 0)
        t->last_entry_ns = r->batch->entries[r->batch->entry_count - 1].t_ns;
}

/* What was read without finding a line's end. */
static void no_line(struct tailer *t, const struct reading *r, int64_t now)
{
    if (r->got == t->slice && t->slice < FILE_LINE_MAX) {
        t->slice *= 2;
        t->due_ns = now;
        return;
    }
    t->seen = t->position + (int64_t)r->got;
}

/* A compressed file is over then, any other is tried again. */
static void broken(struct tailer *t, const struct error *err, int64_t now)
{
    if (!t->said) {
        LOG(log_of(t), LOG_ERROR, "failed to tail file", LOG_C("path", t->path),
            LOG_C("err", err->message));
    }
    t->said = true;
    t->ended = t->file.inflate != NULL || t->leaving;
    t->due_ns = now + MISSING_NS;
    close_file(t);
}

/* Reads up to `available` bytes and pushes their lines. Sets due_ns. */
static void read_and_push(struct tailer *t, int64_t available, bool whole, int64_t now)
{
    struct reading r = {.tailer = t, .available = available, .whole = whole};
    if (t->source->flying > FILE_FLYING_MAX) {
        t->due_ns = now + RETRY_MIN_NS;
        return;
    }
    if (!mem_scope_run(read_slice, &r)) {
        t->due_ns = now + MEMORY_NS;
        return;
    }
    t->lines_guess = r.batch->entry_count + r.batch->entry_count / 8;
    if (r.used == 0) {
        batch_unref(&r.batch->base);
        no_line(t, &r, now);
        if (r.err.status != STATUS_OK)
            broken(t, &r.err, now);
        else if (t->file.inflate != NULL && r.got == 0)
            t->ended = true;
        return;
    }
    t->slice = FILE_SLICE;
    t->batch = r.batch;
    t->end = t->position + (int64_t)r.used;
    t->source->flying += r.used;
    t->push.pending_mask = ~(uint64_t)0;
    if (MUTANT(POSITION_BEFORE_ACK)) {
        int64_t position = t->position;
        t->position = t->end;
        tail_keep_position(t);
        t->position = position;
    }
    push(t);
}

/* ---- looking ---- */
static int64_t idle(struct tailer *t)
{
    int64_t least = t->source->settings.min_poll_ns, most = t->source->settings.max_poll_ns;
    int64_t delay = t->delay_ns;
    t->delay_ns = delay * 2 < most ? delay * 2 : most;
    return delay < least ? least : delay;
}

static void busy(struct tailer *t)
{
    t->delay_ns = t->source->settings.min_poll_ns;
    t->quiet_since_ns = 0;
}

/* The size of the open file, and whether the path still leads to it; false with err. */
static bool look(struct tailer *t, int64_t *size, struct error *err)
{
    struct tail_file *f = &t->file;
    struct stat st;
    int failed = world_stat(AT_FDCWD, t->path, 0, &st);
    f->rotated =
        failed == -ENOENT || (failed == 0 && (st.st_ino != f->inode || st.st_dev != f->device));
    if (failed != 0 || f->rotated) {
        failed = world_fstat(f->fd, &st);
        if (failed != 0) {
            error_errno(err, -failed, "stat", t->path);
            return false;
        }
    }
    f->deleted = st.st_nlink == 0;
    *size = st.st_size;
    return true;
}

static bool try_open(struct tailer *t, int64_t now)
{
    struct error err = {0};
    if (!t->ready && t->source->settings.initial_delay_ns > 0) {
        t->ready = true;
        t->due_ns = now + t->source->settings.initial_delay_ns;
        return false;
    }
    enum status status = tail_open(t, &err);
    if (status == STATUS_OK) {
        t->said = false;
        self_add(t->source->active, 1);
        LOG(log_of(t), LOG_INFO, "start tailing file", LOG_C("path", t->path));
        busy(t);
        return true;
    }
    tail_close(t);
    if (!t->said) {
        LOG(log_of(t), LOG_ERROR, "failed to tail file", LOG_C("path", t->path),
            LOG_C("err", err.message));
    }
    t->said = true;
    t->ended = t->leaving;
    t->due_ns = now + MISSING_NS;
    return false;
}

/* A rotated file that has not grown for a while is over. */
static void finish_rotated(struct tailer *t, int64_t now)
{
    struct error err = {0};
    if (tail_open_next(t, &err) == STATUS_OK) {
        LOG(log_of(t), LOG_INFO, "re-opened rotated file", LOG_C("path", t->path));
        busy(t);
        t->due_ns = now;
        return;
    }
    if (t->file.deleted) {
        tail_forget_position(t);
        close_file(t);
    }
    t->due_ns = now + MISSING_NS;
}

/* Nothing to read at the moment. `size` is more than the position when a line is begun. */
static void at_end(struct tailer *t, int64_t size, int64_t now)
{
    bool over = t->file.rotated || t->leaving;
    if (!over) {
        t->quiet_since_ns = 0;
        t->due_ns = now + idle(t);
        return;
    }
    if (t->quiet_since_ns == 0)
        t->quiet_since_ns = now;
    if (now - t->quiet_since_ns < GRACE_NS && !t->leaving) {
        t->due_ns = now + t->source->settings.min_poll_ns;
    } else if (size > t->position) {
        read_and_push(t, size - t->position, t->file.rotated, now);
        if (t->batch == NULL && t->leaving)
            t->ended = true;
    } else if (t->leaving) {
        if (t->file.deleted)
            tail_forget_position(t);
        t->ended = true;
    } else {
        finish_rotated(t, now);
    }
}

/* Looks whether the file at hand was begun anew or cut. */
static void notice_truncation(struct tailer *t, int64_t size)
{
    if (MUTANT(TRUNCATION_UNSEEN) || size == t->seen || tail_same_beginning(t)) {
        if (size < t->seen) {
            t->seen = size;
            t->position = size < t->position ? size : t->position;
        }
        return;
    }
    LOG(log_of(t), LOG_INFO, "file truncated", LOG_C("path", t->path));
    tail_restart(t);
    busy(t);
}

static void read_on(struct tailer *t, int64_t now)
{
    struct error err = {0};
    int64_t size;
    if (t->file.inflate != NULL) {
        read_and_push(t, 0, false, now);
        return;
    }
    if (!look(t, &size, &err)) {
        broken(t, &err, now);
        return;
    }
    self_set(t->file_bytes, (double)size);
    notice_truncation(t, size);
    if (size <= t->seen) {
        at_end(t, size, now);
        return;
    }
    busy(t);
    t->due_ns = now + t->source->settings.min_poll_ns;
    read_and_push(t, size - t->position, false, now);
}

void tailer_step(struct tailer *t, int64_t now_ns)
{
    if (t->again) {
        push(t);
        return;
    }
    if (t->batch != NULL || t->ended)
        return;
    if (t->reopen)
        close_file(t);
    t->reopen = false;
    if (t->file.fd >= 0 || try_open(t, now_ns))
        read_on(t, now_ns);
    if (t->ended)
        close_file(t);
}
