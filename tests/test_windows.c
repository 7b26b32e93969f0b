#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../chat/past.h"
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
			rows_logged(f.model, f.room, START,
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
	cr_expect_eq(f.windows.now->mark.id, SCROLLBACK_ID);
	cr_expect_eq(f.windows.now->mark.n, 2);
	add_lines(&f, 2, 4);
	cr_expect_eq(f.windows.now->mark.n, 2);
	cr_expect_eq(f.room->unread, 0);
	windows_show(&f.windows, ops);
	windows_show(&f.windows, f.room);
	cr_expect_eq(f.windows.now->mark.id, 0);
	tear_down(&f);
}

/* ---- older entries ---- */

/* Entries [from, to) of a log that has more, number 7. */
static void
add_log(struct fixture *f, uint64_t from, uint64_t to)
{
	f->room->number = 7;
	f->room->seq = from - 1;
	add_lines(f, (int)from, (int)to);
}

/* A page of entries [from, to) arrives. */
static void
add_page(struct fixture *f, uint64_t from, uint64_t to, enum entry_kind kind)
{
	struct line head = { .what = LINE_ENTRY, .kind = (uint8_t)kind };
	char text[32];

	for (head.seq = from; head.seq < to; head.seq++) {
		head.time = START + head.seq * 60000;
		snprintf(text, sizeof(text), "line %llu",
		    (unsigned long long)head.seq);
		model_page_line(f->model, f->room, &head, SLICE("ana"),
		    kind == ENTRY_SAID ? slice_of(text) : SLICE(""));
	}
	model_page_done(f->room);
}

static enum wants
wants(struct fixture *f)
{
	struct view v;
	enum wants wants;

	windows_view(&f->windows, &f->layout, &v);
	struct sight sight = windows_sight(&f->windows, &v);
	wants = windows_wants(&f->windows, &v, &sight);
	view_close(&v);
	return wants;
}

static uint64_t
seen(struct fixture *f)
{
	struct view v;
	uint64_t seq;

	windows_view(&f->windows, &f->layout, &v);
	struct sight sight = windows_sight(&f->windows, &v);
	seq = windows_seen(&f->windows, &v, &sight);
	view_close(&v);
	return seq;
}

Test(windows, older_entries_are_wanted_near_the_top)
{
	struct fixture f;

	set_up(&f);
	cr_expect_eq(wants(&f), WANTS_NOTHING, "no log is known");
	add_log(&f, 301, 400);
	cr_expect_eq(wants(&f), WANTS_NOTHING, "the top is far away");
	windows_scroll(&f.windows, &f.layout, -120);
	cr_expect_eq(wants(&f), WANTS_OLDER);
	f.room->head++;
	cr_expect_eq(wants(&f), WANTS_NOTHING, "the newest first");
	f.room->head--;
	f.room->page.ref = 5;
	cr_expect_eq(wants(&f), WANTS_NOTHING, "asked already");
	f.room->page.ref = 0;
	f.room->older.state = EDGE_FAILED;
	cr_expect_eq(wants(&f), WANTS_NOTHING);
	/* Scrolling asks again, also where it cannot go on. */
	windows_oldest(&f.windows, &f.layout);
	f.room->older.state = EDGE_FAILED;
	cr_expect(windows_scroll(&f.windows, &f.layout, -1));
	cr_expect_not(windows_scroll(&f.windows, &f.layout, -1));
	cr_expect_eq(wants(&f), WANTS_OLDER);
	tear_down(&f);
}

static uint64_t
first_row(struct fixture *f)
{
	struct view v;
	uint64_t id;

	windows_view(&f->windows, &f->layout, &v);
	id = windows_sight(&f->windows, &v).top.id - v.first;
	view_close(&v);
	return id;
}

/* Page after page, until one scrolls elsewhere. */
Test(windows, to_the_oldest_goes_on_to_what_is_older)
{
	struct fixture f;

	set_up(&f);
	add_log(&f, 901, 1000);
	windows_oldest(&f.windows, &f.layout);
	for (uint64_t from = 701; from > 300; from -= 200) {
		cr_expect_eq(wants(&f), WANTS_OLDER);
		add_page(&f, from, from + 200, ENTRY_SAID);
		cr_expect_eq(first_row(&f), 0);
	}
	windows_scroll(&f.windows, &f.layout, 30);
	add_page(&f, 101, 301, ENTRY_SAID);
	cr_expect_gt(first_row(&f), 200, "what is read stays in view");
	windows_oldest(&f.windows, &f.layout);
	windows_newest(&f.windows);
	add_page(&f, 1, 101, ENTRY_SAID);
	cr_expect_gt(first_row(&f), 900);
	tear_down(&f);
}

