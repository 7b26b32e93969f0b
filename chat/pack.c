#include "pack.h"

#include <string.h>

#include "wire.h"

void
pack_id(struct buf *out, const struct id *id)
{
	buf_add(out, id->byte, sizeof(id->byte));
}

void
pack_text(struct buf *out, struct slice text)
{
	buf_add_u32(out, (uint32_t)text.len);
	buf_add_slice(out, text);
}

/* So many bytes; NULL: there are fewer. */
static const uint8_t *
take(struct unpack *u, size_t len)
{
	const uint8_t *at = u->at;

	if (len > u->left) {
		u->is_bad = true;
		u->left = 0;
		return NULL;
	}
	u->at += len;
	u->left -= len;
	return at;
}

uint8_t
unpack_u8(struct unpack *u)
{
	const uint8_t *at = take(u, 1);

	return at != NULL ? *at : 0;
}

uint16_t
unpack_u16(struct unpack *u)
{
	const uint8_t *at = take(u, 2);

	return at != NULL ? wire_get_u16(at) : 0;
}

uint32_t
unpack_u32(struct unpack *u)
{
	const uint8_t *at = take(u, 4);

	return at != NULL ? wire_get_u32(at) : 0;
}

uint64_t
unpack_u64(struct unpack *u)
{
	const uint8_t *at = take(u, 8);

	return at != NULL ? wire_get_u64(at) : 0;
}

struct id
unpack_id(struct unpack *u)
{
	struct id id = { { 0 } };
	const uint8_t *at = take(u, sizeof(id.byte));

	if (at != NULL)
		memcpy(id.byte, at, sizeof(id.byte));
	return id;
}

struct slice
unpack_text(struct unpack *u)
{
	size_t len = unpack_u32(u);
	const uint8_t *at = take(u, len);

	if (at == NULL)
		return SLICE("");
	return (struct slice){ (const char *)at, len };
}

/* FNV-1a: each step is one to one. */
uint64_t
pack_sum(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len-- != 0)
		sum = (sum ^ *at++) * UINT64_C(0x100000001b3);
	return sum;
}
