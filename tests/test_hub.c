/* The hub with fake connections. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../chatd/hub_state.h"
#include "../chatd/settings.h"
#include "../chatd/store.h"
#include "blob.h"
#include "codec.h"
#include "frame.h"
#include "hub_rig.h"
#include "xmalloc.h"

TestSuite(hub, .init = world_start, .fini = world_stop);

Test(hub, what_is_said_reaches_everyone_once)
{
	struct fake a = { 0 }, b = { 0 };

	cr_assert_eq(fake_hello(&a, 1, "ann"), FINE);
	cr_assert_eq(fake_hello(&b, 2, "bob"), FINE);
	fake_expect(&a, "welcome ann last=0\n", "");
	fake_expect(&b, "welcome bob last=0\n", "");
	cr_assert_eq(fake_join(&a, "#lobby"), FINE);
	cr_assert_eq(fake_join(&b, "#Lobby"), FINE);
	fake_expect(&a, "attached #lobby first=1 head=1\n",
	    "1 joined ann: \n2 joined bob: \n");
	fake_expect(&b, "attached #lobby first=1 head=2\n",
	    "1 joined ann: \n2 joined bob: \n");
	cr_assert_eq(fake_say(&a, 1, "#lobby", "hi"), FINE);
	cr_assert_eq(fake_say(&a, 2, "#LOBBY", "there"), FINE);
	fake_expect(&a, "stored n=1 seq=3\nstored n=2 seq=4\n",
	    "3 said ann: hi\n4 said ann: there\n");
	fake_expect(&b, "", "3 said ann: hi\n4 said ann: there\n");
	cr_expect_eq(hub_figures(world.hub).encodings, 4);
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub, nothing_is_true_before_the_store_says_so)
{
	struct fake a = { 0 };

	fake_hello(&a, 1, "ann");
	world_turn();
	fake_join(&a, "#lobby");
	fake_say(&a, 1, "#lobby", "hi");
	buf_clear(&a.told);
	fake_pull(&a, 65536); /* runs the turn: the store answers only there */
	cr_expect_str_eq(buf_string(&a.told),
	    "attached #lobby first=1 head=1\nstored n=1 seq=2\n");
	fake_forget(&a);
}

Test(hub, a_number_is_taken_once_and_in_order)
{
	struct fake a = { 0 };

	fake_hello(&a, 1, "ann");
	fake_join(&a, "#r");
	fake_expect(&a, "welcome ann last=0\nattached #r first=1 head=1\n",
	    "1 joined ann: \n");
	fake_say(&a, 2, "#r", "too early");
	fake_say(&a, 1, "#r", "one");
	fake_say(&a, 1, "#r", "one");
	fake_say(&a, 2, "#r", "two");
	fake_expect(&a,
	    "refused out_of_order\nstored n=1 seq=2\nstored n=1 seq=2\n"
	    "stored n=2 seq=3\n",
	    "2 said ann: one\n3 said ann: two\n");
	cr_expect_eq(fake_say(&a, 0, "#r", "no number"), REFUSE_OUT_OF_ORDER);
	fake_forget(&a);
}

Test(hub, after_a_cut_what_was_missed_comes_once)
{
	struct fake a = { 0 }, b = { 0 }, again = { 0 };

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	world_turn();
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	world_turn();
	fake_pull(&a, 65536);
	fake_pull(&b, 65536);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	hub_gone(world.hub, &a.client, false, SLICE("reset"));
	fake_expect(&b, "presence ann 2\n", "");
	fake_say(&b, 1, "#r", "one");
	fake_say(&b, 2, "#r", "two");
	world_turn();
	cr_assert_eq(fake_hello(&again, 1, "ann"), FINE);
	fake_expect(&again, "welcome ann last=0\nbelongs #r\n", "");
	cr_assert_eq(fake_attach(&again, "#r", 2), FINE);
	fake_expect(&again, "attached #r first=3 head=4\n",
	    "3 said bob: one\n4 said bob: two\n");
	fake_expect(&b, "stored n=1 seq=3\nstored n=2 seq=4\npresence ann 1\n",
	    "3 said bob: one\n4 said bob: two\n");
	cr_expect_eq(fake_attach(&again, "#r", 5), REFUSE_SEQ_BAD);
	fake_forget(&again);
	fake_forget(&b);
	buf_done(&a.told);
	buf_done(&a.heard);
}

