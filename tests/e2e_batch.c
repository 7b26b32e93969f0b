/*
 * chat without a screen, against the real daemon and against servers that are
 * not there, say nothing, or speak something else; and over a network that is
 * cut.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "home.h"
#include "peer.h"
#include "program.h"
#include "proxy.h"
#include "sock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct daemon_options unlimited = {
	.config = "limits: { rate = 0; };\n"
};

static void
start(struct daemon *d, const struct daemon_options *o)
{
	daemon_init(d);
	daemon_start(d, o);
}

static void
stop(struct daemon *d)
{
	daemon_stop(d);
	daemon_done(d);
}

/* In the room, and alone to say so. */
static void
enter(struct program *p, const char *address, const char *nick)
{
	char joined[64];

	PROGRAM(p, "--batch", "-s", address, "-n", nick, "-r", "#lobby");
	snprintf(joined, sizeof(joined), "\tjoined\t%s\t", nick);
	cr_assert(program_prints(p, joined, 1), "%s: %s%s", nick,
	    buf_string(&p->printed), buf_string(&p->complained));
}

static void
ends_with(struct program *p, int status)
{
	int ended = program_end(p);

	cr_expect_eq(ended, status, "status %d, not %d; it printed: %s%s",
	    ended, status, buf_string(&p->printed), buf_string(&p->complained));
	program_done(p);
}

/* ---- talking ---- */

Test(batch, two_talk, .timeout = 60)
{
	struct program ann, bob;
	struct daemon d;

	start(&d, &unlimited);
	enter(&ann, d.address[0], "ann");
	enter(&bob, d.address[0], "bob");
	cr_expect(program_prints(&ann, "\t#lobby\t2\tjoined\tbob\t", 1));
	program_type(&ann, "good morning\n/me yawns\n//not a command\n");
	cr_expect(program_prints(&ann, "\t#lobby\t3\tstored\tann\t", 1));
	cr_expect(program_prints(&bob, "\t3\tsaid\tann\tgood morning\n", 1));
	cr_expect(program_prints(&bob, "\t4\taction\tann\tyawns\n", 1));
	cr_expect(program_prints(&bob, "\t5\tsaid\tann\t/not a command\n", 1));
	program_type(&bob, "/msg ann psst\n");
	cr_expect(program_prints(&ann, "\tbob\t1\tsaid\tbob\tpsst\n", 1));
	cr_expect(program_prints(&bob, "\tann\t1\tsaid\tbob\tpsst\n", 1));
	program_type(&ann, "/topic tea at five\n/nick anna\n");
	cr_expect(program_prints(&bob, "\ttopic\tann\ttea at five\n", 1));
	cr_expect(program_prints(&bob, "#lobby\t7\trenamed\tann\tanna\n", 1));
	program_type(&ann, "/quit good night\n");
	cr_expect(program_prints(&bob, "\tleft\tanna\tgood night\n", 1));
	ends_with(&ann, EX_OK);
	ends_with(&bob, EX_OK);
	stop(&d);
}

Test(batch, says_one_thing_and_ends, .timeout = 60)
{
	struct program ann, one;
	struct daemon d;

	start(&d, &unlimited);
	enter(&ann, d.address[0], "ann");
	PROGRAM(&one, "-s", d.address[0], "-n", "bob", "-m", "to all", "-t",
	    "#lobby");
	ends_with(&one, EX_OK);
	cr_expect(program_prints(&ann, "\tsaid\tbob\tto all\n", 1));
	PROGRAM(
	    &one, "-s", d.address[0], "-n", "bob", "-m", "to you", "-t", "ann");
	ends_with(&one, EX_OK);
	cr_expect(program_prints(&ann, "\tbob\t1\tsaid\tbob\tto you\n", 1));
	PROGRAM(&one, "-s", d.address[0], "-n", "bob", "-m", "hello", "-t",
	    "nobodyatall");
	cr_expect_eq(program_end(&one), EX_NOPERM);
	cr_expect(
	    strstr(buf_string(&one.complained), "nobodyatall: nobody here"));
	program_done(&one);
	ends_with(&ann, EX_OK);
	stop(&d);
}

