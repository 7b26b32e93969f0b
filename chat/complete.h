/*
 * Tab.  What may stand where the cursor is: a command's name, what the command
 * takes there, a room behind #, else a nick, those who spoke last first.  Of
 * paths, those that begin with a dot only behind one, and none with signs that
 * cannot be typed.
 *
 * The first Tab puts the first candidate in place of what was typed, each other
 * the next, Shift-Tab the one before; behind the last comes what was typed. Any
 * other key ends it.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "model.h"
#include "slice.h"

struct complete {
	bool is_on;
	size_t from, to;  /* bytes of the text that are its own */
	char **candidate; /* as inserted; the first is what was typed */
	size_t n, at;
};

/* Finds the paths that fit where a command takes one, without the lock, for the
 * disk may be slow; false: no command takes one there, or nothing fits. */
bool complete_path(struct complete *, struct slice text, size_t cursor);
/* Finds what else fits, with the model's lock; false: nothing. */
bool complete_start(struct complete *, const struct model *,
    const struct room *, struct slice text, size_t cursor);
/* The next (by 1) or the one before (-1): what stands from from to to from now
 * on.  Its end is kept. */
struct slice complete_next(struct complete *, int by);
void complete_stop(struct complete *); /* and frees */
/* The candidates, the one at hand in brackets, as far as columns go. */
void complete_list(const struct complete *, struct buf *, int columns);

#endif
