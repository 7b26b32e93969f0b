/* Who is away: waited for, within bounds, and told everything afterwards. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chatd/hub_state.h"
#include "../chatd/settings.h"
#include "folder.h"
#include "hub_rig.h"
#include "xmalloc.h"

TestSuite(hub_away, .init = world_start, .fini = world_stop);

/* Comes into #r, says something or not, and is lost. */
static void
pass_by(unsigned device, bool says)
{
	struct fake f = { 0 };
	char name[16];

	snprintf(name, sizeof name, "n%u", device);
	fake_hello(&f, device, name);
	fake_join(&f, "#r");
	if (says)
		fake_say(&f, 1, "#r", "I am here");
	world_turn();
	fake_forget(&f);
	world_turn();
	world_later(1);
}

/* Who is still a member, by the numbers of their devices. */
static char *
who_is_there(void)
{
	struct buf names = { 0 };
	char *copy;

	for (struct user *u = world.hub->users.by_device; u != NULL;
	     u = u->hh_device.next)
		buf_printf(&names, "%.*s ", SLICE_ARG(u->nick));
	copy = xstrdup(buf_string(&names));
	buf_done(&names);
	return copy;
}

static void
expect_there(const char *names)
{
	char *there = who_is_there();

	cr_expect_str_eq(there, names);
	free(there);
}

Test(hub_away, who_never_said_anything_gives_way_first)
{
	world.settings->limits_clients = 3;
	pass_by(1, true);
	pass_by(2, false);
	pass_by(3, true);
	expect_there("n1 n2 n3 ");
	pass_by(4, true);
	expect_there("n1 n3 n4 ");
	pass_by(5, false);
	expect_there("n1 n3 n4 ");
	pass_by(6, true);
	expect_there("n3 n4 n6 ");
	cr_expect_eq(hub_figures(world.hub).lost, 3);
}

Test(hub_away, what_was_said_last_counts_though_it_was_stored_late)
{
	struct fake f = { 0 };

	world.settings->limits_clients = 2;
	pass_by(1, true);
	fake_hello(&f, 2, "n2");
	fake_join(&f, "#r");
	world_turn();
	fake_say(&f, 1, "#r", "before the cut");
	fake_forget(&f);
	world_turn();
	pass_by(3, false);
	expect_there("n1 n2 ");
}

Test(hub_away, the_longest_time_is_ten_years)
{
	struct fake a = { 0 }, b = { 0 };
	const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;

	world.settings->limits_grace = 10 * year_ms / 1000;
	pass_by(1, false);
	world_later(10 * year_ms - 2);
	fake_hello(&a, 1, "n1");
	fake_expect(&a, "welcome n1 last=0\nbelongs #r\n", "");
	fake_forget(&a);
	world_later(10 * year_ms);
	fake_hello(&b, 1, "n1");
	fake_expect(&b, "welcome n1 last=0\n", "");
	fake_forget(&b);
}

/* ---- people without a device ---- */

static uint64_t last_taken;

static void
tell_last(struct store_device *job)
{
	last_taken = job->last;
}

Test(hub_away, nothing_is_kept_of_devices_that_pass)
{
	struct fake f = { 0 };
	struct msg_hello hello = { .type = MSG_HELLO,
		.version = PROTOCOL_VERSION,
		.device = { { [15] = 1 } },
		.nick = SLICE("ann") };
	struct store_device job = { .done = tell_last, .device = hello.device };
	struct dialect typed = dialect_frame;

	typed.is_typed = true;
	cr_expect_eq(fake_hello(&f, 0, "ann"), REFUSE_DEVICE_BAD);
	cr_expect_eq(
	    hub_hello(world.hub, &f.client, &hello), REFUSE_DEVICE_BAD);
	f.client.dialect = &typed;
	cr_expect_eq(hub_hello(world.hub, &f.client, &hello), FINE);
	fake_join(&f, "#r");
	world_turn();
	fake_ignore(&f);
	fake_say(&f, 1, "#r", "one");
	fake_say(&f, 2, "#r", "two");
	fake_expect(&f, "stored n=1 seq=2\nstored n=2 seq=3\n",
	    "2 said ann: one\n3 said ann: two\n");
	store_device(world.store, &job);
	world_turn();
	cr_expect_eq(last_taken, 0);
	fake_forget(&f);
}

/* ---- rooms of who is away ---- */

static enum refusal
new_room(struct fake *f, const char *name)
{
	enum refusal why = fake_join(f, name);

	world_turn();
	fake_ignore(f);
	return why;
}

/* Comes into a room of its own, says something or not, and is lost. */
static void
squat(unsigned device, const char *room, bool says)
{
	struct fake f = { 0 };
	char name[16];

	snprintf(name, sizeof name, "n%u", device);
	fake_hello(&f, device, name);
	new_room(&f, room);
	if (says)
		fake_say(&f, 1, room, "mine");
	world_turn();
	fake_forget(&f);
	world_turn();
	world_later(1);
}

