/*
 * The store: where entries come from.  The hub asks for something to be added
 * and hears, later, that it is committed, with its number and time; only then
 * it becomes part of the room.  Never before.
 *
 * Jobs are handed in during a turn and worked off in the order they came, all
 * that wait in one go (group commit).  Each job's done() is called exactly
 * once, from store_collect() and in order, never from inside the call that
 * handed it in.  An implementation may work on a thread of its own; it then
 * makes its descriptor readable when results wait.  The functions here are
 * called by the loop's thread only.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

struct entry;
struct store;

/*
 * A message or event to be added to a room's log.  Embedded in what the caller
 * wants to find again; must stay until done().
 */
struct store_append {
	struct store_append *next; /* the store's */
	void (*done)(struct store_append *);

	uint32_t room; /* number of the room */
	enum entry_kind kind;
	struct slice who; /* both point to memory that stays until done() */
	struct slice text;
	struct id device; /* who numbers what it sends; with n 0: nobody */
	uint64_t n;

	/* Set before done().  why: FINE; REFUSE_OUT_OF_ORDER;
	 * REFUSE_UNAVAILABLE. FINE with entry NULL: n was stored before, seq
	 * and time are the old answer (seq 0: not remembered). */
	enum refusal why;
	struct entry *entry; /* a reference for the caller */
	uint64_t seq, time;
	uint32_t stored_room; /* where it is: another room than asked, if n was
				 stored before */
};

/* The last number taken from a device. */
struct store_device {
	struct store_device *next;
	void (*done)(struct store_device *);
	struct id device;
	uint64_t last; /* 0: none */
};

/* Entries from number `from` on, at most n of them and about `bytes` bytes. */
struct store_read {
	struct store_read *next;
	void (*done)(struct store_read *);
	uint32_t room;
	uint64_t from;
	unsigned n;
	uint32_t bytes;
	/* Set before done().  Entries in order, a reference each for the
	 * caller; got 0: there is none from there on.  first is the number of
	 * the first one got, more than from when the older ones are gone. */
	struct entry **entries; /* the caller frees the array */
	unsigned got;
	uint64_t first;
};

/* An implementation. */
struct store_ops {
	void (*append)(struct store *, struct store_append *);
	void (*device)(struct store *, struct store_device *);
	void (*read)(struct store *, struct store_read *);
	void (*forget)(struct store *, uint32_t room);
	void (*collect)(struct store *);
	bool (*waits)(const struct store *);
	void (*free)(struct store *);
};

struct store {
	const struct store_ops *ops;
	struct id log; /* the logs' id: new with every new set of logs */
	int fd;	       /* readable when results wait; -1: there is none */
};

static inline void
store_append(struct store *s, struct store_append *job)
{
	s->ops->append(s, job);
}

static inline void
store_device(struct store *s, struct store_device *job)
{
	s->ops->device(s, job);
}

static inline void
store_read(struct store *s, struct store_read *job)
{
	s->ops->read(s, job);
}

/* The room will never be asked for again: its log may go. */
static inline void
store_forget(struct store *s, uint32_t room)
{
	s->ops->forget(s, room);
}

/* Hands over what was asked and calls done() of what is finished.  done() may
 * ask for more: that is taken up by the next call. */
static inline void
store_collect(struct store *s)
{
	s->ops->collect(s);
}

/* Something was asked that only the next store_collect() will take up.  An
 * implementation with a thread takes it up by itself: always false. */
static inline bool
store_waits(const struct store *s)
{
	return s->ops->waits(s);
}

static inline void
store_free(struct store *s)
{
	if (s != NULL)
		s->ops->free(s);
}

/* Keeps everything in memory, about `bytes` bytes of it: then the oldest
 * entries of the longest log go.  log is random, wall tells the time of
 * entries. */
struct store *
store_memory(uint64_t bytes, struct id log, uint64_t (*wall)(void));

#endif
