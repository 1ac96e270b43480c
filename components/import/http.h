#ifndef COMPONENTS_IMPORT_HTTP_H
#define COMPONENTS_IMPORT_HTTP_H

/* import.http: a module that a web server gives. Fetches end after poll_timeout and at
 * IMPORT_MAX_BYTES. */

#include "runtime/graph/import_source.h"

extern const struct import_source import_http;

#endif
