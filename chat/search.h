/*
 * What one looks for, as it is typed:
 *
 *	WORDS [from:NICK] [in:#ROOM|NICK] [after:TIME] [before:TIME]
 *
 * in any order, and where its words stand in a text.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model.h"
#include "slice.h"

enum { SEARCH_WORDS = 16 }; /* at most */

/* false: why, in words, is appended to wrong. */
bool search_parse(struct search *, const char *line, uint64_t now_ms,
    struct buf *wrong);

/* The first word of the search at or behind *from: where it begins and ends.
 * Case and accents make no difference.  false: there is none. */
bool search_mark(const struct search *, struct slice text, size_t *from,
    size_t *to);

#endif
