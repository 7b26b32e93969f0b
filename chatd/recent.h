/*
 * The newest entries of a room, and their bytes: encoded once for each dialect,
 * one behind the other in shared blobs, so that what a reader has missed is a
 * few contiguous runs, whatever the number of entries.  Readers hold references
 * to blobs, never to this.  Older entries are the store's business.
 */
#ifndef RECENT_H
#define RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "dialect.h"

struct blob;
struct entry;

enum {
	RECENT_ENTRIES = 4096,	   /* kept at most */
	RECENT_BYTES = 256 * 1024, /* of entries kept, at most */
	RECENT_SEGMENT =
	    16 * 1024, /* bytes of a blob, but for longer entries */
};

/* One contiguous run of encoded entries; who gets it owns the reference. */
struct piece {
	struct blob *blob;
	const uint8_t *at;
	size_t len;
};

/* The encoded form in one dialect. */
struct form {
	uint64_t next;	  /* number of the first entry not encoded yet */
	uint64_t total;	  /* bytes ever encoded */
	uint64_t *starts; /* how many there were when an entry began; a ring
			     beside that of the entries */
	struct segment {
		struct blob *blob;
		uint64_t start; /* of its first byte, counted likewise */
	} * segments;
	size_t n, cap;
};

/* All zero is not valid: recent_init(). */
struct recent {
	struct entry **at; /* ring of cap, a power of two, by number */
	size_t cap;
	uint64_t first; /* number of the oldest kept */
	uint64_t next;	/* number of the newest plus 1 */
	size_t bytes;
	struct form forms[DIALECT_COUNT];
	uint64_t encodings; /* made so far */
};

/* next: number of the first entry that will be added. */
void recent_init(struct recent *, uint64_t next);
void recent_done(struct recent *);
/* Takes the reference.  Its number is recent->next. */
void recent_add_take(struct recent *, struct entry *);
/* Forgets those older than this, milliseconds since 1970. */
void recent_trim(struct recent *, uint64_t time);
/* Forgets all entries; they are in the store. */
void recent_drop(struct recent *);

/*
 * Pieces of the entries [*from, end), from at least recent->first, of the room
 * of this name; at most max pieces and, but for one entry, bytes.  Returns how
 * many pieces, and moves *from behind the last entry in them.
 */
size_t recent_pull(struct recent *, const struct dialect *, struct slice room,
    uint64_t *from, uint64_t end, struct piece *, size_t max, size_t bytes);

#endif
