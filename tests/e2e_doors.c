/*
 * The doors to the rooms with the real programs: dialing, listening, answers,
 * notices, discovery.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "lan.h"
#include "peer.h"
#include "program.h"
#include "sock.h"

static const struct daemon_options plain;

/* ---- dialing ---- */

/* Listens on ::1 at the port of a v4 address, where it will be found before;
 * -1: this machine has no v6. */
static int
listen_v6(const char *v4, int backlog)
{
	struct sock_name name;
	struct sock_addr addr;
	char v6[64];
	size_t n;

	snprintf(v6, sizeof(v6), "[::1]%s", strrchr(v4, ':'));
	cr_assert_null(sock_parse(v6, &name));
	cr_assert_null(sock_resolve(&name, false, &addr, 1, &n));
	return sock_listen(&addr, backlog);
}

/* Every loopback address at this port: v6 first. */
static void
all_of(const char *v4, char *out, size_t size)
{
	snprintf(out, size, "*%s", strrchr(v4, ':'));
}

/* A backlog that is full makes an address as dead as one without a host. */
static void
fill(const char *v4, int *fds, size_t n)
{
	struct sock_name name;
	struct sock_addr addr;
	char v6[64];
	size_t i, found;

	snprintf(v6, sizeof(v6), "[::1]%s", strrchr(v4, ':'));
	cr_assert_null(sock_parse(v6, &name));
	cr_assert_null(sock_resolve(&name, false, &addr, 1, &found));
	for (i = 0; i < n; i++)
		fds[i] = sock_connect(&addr);
}

static int
say_one(const char *address, const char *timeout, char *words, size_t size)
{
	struct program chat;
	int status;

	PROGRAM(&chat, "-s", address, "-n", "ann", "--timeout", timeout, "-m",
	    "hello", "-t", "ann2");
	status = program_end(&chat);
	snprintf(words, size, "%s", buf_string(&chat.complained));
	program_done(&chat);
	return status;
}

Test(doors, a_dead_address_first_costs_less_than_a_second, .timeout = 30)
{
	enum { FULL = 4 };
	struct program chat;
	struct daemon d;
	char name[64];
	int64_t began;
	int dead, fds[FULL];

	daemon_init(&d);
	daemon_start(&d, &plain);
	dead = listen_v6(d.address[0], 0);
	if (dead >= 0) {
		fill(d.address[0], fds, FULL);
		all_of(d.address[0], name, sizeof(name));
		began = clock_ms();
		PROGRAM(&chat, "--batch", "-s", name, "-n", "ann");
		cr_expect(program_prints(&chat, "connected to ", 1));
		cr_expect_lt(clock_ms() - began, 1000);
		cr_expect(program_prints(&chat, ", from 127.0.0.1:", 1));
		program_end(&chat);
		program_done(&chat);
		for (int i = 0; i < FULL; i++)
			close(fds[i]);
		close(dead);
	}
	daemon_stop(&d);
	daemon_done(&d);
	if (dead < 0)
		cr_skip_test("this machine has no IPv6 loopback");
}

/* Row 10 of the owner's systems. */
Test(doors, an_address_that_says_nothing_is_passed_by, .timeout = 30)
{
	struct program chat;
	struct daemon d;
	char name[64], words[1024];
	int64_t began = clock_ms();
	int silent;

	daemon_init(&d);
	daemon_start(&d, &plain);
	silent = listen_v6(d.address[0], 8);
	if (silent >= 0) {
		all_of(d.address[0], name, sizeof(name));
		PROGRAM(&chat, "--batch", "-s", name, "-n", "ann", "--timeout",
		    "2");
		cr_expect(program_prints(&chat, "connected to ", 1), "%s",
		    buf_string(&chat.complained));
		cr_expect_lt(clock_ms() - began, 2000);
		program_end(&chat);
		program_done(&chat);
	}
	daemon_stop(&d);
	if (silent >= 0) {
		cr_expect_eq(
		    say_one(name, "1", words, sizeof(words)), EX_UNAVAILABLE);
		cr_expect_not_null(strstr(words, "[::1]:"), "%s", words);
		cr_expect_not_null(strstr(words, "no welcome"), "%s", words);
		cr_expect_not_null(strstr(words, d.address[0]), "%s", words);
		cr_expect_not_null(
		    strstr(words, "nobody listens"), "%s", words);
		close(silent);
	}
	daemon_done(&d);
	if (silent < 0)
		cr_skip_test("this machine has no IPv6 loopback");
}

/* ---- listening ---- */

