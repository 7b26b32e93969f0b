/*
 * The store: where entries come from.  The hub asks for something to be added
 * and hears, later, that it is committed, with its number and time; only then
 * it becomes part of the room.  Never before.
 *
 * Jobs are handed in during a turn.  What is added and what is asked about
 * devices is worked off in the order it came, all that waits in one go (group
 * commit).  A read may be answered later than what was asked after it; it knows
 * of everything asked before it.  Each job's done() is called exactly once,
 * from store_collect(), never from inside the call that handed it in.  An
 * implementation may work on a thread of its own; it then makes its descriptor
 * readable when results wait.  The functions here are called by the loop's
 * thread only.
 *
 * A store on disk can fail.  Disk full: what is to be added is refused, reading
 * goes on, and the next one is tried again.  Anything worse: the store is
 * broken, nobody knows whether what waits is on disk, and so no done() is
 * called any more; the daemon ends, the clients ask again when it is back, and
 * their numbers tell what had been stored.
 *
 * Times of entries never decrease, in the order in which they were committed
 * over all rooms: should the clock be set back, all that is said has the time
 * of what was said before, until it is right again.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"

struct entry;
struct store;

enum { STORE_ROOM_MAX = (1 << 23) - 1 }; /* largest number of a room */

/* What is kept of a file besides its bytes. */
struct store_file {
	uint64_t number;
	uint32_t room;
	struct id device, key; /* whose, and its sender's name for it */
	struct slice who, name;
	uint64_t size;		 /* UINT64_MAX: not known */
	uint64_t since, expires; /* wall clock; 0: never */
	uint64_t time;		 /* of its last change; 0: not known */
	uint8_t flags;
	bool is_whole;
	struct hash hash; /* then */
};

/*
 * A message or event to be added to a room's log.  Embedded in what the caller
 * wants to find again; must stay until done(), or until store_free().
 *
 * In the same breath the books are kept: the room is noted when it is new,
 * joined adds a member, left removes it, renamed changes its nick, topic the
 * topic; file and arrived note the file as it is now, withdrawn removes it.  A
 * direct conversation begins with both its members.
 */
struct store_append {
	struct store_append *next; /* the store's */
	void (*done)(struct store_append *);

	uint32_t room; /* number of the room */
	enum entry_kind kind;
	struct slice who; /* both point to memory that stays until done() */
	struct slice text;
	struct id device;	       /* who does it */
	uint64_t n;		       /* number the device gave it; 0: none */
	struct slice room_name;	       /* "" is a direct conversation; then: */
	struct id other;	       /* its other member */
	struct slice other_nick;       /* "": there is none any more */
	const struct store_file *file; /* of the kinds about files; or NULL */