Test(batch, prints_json, .timeout = 60)
{
	struct program ann;
	struct peer bob;
	struct daemon d;

	start(&d, &unlimited);
	PROGRAM(
	    &ann, "--json", "-s", d.address[0], "-n", "ann", "-r", "#lobby");
	cr_expect(program_prints(&ann,
	    "\"room\":\"#lobby\",\"seq\":1,\"kind\":\"joined\",\"who\":\"ann\","
	    "\"text\":\"\"}\n",
	    1));
	cr_assert(peer_enter(&bob, d.address[0], "bob"));
	cr_assert(peer_join(&bob, "#lobby"));
	peer_say(&bob, 1, "#lobby", "\"two\"\n\\lines\\ \xc3\xa4");
	cr_expect(program_prints(&ann,
		      "\"seq\":3,\"kind\":\"said\",\"who\":\"bob\","
		      "\"text\":\"\\\"two\\\"\\n\\\\lines\\\\ \\u00E4\"}\n",
		      1),
	    "%s", buf_string(&ann.printed));
	cr_expect(program_printed(&ann, "\"seq\":null,\"kind\":\"state\""));
	peer_close(&bob);
	ends_with(&ann, EX_OK);
	stop(&d);
}

/* What others say can neither end a field or line nor reach a terminal. */
Test(batch, escapes_what_others_say, .timeout = 60)
{
	static const struct {
		const char *said, *printed;
	} cases[] = {
		{ "two\nlines", "two\\nlines\n" },
		{ "back\\slash", "back\\\\slash\n" },
		{ "\\n is no newline", "\\\\n is no newline\n" },
		{ "right \xe2\x80\xae left", "<U+202E>" },
		{ "\xef\xbb\xbf"
		  "bom",
		    "bom\n" },
	};
	struct program ann;
	struct daemon d;
	struct peer bob;
	const char *at;
	size_t i;

	start(&d, &unlimited);
	enter(&ann, d.address[0], "ann");
	cr_assert(peer_enter(&bob, d.address[0], "bob"));
	cr_assert(peer_join(&bob, "#lobby"));
	for (i = 0; i < COUNT(cases); i++) {
		peer_say(&bob, i + 1, "#lobby", cases[i].said);
		cr_expect(program_prints(&ann, cases[i].printed, 1), "%s: %s",
		    cases[i].said, buf_string(&ann.printed));
	}
	cr_expect_eq(program_printed(&ann, "\tsaid\tbob\t"), COUNT(cases));
	for (at = buf_string(&ann.printed); *at != '\0'; at++)
		cr_expect(
		    (unsigned char)*at >= ' ' || *at == '\n' || *at == '\t',
		    "byte %02x", (unsigned char)*at);
	peer_close(&bob);
	ends_with(&ann, EX_OK);
	stop(&d);
}

/* ---- the end of input ---- */

/* n lines at once, then the end: all are stored, in order, before it ends. */
static void
say_many(const struct daemon_options *o, unsigned n)
{
	struct program ann, bob;
	struct buf lines = { 0 };
	struct daemon d;
	const char *at;
	char said[64];
	unsigned i;

	start(&d, o);
	enter(&bob, d.address[0], "bob");
	for (i = 1; i <= n; i++)
		buf_printf(&lines, "line %u of many\n", i);
	enter(&ann, d.address[0], "ann");
	program_type(&ann, buf_string(&lines));
	cr_expect_eq(program_end(&ann), EX_OK);
	cr_expect_eq(program_printed(&ann, "\tstored\tann\t"), n);
	cr_expect(program_prints(&bob, "\tleft\tann\t", 1));
	cr_expect_eq(program_printed(&bob, "\tsaid\tann\tline"), n);
	at = buf_string(&bob.printed);
	for (i = 1; i <= n && at != NULL; i++) {
		snprintf(said, sizeof(said), "\tsaid\tann\tline %u of", i);
		at = strstr(at, said);
		cr_expect_not_null(at, "line %u is missing or too early", i);
	}
	program_done(&ann);
	ends_with(&bob, EX_OK);
	buf_done(&lines);
	stop(&d);
}

Test(batch, waits_until_all_is_stored, .timeout = 60)
{
	say_many(&unlimited, 1000);
}

/* The same when the daemon wants it slower: refused, said again, not lost. */
Test(batch, says_again_what_was_too_fast, .timeout = 60)
{
	const struct daemon_options o = {
		.config = "limits: { rate = 50; burst = 20; };\n"
	};

	say_many(&o, 80);
}

