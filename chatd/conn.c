#include "conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "heap.h"
#include "loop.h"
#include "xmalloc.h"

enum conn_state {
	OPEN,
	BROKEN,	  /* writing failed; what the peer sent before is still read */
	FINISHED, /* FIN is sent; input is thrown away */
	OVER,	  /* on the list, to be swept */
};

struct conn {
	struct watch watch;
	struct loop *loop;
	const struct conn_ops *ops;
	void *owner;
	struct buf left; /* input the owner has not used; empty: owns nothing */
	/* OPEN: what is left shall be offered again.  BROKEN: the last look at
	 * the input.  FINISHED: long enough. */
	struct timer timer;
	struct conn *next; /* on the list of those that are over */
	const char *why;   /* BROKEN, OVER */
	uint8_t state;
	bool paused;
	bool eof;     /* the peer sends no more: never wait for input again */
	bool refused; /* output was not taken: wait until it can be */
};

_Static_assert(sizeof(struct conn) <= 200, "ten thousand idle ones are cheap");

enum { CONN_MUCH = 4096 }; /* of a message, still to be completed */

/* Of all loops of this thread. */
static struct conn *over;

/* What was just read, from whichever connection. */
static uint8_t shared[CONN_READ];

static void
want(struct conn *c)
{
	short events = 0;

	if (c->state == OPEN && c->refused)
		events |= POLLOUT;
	if (!c->eof &&
	    ((c->state == OPEN && !c->paused) || c->state == FINISHED))
		events |= POLLIN;
	loop_want(c->loop, &c->watch, events);
}

static void
end(struct conn *c, const char *why)
{
	if (c->state == OVER)
		return;
	c->state = OVER;
	c->why = why;
	loop_unwatch(c->loop, &c->watch);
	heap_cancel(loop_timers(c->loop), &c->timer);
	c->next = over;
	over = c;
	/* Whatever gone() sets going shall not wait for somebody's event. */
	loop_again(c->loop);
}

/* ---- input ---- */

static bool
hears(const struct conn *c)
{
	return c->state == OPEN || c->state == BROKEN;
}

/* Offers what is left and what came behind it.  The owner may finish or close
 * the connection and still look at the bytes, so none are freed before. */
static void
offer(struct conn *c, const uint8_t *at, size_t len)
{
	size_t used;

	if (c->left.len == 0) {
		used = c->ops->bytes(c->owner, at, len);
		if (hears(c))
			buf_add(&c->left, at + used, len - used);
		return;
	}
	buf_add(&c->left, at, len);
	used = c->ops->bytes(c->owner, buf_at(&c->left), c->left.len);
	buf_consume(&c->left, hears(c) ? used : c->left.len);
	buf_trim(&c->left);
}

static void
take_eof(struct conn *c)
{
	c->eof = true;
	if (c->state == FINISHED) {
		end(c, "closed");
		return;
	}
	if (c->left.len != 0)
		offer(c, NULL, 0);
	if (c->state == BROKEN)
		end(c, c->why);
	if (c->state != OPEN)
		return;
	want(c);
	c->ops->eof(c->owner);
}

/* Reads once.  False when there is nothing to read at the moment.  Behind much
 * of a message more is likely to come, and is read to where it belongs. */
