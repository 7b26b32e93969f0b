/*
 * The store that keeps everything in memory: logs, and the last answers given
 * to each device.  What is asked waits in a queue until the next
 * store_collect(), as it would for a disk.  Of what is looked for, one is found
 * at a time: that takes some milliseconds, and nobody else is to wait longer.
 *
 * Beyond MEMORY_DEVICES, the device that was silent longest is forgotten.
 */
#include "store.h"

#include <assert.h>
#include <stdlib.h>

#include "entry.h"
#include "store_logs.h"
#include "table.h"
#include "xmalloc.h"

enum {
	MEMORY_DEVICES = 100000,
	MEMORY_ANSWERS = 64, /* remembered for a device: a client's window */
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
	struct logs logs;
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

static void
memory_keep(struct store *s, const struct store_keep *keep)
{
	logs_keep(&memory_of(s)->logs, keep);
}

static void
memory_forget(struct store *s, uint32_t room)
{
	logs_forget(&memory_of(s)->logs, room);
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
	job->entry = entry_ref(logs_add(&m->logs, job));
	job->seq = job->entry->seq;
	job->time = job->entry->time;
	if (d != NULL) {
		d->last = job->n;
		*a = (struct answer){ job->n, job->seq, job->time, job->room };
	}
}

static void
do_device(struct memory *m, struct store_device *job)
{
	struct device *d = device_find(m, &job->device);

	job->last = d != NULL ? d->last : 0;
}

static void
memory_collect(struct store *s)
{
	struct memory *m = memory_of(s);
	struct ask *asked = m->asked;
	size_t n = m->n_asked, cap = m->cap_asked;
	bool has_searched = false;

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
			logs_read(&m->logs, read);
			read->done(read);
			break;
		case ASK_SEARCH:
			if (has_searched) {
				memory_search(s, search);
				break;
			}
			has_searched = true;
			logs_search(&m->logs, search);
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
	struct device *d, *next;

	assert(m->n_asked == 0);
	HASH_ITER(hh, m->devices, d, next)
	device_forget(m, d);
	logs_done(&m->logs);
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
	m->logs = (struct logs){ .wall = wall, .max = bytes };
	return &m->store;
}
