/*
 * One connection as the hub sees it: embedded in a session, which is told what
 * to say through the pointers in ops.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "dialect.h"
#include "protocol.h"

struct client;
struct job;
struct leg;
struct seat;
struct user;

/* What the hub has to say to a connection. */
struct client_ops {
	/* An answer.  Slices are the hub's. */
	void (*tell)(struct client *, const union message *);
	/* Presence, encoded in the client's dialect: may be left out when the
	 * peer is slow; then unsure is owed to it. */
	void (*news)(struct client *, struct slice encoded);
	/* Entries wait: call hub_pull() at the end of this turn. */
	void (*wake)(struct client *);
	/* Say bye for this reason, in these words ("": its own), and close. */
	void (*end)(struct client *, enum refusal why, struct slice words);
};

/* Embedded in the session.  All zero but ops, dialect and what that keeps
 * before hub_hello(). */
struct client {
	const struct client_ops *ops;
	const struct dialect *dialect;
	void *kept; /* the dialect's */
	struct user *user;   /* NULL before welcome */
	struct client *next; /* of the same user */
	struct seat *seats;
	struct seat *waiting; /* seats with entries to be pulled */
	struct job *jobs;     /* asked of the store, not answered yet */
	struct leg *legs;     /* files on their way, whose turn it is first */
	unsigned n_legs;
	uint32_t leg_number; /* the last given */
	bool is_welcome;      /* welcome was told */
	bool is_looking;      /* PROTOCOL_LOOKS: the user is not here by it */
	bool asks_past; /* for history, or searches; one such job at a time */
	uint64_t epoch;
	uint64_t since;	  /* wall clock, of hello */
	int64_t asked_ms; /* last request but pong */
	uint32_t mark;	  /* the hub's: news already told */
	char *software;	  /* what the peer calls itself, of hello */
	/* Login name of who connected from this machine, as the kernel knows
	 * it; NULL: a guest.  Borrowed, it stays. */
	const char *account;
};

#endif
