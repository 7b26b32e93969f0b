#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../chatd/loop.h"
#include "fds.h"

enum {
	MANY = 300,	 /* watches; more than the loop takes at a time */
	IN_ARRAY = 16,	 /* so many stay there, the loop's own two included */
	OWN_PARKED = 1,	 /* of the two, at most */
	SETTLE = 8,	 /* turns in which the quiet ones are parked */
	DEADLINE = 5000, /* ms, for what must happen */
};

/* One end is watched, the other is ours. */
struct pair {
	struct watch watch; /* first: ready() gets its address */
	int ours;
	unsigned called;
	short revents; /* of the last call */
	void (*act)(struct pair *);
};

static struct loop *loop;
static struct pair *pairs[MANY];
static struct timer guard;
static unsigned turns_left;
static int before;

static void
late(struct timer *t)
{
	(void)t;
	cr_assert_fail("nothing happens");
}

static void
count_turn(void *arg)
{
	(void)arg;
	if (turns_left == 0)
		return;
	if (--turns_left == 0)
		loop_stop(loop);
	else
		loop_again(loop);
}

/* So many turns, none of which waits. */
static void
take_turns(unsigned n)
{
	turns_left = n;
	loop_again(loop);
	cr_assert_eq(loop_run(loop), 0);
}

static void
begin(void)
{
	before = fds_open();
	loop = loop_new();
	guard.fire = late;
	heap_set(loop_timers(loop), &guard, loop_now(loop) + DEADLINE);
	loop_at_end(loop, count_turn, NULL);
}

static void
drop(struct pair *p)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (pairs[i] == p)
			pairs[i] = NULL;
	loop_unwatch(loop, &p->watch);
	close(p->watch.fd);
	if (p->ours >= 0)
		close(p->ours);
	free(p);
}

static void
end(void)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (pairs[i] != NULL)
			drop(pairs[i]);
	loop_free(loop);
	cr_expect_eq(fds_open(), before, "descriptors left open");
}

TestSuite(loop, .init = begin, .fini = end);

static void
on_ready(struct watch *w, short revents)
{
	struct pair *p = (struct pair *)w;

	p->called++;
	p->revents = revents;
	if (p->act != NULL)
		p->act(p);
}

static struct pair *
new_pair(short events)
{
	struct pair *p = calloc(1, sizeof(*p));
	int ends[2], i;

	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	p->ours = ends[1];
	loop_watch(loop, &p->watch, ends[0], events, on_ready);
	for (i = 0; pairs[i] != NULL; i++)
		cr_assert_lt(i, MANY - 1);
	pairs[i] = p;
	return p;
}

static void
new_pairs(int n, short events)
{
	while (n-- > 0)
		new_pair(events);
}

static void
feed(struct pair *p)
{
	cr_assert_eq(write(p->ours, "x", 1), 1);
}

static void
feed_all(void)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (pairs[i] != NULL)
			feed(pairs[i]);
}

static void
stop_loop(struct pair *p)
{
	(void)p;
	loop_stop(loop);
}

/* ---- a turn ---- */

Test(loop, tells_what_is_ready)
{
	struct pair *in = new_pair(POLLIN), *out = new_pair(POLLOUT);

	take_turns(1);
	cr_expect_eq(in->called, 0);
	cr_expect_eq(out->called, 1);
	cr_expect_eq(out->revents, POLLOUT);
	feed(in);
	loop_want(loop, &out->watch, 0);
	in->act = stop_loop;
	cr_assert_eq(loop_run(loop), 0);
	cr_expect_eq(in->revents, POLLIN);
	cr_expect_eq(out->called, 1);
}

static char order[16];

static void
note(char what)
{
	order[strlen(order)] = what;
}

static void
note_ready(struct pair *p)
{
	(void)p;
	note('r');
}

static void
note_timer(struct timer *t)
{
	(void)t;
	note('t');
}

static void
note_end(void *arg)
{
	note(*(const char *)arg);
}

Test(loop, has_handlers_then_timers_then_the_end)
{
	struct timer t = { .fire = note_timer };
	struct pair *p = new_pair(POLLIN);
	char first = '1', second = '2';

	loop_at_end(loop, note_end, &first);
	loop_at_end(loop, note_end, &second);
	p->act = note_ready;
	feed(p);
	heap_set(loop_timers(loop), &t, loop_now(loop));
	take_turns(1);
	cr_expect_str_eq(order, "rt12");
	take_turns(1);
	cr_expect_str_eq(order, "rt12r12");
}

static void
stop_timer(struct timer *t)
{
	(void)t;
	loop_stop(loop);
}

