/*
 * Measures the store on disk, without a daemon around it.
 *
 *	store_bench [FOLDER [ENTRIES [SECONDS]]]
 *
 * FOLDER is where it works (it makes a folder there and removes it; /var/tmp),
 * ENTRIES how many there are in the large store (1000000), SECONDS how long
 * each load lasts (10).  Each line is a figure: what, value, unit, and, where
 * there is one, the goal and whether it is reached.
 */
#include <ftw.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "../../chatd/entry.h"
#include "../../chatd/store_sqlite.h"
#include "clock.h"
#include "log.h"
#include "xmalloc.h"

enum {
	DEVICES = 50,
	ROOMS = 64,
	TEXT = 100,    /* bytes of most texts */
	WORDS = 20000, /* different ones, the n-th about n times as rare */
	RARE = 100000, /* each so manieth entry has a word of its own */
	SEARCHES = 200,
	UNSEARCHED = 99, /* a kind of entry that is not indexed */
	WAITING = 65536, /* said and not stored yet, at most */
	FILL = 20000,	 /* asked at once when the large store is filled */
	PAGE = 50,
	PAGES = 2000,
};

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- figures ---- */

static struct {
	double *ms;
	size_t n, cap;
} sample;

static void
sample_add(int64_t us)
{
	if (sample.n == sample.cap) {
		sample.cap = sample.cap != 0 ? sample.cap * 2 : 4096;
		sample.ms = xrealloc(sample.ms, sample.cap, sizeof(*sample.ms));
	}
	sample.ms[sample.n++] = (double)us / 1000;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
sample_part(double part)
{
	return sample.ms[(size_t)(part * (double)(sample.n - 1))];
}

/* goal: of the part that is to reach it; 0: there is none. */
static void
sample_print_goal(const char *what, double goal, double part)
{
	static const double parts[] = { 0.5, 0.99, 0.999 };

	if (sample.n == 0)
		return;
	qsort(sample.ms, sample.n, sizeof(*sample.ms), compare);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		double ms = sample_part(parts[i]);

		printf("%s p%g: %.3f ms", what, parts[i] * 100, ms);
		if (goal > 0 && parts[i] == part)
			printf(", goal < %g: %s", goal,
			    ms < goal ? "reached" : "MISSED");
		printf("\n");
	}
	printf("%s worst: %.3f ms\n", what, sample.ms[sample.n - 1]);
	fflush(stdout);
	sample.n = 0;
}

static void
sample_print(const char *what)
{
	sample_print_goal(what, 0, 0);
}

static void
figure(const char *what, double value, const char *unit)
{
	printf("%s: %.6g %s\n", what, value, unit);
	fflush(stdout);
}

/* What is to stay below the goal. */
static void
figure_goal(const char *what, double value, const char *unit, double goal)
{
	printf("%s: %.6g %s, goal < %g: %s\n", what, value, unit, goal,
	    value < goal ? "reached" : "MISSED");
	fflush(stdout);
}

/* ---- the store ---- */

static char folder[256];

