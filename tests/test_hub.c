/* The hub with fake connections: what they are told is kept as text. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../chatd/client.h"
#include "../chatd/hub.h"
#include "../chatd/hub_state.h"
#include "../chatd/settings.h"
#include "../chatd/store.h"
#include "blob.h"
#include "codec.h"
#include "frame.h"
#include "xmalloc.h"

struct fake {
	struct client client; /* first */
	struct buf told;      /* answers, one a line */
	struct buf heard;     /* entries, one a line */
	enum refusal ended;
	bool is_woken;
	uint32_t room; /* of the last attached */
	uint64_t first, head;
};

static struct {
	struct settings *settings;
	struct store *store;
	struct heap timers;
	struct hub *hub;
	uint64_t wall;
	int64_t now;
} world;

static uint64_t
wall(void)
{
	return world.wall;
}

static void
start(void)
{
	world.settings = settings_new();
	world.store = store_memory(1 << 20, (struct id){ { 1, 2, 3 } }, wall);
	world.hub = hub_new(world.settings, world.store, &world.timers);
	world.wall = 1000;
	world.now = 1;
	hub_time(world.hub, world.now, world.wall);
}

static void
stop(void)
{
	hub_free(world.hub);
	store_free(world.store);
	heap_done(&world.timers);
	settings_free(world.settings);
}

TestSuite(hub, .init = start, .fini = stop);

static void
later(int64_t ms)
{
	world.now += ms;
	world.wall += (uint64_t)ms;
	hub_time(world.hub, world.now, world.wall);
	heap_run(&world.timers, world.now);
}

static void
fake_tell(struct client *c, const union message *m)
{
	struct fake *f = (struct fake *)c;

	buf_printf(&f->told, "%s", protocol_row(m->type)->name);
	switch (m->type) {
	case MSG_WELCOME:
		buf_printf(&f->told, " %.*s last=%llu",
		    SLICE_ARG(m->welcome.nick),
		    (unsigned long long)m->welcome.last);
		break;
	case MSG_BELONGS:
		buf_printf(&f->told, " %.*s", SLICE_ARG(m->belongs.name));
		break;
	case MSG_ATTACHED:
		buf_printf(&f->told, " %.*s first=%llu head=%llu",
		    SLICE_ARG(m->attached.name),
		    (unsigned long long)m->attached.first,
		    (unsigned long long)m->attached.head);
		f->room = m->attached.room;
		f->first = m->attached.first;
		f->head = m->attached.head;
		break;
	case MSG_STORED:
		buf_printf(&f->told, " n=%llu seq=%llu",
		    (unsigned long long)m->stored.n,
		    (unsigned long long)m->stored.seq);
		break;
	case MSG_REFUSED:
		buf_printf(&f->told, " %s",
		    refusal_name((enum refusal)m->refused.code));
		break;
	case MSG_MEMBER:
		buf_printf(&f->told, " %.*s %u", SLICE_ARG(m->member.nick),
		    m->member.state);
		break;
	case MSG_DONE:
		buf_printf(
		    &f->told, " next=%llu", (unsigned long long)m->done.next);
		break;
	case MSG_LISTED:
		buf_printf(&f->told, " %.*s %u", SLICE_ARG(m->listed.room),
		    m->listed.members);
		break;
	default:
		break;
	}
	buf_add_string(&f->told, "\n");
}

static void
fake_news(struct client *c, struct slice encoded)
{
	struct fake *f = (struct fake *)c;
	struct frame frame;
	union message m;

	cr_assert_eq(frame_read((const uint8_t *)encoded.at, encoded.len,
			 PROTOCOL_FRAME_READY, &frame),
	    GOT_ONE);
	cr_assert_eq(codec_decode(frame.payload, frame.len, &m), FINE);
	buf_printf(&f->told, "presence %.*s %u\n", SLICE_ARG(m.presence.nick),
	    m.presence.state);
}

static void
fake_wake(struct client *c)
{
	((struct fake *)c)->is_woken = true;
}

static void
fake_end(struct client *c, enum refusal why)
{
	((struct fake *)c)->ended = why;
}

static const struct client_ops fake_ops = {
	.tell = fake_tell,
	.news = fake_news,
	.wake = fake_wake,
	.end = fake_end,
};

