#include "owner.h"

enum { PLENTY = 8 << 20 }; /* bytes; more than any socket takes at once */

TestSuite(conn, .init = owner_begin, .fini = owner_end);

/* Bytes that tell where they belong. */
static uint8_t *
pattern(size_t len)
{
	uint8_t *p = malloc(len);
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(i % 251);
	return p;
}

/* ---- input ---- */

Test(conn, gives_what_came)
{
	struct owner o;
	int i;

	for (i = 0; i < PAIRS; i++) {
		open_owner(&o, pair[i]);
		send_string(&o, "hello");
		until(is_heard, &o);
		expect_got(&o, "hello");
		expect_idle("open and silent");
		close_owner(&o);
	}
}

/* Who uses everything owns no bytes: all are read into the same place. */
Test(conn, reads_into_one_place)
{
	struct owner a, b;

	open_owner(&a, unix_pair);
	open_owner(&b, unix_pair);
	send_string(&a, "to a");
	send_string(&b, "to b");
	until(is_heard, &a);
	until(is_heard, &b);
	cr_expect_eq(a.last, b.last);
	expect_got(&a, "to a");
	expect_got(&b, "to b");
	close_owner(&a);
	close_owner(&b);
}

Test(conn, gives_the_rest_again_with_more_behind)
{
	struct owner o;

	open_owner(&o, unix_pair);
	o.frame = 4;
	send_string(&o, "abcdef");
	take_turns(1);
	cr_expect_eq(o.last_len, 6);
	send_string(&o, "gh");
	take_turns(1);
	cr_expect_eq(o.last_len, 4);
	expect_got(&o, "abcdefgh");
	send_string(&o, "ijkl");
	take_turns(1);
	cr_expect_eq(o.last_len, 4);
	expect_got(&o, "ijkl");
	close_owner(&o);
}

Test(conn, does_not_care_about_the_pieces)
{
	enum { LEN = 300 };
	static const unsigned frames[] = { 1, 2, 3, 7, 100, 299, 300 };
	uint8_t *sent = pattern(LEN);
	struct owner o;
	size_t f, i;

	for (f = 0; f < sizeof(frames) / sizeof(*frames); f++) {
		open_owner(&o, unix_pair);
		o.frame = frames[f];
		for (i = 0; i < LEN; i++) {
			cr_assert_eq(write(o.peer, sent + i, 1), 1);
			take_turns(1);
		}
		cr_assert_eq(o.got.len, LEN - LEN % frames[f]);
		cr_expect_arr_eq(buf_at(&o.got), sent, o.got.len);
		close_owner(&o);
	}
	free(sent);
}

Test(conn, reads_so_much_a_turn_and_no_more)
{
	struct owner o;
	size_t had = 0;

	open_owner(&o, tcp_pair);
	fill_from_peer(&o);
	take_turns(1);
	cr_expect_eq(o.got.len, CONN_READ);
	while (o.got.len != had) {
		had = o.got.len;
		take_turns(1);
		cr_expect_leq(o.got.len - had, CONN_READ);
	}
	close_owner(&o);
}

Test(conn, tells_the_end_once_and_can_still_write)
{
	static const char words[] = "bye";
	struct owner o;
	char room[8];
	int i;

	for (i = 0; i < PAIRS; i++) {
		open_owner(&o, pair[i]);
		o.frame = 4;
		send_string(&o, "abcdef");
		shutdown(o.peer, SHUT_WR);
		until(is_at_eof, &o);
		expect_got(&o, "abcd");
		expect_idle("half closed by the peer");
		cr_expect_eq(say(&o, words), 3);
		cr_expect_eq(read(o.peer, room, sizeof(room)), 3);
		conn_finish(o.conn);
		take_turns(1);
		cr_expect(is_gone(&o));
		cr_expect(peer_drain(&o));
		close_owner(&o);
	}
}

/* ---- output ---- */

static void
send_plenty(struct owner *o, uint8_t *out)
{
	o->out = out;
	o->out_len = PLENTY;
	push(o);
	cr_assert_gt(o->out_len, 0);
	cr_assert_lt(o->out_len, PLENTY);
}

/* Reads at the peer until all is there, and compares. */
static void
expect_plenty(struct owner *o, const uint8_t *sent)
{
	uint8_t *room = malloc(PLENTY);
	size_t len = 0;
	ssize_t n;

	while (len < PLENTY) {
		n = read(o->peer, room + len, PLENTY - len);
		if (n > 0)
			len += (size_t)n;
		else
			take_turns(1);
		cr_assert(n > 0 || errno == EAGAIN);
	}
	cr_expect_arr_eq(room, sent, PLENTY);
	free(room);
}

Test(conn, takes_what_goes_and_tells_when_more_does)
{
	uint8_t *out = pattern(PLENTY);
	struct iovec one = { out, 1 };
	struct owner o;
	int i;

	for (i = 0; i < PAIRS; i++) {
		open_owner(&o, pair[i]);
		send_plenty(&o, out);
		expect_idle("output refused");
		cr_expect(!o.is_writable);
		cr_expect_eq(conn_write(o.conn, &one, 1), 0);
		expect_plenty(&o, out);
		cr_expect(o.is_writable);
		cr_expect_eq(o.out_len, 0);
		expect_idle("output taken");
		close_owner(&o);
	}
	free(out);
}

Test(conn, gathers)
{
	char one[] = "one ", two[] = "two";
	struct iovec iov[] = { { one, 4 }, { NULL, 0 }, { two, 3 } };
	struct owner o;
	char room[8] = "";

	open_owner(&o, unix_pair);
	cr_expect_eq(conn_write(o.conn, iov, 3), 7);
	cr_expect_eq(conn_write(o.conn, iov, 0), 0);
	cr_expect_eq(conn_write(o.conn, iov + 1, 1), 0);
	cr_expect_eq(read(o.peer, room, sizeof(room) - 1), 7);
	cr_expect_str_eq(room, "one two");
	close_owner(&o);
}

Test(conn, flushes_to_a_peer_that_sends_no_more)
{
	uint8_t *out = pattern(PLENTY);
	struct owner o;
	int i;

	for (i = 0; i < PAIRS; i++) {
		open_owner(&o, pair[i]);
		send_plenty(&o, out);
		shutdown(o.peer, SHUT_WR);
		until(is_at_eof, &o);
		expect_idle("half closed, output refused");
		expect_plenty(&o, out);
		cr_expect(!is_gone(&o));
		close_owner(&o);
	}
	free(out);
}
