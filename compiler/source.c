/* Sources: the text, its line index, and positions. A source is one block of memory with name and
 * text behind the struct, and a second one for the line index. */

#include "compiler/source.h"
#include "base/strconv.h"

struct mem_owner compiler_memory = MEM_OWNER_INIT("compiler", 0);

enum { TYPICAL_LINE = 24, WORD = sizeof(uint64_t) };

/* NUL, or a byte beyond ASCII, in eight bytes. */
static bool word_is_plain(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t highs = 0x8080808080808080u;
    return ((word | (word - ones)) & highs) == 0;
}

static bool is_odd(struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        uint64_t word = 0;
        if (text.len - at >= WORD) {
            memcpy(&word, text.ptr + at, WORD);
            if (word_is_plain(word)) {
                at += WORD;
                continue;
            }
        }
        unsigned char byte = (unsigned char)text.ptr[at];
        unsigned size = 1;
        if (byte >= 0x80) {
            uint32_t rune = utf8_decode(str_of(text.ptr + at, text.len - at), &size);
            if ((rune == UTF8_BAD && size == 1) || (rune == 0xFEFF && at > 0)) {
                return true;
            }
        } else if (byte == 0) {
            return true;
        }
        at += size;
    }
    return false;
}

static void index_lines(struct source *source)
{
    struct str text = source->text;
    size_t cap = text.len / TYPICAL_LINE + 16;
    uint32_t *lines = mem_alloc(&compiler_memory, cap * sizeof(*lines));
    uint32_t count = 0;
    const char *end = text.ptr + text.len;
    const char *at = text.ptr;
    lines[count++] = 0;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        if (count == cap) {
            cap *= 2;
            lines = mem_realloc(&compiler_memory, lines, cap * sizeof(*lines));
        }
        lines[count++] = (uint32_t)(at - text.ptr);
    }
    source->lines = lines;
    source->line_count = count;
}

struct source *source_new(struct str name, struct str text, struct error *err)
{
    if (text.len > SOURCE_MAX_BYTES) {
        error_set(err, STATUS_LIMIT, "the text is longer than %d MiB", SOURCE_MAX_BYTES >> 20);
        return NULL;
    }
    struct source *source = mem_alloc(&compiler_memory, sizeof(*source) + name.len + text.len + 2);
    char *bytes = (char *)(source + 1);
    *source = (struct source){.name = {bytes, name.len}, .text = {bytes + name.len + 1, text.len}};
    if (name.len > 0) {
        memcpy(bytes, name.ptr, name.len);
    }
    bytes[name.len] = '\0';
    if (text.len > 0) {
        memcpy(bytes + name.len + 1, text.ptr, text.len);
    }
    bytes[name.len + 1 + text.len] = '\0';
    source->odd = is_odd(source->text);
    index_lines(source);
    atomic_init(&source->refs, 1);
    return source;
}

static void drop(struct source *source)
{
    if (atomic_fetch_sub(&source->refs, 1) == 1) {
        mem_free((void *)(uintptr_t)source->lines);
        mem_free(source);
    }
}

static void drop_in_scope(void *source)
{
    drop(source);
}

struct source *source_ref(struct source *source)
{
    atomic_fetch_add(&source->refs, 1);
    mem_scope_guard(drop_in_scope, source);
    return source;
}

void source_unref(struct source *source)
{
    if (source) {
        mem_scope_unguard(drop_in_scope, source);
        drop(source);
    }
}

static enum status refuse(struct error *err, const char *encoding)
{
    return error_set(err, STATUS_INVALID, "configuration is encoded with %s but must be utf8",
                     encoding);
}

enum status source_check_encoding(struct str text, struct error *err)
{
    static const struct {
        struct str mark;
        const char *encoding; /* NULL = fine */
    } marks[] = {
        {STR_INIT("\xEF\xBB\xBF"), NULL},
        {STR_INIT("\x00\x00\xFE\xFF"), "UTF32BigEndian"},
        {STR_INIT("\xFF\xFE\x00\x00"), "UTF32LittleEndian"},
        {STR_INIT("\xFE\xFF"), "UTF16BigEndian"},
        {STR_INIT("\xFF\xFE"), "UTF16LittleEndian"},
    };
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (str_starts(text, marks[i].mark)) {
            return marks[i].encoding ? refuse(err, marks[i].encoding) : STATUS_OK;
        }
    }
    if (!utf8_valid(text)) {
        return error_set(err, STATUS_INVALID, "unknown encoding for config");
    }
    return STATUS_OK;
}

/* The last of lines[low … high) that begins at or before the offset; lines[low] does. */
static uint32_t search(const struct source *source, uint32_t low, uint32_t high, uint32_t offset)
{
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->lines[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

uint32_t source_line_search(const struct source *source, uint32_t offset, uint32_t near)
{
    uint32_t low = near - 1;
    uint32_t step = 1;
    if (source->lines[low] > offset) {
        uint32_t high = low;
        while (low > 0 && source->lines[low] > offset) {
            high = low;
            low = low > step ? low - step : 0;
            step *= 2;
        }
        return search(source, low, high, offset);
    }
    uint32_t high = low + 1;
    while (high < source->line_count && source->lines[high] <= offset) {
        low = high;
        high = source->line_count - high > step ? high + step : source->line_count;
        step *= 2;
    }
    return search(source, low, high, offset);
}

struct pos source_pos(const struct source *source, uint32_t offset)
{
    uint32_t line = search(source, 0, source->line_count, offset);
    return (struct pos){offset, line, offset - source->lines[line - 1] + 1};
}

struct range source_range(const struct source *source, uint32_t start, uint32_t end)
{
    struct range range = {.start = source_pos(source, start)};
    uint32_t last = end > start ? end - 1 : start;
    uint32_t line = source_line_near(source, last, range.start.line);
    range.end = (struct pos){last, line, last - source->lines[line - 1] + 1};
    return range;
}

struct str source_line(const struct source *source, uint32_t line)
{
    if (line == 0 || line > source->line_count) {
        return STR_NONE;
    }
    uint32_t start = source->lines[line - 1];
    size_t end = line < source->line_count ? (size_t)source->lines[line] - 1 : source->text.len;
    return str_slice(source->text, start, end);
}
