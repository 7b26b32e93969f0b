/* What the hub tells of what is over, and how far somebody has seen. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "../chatd/entry.h"
#include "../chatd/hub_state.h"
#include "../chatd/settings.h"
#include "hub_rig.h"
#include "xmalloc.h"

TestSuite(hub_past, .init = world_start, .fini = world_stop);

static enum refusal
history(struct fake *f, const char *room, uint64_t from, uint32_t n)
{
	struct msg_history m = { MSG_HISTORY, 9, slice_of(room), from, 0, n };

	return hub_history(world.hub, &f->client, &m);
}

static enum refusal
history_since(struct fake *f, const char *room, uint64_t since)
{
	struct msg_history m = { MSG_HISTORY, 9, slice_of(room), 0, since,
		200 };

	return hub_history(world.hub, &f->client, &m);
}

static enum refusal
seen(struct fake *f, const char *room, uint64_t seq)
{
	struct msg_seen m = { MSG_SEEN, 9, slice_of(room), seq };

	return hub_seen(world.hub, &f->client, &m);
}

/* ann (1) and bob (2) are in #r, and bob said "1" to "n" there. */
static void
begin(struct fake *ann, struct fake *bob, unsigned n)
{
	char text[16];

	fake_hello(ann, 1, "ann");
	fake_hello(bob, 2, "bob");
	fake_join(ann, "#r");
	fake_join(bob, "#r");
	for (unsigned i = 1; i <= n; i++) {
		snprintf(text, sizeof text, "%u", i);
		fake_say(bob, i, "#r", text);
	}
	fake_ignore(ann);
	fake_ignore(bob);
}

static unsigned
lines(struct fake *f, const char *begin)
{
	const char *at = buf_string(&f->told);
	unsigned n = 0;

	for (; (at = strstr(at, begin)) != NULL; at++)
		n++;
	return n;
}

Test(hub_past, is_told_to_anybody)
{
	struct fake a = { 0 }, b = { 0 }, c = { 0 };

	begin(&a, &b, 2);
	fake_hello(&c, 3, "carl");
	fake_ignore(&c);
	cr_expect_eq(history(&c, "#R", 0, 200), FINE);
	fake_expect(&c,
	    "past #r 1 joined ann: \npast #r 2 joined bob: \n"
	    "past #r 3 said bob: 1\npast #r 4 said bob: 2\n"
	    "done seq=4 next=0\n",
	    "");
	cr_expect_eq(history(&c, "#r", 2, 2), FINE);
	fake_expect(&c,
	    "past #r 2 joined bob: \npast #r 3 said bob: 1\n"
	    "done seq=4 next=4\n",
	    "");
	/* Where one is not, reading makes nobody a member, and no room. */
	fake_expect(&a, "", "");
	cr_expect_eq(history(&c, "#nowhere", 1, 9), REFUSE_ROOM_UNKNOWN);
	cr_expect_eq(history(&c, "#no where", 1, 9), REFUSE_ROOM_BAD);
	cr_expect_eq(hub_figures(world.hub).members, 2);
	cr_expect_eq(hub_figures(world.hub).rooms, 1);
	/* Also when nobody is left in it. */
	fake_part(&a, "#r");
	fake_part(&b, "#r");
	fake_ignore(&a);
	fake_ignore(&b);
	cr_expect_eq(history(&c, "#r", 6, 9), FINE);
	fake_expect(&c, "past #r 6 left bob: enough\ndone seq=6 next=0\n", "");
	fake_forget(&a);
	fake_forget(&b);
	fake_forget(&c);
}

