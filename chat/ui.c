#include "ui.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "act.h"
#include "clock.h"
#include "face.h"
#include "link.h"
#include "log.h"
#include "paint.h"
#include "render.h"
#include "screen.h"
#include "wake.h"

enum {
	KEYS,
	NEWS,
	SIGNALS,
	WAITED_FOR,
	KEYS_AT_ONCE = 256, /* before the next paint */
	ANSWER_MS = 300,    /* at the end: for what the terminal still owes */
};

static const int taken[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT,
	SIGWINCH };

/* A descriptor that tells of the signals, blocked from now on. */
static int
take_signals(sigset_t *before)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		sigaddset(&set, taken[i]);
	pthread_sigmask(SIG_BLOCK, &set, before);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1)
		fatal(EX_OSERR, "signalfd");
	return fd;
}

static void
stop_and_go_on(struct face *f)
{
	f->wants_stop = false;
	screen_suspend();
	render_clear();
	face_stale(f, PART_ALL);
}

static void
on_signal(struct face *f, uint32_t signal)
{
	switch (signal) {
	case SIGTSTP:
		f->wants_stop = true;
		break;
	case SIGCONT:
		screen_resume();
		face_stale(f, PART_ALL);
		break;
	case SIGWINCH:
		screen_resize();
		face_stale(f, PART_ALL);
		break;
	default:
		f->is_over = true;
	}
}

static void
read_signals(struct face *f, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		on_signal(f, info.ssi_signo);
}

static void
read_keys(struct face *f)
{
	struct input_event event;

	for (int n = 0; n < KEYS_AT_ONCE && !f->is_over && !f->wants_stop &&
	     input_next(&f->input, clock_ms(), &event);
	     n++)
		act_on(f, &event);
}

/* What is written outlives the program. */
static void
keep_draft(struct face *f)
{
	if ((f->stale_keys & PART_INPUT) == 0)
		return;
	model_lock(f->model);
	windows_keep_draft(&f->windows);
	model_unlock(f->model);
}

static int
timeout_until(int64_t due_ms)
{
	int64_t left = due_ms - clock_ms();

	if (due_ms == INT64_MAX)
		return -1;
	if (left <= 0)
		return 0;
	return left < 60000 ? (int)left : 60000;
}

static int
timeout(const struct face *f)
{
	int64_t due = paint_due(f), paste = input_due(&f->input);

	return timeout_until(paste != -1 && paste < due ? paste : due);
}

/* Keys first, then signals and news; one paint at the end. */
static void
turn(struct face *f, struct pollfd *fds)
{
	if (poll(fds, WAITED_FOR, timeout(f)) == -1 && errno != EINTR)
		fatal(EX_OSERR, "poll");
	read_keys(f);
	keep_draft(f);
	if ((fds[KEYS].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		f->is_over = true;
	if (fds[SIGNALS].revents != 0)
		read_signals(f, fds[SIGNALS].fd);
	if (fds[NEWS].revents != 0) {
		wake_clear(f->model->wake);
		f->stale_news |= PART_ALL;
	}
	if (f->wants_stop)
		stop_and_go_on(f);
	if (!f->is_over)
		paint(f, clock_ms());
}

/* What the terminal still has to answer would land in the shell. */
static void
await_answer(struct face *f)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	struct input_event event;
	int64_t end = clock_ms() + ANSWER_MS;

	while (f->pace.is_asked && clock_ms() < end &&
	    poll(&fd, 1, timeout_until(end)) > 0 && fd.revents == POLLIN)
		while (input_next(&f->input, clock_ms(), &event))
			if (event.kind == INPUT_ANSWER)
				pace_answered(&f->pace);
}

static void
run(struct face *f, int signals)
{
	struct pollfd fds[WAITED_FOR] = {
		[KEYS] = { .fd = STDIN_FILENO, .events = POLLIN },
		[NEWS] = { .fd = f->model->wake, .events = POLLIN },
		[SIGNALS] = { .fd = signals, .events = POLLIN },
	};

	input_begin(&f->input);
	render_begin();
	/* What keys do depends on how things are laid out. */
	paint(f, clock_ms());
	while (!f->is_over)
		turn(f, fds);
	await_answer(f);
}

int
ui_run(struct model *model, struct link *link, const struct options *options)
{
	sigset_t before;
	int signals = take_signals(&before);
	const char *wrong = screen_begin();
	struct face face;

	(void)options;
	if (wrong != NULL) {
		log_warnx("%s; chat --batch needs no such thing", wrong);
		link_stop(link, NULL);
		return EX_UNAVAILABLE;
	}
	face_init(&face, model, link);
	link_start(link);
	run(&face, signals);
	screen_end();
	link_stop(link, face.why);
	close(signals);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	face_done(&face);
	return EX_OK;
}
