#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "wake.h"
#include "xmalloc.h"

enum {
	LOOP_QUIET = 4, /* turns without an event, then a watch is parked */
	LOOP_BUSY = 16, /* so few descriptors are cheaper left in the array */
	LOOP_EVENTS = 256, /* taken out of the parked set at a time */
	LOOP_HOOKS = 8,
	LOOP_LEAST = 64, /* places in the first arrays */
};

_Static_assert(EPOLLIN == POLLIN && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP,
    "events of the parked set are events of poll()");

/*
 * polls and watches go in step.  Place 0 is the parked set's descriptor, whose
 * watch is NULL.  A watch removed leaves a gap (fd -1, watch NULL), so that
 * nobody changes place while handlers run; gaps are closed before poll().
 */
struct loop {
	struct pollfd *polls;
	struct watch **watches;
	unsigned n, cap; /* places, gaps included */
	unsigned gaps;

	int set; /* epoll: all that are parked */
	unsigned parked;

	struct heap timers;
	int64_t now_ms;
	uint64_t turns;
	bool again;

	atomic_bool stopping;
	struct watch wake;

	unsigned nhooks;
	struct {
		void (*fn)(void *);
		void *arg;
	} hooks[LOOP_HOOKS];
};

static void
put(struct loop *l, unsigned i, struct pollfd p, struct watch *w)
{
	l->polls[i] = p;
	l->watches[i] = w;
	if (w != NULL)
		w->place = i + 1;
}

static void
append(struct loop *l, struct pollfd p, struct watch *w)
{
	if (l->n == l->cap) {
		l->cap = l->cap != 0 ? 2 * l->cap : LOOP_LEAST;
		l->polls = xrealloc(l->polls, l->cap, sizeof(*l->polls));
		l->watches =
		    xrealloc(l->watches, l->cap, sizeof(struct watch *));
	}
	put(l, l->n++, p, w);
}

static void
leave_gap(struct loop *l, struct watch *w)
{
	put(l, w->place - 1, (struct pollfd){ .fd = -1 }, NULL);
	w->place = 0;
	l->gaps++;
}

static void
close_gaps(struct loop *l)
{
	unsigned i = 1;

	while (l->gaps > 0) {
		if (l->watches[i] != NULL) {
			i++;
			continue;
		}
		l->n--;
		if (i < l->n)
			put(l, i, l->polls[l->n], l->watches[l->n]);
		l->gaps--;
	}
}

/* What the set refuses (it has no room, or takes no such file) stays. */
static void
park(struct loop *l, struct watch *w)
{
	struct epoll_event e = { .events = (uint32_t)w->events, .data.ptr = w };

	w->quiet = 0;
	if (epoll_ctl(l->set, EPOLL_CTL_ADD, w->fd, &e) < 0)
		return;
	leave_gap(l, w);
	w->parked = true;
	l->parked++;
}

static void
take_out(struct loop *l, struct watch *w)
{
	epoll_ctl(l->set, EPOLL_CTL_DEL, w->fd, NULL);
	w->parked = false;
	l->parked--;
}

/* Back into the array, with the events that are to be told this turn. */
static void
unpark(struct loop *l, struct watch *w, short revents)
{
	struct pollfd p = {
		.fd = w->fd, .events = w->events, .revents = revents
	};

	take_out(l, w);
	append(l, p, w);
}

/* Ends, because whatever had an event is in the set no more. */
static void
unpark_ready(struct loop *l)
{
	struct epoll_event events[LOOP_EVENTS];
	int i, n;

	do {
		n = epoll_wait(l->set, events, LOOP_EVENTS, 0);
		for (i = 0; i < n; i++)
			unpark(l, events[i].data.ptr,
			    (short)(events[i].events &
				(POLLIN | POLLERR | POLLHUP)));
	} while (n == LOOP_EVENTS);
}

