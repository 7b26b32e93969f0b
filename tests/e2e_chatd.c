/*
 * The daemon as its operator meets it: starting, listening, configuration,
 * signals, the log, the exit status.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "peer.h"

static const struct daemon_options plain;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bye with this reason, whatever entries come before, then the end. */
static void
hears_bye(struct peer *p, enum refusal reason)
{
	union message m;

	cr_expect(peer_hear_type(p, MSG_BYE, &m), "no bye");
	cr_expect_eq(m.bye.reason, reason);
	cr_expect_eq(peer_hear(p, &m, PEER_WAIT_MS), HEARD_END);
}

static void
file_write(const struct daemon *d, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", d->directory, name);
	f = fopen(path, "w");
	cr_assert_not_null(f, "%s: %s", path, strerror(errno));
	fputs(text, f);
	fclose(f);
}

/* ---- the end ---- */

Test(chatd, says_bye_to_all_when_told_to_stop, .timeout = 30)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct peer p[4];
	struct daemon d;
	union message m;
	int64_t began;
	size_t i, j;

	for (i = 0; i < COUNT(signals); i++) {
		daemon_init(&d);
		daemon_start(&d, &plain);
		cr_assert(peer_enter(&p[0], d.address[0], "ann"));
		cr_assert(peer_enter(&p[1], d.address[0], "bob"));
		cr_assert(peer_connect(&p[2], d.address[0])); /* says nothing */
		cr_assert(peer_connect(&p[3], d.address[0]));
		cr_assert(
		    peer_send_bytes(&p[3], "\0\0", 2)); /* half a header */
		cr_assert(peer_join(&p[0], "#lobby"));
		cr_assert(daemon_says(&d, "c4: accepted", 1));
		began = clock_ms();
		kill(d.pid, signals[i]);
		cr_expect(peer_hear_type(&p[0], MSG_BYE, &m));
		cr_expect_eq(m.bye.reason, REFUSE_STOPPING);
		cr_expect_gt(m.bye.wait, 0);
		for (j = 1; j < COUNT(p); j++)
			hears_bye(&p[j], REFUSE_STOPPING);
		for (j = 0; j < COUNT(p); j++)
			peer_close(&p[j]);
		cr_expect_eq(daemon_wait(&d), 0);
		cr_expect_lt(clock_ms() - began, 2000);
		cr_expect_eq(daemon_said(&d, "stopping, 4 clients"), 1);
		cr_expect_eq(daemon_said(&d, "chatd: stopped"), 1);
		daemon_done(&d);
	}
}

/* What was committed before goes out before the bye, also to who is slow. */
Test(chatd, flushes_before_it_stops, .timeout = 30)
{
	enum { SAYS = 60 };
	struct peer ann, bob;
	struct daemon d;
	union message m;
	unsigned i;

	daemon_init(&d);
	daemon_start(&d, &plain);
	cr_assert(peer_enter(&ann, d.address[0], "ann"));
	cr_assert(peer_join(&ann, "#lobby"));
	cr_assert(peer_enter(&bob, d.address[0], "bob"));
	cr_assert(peer_join(&bob, "#lobby"));
	ann.is_gathering = true;
	for (i = 1; i <= SAYS; i++)
		peer_say(&ann, i, "#lobby", "before the end");
	peer_flush(&ann);
	for (i = 1; i <= SAYS; i++)
		cr_assert(peer_hear_type(&ann, MSG_STORED, &m));
	kill(d.pid, SIGTERM);
	hears_bye(&ann, REFUSE_STOPPING);
	for (i = 1; i <= SAYS; i++) {
		cr_assert_eq(peer_hear(&bob, &m, PEER_WAIT_MS), HEARD_MESSAGE);
		cr_assert_eq(m.type, MSG_ENTRY);
	}
	hears_bye(&bob, REFUSE_STOPPING);
	peer_close(&ann);
	peer_close(&bob);
	cr_expect_eq(daemon_wait(&d), 0);
	daemon_done(&d);
}

/* ---- listening ---- */

