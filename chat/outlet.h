/*
 * What every face has that prints events on standard output, each a line
 * (lines.h), instead of painting them: the lines that wait for their reader,
 * the signals that end it, and how long it does without a connection.
 *
 * When its reader is slow, lines wait in about OUTLET_MAX bytes at most; then
 * nothing is received any more.  When nobody reads any more, it is over, and
 * all was well.
 *
 * Its loop, on the face's thread:
 *
 *	while (!o.is_over) {
 *		model_lock(m);
 *		outlet_look(&o);
 *		... ask the model, perhaps outlet_end() ...
 *		model_unlock(m);
 *		outlet_wait(&o, -1);
 *	}
 */
#ifndef OUTLET_H
#define OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "model.h"

struct link;
struct options;

enum { OUTLET_MAX = 1048576 };

struct outlet {
	struct model *model;
	bool is_json;
	int timeout_ms;
	bool is_patient; /* does without a connection once there was one */
	int signals; /* signalfd */

	/* With the model's lock. */
	struct buf out;
	pthread_cond_t drained; /* out has become empty */
	bool is_ending;		/* nobody waits for that any more */

	/* The face's thread's. */
	struct buf writing;
	bool is_over;	/* with this exit status: */
	int status;
	int64_t off_ms; /* without a connection since; 0: there is one, or
	                   nobody minds */
};

/* Takes TERM, INT and HUP: each ends it with status 0. */
void outlet_init(struct outlet *, struct model *, const struct options *);
/* Ends the link, saying bye with these words (may be NULL); then what is left
 * is written as long as somebody reads it. */
void outlet_done(struct outlet *, struct link *, const char *why);

/* With the model's lock. */
void outlet_print(struct outlet *, const struct event *);
bool outlet_is_full(const struct outlet *);
/* Takes the lines to be written.  Over, if the link has given up, or there was
 * no connection for timeout_ms (is_patient: before the first one). */
void outlet_look(struct outlet *);

/* The link's thread, without the lock, as model_ears has it: waits for the
 * reader while it is full. */
void outlet_rest(struct outlet *);

/* Waits for something to happen, and writes; true: there is input (fd -1: none
 * is wanted).  Nothing happens if it is over. */
bool outlet_wait(struct outlet *, int input);
/* Over; the first status counts. */
void outlet_end(struct outlet *, int status);

#endif
