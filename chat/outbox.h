/*
 * What was said and has not come back in the log yet, in the order it was said:
 * the model's list of pending messages, and when which of them may be sent.
 *
 * A message gets the device's number when it is sent: the last one stored plus
 * its place among those in flight.  In flight is what was sent on this
 * connection and not answered; each is answered once, with stored or refused.
 * After a refusal the numbers behind it are wrong: they are refused as well.
 * When everything in flight is answered, and not before, sending goes on from
 * the first message that is not stored.  After a cut it goes on from there too:
 * what welcome counts as stored is stored, the rest is sent again.
 *
 * A message leaves the list when its entry is seen, so that it is shown once,
 * or when it was refused and is forgotten.  The model's ears hear what is
 * stored and what is refused.  With the model's lock.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

enum { OUTBOX_WINDOW = 64 }; /* messages in flight */

struct outbox {
	struct model *model;
	struct pending **tail; /* where the next one is hung */
	uint64_t last;         /* the device's number last stored */
	unsigned in_flight;
	unsigned n_stored; /* but whose entry has not come */
	unsigned window;  /* in_flight at most; shrinks when we are too fast */
	bool goes_back;   /* refused: nothing is sent while something flies */
	int64_t hold_ms;  /* nor before this moment of clock_ms() */
};

void outbox_init(struct outbox *, struct model *);

/* Copies.  Borrowed result. */
struct pending *outbox_add(struct outbox *, struct room *, enum entry_kind,
    struct slice text);

/* A connection begins: last is welcome's.  is_new: so are the server's logs,
 * no number of before counts; what was stored there is history now. */
void outbox_begin(struct outbox *, uint64_t last, bool is_new);
/* Does anything wait to be sent to the room? */
bool outbox_waits(const struct outbox *, const struct room *);
/* The next message to be sent, with its number, now in flight; NULL: none may
 * be sent now.  Those of rooms that are not attached wait. */
struct pending *outbox_next_to_send(struct outbox *, int64_t now_ms);
/* Milliseconds until outbox_next_to_send() may have something; -1: an event
 * comes first. */
int64_t outbox_wait(const struct outbox *, int64_t now_ms);

/* Answers; to what is not in flight they are nothing.  false: our numbers are
 * not the server's, connect anew. */
void outbox_stored(struct outbox *, const struct msg_stored *);
bool outbox_refused(struct outbox *, const struct msg_refused *,
    int64_t now_ms);

/* An entry has come: true if it is one of ours, which then leaves the list. */
bool outbox_seen(struct outbox *, struct room *, const struct msg_entry *);
/* The room has caught up: what was stored, but not among the entries that came,
 * becomes an ordinary line. */
void outbox_caught_up(struct outbox *, struct room *);
/* The room is left, or could not be joined: what waits there is refused, what
 * was stored becomes an ordinary line. */
void outbox_leave(struct outbox *, struct room *, enum refusal);

/* Refused messages of a room are tried again, are forgotten; how many. */
unsigned outbox_retry(struct outbox *, struct room *);
unsigned outbox_forget(struct outbox *, struct room *);

#endif
