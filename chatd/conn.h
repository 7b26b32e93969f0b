/*
 * One connection as bytes.  Turns a descriptor into four events, takes output
 * without ever waiting, and closes late: after the last bytes it sends FIN and
 * throws away what still comes, so that no reset overtakes the answer.
 *
 * This is also the seam for TLS: above it nobody knows whether bytes travel in
 * the clear.  A transport may want to write in order to read and the reverse,
 * and may take bytes into a buffer of its own (up to CONN_PIECE), so conn_write
 * tells how many bytes it has taken responsibility for, not how many left.
 *
 * An idle connection owns no buffer: bytes are read into one the whole program
 * shares, and only what the owner leaves (a frame's beginning) is copied.
 */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct conn;
struct loop;

enum {
	CONN_PIECE = 16384,  /* bytes a transport takes at once at most */
	CONN_READ = 65536,   /* bytes read from one connection in a turn */
	CONN_LATE_MS = 5000, /* how long a finished one is listened to */
};

/* Handed down by the owner; any of them may call conn_finish/_close. */
struct conn_ops {
	/* Bytes came.  Returns how many were used; the rest is given again,
	 * with more behind it.  It must not leave more than one frame's worth,
	 * but when it pauses. */
	size_t (*bytes)(void *owner, const uint8_t *, size_t len);
	/* The peer will send no more; bytes() has been given what it sent. */
	void (*eof)(void *owner);
	/* Output that was not taken may be offered again. */
	void (*writable)(void *owner);
	/* It is over: the last call, at the end of a turn.  why is a static
	 * string ("closed by peer") or errno's words.  Then it is freed. */
	void (*gone)(void *owner, const char *why);
};

/* Takes fd (non-blocking).  Events come from later turns of the loop on. */
struct conn *conn_new(struct loop *, int fd, const struct conn_ops *,
    void *owner);
int conn_fd(const struct conn *); /* for getpeername(2) and the like */

/* Bytes taken, 0 to all.  Fewer than offered: writable() will be called.  After
 * an error all of them are "taken" and gone() follows. */
size_t conn_write(struct conn *, const struct iovec *, int n);

/* No reading and no bytes() while paused (the peer's own kernel holds it back
 * then).  Afterwards what bytes() left unused is given again in the next turn,
 * even if nothing new has come. */
void conn_pause(struct conn *, bool);
/* Send FIN behind what was taken, discard input, gone() when the peer closes
 * or after CONN_LATE_MS.  bytes(), eof() and writable() are not called any
 * more. */
void conn_finish(struct conn *);
/* At once: gone() at the end of this turn. */
void conn_close(struct conn *, const char *why);

/* At the end of a turn: calls gone() for those that are over, frees them. */
void conn_sweep(struct loop *);

#endif
