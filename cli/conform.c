/* `invar conform KIND`: reads cases from standard input, one JSON object a line, and writes one
 * answer a line with the same id. Every case runs in a memory scope of its own, so that one that
 * fails leaves the others alone. Input and each answer are bounded. */

#include "cli/conform.h"
#include "cli/command.h"
#include "base/strconv.h"

enum { INPUT_MAX = 512 * 1024 * 1024, ANSWER_MAX = 512 * 1024 * 1024 };

static const struct {
    const char *name;
    conform_fn *run;
} kinds[] = {
    {"lex", conform_lex}, /* cli/conform_reader.c */
    {"parse", conform_parse},   {"fmt", conform_fmt},
    {"eval", conform_eval},     /* cli/conform_eval.c */
    {"decode", conform_decode}, /* cli/conform_decode.c */
};

/* ---- helpers ---- */

static int base64_value(char byte)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = byte != '\0' ? strchr(alphabet, byte) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

struct str conform_base64_decode(struct arena *arena, struct str text)
{
    char *out = arena_alloc(arena, text.len / 4 * 3 + 4);
    size_t len = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = base64_value(text.ptr[i]);
        if (value < 0) {
            continue;
        }
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[len++] = (char)(bits >> count & 0xFF);
        }
    }
    return str_of(out, len);
}

void conform_base64_encode(struct buf *out, struct str bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t bits = 0;
        size_t count = bytes.len - i < 3 ? bytes.len - i : 3;
        for (size_t j = 0; j < 3; j++) {
            bits = bits << 8 | (j < count ? (unsigned char)bytes.ptr[i + j] : 0);
        }
        for (size_t j = 0; j < 4; j++) {
            buf_byte(out, j <= count ? alphabet[bits >> (18 - 6 * j) & 63] : '=');
        }
    }
}

void conform_bool(struct conform_case *c, const char *key, bool value)
{
    json_key(c->out, str_from(key));
    json_bool(c->out, value);
}

void conform_string(struct json_writer *w, struct str text)
{
    if (utf8_valid(text)) {
        json_string(w, text);
        return;
    }
    struct buf encoded;
    buf_init(&encoded, NULL, ANSWER_MAX);
    conform_base64_encode(&encoded, text);
    conform_tagged(w, "$bytes", buf_view(&encoded));
    buf_release(&encoded);
}

void conform_tagged(struct json_writer *w, const char *tag, struct str text)
{
    json_object(w);
    json_key(w, str_from(tag));
    conform_string(w, text);
    json_object_end(w);
}

void conform_text(struct conform_case *c, const char *key, struct str text)
{
    json_key(c->out, str_from(key));
    conform_string(c->out, text);
}

static void write_end(struct json_writer *w, struct pos pos, const char *line, const char *col)
{
    json_key(w, str_from(line));
    json_u64(w, pos.line);
    json_key(w, str_from(col));
    json_u64(w, pos.col);
}

void conform_diags(struct conform_case *c, const char *key, const struct diags *diags)
{
    json_key(c->out, str_from(key));
    json_array(c->out);
    for (size_t i = 0; i < diags->len; i++) {
        const struct diag *diag = &diags->items[i];
        json_object(c->out);
        json_key(c->out, STR("severity"));
        json_string(c->out, diag->severity == DIAG_ERROR ? STR("error") : STR("warning"));
        write_end(c->out, diag->range.start, "line", "col");
        write_end(c->out, diag->range.end, "end_line", "end_col");
        json_key(c->out, STR("message"));
        json_string(c->out, diag->message);
        if (diag->value.len > 0) {
            json_key(c->out, STR("value"));
            json_string(c->out, diag->value);
        }
        json_object_end(c->out);
    }
    json_array_end(c->out);
}

struct source *conform_source(struct conform_case *c, struct str name)
{
    struct error err = {0};
    struct source *source = source_new(name, c->src, &err);
    if (!source) {
        conform_bool(c, "ok", false);
        conform_text(c, "error", str_from(err.message));
    }
    return source;
}

/* ---- cases ---- */

struct job {
    struct str line;
    conform_fn *run;
    struct buf out; /* born in the case's scope */
};

static void answer(void *arg)
{
    struct job *job = arg;
    struct arena arena;
    arena_init(&arena, NULL, INPUT_MAX);
    struct json_writer writer;
    buf_init(&job->out, NULL, ANSWER_MAX);
    json_begin(&writer, &job->out);
    struct conform_case c = {.arena = &arena, .out = &writer};
    struct doc *input = NULL;
    struct error err = {0};
    json_object(&writer);
    if (json_read(&arena, job->line, (struct doc_limits){0}, &input, &err) != STATUS_OK) {
        conform_text(&c, "error", str_from(err.message));
    } else {
        const struct doc *id = doc_get(input, STR("id"));
        const struct doc *src = doc_get(input, STR("src"));
        const struct doc *bytes = doc_get(input, STR("src_b64"));
        c.input = input;
        c.src = src ? src->text : STR_NONE;
        if (bytes) {
            c.src = conform_base64_decode(&arena, bytes->text);
        }
        conform_text(&c, "id", id ? id->text : STR_NONE);
        job->run(&c);
    }
    json_object_end(&writer);
    buf_byte(&job->out, '\n');
    arena_release(&arena);
}

static void answer_all(struct str input, conform_fn *run)
{
    while (input.len > 0) {
        struct job job = {.run = run};
        str_cut(input, '\n', &job.line, &input);
        if (job.line.len == 0) {
            continue;
        }
        if (mem_scope_run(answer, &job)) {
            cli_print(buf_view(&job.out));
            buf_release(&job.out);
        } else {
            cli_print(STR("{\"error\":\"out of memory\"}\n"));
        }
    }
}

int cli_conform(int argc, char **argv)
{
    conform_fn *run = NULL;
    for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(argv[1], kinds[i].name) == 0) {
            run = kinds[i].run;
        }
    }
    if (!run) {
        cli_error("usage: invar conform lex|parse|fmt|eval|decode");
        return 1;
    }
    struct buf input;
    struct error err = {0};
    buf_init(&input, NULL, INPUT_MAX);
    bool is_read = cli_read_stdin(&input, &err) == STATUS_OK;
    if (is_read) {
        answer_all(buf_view(&input), run);
    } else {
        cli_error(err.message);
    }
    buf_release(&input);
    return is_read ? 0 : 1;
}
