/*
 * What the store does beside its jobs, step by step, each some milliseconds
 * long: copies, removes what is to go, indexes, looks at every entry.  The
 * store's thread's.
 */
#ifndef STORE_TIDY_H
#define STORE_TIDY_H

#include <stdbool.h>
#include <stdint.h>

#include "store.h"
#include "store_queue.h"

struct store_work;

struct tidy {
	int log_pages;	  /* in SQLite's log */
	unsigned turn;	  /* the task that is next, if it is due */
	int64_t busy_ms;  /* when the next step is due though others wait */
	int64_t retry_ms; /* when there may be room on the disk again */

	struct ask backup;	 /* job NULL: none is being made */
	struct store_copy *copy; /* NULL: not begun */
	bool has_gone;		 /* to sweep */
	struct store_keep keep;
	uint32_t keep_room; /* where the look over all rooms is */
	int64_t keep_ms;    /* when it goes on */
	bool has_more;	    /* to inspect */
	int64_t inspected;
};

void tidy_init(struct tidy *, bool has_more);
/* Looks over all rooms from now on. */
void tidy_keep(struct tidy *, const struct store_keep *);
/* When something is to be done; INT64_MAX: nothing is. */
int64_t tidy_due(const struct store_work *);
/* One step, if one is due.  When others wait, only every now and then. */
int tidy_step(struct store_work *);
int tidy_checkpoint(struct store_work *, int how);

#endif
