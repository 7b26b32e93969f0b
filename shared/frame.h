/*
 * Cuts a stream of bytes into frames, whatever the pieces it arrives in.  The
 * header alone decides whether a frame is acceptable: no room is made for it
 * before.  Holds nothing; the caller keeps the bytes not yet used.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

enum { FRAME_HEADER = 4 };

enum got {
	GOT_ONE,  /* a whole frame */
	GOT_PART, /* not yet: more bytes are needed */
	GOT_BAD,  /* the stream cannot be cut any more: close it */
};

struct frame {
	const uint8_t *payload; /* type and body, in the input */
	size_t len;             /* at least 1 */
	size_t used;            /* bytes of the input to forget: header too */
	enum refusal why;       /* with GOT_BAD: REFUSE_FRAME_LONG or _SHORT */
};

/* max is the largest length acceptable now, PROTOCOL_FRAME_FRESH or _READY. */
enum got frame_read(const uint8_t *at, size_t len, size_t max, struct frame *);

#endif
