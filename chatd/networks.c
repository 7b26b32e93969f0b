#include "networks.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "table.h"
#include "xmalloc.h"

struct network {
	struct id id;
	unsigned n;
	struct bucket *left; /* behind, not full then */
	size_t n_left, cap_left;
	struct network *prev, *next; /* among the idle, if n is 0 */
	UT_hash_handle hh;
};

static void
forget(struct networks *all, struct network *network)
{
	HASH_DEL(all->by_id, network);
	free(network->left);
	free(network);
}

static void
wake(struct networks *all, struct network *network)
{
	DL_DELETE(all->idle, network);
	all->n_idle--;
}

/* All that were left behind are full again. */
static bool
is_full(const struct network *network, int64_t now_ms)
{
	for (size_t i = 0; i < network->n_left; i++)
		if (!bucket_is_full(&network->left[i], now_ms))
			return false;
	return true;
}

static void
sweep(struct networks *all, int64_t now_ms)
{
	while (all->idle != NULL &&
	    (all->n_idle > NETWORKS_IDLE || is_full(all->idle, now_ms))) {
		struct network *network = all->idle;

		wake(all, network);
		forget(all, network);
	}
}

void
networks_done(struct networks *all)
{
	while (all->idle != NULL) {
		struct network *network = all->idle;

		wake(all, network);
		forget(all, network);
	}
	assert(all->by_id == NULL);
}

struct network *
networks_enter(struct networks *all, const struct id *id)
{
	struct network *network;

	HASH_FIND(hh, all->by_id, id, sizeof *id, network);
	if (network == NULL) {
		network = xcalloc(1, sizeof *network);
		network->id = *id;
		HASH_ADD(hh, all->by_id, id, sizeof network->id, network);
	} else if (network->n == 0) {
		wake(all, network);
	}
	network->n++;
	return network;
}

static void
leave_behind(struct network *network, struct bucket bucket)
{
	if (network->n_left == network->cap_left) {
		network->cap_left =
		    network->cap_left != 0 ? network->cap_left * 2 : 1;
		network->left = xrealloc(
		    network->left, network->cap_left, sizeof *network->left);
	}
	network->left[network->n_left++] = bucket;
}

void
networks_leave(struct networks *all, struct network *network,
    struct bucket bucket, int64_t now_ms)
{
	if (!bucket_is_full(&bucket, now_ms))
		leave_behind(network, bucket);
	if (--network->n == 0) {
		DL_APPEND(all->idle, network);
		all->n_idle++;
	}
	sweep(all, now_ms);
}

unsigned
network_count(const struct network *network)
{
	return network->n;
}

struct bucket
network_bucket(struct network *network, int64_t now_ms)
{
	struct bucket emptiest = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < network->n_left; i++) {
		struct bucket b = network->left[i];

		if (b.full_us > emptiest.full_us) {
			struct bucket other = emptiest;

			emptiest = b;
			b = other;
		}
		if (!bucket_is_full(&b, now_ms))
			network->left[n++] = b;
	}
	network->n_left = n;
	return emptiest;
}
