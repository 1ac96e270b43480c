/* The positions file: a line of "invar positions 1", then per entry
 *
 *     OFFSET FINGERPRINT DEVICE INODE "path" "labels" CRC
 *
 * numbers in decimal, texts quoted as Go does, the CRC32C (decimal) over the line before it. */

#include "runtime/storage/positions.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/strconv.h"
#include "base/world.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { PATH_LIMIT = 64 * 1024 };

static const struct str head = STR_INIT("invar positions 1\n");
static const int64_t SAVE_NS = 1000000000;

struct entry {
    struct position_key key; /* its texts stand behind */
    struct position position;
};

struct positions {
    int dir;
    struct log log;
    struct map entries; /* by key text */
    size_t bytes;
    bool dirty;
    bool damaged; /* when it was opened */
    bool failing; /* so that one line is logged, not one a second */
    struct loop_timer *timer;
    struct buf name; /* scratch for keys */
};

/* Keys. */

static struct str key_text(struct positions *p, const struct position_key *key)
{
    buf_clear(&p->name);
    buf_u64(&p->name, key->device);
    buf_byte(&p->name, ' ');
    buf_u64(&p->name, key->inode);
    buf_byte(&p->name, ' ');
    buf_str(&p->name, key->path);
    buf_byte(&p->name, '\0');
    buf_str(&p->name, key->labels);
    return buf_ok(&p->name) ? buf_view(&p->name) : STR_NONE;
}

static struct entry *entry_new(const struct position_key *key)
{
    struct entry *e = mem_try_alloc_shared(NULL, sizeof(*e) + key->path.len + key->labels.len);
    if (!e)
        return NULL;
    char *text = (char *)(e + 1);
    *e = (struct entry){.key = *key};
    if (key->path.len)
        memcpy(text, key->path.ptr, key->path.len);
    if (key->labels.len)
        memcpy(text + key->path.len, key->labels.ptr, key->labels.len);
    e->key.path.ptr = text;
    e->key.labels.ptr = text + key->path.len;
    return e;
}

static bool put(struct positions *p, const struct position_key *key, struct position position)
{
    struct str name = key_text(p, key);
    if (!name.ptr)
        return false;
    struct entry *e = map_get(&p->entries, name);
    if (!e) {
        size_t bytes = key->path.len + key->labels.len + 128;
        if (p->entries.len >= POSITIONS_MAX || p->bytes + bytes > POSITIONS_BYTES / 4)
            return false;
        e = entry_new(key);
        if (!e)
            return false;
        map_put(&p->entries, name, e);
        p->bytes += bytes;
    }
    e->position = position;
    return true;
}

/* Reading. */

static bool take_number(struct str *rest, uint64_t *out)
{
    struct str number;
    return str_cut(*rest, ' ', &number, rest) && str_to_u64(number, out);
}

static bool take_text(struct str *rest, struct buf *out)
{
    size_t end = 1;
    if (rest->len < 2 || rest->ptr[0] != '"')
        return false;
    while (end < rest->len && rest->ptr[end] != '"')
        end += rest->ptr[end] == '\\' ? 2 : 1;
    if (end + 1 >= rest->len || rest->ptr[end + 1] != ' ')
        return false;
    buf_clear(out);
    bool ok = strconv_unquote(out, str_slice(*rest, 0, end + 1)) && buf_ok(out);
    *rest = str_slice(*rest, end + 2, rest->len);
    return ok;
}

static bool read_line(struct positions *p, struct str line, struct buf texts[2])
{
    struct position_key key;
    struct position position;
    size_t last = str_rfind_byte(line, ' ');
    uint64_t crc;
    if (last == SIZE_MAX || !str_to_u64(str_slice(line, last + 1, line.len), &crc) ||
        crc != hash_crc32c(0, line.ptr, last + 1))
        return false;
    struct str rest = str_slice(line, 0, last + 1);
    if (!take_number(&rest, &position.offset) || !take_number(&rest, &position.fingerprint) ||
        !take_number(&rest, &key.device) || !take_number(&rest, &key.inode) ||
        !take_text(&rest, &texts[0]) || !take_text(&rest, &texts[1]) || rest.len)
        return false;
    key.path = buf_view(&texts[0]);
    key.labels = buf_view(&texts[1]);
    return put(p, &key, position);
}

static void read_all(struct positions *p, struct str text)
{
    struct buf texts[2];
    buf_init(&texts[0], NULL, PATH_LIMIT);
    buf_init(&texts[1], NULL, PATH_LIMIT);
    size_t damaged = 0;
    struct str line, rest = text;
    bool whole = str_starts(text, head);
    if (whole)
        rest = str_slice(text, head.len, text.len);
    while (whole && rest.len) {
        str_cut(rest, '\n', &line, &rest);
        damaged += line.len && !read_line(p, line, texts);
    }
    p->damaged = damaged || (!whole && text.len);
    if (p->damaged && p->log.sink)
        LOG(&p->log, LOG_WARN, "positions file is damaged", LOG_I("lost_entries", damaged));
    buf_release(&texts[0]);
    buf_release(&texts[1]);
}

/* Reads up to `room` bytes: the count, or -errno. */
static ssize_t read_bytes(int fd, char *text, size_t room)
{
    size_t len = 0;
    while (len < room) {
        ssize_t got = world_read(fd, text + len, room - len);
        if (got == 0)
            break;
        if (got < 0 && got != -EINTR)
            return got;
        len += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)len;
}

static int load_from(struct positions *p, int fd)
{
    struct stat st;
    int failed = world_fstat(fd, &st);
    if (failed)
        return failed;
    size_t room = st.st_size > 0 && st.st_size < POSITIONS_BYTES ? (size_t)st.st_size : 0;
    char *text = mem_try_alloc_shared(NULL, room);
    if (!text)
        return -ENOMEM;
    ssize_t len = read_bytes(fd, text, room);
    if (len >= 0)
        read_all(p, str_of(text, (size_t)len));
    mem_free(text);
    return len < 0 ? (int)len : 0;
}

