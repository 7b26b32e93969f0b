/*
 * The store that keeps everything in memory: logs as rings of shared entries,
 * the last answers given to each device.  What is asked waits in queues until
 * the next store_collect(), as it would for a disk.
 *
 * Beyond the bytes it may use, the oldest eighth of the longest log goes.
 * Beyond MEMORY_DEVICES, the device that was silent longest is forgotten.
 */
#include "store.h"

#include <assert.h>
#include <stdlib.h>

#include "entry.h"
#include "table.h"
#include "xmalloc.h"

enum {
	MEMORY_DEVICES = 100000,
	MEMORY_ANSWERS = 64,  /* remembered for a device: a client's window */
	MEMORY_OVERHEAD = 32, /* bytes reckoned for an entry beside its own */
};

struct answer {
	uint64_t n, seq, time;
	uint32_t room;
};

struct device {
	struct id id;
	uint64_t last;
	struct answer answers[MEMORY_ANSWERS]; /* of n at n % MEMORY_ANSWERS */
	struct device *prev, *next;	       /* silent longest first */
	UT_hash_handle hh;
};

struct room_log {
	uint32_t room;
	struct entry **at; /* ring of cap, a power of two */
	size_t cap, n;
	uint64_t first; /* number of the oldest entry kept */
	uint64_t bytes;
	UT_hash_handle hh;
};

/* A job of any kind, in the order they were asked. */
struct ask {
	enum {
		ASK_APPEND,
		ASK_DEVICE,
		ASK_SEEN,
		ASK_READ,
		ASK_SEARCH,
		ASK_BACKUP
	} kind;
	void *job;
};

struct memory {
	struct store store;
	uint64_t (*wall)(void);
	uint64_t max, bytes;
	uint64_t time; /* of the newest entry */
	struct store_keep keep;
	struct room_log *logs;
	struct device *devices, *silent;
	struct ask *asked;
	size_t n_asked, cap_asked;
};

static struct memory *
memory_of(struct store *s)
{
	return (struct memory *)s;
}

static void
ask(struct store *s, int kind, void *job)
{
	struct memory *m = memory_of(s);

	if (m->n_asked == m->cap_asked) {
		m->cap_asked = m->cap_asked != 0 ? m->cap_asked * 2 : 64;
		m->asked = xrealloc(m->asked, m->cap_asked, sizeof *m->asked);
	}
	m->asked[m->n_asked++] = (struct ask){ .kind = kind, .job = job };
}

static void
memory_append(struct store *s, struct store_append *job)
{
	ask(s, ASK_APPEND, job);
}

static void
memory_device(struct store *s, struct store_device *job)
{
	ask(s, ASK_DEVICE, job);
}

static void
memory_read(struct store *s, struct store_read *job)
{
	ask(s, ASK_READ, job);
}

static void
memory_search(struct store *s, struct store_search *job)
{
	ask(s, ASK_SEARCH, job);
}

static void
memory_seen(struct store *s, struct store_seen *job)
{
	ask(s, ASK_SEEN, job);
}

static void
memory_backup(struct store *s, struct store_backup *job)
{
	ask(s, ASK_BACKUP, job);
}

/* A memory that has just begun. */
static uint32_t
memory_load(struct store *s, const struct store_loader *loader, void *arg)
{
	(void)s;
	(void)loader;
	(void)arg;
	return 0;
}

/* ---- logs ---- */

static struct room_log *
log_find(struct memory *m, uint32_t room)
{
	struct room_log *l;

	HASH_FIND(hh, m->logs, &room, sizeof room, l);
	return l;
}

static struct room_log *
log_get(struct memory *m, uint32_t room)
{
	struct room_log *l = log_find(m, room);

	if (l == NULL) {
		l = xcalloc(1, sizeof *l);
		l->room = room;
		l->first = 1;
		HASH_ADD(hh, m->logs, room, sizeof l->room, l);
	}
	return l;
}

static struct entry **
log_at(const struct room_log *l, uint64_t seq)
{
	return &l->at[seq & (l->cap - 1)];
}

static void
log_grow(struct room_log *l)
{
	size_t cap = l->cap != 0 ? l->cap * 2 : 4;
	struct entry **at = xcalloc(cap, sizeof *at);

	for (uint64_t seq = l->first; seq < l->first + l->n; seq++)
		at[seq & (cap - 1)] = *log_at(l, seq);
	free(l->at);
	l->at = at;
	l->cap = cap;
}

static uint64_t
entry_bytes(const struct entry *e)
{
	return sizeof *e + e->who_len + e->text_len + MEMORY_OVERHEAD;
}

