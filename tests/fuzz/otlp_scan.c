/* The scan of OTLP bytes: never reads past them, and what it accepts it accepts in two halves put
 * together. */

#include "base/error.h"
#include "runtime/telemetry/otlp_scan.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 16 };

static void once(struct str bytes)
{
    struct otlp_counts counts, twice;
    struct error err = {0};
    uint8_t choice;
    if (!fuzz_choice(&bytes, &choice))
        return;
    enum otlp_signal signal = (enum otlp_signal)(choice % OTLP_SIGNALS);
    struct otlp_limits limits = {.max_depth = choice >> 4};
    fuzz_begin();
    enum status status = otlp_scan(signal, bytes, limits, &counts, &err);
    fuzz_end();
    if (status != STATUS_OK) {
        ASSERT(err.message[0] != '\0');
        return;
    }
    ASSERT(counts.items <= bytes.len + 1 && counts.attributes <= bytes.len + 1);
    char *both = mem_alloc(NULL, 2 * bytes.len);
    if (bytes.len) {
        memcpy(both, bytes.ptr, bytes.len);
        memcpy(both + bytes.len, bytes.ptr, bytes.len);
    }
    ASSERT(otlp_scan(signal, str_of(both, 2 * bytes.len), limits, &twice, &err) == STATUS_OK);
    ASSERT(twice.items == 2 * counts.items && twice.attributes == 2 * counts.attributes);
    mem_free(both);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
