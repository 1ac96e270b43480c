/* The collector textfile: *.prom files of a folder are passed on as they are. A file that is not in
 * the text format would spoil the page, so lines are checked for their outline; one with times is
 * left out, as node_exporter does. */

#include "base/file.h"
#include "base/world.h"
#include "components/prometheus/exporter/unix/collector.h"

#include <fcntl.h>

/* A comment, or a name that ends at "{" or a blank, and a number behind it that nothing follows. */
static bool line_is_sample(struct str line)
{
    struct str word;
    double value;
    size_t brace = str_find_byte(line, '{', 0);
    size_t blank = str_find_byte(line, ' ', 0);
    if (brace != SIZE_MAX && (blank == SIZE_MAX || brace < blank)) {
        size_t close = str_rfind_byte(line, '}');
        if (close == SIZE_MAX || close < brace)
            return false;
        line = str_slice(line, close + 1, line.len);
    } else {
        if (blank == SIZE_MAX || blank == 0)
            return false;
        line = str_slice(line, blank, line.len);
    }
    return next_word(&line, &word) && to_number(word, &value) && str_trim(line).len == 0;
}

static bool text_is_good(struct str text)
{
    struct str line;
    while (next_line(&text, &line)) {
        line = str_trim(line);
        if (line.len != 0 && line.ptr[0] != '#' && !line_is_sample(line))
            return false;
    }
    return true;
}

struct prom_file {
    struct str path;
    double changed;
};

void collect_textfile(struct collect *c)
{
    struct str dir = c->args->textfile.directory;
    struct str_list names = {0};
    struct prom_file *files = NULL;
    size_t count = 0;
    double failed = 0;
    if (dir.len != 0)
        names = list_dir(c, arena_cstr(&c->arena, dir));
    files = ARENA_ARRAY(&c->arena, names.count + 1, struct prom_file);
    for (size_t i = 0; i < names.count; i++) {
        struct stat st;
        if (!str_ends(names.items[i], STR(".prom")))
            continue;
        struct str path =
            arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(dir), STR_ARG(names.items[i]));
        struct str text = any_file(c, path.ptr);
        if (text.ptr == NULL || !text_is_good(text) ||
            world_stat(AT_FDCWD, path.ptr, 0, &st) != 0) {
            failed = 1;
            error_clear(&c->err);
            continue;
        }
        buf_str(&c->page->text, text);
        if (!str_ends(text, STR("\n")))
            buf_byte(&c->page->text, '\n');
        files[count++] = (struct prom_file){path, (double)st.st_mtim.tv_sec};
    }
    if (count != 0) {
        page_family(c, GAUGE, "textfile_mtime_seconds",
                    "Unixtime mtime of textfiles successfully read.");
        for (size_t i = 0; i < count; i++)
            PAGE(c, files[i].changed, L("file", files[i].path));
    }
    page_one(c, GAUGE, "textfile_scrape_error",
             "1 if there was an error opening or reading a file, 0 otherwise", failed);
}
