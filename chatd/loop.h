/*
 * The event loop: poll() over the busy descriptors, the timer heap, and what
 * is to be done at the end of each turn.  Knows nothing of chat.
 *
 * poll() costs time for every descriptor it is handed, so a watch that has been
 * quiet for a while is parked: it moves from the array into one epoll set whose
 * descriptor stands in the array for all of them, and comes back with its first
 * event.  Only watches that want nothing but input are parked.  Nobody above
 * knows.
 *
 * A turn: wait; call ready() of the watches; run the timers that are due; call
 * the end hooks in the order they were added.  So a deadline that passed while
 * the whole program stood still finds what came meanwhile.  What a handler
 * removes is not called any more in the same turn.  One thread, but for
 * loop_stop() and wake_up() on a watched wake descriptor.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "heap.h"

struct loop;

/* Embedded in what it watches for; all zero before loop_watch(). */
struct watch {
	void (*ready)(struct watch *, short revents); /* of poll(2) */
	int fd;
	short events; /* wanted: POLLIN, POLLOUT, both or 0 */
	bool parked;
	uint8_t quiet;	/* turns without an event */
	uint32_t place; /* 0: not in the array; else index + 1 */
};

struct loop *loop_new(void);
void loop_free(struct loop *);

/* The watch must stay where it is until loop_unwatch().  The descriptor stays
 * the caller's. */
void loop_watch(struct loop *, struct watch *, int fd, short events,
    void (*ready)(struct watch *, short revents));
void loop_want(struct loop *, struct watch *, short events);
void loop_unwatch(struct loop *, struct watch *); /* before closing fd */

/* Milliseconds of clock_ms(), read once a turn. */
int64_t loop_now(const struct loop *);
struct heap *loop_timers(struct loop *);

/* Called once at the end of every turn, before waiting again. */
void loop_at_end(struct loop *, void (*fn)(void *), void *arg);
/* There is more to do: the next wait returns at once. */
void loop_again(struct loop *);

/* Until loop_stop().  Returns 0, or -1 and errno when poll() itself fails. */
int loop_run(struct loop *);
void loop_stop(struct loop *);
/* Turns taken so far, descriptors in the array and in the parked set. */
struct loop_figures {
	uint64_t turns;
	unsigned busy, parked;
};
struct loop_figures loop_figures(const struct loop *);

#endif
