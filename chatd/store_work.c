/*
 * What the store's thread does with its time: commit everything that waits in
 * one transaction, tell; read for some milliseconds, tell; then a small step of
 * what is not urgent.  Nothing that was attempted is told before COMMIT has
 * returned.
 */
#include "store_work.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "clock.h"
#include "entry.h"
#include "log.h"
#include "store_copy.h"
#include "store_schema.h"
#include "wake.h"
#include "xmalloc.h"

enum {
	BATCH = 1000, /* in one transaction: some milliseconds of work */
	READ_MS = 4,  /* of reading, then what is to be added has its turn */
	TIDY_MS = 20, /* from one step of tidying to the next, when busy */
	LOG_PAGES = 1000, /* in SQLite's log: a checkpoint */
};

/* ---- the store's thread ---- */

static void
tell(struct store_work *w, struct queue *done)
{
	if (queue_len(done) == 0)
		return;
	pthread_mutex_lock(&w->lock);
	queue_move(done, &w->finished, SIZE_MAX);
	wake_up(w->fd);
	pthread_mutex_unlock(&w->lock);
}

/* Puts it into the log; the status to end with. */
int
work_trouble(struct store_work *w, int code, const char *what)
{
	struct buf words = { 0 };
	char why[80];
	bool ours = code == SQLITE_CORRUPT && w->rows.damaged != 0;

	if (ours)
		snprintf(why, sizeof(why),
		    "entry %llu of room %u is not as it was written",
		    (unsigned long long)schema_seq(w->rows.damaged),
		    schema_room(w->rows.damaged));
	store_words(&words, &w->place, code, what, ours ? why : NULL);
	log_warnx("%s", buf_string(&words));
	buf_done(&words);
	return store_status(code);
}

static void
give_up(struct store_work *w, int code, const char *what)
{
	int status = work_trouble(w, code, what);

	pthread_mutex_lock(&w->lock);
	w->broken = status;
	wake_up(w->fd);
	pthread_mutex_unlock(&w->lock);
}

static int
carry_out(struct store_work *w, struct ask *ask)
{
	switch (ask->kind) {
	case ASK_APPEND:
		return rows_append(&w->rows, ask->job, &ask->is_new);
	case ASK_DEVICE:
		return rows_device(&w->rows, ask->job);
	case ASK_FORGET:
		return rows_forget(&w->rows, ask->room);
	default:
		return SQLITE_MISUSE;
	}
}

static int
commit(struct store_work *w)
{
	int code = rows_begin(&w->rows);

	for (size_t i = 0; i < w->batch.n && code == SQLITE_OK; i++)
		code = carry_out(w, &w->batch.at[i]);
	return code == SQLITE_OK ? rows_commit(&w->rows) : code;
}

static void
committed(struct store_work *w)
{
	struct queue done = { 0 };
	bool is_written = false;

	for (size_t i = 0; i < w->batch.n; i++) {
		struct ask *ask = &w->batch.at[i];
		struct store_append *job = ask->job;

		if (ask->kind == ASK_FORGET) {
			w->has_gone = is_written = true;
			continue;
		}
		if (ask->kind == ASK_APPEND && ask->is_new) {
			job->entry = entry_new(job->room, job->seq, job->time,
			    job->kind, job->who, job->text);
			is_written = true;
		}
		queue_add(&done, *ask);
	}
	w->batch.n = 0;
	if (is_written && w->is_full) {
		log_info("%s: there is room on the disk again", w->place.path);
		w->is_full = false;
	}
	tell(w, &done);
	free(done.at);
}

static void
is_full_now(struct store_work *w)
{
	if (!w->is_full)
		log_warnx("%s: the disk is full: what is said is refused until "
			  "there is room again",
		    w->place.path);
	w->is_full = true;
}

/* Nothing of it has happened.  What is known can still be told; what is to be
 * forgotten stays first in line. */
