/* Flags, output and input of the commands. Owns nothing. */

#include "cli/command.h"
#include "base/file.h"
#include "base/world.h"

#include <errno.h>

enum { STDIN = 0, STDOUT = 1, STDERR = 2, CHUNK = 64 * 1024, HELP_COLUMN = 28 };

/* ---- flags ---- */

struct scan {
    const struct flag *flags;
    int argc;
    char **argv;
    int at; /* the argument being read */
    struct error *err;
};

static const struct flag *find_name(const struct flag *flags, struct str name)
{
    for (; flags->name; flags++) {
        if (str_is(name, flags->name)) {
            return flags;
        }
    }
    return NULL;
}

static const struct flag *find_letter(const struct flag *flags, char letter)
{
    for (; flags->name; flags++) {
        if (flags->letter == letter) {
            return flags;
        }
    }
    return NULL;
}

/* Go's strconv.ParseBool. */
static bool parse_bool(const char *text, bool *out)
{
    static const char *const words[2][6] = {{"0", "f", "F", "false", "FALSE", "False"},
                                            {"1", "t", "T", "true", "TRUE", "True"}};
    for (int value = 0; value < 2; value++) {
        for (int i = 0; i < 6; i++) {
            if (strcmp(text, words[value][i]) == 0) {
                *out = value == 1;
                return true;
            }
        }
    }
    return false;
}

static bool set_bool(const struct scan *scan, const struct flag *flag, const char *text)
{
    if (parse_bool(text, flag->target)) {
        return true;
    }
    error_set(scan->err, STATUS_INVALID,
              "invalid argument \"%s\" for \"%s%c%s--%s\" flag: strconv.ParseBool: parsing \"%s\": "
              "invalid syntax",
              text, flag->letter ? "-" : "", flag->letter ? flag->letter : '-',
              flag->letter ? ", " : "", flag->name, text);
    return false;
}

/* The value of a flag that needs one: what follows in the same argument, else the next one. */
static const char *take_value(struct scan *scan, const char *attached)
{
    if (attached) {
        return attached;
    }
    return scan->at + 1 < scan->argc ? scan->argv[++scan->at] : NULL;
}

static bool read_long(struct scan *scan, const char *text)
{
    const char *equals = strchr(text, '=');
    struct str name = str_of(text, equals ? (size_t)(equals - text) : strlen(text));
    const struct flag *flag = find_name(scan->flags, name);
    if (!flag) {
        error_set(scan->err, STATUS_INVALID, "unknown flag: --%.*s", STR_ARG(name));
        return false;
    }
    if (flag->kind == FLAG_BOOL) {
        return set_bool(scan, flag, equals ? equals + 1 : "true");
    }
    const char *value = take_value(scan, equals ? equals + 1 : NULL);
    if (!value) {
        error_set(scan->err, STATUS_INVALID, "flag needs an argument: --%s", flag->name);
        return false;
    }
    *(const char **)flag->target = value;
    return true;
}

/* "-w", "-tw", "-oFILE", "-o=FILE", "-o FILE". */
static bool read_letters(struct scan *scan, const char *letters)
{
    for (const char *at = letters; *at != '\0'; at++) {
        const struct flag *flag = find_letter(scan->flags, *at);
        if (!flag) {
            error_set(scan->err, STATUS_INVALID, "unknown shorthand flag: '%c' in -%s", *at,
                      letters);
            return false;
        }
        const char *attached = at[1] == '=' ? at + 2 : NULL;
        if (flag->kind == FLAG_BOOL) {
            if (!set_bool(scan, flag, attached ? attached : "true")) {
                return false;
            }
            if (attached) {
                return true;
            }
            continue;
        }
        const char *value = take_value(scan, attached ? attached : at[1] != '\0' ? at + 1 : NULL);
        if (!value) {
            error_set(scan->err, STATUS_INVALID, "flag needs an argument: '%c' in -%s", *at,
                      letters);
            return false;
        }
        *(const char **)flag->target = value;
        return true;
    }
    return true;
}

int flags_parse(const struct flag *flags, int argc, char **argv, struct error *err)
{
    struct scan scan = {flags, argc, argv, 1, err};
    int count = 0;
    bool only_arguments = false;
    for (; scan.at < argc; scan.at++) {
        char *text = argv[scan.at];
        bool is_flag = !only_arguments && text[0] == '-' && text[1] != '\0';
        if (!is_flag) {
            argv[++count] = text;
        } else if (strcmp(text, "--") == 0) {
            only_arguments = true;
        } else if (!(text[1] == '-' ? read_long(&scan, text + 2) : read_letters(&scan, text + 1))) {
            return -1;
        }
    }
    return count;
}

void flags_help(struct buf *out, const struct flag *flags)
{
    for (; flags->name; flags++) {
        size_t start = out->len;
        if (flags->letter != '\0') {
            buf_printf(out, "  -%c, --%s", flags->letter, flags->name);
        } else {
            buf_printf(out, "      --%s", flags->name);
        }
        buf_cstr(out, flags->kind == FLAG_TEXT ? " string" : "");
        size_t width = out->len - start;
        buf_fill(out, ' ', width < HELP_COLUMN ? HELP_COLUMN - width : 3);
        buf_cstr(out, flags->help);
        buf_byte(out, '\n');
    }
}

/* ---- output and input ---- */

void cli_print(struct str text)
{
    file_write_all(STDOUT, text.ptr, text.len);
}

void cli_print_error(struct str text)
{
    file_write_all(STDERR, text.ptr, text.len);
}

void cli_error(const char *message)
{
    struct buf line;
    buf_init(&line, NULL, 1024 * 1024);
    buf_printf(&line, "Error: %s\n", message);
    cli_print_error(buf_view(&line));
    buf_release(&line);
}

enum status cli_read_stdin(struct buf *out, struct error *err)
{
    for (;;) {
        char *room = buf_reserve(out, CHUNK);
        if (!room) {
            return error_set(err, STATUS_LIMIT, "standard input is longer than %zu bytes",
                             out->max);
        }
        ssize_t got = world_read(STDIN, room, CHUNK);
        if (got == -EINTR) {
            continue;
        }
        if (got < 0) {
            return error_errno(err, (int)-got, "read", "/dev/stdin");
        }
        if (got == 0) {
            return STATUS_OK;
        }
        out->len += (size_t)got;
    }
}
