/*
 * What the files of transfer share: transfer.c, transfer_core.c,
 * transfer_kept.c, transfer_up.c, transfer_down.c, and, in the worker's thread,
 * transfer_read.c and transfer_write.c.  Everyone else reads transfer.h.
 *
 * A core has one task at a time with the worker: while it is busy, the worker's
 * thread alone touches what stands below "the worker's" and the task; done()
 * brings it back.  Everything else is touched with the model's lock only.
 * Nothing is asked of the server for a core that is busy, so a leg begins with
 * the worker at rest.
 */
#ifndef TRANSFER_CORE_H
#define TRANSFER_CORE_H

#include <stdatomic.h>

#include "digest.h"
#include "part.h"
#include "transfer.h"
#include "underway.h"
#include "worker.h"

enum {
	CORE_PIECE = 256 * 1024,	/* read at once */
	CORE_WINDOW = 256 * 1024,	/* of a download at first, */
	CORE_WINDOW_MOST = 1024 * 1024, /* and when the disk keeps pace */
	CORE_RETRY_MS = 2000, /* what was refused for the moment, at first, */
	CORE_RETRY_DOUBLINGS = 4,
	CORE_RATE_MS = 500,  /* from one measurement to the next */
	CORE_PLACES = 4,     /* legs at once, until the server says otherwise */
	CORE_HASH_STEP = 16, /* pieces hashed until others have their turn */
};

struct core {
	struct task task; /* first */
	struct transfers *all;
	struct transfer *t; /* NULL: it is over, freed when not busy */
	struct core *next;
	const struct core_ops *ops;
	bool is_busy;
	bool is_dropped; /* what is here of it may go */
	/* Whom it is with: the address as given; the logs, once they are
	 * known. */
	char *server;
	struct id log;
	uint32_t ref;		/* asked for; 0: no */
	uint32_t leg;		/* of this connection; 0: none */
	uint64_t limit;		/* credit */
	uint64_t offset;	/* bytes sent or received */
	int64_t again_ms;	/* 0, or when to try again */
	unsigned tries;		/* refused for the moment in a row */
	uint64_t measured;	/* moved at the last measurement */
	bool is_ending;		/* whole was sent, or has come */
	atomic_bool is_stopped; /* the worker need not go on hashing */

	/* The worker's. */
	struct digest *digest;
	uint64_t hashed; /* bytes in it */
	int error;	 /* errno's value; EAGAIN: a pipe was not ready */
};

/* An upload's and a download's. */
struct core_ops {
	/* Asks for a leg, or gets ready to; again in the next tick, until it
	 * has.  Not while it is busy. */
	void (*begin)(struct core *);
	/* false: the server breaks the rules. */
	bool (*hear)(struct core *, const union message *);
	/* What is here is not the beginning of it: false: that is the end. */
	bool (*forget)(struct core *);
	/* Appends a frame; false: none can be sent now. */
	bool (*pull)(struct core *, struct buf *);
	bool (*has_more)(const struct core *);
	/* A disk that was full is tried again. */
	void (*retry)(struct core *);
	bool (*close)(struct task *); /* the worker's last task */
	void (*free)(struct core *);
	/* false: it is not kept. */
	bool (*record)(const struct core *, struct underway *);
};

/* The list on disk: written by the worker, as often as it changes. */
struct keeper {
	struct task task; /* first */
	struct transfers *all;
	bool is_busy, has_next;
	struct buf next;
	int directory; /* -1: nothing is kept */
	char *name;
	struct underway *others; /* not begun: of other servers, so far */
	/* The worker's. */
	struct buf bytes;
	int error;
	bool was_told;
};

struct transfers {
	struct model *model;
	struct transfer_ops ops;
	struct worker *worker;
	char *directory;
	struct core *first;
	struct keeper keeper;
	unsigned number; /* the last given */
	unsigned places; /* legs at once */
	bool is_live;
	bool has_news;
	int64_t now_ms, rate_ms;
	uint64_t *withdrawn; /* files that the server is not told of yet */
	size_t n_withdrawn;
	uint32_t given_up[16]; /* refs of offers nobody wants any more */
	unsigned n_given_up;
};

/* In the model's list from now on. */
struct transfer *core_show(struct transfers *, struct core *, struct room *,
    bool is_upload, struct slice name);
void core_state(struct core *, enum transfer_state);
void core_why(struct core *, struct slice words);
void core_name(struct core *, struct slice name);
void core_path(struct core *, struct slice path);
void core_ask(
    struct core *, bool (*work)(struct task *), void (*done)(struct task *));
/* First in done(): false: it was over meanwhile, and is freed. */
bool core_is_back(struct core *);
/* Tried again later, each time later than before. */
void core_later(struct core *);
/* For good. */
void core_done(struct core *, const struct hash *);
void core_fail(struct core *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
void core_end(struct core *, enum transfer_state);
/* The leg is ours to end. */
void core_cancel_leg(struct core *, enum refusal);
/* An upload that will not be: its room is told why, now or when there is a
 * connection. */
void core_withdraw(struct core *, struct slice why);
void core_tell_withdrawn(struct transfers *);
/* Not busy. */
void core_free(struct core *);

/* The list, as it was left. */
void keeper_open(struct transfers *, const struct transfers_options *);
/* Something of it changed. */
void keeper_note(struct transfers *);
/* Those of the server one is connected to now begin. */
void keeper_begin(struct transfers *);
void keeper_done(struct keeper *);

extern const struct core_ops core_up, core_down;

void
transfer_up_again(struct transfers *, struct room *, const struct underway *);
void
transfer_down_again(struct transfers *, struct room *, const struct underway *);

#endif
