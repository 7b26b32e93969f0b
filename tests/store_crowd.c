#include "store_crowd.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chatd/entry.h"
#include "store_contract.h"

enum {
	ROUND = 8,
	TEXT = 64,
	PAGE = 100,
	PAST = 300,	/* entries of each part of the past */
	PAST_GONE = 18, /* rooms */
	PAST_KEPT = 19,
	TIME_PAST = 1, /* those are not kept */
	TIME_NOW = 1000,
	KEEP = 500,
};

static uint64_t
draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

unsigned
crowd_times(unsigned n)
{
	const char *soak = getenv("CHAT_SOAK");
	unsigned long factor = soak != NULL ? strtoul(soak, NULL, 10) : 1;

	return factor > 1 ? n * (unsigned)factor : n;
}

/* ---- the past ---- */

static void
was_said(struct store_append *job)
{
	entry_unref(job->entry);
}

static void
say_past(struct store *store, uint32_t room, enum entry_kind kind)
{
	static struct store_append jobs[PAST];

	for (unsigned i = 0; i < PAST; i++) {
		jobs[i] = (struct store_append){ .done = was_said,
			.room = room,
			.room_name = SLICE("#past"),
			.kind = i == 0 ? kind : ENTRY_SAID,
			.who = SLICE("somebody"),
			.text = SLICE("long ago"),
			.device = { { 0xee } } };
		store_append(store, &jobs[i]);
	}
	store_drain(store);
}

static bool has_past;

void
crowd_past(struct store *store)
{
	has_past = true;
	story_now = TIME_PAST;
	say_past(store, PAST_KEPT, ENTRY_JOINED);
	say_past(store, PAST_GONE, ENTRY_SAID);
	story_now = TIME_NOW;
	say_past(store, PAST_KEPT, ENTRY_SAID);
	store_forget(store, PAST_GONE);
}

static void
no_room(void *arg, const struct store_room *room)
{
	(void)arg;
	(void)room;
}

static void
has_seen(void *arg, uint32_t room, const struct id *device, struct slice nick,
    uint64_t seen)
{
	(void)device;
	(void)nick;
	if (room == PAST_KEPT)
		*(uint64_t *)arg = seen;
}

static void
no_file(void *arg, uint64_t number)
{
	(void)arg;
	(void)number;
}

uint64_t
crowd_seen(struct store *store)
{
	static const struct store_loader loader = {
		.room = no_room, .member = has_seen, .last_file = no_file
	};
	uint64_t seen = 0;

	store_load(store, &loader, &seen);
	return seen;
}

static struct id
device_of(unsigned device)
{
	return (struct id){ { 0xd0, (uint8_t)device } };
}

/* ---- talking ---- */

struct saying {
	struct store_append job;
	unsigned device;
	crowd_heard *heard;
	uint64_t *next; /* of the device */
	char text[TEXT];
};

static void
said(struct store_append *job)
{
	struct saying *s = (struct saying *)job;

	if (job->why == FINE) {
		if (*s->next <= job->n)
			*s->next = job->n + 1;
		s->heard(s->device, job->n);
	}
	entry_unref(job->entry);
}

static void
say(struct store *store, struct saying *s, unsigned device, uint64_t n,
    uint32_t room)
{
	int len = snprintf(
	    s->text, sizeof(s->text), "%u %" PRIu64 " and so on", device, n);

	s->device = device;
	s->job = (struct store_append){
		.done = said,
		.room = room,
		.room_name = SLICE("#crowd"),
		.kind = ENTRY_SAID,
		.who = SLICE("somebody"),
		.text = { s->text, (size_t)len },
		.device = device_of(device),
		.n = n,
	};
	store_append(store, &s->job);
}

static void
asked(struct store_device *job)
{
	(void)job;
}

static uint64_t
last_of(struct store *store, unsigned device)
{
	struct store_device job = { .done = asked,
		.device = device_of(device) };

	store_device(store, &job);
	store_drain(store);
	return job.last;
}

static crowd_heard *tell_seen;

static void
was_seen(struct store_seen *job)
{
	static uint64_t told;

	if (job->seq > told)
		tell_seen(CROWD_SEEN, told = job->seq);
}

void
crowd_talk(
    struct store *store, unsigned rounds, uint64_t seed, crowd_heard *heard)
{
	static struct saying sayings[ROUND];
	static struct store_seen seen;
	const struct store_keep keep = { .age_ms = KEEP };
	uint64_t next[CROWD_DEVICES];

	tell_seen = heard;
	story_now = TIME_NOW;
	store_keep(store, &keep);

	for (unsigned d = 0; d < CROWD_DEVICES; d++)
		next[d] = last_of(store, d) + 1;
	while (rounds-- != 0 && store->broken == 0) {
		uint64_t asking[CROWD_DEVICES];
		unsigned n = 1 + (unsigned)(draw(&seed) % ROUND);

		for (unsigned d = 0; d < CROWD_DEVICES; d++)
			asking[d] = next[d];
		for (unsigned i = 0; i < n; i++) {
			unsigned d = (unsigned)(draw(&seed) % CROWD_DEVICES);

			sayings[i].heard = heard;
			sayings[i].next = &next[d];
			say(store, &sayings[i], d, asking[d]++,
			    1 + (uint32_t)(draw(&seed) % CROWD_ROOMS));
		}
		seen = (struct store_seen){ .done = was_seen,
			.room = PAST_KEPT,
			.device = { { 0xee } },
			.seq = draw(&seed) % PAST };
		if (has_past)
			store_seen(store, &seen);
		store_drain(store);
	}
}

