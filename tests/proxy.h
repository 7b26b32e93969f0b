/*
 * A network between a client and chatd that can be cut: a thread that passes
 * bytes on, until it is told not to, or until so many have passed.
 */
#ifndef PROXY_H
#define PROXY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { PROXY_PAIRS = 16 };

struct proxy {
	char address[64]; /* of this end */
	/* Below: under the lock, but for the thread's own. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_cut;	/* all connections are to be closed */
	bool is_closed; /* and new ones as well */
	bool is_over;
	size_t left; /* bytes until the next cut; 0: none is planned */
	int way;     /* those that count: 0 up, 1 down; -1 both */
	bool is_soft;	  /* with an end, not with a reset */
	size_t passed[2]; /* bytes up and down */
	unsigned cuts, connections;
	pthread_t thread;
	int listener, wake;
	char to[160];
	struct pair {
		int fd[2]; /* client, server */
	} pair[PROXY_PAIRS];
	size_t n;
};

void proxy_start(struct proxy *, const char *to);
void proxy_stop(struct proxy *);
/* With a reset, in both directions; stays: and everybody who comes is cut off
 * too, until proxy_mend(). */
void proxy_cut(struct proxy *, bool stays);
void proxy_mend(struct proxy *);
/* Cuts by itself after so many bytes, up and down together; some of the last
 * ones get through. */
void proxy_cut_after(struct proxy *, size_t bytes);
/* Likewise, but counts only what goes up (0) or down (1); soft: with an end, so
 * that exactly so many get through. */
void proxy_cut_way(struct proxy *, int way, size_t bytes, bool soft);
/* Bytes passed up or down so far. */
size_t proxy_passed(struct proxy *, int way);
/* Waits until so many cuts were made. */
bool proxy_was_cut(struct proxy *, unsigned cuts);

#endif
