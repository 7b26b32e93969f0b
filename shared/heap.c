#include "heap.h"

#include <stdlib.h>

#include "xmalloc.h"

enum { HEAP_LEAST = 16 }; /* timers in the first allocation */

void
heap_done(struct heap *h)
{
	free(h->at);
	*h = (struct heap){ 0 };
}

bool
heap_holds(const struct timer *t)
{
	return t->place != 0;
}

/* Equal times fire in the order in which they were set. */
static bool
is_before(const struct timer *a, const struct timer *b)
{
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms;
	return a->order < b->order;
}

static void
put(struct heap *h, size_t i, struct timer *t)
{
	h->at[i] = t;
	t->place = i + 1;
}

/* Finds t's place at i or nearer to the top. */
static void
rise(struct heap *h, size_t i, struct timer *t)
{
	while (i > 0 && is_before(t, h->at[(i - 1) / 2])) {
		put(h, i, h->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(h, i, t);
}

/* Finds t's place at i or farther from the top. */
static void
sink(struct heap *h, size_t i, struct timer *t)
{
	size_t child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n &&
		    is_before(h->at[child + 1], h->at[child]))
			child++;
		if (!is_before(h->at[child], t))
			break;
		put(h, i, h->at[child]);
		i = child;
	}
	put(h, i, t);
}

static void
settle(struct heap *h, size_t i, struct timer *t)
{
	if (i > 0 && is_before(t, h->at[(i - 1) / 2]))
		rise(h, i, t);
	else
		sink(h, i, t);
}

void
heap_set(struct heap *h, struct timer *t, int64_t due_ms)
{
	/* No time before the run that is going on: see heap_run(). */
	t->due_ms = due_ms > h->ran_ms ? due_ms : h->ran_ms;
	t->order = h->order++;
	if (t->place != 0) {
		settle(h, t->place - 1, t);
		return;
	}
	if (h->n == h->cap) {
		h->cap = h->cap != 0 ? 2 * h->cap : HEAP_LEAST;
		h->at = xrealloc(h->at, h->cap, sizeof(struct timer *));
	}
	rise(h, h->n++, t);
}

void
heap_cancel(struct heap *h, struct timer *t)
{
	struct timer *last;
	size_t i;

	if (t->place == 0)
		return;
	i = t->place - 1;
	t->place = 0;
	last = h->at[--h->n];
	if (last != t)
		settle(h, i, last);
}

int64_t
heap_wait(const struct heap *h, int64_t now_ms)
{
	if (h->n == 0)
		return -1;
	return h->at[0]->due_ms > now_ms ? h->at[0]->due_ms - now_ms : 0;
}

/* What is set during the run has an order of at least end and is due at now_ms
 * or later, so it stands behind all that was due before. */
void
heap_run(struct heap *h, int64_t now_ms)
{
	uint64_t end = h->order;
	struct timer *t;

	h->ran_ms = now_ms;
	while (h->n > 0) {
		t = h->at[0];
		if (t->due_ms > now_ms || t->order >= end)
			break;
		heap_cancel(h, t);
		t->fire(t);
	}
}
