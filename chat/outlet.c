#include "outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "lines.h"
#include "link.h"
#include "log.h"
#include "options.h"
#include "wake.h"

enum { LEFT_MS = 1000 }; /* after a signal: for what is left to be read */

/* ---- start ---- */

static int
take_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;
	int fd;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		fatal(EX_OSERR, "signalfd");
	return fd;
}

void
outlet_init(struct outlet *o, struct model *m, const struct options *options)
{
	*o = (struct outlet){ .model = m,
		.is_json = options->is_json,
		.timeout_ms = options->timeout_ms,
		.signals = take_signals(),
		.off_ms = clock_ms() };
	pthread_cond_init(&o->drained, NULL);
}

/* ---- lines come ---- */

void
outlet_print(struct outlet *o, const struct event *e)
{
	if (o->is_json)
		lines_json(&o->out, e);
	else
		lines_text(&o->out, e);
}

bool
outlet_is_full(const struct outlet *o)
{
	return o->out.len > OUTLET_MAX;
}

void
outlet_rest(struct outlet *o)
{
	model_lock(o->model);
	while (outlet_is_full(o) && !o->is_ending)
		pthread_cond_wait(&o->drained, &o->model->lock);
	model_unlock(o->model);
}

/* ---- and go ---- */

void
outlet_end(struct outlet *o, int status)
{
	if (!o->is_over)
		o->status = status;
	o->is_over = true;
}

static void
take_lines(struct outlet *o)
{
	struct buf empty = o->writing;

	if (o->writing.len != 0)
		return;
	o->writing = o->out;
	o->out = empty;
	pthread_cond_signal(&o->drained);
}

/* So much goes into a pipe that is ready without waiting. */
static void
write_some(struct outlet *o)
{
	size_t len = o->writing.len < PIPE_BUF ? o->writing.len : PIPE_BUF;
	ssize_t n = write(STDOUT_FILENO, buf_at(&o->writing), len);

	if (n >= 0) {
		buf_consume(&o->writing, (size_t)n);
	} else if (errno == EPIPE) {
		buf_clear(&o->writing);
		outlet_end(o, EX_OK);
	} else if (errno != EINTR && errno != EAGAIN) {
		log_warn("standard output");
		buf_clear(&o->writing);
		outlet_end(o, EX_IOERR);
	}
}

void
outlet_look(struct outlet *o)
{
	struct model *m = o->model;
	int64_t now_ms = clock_ms();

	take_lines(o);
	if (m->is_over) {
		log_warnx("%s", m->over_why);
		outlet_end(o, m->over_status);
	} else if (m->state == LINK_LIVE) {
		o->off_ms = 0;
	} else if (o->off_ms == 0) {
		o->off_ms = o->is_patient ? 0 : now_ms;
	} else if (now_ms - o->off_ms >= o->timeout_ms) {
		log_warnx("%s%s", m->why[0] != '\0' ? m->why : m->where,
		    m->why[0] != '\0' ? "" : ": no connection in time");
		outlet_end(o, EX_UNAVAILABLE);
	}
}

static int
wait_ms(const struct outlet *o)
{
	int64_t left = o->off_ms + o->timeout_ms - clock_ms();

	if (o->off_ms == 0)
		return -1;
	return left > 0 ? (int)left : 0;
}

bool
outlet_wait(struct outlet *o, int input)
{
	struct pollfd p[4] = {
		{ .fd = input, .events = POLLIN },
		{ .fd = STDOUT_FILENO,
		    .events = o->writing.len != 0 ? POLLOUT : 0 },
		{ .fd = o->model->wake, .events = POLLIN },
		{ .fd = o->signals, .events = POLLIN },
	};

	if (o->is_over || poll(p, 4, wait_ms(o)) < 0)
		return false;
	wake_clear(o->model->wake);
	if (p[3].revents != 0)
		outlet_end(o, EX_OK);
	if ((p[1].revents & (POLLERR | POLLNVAL)) != 0) {
		buf_clear(&o->writing);
		outlet_end(o, EX_OK);
		return false;
	}
	if ((p[1].revents & POLLOUT) != 0)
		write_some(o);
	return p[0].revents != 0;
}

/* ---- the end ---- */

/* A reader may take its time; who was told to end does not wait for long. */
static void
write_rest(struct outlet *o)
{
	struct pollfd p[2] = {
		{ .fd = STDOUT_FILENO, .events = POLLOUT },
		{ .fd = o->signals, .events = POLLIN },
	};

	for (;;) {
		take_lines(o);
		if (o->writing.len == 0 ||
		    poll(p, 2, p[1].fd < 0 ? LEFT_MS : -1) <= 0)
			return;
		if (p[1].revents != 0)
			p[1].fd = -1;
		if ((p[0].revents & (POLLERR | POLLNVAL)) != 0)
			return;
		if ((p[0].revents & POLLOUT) != 0)
			write_some(o);
	}
}

void
outlet_done(struct outlet *o, struct link *link, const char *why)
{
	model_lock(o->model);
	o->is_ending = true;
	pthread_cond_signal(&o->drained);
	model_unlock(o->model);
	link_stop(link, why);
	model_lock(o->model);
	o->model->ears = (struct model_ears){ .event = NULL };
	model_unlock(o->model);
	write_rest(o);
	close(o->signals);
	pthread_cond_destroy(&o->drained);
	buf_done(&o->out);
	buf_done(&o->writing);
}
