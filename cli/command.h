#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/* What the files of commands share: the commands themselves (cli/commands.def), flags as Alloy's
 * command line reads them, and output. A command gets its own name as argv[0] and returns the exit
 * status. Only cli/ prints. */

#include "base/buf.h"
#include "base/error.h"

struct command {
    const char *name;
    const char *summary; /* NULL = not in the help */
    int (*run)(int argc, char **argv);
};

#define COMMAND(name, function, summary) int function(int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

/* ---- flags ---- */

enum flag_kind { FLAG_BOOL, FLAG_TEXT };

struct flag {
    const char *name; /* without dashes; a row with NULL ends the table */
    char letter;      /* "-w"; 0 = none */
    enum flag_kind kind;
    void *target; /* bool, or const char * (borrowed from argv) */
    const char *help;
};

/* Reads "--name=value", "--name value", "-w", "-tw"; a bool takes its value only after "=". Flags
 * and arguments may be mixed,
 * "--" ends the flags. The arguments are moved to argv[1 … result]. Returns how many there are, or
 * -1 with `err` in the words of Go's pflag. */
int flags_parse(const struct flag *flags, int argc, char **argv, struct error *err);
/* The lines of a help text. */
void flags_help(struct buf *out, const struct flag *flags);

/* ---- output and input ---- */

void cli_print(struct str text);       /* to standard output */
void cli_print_error(struct str text); /* to standard error, as it is */
void cli_error(const char *message);   /* "Error: MESSAGE" to standard error */
/* Appends standard input up to its end; STATUS_LIMIT when it does not fit. */
enum status cli_read_stdin(struct buf *out, struct error *err);

#endif
