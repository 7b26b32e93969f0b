/*
 * A server played by the test, on a socket of its own: for the client's thread
 * and what stands on it.  Every wait has a deadline; what does not come fails
 * the test.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>

#include "../chat/model.h"
#include "pattern.h"

struct link;

struct host {
	char address[128]; /* for link_options */
	int listener;
	int fd; /* the connection; -1: none */
	struct buf in;
	size_t used; /* of in, by the last message */
	struct variables variables;
};

/* Listens on a free port. */
void host_init(struct host *);
void host_done(struct host *);
/* Nobody listens there any more; and again. */
void host_shut(struct host *);
void host_open(struct host *);

void host_accept(struct host *);
void host_close(struct host *); /* the connection */
/* As rig_play(): "S message", "C pattern", "C -" (a ping is answered first),
 * and "C ." (the client closes).  Pings that aren't expected are passed
 * over. */
void host_play(struct host *, const char *const *lines);
#define HOST(host, ...) \
	host_play(host, (const char *const[]){ __VA_ARGS__, NULL })
void host_bytes(struct host *, const void *, size_t len);

/* Accepts, welcomes nick, answers the first ping. */
void host_enter(struct host *, const char *nick);
/* A link to the host, started; nick ana. */
struct link *host_link(const struct host *, struct model *, bool keeps_trying);

/* Waits until it is so; asked with the lock held. */
void host_await(struct model *, bool (*is_so)(struct model *));

#endif
