/*
 * The socket that chatctl(8) speaks to, "control" in the state directory: who
 * runs the daemon may look at it and tell it what to do.  Nobody else: the
 * kernel says who is there, and only root and the daemon's own user are heard.
 *
 * One request a connection, a line: a command, and behind a blank what it is
 * told.  Answered by any number of lines "= ROW", and a last one, "ok" or
 * "ok WORDS", or "no STATUS WORDS" with the exit status for chatctl.  Columns
 * of a row are parted by tabs.
 *
 * Never in anybody's way: it takes no place of limits.clients, at most
 * CONTROL_GUESTS ask at a time, and what is long is told in pages, one a turn.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct control;
struct hub;
struct loop;
struct sessions;
struct store;

enum {
	CONTROL_GUESTS = 16,
	CONTROL_LINE = 8192,	 /* bytes of a request */
	CONTROL_PAGE = 128,	 /* rows told in a turn */
	CONTROL_WAIT_MS = 10000, /* for the request, for rows to be taken */
};

/* What only main can do.  int: 0; or EX_CONFIG, EX_UNAVAILABLE, with the
 * reasons, a line each, in errors; EX_TEMPFAIL, when it is stopping. */
struct control_ops {
	void (*stop)(void *arg);
	int (*reload)(void *arg, struct buf *errors);
	/* No newcomers; after so many seconds, or earlier when the last client
	 * has gone, stop; 0: never. */
	int (*drain)(void *arg, int64_t seconds, struct buf *errors);
	int (*undrain)(void *arg, struct buf *errors);
	/* Appends "yes", or what is the case instead. */
	void (*listening)(void *arg, struct buf *);
};

struct control *control_new(struct loop *, struct hub *, struct sessions *,
    struct store *, const struct control_ops *, void *arg);
/* Serves from now on; where that fails the log says so, and there is none. */
void control_open(struct control *, const char *directory);
/* Nobody can come any more, and the path is gone; who is there may go on. */
void control_shut(struct control *);
/* Those who wait for the end see it now.  After store_free(): a copy that is
 * being made is the store's. */
void control_free(struct control *);

#endif