Test(hub, who_stays_away_too_long_leaves)
{
	struct fake a = { 0 }, b = { 0 };

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	world_turn();
	hub_gone(world.hub, &a.client, false, SLICE("reset"));
	world_turn();
	fake_pull(&b, 65536);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	world_later(world.settings->limits_grace * 1000 - 1);
	fake_expect(&b, "", "");
	world_later(1);
	fake_expect(&b, "", "3 left ann: connection lost\n");
	cr_expect_eq(fake_nick(&b, "ann"), FINE);
	world_turn();
	fake_forget(&b);
	buf_done(&a.told);
	buf_done(&a.heard);
}

Test(hub, not_more_are_waited_for_than_there_may_be_clients)
{
	enum { MANY = 5, MOST = 3 };
	struct fake f[MANY] = { { .room = 0 } }, watcher = { 0 };
	char name[16];

	world.settings->limits_clients = MOST;
	fake_hello(&watcher, 100, "eve");
	fake_join(&watcher, "#r");
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%d", i);
		fake_hello(&f[i], (unsigned)(i + 1), name);
		fake_join(&f[i], "#r");
		world_turn();
	}
	fake_pull(&watcher, 65536);
	buf_clear(&watcher.heard);
	for (int i = 0; i < MANY; i++)
		fake_forget(&f[i]);
	world_turn();
	cr_expect_eq(hub_figures(world.hub).lost, MOST);
	fake_pull(&watcher, 65536);
	cr_expect_str_eq(buf_string(&watcher.heard),
	    "7 left n0: connection lost\n8 left n1: connection lost\n");
	fake_forget(&watcher);
}

Test(hub, coming_back_and_going_at_once_is_still_being_lost)
{
	struct fake a = { 0 }, again = { 0 }, last = { 0 };

	fake_hello(&a, 1, "ann");
	fake_join(&a, "#r");
	world_turn();
	fake_forget(&a);
	cr_expect_eq(hub_figures(world.hub).lost, 1);
	cr_assert_eq(fake_hello(&again, 1, "ann"), FINE);
	fake_forget(&again);
	cr_expect_eq(hub_figures(world.hub).lost, 1);
	world_turn();
	cr_assert_eq(fake_hello(&last, 1, "ann"), FINE);
	fake_expect(&last, "welcome ann last=0\nbelongs #r\n", "");
	cr_expect_eq(hub_figures(world.hub).lost, 0);
	fake_forget(&last);
}

Test(hub, saying_bye_leaves_at_once)
{
	struct fake a = { 0 }, b = { 0 };

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	world_turn();
	fake_pull(&b, 65536);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	hub_gone(world.hub, &a.client, true, SLICE("home"));
	fake_expect(&b, "", "3 left ann: home\n");
	cr_expect_eq(hub_figures(world.hub).users, 1);
	fake_forget(&b);
	buf_done(&a.told);
	buf_done(&a.heard);
}

Test(hub, a_device_has_one_connection)
{
	struct fake a = { 0 }, again = { 0 };

	fake_hello(&a, 1, "ann");
	world_turn();
	cr_assert_eq(fake_hello(&again, 1, "ann"), FINE);
	cr_expect_eq(a.ended, REFUSE_REPLACED);
	fake_expect(&again, "welcome ann last=0\n", "");
	cr_expect_gt(again.client.epoch, a.client.epoch);
	hub_gone(world.hub, &a.client, false, SLICE("late"));
	cr_expect_eq(hub_figures(world.hub).users, 1);
	fake_forget(&again);
	buf_done(&a.told);
	buf_done(&a.heard);
}

