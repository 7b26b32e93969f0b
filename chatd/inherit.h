/*
 * Sockets that somebody else made and handed over at the start, as
 * sd_listen_fds(3) describes it: LISTEN_PID names the process they are for,
 * LISTEN_FDS counts them, from descriptor 3 on, LISTEN_FDNAMES names them,
 * with colons between.
 */
#ifndef INHERIT_H
#define INHERIT_H

#include "buf.h"

enum {
	INHERIT_FIRST = 3, /* the first descriptor */
	INHERIT_MAX = 64,
};

struct inherited {
	int fd;
	char name[32]; /* a longer one is cut; "": it has none */
};

/* How many; they are non-blocking and close-on-exec from now on, and the
 * environment is forgotten.  0: none is for this process; -1: what was handed
 * over is no good, a line of errors says why. */
int inherit_sockets(struct inherited *out, struct buf *errors);

#endif
