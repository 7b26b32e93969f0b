/*
 * A server for one client that lets everybody in and floods: answers what chat
 * asks, and sends as many entries as it is told to, at once.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "sock.h"

struct fake {
	char address[SOCK_TEXT];
	int listener, fd; /* fd: -1: nobody is connected */
	struct buf in, out;
	uint64_t seq;	/* of the last entry */
	bool is_joined; /* the client knows who is in the room */
	bool is_mute;	/* lets it connect and says nothing */
};

void fake_init(struct fake *);
void fake_done(struct fake *);
void fake_hang_up(struct fake *);

/* What to poll for: the listener, or the connection. */
int fake_fd(const struct fake *);
short fake_events(const struct fake *);
void fake_ready(struct fake *, short revents);

/* n messages of 80 bytes that end in their number, from 1 on. */
void fake_flood(struct fake *, unsigned n);

#endif
