#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../chatd/dialect.h"
#include "../chatd/listener.h"
#include "../chatd/loop.h"
#include "clock.h"
#include "fds.h"

enum {
	DEADLINE = 5000, /* ms, for what must happen */
	WAITING = 100,	 /* connections waiting to be accepted */
	FEW_TURNS = 20,	 /* of a loop that does not spin */
};

static struct loop *loop;
static struct timer guard;
static unsigned turns_left, wanted;
static int before;
static char directory[] = "/tmp/chat-test-listener.XXXXXX";
static char path[sizeof(directory) + 16];

static struct {
	int fds[2 * WAITING];
	unsigned n;
	const struct dialect *dialect;
	struct sock_addr peer;
} accepted;

static void
late(struct timer *t)
{
	(void)t;
	cr_assert_fail("nobody is accepted");
}

static void
count_turn(void *arg)
{
	(void)arg;
	if (wanted != 0 && accepted.n >= wanted)
		loop_stop(loop);
	if (turns_left != 0 && --turns_left == 0)
		loop_stop(loop);
	if (turns_left != 0)
		loop_again(loop);
}

static void
take_turns(unsigned n)
{
	wanted = 0;
	turns_left = n;
	loop_again(loop);
	cr_assert_eq(loop_run(loop), 0);
}

static void
until_accepted(unsigned n)
{
	wanted = n;
	heap_set(loop_timers(loop), &guard, loop_now(loop) + DEADLINE);
	cr_assert_eq(loop_run(loop), 0);
	heap_cancel(loop_timers(loop), &guard);
}

static void
begin(void)
{
	before = fds_open();
	loop = loop_new();
	loop_at_end(loop, count_turn, NULL);
	guard.fire = late;
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
}

static void
end(void)
{
	unsigned i;

	for (i = 0; i < accepted.n; i++)
		close(accepted.fds[i]);
	loop_free(loop);
	unlink(path);
	rmdir(directory);
	cr_expect_eq(fds_open(), before, "descriptors left open");
}

TestSuite(listener, .init = begin, .fini = end);

static void
on_accept(void *arg, int fd, const struct dialect *dialect,
    const struct sock_addr *peer)
{
	cr_assert_eq(arg, loop);
	accepted.fds[accepted.n++] = fd;
	accepted.dialect = dialect;
	accepted.peer = *peer;
}

/* The address as it became is put into addr. */
static struct listener *
listen_at(const char *text, struct sock_addr *addr)
{
	struct sock_name name;
	size_t n;
	int fd;

	cr_assert_null(sock_parse(text, &name));
	cr_assert_null(sock_resolve(&name, true, addr, 1, &n));
	fd = sock_listen(addr, 2 * WAITING);
	cr_assert_geq(fd, 0, "%s: %s", text, strerror(errno));
	sock_local(fd, addr);
	return listener_new(loop, fd, &dialect_frame, on_accept, loop);
}

static void
dial(const struct sock_addr *addr, int *fds, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		fds[i] = sock_connect(addr);
		cr_assert_geq(fds[i], 0, "%s", strerror(errno));
	}
}

static void
hang_up(const int *fds, unsigned n)
{
	while (n-- > 0)
		close(fds[n]);
}

Test(listener, hands_over_who_comes)
{
	static const char *const places[] = { "127.0.0.1:0", "[::1]:0", path };
	struct sock_addr addr;
	struct listener *l;
	char text[SOCK_TEXT];
	size_t i;
	int fd;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		l = listen_at(places[i], &addr);
		dial(&addr, &fd, 1);
		accepted.n = 0;
		until_accepted(1);
		cr_expect_eq(accepted.dialect, &dialect_frame);
		cr_expect_eq(accepted.peer.sa.sa_family, addr.sa.sa_family);
		cr_expect(sock_is_loopback(&accepted.peer));
		sock_text(&accepted.peer, text);
		cr_expect(strncmp(text, places[i], 4) == 0 || places[i] == path,
		    "%s", text);
		cr_expect(fcntl(accepted.fds[0], F_GETFL) & O_NONBLOCK);
		cr_expect(fcntl(accepted.fds[0], F_GETFD) & FD_CLOEXEC);
		close(accepted.fds[0]);
		accepted.n = 0;
		close(fd);
		listener_free(l);
	}
}

Test(listener, accepts_a_batch_a_turn)
{
	struct sock_addr addr;
	struct listener *l = listen_at("127.0.0.1:0", &addr);
	int fds[WAITING];

	dial(&addr, fds, WAITING);
	take_turns(1);
	cr_expect_eq(accepted.n, LISTENER_BATCH);
	take_turns(1);
	cr_expect_eq(accepted.n, WAITING);
	hang_up(fds, WAITING);
	listener_free(l);
}

