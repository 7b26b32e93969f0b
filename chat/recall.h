/*
 * Ctrl-R: what was sent from a room is searched while the words are typed, the
 * newest line that has them first.  Touches no input line: who uses it takes
 * the line found.
 */
#ifndef RECALL_H
#define RECALL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "history.h"
#include "slice.h"

struct recall {
	bool is_on;
	struct buf words;
	struct buf found; /* the line; empty: none has the words */
	size_t back;	  /* its number in the history */
};

void recall_start(struct recall *);
void recall_stop(struct recall *); /* and frees */
/* One more character; the last one away; an older line: false when there is
 * nothing to do so. */
bool recall_type(struct recall *, const struct history *, struct slice);
bool recall_erase(struct recall *, const struct history *);
bool recall_older(struct recall *, const struct history *);

#endif
