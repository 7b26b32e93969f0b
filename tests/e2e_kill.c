/*
 * chatd is killed while a fleet of clients talks: at any moment, and as it
 * enters the kth call of a kind.  What the clients recorded is judged: nothing
 * acknowledged is lost, nothing is doubled, nothing is out of order.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sysexits.h>

#include "fleet.h"
#include "lane.h"
#include "store_crowd.h"

static struct lane lane;

enum { KILLS = 20 };

static void
kill_often(const char *name, const char *config, uint64_t seed)
{
	lane_begin(&lane, name, config, seed);
	lane_kill_often(&lane, crowd_times(KILLS));
	lane_end(&lane);
}

Test(kill, at_any_moment, .timeout = LANE_TIMEOUT_S)
{
	kill_often("killed at any moment", FLEET_CONFIG, 1);
}

Test(kill, at_any_moment_of_those_who_are_too_fast, .timeout = LANE_TIMEOUT_S)
{
	kill_often("killed, with allowances", FLEET_CONFIG_SLOW, 2);
}

static void
kill_at_calls(const char *name, const char *call, unsigned most, uint64_t seed)
{
	lane_begin(&lane, name, FLEET_CONFIG, seed);
	lane_kill_at_calls(&lane, call, most, crowd_times(KILLS));
	lane_end(&lane);
}

Test(kill, at_the_kth_write_to_disk, .timeout = LANE_TIMEOUT_S)
{
	kill_at_calls("killed at the kth write", "pwrite", 200, 3);
}

Test(kill, at_the_kth_sync, .timeout = LANE_TIMEOUT_S)
{
	kill_at_calls("killed at the kth sync", "fdatasync", 40, 4);
}

Test(kill, at_the_kth_send, .timeout = LANE_TIMEOUT_S)
{
	kill_at_calls("killed at the kth send", "send", 200, 5);
}

/* ---- the disk says no ---- */

/* Nobody knows what became of the batch: nobody is answered, the daemon ends,
 * and the next one finds out. */
Test(kill, a_failed_sync_ends_it_without_an_answer, .timeout = LANE_TIMEOUT_S)
{
	unsigned rounds = crowd_times(6);
	char fault[80];
	int status;

	lane_begin(&lane, "the kth sync fails", FLEET_CONFIG, 6);
	for (unsigned i = 0; i < rounds; i++) {
		snprintf(fault, sizeof(fault), "fdatasync error %u",
		    i == 0 ? 1 /* while the store is being made */
			   : 1 + (unsigned)fleet_draw(&lane.fleet, 40));
		if (lane_start_with(&lane, fault))
			lane_talk_to_its_end(&lane);
		status = lane_wait(&lane);
		cr_expect_eq(status, EX_IOERR, "%s: status %d: %s", fault,
		    status, buf_string(&lane.daemon.log));
	}
	cr_expect_eq(lane.fleet.unavailable, 0);
	lane_end(&lane);
}
