/* The folder is below the system's for temporary files; output goes to files in memory. */

#include "tests/support/command.h"

#include "base/file.h"
#include "base/memory.h"
#include "tests/support/test.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void command_folder(void)
{
    char folder[] = "/tmp/invar-command-XXXXXX";
    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    setenv("NO_COLOR", "1", 1);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void command_folder_remove(void)
{
    char folder[256];
    cr_assert(getcwd(folder, sizeof(folder)));
    cr_assert(strstr(folder, "/invar-command-"));
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void command_file(const char *name, const char *text)
{
    struct error err;
    char folder[256];
    const char *slash = strrchr(name, '/');
    if (slash) {
        (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
        cr_assert_eq(file_make_dirs(folder, &err), STATUS_OK, "%s", err.message);
    }
    FILE *file = fopen(name, "w");
    cr_assert(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

struct caught {
    int fd;
    int kept;
    int file;
};

static struct caught catch_fd(int fd)
{
    struct caught c = {fd, dup(fd), memfd_create("caught", 0)};
    cr_assert_geq(dup2(c.file, fd), 0);
    return c;
}

static void give_back(struct caught c, char *into)
{
    dup2(c.kept, c.fd);
    close(c.kept);
    ssize_t got = pread(c.file, into, COMMAND_CAUGHT_MAX - 1, 0);
    into[got > 0 ? got : 0] = '\0';
    close(c.file);
}

void command_run(struct command_answer *answer, int (*command)(int argc, char **argv),
                 uint64_t fail_at, const char *const *words)
{
    char *argv[16] = {(char[]){"command"}};
    int argc = 1;
    for (; *words && argc < 15; words++)
        argv[argc++] = (char *)(uintptr_t)*words;
    struct caught out = catch_fd(STDOUT_FILENO);
    struct caught err = catch_fd(STDERR_FILENO);
    mem_fail_at(fail_at);
    answer->status = command(argc, argv);
    give_back(out, answer->out);
    give_back(err, answer->err);
}
