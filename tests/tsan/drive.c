/*
 * Drives a few chats on terminals as people do, only faster: types, completes,
 * scrolls, changes rooms and sizes, connects anew, is stopped and goes on; in
 * the end says /quit.
 *
 *	drive CHAT ADDRESS SECONDS
 *
 * Their homes are made in $TMPDIR and left there.
 * Exits with the first status of a chat that is not 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CHATS = 3,
	PAUSE = 97,	 /* steps: so often one is stopped */
	PAUSED = 5,	 /* and for so many */
	LAST = 4096,	 /* bytes */
	STEP_MS = 15,	 /* between acts */
	QUIT_MS = 20000, /* for all to end after /quit */
};

static const char *const keys[] = {
	"good morning\r",
	"/me yawns\r",
	"/join #garden\r",
	"/names\r",
	"/n\t#garden\r",
	"/msg two psst\r",
	"/msg one \xc3\xa4\xf0\x9f\x91\x8d\r",
	"/query three\r",
	"/who one\r",
	"/list\r",
	"/topic a topic\r",
	"/part\r",
	"/join #lobby\r",
	"/bogus\r\003",
	"/connect\r",
	"/clear\r",
	"\033[5~", /* page up */
	"\033[6~", /* page down */
	"\033[A",  /* up */
	"\014",	   /* redraw */
	"\016",	   /* next room */
	"half a line\003",
	"\033[200~pasted\nlines\033[201~\003",
	"/help\r",
	"q\003",
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

struct chat {
	pid_t pid;
	int fd;		 /* -1: it has hung up */
	char last[LAST]; /* of what it printed */
};

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void
start(struct chat *c, const char *program, const char *address, unsigned i)
{
	static const char *const nicks[CHATS] = { "one", "two", "three" };
	const struct winsize size = { .ws_row = 24, .ws_col = 80 };
	const char *directory = getenv("TMPDIR");
	char home[4096];

	snprintf(home, sizeof(home), "%s/drive-XXXXXX",
	    directory != NULL ? directory : "/tmp");
	if (mkdtemp(home) == NULL) {
		perror(home);
		exit(71);
	}
	c->pid = forkpty(&c->fd, NULL, NULL, &size);
	if (c->pid < 0) {
		perror("forkpty");
		exit(71);
	}
	if (c->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("XDG_STATE_HOME", home, 1);
		setenv("TERM", "xterm-256color", 1);
		setenv("LC_ALL", "C.UTF-8", 1);
		execl(program, program, "-s", address, "-n", nicks[i], "-r",
		    "#lobby", (char *)NULL);
		_exit(127);
	}
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

static void
type(const struct chat *c, const char *text)
{
	if (c->fd >= 0 && write(c->fd, text, strlen(text)) < 0 &&
	    errno != EAGAIN)
		perror("a chat does not read");
}

/* Throws output away, but answers the terminal's state when asked. */
static void
take(struct chat *c)
{
	char bytes[LAST];
	ssize_t n = read(c->fd, bytes, sizeof(bytes));

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
		return;
	}
	if (memmem(bytes, (size_t)n, "\033[5n", 4) != NULL)
		type(c, "\033[0n");
	memmove(c->last, c->last + n, LAST - (size_t)n);
	memcpy(c->last + LAST - n, bytes, (size_t)n);
}

/* Until then, or until all have hung up. */
static void
take_all(struct chat *all, long long until)
{
	struct pollfd fd[CHATS];
	long long left;
	int i, open;

	while ((left = until - now_ms()) > 0) {
		for (i = open = 0; i < CHATS; i++) {
			fd[i] = (struct pollfd){ all[i].fd, POLLIN, 0 };
			open += all[i].fd >= 0;
		}
		if (open == 0)
			return;
		poll(fd, CHATS, (int)left);
		for (i = 0; i < CHATS; i++)
			if (fd[i].revents != 0)
				take(&all[i]);
	}
}

static void
resize(const struct chat *c, unsigned step)
{
	static const struct winsize sizes[] = { { 24, 80, 0, 0 },
		{ 12, 40, 0, 0 }, { 50, 200, 0, 0 }, { 2, 4, 0, 0 },
		{ 1, 1, 0, 0 } };

	if (c->fd >= 0)
		ioctl(c->fd, TIOCSWINSZ,
		    &sizes[step % (sizeof(sizes) / sizeof(sizes[0]))]);
}

static void
act(const struct chat *all, unsigned step)
{
	const struct chat *c = &all[step % CHATS];
	const struct chat *stopped = &all[step / PAUSE % CHATS];

	/* What is typed at a stopped one goes to the terminal's own line. */
	if (step % PAUSE == 0)
		kill(stopped->pid, SIGTSTP);
	if (step % PAUSE == PAUSED)
		kill(stopped->pid, SIGCONT);
	if (step % PAUSE > PAUSED || c != stopped)
		type(c, keys[(step * 7 + step / KEYS) % KEYS]);
	if (step % 11 == 0)
		resize(c, step / 11);
}

static int
end(const struct chat *c, int i)
{
	int status;

	if (c->fd >= 0)
		kill(c->pid, SIGKILL);
	waitpid(c->pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	fprintf(stderr, "chat %d: %s %d\n", i,
	    WIFEXITED(status) ? "exit status" : "killed by signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	fwrite(c->last, 1, LAST, stderr);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char **argv)
{
	static struct chat all[CHATS];
	long long until;
	unsigned step = 1;
	int i, result = 0, status;

	if (argc != 4)
		return 64;
	for (i = 0; i < CHATS; i++)
		start(&all[i], argv[1], argv[2], (unsigned)i);
	until = now_ms() + strtol(argv[3], NULL, 10) * 1000;
	take_all(all, now_ms() + 500);
	while (now_ms() < until) {
		act(all, step++);
		take_all(all, now_ms() + STEP_MS);
	}
	for (i = 0; i < CHATS; i++)
		kill(all[i].pid, SIGCONT);
	take_all(all, now_ms() + 500);
	for (i = 0; i < CHATS; i++)
		type(&all[i], "q\003/quit good night\r");
	take_all(all, now_ms() + QUIT_MS);
	for (i = 0; i < CHATS; i++)
		if ((status = end(&all[i], i)) != 0)
			result = status;
	return result;
}
