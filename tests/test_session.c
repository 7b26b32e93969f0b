/* Sessions over socket pairs, with the real loop, hub and store. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../chatd/conn.h"
#include "../chatd/dialect.h"
#include "../chatd/hub.h"
#include "../chatd/loop.h"
#include "../chatd/requests.h"
#include "../chatd/room.h"
#include "../chatd/session.h"
#include "../chatd/session_state.h"
#include "../chatd/settings.h"
#include "../chatd/store.h"
#include "clock.h"
#include "codec.h"
#include "frame.h"
#include "sock.h"
#include "xmalloc.h"

enum { DEADLINE_MS = 5000 };

static struct {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct hub *hub;
	struct sessions *sessions;
	int fd; /* the test's end */
	struct buf in;
	struct timer deadline;
} w;

static void
at_end(void *arg)
{
	struct pollfd p = { .fd = w.fd, .events = POLLIN };

	(void)arg;
	hub_time(w.hub, loop_now(w.loop), clock_wall_ms());
	hub_turn(w.hub);
	sessions_flush(w.sessions);
	conn_sweep(w.loop);
	if (hub_waits(w.hub))
		loop_again(w.loop);
	else if (w.fd >= 0 ? poll(&p, 1, 0) == 1
			   : sessions_count(w.sessions) == 0)
		loop_stop(w.loop);
}

static void
too_late(struct timer *t)
{
	(void)t;
	cr_assert_fail("nothing came");
}

/* Another end of a new connection. */
static int
connected_from(const struct sock_addr *peer)
{
	int fd[2];

	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	sessions_accept(w.sessions, fd[1], &dialect_frame, peer);
	return fd[0];
}

static int
connected(void)
{
	struct sock_addr peer = { .len = sizeof(sa_family_t) };

	peer.sa.sa_family = AF_UNIX;
	return connected_from(&peer);
}

static void
start(void)
{
	w.settings = settings_new();
	w.settings->limits_rate = 0;
	w.loop = loop_new();
	w.store = store_memory(1 << 20, (struct id){ { 1 } }, clock_wall_ms);
	w.hub = hub_new(w.settings, w.store, loop_timers(w.loop));
	w.sessions = sessions_new(w.loop, w.hub, w.settings, requests_handle);
	w.deadline.fire = too_late;
	heap_set(loop_timers(w.loop), &w.deadline, clock_ms() + DEADLINE_MS);
	loop_at_end(w.loop, at_end, NULL);
	w.fd = connected();
}

static void
stop(void)
{
	close(w.fd);
	w.fd = -1;
	buf_done(&w.in);
	heap_cancel(loop_timers(w.loop), &w.deadline);
	sessions_free(w.sessions);
	hub_free(w.hub);
	store_free(w.store);
	loop_free(w.loop);
	settings_free(w.settings);
}

TestSuite(session, .init = start, .fini = stop);

/* Runs the loop until something comes, and takes it in.  False: the end. */
static bool
take_in(void)
{
	uint8_t bytes[65536];
	ssize_t n;

	loop_again(w.loop); /* it may be there already */
	cr_assert_eq(loop_run(w.loop), 0);
	n = read(w.fd, bytes, sizeof bytes);
	if (n > 0)
		buf_add(&w.in, bytes, (size_t)n);
	return n > 0;
}

static enum message_type
hear(union message *m)
{
	static struct frame frame;

	buf_consume(&w.in, frame.used);
	frame.used = 0;
	while (frame_read(buf_at(&w.in), w.in.len, PROTOCOL_FRAME_READY,
		   &frame) != GOT_ONE)
		if (!take_in())
			return 0;
	cr_assert_eq(codec_decode(frame.payload, frame.len, m), FINE);
	return m->type;
}

static void
put(struct buf *out, union message m)
{
	codec_encode(out, &m);
}

static void
put_hello(struct buf *out)
{
	put(out,
	    (union message){ .hello = { .type = MSG_HELLO,
				 .version = 1,
				 .device = { { 7 } },
				 .nick = SLICE("ann") } });
}

static void
send_off(struct buf *out)
{
	cr_assert_eq(write(w.fd, buf_at(out), out->len), (ssize_t)out->len);
	buf_done(out);
}

