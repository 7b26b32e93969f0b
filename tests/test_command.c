#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chat/command.h"
#include "host.h"
#include "rig.h"
#include "xmalloc.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static struct host host;
static struct model *m;
static struct command_face f;
static char done[64]; /* what the face was told last */

static void
show(void *face, struct room *room)
{
	(void)face;
	f.room = room;
}

static void
clear(void *face)
{
	(void)face;
	snprintf(done, sizeof(done), "clear");
}

static void
help(void *face, const char *topic)
{
	(void)face;
	snprintf(done, sizeof(done), "help %s", topic);
}

static void
quit(void *face, const char *why)
{
	(void)face;
	snprintf(done, sizeof(done), "quit %s", why);
}

static bool
is_attached(struct model *model)
{
	return model_room(model, SLICE("#lobby"))->is_attached;
}

/* In #lobby, nick ana. */
static void
begin(void)
{
	struct room *lobby;

	m = model_new();
	lobby = model_room_open(m, SLICE("#lobby"));
	lobby->is_wanted = true;
	host_init(&host);
	f = (struct command_face){ .model = m,
		.room = lobby,
		.show = show,
		.clear = clear,
		.help = help,
		.quit = quit };
	f.link = host_link(&host, m, true);
	host_enter(&host, "ana");
	HOST(&host, "C join room=#lobby ref=$j", "C ping token=$t",
	    "S attached ref=$j room=7 name=#lobby first=1", "C names ref=$n",
	    "S done ref=$n");
	host_await(m, is_attached);
	*done = '\0';
}

static void
end(void)
{
	host_done(&host);
	link_stop(f.link, NULL);
	model_free(m);
}

TestSuite(command, .init = begin, .fini = end, .timeout = 30);

static void
run(const char *line)
{
	cr_assert_eq(command_run(&f, line, false), COMMAND_DONE, "%s", line);
}

static const struct {
	const char *line, *sent;
} lines[] = {
	{ "hello", "C say kind=said to=#lobby text=hello" },
	{ "a\tb\nc", "C say kind=said text=\"a b\\nc\"" },
	{ "//slash", "C say kind=said text=/slash" },
	{ "/say /slash", "C say kind=said text=/slash" },
	{ "/me waves at /all", "C say kind=action text=\"waves at /all\"" },
	{ "/msg #lobby over here", "C say to=#lobby text=\"over here\"" },
	{ "/nick anna", "C nick nick=anna" },
	{ "/ni anna", "C nick nick=anna" },
	{ "/NICK anna", "C nick nick=anna" },
	{ "/topic tea at four", "C topic room=#lobby text=\"tea at four\"" },
	{ "/topic tea\tat four", "C topic room=#lobby text=\"tea at four\"" },
	{ "/topic -", "C topic room=#lobby text=\"\"" },
	{ "/names", "C names room=#lobby after=0" },
	{ "/names #Lobby ", "C names room=#lobby after=0" },
	{ "/who bob", "C who nick=bob" },
	{ "/wh bob", "C who nick=bob" },
	{ "/list", "C list after=0" },
	{ "/search green tea",
	    "C search words=\"green tea\" who=\"\" room=\"\" after=0 "
	    "before=0 next=0" },
	{ "/search tea from:bob in:#dev",
	    "C search words=tea who=bob room=#dev" },
	{ "/search tea after:2026-11-19 before:2026-11-20",
	    "C search words=tea after!=0 before!=0" },
	{ "/part", "C part room=#lobby why=\"\"" },
	{ "/part lunch time", "C part room=#lobby why=\"lunch time\"" },
	{ "/part #lobby lunch", "C part room=#lobby why=lunch" },
};

Test(command, lines_become_requests)
{
	for (size_t i = 0; i < N(lines); i++) {
		run(lines[i].line);
		HOST(&host, lines[i].sent);
	}
	HOST(&host, "C -");
}

Test(command, rooms_are_entered_and_shown)
{
	struct room *lobby = f.room;

	run("/join tea");
	HOST(&host, "C join room=#tea");
	cr_expect_str_eq(f.room->name, "#tea");
	run("/j #LOBBY");
	cr_expect_eq(f.room, lobby);
	run("/query Bob");
	HOST(&host, "C join room=Bob");
	cr_expect_str_eq(f.room->name, "Bob");
	cr_expect(f.room->is_direct);
	run("/msg carla hi there");
	HOST(&host, "C join room=carla ref=$j",
	    "S attached ref=$j room=9 name=carla first=1", "C names",
	    "C say to=carla text=\"hi there\"");
	cr_expect_str_eq(f.room->name, "Bob", "in the background");
}

