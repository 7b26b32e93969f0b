#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../chat/windows.h"
#include "rows_text.h"

#define START 1795184400000ULL

struct fixture {
	struct model *model;
	struct room *room;
	struct windows windows;
	struct layout layout;
};

static void
use_utf8(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	cr_assert_neq(setlocale(LC_CTYPE, "C.UTF-8"), NULL);
}

TestSuite(windows, .init = use_utf8);

static void
set_up(struct fixture *f)
{
	f->model = model_new();
	memcpy(f->model->nick, "you", 4);
	f->room = model_room_open(f->model, SLICE("#lobby"));
	model_look(f->model, f->room);
	windows_init(&f->windows, f->model);
	layout_compute(&f->layout, NULL, 24, 80, 1);
}

static void
tear_down(struct fixture *f)
{
	windows_done(&f->windows);
	model_free(f->model);
}

/* Numbered lines, every third a long one. */
static void
add_lines(struct fixture *f, int from, int to)
{
	char text[400];

	for (int i = from; i < to; i++) {
		snprintf(text, sizeof(text), "line %d%s", i,
		    i % 3 != 0 ? ""
			       : " with many words in it, so that it is "
				 "wrapped where the screen is not as wide as "
				 "the world, and then once more, and again");
		rows_said(f->model, f->room, START + (uint64_t)i * 60000,
		    i % 2 ? "ana" : "bob", text);
	}
}

static char *
see(struct fixture *f)
{
	struct buf text = { 0 };
	char *copy;

	rows_text(&text, &f->windows, &f->layout);
	copy = strdup(buf_string(&text));
	buf_done(&text);
	return copy;
}

/* The rows above the one that tells how much is below. */
static char *
see_upper(struct fixture *f)
{
	char *text = see(f), *end = strstr(text, "==\n");

	cr_assert_not_null(end, "not scrolled:\n%s", text);
	*end = '\0';
	return text;
}

static int
count_rows(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void
resize(struct fixture *f, int rows, int columns)
{
	layout_compute(&f->layout, NULL, rows, columns, 1);
}

Test(windows, follow_the_newest)
{
	struct fixture f;
	char *text;

	set_up(&f);
	text = see(&f);
	cr_expect_str_eq(text, "");
	free(text);
	add_lines(&f, 0, 50);
	text = see(&f);
	cr_expect_eq(count_rows(text), f.layout.messages.rows);
	cr_expect_not_null(strstr(text, "line 49\n"));
	free(text);
	cr_expect_not(windows_scroll(&f.windows, &f.layout, 1));
	cr_expect_not(windows_newest(&f.windows));
	tear_down(&f);
}

Test(windows, what_arrives_moves_nothing)
{
	struct fixture f;
	char *before, *after;

	set_up(&f);
	add_lines(&f, 0, 100);
	cr_expect(windows_page(&f.windows, &f.layout, -1));
	before = see_upper(&f);
	add_lines(&f, 100, 150);
	after = see_upper(&f);
	cr_expect_str_eq(before, after);
	free(after);
	/* The newest are still in view. */
	after = see(&f);
	cr_expect_not_null(strstr(after, "line 149\n"));
	cr_expect_eq(count_rows(after), f.layout.messages.rows);
	free(before);
	free(after);
	tear_down(&f);
}

Test(windows, a_page_keeps_a_row_in_view)
{
	struct fixture f;
	char *before, *after, *row;

	set_up(&f);
	add_lines(&f, 0, 100);
	windows_page(&f.windows, &f.layout, -1);
	for (int i = 0; i < 3; i++) {
		before = see_upper(&f);
		windows_page(&f.windows, &f.layout, -1);
		after = see_upper(&f);
		before[strcspn(before, "\n")] = '\0';
		row = strrchr(after, '|');
		cr_assert_not_null(row);
		cr_expect_not_null(strstr(before, strtok(row, "\n")),
		    "%s is not the last of:\n%s", before, after);
		free(before);
		free(after);
	}
	tear_down(&f);
}

Test(windows, up_and_down_again_is_where_one_was)
{
	struct fixture f;
	char *before, *after;

	set_up(&f);
	add_lines(&f, 0, 100);
	windows_scroll(&f.windows, &f.layout, -20);
	before = see(&f);
	for (int i = 1; i < 60; i++) {
		cr_assert(windows_scroll(&f.windows, &f.layout, -i));
		cr_assert(windows_scroll(&f.windows, &f.layout, i));
		after = see(&f);
		cr_assert_str_eq(before, after, "%d rows", i);
		free(after);
	}
	free(before);
	cr_expect(windows_scroll(&f.windows, &f.layout, 1000));
	cr_expect_not(f.windows.now->is_scrolled);
	tear_down(&f);
}

Test(windows, the_ends)
{
	struct fixture f;
	char *text;

	set_up(&f);
	cr_expect_not(windows_oldest(&f.windows, &f.layout));
	cr_expect_not(windows_page(&f.windows, &f.layout, -1));
	add_lines(&f, 0, 100);
	cr_expect(windows_oldest(&f.windows, &f.layout));
	text = see(&f);
	cr_expect_eq(strncmp(text, "---- Friday", 11), 0, "%s", text);
	free(text);
	cr_expect_not(windows_scroll(&f.windows, &f.layout, -1));
	cr_expect(windows_newest(&f.windows));
	text = see(&f);
	cr_expect_null(strstr(text, "==\n"));
	free(text);
	tear_down(&f);
}

/* The row read stays, whatever the sizes in between. */
Test(windows, a_resize_keeps_the_place)
{
	static const int sizes[][2] = { { 24, 40 }, { 10, 20 }, { 50, 200 },
		{ 4, 4 }, { 2, 5 }, { 24, 61 }, { 3, 300 } };
	struct fixture f;
	char *before, *after;

	set_up(&f);
	add_lines(&f, 0, 300);
	windows_scroll(&f.windows, &f.layout, -101);
	before = see(&f);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		resize(&f, sizes[i][0], sizes[i][1]);
		free(see(&f));
	}
	resize(&f, 24, 80);
	after = see(&f);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	tear_down(&f);
}

