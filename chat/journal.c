#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "places.h"
#include "whole.h"
#include "xmalloc.h"

enum { FILE_MAX = 1 << 28 }; /* bytes read of a file */

struct journal {
	struct model *model;
	struct outbox *outbox;
	int directory;
	char *name, *places_name; /* places_name NULL: none */
	void (*wrote)(void *arg);
	void *arg;
	pthread_t thread;
	bool is_started;

	/* With the model's lock. */
	pthread_cond_t poked;
	bool is_stopped;

	/* The thread's own. */
	int fd;		  /* of the outbox; -1: it is to be written whole */
	size_t len;	  /* of the file */
	size_t len_max;	  /* more: it is written whole */
	bool is_unsure;	  /* what was read may never have been synced */
	int64_t again_ms; /* after a failure: not before */
	struct buf out;
	struct places places;
	int64_t places_ms; /* when they are looked at; 0: when they change */
};

/* ---- at the start ---- */

/* Kept for somebody who can read it. */
static bool
put_aside(struct journal *j)
{
	char *bad = xasprintf("%s.bad", j->name);
	bool did = renameat(j->directory, j->name, j->directory, bad) == 0;

	if (did)
		model_say(j->model, NULL,
		    "the file %s is not an outbox; it is called %s now",
		    j->name, bad);
	free(bad);
	return did;
}

/* The file open for more, cut where it stops making sense; or not at all: then
 * it is written whole. */
static void
open_outbox(struct journal *j, size_t len, size_t used)
{
	if (used == 0)
		return;
	if (used < len)
		model_say(j->model, NULL,
		    "the last %zu bytes of the outbox on disk were torn: what "
		    "was not shown as waiting there may be gone",
		    len - used);
	j->fd = openat(j->directory, j->name,
	    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (j->fd >= 0 && used < len && ftruncate(j->fd, (off_t)used) < 0) {
		close(j->fd);
		j->fd = -1;
	}
	j->len = used;
	j->is_unsure = j->model->outbox != NULL;
}

/* What cannot be read must not be replaced either. */
static void
give_up(struct journal *j, const char *name)
{
	const char *why = strerrordesc_np(errno);

	log_warnx("%s: %s", name, why);
	model_say(
	    j->model, NULL, "%s: %s: what waits is only in memory", name, why);
	j->directory = -1;
}

static void
read_outbox(struct journal *j)
{
	struct buf bytes = { 0 };
	size_t used = 0;

	if (j->directory >= 0 &&
	    !whole_read(j->directory, j->name, FILE_MAX, &bytes) &&
	    errno != ENOENT) {
		give_up(j, j->name);
		buf_clear(&bytes);
	}
	buf_string(&bytes);
	if (!outbox_restore(j->outbox, buf_at(&bytes), bytes.len, &used)) {
		if (!put_aside(j))
			give_up(j, j->name);
		bytes.len = used = 0;
		outbox_restore(j->outbox, buf_at(&bytes), 0, &used);
	}
	if (j->directory >= 0)
		open_outbox(j, bytes.len, used);
	buf_done(&bytes);
}

static void
read_places(struct journal *j)
{
	struct buf bytes = { 0 };

	if (j->directory >= 0 && j->places_name != NULL &&
	    whole_read(j->directory, j->places_name, FILE_MAX, &bytes))
		places_read(&j->places, j->model, buf_slice(&bytes));
	buf_done(&bytes);
}

struct journal *
journal_new(
    struct model *m, struct outbox *o, const struct journal_options *options)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	pthread_condattr_t attr;

	*j = (struct journal){ .model = m,
		.outbox = o,
		.directory = options->directory,
		.name = xstrdup(options->outbox),
		.wrote = options->wrote,
		.arg = options->arg,
		.fd = -1,
		.len_max = JOURNAL_DEAD };
	if (options->places != NULL)
		j->places_name = xstrdup(options->places);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->poked, &attr);
	pthread_condattr_destroy(&attr);
	model_lock(m);
	read_places(j);
	read_outbox(j);
	m->is_unsafe = j->directory < 0;
	m->keeper = &j->poked;
	model_unlock(m);
	return j;
}

/* ---- the outbox ---- */

/* With the lock: no message is left, and the file is not short. */
static bool
is_waste(const struct journal *j)
{
	return j->model->outbox == NULL && j->fd >= 0 &&
	    j->len > (j->is_stopped ? 0 : (size_t)JOURNAL_EMPTY);
}

/* With the lock. */
static bool
has_outbox_work(const struct journal *j)
{
	const struct outbox *o = j->outbox;

	if (j->directory < 0)
		return false;
	return o->records.len != 0 || o->is_stale || j->is_unsure ||
	    j->model->is_unsafe || is_waste(j);
}