Test(batch, tells_by_status_what_went_wrong, .timeout = 60)
{
	static const struct {
		const char *typed, *printed;
		int status;
	} cases[] = {
		{ "", "", EX_OK },
		{ "hello\n", "\tstored\t", EX_OK },
		{ "no newline at the end", "\tstored\t", EX_OK },
		{ "/bogus\n", "no such command", EX_DATAERR },
		{ "/msg nobodyatall hello\n", "nobody here", EX_NOPERM },
		{ "/join #with,comma\n", "a room is", EX_DATAERR },
		{ "/nick root\n", "reserved", EX_DATAERR },
		{ "not \xff UTF-8\n", "", EX_DATAERR },
	};
	struct program ann;
	struct daemon d;
	size_t i;
	int status;

	start(&d, &unlimited);
	for (i = 0; i < COUNT(cases); i++) {
		enter(&ann, d.address[0], "ann");
		program_type(&ann, cases[i].typed);
		status = program_end(&ann);
		cr_expect_eq(status, cases[i].status, "%s: status %d: %s",
		    cases[i].typed, status, buf_string(&ann.printed));
		cr_expect(*cases[i].printed == '\0' ||
			program_printed(&ann, cases[i].printed),
		    "%s: %s", cases[i].typed, buf_string(&ann.printed));
		program_done(&ann);
	}
	stop(&d);
}

/* ---- what is over ---- */

/* What is found is told, newest first, and never taken for what is said now. */
Test(batch, tells_what_is_found, .timeout = 60)
{
	struct daemon_options o = unlimited;
	struct program ann, bob;
	char directory[128];
	struct daemon d;

	daemon_init(&d);
	snprintf(directory, sizeof(directory), "%s/state", d.directory);
	o.directory = directory;
	daemon_start(&d, &o);
	enter(&bob, d.address[0], "bob");
	program_type(&bob, "the quick brown fox\n/me sees a fox\nno dog\n");
	cr_expect(program_prints(&bob, "\tstored\t", 3));
	enter(&ann, d.address[0], "ann");
	program_type(&ann, "/search fox\n/search FOX from:ann\n");
	cr_expect(program_prints(&ann, "\t#lobby\t-\tlocal\t\t2 found\n", 1),
	    "%s", buf_string(&ann.printed));
	cr_expect(
	    program_prints(&ann, "\t#lobby\t3\tfound\tbob\tsees a fox\n", 1));
	cr_expect(program_prints(
	    &ann, "\t#lobby\t2\tfound\tbob\tthe quick brown fox\n", 1));
	cr_expect(program_prints(&ann, "\tlocal\t\t0 found\n", 1));
	cr_expect_eq(program_printed(&ann, "\tfound\t"), 2);
	cr_expect_eq(program_printed(&ann, "\tsaid\tbob\tthe quick"), 1);
	ends_with(&ann, EX_OK);
	ends_with(&bob, EX_OK);
	stop(&d);
}

static void
run_in(struct program *p, const struct home *home, const char *address,
    const char *room, const char *typed, int status)
{
	program_start_in(p, home->path,
	    (const char *const[]){ "--batch", "-s", address, "-n", "ann", "-r",
		room, "--timeout", "1", NULL });
	program_type(p, typed);
	cr_expect_eq(program_end(p), status, "%s%s", buf_string(&p->printed),
	    buf_string(&p->complained));
}

/* What could not be said is said by the next run, before its own, also in a
 * room that it would not enter otherwise. */
Test(batch, says_what_an_earlier_run_left, .timeout = 60)
{
	struct daemon_options o = unlimited;
	char address[SOCK_TEXT];
	struct program ann;
	struct home home;
	struct daemon d;
	const char *first, *second, *third;

	home_init(&home);
	snprintf(address, sizeof(address), "unix:%s/socket", home.path);
	o.listen[0] = address;
	run_in(&ann, &home, address, "ops", "left over\nmore of it\n",
	    EX_UNAVAILABLE);
	program_done(&ann);
	start(&d, &o);
	run_in(&ann, &home, address, "lobby", "now\n", EX_OK);
	cr_expect_eq(program_printed(&ann, "\t#ops\t2\tstored\t"), 1);
	cr_expect_eq(program_printed(&ann, "\t#ops\t3\tstored\t"), 1);
	first = strstr(buf_string(&ann.printed), "\tsaid\tann\tleft over\n");
	second = strstr(buf_string(&ann.printed), "\tsaid\tann\tmore of it\n");
	third = strstr(buf_string(&ann.printed), "\tsaid\tann\tnow\n");
	cr_expect(first != NULL && first < second && second < third, "%s",
	    buf_string(&ann.printed));
	program_done(&ann);
	run_in(&ann, &home, address, "ops", "", EX_OK);
	cr_expect_eq(program_printed(&ann, "\tstored\t"), 0);
	cr_expect_eq(program_printed(&ann, "\tleft over\n"), 1);
	program_done(&ann);
	stop(&d);
	home_done(&home);
}