static int
open_door(int type, const char *place, char *address)
{
	struct sock_name name;
	struct sock_addr addr;
	size_t n;
	int fd;

	cr_assert_null(sock_parse(place, &name));
	cr_assert_null(sock_resolve(&name, true, &addr, 1, &n));
	fd = type == SOCK_DGRAM ? sock_datagrams(&addr) : sock_listen(&addr, 4);
	cr_assert_geq(fd, 0);
	sock_local(fd, &addr);
	sock_text(&addr, address);
	return fd;
}

/* A program that starts chatd with descriptors 60 and 61 as 3 and 4. */
static void
write_starter(const struct daemon *d, char *path, size_t size)
{
	FILE *f;

	snprintf(path, size, "%s/starter", d->directory);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fprintf(f, "#!/bin/bash\nLISTEN_PID=$$ exec '%s' \"$@\" 3<&60 4<&61\n",
	    daemon_program("CHATD", "chatd"));
	fclose(f);
	cr_assert_eq(chmod(path, 0700), 0);
}

/* Row 14: on descriptors 3 and 4, by name. */
Test(doors, serves_sockets_made_elsewhere, .timeout = 30)
{
	char first[SOCK_TEXT], path[SOCK_TEXT], second[SOCK_TEXT];
	char starter[128];
	struct daemon_options o = { .configured = 2, .program = starter };
	struct daemon d;
	struct peer ann, bob;
	int a, b;

	daemon_init(&d);
	write_starter(&d, starter, sizeof(starter));
	snprintf(path, sizeof(path), "unix:%s/handed", d.directory);
	a = open_door(SOCK_STREAM, "127.0.0.1:0", first);
	b = open_door(SOCK_STREAM, path, second);
	cr_assert_eq(dup2(a, 60), 60);
	cr_assert_eq(dup2(b, 61), 61);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "frame:chatd.socket", 1);
	daemon_start(&d, &o);
	cr_expect_str_eq(d.address[0], first);
	cr_expect_str_eq(d.address[1], path);
	cr_assert(peer_enter(&ann, first, "ann"));
	cr_assert(peer_enter(&bob, path, "bob"));
	cr_expect(peer_join(&ann, "#lobby"));
	cr_expect(peer_join(&bob, "#lobby"));
	kill(d.pid, SIGHUP);
	cr_expect(daemon_says(&d, "reloaded", 1));
	peer_close(&ann);
	peer_close(&bob);
	daemon_stop(&d);
	cr_expect_eq(access(path + 5, F_OK), 0, "it is not the daemon's");
	daemon_done(&d);
	close(a), close(b), close(60), close(61);
}

static void
is_told(int fd, const char *words)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char told[256];
	ssize_t n;

	cr_assert_eq(poll(&p, 1, DAEMON_WAIT_MS), 1, "%s is not told", words);
	n = recv(fd, told, sizeof(told) - 1, 0);
	cr_assert_gt(n, 0);
	told[n] = '\0';
	cr_expect_eq(strncmp(told, words, strlen(words)), 0, "%s", told);
}

Test(doors, tells_the_service_manager, .timeout = 30)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct daemon d;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	daemon_init(&d);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", d.directory);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	daemon_start(&d, &plain);
	is_told(fd, "READY=1\n");
	kill(d.pid, SIGHUP);
	is_told(fd, "RELOADING=1\nMONOTONIC_USEC=");
	is_told(fd, "READY=1\n");
	daemon_stop(&d);
	is_told(fd, "STOPPING=1\n");
	daemon_done(&d);
	close(fd);
}

/* Row 17: a daemon that stands still has no more connections waiting than it
 * was told. */
Test(doors, the_backlog_is_as_long_as_told, .timeout = 30)
{
	enum { MANY = 16 };
	const struct daemon_options o = { .config =
					      "limits: { backlog = 2; };\n",
		.listen = { "127.0.0.1:0" } };
	struct pollfd p[MANY];
	struct sock_name name;
	struct sock_addr addr;
	struct daemon d;
	size_t n;
	int i, connected = 0;

	daemon_init(&d);
	daemon_start(&d, &o);
	cr_assert_null(sock_parse(d.address[0], &name));
	cr_assert_null(sock_resolve(&name, false, &addr, 1, &n));
	kill(d.pid, SIGSTOP);
	for (i = 0; i < MANY; i++)
		p[i] = (struct pollfd){ .fd = sock_connect(&addr),
			.events = POLLOUT };
	/* The kernel lets one more in than it was told. */
	for (i = 0; i < MANY && i <= 3; i++)
		connected += poll(&p[i], 1, i < 3 ? PEER_WAIT_MS : 100) == 1;
	cr_expect_eq(connected, 3);
	kill(d.pid, SIGCONT);
	for (i = 0; i < 3; i++)
		close(p[i].fd);
	for (; i < MANY; i++)
		close(p[i].fd);
	daemon_stop(&d);
	daemon_done(&d);
}