static void
hear(struct fake *f, const union message *m)
{
	const struct msg_entry *e = &m->entry;

	switch (m->type) {
	case MSG_ENTRY:
		buf_printf(&f->heard, "%llu %s %.*s: %.*s\n",
		    (unsigned long long)e->seq, protocol_entry(e->kind)->name,
		    SLICE_ARG(e->who), SLICE_ARG(e->text));
		break;
	case MSG_GAP:
		buf_printf(
		    &f->heard, "gap %llu\n", (unsigned long long)m->gap.first);
		break;
	case MSG_DETACHED:
		buf_add_string(&f->heard, "detached\n");
		break;
	default:
		cr_assert_fail(
		    "a %s among entries", protocol_row(m->type)->name);
	}
}

/* Pulls all there is, in pieces of about so many bytes. */
static void
pull(struct fake *f, size_t bytes)
{
	struct piece pieces[4];
	struct buf in = { 0 };
	struct frame frame;
	union message m;
	size_t n;

	do {
		n = hub_pull(world.hub, &f->client, pieces, 4, bytes);
		for (size_t i = 0; i < n; i++) {
			buf_add(&in, pieces[i].at, pieces[i].len);
			blob_unref(pieces[i].blob);
		}
		if (hub_waits(world.hub)) {
			hub_turn(world.hub);
			n = 1;
		}
	} while (n != 0);
	while (in.len != 0) {
		cr_assert_eq(frame_read(buf_at(&in), in.len,
				 PROTOCOL_FRAME_READY, &frame),
		    GOT_ONE);
		cr_assert_eq(codec_decode(frame.payload, frame.len, &m), FINE);
		hear(f, &m);
		buf_consume(&in, frame.used);
	}
	buf_done(&in);
}

static void
turn(void)
{
	do
		hub_turn(world.hub);
	while (hub_waits(world.hub));
}

/* What was told and heard since the last look. */
static void
expect(struct fake *f, const char *told, const char *heard)
{
	turn();
	pull(f, 65536);
	cr_expect_str_eq(buf_string(&f->told), told);
	cr_expect_str_eq(buf_string(&f->heard), heard);
	buf_clear(&f->told);
	buf_clear(&f->heard);
}

static enum refusal
hello(struct fake *f, uint8_t device, const char *nick)
{
	struct msg_hello m = { .type = MSG_HELLO,
		.version = 1,
		.nick = slice_of(nick),
		.software = SLICE("test") };

	m.device.byte[0] = device;
	f->client.ops = &fake_ops;
	f->client.dialect = &dialect_frame;
	return hub_hello(world.hub, &f->client, &m);
}

static void
forget(struct fake *f)
{
	hub_gone(world.hub, &f->client, false, SLICE("test over"));
	buf_done(&f->told);
	buf_done(&f->heard);
}

static enum refusal
join(struct fake *f, const char *room)
{
	struct msg_join m = { MSG_JOIN, 7, slice_of(room) };

	return hub_join(world.hub, &f->client, &m);
}

static enum refusal
attach(struct fake *f, const char *room, uint64_t seq)
{
	struct msg_attach m = { MSG_ATTACH, 7, slice_of(room), seq };

	return hub_attach(world.hub, &f->client, &m);
}

static enum refusal
say(struct fake *f, uint64_t n, const char *to, const char *text)
{
	struct msg_say m = { MSG_SAY, n, slice_of(to), ENTRY_SAID,
		slice_of(text) };

	return hub_say(world.hub, &f->client, &m);
}

static enum refusal
part(struct fake *f, const char *room)
{
	struct msg_part m = { MSG_PART, 7, slice_of(room), SLICE("enough") };

	return hub_part(world.hub, &f->client, &m);
}

static enum refusal
nick(struct fake *f, const char *name)
{
	struct msg_nick m = { MSG_NICK, 7, slice_of(name) };

	return hub_nick(world.hub, &f->client, &m);
}

