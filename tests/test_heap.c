#include <criterion/criterion.h>

#include "heap.h"

enum { MANY = 200 };

static struct heap heap;

struct thing {
	struct timer timer;
	int name;
	int64_t again_ms; /* set anew to this by firing; 0: not */
	struct thing *cancels;
};

static int fired[1000];
static size_t n_fired;

static void
fire(struct timer *t)
{
	struct thing *thing = (struct thing *)t;

	cr_assert_not(heap_holds(t));
	cr_assert_lt(n_fired, 1000);
	fired[n_fired++] = thing->name;
	if (thing->cancels != NULL)
		heap_cancel(&heap, &thing->cancels->timer);
	if (thing->again_ms != 0)
		heap_set(&heap, t, thing->again_ms);
}

static struct thing
thing(int name)
{
	return (struct thing){ .timer.fire = fire, .name = name };
}

static void
expect_fired(const int *names, size_t n)
{
	cr_assert_eq(n_fired, n, "%zu fired", n_fired);
	cr_expect_arr_eq(fired, names, n * sizeof(*names));
	n_fired = 0;
}

static void
expect_nothing_fired(void)
{
	cr_expect_eq(n_fired, 0, "%zu fired", n_fired);
}

#define FIRED(...)                                                             \
	expect_fired((const int[]){ __VA_ARGS__ },                             \
	    sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

Test(heap, an_empty_one_waits_for_nothing)
{
	struct thing a = thing(1);

	cr_expect_eq(heap_wait(&heap, 0), -1);
	heap_run(&heap, 1000);
	heap_cancel(&heap, &a.timer);
	cr_expect_not(heap_holds(&a.timer));
	heap_done(&heap);
}

Test(heap, waits_for_the_next)
{
	struct thing a = thing(1), b = thing(2);

	heap_set(&heap, &a.timer, 500);
	heap_set(&heap, &b.timer, 300);
	cr_expect(heap_holds(&a.timer));
	cr_expect_eq(heap_wait(&heap, 100), 200);
	cr_expect_eq(heap_wait(&heap, 300), 0);
	cr_expect_eq(heap_wait(&heap, 900), 0);
	heap_cancel(&heap, &b.timer);
	cr_expect_eq(heap_wait(&heap, 100), 400);
	heap_set(&heap, &a.timer, 700);
	cr_expect_eq(heap_wait(&heap, 100), 600);
	heap_done(&heap);
}

Test(heap, fires_what_is_due_earliest_first)
{
	struct thing a = thing(1), b = thing(2), c = thing(3), d = thing(4);

	heap_set(&heap, &a.timer, 30);
	heap_set(&heap, &b.timer, 10);
	heap_set(&heap, &c.timer, 20);
	heap_set(&heap, &d.timer, 31);
	heap_run(&heap, 9);
	expect_nothing_fired();
	heap_run(&heap, 30);
	FIRED(2, 3, 1);
	cr_expect_not(heap_holds(&a.timer));
	cr_expect(heap_holds(&d.timer));
	heap_run(&heap, 31);
	FIRED(4);
	heap_run(&heap, 9999);
	expect_nothing_fired();
	heap_done(&heap);
}

Test(heap, equal_times_fire_in_the_order_set)
{
	struct thing things[MANY];
	int names[MANY];
	int i;

	for (i = 0; i < MANY; i++) {
		things[i] = thing(i);
		names[i] = i;
		heap_set(&heap, &things[i].timer, 50);
	}
	heap_run(&heap, 50);
	expect_fired(names, MANY);
	heap_done(&heap);
}

Test(heap, what_is_set_anew_in_time_waits_for_the_next_run)
{
	struct thing a = thing(1), b = thing(2), c = thing(3);

	a.again_ms = 1;	  /* long ago */
	b.again_ms = 100; /* right now */
	c.again_ms = 101;
	heap_set(&heap, &a.timer, 10);
	heap_set(&heap, &b.timer, 20);
	heap_set(&heap, &c.timer, 100);
	heap_run(&heap, 100);
	FIRED(1, 2, 3);
	cr_expect_eq(heap_wait(&heap, 100), 0);
	a.again_ms = b.again_ms = c.again_ms = 0;
	heap_run(&heap, 100);
	FIRED(1, 2);
	heap_run(&heap, 101);
	FIRED(3);
	heap_done(&heap);
}

Test(heap, firing_may_cancel_another_that_is_due)
{
	struct thing a = thing(1), b = thing(2), c = thing(3);

	a.cancels = &b;
	heap_set(&heap, &a.timer, 10);
	heap_set(&heap, &b.timer, 10);
	heap_set(&heap, &c.timer, 10);
	heap_run(&heap, 10);
	FIRED(1, 3);
	cr_expect_not(heap_holds(&b.timer));
	heap_done(&heap);
}

/* Small numbers, the same on each run. */
static uint32_t
random_below(uint32_t limit)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (state >> 8) % limit;
}

static int64_t
earliest(const struct thing *things)
{
	int64_t due = INT64_MAX;
	int i;

	for (i = 0; i < MANY; i++)
		if (heap_holds(&things[i].timer) &&
		    things[i].timer.due_ms < due)
			due = things[i].timer.due_ms;
	return due;
}

/* Sets, moves and cancels at random; the next is always the one that a plain
 * search finds. */
Test(heap, agrees_with_a_plain_search)
{
	struct thing things[MANY];
	int64_t due;
	unsigned step;
	uint32_t i;

	for (i = 0; i < MANY; i++)
		things[i] = thing((int)i);
	for (step = 0; step < 20000; step++) {
		i = random_below(MANY);
		if (random_below(3) == 0)
			heap_cancel(&heap, &things[i].timer);
		else
			heap_set(&heap, &things[i].timer, random_below(1000));
		due = earliest(things);
		cr_assert_eq(heap_wait(&heap, 0), due == INT64_MAX ? -1 : due);
	}
	while ((due = earliest(things)) != INT64_MAX) {
		heap_run(&heap, due);
		cr_assert_gt(n_fired, 0);
		n_fired = 0;
	}
	cr_expect_eq(heap_wait(&heap, 0), -1);
	heap_done(&heap);
}
