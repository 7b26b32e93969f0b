/*
 * The screen's size to rectangles.  Pure: nothing but the size, how many rows
 * the input would like, and what was shown before decides.
 *
 *	columns		time		names		bars
 *	below 30	-		<name>		-
 *	30 to 59	HH:MM, changes	<name>		-
 *	60 to 99	HH:MM		10 columns	-
 *	100 to 139	HH:MM		12		rooms 20
 *	140 and more	HH:MM:SS	14		rooms 22, people 20
 *
 * A row more is shown only LAYOUT_SLACK columns after it would fit, so that an
 * edge that is dragged does not flicker; it is dropped at once.  Below 8 rows
 * there is no title, below 4 no status, below 2 (or 4 columns) only the input.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>

enum {
	LAYOUT_SLACK = 2,
	LAYOUT_INPUT_MAX = 10, /* rows */
	LAYOUT_TEXT_MAX = 120, /* columns of what is said, where there is much
				  room: longer lines are hard to read */
};

/* Without rows or columns: not shown. */
struct rect {
	int y, x, rows, columns;
};

enum layout_time {
	LAYOUT_NO_TIME,
	LAYOUT_CHANGES,
	LAYOUT_MINUTES,
	LAYOUT_SECONDS
};

struct layout {
	int rows, columns; /* of the screen, at least 1 */
	int width_class;   /* row of the table above, 0 to 4 */
	struct rect title, rooms, messages, people, status, input;
	enum layout_time time;
	int time_columns; /* 0, 5 or 8; what is shown, without a blank */
	int name_columns; /* 0: <name> stands in the text */
	int text_columns; /* at most, of what is said */
};

/* before: of the screen that was painted last, NULL: there was none.
 * input_rows: wanted, at least 1; granted are at most a third of the screen. */
void layout_compute(struct layout *, const struct layout *before, int rows,
    int columns, int input_rows);
bool layout_same(const struct layout *, const struct layout *);

#endif
