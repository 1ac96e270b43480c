/*
 * Commands in tests: run in the test's process, in a folder of its own, with standard output and
 * error caught.
 */
#ifndef INVAR_TESTS_SUPPORT_COMMAND_H
#define INVAR_TESTS_SUPPORT_COMMAND_H

#include "base/str.h"

enum { COMMAND_CAUGHT_MAX = 64 * 1024 };

struct command_answer {
    int status;
    char out[COMMAND_CAUGHT_MAX];
    char err[COMMAND_CAUGHT_MAX];
};

/* Makes an empty folder and enters it; colours are off from here on. */
void command_folder(void);
/* Leaves the folder and removes it with its files and folders. */
void command_folder_remove(void);
/* Writes a file of the folder, with the folders that its name has. */
void command_file(const char *name, const char *text);
/* The words after the command's name end with NULL. The allocation numbered `fail_at` fails; 0 =
 * none. */
void command_run(struct command_answer *answer, int (*command)(int argc, char **argv),
                 uint64_t fail_at, const char *const *words);

#define COMMAND_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
