/*
 * Measures chat on a terminal of 80x24 that reads at once:
 *
 *	client_bench CHAT [ROUNDS]
 *
 * start to full screen, memory at start; 100,000 messages of 80 bytes at once:
 * CPU until the last is on the screen, bytes to the terminal; how long a key
 * takes to be echoed, with nothing going on and during such floods.
 */
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "log.h"
#include "term.h"
#include "xmalloc.h"

enum {
	MESSAGES = 100000,
	DEADLINE_MS = 60000,
	IDLE_KEYS = 100,
	APART_MS = 25,	      /* between them: nobody types faster */
	FLOODED_APART_MS = 5, /* but more are wanted in so short a time */
	FLOODS = 20,	      /* while keys are typed, each round */
	KEYS_MAX = 1 << 16,
	LINE_KEYS = 40, /* then the line is emptied */
	ROUNDS_MAX = 100,
};

static const char last_message[] = "0000100000";

struct bench {
	const char *chat;
	char home[64];
	struct fake fake;
	struct term term;
	double began; /* exec */
};

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double
cpu_ms(const struct bench *b)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(b->term.pid, &clock) != 0)
		fatalx(70, "chat is gone");
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double
rss_kib(const struct bench *b)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)b->term.pid);
	f = fopen(path, "r");
	if (f == NULL)
		fatal(70, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "VmRSS: %ld", &kib);
	fclose(f);
	return (double)kib;
}

/* One look at both ends; false: nothing happened for wait_ms. */
static bool
turn(struct bench *b, int wait_ms)
{
	struct pollfd fd[] = {
		{ b->term.fd, POLLIN, 0 },
		{ fake_fd(&b->fake), fake_events(&b->fake), 0 },
	};
	bool came = poll(fd, 2, wait_ms) > 0;

	if (fd[0].revents != 0)
		term_read(&b->term);
	fake_ready(&b->fake, fd[1].revents);
	if (b->term.fd < 0)
		fatalx(70, "chat has ended");
	return came;
}

static void
wait_for(struct bench *b, const char *words)
{
	double until = now_ms() + DEADLINE_MS;

	while (!term_shows(&b->term, words)) {
		turn(b, 1000);
		if (now_ms() > until)
			fatalx(70, "\"%s\" does not appear", words);
	}
}

static void
settle(struct bench *b, int quiet_ms)
{
	while (turn(b, quiet_ms))
		continue;
}

static void
start(struct bench *b, bool is_mute)
{
	const char *argv[] = { b->chat, "-s", b->fake.address, "-n", "ann",
		"-r", "#lobby", NULL };

	b->fake.is_mute = is_mute;
	b->began = now_ms();
	term_start(&b->term, b->home, argv);
}

static void
end(struct bench *b)
{
	term_done(&b->term);
	fake_hang_up(&b->fake);
}

static void
start_joined(struct bench *b)
{
	start(b, false);
	while (!b->fake.is_joined)
		turn(b, 1000);
	wait_for(b, "a topic");
	settle(b, 100);
}

/* ---- keys ---- */

static size_t
keys_shown(struct bench *b)
{
	char text[TERM_COLUMNS * 4 + 1];
	const char *prompt;

	term_row(&b->term, TERM_ROWS - 1, text);
	prompt = strchr(text, '>');
	return prompt != NULL ? strspn(prompt + 1 + (prompt[1] == ' '), "x")
			      : 0;
}

static double
echo_ms(struct bench *b, const char *key, size_t shown)
{
	double from = now_ms();

	term_type(&b->term, key);
	while (keys_shown(b) != shown)
		if (!turn(b, DEADLINE_MS))
			fatalx(70, "a key is not echoed");
	return now_ms() - from;
}

static void
pass_time(struct bench *b, double ms)
{
	double until = now_ms() + ms;

	while (now_ms() < until)
		turn(b, 1);
}

/* Types until enough() says so; how many echoes went to ms. */
static size_t
type(struct bench *b, double *ms, size_t max, double apart_ms,
    bool (*enough)(struct bench *))
{
	size_t n = 0, line = 0;

	while (n < max && !enough(b)) {
		ms[n++] = echo_ms(b, "x", ++line);
		if (line == LINE_KEYS) {
			echo_ms(b, "\025", 0);
			line = 0;
		}
		pass_time(b, apart_ms);
	}
	if (line != 0)
		echo_ms(b, "\025", 0);
	return n;
}

static bool
never(struct bench *b)
{
	(void)b;
	return false;
}

static bool
is_flooded(struct bench *b)
{
	return b->fake.out.len == 0 && term_shows(&b->term, last_message);
}

/* ---- figures ---- */

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
share(double *at, size_t n, unsigned percent)
{
	qsort(at, n, sizeof(*at), compare);
	return n != 0 ? at[n * percent / 100 < n ? n * percent / 100 : n - 1]
		      : 0;
}