Test(command, what_the_face_does_itself)
{
	static const char *const told[][2] = {
		{ "/clear", "clear" },
		{ "/help", "help " },
		{ "/help join", "help join" },
		{ "/help /join", "help join" },
		{ "/quit", "quit " },
		{ "/quit so long", "quit so long" },
	};

	for (size_t i = 0; i < N(told); i++) {
		run(told[i][0]);
		cr_expect_str_eq(done, told[i][1]);
	}
}

static bool is_room;

static bool
leave(void *face)
{
	(void)face;
	snprintf(done, sizeof(done), "close");
	return !is_room;
}

static void
found(void *face, const struct search *search)
{
	(void)face;
	snprintf(done, sizeof(done), "found %.40s", search->line);
}

Test(command, what_a_face_with_windows_does)
{
	f.close = leave;
	f.search = found;
	run("/search tea from:bob");
	cr_expect_str_eq(done, "found tea from:bob");
	run("/close");
	cr_expect_str_eq(done, "close");
	/* Leaving a window that is no room leaves no room. */
	run("/part");
	HOST(&host, "C -");
	is_room = true;
	cr_expect_eq(command_run(&f, "/close", false), COMMAND_KEEP);
	run("/part");
	HOST(&host, "C part room=#lobby");
}

Test(command, the_topic_is_shown)
{
	run("/topic");
	cr_expect_str_eq(rig_line(f.room, 0), "|#lobby has no topic");
	model_lock(m);
	free(f.room->topic);
	f.room->topic = xstrdup("tea");
	model_unlock(m);
	run("/topic");
	cr_expect_str_eq(rig_line(f.room, 0), "|the topic of #lobby: tea");
}

static const struct {
	const char *line, *words;
} wrong[] = {
	{ "/join", "usage: /join #ROOM" },
	{ "/join #a #b", "usage: /join #ROOM" },
	{ "/join #a b", "usage: /join #ROOM" },
	{ "/msg bob", "usage: /msg WHO TEXT" },
	{ "/me", "usage: /me TEXT" },
	{ "/clear all", "usage: /clear" },
	{ "/nick", "usage: /nick NICK" },
	{ "/nick 2good", "2good: a nick is" },
	{ "/search", "usage: /search WORDS" },
	{ "/search from:ana", "a search is 1 to 16 words" },
	{ "/search tea after:noon", "noon: a time is" },
	{ "/search tea in:", "a name follows the colon" },
	{ "/close", "this is a room: /part leaves it" },
	{ "/close it", "usage: /close" },
	{ "/nick server", "server: this nick is reserved" },
	{ "/join #a/b", "#a/b: a room is" },
	{ "/query ana", "ana: that is you" },
	{ "/query #lobby", "#lobby: a nick is" },
	{ "/msg ANA hi", "ANA: that is you" },
	{ "/msg #tea hi", "#tea: you are not a member" },
	{ "/who b/b", "b/b: a nick is" },
	{ "/part #tea", "you are not in #tea" },
	{ "/names #tea", "only the names of rooms you are in" },
	{ "/topic a\nb", "topic: a topic is one line" },
	{ "/connect [::1", "[::1: a ] is missing" },
	{ "/jion #a", "/jion: no such command; perhaps /join?" },
	{ "/n", "/n: which one, /nick, /names?" },
	{ "/frobnicate", "/frobnicate: no such command; /help lists them" },
	{ "/", "a command's name follows its /" },
	{ "/ join #a", "a command's name follows its /" },
	{ " /join #a", "a command, or text?" },
	{ "\t/join #a", "a command, or text?" },
	{ "\n/join #a", "a command, or text?" },
	{ "a\x1b[1mb", "control characters" },
	{ "a\xff", "control characters" },
};

