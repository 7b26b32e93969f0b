/*
 * An owner of connections for tests: writes down what conn tells it, has the
 * other end in its hand, and takes turns of the loop.
 */
#ifndef OWNER_H
#define OWNER_H

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../chatd/conn.h"
#include "../chatd/loop.h"
#include "buf.h"
#include "fds.h"
#include "sock.h"

enum {
	DEADLINE = 5000, /* ms, for what must happen */
	IDLE_MS = 30,    /* long enough for a loop that spins to be seen */
	IDLE_TURNS = 5,  /* no more than that meanwhile */
};

/* The owner of a connection, writing down what it is told. */
struct owner {
	struct conn *conn; /* NULL when it is gone */
	int peer;          /* the other end, -1: closed */
	struct buf got;
	unsigned calls;   /* of bytes() */
	size_t last_len;  /* what it was given */
	const void *last; /* and where */
	unsigned frame;   /* uses only whole ones of so many bytes; 0: all */
	bool is_eof, is_writable;
	const char *why; /* gone */
	/* In bytes(), before they are copied. */
	void (*act)(struct owner *);
	/* Output to be sent as it is taken. */
	const uint8_t *out;
	size_t out_len;
};

static struct loop *loop;
static struct timer guard;
static bool (*is_done)(struct owner *);
static struct owner *waiting;
static unsigned turns_left;
static int before;

/* ---- the owner ---- */

static inline void
push(struct owner *o)
{
	struct iovec iov = { (uint8_t *)(uintptr_t)o->out, o->out_len };
	size_t taken = conn_write(o->conn, &iov, 1);

	cr_assert_leq(taken, o->out_len);
	o->out += taken;
	o->out_len -= taken;
}

static inline size_t
on_bytes(void *owner, const uint8_t *at, size_t len)
{
	struct owner *o = owner;
	size_t used = o->frame != 0 ? len - len % o->frame : len;

	cr_assert(!o->is_eof, "bytes after the end");
	o->calls++;
	o->last = at;
	o->last_len = len;
	if (o->act != NULL)
		o->act(o);
	buf_add(&o->got, at, used);
	return used;
}

static inline void
on_eof(void *owner)
{
	struct owner *o = owner;

	cr_assert(!o->is_eof, "two ends");
	o->is_eof = true;
}

static inline void
on_writable(void *owner)
{
	struct owner *o = owner;

	o->is_writable = true;
	if (o->out_len != 0)
		push(o);
}

static inline void
on_gone(void *owner, const char *why)
{
	struct owner *o = owner;

	cr_assert_null(o->why, "gone twice");
	cr_assert_geq(conn_fd(o->conn), 0);
	o->why = why;
	o->conn = NULL;
}

static const struct conn_ops ops = {
	.bytes = on_bytes,
	.eof = on_eof,
	.writable = on_writable,
	.gone = on_gone,
};

/* ---- the loop ---- */

static inline void
late(struct timer *t)
{
	(void)t;
	cr_assert_fail("what is waited for does not happen");
}

static inline void
end_of_turn(void *arg)
{
	(void)arg;
	conn_sweep(loop);
	if (is_done != NULL && is_done(waiting))
		loop_stop(loop);
	if (turns_left == 0)
		return;
	if (--turns_left == 0)
		loop_stop(loop);
	else
		loop_again(loop);
}

static inline void
take_turns(unsigned n)
{
	is_done = NULL;
	turns_left = n;
	loop_again(loop);
	cr_assert_eq(loop_run(loop), 0);
}

static inline void
until(bool (*done)(struct owner *), struct owner *o)
{
	is_done = done;
	waiting = o;
	heap_set(loop_timers(loop), &guard, loop_now(loop) + DEADLINE);
	cr_assert_eq(loop_run(loop), 0);
	heap_cancel(loop_timers(loop), &guard);
}

static inline bool
is_gone(struct owner *o)
{
	return o->why != NULL;
}