Test(hub, nicks_are_one_each)
{
	static const struct {
		const char *nick;
		enum refusal why;
	} rows[] = {
		{ "ann", REFUSE_NICK_TAKEN },
		{ "ANN", REFUSE_NICK_TAKEN },
		{ "1ann", REFUSE_NICK_BAD },
		{ "a b", REFUSE_NICK_BAD },
		{ "#ann", REFUSE_NICK_BAD },
		{ "chatd", REFUSE_NICK_RESERVED },
		{ "bob", FINE },
	};
	struct fake a = { 0 }, b = { 0 }, c = { 0 };

	fake_hello(&a, 1, "ann");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect_eq(fake_hello(&b, 2, rows[i].nick), rows[i].why, "%s",
		    rows[i].nick);
	fake_expect(&b, "welcome bob last=0\n", "");
	cr_expect_eq(fake_hello(&c, 3, ""), FINE);
	world_turn();
	cr_expect(strncmp(buf_string(&c.told), "welcome guest", 13) == 0);
	cr_expect_eq(fake_nick(&b, "Ann"), REFUSE_NICK_TAKEN);
	cr_expect_eq(fake_nick(&b, "Bob"), FINE);
	fake_expect(&b, "done next=0\n", "");
	fake_forget(&a);
	fake_forget(&b);
	fake_forget(&c);
}

Test(hub, a_new_nick_is_told_in_every_room)
{
	struct fake a = { 0 }, b = { 0 };

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	fake_join(&a, "#s");
	world_turn();
	fake_pull(&a, 65536);
	fake_pull(&b, 65536);
	buf_clear(&a.told);
	buf_clear(&a.heard);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	cr_expect_eq(fake_nick(&a, "anna"), FINE);
	world_turn();
	fake_pull(&a, 65536);
	cr_expect_str_eq(buf_string(&a.told), "done next=0\n");
	fake_expect(&b, "", "3 renamed ann: anna\n");
	cr_expect_eq(fake_nick(&b, "ann"), FINE, "the old one is free");
	world_turn();
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub, direct_messages_open_a_conversation_at_both_ends)
{
	struct fake a = { 0 }, b = { 0 };

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	world_turn();
	buf_clear(&a.told);
	buf_clear(&b.told);
	cr_expect_eq(fake_say(&a, 1, "bob", "psst"), FINE);
	fake_expect(&a, "attached bob first=1 head=0\nstored n=1 seq=1\n",
	    "1 said ann: psst\n");
	fake_expect(&b, "attached ann first=1 head=0\n", "1 said ann: psst\n");
	cr_expect_eq(fake_say(&b, 1, "ann", "yes?"), FINE);
	fake_expect(&a, "", "2 said bob: yes?\n");
	fake_expect(&b, "stored n=1 seq=2\n", "2 said bob: yes?\n");
	cr_expect_eq(fake_say(&a, 2, "ann", "me"), REFUSE_SELF);
	cr_expect_eq(fake_say(&a, 2, "carl", "you"), REFUSE_NOBODY);
	cr_expect_eq(fake_part(&b, "ann"), FINE);
	fake_expect(&b, "detached\n", "");
	cr_expect_eq(fake_say(&a, 2, "bob", "again"), FINE);
	fake_expect(&b, "attached ann first=3 head=2\n", "3 said ann: again\n");
	fake_forget(&a);
	fake_forget(&b);
}

/* Greeted at the very moment the waiting is over, and the store is slow. */
Test(hub, who_is_being_greeted_is_not_given_up)
{
	struct fake a = { 0 }, again = { 0 };

	fake_hello(&a, 1, "ann");
	fake_join(&a, "#r");
	world_turn();
	fake_forget(&a);
	world_later(world.settings->limits_grace * 1000 - 1);
	cr_assert_eq(fake_hello(&again, 1, "ann"), FINE);
	world_later(1);
	world_later(1);
	fake_expect(&again, "welcome ann last=0\nbelongs #r\n", "");
	world_later(5000);
	cr_expect_eq(fake_join(&again, "#r"), FINE);
	fake_expect(&again, "attached #r first=1 head=1\n", "1 joined ann: \n");
	fake_forget(&again);
}