/* In the middle of one long text, too. */
Test(windows, a_resize_keeps_the_place_in_a_long_text)
{
	struct fixture f;
	char words[9000] = "", *before, *after, *word;
	size_t len = 0;

	set_up(&f);
	for (int i = 0; i < 1000; i++)
		len += (size_t)snprintf(
		    words + len, sizeof(words) - len, "w%d ", i);
	rows_said(f.model, f.room, START, "ana", words);
	add_lines(&f, 1, 40);
	windows_oldest(&f.windows, &f.layout);
	windows_scroll(&f.windows, &f.layout, 31);
	before = see(&f);
	word = strstr(before, "| w") + 2;
	word[strcspn(word, " ")] = '\0';
	resize(&f, 24, 40);
	after = see(&f);
	*strchr(after, '\n') = '\0';
	cr_expect_not_null(strstr(after, word), "%s is not in %s", word, after);
	free(before);
	free(after);
	tear_down(&f);
}

Test(windows, lines_that_are_forgotten)
{
	struct fixture f;
	char *text;

	set_up(&f);
	add_lines(&f, 0, 100);
	windows_oldest(&f.windows, &f.layout);
	for (int i = 0; i < SCROLLBACK_MAX; i++)
		rows_said(f.model, f.room, START, "bob", "x");
	text = see(&f);
	cr_expect_eq(count_rows(text), f.layout.messages.rows);
	free(text);
	scrollback_clear(&f.room->lines);
	text = see(&f);
	cr_expect_str_eq(text, "");
	free(text);
	tear_down(&f);
}

Test(windows, cleared_lines_come_back_when_one_scrolls_up)
{
	struct fixture f;
	char *text;

	set_up(&f);
	add_lines(&f, 0, 5);
	windows_clear(&f.windows);
	text = see(&f);
	cr_expect_str_eq(text, "");
	free(text);
	add_lines(&f, 6, 7);
	text = see(&f);
	cr_expect_null(strstr(text, "line 4"));
	cr_expect_not_null(strstr(text, "line 6"));
	free(text);
	cr_expect(windows_page(&f.windows, &f.layout, -1));
	text = see(&f);
	cr_expect_not_null(strstr(text, "line 4"));
	free(text);
	tear_down(&f);
}

/* Whatever is done in whatever order, the rows shown are as many as there are
 * and no more than fit. */