Test(hub, what_is_said_reaches_everyone_once)
{
	struct fake a = { 0 }, b = { 0 };

	cr_assert_eq(hello(&a, 1, "ann"), FINE);
	cr_assert_eq(hello(&b, 2, "bob"), FINE);
	expect(&a, "welcome ann last=0\n", "");
	expect(&b, "welcome bob last=0\n", "");
	cr_assert_eq(join(&a, "#lobby"), FINE);
	cr_assert_eq(join(&b, "#Lobby"), FINE);
	expect(&a, "attached #lobby first=1 head=1\n",
	    "1 joined ann: \n2 joined bob: \n");
	expect(&b, "attached #lobby first=1 head=2\n",
	    "1 joined ann: \n2 joined bob: \n");
	cr_assert_eq(say(&a, 1, "#lobby", "hi"), FINE);
	cr_assert_eq(say(&a, 2, "#LOBBY", "there"), FINE);
	expect(&a, "stored n=1 seq=3\nstored n=2 seq=4\n",
	    "3 said ann: hi\n4 said ann: there\n");
	expect(&b, "", "3 said ann: hi\n4 said ann: there\n");
	cr_expect_eq(hub_figures(world.hub).encodings, 4);
	forget(&a);
	forget(&b);
}

Test(hub, nothing_is_true_before_the_store_says_so)
{
	struct fake a = { 0 };

	hello(&a, 1, "ann");
	turn();
	join(&a, "#lobby");
	say(&a, 1, "#lobby", "hi");
	buf_clear(&a.told);
	pull(&a, 65536); /* runs the turn: the store answers only there */
	cr_expect_str_eq(buf_string(&a.told),
	    "attached #lobby first=1 head=1\nstored n=1 seq=2\n");
	forget(&a);
}

Test(hub, a_number_is_taken_once_and_in_order)
{
	struct fake a = { 0 };

	hello(&a, 1, "ann");
	join(&a, "#r");
	expect(&a, "welcome ann last=0\nattached #r first=1 head=1\n",
	    "1 joined ann: \n");
	say(&a, 2, "#r", "too early");
	say(&a, 1, "#r", "one");
	say(&a, 1, "#r", "one");
	say(&a, 2, "#r", "two");
	expect(&a,
	    "refused out_of_order\nstored n=1 seq=2\nstored n=1 seq=2\n"
	    "stored n=2 seq=3\n",
	    "2 said ann: one\n3 said ann: two\n");
	cr_expect_eq(say(&a, 0, "#r", "no number"), REFUSE_OUT_OF_ORDER);
	forget(&a);
}

Test(hub, after_a_cut_what_was_missed_comes_once)
{
	struct fake a = { 0 }, b = { 0 }, again = { 0 };

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	turn();
	join(&a, "#r");
	join(&b, "#r");
	turn();
	pull(&a, 65536);
	pull(&b, 65536);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	hub_gone(world.hub, &a.client, false, SLICE("reset"));
	expect(&b, "presence ann 2\n", "");
	say(&b, 1, "#r", "one");
	say(&b, 2, "#r", "two");
	turn();
	cr_assert_eq(hello(&again, 1, "ann"), FINE);
	expect(&again, "welcome ann last=0\nbelongs #r\n", "");
	cr_assert_eq(attach(&again, "#r", 2), FINE);
	expect(&again, "attached #r first=3 head=4\n",
	    "3 said bob: one\n4 said bob: two\n");
	expect(&b, "stored n=1 seq=3\nstored n=2 seq=4\npresence ann 1\n",
	    "3 said bob: one\n4 said bob: two\n");
	cr_expect_eq(attach(&again, "#r", 5), REFUSE_SEQ_BAD);
	forget(&again);
	forget(&b);
	buf_done(&a.told);
	buf_done(&a.heard);
}

Test(hub, who_stays_away_too_long_leaves)
{
	struct fake a = { 0 }, b = { 0 };

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	join(&a, "#r");
	join(&b, "#r");
	turn();
	hub_gone(world.hub, &a.client, false, SLICE("reset"));
	turn();
	pull(&b, 65536);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	later(world.settings->limits_grace * 1000 - 1);
	expect(&b, "", "");
	later(1);
	expect(&b, "", "3 left ann: connection lost\n");
	cr_expect_eq(nick(&b, "ann"), FINE);
	turn();
	forget(&b);
	buf_done(&a.told);
	buf_done(&a.heard);
}

