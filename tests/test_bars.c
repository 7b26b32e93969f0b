#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../chat/bars.h"

#define WALL 1795185240000ULL /* 14:34 */

struct fixture {
	struct model *model;
	struct room *room;
	struct windows windows;
	struct layout layout;
	struct bars bars;
};

static void
use_utf8(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	cr_assert_neq(setlocale(LC_CTYPE, "C.UTF-8"), NULL);
}

TestSuite(bars, .init = use_utf8);

static void
set_up(struct fixture *f, int rows, int columns)
{
	f->model = model_new();
	memcpy(f->model->nick, "you", 4);
	f->model->state = LINK_LIVE;
	f->model->ping_ms = 12;
	f->room = model_room_open(f->model, SLICE("#lobby"));
	model_look(f->model, f->room);
	windows_init(&f->windows, f->model);
	layout_compute(&f->layout, NULL, rows, columns, 1);
	f->bars = (struct bars){
		.windows = &f->windows,
		.layout = &f->layout,
		.now_ms = 1000,
		.wall_ms = WALL,
	};
}

static void
tear_down(struct fixture *f)
{
	windows_done(&f->windows);
	model_free(f->model);
}

typedef void two_ends(const struct bars *, struct strip *, struct strip *);

static void
check(struct fixture *f, two_ends *make, const char *left, const char *right)
{
	struct strip l = { .n = 0 }, r = { .n = 0 };

	make(&f->bars, &l, &r);
	cr_expect_str_eq(buf_string(&l.text), left);
	cr_expect_str_eq(buf_string(&r.text), right);
	strip_done(&l);
	strip_done(&r);
}

Test(bars, title)
{
	struct fixture f;

	set_up(&f, 24, 80);
	check(&f, bars_title, " #lobby", "");
	free(f.room->topic);
	f.room->topic = strdup("Release on Friday");
	room_member_put(f.room, SLICE("ana"), PRESENCE_HERE);
	room_member_put(f.room, SLICE("bob"), PRESENCE_LOST);
	check(&f, bars_title, " #lobby | Release on Friday", " 2 here ");
	windows_show(&f.windows, f.model->rooms[0]);
	check(&f, bars_title, " chat", "");
	memcpy(f.model->server, "hall", 5);
	check(&f, bars_title, " hall", "");
	tear_down(&f);
}

Test(bars, status_of_the_connection)
{
	struct fixture f;

	set_up(&f, 24, 80);
	check(&f, bars_status, "[14:34] you  ok 12 ms", "");
	f.model->ping_ms = -1;
	check(&f, bars_status, "[14:34] you  ok", "");

	f.room->is_attached = true;
	f.room->head = 312;
	f.room->seq = 40;
	f.bars.behind = 312;
	check(&f, bars_status, "[14:34] you  catching up 40/312", "");
	f.room->seq = 312;

	memcpy(f.model->where, "localhost:7711", 15);
	f.model->state = LINK_RESOLVING;
	check(&f, bars_status, "[14:34] you  looking up localhost:7711", "");
	f.model->state = LINK_CONNECTING;
	check(&f, bars_status, "[14:34] you  connecting to localhost:7711", "");

	f.model->state = LINK_WAITING;
	f.model->retry_ms = 1000 + 7001;
	memcpy(f.model->why, "connection refused", 19);
	f.model->n_pending = 3;
	check(&f, bars_status,
	    "[14:34] you  retry in 8 s  3 queued: connection refused", "");
	f.model->retry_ms = 1;
	f.model->n_pending = 0;
	check(&f, bars_status, "[14:34] you  trying again: connection refused",
	    "");

	f.model->state = LINK_OFF;
	check(&f, bars_status, "[14:34] you  offline", "");
	f.model->is_over = true;
	memcpy(f.model->over_why, "replaced", 9);
	check(&f, bars_status, "[14:34] you  offline: replaced", "");
	tear_down(&f);
}

static void add_unread(struct fixture *f);

/* Where there is little room, the rooms with something new matter more than
 * the reason. */
