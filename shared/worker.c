#include "worker.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "wake.h"
#include "xmalloc.h"

struct queue {
	struct task *first, **last;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	int fd;
	unsigned n; /* asked for, done() not called; the owner's */
	/* With the lock. */
	struct queue waiting, finished;
	bool is_stopping;
};

static void
queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void
queue_add(struct queue *q, struct task *task)
{
	task->next = NULL;
	*q->last = task;
	q->last = &task->next;
}

static struct task *
queue_take(struct queue *q)
{
	struct task *task = q->first;

	if (task == NULL)
		return NULL;
	q->first = task->next;
	if (q->first == NULL)
		q->last = &q->first;
	return task;
}

/* ---- the worker's thread ---- */

/* The next; NULL: no more, ever. */
static struct task *
wait_for_task(struct worker *w)
{
	struct task *task;

	pthread_mutex_lock(&w->lock);
	while ((task = queue_take(&w->waiting)) == NULL && !w->is_stopping)
		pthread_cond_wait(&w->asked, &w->lock);
	pthread_mutex_unlock(&w->lock);
	return task;
}

/* The owner is woken for the first of those that it has not taken. */
static void
put_back(struct worker *w, struct task *task, bool is_finished)
{
	pthread_mutex_lock(&w->lock);
	if (is_finished && w->finished.first == NULL)
		wake_up(w->fd);
	queue_add(is_finished ? &w->finished : &w->waiting, task);
	pthread_mutex_unlock(&w->lock);
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct task *task;

	while ((task = wait_for_task(w)) != NULL)
		put_back(w, task, !task->work(task));
	return NULL;
}

/* ---- the owner's ---- */

struct worker *
worker_new(void)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	sigset_t all, before;
	int error;

	queue_init(&w->waiting);
	queue_init(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->asked, NULL);
	w->fd = wake_open();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		fatalx(EX_OSERR, "a thread could not be started: %s",
		    strerrordesc_np(error));
	return w;
}

int
worker_fd(const struct worker *w)
{
	return w->fd;
}

void
worker_ask(struct worker *w, struct task *task)
{
	w->n++;
	pthread_mutex_lock(&w->lock);
	queue_add(&w->waiting, task);
	pthread_cond_signal(&w->asked);
	pthread_mutex_unlock(&w->lock);
}

void
worker_collect(struct worker *w)
{
	struct queue got;
	struct task *task;

	pthread_mutex_lock(&w->lock);
	got = w->finished;
	if (got.first != NULL)
		wake_clear(w->fd);
	queue_init(&w->finished);
	pthread_mutex_unlock(&w->lock);
	for (task = got.first; task != NULL; task = got.first) {
		got.first = task->next;
		w->n--;
		task->done(task);
	}
}

void
worker_drain(struct worker *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	while (w->n != 0) {
		poll(&p, 1, -1);
		worker_collect(w);
	}
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	worker_drain(w);
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_signal(&w->asked);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->asked);
	close(w->fd);
	free(w);
}
