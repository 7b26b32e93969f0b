/*
 * What the client keeps on disk while it runs: the outbox, as records at the
 * end of one file, and the places, as another file that is replaced whole.  A
 * thread of its own writes and syncs: whatever waits at a time in one sync.
 *
 * When the disk takes nothing, the model says so (is_unsafe, and a line where
 * one looks), and it is tried again until it does; then all is written anew.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>

#include "model.h"
#include "outbox.h"

enum {
	JOURNAL_EMPTY = 16384,	  /* bytes kept when no message is left */
	JOURNAL_DEAD = 1048576,	  /* what may be in it that says nothing more */
	JOURNAL_RETRY_MS = 2000,  /* when the disk has taken nothing */
	JOURNAL_PLACES_MS = 1500, /* a change of the places waits so long */
};

struct journal_options {
	int directory;	    /* borrowed; -1: nothing can be kept */
	const char *outbox; /* names in it */
	const char *places; /* NULL: they are not kept */
	/* By the thread, without the model's lock: more is safe. */
	void (*wrote)(void *arg);
	void *arg;
};

struct journal;

/* Puts into model and outbox what the files hold.  The options are copied, the
 * names as well. */
struct journal *
journal_new(struct model *, struct outbox *, const struct journal_options *);
/* Signals are blocked in its thread. */
void journal_start(struct journal *);
/* Something may have to be written; with the model's lock. */
void journal_poke(struct journal *);
/* Writes what is left, once, ends the thread, frees. */
void journal_free(struct journal *);

#endif
