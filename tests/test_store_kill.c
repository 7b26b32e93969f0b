/* chatd is killed: at any moment, and at each call by which something gets to
 * the disk.  What was acknowledged through a pipe is there afterwards, once. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "../chatd/store_sqlite.h"
#include "disk.h"
#include "folder.h"
#include "store_contract.h"
#include "store_crowd.h"
#include "xmalloc.h"

enum {
	KILLS = 40,	   /* at any moment */
	ROUNDS = 1000000,  /* more than there is time for */
	FEW_ROUNDS = 6,	   /* when each call is killed */
	MOST_CALLS = 1000, /* in these rounds */
	OPENED = 99,	   /* a device that only says: it is open */
};

static char folder[FOLDER_LEN];
static char *state;
static int heard_fd;

static void
set_up(void)
{
	folder_make(folder);
	state = xasprintf("%s/state", folder);
}

static void
tear_down(void)
{
	folder_remove(folder);
	free(state);
}

TestSuite(store_kill, .init = set_up, .fini = tear_down);

struct ack {
	uint64_t device, n;
};

/* In the child: the acknowledgement leaves the process, as to a client. */
static void
heard(unsigned device, uint64_t n)
{
	struct ack ack = { device, n };

	if (write(heard_fd, &ack, sizeof(ack)) != sizeof(ack))
		_exit(EX_OSERR);
}

static _Noreturn void
talk(unsigned rounds, uint64_t seed)
{
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(state, story_wall, &status, &error);

	if (s == NULL)
		_exit(status);
	heard(OPENED, 0);
	crowd_talk(s, rounds, seed, heard);
	store_free(s);
	_exit(0);
}

/* A child that talks; its acknowledgements come from *fd. */
static pid_t
start(unsigned rounds, uint64_t seed, unsigned long k, enum disk_fault fault,
    int *fd)
{
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		close(ends[0]);
		heard_fd = ends[1];
		disk_install();
		disk_fault(DISK_WRITE | DISK_SYNC, k, fault, 0);
		talk(rounds, seed);
	}
	close(ends[1]);
	*fd = ends[0];
	return pid;
}

/* Takes what comes; kills after so many (0: not at all).  The child's exit
 * status; -1: killed. */
static int
listen_and_kill(
    pid_t pid, int fd, unsigned kill_after, uint64_t acked[CROWD_ACKS])
{
	struct ack ack;
	unsigned n = 0;
	int status;

	while (read(fd, &ack, sizeof(ack)) == sizeof(ack)) {
		if (ack.device < CROWD_ACKS)
			acked[ack.device] = ack.n;
		if (++n == kill_after)
			kill(pid, SIGKILL);
	}
	close(fd);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	cr_expect_eq(WTERMSIG(status), SIGKILL);
	return -1;
}

static void
look(const uint64_t acked[CROWD_ACKS], const char *when, unsigned long k)
{
	struct buf error = { 0 }, wrong = { 0 };
	int status;
	struct store *s = store_sqlite(state, story_wall, &status, &error);
	uint64_t seen;

	cr_assert_not_null(s, "%s %lu: %s", when, k, buf_string(&error));
	seen = crowd_seen(s);
	cr_expect_geq(seen, acked[CROWD_SEEN], "%s %lu", when, k);
	crowd_check(s, acked, &wrong);
	cr_expect_eq(wrong.len, 0, "%s %lu: %s", when, k, buf_string(&wrong));
	buf_done(&wrong);
	store_free(s);
}

Test(store_kill, at_any_moment)
{
	uint64_t acked[CROWD_ACKS] = { 0 }, random = 5;

	for (unsigned i = 0; i < crowd_times(KILLS); i++) {
		int fd;
		pid_t pid = start(ROUNDS, i, 0, DISK_KILL, &fd);

		random = random * 6364136223846793005u + 1;
		cr_expect_eq(
		    listen_and_kill(pid, fd, 1 + (random >> 40) % 200, acked),
		    -1);
		/* Every other time the next one has to recover by itself. */
		if (i % 2 == 0)
			look(acked, "kill", i);
	}
	look(acked, "all", KILLS);
	for (unsigned d = 0; d < CROWD_DEVICES; d++)
		cr_expect_gt(acked[d], 0);
}

/* A past in the folder, as from a chatd that was killed: it is still to be
 * worked upon. */
static void
give_past(const char *database, size_t len)
{
	mkdir(state, 0700);
	folder_write(state, "chat.db", database, len);
}

static char *
make_past(size_t *len)
{
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(state, story_wall, &status, &error);
	char *database;

	cr_assert_not_null(s, "%s", buf_string(&error));
	crowd_past(s);
	store_free(s);
	database = folder_read(state, "chat.db", len);
	folder_remove(state);
	return database;
}

/* From an empty folder, from one with a past, or from one that was used and
 * killed, through opening, talking and closing. */
enum before { EMPTY, WITH_PAST, USED };

static void
kill_at_each_call(enum disk_fault fault, enum before before)
{
	size_t len = 0;
	char *past = before == WITH_PAST ? make_past(&len) : NULL;
	unsigned long k;

	for (k = 1; k < MOST_CALLS; k++) {
		uint64_t acked[CROWD_ACKS] = { 0 };
		int fd, status;
		pid_t pid;

		if (past != NULL)
			give_past(past, len);
		if (before == USED) {
			pid = start(ROUNDS, k, 0, DISK_KILL, &fd);
			listen_and_kill(pid, fd, 20, acked);
		}
		pid = start(FEW_ROUNDS, k, k, fault, &fd);
		status = listen_and_kill(pid, fd, 0, acked);
		look(acked, "call", k);
		folder_remove(state);
		if (status == 0)
			break;
		cr_assert_eq(status, -1, "call %lu: exit %d", k, status);
	}
	cr_expect_lt(k, MOST_CALLS);
	cr_expect_gt(k, FEW_ROUNDS);
	free(past);
}

Test(store_kill, at_each_call_from_nothing)
{
	kill_at_each_call(DISK_KILL, EMPTY);
}

Test(store_kill, in_the_middle_of_each_write_from_nothing)
{
	kill_at_each_call(DISK_TEAR, EMPTY);
}

Test(store_kill, at_each_call_after_a_kill)
{
	kill_at_each_call(DISK_KILL, USED);
}

Test(store_kill, at_each_call_with_a_past)
{
	kill_at_each_call(DISK_KILL, WITH_PAST);
}

Test(store_kill, in_the_middle_of_each_write_with_a_past)
{
	kill_at_each_call(DISK_TEAR, WITH_PAST);
}