Test(hub, not_more_are_waited_for_than_there_may_be_clients)
{
	enum { MANY = 5, MOST = 3 };
	struct fake f[MANY] = { { .room = 0 } }, watcher = { 0 };
	char name[16];

	world.settings->limits_clients = MOST;
	hello(&watcher, 100, "eve");
	join(&watcher, "#r");
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%d", i);
		hello(&f[i], (uint8_t)(i + 1), name);
		join(&f[i], "#r");
		turn();
	}
	pull(&watcher, 65536);
	buf_clear(&watcher.heard);
	for (int i = 0; i < MANY; i++)
		forget(&f[i]);
	turn();
	cr_expect_eq(hub_figures(world.hub).lost, MOST);
	pull(&watcher, 65536);
	cr_expect_str_eq(buf_string(&watcher.heard),
	    "7 left n0: connection lost\n8 left n1: connection lost\n");
	forget(&watcher);
}

Test(hub, coming_back_and_going_at_once_is_still_being_lost)
{
	struct fake a = { 0 }, again = { 0 }, last = { 0 };

	hello(&a, 1, "ann");
	join(&a, "#r");
	turn();
	forget(&a);
	cr_expect_eq(hub_figures(world.hub).lost, 1);
	cr_assert_eq(hello(&again, 1, "ann"), FINE);
	forget(&again);
	cr_expect_eq(hub_figures(world.hub).lost, 1);
	turn();
	cr_assert_eq(hello(&last, 1, "ann"), FINE);
	expect(&last, "welcome ann last=0\nbelongs #r\n", "");
	cr_expect_eq(hub_figures(world.hub).lost, 0);
	forget(&last);
}

Test(hub, saying_bye_leaves_at_once)
{
	struct fake a = { 0 }, b = { 0 };

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	join(&a, "#r");
	join(&b, "#r");
	turn();
	pull(&b, 65536);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	hub_gone(world.hub, &a.client, true, SLICE("home"));
	expect(&b, "", "3 left ann: home\n");
	cr_expect_eq(hub_figures(world.hub).users, 1);
	forget(&b);
	buf_done(&a.told);
	buf_done(&a.heard);
}

Test(hub, a_device_has_one_connection)
{
	struct fake a = { 0 }, again = { 0 };

	hello(&a, 1, "ann");
	turn();
	cr_assert_eq(hello(&again, 1, "ann"), FINE);
	cr_expect_eq(a.ended, REFUSE_REPLACED);
	expect(&again, "welcome ann last=0\n", "");
	cr_expect_gt(again.client.epoch, a.client.epoch);
	hub_gone(world.hub, &a.client, false, SLICE("late"));
	cr_expect_eq(hub_figures(world.hub).users, 1);
	forget(&again);
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

	hello(&a, 1, "ann");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect_eq(hello(&b, 2, rows[i].nick), rows[i].why, "%s",
		    rows[i].nick);
	expect(&b, "welcome bob last=0\n", "");
	cr_expect_eq(hello(&c, 3, ""), FINE);
	turn();
	cr_expect(strncmp(buf_string(&c.told), "welcome guest", 13) == 0);
	cr_expect_eq(nick(&b, "Ann"), REFUSE_NICK_TAKEN);
	cr_expect_eq(nick(&b, "Bob"), FINE);
	expect(&b, "done next=0\n", "");
	forget(&a);
	forget(&b);
	forget(&c);
}

Test(hub, a_new_nick_is_told_in_every_room)
{
	struct fake a = { 0 }, b = { 0 };

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	join(&a, "#r");
	join(&b, "#r");
	join(&a, "#s");
	turn();
	pull(&a, 65536);
	pull(&b, 65536);
	buf_clear(&a.told);
	buf_clear(&a.heard);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	cr_expect_eq(nick(&a, "anna"), FINE);
	turn();
	pull(&a, 65536);
	cr_expect_str_eq(buf_string(&a.told), "done next=0\n");
	expect(&b, "", "3 renamed ann: anna\n");
	cr_expect_eq(nick(&b, "ann"), FINE, "the old one is free");
	turn();
	forget(&a);
	forget(&b);
}