static void
on_wake(struct watch *w, short revents)
{
	(void)revents;
	wake_clear(w->fd);
}

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->set = epoll_create1(EPOLL_CLOEXEC);
	if (l->set < 0)
		fatal(EX_OSERR, "epoll_create1");
	append(l, (struct pollfd){ .fd = l->set, .events = POLLIN }, NULL);
	atomic_init(&l->stopping, false);
	l->now_ms = clock_ms();
	loop_watch(l, &l->wake, wake_open(), POLLIN, on_wake);
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	close(l->wake.fd);
	close(l->set);
	heap_done(&l->timers);
	free(l->polls);
	free(l->watches);
	free(l);
}

void
loop_watch(struct loop *l, struct watch *w, int fd, short events,
    void (*ready)(struct watch *, short revents))
{
	assert(w->place == 0 && !w->parked);
	*w = (struct watch){ .ready = ready, .fd = fd, .events = events };
	append(l, (struct pollfd){ .fd = fd, .events = events }, w);
}

void
loop_want(struct loop *l, struct watch *w, short events)
{
	if (w->events == events)
		return;
	if (w->parked)
		unpark(l, w, 0);
	assert(w->place != 0);
	w->events = events;
	w->quiet = 0;
	l->polls[w->place - 1].events = events;
}

void
loop_unwatch(struct loop *l, struct watch *w)
{
	if (w->parked)
		take_out(l, w);
	else if (w->place != 0)
		leave_gap(l, w);
}

int64_t
loop_now(const struct loop *l)
{
	return l->now_ms;
}

struct heap *
loop_timers(struct loop *l)
{
	return &l->timers;
}

void
loop_at_end(struct loop *l, void (*fn)(void *), void *arg)
{
	assert(l->nhooks < LOOP_HOOKS);
	l->hooks[l->nhooks].fn = fn;
	l->hooks[l->nhooks].arg = arg;
	l->nhooks++;
}

void
loop_again(struct loop *l)
{
	l->again = true;
}

static void
was_quiet(struct loop *l, struct watch *w)
{
	if (w->quiet < LOOP_QUIET)
		w->quiet++;
	else if ((w->events & ~POLLIN) == 0 && l->n - l->gaps > LOOP_BUSY)
		park(l, w);
}

/* A handler may add, which can move the arrays, and remove, which leaves gaps.
 * Those added now are heard of in the next turn. */
static void
dispatch(struct loop *l)
{
	unsigned i, end = l->n;
	struct watch *w;
	short revents;

	for (i = 1; i < end; i++) {
		w = l->watches[i];
		if (w == NULL)
			continue;
		if (l->polls[i].revents == 0) {
			was_quiet(l, w);
			continue;
		}
		w->quiet = 0;
		/* What it wants may have changed since poll(). */
		revents = (short)(l->polls[i].revents &
		    (l->polls[i].events | POLLERR | POLLHUP | POLLNVAL));
		if (revents != 0)
			w->ready(w, revents);
	}
}

static int
wait_ms(struct loop *l)
{
	int64_t ms;

	if (l->again) {
		l->again = false;
		return 0;
	}
	ms = heap_wait(&l->timers, clock_ms());
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static int
turn(struct loop *l)
{
	unsigned i;
	int n;

	close_gaps(l);
	n = poll(l->polls, l->n, wait_ms(l));
	if (n < 0 && errno != EINTR)
		return -1;
	l->turns++;
	l->now_ms = clock_ms();
	if (n > 0 && l->polls[0].revents != 0)
		unpark_ready(l);
	if (n >= 0)
		dispatch(l);
	heap_run(&l->timers, l->now_ms);
	for (i = 0; i < l->nhooks; i++)
		l->hooks[i].fn(l->hooks[i].arg);
	return 0;
}

int
loop_run(struct loop *l)
{
	while (!atomic_exchange(&l->stopping, false)) {
		if (turn(l) < 0)
			return -1;
	}
	return 0;
}

void
loop_stop(struct loop *l)
{
	atomic_store(&l->stopping, true);
	wake_up(l->wake.fd);
}

struct loop_figures
loop_figures(const struct loop *l)
{
	return (struct loop_figures){
		.turns = l->turns, .busy = l->n - l->gaps, .parked = l->parked
	};
}