Test(session, all_at_once_is_answered_in_order)
{
	struct buf out = { 0 };
	union message m;

	put_hello(&out);
	put(&out, (union message){ .join = { MSG_JOIN, 1, SLICE("#r") } });
	put(&out,
	    (union message){
		.say = { MSG_SAY, 1, SLICE("#r"), ENTRY_SAID, SLICE("hi") } });
	put(&out, (union message){ .ping = { MSG_PING, 99 } });
	send_off(&out);
	cr_expect_eq(hear(&m), MSG_WELCOME);
	/* Asked for nothing of the store, so it is there first. */
	cr_expect_eq(hear(&m), MSG_PONG);
	cr_expect_eq(m.pong.token, 99);
	cr_expect_eq(hear(&m), MSG_ATTACHED);
	cr_expect_eq(hear(&m), MSG_STORED);
	cr_expect_eq(hear(&m), MSG_ENTRY);
	cr_expect_eq(m.entry.kind, ENTRY_JOINED);
	cr_expect_eq(hear(&m), MSG_ENTRY);
	cr_expect_eq(m.entry.seq, 2);
}

Test(session, requests_before_hello_are_refused)
{
	struct buf out = { 0 };
	union message m;

	put(&out, (union message){ .join = { MSG_JOIN, 5, SLICE("#r") } });
	put_hello(&out);
	put_hello(&out);
	send_off(&out);
	cr_expect_eq(hear(&m), MSG_REFUSED);
	cr_expect_eq(m.refused.code, REFUSE_WRONG_STATE);
	cr_expect_eq(m.refused.ref, 5);
	cr_expect_eq(hear(&m), MSG_WELCOME);
	cr_expect_eq(hear(&m), MSG_REFUSED);
	cr_expect_eq(m.refused.code, REFUSE_WRONG_STATE);
}

