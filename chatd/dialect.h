/*
 * A dialect: how messages look on a connection.  The listener names it, the
 * connection keeps it, and nothing above session asks which one it is.  An
 * entry of a room is written once for each dialect somebody in the room
 * speaks; all their connections share the bytes.
 */
#ifndef DIALECT_H
#define DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "frame.h"
#include "protocol.h"

enum dialect_no { DIALECT_FRAME, DIALECT_COUNT };

struct dialect {
	const char *name; /* as written before an address */
	enum dialect_no no;
	/*
	 * One message from the front of what came.  GOT_ONE: *used bytes make
	 * it up, and *why is FINE or what is wrong with it (the stream goes on
	 * behind it).  GOT_PART: wait for more.  GOT_BAD: the stream is lost,
	 * *why says how; or, if it isn't this dialect at all, *alien holds the
	 * one short answer to give and *why is REFUSE_NOT_CHAT.  fresh: before
	 * welcome.
	 */
	enum got (*read)(const uint8_t *, size_t len, bool fresh,
	    union message *, size_t *used, enum refusal *why,
	    struct slice *alien);
	/* Appends a message; nothing if the dialect has no word for it. */
	void (*write)(struct buf *, const union message *);
};

extern const struct dialect dialect_frame;

/* By name; NULL if there is none. */
const struct dialect *dialect_find(struct slice name);

#endif