static void
log_drop(struct memory *m, struct room_log *l)
{
	struct entry *e = *log_at(l, l->first);

	m->bytes -= entry_bytes(e);
	l->bytes -= entry_bytes(e);
	entry_unref(e);
	l->first++;
	l->n--;
}

static void
log_free(struct memory *m, struct room_log *l)
{
	while (l->n != 0)
		log_drop(m, l);
	HASH_DEL(m->logs, l);
	free(l->at);
	free(l);
}

static void
memory_forget(struct store *s, uint32_t room)
{
	struct memory *m = memory_of(s);
	struct room_log *l = log_find(m, room);

	if (l != NULL)
		log_free(m, l);
}

static bool
is_kept(const struct memory *m, const struct room_log *l)
{
	const struct store_keep *keep = &m->keep;
	uint64_t now = m->wall();

	return (keep->count == 0 || l->n <= keep->count) &&
	    (keep->age_ms == 0 || now <= keep->age_ms ||
		(*log_at(l, l->first))->time >= now - keep->age_ms);
}

/* What need not be kept goes when somebody asks for the room, or when all are
 * looked at: nobody sees it. */
static void
log_trim(struct memory *m, struct room_log *l)
{
	while (l->n != 0 && !is_kept(m, l))
		log_drop(m, l);
}

static void
memory_keep(struct store *s, const struct store_keep *keep)
{
	struct memory *m = memory_of(s);

	m->keep = *keep;
	for (struct room_log *l = m->logs; l != NULL; l = l->hh.next)
		log_trim(m, l);
}

static void
make_room(struct memory *m)
{
	while (m->bytes > m->max) {
		struct room_log *longest = NULL;
		uint64_t keep;

		for (struct room_log *l = m->logs; l != NULL; l = l->hh.next)
			if (longest == NULL || l->bytes > longest->bytes)
				longest = l;
		if (longest == NULL || longest->n <= 1)
			return;
		keep = longest->bytes - longest->bytes / 8;
		while (longest->n > 1 && longest->bytes >= keep)
			log_drop(m, longest);
	}
}

static struct entry *
log_add(struct memory *m, const struct store_append *job)
{
	struct room_log *l = log_get(m, job->room);
	uint64_t now = m->wall();
	struct entry *e;

	if (now > m->time)
		m->time = now;
	if (l->n == l->cap)
		log_grow(l);
	e = entry_new(job->room, l->first + l->n, m->time, job->kind, job->who,
	    job->text);
	*log_at(l, e->seq) = e;
	l->n++;
	l->bytes += entry_bytes(e);
	m->bytes += entry_bytes(e);
	log_trim(m, l);
	return e;
}

/* ---- devices ---- */

static struct device *
device_find(struct memory *m, const struct id *id)
{
	struct device *d;

	HASH_FIND(hh, m->devices, id, sizeof *id, d);
	return d;
}

static void
device_forget(struct memory *m, struct device *d)
{
	HASH_DEL(m->devices, d);
	DL_DELETE(m->silent, d);
	free(d);
}

static struct device *
device_get(struct memory *m, const struct id *id)
{
	struct device *d = device_find(m, id);

	if (d != NULL) {
		DL_DELETE(m->silent, d);
	} else {
		if (HASH_COUNT(m->devices) >= MEMORY_DEVICES)
			device_forget(m, m->silent);
		d = xcalloc(1, sizeof *d);
		d->id = *id;
		HASH_ADD(hh, m->devices, id, sizeof d->id, d);
	}
	DL_APPEND(m->silent, d);
	return d;
}

/* ---- the work ---- */

static void
do_append(struct memory *m, struct store_append *job)
{
	struct device *d = NULL;
	struct answer *a = NULL;

	job->why = FINE;
	job->entry = NULL;
	job->stored_room = job->room;
	if (job->n != 0) {
		d = device_get(m, &job->device);
		a = &d->answers[job->n % MEMORY_ANSWERS];
		if (job->n > d->last + 1) {
			job->why = REFUSE_OUT_OF_ORDER;
			return;
		}
		if (job->n <= d->last) {
			bool known = a->n == job->n;

			job->seq = known ? a->seq : 0;
			job->time = known ? a->time : 0;
			if (known)
				job->stored_room = a->room;
			return;
		}
	}
	job->entry = entry_ref(log_add(m, job));
	job->seq = job->entry->seq;
	job->time = job->entry->time;
	if (d != NULL) {
		d->last = job->n;
		*a = (struct answer){ job->n, job->seq, job->time, job->room };
	}
	if (m->bytes > m->max)
		make_room(m);
}