Test(hub_past, has_an_end_and_a_beginning)
{
	static const struct {
		uint64_t from;
		uint32_t n;
		const char *told;
	} rows[] = {
		{ 3, 1, "past #r 3 said bob: 1\ndone seq=3 next=0\n" },
		{ 4, 1, "done seq=3 next=0\n" },
		{ UINT64_MAX, UINT32_MAX, "done seq=3 next=0\n" },
		{ 0, 1, "past #r 1 joined ann: \ndone seq=3 next=2\n" },
		{ 0, 0, "done seq=3 next=1\n" },
		{ 3, 0, "done seq=3 next=3\n" },
		{ 4, 0, "done seq=3 next=0\n" },
	};
	struct fake a = { 0 }, b = { 0 };

	begin(&a, &b, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_expect_eq(history(&a, "#r", rows[i].from, rows[i].n), FINE);
		fake_expect(&a, rows[i].told, "");
	}
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub_past, comes_in_pages)
{
	enum { MANY = 450 };
	struct fake a = { 0 }, b = { 0 };
	char text[1001];

	begin(&a, &b, MANY);
	cr_expect_eq(history(&a, "#r", 1, 1000), FINE);
	world_turn();
	cr_expect_eq(lines(&a, "past "), HUB_PAST_ENTRIES);
	cr_expect_eq(lines(&a, "done seq=452 next=201\n"), 1);
	fake_ignore(&a);
	/* A page has a number of bytes, too. */
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (unsigned i = 1; i <= 100; i++)
		fake_say(&a, i, "#r", text);
	fake_ignore(&a);
	cr_expect_eq(history(&a, "#r", 453, 200), FINE);
	world_turn();
	cr_expect(lines(&a, "past ") > 20 && lines(&a, "past ") < 40, "%u",
	    lines(&a, "past "));
	cr_expect_eq(lines(&a, "next=0"), 0);
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub_past, begins_at_a_time)
{
	struct fake a = { 0 }, b = { 0 };

	begin(&a, &b, 1);
	world_later(500);
	fake_say(&a, 1, "#r", "late");
	fake_ignore(&a);
	cr_expect_eq(history_since(&a, "#r", 1001), FINE);
	fake_expect(&a, "past #r 4 said ann: late\ndone seq=4 next=0\n", "");
	cr_expect_eq(history_since(&a, "#r", 1501), FINE);
	fake_expect(&a, "done seq=4 next=0\n", "");
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub_past, of_a_conversation_is_its_members)
{
	struct fake a = { 0 }, b = { 0 }, c = { 0 };

	begin(&a, &b, 0);
	fake_hello(&c, 3, "carl");
	fake_say(&a, 1, "bob", "psst");
	fake_ignore(&a);
	fake_ignore(&b);
	fake_ignore(&c);
	cr_expect_eq(history(&b, "ann", 1, 9), FINE);
	fake_expect(&b, "past ann 1 said ann: psst\ndone seq=1 next=0\n", "");
	cr_expect_eq(history(&c, "ann", 1, 9), REFUSE_NOT_MEMBER);
	cr_expect_eq(history(&c, "bob", 1, 9), REFUSE_NOT_MEMBER);
	cr_expect_eq(history(&c, "carl", 1, 9), REFUSE_SELF);
	cr_expect_eq(history(&c, "dora", 1, 9), REFUSE_NOBODY);
	fake_forget(&a);
	fake_forget(&b);
	fake_forget(&c);
}

/* ---- the store takes its time ---- */

static struct store_read *asked[8];
static size_t n_asked;
static struct store_ops slow;
static const struct store_ops *real;

static void
slow_read(struct store *s, struct store_read *job)
{
	(void)s;
	asked[n_asked++] = job;
}

static void
begin_slow(void)
{
	real = world.store->ops;
	slow = *real;
	slow.read = slow_read;
	world.store->ops = &slow;
	n_asked = 0;
}

static void
end_slow(void)
{
	world.store->ops = real;
	for (size_t i = 0; i < n_asked; i++)
		store_read(world.store, asked[i]);
}

Test(hub_past, is_read_once_at_a_time)
{
	struct fake a = { 0 }, b = { 0 };

	begin(&a, &b, 1);
	begin_slow();
	cr_expect_eq(history(&a, "#r", 3, 9), FINE);
	cr_expect_eq(history(&a, "#r", 1, 9), REFUSE_TOO_FAST);
	cr_expect_eq(history(&b, "#r", 3, 9), FINE, "others have their own");
	cr_expect_eq(n_asked, 2);
	end_slow();
	fake_expect(&a, "past #r 3 said bob: 1\ndone seq=3 next=0\n", "");
	cr_expect_eq(history(&a, "#r", 3, 9), FINE);
	fake_ignore(&a);
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub_past, nobody_hears_who_is_gone)
{
	struct fake a = { 0 }, b = { 0 };

	begin(&a, &b, 1);
	fake_say(&a, 1, "bob", "psst");
	fake_ignore(&a);
	fake_ignore(&b);
	begin_slow();
	cr_expect_eq(history(&a, "#r", 1, 9), FINE);
	cr_expect_eq(history(&b, "ann", 1, 9), FINE);
	hub_gone(world.hub, &a.client, true, SLICE("home"));
	world_turn();
	end_slow();
	/* Nor what was said in a conversation that is over. */
	world_turn();
	cr_expect_not_null(strstr(buf_string(&b.told), "refused not_member\n"));
	cr_expect_null(strstr(buf_string(&b.told), "past"));
	cr_expect_str_eq(buf_string(&a.told), "");
	fake_forget(&a);
	fake_forget(&b);
}

