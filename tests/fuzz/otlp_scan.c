/* The scan of OTLP bytes: never reads past them, and what it accepts it accepts in two halves put
 * together. */

#include "base/error.h"
#include "runtime/telemetry/otlp_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum otlp_signal signal = (enum otlp_signal)(data[0] % OTLP_SIGNALS);
    struct str bytes = str_of((const char *)data + 1, size - 1);
    struct otlp_counts counts, twice;
    struct error err = {0};
    struct otlp_limits limits = {.max_depth = data[0] >> 4};
    if (otlp_scan(signal, bytes, limits, &counts, &err) != STATUS_OK) {
        ASSERT(err.message[0] != '\0');
        return 0;
    }
    ASSERT(counts.items <= size && counts.attributes <= size);
    char *both = mem_alloc(NULL, 2 * bytes.len);
    if (bytes.len) {
        memcpy(both, bytes.ptr, bytes.len);
        memcpy(both + bytes.len, bytes.ptr, bytes.len);
    }
    ASSERT(otlp_scan(signal, str_of(both, 2 * bytes.len), limits, &twice, &err) == STATUS_OK);
    ASSERT(twice.items == 2 * counts.items && twice.attributes == 2 * counts.attributes);
    mem_free(both);
    return 0;
}