Test(windows, few_lines_are_filled_up)
{
	struct fixture f;

	set_up(&f);
	add_log(&f, 301, 303);
	cr_expect_eq(wants(&f), WANTS_OLDER);
	windows_clear(&f.windows);
	cr_expect_eq(wants(&f), WANTS_NOTHING, "nothing is to be shown");
	tear_down(&f);
	set_up(&f);
	f.room->number = 7;
	f.room->seq = f.room->head = 300;
	cr_expect_eq(wants(&f), WANTS_OLDER, "no line, but a past");
	f.room->seq = f.room->head = 0;
	cr_expect_eq(wants(&f), WANTS_NOTHING);
	tear_down(&f);
}

/* At every row that can be the first one, at the top rule and the day's too. */
Test(windows, a_page_moves_nothing)
{
	for (int up = 0; up < 60; up++) {
		struct fixture f;
		char *before, *after;
		set_up(&f);
		add_log(&f, 301, 330);
		windows_scroll(&f.windows, &f.layout, -up);
		before = see(&f);
		add_page(&f, 201, 301, ENTRY_SAID);
		after = see(&f);
		/* Only the rules at the very top make way for lines. */
		char *line = strstr(before, "line 301");
		if (line == NULL)
			cr_expect_str_eq(before, after);
		else
			cr_expect_not_null(strstr(after, line), "%d:\n%s\n%s",
			    up, before, after);
		cr_expect_eq(count_rows(before), count_rows(after));
		free(before);
		free(after);
		tear_down(&f);
	}
}

Test(windows, the_row_above_the_first_line)
{
	struct fixture f;
	char *text;

	set_up(&f);
	add_log(&f, 301, 303);
	text = see(&f);
	cr_expect_eq(strncmp(text, "---- loading older ... ----\n---- Fri", 32),
	    0, "%s", text);
	free(text);
	add_page(&f, 1, 301, ENTRY_SAID);
	windows_oldest(&f.windows, &f.layout);
	text = see(&f);
	cr_expect_eq(strncmp(text,
			 "---- the beginning of #lobby ----\n"
			 "---- Friday 20 November 2026 ----\n"
			 "14:21        ana | line 1\n",
			 60),
	    0, "%s", text);
	free(text);
	tear_down(&f);
}

/* Over the seam between two pages, folded as if they had come in order. */
Test(windows, comings_are_folded_across_the_seam)
{
	struct fixture f;
	char *text;

	set_up(&f);
	f.room->number = 7;
	f.room->seq = 3;
	rows_logged(f.model, f.room, START + 240000, ENTRY_JOINED, "bob", "");
	rows_said(f.model, f.room, START + 240000, "bob", "hello");
	add_page(&f, 1, 4, ENTRY_JOINED);
	text = see(&f);
	cr_expect_not_null(
	    strstr(text, "-- | ana and bob joined\n"), "%s", text);
	cr_expect_null(strstr(text, "-- | bob joined"));
	free(text);
	tear_down(&f);
}

Test(windows, no_day_twice_across_the_seam)
{
	struct fixture f;
	char *text, *day;

	set_up(&f);
	add_log(&f, 10, 15);
	add_page(&f, 1, 10, ENTRY_SAID);
	text = see(&f);
	day = strstr(text, "Friday 20 November");
	cr_assert_not_null(day);
	cr_expect_null(strstr(day + 20, "November"), "%s", text);
	free(text);
	tear_down(&f);
}

Test(windows, who_reads_far_up_keeps_it)
{
	struct fixture f;

	set_up(&f);
	add_log(&f, 301, 400);
	cr_expect_not(f.room->lines.is_held);
	windows_page(&f.windows, &f.layout, -1);
	cr_expect(f.room->lines.is_held);
	windows_show(&f.windows, f.model->rooms[0]);
	cr_expect_not(f.room->lines.is_held);
	windows_show(&f.windows, f.room);
	cr_expect(f.room->lines.is_held);
	windows_newest(&f.windows);
	cr_expect_not(f.room->lines.is_held);
	tear_down(&f);
}

/* ---- what was seen, and what was missed ---- */

Test(windows, what_is_in_view_is_seen)
{
	struct fixture f;
	uint64_t last;

	set_up(&f);
	cr_expect_eq(seen(&f), 0);
	add_log(&f, 301, 400);
	cr_expect_eq(seen(&f), 399);
	windows_page(&f.windows, &f.layout, -3);
	last = seen(&f);
	cr_expect_gt(last, 301);
	cr_expect_lt(last, 390);
	windows_scroll(&f.windows, &f.layout, 6);
	cr_expect_gt(seen(&f), last);
	f.model->is_focused = false;
	cr_expect_eq(seen(&f), 0, "nobody looks");
	f.model->is_focused = true;
	windows_show(&f.windows, f.model->rooms[0]);
	cr_expect_eq(seen(&f), 0);
	tear_down(&f);
}