Test(hub, direct_messages_open_a_conversation_at_both_ends)
{
	struct fake a = { 0 }, b = { 0 };

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	turn();
	buf_clear(&a.told);
	buf_clear(&b.told);
	cr_expect_eq(say(&a, 1, "bob", "psst"), FINE);
	expect(&a, "attached bob first=1 head=0\nstored n=1 seq=1\n",
	    "1 said ann: psst\n");
	expect(&b, "attached ann first=1 head=0\n", "1 said ann: psst\n");
	cr_expect_eq(say(&b, 1, "ann", "yes?"), FINE);
	expect(&a, "", "2 said bob: yes?\n");
	expect(&b, "stored n=1 seq=2\n", "2 said bob: yes?\n");
	cr_expect_eq(say(&a, 2, "ann", "me"), REFUSE_SELF);
	cr_expect_eq(say(&a, 2, "carl", "you"), REFUSE_NOBODY);
	cr_expect_eq(part(&b, "ann"), FINE);
	expect(&b, "detached\n", "");
	cr_expect_eq(say(&a, 2, "bob", "again"), FINE);
	expect(&b, "attached ann first=3 head=2\n", "3 said ann: again\n");
	forget(&a);
	forget(&b);
}

/* Greeted at the very moment the waiting is over, and the store is slow. */
Test(hub, who_is_being_greeted_is_not_given_up)
{
	struct fake a = { 0 }, again = { 0 };

	hello(&a, 1, "ann");
	join(&a, "#r");
	turn();
	forget(&a);
	later(world.settings->limits_grace * 1000 - 1);
	cr_assert_eq(hello(&again, 1, "ann"), FINE);
	later(1);
	later(1);
	expect(&again, "welcome ann last=0\nbelongs #r\n", "");
	later(5000);
	cr_expect_eq(join(&again, "#r"), FINE);
	expect(&again, "attached #r first=1 head=1\n", "1 joined ann: \n");
	forget(&again);
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

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	join(&a, "#r");
	join(&b, "#r");
	turn();
	pull(&a, 65536);
	pull(&b, 65536);
	buf_clear(&a.told);
	buf_clear(&a.heard);
	buf_clear(&b.told);
	buf_clear(&b.heard);
	refuse_all(&ops);
	join(&a, "#s");
	part(&a, "#s");
	expect(&a, "refused unavailable\nrefused not_member\n", "");
	say(&a, 1, "#r", "lost?");
	hub_topic(world.hub, &a.client, &topic);
	nick(&a, "anna");
	part(&a, "#r");
	expect(&a,
	    "refused unavailable\nrefused unavailable\n"
	    "refused unavailable\nrefused unavailable\n",
	    "");
	/* Leaving is not stored, but whoever goes is gone. */
	part(&b, "#r");
	hub_gone(world.hub, &b.client, true, SLICE("home"));
	turn();
	cr_expect_eq(hub_figures(world.hub).users, 1);
	world.store->ops = real_ops;
	say(&a, 1, "#r", "kept");
	expect(&a, "stored n=1 seq=3\n", "3 said ann: kept\n");
	forget(&a);
	forget(&b);
}

Test(hub, a_conversation_ends_with_either_end)
{
	struct fake a = { 0 }, b = { 0 }, many[70] = { { .room = 0 } };
	char name[16];

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	turn();
	say(&b, 1, "ann", "psst");
	turn();
	pull(&a, 65536);
	buf_clear(&a.told);
	buf_clear(&a.heard);
	hub_gone(world.hub, &b.client, true, SLICE("home"));
	expect(&a, "", "2 left bob: home\ndetached\n");
	cr_expect_eq(hub_figures(world.hub).rooms, 0);
	/* Nor do strangers use up one's own places. */
	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof name, "n%d", i);
		hello(&many[i], (uint8_t)(i + 10), name);
		turn();
		cr_expect_eq(join(&many[i], "ann"), FINE);
	}
	turn();
	cr_expect_eq(join(&a, "#r"), FINE);
	turn();
	for (int i = 0; i < 70; i++)
		hub_gone(world.hub, &many[i].client, true, SLICE(""));
	turn();
	cr_expect_eq(hub_figures(world.hub).rooms, 1);
	cr_expect_eq(hub_figures(world.hub).entries, 3,
	    "where nothing was said nobody leaves");
	for (int i = 0; i < 70; i++)
		forget(&many[i]);
	forget(&a);
	forget(&b);
}

