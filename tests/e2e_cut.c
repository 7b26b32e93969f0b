/*
 * The connection is cut after each byte of a small conversation (login, attach,
 * say, stored, entry), of what goes up and of what goes down; the clients come
 * back, and everything is as if nothing had happened.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "fleet.h"
#include "lane.h"
#include "proxy.h"
#include "store_crowd.h"

enum { CUTS = 25, CLIENTS = 2 };

static struct lane lane;
static struct proxy net;

static bool
has_said_all(struct fleet *f, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < f->n; i++)
		if (f->at[i].n != 0)
			return false;
	return f->most == 0;
}

/* From no connection to all that was said being where it belongs. */
static void
converse(void)
{
	lane.fleet.most = CLIENTS;
	lane.fleet.is_quiet = false;
	cr_assert(fleet_until(&lane.fleet, has_said_all, NULL));
	cr_assert(fleet_settle(&lane.fleet));
}

/* way: 0 what goes up, 1 what goes down. */
static void
cut_after_each(const char *name, int way, bool soft, uint64_t seed)
{
	unsigned cuts = crowd_times(CUTS), made = 0;
	size_t length;

	lane_begin(&lane, name, FLEET_CONFIG, seed);
	lane.fleet.n = CLIENTS;
	lane.fleet.rooms = 1;
	lane_start(&lane);
	proxy_start(&net, lane.socket);
	fleet_at(&lane.fleet, net.address);
	converse();
	proxy_cut(&net, false);
	length = proxy_passed(&net, way);
	converse();
	length = proxy_passed(&net, way) - length;
	for (unsigned i = 0; i < cuts; i++) {
		unsigned before = net.cuts + 1;

		proxy_cut(&net, false);
		proxy_cut_way(&net, way, 1 + i * length / cuts, soft);
		converse();
		made += net.cuts - before;
		proxy_cut_way(&net, way, 0, false);
	}
	fprintf(stderr, "%s: %u of %u conversations of %zu bytes cut\n", name,
	    made, cuts, length);
	cr_expect_geq(made, cuts * 3 / 4);
	fleet_at(&lane.fleet, lane.socket);
	proxy_stop(&net);
	cr_assert(fleet_settle(&lane.fleet));
	daemon_stop(&lane.daemon);
	lane_end(&lane);
}

Test(cut, after_each_byte_up, .timeout = LANE_TIMEOUT_S)
{
	cut_after_each("cut on the way up", 0, true, 1);
}

Test(cut, after_each_byte_down, .timeout = LANE_TIMEOUT_S)
{
	cut_after_each("cut on the way down", 1, true, 2);
}

Test(cut, reset_after_each_byte_up, .timeout = LANE_TIMEOUT_S)
{
	cut_after_each("reset on the way up", 0, false, 3);
}

Test(cut, reset_after_each_byte_down, .timeout = LANE_TIMEOUT_S)
{
	cut_after_each("reset on the way down", 1, false, 4);
}
