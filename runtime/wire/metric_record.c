/* Reading records of metrics. Everything stays inside the record's bytes. */

#include "runtime/wire/metric_record.h"

#include "runtime/wire/put.h"

static bool varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool zigzag(const uint8_t **at, const uint8_t *end, int64_t *out)
{
    uint64_t value;
    if (!varint(at, end, &value))
        return false;
    *out = (int64_t)(value >> 1 ^ (0 - (value & 1)));
    return true;
}

bool record_varint(struct record_texts *r, uint64_t *out)
{
    return varint(&r->at, r->end, out);
}

bool record_text(struct record_texts *r, struct str *out)
{
    uint64_t len;
    if (!varint(&r->at, r->end, &len) || len > (uint64_t)(r->end - r->at))
        return false;
    *out = str_of((const char *)r->at, (size_t)len);
    r->at += len;
    return true;
}

struct metric_items metric_items_read(struct str body)
{
    const uint8_t *at = (const uint8_t *)(body.len ? body.ptr : "");
    return (struct metric_items){.at = at, .end = at + body.len};
}

static bool begin_section(struct metric_items *items)
{
    uint64_t count;
    items->kind = *items->at++;
    if (items->kind == 0 || items->kind >= ITEM_KINDS || !varint(&items->at, items->end, &count) ||
        count > BATCH_MAX_ITEMS || !zigzag(&items->at, items->end, &items->base))
        return false;
    items->left = (size_t)count;
    items->series = 0;
    return true;
}

static bool take_double(struct metric_items *items, double *out)
{
    if (items->end - items->at < 8)
        return false;
    *out = get_double(items->at);
    items->at += 8;
    return true;
}

static bool take_bytes(struct metric_items *items, struct str *out)
{
    struct record_texts r = {items->at, items->end};
    bool ok = record_text(&r, out);
    items->at = r.at;
    return ok;
}

static bool take_rest(struct metric_items *items, struct metric_item *out)
{
    out->kind = items->kind;
    out->bytes = STR_NONE;
    switch (out->kind) {
    case ITEM_SAMPLE:
        out->bytes = STR_NONE; /* the caller may use one item for all */
        return take_double(items, &out->value);
    case ITEM_HISTOGRAM: return take_bytes(items, &out->bytes);
    case ITEM_EXEMPLAR:
        if (!take_double(items, &out->value) || items->at == items->end)
            return false;
        out->has_time = *items->at++ != 0;
        return take_bytes(items, &out->bytes);
    default: return false;
    }
}

static bool take_item(struct metric_items *items, struct metric_item *out)
{
    int64_t series, time;
    if (!zigzag(&items->at, items->end, &series) || !zigzag(&items->at, items->end, &time))
        return false;
    series = (int64_t)((uint64_t)series + (uint64_t)items->series);
    if (series < 0 || series > UINT32_MAX)
        return false;
    out->series = (uint32_t)series;
    out->t_ms = (int64_t)((uint64_t)time + (uint64_t)items->base);
    items->series = series + 1;
    items->left--;
    return take_rest(items, out);
}

bool metric_items_next(struct metric_items *items, struct metric_item *out)
{
    while (items->left == 0) {
        if (items->at == items->end || items->bad)
            return false;
        items->bad = !begin_section(items);
        if (items->bad)
            return false;
    }
    items->bad = !take_item(items, out);
    if (items->bad)
        items->left = 0;
    return !items->bad;
}

bool metric_items_count(struct str body, size_t *count)
{
    struct metric_items items = metric_items_read(body);
    struct metric_item item;
    *count = 0;
    while (metric_items_next(&items, &item))
        ++*count;
    return !items.bad;
}
