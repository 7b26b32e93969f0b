/* How connections end, and how they pause. */
#include "owner.h"

enum { STALE = CONN_READ + 1 }; /* a frame that is never whole */

TestSuite(conn_end, .init = owner_begin, .fini = owner_end);

static bool
peer_is_at_end(struct owner *o)
{
	return peer_drain(o);
}

/* ---- the end ---- */

Test(conn_end, finishes_behind_the_last_bytes)
{
	static const char words[] = "last words";
	struct owner o;
	char room[32];
	int i;

	for (i = 0; i < PAIRS; i++) {
		open_owner(&o, pair[i]);
		say(&o, words);
		conn_finish(o.conn);
		conn_finish(o.conn);
		send_string(&o, "too late");
		take_turns(3);
		cr_expect_eq(read(o.peer, room, sizeof(room)), 10);
		cr_expect_eq(read(o.peer, room, sizeof(room)), 0);
		cr_expect_eq(say(&o, words), 10);
		expect_idle("finished");
		cr_expect(!is_heard(&o) && !is_gone(&o));
		hang_up(&o);
		until(is_gone, &o);
		cr_expect(!is_heard(&o) && !o.is_eof);
		close_owner(&o);
	}
}

/* A reset would overtake the answer. */
Test(conn_end, discards_what_still_comes)
{
	static const char words[] = "last words";
	struct owner o;
	char room[32];

	open_owner(&o, tcp_pair);
	fill_from_peer(&o);
	say(&o, words);
	conn_finish(o.conn);
	while (write(o.peer, room, sizeof(room)) < 0) {
		cr_assert_eq(errno, EAGAIN);
		take_turns(1);
	}
	cr_expect_eq(read(o.peer, room, sizeof(room)), 10);
	cr_expect_eq(read(o.peer, room, sizeof(room)), 0);
	shutdown(o.peer, SHUT_WR);
	until(is_gone, &o);
	close_owner(&o);
}

Test(conn_end, listens_to_a_finished_one_for_so_long)
{
	struct heap *timers = loop_timers(loop);
	int64_t due = loop_now(loop) + CONN_LATE_MS;
	struct owner o;

	open_owner(&o, unix_pair);
	conn_finish(o.conn);
	heap_run(timers, due - 1);
	take_turns(1);
	cr_expect(!is_gone(&o));
	heap_run(timers, due);
	take_turns(1);
	cr_expect(is_gone(&o));
	close_owner(&o);
}

Test(conn_end, closes_at_once)
{
	struct owner o;

	open_owner(&o, unix_pair);
	send_string(&o, "never heard");
	conn_close(o.conn, "for a reason");
	conn_close(o.conn, "for another");
	cr_expect_null(o.why);
	until(is_gone, &o);
	cr_expect_str_eq(o.why, "for a reason");
	cr_expect(!is_heard(&o));
	close_owner(&o);
}

static void
act_close(struct owner *o)
{
	conn_close(o->conn, "by its owner");
}

static void
act_finish(struct owner *o)
{
	conn_finish(o->conn);
}

/* What was given stays readable until bytes() returns, also what was kept. */
Test(conn_end, may_end_while_bytes_are_given)
{
	static void (*const acts[])(struct owner *) = { act_close, act_finish };
	struct owner o;
	size_t i;

	for (i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		open_owner(&o, unix_pair);
		o.frame = 8;
		send_string(&o, "half");
		take_turns(1);
		o.act = acts[i];
		send_string(&o, "halfmore");
		take_turns(1);
		expect_got(&o, "halfhalf");
		if (!is_gone(&o))
			send_string(&o, "more");
		take_turns(2);
		cr_expect_eq(o.calls, 2);
		close_owner(&o);
	}
}

Test(conn_end, ends_when_the_peer_does)
{
	struct owner o;
	int i;

	for (i = 0; i < PAIRS; i++) {
		open_owner(&o, pair[i]);
		send_string(&o, "and off");
		hang_up(&o);
		until(is_at_eof, &o);
		expect_got(&o, "and off");
		if (o.conn != NULL)
			conn_finish(o.conn);
		until(is_gone, &o);
		cr_expect_str_eq(o.why, "closed by peer");
		close_owner(&o);
	}
}

Test(conn_end, ends_when_it_is_reset)
{
	static const char words[] = "Connection reset by peer";
	struct owner o;

	open_owner(&o, tcp_pair);
	reset(&o);
	until(is_gone, &o);
	cr_expect_str_eq(o.why, words);
	cr_expect(!o.is_eof);
	close_owner(&o);

	open_owner(&o, tcp_pair);
	conn_finish(o.conn);
	reset(&o);
	until(is_gone, &o);
	close_owner(&o);
}

/* Also when that is noticed by writing. */
Test(conn_end, hears_what_the_peer_said_before_it_went)
{
	static const char words[] = "anybody there?";
	struct owner o;
	int i;

	for (i = 0; i < PAIRS; i++) {
		open_owner(&o, pair[i]);
		send_string(&o, "and off");
		reset(&o);
		cr_expect_eq(say(&o, words), 14);
		cr_expect_eq(say(&o, words), 14);
		cr_expect(!is_gone(&o));
		until(is_gone, &o);
		expect_got(&o, "and off");
		close_owner(&o);
	}
}

Test(conn_end, ends_when_the_peer_does_not_read)
{
	static const char words[] = "anybody there?";
	struct owner o;

	open_owner(&o, unix_pair);
	shutdown(o.peer, SHUT_RD);
	cr_expect_eq(say(&o, words), 14);
	until(is_gone, &o);
	cr_expect_str_eq(o.why, "Broken pipe");
	close_owner(&o);
}

/* ---- pausing ---- */

