#include <criterion/criterion.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "../chat/dial.h"
#include "../chat/link.h"
#include "../chat/reach.h"
#include "clock.h"
#include "fds.h"
#include "host.h"
#include "sock.h"
#include "wake.h"

enum { FILLED = 4 };

static struct host host;
static int wake, before;
static struct dial_break stop; /* never says so */

static bool
never(void *arg)
{
	wake_clear(*(int *)arg);
	return false;
}

static bool
at_once(void *arg)
{
	(void)arg;
	return true;
}

static void
begin(void)
{
	before = fds_open();
	host_init(&host);
	wake = wake_open();
	stop = (struct dial_break){ wake, never, &wake };
}

static void
end(void)
{
	host_done(&host);
	close(wake);
	cr_expect_eq(fds_open(), before, "descriptors left open");
}

TestSuite(dial, .init = begin, .fini = end, .timeout = 30);

static void
address_of(const char *text, struct sock_addr *out)
{
	struct sock_name name;
	size_t n;

	cr_assert_null(sock_parse(text, &name));
	cr_assert_null(sock_resolve(&name, false, out, 1, &n));
}

/* A listener whose backlog is full does not answer: what dials it waits. */
struct slow {
	int listener, fds[FILLED];
	struct sock_addr addr;
};

static bool
slow_open(struct slow *slow, const char *address)
{
	address_of(address, &slow->addr);
	slow->listener = sock_listen(&slow->addr, 0);
	if (slow->listener < 0)
		return false;
	sock_local(slow->listener, &slow->addr);
	for (size_t i = 0; i < FILLED; i++)
		slow->fds[i] = sock_connect(&slow->addr);
	return true;
}

static void
slow_close(struct slow *slow)
{
	for (size_t i = 0; i < FILLED; i++)
		close(slow->fds[i]);
	close(slow->listener);
}

Test(dial, goes_on_to_the_next_address)
{
	struct sock_addr list[3];
	char where[SOCK_TEXT];
	struct buf why = { 0 };
	int64_t began = clock_ms();
	size_t n = 3;
	int fd;

	wake_up(wake);
	address_of("127.0.0.1:1", &list[0]);
	address_of("unix:/nonexistent/socket", &list[1]);
	address_of(host.address, &list[2]);
	fd = dial(list, &n, began + 5000, &stop, where, &why);
	cr_expect_geq(fd, 0);
	cr_expect_lt(clock_ms() - began, DIAL_HEAD_START_MS);
	cr_expect_str_eq(where, host.address);
	cr_expect_str_eq(buf_string(&why),
	    "127.0.0.1:1: connection refused, nobody listens there; "
	    "unix:/nonexistent/socket: there is no such socket");
	cr_expect_eq(n, 0, "all are settled");
	close(fd);
	buf_clear(&why);
	address_of("127.0.0.1:1", &list[0]);
	address_of("unix:/nonexistent/socket", &list[1]);
	n = 2;
	fd = dial(list, &n, clock_ms() + 5000, &stop, where, &why);
	cr_expect_eq(fd, -1);
	cr_expect_neq(why.len, 0);
	buf_done(&why);
}

Test(dial, starts_the_next_when_one_is_slow)
{
	const struct dial_break interrupted = { wake, at_once, NULL };
	struct sock_addr list[2];
	char where[SOCK_TEXT];
	struct buf why = { 0 };
	struct slow slow;
	int64_t began;
	size_t n = 2;
	int fd;

	cr_assert(slow_open(&slow, "127.0.0.1:0"));
	list[0] = slow.addr;
	address_of(host.address, &list[1]);
	began = clock_ms();
	fd = dial(list, &n, began + 5000, &stop, where, &why);
	cr_expect_geq(fd, 0);
	cr_expect_geq(clock_ms() - began, DIAL_HEAD_START_MS - 1);
	cr_expect_lt(clock_ms() - began, 1000);
	cr_expect_str_eq(where, host.address);
	cr_expect_eq(n, 1, "the slow one may still be tried");
	cr_expect_eq(memcmp(&list[0].ss, &slow.addr.ss, slow.addr.len), 0);
	close(fd);

	buf_clear(&why);
	fd = dial(list, &n, clock_ms() + 20, &stop, where, &why);
	cr_expect_eq(fd, -1);
	cr_expect_eq(n, 0);
	cr_expect_not_null(strstr(buf_string(&why), ": no answer in time"));

	buf_clear(&why);
	wake_up(wake);
	list[0] = slow.addr;
	n = 1;
	fd = dial(list, &n, clock_ms() + 5000, &interrupted, where, &why);
	cr_expect_eq(fd, -1);
	cr_expect_eq(why.len, 0);
	slow_close(&slow);
	buf_done(&why);
}

/* Sixteen of them take four seconds at full head starts. */
Test(dial, tries_every_address_within_the_time_there_is)
{
	struct sock_addr list[DIAL_ADDRESSES];
	char where[SOCK_TEXT];
	struct buf why = { 0 };
	struct slow slow;
	int64_t began;
	size_t i, n = DIAL_ADDRESSES;
	int fd;

	cr_assert(slow_open(&slow, "127.0.0.1:0"));
	for (i = 0; i < DIAL_ADDRESSES - 1; i++)
		list[i] = slow.addr;
	address_of(host.address, &list[i]);
	began = clock_ms();
	fd = dial(list, &n, began + 500, &stop, where, &why);
	cr_expect_geq(fd, 0, "%s", buf_string(&why));
	cr_expect_lt(clock_ms() - began, 500);
	close(fd);
	slow_close(&slow);
	buf_done(&why);
}