static inline bool
is_at_eof(struct owner *o)
{
	return o->is_eof;
}

static inline bool
is_heard(struct owner *o)
{
	return o->calls != 0;
}

static inline void
stop_timer(struct timer *t)
{
	(void)t;
	loop_stop(loop);
}

/* Nothing happens for a while: then the loop does not turn. */
static inline void
expect_idle(const char *when)
{
	struct timer t = { .fire = stop_timer };
	uint64_t turns;

	take_turns(2);
	turns = loop_figures(loop).turns;
	heap_set(loop_timers(loop), &t, loop_now(loop) + IDLE_MS);
	cr_assert_eq(loop_run(loop), 0);
	turns = loop_figures(loop).turns - turns;
	cr_expect_leq(turns, IDLE_TURNS, "spins: %s", when);
}

static inline void
owner_begin(void)
{
	before = fds_open();
	loop = loop_new();
	loop_at_end(loop, end_of_turn, NULL);
	guard.fire = late;
}

static inline void
owner_end(void)
{
	loop_free(loop);
	cr_expect_eq(fds_open(), before, "descriptors left open");
}

/* ---- two ends ---- */

static inline void
tcp_pair(int ends[2])
{
	const struct sock_name here = {
		.host = "127.0.0.1", .port = "0", .family = AF_INET
	};
	struct sock_addr addr;
	struct pollfd p = { .events = POLLIN };
	size_t n;

	cr_assert_null(sock_resolve(&here, true, &addr, 1, &n));
	p.fd = sock_listen(&addr, 1);
	sock_local(p.fd, &addr);
	ends[1] = sock_connect(&addr);
	cr_assert_eq(poll(&p, 1, DEADLINE), 1);
	ends[0] = accept4(p.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	cr_assert_geq(ends[0], 0);
	close(p.fd);
}

static inline void
unix_pair(int ends[2])
{
	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

static void (*const pair[])(int[2]) = { tcp_pair, unix_pair };

enum { PAIRS = sizeof(pair) / sizeof(*pair) };

static inline void
open_owner(struct owner *o, void (*make)(int[2]))
{
	int ends[2];

	make(ends);
	*o = (struct owner){ .peer = ends[1] };
	o->conn = conn_new(loop, ends[0], &ops, o);
}

static inline void
hang_up(struct owner *o)
{
	close(o->peer);
	o->peer = -1;
}

/* The peer is gone at once, what it has not read is lost. */
static inline void
reset(struct owner *o)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(o->peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	hang_up(o);
}

static inline void
close_owner(struct owner *o)
{
	if (o->conn != NULL)
		conn_close(o->conn, "test is over");
	conn_sweep(loop);
	cr_expect_not_null(o->why);
	if (o->peer >= 0)
		close(o->peer);
	buf_done(&o->got);
}

static inline void
send_string(struct owner *o, const char *s)
{
	cr_assert_eq(write(o->peer, s, strlen(s)), (ssize_t)strlen(s));
}

static inline size_t
say(struct owner *o, const char *s)
{
	struct iovec iov = { (char *)(uintptr_t)s, strlen(s) };

	return conn_write(o->conn, &iov, 1);
}

static inline void
expect_got(struct owner *o, const char *s)
{
	cr_expect_eq(o->got.len, strlen(s));
	cr_expect_str_eq(buf_string(&o->got), s);
	buf_clear(&o->got);
}

/* What there is, thrown away; whether that was the end. */
static inline bool
peer_drain(struct owner *o)
{
	char room[65536];
	ssize_t n;

	while ((n = read(o->peer, room, sizeof(room))) > 0)
		continue;
	if (n < 0)
		cr_assert_eq(errno, EAGAIN, "%s", strerror(errno));
	return n == 0;
}

static inline void
fill_from_peer(struct owner *o)
{
	static uint8_t some[65536];

	while (write(o->peer, some, sizeof(some)) > 0)
		continue;
}

#endif