/* ---- looking ---- */

struct look {
	struct buf *wrong;
	uint64_t last[CROWD_DEVICES];			       /* in the room */
	uint64_t count[CROWD_DEVICES], highest[CROWD_DEVICES]; /* in all */
	uint64_t next;
	bool more;
	uint64_t n_past, n_found, below;
};

static struct look look;

static void
look_at(const struct entry *e)
{
	char text[TEXT];
	unsigned device;
	uint64_t n;

	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(entry_text(e)));
	if (sscanf(text, "%u %" SCNu64 " and", &device, &n) != 2 ||
	    device >= CROWD_DEVICES) {
		buf_printf(look.wrong, "room %u: %" PRIu64 " is strange\n",
		    e->room, e->seq);
		return;
	}
	if (n <= look.last[device])
		buf_printf(look.wrong,
		    "room %u: device %u: %" PRIu64 " behind %" PRIu64 "\n",
		    e->room, device, n, look.last[device]);
	look.last[device] = n;
	look.count[device]++;
	if (n > look.highest[device])
		look.highest[device] = n;
}

static void
look_at_page(struct store_read *job)
{
	bool is_past = job->room == PAST_KEPT || job->room == PAST_GONE;

	look.more = job->got != 0;
	if (job->got != 0 && job->first != look.next &&
	    !(is_past && job->first <= PAST + 1))
		buf_printf(look.wrong, "room %u: nothing from %" PRIu64 "\n",
		    job->room, look.next);
	for (unsigned i = 0; i < job->got; i++) {
		if (!is_past)
			look_at(job->entries[i]);
		else if (job->entries[i]->kind == ENTRY_SAID)
			look.n_past++;
		entry_unref(job->entries[i]);
	}
	free(job->entries);
	look.next = job->first + job->got;
}

static void
look_at_room(struct store *store, uint32_t room)
{
	for (unsigned d = 0; d < CROWD_DEVICES; d++)
		look.last[d] = 0;
	look.next = 1;
	look.more = true;
	while (look.more && store->broken == 0) {
		struct store_read job = { .done = look_at_page,
			.room = room,
			.from = look.next,
			.n = PAGE,
			.bytes = 1 << 20 };

		store_read(store, &job);
		store_drain(store);
	}
}

static void
look_at_found(struct store_search *job)
{
	for (unsigned i = 0; i < job->got; i++)
		entry_unref(job->entries[i]);
	free(job->entries);
	look.n_found += job->got;
	look.below = job->more;
}

static uint64_t
find_all(struct store *store, const char *words)
{
	look.n_found = look.below = 0;
	do {
		struct store_search job = { .done = look_at_found,
			.words = slice_of(words),
			.below = look.below,
			.n = PAGE,
			.bytes = 1 << 20 };

		store_search(store, &job);
		store_drain(store);
	} while (look.below != 0 && store->broken == 0);
	return look.n_found;
}

static void
expect_found(const char *words, uint64_t found, uint64_t least, uint64_t most)
{
	if (found < least || found > most)
		buf_printf(look.wrong,
		    "\"%s\": %" PRIu64 " found, but there are %" PRIu64
		    " to %" PRIu64 "\n",
		    words, found, least, most);
}

/* What need not be kept may be going at this moment, and a room that is to be
 * forgotten may still be there. */
static uint64_t
count_past(struct store *store)
{
	look.n_past = 0;
	look_at_room(store, PAST_KEPT);
	look_at_room(store, PAST_GONE);
	return look.n_past;
}

static void
look_for_all(struct store *store)
{
	uint64_t n = 0, most, found;

	for (unsigned d = 0; d < CROWD_DEVICES; d++)
		n += look.count[d];
	expect_found("SO on", find_all(store, "SO on"), n, n);
	most = count_past(store);
	found = find_all(store, "long ago");
	expect_found("long ago", found, count_past(store), most);
}

void
crowd_check(
    struct store *store, const uint64_t acked[CROWD_DEVICES], struct buf *wrong)
{
	look = (struct look){ .wrong = wrong };
	for (uint32_t room = 1; room <= CROWD_ROOMS; room++)
		look_at_room(store, room);
	look_for_all(store);
	for (unsigned d = 0; d < CROWD_DEVICES; d++) {
		uint64_t last = last_of(store, d);

		/* Ascending, so many, and none above: each of them once. */
		if (look.count[d] != last || look.highest[d] != last)
			buf_printf(wrong,
			    "device %u: %" PRIu64 " entries up to %" PRIu64
			    ", but the last is %" PRIu64 "\n",
			    d, look.count[d], look.highest[d], last);
		if (last < acked[d])
			buf_printf(wrong,
			    "device %u: lost %" PRIu64 " to %" PRIu64 "\n", d,
			    last + 1, acked[d]);
	}
	if (store->broken != 0)
		buf_printf(wrong, "broken: %d\n", store->broken);
}