Test(hub_away, a_room_of_who_is_away_gives_way_if_nothing_was_said)
{
	struct fake a = { 0 }, b = { 0 };

	world.settings->limits_rooms = 3;
	squat(1, "#said", true);
	squat(2, "#one", false);
	squat(3, "#two", false);
	fake_hello(&a, 9, "ann");
	world_turn();
	cr_expect_eq(new_room(&a, "#a"), FINE);
	cr_expect_eq(new_room(&a, "#b"), FINE);
	cr_expect_eq(new_room(&a, "#c"), REFUSE_ROOMS_ALL, "ann is here");
	fake_hello(&b, 2, "n2");
	fake_expect(&b, "welcome n2 last=0\n", "");
	cr_expect_eq(new_room(&b, "#said"), FINE);
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub_away, a_room_gives_way_when_nothing_said_in_it_is_kept)
{
	struct fake a = { 0 };
	const uint64_t day_ms = UINT64_C(24) * 3600 * 1000;

	world.settings->limits_rooms = 2;
	world.settings->history_age = 2;
	world.settings->files_age = 3;
	squat(1, "#one", true);
	squat(2, "#two", true);
	fake_hello(&a, 9, "ann");
	world_turn();
	hub_time(world.hub, world.now, world.wall += 3 * day_ms - 10);
	cr_expect_eq(new_room(&a, "#a"), REFUSE_ROOMS_ALL);
	hub_time(world.hub, world.now, world.wall += 20);
	world.settings->files_age = 0;
	cr_expect_eq(new_room(&a, "#a"), REFUSE_ROOMS_ALL);
	world.settings->files_age = 3;
	cr_expect_eq(new_room(&a, "#a"), FINE);
	fake_forget(&a);
}

/* ---- numbers ---- */

static const char *
rooms_listed(struct fake *f)
{
	buf_clear(&f->told);
	hub_list(world.hub, &f->client, &(struct msg_list){ MSG_LIST, 1, 0 });
	return buf_string(&f->told);
}

Test(hub_away, numbers_of_rooms_are_given_again)
{
	struct fake a = { 0 };

	fake_hello(&a, 1, "ann");
	world_turn();
	new_room(&a, "#one");
	new_room(&a, "#two");
	fake_say(&a, 1, "#two", "in two");
	world_turn();
	world.hub->room_number = STORE_ROOM_MAX - 1;
	cr_expect_eq(new_room(&a, "#most"), FINE);
	cr_expect_eq(a.room, STORE_ROOM_MAX);
	fake_part(&a, "#one");
	world_turn();
	fake_ignore(&a);
	world.settings->limits_rooms = 3;
	cr_expect_eq(new_room(&a, "#again"), FINE);
	cr_expect_eq(a.room, 1);
	world.settings->limits_rooms = 4;
	cr_expect_eq(new_room(&a, "#three"), FINE);
	cr_expect_eq(a.room, 3);
	cr_expect_str_eq(rooms_listed(&a),
	    "listed #two 1\nlisted #most 1\nlisted #again 1\n"
	    "listed #three 1\ndone next=0\n");
	fake_forget(&a);
}

/* ---- over a restart ---- */

static char directory[FOLDER_LEN];

static void
start_on_disk(void)
{
	folder_make(directory);
	world_start_in(directory);
}

static void
stop_on_disk(void)
{
	world_stop();
	folder_remove(directory);
}

static void
restart(void)
{
	world_stop();
	world_start_in(directory);
}

TestSuite(hub_disk, .init = start_on_disk, .fini = stop_on_disk);

Test(hub_disk, who_said_something_is_known_after_a_restart)
{
	pass_by(1, false);
	pass_by(2, true);
	pass_by(3, false);
	restart();
	world_turn();
	world.settings->limits_clients = 2;
	pass_by(4, true);
	pass_by(5, true);
	pass_by(6, false);
	/* One goes for each that comes; those who said nothing first. */
	expect_there("n2 n4 n5 ");
}

Test(hub_disk, messages_wait_for_who_is_away)
{
	struct fake a = { 0 }, b = { 0 }, c = { 0 }, ann = { 0 };

	fake_hello(&a, 1, "ann");
	fake_join(&a, "#r");
	world_turn();
	fake_forget(&a);
	fake_hello(&b, 2, "bob");
	fake_hello(&c, 3, "carl");
	fake_join(&b, "#r");
	fake_join(&c, "#r");
	fake_ignore(&b);
	fake_ignore(&c);
	fake_say(&b, 1, "ann", "one");
	fake_say(&c, 1, "ann", "uno");
	fake_say(&b, 2, "ann", "two");
	fake_ignore(&b);
	fake_ignore(&c);
	fake_forget(&b);
	fake_forget(&c);
	restart();
	memset(&b.client, 0, sizeof b.client);
	fake_hello(&b, 2, "bob");
	fake_ignore(&b);
	fake_say(&b, 3, "ann", "three");
	fake_ignore(&b);
	fake_hello(&ann, 1, "ann");
	world_turn();
	cr_expect_not_null(strstr(buf_string(&ann.told), "belongs bob\n"));
	cr_expect_not_null(strstr(buf_string(&ann.told), "belongs carl\n"));
	fake_ignore(&ann);
	fake_attach(&ann, "bob", 0);
	fake_expect(&ann, "attached bob first=1 head=3\n",
	    "1 said bob: one\n2 said bob: two\n3 said bob: three\n");
	fake_attach(&ann, "carl", 0);
	fake_expect(
	    &ann, "attached carl first=1 head=1\n", "1 said carl: uno\n");
	fake_forget(&ann);
	fake_forget(&b);
}
