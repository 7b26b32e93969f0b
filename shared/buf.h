/*
 * Bytes that grow: appended at the end, consumed at the front.  All zero is a
 * valid empty buffer that owns nothing; an emptied one keeps its room until
 * buf_done() or buf_trim().  Running out of memory ends the program.
 */
#ifndef BUF_H
#define BUF_H

#include <stddef.h>
#include <stdint.h>

#include "slice.h"

struct buf {
	uint8_t *data; /* start of the allocation */
	size_t head;   /* bytes consumed: the content begins at data + head */
	size_t len;    /* bytes of content */
	size_t cap;    /* bytes allocated */
};

void buf_done(struct buf *);
/* Gives the room back when there is no content. */
void buf_trim(struct buf *);
/* Forgets the content, keeps the room. */
void buf_clear(struct buf *);

static inline uint8_t *
buf_at(const struct buf *b)
{
	return b->data != NULL ? b->data + b->head : NULL;
}

void buf_add(struct buf *, const void *, size_t len);
void buf_add_slice(struct buf *, struct slice);
void buf_add_string(struct buf *, const char *);
void buf_printf(struct buf *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
void buf_add_u8(struct buf *, uint8_t);
void buf_add_u16(struct buf *, uint16_t); /* network byte order, as below */
void buf_add_u32(struct buf *, uint32_t);
void buf_add_u64(struct buf *, uint64_t);
/* Room for len bytes at the end; write there, then buf_grown(). */
uint8_t *buf_room(struct buf *, size_t len);
void buf_grown(struct buf *, size_t len);
/* Drops len bytes (at most b->len) at the front. */
void buf_consume(struct buf *, size_t len);
/* Keeps only len bytes (at most b->len), those at the front. */
void buf_cut(struct buf *, size_t len);
/* The content as a slice, good until the next change. */
struct slice buf_slice(const struct buf *);
/* The content as a string: puts a NUL behind it that is not part of len. */
const char *buf_string(struct buf *);

#endif
