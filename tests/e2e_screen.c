/*
 * chat on a terminal, with a real chatd and others in the room: what is seen,
 * and that the terminal is given back whatever happens.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "peer.h"
#include "vt.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

struct fixture {
	struct daemon daemon;
	struct vt vt;
	struct peer ana;
	uint64_t said; /* by ana */
};

static void
start_daemon(struct fixture *f)
{
	const struct daemon_options options = {
		.listen = { "127.0.0.1:0" },
		.config = "server: { name = \"hall\"; };\n"
			  "limits: { rate = 0; };\n",
	};

	daemon_init(&f->daemon);
	daemon_start(&f->daemon, &options);
}

/* chat as nick, with #lobby open, in a terminal of that size. */
static void
start_chat(
    struct fixture *f, const char *nick, int rows, int columns, const char *env)
{
	char state[128];
	const char *argv[] = { daemon_program("CHAT", "chat"), "-s",
		f->daemon.address[0], "-n", nick, "-r", "#lobby", NULL };
	struct vt_options options = {
		.argv = argv,
		.rows = rows,
		.columns = columns,
		.env = { "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TZ=UTC",
		    "NO_COLOR", state, "ESCDELAY=25", env },
	};

	snprintf(
	    state, sizeof(state), "XDG_STATE_HOME=%s", f->daemon.directory);
	vt_start(&f->vt, &options);
}

/* Ana is in #lobby, chat runs as gina and says it is connected. */
static void
set_up_env(struct fixture *f, const char *env)
{
	*f = (struct fixture){ .said = 0 };
	start_daemon(f);
	cr_assert(peer_enter(&f->ana, f->daemon.address[0], "ana"));
	cr_assert_neq(peer_join(&f->ana, "#lobby"), 0);
	start_chat(f, "gina", 24, 80, env);
	vt_await(&f->vt, "gina joined");
	vt_await(&f->vt, "2 here");
}

static void
set_up(struct fixture *f)
{
	set_up_env(f, NULL);
}

/* /quit ends it with 0, and the terminal is as it was. */
static void
check_given_back(struct fixture *f)
{
	struct termios now;

	cr_assert_eq(tcgetattr(f->vt.slave, &now), 0);
	cr_expect_eq(now.c_iflag, f->vt.found.c_iflag);
	cr_expect_eq(now.c_oflag, f->vt.found.c_oflag);
	cr_expect_eq(now.c_cflag, f->vt.found.c_cflag);
	cr_expect_eq(now.c_lflag, f->vt.found.c_lflag);
	cr_expect_arr_eq(now.c_cc, f->vt.found.c_cc, sizeof(now.c_cc));
	/* Normal screen, no more marks on pastes, no focus, title popped. */
	cr_expect(vt_wrote(&f->vt, "\033[?1049l"));
	cr_expect(vt_wrote(&f->vt, "\033[?2004l"));
	cr_expect(vt_wrote(&f->vt, "\033[?1004l"));
	cr_expect(vt_wrote(&f->vt, "\033[23;2t"));
}

static void
tear_down(struct fixture *f)
{
	if (!f->vt.is_over) {
		vt_type(&f->vt, "\003\003/quit\r");
		cr_expect_eq(vt_await_end(&f->vt), EX_OK);
		check_given_back(f);
	}
	vt_done(&f->vt);
	peer_close(&f->ana);
	daemon_stop(&f->daemon);
	daemon_done(&f->daemon);
}

static void
say(struct fixture *f, const char *text)
{
	peer_say(&f->ana, ++f->said, "#lobby", text);
}

static void
say_many(struct fixture *f, int from, int to)
{
	char text[64];

	f->ana.is_gathering = true;
	for (int i = from; i < to; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		say(f, text);
	}
	peer_flush(&f->ana);
	f->ana.is_gathering = false;
}

/* ---- whole screens ---- */

