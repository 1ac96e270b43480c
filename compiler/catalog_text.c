/* compiler/catalog/alloy.txt as a constant of the program, read-only and without relocations. */

#include "compiler/catalog_text.h"

__asm__(".pushsection .rodata\n"
        ".globl catalog_text_first\n"
        "catalog_text_first:\n"
        ".incbin \"" CATALOG_PATH "\"\n"
        ".globl catalog_text_end\n"
        "catalog_text_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const char catalog_text_first[];
extern const char catalog_text_end[];

struct str catalog_text(void)
{
    return str_of(catalog_text_first, (size_t)(catalog_text_end - catalog_text_first));
}
