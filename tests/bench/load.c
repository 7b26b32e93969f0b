/*
 * The load generator: drives chatd, or the bare relay, and prints one figure
 * a line as "name value".
 *
 *	load [-b] ADDRESS PID SCENARIO [NUMBER]...
 *
 *	fanout MEMBERS TEXT [SENDERS [MS]]
 *	latency IDLE [MS]
 *	memory CONNECTIONS
 *	connect CONNECTIONS PER-ROOM
 *	stopped MEMBERS MESSAGES
 *
 * -b: bare frames.  PID is the server's, whose CPU time and memory are read.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "crowd.h"
#include "log.h"
#include "xmalloc.h"

enum {
	WINDOW = 64, /* messages of one sender on the way */
	AHEAD = 256, /* connections not joined yet */
	WARM_MS = 300,
	QUIET_MS = 200, /* nothing has come for so long: all has come */
	NUMBERS = 6,
	SENDERS_MAX = 64,
	LATENCIES = 1 << 18,
};

struct job {
	const struct tongue *tongue;
	const char *address;
	pid_t pid;
	long number[NUMBERS]; /* 0 where not given */
};

/* ---- what the system knows ---- */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;

	if (pid != 0 && clock_getcpuclockid(pid, &clock) != 0)
		fatalx(70, "process %d is gone", (int)pid);
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long
rss(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	if (f == NULL)
		fatal(70, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "VmRSS: %ld", &kib);
	fclose(f);
	return kib * 1024;
}

static void
print(const char *name, double value)
{
	printf("%s %.6g\n", name, value);
}

/* ---- scenarios ---- */

/* What a stretch of time cost and brought. */
struct stretch {
	double from, cpu, own_cpu;
	uint64_t entries;
};

static struct stretch
begin(const struct job *j, const struct crowd *c)
{
	return (struct stretch){ now(), cpu(j->pid), cpu(0), c->heard.entries };
}

static void
end(const struct job *j, const struct crowd *c, const struct stretch *s)
{
	double seconds = now() - s->from;
	double entries = (double)(c->heard.entries - s->entries);

	print("rate", entries / seconds);
	print("cpu_s_per_million", (cpu(j->pid) - s->cpu) * 1e6 / entries);
	print("server_busy", (cpu(j->pid) - s->cpu) / seconds);
	print("generator_busy", (cpu(0) - s->own_cpu) / seconds);
}

static void
run_for(struct crowd *c, double ms)
{
	double until = now() + ms / 1000;

	do
		if (!crowd_turn(c, 5000))
			fatalx(70, "nothing comes any more");
	while (now() < until);
}

static void
check(const struct crowd *c, uint64_t before, uint64_t said)
{
	uint64_t want = said * c->n, got = c->heard.entries - before;

	if (c->lost != 0 || c->heard.strange != 0 || got != want)
		fatalx(70,
		    "%ju of %ju delivered, %u connections lost, "
		    "%ju strange",
		    (uintmax_t)got, (uintmax_t)want, c->lost,
		    (uintmax_t)c->heard.strange);
}

