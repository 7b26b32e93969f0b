#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../chat/apply_state.h"
#include "../chat/past.h"
#include "rig.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static struct rig rig;
static struct room *room; /* #lobby, in which entries 201 to 203 have come */

static void
hear(uint64_t seq)
{
	char line[128];

	snprintf(line, sizeof(line),
	    "S entry room=7 seq=%llu time=%llu kind=said who=bob text=t%llu",
	    (unsigned long long)seq, 1700000000000ULL + seq * 1000,
	    (unsigned long long)seq);
	RIG(&rig, line);
}

static void
enter(void)
{
	room = rig_room(&rig, "#lobby");
	room->is_wanted = true;
	apply_begin(rig.apply, rig.now_ms);
	RIG(&rig, "C hello", "S welcome version=1 nick=ana log=$log",
	    "C join room=#lobby ref=$j", "C ping token=$t", "S pong token=$t",
	    "S attached ref=$j room=7 name=#lobby first=201 head=203",
	    "C names ref=$n", "S done ref=$n seq=203", "C -");
	for (uint64_t seq = 201; seq <= 203; seq++)
		hear(seq);
}

static void
begin(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	rig_init(&rig);
	enter();
}

static void
end(void)
{
	rig_done(&rig);
}

TestSuite(past, .init = begin, .fini = end);

/* Rows [from, end) as answer to the request $h. */
static void
tell(uint64_t from, uint64_t end)
{
	char line[128];

	for (uint64_t seq = from; seq < end; seq++) {
		snprintf(line, sizeof(line),
		    "S past ref=$h room=#lobby seq=%llu time=%llu kind=said "
		    "who=bob text=t%llu",
		    (unsigned long long)seq, 1700000000000ULL + seq * 1000,
		    (unsigned long long)seq);
		RIG(&rig, line);
	}
}

static void
check(const struct room *r, uint64_t from, uint64_t end)
{
	uint64_t id = scrollback_oldest(&r->lines);
	char text[24];

	cr_assert_eq(r->lines.n, end - from, "%zu lines", r->lines.n);
	for (uint64_t seq = from; seq < end; seq++, id++) {
		const struct line *line = scrollback_line(&r->lines, id);
		snprintf(text, sizeof(text), "t%llu", (unsigned long long)seq);
		cr_assert_eq(line->seq, seq);
		cr_assert(slice_is(line_text(line), slice_of(text)));
	}
}

static const char *
top(const struct room *r)
{
	static char text[256];
	struct buf words = { 0 };

	past_top(r, &words);
	snprintf(text, sizeof(text), "%s", buf_string(&words));
	buf_done(&words);
	return text;
}

static const char *
foot(const struct room *r)
{
	static char text[256];
	struct buf words = { 0 };

	past_foot(r, &words);
	snprintf(text, sizeof(text), "%s", buf_string(&words));
	buf_done(&words);
	return text;
}

/* ---- older entries of a room ---- */

Test(past, pages_go_before_what_is_there)
{
	uint64_t id = scrollback_entry(&room->lines, 201)->id;

	cr_expect_eq(past_older(room), PAST_MORE);
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history room=#lobby from=101 n=100 since=0 ref=$h", "C -");
	cr_expect_eq(past_older(room), PAST_LOADING);
	cr_expect_str_eq(top(room), "loading older ...");
	cr_expect_not(apply_page(rig.apply, room, false), "one at a time");
	tell(101, 150);
	cr_expect_eq(room->lines.n, 3, "nothing before it is whole");
	hear(204);
	tell(150, 201);
	RIG(&rig, "S done ref=$h seq=204 next=201", "C -");
	check(room, 101, 205);
	cr_expect_eq(scrollback_entry(&room->lines, 201)->id, id);
	cr_expect_eq(room->unread, 4, "what is older is no news");

	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history from=1 n=100 ref=$h");
	tell(1, 101);
	RIG(&rig, "S done ref=$h seq=204 next=101", "C -");
	check(room, 1, 205);
	cr_expect_eq(past_older(room), PAST_END);
	cr_expect_str_eq(top(room), "the beginning of #lobby");
	cr_expect_not(apply_page(rig.apply, room, false));
	RIG(&rig, "C -");
}

