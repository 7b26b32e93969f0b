/*
 * Numbers of bytes as people read and write them.  A unit is a thousand of the
 * one before.
 */
#ifndef SIZES_H
#define SIZES_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

#define SIZES_UNKNOWN UINT64_MAX

/* "14 MB", "9.6 kB", "0 B"; cut, never rounded up. */
void sizes_words(struct buf *, uint64_t bytes);
/* "6.1/14 MB", both in the unit of the whole. */
void sizes_part(struct buf *, uint64_t part, uint64_t whole);
/* "14,231,552 bytes" */
void sizes_exact(struct buf *, uint64_t bytes);
/* "0:07", "59:59", "3h05", "2d" */
void sizes_seconds(struct buf *, uint64_t seconds);
/* Digits, and perhaps k, M, G or T in either case; false: it is none. */
bool sizes_parse(const char *, uint64_t *);

#endif
