/*
 * A whole daemon in the test's own process: loop, hub, sessions and a store in
 * memory, with guests on socket pairs who speak a dialect each.  Nothing waits
 * for the clock.  One at a time.
 */
#ifndef HOUSE_H
#define HOUSE_H

#include <stdbool.h>

#include "buf.h"
#include "protocol.h"

struct dialect;
struct hub;
struct settings;

enum { HOUSE_GUESTS = 420 };

struct guest {
	int fd;	       /* -1: gone */
	struct buf in; /* all that was said to it, and is not consumed */
	bool is_over;  /* the daemon has closed */
};

struct house {
	struct settings *settings;
	struct hub *hub;
	struct guest guest[HOUSE_GUESTS];
	unsigned n;
};

/* No limit of rate; other settings may be changed before anybody comes. */
struct house *house_open(void);
void house_close(struct house *);

struct guest *house_guest(struct house *, const struct dialect *);
/* Sent as far as it goes at once; the rest asserts. */
void guest_send(struct guest *, const void *, size_t len);
void guest_line(struct guest *, const char *line);	   /* adds CR LF */
void guest_message(struct guest *, const union message *); /* as a frame */
void guest_half_close(struct guest *);
void guest_leave(struct guest *);
/* Turns until nobody has anything to do or to hear any more. */
void house_settle(struct house *);

#endif
