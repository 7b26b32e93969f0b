/*
 * The load generator for a chatd that keeps everything on disk: prints one
 * figure a line as "name value".
 *
 *	disk_load ADDRESS PID SCENARIO [NUMBER]...
 *
 *	paced SENDERS RATE MS	so many messages a second in all, into one room
 *	full MEMBERS SENDERS MS	as many as are taken
 *	pings SENDERS MS	who waits for no disk, while others do
 *	say MESSAGES		and end; then, with another daemon:
 *	behind MESSAGES		somebody new reads as many from the beginning
 *	deaf READERS RATE MS	they stop reading, then read again
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "codec.h"
#include "crowd.h"
#include "log.h"
#include "protocol.h"
#include "xmalloc.h"

enum {
	NUMBERS = 3,
	TEXT = 64,
	WINDOW = 64,
	AHEAD = 64,
	QUIET_MS = 500,
	SENDERS = 64,
	SPEAKERS = 4,	      /* among the deaf */
	ON_THE_WAY = 1 << 16, /* of one sender: more than ever */
	SAMPLES = 1 << 20,
	SPARE = 16, /* connections beyond the first number */
};

struct job {
	pid_t pid;
	long number[NUMBERS];
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
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

/* ---- samples of time ---- */

static double samples[SAMPLES];
static size_t n_samples;

static void
sample(double ms)
{
	if (n_samples < SAMPLES)
		samples[n_samples++] = ms;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print_samples(void)
{
	if (n_samples == 0)
		fatalx(70, "nothing was measured");
	qsort(samples, n_samples, sizeof(*samples), compare);
	print("p50_ms", samples[n_samples / 2]);
	print("p99_ms", samples[n_samples * 99 / 100]);
	print("samples", (double)n_samples);
}

/* ---- senders ---- */

static struct speaker {
	struct talker talker;
	struct one *one;
	double sent[ON_THE_WAY]; /* when, by number */
	uint64_t acked;
} * senders;

static void
make_senders(struct crowd *c, long n, unsigned window)
{
	senders = xcalloc((size_t)n, sizeof(*senders));
	for (long i = 0; i < n; i++) {
		senders[i].one = &c->at[i];
		crowd_talk(&c->at[i], &senders[i].talker, TEXT, window);
		senders[i].talker.most = senders[i].talker.said;
		senders[i].acked = senders[i].talker.said;
	}
}

static void
say(struct crowd *c, struct speaker *s)
{
	s->sent[++s->talker.most % ON_THE_WAY] = now();
	crowd_say(c, s->one);
}

static void
take_answers(long n)
{
	for (long i = 0; i < n; i++)
		while (senders[i].acked < senders[i].one->heard.own)
			sample(now() -
			    senders[i].sent[++senders[i].acked % ON_THE_WAY]);
}

static void
run_paced(const struct job *j, struct crowd *c)
{
	long n = j->number[0], rate = j->number[1], next = 0;
	double from, until;

	crowd_enter(c, (uint32_t)n, (uint32_t)n, 0, AHEAD);
	crowd_settle(c, QUIET_MS);
	make_senders(c, n, ON_THE_WAY - 1);
	from = now();
	until = from + (double)j->number[2];
	while (now() < until) {
		while (from + (double)next * 1000 / (double)rate <= now())
			say(c, &senders[next++ % n]);
		crowd_turn(c, 0);
		take_answers(n);
	}
	crowd_settle(c, QUIET_MS);
	take_answers(n);
	print("rate", (double)next / (until - from) * 1000);
	print_samples();
}

static void
run_full(const struct job *j, struct crowd *c)
{
	uint32_t n = (uint32_t)j->number[0];
	double from, until;
	uint64_t before;

	crowd_enter(c, n, n, 0, AHEAD);
	crowd_settle(c, QUIET_MS);
	make_senders(c, j->number[1], WINDOW);
	for (long i = 0; i < j->number[1]; i++) {
		senders[i].talker.most = UINT64_MAX;
		crowd_say(c, senders[i].one);
	}
	before = c->heard.own;
	from = now();
	until = from + (double)j->number[2];
	while (now() < until)
		if (!crowd_turn(c, 5000))
			fatalx(70, "nothing comes any more");
	print("rate", (double)(c->heard.own - before) / (now() - from) * 1000);
}

/* ---- who waits for no disk ---- */

static void
send_one(struct one *o, const union message *m)
{
	struct buf out = { 0 };

	codec_encode(&out, m);
	if (send(o->fd, buf_at(&out), out.len, MSG_NOSIGNAL) < 0)
		fatal(71, "send");
	buf_done(&out);
}

static void
run_pings(const struct job *j, struct crowd *c)
{
	const union message ping = { .ping = { MSG_PING, 1 } };
	long n = j->number[0];
	double from, until;
	struct one *quiet = &c->at[n];
	uint64_t before = 0;

	crowd_enter(c, (uint32_t)n, (uint32_t)n, 0, AHEAD);
	crowd_enter(c, 1, 1, 1, AHEAD);
	crowd_settle(c, QUIET_MS);
	make_senders(c, n, 4);
	for (long i = 0; i < n; i++) {
		senders[i].talker.most = UINT64_MAX;
		crowd_say(c, senders[i].one);
	}
	before = c->heard.own;
	until = now() + (double)j->number[1];
	while (now() < until) {
		uint64_t pongs = quiet->heard.pongs;

		from = now();
		send_one(quiet, &ping);
		while (quiet->heard.pongs == pongs)
			if (!crowd_turn(c, 5000))
				fatalx(70, "no pong");
		sample(now() - from);
		for (from = now() + 2; now() < from;)
			crowd_turn(c, 1);
	}
	print("stored_meanwhile", (double)(c->heard.own - before));
	print_samples();
}

/* ---- catching up ---- */

static void
run_say(const struct job *j, struct crowd *c)
{
	const union message bye = { .bye = { .type = MSG_BYE } };
	uint64_t most = (uint64_t)j->number[0];

	crowd_enter(c, 1, 1, 0, AHEAD);
	make_senders(c, 1, WINDOW);
	senders[0].talker.most += most;
	crowd_say(c, senders[0].one);
	while (senders[0].one->heard.own < most)
		if (!crowd_turn(c, 5000))
			fatalx(70, "nothing comes any more");
	send_one(senders[0].one, &bye); /* its nick is free */
	while (c->lost == 0)
		crowd_turn(c, 5000);
}

static void
run_behind(const struct job *j, struct crowd *c)
{
	uint64_t want = (uint64_t)j->number[0];
	const union message attach = { .attach = {
					   MSG_ATTACH, 2, SLICE("#r0"), 0 } };
	double from;

	crowd_enter(c, 1, 1, 0, AHEAD);
	crowd_settle(c, QUIET_MS);
	want += c->heard.entries;
	from = now();
	send_one(&c->at[0], &attach);
	while (c->heard.entries < want)
		if (!crowd_turn(c, 5000))
			fatalx(70, "nothing comes any more");
	print("ms", now() - from);
}

/* As many a second as said, by the first few, until then; how many. */
static long
speak(struct crowd *c, double rate, double ms)
{
	double from = now();
	long said = 0;
	bool is_all = false;

	while (now() < from + ms || !is_all) {
		while (now() < from + ms && said < (now() - from) * rate / 1000)
			senders[said++ % SPEAKERS].talker.most++;
		is_all = true;
		for (int i = 0; i < SPEAKERS; i++) {
			crowd_say(c, senders[i].one);
			is_all &=
			    senders[i].one->heard.own == senders[i].talker.most;
		}
		crowd_turn(c, 1);
	}
	print("rate", (double)said / (now() - from) * 1000);
	return said;
}

static void
run_deaf(const struct job *j, struct crowd *c)
{
	uint32_t n = (uint32_t)j->number[0], i, all = n + SPEAKERS;
	uint64_t heard, want;
	long before;
	double from;

	crowd_enter(c, all, all, 0, AHEAD);
	crowd_settle(c, QUIET_MS);
	make_senders(c, SPEAKERS, WINDOW);
	/* All that lies about for everybody lies about already. */
	senders[0].talker.most += 10000;
	crowd_say(c, senders[0].one);
	crowd_settle(c, QUIET_MS);
	for (i = SPEAKERS; i < all; i++)
		crowd_deafen(c, &c->at[i], true);
	heard = c->heard.entries;
	before = rss(j->pid);
	want = (uint64_t)all *
	    (uint64_t)speak(c, (double)j->number[1], (double)j->number[2]);
	print("grown", (double)(rss(j->pid) - before));
	print("grown_each", (double)(rss(j->pid) - before) / n);
	for (i = SPEAKERS; i < all; i++)
		crowd_deafen(c, &c->at[i], false);
	from = now();
	while (c->heard.entries - heard < want && crowd_turn(c, 5000))
		continue;
	print("back_ms", now() - from);
	print("missing", (double)(want - (c->heard.entries - heard)));
	print("closed", c->lost);
}

static const struct scenario {
	const char *name;
	int numbers;
	void (*run)(const struct job *, struct crowd *);
} scenarios[] = {
	{ "paced", 3, run_paced },
	{ "full", 3, run_full },
	{ "pings", 2, run_pings },
	{ "say", 1, run_say },
	{ "behind", 1, run_behind },
	{ "deaf", 3, run_deaf },
};

int
main(int argc, char **argv)
{
	const struct scenario *s = NULL;
	struct job j = { 0 };
	struct crowd c;

	log_init("disk_load", 0);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
		if (argc > 3 && strcmp(scenarios[i].name, argv[3]) == 0)
			s = &scenarios[i];
	if (s == NULL || argc != 4 + s->numbers)
		fatalx(64, "usage: disk_load ADDRESS PID SCENARIO [N]...");
	j.pid = (pid_t)strtol(argv[2], NULL, 10);
	for (int i = 4; i < argc; i++)
		j.number[i - 4] = strtol(argv[i], NULL, 10);
	if (j.number[0] < 1 ||
	    (s->run != run_say && s->run != run_behind && s->run != run_deaf &&
		j.number[0] > SENDERS))
		fatalx(64, "%s: 1 to %d of them", s->name, SENDERS);
	crowd_init(&c, &tongue_chat, argv[1], (uint32_t)j.number[0] + SPARE);
	s->run(&j, &c);
	crowd_done(&c);
	free(senders);
	return 0;
}
