/*
 * Numbers and texts as bytes of a file, appended to a buf, and read back from
 * bytes that may be damaged: what does not fit marks the reader as bad and
 * gives zeros, so one asks once, at the end.
 */
#ifndef PACK_H
#define PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"

void pack_id(struct buf *, const struct id *);
void pack_text(struct buf *, struct slice); /* its length first, u32 */

struct unpack {
	const uint8_t *at;
	size_t left;
	bool is_bad;
};

uint8_t unpack_u8(struct unpack *);
uint16_t unpack_u16(struct unpack *);
uint32_t unpack_u32(struct unpack *);
uint64_t unpack_u64(struct unpack *);
struct id unpack_id(struct unpack *);
struct slice unpack_text(struct unpack *); /* points into the bytes */

/* A sum over bytes, going on from another: no single byte of them changes
 * without changing it. */
enum { PACK_SUM_BEGIN = 0x2325 };
uint64_t pack_sum(uint64_t sum, const void *, size_t len);

#endif