static void
forget_file(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

/* All that is left is in j->out. */
static int
write_whole(struct journal *j)
{
	forget_file(j);
	j->fd = whole_replace(j->directory, j->name, &j->out);
	if (j->fd < 0)
		return -1;
	j->len = j->out.len;
	j->len_max = j->len + JOURNAL_DEAD;
	return 0;
}

/* No message is left: it does not matter what a crash leaves of the file. */
static int
write_empty(struct journal *j)
{
	j->len = 0;
	if (ftruncate(j->fd, 0) < 0 || whole_write(j->fd, &j->out) < 0)
		return -1;
	j->len = j->out.len;
	return 0;
}

static int
write_more(struct journal *j, bool must_sync)
{
	int error;

	if (whole_write(j->fd, &j->out) < 0 ||
	    (must_sync && fdatasync(j->fd) < 0)) {
		/* The file says again what it said: no part of this. */
		error = errno;
		if (ftruncate(j->fd, (off_t)j->len) < 0)
			log_debug("%s: %s", j->name, strerrordesc_np(errno));
		errno = error;
		return -1;
	}
	j->len += j->out.len;
	return 0;
}

/* With the lock. */
static void
note_failure(struct journal *j, int error)
{
	struct model *m = j->model;

	j->again_ms = clock_ms() + JOURNAL_RETRY_MS;
	if (!m->is_unsafe)
		model_say(m, m->looked_at,
		    "the outbox cannot be written to disk (%s): what waits is "
		    "only in memory",
		    strerrordesc_np(error));
	m->is_unsafe = true;
}

static void
note_success(struct journal *j)
{
	struct model *m = j->model;

	if (m->is_unsafe)
		model_say(m, m->looked_at, "the outbox is on disk again");
	m->is_unsafe = false;
	outbox_written(j->outbox);
}

enum way { MORE, WHOLE, EMPTY };

/* With the lock: what is to be written, and how. */
static enum way
take(struct journal *j, bool *must_sync)
{
	struct outbox *o = j->outbox;
	buf_clear(&j->out);
	*must_sync = o->must_sync;
	if (j->fd < 0 || o->model->is_unsafe || o->is_stale ||
	    j->len > j->len_max) {
		outbox_snapshot(o, &j->out);
		return WHOLE;
	}
	if (is_waste(j) && !*must_sync) {
		outbox_snapshot(o, &j->out);
		return EMPTY;
	}
	outbox_take(o, &j->out, must_sync);
	*must_sync = *must_sync || j->is_unsure;
	return MORE;
}

/* With the lock, which is left and taken again. */
static void
write_outbox(struct journal *j)
{
	bool must_sync, was_unsafe = j->model->is_unsafe;
	enum way way = take(j, &must_sync);
	int error = 0;

	model_unlock(j->model);
	if ((way == WHOLE && write_whole(j) < 0) ||
	    (way == EMPTY && write_empty(j) < 0) ||
	    (way == MORE && write_more(j, must_sync) < 0))
		error = errno;
	if (error != 0)
		forget_file(j);
	j->is_unsure = false;
	model_lock(j->model);
	if (error != 0)
		note_failure(j, error);
	else
		note_success(j);
	if (!must_sync && j->model->is_unsafe == was_unsafe)
		return;
	model_unlock_changed(j->model);
	j->wrote(j->arg);
	model_lock(j->model);
}

/* ---- the places ---- */

/* With the lock: when the places are to be looked at; -1: nothing changed
 * since. */
static int64_t
places_due(struct journal *j, int64_t now_ms)
{
	if (j->directory < 0 || j->places_name == NULL || !j->model->is_unkept)
		return -1;
	if (j->places_ms == 0)
		j->places_ms = now_ms + JOURNAL_PLACES_MS;
	return j->is_stopped || j->model->must_keep ? now_ms : j->places_ms;
}

/* With the lock, which is left and taken again. */
static void
write_places(struct journal *j)
{
	int fd;

	j->model->is_unkept = false;
	j->model->must_keep = false;
	j->places_ms = 0;
	buf_clear(&j->out);
	if (!places_write(&j->places, j->model, &j->out))
		return;
	model_unlock(j->model);
	fd = whole_replace(j->directory, j->places_name, &j->out);
	if (fd >= 0)
		close(fd);
	else
		places_lost(&j->places);
	model_lock(j->model);
}

/* ---- the thread ---- */

static void
wait_until(struct journal *j, int64_t due_ms)
{
	struct timespec at = { .tv_sec = due_ms / 1000,
		.tv_nsec = due_ms % 1000 * 1000000 };

	if (due_ms < 0)
		pthread_cond_wait(&j->poked, &j->model->lock);
	else
		pthread_cond_timedwait(&j->poked, &j->model->lock, &at);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int64_t
outbox_due(const struct journal *j, int64_t now_ms)
{
	if (!has_outbox_work(j))
		return -1;
	return j->again_ms > now_ms && !j->is_stopped ? j->again_ms : now_ms;
}

static void
turn(struct journal *j)
{
	int64_t now_ms = clock_ms();
	int64_t outbox = outbox_due(j, now_ms), places = places_due(j, now_ms);

	if (outbox >= 0 && outbox <= now_ms)
		write_outbox(j);
	else if (places >= 0 && places <= now_ms)
		write_places(j);
	else
		wait_until(j, sooner(outbox, places));
}

/* One last try of each; the file is made short only when it is safe that
 * nothing in it counts. */
static void
finish(struct journal *j)
{
	if (has_outbox_work(j))
		write_outbox(j);
	if (is_waste(j))
		write_outbox(j);
	if (places_due(j, 0) >= 0)
		write_places(j);
}

static void *
run(void *arg)
{
	struct journal *j = arg;

	model_lock(j->model);
	while (!j->is_stopped)
		turn(j);
	finish(j);
	model_unlock(j->model);
	return NULL;
}

void
journal_start(struct journal *j)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&j->thread, NULL, run, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		fatalx(EX_OSERR, "a thread could not be started: %s",
		    strerrordesc_np(error));
	j->is_started = true;
}

void
journal_poke(struct journal *j)
{
	pthread_cond_signal(&j->poked);
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->is_started) {
		model_lock(j->model);
		j->is_stopped = true;
		journal_poke(j);
		model_unlock(j->model);
		pthread_join(j->thread, NULL);
	}
	j->model->keeper = NULL;
	forget_file(j);
	pthread_cond_destroy(&j->poked);
	buf_done(&j->out);
	places_done(&j->places);
	free(j->name);
	free(j->places_name);
	free(j);
}
