/*
 * Allocation that does not fail: out of memory ends the program with a line
 * on standard error.  In exchange nothing a peer sends chooses how much we
 * allocate.
 */
#ifndef XMALLOC_H
#define XMALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *, size_t n, size_t size)
    __attribute__((returns_nonnull));
char *xstrdup(const char *) __attribute__((malloc, returns_nonnull));
/* A copy of len bytes with a NUL behind them; NULL is fine when len is 0. */
char *xstrndup(const char *, size_t len)
    __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

#endif