Test(windows, any_walk_shows_a_full_screen)
{
	struct fixture f;
	uint32_t seed = 12345;
	char *text;

	set_up(&f);
	add_lines(&f, 0, 200);
	for (int i = 0; i < 3000; i++) {
		seed = seed * 1664525u + 1013904223u;
		int by = (int)(seed >> 16) % 50 - 25;
		switch (seed >> 28) {
		case 0:
			resize(&f, 2 + abs(by), 4 + abs(by) * 5);
			break;
		case 1:
			add_lines(&f, 200 + i, 203 + i);
			break;
		case 2:
			rows_entry(f.model, f.room, START,
			    by % 2 ? ENTRY_JOINED : ENTRY_LEFT, "gina", "");
			break;
		default:
			windows_scroll(&f.windows, &f.layout, by);
		}
		text = see(&f);
		cr_assert_eq(count_rows(text), f.layout.messages.rows,
		    "step %d: %d rows of %d:\n%s", i, count_rows(text),
		    f.layout.messages.rows, text);
		free(text);
	}
	tear_down(&f);
}

/* ---- rooms ---- */

static struct room *
open_room(struct fixture *f, const char *name)
{
	return model_room_open(f->model, slice_of(name));
}

Test(windows, rooms_by_number_and_neighbour)
{
	struct fixture f;
	struct room *ops, *dev;

	set_up(&f);
	ops = open_room(&f, "#ops");
	dev = open_room(&f, "#dev");
	cr_expect_eq(windows_nth(&f.windows, 0), f.model->rooms[0]);
	cr_expect_eq(windows_nth(&f.windows, 3), dev);
	cr_expect_null(windows_nth(&f.windows, 4));
	model_room_close(f.model, ops);
	cr_expect_eq(windows_nth(&f.windows, 2), dev);
	cr_expect_eq(windows_number(&f.windows, dev), 2);
	cr_expect_eq(windows_next(&f.windows, 1), dev);
	windows_show(&f.windows, dev);
	cr_expect_eq(windows_next(&f.windows, 1), f.model->rooms[0]);
	cr_expect_eq(windows_next(&f.windows, -1), f.room);
	tear_down(&f);
}

Test(windows, the_most_urgent_room_and_back)
{
	struct fixture f;
	struct room *busy, *direct, *mention;

	set_up(&f);
	busy = open_room(&f, "#busy");
	direct = open_room(&f, "bob");
	mention = open_room(&f, "#ops");
	busy->unread = 50;
	direct->unread = 1;
	mention->unread = 2;
	mention->mentions = 1;
	static const int urgency[] = { 1, 2, 3 };
	cr_expect_eq(windows_urgency(busy), urgency[0]);
	cr_expect_eq(windows_urgency(direct), urgency[1]);
	cr_expect_eq(windows_urgency(mention), urgency[2]);

	cr_expect(windows_visit(&f.windows));
	cr_expect_eq(f.windows.now->room, mention);
	cr_expect_eq(mention->unread, 0);
	cr_expect(windows_visit(&f.windows));
	cr_expect_eq(f.windows.now->room, direct);
	cr_expect(windows_visit(&f.windows));
	cr_expect_eq(f.windows.now->room, busy);
	cr_expect(windows_visit(&f.windows));
	cr_expect_eq(f.windows.now->room, f.room);
	cr_expect_not(windows_visit(&f.windows));
	tear_down(&f);
}

Test(windows, a_closed_room_is_left)
{
	struct fixture f;
	struct room *ops;

	set_up(&f);
	ops = open_room(&f, "#ops");
	windows_show(&f.windows, ops);
	cr_expect_eq(f.windows.last->room, f.room);
	model_room_close(f.model, ops);
	windows_sync(&f.windows);
	cr_expect_eq(f.windows.now->room, f.room);
	cr_expect_eq(f.model->looked_at, f.room);
	tear_down(&f);
}

Test(windows, the_mark_is_frozen_until_one_leaves)
{
	struct fixture f;
	struct room *ops;

	set_up(&f);
	ops = open_room(&f, "#ops");
	windows_show(&f.windows, ops);
	add_lines(&f, 0, 2);
	cr_expect_eq(f.room->unread, 2);
	windows_show(&f.windows, f.room);
	cr_expect_eq(f.windows.now->mark.id, 1);
	cr_expect_eq(f.windows.now->mark.n, 2);
	add_lines(&f, 2, 4);
	cr_expect_eq(f.windows.now->mark.n, 2);
	cr_expect_eq(f.room->unread, 0);
	windows_show(&f.windows, ops);
	windows_show(&f.windows, f.room);
	cr_expect_eq(f.windows.now->mark.id, 0);
	tear_down(&f);
}
