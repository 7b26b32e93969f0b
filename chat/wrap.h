/*
 * Text and width to rows.  Knows no screen: takes safe text (text_safe with
 * TEXT_LINES) and tells which bytes stand in which row.
 *
 * A row ends at a newline; else behind the last blank that fits, which with
 * the blanks beside it is not shown; or before an ideograph or the like, which
 * need no blanks between words; else behind the last cluster that fits.  The
 * last newline of a text ends its last row and begins no other; an empty text
 * has one empty row.
 *
 *	struct wrap w;
 *	struct wrap_row row;
 *	wrap_start(&w, text, 74, 80);
 *	while (wrap_next(&w, &row))
 *		... text.at + row.from, row.len
 */
#ifndef WRAP_H
#define WRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

struct wrap_row {
	size_t from; /* first byte */
	size_t len;  /* bytes to show, without what is left out at its end */
	size_t next; /* first byte of the next row; more than from, but in
			the row of an empty text */
	int columns; /* they take; at most what was asked for */
	bool is_too_wide; /* one cluster that is wider than a row: it takes its
			     place with something of one column */
};

struct wrap {
	struct slice text; /* borrowed */
	size_t at;	   /* of the next row */
	size_t line_end;   /* of the line it is in: its newline, or the end */
	int columns;	   /* of the next row */
	int columns_later; /* of those behind it */
	bool is_over;
};

/* first: columns of the first row, columns: of all others; both at least 1. */
void wrap_start(struct wrap *, struct slice text, int first, int columns);
bool wrap_next(struct wrap *, struct wrap_row *);
/* Rows there are; at least 1. */
size_t wrap_count(struct slice text, int first, int columns);

#endif