Test(past, an_answer_in_several_parts)
{
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history from=101 n=100 ref=$h");
	tell(101, 131);
	RIG(&rig, "S done ref=$h seq=203 next=131",
	    "C history from=131 n=70 ref=$h");
	tell(131, 190);
	RIG(&rig, "S done ref=$h seq=203 next=190",
	    "C history from=190 n=11 ref=$h");
	cr_expect_eq(room->lines.n, 3);
	tell(190, 201);
	RIG(&rig, "S done ref=$h seq=203 next=201", "C -");
	check(room, 101, 204);
	cr_expect_eq(past_older(room), PAST_MORE);
}

Test(past, what_is_not_kept_is_told)
{
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history from=101 n=100 ref=$h");
	tell(151, 201);
	RIG(&rig, "S done ref=$h seq=203 next=201", "C -");
	check(room, 151, 204);
	cr_expect_eq(past_older(room), PAST_LOST);
	cr_expect_str_eq(
	    top(room), "150 entries before this are not kept any more");
}

Test(past, nothing_is_kept_any_more)
{
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history from=101 n=100 ref=$h",
	    "S done ref=$h seq=203 next=0", "C -");
	cr_expect_eq(past_older(room), PAST_LOST);
	cr_expect_str_eq(
	    top(room), "200 entries before this are not kept any more");
}

/* After a restart only what is new comes: the past of that is had. */
Test(past, a_room_without_entries_has_a_past)
{
	rig_cut(&rig);
	scrollback_clear(&room->lines);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping token=$t",
	    "S belongs room=7 name=#lobby head=203",
	    "C attach room=#lobby seq=203 ref=$a", "S pong token=$t",
	    "S attached ref=$a room=7 name=#lobby first=204 head=203",
	    "C names");
	cr_expect_eq(past_older(room), PAST_MORE);
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history from=104 n=100 ref=$h");
	hear(204);
	tell(104, 204);
	RIG(&rig, "S done ref=$h seq=204", "C -");
	check(room, 104, 205);
}

static const struct {
	const char *rows[3];
} junk[] = {
	{ { "past ref=$h room=#lobby seq=102 kind=said who=bob",
	    "past ref=$h room=#lobby seq=101 kind=said who=bob", NULL } },
	{ { "past ref=$h room=#lobby seq=101 kind=said who=bob",
	    "past ref=$h room=#lobby seq=101 kind=said who=bob", NULL } },
	{ { "past ref=$h room=#lobby seq=101 kind=said who=bob",
	    "past ref=$h room=#lobby seq=103 kind=said who=bob", NULL } },
	{ { "past ref=$h room=#lobby seq=100 kind=said who=bob", NULL } },
	{ { "past ref=$h room=#lobby seq=201 kind=said who=bob", NULL } },
	{ { "past ref=$h room=#lobby seq=0 kind=said who=bob", NULL } },
	{ { "past ref=$h room=#other seq=101 kind=said who=bob", NULL } },
	{ { "past ref=$h room=bob seq=101 kind=said who=bob", NULL } },
	{ { "past ref=$h room=#lobby seq=150 kind=said who=bob", NULL } },
};

Test(past, junk_is_refused_calmly)
{
	for (size_t i = 0; i < N(junk); i++) {
		past_try_again(room);
		cr_assert(apply_page(rig.apply, room, false));
		RIG(&rig, "C history from=101 n=100 ref=$h");
		for (const char *const *row = junk[i].rows; *row != NULL;
		     row++) {
			char line[128];
			snprintf(line, sizeof(line), "S %s", *row);
			RIG(&rig, line);
		}
		RIG(&rig, "S done ref=$h seq=203 next=0", "C -");
		cr_expect(rig.goes_on);
		check(room, 201, 204);
		cr_expect_eq(past_older(room), PAST_FAILED, "%zu", i);
		cr_expect_str_eq(top(room),
		    "nothing older: the server's answer makes no sense; "
		    "scroll up to ask again");
		cr_expect_not(apply_page(rig.apply, room, false));
	}
}

/* Rows nobody asked for, or long after all that was asked. */
Test(past, endless_rows_are_not_kept)
{
	cr_assert(apply_page(rig.apply, room, false));
	RIG(&rig, "C history from=101 n=100 ref=$h");
	tell(101, 201);
	for (int i = 0; i < 1000; i++)
		tell(150, 151);
	cr_expect_leq(room->page.lines.n, 100);
	RIG(&rig, "S done ref=$h seq=203",
	    "S past ref=4711 room=#lobby seq=5 kind=said who=bob text=x");
	check(room, 201, 204);
	cr_expect_eq(past_older(room), PAST_FAILED);
}