/* ---- a store that refuses ---- */

static struct store_append *asked[64];
static size_t n_asked;
static const struct store_ops *real_ops;

static void
refusing_append(struct store *s, struct store_append *job)
{
	(void)s;
	asked[n_asked++] = job;
}

static void
refusing_collect(struct store *s)
{
	size_t n = n_asked;

	real_ops->collect(s);
	n_asked = 0;
	for (size_t i = 0; i < n; i++) {
		asked[i]->why = REFUSE_UNAVAILABLE;
		asked[i]->entry = NULL;
		asked[i]->done(asked[i]);
	}
}

static bool
refusing_waits(const struct store *s)
{
	return n_asked != 0 || real_ops->waits(s);
}

static void
refuse_all(struct store_ops *ops)
{
	real_ops = world.store->ops;
	*ops = *real_ops;
	ops->append = refusing_append;
	ops->collect = refusing_collect;
	ops->waits = refusing_waits;
	world.store->ops = ops;
}

Test(hub, what_the_store_refuses_has_not_happened)
{
	struct store_ops ops;
	struct fake a = { 0 }, b = { 0 };
	struct msg_topic topic = { MSG_TOPIC, 7, SLICE("#r"), SLICE("x") };

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	world_turn();
	fake_pull(&a, 65536);
	fake_pull(&b, 65536);
	buf_clear(&a.told);
	buf_clear(&a.heard);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	refuse_all(&ops);
	fake_join(&a, "#s");
	fake_part(&a, "#s");
	fake_expect(&a, "refused unavailable\nrefused not_member\n", "");
	fake_say(&a, 1, "#r", "lost?");
	hub_topic(world.hub, &a.client, &topic);
	fake_nick(&a, "anna");
	fake_part(&a, "#r");
	fake_expect(&a,
	    "refused unavailable\nrefused unavailable\n"
	    "refused unavailable\nrefused unavailable\n",
	    "");
	/* Leaving is not stored, but whoever goes is gone. */
	fake_part(&b, "#r");
	hub_gone(world.hub, &b.client, true, SLICE("home"));
	world_turn();
	cr_expect_eq(hub_figures(world.hub).users, 1);
	world.store->ops = real_ops;
	fake_say(&a, 1, "#r", "kept");
	fake_expect(&a, "stored n=1 seq=3\n", "3 said ann: kept\n");
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub, a_conversation_ends_with_either_end)
{
	struct fake a = { 0 }, b = { 0 }, many[70] = { { .room = 0 } };
	char name[16];

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	world_turn();
	fake_say(&b, 1, "ann", "psst");
	world_turn();
	fake_pull(&a, 65536);
	buf_clear(&a.told);
	buf_clear(&a.heard);
	hub_gone(world.hub, &b.client, true, SLICE("home"));
	fake_expect(&a, "", "2 left bob: home\ndetached\n");
	cr_expect_eq(hub_figures(world.hub).rooms, 0);
	/* Nor do strangers use up one's own places. */
	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof name, "n%d", i);
		fake_hello(&many[i], (unsigned)(i + 10), name);
		world_turn();
		cr_expect_eq(fake_join(&many[i], "ann"), FINE);
	}
	world_turn();
	cr_expect_eq(fake_join(&a, "#r"), FINE);
	world_turn();
	for (int i = 0; i < 70; i++)
		hub_gone(world.hub, &many[i].client, true, SLICE(""));
	world_turn();
	cr_expect_eq(hub_figures(world.hub).rooms, 1);
	cr_expect_eq(hub_figures(world.hub).entries, 3,
	    "where nothing was said nobody leaves");
	for (int i = 0; i < 70; i++)
		fake_forget(&many[i]);
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub, leaving_hears_up_to_ones_own_leaving)
{
	struct fake a = { 0 }, b = { 0 };

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	world_turn();
	buf_clear(&a.told);
	cr_expect_eq(fake_part(&a, "#r"), FINE);
	cr_expect_eq(fake_part(&a, "#r"), REFUSE_NOT_MEMBER, "once is enough");
	cr_expect_eq(fake_say(&a, 1, "#r", "no"), REFUSE_NOT_MEMBER);
	fake_say(&b, 1, "#r", "bye ann");
	fake_expect(&a, "",
	    "1 joined ann: \n2 joined bob: \n3 left ann: enough\ndetached\n");
	cr_expect_null(a.client.seats);
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub, coming_back_before_the_end_was_heard_is_answered_twice)
{
	struct fake a = { 0 };

	fake_hello(&a, 1, "ann");
	fake_join(&a, "#r");
	world_turn();
	buf_clear(&a.told);
	fake_part(&a, "#r");
	world_turn(); /* nothing is pulled: the peer does not read */
	fake_join(&a, "#r");
	world_turn();
	cr_expect_str_eq(
	    buf_string(&a.told), "detached\nattached #r first=1 head=3\n");
	fake_pull(&a, 65536);
	cr_expect_str_eq(buf_string(&a.heard),
	    "1 joined ann: \n2 left ann: enough\n3 joined ann: \n");
	fake_forget(&a);
}

