#ifndef COMPONENTS_LOKI_PROCESS_TEMPLATE_FUNCTIONS_H
#define COMPONENTS_LOKI_PROCESS_TEMPLATE_FUNCTIONS_H

/* Private to the template's functions: what functions.c (texts), values.c (logic, numbers, the
 * table), lists.c, printf.c and sha3.c share. */

#include "components/loki/process/template/internal.h"

/* As text, int64; missing arguments are empty and 0. Texts are read as numbers the way sprig does.
 */
struct str tcall_text(struct tcall *c, size_t i);
int64_t tcall_int(struct tcall *c, size_t i);
struct tval tcall_fail(struct tcall *c, const char *what);
struct tval tcall_take(struct tcall *c, struct buf *b);

/* SHA3-256 (FIPS 202). */
void template_sha3_256(const void *bytes, size_t len, unsigned char out[32]);

struct tval tfn_lower(struct tcall *c);
struct tval tfn_upper(struct tcall *c);
struct tval tfn_trim(struct tcall *c);
struct tval tfn_trim_left(struct tcall *c);
struct tval tfn_trim_right(struct tcall *c);
struct tval tfn_trim_space(struct tcall *c);
struct tval tfn_trim_prefix(struct tcall *c);
struct tval tfn_trim_suffix(struct tcall *c);
struct tval tfn_sprig_trim_all(struct tcall *c);
struct tval tfn_sprig_trim_prefix(struct tcall *c);
struct tval tfn_sprig_trim_suffix(struct tcall *c);
struct tval tfn_replace_n(struct tcall *c);
struct tval tfn_sprig_replace(struct tcall *c);
struct tval tfn_regex_replace(struct tcall *c);
struct tval tfn_regex_replace_literal(struct tcall *c);
struct tval tfn_regex_match(struct tcall *c);
struct tval tfn_regex_find(struct tcall *c);
struct tval tfn_sha256(struct tcall *c);
struct tval tfn_sha3(struct tcall *c);
struct tval tfn_substr(struct tcall *c);
struct tval tfn_trunc(struct tcall *c);
struct tval tfn_contains(struct tcall *c);
struct tval tfn_has_prefix(struct tcall *c);
struct tval tfn_has_suffix(struct tcall *c);
struct tval tfn_repeat(struct tcall *c);
struct tval tfn_nospace(struct tcall *c);
struct tval tfn_quote(struct tcall *c);
struct tval tfn_squote(struct tcall *c);
struct tval tfn_swapcase(struct tcall *c);
struct tval tfn_title(struct tcall *c);
struct tval tfn_indent(struct tcall *c);
struct tval tfn_nindent(struct tcall *c);
struct tval tfn_b64enc(struct tcall *c);
struct tval tfn_quote_meta(struct tcall *c);

struct tval tfn_print(struct tcall *c);
struct tval tfn_printf(struct tcall *c);
struct tval tfn_println(struct tcall *c);

struct tval tfn_list(struct tcall *c);
struct tval tfn_len(struct tcall *c);
struct tval tfn_index(struct tcall *c);
struct tval tfn_join(struct tcall *c);
struct tval tfn_split(struct tcall *c);
struct tval tfn_split_list(struct tcall *c);
struct tval tfn_first(struct tcall *c);
struct tval tfn_last(struct tcall *c);
struct tval tfn_until(struct tcall *c);
struct tval tfn_until_step(struct tcall *c);
struct tval tfn_cat(struct tcall *c);

#endif
