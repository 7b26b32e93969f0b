/*
 * Lines, with the real programs people have: nc and telnet; and with a hand on
 * every byte, for clients that send each key at once.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "daemon.h"
#include "peer.h"
#include "program.h"
#include "xmalloc.h"

enum { WATCHED_MS = 300, IDLE_US = 30000, LISTENERS = 3 };

/* A daemon that is spoken to in lines, on TCP and on a UNIX socket, where each
 * piece that is sent arrives as one; and in frames. */
static struct {
	struct daemon d;
	char unix_address[96];
	char host[160], port[16];
	const char *line, *frame; /* addresses */
} house;

static void
open_house(const char *config)
{
	struct daemon_options o = { .config = config, .is_loud = true };
	char *port;

	daemon_init(&house.d);
	snprintf(house.unix_address, sizeof(house.unix_address),
	    "line:unix:%s/lines", house.d.directory);
	o.listen[0] = "line:127.0.0.1:0";
	o.listen[1] = house.unix_address;
	o.listen[2] = "127.0.0.1:0";
	daemon_start(&house.d, &o);
	cr_assert_eq(house.d.n_addresses, LISTENERS);
	house.line = house.d.address[0];
	house.frame = house.d.address[2];
	snprintf(house.host, sizeof(house.host), "%s", house.line);
	port = strrchr(house.host, ':');
	snprintf(house.port, sizeof(house.port), "%.15s", port + 1);
	*port = '\0';
}

static void
close_house(void)
{
	daemon_stop(&house.d);
	daemon_done(&house.d);
}

/* ---- programs ---- */

/* What stands for chat is another program here. */
static void
run(struct program *p, const char *path, const char *option)
{
	setenv("CHAT", path, 1);
	if (option != NULL)
		PROGRAM(p, option, house.host, house.port);
	else
		PROGRAM(p, house.host, house.port);
}

#define NC     "/usr/bin/nc"
#define TELNET "/usr/bin/telnet"

Test(line, greets_a_hundred_one_after_the_other, .timeout = 60)
{
	struct program p;
	unsigned i;

	open_house("server: { greeting = \"Thank you for connecting\"; };");
	for (i = 0; i < 100; i++) {
		run(&p, NC, NULL);
		cr_assert(program_prints(&p, "Thank you for connecting\r\n", 1),
		    "number %u, nothing typed", i);
		program_done(&p);
	}
	close_house();
}

/* One with each program; each sees the other. */
Test(line, lets_telnet_and_nc_talk, .timeout = 60)
{
	struct program telnet, nc;

	open_house(NULL);
	run(&telnet, TELNET, NULL);
	run(&nc, NC, "-C");
	cr_assert(program_prints(&telnet, "Your name?", 1));
	program_type(&telnet, "ann\n");
	cr_assert(program_prints(&telnet, "+ok join #lobby ", 1));
	program_type(&nc, "/nick bob\n/join #den\n");
	cr_assert(program_prints(&nc, "+ok join #den ", 1));
	program_type(&telnet, "/join #den\n");
	cr_assert(program_prints(&nc, "[#den] -- ann joined", 1));
	program_type(&telnet, "gr\303\274\303\237e\n");
	cr_assert(program_prints(&nc, "[#den] <ann> gr\303\274\303\237e", 1));
	program_type(&nc, "/me waves\n");
	cr_assert(program_prints(&telnet, "[#den] * bob waves", 1));
	program_type(&telnet, "/quit\n");
	cr_expect(program_prints(&telnet, "+ok quit", 1));
	cr_expect_eq(program_end(&telnet), 0);
	cr_assert(program_prints(&nc, "[#den] -- ann left", 1));
	program_type(&nc, "/quit\n");
	cr_expect_eq(program_end(&nc), 0);
	/* Not a byte of telnet's for who has only nc. */
	cr_expect_null(memchr(buf_at(&nc.printed), 0xff, nc.printed.len));
	program_done(&telnet);
	program_done(&nc);
	close_house();
}