static int
refused(struct store_work *w)
{
	struct queue done = { 0 };
	size_t kept = 0;
	int code = SQLITE_OK;

	is_full_now(w);
	for (size_t i = 0; i < w->batch.n; i++) {
		struct ask *ask = &w->batch.at[i];
		struct store_append *job = ask->job;

		if (ask->kind == ASK_FORGET) {
			w->batch.at[kept++] = *ask;
			continue;
		}
		if (ask->kind == ASK_DEVICE && code == SQLITE_OK)
			code = rows_device(&w->rows, ask->job);
		if (ask->kind == ASK_APPEND) {
			job->why = REFUSE_UNAVAILABLE;
			job->seq = job->time = 0;
			job->stored_room = job->room;
		}
		queue_add(&done, *ask);
	}
	w->batch.n = kept;
	if (code == SQLITE_OK)
		tell(w, &done);
	free(done.at);
	return code;
}

static int
write_all(struct store_work *w)
{
	int code = commit(w);
	bool is_full;

	if (code == SQLITE_OK) {
		committed(w);
		return SQLITE_OK;
	}
	is_full = store_is_full(w->place.db, code);
	if (!is_full)
		return code;
	code = rows_rollback(&w->rows);
	return code == SQLITE_OK ? refused(w) : code;
}

/* The next to be read, if all that was asked before it is written. */
static bool
take_read(struct store_work *w, struct ask *out)
{
	const struct queue *writes = &w->writes;
	struct queue *reads = &w->reads;
	bool is_due;

	pthread_mutex_lock(&w->lock);
	is_due = queue_len(reads) != 0 &&
	    (queue_len(writes) == 0 ||
		reads->at[reads->head].order < writes->at[writes->head].order);
	if (is_due)
		*out = queue_take(reads);
	pthread_mutex_unlock(&w->lock);
	return is_due;
}

static int
read_some(struct store_work *w)
{
	struct queue done = { 0 };
	struct ask ask;
	int64_t until = clock_ms() + READ_MS;
	int code = SQLITE_OK;

	while (take_read(w, &ask)) {
		code = rows_read(&w->rows, ask.job);
		if (code != SQLITE_OK)
			break;
		queue_add(&done, ask);
		if (clock_ms() >= until)
			break;
	}
	tell(w, &done);
	free(done.at);
	return code;
}

/* ---- what is not urgent ---- */

static int
checkpoint(struct store_work *w, int how)
{
	int code =
	    sqlite3_wal_checkpoint_v2(w->place.db, NULL, how, NULL, NULL);

	w->log_pages = 0;
	if (code == SQLITE_OK || !store_is_full(w->place.db, code))
		return code;
	is_full_now(w);
	return SQLITE_OK;
}

static int
sweep(struct store_work *w)
{
	int code = rows_sweep(&w->rows, &w->has_gone);

	if (code == SQLITE_OK || !store_is_full(w->place.db, code))
		return code;
	is_full_now(w);
	w->has_gone = false;
	return rows_rollback(&w->rows);
}

static int
inspect(struct store_work *w)
{
	int code = rows_inspect(&w->rows, &w->inspected, &w->has_more);

	if (code == SQLITE_OK && !w->has_more)
		log_info("%s: every entry can be read", w->place.path);
	return code;
}

static void
copy_some(struct store_work *w)
{
	struct store_backup *job = w->backup.job;
	struct queue done = { 0 };
	bool more;

	if (w->copy == NULL) {
		job->error = (struct buf){ 0 };
		w->copy = store_copy_new(w->place.db, job->path, &job->error);
		more = w->copy != NULL;
	} else {
		more = store_copy_step(w->copy, &job->error);
	}
	if (more)
		return;
	store_copy_free(w->copy);
	w->copy = NULL;
	queue_add(&done, w->backup);
	w->backup.job = NULL;
	tell(w, &done);
	free(done.at);
}

