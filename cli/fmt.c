/* `invar fmt [-w] [-t] [FILE|-]`: prints a configuration in the standard format, as `alloy fmt`
 * does (SEMANTICS §4). A file of at most SOURCE_MAX_BYTES is held in memory; -w changes the file in
 * place, so that its owner, mode and links stay. */

#include "cli/command.h"
#include "compiler/format.h"
#include "base/file.h"
#include "base/world.h"

#include <errno.h>
#include <fcntl.h>

/* The formatted text may be longer than the text by indentation and alignment, within reason. */
enum { OUTPUT_FACTOR = 8, OUTPUT_EXTRA = 16 * 1024 * 1024, ERRORS_MAX = 16 * 1024 * 1024 };

struct job {
    const char *path; /* NULL = standard input */
    bool write;
    bool test;
    bool done;
    struct error err;
};

static bool read_text(struct job *job, struct buf *text)
{
    if (!job->path) {
        return cli_read_stdin(text, &job->err) == STATUS_OK;
    }
    struct stat info;
    int result = world_stat(AT_FDCWD, job->path, 0, &info);
    if (result < 0) {
        error_errno(&job->err, -result, "stat", job->path);
        return false;
    }
    if (S_ISDIR(info.st_mode)) {
        error_set(&job->err, STATUS_INVALID, "cannot format a directory");
        return false;
    }
    return file_read(AT_FDCWD, job->path, text, &job->err) == STATUS_OK;
}

/* Overwrites the file and cuts what is left of the old text. If that fails half way, the old text
 * is put back as far as possible. */
static void overwrite(struct job *job, struct str text, struct str old)
{
    int fd = world_open(AT_FDCWD, job->path, O_WRONLY, 0);
    if (fd < 0) {
        error_errno(&job->err, -fd, "open", job->path);
        return;
    }
    int result = file_write_all(fd, text.ptr, text.len);
    if (result == 0) {
        result = world_truncate(fd, (off_t)text.len);
    }
    if (result < 0) {
        error_errno(&job->err, -result, "write", job->path);
        if (world_seek(fd, 0, SEEK_SET) == 0 && file_write_all(fd, old.ptr, old.len) == 0) {
            world_truncate(fd, (off_t)old.len);
        }
    }
    world_close(fd);
    job->done = result == 0;
}

static void deliver(struct job *job, struct str text, struct str old)
{
    bool is_formatted = str_eq(text, old);
    if (job->test) {
        job->done = is_formatted;
        if (!is_formatted) {
            error_set(&job->err, STATUS_INVALID, "file %s is not formatted correctly",
                      job->path ? job->path : "<stdin>");
        }
    } else if (!job->write) {
        cli_print(text);
        job->done = true;
    } else if (is_formatted) {
        job->done = true;
    } else {
        overwrite(job, text, old);
    }
}

static void print_diags(const struct diags *diags)
{
    struct buf out;
    buf_init(&out, NULL, ERRORS_MAX);
    for (size_t i = 0; i < diags->len; i++) {
        diag_line(&out, &diags->items[i]);
        buf_byte(&out, '\n');
    }
    if (diags->dropped > 0) {
        buf_printf(&out, "(and %zu more diagnostics)\n", diags->dropped);
    }
    cli_print_error(buf_view(&out));
    buf_release(&out);
}

static void format(struct job *job, struct source *source)
{
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = ast_parse(source, &diags);
    if (diags.errors > 0) {
        print_diags(&diags);
        error_set(&job->err, STATUS_INVALID, "encountered errors during formatting");
    } else {
        struct buf out;
        buf_init(&out, NULL, OUTPUT_FACTOR * source->text.len + OUTPUT_EXTRA);
        format_file(&out, ast);
        buf_byte(&out, '\n');
        if (buf_ok(&out)) {
            deliver(job, buf_view(&out), source->text);
        } else {
            error_set(&job->err, STATUS_LIMIT, "the formatted text is too long");
        }
        buf_release(&out);
    }
    ast_free(ast);
    diags_release(&diags);
}

static void run(void *arg)
{
    struct job *job = arg;
    struct buf text;
    buf_init(&text, NULL, SOURCE_MAX_BYTES + 1);
    if (read_text(job, &text)) {
        struct str name = job->path ? str_from(job->path) : STR("<stdin>");
        struct source *source = source_new(name, buf_view(&text), &job->err);
        buf_release(&text);
        if (source) {
            format(job, source);
            source_unref(source);
        }
    }
    buf_release(&text);
}

static void print_help(const struct flag *flags)
{
    struct buf out;
    buf_init(&out, NULL, 64 * 1024);
    buf_cstr(&out,
             "Prints a configuration file in the standard format. Without FILE, or with -, it is "
             "read from\nstandard input.\n\nUsage:\n  invar fmt [flags] [FILE|-]\n\nFlags:\n");
    flags_help(&out, flags);
    cli_print(buf_view(&out));
    buf_release(&out);
}

int cli_fmt(int argc, char **argv)
{
    struct job job = {0};
    bool help = false;
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &help, "help for fmt"},
        {"test", 't', FLAG_BOOL, &job.test,
         "exit with non-zero when changes would be made. Cannot be used with -w/--write"},
        {"write", 'w', FLAG_BOOL, &job.write, "write result to the file instead of stdout"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &job.err);
    if (count >= 0 && help) {
        print_help(flags);
        return 0;
    }
    bool is_file = count == 1 && strcmp(argv[1], "-") != 0;
    job.path = is_file ? argv[1] : NULL;
    if (count > 1) {
        error_set(&job.err, STATUS_INVALID, "accepts between 0 and 1 arg(s), received %d", count);
    } else if (count >= 0 && job.write && job.test) {
        error_set(&job.err, STATUS_INVALID, "cannot use -w/--write and -t/--test at the same time");
    } else if (count >= 0 && job.write && !is_file) {
        error_set(&job.err, STATUS_INVALID, "cannot use -w with standard input");
    } else if (count >= 0 && !mem_scope_run(run, &job)) {
        error_set(&job.err, STATUS_MEMORY, "out of memory");
    }
    if (!job.done) {
        cli_error(job.err.message);
    }
    return job.done ? 0 : 1;
}
