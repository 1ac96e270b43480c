/* Matching of simple patterns by comparing texts. A shape is one block: the struct, and behind it
 * the texts without their escapes. Bounded by PIECES_MAX. */

#include "base/regex_shape.h"

#include "base/memory.h"

#include <string.h>

enum { PIECES_MAX = 64 };

/* Alternatives: `text` each. Sequence: `text`, then a wildcard unless it is the last piece. */
struct piece {
    struct str text;
    bool some;      /* the wildcard is .+ */
    unsigned group; /* of the wildcard; 0 = none */
};

struct shape {
    bool alternatives;
    bool whole_group; /* group 1 is everything */
    unsigned groups;
    size_t count;
    struct piece pieces[PIECES_MAX];
    char texts[];
};

/* Reading a pattern. */

struct scan {
    struct str pattern;
    size_t at;
    char *out;
    struct shape *shape;
};

static bool is_meta(char c)
{
    return c == '\0' || strchr("\\.+*?()|[]{}^$", c) != NULL;
}

/* A plain character or an escaped mark of ASCII; copies it. */
static bool take_char(struct scan *s)
{
    struct str p = s->pattern;
    char c = p.ptr[s->at];
    if (c == '\\') {
        if (s->at + 1 == p.len || (c = p.ptr[s->at + 1]) == '\0' ||
            !strchr("\\.+*?()|[]{}^$-/:;,@#&%=<>~!'\"`_ ", c) || c == '_' || c == '<' || c == '>')
            return false;
        s->at++;
    } else if (is_meta(c)) {
        return false;
    }
    s->at++;
    /* A repetition behind it makes it more than a character. */
    if (s->at < p.len && strchr("*+?{", p.ptr[s->at]) && p.ptr[s->at])
        return false;
    *s->out++ = c;
    return true;
}

/* ".*", ".+", "(.*)" or "(.+)". */
static bool take_wildcard(struct scan *s, struct piece *piece)
{
    struct str rest = str_slice(s->pattern, s->at, s->pattern.len);
    bool group = rest.len && rest.ptr[0] == '(';
    size_t dot = group ? 1 : 0, len = group ? 4 : 2;
    if (rest.len < len || rest.ptr[dot] != '.' ||
        (rest.ptr[dot + 1] != '*' && rest.ptr[dot + 1] != '+') || (group && rest.ptr[3] != ')'))
        return false;
    if (rest.len > len && rest.ptr[len] && strchr("*+?{", rest.ptr[len]))
        return false;
    piece->some = rest.ptr[dot + 1] == '+';
    piece->group = group ? ++s->shape->groups : 0;
    s->at += len;
    return true;
}

/* A mark after which comes another piece. */
static bool take_end(struct scan *s, struct piece *piece)
{
    if (!s->shape->alternatives)
        return take_wildcard(s, piece);
    return s->pattern.ptr[s->at] == '|' && s->at++ < s->pattern.len;
}

static bool scan_pieces(struct scan *s)
{
    struct shape *shape = s->shape;
    for (;;) {
        if (shape->count == PIECES_MAX)
            return false;
        struct piece *piece = &shape->pieces[shape->count++];
        piece->text.ptr = s->out;
        bool ended = false;
        while (!ended && s->at < s->pattern.len) {
            ended = take_end(s, piece);
            if (!ended && !take_char(s))
                return false;
        }
        piece->text.len = (size_t)(s->out - piece->text.ptr);
        if (!ended)
            return true;
    }
}

/* Takes away "(…)" or "(?:…)" around everything, if nothing inside is in parentheses. */
static struct str unwrap(struct str pattern, bool *group)
{
    *group = false;
    if (pattern.len < 2 || pattern.ptr[0] != '(' || pattern.ptr[pattern.len - 1] != ')' ||
        (pattern.len > 2 && pattern.ptr[pattern.len - 2] == '\\'))
        return pattern;
    bool plain = str_starts(pattern, STR("(?:"));
    struct str inside = str_slice(pattern, plain ? 3 : 1, pattern.len - 1);
    if (str_find_byte(inside, '(', 0) != SIZE_MAX || str_find_byte(inside, ')', 0) != SIZE_MAX ||
        str_starts(inside, STR("?")))
        return pattern;
    *group = !plain;
    return inside;
}

struct shape *shape_new(struct str pattern)
{
    bool group;
    struct str inside = unwrap(pattern, &group);
    struct shape *shape = mem_lib_calloc(1, sizeof(*shape) + inside.len + 1);
    if (!shape)
        return NULL;
    shape->alternatives = str_find_byte(inside, '|', 0) != SIZE_MAX;
    shape->whole_group = group;
    shape->groups = group;
    struct scan s = {.pattern = inside, .out = shape->texts, .shape = shape};
    if (!scan_pieces(&s)) {
        mem_lib_free(shape);
        return NULL;
    }
    return shape;
}

void shape_free(struct shape *shape)
{
    mem_lib_free(shape);
}

unsigned shape_groups(const struct shape *shape)
{
    return shape->groups;
}

/* Matching. */

static size_t find_last(struct str s, struct str needle)
{
    if (needle.len > s.len)
        return SIZE_MAX;
    if (needle.len == 0)
        return s.len;
    for (size_t end = s.len - needle.len + 1; end > 0;) {
        size_t at = str_rfind_byte(str_slice(s, 0, end), needle.ptr[0]);
        if (at == SIZE_MAX)
            return SIZE_MAX;
        if (memcmp(s.ptr + at, needle.ptr, needle.len) == 0)
            return at;
        end = at;
    }
    return SIZE_MAX;
}

/* Wildcards are greedy from the left, so each text between two of them stands as far right as what
 * follows allows: they are placed from the right. */
static bool match_sequence(const struct shape *shape, struct str text, struct str *groups,
                           unsigned count)
{
    size_t last = shape->count - 1;
    struct str first = shape->pieces[0].text, end = shape->pieces[last].text;
    if (last == 0)
        return str_eq(first, text);
    if (!str_starts(text, first) || text.len - first.len < end.len || !str_ends(text, end))
        return false;
    struct str middle = str_slice(text, first.len, text.len - end.len);
    for (size_t i = last; i-- > 0;) {
        const struct piece *piece = &shape->pieces[i];
        size_t start = 0;
        if (i > 0) {
            if (middle.len < (size_t)piece->some)
                return false;
            start = find_last(str_slice(middle, 0, middle.len - piece->some), piece->text);
            if (start == SIZE_MAX)
                return false;
        }
        size_t from = i > 0 ? start + piece->text.len : 0;
        if (middle.len - from < (size_t)piece->some)
            return false;
        if (piece->group && piece->group < count)
            groups[piece->group] = str_slice(middle, from, middle.len);
        middle = str_slice(middle, 0, start);
    }
    return true;
}

static bool match_alternatives(const struct shape *shape, struct str text)
{
    for (size_t i = 0; i < shape->count; i++)
        if (str_eq(shape->pieces[i].text, text))
            return true;
    return false;
}

bool shape_match(const struct shape *shape, struct str text, struct str *groups, unsigned count)
{
    if (!text.ptr)
        text.ptr = "";
    if (!(shape->alternatives ? match_alternatives(shape, text)
                              : match_sequence(shape, text, groups, count)))
        return false;
    if (count > 0)
        groups[0] = text;
    if (shape->whole_group && count > 1)
        groups[1] = text;
    for (unsigned i = shape->groups + 1; i < count; i++)
        groups[i] = STR_NONE;
    return true;
}
