/*
 * From an address as people write it to a connected socket: look the name up,
 * dial.  Looking up blocks and cannot be interrupted; so whoever wants to end
 * the thread that does it asks reach_abandon(), and leaves the thread behind if
 * it is at it: reach() then returns REACH_ABANDONED, and its caller must touch
 * nothing but this any more.
 */
#ifndef REACH_H
#define REACH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "dial.h"

enum { REACH_FAILED = -1, REACH_ABANDONED = -2 };

struct reach {
	int family; /* AF_UNSPEC, AF_INET, AF_INET6 */
	struct dial_break stop;
	/* Told which address is looked up, dialed; stop.arg goes along. */
	void (*tell)(void *arg, bool is_dialed, const char *address);

	/* reach's own. */
	pthread_mutex_t guard;
	bool is_resolving, is_ending, is_abandoned;
};

void reach_init(struct reach *);
void reach_done(struct reach *);
/*
 * The socket, its address told; or REACH_FAILED with why in words with the
 * addresses, and *status (sysexits).  address NULL: the default ones in turn,
 * sock_default_unix and localhost.
 */
int reach(struct reach *, const char *address, int64_t deadline_ms,
    struct buf *why, int *status);
/* Any thread, once: reach() won't look up any more; true: it is at it. */
bool reach_abandon(struct reach *);

#endif
