/* Names of the language (SEMANTICS §1). */

#include "compiler/keyword.h"

#include "base/strconv.h"

static bool is_reserved(struct str text)
{
    return str_is(text, "true") || str_is(text, "false") || str_is(text, "null");
}

bool keyword_is_identifier(struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        unsigned size;
        uint32_t rune = utf8_decode(str_slice(text, at, text.len), &size);
        if (rune == UTF8_BAD && size == 1)
            return false;
        bool letter = rune == '_' || unicode_is_letter(rune);
        if (!letter && (at == 0 || !unicode_is_digit(rune)))
            return false;
        at += size;
    }
    return text.len > 0 && !is_reserved(text);
}