/* A talk with all that has a look of its own. */
static void
play(struct fixture *f)
{
	static const char *const keys[] = {
		"/topic Release on Friday, notes in the wiki\r",
		"/clear\r",
		"good morning\r",
		"/me waves\r",
		"/nosuch\r",
	};

	for (size_t i = 0; i < N(keys); i++) {
		vt_type(&f->vt, keys[i]);
		vt_settle(&f->vt, 50);
	}
	vt_await(&f->vt, "no such command");
	vt_type(&f->vt, "\003/join #dev\r");
	vt_await(&f->vt, "#dev>");
	say(f,
	    "the nightly build is green again, only the man page lint is "
	    "left\nand one more line");
	say(f, "gina: can you look at the resize bug?");
	say(f, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e caf\xc3\xa9");
	vt_await(&f->vt, "!1");
	vt_type(&f->vt, "\033a");
	vt_await(&f->vt, "3 new since");
	vt_type(&f->vt, "half a line");
	vt_await(&f->vt, "half a line");
}

/* What is said in another minute has its time beside it: the screens are of a
 * talk in one. */
static void
play_in_a_minute(struct fixture *f)
{
	uint64_t minute;

	for (;;) {
		minute = clock_wall_ms() / 60000;
		set_up(f);
		play(f);
		if (clock_wall_ms() / 60000 == minute)
			return;
		tear_down(f);
	}
}

Test(screen, whole_screens)
{
	static const struct {
		int rows, columns;
		const char *name;
	} sizes[] = {
		{ 24, 80, "80x24" },
		{ 12, 40, "40x12" },
		{ 50, 200, "200x50" },
		{ 20, 100, "100x20" },
		{ 10, 20, "20x10" },
		{ 2, 4, "4x2" },
		{ 1, 1, "1x1" },
		{ 24, 80, "80x24" },
	};
	struct fixture f;

	play_in_a_minute(&f);
	for (size_t i = 0; i < N(sizes); i++) {
		vt_resize(&f.vt, sizes[i].rows, sizes[i].columns);
		vt_expect(&f.vt, sizes[i].name);
	}
	tear_down(&f);
}

/* Where there is room for one sign, it tells that somebody speaks to you. */
Test(screen, one_cell_tells_of_a_mention)
{
	struct fixture f;

	set_up(&f);
	vt_type(&f.vt, "/join #dev\r");
	vt_await(&f.vt, "#dev>");
	vt_resize(&f.vt, 1, 1);
	vt_await_masked(&f.vt, ">\n");
	say(&f, "gina: there?");
	vt_await_masked(&f.vt, "!\n");
	tear_down(&f);
}

Test(screen, help_is_a_screen_of_its_own)
{
	struct fixture f;

	set_up(&f);
	vt_type(&f.vt, "/help\r");
	vt_expect(&f.vt, "help");
	vt_type(&f.vt, "\033[6~\033[6~");
	vt_await(&f.vt, "Moving in the line");
	vt_type(&f.vt, "q");
	vt_await(&f.vt, "gina joined");
	vt_type(&f.vt, "\033OP");
	vt_await(&f.vt, "Commands");
	vt_type(&f.vt, "\033>");
	vt_await_gone(&f.vt, "PageDown for more");
	vt_await(&f.vt, "; q or Escape leaves");
	vt_type(&f.vt, "\033<");
	vt_await(&f.vt, "Commands");
	vt_resize(&f.vt, 1, 1);
	vt_resize(&f.vt, 12, 40);
	vt_await(&f.vt, "/join");
	vt_type(&f.vt, "\033");
	vt_await_gone(&f.vt, "/join");
	vt_type(&f.vt, "/help join\r");
	vt_await(&f.vt, "enter a room");
	vt_type(&f.vt, "\0339");
	vt_await(&f.vt, "there is no window 9");
	tear_down(&f);
}

/* ---- writing ---- */

Test(screen, typing)
{
	struct fixture f;

	set_up(&f);
	vt_type(&f.vt, "hello wrld\002\002\002o");
	vt_await(&f.vt, "#lobby> hello world");
	vt_type(&f.vt, "\001\033d\005 caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac");
	vt_await(&f.vt, "#lobby>  world caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac");
	vt_type(&f.vt, "\x7f\x7f\x7f\x7f");
	vt_await_gone(&f.vt, "\xc3\xa9");
	vt_type(&f.vt, "\027\031\r");
	vt_await(&f.vt, "gina |  world caf");
	vt_await_gone(&f.vt, "#lobby> w");
	/* Up brings it back; several lines make the input grow. */
	vt_type(&f.vt,
	    "\033[A\033\rsecond\n"
	    "third");
	vt_await(&f.vt, "#lobby>  world caf\n        second\n        third\n");
	vt_await(&f.vt, "3 rows");
	vt_type(&f.vt, "\r");
	vt_await(&f.vt, "| second\n");
	vt_await(&f.vt, "| third\n");
	tear_down(&f);
}

Test(screen, nothing_ends_it_by_accident)
{
	struct fixture f;

	set_up(&f);
	vt_type(&f.vt, "\004\004\003");
	vt_await(&f.vt, "type /quit to leave");
	vt_type(&f.vt, "draft\003");
	vt_await_gone(&f.vt, "type /quit");
	vt_await(&f.vt, "#lobby>\n");
	vt_type(&f.vt, "\031");
	vt_await(&f.vt, "#lobby> draft");
	/* Flow control is off: these are only keys. */
	vt_type(&f.vt, "\021!");
	vt_await(&f.vt, "#lobby> draft!");
	vt_type(&f.vt, "\023");
	vt_await(&f.vt, "#lobby> /search draft!");
	tear_down(&f);
}

Test(screen, a_paste_is_text)
{
	struct fixture f;
	struct peer *ana = &f.ana;
	union message m;

	set_up(&f);
	vt_type(&f.vt, "\033[200~/quit\rtwo\033[31m\n/part\n\033[201~");
	vt_await(&f.vt, "#lobby> /quit\n        two[31m\n        /part\n");
	vt_type(&f.vt, "\r");
	vt_await(&f.vt, "gina | /quit\n");
	do
		cr_assert(peer_hear_type(ana, MSG_ENTRY, &m));
	while (m.entry.kind != ENTRY_SAID);
	cr_expect(slice_is(m.entry.text, SLICE("/quit\ntwo[31m\n/part")),
	    "%.*s", SLICE_ARG(m.entry.text));
	/* What one typed before it is a command still. */
	vt_type(&f.vt, "/me \033[200~pastes\ntwice\033[201~\r");
	vt_await(&f.vt, "* | gina pastes\n");
	/* One that never ends is over after some silence. */
	vt_type(&f.vt, "\033[200~unended");
	vt_await(&f.vt, "#lobby> unended");
	tear_down(&f);
}

Test(screen, tab_completes)
{
	struct fixture f;
	struct peer others[2];

	set_up(&f);
	cr_assert(peer_enter(&others[0], f.daemon.address[0], "anna"));
	cr_assert(peer_enter(&others[1], f.daemon.address[0], "bob"));
	for (int i = 0; i < 2; i++)
		cr_assert_neq(peer_join(&others[i], "#lobby"), 0);
	vt_await(&f.vt, "4 here");
	vt_type(&f.vt, "b\t");
	vt_await(&f.vt, "#lobby> bob:");
	vt_type(&f.vt, "hi an\t");
	vt_await(&f.vt, "#lobby> bob: hi ana");
	vt_type(&f.vt, "\t");
	vt_await(&f.vt, "#lobby> bob: hi anna");
	vt_await(&f.vt, "| ana [anna]");
	vt_type(&f.vt, "\033[Z");
	vt_await(&f.vt, "| [ana] anna");
	vt_type(&f.vt, "\033");
	vt_await(&f.vt, "#lobby> bob: hi an\n");
	vt_type(&f.vt, "\003/to\t#l\t");
	vt_await(&f.vt, "#lobby> /topic #lobby");
	for (int i = 0; i < 2; i++)
		peer_close(&others[i]);
	tear_down(&f);
}

/* The room goes while Tab is at work in it: the next Tab is another's. */
Test(screen, a_room_that_goes_takes_its_completion_along)
{
	struct fixture f;

	set_up(&f);
	vt_type(&f.vt, "/join #dev\r");
	vt_await(&f.vt, "#dev>");
	vt_type(&f.vt, "/part\r#l\t");
	vt_await(&f.vt, "#lobby>");
	vt_type(&f.vt, "\t");
	vt_await(&f.vt, "#lobby> ana:");
	tear_down(&f);
}

Test(screen, what_was_sent_is_searched)
{
	struct fixture f;

	set_up(&f);
	vt_type(&f.vt, "make all\rsee you\r");
	vt_await(&f.vt, "| see you");
	vt_type(&f.vt, "\022ma");
	vt_await(&f.vt, "search ma: make all");
	vt_type(&f.vt, "x");
	vt_await(&f.vt, "search max (none):");
	vt_type(&f.vt, "\x7f\r");
	vt_await(&f.vt, "#lobby> make all");
	vt_type(&f.vt, "\003\022see\033");
	vt_await(&f.vt, "#lobby>\n");
	tear_down(&f);
}

/* ---- reading ---- */

static char *
upper_part(struct fixture *f)
{
	char *text = vt_text(&f->vt), *end = strstr(text, " below ");

	cr_assert_not_null(end, "%s", text);
	*strchr(text, '\0') = '\0';
	while (end > text && end[-1] != '\n')
		end--;
	*end = '\0';
	return text;
}

Test(screen, what_arrives_moves_nothing_that_is_read)
{
	struct fixture f;
	char *before, *after;

	set_up(&f);
	say_many(&f, 0, 100);
	vt_await(&f.vt, "line 99\n");
	vt_type(&f.vt, "\033[5~\033[5~");
	vt_await(&f.vt, " below ");
	vt_settle(&f.vt, 100);
	before = upper_part(&f);
	say_many(&f, 100, 200);
	vt_await(&f.vt, "line 199\n");
	after = upper_part(&f);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	vt_type(&f.vt, "\033[1;2B");
	vt_settle(&f.vt, 100);
	vt_type(&f.vt, "\033>");
	vt_await_gone(&f.vt, " below ");
	vt_type(&f.vt, "\033<");
	vt_await(&f.vt, "day ");
	vt_type(&f.vt, "text\r");
	vt_await_gone(&f.vt, " below ");
	tear_down(&f);
}

Test(screen, the_unread_row_stays_until_escape_is_pressed_twice)
{
	struct fixture f;

	set_up(&f);
	/* The terminal loses the focus: what comes is unread, though shown. */
	vt_type(&f.vt, "\033[O");
	vt_settle(&f.vt, 100);
	say(&f, "one");
	vt_await(&f.vt, "1 new since");
	say(&f, "two");
	vt_await(&f.vt, "2 new since");
	vt_type(&f.vt, "\033[Ix");
	vt_await(&f.vt, "#lobby> x");
	say(&f, "three");
	vt_await(&f.vt, "| three");
	vt_await(&f.vt, "2 new since");
	vt_type(&f.vt, "\033\033");
	vt_await_gone(&f.vt, "new since");
	tear_down(&f);
}

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

Test(screen, a_storm_of_sizes)
{
	struct fixture f;
	uint32_t seed = 4711;
	char *before;

	set_up(&f);
	vt_type(&f.vt, "/clear\r");
	vt_await_gone(&f.vt, "gina joined");
	say_many(&f, 0, 40);
	say(&f,
	    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e "
	    "averylongwordthatgoesonandonandonandonandonandonandonandonand"
	    "onandonandonandonandonandonandonandonandonandonandonandonandon"
	    " \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d"
	    "\xf0\x9f\x91\xa7 e\xcc\x81 \xe2\x9d\xa4\xef\xb8\x8f");
	vt_await(&f.vt, "averylong");
	vt_type(&f.vt, "a draft");
	vt_await(&f.vt, "a draft");
	vt_settle(&f.vt, 100);
	before = vt_masked(&f.vt);
	vt_look_away(&f.vt);
	for (int i = 0; i < 200; i++) {
		vt_resize(&f.vt, 1 + (int)(next_random(&seed) % 100),
		    1 + (int)(next_random(&seed) % 300));
		vt_pump(&f.vt, i % 10 == 0 ? 20 : 0);
	}
	vt_resize(&f.vt, 1, 1);
	vt_pump(&f.vt, 20);
	vt_resize(&f.vt, 24, 80);
	vt_look_again(&f.vt);
	vt_await_masked(&f.vt, before);
	vt_type(&f.vt, "\014");
	vt_settle(&f.vt, 100);
	vt_await_masked(&f.vt, before);
	free(before);
	tear_down(&f);
}

Test(screen, a_burst_is_no_burden_for_the_terminal)
{
	enum { MESSAGES = 20000, MOST = 100000 };
	struct fixture f;
	size_t before;

	set_up(&f);
	before = f.vt.bytes.len;
	say_many(&f, 0, MESSAGES);
	vt_await(&f.vt, "line 19999\n");
	cr_expect_lt(f.vt.bytes.len - before, MOST);
	tear_down(&f);
}

/* Nothing is asked of a terminal that never answers more than once, and all is
 * shown all the same. */
Test(screen, a_silent_terminal)
{
	struct fixture f = { .said = 0 };

	start_daemon(&f);
	cr_assert(peer_enter(&f.ana, f.daemon.address[0], "ana"));
	cr_assert_neq(peer_join(&f.ana, "#lobby"), 0);
	start_chat(&f, "gina", 24, 80, NULL);
	f.vt.is_silent = true;
	vt_await(&f.vt, "gina joined");
	say_many(&f, 0, 30);
	vt_await(&f.vt, "line 29\n");
	tear_down(&f);
}

Test(screen, a_slow_terminal_does_not_slow_the_keys)
{
	struct fixture f;
	int shown = 0;

	set_up(&f);
	vt_settle(&f.vt, 50);
	/* It takes what is written but no answer comes. */
	f.vt.is_silent = true;
	say_many(&f, 0, 10);
	vt_await(&f.vt, "line 9\n");
	for (int i = 10; i < 30; i++) {
		say_many(&f, i, i + 1);
		vt_type(&f.vt, "x");
		vt_pump(&f.vt, 200);
		shown = i;
	}
	vt_await(&f.vt, "#lobby> xxxxxxxxxxxxxxxxxxxx");
	cr_expect_not(vt_shows(&f.vt, "line 29\n"));
	cr_expect_eq(shown, 29);
	f.vt.is_silent = false;
	vt_type(&f.vt, "\033[0n");
	vt_await(&f.vt, "line 29\n");
	tear_down(&f);
}

/* ---- what others send ---- */

Test(screen, hostile_text_is_only_text)
{
	static const char *const texts[] = {
		"\xe2\x80\xae"
		"evil", /* U+202E */
		"\xe2\x81\xa6"
		"isolate", /* U+2066 */
		"\xe2\x80\x8b\xc2\xad"
		"zero", /* U+200B, U+00AD */
		"\xf3\xa0\x81\x81"
		"tag", /* U+E0041 */
		"\xe2\x80\xa8"
		"separator", /* U+2028 */
		"a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81z",
	};
	static const char *const never[] = { "\xe2\x80\xae", "\xe2\x81\xa6",
		"\xe2\x80\x8b", "\xf3\xa0\x81\x81", "\xe2\x80\xa8", "\xc2\x9b",
		"\x07" };
	struct fixture f;

	set_up(&f);
	for (size_t i = 0; i < N(texts); i++)
		say(&f, texts[i]);
	say(&f, "14:00       gina | I never said this\n#lobby> nor this");
	vt_await(&f.vt, "| #lobby> nor this\n");
	vt_await(&f.vt, "| <U+202E>evil\n");
	vt_await(&f.vt, "                 | separator\n");
	for (size_t i = 0; i < N(never); i++)
		cr_expect_not(vt_wrote(&f.vt, never[i]), "%zu", i);
	tear_down(&f);
}

/* ---- terminals and locales ---- */

Test(screen, without_utf8_everything_is_ascii)
{
	struct fixture f;

	set_up_env(&f, "LC_ALL=C");
	say(&f, "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac e\xcc\x81t\xc3\xa9");
	vt_await(&f.vt, "ana | caf? ?? ?t?\n");
	vt_type(&f.vt, "a\xc3\xa9z");
	vt_await(&f.vt, "#lobby> a?z\n");
	vt_type(&f.vt, "\r");
	vt_await(&f.vt, "gina | a?z\n");
	vt_type(&f.vt, "\377b");
	vt_await(&f.vt, "#lobby> b\n");
	for (size_t i = 0; i < f.vt.bytes.len; i++)
		cr_assert_lt(buf_at(&f.vt.bytes)[i], 0x80);
	tear_down(&f);
}

Test(screen, without_colours)
{
	struct fixture f;

	set_up_env(&f, "NO_COLOR=1");
	say(&f, "hello gina");
	say(&f, "and you");
	vt_await(&f.vt, "| and you");
	cr_expect(vt_cell(&f.vt, "hello gina").attrs.bold);
	cr_expect(vt_shows(&f.vt, "ana @ hello gina"));
	cr_expect_not(vt_cell(&f.vt, "and you").attrs.bold);
	cr_expect_not(vt_wrote(&f.vt, "\033[38"));
	cr_expect_not(vt_wrote(&f.vt, "\033[48"));
	for (char colour = '0'; colour < '8'; colour++) {
		char sgr[] = { '\033', '[', '3', colour, '\0' };
		cr_expect_not(vt_wrote(&f.vt, sgr), "%s", sgr + 1);
	}
	tear_down(&f);
}

Test(screen, with_colours)
{
	struct fixture f;

	set_up(&f);
	say(&f, "hello");
	vt_await(&f.vt, "ana | hello");
	cr_expect(vt_wrote(&f.vt, "\033[38;5;"));
	cr_expect_not(vt_cell(&f.vt, "hello").attrs.bold);
	cr_expect(vt_cell(&f.vt, "[").attrs.reverse);
	tear_down(&f);
}

Test(screen, eight_colours_and_less)
{
	static const char *const terms[] = { "TERM=linux", "TERM=vt100",
		"TERM=screen", "TERM=xterm" };

	for (size_t i = 0; i < N(terms); i++) {
		struct fixture f;
		f = (struct fixture){ .said = 0 };
		start_daemon(&f);
		cr_assert(peer_enter(&f.ana, f.daemon.address[0], "ana"));
		cr_assert_neq(peer_join(&f.ana, "#lobby"), 0);
		start_chat(&f, "gina", 24, 80, terms[i]);
		vt_await(&f.vt, "gina joined");
		say(&f, "hello");
		vt_await(&f.vt, "ana | hello");
		vt_type(&f.vt, "\003/quit\r");
		cr_expect_eq(vt_await_end(&f.vt), EX_OK);
		tear_down(&f);
	}
}

Test(screen, terminals_that_will_not_do)
{
	struct fixture f = { .said = 0 };

	start_daemon(&f);
	/* Lines, as with --batch. */
	start_chat(&f, "gina", 24, 80, "TERM=dumb");
	vt_await(&f.vt, "joined");
	cr_expect_not(vt_wrote(&f.vt, "\033"));
	vt_type(&f.vt, "/quit\n");
	cr_expect_eq(vt_await_end(&f.vt), EX_OK);
	vt_done(&f.vt);
	/* Not known at all: said in a line. */
	start_chat(&f, "gina", 24, 80, "TERM=nosuchterminal");
	cr_expect_eq(vt_await_end(&f.vt), EX_UNAVAILABLE);
	cr_expect(vt_shows(&f.vt, "is not known"));
	cr_expect_not(vt_wrote(&f.vt, "\033"));
	vt_done(&f.vt);
	daemon_stop(&f.daemon);
	daemon_done(&f.daemon);
}

/* ---- ways out, and back ---- */

Test(screen, stopped_and_continued)
{
	struct fixture f;
	struct termios now;
	size_t written;
	char *before;

	set_up(&f);
	vt_type(&f.vt, "/clear\rhello\rdraft");
	vt_await(&f.vt, "#lobby> draft");
	vt_await(&f.vt, "gina | hello");
	vt_settle(&f.vt, 100);
	before = vt_masked(&f.vt);
	for (int i = 0; i < 3; i++) {
		/* By the key, and by the signal. */
		if (i == 1)
			vt_signal(&f.vt, SIGTSTP);
		else
			vt_type(&f.vt, "\032");
		vt_await_stop(&f.vt);
		check_given_back(&f);
		written = f.vt.bytes.len;
		say(&f, "while you were away");
		cr_expect_not(vt_pump(&f.vt, 50));
		cr_expect_eq(f.vt.bytes.len, written);
		vt_signal(&f.vt, SIGCONT);
		vt_await(&f.vt, "while you were away");
		vt_await(&f.vt, "#lobby> draft");
		cr_assert_eq(tcgetattr(f.vt.slave, &now), 0);
		cr_expect_eq(now.c_lflag & (ICANON | ECHO | ISIG), 0);
		vt_type(&f.vt, "\003/clear\rhello\r\031");
		vt_await(&f.vt, "#lobby> draft");
		vt_settle(&f.vt, 100);
	}
	free(before);
	tear_down(&f);
}

Test(screen, signals_end_it_in_order)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };

	for (size_t i = 0; i < N(signals); i++) {
		struct fixture f;
		set_up(&f);
		vt_signal(&f.vt, signals[i]);
		cr_expect_eq(
		    vt_await_end(&f.vt), EX_OK, "signal %d", signals[i]);
		check_given_back(&f);
		cr_expect(daemon_says(&f.daemon, "said bye", 1));
		tear_down(&f);
	}
}