enum figure {
	START_MS,
	START_KIB,
	FLOOD_CPU_S,
	FLOOD_S,
	FLOOD_BYTES,
	FLOOD_READS,
	FLOOD_KIB,
	IDLE_P50_MS,
	IDLE_P99_MS,
	BUSY_P50_MS,
	BUSY_P99_MS,
	BUSY_KEYS,
	FIGURES
};

static const struct {
	const char *name;
	double most; /* 0: no goal */
} figures[FIGURES] = {
	[START_MS] = { "start to full screen, ms", 15 },
	[START_KIB] = { "resident at start, KiB", 6144 },
	[FLOOD_CPU_S] = { "100,000 messages: CPU, s", 0.3 },
	[FLOOD_S] = { "  until the last is shown, s", 0 },
	[FLOOD_BYTES] = { "  bytes to the terminal", 100000 },
	[FLOOD_READS] = { "  in so many reads", 0 },
	[FLOOD_KIB] = { "  resident afterwards, KiB", 0 },
	[IDLE_P50_MS] = { "key echoed, idle: p50, ms", 0 },
	[IDLE_P99_MS] = { "  p99, ms", 20 },
	[BUSY_P50_MS] = { "key echoed, flooded: p50, ms", 0 },
	[BUSY_P99_MS] = { "  p99, ms", 20 },
	[BUSY_KEYS] = { "  keys typed", 0 },
};

static void
measure(struct bench *b, double out[FIGURES])
{
	double *ms = xcalloc(KEYS_MAX, sizeof(*ms)), cpu, from;
	size_t n;
	int i;

	start(b, true);
	wait_for(b, "#lobby>");
	out[START_MS] = now_ms() - b->began;
	end(b);

	start_joined(b);
	out[START_KIB] = rss_kib(b);
	b->term.bytes = b->term.writes = 0;
	cpu = cpu_ms(b);
	from = now_ms();
	fake_flood(&b->fake, MESSAGES);
	wait_for(b, last_message);
	out[FLOOD_S] = (now_ms() - from) / 1e3;
	out[FLOOD_CPU_S] = (cpu_ms(b) - cpu) / 1e3;
	settle(b, 100);
	out[FLOOD_BYTES] = (double)b->term.bytes;
	out[FLOOD_READS] = (double)b->term.writes;
	out[FLOOD_KIB] = rss_kib(b);

	n = type(b, ms, IDLE_KEYS, APART_MS, never);
	out[IDLE_P50_MS] = share(ms, n, 50);
	out[IDLE_P99_MS] = share(ms, n, 99);
	for (i = 0, n = 0; i < FLOODS; i++) {
		fake_flood(&b->fake, 1); /* the last one's end goes away */
		settle(b, 50);
		fake_flood(&b->fake, MESSAGES);
		n +=
		    type(b, ms + n, KEYS_MAX - n, FLOODED_APART_MS, is_flooded);
		settle(b, 50);
	}
	out[BUSY_P50_MS] = share(ms, n, 50);
	out[BUSY_P99_MS] = share(ms, n, 99);
	out[BUSY_KEYS] = (double)n;
	end(b);
	free(ms);
}

static void
print(double (*all)[FIGURES], int rounds)
{
	double value[ROUNDS_MAX], middle;
	int i, j;

	printf("%-30s %10s %10s %10s  %s\n", "chat, 80x24", "median", "least",
	    "most", "should be");
	for (i = 0; i < FIGURES; i++) {
		for (j = 0; j < rounds; j++)
			value[j] = all[j][i];
		middle = share(value, (size_t)rounds, 50);
		printf("%-30s %10.5g %10.5g %10.5g", figures[i].name, middle,
		    value[0], value[rounds - 1]);
		if (figures[i].most != 0)
			printf("  <= %g%s", figures[i].most,
			    middle > figures[i].most ? "  MISSED" : "");
		printf("\n");
	}
}

int
main(int argc, char **argv)
{
	struct bench b = { .home = "/tmp/chat-bench-home-XXXXXX" };
	double(*all)[FIGURES];
	int rounds, i;
	char path[128];

	log_init("client_bench", 0);
	if (argc < 2 || argc > 3)
		fatalx(64, "usage: client_bench CHAT [ROUNDS]");
	rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 3;
	if (rounds < 1 || rounds > ROUNDS_MAX || mkdtemp(b.home) == NULL)
		fatalx(64, "rounds are 1 to %d", ROUNDS_MAX);
	b.chat = argv[1];
	all = xcalloc((size_t)rounds, sizeof(*all));
	fake_init(&b.fake);
	for (i = 0; i < rounds; i++)
		measure(&b, all[i]);
	print(all, rounds);
	fake_done(&b.fake);
	free(all);
	snprintf(path, sizeof(path), "rm -rf '%s'", b.home);
	return system(path) == 0 ? 0 : 1;
}
