#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../chatd/hub_state.h"
#include "../chatd/loop.h"
#include "../chatd/notices.h"
#include "../chatd/settings.h"
#include "fds.h"
#include "hub_rig.h"

#define SECRET "0123456789abcdef"

static struct loop *loop;
static struct notices *notices;
static struct settings *settings;
static struct fake ann;
static int before, fd; /* of a socket notices could come to */
static char path[] = "/tmp/chat-test-notices.XXXXXX";

static void
read_settings(const char *text)
{
	struct buf errors = { 0 };
	struct settings *old = settings;
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	settings = settings_read(path, &errors);
	cr_assert_not_null(settings, "%s", buf_string(&errors));
	if (notices != NULL)
		notices_settings(notices, settings);
	settings_free(old);
	buf_done(&errors);
}

static void
address(const char *text, struct sock_addr *out)
{
	struct sock_name name;
	size_t n;

	cr_assert_null(sock_parse(text, &name));
	cr_assert_null(sock_resolve(&name, false, out, 1, &n));
}

static void
begin(void)
{
	struct sock_addr at;

	before = fds_open();
	close(mkstemp(path));
	world_start();
	loop = loop_new();
	read_settings("notices: { tokens = ("
		      "{ name = \"cron\"; secret = \"" SECRET "\";"
		      "  rooms = [ \"#ops\" ]; },"
		      "{ name = \"idle\"; secret = \"x\"; rooms = [ \"#t\" ]; }"
		      "); };");
	notices = notices_new(loop, world.hub, settings);
	address("127.0.0.1:0", &at);
	fd = sock_datagrams(&at);
	cr_assert_eq(fake_hello(&ann, 1, "ann"), FINE);
	fake_join(&ann, "#ops");
	fake_ignore(&ann);
}

static void
end(void)
{
	fake_forget(&ann);
	close(fd);
	notices_free(notices);
	settings_free(settings);
	world_stop();
	loop_free(loop);
	unlink(path);
	cr_expect_eq(fds_open(), before, "descriptors left open");
}

TestSuite(notices, .init = begin, .fini = end, .timeout = 30);

static enum noticed
send_from(const char *from, const char *datagram)
{
	struct sock_addr addr;

	address(from, &addr);
	return notices_take(notices, fd, &addr, slice_of(datagram));
}

/* ---- what is heard ---- */

Test(notices, become_entries_with_their_source)
{
	cr_expect_eq(
	    send_from("192.0.2.7:514", "#ops Happy Birth Day Server"), NOTICED);
	cr_expect_eq(send_from("[2001:db8::1]:9", "#OPS a\tb  c\n"), NOTICED);
	cr_expect_eq(send_from("127.0.0.1:9", "#ops   x\r\n"), NOTICED);
	fake_expect(&ann, "",
	    "2 notice 192.0.2.7 (unverified): Happy Birth Day Server\n"
	    "3 notice 2001:db8::1 (unverified): a b  c\n"
	    "4 notice 127.0.0.1 (unverified): x\n");
}

Test(notices, what_is_none_is_dropped)
{
	static const struct {
		const char *datagram;
		enum noticed what;
	} cases[] = {
		{ "", NOTICED_SHAPE },
		{ "\n", NOTICED_SHAPE },
		{ "hello", NOTICED_SHAPE },
		{ "#ops", NOTICED_SHAPE },
		{ "#ops ", NOTICED_SHAPE },
		{ " #ops x", NOTICED_SHAPE },
		{ "ops x", NOTICED_SHAPE },
		{ "#o ps", NOTICED_ROOM },
		{ "ok #ops 7\n", NOTICED_SHAPE }, /* another server's reply */
		{ "#none x", NOTICED_ROOM },
		{ "#ops a\nb", NOTICED_TEXT },
		{ "#ops a\n\n", NOTICED_TEXT },
		{ "#ops \x1b[2J", NOTICED_TEXT },
		{ "#ops \xff", NOTICED_TEXT },
		{ "#ops \xc2\x9b", NOTICED_TEXT },
		{ "token: #ops x", NOTICED_TOKEN },
		{ "token:x #ops x", NOTICED_TOKEN },
		{ "token:" SECRET "0 #ops x", NOTICED_TOKEN },
		{ "token:" SECRET " #t x", NOTICED_TOKEN },
		{ "token:" SECRET, NOTICED_SHAPE },
	};
	size_t i;

	read_settings("notices: { rate = 0; total = 0; tokens = ("
		      "{ name = \"cron\"; secret = \"" SECRET "\";"
		      "  rooms = [ \"#ops\" ]; } ); };");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(send_from("127.0.0.1:1", cases[i].datagram),
		    cases[i].what, "\"%s\"", cases[i].datagram);
	fake_expect(&ann, "", "");
}

