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
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
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

/* Row 14: on descriptors 3 and 4, by name. */
Test(doors, serves_sockets_made_elsewhere, .timeout = 30)
{
	static const char *const wrap[] = { "bash", "-c",
		"LISTEN_PID=$$ exec \"$@\" 3<&60 4<&61", "bash", NULL };
	const struct daemon_options o = { .configured = 2, .wrap = wrap };
	char first[SOCK_TEXT], path[SOCK_TEXT], second[SOCK_TEXT];
	struct daemon d;
	struct peer ann, bob;
	int a, b;

	daemon_init(&d);
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