static void
run_fanout(const struct job *j, struct crowd *c)
{
	uint32_t n = (uint32_t)j->number[0], i;
	uint32_t senders = j->number[2] ? (uint32_t)j->number[2] : 1;
	static struct talker talkers[SENDERS_MAX];
	struct stretch s;
	uint64_t before, said = 0;

	crowd_enter(c, n, n, 0, AHEAD);
	crowd_settle(c, QUIET_MS);
	before = c->heard.entries;
	for (i = 0; i < senders && i < SENDERS_MAX && i < n; i++) {
		c->at[i].heard.own = 0;
		crowd_talk(
		    &c->at[i], &talkers[i], (size_t)j->number[1], WINDOW);
		crowd_say(c, &c->at[i]);
	}
	run_for(c, WARM_MS);
	s = begin(j, c);
	run_for(c, j->number[3] ? (double)j->number[3] : 2000);
	end(j, c, &s);
	while (i-- > 0)
		talkers[i].most = 0;
	crowd_settle(c, QUIET_MS);
	for (i = 0; i < senders && i < SENDERS_MAX && i < n; i++)
		said += talkers[i].said;
	check(c, before, said);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One message from a to b and back to a; microseconds until both have it. */
static double
one_message(struct crowd *c, struct one *a, struct one *b)
{
	uint64_t heard = b->heard.entries;
	double from = now();

	a->talker->most++;
	crowd_say(c, a);
	while (b->heard.entries == heard || a->talker->said != a->heard.own)
		if (!crowd_turn(c, 5000))
			fatalx(70, "nothing comes any more");
	return (now() - from) * 1e6;
}

static size_t
messages_for(
    struct crowd *c, struct one *a, struct one *b, double ms, double *us)
{
	double until = now() + ms / 1000;
	size_t n = 0;

	while (n < LATENCIES && now() < until)
		us[n++] = one_message(c, a, b);
	return n;
}

/* One message at a time, from one member of a room of two to the other. */
static void
run_latency(const struct job *j, struct crowd *c)
{
	double ms = j->number[1] ? (double)j->number[1] : 1500, used;
	uint32_t idle = (uint32_t)j->number[0];
	double *us = xcalloc(LATENCIES, sizeof(*us));
	struct one *a = &c->at[idle], *b = a + 1;
	struct talker talker;
	size_t n;

	crowd_enter(c, idle, 10, 1, AHEAD);
	crowd_enter(c, 2, 2, 0, AHEAD);
	crowd_settle(c, QUIET_MS);
	crowd_talk(a, &talker, 64, 1);
	talker.most = talker.said;
	messages_for(c, a, b, WARM_MS, us);
	used = cpu(j->pid);
	n = messages_for(c, a, b, ms, us);
	print("cpu_us_per_message", (cpu(j->pid) - used) * 1e6 / (double)n);
	qsort(us, n, sizeof(*us), compare);
	print("p50_us", us[n / 2]);
	print("p99_us", us[n * 99 / 100]);
	print("messages", (double)n);
	free(us);
}

static void
run_memory(const struct job *j, struct crowd *c)
{
	uint32_t n = (uint32_t)j->number[0];
	long before;

	/* What the first connections cost is the program's, not theirs. */
	crowd_enter(c, 10, 10, 0, AHEAD);
	crowd_settle(c, QUIET_MS);
	before = rss(j->pid);
	crowd_enter(c, n, 10, 1, AHEAD);
	crowd_settle(c, QUIET_MS);
	print("rss_per_connection", (double)(rss(j->pid) - before) / n);
	print("rss", (double)rss(j->pid));
}

static void
run_connect(const struct job *j, struct crowd *c)
{
	uint32_t n = (uint32_t)j->number[0];
	double from = now(), used = cpu(j->pid), own = cpu(0), seconds;

	crowd_enter(c, n, (uint32_t)j->number[1], 0, AHEAD);
	seconds = now() - from;
	print("rate", n / seconds);
	print("cpu_us_per_connection", (cpu(j->pid) - used) * 1e6 / n);
	print("server_busy", (cpu(j->pid) - used) / seconds);
	print("generator_busy", (cpu(0) - own) / seconds);
}

static double
say_so_many(struct crowd *c, struct one *o, uint64_t messages)
{
	struct talker *t = o->talker;
	double from = now();

	t->most = t->said + messages;
	crowd_say(c, o);
	while (o->heard.own < t->most)
		if (!crowd_turn(c, 5000))
			fatalx(70, "nothing comes any more");
	return (double)messages / (now() - from);
}

/* The rate with everybody reading, then with one who doesn't; then he does. */
static void
run_stopped(const struct job *j, struct crowd *c)
{
	uint32_t n = (uint32_t)j->number[0];
	uint64_t messages = (uint64_t)j->number[1], heard;
	struct talker talker;
	struct one *lazy;
	double all, others;
	long start, middle, later;

	crowd_enter(c, n, n, 0, AHEAD);
	crowd_settle(c, QUIET_MS);
	lazy = &c->at[n - 1];
	c->at[0].heard.own = 0;
	crowd_talk(&c->at[0], &talker, 64, WINDOW);
	say_so_many(c, &c->at[0], messages / 10);
	crowd_settle(c, QUIET_MS);
	start = rss(j->pid);
	all = say_so_many(c, &c->at[0], messages);
	crowd_settle(c, QUIET_MS);
	middle = rss(j->pid);
	heard = lazy->heard.entries;
	crowd_deafen(c, lazy, true);
	others = say_so_many(c, &c->at[0], messages);
	crowd_settle(c, QUIET_MS);
	later = rss(j->pid);
	print("rate_all", all);
	print("rate_others", others);
	print("kept", others / all);
	print("grown_all", (double)(middle - start));
	print("grown_stopped", (double)(later - middle));
	if (c->lost == 0) {
		crowd_deafen(c, lazy, false);
		crowd_settle(c, 2 * QUIET_MS);
	}
	print("caught_up",
	    (double)(lazy->heard.entries - heard) / (double)messages);
	print("closed", c->lost);
}

static const struct scenario {
	const char *name;
	int least; /* numbers needed */
	void (*run)(const struct job *, struct crowd *);
} scenarios[] = {
	{ "fanout", 2, run_fanout },
	{ "latency", 1, run_latency },
	{ "memory", 1, run_memory },
	{ "connect", 2, run_connect },
	{ "stopped", 2, run_stopped },
};

/* ---- wiring ---- */

static void
raise_files(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static const struct scenario *
find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	struct job j = { .tongue = &tongue_chat };
	const struct scenario *s;
	struct crowd c;
	int i;

	log_init("load", 0);
	if (argc > 1 && strcmp(argv[1], "-b") == 0) {
		j.tongue = &tongue_bare;
		argv++;
		argc--;
	}
	s = argc > 3 ? find(argv[3]) : NULL;
	if (s == NULL || argc < 4 + s->least || argc > 4 + NUMBERS)
		fatalx(64, "usage: load [-b] ADDRESS PID SCENARIO [N]...");
	j.address = argv[1];
	j.pid = (pid_t)strtol(argv[2], NULL, 10);
	for (i = 4; i < argc; i++)
		j.number[i - 4] = strtol(argv[i], NULL, 10);
	raise_files();
	crowd_init(&c, j.tongue, j.address, (uint32_t)j.number[0] + 16);
	s->run(&j, &c);
	crowd_done(&c);
	return 0;
}