Test(past, refused_and_asked_again)
{
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history ref=$h",
	    "S refused request=history ref=$h code=unavailable "
	    "text=\"not\\nnow\"",
	    "C -");
	cr_expect_str_eq(
	    top(room), "nothing older: not now; scroll up to ask again");
	cr_expect(past_try_again(room));
	cr_expect_not(past_try_again(room));
	/* For the moment only: asked again by itself. */
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history ref=$h",
	    "S refused request=history ref=$h code=too_fast wait=100");
	cr_expect_eq(past_older(room), PAST_LOADING);
	rig.now_ms += 100;
	cr_expect(apply_tick(rig.apply, rig.now_ms));
	RIG(&rig, "C history from=101 ref=$h");
	tell(101, 201);
	RIG(&rig, "S done ref=$h", "C -");
	check(room, 101, 204);
}

Test(past, a_lost_connection_loses_the_request)
{
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history ref=$h");
	tell(101, 120);
	apply_over(rig.apply);
	cr_expect_str_eq(top(room),
	    "nothing older: the connection was lost; scroll up to ask again");
	cr_expect_eq(room->page.lines.n, 0);
	past_try_again(room);
	cr_expect_not(apply_page(rig.apply, room, false));
	cr_expect_str_eq(top(room),
	    "nothing older: there is no connection; scroll up to ask again");
	buf_clear(&rig.out);
	apply_begin(rig.apply, rig.now_ms);
	RIG(&rig, "C hello", "S welcome version=1 nick=ana log=$log");
	cr_expect_eq(past_older(room), PAST_MORE, "a new connection, new hope");
}

/* Lines are forgotten between question and answer. */
Test(past, an_answer_that_does_not_fit_any_more)
{
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history ref=$h");
	tell(101, 201);
	for (uint64_t seq = 204; seq < 204 + SCROLLBACK_MAX; seq++)
		hear(seq);
	cr_expect_gt(room->lines.first_seq, 201);
	RIG(&rig, "S done ref=$h", "C -");
	cr_expect_eq(room->lines.n, SCROLLBACK_MAX);
	cr_expect_eq(room->lines.first_seq, 204);
	cr_expect_eq(past_older(room), PAST_MORE);
}

Test(past, another_log_has_no_past_here)
{
	apply_over(rig.apply);
	buf_clear(&rig.out);
	apply_begin(rig.apply, rig.now_ms);
	RIG(&rig, "C hello", "S welcome version=1 nick=ana log=$other",
	    "C join room=#lobby ref=$j", "C ping",
	    "S attached ref=$j room=3 name=#lobby first=41 head=40", "C names");
	cr_expect_eq(past_older(room), PAST_NONE);
	cr_expect_not(apply_page(rig.apply, room, false));
	cr_expect_str_eq(top(room), "");
}

Test(past, what_can_be_held_is_bounded)
{
	uint64_t from = 201 + 2 * (uint64_t)SCROLLBACK_MAX;

	scrollback_clear(&room->lines);
	room->lines.is_held = true;
	room->seq = from;
	hear(from + 1);
	for (;;) {
		uint64_t first = past_first(room);
		if (!apply_page(rig.apply, room, false))
			break;
		RIG(&rig, "C history n=100 ref=$h");
		tell(first - 100, first);
		RIG(&rig, "S done ref=$h");
		cr_assert_eq(past_first(room), first - 100);
	}
	cr_expect_eq(past_older(room), PAST_FULL);
	cr_expect_gt(room->lines.n, 2 * SCROLLBACK_MAX - 200);
	cr_expect_leq(room->lines.n, 2 * SCROLLBACK_MAX);
	RIG(&rig, "C -");
}

/* ---- what was missed ---- */

Test(past, what_was_missed_is_unread_though_looked_at)
{
	struct model *m = rig.model;

	model_look(m, room);
	room->seen = 202;
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping token=$t",
	    "S belongs room=7 name=#lobby head=206 seen=202",
	    "C attach room=#lobby seq=203 ref=$a", "S pong token=$t",
	    "S attached ref=$a room=7 name=#lobby first=204 head=206 seen=202",
	    "C names", "S entry room=7 seq=204 kind=joined who=carla",
	    "S entry room=7 seq=205 kind=said who=ana text=mine",
	    "S entry room=7 seq=206 kind=said who=bob text=missed",
	    "S entry room=7 seq=207 kind=said who=bob text=live");
	cr_expect_eq(room->unread, 1);
	cr_expect(
	    slice_is(line_text(scrollback_line(&room->lines, room->unread_id)),
		SLICE("missed")));
}

