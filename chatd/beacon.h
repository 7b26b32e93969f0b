/*
 * Tells the links this machine is on that there is a server, when the settings
 * say so: every BEACON_EVERY_MS or so, and soon after somebody asked, but not
 * twice within BEACON_LEAST_MS.  Whoever asks is answered by multicast like
 * everybody else, never alone.
 */
#ifndef BEACON_H
#define BEACON_H

#include "lan.h"

struct beacon;
struct loop;
struct settings;

enum {
	BEACON_EVERY_MS = 30000, /* give or take BEACON_JITTER_MS */
	BEACON_JITTER_MS = 5000,
	BEACON_LEAST_MS = 1000,
	BEACON_SOON_MS = 200, /* at most, after a question */
};

struct beacon *beacon_new(struct loop *);
void beacon_free(struct beacon *);
/* From now on these doors are told; none, or server.announce off: silence. */
void beacon_set(struct beacon *, const struct settings *,
    const struct lan_door *, size_t n);
/* When to speak next after a question now; random is any number. */
int64_t beacon_next(
    int64_t now_ms, int64_t told_ms, int64_t due_ms, uint32_t random);

#endif
