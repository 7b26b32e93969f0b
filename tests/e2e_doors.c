/*
 * The doors to the rooms with the real programs: dialing, listening, answers,
 * notices, discovery.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
