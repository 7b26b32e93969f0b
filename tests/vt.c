#include "vt.h"

#include <criterion/criterion.h>
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
#include <unistd.h>

#include "clock.h"
#include "utf8.h"

enum { CELL_BYTES = 32, QUIET_MS = 100 };

/* ---- start ---- */

static void
set_env(const char *const *env)
{
	for (int i = 0; i < VT_ENV && env[i] != NULL; i++) {
		char name[256];
		const char *equals = strchr(env[i], '=');
		size_t len =
		    equals != NULL ? (size_t)(equals - env[i]) : strlen(env[i]);
		snprintf(name, sizeof(name), "%.*s", (int)len, env[i]);
		if (equals != NULL)
			setenv(name, equals + 1, 1);
		else
			unsetenv(name);
	}
}

/* In the shell: the program with the terminal in its hand; every change of its
 * state goes through the pipe, first its number. */
static void
be_shell(const struct vt *vt, int states, const struct vt_options *o)
{
	int slave = vt->slave;
	sigset_t none;
	pid_t pid;
	int status;

	close(vt->fd);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGHUP, SIG_IGN);
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(slave, getpid());
		signal(SIGTTOU, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(slave, 0);
		dup2(slave, 1);
		dup2(slave, 2);
		set_env(o->env);
		execv(o->argv[0], (char *const *)(uintptr_t)o->argv);
		_exit(127);
	}
	setpgid(pid, pid);
	(void)!write(states, &pid, sizeof(pid));
	while (waitpid(pid, &status, WUNTRACED) == pid) {
		(void)!write(states, &status, sizeof(status));
		if (!WIFSTOPPED(status))
			break;
	}
	_exit(0);
}

static void
to_program(const char *bytes, size_t len, void *arg)
{
	struct vt *vt = arg;

	if (!vt->is_silent)
		vt_type_bytes(vt, bytes, len);
}

static void
open_screen(struct vt *vt)
{
	vt->term = vterm_new(vt->rows, vt->columns);
	vterm_set_utf8(vt->term, 1);
	vterm_output_set_callback(vt->term, to_program, vt);
	vt->screen = vterm_obtain_screen(vt->term);
	vterm_screen_enable_altscreen(vt->screen, 1);
	vterm_screen_reset(vt->screen, 1);
}

void
vt_start(struct vt *vt, const struct vt_options *o)
{
	struct winsize size = { .ws_row = (unsigned short)o->rows,
		.ws_col = (unsigned short)o->columns };
	int states[2];

	*vt = (struct vt){ .rows = o->rows,
		.columns = o->columns,
		.is_silent = o->is_silent };
	cr_assert_eq(openpty(&vt->fd, &vt->slave, NULL, NULL, &size), 0);
	fcntl(vt->fd, F_SETFD, FD_CLOEXEC);
	fcntl(vt->fd, F_SETFL, O_NONBLOCK);
	fcntl(vt->slave, F_SETFD, FD_CLOEXEC);
	cr_assert_eq(tcgetattr(vt->slave, &vt->found), 0);
	cr_assert_eq(pipe2(states, O_CLOEXEC), 0);
	vt->states = states[0];
	fflush(NULL);
	vt->shell = fork();
	cr_assert_geq(vt->shell, 0);
	if (vt->shell == 0)
		be_shell(vt, states[1], o);
	close(states[1]);
	cr_assert_eq(read(vt->states, &vt->pid, sizeof(vt->pid)),
	    (ssize_t)sizeof(vt->pid));
	open_screen(vt);
}

void
vt_look_away(struct vt *vt)
{
	if (vt->term != NULL)
		vterm_free(vt->term);
	vt->term = NULL;
}

void
vt_look_again(struct vt *vt)
{
	vt_look_away(vt);
	open_screen(vt);
}

void
vt_done(struct vt *vt)
{
	if (!vt->is_over)
		kill(vt->pid, SIGKILL);
	waitpid(vt->shell, NULL, 0);
	vt_look_away(vt);
	close(vt->fd);
	close(vt->slave);
	close(vt->states);
	buf_done(&vt->bytes);
}

/* ---- in and out ---- */

static void
read_state(struct vt *vt)
{
	int status;

	if (read(vt->states, &status, sizeof(status)) !=
	    (ssize_t)sizeof(status)) {
		vt->is_over = true;
		return;
	}
	vt->is_stopped = WIFSTOPPED(status);
	if (vt->is_stopped)
		return;
	vt->is_over = true;
	vt->status = status;
}

static bool
read_bytes(struct vt *vt)
{
	char bytes[65536];
	ssize_t n = read(vt->fd, bytes, sizeof(bytes));

	if (n <= 0)
		return false;
	buf_add(&vt->bytes, bytes, (size_t)n);
	if (vt->term != NULL)
		vterm_input_write(vt->term, bytes, (size_t)n);
	return true;
}

