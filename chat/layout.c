#include "layout.h"

#include <string.h>

enum {
	TITLE_LEAST = 8,  /* rows of a screen that has a title */
	STATUS_LEAST = 4, /* and of one that has a status */
	MESSAGES_LEAST = 2,
	MESSAGES_LEAST_COLUMNS = 4,
	EDGE = 1, /* the line between a bar and the messages */
};

static const struct width {
	int from; /* columns */
	enum layout_time time;
	int time_columns, name_columns, rooms, people;
	int text; /* 0: all there are */
} widths[] = {
	{ 0, LAYOUT_NO_TIME, 0, 0, 0, 0, 0 },
	{ 30, LAYOUT_CHANGES, 5, 0, 0, 0, 0 },
	{ 60, LAYOUT_MINUTES, 5, 10, 0, 0, 0 },
	{ 100, LAYOUT_MINUTES, 5, 12, 20, 0, 0 },
	{ 140, LAYOUT_SECONDS, 8, 14, 22, 20, LAYOUT_TEXT_MAX },
};

static int
class_of(int columns, const struct layout *before)
{
	int n = sizeof(widths) / sizeof(*widths) - 1;

	while (widths[n].from > columns)
		n--;
	while (before != NULL && n > before->width_class &&
	    columns < widths[n].from + LAYOUT_SLACK)
		n--;
	return n;
}

static int
between(int least, int n, int most)
{
	if (n > most)
		n = most;
	return n < least ? least : n;
}

static struct rect
full_row(const struct layout *l, int y)
{
	return (struct rect){ y, 0, 1, l->columns };
}

/* Top and bottom rows first, the input next, and what is left in the middle is
 * the messages' and the bars'. */
static void
divide(struct layout *l, int input_rows)
{
	const struct width *w = &widths[l->width_class];
	bool has_messages =
	    l->rows >= MESSAGES_LEAST && l->columns >= MESSAGES_LEAST_COLUMNS;
	int most = between(1, l->rows / 3, LAYOUT_INPUT_MAX);
	int below = has_messages ? between(1, input_rows, most) : l->rows;
	int y = l->rows - below;

	l->input = (struct rect){ y, 0, below, l->columns };
	if (!has_messages)
		return;
	if (l->rows >= STATUS_LEAST)
		l->status = full_row(l, --y);
	if (l->rows >= TITLE_LEAST)
		l->title = full_row(l, 0);

	int top = l->title.rows;
	int left = w->rooms != 0 ? w->rooms + EDGE : 0;
	int right = w->people != 0 ? w->people + EDGE : 0;
	if (left != 0)
		l->rooms = (struct rect){ top, 0, y - top, left };
	if (right != 0)
		l->people =
		    (struct rect){ top, l->columns - right, y - top, right };
	l->messages =
	    (struct rect){ top, left, y - top, l->columns - left - right };
}

void
layout_compute(struct layout *l, const struct layout *before, int rows,
    int columns, int input_rows)
{
	/* before may be l itself. */
	int class = class_of(columns, before);
	const struct width *w = &widths[class];

	*l = (struct layout){
		.rows = rows,
		.columns = columns,
		.width_class = class,
		.time = w->time,
		.time_columns = w->time_columns,
		.name_columns = w->name_columns,
	};
	divide(l, input_rows);
	l->text_columns = w->text != 0 ? w->text : columns;
}

bool
layout_same(const struct layout *a, const struct layout *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