Test(notices, have_at_most_512_bytes)
{
	char text[NOTICES_BYTES + 3];

	memset(text, 'x', sizeof(text));
	memcpy(text, "#ops ", 5);
	text[NOTICES_BYTES] = '\n';
	text[NOTICES_BYTES + 1] = '\0';
	cr_expect_eq(send_from("127.0.0.1:1", text), NOTICED);
	text[NOTICES_BYTES] = 'x';
	cr_expect_eq(send_from("127.0.0.1:1", text), NOTICED_LONG);
	fake_ignore(&ann);
}

/* ---- tokens ---- */

Test(notices, a_token_says_who_it_is)
{
	cr_expect_eq(
	    send_from("192.0.2.7:1", "token:" SECRET " #ops done\n"), NOTICED);
	cr_expect_eq(
	    send_from("192.0.2.7:1", "token:" SECRET " #Ops again"), NOTICED);
	fake_expect(&ann, "", "2 notice *cron: done\n3 notice *cron: again\n");
}

Test(notices, a_long_name_is_cut_between_characters)
{
	struct buf text = { 0 }, heard = { 0 };

	buf_add_string(&text, "notices: { tokens = ( { name = \"");
	buf_add_string(&heard, "2 notice *");
	for (int i = 0; i < 32; i++) {
		buf_add_string(&text, "\u00fc");
		buf_add_string(&heard, i < 31 ? "\u00fc" : "");
	}
	buf_add_string(
	    &text, "\"; secret = \"s\"; rooms = [ \"#ops\" ]; } ); };");
	buf_add_string(&heard, ": hi\n");
	read_settings(buf_string(&text));
	cr_expect_eq(send_from("192.0.2.7:1", "token:s #ops hi"), NOTICED);
	fake_expect(&ann, "", buf_string(&heard));
	buf_done(&text);
	buf_done(&heard);
}

/* ---- how many ---- */

Test(notices, one_source_has_its_allowance)
{
	unsigned i, heard = 0;

	for (i = 0; i < 30; i++)
		heard += send_from("192.0.2.1:1", "#ops x") == NOTICED;
	cr_expect_eq(heard, settings->notices_burst);
	cr_expect_eq(send_from("192.0.2.2:1", "#ops x"), NOTICED);
	/* A token's is its own. */
	cr_expect_eq(
	    send_from("192.0.2.1:1", "token:" SECRET " #ops x"), NOTICED);
	cr_expect_eq(notices_counted(notices, NOTICED_SOURCE), 20);
	fake_ignore(&ann);
}

/* Also what is no notice counts, so that guessing is not free. */
Test(notices, guessing_is_not_free)
{
	unsigned i, refused = 0;

	for (i = 0; i < 30; i++)
		refused +=
		    send_from("192.0.2.1:1", "token:y #ops x") == NOTICED_TOKEN;
	cr_expect_eq(refused, settings->notices_burst);
}

