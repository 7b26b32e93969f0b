/*
 * What the control socket's own files share (control.c, control_ask.c): who
 * asks, and what is asked for.  Everyone else reads control.h.
 */
#ifndef CONTROL_STATE_H
#define CONTROL_STATE_H

#include <sys/types.h>

#include "control.h"
#include "heap.h"
#include "listener.h"
#include "slice.h"
#include "store.h"

struct conn;

/* Somebody who asks. */
struct guest {
	struct control *control;
	struct conn *conn;
	struct guest *prev_guest, *next_guest;
	uid_t uid;
	bool is_asked; /* the request has come; nothing else is read */
	bool is_answered;
	bool stays; /* the end of the connection is the end of the daemon */
	struct buf out;
	/* Appends rows behind that of number after; the last one's number, or
	 * 0: that was all.  NULL: no pages. */
	uint32_t (*page)(struct guest *);
	uint32_t after;
	struct backup *backup; /* waited for */
	struct timer deadline;
	struct timer next; /* page, a turn later */
};

/* A copy being made. */
struct backup {
	struct store_backup job; /* first: the store gives back its address */
	struct control *control;
	struct guest *guest; /* NULL: gone */
	struct backup *prev, *next;
	char path[];
};

struct control {
	struct loop *loop;
	struct hub *hub;
	struct sessions *sessions;
	struct store *store;
	const struct control_ops *ops;
	void *arg;
	struct listener *listener; /* NULL: none */
	struct guest *guests;
	struct backup *backups;
	unsigned n; /* guests */
	int64_t began_ms;
};

/* The last line of an answer. */
void guest_ok(struct guest *, const char *words);
void guest_no(struct guest *, int status, const char *words);
/* The last line, by status, after a row for each line of reasons; takes
 * those. */
void
guest_result(struct guest *, int status, struct buf *reasons, const char *ok);
/* Rows, and then ok. */
void guest_pages(struct guest *, uint32_t (*page)(struct guest *));

/* Carries out a request. */
void control_command(struct guest *, struct slice line);
void backup_free(struct backup *);

#endif
