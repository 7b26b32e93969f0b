/*
 * A message as bytes, and bytes as a message: one generic encoder and decoder
 * that walk the field tables of protocol.h.  A frame is
 *
 *	length u32 | type u8 | body
 *
 * in network byte order, where length counts type and body, and the body is
 * the row's fields in order.  No state, no allocation beyond the buffer's.
 */
#ifndef CODEC_H
#define CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"

/* Appends the whole frame.  Texts, names and data longer than their kind
 * allows are our own mistake: asserted. */
void codec_encode(struct buf *, const union message *);

/*
 * Reads one frame's payload: type and body, without the length.  len is at
 * least 1.  Slices in *out point into the input.  What follows the known
 * fields is left to later versions.  FINE, or REFUSE_UNKNOWN_TYPE (then *out
 * holds only the type), _FIELDS (also a name longer than a name may be),
 * _TEXT_LONG, _BAD_UTF8, _BAD_TEXT; then *out holds the type and the fields
 * before the wrong one, the others are zero.  codec_ref() is good after
 * any of these.
 */
enum refusal codec_decode(const uint8_t *payload, size_t len,
    union message *out);

/* The ref of a request, a say's n, a ping's token; 0 if the row has none. */
uint64_t codec_ref(const union message *);

#endif
