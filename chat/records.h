/*
 * The outbox as the bytes of a file: a head, then one record for each thing
 * that happened to it, in order.  Every record ends with a sum over all there
 * is before it, so the first one that is torn, damaged or left over from what
 * the file held earlier is recognised, and nothing behind it counts.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"

enum record_kind {
	RECORD_LOG = 1, /* the numbers from here on are those of this log: log,
			   and server, the address as it was given */
	RECORD_SAY,	/* a message: id, its number n (0: none yet), time,
			   entry, room, who, text */
	RECORD_ORDER,	/* the messages of ids are n, n + 1, ...; no other one
			   has n or a number above it any more */
	RECORD_GONE,	/* id is stored, or forgotten */
	RECORD_REFUSED, /* id was refused and has no number: why, text the
			   words */
	RECORD_RETRY,	/* id, refused, is to be sent again */
};

struct record {
	enum record_kind kind;
	uint64_t id, n, time;
	struct id log;
	uint8_t entry; /* enum entry_kind */
	uint16_t why;  /* enum refusal */
	struct slice server, room, who, text;
	struct slice ids; /* u64 each, as on the wire */
};

/* The head of a file; returns the sum so far. */
uint64_t records_begin(struct buf *);
/* Appends one, and its sum to the sum. */
void records_add(struct buf *, uint64_t *sum, const struct record *);

struct records {
	const uint8_t *at;
	size_t len, used; /* used: bytes that count */
	uint64_t sum;	  /* of them */
};

/* false: these are not the bytes of such a file.  None at all, or only a part
 * of the head, are: then used is 0. */
bool records_open(struct records *, const uint8_t *, size_t len);
/* The next one, pointing into the bytes; false: no more count. */
bool records_next(struct records *, struct record *);

#endif
