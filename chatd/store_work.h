/*
 * The store's thread, and the queues between it and the loop's.  While it runs
 * the database belongs to it alone; it starts with the first job.
 */
#ifndef STORE_WORK_H
#define STORE_WORK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store_open.h"
#include "store_queue.h"
#include "store_rows.h"
#include "store_tidy.h"

struct store_work {
	struct store_place place;
	struct rows rows;
	int fd; /* borrowed */

	/* The loop's thread's. */
	bool is_started;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* Both threads', under the lock.  The descriptor is readable when
	 * something is finished or broken is news. */
	struct queue writes, reads, backups, finished;
	uint64_t order; /* the last given */
	struct store_keep keep;
	bool is_new_keep;
	bool is_stopping;
	int broken;

	/* The store's thread's. */
	struct queue batch; /* after a full disk: what is to be forgotten */
	bool is_full;
	bool is_busy; /* more waits than what was taken */
	struct tidy tidy;
};

/* place and rows are there already, all else is zero.  fd: see wake.h. */
void work_init(struct store_work *, int fd);
void work_ask(struct store_work *, struct ask);
/* It is finished without having been tried. */
void work_refuse(struct store_work *, struct store_append *);
void work_keep(struct store_work *, const struct store_keep *);
/* What is finished, in order, the caller's to free; and broken, as in struct
 * store. */
int work_finished(struct store_work *, struct queue *done);
/* Ends the thread when everything is written; what is finished and was not
 * collected is left to the caller.  Afterwards broken tells whether the
 * database is as it should be. */
void work_done(struct store_work *, struct queue *left);

/* Puts one of SQLite's codes into the log; the status to end with. */
int work_trouble(struct store_work *, int code, const char *what);

/* ---- the store's thread ---- */

/* These are finished. */
void work_tell(struct store_work *, struct queue *done);
void work_is_full(struct store_work *);
/* The index of words is damaged: all else goes on. */
int work_index_anew(struct store_work *);

#endif
