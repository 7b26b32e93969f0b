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

enum dialect_no { DIALECT_FRAME, DIALECT_LINE, DIALECT_ANSWERS, DIALECT_COUNT };

/* What read() is given, and what it found. */
struct intake {
	const uint8_t *at; /* what came and was not used yet */
	size_t len;
	bool fresh;	   /* before welcome */
	struct buf *reply; /* words to be said at once are appended */

	size_t used; /* bytes to forget */
	/* What is wrong with the message, or with the stream. */
	enum refusal why;
	struct slice alien; /* the one short answer to a stranger */
	/* Slices are good until the next call.  Type 0: nothing is asked. */
	union message message;
};

/* Devices of people who can't come back begin with so many zero bytes, and no
 * others do; whatever becomes of the daemon, nobody is waited for in vain, and
 * the store keeps none of them. */
enum { DIALECT_PASSING = 8 };

struct dialect {
	const char *name; /* as written before an address */
	enum dialect_no no;
	bool is_datagram; /* no stream: each datagram is a notice, notices.h;
			     nothing of what follows is there */
	/* People type it: limits.line is their deadline, they are not
	 * pinged, and after a refusal for being too fast nothing is read for
	 * as long as it says.  They have no device to come back with: when the
	 * connection ends, they have left. */
	bool is_typed;

	/* What a connection keeps, handed to the functions below; a dialect
	 * that keeps nothing has neither and is handed NULL. */
	void *(*open)(void);
	void (*close)(void *kept);
	/* What a connection says before it is asked; may be NULL. */
	void (*greet)(void *kept, struct buf *, struct slice greeting);
	/* The last message is not answered yet, and no other is read before.
	 * NULL: never. */
	bool (*is_busy)(const void *kept);
	/*
	 * One message from the front of what came; everything but at, len,
	 * fresh and reply is zero before.  GOT_ONE: used bytes make it up,
	 * and why is FINE or what is wrong with it (the stream goes on behind
	 * it).  GOT_PART: wait for more behind the bytes used.  GOT_BAD: the
	 * stream is lost, why says how; or, if it isn't this dialect at all,
	 * why is REFUSE_NOT_CHAT and alien holds the answer.
	 */
	enum got (*read)(void *kept, struct intake *);
	/* Appends a message; nothing if the dialect has no word for it. */
	void (*write)(void *kept, struct buf *, const union message *);
	/* The same for what many hear in the same bytes: an entry or a gap of
	 * the room of this name (empty: a direct conversation), presence. */
	void (*share)(struct buf *, struct slice room, const union message *);
	/* The one who a direct conversation is with has another nick from now
	 * on.  May be NULL: it is told by an entry. */
	void (*renamed)(void *kept, uint32_t room, struct slice nick);
	/* The peer sends no more; words about what it left unfinished.  May
	 * be NULL. */
	void (*finish)(void *kept, struct buf *);
};

extern const struct dialect dialect_frame;
extern const struct dialect dialect_line;
extern const struct dialect dialect_answers;
extern const struct dialect dialect_notices; /* hears, and has no number */

/* By name; NULL if there is none. */
const struct dialect *dialect_find(struct slice name);
/* Appends "frame:, ...": all of them, as written before an address. */
void dialect_names(struct buf *);

#endif
