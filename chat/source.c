#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "xmalloc.h"

/* Shared by who asks and the thread that opens; the last one frees it. */
struct opener {
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned users;
	bool is_done, is_open;
	char *path;
	struct source source;
	struct buf why;
};

static bool
no(struct buf *why, const char *path, const char *words)
{
	buf_printf(why, "%s: %s", path, words);
	return false;
}

static char *
absolute(const char *path)
{
	char *full = realpath(path, NULL);

	return full != NULL ? full : xstrdup(path);
}

bool
source_open(struct source *s, const char *path, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int error = fd < 0 ? errno : 0;

	if (error == 0 && fstat(fd, &s->st) < 0)
		error = errno;
	if (error == 0 && S_ISDIR(s->st.st_mode))
		error = EISDIR;
	if (error == 0 && S_ISREG(s->st.st_mode)) {
		s->fd = fd;
		s->path = absolute(path);
		return true;
	}
	if (fd >= 0)
		close(fd);
	return no(why, path,
	    error != 0 ? strerrordesc_np(error) : "Not a regular file");
}

bool
source_of(struct source *s, int fd, struct buf *why)
{
	int error = fstat(fd, &s->st) < 0 ? errno : 0;

	if (error == 0 && S_ISDIR(s->st.st_mode))
		error = EISDIR;
	s->fd = fd;
	if (error != 0) {
		close(fd);
		return no(why, "what is to be sent", strerrordesc_np(error));
	}
	s->path = xstrdup("");
	return true;
}

void
source_close(struct source *s)
{
	close(s->fd);
	free(s->path);
}

/* ---- in time ---- */

/* With the lock, which is gone then. */
static void
leave(struct opener *o)
{
	bool is_last = --o->users == 0;

	pthread_mutex_unlock(&o->lock);
	if (!is_last)
		return;
	if (o->is_open)
		source_close(&o->source);
	pthread_mutex_destroy(&o->lock);
	pthread_cond_destroy(&o->done);
	buf_done(&o->why);
	free(o->path);
	free(o);
}

static void *
run(void *arg)
{
	struct opener *o = arg;
	bool is_open = source_open(&o->source, o->path, &o->why);

	pthread_mutex_lock(&o->lock);
	o->is_open = is_open;
	o->is_done = true;
	pthread_cond_signal(&o->done);
	leave(o);
	return NULL;
}

static struct opener *
opener_new(const char *path)
{
	struct opener *o = xcalloc(1, sizeof(*o));
	pthread_condattr_t attr;

	o->path = xstrdup(path);
	o->users = 2;
	pthread_mutex_init(&o->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&o->done, &attr);
	pthread_condattr_destroy(&attr);
	return o;
}

static int
start(struct opener *o)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, run, o);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		pthread_detach(thread);
	return error;
}

/* With the lock. */
static void
wait_for(struct opener *o, int wait_ms)
{
	int64_t due_ms = clock_ms() + wait_ms;
	struct timespec at = { .tv_sec = due_ms / 1000,
		.tv_nsec = due_ms % 1000 * 1000000 };

	while (!o->is_done)
		if (pthread_cond_timedwait(&o->done, &o->lock, &at) != 0)
			return;
}

bool
source_open_soon(
    struct source *s, const char *path, int wait_ms, struct buf *why)
{
	struct opener *o = opener_new(path);
	int error = start(o);
	bool is_open;

	pthread_mutex_lock(&o->lock);
	if (error != 0) {
		o->users--;
		no(&o->why, path, strerrordesc_np(error));
	} else {
		wait_for(o, wait_ms);
	}
	is_open = o->is_open;
	if (is_open)
		*s = o->source;
	else if (o->is_done || error != 0)
		buf_add_slice(why, buf_slice(&o->why));
	else
		no(why, path, "the disk does not answer");
	o->is_open = o->is_open && !is_open;
	leave(o);
	return is_open;
}
