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
#include <time.h>

#include "clock.h"
#include "entry.h"
#include "log.h"
#include "store_copy.h"
#include "store_schema.h"
#include "store_tidy.h"
#include "wake.h"
#include "xmalloc.h"

enum {
	BATCH = 1000, /* in one transaction: some milliseconds of work */
	READ_MS = 4,  /* of reading, then what is to be added has its turn */
};

/* ---- the store's thread ---- */

void
work_tell(struct store_work *w, struct queue *done)
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
	case ASK_SEEN:
		return rows_seen(&w->rows, ask->job);
	case ASK_FORGET:
		return rows_forget(&w->rows, ask->room);
	case ASK_FILE_GONE:
		return rows_file_gone(&w->rows, ask->file);
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

		if (ask->kind == ASK_FORGET || ask->kind == ASK_FILE_GONE) {
			w->tidy.has_gone |= ask->kind == ASK_FORGET;
			is_written = true;
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
		w->tidy.retry_ms = 0;
	}
	work_tell(w, &done);
	free(done.at);
}

void
work_is_full(struct store_work *w)
{
	if (!w->is_full)
		log_warnx("%s: the disk is full: what is said is refused until "
			  "there is room again",
		    w->place.path);
	w->is_full = true;
}

static void
refuse(struct store_append *job)
{
	job->why = REFUSE_UNAVAILABLE;
	job->entry = NULL;
	job->seq = job->time = 0;
	job->stored_room = job->room;
}

/* Nothing of it has happened.  What is known can still be told; what is to be
 * forgotten stays first in line. */
static int
refused(struct store_work *w)
{
	struct queue done = { 0 };
	size_t kept = 0;
	int code = SQLITE_OK;

	work_is_full(w);
	for (size_t i = 0; i < w->batch.n; i++) {
		struct ask *ask = &w->batch.at[i];
		struct store_append *job = ask->job;

		if (ask->kind == ASK_FORGET || ask->kind == ASK_FILE_GONE) {
			w->batch.at[kept++] = *ask;
			continue;
		}
		if (ask->kind == ASK_DEVICE && code == SQLITE_OK)
			code = rows_device(&w->rows, ask->job);
		if (ask->kind == ASK_APPEND)
			refuse(job);
		queue_add(&done, *ask);
	}
	w->batch.n = kept;
	if (code == SQLITE_OK)
		work_tell(w, &done);
	free(done.at);
	return code;
}

/* What is in SQLite's log may fit into the database, where entries have gone,
 * and make room for what comes. */
static int
commit_again(struct store_work *w)
{
	int code = rows_rollback(&w->rows);

	if (code != SQLITE_OK || w->is_full)
		return code == SQLITE_OK ? SQLITE_FULL : code;
	code = tidy_checkpoint(w, SQLITE_CHECKPOINT_PASSIVE);
	if (code != SQLITE_OK || w->is_full)
		return code == SQLITE_OK ? SQLITE_FULL : code;
	return commit(w);
}

static int
write_all(struct store_work *w)
{
	int code = commit(w);

	if (store_is_full(w->place.db, code))
		code = commit_again(w);
	if (code == SQLITE_OK) {
		committed(w);
		return SQLITE_OK;
	}
	if (!store_is_full(w->place.db, code))
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

int
work_index_anew(struct store_work *w)
{
	log_warnx("%s: the index of words is damaged: it is made anew",
	    w->place.path);
	return rows_index_anew(&w->rows);
}

static int
carry_out_read(struct store_work *w, const struct ask *ask, int64_t until_ms)
{
	int code;

	if (ask->kind == ASK_READ)
		return rows_read(&w->rows, ask->job);
	code = rows_search(&w->rows, ask->job, until_ms);
	if (code != SQLITE_CORRUPT_VTAB)
		return code;
	code = work_index_anew(w);
	return code == SQLITE_OK ? rows_search(&w->rows, ask->job, until_ms)
				 : code;
}

static int
read_some(struct store_work *w)
{
	struct queue done = { 0 };
	struct ask ask;
	int64_t until = clock_ms() + READ_MS;
	int code = SQLITE_OK;

	while (take_read(w, &ask)) {
		code = carry_out_read(w, &ask, until);
		if (code != SQLITE_OK)
			break;
		queue_add(&done, ask);
		if (clock_ms() >= until)
			break;
	}
	work_tell(w, &done);
	free(done.at);
	return code;
}

static bool
is_asked(const struct store_work *w)
{
	return w->is_stopping || w->is_new_keep || queue_len(&w->writes) != 0 ||
	    queue_len(&w->reads) != 0 || queue_len(&w->backups) != 0;
}

/* Until something is asked, or something else is due. */
static void
wait_for_work(struct store_work *w)
{
	int64_t due = tidy_due(w);
	struct timespec until = { .tv_sec = due / 1000,
		.tv_nsec = due % 1000 * 1000000 };

	while (!is_asked(w) && clock_ms() < due)
		if (due == INT64_MAX)
			pthread_cond_wait(&w->wake, &w->lock);
		else
			pthread_cond_timedwait(&w->wake, &w->lock, &until);
}

/* Waits until there is something to do; false: no more.  *is_new: something to
 * be written has come. */
static bool
take(struct store_work *w, bool *is_new)
{
	bool go_on;

	pthread_mutex_lock(&w->lock);
	wait_for_work(w);
	*is_new = queue_len(&w->writes) != 0;
	go_on = *is_new || !w->is_stopping;
	queue_move(&w->writes, &w->batch, BATCH);
	if (w->tidy.backup.job == NULL && queue_len(&w->backups) != 0)
		w->tidy.backup = queue_take(&w->backups);
	if (w->is_new_keep)
		tidy_keep(&w->tidy, &w->keep);
	w->is_new_keep = false;
	w->is_busy = queue_len(&w->writes) != 0 || queue_len(&w->reads) != 0;
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
			code = tidy_step(w);
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
	w->tidy.log_pages = pages;
	return SQLITE_OK;
}

void
work_init(struct store_work *w, int fd)
{
	pthread_condattr_t monotonic;

	w->fd = fd;
	tidy_init(&w->tidy, w->place.is_large);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sqlite3_wal_hook(w->place.db, on_commit, w);
}

void
work_ask(struct store_work *w, struct ask ask)
{
	struct queue *q = ask.kind == ASK_BACKUP	     ? &w->backups
	    : ask.kind == ASK_READ || ask.kind == ASK_SEARCH ? &w->reads
							     : &w->writes;

	if (!w->is_started)
		start(w);
	pthread_mutex_lock(&w->lock);
	ask.order = ++w->order;
	queue_add(q, ask);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

void
work_refuse(struct store_work *w, struct store_append *job)
{
	refuse(job);
	pthread_mutex_lock(&w->lock);
	queue_add(&w->finished, (struct ask){ .kind = ASK_APPEND, .job = job });
	wake_up(w->fd);
	pthread_mutex_unlock(&w->lock);
}

void
work_keep(struct store_work *w, const struct store_keep *keep)
{
	pthread_mutex_lock(&w->lock);
	w->keep = *keep;
	w->is_new_keep = true;
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
	store_copy_free(w->tidy.copy);
	if (w->broken == 0)
		code = tidy_checkpoint(w, SQLITE_CHECKPOINT_TRUNCATE);
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