/* ---- answers ---- */

/* What a shell's command prints; it has to succeed. */
static void
run(const char *command, char *out, size_t size)
{
	FILE *f = popen(command, "r");
	size_t n;

	cr_assert_not_null(f);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	cr_expect_eq(pclose(f), 0, "%s: %s", command, out);
}

static const char *
port_of(const char *address)
{
	return strrchr(address, ':') + 1;
}

#define COURSES                                                                \
	"answers: { table = ("                                                 \
	"{ question = \"python\";"                                             \
	"  answer = \"CourseName:Python,Duration:1Year,Fee=4000\"; },"         \
	"{ question = \"java\";"                                               \
	"  answer = \"CourseName:Java,Duration:2Year,Fee=2000\";"              \
	"  rooms = [ \"#courses\" ]; },"                                       \
	"{ question = \"c\";"                                                  \
	"  answer = \"CourseName:C,Duration:2Months,Fee=1000\"; } );"          \
	"  standard = \"this course is not available\"; };\n"

/* Row 7 of the owner's systems, with nc, line by line and all at once. */
Test(doors, answers_the_owners_questions, .timeout = 30)
{
	static const char *const exchanges[][2] = {
		{ "python", "CourseName:Python,Duration:1Year,Fee=4000\n" },
		{ "java", "CourseName:Java,Duration:2Year,Fee=2000\n" },
		{ "c", "CourseName:C,Duration:2Months,Fee=1000\n" },
		{ "C++", "this course is not available\n" },
		{ "  PYTHON ", "CourseName:Python,Duration:1Year,Fee=4000\n" },
	};
	const struct daemon_options o = { .config = COURSES,
		.listen = { "answers:127.0.0.1:0", "127.0.0.1:0" } };
	char command[256], printed[1024];
	struct daemon d;
	size_t i;

	daemon_init(&d);
	daemon_start(&d, &o);
	for (i = 0; i < sizeof(exchanges) / sizeof(*exchanges); i++) {
		snprintf(command, sizeof(command),
		    "printf '%s\\n' | nc -N 127.0.0.1 %s", exchanges[i][0],
		    port_of(d.address[0]));
		run(command, printed, sizeof(printed));
		cr_expect_str_eq(printed, exchanges[i][1]);
	}
	snprintf(command, sizeof(command),
	    "printf 'c\\r\\nnone\\njava\\n' | nc -N 127.0.0.1 %s",
	    port_of(d.address[0]));
	run(command, printed, sizeof(printed));
	cr_expect_str_eq(printed,
	    "CourseName:C,Duration:2Months,Fee=1000\n"
	    "this course is not available\n"
	    "CourseName:Java,Duration:2Year,Fee=2000\n");
	daemon_stop(&d);
	daemon_done(&d);
}

/* People on lines may ask before they have a name. */
Test(doors, answers_people_on_lines, .timeout = 30)
{
	const struct daemon_options o = { .config = COURSES,
		.listen = { "line:127.0.0.1:0" } };
	char command[256], printed[1024];
	struct daemon d;

	daemon_init(&d);
	daemon_start(&d, &o);
	snprintf(command, sizeof(command),
	    "printf '/ask Python\\r\\n/quit\\r\\n' | nc -N 127.0.0.1 %s",
	    port_of(d.address[0]));
	run(command, printed, sizeof(printed));
	cr_expect_not_null(
	    strstr(printed,
		"= CourseName:Python,Duration:1Year,Fee=4000\r\n+ok ask\r\n"),
	    "%s", printed);
	daemon_stop(&d);
	daemon_done(&d);
}