Test(line, serves_nc_that_sends_no_more_to_the_end, .timeout = 60)
{
	struct program nc;
	struct peer bob = { .fd = -1 };
	union message m;
	bool came = false;

	open_house(NULL);
	cr_assert(peer_enter(&bob, house.frame, "bob"));
	peer_join(&bob, "#lobby");
	run(&nc, NC, "-N");
	program_type(&nc, "/nick x\r\nhello\r\n/names\r\n");
	cr_expect_eq(program_end(&nc), 0);
	cr_expect_eq(program_printed(&nc, "+ok say #lobby "), 1);
	cr_expect_eq(program_printed(&nc, "[#lobby] <x> hello\r\n"), 1);
	cr_expect_eq(program_printed(&nc, "+ok names 2\r\n"), 1, "%s",
	    buf_string(&nc.printed));
	while (!came && peer_hear_type(&bob, MSG_ENTRY, &m))
		came = slice_is(m.entry.text, SLICE("hello"));
	cr_expect(came);
	program_done(&nc);
	peer_close(&bob);
	close_house();
}

/* What is too fast for its allowance waits, and nothing of it is lost. */
Test(line, takes_a_file_faster_than_allowed, .timeout = 60)
{
	struct program nc;
	unsigned i;

	open_house("limits: { rate = 100; burst = 10; };");
	run(&nc, NC, "-N");
	program_type(&nc, "/nick x\n");
	for (i = 0; i < 60; i++)
		program_type(&nc, "one line of a file\n");
	cr_expect_eq(program_end(&nc), 0);
	cr_expect_eq(program_printed(&nc, "+ok say #lobby "), 60);
	cr_expect_eq(
	    program_printed(&nc, "-no "), 0, "%s", buf_string(&nc.printed));
	program_done(&nc);
	close_house();
}

Test(line, asks_without_a_name, .timeout = 60)
{
	struct program nc;

	open_house("answers: { standard = \"no idea\"; table = ( { question = "
		   "\"why\"; answer = \"because\"; } ); };");
	run(&nc, NC, "-N");
	program_type(&nc, "/ask WHY\n/ask who\n");
	cr_expect_eq(program_end(&nc), 0);
	cr_expect_eq(
	    program_printed(&nc, "= because\r\n+ok ask\r\n= no idea\r\n"), 1,
	    "%s", buf_string(&nc.printed));
	program_done(&nc);
	close_house();
}

/* ---- every byte ---- */

/* Waits until it has heard the words so often since the last forget(). */
static bool
hears(struct peer *p, const char *words, unsigned n)
{
	for (;;) {
		const char *at = buf_string(&p->in);
		size_t before = p->in.len;
		unsigned found = 0;

		for (; (at = strstr(at, words)) != NULL; at += strlen(words))
			found++;
		if (found >= n)
			return true;
		peer_hear_bytes(p, before + 1, PEER_WAIT_MS);
		p->used = 0;
		if (p->in.len == before)
			return false;
	}
}

static void
forget(struct peer *p)
{
	buf_clear(&p->in);
	p->used = 0;
}

static void
types(struct peer *p, const char *words)
{
	cr_assert(peer_send_bytes(p, words, strlen(words)));
}

static struct peer
person(const char *address, const char *nick)
{
	struct peer p = { .fd = -1 };

	cr_assert(peer_connect(&p, address));
	types(&p, nick);
	types(&p, "\r\n");
	cr_assert(hears(&p, "+ok join #lobby ", 1), "%s", nick);
	return p;
}

/* The unix: address without what is spoken there. */
static const char *
unix_lines(void)
{
	return house.unix_address + strlen("line:");
}

Test(line, understands_windows_telnet, .timeout = 60)
{
	static const struct {
		const char *keys, *line;
	} typed[] = {
		{ "its good y\bhow is linux\r\n", "its good how is linux" },
		{ "gr\303\274\b\303\266sse\r\n", "gr\303\266sse" },
		{ "\342\202\254\b5 euro\r", "5 euro" },
		{ "one two\027three\r\n", "one three" },
		{ "all wrong\025all right\n", "all right" },
	};
	struct peer ann, bob;
	char want[80];
	size_t i;

	open_house(NULL);
	ann = person(unix_lines(), "ann");
	bob = person(house.line, "bob");
	types(&ann, "i");
	types(&ann, "ts good y\bhow is linux\r\n");
	cr_expect(hears(&bob, "[#lobby] <ann> its good how is linux\r\n", 1));
	ann.piece = 1;
	for (i = 0; i < sizeof(typed) / sizeof(*typed); i++) {
		forget(&bob);
		types(&ann, typed[i].keys);
		snprintf(
		    want, sizeof(want), "[#lobby] <ann> %s\r\n", typed[i].line);
		cr_expect(hears(&bob, want, 1), "%s", typed[i].line);
	}
	/* And its negotiation: refused, once. */
	forget(&ann);
	types(&ann, "\377\373\037\377\375\003\377\373\037x\r\n");
	cr_expect(hears(&ann, "\377\376\037\377\374\003", 1));
	cr_expect(hears(&ann, "[#lobby] <ann> x\r\n", 1));
	peer_close(&ann);
	peer_close(&bob);
	close_house();
}

