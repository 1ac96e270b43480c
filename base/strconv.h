#ifndef BASE_STRCONV_H
#define BASE_STRCONV_H

/* Text and numbers as Go's strconv, unicode/utf8 and time packages convert them. Pure. */

#include "base/buf.h"
#include "base/error.h"

/* Go's strconv.ParseFloat (decimal and hex floats, inf, nan; no underscores). False on syntax;
 * overflow gives ±Inf with *range = true. */
bool strconv_parse_float(struct str s, double *out, bool *range);
/* Shortest text that reads back equal, in format 'f', 'e' or 'g' (Go's FormatFloat(v, fmt, -1,
 * 64)): "NaN", "+Inf", "-Inf" for the specials. */
void strconv_float(struct buf *out, double value, char format);
/* Go's %q. */
void strconv_quote(struct buf *out, struct str s);
/* The value of a Go double-quoted or back-quoted literal, quotes included. False if malformed. */
bool strconv_unquote(struct buf *out, struct str literal);

enum { UTF8_BAD = 0xFFFD };
/* Decodes one rune; *size gets 1 … 4 (1 for an invalid byte, which decodes as U+FFFD). s must not
 * be empty. */
uint32_t utf8_decode(struct str s, unsigned *size);
void utf8_append(struct buf *out, uint32_t rune);
bool utf8_valid(struct str s);
size_t utf8_count(struct str s); /* runes, as Go counts */
/* Unicode tables generated for what the language needs. */
bool unicode_is_letter(uint32_t rune);
bool unicode_is_digit(uint32_t rune); /* category Nd */
bool unicode_is_space(uint32_t rune); /* White_Space */
bool unicode_is_print(uint32_t rune); /* as Go's IsPrint */
uint32_t unicode_to_lower(uint32_t rune);
uint32_t unicode_to_upper(uint32_t rune);

/* Go's time.ParseDuration, error texts included. Nanoseconds. */
enum status duration_parse(struct str s, int64_t *ns, struct error *err);
/* Go's Duration.String: "1h0m0s", "1.5s", "0s". */
void duration_format(struct buf *out, int64_t ns);
/* Prometheus' model.ParseDuration: "1d", "1h30m", "0"; and its String: "1m", "1h30m", "0s". */
enum status prom_duration_parse(struct str s, int64_t *ns, struct error *err);
void prom_duration_format(struct buf *out, int64_t ns);
/* RFC 3339 with nanoseconds, as Go's time.RFC3339Nano prints UTC. */
void time_format_rfc3339(struct buf *out, int64_t unix_ns);
/* Accepts any offset and fraction. */
bool time_parse_rfc3339(struct str s, int64_t *unix_ns);
/* The same for all years from 0 to 9999: seconds since 1970 and nanoseconds. */
bool time_split_rfc3339(struct str s, int64_t *seconds, int64_t *ns);
/* Sizes: "5MiB", "10MB", "512KB", "1GB" (alecthomas/units, ParseBase2Bytes: MB is MiB, digits
 * without a unit are refused). */
enum status size_parse(struct str s, int64_t *bytes, struct error *err);

#endif
