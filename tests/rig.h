/*
 * The client's half of the protocol, without thread or socket, and a server
 * played by the test: lines "S message" come from the server, lines "C pattern"
 * are what the client must say next, "C -" that it says nothing more; messages
 * are written as pattern.h says; variables of one letter are set anew by each
 * pattern they stand in.
 */
#ifndef RIG_H
#define RIG_H

#include "../chat/apply.h"
#include "../chat/model.h"
#include "pattern.h"

enum { RIG_WALL = 1700000000 }; /* seconds since 1970, of the wall clock */

struct rig {
	struct model *model;
	struct apply *apply;
	struct buf out;
	struct variables variables;
	int64_t now_ms;
	bool goes_on;     /* apply has not said no yet */
	struct buf heard; /* events, "room kind who text", a line each */
};

/* As nick ana, not connected yet. */
void rig_init(struct rig *);
void rig_done(struct rig *);
/* Up to NULL.  A message that isn't said, or another one, fails the test. */
void rig_play(struct rig *, const char *const *lines);
#define RIG(rig, ...) \
	rig_play(rig, (const char *const[]){ __VA_ARGS__, NULL })
/* Connects and is welcomed, the first ping answered, nothing left to hear. */
void rig_enter(struct rig *);
/* Into a room as number 7, empty, its names asked and told: ana alone. */
struct room *rig_join(struct rig *, const char *room);
/* The connection is lost, and another one begins. */
void rig_cut(struct rig *);
struct room *rig_room(struct rig *, const char *name);
/* The newest line of a room but n, "who|text". */
const char *rig_line(const struct room *, unsigned n);

/* One message in words, appended as a frame; one that must fit the pattern. */
void rig_frame(struct variables *, const char *words, struct buf *out);
void rig_fits(struct variables *, const char *words, const union message *);

#endif
