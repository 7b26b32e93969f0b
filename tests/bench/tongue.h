/*
 * What the load generator says and hears, in two tongues: the relay's bare
 * frames, and the chat protocol.  Both begin a frame with its length and one
 * byte (the protocol's type; the relay's sender), and that is all that is
 * looked at of what is heard.
 */
#ifndef TONGUE_H
#define TONGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum { TONGUE_HEADER = 5 };

/* What was heard, by one or by all. */
struct tally {
	uint64_t entries;
	uint64_t own;	  /* of the listener, taken by the server */
	uint64_t joined;  /* answers to enter */
	uint64_t pongs;
	uint64_t strange; /* what should not have come */
	uint64_t bytes;
};

struct tongue {
	const char *name;
	/* All that must be sent to be in a room: who and room are numbers. */
	void (*enter)(struct buf *, uint32_t who, uint32_t room);
	/* A message of len bytes, the sender's nth. */
	void (*say)(
	    struct buf *, uint32_t who, uint32_t room, uint64_t n, size_t len);
	/* Counts one frame by its first body byte. */
	void (*count)(struct tally *, uint8_t tag, uint32_t who);
};

extern const struct tongue tongue_bare, tongue_chat;

#endif
