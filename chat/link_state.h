/*
 * What the files of link share.  For these files alone; everyone else reads
 * link.h.
 */
#ifndef LINK_STATE_H
#define LINK_STATE_H

#include <pthread.h>

#include "apply.h"
#include "journal.h"
#include "link.h"
#include "reach.h"

struct link {
	struct model *model;
	struct apply *apply;
	struct journal *journal; /* NULL: none */
	struct transfers *files; /* apply's; NULL: none move */
	int timeout_ms;
	bool keeps_trying, stays;
	int wake; /* something to send, or an order */
	pthread_t thread;
	bool is_started;

	/* With the model's lock. */
	struct buf out;	 /* frames for the server */
	char *address;	 /* NULL: the default ones */
	char *bye;	 /* words, may be NULL */
	bool is_stopped; /* order: end */
	bool again;	 /* order: try now, at the address there is */

	struct reach reach;

	/* The thread's own. */
	int fd;
	struct buf in, sending;
	struct buf bulk; /* frames with bytes of files; */
	size_t begun; /* bytes left of the first, if some were sent; else 0 */
	unsigned failures; /* in a row */
	int64_t deadline_ms, began_ms;
	bool has_heard; /* anything at all, on this connection */
	struct apply_end end;
};

/* How this connection ends, if nothing is said about it. */
void link_set_end(struct link *, int status, const char *why);
/* With the lock: what apply has to say is to be sent. */
void link_take_out(struct link *);
/* What is to be sent next; empty: nothing is. */
struct slice link_next_out(const struct link *);
/* Sends what can be sent now.  false: the connection is lost. */
bool link_flush(struct link *);

/* The model's target: the address as it was given, NULL: none was. */
void link_target(struct link *, const char *address);

#endif
