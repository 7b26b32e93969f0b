/*
 * What is over, on the screen: older entries by scrolling, what was missed,
 * search and the way to what it found; chat on a terminal with a real chatd.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "daemon.h"
#include "peer.h"
#include "vt.h"

#define PAGE_UP	  "\033[5~"
#define PAGE_DOWN "\033[6~"
#define UP	  "\033[A"
#define DOWN	  "\033[B"

enum { ENTRIES = 1000, QUIET_MS = 120 };

struct fixture {
	struct daemon daemon;
	struct vt vt;
	struct peer ana;
	uint64_t said; /* by ana */
};

static void
say(struct fixture *f, const char *room, const char *text)
{
	peer_say(&f->ana, ++f->said, room, text);
}

/* "line 7." and so on: no number is part of another's words. */
static void
say_many(struct fixture *f, int from, int end)
{
	char text[64];

	f->ana.is_gathering = true;
	for (int i = from; i < end; i++) {
		snprintf(text, sizeof(text), "line %d.", i);
		say(f, "#lobby", text);
	}
	peer_flush(&f->ana);
	f->ana.is_gathering = false;
}

/* All that ana said is in the log. */
static void
await_stored(struct fixture *f)
{
	union message m;

	do
		cr_assert(peer_hear_type(&f->ana, MSG_STORED, &m));
	while (m.stored.n != f->said);
}

static void
start_chat(struct fixture *f, int rows, int columns)
{
	char state[128];
	const char *argv[] = { daemon_program("CHAT", "chat"), "-s",
		f->daemon.address[0], "-n", "gina", "-r", "#lobby", NULL };
	struct vt_options options = {
		.argv = argv,
		.rows = rows,
		.columns = columns,
		.env = { "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TZ=UTC",
		    "NO_COLOR", state, "ESCDELAY=25" },
	};

	snprintf(
	    state, sizeof(state), "XDG_STATE_HOME=%s", f->daemon.directory);
	vt_start(&f->vt, &options);
}

/* Ana has said so many lines in #lobby before chat comes as gina. */
static void
set_up(struct fixture *f, int entries, int rows, int columns)
{
	const struct daemon_options options = {
		.listen = { "127.0.0.1:0" },
		.config = "limits: { rate = 0; };\n",
	};

	*f = (struct fixture){ .said = 0 };
	daemon_init(&f->daemon);
	daemon_start(&f->daemon, &options);
	cr_assert(peer_enter(&f->ana, f->daemon.address[0], "ana"));
	cr_assert_neq(peer_join(&f->ana, "#lobby"), 0);
	say_many(f, 1, entries + 1);
	if (entries != 0)
		await_stored(f);
	start_chat(f, rows, columns);
	vt_await(&f->vt, "gina joined");
}

static void
tear_down(struct fixture *f)
{
	vt_type(&f->vt, "\003\003/quit\r");
	cr_expect_eq(vt_await_end(&f->vt), EX_OK);
	vt_done(&f->vt);
	peer_close(&f->ana);
	daemon_stop(&f->daemon);
	daemon_done(&f->daemon);
}

/* ---- what is seen ---- */

/* The numbers of the lines in the upper part, which are in order and without
 * holes: the first and the last; false: there are none. */
static bool
numbers(struct fixture *f, int *first, int *last)
{
	char *text = vt_text(&f->vt), *at = text;
	char *end = strstr(text, " below ");

	*first = *last = 0;
	while (
	    (at = strstr(at, "line ")) != NULL && (end == NULL || at < end)) {
		int n = (int)strtol(at + 5, &at, 10);
		if (*at != '.')
			continue;
		if (*first == 0)
			*first = n;
		else
			cr_assert_eq(n, *last + 1, "%s", text);
		*last = n;
	}
	free(text);
	return *first != 0;
}

/* The rows above the one that tells how much is below. */
static char *
upper_part(struct fixture *f)
{
	char *text = vt_text(&f->vt), *end = strstr(text, " below ");

	cr_assert_not_null(end, "%s", text);
	while (end > text && end[-1] != '\n')
		end--;
	*end = '\0';
	return text;
}

/* Up to the very beginning, page by page; the number of pages. */
static int
scroll_up(struct fixture *f, bool *seen)
{
	int first, last, above, pages = 0;

	cr_assert(numbers(f, &above, &last));
	while (!vt_shows(&f->vt, "the beginning of #lobby")) {
		vt_type(&f->vt, PAGE_UP);
		vt_settle(&f->vt, QUIET_MS);
		cr_assert_lt(++pages, 2 * ENTRIES);
		if (!numbers(f, &first, &last))
			continue;
		cr_assert_geq(last, above - 1, "%d to %d are passed over",
		    last + 1, above - 1);
		above = first;
		for (int i = first; i <= last; i++)
			seen[i] = true;
	}
	return pages;
}

/* ---- scrolling ---- */

