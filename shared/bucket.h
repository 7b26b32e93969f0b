/*
 * A token bucket: an allowance that fills at a rate up to a burst, and what a
 * request takes from it.  A value; time is handed in.
 */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is full. */
struct bucket {
	int64_t full_us; /* when it will be full again, microseconds */
};

/* Takes cost tokens.  0: taken; else milliseconds until it could be, and
 * nothing is taken.  rate is tokens per second, 0: no limit; a burst below cost
 * counts as cost. */
uint32_t bucket_take(struct bucket *, unsigned cost, unsigned rate,
    unsigned burst, int64_t now_ms);
bool bucket_is_full(const struct bucket *, int64_t now_ms);

#endif