Test(screen, a_crash_gives_the_terminal_back)
{
	static const int signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGILL,
		SIGFPE };

	for (size_t i = 0; i < N(signals); i++) {
		struct fixture f;
		set_up(&f);
		vt_signal(&f.vt, signals[i]);
		cr_expect_eq(vt_await_end(&f.vt), -signals[i]);
		check_given_back(&f);
		tear_down(&f);
	}
}

Test(screen, the_terminal_goes_away)
{
	struct fixture f;

	set_up(&f);
	close(f.vt.slave);
	close(f.vt.fd);
	cr_expect(daemon_says(&f.daemon, "gina", 1));
	cr_expect(daemon_says(&f.daemon, "said bye", 1));
	f.vt.fd = f.vt.slave = -1;
	vt_await_end(&f.vt);
	tear_down(&f);
}

/* ---- the connection ---- */

Test(screen, the_server_goes_away_and_comes_back)
{
	struct fixture f;
	struct daemon_options again = { .listen = { NULL } };
	char address[160];

	set_up(&f);
	snprintf(address, sizeof(address), "%s", f.daemon.address[0]);
	daemon_kill(&f.daemon);
	daemon_done(&f.daemon);
	vt_await(&f.vt, "retry in");
	vt_type(&f.vt, "said while cut off\r");
	vt_await(&f.vt, "gina .. | said while cut off");
	vt_await(&f.vt, "1 queued");
	daemon_init(&f.daemon);
	again.listen[0] = address;
	daemon_start(&f.daemon, &again);
	vt_type(&f.vt, "\033r");
	vt_await(&f.vt, "gina | said while cut off");
	vt_await(&f.vt, "gina  ok");
	tear_down(&f);
}