Test(line, puts_pieces_together, .timeout = 60)
{
	static const size_t pieces[] = { 1, 2, 3, 6, 7, 0 };
	static const char *const ends[] = { "\r\n", "\n", "\r", "\r" };
	struct peer ann, bob;
	char want[80], line[80];
	size_t i, j;

	open_house("limits: { rate = 0; };");
	ann = person(unix_lines(), "ann");
	bob = person(house.line, "bob");
	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		ann.piece = pieces[i];
		for (j = 0; j < sizeof(ends) / sizeof(*ends); j++) {
			snprintf(line, sizeof(line), "line %zu of pieces%s", j,
			    ends[j]);
			forget(&bob);
			types(&ann, line);
			if (j == 3)
				peer_send_bytes(&ann, "", 1);
			snprintf(want, sizeof(want),
			    "<ann> line %zu of pieces\r\n", j);
			cr_expect(hears(&bob, want, 1), "%zu", pieces[i]);
		}
	}
	peer_close(&ann);
	peer_close(&bob);
	close_house();
}

/* What comes from other protocols says nothing to anybody. */
Test(line, understands_no_other_protocol, .timeout = 60)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool is_closed;
	} openers[] = {
#define OPENER(literal, is_closed) { literal, sizeof(literal) - 1, is_closed }
		OPENER("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
		OPENER("POST / HTTP/1.1\r\n\r\n/nick eve\r\nhi\r\n", true),
		OPENER("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true),
		OPENER("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", true),
		OPENER("SSH-2.0-OpenSSH_9.2p1\r\n", true),
		OPENER("\0\0\0\x54\xffSMBr\0\0", true),
		OPENER("\0\0\0\x30\x01\0\x01", true),
		OPENER("\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\r\n", false),
		OPENER("*1\r\n$4\r\nPING\r\x01\n", false),
		OPENER("EHLO example.org\r\nMAIL FROM:<a@b>\r\n", false),
		OPENER("USER a b c :d\r\n", false),
		OPENER("CONNECT a:1 HTTP/1.0\r\n", true),
#undef OPENER
	};
	struct peer bob = { .fd = -1 }, p = { .fd = -1 };
	union message m;
	size_t i;

	open_house(NULL);
	cr_assert(peer_enter(&bob, house.frame, "bob"));
	peer_join(&bob, "#lobby");
	for (i = 0; i < sizeof(openers) / sizeof(*openers); i++) {
		cr_assert(peer_connect(&p, house.line));
		peer_send_bytes(&p, openers[i].bytes, openers[i].len);
		peer_half_close(&p);
		peer_hear_bytes(&p, 65536, PEER_WAIT_MS);
		cr_expect(p.is_over, "%zu", i);
		peer_close(&p);
	}
	cr_expect(daemon_says(&house.d, ": closed: not_chat", 8));
	cr_expect_eq(
	    daemon_said(&house.d, ": welcome"), 1 + 1, "PING could be a name");
	while (peer_hear(&bob, &m, 0) == HEARD_MESSAGE)
		cr_expect(m.type != MSG_ENTRY || m.entry.kind != ENTRY_SAID);
	peer_close(&bob);
	close_house();
}

/* Nobody waits for who can't come back, even when the daemon was killed. */
Test(line, frees_the_names_of_people_when_it_starts_again, .timeout = 60)
{
	struct daemon_options o = { .listen = { "line:127.0.0.1:0" } };
	char directory[96];
	struct peer ann;
	struct daemon d;

	daemon_init(&d);
	snprintf(directory, sizeof(directory), "%s/state", d.directory);
	o.directory = directory;
	daemon_start(&d, &o);
	ann = person(d.address[0], "ann");
	types(&ann, "hello\n");
	cr_assert(hears(&ann, "+ok say #lobby 2", 1));
	daemon_kill(&d);
	peer_close(&ann);
	daemon_start(&d, &o);
	ann = person(d.address[0], "ann");
	cr_expect(hears(&ann, "[#lobby] <ann> hello\r\n", 1));
	cr_expect(hears(&ann, "[#lobby] -- ann left: connection lost\r\n", 1));
	peer_close(&ann);
	daemon_stop(&d);
	daemon_done(&d);
}

/* In the clear only where it is allowed. */
Test(line, needs_leave_beyond_this_machine, .timeout = 60)
{
	static const char *const more[] = { "-t", NULL };
	struct daemon_options o = { .listen = { "line:*:0" } };
	struct daemon d;

	daemon_init(&d);
	cr_expect_eq(daemon_fails(&d, &o, more), EX_CONFIG);
	cr_expect_eq(daemon_said(&d, "server.insecure = true"), 1);
	daemon_done(&d);
}

/* ---- limits ---- */

Test(line, says_full_in_words, .timeout = 60)
{
	struct peer ann, late = { .fd = -1 };
	int64_t before;

	open_house("limits: { clients = 1; };");
	ann = person(house.line, "ann");
	cr_assert(peer_connect(&late, house.line));
	cr_expect(hears(
	    &late, "-no full the server is full: all places are taken\r\n", 1));
	cr_expect_eq(peer_hear_bytes(&late, 1000, PEER_WAIT_MS).len,
	    strlen("-no full the server is full: all places are taken\r\n"));
	cr_expect(late.is_over);
	peer_close(&late);
	before = daemon_cpu_us(&house.d);
	poll(NULL, 0, WATCHED_MS);
	cr_expect_lt(daemon_cpu_us(&house.d) - before, IDLE_US);
	forget(&ann);
	types(&ann, "still here\n");
	cr_expect(hears(&ann, "+ok say #lobby ", 1));
	peer_close(&ann);
	close_house();
}

/* Silence is no fault: only a name, and the end of a line, are waited for. */
Test(line, waits_so_long_for_a_name_or_the_end_of_a_line, .timeout = 60)
{
	struct peer silent = { .fd = -1 }, mute = { .fd = -1 }, half, quiet;

	open_house("limits: { line = 1; ping = 1; login = 3600; };");
	quiet = person(house.line, "quiet");
	half = person(house.line, "half");
	cr_assert(peer_enter(&mute, house.frame, "mute"));
	cr_assert(peer_connect(&silent, house.line));
	types(&half, "I was about to s");
	cr_expect(hears(&silent, "-no too_slow ", 1));
	cr_expect(hears(&half, "-no too_slow ", 1));
	cr_expect(hears(&quiet, "[#lobby] -- half left: ", 1));
	forget(&quiet);
	/* Longer silent than who has to answer pings. */
	cr_assert(daemon_says(&house.d, ": closed: idle", 1));
	types(&quiet, "here I am\r\n");
	cr_expect(hears(&quiet, "+ok say #lobby ", 1));
	peer_close(&silent);
	peer_close(&mute);
	peer_close(&half);
	peer_close(&quiet);
	close_house();
}

/* ---- the whole of it ---- */

static void
talk_of(unsigned n)
{
	struct peer *p = xcalloc(n, sizeof(*p));
	char words[64];
	unsigned i, accepted, closed;

	open_house("limits: { rate = 0; burst = 1000; };");
	for (i = 0; i < n; i++) {
		snprintf(words, sizeof(words), "n%u", i);
		p[i] = person(house.line, words);
	}
	for (i = 0; i < n; i++) {
		forget(&p[i]);
		types(&p[i], "one of many\r\n");
	}
	for (i = 0; i < n; i++) {
		cr_expect(hears(&p[i], "one of many\r\n", n), "%u", i);
		cr_expect(hears(&p[i], "+ok say #lobby ", 1), "%u", i);
		types(&p[i], "/quit\r\n");
	}
	for (i = 0; i < n; i++) {
		cr_expect(hears(&p[i], "+ok quit\r\n", 1));
		peer_close(&p[i]);
	}
	daemon_says(&house.d, ": closed: said bye", n);
	accepted =
	    daemon_said(&house.d, ": accepted connection from 127.0.0.1:");
	closed = daemon_said(&house.d, ": closed: ");
	cr_expect_eq(accepted, n, "%u", accepted);
	cr_expect_eq(closed, n, "%u", closed);
	close_house();
	free(p);
}

Test(line, answers_and_logs_three, .timeout = 60)
{
	talk_of(3);
}

Test(line, answers_and_logs_three_hundred, .timeout = 120)
{
	talk_of(300);
}
