/*
 * Files on their way, to the server and from it, as the protocol's offer, fetch
 * and what follows have it.  A transfer outlives the connection, and the
 * program: its record is kept on disk, and it goes on where it stopped.
 *
 * Disk and hashing are done by a worker; bytes and results meet here, with the
 * model's lock held, in whatever thread.  What a server sends is never a
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
	TRANSFER_WAITING,  /* for a connection, or for its turn */
	TRANSFER_CHECKING, /* what is there already is hashed */
	TRANSFER_MOVING,
	TRANSFER_PAUSED,    /* at the user's wish */
	TRANSFER_HELD,	    /* a disk is full, here or there: why; goes on by
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
	uint64_t moved;	   /* bytes sent (upload), never more than the other
			      side's disk can take, or had (download) */
	uint64_t began_ms; /* wall clock */
	uint64_t ended_ms; /* likewise; 0: it is under way */
	uint64_t rate;	   /* bytes a second, over the last seconds */
	struct hash hash;  /* when DONE */
	char why[256];	   /* in words, safe; "" */
	enum refusal code; /* FAILED: the server's reason; FINE: it was here, */
	int error;	   /* with errno's value; 0: neither */
	uint64_t shown;	   /* moved, as of the last tick: what is painted */
	uint64_t line;	   /* id of its row in room->lines; 0: not yet */
	enum transfer_state told; /* the state that was told as an event */
	bool is_paused;		  /* wished so, whatever state it is in */
	void *core;		  /* transfer.c's */
};

/* Seconds left at the present rate; -1: not known. */
int64_t transfer_left(const struct transfer *);
bool transfer_is_over(const struct transfer *);
const char *transfer_state_name(enum transfer_state); /* "moving" */

/* How a transfer speaks to the server. */
struct transfer_ops {
	/* A request; returns its ref.  What is refused for the moment is asked
	 * again by whoever is behind this. */
	uint32_t (*ask)(void *arg, union message *);
	/* Something that has no answer: at once. */
	void (*send)(void *arg, const union message *);
	/* It was begun, or is another now: shown anew. */
	void (*changed)(void *arg, struct transfer *);
	void *arg;
};

struct transfers_options {
	const char *downloads; /* where files go that are fetched, made when
				  the first one comes; NULL: nobody says */
	int directory;	  /* where the list of what is under way is kept; */
	const char *name; /* NULL: nowhere */
};

/* The options are copied, but for the directory.  What the list holds begins
 * with the first connection to its server. */
struct transfers *transfers_new(struct model *, const struct transfer_ops *,
    const struct transfers_options *);
/* Waits for the disk; without the lock.  What is under way stays on disk. */
void transfers_free(struct transfers *);
/* Readable when transfers_collect() has something to do; without the lock. */
int transfers_fd(const struct transfers *);

/* All below: with the model's lock. */
void transfers_collect(struct transfers *);
/* A connection is there: everything goes on.  It is gone. */
void transfers_begin(struct transfers *);
void transfers_over(struct transfers *);
/* leg, data, credit, whole, verified, cancel, held; refused, of an offer or a
 * fetch.  false: the server breaks the rules, words in why: close. */
bool transfers_hear(
    struct transfers *, const union message *, char *why, size_t size);
/* Frames with bytes, appended until there are so many or nothing can be sent.
 */
void transfers_pull(struct transfers *, struct buf *, size_t bytes);
bool transfers_has_more(const struct transfers *);
/* Rates, and what is to be tried again; milliseconds until the next call, -1:
 * none. */
int64_t transfers_tick(struct transfers *, int64_t now_ms);
/* Something that is shown changed since this was asked last. */
bool transfers_news(struct transfers *);

/* What is to be sent; fd is taken. */
struct send_file {
	const char *path; /* NULL: fd and name are given */
	int fd;
	const char *name; /* NULL: the path's last part */
	struct slice caption;
};
struct source;
/* The source is open (source.h) and taken. */
struct transfer *transfers_send(struct transfers *, struct room *,
    const struct send_file *, const struct source *);
/* to: a directory, or a file that is not there yet; NULL: the standard
 * directory.  fd at least 0: written there, in order, and nowhere else; taken.
 */
struct transfer *transfers_fetch(
    struct transfers *, struct room *, uint64_t file, const char *to, int fd);
enum transfer_wish { WISH_PAUSE, WISH_GO_ON, WISH_CANCEL };
/* A pause gives the place at the server to another one; to go on with what a
 * full disk holds is to try at once; an upload that is cancelled is withdrawn.
 * false: it is over. */
bool transfers_wish(struct transfers *, struct transfer *, enum transfer_wish);

#endif
