/*
 * What the files of transfer share (transfer.c, transfer_up.c,
 * transfer_down.c).  Everyone else reads transfer.h.
 *
 * A core has one task at a time with the worker: while it is busy, the worker's
 * thread alone touches what stands below "the worker's" and the task; done()
 * brings it back.  Everything else is touched with the model's lock only.
 */
#ifndef TRANSFER_CORE_H
#define TRANSFER_CORE_H

#include "digest.h"
#include "part.h"
#include "transfer.h"
#include "worker.h"

enum {
	CORE_PIECE = 256 * 1024,       /* read or written at once */
	CORE_WINDOW = 256 * 1024,      /* of a download at first, */
	CORE_WINDOW_MOST = 1024 * 1024, /* and when the disk keeps pace */
	CORE_RETRY_MS = 2000,	       /* what was refused for the moment */
	CORE_RATE_MS = 500,	       /* from one measurement to the next */
};

struct core {
	struct task task; /* first */
	struct transfers *all;
	struct transfer *t; /* NULL: it is over, freed when not busy */
	struct core *next;
	const struct core_ops *ops;
	bool is_busy;
	bool is_dropped; /* what is here of it may go */
	uint32_t ref; /* asked for; 0: no */
	uint32_t leg; /* of this connection; 0: none */
	uint64_t limit;	 /* credit */
	uint64_t offset; /* bytes sent or received */
	int64_t again_ms; /* 0, or when to try again */
	uint64_t measured; /* offset at the last measurement */
	bool is_ending;	   /* whole was sent, or has come */

	/* The worker's. */
	struct digest *digest;
	uint64_t hashed; /* bytes in it */
	int error;	 /* errno's value */
};

/* An upload's and a download's. */
struct core_ops {
	/* Asks for a leg, or gets ready to. */
	void (*begin)(struct core *);
	bool (*hear)(struct core *, const union message *);
	/* Appends a frame; false: none can be sent now. */
	bool (*pull)(struct core *, struct buf *);
	bool (*has_more)(const struct core *);
	/* It may go on: after a pause, or a full disk. */
	void (*go_on)(struct core *);
	void (*free)(struct core *); /* not busy */
	void (*record)(const struct core *, struct transfer_record *);
};

struct transfers {
	struct model *model;
	struct transfer_ops ops;
	struct worker *worker;
	char *directory;
	struct core *first;
	unsigned number; /* the last given */
	bool is_live;
	int64_t now_ms, rate_ms;
};

/* In the model's list from now on; room may be the server's window. */
struct transfer *core_show(struct transfers *, struct core *, struct room *,
    bool is_upload, struct slice name);
void core_state(struct core *, enum transfer_state);
void core_name(struct core *, struct slice name);
void core_path(struct core *, struct slice path);
void core_ask(struct core *, bool (*work)(struct task *),
    void (*done)(struct task *));
/* First in done(): false: it was over meanwhile, and is freed. */
bool core_is_back(struct core *);
/* For good. */
void core_done(struct core *, const struct hash *);
void core_fail(struct core *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* The leg is ours to end. */
void core_cancel_leg(struct core *, enum refusal);

extern const struct core_ops core_up, core_down;

struct transfer *transfer_up_again(struct transfers *, struct room *,
    const struct transfer_record *, struct buf *why);
struct transfer *transfer_down_again(struct transfers *, struct room *,
    const struct transfer_record *);

#endif
