/* A program that writes a log file, in the ways programs do: whole lines and halves, rotation by
 * rename (with lines that still reach the old file), rotation by copy and truncation. It rotates
 * only once the program has begun with the present file, and truncates only what has arrived: what
 * is gone before it could be read is nobody's fault. */

#include "base/file.h"
#include "base/memory.h"
#include "tests/simulation/run.h"

#include <fcntl.h>
#include <stdio.h>

static const char PATH[] = "/logs/app.log";
static const char POSITIONS[] = "/data/loki.source.file.f/positions";
static const char OLD_PATH[] = "/logs/app.log.1";

struct writer {
    struct run *run;
    struct loop_timer *timer;
    unsigned stream;
    unsigned first_here;  /* the first number in the present file */
    const char *path;     /* the file that is written to */
    int64_t old_until;    /* of OLD_PATH */
    char rest[ITEM_TEXT]; /* of a line that is begun */
    size_t rest_len;
    unsigned begun; /* its number */
};

static void append(const char *path, const char *bytes, size_t len)
{
    int fd = world_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ASSERT(fd >= 0 && file_write_all(fd, bytes, len) == 0);
    world_sync(fd);
    world_close(fd);
}

static void sync_folder(void)
{
    int fd = world_open(AT_FDCWD, "/logs", O_RDONLY | O_DIRECTORY, 0);
    world_sync(fd);
    world_close(fd);
}

/* Written whole. What reaches a rotated file after the power was cut may be lost with the note of
 * where the file is. */
static void written(struct writer *w, unsigned n)
{
    struct judge *j = w->run->j;
    judge_acked(j, w->stream, n);
    if (w->path == OLD_PATH && j->sim->seen[SIM_POWER_CUT] != 0)
        j->items[w->stream][n].flags |= ITEM_EXCUSED;
}

static void write_line(struct writer *w)
{
    struct judge *j = w->run->j;
    char text[ITEM_TEXT + 1];
    unsigned n;
    if (w->rest_len != 0) {
        append(w->path, w->rest, w->rest_len);
        written(w, w->begun);
        w->rest_len = 0;
        return;
    }
    if (!judge_next(j, w->stream, &n))
        return;
    struct str line = judge_text(j, w->stream, n, text);
    text[line.len] = '\n';
    size_t len = line.len + 1;
    if (sim_fault(j->sim, SIM_HALF_LINE)) {
        size_t half = 1 + (size_t)sim_below(j->sim, len - 1);
        append(w->path, text, half);
        w->rest_len = len - half;
        memcpy(w->rest, text + half, w->rest_len);
        w->begun = n;
        return;
    }
    append(w->path, text, len);
    written(w, n);
}

/* Every line up to here has reached every receiver. */
static bool all_arrived(const struct writer *w, unsigned from)
{
    const struct judge *j = w->run->j;
    for (unsigned n = from; n < j->sent[w->stream]; n++) {
        const struct item *item = &j->items[w->stream][n];
        for (unsigned r = 0; r < j->receivers; r++) {
            if (item->arrivals[r] == 0 && (item->refused >> r & 1) == 0)
                return false;
        }
    }
    return true;
}

/* Whether the program has noted that it reads the present file: it would find it again. */
static bool is_known(const struct writer *w)
{
    struct buf bytes;
    struct error err;
    struct stat st;
    char inode[32];
    buf_init(&bytes, NULL, 1024 * 1024);
    bool known = world_stat(AT_FDCWD, PATH, 0, &st) == 0 &&
                 file_read(AT_FDCWD, POSITIONS, &bytes, &err) == STATUS_OK;
    int len = snprintf(inode, sizeof inode, " %llu ", (unsigned long long)st.st_ino);
    known = known && str_find(buf_view(&bytes), str_of(inode, (size_t)len), 0) != SIZE_MAX;
    buf_release(&bytes);
    return known && w->first_here < w->run->j->sent[w->stream];
}

static void rotate(struct writer *w)
{
    struct sim *sim = w->run->sim;
    sim_trace(sim, "the log file is rotated at line %u", w->run->j->sent[w->stream]);
    w->first_here = w->run->j->sent[w->stream];
    world_rename(AT_FDCWD, PATH, AT_FDCWD, OLD_PATH);
    w->path = OLD_PATH;
    w->old_until = sim->now;
    if (sim_fault(sim, SIM_LATE_LINES))
        w->old_until += (int64_t)sim_below(sim, 400) * MILLISECOND;
    sync_folder();
}

static void copy_and_truncate(struct writer *w)
{
    struct buf bytes;
    struct error err;
    struct sim *sim = w->run->sim;
    sim_trace(sim, "the log file is copied and truncated at line %u", w->run->j->sent[w->stream]);
    buf_init(&bytes, NULL, 16 * 1024 * 1024);
    ASSERT(file_read(AT_FDCWD, PATH, &bytes, &err) == STATUS_OK);
    int copy = world_open(AT_FDCWD, OLD_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ASSERT(copy >= 0 && file_write_all(copy, bytes.data, bytes.len) == 0);
    world_sync(copy);
    world_close(copy);
    int fd = world_open(AT_FDCWD, PATH, O_WRONLY, 0);
    world_truncate(fd, 0);
    world_sync(fd);
    world_close(fd);
    w->first_here = w->run->j->sent[w->stream];
    sync_folder();
    buf_release(&bytes);
}

static void tick(void *arg)
{
    struct writer *w = arg;
    struct sim *sim = w->run->sim;
    unsigned lines = (unsigned)sim_below(sim, 4);
    loop_timer_start(w->timer, (int64_t)(10 + sim_below(sim, 200)) * MILLISECOND, 0);
    while (lines-- != 0)
        write_line(w);
    if (w->path == OLD_PATH && sim->now >= w->old_until && w->rest_len == 0) {
        w->path = PATH;
        w->first_here = w->run->j->sent[w->stream];
        append(PATH, "", 0);
        sync_folder();
    }
    if (w->path == OLD_PATH || w->rest_len != 0 || w->run->j->sent[w->stream] < w->first_here + 8)
        return;
    if (is_known(w) && sim_fault(sim, SIM_ROTATE))
        rotate(w);
    else if (all_arrived(w, w->first_here) && sim_fault(sim, SIM_COPY_TRUNCATE))
        copy_and_truncate(w);
}

struct writer *writer_new(struct run *run, unsigned stream)
{
    struct writer *w = sim_alloc(sizeof *w);
    w->run = run;
    w->stream = stream;
    w->path = PATH;
    w->timer = loop_timer_new(&run->sim->outside.base, tick, w);
    append(PATH, "", 0);
    sync_folder();
    loop_timer_start(w->timer, 0, 0);
    return w;
}

void writer_free(struct writer *w)
{
    if (w == NULL)
        return;
    loop_timer_close(w->timer);
    mem_free(w);
}
