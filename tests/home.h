/*
 * A home with a device in it, for a test in which a peer has been at it before
 * the program is, or in which another program seems to run.
 */
#ifndef HOME_H
#define HOME_H

#include <stdbool.h>

#include "peer.h"

struct home {
	char path[64]; /* for program_start_in() */
	struct id device;
	int fd; /* of the device's file; -1 when it is nobody's */
};

void home_init(struct home *);
void home_done(struct home *);
/* The device is in use, as by a program that runs; and no more. */
void home_take(struct home *);
void home_give(struct home *);
/* As peer_enter(), with the device. */
bool home_enter(
    struct home *, struct peer *, const char *address, const char *nick);

#endif
