#ifndef COMPILER_HIDDEN_H
#define COMPILER_HIDDEN_H

/* What is not shown though no type says that it is a secret: the user-info of URLs, values of HTTP
 * headers, and in excerpts of source text the literals of attributes that hold secrets. */

#include "base/buf.h"

/* An attribute that holds HTTP headers. */
bool hidden_headers(struct str attribute);
/* The user-info of a URL, without "@"; empty when there is none. */
struct str hidden_userinfo(struct str text);
/* One line of source text, in place: hidden bytes become '*', so that columns stay. */
void hidden_line(char *line, size_t len);

#endif