/* Nobody needs to type anything to be greeted; here it comes with welcome. */
Test(session, programs_are_greeted_before_the_motd)
{
	static const struct {
		const char *greeting, *motd, *heard;
	} rows[] = {
		{ "Hello!", "Be kind.", "Hello!\nBe kind." },
		{ "Hello!", "", "Hello!" },
		{ "", "Be kind.", "Be kind." },
		{ "", "", "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out = { 0 };
		union message m;

		free(w.settings->server_greeting);
		free(w.settings->server_motd);
		w.settings->server_greeting = xstrdup(rows[i].greeting);
		w.settings->server_motd = xstrdup(rows[i].motd);
		put_hello(&out);
		send_off(&out);
		while (hear(&m) != MSG_WELCOME)
			cr_assert_neq(m.type, 0);
		cr_expect(slice_is(m.welcome.motd, slice_of(rows[i].heard)),
		    "%.*s", SLICE_ARG(m.welcome.motd));
		close(w.fd);
		w.fd = connected();
	}
}

Test(session, the_allowance_is_kept)
{
	struct buf out = { 0 };
	union message m;
	unsigned lists = 0;

	w.settings->limits_rate = 1;
	w.settings->limits_burst = 10;
	put_hello(&out);
	for (uint32_t i = 1; i <= 20; i++)
		put(&out, (union message){ .list = { MSG_LIST, i, 0 } });
	send_off(&out);
	cr_expect_eq(hear(&m), MSG_WELCOME);
	while (hear(&m) == MSG_DONE)
		lists++;
	cr_expect(lists == 4 || lists == 5, "%u", lists);
	cr_expect_eq(m.refused.code, REFUSE_TOO_FAST);
	cr_expect_gt(m.refused.wait, 0);
	cr_expect_eq(m.refused.request, MSG_LIST);
}

/* As many lists as are allowed to one who has just come. */
static unsigned
lists_at_once(const struct sock_addr *peer)
{
	struct buf out = { 0 };
	union message m;
	unsigned lists = 0;

	close(w.fd);
	w.fd = -1;
	cr_assert_eq(loop_run(w.loop), 0);
	w.fd = connected_from(peer);
	put_hello(&out);
	for (uint32_t i = 1; i <= 20; i++)
		put(&out, (union message){ .list = { MSG_LIST, i, 0 } });
	put(&out, (union message){ .ping = { MSG_PING, 1 } });
	send_off(&out);
	while (hear(&m) != MSG_PONG)
		lists += m.type == MSG_DONE;
	return lists;
}

Test(session, the_allowance_is_not_renewed_by_connecting_again)
{
	struct sock_addr there = { .len = sizeof(struct sockaddr_in) };
	struct sock_addr here = { .len = sizeof(sa_family_t) };

	there.in.sin_family = AF_INET;
	there.in.sin_addr.s_addr = htonl(0xc0000201);
	here.sa.sa_family = AF_UNIX;
	w.settings->limits_rate = 1;
	w.settings->limits_burst = 10;
	cr_expect_geq(lists_at_once(&there), 4);
	cr_expect_leq(lists_at_once(&there), 1);
	cr_expect_geq(lists_at_once(&here), 4, "as many as connections");
	cr_expect_geq(lists_at_once(&here), 4);
}

/* Who asks and does not read the answers is not read from either: what waits
 * for it stays small. */
Test(session, answers_wait_in_bounds)
{
	struct buf out = { 0 };
	union message m;
	size_t sent = 0;
	unsigned pongs = 0;
	ssize_t n;

	put_hello(&out);
	send_off(&out);
	cr_expect_eq(hear(&m), MSG_WELCOME);
	for (unsigned i = 0; i < 1000; i++)
		put(&out, (union message){ .ping = { MSG_PING, i } });
	/* Until everything is full: both buffers of the pair, and the bounds
	 * of the session. */
	for (int idle = 0; idle < 50;) {
		n = write(w.fd, buf_at(&out), out.len);
		loop_again(w.loop);
		loop_run(w.loop);
		idle = n > 0 ? 0 : idle + 1;
		sent += n > 0 ? (size_t)n : 0;
		cr_assert_lt(sent, 8u << 20, "it reads and reads");
	}
	buf_done(&out);
	sent -= sent % (FRAME_HEADER + 9); /* whole ones */
	while (pongs < sent / (FRAME_HEADER + 9) && hear(&m) == MSG_PONG)
		pongs++;
	cr_expect_eq(pongs, sent / (FRAME_HEADER + 9), "none is lost");
}

/* The same for what is over, which comes from the store: a page at a time. */
Test(session, the_past_waits_in_bounds)
{
	enum { ASKED = 200, MOST = SESSION_ANSWERS + 2 * ROOM_PAGE_BYTES };
	char text[4000];
	struct buf out = { 0 };
	union message m;
	unsigned answers = 0;
	size_t most = 0;

	memset(text, 'x', sizeof text);
	put_hello(&out);
	put(&out, (union message){ .join = { MSG_JOIN, 1, SLICE("#r") } });
	for (uint64_t i = 1; i <= 20; i++)
		put(&out,
		    (union message){ .say = { MSG_SAY, i, SLICE("#r"),
					 ENTRY_SAID, { text, sizeof text } } });
	send_off(&out);
	while (hear(&m) != MSG_ENTRY || m.entry.seq != 21)
		;
	/* Nothing is read until nothing more is taken in. */
	for (uint32_t i = 1; i <= ASKED; i++) {
		const struct session *s = w.sessions->first;

		put(&out,
		    (union message){ .history = { MSG_HISTORY, i, SLICE("#r"),
					 1, 0, 200 } });
		send_off(&out);
		loop_again(w.loop);
		loop_run(w.loop);
		most = s->out.len > most ? s->out.len : most;
	}
	cr_expect_gt(most, SESSION_ANSWERS, "the test does not ask enough");
	cr_expect_leq(most, MOST);
	cr_expect(w.sessions->first->is_paused);
	while (answers < ASKED)
		answers += hear(&m) == MSG_DONE || m.type == MSG_REFUSED;
	cr_expect_eq(m.type, MSG_DONE);
}

Test(session, beyond_the_limit_one_is_told_and_closed)
{
	union message m;
	int first = w.fd;

	w.settings->limits_clients = 1;
	w.fd = connected();
	cr_expect_eq(hear(&m), MSG_BYE);
	cr_expect_eq(m.bye.reason, REFUSE_FULL);
	cr_expect_gt(m.bye.text.len, 0);
	cr_expect_eq(hear(&m), 0, "and closed");
	close(w.fd);
	w.fd = first;
	cr_expect_eq(sessions_count(w.sessions), 2, "until it has gone");
}

Test(session, half_closed_is_served_to_the_end)
{
	struct buf out = { 0 };
	union message m;

	put_hello(&out);
	put(&out, (union message){ .join = { MSG_JOIN, 1, SLICE("#r") } });
	put(&out,
	    (union message){
		.say = { MSG_SAY, 1, SLICE("#r"), ENTRY_SAID, SLICE("hi") } });
	send_off(&out);
	shutdown(w.fd, SHUT_WR);
	cr_expect_eq(hear(&m), MSG_WELCOME);
	cr_expect_eq(hear(&m), MSG_ATTACHED);
	cr_expect_eq(hear(&m), MSG_STORED);
	cr_expect_eq(hear(&m), MSG_ENTRY);
	cr_expect_eq(hear(&m), MSG_ENTRY);
	cr_expect_eq(hear(&m), 0, "and closed");
}

Test(session, stopping_says_bye_to_all)
{
	struct buf out = { 0 };
	union message m;

	put_hello(&out);
	send_off(&out);
	cr_expect_eq(hear(&m), MSG_WELCOME);
	sessions_stop(w.sessions, REFUSE_STOPPING, 2000);
	cr_expect_eq(hear(&m), MSG_BYE);
	cr_expect_eq(m.bye.reason, REFUSE_STOPPING);
	cr_expect_eq(m.bye.wait, 2000);
	cr_expect_eq(hear(&m), 0);
}
