/* What the hub asks the store to find, and whom it tells what. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chatd/entry.h"
#include "../chatd/hub_state.h"
#include "hub_rig.h"
#include "xmalloc.h"

/* A store that finds what the test says. */
static struct store_search *asked[4];
static unsigned n_asked;
static struct store_ops ops;
static struct fake a, b, c;
static uint32_t room, direct;

static void
find_later(struct store *s, struct store_search *job)
{
	(void)s;
	asked[n_asked++] = job;
}

/* ann, bob and carl; ann and bob are in #r, and talk to each other. */
static void
start(void)
{
	world_start();
	ops = *world.store->ops;
	ops.search = find_later;
	world.store->ops = &ops;
	fake_hello(&a, 1, "ann");
	fake_hello(&b, 2, "bob");
	fake_hello(&c, 3, "carl");
	fake_join(&a, "#r");
	fake_join(&b, "#r");
	fake_say(&a, 1, "bob", "psst");
	fake_ignore(&a);
	fake_ignore(&b);
	fake_ignore(&c);
	for (struct room *r = world.hub->active; r; r = r->next_active)
		*(r->is_direct ? &direct : &room) = r->number;
}

static void
stop(void)
{
	fake_forget(&a);
	fake_forget(&b);
	fake_forget(&c);
	world_stop();
}

TestSuite(hub_search, .init = start, .fini = stop);

static enum refusal
search(struct fake *f, const char *words, const char *who, const char *where)
{
	struct msg_search m = { MSG_SEARCH, 9, slice_of(words), slice_of(who),
		slice_of(where), 5, 6, 7 };

	return hub_search(world.hub, &f->client, &m);
}

/* The store has found this one entry, and perhaps more. */
static void
found(struct store_search *job, uint32_t where, uint64_t seq, uint64_t more)
{
	job->entries = xcalloc(1, sizeof *job->entries);
	job->entries[0] =
	    entry_new(where, seq, 1, ENTRY_SAID, SLICE("ann"), SLICE("psst"));
	job->got = 1;
	job->more = more;
	job->done(job);
}

Test(hub_search, asks_for_what_is_wanted)
{
	cr_assert_eq(search(&a, "one two", "bob", ""), FINE);
	cr_assert_eq(n_asked, 1);
	cr_expect(slice_is(asked[0]->words, SLICE("one two")));
	cr_expect(slice_is(asked[0]->who, SLICE("bob")));
	cr_expect_eq(asked[0]->room, 0);
	cr_expect_eq(asked[0]->after, 5);
	cr_expect_eq(asked[0]->before, 6);
	cr_expect_eq(asked[0]->below, 7);
	cr_expect_eq(asked[0]->n_directs, 1);
	cr_expect_eq(asked[0]->directs[0], direct);
	found(asked[0], room, 1, 4);
	fake_expect(&a, "past #r 1 said ann: psst\ndone next=4\n", "");
}

Test(hub_search, looks_in_one_place)
{
	cr_assert_eq(search(&a, "x", "", "#R"), FINE);
	cr_expect_eq(asked[0]->room, room);
	found(asked[0], room, 1, 0);
	cr_assert_eq(search(&b, "x", "", "ann"), FINE);
	cr_expect_eq(asked[1]->room, direct);
	found(asked[1], direct, 1, 0);
	fake_expect(&b, "past ann 1 said ann: psst\ndone next=0\n", "");
	cr_assert_eq(search(&c, "x", "", "#r"), FINE, "not a member");
	cr_expect_eq(asked[2]->n_directs, 0);
	found(asked[2], room, 1, 0);
	fake_expect(&c, "past #r 1 said ann: psst\ndone next=0\n", "");
}

Test(hub_search, refuses_what_it_cannot_look_for)
{
	static const struct {
		const char *words, *who, *where;
		enum refusal why;
	} rows[] = {
		{ "", "", "", REFUSE_SEARCH_BAD },
		{ "\" * -", "", "", REFUSE_SEARCH_BAD },
		{ "\u2615 \u0308", "", "", REFUSE_SEARCH_BAD },
		{ "1 2 3 4 5 6 7 8 9 a b c d e f g h", "", "",
		    REFUSE_SEARCH_BAD },
		{ "x", "", "#nowhere", REFUSE_ROOM_UNKNOWN },
		{ "x", "", "#no where", REFUSE_ROOM_BAD },
		{ "x", "", "dora", REFUSE_NOBODY },
		{ "x", "", "carl", REFUSE_SELF },
		{ "x", "", "ann", REFUSE_NOT_MEMBER },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect_eq(
		    search(&c, rows[i].words, rows[i].who, rows[i].where),
		    rows[i].why, "%s %s", rows[i].words, rows[i].where);
	cr_expect_eq(n_asked, 0);
	cr_expect_eq(
	    search(&c, "1 2 3 4 5 6 7 8 9 a b c d e f g", "gone", ""), FINE);
	cr_expect_eq(search(&c, "x", "", ""), REFUSE_TOO_FAST);
	found(asked[0], room, 1, 0);
}

/* Whatever the store finds: nobody reads what two others say to each other,
 * nor what is not committed as far as the room knows. */
Test(hub_search, tells_only_what_may_be_read)
{
	cr_assert_eq(search(&c, "x", "", ""), FINE);
	found(asked[0], direct, 1, 0);
	fake_expect(&c, "done next=0\n", "");
	cr_assert_eq(search(&c, "x", "", ""), FINE);
	found(asked[1], room, 3, 0);
	fake_expect(&c, "done next=0\n", "");
	cr_assert_eq(search(&c, "x", "", ""), FINE);
	found(asked[2], 4711, 1, 0);
	fake_expect(&c, "done next=0\n", "");
}

/* Between asking and telling a conversation ends, and a connection. */
Test(hub_search, checks_again_when_it_is_found)
{
	cr_assert_eq(search(&b, "x", "", ""), FINE);
	cr_assert_eq(search(&c, "x", "", ""), FINE);
	hub_gone(world.hub, &a.client, true, SLICE("home"));
	hub_gone(world.hub, &c.client, false, SLICE("cut"));
	fake_ignore(&b);
	found(asked[0], direct, 1, 0);
	found(asked[1], room, 1, 0);
	fake_expect(&b, "done next=0\n", "");
	cr_expect_str_eq(buf_string(&c.told), "");
}
