/*
 * uthash with a keyed hash (SipHash of libsodium): names and devices are chosen
 * by strangers, who must not be able to choose collisions too.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

#include "xmalloc.h"

/* The key is drawn at the first use.  One thread. */
unsigned table_hash(const void *, size_t len);

#define HASH_FUNCTION(keyptr, keylen, hashv)                                   \
	((hashv) = table_hash((keyptr), (size_t)(keylen)))
#define uthash_malloc(size)    xmalloc(size)
#define uthash_free(ptr, size) free(ptr)

#include <uthash.h>
#include <utlist.h>

#endif
