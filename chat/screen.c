#include "screen.h"

#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <ncurses.h>
#include <term.h>
#undef columns /* term.h's short names for what it knows */
#undef lines

#include "buf.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

enum {
	RESTORE_MAX = 512,
	STACK_SIZE = 65536, /* of the crash handler */
	SCREEN_MAX = 1000,  /* rows and columns that are painted */
	ESCAPE_MS = 50,	    /* an Escape is alone after it */
};

/* What every ANSI terminal knows or ignores: pastes are marked, the focus is
 * told. */
static const char modes_on[] = "\033[?2004h\033[?1004h";
static const char modes_off[] = "\033[?2004l\033[?1004l";
static const char title_push[] = "\033[22;2t", title_pop[] = "\033[23;2t";

static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

static SCREEN *screen;
static struct buf title;
static int colours;
static bool is_ansi, has_title;

/* For the crash handler: all it needs, made before. */
static char restore[RESTORE_MAX];
static size_t restore_len;
static struct termios found; /* the terminal's settings before us */
static volatile sig_atomic_t is_taken;
static int kept = -1, told = -1; /* standard error's stand-in, and itself */
static char stack[STACK_SIZE];

static void
put(const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes, len);
		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

/* ---- standard error ---- */

static void
errors_keep(void)
{
	if (!isatty(STDERR_FILENO))
		return;
	kept = memfd_create("errors", MFD_CLOEXEC);
	told = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (kept != -1 && told != -1)
		dup2(kept, STDERR_FILENO);
}

/* In a signal handler too. */
static void
errors_tell(void)
{
	char bytes[4096];
	off_t at = 0;
	ssize_t n;

	if (kept == -1 || told == -1)
		return;
	while ((n = pread(kept, bytes, sizeof(bytes), at)) > 0) {
		if (write(told, bytes, (size_t)n) != n)
			break;
		at += n;
	}
	dup2(told, STDERR_FILENO);
	close(told);
	close(kept);
	kept = told = -1;
}

/* ---- ways out ---- */

static void
give_back(void)
{
	if (!is_taken)
		return;
	is_taken = 0;
	put(restore, restore_len);
	tcsetattr(STDIN_FILENO, TCSANOW, &found);
	errors_tell();
}

static void
on_crash(int signal)
{
	give_back();
	/* The handler is gone (SA_RESETHAND): this one is deadly. */
	raise(signal);
}

static void
watch_crashes(bool is_on)
{
	static struct sigaction before[N(crashes)];
	struct sigaction action = {
		.sa_handler = on_crash,
		.sa_flags = SA_ONSTACK | (int)SA_RESETHAND | SA_NODEFER,
	};
	stack_t alternate = {
		.ss_sp = stack,
		.ss_size = sizeof(stack),
		.ss_flags = is_on ? 0 : SS_DISABLE,
	};

	if (is_on)
		sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < N(crashes); i++) {
		if (is_on)
			sigaction(crashes[i], &action, &before[i]);
		else
			sigaction(crashes[i], &before[i], NULL);
	}
	if (!is_on)
		sigaltstack(&alternate, NULL);
}

static void
add(const char *capability)
{
	size_t len;

	if (capability == NULL || capability == (char *)-1)
		return;
	len = strlen(capability);
	if (restore_len + len > sizeof(restore))
		return;
	memcpy(restore + restore_len, capability, len);
	restore_len += len;
}

/* Without delays ($<5>): a terminal that needs them is long gone. */
static void
make_restore(void)
{
	restore_len = 0;
	if (is_ansi)
		add(modes_off);
	add(exit_attribute_mode);
	add(orig_pair);
	add(keypad_local);
	add(cursor_normal);
	if (exit_ca_mode == NULL) {
		add(tparm(cursor_address, LINES - 1, 0));
		add("\n");
	}
	add(exit_ca_mode);
	if (has_title)
		add(title_pop);
}

/* ---- begin ---- */

/* Terminals that know the title's sequences say so (XT); under tmux and screen
 * they may not. */
static bool
knows_titles(void)
{
	const char *term = getenv("TERM");

	if (!is_ansi || term == NULL)
		return false;
	return tigetflag("XT") > 0 || strncmp(term, "screen", 6) == 0 ||
	    strncmp(term, "tmux", 4) == 0;
}

