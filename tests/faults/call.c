/*
 * Loaded into a program (LD_PRELOAD) that is to meet a fault at one of its
 * calls.  $CHAT_FAULT says at which: "CALL WHAT K", where WHAT happens to the
 * Kth CALL of the process, and K 0 is each of them:
 *
 *	before	it is killed as it makes the call
 *	half	... when half of the bytes are written
 *	after	... when the call has been carried out
 *	late	... after DELAY_MS, instead of the call
 *	error	the call fails: EIO
 *	delay	the call takes DELAY_MS longer
 *
 * Only calls from one library to another are met, not those within libc; and no
 * sync of a directory.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DELAY_MS = 200 };

enum what { NOTHING, BEFORE, HALF, AFTER, LATE, ERROR, DELAY };

static const char *const whats[] = { "nothing", "before", "half", "after",
	"late", "error", "delay" };

static char call[32];
static enum what what;
static unsigned long when;
static atomic_ulong calls;

__attribute__((constructor)) static void
begin(void)
{
	const char *fault = getenv("CHAT_FAULT");
	char word[16];

	if (fault == NULL ||
	    sscanf(fault, "%31s %15s %lu", call, word, &when) != 3)
		return;
	for (int i = 0; i < (int)(sizeof(whats) / sizeof(*whats)); i++)
		if (strcmp(whats[i], word) == 0)
			what = (enum what)i;
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		poll(NULL, 0, -1);
}

/* What happens at this call, but for what happens before it. */
static enum what
meet(const char *name)
{
	if (what == NOTHING || strcmp(name, call) != 0)
		return NOTHING;
	if (++calls != when && when != 0)
		return NOTHING;
	if (what == DELAY || what == LATE)
		poll(NULL, 0, DELAY_MS);
	if (what == BEFORE || what == LATE)
		die();
	return what;
}

static long
carried_out(enum what now, long result)
{
	if (now == HALF || now == AFTER)
		die();
	return result;
}

static long
fail(void)
{
	errno = EIO;
	return -1;
}

/* Not met: SQLite lets it pass when this fails. */
static bool
is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

int
fdatasync(int fd)
{
	enum what now = is_directory(fd) ? NOTHING : meet("fdatasync");

	return now == ERROR ? (int)fail()
			    : (int)carried_out(now, syscall(SYS_fdatasync, fd));
}

int
fsync(int fd)
{
	enum what now = meet("fsync");

	return now == ERROR ? (int)fail()
			    : (int)carried_out(now, syscall(SYS_fsync, fd));
}

static ssize_t
place(int fd, const void *bytes, size_t len, off_t at)
{
	enum what now = meet("pwrite");

	if (now == ERROR)
		return fail();
	if (now == HALF)
		len /= 2;
	return carried_out(now, syscall(SYS_pwrite64, fd, bytes, len, at));
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return place(fd, bytes, len, at);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
	return place(fd, bytes, len, at);
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
	enum what now = meet("write");

	if (now == ERROR)
		return fail();
	if (now == HALF)
		len /= 2;
	return carried_out(now, syscall(SYS_write, fd, bytes, len));
}

ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
	enum what now = meet("send");

	if (now == ERROR)
		return fail();
	if (now == HALF)
		len /= 2;
	return carried_out(
	    now, syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0));
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	enum what now = meet("send");
	struct iovec first;
	struct msghdr half = *m;

	if (now == ERROR)
		return fail();
	if (now != HALF || m->msg_iovlen == 0)
		return carried_out(now, syscall(SYS_sendmsg, fd, m, flags));
	first = m->msg_iov[0];
	first.iov_len /= 2;
	half.msg_iov = &first;
	half.msg_iovlen = 1;
	return carried_out(now, syscall(SYS_sendmsg, fd, &half, flags));
}