Test(bars, status_without_a_connection_on_narrow_screens)
{
	struct fixture f;

	set_up(&f, 12, 40);
	add_unread(&f);
	memcpy(f.model->where, "localhost:7711", 15);
	memcpy(f.model->why, "connection refused", 19);
	memcpy(f.model->over_why, "replaced", 9);
	f.model->retry_ms = 1000 + 3000;
	f.model->n_pending = 1;
	f.model->state = LINK_WAITING;
	check(&f, bars_status, "retry in 3 s  1 queued 3!2 5!1 4:11", "");
	f.model->state = LINK_CONNECTING;
	check(&f, bars_status, "connecting  1 queued 3!2 5!1 4:11", "");
	f.model->state = LINK_RESOLVING;
	check(&f, bars_status, "looking up  1 queued 3!2 5!1 4:11", "");
	f.model->state = LINK_OFF;
	f.model->is_over = true;
	check(&f, bars_status, "offline  1 queued 3!2 5!1 4:11", "");
	tear_down(&f);
}

static void
add_unread(struct fixture *f)
{
	static const struct {
		const char *name;
		unsigned unread, mentions;
	} rooms[] = { { "#ops", 2, 2 }, { "#dev", 11, 0 }, { "bob", 1, 1 },
		{ "#quiet", 0, 0 } };

	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		struct room *room =
		    model_room_open(f->model, slice_of(rooms[i].name));
		room->unread = rooms[i].unread;
		room->mentions = rooms[i].mentions;
	}
}

Test(bars, status_of_rooms)
{
	struct fixture f;

	set_up(&f, 24, 80);
	add_unread(&f);
	check(&f, bars_status,
	    "[14:34] you  ok 12 ms | 3:#ops !2  5:bob !1  4:#dev 11", "");
	f.bars.hint = SLICE("type /quit to leave");
	check(
	    &f, bars_status, "[14:34] you  ok 12 ms | type /quit to leave", "");
	tear_down(&f);

	set_up(&f, 12, 40);
	add_unread(&f);
	check(&f, bars_status, "ok 3!2 5!1 4:11", "");
	f.bars.hint = SLICE("type /quit to leave");
	check(&f, bars_status, "type /quit to leave", "");
	tear_down(&f);
}

Test(bars, status_of_the_input)
{
	struct fixture f;

	set_up(&f, 24, 80);
	f.bars.written = 128;
	f.bars.written_rows = 3;
	check(&f, bars_status, "[14:34] you  ok 12 ms",
	    " 3 rows, 128 of 16384 bytes ");
	f.bars.written = 20000;
	f.bars.written_rows = 1;
	check(
	    &f, bars_status, "[14:34] you  ok 12 ms", " 20000 of 16384 bytes ");
	tear_down(&f);
}

static void
check_prompt(int rows, int columns, bool has_mention, enum link_state state,
    const char *expected)
{
	struct fixture f;
	struct strip prompt = { .n = 0 };

	set_up(&f, rows, columns);
	f.model->state = state;
	f.room->mentions = has_mention;
	bars_prompt(&f.bars, &prompt);
	cr_expect_str_eq(buf_string(&prompt.text), expected, "%dx%d: %s",
	    columns, rows, buf_string(&prompt.text));
	strip_done(&prompt);
	tear_down(&f);
}

Test(bars, prompt)
{
	check_prompt(24, 80, true, LINK_LIVE, "#lobby> ");
	check_prompt(12, 40, true, LINK_LIVE, "> ");
	check_prompt(12, 7, true, LINK_LIVE, ">");
	/* Without a status it tells what that would. */
	check_prompt(3, 80, true, LINK_LIVE, "!#lobby> ");
	check_prompt(3, 80, false, LINK_WAITING, "?#lobby> ");
	check_prompt(3, 40, false, LINK_LIVE, "> ");
	check_prompt(2, 4, false, LINK_LIVE, ">");
	check_prompt(2, 4, true, LINK_LIVE, "!");
	check_prompt(1, 1, true, LINK_LIVE, "!");
	check_prompt(1, 1, false, LINK_WAITING, "?");
	check_prompt(1, 1, false, LINK_LIVE, ">");
}

