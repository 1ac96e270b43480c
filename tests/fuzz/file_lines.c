/* Bytes of a log file as entries, in every encoding; and a gzip or zlib file as a stream. The first
 * byte chooses which, the second how large the pieces are. */

#include "components/loki/source/file/inflate.h"
#include "components/loki/source/file/lines.h"
#include "base/strconv.h"
#include "tests/support/fake_files.h"
#include "tests/support/fuzz_input.h"

#include <fcntl.h>

enum { INPUT_MAX = 1 << 14, PLAIN_MAX = 1 << 18 };

struct job {
    struct str bytes;
    struct labels *labels;
    uint8_t choice;
    uint8_t piece;
};

/* Every byte is used up in the end, and what stands in an entry is UTF-8 unless it is taken as it
 * is. */
static void split(const struct job *job)
{
    static const enum text_encoding encodings[] = {TEXT_AS_IS, TEXT_UTF8, TEXT_UTF16BE,
                                                   TEXT_UTF16LE, TEXT_LATIN1};
    struct line_split how = {.labels = job->labels,
                             .encoding = encodings[(job->choice >> 1) % 5],
                             .whole = job->choice & 128};
    struct str rest = job->bytes;
    size_t mark = text_encoding_mark(rest, &how.encoding);
    rest = str_slice(rest, mark, rest.len);
    struct log_batch *out = log_batch_new(0);
    size_t end = lines_last_end(rest, how.encoding);
    size_t used = lines_split(out, rest, &how);
    ASSERT(used <= rest.len);
    ASSERT(used == (how.whole ? rest.len : end) || fuzz_has_failed());
    for (size_t i = 0; i < out->entry_count; i++) {
        ASSERT(how.encoding == TEXT_AS_IS || utf8_valid(out->entries[i].line));
        ASSERT(i == 0 || out->entries[i].t_ns == out->entries[i - 1].t_ns + 1);
    }
    batch_unref(&out->base);
}

struct reading {
    struct inflate *in;
    int64_t at;
    size_t want;
    struct str view;
    enum status status;
    struct error err;
};

static void read_on(void *arg)
{
    struct reading *r = arg;
    r->status = inflate_view(r->in, r->at, r->want, &r->view, &r->err);
}

/* As a tailer does: the stream is opened outside of a scope, and each reading has one. What a scope
 * has refused is read again. */
static void inflate(const struct job *job)
{
    struct reading r = {.want = 1 + (size_t)job->piece * job->piece};
    int fd = world_open(-1, "/z", O_RDONLY, 0);
    fuzz_begin();
    r.in = inflate_new(fd, job->choice & 2, NULL, &r.err);
    fuzz_end();
    ASSERT(r.in || (fuzz_has_failed() && r.err.status == STATUS_MEMORY));
    while (r.in && r.at < PLAIN_MAX) {
        if (!fuzz_scope(read_on, &r)) {
            ASSERT(fuzz_has_failed());
            continue;
        }
        ASSERT(r.status == STATUS_OK ? r.view.len <= r.want : r.err.message[0] != '\0');
        if (r.status != STATUS_OK || r.view.len == 0)
            break;
        r.at += (int64_t)(r.view.len + 1) / 2;
    }
    inflate_free(r.in);
    (void)world_close(fd);
}

static void once(struct str input)
{
    struct job job = {0};
    if (!fuzz_choice(&input, &job.choice) || !fuzz_choice(&input, &job.piece))
        return;
    struct fake_files *files = fake_files_new();
    struct label_table *table = label_table_new(NULL);
    struct label own = {STR("a"), STR("b")};
    job.labels = labels_intern(table, &own, 1, NULL);
    job.bytes = input;
    world_enter(fake_files_world(files));
    fake_files_put(files, "/z", input);
    if (job.choice & 1) {
        inflate(&job);
    } else {
        fuzz_begin();
        split(&job);
        fuzz_end();
    }
    world_enter(NULL);
    fake_files_free(files);
    labels_unref(job.labels);
    ASSERT(label_table_count(table) == 0);
    label_table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
