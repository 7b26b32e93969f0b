/*
 * From addresses to one connected socket.  They are tried in their order, each
 * with a head start before the next joins in, or as soon as the one before has
 * failed; the first that connects wins and the others are closed.  The head
 * start is shorter where there would be no time left for the last of them.
 */
#ifndef DIAL_H
#define DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "sock.h"

enum {
	DIAL_ADDRESSES = 16,      /* tried at most */
	DIAL_HEAD_START_MS = 250, /* RFC 8305 */
};

/* For who wants to end it: when the descriptor becomes readable, is_over is
 * asked, which clears it. */
struct dial_break {
	int fd;
	bool (*is_over)(void *arg);
	void *arg;
};

/*
 * Waits until the deadline of clock_ms() at most.  The socket, with where it
 * leads in where (SOCK_TEXT bytes); or -1, and why is appended to, in words
 * with every address ("ADDRESS: why; ..."); nothing if is_over said so.
 *
 * Whatever is settled, the winner and those that failed, is taken out of the
 * list; those that only were slower stay, so that the caller can go on when
 * nobody speaks at the address that won.
 */
int dial(struct sock_addr *, size_t *n, int64_t deadline_ms,
    const struct dial_break *, char *where, struct buf *why);

#endif