Test(chatd, serves_many_addresses_at_once, .timeout = 30)
{
	struct daemon_options o = { .listen = { "127.0.0.1:0", "[::1]:0",
					"localhost:0" } };
	struct daemon d;
	struct peer p[3];
	union message m;
	char path[128];
	size_t i;

	daemon_init(&d);
	snprintf(path, sizeof(path), "unix:%s/sock", d.directory);
	o.listen[2] = path;
	daemon_start(&d, &o);
	cr_assert_eq(strncmp(d.address[0], "127.0.0.1:", 10), 0);
	cr_assert_eq(strncmp(d.address[1], "[::1]:", 6), 0);
	cr_assert_str_eq(d.address[2], path);
	cr_assert(peer_enter(&p[0], d.address[0], "four"));
	cr_assert(peer_enter(&p[1], d.address[1], "six"));
	cr_assert(peer_enter(&p[2], d.address[2], "unix"));
	for (i = 0; i < COUNT(p); i++)
		cr_assert(peer_join(&p[i], "#lobby"));
	for (i = 0; i < COUNT(p); i++)
		peer_say(&p[i], 1, "#lobby", "hello");
	for (i = 0; i < COUNT(p) * COUNT(p); i++)
		do
			cr_assert(
			    peer_hear_type(&p[i / COUNT(p)], MSG_ENTRY, &m));
		while (m.entry.kind != ENTRY_SAID);
	for (i = 0; i < COUNT(p); i++)
		peer_close(&p[i]);
	daemon_stop(&d);
	cr_expect_eq(access(path + 5, F_OK), -1, "the socket is left behind");
	daemon_done(&d);
}

Test(chatd, says_which_address_is_taken, .timeout = 30)
{
	struct daemon_options o = { .listen = { "127.0.0.1:0", NULL } };
	struct daemon d, second;
	char path[128];
	size_t i;

	daemon_init(&d);
	snprintf(path, sizeof(path), "unix:%s/sock", d.directory);
	o.listen[1] = path;
	daemon_start(&d, &o);
	for (i = 0; i < 2; i++) {
		daemon_init(&second);
		o = (struct daemon_options){ .listen = { d.address[i] } };
		cr_expect_eq(daemon_fails(&second, &o, NULL), EX_UNAVAILABLE);
		cr_expect(daemon_said(&second, d.address[i]), "%s",
		    buf_string(&second.log));
		cr_expect(daemon_said(&second, "Address already in use"));
		daemon_done(&second);
	}
	daemon_stop(&d);
	daemon_done(&d);
}

Test(chatd, refuses_addresses_it_may_not_serve, .timeout = 30)
{
	static const struct {
		const char *address, *words;
		int status;
	} cases[] = {
		{ "*:0", "insecure", EX_CONFIG },
		{ "0.0.0.0:0", "insecure", EX_CONFIG },
		{ "127.0.0.1:x:y", "brackets", EX_USAGE },
		{ "127.0.0.1:99999", "65535", EX_USAGE },
		{ "127.0.0.1:no-such-service", "no-such-service", EX_USAGE },
		{ "unix:", "path", EX_USAGE },
		{ "carrier-pigeon:127.0.0.1:0", "carrier-pigeon", EX_USAGE },
	};
	struct daemon_options o = { .listen = { NULL } };
	struct daemon d;
	int status;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		daemon_init(&d);
		o.listen[0] = cases[i].address;
		status = daemon_fails(&d, &o, NULL);
		cr_expect_eq(status, cases[i].status, "%s: status %d",
		    cases[i].address, status);
		cr_expect(daemon_said(&d, cases[i].words), "%s: %s",
		    cases[i].address, buf_string(&d.log));
		daemon_done(&d);
	}
}

/* After a crash the same port and path are had again at once. */
Test(chatd, restarts_where_it_was, .timeout = 30)
{
	struct daemon_options o = { .listen = { "127.0.0.1:0", NULL } };
	struct daemon d;
	struct peer p, q;
	char port[160], path[128];
	int i;

	daemon_init(&d);
	snprintf(path, sizeof(path), "unix:%s/sock", d.directory);
	o.listen[1] = path;
	daemon_start(&d, &o);
	snprintf(port, sizeof(port), "%s", d.address[0]);
	o.listen[0] = port;
	for (i = 0; i < 3; i++) {
		cr_assert(peer_enter(&p, port, "ann"));
		cr_assert(peer_enter(&q, path, "bob"));
		daemon_kill(&d);
		daemon_start(&d, &o);
		peer_close(&p);
		peer_close(&q);
	}
	/* And after an orderly stop with connections the daemon closes first.
	 */
	cr_assert(peer_enter(&p, port, "ann"));
	kill(d.pid, SIGTERM);
	hears_bye(&p, REFUSE_STOPPING);
	peer_close(&p);
	cr_assert_eq(daemon_wait(&d), 0);
	daemon_start(&d, &o);
	daemon_stop(&d);
	daemon_done(&d);
}

/* ---- configuration ---- */

