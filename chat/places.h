/*
 * Where one is, as the bytes of a file: the rooms in their order, how far each
 * was had and seen, what was being written there, and which one was looked at.
 * The file has a part for each server, told apart by the address as it was
 * given; those of other servers than the model's are carried along.
 */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>

#include "model.h"

enum { PLACES_SERVERS = 16 }; /* the others are forgotten, oldest first */

/* All zero is none. */
struct places {
	struct buf last;   /* the file as it was written last */
	struct buf others; /* parts of it that are other servers' */
};

void places_done(struct places *);

/* Below with the model's lock. */

/* Puts what a file holds of the model's target into the model, which has no
 * rooms yet.  What is damaged is left out. */
void places_read(struct places *, struct model *, struct slice file);
/* Appends a whole file; false: it is the same as last time. */
bool places_write(struct places *, const struct model *, struct buf *);
/* What was written last did not reach the disk. */
void places_lost(struct places *);

#endif