static void
do_device(struct memory *m, struct store_device *job)
{
	struct device *d = device_find(m, &job->device);

	job->last = d != NULL ? d->last : 0;
}

/* The first entry from number `from` on that is not older. */
static uint64_t
log_since(const struct room_log *l, uint64_t from, uint64_t since)
{
	uint64_t high = l->first + l->n;

	while (from < high) {
		uint64_t middle = from + (high - from) / 2;

		if ((*log_at(l, middle))->time < since)
			from = middle + 1;
		else
			high = middle;
	}
	return from;
}

static void
do_read(struct memory *m, struct store_read *job)
{
	struct room_log *l = log_find(m, job->room);
	uint64_t seq = job->from, bytes = 0;

	job->entries = NULL;
	job->got = 0;
	job->first = job->from;
	if (l != NULL)
		log_trim(m, l);
	if (l == NULL || job->from >= l->first + l->n)
		return;
	if (seq < l->first)
		seq = l->first;
	seq = log_since(l, seq, job->since);
	if (seq == l->first + l->n)
		return;
	job->first = seq;
	job->entries = xcalloc(job->n, sizeof *job->entries);
	for (; seq < l->first + l->n && job->got < job->n; seq++) {
		struct entry *e = *log_at(l, seq);

		if (job->got != 0 && bytes + entry_bytes(e) > job->bytes)
			break;
		bytes += entry_bytes(e);
		job->entries[job->got++] = entry_ref(e);
	}
}

static void
do_search(struct memory *m, struct store_search *job)
{
	(void)m;
	job->entries = NULL;
	job->got = 0;
	job->more = 0;
}

static void
memory_collect(struct store *s)
{
	struct memory *m = memory_of(s);
	struct ask *asked = m->asked;
	size_t n = m->n_asked, cap = m->cap_asked;

	/* done() may ask again: that goes into a queue of its own. */
	m->asked = NULL;
	m->n_asked = m->cap_asked = 0;
	for (size_t i = 0; i < n; i++) {
		struct store_append *append = asked[i].job;
		struct store_device *device = asked[i].job;
		struct store_seen *seen = asked[i].job;
		struct store_read *read = asked[i].job;
		struct store_search *search = asked[i].job;
		struct store_backup *backup = asked[i].job;

		switch (asked[i].kind) {
		case ASK_APPEND:
			do_append(m, append);
			append->done(append);
			break;
		case ASK_DEVICE:
			do_device(m, device);
			device->done(device);
			break;
		case ASK_SEEN:
			/* There is nobody to be told: this memory is never
			 * loaded. */
			seen->done(seen);
			break;
		case ASK_READ:
			do_read(m, read);
			read->done(read);
			break;
		case ASK_SEARCH:
			do_search(m, search);
			search->done(search);
			break;
		case ASK_BACKUP:
			backup->error = (struct buf){ 0 };
			buf_add_string(
			    &backup->error, "this store keeps nothing on disk");
			backup->done(backup);
			break;
		}
	}
	if (m->asked == NULL) {
		m->asked = asked;
		m->cap_asked = cap;
	} else {
		free(asked);
	}
}

static void
memory_drain(struct store *s)
{
	while (memory_of(s)->n_asked != 0)
		memory_collect(s);
}

static bool
memory_waits(const struct store *s)
{
	return ((const struct memory *)s)->n_asked != 0;
}

static void
memory_free(struct store *s)
{
	struct memory *m = memory_of(s);
	struct room_log *l, *next_log;
	struct device *d, *next_device;

	assert(m->n_asked == 0);
	HASH_ITER(hh, m->logs, l, next_log)
	log_free(m, l);
	HASH_ITER(hh, m->devices, d, next_device)
	device_forget(m, d);
	free(m->asked);
	free(m);
}

/* What is known of files is not kept either. */
static void
memory_file_gone(struct store *store, uint64_t number)
{
	(void)store;
	(void)number;
}

static const struct store_ops memory_ops = {
	.load = memory_load,
	.append = memory_append,
	.device = memory_device,
	.read = memory_read,
	.search = memory_search,
	.seen = memory_seen,
	.keep = memory_keep,
	.file_gone = memory_file_gone,
	.forget = memory_forget,
	.backup = memory_backup,
	.collect = memory_collect,
	.drain = memory_drain,
	.waits = memory_waits,
	.free = memory_free,
};

struct store *
store_memory(uint64_t bytes, struct id log, uint64_t (*wall)(void))
{
	struct memory *m = xcalloc(1, sizeof *m);

	m->store = (struct store){ .ops = &memory_ops, .log = log, .fd = -1 };
	m->wall = wall;
	m->max = bytes;
	return &m->store;
}