Test(past, the_beginning_is_reached_by_scrolling)
{
	static const int sizes[][2] = { { 24, 80 }, { 30, 40 } };

	for (size_t i = 0; i < 2; i++) {
		bool seen[ENTRIES + 1] = { false };
		struct fixture f;
		char *before, *after;
		set_up(&f, ENTRIES, sizes[i][0], sizes[i][1]);
		scroll_up(&f, seen);
		for (int n = 1; n <= ENTRIES - sizes[i][0]; n++)
			cr_assert(seen[n], "line %d was not seen", n);
		/* Nothing that arrives moves it, nor what is not there. */
		before = upper_part(&f);
		say_many(&f, ENTRIES + 1, ENTRIES + 100);
		vt_await(&f.vt, "line 1099.");
		vt_type(&f.vt, PAGE_UP PAGE_UP);
		vt_settle(&f.vt, QUIET_MS);
		after = upper_part(&f);
		cr_expect_str_eq(before, after);
		free(before);
		free(after);
		vt_type(&f.vt, "\033>");
		vt_await_gone(&f.vt, " below ");
		vt_await(&f.vt, "line 1099.");
		tear_down(&f);
	}
}

/* The window is filled up by itself, and a small log is all there is. */
Test(past, a_high_window_is_filled)
{
	struct fixture f;
	int first, last;

	set_up(&f, 300, 120, 80);
	vt_await(&f.vt, "line 190.");
	vt_settle(&f.vt, QUIET_MS);
	cr_assert(numbers(&f, &first, &last));
	cr_expect_eq(last, 300);
	cr_expect_leq(first, 190);
	tear_down(&f);
	set_up(&f, 5, 24, 80);
	vt_await(&f.vt, "the beginning of #lobby");
	vt_await(&f.vt, "ana | line 1.");
	tear_down(&f);
}

/* Lines that come and go while a page is on its way. */
Test(past, a_page_moves_nothing)
{
	struct fixture f;
	char *before, *after;
	int first, last;

	set_up(&f, ENTRIES, 24, 80);
	/* So far up that the next page is asked for. */
	do {
		vt_type(&f.vt, PAGE_UP);
		vt_settle(&f.vt, QUIET_MS);
		cr_assert(numbers(&f, &first, &last));
	} while (first > 900);
	before = upper_part(&f);
	vt_settle(&f.vt, 200);
	after = upper_part(&f);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	tear_down(&f);
}

Test(past, without_a_connection_it_says_so)
{
	struct fixture f;
	struct daemon_options again = { .listen = { NULL } };
	char address[160];

	set_up(&f, ENTRIES, 24, 80);
	snprintf(address, sizeof(address), "%s", f.daemon.address[0]);
	daemon_kill(&f.daemon);
	daemon_done(&f.daemon);
	vt_await(&f.vt, "retry in");
	for (int i = 0; i < 20 && !vt_shows(&f.vt, "scroll up to ask"); i++) {
		vt_type(&f.vt, "\033<");
		vt_settle(&f.vt, QUIET_MS);
	}
	vt_await(&f.vt, "scroll up to ask again");
	daemon_init(&f.daemon);
	again.listen[0] = address;
	daemon_start(&f.daemon, &again);
	vt_type(&f.vt, "\033r");
	vt_await_gone(&f.vt, "scroll up to ask again");
	tear_down(&f);
}

/* ---- what was missed ---- */

Test(past, what_was_missed_is_marked_after_a_restart)
{
	struct fixture f;
	union message m;

	set_up(&f, 60, 24, 80);
	vt_await(&f.vt, "line 60.");
	/* What was seen is told once in a while. */
	vt_type(&f.vt, "/me is here\r");
	vt_await(&f.vt, "gina is here");
	vt_settle(&f.vt, 200);
	vt_signal(&f.vt, SIGKILL);
	cr_expect_eq(vt_await_end(&f.vt), -SIGKILL);
	vt_done(&f.vt);
	do
		cr_assert(peer_hear_type(&f.ana, MSG_PRESENCE, &m));
	while (m.presence.state != PRESENCE_LOST);
	say_many(&f, 61, 64);
	await_stored(&f);
	start_chat(&f, 24, 80);
	vt_await(&f.vt, "3 new since ");
	vt_await(&f.vt, "line 63.");
	/* And the window is filled with what was before. */
	vt_await(&f.vt, "gina is here");
	vt_await(&f.vt, "line 60.");
	tear_down(&f);
}

/* ---- searching ---- */

