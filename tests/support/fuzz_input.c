/* See fuzz_input.h. */

#include "tests/support/fuzz_input.h"

#include "base/hash.h"

struct fuzz_state {
    bool fails;     /* the run with a failing allocation */
    bool failed;    /* it has failed */
    uint64_t left;  /* allocations until it fails */
    uint64_t count; /* allocations under test so far */
    uint64_t began; /* mem_count at fuzz_begin */
};

static _Thread_local struct fuzz_state fuzz;

int fuzz_run(const uint8_t *data, size_t size, size_t max, fuzz_fn *once)
{
    if (size > max)
        return 0;
    struct str input = str_of((const char *)data, size);
    fuzz = (struct fuzz_state){0};
    once(input);
    uint64_t chosen = size ? hash_bytes(data, size) : 0;
    if (chosen % 4 == 0 && fuzz.count > 0) {
        fuzz = (struct fuzz_state){.fails = true, .left = 1 + (chosen >> 2) % fuzz.count};
        once(input);
    }
    return 0;
}

void fuzz_begin(void)
{
    mem_free(mem_alloc(NULL, 1)); /* so that the thread has its reserve */
    fuzz.began = mem_count();
    mem_fail_at(fuzz.fails ? fuzz.left : 0);
}

void fuzz_end(void)
{
    uint64_t made = mem_count() - fuzz.began;
    fuzz.failed |= mem_failed_once();
    mem_fail_at(0);
    fuzz.count += made;
    fuzz.left -= made < fuzz.left ? made : fuzz.left;
}

bool fuzz_has_failed(void)
{
    return fuzz.failed || mem_failed_once();
}

bool fuzz_scope(void (*work)(void *arg), void *arg)
{
    fuzz_begin();
    bool done = mem_scope_run(work, arg);
    fuzz_end();
    return done;
}

bool fuzz_choice(struct str *input, uint8_t *choice)
{
    if (input->len == 0)
        return false;
    *choice = (uint8_t)input->ptr[0];
    *input = str_slice(*input, 1, input->len);
    return true;
}
