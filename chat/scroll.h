/*
 * Places in a view, and moving between them.  A place is a row of an item, the
 * rules before its text counted backwards from -1.  Every move costs what it
 * passes, never what the room holds.
 *
 * An anchor is a place that survives another width: instead of the row it keeps
 * the byte of the text that the row begins with.
 */
#ifndef SCROLL_H
#define SCROLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rows.h"

struct place {
	uint64_t id; /* an item's */
	int row;     /* -n_rules to rows - 1 */
};

struct anchor {
	uint64_t id;
	int rule;    /* the row, if it is a rule: below 0 */
	size_t byte; /* else the first of the row's text */
};

/* With an empty view (first == next) nothing moves and no place exists. */

/* The first row there is. */
struct place scroll_first(const struct view *);
/* The row that is the first when the last rows (at least 1) are shown. */
struct place scroll_last(const struct view *, int rows);
/* By so many rows, up when negative; how far it could, with the same sign. */
int scroll_move(const struct view *, struct place *, int by);
/* Rows from here to the end, this one included; at most most. */
int scroll_below(const struct view *, struct place, int most);

struct anchor scroll_anchor(const struct view *, struct place);
/* Where it stands now; the nearest there is when its line is gone. */
struct place scroll_place(const struct view *, const struct anchor *);

#endif
