/*
 * An upload, for transfer_up.c and, where it meets the disk in the worker's
 * thread, transfer_read.c.
 */
#ifndef TRANSFER_UP_H
#define TRANSFER_UP_H

#include "source.h"
#include "transfer_core.h"

struct piece {
	uint8_t *bytes; /* CORE_PIECE of them */
	size_t at, len; /* those not sent begin at, and end at len */
};

struct up {
	struct core core; /* first */
	char *path;	  /* absolute; "" for a descriptor */
	char *name, *caption, *to;
	struct id key;
	uint64_t size; /* UINT64_MAX: a pipe's */
	uint64_t time;
	uint8_t flags;
	bool is_open;	    /* the leg is, and the server has our bytes */
	struct hash prefix; /* the server's, of the bytes it has */
	uint64_t check;	    /* so many */
	bool is_verified;   /* the server has all of it, while we check */
	struct hash verified;

	struct piece now;
	bool has_next;	  /* piece is full, and comes after now */
	struct buf kept;  /* of a pipe: sent, perhaps not on disk there */
	uint64_t kept_at; /* offset of its first byte */
	uint64_t read;	  /* bytes read */
	bool is_end;	  /* and these are all */

	/* The worker's. */
	struct source source; /* fd -1: not open */
	struct buf why;
	struct piece piece;
};

static inline bool
up_is_pipe(const struct up *u)
{
	return u->size == UINT64_MAX;
}

uint64_t up_time(const struct stat *); /* as in offer */

/* Tasks: the next piece; the hash of the first bytes: are they those the server
 * has?; a file from before; the end. */
bool up_read(struct task *);
bool up_check(struct task *);
bool up_open(struct task *);
bool up_close(struct task *);

#endif
