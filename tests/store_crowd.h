/*
 * Devices that number what they say into some rooms of a store, and go on where
 * the store says they were; and what must be true of the store at any time
 * afterwards.
 */
#ifndef STORE_CROWD_H
#define STORE_CROWD_H

#include <stdint.h>

#include "../chatd/store.h"
#include "buf.h"

enum {
	CROWD_DEVICES = 5,
	CROWD_ROOMS = 3,
	CROWD_SEEN = CROWD_DEVICES, /* in the place of a device: seen up to */
	CROWD_ACKS,
};

/* Device, number: it was acknowledged.  Called between jobs. */
typedef void crowd_heard(unsigned device, uint64_t n);

/* Gives a new store a past, which is worked upon while the crowd talks: much to
 * be indexed, a room to be forgotten, and one of which a part need not be kept,
 * with a member who has seen nothing.  Times are those of story_wall(). */
void crowd_past(struct store *);
/* How far that one has seen; before the first job of a start. */
uint64_t crowd_seen(struct store *);

/* So many rounds, in each of which some say something and wait for the answer;
 * ends early when the store is broken.  seed chooses who and where. */
void crowd_talk(struct store *, unsigned rounds, uint64_t seed, crowd_heard *);

/* Every number from 1 to the last of each device is there once and in order,
 * logs have no holes but what need not be kept, and the store agrees on the
 * last; nothing acknowledged is missing; what is there is found, and nothing
 * else.  Else why not, in words. */
void crowd_check(
    struct store *, const uint64_t acked[CROWD_DEVICES], struct buf *wrong);

/* How often a test does something by chance: n times, or, for a long run,
 * $CHAT_SOAK times as often. */
unsigned crowd_times(unsigned n);

#endif