Test(loop, waits_for_a_timer_without_spinning)
{
	struct timer t = { .fire = stop_timer };
	int64_t due = loop_now(loop) + 30;
	uint64_t turns = loop_figures(loop).turns;

	new_pairs(MANY, POLLIN);
	heap_set(loop_timers(loop), &t, due);
	cr_assert_eq(loop_run(loop), 0);
	cr_expect_geq(loop_now(loop), due);
	cr_expect_leq(loop_figures(loop).turns - turns, 3);
}

static void *
stop_from_elsewhere(void *arg)
{
	(void)arg;
	loop_stop(loop);
	return NULL;
}

Test(loop, is_stopped_by_another_thread)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 100; i++) {
		pthread_create(&thread, NULL, stop_from_elsewhere, NULL);
		cr_assert_eq(loop_run(loop), 0);
		pthread_join(thread, NULL);
	}
}

/* ---- parking ---- */

Test(loop, parks_the_quiet)
{
	struct loop_figures f;
	unsigned i;

	new_pairs(MANY, POLLIN);
	take_turns(SETTLE);
	f = loop_figures(loop);
	cr_expect_eq(f.busy, IN_ARRAY);
	cr_expect_eq(f.parked, MANY + 2 - IN_ARRAY);
	feed_all();
	take_turns(1);
	for (i = 0; i < MANY; i++) {
		cr_expect_eq(pairs[i]->called, 1, "watch %u", i);
		cr_expect_eq(pairs[i]->revents, POLLIN);
	}
	cr_expect_eq(loop_figures(loop).parked, 0);
}

Test(loop, leaves_a_few_where_they_are)
{
	new_pairs(IN_ARRAY - 2, POLLIN);
	take_turns(SETTLE);
	cr_expect_eq(loop_figures(loop).parked, 0);
}

Test(loop, does_not_park_who_waits_for_room)
{
	char full[4096] = { 0 };
	int i;

	new_pairs(MANY, POLLIN | POLLOUT);
	for (i = 0; i < MANY; i++)
		while (write(pairs[i]->watch.fd, full, sizeof(full)) > 0)
			continue;
	take_turns(SETTLE);
	cr_expect_eq(pairs[0]->called, 0);
	cr_expect_leq(loop_figures(loop).parked, OWN_PARKED);
}

static void
take_byte(struct pair *p)
{
	char byte;

	cr_assert_eq(read(p->watch.fd, &byte, 1), 1);
}

Test(loop, does_not_park_the_busy)
{
	int i, round;

	new_pairs(MANY, POLLIN);
	for (i = 0; i < MANY; i++)
		pairs[i]->act = take_byte;
	for (round = 0; round < 10; round++) {
		feed_all();
		take_turns(3);
		cr_assert_leq(loop_figures(loop).parked, OWN_PARKED);
	}
}

Test(loop, forgets_one_that_is_parked)
{
	unsigned parked;
	int i;

	new_pairs(MANY, POLLIN);
	take_turns(SETTLE);
	parked = loop_figures(loop).parked;
	cr_assert_gt(parked, MANY / 2);
	for (i = 0; i < MANY; i++)
		loop_unwatch(loop, &pairs[i]->watch);
	cr_expect_leq(loop_figures(loop).parked, OWN_PARKED);
	feed_all();
	take_turns(2);
	for (i = 0; i < MANY; i++)
		cr_expect_eq(pairs[i]->called, 0, "watch %d", i);
}

Test(loop, takes_one_out_that_wants_more)
{
	int i;

	new_pairs(MANY, POLLIN);
	take_turns(SETTLE);
	for (i = 0; i < MANY; i++)
		loop_want(loop, &pairs[i]->watch, POLLIN | POLLOUT);
	cr_expect_leq(loop_figures(loop).parked, OWN_PARKED);
	take_turns(1);
	for (i = 0; i < MANY; i++)
		cr_expect_eq(pairs[i]->revents, POLLOUT, "watch %d", i);
}

Test(loop, parks_again_after_an_event)
{
	char byte;
	int i;

	new_pairs(MANY, POLLIN);
	for (i = 0; i < MANY; i++) {
		feed(pairs[i]);
		take_turns(SETTLE);
		cr_assert_geq(pairs[i]->called, 1);
		cr_assert_eq(read(pairs[i]->watch.fd, &byte, 1), 1);
		take_turns(SETTLE);
		cr_assert_eq(loop_figures(loop).busy, IN_ARRAY);
	}
}

