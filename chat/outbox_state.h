/*
 * What the files of outbox share.  For these files alone; everyone else reads
 * outbox.h.
 */
#ifndef OUTBOX_STATE_H
#define OUTBOX_STATE_H

#include "outbox.h"

/* Records of what was just done. */
void outbox_note_log(struct outbox *);
void outbox_note_say(struct outbox *, struct pending *);
/* The numbers from n on are those of the messages of ids, u64 each. */
void outbox_note_order(struct outbox *, uint64_t n, struct slice ids);
/* must_sync: it must not come back. */
void outbox_note_gone(struct outbox *, const struct pending *, bool must_sync);
void outbox_note_refused(struct outbox *, const struct pending *);
void outbox_note_retry(struct outbox *, const struct pending *);

/* Hangs it into the list; the outbox's from now on. */
void outbox_hang(struct outbox *, struct pending *);

#endif