Test(screen, a_server_that_is_not_there)
{
	struct fixture f = { .said = 0 };
	const char *argv[] = { daemon_program("CHAT", "chat"), "-s",
		"127.0.0.1:1", "-n", "gina", NULL };
	struct vt_options options = {
		.argv = argv,
		.rows = 24,
		.columns = 80,
		.env = { "TERM=xterm-256color", "LC_ALL=C.UTF-8",
		    "XDG_STATE_HOME=/nonexistent" },
	};

	vt_start(&f.vt, &options);
	vt_await(&f.vt, "retry in");
	vt_await(&f.vt, "127.0.0.1:1");
	vt_type(&f.vt, "/quit\r");
	cr_expect_eq(vt_await_end(&f.vt), EX_OK);
	check_given_back(&f);
	vt_done(&f.vt);
}

/* ---- what it takes ---- */

static long
status_of(pid_t pid, const char *name)
{
	char path[64], line[256];
	long value = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(file);
	return value;
}

Test(screen, sleeps_when_there_is_nothing_to_do)
{
	struct fixture f;
	long before, after;
	size_t written;

	set_up(&f);
	vt_settle(&f.vt, 200);
	before = status_of(f.vt.pid, "voluntary_ctxt_switches");
	written = f.vt.bytes.len;
	vt_pump(&f.vt, 400);
	after = status_of(f.vt.pid, "voluntary_ctxt_switches");
	/* The minute may have turned meanwhile. */
	cr_expect_leq(after - before, 2);
	cr_expect_leq(f.vt.bytes.len - written, 64);
	tear_down(&f);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
Test(screen, is_small)
{
	struct fixture f;

	set_up(&f);
	cr_expect_lt(status_of(f.vt.pid, "VmRSS"), 6 * 1024);
	tear_down(&f);
}
#endif