Test(command, what_is_wrong_is_told_and_kept)
{
	struct room *lobby = f.room;

	for (size_t i = 0; i < N(wrong); i++) {
		cr_expect_eq(command_run(&f, wrong[i].line, false),
		    COMMAND_KEEP, "%s", wrong[i].line);
		cr_expect_eq(strncmp(rig_line(lobby, 0) + 1, wrong[i].words,
				 strlen(wrong[i].words)),
		    0, "%s: %s", wrong[i].line, rig_line(lobby, 0));
	}
	HOST(&host, "C -");
	cr_expect_eq(f.room, lobby);
}

Test(command, a_paste_is_never_a_command)
{
	cr_expect_eq(command_run(&f, "/quit", true), COMMAND_DONE);
	HOST(&host, "C say kind=said text=/quit");
	cr_expect_eq(command_run(&f, " /quit", true), COMMAND_DONE);
	HOST(&host, "C say kind=said text=\" /quit\"");
	cr_expect_eq(command_run(&f, "//quit", true), COMMAND_DONE);
	HOST(&host, "C say kind=said text=//quit");
	cr_expect_str_eq(done, "");
}

Test(command, long_texts_and_no_room)
{
	char *text = xmalloc(20000);

	memset(text, 'a', 20000);
	text[16384] = '\0';
	run(text);
	HOST(&host, "C say text~aaa");
	text[16384] = 'a';
	text[16385] = '\0';
	cr_expect_eq(command_run(&f, text, false), COMMAND_KEEP);
	cr_expect_not_null(strstr(rig_line(f.room, 0), "at most 16384"));
	free(text);
	run("");
	run(" \t\n");
	f.room = m->rooms[0];
	cr_expect_eq(command_run(&f, "hello", false), COMMAND_KEEP);
	cr_expect_str_eq(rig_line(f.room, 0),
	    "|this is the server's window, not a room: /join #ROOM, or Alt-2");
	cr_expect_eq(command_run(&f, "/topic x", false), COMMAND_KEEP);
	cr_expect_eq(command_run(&f, "/part", false), COMMAND_KEEP);
	cr_expect_eq(command_run(&f, "/names", false), COMMAND_KEEP);
	HOST(&host, "C -");
}

static bool
is_refused(struct model *model)
{
	return model->outbox != NULL && model->outbox->why != FINE;
}

static bool
is_empty(struct model *model)
{
	return model->outbox == NULL;
}

Test(command, refused_messages_are_retried_and_forgotten)
{
	run("hello");
	HOST(&host, "C say n=1", "S refused request=say ref=1 code=text_long");
	host_await(m, is_refused);
	run("/retry");
	HOST(&host, "C say n=1", "S refused request=say ref=1 code=text_long");
	host_await(m, is_refused);
	run("/forget");
	host_await(m, is_empty);
}

static bool
is_cut(struct model *model)
{
	return model->state != LINK_LIVE;
}

Test(command, without_a_connection_nothing_is_asked)
{
	static const char *const asks[] = { "/list", "/who bob", "/nick anna",
		"/names", "/topic tea" };
	struct room *lobby = f.room;

	host_shut(&host);
	host_close(&host);
	host_await(m, is_cut);
	for (size_t i = 0; i < N(asks); i++) {
		cr_expect_eq(command_run(&f, asks[i], false), COMMAND_KEEP);
		cr_expect_str_eq(rig_line(lobby, 0),
		    "|there is no connection: nothing was sent");
	}
	run("/join #tea");
	cr_expect(f.room->is_wanted);
	f.room = lobby;
	run("/part");
	cr_expect_not(lobby->is_wanted);
	cr_expect_not(lobby->is_open);
}

Test(command, every_row_is_found_and_unique)
{
	size_t n, found;
	const struct command *rows = command_rows(&n);

	cr_assert_gt(n, 10);
	for (size_t i = 0; i < n; i++) {
		cr_expect_eq(
		    command_find(slice_of(rows[i].name), &found), &rows[i]);
		cr_expect_eq(found, 1);
		cr_expect_neq(rows[i].meaning[0], '\0');
		cr_expect_not_null(rows[i].run);
		cr_expect(rows[i].least == 0 || rows[i].first != ARGUMENT_NONE);
	}
	cr_expect_null(command_find(SLICE(""), &found));
	cr_expect_eq(found, n);
	cr_expect_null(command_find(SLICE("joinx"), &found));
	cr_expect_eq(found, 0);
}
