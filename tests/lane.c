#include "lane.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "xmalloc.h"

/* $CHAT_SEED makes every run another one. */
static uint64_t
seed_of(uint64_t seed)
{
	const char *given = getenv("CHAT_SEED");

	return given != NULL ? strtoull(given, NULL, 10) * 1000 + seed : seed;
}

void
lane_begin(struct lane *l, const char *name, const char *config, uint64_t seed)
{
	*l = (struct lane){ .name = name };
	daemon_init(&l->daemon);
	snprintf(l->state, sizeof(l->state), "%s/state", l->daemon.directory);
	snprintf(l->socket, sizeof(l->socket), "unix:%s/socket",
	    l->daemon.directory);
	l->options = (struct daemon_options){
		.directory = l->state, .listen = { l->socket }, .config = config
	};
	fleet_init(&l->fleet, LANE_CLIENTS, seed_of(seed));
	fleet_at(&l->fleet, l->socket);
}

void
lane_start(struct lane *l)
{
	daemon_start(&l->daemon, &l->options);
}

bool
lane_start_with(struct lane *l, const char *fault)
{
	struct daemon_options o = l->options;

	o.fault = fault;
	return daemon_starts(&l->daemon, &o);
}

static void
ended(struct lane *l)
{
	l->ends++;
	l->end_ms = clock_ms();
}

void
lane_kill(struct lane *l)
{
	int status;

	kill(l->daemon.pid, SIGKILL);
	status = daemon_wait(&l->daemon);
	cr_assert(l->is_wrong || status == -SIGKILL, "%s: status %d: %s",
	    l->name, status, buf_string(&l->daemon.log));
	ended(l);
}

int
lane_wait(struct lane *l)
{
	int status = daemon_wait(&l->daemon);

	ended(l);
	return status;
}

/* ---- talking ---- */

static void
give_up(struct lane *l, const char *what)
{
	char *log;

	if (l->is_wrong)
		return;
	log = daemon_log(&l->daemon);
	for (unsigned i = 0; i < l->fleet.n; i++) {
		const struct fellow *o = &l->fleet.at[i];

		fprintf(stderr, "%s: fd %d state %d, %zu open, %u due\n",
		    o->nick, o->fd, (int)o->state, o->n, o->due);
	}
	cr_assert_fail("%s: %s; the daemon's log: %s", l->name, what, log);
}

void
lane_recovers(struct lane *l)
{
	if (!fleet_recovers(&l->fleet))
		give_up(l, "not everybody is back");
	if (l->ends == 0)
		return;
	l->recoveries = xrealloc(
	    l->recoveries, l->n_recoveries + 1, sizeof(*l->recoveries));
	l->recoveries[l->n_recoveries++] = clock_ms() - l->end_ms;
}

static bool
is_stored(struct fleet *f, void *arg)
{
	return f->stored >= *(unsigned long *)arg;
}

void
lane_talk(struct lane *l, uint64_t stored)
{
	unsigned long until = l->fleet.stored + stored;

	if (!fleet_until(&l->fleet, is_stored, &until))
		give_up(l, "nothing is stored any more");
}

void
lane_turns(struct lane *l, uint64_t turns)
{
	while (turns-- != 0)
		fleet_turn(&l->fleet, 1);
}

static bool
is_over(struct fleet *f, void *arg)
{
	(void)f;
	return daemon_is_over(arg);
}

void
lane_talk_to_its_end(struct lane *l)
{
	if (!fleet_until(&l->fleet, is_over, &l->daemon))
		give_up(l, "it does not end");
}

/* ---- killing ---- */

enum { PAUSE = 150 /* messages from one kill to the next, at most */ };

void
lane_kill_often(struct lane *l, unsigned kills)
{
	while (kills-- != 0) {
		lane_start(l);
		if (fleet_draw(&l->fleet, 4) != 0) {
			lane_recovers(l);
			lane_talk(l, fleet_draw(&l->fleet, PAUSE));
		} else {
			lane_turns(l, fleet_draw(&l->fleet, 30));
		}
		lane_kill(l);
	}
}

void
lane_kill_at_calls(
    struct lane *l, const char *call, unsigned most, unsigned kills)
{
	static const char *const moments[] = { "before", "half", "after",
		"late" };
	char fault[80];
	int status;

	for (unsigned i = 0; i < kills; i++) {
		snprintf(fault, sizeof(fault), "%s %s %u", call, moments[i % 4],
		    1 + (unsigned)fleet_draw(&l->fleet, most));
		if (lane_start_with(l, fault))
			lane_talk_to_its_end(l);
		if (l->is_wrong)
			kill(l->daemon.pid, SIGKILL);
		status = lane_wait(l);
		cr_assert(l->is_wrong || status == -SIGKILL,
		    "%s: status %d: %s", fault, status,
		    buf_string(&l->daemon.log));
	}
}

/* ---- the end ---- */

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
tell(struct lane *l, const struct verdict *v)
{
	size_t n = l->n_recoveries;

	fprintf(stderr,
	    "%s: %u ends, %zu stored, %lu resent, %lu refused, %zu seen: "
	    "%zu wrong",
	    l->name, l->ends, v->stored, l->fleet.resent, l->fleet.refused,
	    v->seen, v->all);
	if (n != 0) {
		qsort(l->recoveries, n, sizeof(*l->recoveries), compare);
		fprintf(stderr, "; back in %jd ms (p50), %jd ms (p99)",
		    (intmax_t)l->recoveries[n / 2],
		    (intmax_t)l->recoveries[n * 99 / 100]);
	}
	fputc('\n', stderr);
}

void
lane_judge(struct lane *l, struct verdict *v)
{
	fleet_judge(&l->fleet, v);
	lane_kill(l);
	l->ends--;
	tell(l, v);
	free(l->recoveries);
	fleet_done(&l->fleet);
	daemon_done(&l->daemon);
}

void
lane_end(struct lane *l)
{
	struct verdict v;

	lane_start(l);
	lane_recovers(l);
	if (!fleet_settle(&l->fleet))
		give_up(l, "not everything is settled");
	daemon_stop(&l->daemon);
	lane_start(l);
	lane_judge(l, &v);
	cr_expect_eq(v.all, 0, "%s", buf_string(&v.words));
	cr_expect_gt(v.stored, 0);
	buf_done(&v.words);
}