Test(conn_end, does_not_read_while_paused)
{
	struct owner o;

	open_owner(&o, unix_pair);
	conn_pause(o.conn, true);
	send_string(&o, "later");
	expect_idle("paused with input");
	cr_expect(!is_heard(&o));
	conn_pause(o.conn, false);
	until(is_heard, &o);
	expect_got(&o, "later");
	close_owner(&o);
}

static void
act_pause(struct owner *o)
{
	o->act = NULL;
	o->frame = STALE; /* uses nothing now */
	conn_pause(o->conn, true);
}

Test(conn_end, offers_again_after_a_pause)
{
	struct owner o;

	open_owner(&o, unix_pair);
	o.act = act_pause;
	send_string(&o, "whole frames");
	until(is_heard, &o);
	expect_got(&o, "whole frames");
	cr_expect_eq(o.calls, 1);
	close_owner(&o);

	open_owner(&o, unix_pair);
	o.act = act_pause;
	o.frame = STALE;
	send_string(&o, "whole frames");
	until(is_heard, &o);
	expect_got(&o, "");
	expect_idle("paused with something left");
	cr_expect_eq(o.calls, 1);
	o.frame = 4;
	conn_pause(o.conn, false);
	conn_pause(o.conn, true);
	expect_idle("paused again");
	cr_expect_eq(o.calls, 1);
	conn_pause(o.conn, false);
	take_turns(1);
	expect_got(&o, "whole frames");
	expect_idle("all used");
	cr_expect_eq(o.calls, 2);
	close_owner(&o);
}

Test(conn_end, hears_to_the_end_of_a_peer_gone_while_paused)
{
	static void (*const gos[])(struct owner *) = { hang_up, reset };
	struct owner o;
	size_t i, g;

	for (g = 0; g < sizeof(gos) / sizeof(*gos); g++)
		for (i = 0; i < PAIRS; i++) {
			if (pair[i] == tcp_pair && gos[g] == hang_up)
				continue; /* only half closed: held back */
			open_owner(&o, pair[i]);
			conn_pause(o.conn, true);
			take_turns(1);
			send_string(&o, "and off");
			gos[g](&o);
			until(is_gone, &o);
			expect_got(&o, "and off");
			close_owner(&o);
		}
}

Test(conn_end, offers_again_before_the_end)
{
	struct owner o;

	open_owner(&o, unix_pair);
	o.act = act_pause;
	o.frame = STALE;
	send_string(&o, "whole frames");
	until(is_heard, &o);
	o.frame = 4;
	hang_up(&o);
	until(is_at_eof, &o);
	expect_got(&o, "whole frames");
	close_owner(&o);
}

Test(conn_end, waits_in_peace_while_paused_and_half_closed)
{
	struct owner o;
	int i;

	for (i = 0; i < PAIRS; i++) {
		open_owner(&o, pair[i]);
		conn_pause(o.conn, true);
		send_string(&o, "later");
		shutdown(o.peer, SHUT_WR);
		expect_idle("paused, half closed");
		cr_expect(!is_heard(&o) && !o.is_eof);
		conn_pause(o.conn, false);
		until(is_at_eof, &o);
		expect_got(&o, "later");
		close_owner(&o);
	}
}

Test(conn_end, finishes_also_while_paused)
{
	struct owner o;

	open_owner(&o, tcp_pair);
	fill_from_peer(&o);
	conn_pause(o.conn, true);
	conn_finish(o.conn);
	take_turns(1);
	shutdown(o.peer, SHUT_WR);
	until(peer_is_at_end, &o);
	until(is_gone, &o);
	cr_expect(!is_heard(&o));
	close_owner(&o);
}

/* ---- many ---- */

static struct owner *follower;

static void
gone_and_another(void *owner, const char *why)
{
	on_gone(owner, why);
	conn_close(follower->conn, "with the other");
}

Test(conn_end, one_may_take_another_along)
{
	struct conn_ops both = ops;
	struct owner a, b;
	int ends[2];

	both.gone = gone_and_another;
	open_owner(&b, unix_pair);
	follower = &b;
	unix_pair(ends);
	a = (struct owner){ .peer = ends[1] };
	a.conn = conn_new(loop, ends[0], &both, &a);
	conn_close(a.conn, "first");
	take_turns(1);
	cr_expect_str_eq(a.why, "first");
	cr_expect_str_eq(b.why, "with the other");
	close_owner(&a);
	close_owner(&b);
}

Test(conn_end, belongs_to_one_loop)
{
	struct loop *other = loop_new();
	struct owner o;

	open_owner(&o, unix_pair);
	conn_close(o.conn, "only here");
	conn_sweep(other);
	cr_expect(!is_gone(&o));
	conn_sweep(loop);
	cr_expect(is_gone(&o));
	close_owner(&o);
	loop_free(other);
}

Test(conn_end, hundreds_are_as_quiet_as_one)
{
	enum { MANY = 300 };
	static struct owner many[MANY];
	int i;

	for (i = 0; i < MANY; i++)
		open_owner(&many[i], pair[i % PAIRS]);
	take_turns(10);
	cr_expect_gt(loop_figures(loop).parked, MANY - 20);
	expect_idle("many parked");
	for (i = 0; i < MANY; i++)
		send_string(&many[i], "x");
	for (i = 0; i < MANY; i++)
		until(is_heard, &many[i]);
	for (i = 0; i < MANY; i++)
		hang_up(&many[i]);
	for (i = 0; i < MANY; i++) {
		until(is_at_eof, &many[i]);
		if (many[i].conn != NULL)
			conn_finish(many[i].conn);
		until(is_gone, &many[i]);
		expect_got(&many[i], "x");
		close_owner(&many[i]);
	}
}