Test(hub, leaving_hears_up_to_ones_own_leaving)
{
	struct fake a = { 0 }, b = { 0 };

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	join(&a, "#r");
	join(&b, "#r");
	turn();
	buf_clear(&a.told);
	cr_expect_eq(part(&a, "#r"), FINE);
	cr_expect_eq(part(&a, "#r"), REFUSE_NOT_MEMBER, "once is enough");
	cr_expect_eq(say(&a, 1, "#r", "no"), REFUSE_NOT_MEMBER);
	say(&b, 1, "#r", "bye ann");
	expect(&a, "",
	    "1 joined ann: \n2 joined bob: \n3 left ann: enough\ndetached\n");
	cr_expect_null(a.client.seats);
	forget(&a);
	forget(&b);
}

Test(hub, coming_back_before_the_end_was_heard_is_answered_twice)
{
	struct fake a = { 0 };

	hello(&a, 1, "ann");
	join(&a, "#r");
	turn();
	buf_clear(&a.told);
	part(&a, "#r");
	turn(); /* nothing is pulled: the peer does not read */
	join(&a, "#r");
	turn();
	cr_expect_str_eq(
	    buf_string(&a.told), "detached\nattached #r first=1 head=3\n");
	pull(&a, 65536);
	cr_expect_str_eq(buf_string(&a.heard),
	    "1 joined ann: \n2 left ann: enough\n3 joined ann: \n");
	forget(&a);
}

Test(hub, limits_are_kept)
{
	struct fake a = { 0 };
	char text[201];

	world.settings->limits_own = 2;
	world.settings->limits_rooms = 3;
	world.settings->limits_text = 200;
	hello(&a, 1, "ann");
	turn();
	cr_expect_eq(join(&a, "#1"), FINE);
	cr_expect_eq(join(&a, "#2"), FINE);
	cr_expect_eq(join(&a, "#3"), REFUSE_ROOMS_OWN);
	turn();
	memset(text, 'x', sizeof text);
	text[200] = '\0';
	cr_expect_eq(say(&a, 1, "#1", text), FINE);
	world.settings->limits_text = 199;
	cr_expect_eq(say(&a, 2, "#1", text), REFUSE_TEXT_LONG);
	cr_expect_eq(say(&a, 2, "#1", ""), REFUSE_TEXT_EMPTY);
	cr_expect_eq(say(&a, 2, "#nowhere", "x"), REFUSE_ROOM_UNKNOWN);
	world.settings->limits_own = 9;
	world.settings->limits_rooms = 2;
	cr_expect_eq(join(&a, "#3"), REFUSE_ROOMS_ALL);
	cr_expect_eq(part(&a, "#1"), FINE);
	turn();
	pull(&a, 65536);
	cr_expect_eq(join(&a, "#3"), REFUSE_ROOMS_ALL, "#1 has its history");
	cr_expect_eq(part(&a, "#2"), FINE);
	turn();
	pull(&a, 65536);
	cr_expect_eq(join(&a, "#3"), FINE, "an empty room makes place");
	turn();
	forget(&a);
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
		struct msg_hello h = { .type = MSG_HELLO, .version = 1 };

		snprintf(name, sizeof name, "n%d", i);
		h.nick = slice_of(name);
		memcpy(h.device.byte, &(int){ i + 1 }, sizeof(int));
		f[i].client.ops = &fake_ops;
		f[i].client.dialect = &dialect_frame;
		cr_assert_eq(hub_hello(world.hub, &f[i].client, &h), FINE);
		cr_assert_eq(join(&f[i], "#r"), FINE);
	}
	turn();
	buf_clear(&f[0].told);
	cr_expect_eq(hub_names(world.hub, &f[0].client, &m), FINE);
	cr_expect_not_null(strstr(buf_string(&f[0].told), "done next=256\n"));
	m.after = 256;
	cr_expect_eq(hub_names(world.hub, &f[0].client, &m), FINE);
	at = buf_string(&f[0].told);
	cr_expect_not_null(strstr(at, "done next=0\n"));
	for (; (at = strstr(at, "member ")) != NULL; at++)
		n++;
	cr_expect_eq(n, MANY);
	for (int i = 0; i < MANY; i++)
		forget(&f[i]);
	free(f);
}

