/*
 * Many connections to one server, held by one thread and one epoll set: it
 * connects them, counts what they hear, and lets some of them talk, with so
 * many messages on the way at most.
 */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "sock.h"
#include "tongue.h"

struct one {
	int fd;
	uint32_t who, room;
	struct tally heard;
	uint32_t skip;	  /* bytes of a frame still to come */
	uint8_t part_len; /* bytes of its header so far */
	uint8_t part[TONGUE_HEADER];
	bool is_deaf;	       /* does not read */
	struct talker *talker; /* NULL: only listens */
};

struct talker {
	uint64_t said;
	uint64_t most;	 /* then it is silent */
	struct buf out;	 /* what did not go out yet */
	unsigned window; /* messages on the way at most */
	size_t text;	 /* bytes */
};

struct crowd {
	const struct tongue *tongue;
	struct sock_addr server;
	struct one *at;
	uint32_t n, cap;
	int epoll;
	struct tally heard; /* by all */
	uint32_t lost;	    /* connections the server closed */
};

void crowd_init(
    struct crowd *, const struct tongue *, const char *address, uint32_t cap);
/* Closes with resets, so that no port stays taken. */
void crowd_done(struct crowd *);

/* n more, in rooms of so many, beginning with room number `room`; returns when
 * all are in.  At most `ahead` are on the way at a time. */
void crowd_enter(struct crowd *, uint32_t n, uint32_t per_room, uint32_t room,
    uint32_t ahead);
void crowd_talk(struct one *, struct talker *, size_t text, unsigned window);
/* Stops reading, or begins again. */
void crowd_deafen(struct crowd *, struct one *, bool);

/* Waits for events (-1: for ever), reads, lets talkers talk.  false: nothing
 * happened in wait_ms. */
bool crowd_turn(struct crowd *, int wait_ms);
/* Until nothing has come for quiet_ms. */
void crowd_settle(struct crowd *, int quiet_ms);
/* Says what the window allows. */
void crowd_say(struct crowd *, struct one *);

#endif