Test(chatd, names_file_and_line_of_every_fault, .timeout = 30)
{
	static const struct {
		const char *text, *words[3];
	} cases[] = {
		{ "limits: { login = 0; };\n", { "chatd.conf:1: ", "login" } },
		{ "# one\n\nlimits: {\n\tpings = 3;\n\trate = \"x\";\n};\n",
		    { "chatd.conf:4: ", "pings", "chatd.conf:5: " } },
		{ "limits: {\n\tlogin = 3\n\tburst = 4;\n", { "chatd.conf:" } },
		{ "server: { motd = 7; };\nhistory: { memory = -1; };\n",
		    { "chatd.conf:1: ", "chatd.conf:2: ", "memory" } },
		{ "listen = [ \"127.0.0.1:0\",\n \"nowhere:x:y\" ];\n",
		    { "chatd.conf:" } },
	};
	static const char *const check[] = { "-t", NULL };
	struct daemon_options o = { .config = NULL };
	struct daemon d;
	size_t i, j;

	for (i = 0; i < COUNT(cases) * 2; i++) {
		daemon_init(&d);
		o.config = cases[i / 2].text;
		cr_expect_eq(
		    daemon_fails(&d, &o, i % 2 ? check : NULL), EX_CONFIG);
		for (j = 0; j < 3 && cases[i / 2].words[j] != NULL; j++)
			cr_expect(daemon_said(&d, cases[i / 2].words[j]),
			    "no '%s' in: %s", cases[i / 2].words[j],
			    buf_string(&d.log));
		daemon_done(&d);
	}
}

Test(chatd, says_what_is_wrong_with_its_options, .timeout = 30)
{
	static const struct {
		const char *more[3];
		int status;
		const char *words;
	} cases[] = {
		{ { "-V" }, EX_OK, "chatd" },
		{ { "-h" }, EX_OK, "-l" },
		{ { "-t" }, EX_OK, "" },
		{ { "-T" }, EX_OK, "limits" },
		{ { "-?" }, EX_USAGE, "usage" },
		{ { "-x" }, EX_USAGE, "-x: there is no such option" },
		{ { "--help" }, EX_USAGE, "options have one letter, see -h" },
		{ { "-n", "-R/nowhere" }, EX_USAGE,
		    "-n and -R exclude each other" },
		{ { "-l" }, EX_USAGE, "-l: its argument is missing" },
		{ { "word" }, EX_USAGE, "word: only options are taken" },
		{ { "word" }, EX_USAGE, "usage" },
		{ { "-t", "-T" }, EX_USAGE, "-t and -T exclude each other" },
		{ { "-c", "/nowhere/chatd.conf" }, EX_CONFIG,
		    "/nowhere/chatd.conf" },
	};
	struct daemon d;
	size_t i;
	int status;

	for (i = 0; i < COUNT(cases); i++) {
		daemon_init(&d);
		status = daemon_fails(&d, &plain, cases[i].more);
		cr_expect_eq(status, cases[i].status, "%s: status %d",
		    cases[i].more[0], status);
		cr_expect(
		    *cases[i].words == '\0' || daemon_said(&d, cases[i].words),
		    "%s: %s", cases[i].more[0], buf_string(&d.log));
		daemon_done(&d);
	}
}

/* What -T prints is a configuration, and the same one. */
Test(chatd, prints_a_configuration_it_reads, .timeout = 30)
{
	static const char *const print[] = { "-T", NULL };
	struct daemon_options o = {
		.config = "server: { motd = \"a \\\"b\\\"\\n\\\\c\"; };\n"
			  "limits: { login = 7; rate = 0; };\n"
			  "listen = [ \"127.0.0.1:0\", \"unix:/tmp/x y\" ];\n"
	};
	struct daemon first, second;
	char *printed;

	daemon_init(&first);
	cr_assert_eq(daemon_fails(&first, &o, print), EX_OK);
	cr_expect(daemon_said(&first, "login = 7"));
	printed = daemon_log(&first);
	daemon_init(&second);
	o.config = printed;
	cr_expect_eq(daemon_fails(&second, &o, print), EX_OK);
	cr_expect_str_eq(buf_string(&second.log), printed);
	free(printed);
	daemon_done(&first);
	daemon_done(&second);
}

static void
motd_is(const struct daemon *d, const char *words)
{
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION } };
	struct peer p;

	cr_assert(peer_connect(&p, d->address[0]));
	peer_device(&m.hello.device);
	peer_send(&p, &m);
	cr_assert(peer_hear_type(&p, MSG_WELCOME, &m));
	cr_expect(slice_is(m.welcome.motd, slice_of(words)), "motd: %.*s",
	    SLICE_ARG(m.welcome.motd));
	peer_close(&p);
}