Test(notices, all_together_have_one_too)
{
	char from[32];
	unsigned i, heard = 0;

	for (i = 0; i < 5000; i++) {
		snprintf(from, sizeof(from), "10.%u.%u.1:1", i / 250, i % 250);
		heard += send_from(from, "#ops x") == NOTICED;
	}
	cr_expect_eq(heard, 2 * settings->notices_total);
	cr_expect_eq(
	    send_from("10.0.0.1:1", "token:" SECRET " #ops x"), NOTICED);
	fake_ignore(&ann);
}

/* ---- replies ---- */

static struct sock_addr asker_addr;
static int asker;

static void
open_asker(void)
{
	address("127.0.0.1:0", &asker_addr);
	asker = sock_datagrams(&asker_addr);
	sock_local(asker, &asker_addr);
}

/* Empty: nothing came. */
static const char *
came_back(void)
{
	static char words[600];
	ssize_t n = recv(asker, words, sizeof(words) - 1, MSG_DONTWAIT);

	words[n > 0 ? n : 0] = '\0';
	return words;
}

static enum noticed
ask_from(const struct sock_addr *from, const char *datagram)
{
	enum noticed what = notices_take(notices, fd, from, slice_of(datagram));

	fake_ignore(&ann);
	return what;
}

Test(notices, nobody_is_answered_unless_told)
{
	open_asker();
	ask_from(&asker_addr, "#ops is anybody there?");
	ask_from(&asker_addr, "token:" SECRET " #ops is anybody there?");
	cr_expect_str_empty(came_back());
	close(asker);
}

Test(notices, answers_are_short_and_for_few)
{
	struct sock_addr foreign;

	read_settings("notices: { reply = true; };");
	open_asker();
	ask_from(&asker_addr, "#ops is anybody there?");
	cr_expect_str_eq(came_back(), "ok #ops 2\n");
	/* Longer than what came. */
	ask_from(&asker_addr, "#ops 123");
	cr_expect_str_empty(came_back());
	ask_from(&asker_addr, "#none is anybody there?");
	cr_expect_str_empty(came_back());
	ask_from(&asker_addr, "ok #ops 2\n");
	cr_expect_str_empty(came_back());
	/* Somebody else, without a token: not even if it could be reached. */
	address("192.0.2.9:9", &foreign);
	cr_expect_eq(ask_from(&foreign, "#ops is anybody there?"), NOTICED);
	cr_expect_str_empty(came_back());
	close(asker);
}

/* The socket may be gone by the time the notice is stored. */
Test(notices, answers_survive_their_socket)
{
	struct sock_addr at;

	read_settings("notices: { reply = true; };");
	open_asker();
	notices_take(notices, fd, &asker_addr, SLICE("#ops is anybody there?"));
	close(fd);
	fake_ignore(&ann);
	cr_expect_str_eq(came_back(), "ok #ops 2\n");
	address("127.0.0.1:0", &at);
	fd = sock_datagrams(&at);
	close(asker);
}

/* ---- the socket ---- */

Test(notices, are_read_from_a_socket)
{
	struct sock_addr at;
	char text[700];
	int i;

	memset(text, 'x', sizeof(text));
	memcpy(text, "#ops ", 5);
	open_asker();
	sock_local(fd, &at);
	for (i = 0; i < 3; i++)
		sendto(asker, "#ops hello", 10, 0, &at.sa, at.len);
	sendto(asker, text, sizeof(text), 0, &at.sa, at.len);
	text[NOTICES_BYTES + 2] = '\n';
	sendto(asker, text, NOTICES_BYTES + 3, 0, &at.sa, at.len);
	sendto(asker, "", 0, 0, &at.sa, at.len);
	notices_read(notices, fd);
	cr_expect_eq(notices_counted(notices, NOTICED), 3);
	cr_expect_eq(notices_counted(notices, NOTICED_LONG), 2);
	cr_expect_eq(notices_counted(notices, NOTICED_SHAPE), 1);
	notices_read(notices, fd); /* nothing is there */
	fake_ignore(&ann);
	close(asker);
}
