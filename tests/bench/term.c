#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/* What the terminal has to say, to CSI 5 n and the like. */
static void
answer(const char *bytes, size_t len, void *arg)
{
	struct term *t = arg;

	if (t->fd >= 0 && write(t->fd, bytes, len) < 0)
		log_warn("the program does not read");
}

static void
become(const char *home, const char *const *argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("HOME", home, 1);
	setenv("XDG_STATE_HOME", home, 1);
	setenv("XDG_RUNTIME_DIR", home, 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

void
term_start(struct term *t, const char *home, const char *const *argv)
{
	const struct winsize size = { .ws_row = TERM_ROWS,
		.ws_col = TERM_COLUMNS };

	*t = (struct term){ .vt = vterm_new(TERM_ROWS, TERM_COLUMNS) };
	vterm_set_utf8(t->vt, 1);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_enable_altscreen(t->screen, 1);
	vterm_screen_reset(t->screen, 1);
	vterm_output_set_callback(t->vt, answer, t);
	t->pid = forkpty(&t->fd, NULL, NULL, &size);
	if (t->pid < 0)
		fatal(71, "pty");
	if (t->pid == 0)
		become(home, argv);
	fcntl(t->fd, F_SETFL, O_NONBLOCK);
	fcntl(t->fd, F_SETFD, FD_CLOEXEC);
}

void
term_done(struct term *t)
{
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	if (t->fd >= 0)
		close(t->fd);
	vterm_free(t->vt);
}

void
term_read(struct term *t)
{
	char bytes[65536];
	ssize_t n = read(t->fd, bytes, sizeof(bytes));

	if (n > 0) {
		t->bytes += (uint64_t)n;
		t->writes++;
		vterm_input_write(t->vt, bytes, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) {
		close(t->fd);
		t->fd = -1;
	}
}

void
term_type(struct term *t, const char *keys)
{
	if (write(t->fd, keys, strlen(keys)) < 0)
		log_warn("the program does not read");
}

void
term_row(const struct term *t, int row, char text[TERM_COLUMNS * 4 + 1])
{
	const VTermRect rect = { row, row + 1, 0, TERM_COLUMNS };
	size_t n = vterm_screen_get_text(
	    t->screen, text, (size_t)TERM_COLUMNS * 4, rect);

	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n'))
		n--;
	text[n] = '\0';
}

bool
term_shows(const struct term *t, const char *words)
{
	char text[TERM_COLUMNS * 4 + 1];
	int row;

	for (row = TERM_ROWS - 1; row >= 0; row--) {
		term_row(t, row, text);
		if (strstr(text, words) != NULL)
			return true;
	}
	return false;
}
