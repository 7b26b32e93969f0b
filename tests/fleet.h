/*
 * A fleet: some clients of chatd that behave as chat-protocol(7) asks, held by
 * one thread and one poll().  They say things into a few rooms, many on the
 * way at a time, now and then one that is too long; when the connection ends
 * they come back, attach with their cursors, and say again what has no answer.
 * All they do and get is recorded in a history.
 */
#ifndef FLEET_H
#define FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "checker.h"
#include "protocol.h"

enum {
	FLEET_ROOMS = 3,
	FLEET_WINDOW = 64, /* says on the way, the protocol's most */
	FLEET_TEXT_MAX = 200,
	FLEET_WAIT_MS = 20000, /* for all to be settled, unless told else */
};

/* What the daemon is to be told: so that some of what is said is too long. */
#define FLEET_CONFIG "limits: { rate = 0; text = 200; };\n"
/* And that some of it comes too fast. */
#define FLEET_CONFIG_SLOW \
	"limits: { rate = 4000; burst = 60; text = 200; };\n"

struct saying {
	char text[FLEET_TEXT_MAX + 8];
	unsigned room;
	uint64_t serial; /* of the fleet */
	uint64_t n;	 /* 0: none yet */
	bool is_sent;	 /* on this connection */
};

struct fellow {
	unsigned client; /* of the history */
	struct id device;
	char nick[16];
	int fd; /* -1: away */
	enum { DIALLING, GREETING, ENTERED } state;
	int64_t again_ms; /* not to dial or to say before */
	struct buf in, out;
	struct saying queue[FLEET_WINDOW]; /* without an answer, in order */
	size_t n;
	unsigned due;	 /* answers to come on this connection */
	uint64_t next_n; /* of the next say */
	uint64_t lowest; /* refused: to go back to; 0: nothing was */
	struct place {
		uint32_t number; /* 0: never attached */
		uint64_t cursor;
		size_t asked;
		bool is_attached;
	} places[FLEET_ROOMS];
	bool is_reader; /* reads all from the beginning, says nothing */
};

struct fleet {
	struct history history;
	char address[160];
	struct fellow *at;
	unsigned n;
	unsigned rooms;
	bool is_quiet; /* says nothing new */
	unsigned long most; /* to say from now on */
	int wait_ms;
	uint64_t seed;
	uint64_t serial;
	uint64_t head[FLEET_ROOMS]; /* the last number anybody heard of */
	struct id log;
	unsigned long stored, resent, refused, unavailable, entered, strange;
};

void fleet_init(struct fleet *, unsigned clients, uint64_t seed);
void fleet_done(struct fleet *);
/* Where the daemon is from now on. */
void fleet_at(struct fleet *, const char *address);
uint64_t fleet_draw(struct fleet *, uint64_t below);

/* Waits for events at most so long, and deals with them. */
void fleet_turn(struct fleet *, int wait_ms);
/* Until it is so; false: not in wait_ms. */
bool fleet_until(
    struct fleet *, bool (*is_so)(struct fleet *, void *), void *arg);
/* Everybody is there, has all answers and all entries; says nothing new until
 * then. */
bool fleet_settle(struct fleet *);
/* Everybody is there and has an answer to what had none. */
bool fleet_recovers(struct fleet *);
/* Somebody new reads all rooms from their beginning, then everything recorded
 * is judged; what is wrong is told in words. */
void fleet_judge(struct fleet *, struct verdict *);

#endif
