/*
 * What was killed in an edit, to be yanked again: the newest KILLS_MAX texts.
 * All zero is valid and empty.
 */
#ifndef KILLS_H
#define KILLS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "slice.h"

enum { KILLS_MAX = 8 };

struct kills {
	struct buf text[KILLS_MAX]; /* ring */
	unsigned newest, n;
};

void kills_done(struct kills *);
void kills_add(struct kills *, struct slice);
/* The newest grows, at its front or at its end. */
void kills_grow(struct kills *, struct slice, bool at_front);
/* The text so many kills back, around and around; 0 is the newest.  Borrowed
 * until the next kill; false: there is none. */
bool kills_get(const struct kills *, unsigned back, struct slice *);

#endif