/* 0 or -errno. No file, or a link in its place, is an empty one; what may go away must not be taken
 * for that: every file would be read again from its start. */
static int load(struct positions *p)
{
    int fd = world_open(p->dir, "positions", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return fd == -ENOENT || fd == -ELOOP ? 0 : fd;
    int failed = load_from(p, fd);
    world_close(fd);
    return failed;
}

/* Writing. */

static void write_entry(struct buf *out, const struct entry *e)
{
    size_t start = out->len;
    const uint64_t numbers[] = {e->position.offset, e->position.fingerprint, e->key.device,
                                e->key.inode};
    for (size_t i = 0; i < 4; i++) {
        buf_u64(out, numbers[i]);
        buf_byte(out, ' ');
    }
    strconv_quote(out, e->key.path);
    buf_byte(out, ' ');
    strconv_quote(out, e->key.labels);
    buf_byte(out, ' ');
    if (buf_ok(out))
        buf_u64(out, hash_crc32c(0, out->data + start, out->len - start));
    buf_byte(out, '\n');
}

/* Without a sync: the rename keeps either the old or the new file whole when the process dies. */
static int replace(int dir, struct str bytes)
{
    static const char temporary[] = "positions.tmp";
    world_unlink(dir, temporary, 0);
    int fd = world_open(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fd;
    int failed = file_write_all(fd, bytes.ptr, bytes.len);
    int closed = world_close(fd);
    if (!failed)
        failed = closed;
    if (!failed)
        failed = world_rename(dir, temporary, dir, "positions");
    if (failed)
        world_unlink(dir, temporary, 0);
    return failed;
}

struct saving {
    const struct positions *positions;
    struct buf text;
};

static void write_all(void *arg)
{
    struct saving *s = arg;
    buf_init(&s->text, NULL, POSITIONS_BYTES);
    buf_str(&s->text, head);
    MAP_EACH(&s->positions->entries, entry)
    {
        write_entry(&s->text, entry->value);
    }
}

enum status positions_save(struct positions *p, struct error *err)
{
    struct saving s = {.positions = p};
    if (!p->dirty)
        return STATUS_OK;
    if (!mem_scope_run(write_all, &s))
        return error_errno(err, ENOMEM, "write", "positions");
    int failed = buf_ok(&s.text) ? replace(p->dir, buf_view(&s.text)) : -EFBIG;
    buf_release(&s.text);
    if (failed)
        return error_errno(err, -failed, "write", "positions");
    p->dirty = false;
    p->failing = false;
    return STATUS_OK;
}

static void save_due(void *arg)
{
    struct positions *p = arg;
    struct error err = {0};
    if (positions_save(p, &err) == STATUS_OK)
        return;
    if (!p->failing && p->log.sink)
        LOG(&p->log, LOG_WARN, "positions could not be saved", LOG_C("err", err.message));
    p->failing = true;
    loop_timer_start(p->timer, SAVE_NS, 0);
}

static void changed(struct positions *p)
{
    p->dirty = true;
    if (!loop_timer_active(p->timer))
        loop_timer_start(p->timer, SAVE_NS, 0);
}

/* The door. */

enum status positions_open(struct loop *loop, const char *folder, const struct log *log,
                           struct positions **out, struct error *err)
{
    enum status status = file_make_dirs(folder, err);
    if (status != STATUS_OK)
        return status;
    int dir = world_open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (dir < 0)
        return error_errno(err, -dir, "open", folder);
    struct positions *p = mem_try_alloc_shared(NULL, sizeof(*p));
    if (!p) {
        world_close(dir);
        return error_errno(err, ENOMEM, "open", folder);
    }
    *p = (struct positions){.dir = dir};
    if (log)
        p->log = *log;
    map_init(&p->entries, NULL);
    buf_init(&p->name, NULL, PATH_LIMIT);
    p->timer = loop_timer_new(loop, save_due, p);
    int failed = load(p);
    if (failed) {
        positions_close(p);
        return error_errno(err, -failed, "read positions in", folder);
    }
    *out = p;
    return STATUS_OK;
}

bool positions_damaged(const struct positions *p)
{
    return p->damaged;
}

void positions_close(struct positions *p)
{
    if (!p)
        return;
    positions_save(p, NULL);
    world_close(p->dir);
    loop_timer_close(p->timer);
    MAP_EACH(&p->entries, entry)
    {
        mem_free(entry->value);
    }
    map_release(&p->entries);
    buf_release(&p->name);
    mem_free(p);
}

bool positions_get(const struct positions *p, const struct position_key *key, struct position *out)
{
    const struct entry *e = map_get(&p->entries, key_text((struct positions *)p, key));
    if (e)
        *out = e->position;
    return e != NULL;
}

bool positions_set(struct positions *p, const struct position_key *key, struct position position)
{
    if (!put(p, key, position))
        return false;
    changed(p);
    return true;
}

void positions_remove(struct positions *p, const struct position_key *key)
{
    struct entry *e = map_remove(&p->entries, key_text(p, key));
    if (!e)
        return;
    p->bytes -= e->key.path.len + e->key.labels.len + 128;
    mem_free(e);
    changed(p);
}

void positions_filter(struct positions *p, position_fn *keep, void *arg)
{
    /* A removal moves the last entry into the gap: backwards, none is missed. */
    for (size_t i = p->entries.len; i > 0; i--) {
        struct entry *e = p->entries.entries[i - 1].value;
        if (!keep(arg, &e->key, e->position))
            positions_remove(p, &e->key);
    }
}
