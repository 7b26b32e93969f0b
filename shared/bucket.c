#include "bucket.h"

#include <stddef.h>

/* Rounded down, so that a burst always pays for as many tokens as it has. */
static int64_t
fill_us(unsigned tokens, unsigned rate)
{
	return (int64_t)tokens * 1000000 / rate;
}

uint32_t
bucket_take(struct bucket *b, unsigned cost, unsigned rate, unsigned burst,
    int64_t now_ms)
{
	int64_t now_us = now_ms * 1000;
	int64_t full_us, over_us;

	if (rate == 0)
		return 0;
	if (burst < cost)
		burst = cost;
	full_us = b->full_us > now_us ? b->full_us : now_us;
	full_us += fill_us(cost, rate);
	over_us = full_us - now_us - fill_us(burst, rate);
	if (over_us > 0)
		return (uint32_t)((over_us + 999) / 1000);
	b->full_us = full_us;
	return 0;
}

bool
bucket_is_full(const struct bucket *b, int64_t now_ms)
{
	return b->full_us <= now_ms * 1000;
}
