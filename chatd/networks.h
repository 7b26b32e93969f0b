/*
 * The networks that connections come from: how many there are from each, and
 * the allowances that those who went had used up.  A newcomer takes over the
 * emptiest of these, so nobody has a new one by connecting again; people behind
 * one address have an allowance each all the same.
 *
 * Where nobody is any more is forgotten as soon as the allowances left behind
 * have filled again, and beyond NETWORKS_IDLE, in the order they went.
 */
#ifndef NETWORKS_H
#define NETWORKS_H

#include <stdint.h>

#include "bucket.h"
#include "protocol.h"

struct network;

enum { NETWORKS_IDLE = 10000 };

/* All zero before the first. */
struct networks {
	struct network *by_id;
	struct network *idle; /* nobody is there; longest first */
	unsigned n_idle;
};

void networks_done(struct networks *); /* nobody is anywhere */

/* One connection more, or less; bucket is the allowance it leaves behind. */
struct network *networks_enter(struct networks *, const struct id *);
void networks_leave(
    struct networks *, struct network *, struct bucket, int64_t now_ms);
unsigned network_count(const struct network *); /* connections */
/* The allowance to begin with. */
struct bucket network_bucket(struct network *, int64_t now_ms);

#endif
