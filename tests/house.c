#include "house.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../chatd/conn.h"
#include "../chatd/dialect.h"
#include "../chatd/hub.h"
#include "../chatd/loop.h"
#include "../chatd/requests.h"
#include "../chatd/session.h"
#include "../chatd/settings.h"
#include "../chatd/store.h"
#include "clock.h"
#include "peer.h"
#include "sock.h"

/* Turns in which nothing came: a message may go there and back meanwhile. */
enum { QUIET_TURNS = 4, PIECE = 65536 };

static struct {
	struct house house; /* first */
	struct loop *loop;
	struct store *store;
	struct sessions *sessions;
} all;

static void
at_end(void *arg)
{
	(void)arg;
	hub_time(all.house.hub, loop_now(all.loop), clock_wall_ms());
	hub_turn(all.house.hub);
	sessions_flush(all.sessions);
	conn_sweep(all.loop);
	loop_stop(all.loop);
}

struct house *
house_open(void)
{
	struct house *h = &all.house;

	h->settings = settings_new();
	h->settings->limits_rate = 0;
	all.loop = loop_new();
	all.store = store_memory(1 << 26, (struct id){ { 1 } }, clock_wall_ms);
	h->hub = hub_new(h->settings, all.store, loop_timers(all.loop));
	all.sessions =
	    sessions_new(all.loop, h->hub, h->settings, requests_handle);
	loop_at_end(all.loop, at_end, NULL);
	return h;
}

void
house_close(struct house *h)
{
	for (unsigned i = 0; i < h->n; i++)
		guest_leave(&h->guest[i]);
	house_settle(h);
	sessions_free(all.sessions);
	hub_free(h->hub);
	store_free(all.store);
	loop_free(all.loop);
	settings_free(h->settings);
	for (unsigned i = 0; i < h->n; i++)
		buf_done(&h->guest[i].in);
	h->n = 0;
}

struct guest *
house_guest(struct house *h, const struct dialect *dialect)
{
	struct sock_addr peer = { .len = sizeof(sa_family_t) };
	struct guest *g = &h->guest[h->n++];
	int fd[2];

	cr_assert_leq(h->n, HOUSE_GUESTS);
	peer.sa.sa_family = AF_UNIX;
	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	*g = (struct guest){ .fd = fd[0] };
	sessions_accept(all.sessions, fd[1], dialect, &peer);
	return g;
}

void
guest_send(struct guest *g, const void *bytes, size_t len)
{
	cr_assert_eq(send(g->fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

void
guest_line(struct guest *g, const char *line)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s\r\n", line);
	guest_send(g, buf_at(&b), b.len);
	buf_done(&b);
}

void
guest_message(struct guest *g, const union message *m)
{
	struct buf b = { 0 };

	peer_encode(&b, m);
	guest_send(g, buf_at(&b), b.len);
	buf_done(&b);
}

void
guest_half_close(struct guest *g)
{
	shutdown(g->fd, SHUT_WR);
}

void
guest_leave(struct guest *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

static bool
take_in(struct guest *g)
{
	ssize_t n;

	if (g->fd < 0 || g->is_over)
		return false;
	n = recv(g->fd, buf_room(&g->in, PIECE), PIECE, 0);
	if (n > 0)
		buf_grown(&g->in, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		g->is_over = true;
	return n > 0 || g->is_over;
}

void
house_settle(struct house *h)
{
	unsigned quiet = 0;

	while (quiet++ < QUIET_TURNS) {
		loop_again(all.loop);
		cr_assert_eq(loop_run(all.loop), 0);
		if (hub_waits(h->hub))
			quiet = 0;
		for (unsigned i = 0; i < h->n; i++)
			if (take_in(&h->guest[i]))
				quiet = 0;
	}
}