static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
clean(void)
{
	nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static struct store *
store_open(void)
{
	struct buf error = { 0 };
	char dir[300];
	int status;
	struct store *s;

	snprintf(dir, sizeof(dir), "%s/state", folder);
	s = store_sqlite(dir, clock_wall_ms, &status, &error);
	if (s == NULL)
		fatalx(status, "%s", buf_string(&error));
	return s;
}

/* ---- saying ---- */

struct saying {
	struct store_append job;
	struct saying *next_free;
	int64_t due_us; /* when it was to be said */
	char text[TEXT];
};

static struct saying *spare;
static uint64_t numbers[DEVICES];
static uint64_t stored, waiting, n_said;
static enum entry_kind kind = ENTRY_SAID;

/* ---- what is said ---- */

static uint64_t
draw(void)
{
	static uint64_t random = 1;

	random = random * 6364136223846793005u + 1442695040888963407u;
	return random >> 33;
}

/* Words as people use them: few very often, most of them hardly ever. */
static size_t
make_text(char *text, uint64_t n)
{
	size_t len = 0;

	if (n % RARE == RARE / 2)
		len = (size_t)snprintf(
		    text, TEXT, "needle%llu ", (unsigned long long)(n / RARE));
	while (len + 12 < TEXT) {
		double part = (double)draw() / 2147483648.0;
		unsigned word = (unsigned)pow(WORDS, part);

		len += (size_t)snprintf(text + len, TEXT - len, "%c%u%c ",
		    (char)('a' + word % 26), word,
		    (char)('a' + word / 26 % 26));
	}
	return len;
}

static void
said(struct store_append *job)
{
	struct saying *s = (struct saying *)job;

	if (job->why != FINE)
		fatalx(EX_SOFTWARE, "refused: %s", refusal_name(job->why));
	sample_add(now_us() - s->due_us);
	entry_unref(job->entry);
	stored++;
	waiting--;
	s->next_free = spare;
	spare = s;
}

static void
say(struct store *store, unsigned device, uint32_t room, int64_t due_us)
{
	struct saying *s = spare != NULL ? spare : xmalloc(sizeof(*s));

	if (s == spare)
		spare = s->next_free;
	s->due_us = due_us;
	s->job = (struct store_append){
		.done = said,
		.room = room,
		.room_name = SLICE("#bench"),
		.kind = kind,
		.who = SLICE("somebody"),
		.device = { { 1, (uint8_t)device } },
		.n = ++numbers[device],
	};
	s->job.text = (struct slice){ s->text, make_text(s->text, n_said++) };
	waiting++;
	store_append(store, &s->job);
}

static void
wait_for(struct store *s, int ms)
{
	struct pollfd ready = { .fd = s->fd, .events = POLLIN };

	poll(&ready, 1, ms);
	store_collect(s);
	if (s->broken != 0)
		fatalx(s->broken, "the store is broken");
}

/* So many a second, whether or not the store keeps up; the time of each counts
 * from when it was to be said. */
static void
say_at_rate(struct store *s, unsigned rate, unsigned rooms, double seconds,
    bool (*is_over)(void))
{
	int64_t start = now_us(), end = start + (int64_t)(seconds * 1e6);
	uint64_t n = 0, before = stored;
	int64_t now;

	for (now = start; now < end && (is_over == NULL || !is_over());
	     now = now_us()) {
		uint64_t due = (uint64_t)((double)(now - start) * rate / 1e6);

		for (; n < due && waiting < WAITING; n++)
			say(s, (unsigned)(n % DEVICES),
			    1 + (uint32_t)(n * 7 % rooms),
			    start + (int64_t)((double)n * 1e6 / rate));
		wait_for(s, 1);
	}
	figure("stored a second",
	    (double)(stored - before) * 1e6 / (double)(now_us() - start), "");
	store_drain(s);
}

/* As many as the store can take; how many a second. */
static double
say_at_will(struct store *s, unsigned at_once, double seconds)
{
	int64_t start = now_us(), end = start + (int64_t)(seconds * 1e6), now;
	uint64_t n = 0, before = stored;
	double rate;

	for (now = start; now < end; now = now_us()) {
		for (; waiting < at_once; n++)
			say(s, (unsigned)(n % DEVICES),
			    1 + (uint32_t)(n % ROOMS), now);
		wait_for(s, 1000);
	}
	store_drain(s);
	rate = (double)(stored - before) * 1e6 / (double)(now_us() - start);
	figure("stored a second", rate, "");
	return rate;
}

/* ---- searching ---- */

static unsigned n_found;
static uint64_t more;

static void
were_found(struct store_search *job)
{
	n_found += job->got;
	more = job->more;
	for (unsigned i = 0; i < job->got; i++)
		entry_unref(job->entries[i]);
	free(job->entries);
}

/* The first page, however many answers it takes. */
static unsigned
search_page(
    struct store *s, const char *words, uint32_t room, unsigned *answers)
{
	struct store_search job = { .done = were_found,
		.words = slice_of(words),
		.room = room,
		.bytes = 1 << 20 };

	n_found = 0;
	do {
		job.n = PAGE - n_found;
		store_search(s, &job);
		store_drain(s);
		job.below = more;
		++*answers;
	} while (more != 0 && n_found < PAGE);
	return n_found;
}

static void
search_as(struct store *s, const char *what, const char *words, uint32_t room,
    double goal)
{
	unsigned answers = 0, found = 0;

	for (int i = 0; i < SEARCHES; i++) {
		int64_t before = now_us();

		found = search_page(s, words, room, &answers);
		sample_add(now_us() - before);
	}
	printf("%s: \"%s\": %u found, %.3g answers\n", what, words, found,
	    (double)answers / SEARCHES);
	sample_print_goal(what, goal, 0.5);
}

static void
search_words(struct store *s)
{
	search_as(s, "rare word", "needle1", 0, 10);
	search_as(s, "no such word", "nosuchword", 0, 10);
	search_as(s, "common word, first page", "b1a", 0, 10);
	search_as(s, "two common words, first page", "b1a c2a", 0, 10);
	search_as(s, "common and rare word", "b1a needle1", 0, 10);
	search_as(s, "two rather rare words", "b9993u c9986u", 0, 0);
	search_as(s, "common word in a room, first page", "b1a", 7, 10);
	search_as(s, "rare word in a room", "needle1", 7, 10);
}

/* What is not indexed yet is read by each search: until there is little. */
static void
catch_up(struct store *s)
{
	int64_t start = now_us(), before, ms;

	do {
		unsigned answers = 0;

		poll(NULL, 0, 200);
		before = now_us();
		search_page(s, "nosuchword", 0, &answers);
		ms = (now_us() - before) / 1000;
		if (before - start < 1000000)
			figure("search of what is not indexed, about a second "
			       "behind",
			    (double)ms, "ms");
	} while (ms > 5);
	figure("indexed behind it", (double)(now_us() - start) / 1e6, "s");
}

/* ---- the large store ---- */

static void
fill(uint64_t entries)
{
	struct store *s = store_open();
	int64_t start = now_us();

	for (uint64_t n = 0; n < entries; n++) {
		say(s, (unsigned)(n % DEVICES), 1 + (uint32_t)(n % ROOMS),
		    start);
		if (waiting >= FILL)
			wait_for(s, 1000);
	}
	store_drain(s);
	sample.n = 0;
	figure("filling", (double)(now_us() - start) / 1e6, "s");
	catch_up(s);
	start = now_us();
	store_free(s);
	figure("orderly end", (double)(now_us() - start) / 1e3, "ms");
}

static void
count_room(void *arg, const struct store_room *room)
{
	*(uint64_t *)arg += room->head;
}

static void
count_member(void *arg, uint32_t room, const struct id *device,
    struct slice nick, uint64_t seen)
{
	(void)seen;
	(void)arg;
	(void)room;
	(void)device;
	(void)nick;
}

static void
count_files(void *arg, uint64_t number)
{
	(void)arg;
	(void)number;
}

static struct store *
start(void)
{
	static const struct store_loader loader = { .room = count_room,
		.member = count_member,
		.last_file = count_files };
	uint64_t entries = 0;
	int64_t before = now_us();
	struct store *s = store_open();

	store_load(s, &loader, &entries);
	figure_goal("start", (double)(now_us() - before) / 1e3, "ms", 1000);
	figure("entries", (double)entries, "");
	return s;
}

static void
was_read(struct store_read *job)
{
	if (job->got != PAGE)
		fatalx(EX_SOFTWARE, "a page of %u", job->got);
	for (unsigned i = 0; i < job->got; i++)
		entry_unref(job->entries[i]);
	free(job->entries);
}

static void
read_pages(struct store *s, uint64_t entries)
{
	uint64_t random = 1, in_room = entries / ROOMS - PAGE;

	for (int i = 0; i < PAGES; i++) {
		struct store_read job = {
			.done = was_read, .n = PAGE, .bytes = 1 << 20
		};
		int64_t before;

		random = random * 6364136223846793005u + 1;
		job.room = 1 + (uint32_t)(random >> 33) % ROOMS;
		job.from = 1 + (random >> 20) % in_room;
		before = now_us();
		store_read(s, &job);
		store_drain(s);
		sample_add(now_us() - before);
	}
	sample_print_goal("page of 50, asked and answered", 1, 0.5);
}

static bool is_copied;

static void
copied(struct store_backup *job)
{
	if (job->error.len != 0)
		fatalx(EX_SOFTWARE, "%s", buf_string(&job->error));
	is_copied = true;
}

static bool
is_copy_over(void)
{
	return is_copied;
}

static void
copy_under_load(struct store *s, unsigned rate)
{
	char path[300];
	struct store_backup job = { .done = copied, .path = path };
	int64_t before = now_us();

	snprintf(path, sizeof(path), "%s/copy", folder);
	store_backup(s, &job);
	say_at_rate(s, rate, ROOMS, 600, is_copy_over);
	figure("copy", (double)(now_us() - before) / 1e6, "s");
	sample_print("ack meanwhile");
}

/* What the index costs those who speak. */
static void
compare_index(double seconds)
{
	static const struct {
		const char *words;
		enum entry_kind kind;
	} rows[] = { { "without index", (enum entry_kind)UNSEARCHED },
		{ "with index", ENTRY_SAID } };
	double rate[2];

	for (int i = 0; i < 2; i++) {
		struct store *s = store_open();

		printf("-- %d senders, each waits for its answer, %s\n",
		    DEVICES, rows[i].words);
		kind = rows[i].kind;
		rate[i] = say_at_will(s, DEVICES, seconds);
		sample_print("ack");
		if (i == 1)
			catch_up(s);
		store_free(s);
	}
	figure("with index to without", rate[1] / rate[0], "");
}

static double
megabytes(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)used.ru_maxrss / 1024;
}