/* All rows of the rooms' bar, with ~ between left and right. */
static void
rooms_text(struct fixture *f, struct buf *out)
{
	for (int row = 0; row < f->layout.rooms.rows; row++) {
		struct strip l = { .n = 0 }, r = { .n = 0 };
		if (bars_rooms(&f->bars, row, &l, &r))
			buf_printf(out, "%s~%s\n", buf_string(&l.text),
			    buf_string(&r.text));
		strip_done(&l);
		strip_done(&r);
	}
}

Test(bars, rooms)
{
	struct fixture f;
	struct buf text = { 0 };

	set_up(&f, 24, 120);
	add_unread(&f);
	rooms_text(&f, &text);
	cr_expect_str_eq(buf_string(&text),
	    "HOME~\n"
	    "  1 server~\n"
	    "~\n"
	    "ROOMS~\n"
	    "> 2 #lobby~\n"
	    "  3 #ops~ !2 2\n"
	    "  4 #dev~ 11\n"
	    "  6 #quiet~\n"
	    "~\n"
	    "DIRECT~\n"
	    "  5 bob~ !1 1\n");
	/* With too little room, the room looked at is there. */
	layout_compute(&f.layout, NULL, 6, 120, 1);
	windows_show(&f.windows, windows_nth(&f.windows, 4));
	buf_clear(&text);
	rooms_text(&f, &text);
	cr_expect_not_null(
	    strstr(buf_string(&text), "> 5 bob~"), "%s", buf_string(&text));
	buf_done(&text);
	tear_down(&f);
}

static void
people_text(struct fixture *f, struct buf *out)
{
	struct people *people = bars_people(&f->bars);

	for (int row = 0; row < f->layout.people.rows; row++) {
		struct strip s = { .n = 0 };
		if (bars_person(people, row, &s))
			buf_printf(out, "%s\n", buf_string(&s.text));
		strip_done(&s);
	}
	free(people);
}

Test(bars, people)
{
	struct fixture f;
	struct buf text = { 0 };

	set_up(&f, 24, 160);
	people_text(&f, &text);
	cr_expect_str_eq(buf_string(&text), "");
	room_member_put(f.room, SLICE("Zoe"), PRESENCE_HERE);
	room_member_put(f.room, SLICE("bob"), PRESENCE_LOST);
	room_member_put(f.room, SLICE("ana"), PRESENCE_HERE);
	room_member_put(f.room, SLICE("Carla"), PRESENCE_HERE);
	people_text(&f, &text);
	cr_expect_str_eq(buf_string(&text),
	    " HERE 3\n ana\n Carla\n Zoe\n\n LOST 1\n bob\n");
	buf_clear(&text);
	room_member_put(f.room, SLICE("ana"), PRESENCE_LOST);
	room_member_put(f.room, SLICE("Carla"), PRESENCE_LOST);
	room_member_put(f.room, SLICE("Zoe"), PRESENCE_LOST);
	people_text(&f, &text);
	cr_expect_str_eq(
	    buf_string(&text), " LOST 4\n ana\n bob\n Carla\n Zoe\n");
	buf_done(&text);
	tear_down(&f);
}

/* Of a crowd only the first are kept, in order. */
Test(bars, a_crowd)
{
	struct fixture f;
	struct buf text = { 0 };
	char nick[16];

	set_up(&f, 8, 160);
	for (int i = 0; i < 1000; i++) {
		snprintf(nick, sizeof(nick), "n%03d", (i * 7) % 1000);
		room_member_put(f.room, slice_of(nick), PRESENCE_HERE);
	}
	people_text(&f, &text);
	cr_expect_str_eq(
	    buf_string(&text), " HERE 1000\n n000\n n001\n n002\n n003\n");
	buf_done(&text);
	tear_down(&f);
}