/* Older ones count as well, and what was seen does not. */
Test(past, unread_in_a_page)
{
	model_look(rig.model, room);
	room->seen = room->seen_then = 150;
	room->unread = 0;
	room->unread_id = 0;
	cr_expect(apply_page(rig.apply, room, false));
	RIG(&rig, "C history from=101 ref=$h");
	tell(101, 201);
	RIG(&rig, "S done ref=$h");
	cr_expect_eq(room->unread, 50);
	cr_expect_eq(scrollback_line(&room->lines, room->unread_id)->seq, 151);
}

Test(past, what_another_device_saw_is_not_unread)
{
	rig_cut(&rig);
	room->unread = 0;
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping token=$t",
	    "S belongs room=7 name=#lobby head=205 seen=204",
	    "C attach room=#lobby seq=203 ref=$a", "S pong token=$t",
	    "S attached ref=$a room=7 name=#lobby first=204 head=205 seen=204",
	    "C names");
	hear(204);
	cr_expect_eq(room->unread, 0);
	hear(205);
	cr_expect_eq(room->unread, 1);
}

/* ---- a part of a log ---- */

static struct room *
open_part(uint64_t seq)
{
	return model_open_past(
	    rig.model, SLICE("#lobby at 14 March"), SLICE("#lobby"), seq);
}

Test(past, a_part_grows_at_both_ends)
{
	struct room *part = open_part(100);

	cr_expect_eq(past_newer(part), PAST_MORE);
	cr_expect(apply_page(rig.apply, part, true));
	RIG(&rig, "C history room=#lobby from=75 n=51 ref=$h");
	cr_expect_not(apply_page(rig.apply, part, false), "one at a time");
	tell(75, 126);
	RIG(&rig, "S done ref=$h seq=203 next=126", "C -");
	check(part, 75, 126);
	cr_expect(apply_page(rig.apply, part, false));
	RIG(&rig, "C history room=#lobby from=1 n=74 ref=$h");
	tell(1, 75);
	RIG(&rig, "S done ref=$h seq=203 next=75");
	check(part, 1, 126);
	cr_expect_str_eq(top(part), "the beginning of #lobby");
	cr_expect(apply_page(rig.apply, part, true));
	RIG(&rig, "C history from=126 n=100 ref=$h");
	tell(126, 204);
	RIG(&rig, "S done ref=$h seq=203 next=0");
	check(part, 1, 204);
	cr_expect_eq(past_newer(part), PAST_END);
	cr_expect_str_eq(
	    foot(part), "the newest of #lobby so far; Escape leaves");
	cr_expect_eq(part->unread, 0);
	check(room, 201, 204);
}

Test(past, a_part_opened_anew_forgets_the_old)
{
	struct room *part = open_part(100);

	cr_expect(apply_page(rig.apply, part, true));
	RIG(&rig, "C history from=75 ref=$h");
	cr_expect_eq(open_part(20), part);
	tell(75, 126);
	RIG(&rig, "S done ref=$h");
	cr_expect_eq(part->lines.n, 0);
	cr_expect(apply_page(rig.apply, part, true));
	RIG(&rig, "C history from=1 n=45 ref=$h");
	tell(1, 46);
	RIG(&rig, "S done ref=$h");
	check(part, 1, 46);
	cr_expect_eq(rig.model->n_rooms, 3);
	cr_expect_null(model_room(rig.model, SLICE("#lobby at 14 March")));
}

/* ---- what is found ---- */

static struct room *
search(void)
{
	static const struct search s = { .line = "tea from:bob",
		.words = "tea",
		.who = "bob",
		.room = "#lobby",
		.after = 5,
		.before = 7 };

	return model_open_found(rig.model, &s);
}

