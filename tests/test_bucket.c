#include <criterion/criterion.h>

#include "bucket.h"

static unsigned
take_all(struct bucket *b, unsigned cost, unsigned rate, unsigned burst,
    int64_t now_ms)
{
	unsigned n = 0;

	while (n < 100000 && bucket_take(b, cost, rate, burst, now_ms) == 0)
		n++;
	return n;
}

Test(bucket, a_full_one_holds_its_burst)
{
	static const struct {
		unsigned cost, rate, burst, taken;
	} cases[] = {
		{ 1, 1, 1, 1 }, { 1, 3, 3, 3 }, { 1, 7, 20, 20 },
		{ 1, 10, 40, 40 }, { 2, 10, 41, 20 }, { 1, 999, 1000, 1000 },
		{ 1, 20000, 5000, 5000 },
		{ 5, 1, 2, 1 }, /* a burst below cost counts as cost */
	};
	struct bucket b;
	size_t i;
	unsigned taken;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		b = (struct bucket){ 0 };
		taken = take_all(&b, cases[i].cost, cases[i].rate,
		    cases[i].burst, 123456789);
		cr_expect_eq(taken, cases[i].taken, "row %zu: %u", i, taken);
	}
}

Test(bucket, fills_at_its_rate)
{
	struct bucket b = { 0 };
	unsigned taken;
	int64_t now;

	take_all(&b, 1, 10, 5, 1000);
	for (now = 1000, taken = 0; now < 11000; now += 7)
		taken += take_all(&b, 1, 10, 5, now);
	cr_expect(taken >= 99 && taken <= 101, "%u", taken);
	cr_expect_eq(take_all(&b, 1, 10, 5, now + 60000), 5);
}

/* More than one token a millisecond. */
Test(bucket, fills_at_a_high_rate)
{
	struct bucket b = { 0 };
	unsigned taken;
	int64_t now;

	take_all(&b, 1, 5000, 100, 0);
	for (now = 0, taken = 0; now < 1000; now += 10)
		taken += take_all(&b, 1, 5000, 100, now);
	cr_expect(taken >= 4900 && taken <= 5000, "%u", taken);
}

Test(bucket, tells_how_long_to_wait)
{
	struct bucket b = { 0 };
	uint32_t wait;

	take_all(&b, 1, 2, 3, 1000);
	wait = bucket_take(&b, 1, 2, 3, 1000);
	cr_expect_eq(wait, 500);
	cr_expect_eq(bucket_take(&b, 1, 2, 3, 1000), 500);
	cr_expect_eq(bucket_take(&b, 2, 2, 3, 1000), 1000);
	cr_expect_eq(bucket_take(&b, 1, 2, 3, 1499), 1);
	cr_expect_eq(bucket_take(&b, 1, 2, 3, 1500), 0);
	cr_expect_eq(bucket_take(&b, 1, 2, 3, 1500), 500);
}

Test(bucket, waiting_as_told_is_enough)
{
	struct bucket b = { 0 };
	int64_t now = 0;
	uint32_t wait;
	unsigned i;

	for (i = 0; i < 1000; i++) {
		wait = bucket_take(&b, 1 + i % 3, 7, 4, now);
		if (wait == 0)
			continue;
		now += wait;
		cr_expect_eq(bucket_take(&b, 1 + i % 3, 7, 4, now), 0);
	}
	cr_expect_gt(now, 0);
}

Test(bucket, rate_zero_is_no_limit)
{
	struct bucket b = { 0 };

	cr_expect_eq(take_all(&b, 1000, 0, 0, 5), 100000);
}
