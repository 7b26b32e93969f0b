/*
 * What was said and has not come back in the log yet, in the order it was said:
 * the model's list of pending messages, and when which of them may be sent.
 *
 * A message gets the device's number when it is said, or, where its room is not
 * attached, when it may be sent: the last one stored plus its place.  In flight
 * is what was sent on this connection and not answered; each is answered once,
 * with stored or refused.  After a refusal the numbers behind it are wrong:
 * they are refused as well.  When everything in flight is answered, and not
 * before, sending goes on from the first message that is not stored, under
 * other numbers.  After a cut it goes on from there too: what welcome counts as
 * stored is stored, the rest is sent again.
 *
 * What happens to the list is kept in records (records.h), which a journal
 * takes and writes to disk.  No message is sent before it is there with its
 * number: so after any end of the program it is known what it may have been
 * sent as.  Only when the disk takes nothing (the model's is_unsafe) messages
 * are sent from memory, but never under a number that another one has on disk.
 * Without a journal all are.
 *
 * A message belongs to the server it was said to.  Where that has another log
 * than it had, no number of before counts, and the message is sent anew; where
 * the server is another one, it is refused, and sent there only when it is
 * tried again.
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
#include "records.h"

enum { OUTBOX_WINDOW = 64 }; /* messages in flight */

struct outbox {
	struct model *model;
	struct pending **tail; /* where the next one is hung */
	uint64_t id;	       /* the last one given */
	uint64_t last;	       /* the device's number last stored */
	uint64_t top;	       /* the largest number given */
	unsigned in_flight;
	unsigned n_stored; /* but whose entry has not come */
	unsigned window;   /* in_flight at most; shrinks when we are too fast */
	bool has_begun;	   /* last is the server's word */
	bool goes_back;	   /* refused: nothing is sent while something flies */
	int64_t hold_ms;   /* nor before this moment of clock_ms() */

	/* Whom one speaks to. */
	struct id log; /* zero: not known yet */
	char *server;  /* the model's target */

	/* For the journal. */
	bool is_journaled;
	struct buf records;	     /* not taken yet */
	uint64_t sum;		     /* of what the file holds with them */
	uint64_t noted, taken, safe; /* marks: the last record of each */
	bool must_sync;		     /* something waits for them */
	bool is_stale; /* something happened that is in no record */
};

void outbox_init(struct outbox *, struct model *);
void outbox_done(struct outbox *); /* the list stays, it is the model's */

/* Copies.  Borrowed result. */
struct pending *
outbox_add(struct outbox *, struct room *, enum entry_kind, struct slice text);

/* The model's target is another one. */
void outbox_redirect(struct outbox *);
/* A connection begins: both are welcome's. */
void outbox_begin(struct outbox *, const struct id *log, uint64_t last);
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
bool
outbox_refused(struct outbox *, const struct msg_refused *, int64_t now_ms);

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
/* Forgets a message of this run; false: it is not there, or was sent and may be
 * stored. */
bool outbox_withdraw(struct outbox *, uint64_t id);

/* ---- for the journal ---- */

/* Puts into the list what such a file holds, and goes on with it: from now on
 * records are made.  Into an empty list, and with the model's target set.  It
 * counts as being written: a program that was killed may not have synced it.
 * *used: bytes that count, 0: write it whole.  false: it is no such file, and
 * nothing was done. */
bool outbox_restore(struct outbox *, const uint8_t *, size_t len, size_t *used);
/* Appends the records to be written next; *must_sync: something waits until
 * they are safe.  false: there are none. */
bool outbox_take(struct outbox *, struct buf *, bool *must_sync);
/* Appends what the file has to hold as a whole.  true: there is a message in
 * it. */
bool outbox_snapshot(struct outbox *, struct buf *);
/* What was taken last is safe. */
void outbox_written(struct outbox *);

#endif
