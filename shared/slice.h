/*
 * Bytes that belong to somebody else: a place and a length.  A value, passed
 * by copy.  Never NUL-terminated by promise; print it with "%.*s" and
 * SLICE_ARG().  Good as long as the owner keeps still: what the codec decodes
 * points into its input.
 */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *at; /* may be NULL when len is 0 */
	size_t len;     /* bytes */
};

#define SLICE_ARG(s) (int)(s).len, (s).len != 0 ? (s).at : ""
/* A slice of a string literal. */
#define SLICE(literal) \
	((struct slice){ "" literal "", sizeof(literal) - 1 })

static inline struct slice
slice_of(const char *string)
{
	return (struct slice){ string, strlen(string) };
}

static inline bool
slice_is(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

#endif
