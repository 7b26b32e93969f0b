/*
 * Files on their way, to the server and from it, as the protocol's offer, fetch
 * and what follows have it.  A transfer outlives the connection, and the
 * program: it is kept on disk (kept.h) and goes on where it stopped.
 *
 * Disk and hashing are done by a worker; bytes and results meet here, with the
 * model's lock held, in the receiver's thread.  What a server sends is never a
 * path, and no more of it is held in memory than was asked for.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "model.h"
#include "protocol.h"

struct transfers;

enum transfer_state {
	TRANSFER_WAITING,   /* for a connection, or for its turn */
	TRANSFER_CHECKING,  /* what is there already is hashed */
	TRANSFER_MOVING,
	TRANSFER_PAUSED,    /* at the user's wish */
	TRANSFER_HELD,      /* a disk is full, here or there: why; goes on by
			       itself */
	TRANSFER_FINISHING, /* all bytes are over, not verified yet */
	TRANSFER_DONE,	    /* verified, on disk, in its place */
	TRANSFER_FAILED,    /* for good: why */
	TRANSFER_CANCELLED,
};

/* What can be shown of one.  In the model's list, with its lock. */
struct transfer {
	struct transfer *next;
	unsigned number; /* 1, 2, 3 ... of this program: what /pause means */
	bool is_upload;
	enum transfer_state state;
	struct room *room; /* where it was begun; its row is there */
	uint64_t file;	   /* the server's number; 0: not known yet */
	char *name;	   /* shown; safe */
	char *path;	   /* where it is or will be here, shown; safe; "" */
	uint64_t size;	   /* UINT64_MAX: not known */
	uint64_t moved;	   /* bytes the other side has on disk (upload), or
			      we have (download) */
	uint64_t began_ms; /* wall clock */
	uint64_t rate;	   /* bytes a second, over the last seconds */
	struct hash hash;  /* when DONE */
	char why[256];	   /* in words, safe; "" */
	uint64_t line;	   /* id of its row in room->lines */
	void *core;	   /* transfer.c's */
};

/* Seconds left at the present rate; -1: not known. */
int64_t transfer_left(const struct transfer *);
bool transfer_is_over(const struct transfer *);

/*
 * For faces, through the link: any thread, without the model's lock.
 *
 * link_send_file: opens and looks at the file at once, so that what is wrong
 * with it can be said to who typed it.  NULL: nothing was begun, why has the
 * words ("nosuchfile: No such file or directory").  fd >= 0 is sent instead of
 * path (a pipe has no size), name is then its name; both are taken.
 * link_fetch_file: to is a directory or a file that is not there yet; NULL: the
 * download directory.  fd >= 0: written there, in order, and nowhere else.
 * They return the transfer's number, 0 for none.
 */
struct link;
struct send_file {
	const char *path; /* NULL: fd and name are given */
	int fd;
	const char *name; /* NULL: the path's last part */
	struct slice caption;
};
unsigned link_send_file(struct link *, struct room *, const struct send_file *,
    struct buf *why);
unsigned link_fetch_file(struct link *, struct room *, uint64_t file,
    const char *to, int fd, struct buf *why);
enum transfer_wish { WISH_PAUSE, WISH_GO_ON, WISH_CANCEL };
/* false: there is no such transfer under way. */
bool link_transfer(struct link *, unsigned number, enum transfer_wish);

#endif