/* ---- servers that are none ---- */

static int
listen_somewhere(char address[SOCK_TEXT])
{
	struct sock_name name;
	struct sock_addr at;
	size_t n;
	int fd;

	cr_assert_null(sock_parse("127.0.0.1:0", &name));
	cr_assert_null(sock_resolve(&name, true, &at, 1, &n));
	fd = sock_listen(&at, 16);
	cr_assert_geq(fd, 0);
	sock_local(fd, &at);
	sock_text(&at, address);
	return fd;
}

/* -m and --batch with a server that accepts and answers so (NULL: not at all).
 * Both give up, within their time, and name the address. */
static void
meets(const char *answer, int status, const char *words)
{
	char address[SOCK_TEXT];
	int listener = listen_somewhere(address), fd;
	struct pollfd came = { listener, POLLIN, 0 };
	struct program p;
	int64_t began = clock_ms();
	int ended;

	PROGRAM(&p, "-s", address, "-n", "ann", "--timeout", "1", "-m", "hi",
	    "-t", "#lobby");
	cr_assert_gt(poll(&came, 1, PROGRAM_WAIT_MS), 0);
	fd = accept(listener, NULL, NULL);
	if (answer != NULL)
		cr_assert_gt(send(fd, answer, strlen(answer), 0), 0);
	ended = program_end(&p);
	cr_expect_eq(ended, status, "%s: status %d: %s",
	    answer ? answer : "silence", ended, buf_string(&p.complained));
	cr_expect_lt(clock_ms() - began, 4000);
	cr_expect(strstr(buf_string(&p.complained), address), "%s",
	    buf_string(&p.complained));
	cr_expect(strstr(buf_string(&p.complained), words), "'%s' not in %s",
	    words, buf_string(&p.complained));
	program_done(&p);
	close(fd);
	close(listener);
}

Test(batch, meets_servers_that_are_none, .timeout = 60)
{
	meets(NULL, EX_UNAVAILABLE, "");
	meets("HTTP/1.1 400 Bad Request\r\n\r\n", EX_PROTOCOL, "HTTP");
	meets("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", EX_PROTOCOL, "SSH");
	meets("220 mail.example.org ESMTP\r\n", EX_PROTOCOL, "");
	meets("\x15\x03\x01\x02\x02\x16", EX_PROTOCOL, "");
}

Test(batch, finds_nobody, .timeout = 60)
{
	char address[SOCK_TEXT];
	struct program p;
	int fd = listen_somewhere(address);

	close(fd); /* a port where nobody listens */
	PROGRAM(&p, "-s", address, "-n", "ann", "-m", "hi", "-t", "#lobby");
	cr_expect_eq(program_end(&p), EX_UNAVAILABLE);
	cr_expect(strstr(buf_string(&p.complained), address));
	cr_expect(strstr(buf_string(&p.complained), "refused"));
	cr_expect(strstr(buf_string(&p.complained), "; it was not said\n"));
	program_done(&p);
	PROGRAM(&p, "-s", "unix:/nowhere/at/all", "-n", "ann", "--batch",
	    "--timeout", "1");
	cr_expect_eq(program_end(&p), EX_UNAVAILABLE);
	cr_expect(program_printed(&p, "unix:/nowhere/at/all"));
	program_done(&p);
	PROGRAM(&p, "-s", address, "-m", "hi");
	cr_expect_eq(program_end(&p), EX_USAGE);
	program_done(&p);
}

/* ---- cuts ---- */

/* The daemon dies without a word and comes back: so do they, by themselves. */
Test(batch, comes_back_to_a_daemon_that_was_killed, .timeout = 60)
{
	struct daemon_options o = unlimited;
	struct program ann, bob;
	char address[160];
	struct daemon d;

	start(&d, &o);
	snprintf(address, sizeof(address), "%s", d.address[0]);
	o.listen[0] = address;
	enter(&ann, address, "ann");
	enter(&bob, address, "bob");
	program_type(&ann, "before\n");
	cr_expect(program_prints(&bob, "\tsaid\tann\tbefore\n", 1));
	daemon_kill(&d);
	daemon_start(&d, &o);
	cr_assert(program_prints(&ann, "\tstate\t\tconnected", 2), "%s",
	    buf_string(&ann.printed));
	cr_assert(program_prints(&bob, "\tstate\t\tconnected", 2));
	cr_assert(program_prints(&ann, "\tjoined\tbob\t", 1));
	program_type(&ann, "after\n");
	cr_expect(program_prints(&bob, "\tsaid\tann\tafter\n", 1));
	ends_with(&ann, EX_OK);
	ends_with(&bob, EX_OK);
	stop(&d);
}

