#include "store_tidy.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "store_copy.h"
#include "store_work.h"

enum {
	BUSY_MS = 20,	     /* from one step to the next, when others wait */
	RETRY_MS = 10000,    /* when the disk was full */
	KEEP_MS = 60 * 1000, /* from one look over all rooms to the next */
	LOG_PAGES = 1000,    /* in SQLite's log: a checkpoint */
};

static const int64_t never = INT64_MAX;

/* A step that found no room has not happened; the next ones wait. */
static int
unless_full(struct store_work *w, int code)
{
	if (code == SQLITE_CORRUPT_VTAB)
		return work_index_anew(w);
	if (code == SQLITE_OK || !store_is_full(w->place.db, code))
		return code;
	work_is_full(w);
	w->tidy.retry_ms = clock_ms() + RETRY_MS;
	return rows_rollback(&w->rows);
}

int
tidy_checkpoint(struct store_work *w, int how)
{
	int code =
	    sqlite3_wal_checkpoint_v2(w->place.db, NULL, how, NULL, NULL);

	w->tidy.log_pages = 0;
	return unless_full(w, code);
}

/* ---- tasks ---- */

static int64_t
due_copy(const struct store_work *w)
{
	return w->tidy.backup.job != NULL ? 0 : never;
}

static int
copy_some(struct store_work *w)
{
	struct tidy *t = &w->tidy;
	struct store_backup *job = t->backup.job;
	struct queue done = { 0 };
	bool more;

	if (t->copy == NULL) {
		job->error = (struct buf){ 0 };
		t->copy = store_copy_new(w->place.db, job->path, &job->error);
		more = t->copy != NULL;
	} else {
		more = store_copy_step(t->copy, &job->error);
	}
	if (more)
		return SQLITE_OK;
	store_copy_free(t->copy);
	t->copy = NULL;
	queue_add(&done, t->backup);
	t->backup.job = NULL;
	work_tell(w, &done);
	free(done.at);
	return SQLITE_OK;
}

/* What changes the index waits until it is merged, lest that grows. */
static int64_t
unless_scattered(const struct store_work *w, int64_t due)
{
	if (w->rows.is_scattered)
		return never;
	return due > w->tidy.retry_ms ? due : w->tidy.retry_ms;
}

static int64_t
due_sweep(const struct store_work *w)
{
	return unless_scattered(w, w->tidy.has_gone ? 0 : never);
}

static int
sweep(struct store_work *w)
{
	return unless_full(w, rows_sweep(&w->rows, &w->tidy.has_gone));
}

static int64_t
due_keep(const struct store_work *w)
{
	return unless_scattered(w, w->tidy.keep_ms);
}

static int
keep(struct store_work *w)
{
	struct tidy *t = &w->tidy;
	bool more = true;
	int code = rows_keep(&w->rows, &t->keep, &t->keep_room, &more);

	if (!more) {
		t->keep_room = 0;
		t->keep_ms = clock_ms() + KEEP_MS;
	}
	return unless_full(w, code);
}

static int64_t
due_index(const struct store_work *w)
{
	return unless_scattered(w, rows_is_behind(&w->rows) ? 0 : never);
}

static int
index_some(struct store_work *w)
{
	return unless_full(w, rows_index(&w->rows));
}

static int64_t
due_merge(const struct store_work *w)
{
	return w->rows.is_scattered ? w->tidy.retry_ms : never;
}

static int
merge(struct store_work *w)
{
	return unless_full(w, rows_merge(&w->rows));
}

static int64_t
due_inspect(const struct store_work *w)
{
	return w->tidy.has_more ? 0 : never;
}

static int
inspect(struct store_work *w)
{
	struct tidy *t = &w->tidy;
	int code = rows_inspect(&w->rows, &t->inspected, &t->has_more);

	if (code == SQLITE_OK && !t->has_more)
		log_info("%s: every entry can be read", w->place.path);
	return code;
}

/* What writes to the database can be done again, should the power go: those who
 * speak need not wait until it is on the disk.  It is there before anything
 * that is written behind it. */
static const struct task {
	int64_t (*due)(const struct store_work *);
	int (*step)(struct store_work *);
	bool writes;
} tasks[] = {
	{ due_copy, copy_some, false },
	{ due_index, index_some, true },
	{ due_merge, merge, true },
	{ due_sweep, sweep, true },
	{ due_keep, keep, true },
	{ due_inspect, inspect, false },
};
enum { TASKS = sizeof(tasks) / sizeof(*tasks) };

/* ---- whose turn it is ---- */

int64_t
tidy_due(const struct store_work *w)
{
	int64_t first = never;

	for (unsigned i = 0; i < TASKS; i++) {
		int64_t due = tasks[i].due(w);

		first = due < first ? due : first;
	}
	return first;
}

static int
take_step(struct store_work *w, const struct task *task)
{
	int code = SQLITE_OK, after = SQLITE_OK;

	if (task->writes)
		code = sqlite3_exec(w->place.db, "PRAGMA synchronous = NORMAL",
		    NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = task->step(w);
	if (task->writes)
		after = sqlite3_exec(
		    w->place.db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	return code == SQLITE_OK ? after : code;
}

int
tidy_step(struct store_work *w)
{
	struct tidy *t = &w->tidy;
	int64_t now = clock_ms();

	if (t->log_pages >= LOG_PAGES)
		return tidy_checkpoint(w, SQLITE_CHECKPOINT_PASSIVE);
	if (w->is_busy && now < t->busy_ms)
		return SQLITE_OK;
	for (unsigned i = 0; i < TASKS; i++) {
		const struct task *task = &tasks[(t->turn + i) % TASKS];

		if (task->due(w) > now)
			continue;
		t->turn = (t->turn + i + 1) % TASKS;
		t->busy_ms = now + BUSY_MS;
		return take_step(w, task);
	}
	return SQLITE_OK;
}

void
tidy_init(struct tidy *t, bool has_more)
{
	t->has_gone = true;
	t->has_more = has_more;
	t->keep_ms = never;
}

void
tidy_keep(struct tidy *t, const struct store_keep *wanted)
{
	t->keep = *wanted;
	t->keep_room = 0;
	t->keep_ms = wanted->age_ms == 0 && wanted->count == 0 ? never : 0;
}
