/*
 * Changes to a text, to be taken back and made again: the newest UNDO_MAX.
 * Knows nothing of the text itself: a step says which bytes stood where before
 * and which after it.  All zero is a valid empty stack.
 */
#ifndef UNDO_H
#define UNDO_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "slice.h"

enum { UNDO_MAX = 200 };

struct undo_step {
	size_t at;	   /* byte where the text changed */
	struct buf before; /* what stood there */
	struct buf after;  /* what stands there since */
	size_t cursor;	   /* where it was before */
};

struct undo {
	struct undo_step *step; /* ring of UNDO_MAX, made by the first step */
	size_t first, n;
	size_t taken_back; /* of n, at the end */
};

void undo_done(struct undo *);
/* A change was made.  What was taken back can't be made again after it. */
void undo_add(struct undo *, size_t at, struct slice before, struct slice after,
    size_t cursor);
/* The newest step, to be lengthened by more of the same; NULL: none, or the
 * newest is taken back. */
struct undo_step *undo_newest(struct undo *);
/* The step to take back, to make again; NULL: none.  Borrowed. */
const struct undo_step *undo_back(struct undo *);
const struct undo_step *undo_forth(struct undo *);

#endif