Test(listener, does_not_hear_of_those_who_left)
{
	struct sock_addr addr;
	struct listener *l = listen_at("127.0.0.1:0", &addr);
	int fd;

	take_turns(3);
	cr_expect_eq(accepted.n, 0);
	dial(&addr, &fd, 1);
	close(fd);
	until_accepted(1);
	listener_free(l);
	listener_free(NULL);
}

Test(listener, removes_its_path)
{
	struct sock_addr addr;
	struct listener *l = listen_at(path, &addr);

	cr_expect_eq(access(path, F_OK), 0);
	listener_free(l);
	cr_expect_neq(access(path, F_OK), 0);
}

Test(listener, leaves_the_path_of_another)
{
	struct sock_addr addr;
	struct listener *old = listen_at(path, &addr), *new;

	unlink(path);
	new = listen_at(path, &addr);
	listener_free(old);
	cr_expect_eq(access(path, F_OK), 0);
	listener_free(new);
	cr_expect_neq(access(path, F_OK), 0);
}

/* ---- at the limit of descriptors ---- */

static char said[16384]; /* the log */

/* Holds every number below the limit, but so many. */
static int held[3 * WAITING];
static unsigned nheld;

/* Standard error goes into a file from here on; more is how many descriptors
 * can still be opened then. */
static int
limit_files(unsigned more)
{
	int log = memfd_create("log", MFD_CLOEXEC);
	struct rlimit limit;

	dup2(log, STDERR_FILENO);
	do {
		cr_assert_lt(nheld, 3 * WAITING);
		held[nheld++] = dup(log);
	} while (held[nheld - 1] < 3 * WAITING);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)held[nheld - 1] + 1 + more;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return log;
}

static void
unlimit_files(void)
{
	struct rlimit limit;

	while (nheld > 0)
		close(held[--nheld]);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static unsigned
count_said(int log, const char *words)
{
	const char *at = said;
	unsigned n = 0;

	cr_assert_geq(pread(log, said, sizeof(said) - 1, 0), 0);
	while ((at = strstr(at, words)) != NULL) {
		n++;
		at++;
	}
	return n;
}

static void
stop_timer(struct timer *t)
{
	(void)t;
	loop_stop(loop);
}

static uint64_t
turns_in(int64_t ms)
{
	struct timer t = { .fire = stop_timer };
	uint64_t turns = loop_figures(loop).turns;

	wanted = 0;
	heap_set(loop_timers(loop), &t, clock_ms() + ms);
	cr_assert_eq(loop_run(loop), 0);
	return loop_figures(loop).turns - turns;
}

static bool
is_turned_away(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&p, 1, 0) == 1 && read(fd, &byte, 1) <= 0;
}

Test(listener, turns_away_whom_it_has_no_descriptor_for)
{
	enum { ROOM = 3 };
	struct sock_addr addr;
	struct listener *l = listen_at("127.0.0.1:0", &addr);
	int fds[WAITING], more, log;
	unsigned i;

	dial(&addr, fds, WAITING);
	log = limit_files(ROOM);
	cr_expect_leq(turns_in(10), FEW_TURNS);
	cr_expect_eq(accepted.n, ROOM);
	for (i = 0; i < WAITING; i++)
		cr_assert_eq(is_turned_away(fds[i]), i >= ROOM, "%u", i);
	cr_expect_eq(count_said(log, "cannot accept"), 1, "%s", said);
	unlimit_files();
	dial(&addr, &more, 1);
	until_accepted(ROOM + 1);
	hang_up(fds, WAITING);
	close(more);
	close(log);
	listener_free(l);
}

/* Where not even the reserve could be had. */
Test(listener, rests_when_nothing_helps)
{
	struct sock_addr addr;
	struct sock_name name;
	struct listener *l;
	int fd, log, mine;
	size_t n;

	cr_assert_null(sock_parse("127.0.0.1:0", &name));
	cr_assert_null(sock_resolve(&name, true, &addr, 1, &n));
	fd = sock_listen(&addr, WAITING);
	sock_local(fd, &addr);
	dial(&addr, &mine, 1);
	log = limit_files(0);
	l = listener_new(loop, fd, &dialect_frame, on_accept, loop);
	cr_expect_leq(turns_in(30), FEW_TURNS);
	cr_expect_eq(accepted.n, 0);
	cr_expect(!is_turned_away(mine));
	cr_expect_eq(count_said(log, "cannot accept"), 1, "%s", said);
	unlimit_files();
	until_accepted(1);
	close(mine);
	close(log);
	listener_free(l);
}