bool
vt_pump(struct vt *vt, int wait_ms)
{
	struct pollfd fds[2] = { { .fd = vt->fd, .events = POLLIN },
		{ .fd = vt->is_over ? -1 : vt->states, .events = POLLIN } };

	if (poll(fds, 2, wait_ms) <= 0)
		return false;
	if ((fds[0].revents & POLLIN) != 0)
		return read_bytes(vt);
	if (fds[1].revents != 0)
		read_state(vt);
	return true;
}

void
vt_type_bytes(struct vt *vt, const char *bytes, size_t len)
{
	struct pollfd fd = { .fd = vt->fd, .events = POLLOUT };

	while (len > 0) {
		ssize_t n = write(vt->fd, bytes, len);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
			continue;
		}
		cr_assert(n == -1 && errno == EAGAIN, "%s", strerror(errno));
		/* The program may wait for us to read. */
		if (poll(&fd, 1, 10) == 0)
			vt_pump(vt, 0);
	}
}

void
vt_type(struct vt *vt, const char *keys)
{
	vt_type_bytes(vt, keys, strlen(keys));
}

void
vt_resize(struct vt *vt, int rows, int columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows,
		.ws_col = (unsigned short)columns };

	vt->rows = rows;
	vt->columns = columns;
	if (vt->term != NULL)
		vterm_set_size(vt->term, rows, columns);
	cr_assert_eq(ioctl(vt->fd, TIOCSWINSZ, &size), 0);
}

void
vt_signal(struct vt *vt, int signal)
{
	cr_assert_eq(kill(vt->pid, signal), 0);
	if (signal == SIGCONT)
		vt->is_stopped = false;
}

/* ---- the screen ---- */

static void
add_cell(struct buf *out, const VTermScreenCell *cell)
{
	char bytes[4];

	if (cell->chars[0] == 0)
		buf_add_string(out, " ");
	for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i] != 0;
	     i++)
		buf_add(out, bytes, utf8_put(cell->chars[i], bytes));
}

char *
vt_text(struct vt *vt)
{
	struct buf out = { 0 };
	VTermScreenCell cell;
	char *copy;

	for (VTermPos at = { 0, 0 }; at.row < vt->rows; at.row++) {
		for (at.col = 0; at.col < vt->columns; at.col++) {
			vterm_screen_get_cell(vt->screen, at, &cell);
			add_cell(&out, &cell);
			at.col += cell.width == 2;
		}
		while (out.len > 0 && buf_at(&out)[out.len - 1] == ' ')
			out.len--;
		buf_add_string(&out, "\n");
	}
	copy = strdup(buf_string(&out));
	buf_done(&out);
	return copy;
}

bool
vt_shows(struct vt *vt, const char *words)
{
	char *text = vt_text(vt);
	bool shows = strstr(text, words) != NULL;

	free(text);
	return shows;
}

VTermScreenCell
vt_cell(struct vt *vt, const char *words)
{
	VTermScreenCell cell = { .width = 0 };
	char *text = vt_text(vt), *row = text, *end, *at;

	for (VTermPos pos = { 0, 0 }; *row != '\0'; pos.row++, row = end + 1) {
		end = strchr(row, '\n');
		*end = '\0';
		at = strstr(row, words);
		if (at == NULL)
			continue;
		pos.col = utf8_width(row, (size_t)(at - row));
		vterm_screen_get_cell(vt->screen, pos, &cell);
		break;
	}
	free(text);
	cr_assert_neq(cell.width, 0, "not on the screen: %s", words);
	return cell;
}

bool
vt_wrote(const struct vt *vt, const char *bytes)
{
	return vt->bytes.len != 0 &&
	    memmem(buf_at(&vt->bytes), vt->bytes.len, bytes, strlen(bytes)) !=
	    NULL;
}

/* ---- waiting ---- */

static void
fail(struct vt *vt, const char *what, const char *words)
{
	char *text = vt_text(vt);

	cr_assert_fail("%s: %s; %s\n%s", what, words,
	    vt->is_over ? "the program is over" : "the program goes on", text);
}

static void
await(struct vt *vt, const char *words, bool shall_show)
{
	int64_t end = clock_ms() + VT_WAIT_MS;

	while (vt_shows(vt, words) != shall_show) {
		if (clock_ms() >= end || (vt->is_over && !vt_pump(vt, 0)))
			fail(vt, shall_show ? "not shown" : "still shown",
			    words);
		vt_pump(vt, QUIET_MS);
	}
}