Test(chatd, reloads_what_is_good_and_keeps_what_was, .timeout = 30)
{
#define LISTEN(more) "listen = [ \"127.0.0.1:0\"" more " ];\n"
#define MOTD(words)  "server: { greeting = \"\"; motd = \"" words "\"; };\n"
	const struct daemon_options o = { .config = LISTEN("") MOTD("old"),
		.configured = 1 };
	struct daemon d;
	struct peer ann;
	union message m;

	daemon_init(&d);
	daemon_start(&d, &o);
	cr_assert(peer_enter(&ann, d.address[0], "ann"));
	cr_assert(peer_join(&ann, "#lobby"));
	motd_is(&d, "old");

	file_write(&d, "chatd.conf", LISTEN(", \"[::1]:0\"") MOTD("new"));
	kill(d.pid, SIGHUP);
	cr_assert(daemon_says(&d, "reloaded", 1));
	cr_expect_eq(daemon_said(&d, "listening on [::1]:"), 1);
	cr_expect_eq(daemon_said(&d, "listening on 127.0.0.1:"), 1);
	motd_is(&d, "new");

	file_write(&d, "chatd.conf", "server: {\n\tmotd = \"broken\"\n");
	kill(d.pid, SIGHUP);
	cr_assert(daemon_says(&d, "not reloaded", 1));
	cr_expect(daemon_said(&d, "chatd.conf:"));
	motd_is(&d, "new");

	/* An address it may not serve: nothing of the file is taken. */
	file_write(&d, "chatd.conf", LISTEN(", \"*:0\"") MOTD("other"));
	kill(d.pid, SIGHUP);
	cr_assert(daemon_says(&d, "not reloaded", 2));
	motd_is(&d, "new");

	file_write(&d, "chatd.conf", LISTEN("") MOTD("last"));
	kill(d.pid, SIGHUP);
	cr_assert(daemon_says(&d, "stopped serving [::1]:", 1));
	motd_is(&d, "last");

	/* Whoever is connected has noticed nothing. */
	peer_say(&ann, 1, "#lobby", "still here");
	cr_expect(peer_hear_type(&ann, MSG_STORED, &m));
	peer_close(&ann);
	daemon_stop(&d);
	daemon_done(&d);
}

/* ---- the log ---- */

Test(chatd, logs_a_line_for_each_connection_and_its_end, .timeout = 30)
{
	enum { CONNECTIONS = 50 };
	struct daemon d;
	struct peer p;
	unsigned i;

	daemon_init(&d);
	daemon_start(&d, &plain);
	for (i = 0; i < CONNECTIONS; i++) {
		cr_assert(i % 2 == 0 ? peer_connect(&p, d.address[0])
				     : peer_enter(&p, d.address[0], "ann"));
		peer_close(&p);
		cr_assert(daemon_says(&d, ": closed: ", i + 1));
	}
	cr_expect_eq(daemon_said(&d, "accepted connection from 127.0.0.1:"),
	    CONNECTIONS);
	cr_expect_eq(daemon_said(&d, ": closed: "), CONNECTIONS);
	cr_expect_eq(daemon_said(&d, ": ann: welcome\n"), CONNECTIONS / 2);
	daemon_stop(&d);
	daemon_done(&d);
}

/* Nothing that peers send gets into the log as more than words on a line. */
Test(chatd, logs_foreign_words_safely, .timeout = 30)
{
	const struct daemon_options o = { .is_loud = true };
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.nick = SLICE("\xc2\x9b%n%s\x1b[2J\nc9: x"),
				.software = SLICE("\x1b[31m%s\n") } };
	struct daemon d;
	struct peer p;
	const char *at;

	daemon_init(&d);
	daemon_start(&d, &o);
	cr_assert(peer_connect(&p, d.address[0]));
	peer_device(&m.hello.device);
	peer_send(&p, &m);
	cr_expect(peer_hear_type(&p, MSG_REFUSED, &m));
	m = (union message){ .hello = { .type = MSG_HELLO,
				 .version = PROTOCOL_VERSION,
				 .nick = SLICE("ann"),
				 .software = SLICE("%n%n%n") } };
	peer_device(&m.hello.device);
	peer_send(&p, &m);
	cr_expect(peer_hear_type(&p, MSG_WELCOME, &m));
	m = (union message){ .bye = { .type = MSG_BYE,
				 .text = SLICE("%s%n\nc9: accepted") } };
	peer_send(&p, &m);
	hears_bye(&p, FINE);
	peer_close(&p);
	daemon_stop(&d);
	for (at = buf_string(&d.log); *at != '\0'; at++)
		cr_expect(*at == '\n' || (*at >= ' ' && *at != 0x7f),
		    "byte %02x in the log", (unsigned char)*at);
	cr_expect_eq(daemon_said(&d, "\nc9"), 0);
	daemon_done(&d);
}