int
main(int argc, char **argv)
{
	static const unsigned at_once[] = { 1, 10, 100, 1000 };
	const char *where = argc > 1 ? argv[1] : "/var/tmp";
	uint64_t entries = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
	double seconds = argc > 3 ? strtod(argv[3], NULL) : 10;
	struct store *s;

	log_init("store_bench", 0);
	snprintf(folder, sizeof(folder), "%s/store-bench-XXXXXX", where);
	if (mkdtemp(folder) == NULL)
		fatal(EX_CANTCREAT, "%s", folder);
	atexit(clean);
	for (size_t i = 0; i < sizeof(at_once) / sizeof(*at_once); i++) {
		printf("-- %u waiting at any time\n", at_once[i]);
		s = store_open();
		say_at_will(s, at_once[i], seconds / 4);
		sample_print("ack");
		store_free(s);
	}
	compare_index(seconds);
	printf("-- 1000 a second from %d devices\n", DEVICES);
	s = store_open();
	say_at_rate(s, 1000, ROOMS, seconds, NULL);
	sample_print_goal("ack", 10, 0.99);
	printf("-- 10000 a second into one room\n");
	say_at_rate(s, 10000, 1, seconds, NULL);
	sample_print("ack");
	store_free(s);

	printf("-- a large store\n");
	fill(entries);
	s = start();
	read_pages(s, entries);
	search_words(s);
	printf("-- a copy of it while 1000 a second are said\n");
	copy_under_load(s, 1000);
	store_free(s);
	figure("memory at most", megabytes(), "MiB");
	return 0;
}
