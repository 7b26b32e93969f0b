/*
 * What the client keeps between runs, in $XDG_STATE_HOME/chat (else
 * ~/.local/state/chat; mode 0700): the device id, 32 hexadecimal digits in the
 * file "device".  A file is in use by one program at a time (flock); the second
 * one takes "device.2", and so on.
 */
#ifndef STATE_H
#define STATE_H

#include "protocol.h"

enum { STATE_DEVICES = 16 };

struct state {
	struct id device;
	int fd;         /* holds the lock; -1: the device is in memory only */
	char why[256];  /* then: why, in words */
};

void state_open(struct state *);
void state_close(struct state *);

#endif