static bool
take_in(struct conn *c)
{
	bool is_behind = c->left.len >= CONN_MUCH;
	uint8_t *at = is_behind ? buf_room(&c->left, sizeof(shared)) : shared;
	ssize_t n;

	do
		n = recv(c->watch.fd, at, sizeof(shared), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (n < 0)
		end(c, strerror(errno));
	else if (n == 0)
		take_eof(c);
	else if (is_behind && c->state != FINISHED) {
		buf_grown(&c->left, (size_t)n);
		offer(c, NULL, 0);
	} else if (c->state != FINISHED)
		offer(c, shared, (size_t)n);
	return true;
}

/* Both directions are closed, and the input is read to its end. */
static void
hung_up(struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	end(c, error != 0 ? strerror(error) : "closed by peer");
}

/* poll() tells of a hang-up whatever one wants, so it is always acted upon: by
 * reading what the peer sent before, even if paused, and then by ending. */
static void
on_ready(struct watch *w, short revents)
{
	struct conn *c =
	    (struct conn *)((char *)w - offsetof(struct conn, watch));
	bool gone = (revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;

	if ((revents & POLLIN) || (gone && !c->eof)) {
		if (!take_in(c) && gone)
			hung_up(c);
	} else if (gone) {
		hung_up(c);
	}
	if ((revents & POLLOUT) && c->state == OPEN) {
		c->refused = false;
		want(c);
		c->ops->writable(c->owner);
	}
}

static void
on_timer(struct timer *t)
{
	struct conn *c =
	    (struct conn *)((char *)t - offsetof(struct conn, timer));

	if (c->state == FINISHED) {
		end(c, "closed, the peer stayed");
	} else if (c->state == BROKEN) {
		if (!c->eof)
			take_in(c);
		end(c, c->why);
	} else if (c->left.len != 0) {
		offer(c, NULL, 0);
	}
}

/* ---- output ---- */

static size_t
total(const struct iovec *iov, int n)
{
	size_t sum = 0;
	int i;

	for (i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

/* The owner may be in the middle of something: it is told in later turns. */
static void
broke(struct conn *c, const char *why)
{
	c->state = BROKEN;
	c->why = why;
	want(c);
	heap_set(loop_timers(c->loop), &c->timer, loop_now(c->loop));
}

size_t
conn_write(struct conn *c, const struct iovec *iov, int n)
{
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)n };
	size_t len = total(iov, n);
	ssize_t sent;

	if (c->state != OPEN || len == 0)
		return len;
	if (c->refused)
		return 0;
	do
		sent = sendmsg(c->watch.fd, &m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
		broke(c, strerror(errno));
		return len;
	}
	if (sent < 0)
		sent = 0;
	if ((size_t)sent < len) {
		c->refused = true;
		want(c);
	}
	return (size_t)sent;
}

/* ---- the owner's wishes ---- */

struct conn *
conn_new(struct loop *l, int fd, const struct conn_ops *ops, void *owner)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->loop = l;
	c->ops = ops;
	c->owner = owner;
	c->timer.fire = on_timer;
	loop_watch(l, &c->watch, fd, POLLIN, on_ready);
	return c;
}

int
conn_fd(const struct conn *c)
{
	return c->watch.fd;
}

void
conn_pause(struct conn *c, bool paused)
{
	struct heap *timers = loop_timers(c->loop);

	if (c->state != OPEN || c->paused == paused)
		return;
	c->paused = paused;
	want(c);
	if (paused)
		heap_cancel(timers, &c->timer);
	else if (c->left.len != 0)
		heap_set(timers, &c->timer, loop_now(c->loop));
}

void
conn_finish(struct conn *c)
{
	if (c->state != OPEN)
		return;
	shutdown(c->watch.fd, SHUT_WR);
	if (c->eof) {
		end(c, "closed by peer");
		return;
	}
	c->state = FINISHED;
	want(c);
	heap_set(
	    loop_timers(c->loop), &c->timer, loop_now(c->loop) + CONN_LATE_MS);
}

void
conn_close(struct conn *c, const char *why)
{
	end(c, why);
}

/* The first of this loop's on the list, off it. */
static struct conn *
take_over(const struct loop *l)
{
	struct conn **at = &over, *c;

	while (*at != NULL && (*at)->loop != l)
		at = &(*at)->next;
	c = *at;
	if (c != NULL)
		*at = c->next;
	return c;
}

void
conn_sweep(struct loop *l)
{
	struct conn *c;

	while ((c = take_over(l)) != NULL) {
		c->ops->gone(c->owner, c->why);
		close(c->watch.fd);
		buf_done(&c->left);
		free(c);
	}
}
