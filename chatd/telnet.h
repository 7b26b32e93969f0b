/*
 * What telnet mixes into what is typed (RFC 854), taken out again.  Nothing is
 * asked for, so who uses nc never sees any of it.  Whatever a client offers or
 * demands is refused, each option once, so that no client can make an endless
 * talk of it; what stands in a subnegotiation is never looked at.  All the
 * words of a connection together are at most TELNET_WORDS bytes.
 */
#ifndef TELNET_H
#define TELNET_H

#include <stdint.h>

#include "buf.h"

enum {
	TELNET_WORDS = 512,	   /* bytes of refusals to one connection */
	TELNET_SUBNEGOTIATION = 64 /* bytes of one that are passed over */
};

/* All zero at the beginning. */
struct telnet {
	uint8_t state;
	uint8_t verb;	/* WILL, WONT, DO, DONT, and its option is to come */
	uint8_t passed; /* bytes of a subnegotiation */
	uint16_t words; /* bytes said */
	uint8_t refused[2][32]; /* options, a bit each: offers, demands */
};

enum telnet_took {
	TELNET_NOTHING,	   /* it belongs to telnet */
	TELNET_BYTE,	   /* it is what was typed */
	TELNET_ERASE,	   /* the key that erases a character */
	TELNET_ERASE_LINE, /* the key that erases the line */
	TELNET_LOST, /* a subnegotiation without end: bytes follow that were
			never typed, up to who knows where */
};

/* The next byte that came.  What is to be said goes into reply. */
enum telnet_took telnet_take(struct telnet *, uint8_t, struct buf *reply);

#endif