Test(loop, tells_a_hang_up_whatever_is_wanted)
{
	static const short wanted[] = { 0, POLLIN };
	size_t i;
	int n;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		new_pairs(MANY, wanted[i]);
		take_turns(SETTLE);
		cr_assert_gt(loop_figures(loop).parked, 0);
		for (n = 0; n < MANY; n++) {
			close(pairs[n]->ours);
			pairs[n]->ours = -1;
		}
		take_turns(1);
		for (n = 0; n < MANY; n++) {
			cr_expect_eq(pairs[n]->called, 1, "watch %d", n);
			cr_expect_eq(
			    pairs[n]->revents, (short)(wanted[i] | POLLHUP));
			drop(pairs[n]);
		}
	}
}

Test(loop, does_not_tell_what_is_not_wanted)
{
	new_pairs(MANY, 0);
	feed_all();
	take_turns(SETTLE);
	cr_expect_gt(loop_figures(loop).parked, 0);
	cr_expect_eq(pairs[0]->called + pairs[MANY - 1]->called, 0);
	loop_want(loop, &pairs[MANY - 1]->watch, POLLIN);
	take_turns(1);
	cr_expect_eq(pairs[MANY - 1]->called, 1);
}

/* ---- changes while handlers run ---- */

static void
drop_others(struct pair *p)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (pairs[i] != NULL && pairs[i] != p)
			drop(pairs[i]);
}

static void
drop_itself(struct pair *p)
{
	drop(p);
}

static void
drop_all(struct pair *p)
{
	drop_others(p);
	drop(p);
}

static unsigned
count_left(void)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < MANY; i++)
		n += pairs[i] != NULL;
	return n;
}

/* What is removed is freed at once: a call would be noticed. */
Test(loop, forgets_what_a_handler_removes)
{
	static const struct {
		void (*act)(struct pair *);
		unsigned settle, left;
	} cases[] = {
		{ drop_others, 0, 1 },
		{ drop_others, SETTLE, 1 },
		{ drop_itself, 0, 0 },
		{ drop_itself, SETTLE, 0 },
		{ drop_all, 0, 0 },
		{ drop_all, SETTLE, 0 },
	};
	size_t i;
	int n;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		new_pairs(MANY - (int)count_left(), POLLIN);
		if (cases[i].settle != 0)
			take_turns(cases[i].settle);
		for (n = 0; n < MANY; n++)
			pairs[n]->act = cases[i].act;
		feed_all();
		take_turns(1);
		cr_expect_eq(count_left(), cases[i].left, "case %zu", i);
		take_turns(SETTLE);
		drop_others(NULL);
		take_turns(1);
		cr_expect_eq(loop_figures(loop).busy, 2);
		cr_expect_eq(loop_figures(loop).parked, 0);
	}
}

static void
drop_last(struct pair *p)
{
	p->act = NULL;
	drop(pairs[MANY - 1]);
}

Test(loop, calls_the_others_when_one_goes)
{
	int i;

	new_pairs(MANY, POLLIN);
	pairs[0]->act = drop_last;
	feed_all();
	take_turns(1);
	for (i = 0; i < MANY - 1; i++)
		cr_expect_eq(pairs[i]->called, 1, "watch %d", i);
}

static void
add_one(struct pair *p)
{
	p->act = NULL;
	feed(new_pair(POLLIN));
}

Test(loop, calls_a_new_one_in_the_next_turn)
{
	struct pair *p = new_pair(POLLIN);

	p->act = add_one;
	feed(p);
	take_turns(1);
	cr_assert_not_null(pairs[1]);
	cr_expect_eq(pairs[1]->called, 0);
	take_turns(1);
	cr_expect_eq(pairs[1]->called, 1);
}

static void
quiet_others(struct pair *p)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (pairs[i] != p)
			loop_want(loop, &pairs[i]->watch, 0);
}

Test(loop, does_not_tell_what_is_wanted_no_more)
{
	unsigned called = 0;
	int i;

	new_pairs(MANY, POLLIN);
	for (i = 0; i < MANY; i++)
		pairs[i]->act = quiet_others;
	feed_all();
	take_turns(1);
	for (i = 0; i < MANY; i++)
		called += pairs[i]->called;
	cr_expect_eq(called, 1);
}

Test(loop, may_be_left_twice)
{
	struct pair *p = new_pair(POLLIN);

	loop_unwatch(loop, &p->watch);
	loop_unwatch(loop, &p->watch);
	feed(p);
	take_turns(1);
	cr_expect_eq(p->called, 0);
	cr_expect_eq(loop_figures(loop).busy, 2);
}