Test(past, search_and_the_way_to_what_was_found)
{
	struct fixture f;

	set_up(&f, ENTRIES, 24, 80);
	say(&f, "#lobby", "tea at four, 512 cups");
	vt_await(&f.vt, "512 cups");
	vt_type(&f.vt, "/search 512 from:a\t\r");
	vt_await(&f.vt, "2 found; Up and Down choose");
	vt_await(&f.vt, "that was all");
	vt_await(&f.vt, "#lobby: line 512.");
	vt_await(&f.vt, "> 2026-");
	cr_expect(vt_cell(&f.vt, "512.").attrs.bold);
	cr_expect_not(vt_cell(&f.vt, "#lobby: line").attrs.bold);
	/* The older one is not in the room's window any more. */
	vt_type(&f.vt, UP "\r");
	vt_await(&f.vt, "#lobby at ");
	vt_await(&f.vt, "> line 512.");
	vt_await(&f.vt, "line 505.");
	vt_await(&f.vt, "line 520.");
	/* It goes on at both ends. */
	for (int i = 0; i < 60 && !vt_shows(&f.vt, "line 300."); i++) {
		vt_type(&f.vt, PAGE_UP);
		vt_settle(&f.vt, QUIET_MS);
	}
	vt_await(&f.vt, "line 300.");
	for (int i = 0; i < 80 && !vt_shows(&f.vt, "the newest of"); i++) {
		vt_type(&f.vt, PAGE_DOWN);
		vt_settle(&f.vt, QUIET_MS);
	}
	vt_await(&f.vt, "the newest of #lobby so far; Escape leaves");
	vt_await(&f.vt, "512 cups");
	vt_type(&f.vt, "\033");
	vt_await(&f.vt, "2 found; Up and Down choose");
	/* The newer one is: it is shown there. */
	vt_type(&f.vt, DOWN "\r");
	vt_await(&f.vt, "> tea at four, 512 cups");
	vt_await(&f.vt, "#lobby>");
	tear_down(&f);
}

Test(past, whole_screens)
{
	struct fixture f;

	set_up(&f, 3, 24, 80);
	say(&f, "#lobby", "the nightly build is green again");
	say(&f, "#lobby",
	    "who broke the Build? It was good yesterday, and all of the night, "
	    "until somebody touched build.mk");
	vt_await(&f.vt, "build.mk");
	vt_type(&f.vt, "/search build from:ana\r");
	vt_await(&f.vt, "2 found");
	vt_type(&f.vt, UP);
	vt_expect(&f.vt, "search-80x24");
	vt_resize(&f.vt, 12, 40);
	vt_expect(&f.vt, "search-40x12");
	tear_down(&f);
}

Test(past, nothing_found_and_what_is_wrong)
{
	struct fixture f;

	set_up(&f, 5, 24, 80);
	vt_type(&f.vt, "/search nosuchword in:#lobby\r");
	vt_await(&f.vt, "nothing was found: nosuchword in:#lobby");
	vt_type(&f.vt, "text\r");
	vt_await(&f.vt, "this is no room one is in");
	vt_await(&f.vt, "search: nosuchword> text");
	vt_type(&f.vt, "\003/search x after:noon\r");
	vt_await(&f.vt, "noon: a time is");
	vt_await(&f.vt, "> /search x after:noon");
	vt_type(&f.vt, "\003/close\r");
	vt_await(&f.vt, "#lobby>");
	vt_type(&f.vt, "/close\r");
	vt_await(&f.vt, "this is a room: /part leaves it");
	/* Ctrl-S makes a search of what is written. */
	vt_type(&f.vt, "\003line\023");
	vt_await(&f.vt, "#lobby> /search line");
	vt_type(&f.vt, "\r");
	vt_await(&f.vt, "5 found; Up and Down");
	vt_type(&f.vt, "\033");
	vt_await(&f.vt, "#lobby>");
	tear_down(&f);
}

Test(past, many_are_found_page_by_page)
{
	struct fixture f;

	set_up(&f, 300, 12, 50);
	vt_type(&f.vt, "/search line\r");
	vt_await(&f.vt, " found so far; Up");
	vt_await(&f.vt, "#lobby: line 300.");
	for (int i = 0; i < 400 && !vt_shows(&f.vt, "that was all"); i++) {
		vt_type(&f.vt, PAGE_UP);
		vt_settle(&f.vt, QUIET_MS);
	}
	vt_await(&f.vt, "that was all");
	vt_await(&f.vt, "#lobby: line 1.");
	vt_type(&f.vt, "\033>");
	vt_await(&f.vt, "300 found; Up");
	tear_down(&f);
}

/* What is typed in a part of a log is said in its room. */
Test(past, one_answers_in_the_room)
{
	struct fixture f;

	set_up(&f, ENTRIES, 24, 80);
	vt_type(&f.vt, "/search 100\r");
	vt_await(&f.vt, "1 found");
	vt_type(&f.vt, "\r");
	vt_await(&f.vt, "> line 100.");
	vt_type(&f.vt, "about that\r");
	vt_await(&f.vt, "gina | about that");
	vt_await(&f.vt, "#lobby>\n");
	vt_await(&f.vt, "line 1000.");
	tear_down(&f);
}