/* One step.  When others wait, only every now and then. */
static int
tidy(struct store_work *w)
{
	int64_t now = clock_ms();
	bool is_busy;

	if (w->log_pages >= LOG_PAGES)
		return checkpoint(w, SQLITE_CHECKPOINT_PASSIVE);
	pthread_mutex_lock(&w->lock);
	is_busy = queue_len(&w->writes) != 0 || queue_len(&w->reads) != 0;
	pthread_mutex_unlock(&w->lock);
	if (is_busy && now < w->tidy_ms)
		return SQLITE_OK;
	w->tidy_ms = now + TIDY_MS;
	if (w->backup.job != NULL)
		copy_some(w);
	else if (w->has_gone)
		return sweep(w);
	else if (w->has_more)
		return inspect(w);
	return SQLITE_OK;
}

/* Waits until there is something to do; false: no more.  *is_new: something to
 * be written has come. */
static bool
take(struct store_work *w, bool *is_new)
{
	bool go_on;

	pthread_mutex_lock(&w->lock);
	while (!w->is_stopping && queue_len(&w->writes) == 0 &&
	    queue_len(&w->reads) == 0 && queue_len(&w->backups) == 0 &&
	    w->backup.job == NULL && !w->has_gone && !w->has_more)
		pthread_cond_wait(&w->wake, &w->lock);
	*is_new = queue_len(&w->writes) != 0;
	go_on = *is_new || !w->is_stopping;
	queue_move(&w->writes, &w->batch, BATCH);
	if (w->backup.job == NULL && queue_len(&w->backups) != 0)
		w->backup = queue_take(&w->backups);
	pthread_mutex_unlock(&w->lock);
	return go_on;
}

static void *
work(void *arg)
{
	struct store_work *w = arg;
	bool is_new;

	while (take(w, &is_new)) {
		const char *what = "cannot store";
		int code = is_new ? write_all(w) : SQLITE_OK;

		if (code == SQLITE_OK) {
			what = "cannot read";
			code = read_some(w);
		}
		if (code == SQLITE_OK) {
			what = "cannot tidy up";
			code = tidy(w);
		}
		if (code != SQLITE_OK) {
			give_up(w, code, what);
			break;
		}
	}
	return NULL;
}

/* ---- the loop's thread ---- */

static void
start(struct store_work *w)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&w->thread, NULL, work, w) != 0)
		fatalx(EX_OSERR, "cannot start the store's thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->is_started = true;
}

/* SQLite's own hook would checkpoint inside COMMIT, and keep its errors to
 * itself. */
static int
on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store_work *w = arg;

	(void)db;
	(void)name;
	w->log_pages = pages;
	return SQLITE_OK;
}

void
work_init(struct store_work *w, int fd)
{
	w->fd = fd;
	w->has_gone = true;
	w->has_more = w->place.is_large;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	sqlite3_wal_hook(w->place.db, on_commit, w);
}

void
work_ask(struct store_work *w, struct ask ask)
{
	struct queue *q = ask.kind == ASK_READ ? &w->reads
	    : ask.kind == ASK_BACKUP	       ? &w->backups
					       : &w->writes;

	if (!w->is_started)
		start(w);
	pthread_mutex_lock(&w->lock);
	ask.order = ++w->order;
	queue_add(q, ask);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

int
work_finished(struct store_work *w, struct queue *done)
{
	int broken;

	*done = (struct queue){ 0 };
	pthread_mutex_lock(&w->lock);
	if (queue_len(&w->finished) != 0 || w->broken != 0) {
		*done = w->finished;
		w->finished = (struct queue){ 0 };
		wake_clear(w->fd);
	}
	broken = w->broken;
	pthread_mutex_unlock(&w->lock);
	return broken;
}

static void
stop(struct store_work *w)
{
	if (!w->is_started)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
}

void
work_done(struct store_work *w, struct queue *left)
{
	int code = SQLITE_OK;

	stop(w);
	store_copy_free(w->copy);
	if (w->broken == 0)
		code = checkpoint(w, SQLITE_CHECKPOINT_TRUNCATE);
	if (code != SQLITE_OK)
		w->broken = work_trouble(w, code, "cannot finish");
	free(w->writes.at);
	free(w->reads.at);
	free(w->backups.at);
	free(w->batch.at);
	*left = w->finished;
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->wake);
}
