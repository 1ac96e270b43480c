/* The program's entry: finds the command and runs it. Owns nothing; a command is a file beside this
 * one and a line in cli/commands.def. */

#include "cli/command.h"

#define COMMAND(name, function, summary) {name, summary, function},
static const struct command commands[] = {
#include "cli/commands.def"
};
#undef COMMAND

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(void)
{
    struct buf out;
    buf_init(&out, NULL, 1024 * 1024);
    buf_cstr(&out, "Runs Grafana Alloy configuration files.\n\n"
                   "Usage:\n  invar [command]\n\nAvailable Commands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        if (commands[i].summary) {
            buf_printf(&out, "  %-12s %s\n", commands[i].name, commands[i].summary);
        }
    }
    buf_cstr(&out, "\nFlags:\n  -h, --help      help for invar\n"
                   "  -v, --version   version for invar\n\n"
                   "Use \"invar [command] --help\" for more information about a command.\n");
    cli_print(buf_view(&out));
    buf_release(&out);
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2 || is_one_of(argv[1], "-h", "--help") || strcmp(argv[1], "help") == 0) {
        print_help();
        return 0;
    }
    if (is_one_of(argv[1], "-v", "--version")) {
        cli_print(STR("invar version " INVAR_VERSION "\n"));
        return 0;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    struct error err;
    error_set(&err, STATUS_INVALID,
              "unknown command \"%s\" for \"invar\"\nRun 'invar --help' for usage.", argv[1]);
    cli_error(err.message);
    return 1;
}
