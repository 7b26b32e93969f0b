/*
 * One end of a connection to chatd, for tests that speak the protocol
 * themselves: whole messages or any bytes, in pieces of any size, and every
 * wait with a deadline.  Encodes on its own, without the limits of codec, so
 * that what is too long can be sent too.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"

enum { PEER_WAIT_MS = 5000 };

struct peer {
	int fd; /* -1: not connected */
	bool is_unix;
	bool is_over;	   /* the server has closed or reset */
	bool is_gathering; /* what is sent waits in out for peer_flush() */
	size_t piece; /* bytes delivered at a time; 0: as many as will go */
	int every_ms; /* between pieces; whatever comes ends the sending */
	struct buf in, out;
	size_t used; /* of in: the last message's, it points there */
	char nick[PROTOCOL_NAME_MAX + 1]; /* after peer_enter() */
};

/* false: nobody there. */
bool peer_connect(struct peer *, const char *address);
void peer_close(struct peer *);	     /* and frees what it holds */
void peer_reset(struct peer *);	     /* a reset instead of an end */
void peer_half_close(struct peer *); /* sends no more, goes on reading */

void peer_encode(struct buf *, const union message *);
void peer_send(struct peer *, const union message *);
/* false: the server had closed. */
bool peer_send_bytes(struct peer *, const void *, size_t len);
void peer_flush(struct peer *);

enum heard {
	HEARD_MESSAGE,
	HEARD_NONSENSE, /* bytes that are no message: in out, raw */
	HEARD_END,	/* the server closed */
	HEARD_RESET,
	HEARD_NOTHING, /* the deadline is over */
};

/* The next message; slices are good until the next call. */
enum heard peer_hear(struct peer *, union message *, int wait_ms);
/* Waits for at least n bytes: what there is, n or fewer at the end. */
struct slice peer_hear_bytes(struct peer *, size_t n, int wait_ms);
/* Messages are skipped until one of this type; false: it does not come. */
bool peer_hear_type(struct peer *, enum message_type, union message *);

/* Hello with a device of its own and welcome. */
bool peer_enter(struct peer *, const char *address, const char *nick);
/* Joins and hears itself join; the room's number. */
uint32_t peer_join(struct peer *, const char *room);
void peer_say(struct peer *, uint64_t n, const char *to, const char *text);

void peer_device(struct id *); /* a random one */

#endif
