/*
 * From an address as people write it to a connected socket: look the name up,
 * dial.  Where nobody speaks at the address reached, the next is tried.
 *
 * Looking up blocks and cannot be interrupted; so whoever wants to end the
 * thread that does it asks reach_abandon(), and leaves the thread behind if it
 * is at it: reach_next() then returns REACH_ABANDONED, and its caller must
 * touch nothing but this any more.
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
	const char *names[2]; /* not looked up yet; NULL: no more */
	char standard[SOCK_TEXT];
	struct sock_addr addresses[DIAL_ADDRESSES]; /* not tried yet */
	size_t n;
};

void reach_init(struct reach *);
void reach_done(struct reach *);
/* address is borrowed while reach_next() is called; NULL: the default ones in
 * turn, sock_default_unix and localhost. */
void reach_begin(struct reach *, const char *address);
/*
 * The next socket, its address told; or REACH_FAILED with why appended to, in
 * words with the addresses, and *status (sysexits).
 */
int reach_next(
    struct reach *, int64_t deadline_ms, struct buf *why, int *status);
/* How many more there are, as far as is known; 0: reach_next() would fail. */
size_t reach_left(const struct reach *);
/* Any thread, once: reach_next() won't look up any more; true: it is at it. */
bool reach_abandon(struct reach *);

#endif
