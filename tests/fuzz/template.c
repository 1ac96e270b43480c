/* Templates over a few values: what compiles runs within its bounds. */

#include "components/loki/process/template/template.h"
#include "tests/support/fuzz_input.h"

enum { OUTPUT_MAX = 1 << 16, INPUT_MAX = 4096, MEMORY_MAX = 64 << 20 };

static bool get(void *arg, struct str name, struct str *out)
{
    (void)arg;
    *out = str_is(name, "Value") ? STR("Some text, 12") : name;
    return name.len % 2 == 1;
}

static struct str *names(void *arg, struct arena *arena, size_t *count)
{
    struct str *out = ARENA_ARRAY(arena, 2, struct str);
    (void)arg;
    out[0] = STR("one");
    out[1] = STR("Value");
    *count = 2;
    return out;
}

struct job {
    struct str text;
    struct buf out;
};

static void work(void *arg)
{
    struct job *job = arg;
    struct arena arena;
    struct error err = {0};
    const struct template_data values = {get, names, NULL, true};
    arena_init(&arena, NULL, MEMORY_MAX);
    struct template *t = template_compile(job->text, &arena, &err);
    ASSERT(t || err.message[0] != '\0');
    if (t)
        template_execute(t, &values, &arena, &job->out, &err);
    ASSERT(job->out.len <= OUTPUT_MAX);
    arena_release(&arena);
}

/* What a template takes beyond its memory is refused, too. */
static void once(struct str text)
{
    struct job job = {.text = text};
    buf_init(&job.out, NULL, OUTPUT_MAX);
    if (!fuzz_scope(work, &job))
        buf_init(&job.out, NULL, OUTPUT_MAX);
    buf_release(&job.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
