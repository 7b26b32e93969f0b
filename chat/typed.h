/*
 * What is typed, in rows: unlike wrap, every byte has a place and so has the
 * cursor behind the last one.  Rows end at a newline and where they are full,
 * in the middle of a word too, so that typing moves nothing that stands before.
 * A newline, and the end of the text, take a column as the cursor must stand
 * there: a full row is followed by another.
 *
 * The text is what edit holds: valid UTF-8 without controls but newline, but
 * not safe text, since what one sends is what one typed.  Each cluster is shown
 * as text_safe shows it; one that is wider than a row as "?".
 *
 * A prompt stands to the left of all rows and is not in columns, the room
 * there is for text, which is at least 1.
 */
#ifndef TYPED_H
#define TYPED_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "slice.h"

struct typed_row {
	size_t from; /* first byte */
	size_t len;  /* bytes, without the newline */
	int columns; /* they take */
};

struct typed {
	struct slice text; /* borrowed */
	size_t at;	   /* of the next row */
	int columns;
	bool is_over;
};

void typed_start(struct typed *, struct slice text, int columns);
/* There is at least one row. */
bool typed_next(struct typed *, struct typed_row *);
/* Appends the shown form of a row's bytes: safe text of row.columns columns. */
void typed_show(struct buf *, struct slice row, int columns);

struct typed_place {
	int row, column; /* from 0; of the cursor */
	int rows;	 /* there are, at least 1 */
};

/* Where the cursor stands; it is at the start of a cluster or the end. */
struct typed_place typed_place(struct slice text, int columns, size_t cursor);
/* The byte at which the cursor stands in a row at a column, or at the row's
 * last place if it has no such column.  The row exists. */
size_t typed_at(struct slice text, int columns, int row, int column);

#endif
