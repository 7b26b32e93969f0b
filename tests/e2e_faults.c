/*
 * Daemons with a mistake on purpose (tests/faults/NAME.patch): the checker has
 * to find each of them by what the clients get while it is killed.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "fleet.h"
#include "lane.h"

enum {
	LANES = 30, /* at most, until it is found */
	KILLS = 8,  /* of each kind in a lane */
	WAIT_MS = 1500,
};

/* What is found of a daemon, in one lane. */
static unsigned
look_at(const char *name, const char *program, unsigned no)
{
	static struct lane lane;
	struct verdict v;
	unsigned found = 0;

	lane_begin(
	    &lane, name, no % 2 == 0 ? FLEET_CONFIG : FLEET_CONFIG_SLOW, no);
	lane.is_wrong = true;
	lane.fleet.wait_ms = WAIT_MS;
	lane.options.program = program;
	lane_kill_often(&lane, KILLS);
	lane_kill_at_calls(&lane, "pwrite", 100, KILLS);
	lane_start(&lane);
	lane_judge(&lane, &v);
	for (int f = 0; f < FAULTS; f++) {
		if (v.faults[f] == 0)
			continue;
		found |= 1u << f;
		fprintf(stderr, "\t%zu %s\n", v.faults[f], fault_names[f]);
	}
	buf_done(&v.words);
	return found;
}

/* One of these kinds must be among what is found. */
static void
find(const char *name, unsigned kinds)
{
	char path[64];
	unsigned found = 0;

	snprintf(path, sizeof(path), "faults/%s/chatd", name);
	for (unsigned i = 0; i < LANES && (found & kinds) == 0; i++)
		found |= look_at(name, daemon_program("", path), i);
	cr_expect((found & kinds) != 0, "%s: not found", name);
}

Test(faults, nothing_is_found_where_nothing_is, .timeout = LANE_TIMEOUT_S)
{
	const char *program = daemon_program("CHATD", "chatd");

	for (unsigned i = 0; i < 2; i++)
		cr_expect_eq(look_at("no mistake", program, i), 0);
}

Test(faults, stored_is_told_before_it_is, .timeout = LANE_TIMEOUT_S)
{
	find("ack-early", 1 << LOST);
}

Test(faults, what_is_said_again_is_stored_again, .timeout = LANE_TIMEOUT_S)
{
	find("no-dedup", 1 << DUPLICATE);
}

Test(faults, numbers_are_forgotten_at_the_end, .timeout = LANE_TIMEOUT_S)
{
	find("dedup-in-memory", 1 << DUPLICATE);
}

Test(faults, entries_are_told_before_they_are_stored, .timeout = LANE_TIMEOUT_S)
{
	find("fan-out-early", 1 << DIVERGED | 1 << HOLE);
}

Test(faults, any_new_number_is_taken, .timeout = LANE_TIMEOUT_S)
{
	/* And what is said again by a number taken already is dropped. */
	find("set-of-ids", 1 << INVERSION | 1 << LOST);
}
