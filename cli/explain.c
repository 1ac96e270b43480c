/* `invar explain [CODE...]`: what the code of a diagnostic means, an example, and how to mend it;
 * without a code the list of all. With --json the whole table, examples in base64, for the test
 * that runs them. */

#include "cli/command.h"
#include "compiler/explain.h"

enum { PAGE_MAX = 4 * 1024 * 1024 };

static const char *severity_name(enum diag_id id)
{
    return diag_severity(id) == DIAG_ERROR ? "error" : "warning";
}

static void list_codes(struct buf *out)
{
    for (int id = 0; id < DIAG_ID_COUNT; id++) {
        struct explain e;
        explain_at((enum diag_id)id, &e);
        buf_printf(out, "%s  %-7s  %s\n", diag_code(e.id), severity_name(e.id), e.meaning);
    }
}

static void member(struct json_writer *w, const char *key, const char *value)
{
    json_key(w, str_from(key));
    json_string(w, str_from(value));
}

static void write_table(struct buf *out)
{
    static const char *const sayers[] = {"validate", "run", "fmt", "nothing"};
    struct json_writer w;
    json_begin(&w, out);
    json_array(&w);
    for (int id = 0; id < DIAG_ID_COUNT; id++) {
        struct explain e;
        struct buf text;
        buf_init(&text, NULL, PAGE_MAX);
        explain_at((enum diag_id)id, &e);
        json_object(&w);
        member(&w, "code", diag_code(e.id));
        member(&w, "severity", severity_name(e.id));
        member(&w, "wording", diag_format(e.id));
        member(&w, "meaning", e.meaning);
        member(&w, "by", sayers[e.by]);
        for (size_t at = 0; at < e.example.len; at++)
            buf_printf(&text, "%02x", (unsigned char)e.example.ptr[at]);
        json_key(&w, STR("example"));
        json_string(&w, buf_view(&text));
        json_key(&w, STR("tail"));
        json_string(&w, e.tail);
        json_key(&w, STR("repeat"));
        json_u64(&w, e.repeat);
        member(&w, "mend", e.mend);
        json_object_end(&w);
        buf_release(&text);
    }
    json_array_end(&w);
    buf_byte(out, '\n');
}

/* NULL = all codes are known. */
static const char *write_pages(struct buf *out, char **codes, int count)
{
    for (int i = 0; i < count; i++) {
        struct explain e;
        if (!explain_code(str_from(codes[i]), &e))
            return codes[i];
        if (i > 0)
            buf_byte(out, '\n');
        explain_page(out, &e);
    }
    return NULL;
}

int cli_explain(int argc, char **argv)
{
    struct error err;
    bool help = false, json = false;
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &help, "help for explain"},
        {"json", 0, FLAG_BOOL, &json, "the whole table as JSON"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &err);
    if (count < 0) {
        cli_error(err.message);
        return 1;
    }
    struct buf out;
    buf_init(&out, NULL, PAGE_MAX);
    const char *unknown = NULL;
    if (help) {
        buf_cstr(&out,
                 "Says what the code of a diagnostic means.\n\nUsage:\n  invar explain [flags] "
                 "[CODE...]\n\nFlags:\n");
        flags_help(&out, flags);
    } else if (json) {
        write_table(&out);
    } else if (count == 0) {
        list_codes(&out);
    } else {
        unknown = write_pages(&out, argv + 1, count);
    }
    cli_print(buf_view(&out));
    buf_release(&out);
    if (!unknown)
        return 0;
    error_set(&err, STATUS_INVALID, "there is no code \"%s\"; invar explain lists them", unknown);
    cli_error(err.message);
    return 1;
}
