/*
 * Bytes shared by counting references, never moved.  A blob may be filled
 * at its end as long as it has room: bytes once there never change, so that
 * others may read [0, len) as they knew it.  The daemon's entries travel in
 * them to all their readers.  One thread only: the count is a plain number.
 */
#ifndef BLOB_H
#define BLOB_H

#include <stddef.h>
#include <stdint.h>

struct blob {
	uint32_t refs;
	uint32_t len; /* bytes used */
	uint32_t cap; /* bytes there is room for */
	uint8_t data[];
};

/* With one reference, the caller's.  cap below 4 GiB. */
struct blob *blob_new(size_t cap);
struct blob *blob_ref(struct blob *);
void blob_unref(struct blob *); /* NULL is fine */
/* Appends; the caller has seen to it that cap - len is enough. */
void blob_add(struct blob *, const void *, size_t len);

#endif
