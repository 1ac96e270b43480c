/* Collects what is wrong with a value; see fault.h. */

#include "compiler/fault.h"

void fault_init(struct fault *f)
{
    f->value = NULL;
    f->expected = NULL;
    f->kept = NULL;
    f->plain = false;
    f->depth = 0;
    f->err.status = STATUS_OK;
    f->err.message[0] = 0;
}

void fault_release(struct fault *f)
{
    value_unref(f->kept);
    f->kept = NULL;
}

bool fault_type(struct fault *f, const struct value *v, const char *expected)
{
    f->value = v;
    f->expected = expected;
    f->depth = 0;
    return false;
}

bool fault_set(struct fault *f, const struct value *v, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct buf text;
    buf_init(&text, NULL, ERROR_MAX);
    buf_vprintf(&text, format, args);
    va_end(args);
    error_set(&f->err, STATUS_INVALID, "%.*s", STR_ARG(buf_view(&text)));
    buf_release(&text);
    return fault_at(f, v);
}

bool fault_at(struct fault *f, const struct value *v)
{
    f->value = v;
    f->expected = NULL;
    f->depth = 0;
    return false;
}

static struct fault_step *step(struct fault *f)
{
    ASSERT(f->depth < FAULT_DEPTH);
    return &f->steps[f->depth++];
}

bool fault_index(struct fault *f, const struct value *array, size_t index)
{
    *step(f) = (struct fault_step){.container = array, .index = index};
    return false;
}

bool fault_field(struct fault *f, const struct value *object, struct str key)
{
    *step(f) = (struct fault_step){.container = object, .key = key};
    return false;
}

void fault_argument(struct fault *f, const struct value *argument)
{
    *step(f) = (struct fault_step){.container = argument, .is_argument = true};
}

void fault_message(const struct fault *f, bool is_static, struct buf *out)
{
    if (f->expected)
        buf_printf(out, "%s %s, got %s", is_static ? "expected" : "should be", f->expected,
                   value_type_name(f->value));
    else
        buf_cstr(out, f->err.message);
}