/* The connection was lost after entry 2; 3 to 5 are told again. */
static void
miss(struct fixture *f)
{
	f->room->number = 7;
	rows_said(f->model, f->room, START, "ana", "one");
	rows_said(f->model, f->room, START + 60000, "you", "two");
	f->room->seen = f->room->seen_then = 2;
	f->room->came = 1;
	f->room->since = 5;
	rows_said(f->model, f->room, START + 120000, "you", "three");
	rows_said(f->model, f->room, START + 180000, "bob", "four");
	rows_said(f->model, f->room, START + 240000, "bob", "five");
}

Test(windows, what_was_missed_is_marked_where_one_looks)
{
	struct fixture f;
	char *text;

	set_up(&f);
	miss(&f);
	windows_sync(&f.windows);
	cr_expect_eq(f.room->unread, 0);
	rows_said(f.model, f.room, START + 300000, "bob", "six, live");
	windows_sync(&f.windows);
	text = see(&f);
	cr_expect_not_null(strstr(text,
			       "| three\n---- 2 new since 14:22 ----\n"
			       "14:23        bob | four\n"),
	    "%s", text);
	free(text);
	tear_down(&f);
}

/* While it catches up the mark grows with what comes. */
Test(windows, the_mark_grows_while_catching_up)
{
	struct fixture f;

	set_up(&f);
	miss(&f);
	f.room->head = 6;
	windows_sync(&f.windows);
	cr_expect_eq(f.windows.now->mark.n, 2);
	cr_expect_eq(f.room->unread, 2);
	f.room->since = 6;
	rows_said(f.model, f.room, START + 300000, "bob", "six");
	windows_sync(&f.windows);
	cr_expect_eq(f.windows.now->mark.n, 3);
	cr_expect_eq(f.room->unread, 0);
	/* The program's own words are no messages. */
	cr_expect_eq(f.windows.now->mark.since, START + 120000);
	tear_down(&f);
}

/* Unread of an earlier run: its lines come only with an older page. */
Test(windows, unread_that_is_found_further_up)
{
	struct fixture f;

	set_up(&f);
	f.room->number = 7;
	f.room->seq = f.room->head = f.room->since = 20;
	f.room->seen = f.room->seen_then = 10;
	f.room->came = 21;
	f.room->unread = 10;
	windows_sync(&f.windows);
	cr_expect_eq(f.windows.now->mark.id, 0);
	cr_expect_eq(f.room->unread, 0);
	add_page(&f, 5, 21, ENTRY_SAID);
	windows_sync(&f.windows);
	cr_expect_eq(f.windows.now->mark.n, 10);
	cr_expect_eq(
	    scrollback_line(&f.room->lines, f.windows.now->mark.id)->seq, 11);
	/* What was dropped is dropped. */
	f.windows.now->mark = (struct mark){ 0 };
	add_page(&f, 1, 5, ENTRY_SAID);
	windows_sync(&f.windows);
	cr_expect_eq(f.windows.now->mark.id, 0);
	tear_down(&f);
}

/* ---- what is no room ---- */

static const struct search tea = { .line = "tea", .words = "tea" };

static struct room *
find(struct fixture *f, int n)
{
	struct room *room = model_open_found(f->model, &tea);
	struct line head = { .what = LINE_FOUND, .kind = ENTRY_SAID };

	windows_open(&f->windows, room);
	for (head.seq = (uint64_t)n; head.seq > 0; head.seq--) {
		head.time = START + head.seq * 60000;
		model_page_line(f->model, room, &head, SLICE("ana #dev"),
		    SLICE("some tea"));
		model_page_done(room);
	}
	room->older.state = EDGE_OVER;
	return room;
}

Test(windows, what_was_found)
{
	struct fixture f;
	char *text;

	set_up(&f);
	find(&f, 2);
	text = see(&f);
	cr_expect_str_eq(text,
	    "---- that was all ----\n"
	    "14:21        ana | 2026-11-20 #dev: some tea\n"
	    "14:22        ana > 2026-11-20 #dev: some tea\n"
	    "---- 2 found; Up and Down choose, Enter opens, Escape leaves "
	    "----\n");
	free(text);
	resize(&f, 24, 40);
	text = see(&f);
	cr_expect_str_eq(text,
	    "---- that was all ----\n"
	    "14:21 <ana> 2026-11-20 #dev: some tea\n"
	    "14:22 ><ana> 2026-11-20 #dev: some tea\n"
	    "---- 2 found; Up and Down choose, Enter opens, Escape leaves "
	    "----\n");
	free(text);
	cr_expect_eq(windows_chosen(&f.windows)->seq, 2);
	tear_down(&f);
}