	/* Set before done().  why: FINE; REFUSE_OUT_OF_ORDER;
	 * REFUSE_UNAVAILABLE (n is not used up).  FINE with entry NULL: n was
	 * stored before, seq and time are the old answer (seq 0: not
	 * remembered). */
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

/* Entries from number `from` on, and not before the first that is not older
 * than `since` (milliseconds; 0: any); at most n of them and about `bytes`
 * bytes. */
struct store_read {
	struct store_read *next;
	void (*done)(struct store_read *);
	uint32_t room;
	uint64_t from, since;
	unsigned n;
	uint32_t bytes;
	/* Set before done().  Entries in order and without holes, a reference
	 * each for the caller; got 0: there is none from there on.  first is
	 * the number of the first one got, more than from when those before it
	 * are gone, or older than since. */
	struct entry **entries; /* the caller frees the array */
	unsigned got;
	uint64_t first;
};

/*
 * Entries with all these words in them (sought.h), newest first: said, action,
 * notice, topic and file.  Nothing in it is an operator; without any word
 * nothing is found.
 */
struct store_search {
	struct store_search *next;
	void (*done)(struct store_search *);
	struct slice words; /* both stay until done() */
	struct slice who;   /* a nick; "": anybody */
	uint32_t room;	    /* 0: all, but of direct conversations only: */
	/* Sorted; stay until done(). */
	const uint32_t *directs;
	unsigned n_directs;
	uint64_t after, before; /* wall ms: [after, before); 0: no bound */
	uint64_t below;		/* 0: from the newest; else what more was */
	unsigned n;
	uint32_t bytes;
	/* Set before done(), as for store_read.  more: go on below it; 0: that
	 * was all.  There may be few found, or none, and still more to look
	 * through. */
	struct entry **entries;
	unsigned got;
	uint64_t more;
};

static inline bool
store_is_searchable(enum entry_kind kind)
{
	return kind == ENTRY_SAID || kind == ENTRY_ACTION ||
	    kind == ENTRY_NOTICE || kind == ENTRY_TOPIC || kind == ENTRY_FILE;
}

/* How far the member of a room has seen it, at most its head; less than before
 * is nothing, and so is a room the device is no member of.  A disk that is full
 * may not have taken it when this is done. */
struct store_seen {
	struct store_seen *next;
	void (*done)(struct store_seen *);
	uint32_t room;
	struct id device;
	uint64_t seq;
};

/* What is kept of each room; the rest goes, oldest first, when there is time
 * for it.  0: no bound. */
struct store_keep {
	uint64_t age_ms; /* by the entry's time */
	uint64_t count;	 /* entries */
};

/* A copy of the whole store, as it is at the end of the copying, made while
 * everybody goes on.  Started from, it gets a new id for its logs. */
struct store_backup {
	void (*done)(struct store_backup *);
	const char *path; /* a file that is not there yet; stays until done() */
	/* Set before done(); the caller's buf_done().  Empty: the copy is
	 * there, safe on disk; else why not. */
	struct buf error;
};

/* What is found at the start. */
struct store_room {
	uint32_t number;
	struct slice name; /* "" for a direct conversation */
	bool is_direct;
	struct slice topic;
	uint64_t head; /* number of the newest entry */
	uint64_t time; /* its time */
};

struct store_loader {
	void (*room)(void *arg, const struct store_room *);
	/* Of the room told last. */
	void (*member)(void *arg, uint32_t room, const struct id *device,
	    struct slice nick, uint64_t seen);
	/* Behind all rooms, lowest number first. */
	void (*file)(void *arg, const struct store_file *);
	/* The highest number a file ever had. */
	void (*last_file)(void *arg, uint64_t number);
};

/* An implementation. */
struct store_ops {
	uint32_t (*load)(struct store *, const struct store_loader *, void *);
	void (*append)(struct store *, struct store_append *);
	void (*device)(struct store *, struct store_device *);
	void (*read)(struct store *, struct store_read *);
	void (*search)(struct store *, struct store_search *);
	void (*seen)(struct store *, struct store_seen *);
	void (*keep)(struct store *, const struct store_keep *);
	void (*forget)(struct store *, uint32_t room);
	void (*file_gone)(struct store *, uint64_t number);
	void (*backup)(struct store *, struct store_backup *);
	void (*collect)(struct store *);
	void (*drain)(struct store *);
	bool (*waits)(const struct store *);
	void (*free)(struct store *);
};

struct store {
	const struct store_ops *ops;
	struct id log; /* the logs' id: new with every new set of logs */
	int fd;	       /* readable when results wait; -1: there is none */
	int broken;    /* 0, or the status to exit with (sysexits.h); set by
			  store_collect(), the reason is in the log */
};

/* Once, before the first job: tells every room, lowest number first, and its
 * members.  Returns the highest number a room ever had: numbers up to it are
 * given again only when there are no others, and then, as long as entries of
 * the room before are being removed, nothing can be added.  Afterwards see
 * broken. */
static inline uint32_t
store_load(struct store *s, const struct store_loader *loader, void *arg)
{
	return s->ops->load(s, loader, arg);
}

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

static inline void
store_search(struct store *s, struct store_search *job)
{
	s->ops->search(s, job);
}

static inline void
store_seen(struct store *s, struct store_seen *job)
{
	s->ops->seen(s, job);
}

/* From now on; soon looked at in all rooms, and every now and then. */
static inline void
store_keep(struct store *s, const struct store_keep *keep)
{
	s->ops->keep(s, keep);
}

/* The room will never be asked for again: its log may go. */
static inline void
store_forget(struct store *s, uint32_t room)
{
	s->ops->forget(s, room);
}

/* The file is nobody's any more. */
static inline void
store_file_gone(struct store *s, uint64_t number)
{
	s->ops->file_gone(s, number);
}

static inline void
store_backup(struct store *s, struct store_backup *job)
{
	s->ops->backup(s, job);
}

/* Hands over what was asked and calls done() of what is finished.  done() may
 * ask for more: that is taken up by the next call. */
static inline void
store_collect(struct store *s)
{
	s->ops->collect(s);
}

/* Calls done() of all that was asked, and of what done() asks: waits for it.
 * Returns early when the store is broken. */
static inline void
store_drain(struct store *s)
{
	s->ops->drain(s);
}

/* Something was asked that only the next store_collect() will take up.  An
 * implementation with a thread takes it up by itself: always false. */
static inline bool
store_waits(const struct store *s)
{
	return s->ops->waits(s);
}

/* What was asked is still carried out, but nobody is told: drain first. */
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
