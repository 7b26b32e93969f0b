/*
 * Judges whether a chat kept its promise.  Clients record what they did and
 * what they got, in the order it happened to them: a history.  When all is
 * quiet again it is checked as a whole.
 *
 * Words.  To say is to hand a text to a client; each text of a history is said
 * once, by whatever many messages it travels.  A view is what one client was
 * sent of one room.  The log of a room is what all views of it say together,
 * so somebody should have read it from its beginning.
 */
#ifndef CHECKER_H
#define CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"

enum fault {
	LOST,	    /* stored, but not in the log, or not in a member's view */
	DUPLICATE,  /* at two places of a log, or twice in a view */
	DIVERGED,   /* two say something else of the same place */
	HOLE,	    /* a view leaves something out */
	INVERSION,  /* a view goes back, or a sender's texts changed places */
	PHANTOM,    /* nobody said it, or somebody else did */
	GHOST,	    /* refused, and there */
	UNRESOLVED, /* neither stored nor refused in the end */
	STALE,	    /* attached after something was stored, not told of it */
	FAULTS,
};

extern const char *const fault_names[FAULTS];

/* All zero is a valid empty history. */
struct history {
	struct history_row *rows;
	size_t n, cap;
	uint64_t *nicks; /* of clients: a hash */
	unsigned n_clients;
};

void history_free(struct history *);
/* A client that is known to others as nick; its number. */
unsigned history_client(struct history *, struct slice nick);

void history_says(struct history *, unsigned client, struct slice text);
/* seq 0: stored, but the place was not told. */
void history_stored(struct history *, unsigned client, struct slice text,
    uint32_t room, uint64_t seq);
/* For good. */
void history_refused(struct history *, unsigned client, struct slice text);

/* Before it sends attach or join: a moment for history_attached(). */
size_t history_asks(struct history *, unsigned client);
void history_attached(struct history *, unsigned client, size_t asked,
    uint32_t room, uint64_t first, uint64_t head);
/* Its time may be 0: not known. */
void history_sees(
    struct history *, unsigned client, const struct msg_entry *);
/* What is before first is not kept any more, and said to be so. */
void history_gap(
    struct history *, unsigned client, uint32_t room, uint64_t first);
/* It wants no more of the room. */
void history_leaves(struct history *, unsigned client, uint32_t room);
/* It does not come back: what has no answer yet will not get one. */
void history_ends(struct history *, unsigned client);

struct verdict {
	size_t faults[FAULTS];
	size_t all; /* of them */
	size_t said, stored, seen;
	struct buf words; /* the first of the faults, a line each */
};

/* The caller's buf_done(&words). */
void history_check(const struct history *, struct verdict *);

#endif