Test(doors, answers_within_bounds, .timeout = 30)
{
	const struct daemon_options o = {
		.config = "limits: { clients = 1; line = 1; };\n",
		.listen = { "answers:127.0.0.1:0" }
	};
	char words[600];
	struct daemon d;
	struct peer p, q;
	struct slice got;

	daemon_init(&d);
	daemon_start(&d, &o);
	memset(words, 'x', sizeof(words));
	cr_assert(peer_connect(&p, d.address[0]));
	peer_send_bytes(&p, words, sizeof(words));
	got = peer_hear_bytes(&p, 4096, PEER_WAIT_MS);
	cr_expect(slice_is(got,
		      SLICE("a question is one line of at most 512 bytes\n")),
	    "%.*s", SLICE_ARG(got));
	peer_close(&p);
	cr_assert(daemon_says(&d, ": closed: ", 1));

	cr_assert(peer_connect(&p, d.address[0]));
	peer_send_bytes(&p, "what?\n\xff\n", 8);
	got = peer_hear_bytes(&p, 87, PEER_WAIT_MS);
	cr_expect_eq(
	    strncmp(got.at, "no answer to this question is known here\n", 41),
	    0);
	cr_assert(peer_connect(&q, d.address[0]));
	got = peer_hear_bytes(&q, 4096, PEER_WAIT_MS);
	cr_expect_eq(strncmp(got.at, "the server is full", 18), 0, "%.*s",
	    SLICE_ARG(got));
	peer_close(&q);
	/* And who says nothing more is closed without a word. */
	peer_hear_bytes(&p, 4096, PEER_WAIT_MS);
	cr_expect(p.is_over);
	peer_close(&p);
	daemon_stop(&d);
	daemon_done(&d);
}

Test(doors, answers_in_the_client_and_in_rooms, .timeout = 30)
{
	const struct daemon_options o = { .config = COURSES };
	struct program ann;
	struct daemon d;

	daemon_init(&d);
	daemon_start(&d, &o);
	PROGRAM(
	    &ann, "--batch", "-s", d.address[0], "-n", "ann", "-r", "#courses");
	cr_assert(program_prints(&ann, "\tjoined\tann\t", 1));
	program_type(&ann, "/ask Python\n!java\n!c\n/ask C++\n");
	cr_expect(program_prints(
	    &ann, "CourseName:Python,Duration:1Year,Fee=4000\n", 1));
	cr_expect(program_prints(&ann,
	    "\tnotice\t*answers\tCourseName:Java,Duration:2Year,Fee=2000\n",
	    1));
	cr_expect(program_prints(&ann, "this course is not available\n", 1));
	cr_expect_eq(program_printed(&ann, "CourseName:C,"), 0);
	cr_expect_eq(program_end(&ann), EX_OK);
	program_done(&ann);
	daemon_stop(&d);
	daemon_done(&d);
}

/* ---- notices ---- */

/* In the room, hearing. */
static void
hear_room(struct program *p, const char *address, const char *room)
{
	PROGRAM(p, "--batch", "-s", address, "-n", "ann", "-r", room);
	cr_assert(program_prints(p, "\tjoined\tann\t", 1));
}

/* Row 8, and row 9 with replies off and on, with nc. */
Test(doors, hears_notices_and_replies_only_when_told, .timeout = 30)
{
	struct daemon_options o = { .listen = { "127.0.0.1:0",
					"notices:127.0.0.1:0" } };
	char command[256], printed[256];
	struct program ann;
	struct daemon d;
	int reply;

	for (reply = 0; reply < 2; reply++) {
		o.config = reply ? "notices: { reply = true; };\n" : NULL;
		daemon_init(&d);
		daemon_start(&d, &o);
		hear_room(&ann, d.address[0], "#lobby");
		snprintf(command, sizeof(command),
		    "printf '#lobby Happy Birth Day Server' | "
		    "nc -u -w1 127.0.0.1 %s",
		    port_of(d.address[1]));
		run(command, printed, sizeof(printed));
		cr_expect(program_prints(&ann,
		    "\t#lobby\t2\tnotice\t127.0.0.1 (unverified)\t"
		    "Happy Birth Day Server\n",
		    1));
		cr_expect_str_eq(printed, reply ? "ok #lobby 2\n" : "");
		cr_expect_eq(program_end(&ann), EX_OK);
		program_done(&ann);
		daemon_stop(&d);
		daemon_done(&d);
	}
}

/* From addresses all over 127.0.0.0/8; bound, each with its own. */
static size_t
open_sources(int *fds, size_t n)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	size_t i, opened = 0;

	srandom(7);
	for (i = 0; i < n; i++) {
		int fd = socket(
		    AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		from.sin_addr.s_addr =
		    htonl(0x7f000001u + ((unsigned)random() & 0x00fffffeu));
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0)
			fds[opened++] = fd;
		else
			close(fd);
	}
	return opened;
}

static int
by_size(const void *a, const void *b)
{
	return *(const int64_t *)a < *(const int64_t *)b ? -1 : 1;
}

/* A hundred thousand datagrams, of which few may become notices and none is
 * answered, while two talk. */