/* ---- reach ---- */

static void
tell(void *arg, bool is_dialed, const char *address)
{
	(void)arg;
	(void)is_dialed;
	(void)address;
}

Test(dial, nothing_is_looked_up_any_more_at_the_end)
{
	struct reach r = { .tell = tell };
	struct buf why = { 0 };
	int status;

	reach_init(&r);
	reach_begin(&r, "no.such.invalid:1");
	cr_expect_eq(
	    reach_next(&r, clock_ms() + 1000, &why, &status), REACH_FAILED);
	cr_expect_eq(status, EX_NOHOST);
	cr_expect_eq(strncmp(buf_string(&why), "no.such.invalid:1: ", 19), 0);
	cr_expect_eq(reach_left(&r), 0);
	buf_clear(&why);
	cr_expect_not(reach_abandon(&r));
	reach_begin(&r, "127.0.0.1:1");
	cr_expect_eq(
	    reach_next(&r, clock_ms() + 1000, &why, &status), REACH_FAILED);
	cr_expect_eq(why.len, 0);
	reach_done(&r);
	buf_done(&why);
}

Test(dial, every_failure_has_its_words)
{
	static const struct {
		const char *address, *words;
		int status;
	} cases[] = {
		{ "x:y:z", "brackets", EX_USAGE },
		{ "no.such.invalid:1", "no.such.invalid:1: ", EX_NOHOST },
		{ "127.0.0.1:no-such-service", "no known service", EX_NOHOST },
		{ "127.0.0.1:1", "nobody listens there", EX_UNAVAILABLE },
		{ "unix:/nowhere/x", "no such socket", EX_UNAVAILABLE },
	};
	struct reach r = { .tell = tell, .stop = stop };
	struct buf why = { 0 };
	int status;
	size_t i;

	reach_init(&r);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_clear(&why);
		reach_begin(&r, cases[i].address);
		cr_expect_eq(reach_next(&r, clock_ms() + 1000, &why, &status),
		    REACH_FAILED);
		cr_expect_eq(status, cases[i].status, "%s: %d",
		    cases[i].address, status);
		cr_expect_not_null(strstr(buf_string(&why), cases[i].words),
		    "%s", buf_string(&why));
	}
	reach_done(&r);
	buf_done(&why);
}

Test(dial, services_have_names)
{
	struct sock_name name;
	struct sock_addr addr;
	size_t n;

	cr_assert_null(sock_parse("localhost:telnet", &name));
	cr_assert_null(sock_resolve(&name, false, &addr, 1, &n));
	cr_expect_eq(ntohs(addr.in.sin_port), 23); /* v6 has it there, too */
}

/* ---- an address at which nobody speaks ---- */

static bool
is_live(struct model *m)
{
	return m->state == LINK_LIVE;
}

static bool
is_over(struct model *m)
{
	return m->is_over;
}

/* Listens at the host's port on ::1, which * has before 127.0.0.1;
 * -1: this machine has none. */
static int
open_v6(char *name, size_t size)
{
	const char *port = strrchr(host.address, ':') + 1;
	struct sock_name parsed;
	struct sock_addr found[4], addr;
	char v6[64];
	size_t n;

	snprintf(name, size, "*:%s", port);
	snprintf(v6, sizeof(v6), "[::1]:%s", port);
	cr_assert_null(sock_parse(name, &parsed));
	if (sock_resolve(&parsed, false, found, 4, &n) != NULL || n < 2)
		return -1;
	address_of(v6, &addr);
	return sock_listen(&addr, 4);
}

Test(dial, a_server_that_says_nothing_is_passed_by)
{
	struct model *m = model_new();
	char name[64];
	struct link_options options = { .address = name,
		.nick = "ana",
		.timeout_ms = 400,
		.device = { { 1 } } };
	int silent = open_v6(name, sizeof(name));
	struct link *link;
	int64_t began = clock_ms();

	if (silent < 0) {
		model_free(m);
		cr_skip_test("this machine has only one loopback");
	}
	link = link_new(m, &options);
	link_start(link);
	host_enter(&host, "ana");
	host_await(m, is_live);
	cr_expect_lt(clock_ms() - began, 400);
	cr_expect_str_eq(m->where, host.address);
	cr_expect_eq(strncmp(m->from, "127.0.0.1:", 10), 0, "%s", m->from);
	link_stop(link, NULL);
	model_free(m);
	close(silent);
}

Test(dial, all_that_say_nothing_are_told)
{
	struct model *m = model_new();
	char name[64];
	struct link_options options = { .address = name,
		.nick = "ana",
		.timeout_ms = 100,
		.device = { { 1 } } };
	int silent = open_v6(name, sizeof(name));
	struct link *link;

	if (silent < 0) {
		model_free(m);
		cr_skip_test("this machine has only one loopback");
	}
	link = link_new(m, &options);
	link_start(link);
	host_await(m, is_over);
	cr_expect_eq(m->over_status, EX_UNAVAILABLE);
	cr_expect_not_null(strstr(m->over_why, "[::1]:"), "%s", m->over_why);
	cr_expect_not_null(
	    strstr(m->over_why, host.address), "%s", m->over_why);
	link_stop(link, NULL);
	model_free(m);
	close(silent);
}
