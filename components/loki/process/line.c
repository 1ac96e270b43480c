/* What stages do with a line. Everything lives in the line's arena; values are few, so that a
 * search along the array is faster than a map. */

#include "base/strconv.h"
#include "components/loki/process/stage.h"

static struct extracted *find(const struct log_line *line, struct str key)
{
    for (size_t i = 0; i < line->value_count; i++) {
        if (str_eq(line->values[i].key, key))
            return &line->values[i];
    }
    return NULL;
}

const struct extracted *line_value(const struct log_line *line, struct str key)
{
    return find(line, key);
}

static void set(struct log_line *line, const struct extracted *value)
{
    struct extracted *old = find(line, value->key);
    if (old != NULL) {
        *old = *value;
        return;
    }
    if (line->value_count == EXTRACTED_MAX)
        return;
    if (line->value_count == line->value_cap) {
        size_t cap = line->value_cap != 0 ? line->value_cap * 2 : 16;
        struct extracted *grown = ARENA_ARRAY(line->arena, cap, struct extracted);
        if (line->value_count != 0) {
            memcpy(grown, line->values, line->value_count * sizeof *grown);
        }
        line->values = grown;
        line->value_cap = cap;
    }
    line->values[line->value_count++] = *value;
}

void line_set_string(struct log_line *line, struct str key, struct str text)
{
    set(line, &(struct extracted){.key = key, .kind = EXTRACTED_STRING, .text = text});
}

void line_set_number(struct log_line *line, struct str key, double number)
{
    set(line, &(struct extracted){.key = key, .kind = EXTRACTED_NUMBER, .number = number});
}

void line_set_bool(struct log_line *line, struct str key, bool value)
{
    set(line, &(struct extracted){.key = key, .kind = EXTRACTED_BOOL, .boolean = value});
}

void line_set_null(struct log_line *line, struct str key)
{
    set(line, &(struct extracted){.key = key, .kind = EXTRACTED_NULL});
}

void line_remove_value(struct log_line *line, struct str key)
{
    struct extracted *value = find(line, key);
    if (value == NULL)
        return;
    *value = line->values[--line->value_count];
}

bool line_text(struct log_line *line, const struct extracted *value, struct str *out)
{
    struct buf text;
    if (value == NULL || value->kind == EXTRACTED_NULL)
        return false;
    if (value->kind == EXTRACTED_STRING) {
        *out = value->text;
    } else if (value->kind == EXTRACTED_BOOL) {
        *out = value->boolean ? STR("true") : STR("false");
    } else {
        buf_init(&text, NULL, 512);
        strconv_float(&text, value->number, 'f');
        *out = arena_str(line->arena, buf_view(&text));
        buf_release(&text);
    }
    return true;
}

bool line_source(struct log_line *line, struct str source, struct str *out)
{
    if (source.len == 0) {
        *out = line->line;
        return true;
    }
    return line_text(line, line_value(line, source), out);
}

void line_set_label(struct log_line *line, struct str name, struct str value)
{
    label_builder_put(line->labels, name, value);
    line->labels_changed = true;
}

void line_remove_label(struct log_line *line, struct str name)
{
    label_builder_remove(line->labels, name);
    line->labels_changed = true;
}

void line_add_metadata(struct log_line *line, struct str name, struct str value)
{
    if (line->metadata_count == LABELS_MAX)
        return;
    if (line->metadata_count == line->metadata_cap) {
        size_t cap = line->metadata_cap != 0 ? line->metadata_cap * 2 : 8;
        struct label *grown = ARENA_ARRAY(line->arena, cap, struct label);
        if (line->metadata_count != 0) {
            memcpy(grown, line->metadata, line->metadata_count * sizeof *grown);
        }
        line->metadata = grown;
        line->metadata_cap = cap;
    }
    line->metadata[line->metadata_count++] = (struct label){name, value};
}

struct str line_print(struct log_line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str text = arena_vprintf(line->arena, format, args);
    va_end(args);
    return text;
}

bool label_name_valid(struct str name)
{
    return name.len != 0 && utf8_valid(name);
}
