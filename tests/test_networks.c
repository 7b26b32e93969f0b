/* Whoever comes again from one network has no new allowance. */
#include <criterion/criterion.h>

#include "../chatd/networks.h"

enum { RATE = 10, BURST = 100 };

static struct networks all;

static void
stop(void)
{
	networks_done(&all);
}

TestSuite(networks, .fini = stop);

static struct network *
enter(unsigned number)
{
	struct id id = { { 0 } };

	memcpy(id.byte, &number, sizeof number);
	return networks_enter(&all, &id);
}

/* How much of it can be used at once. */
static unsigned
use_up(struct bucket *b, int64_t now)
{
	unsigned n = 0;

	while (bucket_take(b, 1, RATE, BURST, now) == 0)
		n++;
	return n;
}

Test(networks, an_allowance_is_not_renewed_by_connecting_again)
{
	static const struct {
		int64_t after_ms;
		unsigned left;
	} rows[] = { { 0, 0 }, { 100, 1 }, { 5000, 50 }, { 60000, 100 } };
	int64_t now = 1;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct network *n = enter(7);
		struct bucket b = network_bucket(n, now);

		use_up(&b, now);
		networks_leave(&all, n, b, now);
		now += rows[i].after_ms;
		n = enter(7);
		b = network_bucket(n, now);
		cr_expect_eq(use_up(&b, now), rows[i].left, "%zu", i);
		networks_leave(&all, n, b, now);
		now += 60000;
	}
}

Test(networks, each_has_its_own)
{
	struct network *a = enter(1), *b = enter(2);
	struct bucket one = network_bucket(a, 1), two;

	use_up(&one, 1);
	two = network_bucket(a, 1);
	cr_expect_eq(use_up(&two, 1), BURST, "beside another there");
	networks_leave(&all, a, one, 1);
	two = network_bucket(b, 1);
	cr_expect_eq(use_up(&two, 1), BURST, "elsewhere");
	networks_leave(&all, b, (struct bucket){ 0 }, 1);
}

Test(networks, as_many_are_left_behind_as_there_were)
{
	enum { MANY = 5 };
	struct network *n = NULL;
	struct bucket b[MANY];

	for (int i = 0; i < MANY; i++) {
		n = enter(1);
		b[i] = network_bucket(n, 1);
		/* The last one has used up the least. */
		for (int used = 0; used < BURST - 10 * i; used++)
			bucket_take(&b[i], 1, RATE, BURST, 1);
	}
	cr_expect_eq(network_count(n), MANY);
	for (int i = MANY; i-- > 0;)
		networks_leave(&all, n, b[i], 1);
	for (int i = 0; i <= MANY; i++) {
		n = enter(1);
		b[0] = network_bucket(n, 1);
		cr_expect_eq(use_up(&b[0], 1),
		    i < MANY ? 10 * (unsigned)i : BURST, "%d", i);
	}
	for (int i = 0; i <= MANY; i++)
		networks_leave(&all, n, (struct bucket){ 0 }, 1);
}

Test(networks, where_nobody_is_is_forgotten)
{
	struct network *n = enter(1);
	struct bucket b = network_bucket(n, 1);

	networks_leave(&all, n, b, 1);
	cr_expect_eq(all.n_idle, 0, "nothing was used");
	for (unsigned i = 0; i < NETWORKS_IDLE + 10; i++) {
		n = enter(i);
		b = network_bucket(n, 1);
		bucket_take(&b, 1, RATE, BURST, 1);
		networks_leave(&all, n, b, 1);
	}
	cr_expect_eq(all.n_idle, NETWORKS_IDLE);
	n = enter(1);
	networks_leave(&all, n, (struct bucket){ 0 }, 1000);
	cr_expect_eq(all.n_idle, 0, "all are full again");
}
