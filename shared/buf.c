#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire.h"
#include "xmalloc.h"

enum { BUF_LEAST = 64 }; /* bytes of the first allocation */

void
buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void
buf_trim(struct buf *b)
{
	if (b->len == 0)
		buf_done(b);
}

void
buf_clear(struct buf *b)
{
	b->head = 0;
	b->len = 0;
}

/* The content moves to the front when that frees at least half of the room,
 * which pays for the move; else the allocation doubles. */
static void
make_room(struct buf *b, size_t len)
{
	size_t need = b->len + len;
	size_t cap = b->cap != 0 ? b->cap : BUF_LEAST;

	assert(need >= len);
	if (b->data != NULL && b->head != 0) {
		memmove(b->data, b->data + b->head, b->len);
		b->head = 0;
	}
	while (cap < need || cap - need < b->len / 2)
		cap *= 2;
	if (cap == b->cap)
		return;
	b->data = xrealloc(b->data, cap, 1);
	b->cap = cap;
}

uint8_t *
buf_room(struct buf *b, size_t len)
{
	if (b->data == NULL || b->cap - b->head - b->len < len)
		make_room(b, len);
	return b->data + b->head + b->len;
}

void
buf_grown(struct buf *b, size_t len)
{
	assert(len <= b->cap - b->head - b->len);
	b->len += len;
}

void
buf_consume(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len -= len;
	b->head = b->len != 0 ? b->head + len : 0;
}

void
buf_cut(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
}

void
buf_add(struct buf *b, const void *from, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_room(b, len), from, len);
	b->len += len;
}

void
buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.at, s.len);
}

void
buf_add_string(struct buf *b, const char *string)
{
	buf_add(b, string, strlen(string));
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	size_t room;
	int n;

	buf_room(b, BUF_LEAST);
	room = b->cap - b->head - b->len;
	va_start(args, format);
	n = vsnprintf((char *)buf_at(b) + b->len, room, format, args);
	va_end(args);
	assert(n >= 0);
	if ((size_t)n >= room) {
		va_start(args, format);
		vsnprintf((char *)buf_room(b, (size_t)n + 1), (size_t)n + 1,
		    format, args);
		va_end(args);
	}
	b->len += (size_t)n;
}

void
buf_add_u8(struct buf *b, uint8_t v)
{
	*buf_room(b, 1) = v;
	b->len += 1;
}

void
buf_add_u16(struct buf *b, uint16_t v)
{
	wire_put_u16(buf_room(b, 2), v);
	b->len += 2;
}

void
buf_add_u32(struct buf *b, uint32_t v)
{
	wire_put_u32(buf_room(b, 4), v);
	b->len += 4;
}

void
buf_add_u64(struct buf *b, uint64_t v)
{
	wire_put_u64(buf_room(b, 8), v);
	b->len += 8;
}

struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ (const char *)buf_at(b), b->len };
}

const char *
buf_string(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return (const char *)buf_at(b);
}
