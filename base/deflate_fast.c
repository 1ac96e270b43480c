/* ISA-L behind dlopen. About 350 KiB a thread that uses it. */

#include "base/deflate_fast.h"

#include "base/memory.h"

#include <dlfcn.h>
#include <isa-l/igzip_lib.h>

struct deflate_fast {
    void *library;
    void (*init)(struct isal_zstream *stream);
    int (*run)(struct isal_zstream *stream);
    struct isal_zstream stream;
    unsigned char work[ISAL_DEF_LVL1_DEFAULT];
};

struct deflate_fast *deflate_fast_new(void)
{
    struct deflate_fast *fast = mem_lib_malloc(sizeof(*fast));
    if (!fast)
        return NULL;
    fast->library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
    if (fast->library) {
        fast->init =
            (void (*)(struct isal_zstream *))dlsym(fast->library, "isal_deflate_stateless_init");
        fast->run = (int (*)(struct isal_zstream *))dlsym(fast->library, "isal_deflate_stateless");
        if (fast->init && fast->run)
            return fast;
        dlclose(fast->library);
    }
    mem_lib_free(fast);
    return NULL;
}

void deflate_fast_free(struct deflate_fast *fast)
{
    if (!fast)
        return;
    dlclose(fast->library);
    mem_lib_free(fast);
}

size_t deflate_fast_run(struct deflate_fast *fast, bool gzip, struct str in, char *out, size_t room)
{
    if (in.len >= UINT32_MAX)
        return 0;
    struct isal_zstream *s = &fast->stream;
    fast->init(s);
    s->level = 1;
    s->level_buf = fast->work;
    s->level_buf_size = sizeof(fast->work);
    s->gzip_flag = gzip ? IGZIP_GZIP : IGZIP_ZLIB;
    s->flush = NO_FLUSH;
    s->end_of_stream = 1;
    s->next_in = (uint8_t *)(in.len ? in.ptr : "");
    s->avail_in = (uint32_t)in.len;
    s->next_out = (uint8_t *)out;
    s->avail_out = room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
    return fast->run(s) == COMP_OK && s->avail_in == 0 ? s->total_out : 0;
}
