/*
 * Functions that no source of ours may call. The build includes this file before every C source.
 *
 * Allocation goes through base/memory.h, so that it is counted, bounded and failable; the string
 * functions have replacements in base/ that know their bounds. A call is a compile error that says
 * so. The sources that may allocate are named in cmake/warnings.cmake: base/memory.c alone.
 */
#ifndef INVAR_BASE_BANNED_H
#define INVAR_BASE_BANNED_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define INVAR_BAN(why) __attribute__((unavailable(why)))
#define INVAR_BAN_MEMORY INVAR_BAN("all memory goes through base/memory.h")
#define INVAR_BAN_BOUNDS INVAR_BAN("it cannot know its bounds: use base/str.h or base/buf.h")
#define INVAR_BAN_NUMBER INVAR_BAN("it cannot report errors: use the parsers of base/")
#define INVAR_BAN_STATE INVAR_BAN("it keeps hidden state")

#ifndef INVAR_ALLOW_MALLOC
INVAR_BAN_MEMORY extern void *malloc(size_t size);
INVAR_BAN_MEMORY extern void *calloc(size_t count, size_t size);
INVAR_BAN_MEMORY extern void *realloc(void *block, size_t size);
INVAR_BAN_MEMORY extern void *reallocarray(void *block, size_t count, size_t size);
INVAR_BAN_MEMORY extern void free(void *block);
#endif
INVAR_BAN_MEMORY extern char *strdup(const char *text);
INVAR_BAN_MEMORY extern char *strndup(const char *text, size_t size);
INVAR_BAN_MEMORY extern int asprintf(char **out, const char *format, ...);
INVAR_BAN_MEMORY extern int vasprintf(char **out, const char *format, va_list args);

INVAR_BAN_BOUNDS extern char *strcpy(char *to, const char *from);
INVAR_BAN_BOUNDS extern char *stpcpy(char *to, const char *from);
INVAR_BAN_BOUNDS extern char *strcat(char *to, const char *from);
INVAR_BAN_BOUNDS extern char *strncpy(char *to, const char *from, size_t size);
INVAR_BAN_BOUNDS extern char *strncat(char *to, const char *from, size_t size);
INVAR_BAN_BOUNDS extern int sprintf(char *to, const char *format, ...);
INVAR_BAN_BOUNDS extern int vsprintf(char *to, const char *format, va_list args);

INVAR_BAN_NUMBER extern int atoi(const char *text);
INVAR_BAN_NUMBER extern long atol(const char *text);
INVAR_BAN_NUMBER extern long long atoll(const char *text);
INVAR_BAN_NUMBER extern double atof(const char *text);
#undef scanf
#undef fscanf
#undef sscanf
INVAR_BAN_NUMBER extern int scanf(const char *format, ...);
INVAR_BAN_NUMBER extern int fscanf(FILE *file, const char *format, ...);
INVAR_BAN_NUMBER extern int sscanf(const char *text, const char *format, ...);

INVAR_BAN_STATE extern char *strtok(char *text, const char *delimiters);
INVAR_BAN_STATE extern struct tm *localtime(const time_t *when);
INVAR_BAN_STATE extern struct tm *gmtime(const time_t *when);
INVAR_BAN_STATE extern char *ctime(const time_t *when);
INVAR_BAN_STATE extern char *asctime(const struct tm *when);

/* gets is gone from C11's headers and alloca is refused by -Walloca. */

#endif