Test(hub, limits_are_kept)
{
	struct fake a = { 0 };
	char text[201];

	world.settings->limits_own = 2;
	world.settings->limits_rooms = 3;
	world.settings->limits_text = 200;
	fake_hello(&a, 1, "ann");
	world_turn();
	cr_expect_eq(fake_join(&a, "#1"), FINE);
	cr_expect_eq(fake_join(&a, "#2"), FINE);
	cr_expect_eq(fake_join(&a, "#3"), REFUSE_ROOMS_OWN);
	world_turn();
	memset(text, 'x', sizeof text);
	text[200] = '\0';
	cr_expect_eq(fake_say(&a, 1, "#1", text), FINE);
	world.settings->limits_text = 199;
	cr_expect_eq(fake_say(&a, 2, "#1", text), REFUSE_TEXT_LONG);
	cr_expect_eq(fake_say(&a, 2, "#1", ""), REFUSE_TEXT_EMPTY);
	cr_expect_eq(fake_say(&a, 2, "#nowhere", "x"), REFUSE_ROOM_UNKNOWN);
	world.settings->limits_own = 9;
	world.settings->limits_rooms = 2;
	cr_expect_eq(fake_join(&a, "#3"), REFUSE_ROOMS_ALL);
	cr_expect_eq(fake_part(&a, "#1"), FINE);
	world_turn();
	fake_pull(&a, 65536);
	cr_expect_eq(
	    fake_join(&a, "#3"), REFUSE_ROOMS_ALL, "#1 has its history");
	cr_expect_eq(fake_part(&a, "#2"), FINE);
	world_turn();
	fake_pull(&a, 65536);
	cr_expect_eq(fake_join(&a, "#3"), FINE, "an empty room makes place");
	world_turn();
	fake_forget(&a);
}

Test(hub, names_come_in_pages)
{
	enum { MANY = 300 };
	struct fake *f = xcalloc(MANY, sizeof *f);
	struct msg_names m = { MSG_NAMES, 7, SLICE("#r"), 0 };
	char name[16];
	const char *at;
	unsigned n = 0;

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%d", i);
		cr_assert_eq(fake_hello(&f[i], (unsigned)i + 1, name), FINE);
		cr_assert_eq(fake_join(&f[i], "#r"), FINE);
	}
	world_turn();
	buf_clear(&f[0].told);
	cr_expect_eq(hub_names(world.hub, &f[0].client, &m), FINE);
	cr_expect_not_null(strstr(buf_string(&f[0].told), "next=256\n"));
	m.after = 256;
	cr_expect_eq(hub_names(world.hub, &f[0].client, &m), FINE);
	at = buf_string(&f[0].told);
	cr_expect_not_null(strstr(at, " next=0\n"));
	for (; (at = strstr(at, "member ")) != NULL; at++)
		n++;
	cr_expect_eq(n, MANY);
	for (int i = 0; i < MANY; i++)
		fake_forget(&f[i]);
	free(f);
}