Test(doors, a_flood_of_notices_is_nobody_elses_trouble, .timeout = 120)
{
	enum { SOURCES = 500, ROUNDS = 200, EACH = 500 };
	const struct daemon_options o = { .config =
					      "limits: { rate = 0; };\n"
					      "notices: { reply = false; };\n",
		.listen = { "127.0.0.1:0", "notices:127.0.0.1:0" } };
	static int64_t took[ROUNDS];
	static int fds[SOURCES];
	struct sock_name name;
	struct sock_addr to;
	struct daemon d;
	struct peer ann, bob;
	union message m;
	int64_t began = clock_ms();
	unsigned i, j, notices = 0, back = 0;
	size_t n, sources;
	char byte;

	daemon_init(&d);
	daemon_start(&d, &o);
	cr_assert_null(sock_parse(d.address[1], &name));
	cr_assert_null(sock_resolve(&name, false, &to, 1, &n));
	sources = open_sources(fds, SOURCES);
	cr_assert_gt(sources, SOURCES / 2);
	cr_assert(peer_enter(&ann, d.address[0], "ann"));
	cr_assert(peer_enter(&bob, d.address[0], "bob"));
	cr_assert(peer_join(&ann, "#lobby"));
	cr_assert(peer_join(&bob, "#lobby"));
	for (i = 0; i < ROUNDS; i++) {
		struct timespec a, b;

		for (j = 0; j < EACH; j++)
			sendto(fds[(i * EACH + j) % sources], "#lobby spam", 11,
			    0, &to.sa, to.len);
		clock_gettime(CLOCK_MONOTONIC, &a);
		peer_say(&ann, i + 1, "#lobby", "hello");
		do {
			cr_assert(peer_hear_type(&bob, MSG_ENTRY, &m));
			notices += m.entry.kind == ENTRY_NOTICE;
		} while (m.entry.kind != ENTRY_SAID);
		clock_gettime(CLOCK_MONOTONIC, &b);
		took[i] = (b.tv_sec - a.tv_sec) * 1000000 +
		    (b.tv_nsec - a.tv_nsec) / 1000;
	}
	qsort(took, ROUNDS, sizeof(took[0]), by_size);
	for (i = 0; i < sources; i++) {
		back += recv(fds[i], &byte, 1, MSG_DONTWAIT) >= 0;
		close(fds[i]);
	}
	cr_log_info("%u datagrams: %u notices, p99 %lld us", ROUNDS * EACH,
	    notices, (long long)took[ROUNDS * 99 / 100]);
	cr_expect_eq(back, 0);
	cr_expect_gt(notices, 0);
	cr_expect_leq(notices, 40 + 20 * (clock_ms() - began + 1000) / 1000);
	cr_expect_lt(took[ROUNDS * 99 / 100], 100000);
	peer_close(&ann);
	peer_close(&bob);
	daemon_stop(&d);
	cr_expect_leq(daemon_said(&d, "notices: "), 3, "the log is flooded");
	daemon_done(&d);
}

/* ---- discovery ---- */

/* Whether a datagram to the link comes back on this machine. */
static bool
link_works(void)
{
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct lan lan;
	bool works;

	if (!lan_open(&lan))
		return false;
	p[0].fd = lan.fd[0];
	p[1].fd = lan.fd[1];
	works = lan_tell(&lan, SLICE("anybody?")) && poll(p, 2, 500) > 0;
	lan_close(&lan);
	return works;
}

Test(doors, is_discovered_when_it_announces_itself, .timeout = 30)
{
	struct daemon_options o = { .listen = { "*:0" } };
	char name[64], config[160], line[128];
	struct program chat;
	struct daemon d;

	if (!link_works())
		cr_skip_test("NO MULTICAST HERE: discovery is not tested");
	snprintf(name, sizeof(name), "test %lld", (long long)clock_ms());
	snprintf(config, sizeof(config),
	    "server: { name = \"%s\"; announce = true; insecure = true; };\n",
	    name);
	o.config = config;
	daemon_init(&d);
	daemon_start(&d, &o);
	cr_expect(daemon_says(&d, "announcing test ", 1));
	PROGRAM(&chat, "--discover", "--timeout", "2");
	snprintf(line, sizeof(line), "\tframe\t%s\t-\tunverified\n", name);
	cr_expect(program_prints(&chat, line, 1));
	cr_expect(program_prints(&chat, strrchr(d.address[0], ':'), 1));
	cr_expect_eq(program_end(&chat), EX_OK);
	program_done(&chat);
	daemon_stop(&d);
	daemon_done(&d);
}
