/*
 * What the server says, put into the model, and what it is to be told: the
 * client's half of the protocol, without socket, thread or clock.  Bytes and
 * times come in; the model changes, and frames for the server are appended to a
 * buffer.  Everything here with the model's lock.
 *
 * After welcome every wanted room is taken up again: attached with the number
 * of the last entry one has, so that what was missed comes, once; or joined
 * afresh.  An entry is accepted only if it is the next one of its room.
 */
#ifndef APPLY_H
#define APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model.h"
#include "outbox.h"
#include "protocol.h"
#include "transfer.h"

struct apply;

/* Why a connection has to end, or a whole undertaking. */
struct apply_end {
	bool is_final;    /* trying again won't help */
	int status;       /* sysexits, for who does not try again */
	uint32_t wait_ms; /* the server's wish; 0: none */
	char why[LINK_WHY]; /* in words, safe */
};

/* out is the caller's; it is emptied by the caller, too. */
struct apply *apply_new(struct model *, struct buf *out,
    const struct id *device, const char *nick);
void apply_free(struct apply *);
/*
 * For who only reads.  Of the rooms one is a member of only those that are
 * wanted are taken up; the others are told (head, seen) and neither heard nor
 * left.  In those taken up nothing is passed over: their entries come from the
 * cursor on, or from the first there is; their members are not asked for.
 * looks: as PROTOCOL_LOOKS: to the others the device is where it was.
 */
void apply_keep_apart(struct apply *, bool looks);

/* A connection is there: says hello. */
void apply_begin(struct apply *, int64_t now_ms);
/*
 * What came from the server; *used bytes of it are done with, the rest is to be
 * given again with more behind it.  false: close the connection, apply_end()
 * tells why.
 */
bool apply_bytes(struct apply *, const uint8_t *, size_t len, size_t *used,
    int64_t now_ms);
/* Does what is due.  false: as above. */
bool apply_tick(struct apply *, int64_t now_ms);
/* Milliseconds until something is due; -1: nothing before the next event. */
int64_t apply_wait(const struct apply *, int64_t now_ms);
const struct apply_end *apply_end(const struct apply *);
/* The connection is over, for whatever reason.  false: there was no welcome. */
bool apply_over(struct apply *);

/* Says goodbye: stays, a member of the rooms, or leaves them. */
void apply_bye(struct apply *, struct slice words, bool stays);

/* For the journal. */
struct outbox *apply_outbox(struct apply *);

/* As link.h has them; apply_say's result is the message's id in the outbox. */
bool apply_request(struct apply *, union message *, struct room *);
uint64_t apply_say(struct apply *, struct room *, enum entry_kind,
    struct slice, int64_t now_ms);
void apply_retry(struct apply *, struct room *, int64_t now_ms);
void apply_forget(struct apply *, struct room *);
bool apply_page(struct apply *, struct room *, bool is_newer);
bool apply_list_files(struct apply *, struct room *, struct slice of,
    struct slice words);

/* Files move from now on.  The result is apply's. */
struct transfers *apply_files(struct apply *, const struct transfers_options *);

#endif