Test(hub, a_crowd_hears_of_comings_together)
{
	enum { MANY = HUB_CALM_MEMBERS + 2 };
	struct fake *f = xcalloc(MANY, sizeof *f);
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%d", i);
		cr_assert_eq(fake_hello(&f[i], (unsigned)(i + 1), name), FINE);
		world_turn();
	}
	for (int i = 0; i < MANY - 1; i++)
		fake_join(&f[i], "#r");
	world_turn();
	world_later(HUB_CALM_MS);
	world_turn();
	fake_pull(&f[0], 65536);
	buf_clear(&f[0].told);
	buf_clear(&f[0].heard);
	f[0].is_woken = false;
	fake_join(&f[MANY - 1], "#r");
	world_turn();
	cr_expect_not(f[0].is_woken, "not for one who came");
	fake_pull(&f[MANY - 1], 65536);
	cr_expect_not_null(
	    strstr(buf_string(&f[MANY - 1].heard), "66 joined n65"));
	world_later(HUB_CALM_MS);
	fake_expect(&f[0], "", "66 joined n65: \n");
	fake_part(&f[MANY - 1], "#r");
	fake_say(&f[1], 1, "#r", "hi");
	fake_expect(&f[0], "", "67 left n65: enough\n68 said n1: hi\n");
	for (int i = 0; i < MANY; i++)
		fake_forget(&f[i]);
	free(f);
}

/* Entries pulled late come from the store, in pages, none missing. */
Test(hub, who_lags_is_served_from_the_store)
{
	enum { MANY = 3000 };
	struct fake a = { 0 }, b = { 0 };
	char text[32], *line;
	unsigned n = 0;

	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	world_turn();
	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(text, sizeof text, "number %u", i);
		cr_assert_eq(fake_say(&a, i, "#r", text), FINE);
		world_turn();
	}
	fake_pull(&b, 700);
	line = xstrdup(buf_string(&b.heard));
	for (char *at = strtok(line, "\n"); at != NULL;
	     at = strtok(NULL, "\n")) {
		unsigned seq = (unsigned)strtoul(at, NULL, 10);

		cr_assert_eq(seq, ++n);
	}
	cr_expect_eq(n, MANY + 2);
	free(line);
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub, what_is_not_kept_any_more_is_a_gap)
{
	struct fake a = { 0 }, b = { 0 };
	char text[1000];
	const char *heard;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	world_turn();
	for (unsigned i = 1; i <= 2000; i++) {
		fake_say(&a, i, "#r", text);
		world_turn();
	}
	fake_pull(&b, 65536);
	heard = buf_string(&b.heard);
	cr_assert(strncmp(heard, "gap ", 4) == 0, "%.20s", heard);
	cr_expect_eq(strtoul(heard + 4, NULL, 10),
	    strtoul(strchr(heard, '\n') + 1, NULL, 10));
	cr_expect_null(strstr(heard + 1, "gap"));
	cr_expect_not_null(strstr(heard, "\n2002 said"));
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub, a_clock_that_goes_back_does_not_turn_time_back)
{
	struct fake a = { 0 };
	struct piece p[2];
	struct frame frame;
	union message m;
	uint64_t last = 0;

	fake_hello(&a, 1, "ann");
	fake_join(&a, "#r");
	world_turn();
	world.wall = 500;
	fake_say(&a, 1, "#r", "earlier?");
	world_turn();
	cr_assert_eq(hub_pull(world.hub, &a.client, p, 2, 65536), 1);
	for (size_t at = 0; at < p[0].len; at += frame.used) {
		frame_read(p[0].at + at, p[0].len - at, 65536, &frame);
		codec_decode(frame.payload, frame.len, &m);
		cr_expect_geq(m.entry.time, last);
		last = m.entry.time;
	}
	cr_expect_eq(last, 1000);
	blob_unref(p[0].blob);
	fake_forget(&a);
}