/* What was missed comes, once, in order; what was typed meanwhile is said. */
Test(batch, gets_what_it_missed_once, .timeout = 60)
{
	struct program ann, bob;
	struct proxy net;
	struct daemon d;
	char said[64];
	unsigned i;

	start(&d, &unlimited);
	proxy_start(&net, d.address[0]);
	enter(&bob, d.address[0], "bob");
	enter(&ann, net.address, "ann");
	cr_expect(program_prints(&bob, "\tjoined\tann\t", 1));
	proxy_cut(&net, true);
	cr_expect(program_prints(&bob, "\tpresence\tann\t", 1));
	program_type(&bob, "missed 1\nmissed 2\nmissed 3\n");
	cr_expect(program_prints(&bob, "\tsaid\tbob\tmissed 3\n", 1));
	program_type(&ann, "typed while cut off\n");
	cr_expect(program_prints(&ann, "\tstate\t", 2));
	proxy_mend(&net);
	cr_expect(
	    program_prints(&bob, "\tsaid\tann\ttyped while cut off\n", 1));
	program_type(&bob, "the end\n");
	cr_expect(program_prints(&ann, "\tsaid\tbob\tthe end\n", 1));
	ends_with(&bob, EX_OK);
	cr_expect_eq(program_end(&ann), EX_OK);
	for (i = 1; i <= 3; i++) {
		snprintf(said, sizeof(said), "\t%u\tsaid\tbob\tmissed %u\n",
		    i + 2, i);
		cr_expect_eq(program_printed(&ann, said), 1, "%s: %s", said,
		    buf_string(&ann.printed));
	}
	cr_expect_eq(program_printed(&ann, "\tjoined\tann\t"), 1);
	cr_expect_eq(program_printed(&ann, "\tsaid\tann\ttyped while"), 1);
	program_done(&ann);
	proxy_stop(&net);
	stop(&d);
}

/* Cut in the middle of anything, again and again: each line is said once, in
 * order, whoever looks. */
Test(batch, says_each_line_once_through_cuts, .timeout = 120)
{
	enum { LINES = 400, CUTS = 6 };
	static const size_t after[CUTS] = { 700, 1801, 2902, 4003, 5104, 999 };
	struct program ann, bob;
	struct buf lines = { 0 };
	struct proxy net;
	struct daemon d;
	char said[64];
	const char *at;
	unsigned i;

	start(&d, &unlimited);
	proxy_start(&net, d.address[0]);
	enter(&bob, d.address[0], "bob");
	enter(&ann, net.address, "ann");
	for (i = 1; i <= LINES; i++) {
		buf_printf(&lines, "line %u of many\n", i);
		if (i % (LINES / CUTS) != 0)
			continue;
		proxy_cut_after(&net, after[(i / (LINES / CUTS) - 1) % CUTS]);
		program_type(&ann, buf_string(&lines));
		buf_clear(&lines);
		proxy_was_cut(&net, i / (LINES / CUTS));
	}
	program_type(&ann, buf_string(&lines));
	cr_expect_eq(program_end(&ann), EX_OK);
	cr_expect_geq(net.cuts, CUTS - 1);
	cr_expect(program_prints(&bob, "\tleft\tann\t", 1));
	cr_expect_eq(program_printed(&bob, "\tsaid\tann\tline"), LINES);
	cr_expect_eq(program_printed(&ann, "\tsaid\tann\tline"), LINES);
	at = buf_string(&bob.printed);
	for (i = 1; i <= LINES && at != NULL; i++) {
		snprintf(said, sizeof(said), "\tsaid\tann\tline %u of", i);
		at = strstr(at, said);
		cr_expect_not_null(at, "line %u is missing or too early", i);
	}
	program_done(&ann);
	ends_with(&bob, EX_OK);
	buf_done(&lines);
	proxy_stop(&net);
	stop(&d);
}
