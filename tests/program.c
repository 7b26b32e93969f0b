#include "program.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"

enum { ARGUMENTS = 32 };

static void
become(const char *const *argv, const char *home, const int fd[3])
{
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < 3; i++)
		dup2(fd[i], i);
	setenv("HOME", home, 1);
	setenv("XDG_STATE_HOME", home, 1);
	setenv("XDG_RUNTIME_DIR", home, 1);
	setenv("TZ", "UTC", 1);
	unsetenv("JOURNAL_STREAM");
	execv(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void
start(struct program *p, const char *const *arguments)
{
	const char *argv[ARGUMENTS] = { daemon_program("CHAT", "chat") };
	int in[2], out[2], err[2], i;

	for (i = 0; arguments[i] != NULL && i < ARGUMENTS - 2; i++)
		argv[i + 1] = arguments[i];
	cr_assert_eq(pipe2(in, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(err, O_CLOEXEC), 0);
	p->pid = fork();
	cr_assert_geq(p->pid, 0);
	if (p->pid == 0)
		become(argv, p->home, (int[]){ in[0], out[1], err[1] });
	close(in[0]);
	close(out[1]);
	close(err[1]);
	p->in = in[1];
	p->out = out[0];
	p->err = err[0];
}

void
program_start(struct program *p, const char *const *arguments)
{
	*p = (struct program){ .home = "/tmp/chat-test-XXXXXX" };
	p->has_own_home = true;
	cr_assert_not_null(mkdtemp(p->home));
	start(p, arguments);
}

void
program_start_in(
    struct program *p, const char *home, const char *const *arguments)
{
	*p = (struct program){ .pid = 0 };
	snprintf(p->home, sizeof(p->home), "%s", home);
	start(p, arguments);
}

/* ---- input ---- */

void
program_type(struct program *p, const char *text)
{
	size_t left = strlen(text);
	ssize_t n;

	signal(SIGPIPE, SIG_IGN);
	for (; left > 0; text += n, left -= (size_t)n) {
		n = write(p->in, text, left);
		cr_assert_gt(
		    n, 0, "it reads no more: %s", buf_string(&p->complained));
	}
}

void
program_end_input(struct program *p)
{
	if (p->in >= 0)
		close(p->in);
	p->in = -1;
}

/* ---- output ---- */

static void
take(int *fd, struct buf *to)
{
	ssize_t n = read(*fd, buf_room(to, 65536), 65536);

	if (n > 0) {
		buf_grown(to, (size_t)n);
		return;
	}
	close(*fd);
	*fd = -1;
}

/* Reads what comes; false: the deadline is over, or nothing more can come. */
static bool
read_more(struct program *p, int64_t until_ms)
{
	struct pollfd fd[] = { { p->out, POLLIN, 0 }, { p->err, POLLIN, 0 } };
	int64_t left = until_ms - clock_ms();

	if (p->out < 0 && p->err < 0)
		return false;
	if (poll(fd, 2, left > 0 ? (int)left : 0) <= 0)
		return false;
	if (fd[0].revents != 0)
		take(&p->out, &p->printed);
	if (fd[1].revents != 0)
		take(&p->err, &p->complained);
	return true;
}

unsigned
program_printed(const struct program *p, const char *words)
{
	struct buf *printed = (struct buf *)(uintptr_t)&p->printed;
	const char *at = buf_string(printed);
	unsigned n = 0;

	while ((at = strstr(at, words)) != NULL) {
		at += strlen(words);
		n++;
	}
	return n;
}

bool
program_prints(struct program *p, const char *words, unsigned n)
{
	int64_t until = clock_ms() + PROGRAM_WAIT_MS;

	while (program_printed(p, words) < n)
		if (!read_more(p, until))
			return program_printed(p, words) >= n;
	return true;
}

bool
program_look(struct program *p)
{
	while (read_more(p, 0))
		continue;
	return p->out >= 0 || p->err >= 0;
}

/* ---- the end ---- */

int
program_end(struct program *p)
{
	int64_t until = clock_ms() + 3 * PROGRAM_WAIT_MS;
	int status;

	program_end_input(p);
	while (read_more(p, until))
		continue;
	if (p->out >= 0 || p->err >= 0) {
		kill(p->pid, SIGABRT);
		cr_expect(false, "it does not end; it printed: %s",
		    buf_string(&p->printed));
	}
	waitpid(p->pid, &status, 0);
	p->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void
program_done(struct program *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	program_end_input(p);
	if (p->out >= 0)
		close(p->out);
	if (p->err >= 0)
		close(p->err);
	buf_done(&p->printed);
	buf_done(&p->complained);
	if (p->has_own_home)
		daemon_remove(p->home);
}