Test(past, what_is_found_stands_in_order_of_time)
{
	struct room *found = search();
	const struct line *line;

	cr_expect_str_eq(found->name, "search: tea");
	cr_expect_str_eq(foot(found), "searching: tea from:bob");
	cr_expect(apply_page(rig.apply, found, false));
	RIG(&rig,
	    "C search words=tea who=bob room=#lobby after=5 before=7 next=0 "
	    "ref=$h",
	    "S past ref=$h room=#lobby seq=90 kind=said who=bob text=\"tea!\"",
	    "S past ref=$h room=carla seq=3 kind=said who=bob text=tea",
	    "S done ref=$h next=44", "C -");
	cr_expect_str_eq(foot(found),
	    "2 found so far; Up and Down choose, Enter opens, Escape leaves");
	cr_expect(apply_page(rig.apply, found, false));
	RIG(&rig, "C search words=tea next=44 ref=$h",
	    "S past ref=$h room=#dev seq=7 kind=action who=bob text=tea",
	    "S done ref=$h next=0", "C -");
	cr_expect_eq(found->lines.n, 3);
	cr_expect_str_eq(foot(found),
	    "3 found; Up and Down choose, Enter opens, Escape leaves");
	cr_expect_str_eq(top(found), "that was all");
	line = scrollback_line(&found->lines, scrollback_oldest(&found->lines));
	cr_expect(slice_is(line_room(line), SLICE("#dev")));
	cr_expect_eq(line->seq, 7);
	line = scrollback_line(&found->lines, scrollback_newest(&found->lines));
	cr_expect(slice_is(line_room(line), SLICE("#lobby")));
	cr_expect(slice_is(line_who(line), SLICE("bob")));
	cr_expect_not(apply_page(rig.apply, found, false));
}

Test(past, nothing_is_found)
{
	struct room *found = search();

	cr_expect(apply_page(rig.apply, found, false));
	RIG(&rig, "C search ref=$h", "S done ref=$h next=0");
	cr_expect_str_eq(foot(found), "nothing was found: tea from:bob");
}

/* Pages without anything go on by themselves, but not for ever. */
Test(past, endless_empty_pages)
{
	struct room *found = search();
	int n = 0;

	while (apply_page(rig.apply, found, false) && n < 1000) {
		RIG(&rig, "C search ref=$h", "S done ref=$h next=44");
		n++;
	}
	cr_expect_eq(n, 20);
	cr_expect_eq(past_older(found), PAST_FAILED);
	cr_expect(past_try_again(found));
	cr_expect(apply_page(rig.apply, found, false));
}

Test(past, a_search_that_is_refused)
{
	struct room *found = search();

	cr_expect(apply_page(rig.apply, found, false));
	RIG(&rig, "C search ref=$h",
	    "S refused request=search ref=$h code=nobody text=\"nobody here\"");
	cr_expect_str_eq(
	    foot(found), "not searched: nobody here; scroll up to try again");
	cr_expect_not_null(strstr(top(found), ""));
}

/* Where there is no window, all is told, page after page. */
Test(past, found_without_a_window)
{
	union message m = { .search = { .type = MSG_SEARCH,
				.words = SLICE("tea"),
				.who = SLICE("bob") } };

	buf_clear(&rig.heard);
	cr_expect(apply_request(rig.apply, &m, room));
	RIG(&rig, "C search words=tea who=bob next=0 ref=$h",
	    "S past ref=$h room=#dev seq=7 kind=said who=bob text=\"tea 1\"",
	    "S done ref=$h next=9", "C search words=tea who=bob next=9 ref=$h",
	    "S past ref=$h room=#dev seq=6 kind=said who=bob text=\"tea 2\"",
	    "S done ref=$h next=0", "C -");
	cr_expect_str_eq(buf_string(&rig.heard),
	    "#dev found bob tea 1\n#dev found bob tea 2\n"
	    "#lobby local  2 found\n");
	cr_expect_eq(rig.model->n_asked, 0);
}

/* Without a window, entries are told as what they are. */
Test(past, history_without_a_window)
{
	union message m = { .history = { .type = MSG_HISTORY,
				.room = SLICE("#dev"),
				.from = 1,
				.n = 2 } };

	buf_clear(&rig.heard);
	cr_expect(apply_request(rig.apply, &m, room));
	RIG(&rig, "C history ref=$h",
	    "S past ref=$h room=#dev seq=7 kind=said who=bob text=hi",
	    "S past ref=$h room=#dev seq=8 kind=left who=bob text=bye",
	    "S done ref=$h next=0", "C -");
	cr_expect_str_eq(
	    buf_string(&rig.heard), "#dev said bob hi\n#dev left bob bye\n");
	check(room, 201, 204);
	cr_expect_eq(rig.model->n_asked, 0);
}
