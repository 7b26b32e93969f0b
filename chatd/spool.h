/*
 * The spool: the bytes of the files that were sent, in the state directory,
 * "files/N" when whole and "files/N.part" while they arrive.  Whose they are
 * and who may read them is others' business; here a file is its number.
 *
 * A thread of its own works off the jobs in the order they were asked, so what
 * concerns one file happens in that order too.  A file that arrives is hashed
 * while its bytes pass, synced every SPOOL_SYNC bytes, and gets its name only
 * when it is whole, synced and its hash is known.  The loop's thread calls.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"
#include "worker.h"

struct digest;
struct spool;

enum {
	SPOOL_SYNC = 16 * 1024 * 1024, /* bytes not synced, at most */
	SPOOL_PIECE = 256 * 1024,      /* read or written at once, at most */
};

enum spool_what {
	SPOOL_TAKE,   /* begin a file, or go on with what there is of it */
	SPOOL_LEAVE,  /* nobody sends it at present: it may be closed */
	SPOOL_WRITE,  /* bytes behind what there is: offset is have */
	SPOOL_FINISH, /* all has come, offset bytes */
	SPOOL_READ,   /* at most len bytes at offset, whole or not */
	SPOOL_PREFIX, /* the hash of the first offset bytes */
	SPOOL_REMOVE, /* whatever there is of it; a TAKE or PREFIX that is not
			 done yet fails */
};

/* Embedded in what the caller wants to find again. */
struct spool_job {
	struct task task; /* the spool's */
	struct spool *spool;
	void (*done)(struct spool_job *);
	enum spool_what what;
	uint64_t file;
	uint64_t offset;
	uint8_t *bytes; /* WRITE: what; READ: where to; stays until done() */
	size_t len;	/* READ: set to what there was */
	uint64_t keep;	/* WRITE: so many bytes stay free on the disk */
	/* Set before done().  error: 0; errno's: nothing of it happened.
	 * ENOSPC: the disk is full, trying again later may help.  EIO: what
	 * was not synced is lost: have is less than before. */
	int error;
	bool is_whole;	  /* TAKE: it is, there is nothing to go on with */
	uint64_t have;	  /* bytes there */
	uint64_t durable; /* of them synced */
	uint64_t space;	  /* bytes the disk has left for us */
	struct hash hash; /* TAKE, FINISH, PREFIX: of the bytes there; so far */
	struct hash wanted; /* FINISH: another is EBADMSG, and not whole */
	/* The spool's: how far hashing is. */
	bool is_begun;
	atomic_bool is_stopped;
	uint64_t hashed;
	struct digest *digest;
};

/* Makes "files" in the directory if need be; NULL: why is in *error. */
struct spool *spool_new(const char *directory, struct buf *error);
void spool_free(struct spool *);    /* drains it first */
int spool_fd(const struct spool *); /* readable when something is done */
void spool_ask(struct spool *, struct spool_job *);
void spool_collect(struct spool *);
/* The hash of a TAKE or PREFIX is not wanted any more: it fails soon. */
void spool_stop(struct spool_job *);
/* All that was asked, and what is asked meanwhile, is done and told. */
void spool_drain(struct spool *);

/* Before the first job: how much there is of a file. */
uint64_t spool_have(const struct spool *, uint64_t file, bool *is_whole);
/* Likewise: removes what keeps() does not know; how many. */
unsigned
spool_sweep(struct spool *, bool (*keeps)(void *arg, uint64_t file), void *arg);

#endif
