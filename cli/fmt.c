/* `invar fmt [-w] [-t] [--check] [--diff] [PATH...|-]`: prints a configuration in the standard
 * format, as `alloy fmt` does (SEMANTICS §4), or says of many files what would change. A file of at
 * most SOURCE_MAX_BYTES is held in memory; -w changes the file in place, so that its owner, mode
 * and links stay. Each file is a memory scope of its own. */

#include "cli/command.h"
#include "cli/paths.h"
#include "compiler/format.h"
#include "base/file.h"
#include "base/line_diff.h"
#include "base/world.h"

#include <errno.h>
#include <fcntl.h>

/* The formatted text may be longer than the text by indentation and alignment, within reason. */
enum { OUTPUT_FACTOR = 8, OUTPUT_EXTRA = 16 * 1024 * 1024, ERRORS_MAX = 16 * 1024 * 1024 };

struct job {
    const char *path; /* NULL = standard input */
    bool write;
    bool test; /* -t and --check */
    bool diff;
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

static void print_diff(const struct job *job, struct str text, struct str old)
{
    struct str name = job->path ? str_from(job->path) : STR("<stdin>");
    struct buf out;
    buf_init(&out, NULL, 2 * (text.len + old.len) + OUTPUT_EXTRA);
    line_diff(&out, name, name, old, text);
    cli_print(buf_view(&out));
    buf_release(&out);
}

static void deliver(struct job *job, struct str text, struct str old)
{
    bool is_formatted = str_eq(text, old);
    if (job->diff)
        print_diff(job, text, old);
    if (job->test) {
        job->done = is_formatted;
        if (!is_formatted) {
            error_set(&job->err, STATUS_INVALID, "file %s is not formatted correctly",
                      job->path ? job->path : "<stdin>");
        }
    } else if (!job->write) {
        cli_print(job->diff ? STR("") : text);
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
             "read from\nstandard input. With -w, -t, --check or --diff there may be several files "
             "and folders; a folder\nstands for all *.alloy files in and below it.\n\nUsage:\n"
             "  invar fmt [flags] [FILE|-]\n  invar fmt -w|-t|--check|--diff [PATH...]\n\n"
             "Flags:\n");
    flags_help(&out, flags);
    cli_print(buf_view(&out));
    buf_release(&out);
}

/* Formats one file or standard input; false when that failed or the file would change under -t. */
static bool format_path(struct job job, const char *path)
{
    job.path = path;
    if (!mem_scope_run(run, &job))
        error_set(&job.err, STATUS_MEMORY, "out of memory");
    if (!job.done)
        cli_error(job.err.message);
    return job.done;
}

struct many {
    struct job job;
    char **given;
    int count;
    struct arena arena;
    struct paths paths;
    bool expanded;
    struct error err;
};

static void expand(void *arg)
{
    struct many *m = arg;
    m->expanded =
        paths_expand(&m->paths, m->given, (size_t)m->count, &m->arena, &m->err) == STATUS_OK;
}

static bool format_many(struct many *m)
{
    bool done = true;
    arena_init(&m->arena, NULL, 0);
    error_set(&m->err, STATUS_MEMORY, "out of memory");
    bool ran = mem_scope_run(expand, m); /* if not, the arena has been freed */
    for (size_t i = 0; ran && m->expanded && i < m->paths.count; i++)
        done = format_path(m->job, m->paths.items[i]) && done;
    if (!ran || !m->expanded) {
        cli_error(m->err.message);
        done = false;
    }
    if (ran)
        arena_release(&m->arena);
    return done;
}

static enum status check_use(const struct job *job, int count, bool many, bool is_file,
                             struct error *err)
{
    if (count > 1 && !many)
        return error_set(err, STATUS_INVALID, "accepts between 0 and 1 arg(s), received %d", count);
    if (job->write && job->test)
        return error_set(err, STATUS_INVALID,
                         "cannot use -w/--write and -t/--test at the same time");
    if (job->write && !is_file)
        return error_set(err, STATUS_INVALID, "cannot use -w with standard input");
    return STATUS_OK;
}

int cli_fmt(int argc, char **argv)
{
    struct job job = {0};
    bool help = false;
    bool check = false;
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &help, "help for fmt"},
        {"test", 't', FLAG_BOOL, &job.test,
         "exit with non-zero when changes would be made. Cannot be used with -w/--write"},
        {"write", 'w', FLAG_BOOL, &job.write, "write result to the file instead of stdout"},
        {"check", 0, FLAG_BOOL, &check, "the same as --test"},
        {"diff", 0, FLAG_BOOL, &job.diff, "print what would change as a unified diff instead"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &job.err);
    if (count >= 0 && help) {
        print_help(flags);
        return 0;
    }
    job.test = job.test || check;
    bool many = job.write || job.test || job.diff;
    bool is_file = count >= 1 && strcmp(argv[1], "-") != 0;
    if (count < 0 || check_use(&job, count, many, is_file, &job.err) != STATUS_OK) {
        cli_error(job.err.message);
        return 1;
    }
    if (many && is_file) {
        struct many all = {.job = job, .given = argv + 1, .count = count};
        return format_many(&all) ? 0 : 1;
    }
    return format_path(job, is_file ? argv[1] : NULL) ? 0 : 1;
}
