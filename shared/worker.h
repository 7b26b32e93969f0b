/*
 * A thread for what may take its time: disk, hashing.  Tasks are worked off one
 * after the other, in the order they were asked for; one that has much to do
 * does it in pieces, and the others have their turn between them.
 *
 * All functions are called by the thread that owns the worker, but for work().
 */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>

struct worker;

/* Embedded in what is to be done; must stay until done(). */
struct task {
	struct task *next; /* the worker's */
	/* In the worker's thread.  true: there is more to do, call it again
	 * after the others. */
	bool (*work)(struct task *);
	/* In the owner's, from worker_collect().  May ask for more, and free
	 * the task. */
	void (*done)(struct task *);
};

struct worker *worker_new(void);
/* Readable when something is done. */
int worker_fd(const struct worker *);
void worker_ask(struct worker *, struct task *);
/* Calls done() of what is finished. */
void worker_collect(struct worker *);
/* All that was asked is worked off, and every done() called; what those ask
 * for, too. */
void worker_drain(struct worker *);
void worker_free(struct worker *); /* drains it first */

#endif