Test(hub, a_crowd_hears_of_comings_together)
{
	enum { MANY = HUB_CALM_MEMBERS + 2 };
	struct fake *f = xcalloc(MANY, sizeof *f);
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%d", i);
		cr_assert_eq(hello(&f[i], (uint8_t)(i + 1), name), FINE);
		turn();
	}
	for (int i = 0; i < MANY - 1; i++)
		join(&f[i], "#r");
	turn();
	later(HUB_CALM_MS);
	turn();
	pull(&f[0], 65536);
	buf_clear(&f[0].told);
	buf_clear(&f[0].heard);
	f[0].is_woken = false;
	join(&f[MANY - 1], "#r");
	turn();
	cr_expect_not(f[0].is_woken, "not for one who came");
	pull(&f[MANY - 1], 65536);
	cr_expect_not_null(
	    strstr(buf_string(&f[MANY - 1].heard), "66 joined n65"));
	later(HUB_CALM_MS);
	expect(&f[0], "", "66 joined n65: \n");
	part(&f[MANY - 1], "#r");
	say(&f[1], 1, "#r", "hi");
	expect(&f[0], "", "67 left n65: enough\n68 said n1: hi\n");
	for (int i = 0; i < MANY; i++)
		forget(&f[i]);
	free(f);
}

/* Entries pulled late come from the store, in pages, none missing. */
Test(hub, who_lags_is_served_from_the_store)
{
	enum { MANY = 3000 };
	struct fake a = { 0 }, b = { 0 };
	char text[32], *line;
	unsigned n = 0;

	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	join(&a, "#r");
	join(&b, "#r");
	turn();
	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(text, sizeof text, "number %u", i);
		cr_assert_eq(say(&a, i, "#r", text), FINE);
		turn();
	}
	pull(&b, 700);
	line = xstrdup(buf_string(&b.heard));
	for (char *at = strtok(line, "\n"); at != NULL;
	     at = strtok(NULL, "\n")) {
		unsigned seq = (unsigned)strtoul(at, NULL, 10);

		cr_assert_eq(seq, ++n);
	}
	cr_expect_eq(n, MANY + 2);
	free(line);
	forget(&a);
	forget(&b);
}

Test(hub, what_is_not_kept_any_more_is_a_gap)
{
	struct fake a = { 0 }, b = { 0 };
	char text[1000];
	const char *heard;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	hello(&a, 1, "ann");
	hello(&b, 2, "bob");
	join(&a, "#r");
	join(&b, "#r");
	turn();
	for (unsigned i = 1; i <= 2000; i++) {
		say(&a, i, "#r", text);
		turn();
	}
	pull(&b, 65536);
	heard = buf_string(&b.heard);
	cr_assert(strncmp(heard, "gap ", 4) == 0, "%.20s", heard);
	cr_expect_eq(strtoul(heard + 4, NULL, 10),
	    strtoul(strchr(heard, '\n') + 1, NULL, 10));
	cr_expect_null(strstr(heard + 1, "gap"));
	cr_expect_not_null(strstr(heard, "\n2002 said"));
	forget(&a);
	forget(&b);
}

Test(hub, a_clock_that_goes_back_does_not_turn_time_back)
{
	struct fake a = { 0 };
	struct piece p[2];
	struct frame frame;
	union message m;
	uint64_t last = 0;

	hello(&a, 1, "ann");
	join(&a, "#r");
	turn();
	world.wall = 500;
	say(&a, 1, "#r", "earlier?");
	turn();
	cr_assert_eq(hub_pull(world.hub, &a.client, p, 2, 65536), 1);
	for (size_t at = 0; at < p[0].len; at += frame.used) {
		frame_read(p[0].at + at, p[0].len - at, 65536, &frame);
		codec_decode(frame.payload, frame.len, &m);
		cr_expect_geq(m.entry.time, last);
		last = m.entry.time;
	}
	cr_expect_eq(last, 1000);
	blob_unref(p[0].blob);
	forget(&a);
}