static const char *
look_up(void)
{
	const char *why = NULL;
	int error;

	if (getenv("TERM") == NULL)
		return "TERM is not set";
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return "the terminal that TERM names is not known";
	if (cursor_address == NULL)
		why = "the terminal that TERM names cannot place a cursor";
	del_curterm(cur_term);
	return why;
}

static int
count_colours(void)
{
	const char *without = getenv("NO_COLOR");

	if ((without != NULL && without[0] != '\0') || !has_colors())
		return 0;
	start_color();
	return use_default_colors() == OK ? COLORS : 0;
}

static void
set_modes(void)
{
	raw();
	noecho();
	nonl();
	/* Painting is never broken off: nobody would take it up again. */
	typeahead(-1);
	idlok(stdscr, TRUE);
	scrollok(stdscr, FALSE);
}

static void
modes_enter(void)
{
	if (has_title)
		put(title_push, sizeof(title_push) - 1);
	if (is_ansi)
		put(modes_on, sizeof(modes_on) - 1);
	buf_clear(&title);
}

const char *
screen_begin(void)
{
	static bool is_registered;
	const char *why = look_up();

	if (why != NULL)
		return why;
	if (tcgetattr(STDIN_FILENO, &found) == -1)
		return "standard input is not a terminal";
	use_env(TRUE);
	use_tioctl(TRUE);
	if (getenv("ESCDELAY") == NULL)
		set_escdelay(ESCAPE_MS);
	screen = newterm(NULL, stdout, stdin);
	if (screen == NULL)
		return "the terminal cannot be used";
	is_ansi = strncmp(cursor_address, "\033[", 2) == 0;
	has_title = knows_titles();
	set_modes();
	colours = count_colours();
	make_restore();
	if (!is_registered)
		is_registered = atexit(give_back) == 0;
	is_taken = 1;
	watch_crashes(true);
	errors_keep();
	modes_enter();
	return NULL;
}

/* ---- leave ---- */

static void
leave(void)
{
	if (is_ansi)
		put(modes_off, sizeof(modes_off) - 1);
	endwin();
	if (has_title)
		put(title_pop, sizeof(title_pop) - 1);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
	is_taken = 0;
	errors_tell();
}

void
screen_end(void)
{
	leave();
	watch_crashes(false);
	delscreen(screen);
	screen = NULL;
	buf_done(&title);
}

/* The whole group, as a shell would: who started us may wait in it. */
static void
stop(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaction(SIGTSTP, &plain, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, &before);
	kill(0, SIGTSTP);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	/* That it goes on is known; nobody else needs to be told. */
	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigtimedwait(&set, NULL, &(struct timespec){ 0 });
}

void
screen_suspend(void)
{
	leave();
	stop();
	tcgetattr(STDIN_FILENO, &found);
	def_shell_mode();
	reset_prog_mode();
	is_taken = 1;
	errors_keep();
	modes_enter();
	screen_resize();
}

void
screen_resume(void)
{
	reset_prog_mode();
	if (is_ansi)
		put(modes_on, sizeof(modes_on) - 1);
	screen_resize();
}

/* ---- painting ---- */

void
screen_size(int *rows, int *columns)
{
	*rows = LINES > 0 ? LINES : 1;
	*columns = COLS > 0 ? COLS : 1;
}

static int
least(int a, int b)
{
	return a < b ? a : b;
}

void
screen_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row != 0 &&
	    size.ws_col != 0)
		resizeterm(least(size.ws_row, SCREEN_MAX),
		    least(size.ws_col, SCREEN_MAX));
	make_restore();
	screen_redraw();
}

void
screen_redraw(void)
{
	clearok(curscr, TRUE);
}

void
screen_flush(void)
{
	wnoutrefresh(stdscr);
	doupdate();
}

bool
screen_ask(void)
{
	if (is_ansi)
		put("\033[5n", 4);
	return is_ansi;
}

void
screen_title(struct slice words)
{
	if (!has_title || slice_is(words, buf_slice(&title)))
		return;
	buf_clear(&title);
	buf_add_slice(&title, words);

	struct buf sequence = { 0 };
	buf_printf(&sequence, "\033]2;%.*s\033\\", SLICE_ARG(words));
	put((const char *)buf_at(&sequence), sequence.len);
	buf_done(&sequence);
}

void
screen_beep(void)
{
	beep();
}

int
screen_colours(void)
{
	return colours;
}

bool
screen_is_ascii(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}
