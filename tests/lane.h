/*
 * One run of a test that hurts chatd: a daemon with a state directory, a fleet
 * that talks to it, and what happened, judged at the end and told in a line.
 */
#ifndef LANE_H
#define LANE_H

#include <stdint.h>

#include "daemon.h"
#include "fleet.h"

enum { LANE_CLIENTS = 6, LANE_TIMEOUT_S = 7200 };

struct lane {
	const char *name;
	struct daemon daemon;
	struct daemon_options options;
	char state[128], socket[128];
	struct fleet fleet;
	bool is_wrong; /* a daemon known to be: what it fails at may pass */
	unsigned ends; /* of the daemon, not in order */
	int64_t end_ms; /* when it was seen last */
	int64_t *recoveries; /* milliseconds from there till all are back */
	size_t n_recoveries;
};

/* config as chatd.conf(5). */
void lane_begin(
    struct lane *, const char *name, const char *config, uint64_t seed);
/* Everything is judged, and must be as promised. */
void lane_end(struct lane *);
/* Everything is judged, and told by v (the caller's buf_done(&v->words)): for
 * a daemon that is known to be wrong. */
void lane_judge(struct lane *, struct verdict *);

void lane_start(struct lane *);
/* That meets this fault (daemon_meets()); false: before it served. */
bool lane_start_with(struct lane *, const char *fault);
void lane_kill(struct lane *);
int lane_wait(struct lane *); /* daemon_wait() */

/* Waits until everybody is back and has all answers from before; measures. */
void lane_recovers(struct lane *);
void lane_talk(struct lane *, uint64_t stored); /* until so much more is */
void lane_turns(struct lane *, uint64_t turns);
/* Starts it and kills it, so many times: at any moment, sometimes again before
 * all are back. */
void lane_kill_often(struct lane *, unsigned kills);
/* Likewise, but with faults (daemon_meets()) at the kth call. */
void lane_kill_at_calls(
    struct lane *, const char *call, unsigned most, unsigned kills);
void lane_talk_to_its_end(struct lane *); /* the daemon's */

#endif