/* The store may know more than the room does, at that moment. */
Test(hub_past, ends_where_the_room_does)
{
	struct fake a = { 0 }, b = { 0 };
	struct store_read *job;

	begin(&a, &b, 1);
	begin_slow();
	cr_expect_eq(history(&a, "#r", 3, 9), FINE);
	job = asked[0];
	job->entries = xcalloc(2, sizeof *job->entries);
	for (unsigned i = 0; i < 2; i++)
		job->entries[i] = entry_new(
		    1, 3 + i, 1000, ENTRY_SAID, SLICE("bob"), SLICE("yes"));
	job->first = 3;
	job->got = 2;
	n_asked = 0;
	job->done(job);
	end_slow();
	fake_expect(&a, "past #r 3 said bob: yes\ndone seq=3 next=0\n", "");
	fake_forget(&a);
	fake_forget(&b);
}

/* ---- having seen ---- */

Test(hub_past, the_marker_moves_up_to_the_head)
{
	static const struct {
		uint64_t seq, seen;
	} rows[] = { { 2, 2 }, { 1, 2 }, { 0, 2 }, { 4, 4 }, { 99, 5 },
		{ UINT64_MAX, 5 }, { 3, 5 } };
	struct fake a = { 0 }, b = { 0 };
	const struct member *m;

	begin(&a, &b, 3);
	m = a.client.user->members;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_expect_eq(seen(&a, "#r", rows[i].seq), FINE);
		fake_expect(&a, "done next=0\n", "");
		cr_expect_eq(m->seen, rows[i].seen, "%zu", i);
	}
	cr_expect_eq(seen(&a, "#s", 1), REFUSE_ROOM_UNKNOWN);
	cr_expect_eq(seen(&a, "bob", 1), REFUSE_NOT_MEMBER);
	fake_part(&b, "#r");
	fake_ignore(&b);
	cr_expect_eq(seen(&b, "#r", 1), REFUSE_NOT_MEMBER);
	fake_forget(&a);
	fake_forget(&b);
}

Test(hub_past, the_marker_is_told_to_the_next_connection)
{
	struct fake a = { 0 }, b = { 0 }, again = { 0 };

	begin(&a, &b, 2);
	seen(&a, "#r", 3);
	fake_ignore(&a);
	fake_forget(&a);
	fake_hello(&again, 1, "ann");
	fake_expect(&again, "welcome ann last=0\nbelongs #r seen=3\n", "");
	fake_attach(&again, "#r", 4);
	fake_expect(&again, "attached #r first=5 head=4 seen=3\n", "");
	/* Whoever leaves and comes back begins anew. */
	fake_part(&again, "#r");
	fake_ignore(&again);
	fake_join(&again, "#r");
	world_turn();
	cr_expect_str_eq(
	    buf_string(&again.told), "attached #r first=1 head=6\n");
	fake_forget(&again);
	fake_forget(&b);
}

/* ---- what is kept ---- */

Test(hub_past, begins_where_the_kept_begins)
{
	struct fake a = { 0 }, b = { 0 };

	begin(&a, &b, 3);
	world.settings->history_count = 2;
	hub_settings(world.hub, world.settings);
	cr_expect_eq(history(&a, "#r", 1, 9), FINE);
	fake_expect(&a,
	    "past #r 4 said bob: 2\npast #r 5 said bob: 3\n"
	    "done seq=5 next=0\n",
	    "");
	world.settings->history_count = 0;
	world.settings->history_age = 2;
	hub_settings(world.hub, world.settings);
	world_later(INT64_C(2) * 24 * 3600 * 1000 - 500);
	fake_say(&a, 1, "#r", "young");
	world_later(501);
	fake_ignore(&a);
	cr_expect_eq(history(&a, "#r", 1, 9), FINE);
	fake_expect(&a, "past #r 6 said ann: young\ndone seq=6 next=0\n", "");
	/* Nor is what is old told from memory. */
	fake_ignore(&b);
	fake_attach(&b, "#r", 0);
	fake_expect(
	    &b, "attached #r first=1 head=6\n", "gap 6\n6 said ann: young\n");
	fake_forget(&a);
	fake_forget(&b);
}
