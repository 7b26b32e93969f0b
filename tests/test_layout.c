#include <criterion/criterion.h>

#include "../chat/layout.h"

enum { ROWS = 100, COLUMNS = 300 };

static struct layout
fresh(int rows, int columns, int input_rows)
{
	struct layout l;

	layout_compute(&l, NULL, rows, columns, input_rows);
	return l;
}

/* Every cell of the screen is in one rectangle at most, none is outside. */
static void
check_disjoint(const struct layout *l)
{
	static unsigned char taken[ROWS][COLUMNS];
	const struct rect rects[] = { l->title, l->rooms, l->messages,
		l->people, l->status, l->input };
	int cells = 0;

	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < sizeof(rects) / sizeof(*rects); i++) {
		const struct rect *r = &rects[i];
		if (r->rows == 0 || r->columns == 0)
			continue;
		cr_assert(r->y >= 0 && r->rows > 0 &&
			r->y + r->rows <= l->rows && r->x >= 0 &&
			r->columns > 0 && r->x + r->columns <= l->columns,
		    "%dx%d: rectangle %zu", l->columns, l->rows, i);
		for (int y = r->y; y < r->y + r->rows; y++)
			for (int x = r->x; x < r->x + r->columns; x++)
				cells += taken[y][x]++ == 0 ? 1 : -1000000;
	}
	cr_assert_eq(cells, l->rows * l->columns, "%dx%d", l->columns, l->rows);
}

static void
check_size(int rows, int columns, int input_rows)
{
	struct layout l = fresh(rows, columns, input_rows);
	bool is_tiny = rows < 2 || columns < 4;

	check_disjoint(&l);
	cr_assert_eq(l.title.rows, !is_tiny && rows >= 8);
	cr_assert_eq(l.status.rows, !is_tiny && rows >= 4);
	cr_assert_eq(l.messages.rows == 0, is_tiny);
	cr_assert_geq(l.input.rows, 1);
	if (is_tiny)
		return;
	cr_assert_leq(l.input.rows, input_rows);
	cr_assert_leq(l.input.rows, LAYOUT_INPUT_MAX);
	cr_assert(l.input.rows == 1 || l.input.rows * 3 <= rows);
	if (columns < 100)
		cr_assert_eq(l.messages.columns, columns);
	/* Names and time leave room for what is said. */
	cr_assert_geq(l.messages.columns - l.time_columns - l.name_columns - 4,
	    columns < 60 ? -1000 : 40);
}

Test(layout, rectangles_of_every_size)
{
	for (int rows = 1; rows <= ROWS; rows++)
		for (int columns = 1; columns <= COLUMNS; columns++)
			for (int input = 1; input <= 12; input += 11)
				check_size(rows, columns, input);
}

Test(layout, what_each_width_shows)
{
	static const struct {
		int columns;
		enum layout_time time;
		int names, rooms, people, text;
	} cases[] = {
		{ 29, LAYOUT_NO_TIME, 0, 0, 0, 29 },
		{ 30, LAYOUT_CHANGES, 0, 0, 0, 30 },
		{ 59, LAYOUT_CHANGES, 0, 0, 0, 59 },
		{ 60, LAYOUT_MINUTES, 10, 0, 0, 60 },
		{ 99, LAYOUT_MINUTES, 10, 0, 0, 99 },
		{ 100, LAYOUT_MINUTES, 12, 21, 0, 100 },
		{ 139, LAYOUT_MINUTES, 12, 21, 0, 139 },
		{ 140, LAYOUT_SECONDS, 14, 23, 21, LAYOUT_TEXT_MAX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct layout l = fresh(24, cases[i].columns, 1);
		cr_expect_eq(l.time, cases[i].time, "%d", cases[i].columns);
		cr_expect_eq(l.name_columns, cases[i].names);
		cr_expect_eq(l.rooms.columns, cases[i].rooms);
		cr_expect_eq(l.people.columns, cases[i].people);
		cr_expect_eq(l.text_columns, cases[i].text);
	}
}

/* An edge dragged over a boundary and back by a column changes nothing; more
 * columns than there are must never be asked for. */
Test(layout, a_dragged_edge_does_not_flicker)
{
	static const int boundaries[] = { 30, 60, 100, 140 };

	for (int i = 0; i < 4; i++) {
		int at = boundaries[i];
		struct layout below = fresh(24, at - 1, 1), l;
		layout_compute(&l, &below, 24, at, 1);
		cr_expect_eq(l.width_class, i, "at %d", at);
		layout_compute(&l, &below, 24, at + LAYOUT_SLACK - 1, 1);
		cr_expect_eq(l.width_class, i);
		layout_compute(&l, &below, 24, at + LAYOUT_SLACK, 1);
		cr_expect_eq(l.width_class, i + 1);
		layout_compute(&l, &l, 24, at, 1);
		cr_expect_eq(l.width_class, i + 1);
		layout_compute(&l, &l, 24, at - 1, 1);
		cr_expect_eq(l.width_class, i);
	}
}

Test(layout, is_compared_whole)
{
	struct layout a = fresh(24, 80, 1), b = fresh(24, 80, 1);

	cr_expect(layout_same(&a, &b));
	b = fresh(24, 80, 2);
	cr_expect_not(layout_same(&a, &b));
}
