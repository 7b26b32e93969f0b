#include "frame.h"

#include "wire.h"

enum got
frame_read(const uint8_t *at, size_t len, size_t max, struct frame *out)
{
	size_t length;

	if (len < FRAME_HEADER)
		return GOT_PART;
	length = wire_get_u32(at);
	if (length == 0 || length > max) {
		out->why = length == 0 ? REFUSE_FRAME_SHORT : REFUSE_FRAME_LONG;
		return GOT_BAD;
	}
	if (len - FRAME_HEADER < length)
		return GOT_PART;
	out->payload = at + FRAME_HEADER;
	out->len = length;
	out->used = FRAME_HEADER + length;
	return GOT_ONE;
}
