/*
 * The timer heap: which timer is due next.  Timers are embedded in what they
 * belong to and know their place in the heap, so that moving and removing one
 * costs O(log n).  Times are milliseconds of clock_ms().
 */
#ifndef HEAP_H
#define HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t due_ms;
	void (*fire)(struct timer *); /* called once, the timer already out */
	size_t place;                 /* 0: not set, else index + 1 */
	uint64_t order;               /* of setting: equal times keep it */
};

struct heap {
	struct timer **at;
	size_t n, cap;
	uint64_t order; /* of the next heap_set() */
	int64_t ran_ms; /* time of the last heap_run() */
};

void heap_done(struct heap *);
/* Sets or moves; the timer stays the caller's and must outlive its stay.  A
 * time before the last run's counts as that. */
void heap_set(struct heap *, struct timer *, int64_t due_ms);
void heap_cancel(struct heap *, struct timer *); /* also when not set */
bool heap_holds(const struct timer *);
/* Milliseconds until the next is due, at least 0; -1: there is none. */
int64_t heap_wait(const struct heap *, int64_t now_ms);
/* Fires all that are due at now_ms, earliest first; what they set anew for a
 * time not after now_ms is left to the next call. */
void heap_run(struct heap *, int64_t now_ms);

#endif