void
vt_await(struct vt *vt, const char *words)
{
	await(vt, words, true);
}

void
vt_await_gone(struct vt *vt, const char *words)
{
	await(vt, words, false);
}

void
vt_await_stop(struct vt *vt)
{
	int64_t end = clock_ms() + VT_WAIT_MS;

	while (!vt->is_stopped) {
		if (clock_ms() >= end || vt->is_over)
			fail(vt, "not stopped", "");
		vt_pump(vt, QUIET_MS);
	}
	while (vt_pump(vt, 0))
		;
}

int
vt_await_end(struct vt *vt)
{
	int64_t end = clock_ms() + VT_WAIT_MS;

	while (!vt->is_over) {
		if (clock_ms() >= end)
			fail(vt, "goes on", "");
		vt_pump(vt, QUIET_MS);
	}
	while (vt_pump(vt, 0))
		;
	return WIFEXITED(vt->status) ? WEXITSTATUS(vt->status)
				     : -WTERMSIG(vt->status);
}

void
vt_settle(struct vt *vt, int quiet_ms)
{
	int64_t end = clock_ms() + VT_WAIT_MS;

	while (vt_pump(vt, quiet_ms) && clock_ms() < end)
		;
}

/* ---- masks ---- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of a time of day, 14:05 or 14:05:09, at the front; 0: none. */
static size_t
clock_length(const char *s)
{
	size_t n = 0;

	for (int part = 0; part < 3; part++) {
		size_t at = n + (part != 0);
		if (part != 0 && s[n] != ':')
			break;
		if (!is_digit(s[at]) || !is_digit(s[at + 1]))
			break;
		n = at + 2;
	}
	return n > 2 && !is_digit(s[n]) ? n : 0;
}

static void
mask_clocks(char *text)
{
	for (char *at = text; *at != '\0'; at++) {
		size_t n =
		    at == text || !is_digit(at[-1]) ? clock_length(at) : 0;
		for (size_t i = 0; i < n; i++)
			at[i] = at[i] == ':' ? ':' : '0';
	}
}

/* 2026-11-20 */
static bool
is_day(const char *s)
{
	static const char form[] = "0000-00-00";

	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == '-' ? s[i] != '-' : !is_digit(s[i]))
			return false;
	return true;
}

static void
mask_days(char *text)
{
	for (char *at = text; *at != '\0'; at++)
		for (size_t i = 0; is_day(at) && i < 10; i++)
			if (at[i] != '-')
				at[i] = '0';
}

/* A row of dashes with a date in it says so instead; "ok 12 ms" has no number
 * any more. */
static void
add_masked(struct buf *out, const char *row)
{
	const char *ok = strstr(row, "ok ");

	if (strstr(row, "day ") != NULL && strstr(row, "---- ") != NULL) {
		buf_add_string(out, "---- DATE ----");
	} else if (ok != NULL && is_digit(ok[3])) {
		const char *ms = ok + 3;
		while (is_digit(*ms))
			ms++;
		buf_add(out, row, (size_t)(ok - row));
		buf_printf(out, "ok N%s", ms);
	} else {
		buf_add_string(out, row);
	}
	buf_add_string(out, "\n");
}

char *
vt_masked(struct vt *vt)
{
	char *text = vt_text(vt), *row = text, *end, *copy;
	struct buf out = { 0 };

	mask_clocks(text);
	mask_days(text);
	for (; *row != '\0'; row = end + 1) {
		end = strchr(row, '\n');
		*end = '\0';
		add_masked(&out, row);
	}
	free(text);
	copy = strdup(buf_string(&out));
	buf_done(&out);
	return copy;
}

static bool
is_masked(struct vt *vt, const char *text)
{
	char *now = vt_masked(vt);
	bool is = strcmp(now, text) == 0;

	free(now);
	return is;
}

void
vt_await_masked(struct vt *vt, const char *text)
{
	int64_t end = clock_ms() + VT_WAIT_MS;

	while (!is_masked(vt, text)) {
		if (clock_ms() >= end || vt->is_over)
			cr_assert_fail("the screen is\n%s\ninstead of\n%s",
			    vt_masked(vt), text);
		vt_pump(vt, QUIET_MS);
	}
}

void
vt_expect(struct vt *vt, const char *name)
{
	char path[256], text[65536];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "tests/screens/%s.txt", name);
	if (getenv("VT_WRITE") != NULL) {
		vt_settle(vt, 5 * QUIET_MS);
		char *now = vt_masked(vt);
		file = fopen(path, "w");
		cr_assert_not_null(file);
		fputs(now, file);
		fclose(file);
		free(now);
	}
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s: %s", path, strerror(errno));
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	vt_await_masked(vt, text);
}