/* Whatever is chosen is in view. */
Test(windows, one_of_what_was_found_is_chosen)
{
	struct fixture f;
	char *text;

	set_up(&f);
	find(&f, 100);
	cr_expect_not(windows_choose(&f.windows, &f.layout, 1));
	for (uint64_t seq = 99; seq > 0; seq--) {
		cr_assert(windows_choose(&f.windows, &f.layout, -1));
		cr_assert_eq(windows_chosen(&f.windows)->seq, seq);
		text = see(&f);
		cr_assert_not_null(strstr(text, " > "), "%s", text);
		free(text);
	}
	cr_expect_not(windows_choose(&f.windows, &f.layout, -1));
	text = see(&f);
	cr_expect_eq(strncmp(text, "---- that was all", 17), 0, "%s", text);
	free(text);
	for (uint64_t seq = 2; seq <= 100; seq++) {
		cr_assert(windows_choose(&f.windows, &f.layout, 1));
		text = see(&f);
		cr_assert_not_null(strstr(text, " > "), "%s", text);
		free(text);
	}
	text = see(&f);
	cr_expect_not_null(strstr(text, "---- 100 found; "), "%s", text);
	free(text);
	tear_down(&f);
}

Test(windows, each_is_left_for_where_one_was)
{
	struct fixture f;
	struct room *found, *part, *ops;

	set_up(&f);
	ops = open_room(&f, "#ops");
	cr_expect_not(windows_leave(&f.windows));
	found = find(&f, 2);
	part = model_open_past(
	    f.model, SLICE("#dev at 14 March"), SLICE("#dev"), 2);
	windows_open(&f.windows, part);
	cr_expect_eq(windows_room(&f.windows), f.room);
	cr_expect(windows_leave(&f.windows));
	cr_expect_eq(f.windows.now->room, found);
	/* Searched again from there. */
	windows_open(&f.windows, part);
	part->is_open = true;
	cr_expect_eq(find(&f, 1), found);
	cr_expect(windows_leave(&f.windows));
	cr_expect_eq(f.windows.now->room, f.room);
	cr_expect_not(found->is_open);
	/* The room one came from is gone. */
	windows_show(&f.windows, ops);
	find(&f, 1);
	ops->is_open = false;
	cr_expect(windows_leave(&f.windows));
	cr_expect_eq(f.windows.now->room, f.model->rooms[0]);
	tear_down(&f);
}

static void
add_part(struct fixture *f, struct room *part, uint64_t from, uint64_t to)
{
	struct line head = { .what = LINE_ENTRY, .kind = ENTRY_SAID };
	char text[32];

	for (head.seq = from; head.seq < to; head.seq++) {
		snprintf(text, sizeof(text), "line %llu",
		    (unsigned long long)head.seq);
		head.time = START + head.seq * 60000;
		model_page_line(
		    f->model, part, &head, SLICE("ana"), slice_of(text));
	}
	part->page.is_newer =
	    part->lines.n != 0 && from > part->lines.first_seq;
	model_page_done(part);
}

Test(windows, a_part_stays_where_it_is)
{
	struct fixture f;
	struct room *part;
	char *before, *after;

	set_up(&f);
	part = model_open_past(
	    f.model, SLICE("#dev at 14 March"), SLICE("#dev"), 500);
	windows_open(&f.windows, part);
	cr_expect_eq(wants(&f), WANTS_NEWER);
	before = see(&f);
	cr_expect_str_eq(before, "---- loading newer ... ----\n");
	free(before);
	add_part(&f, part, 475, 526);
	windows_place(&f.windows, &f.layout);
	before = see(&f);
	cr_expect_not_null(strstr(before, "> line 500\n"), "%s", before);
	cr_expect_null(strstr(before, "==\n"));
	add_part(&f, part, 526, 626);
	add_part(&f, part, 375, 475);
	after = see(&f);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	/* Also at its end. */
	windows_scroll(&f.windows, &f.layout, 1000);
	cr_expect_eq(wants(&f), WANTS_NEWER);
	before = see(&f);
	add_part(&f, part, 626, 700);
	after = see(&f);
	*strstr(before, "---- loading") = '\0';
	cr_expect_eq(
	    strncmp(before, after, strlen(before)), 0, "%s\n%s", before, after);
	free(before);
	free(after);
	part->newer.state = EDGE_OVER;
	windows_scroll(&f.windows, &f.layout, 1000);
	cr_expect_eq(part->newer.state, EDGE_STILL, "not in #dev: ask");
	cr_expect_eq(seen(&f), 0, "this is not the room");
	tear_down(&f);
}
