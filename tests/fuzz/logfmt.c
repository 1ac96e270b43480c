/* The stage logfmt over any line. */

#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"
#include "tests/support/fuzz_input.h"

extern const struct stage_def stage_logfmt;

enum { INPUT_MAX = 4096, MEMORY_MAX = 16 << 20 };

static void work(void *arg)
{
    const struct str *text = arg;
    struct str_map_pair pairs[] = {{STR_INIT("level"), STR_INIT("")},
                                   {STR_INIT("m"), STR_INIT("msg")}};
    struct stage_logfmt_args args = {.mapping = {.items = pairs, .count = 2, .is_set = true}};
    struct arena arena;
    struct error err = {0};
    struct stage stage = {.def = &stage_logfmt};
    struct label_builder labels;
    arena_init(&arena, NULL, MEMORY_MAX);
    label_builder_init(&labels);
    struct log_line line = {.line = *text, .labels = &labels, .arena = &arena};
    ASSERT(stage_logfmt.create(&stage, &args, &arena, &err) == STATUS_OK);
    stage_logfmt.run(&stage, &line);
    for (size_t i = 0; i < line.value_count; i++)
        ASSERT(line.values[i].kind == EXTRACTED_STRING || line.values[i].kind == EXTRACTED_NULL);
    if (stage_logfmt.release)
        stage_logfmt.release(&stage);
    label_builder_release(&labels);
    arena_release(&arena);
}

static void once(struct str text)
{
    ASSERT(fuzz_scope(work, &text) || fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
