#include "host.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "../chat/link.h"
#include "clock.h"
#include "codec.h"
#include "frame.h"
#include "rig.h"
#include "sock.h"
#include "wake.h"

enum { WAIT_MS = 5000, PIECE = 65536 };

static void
await_fd(int fd, short events, const char *what)
{
	struct pollfd p = { .fd = fd, .events = events };

	cr_assert_eq(poll(&p, 1, WAIT_MS), 1, "%s did not come", what);
}

void
host_open(struct host *h)
{
	struct sock_name name;
	struct sock_addr addr;
	size_t n;

	cr_assert_null(sock_parse(h->address, &name));
	cr_assert_null(sock_resolve(&name, true, &addr, 1, &n));
	h->listener = sock_listen(&addr, 16);
	cr_assert_geq(h->listener, 0, "cannot listen on %s", h->address);
	sock_local(h->listener, &addr);
	sock_text(&addr, h->address);
}

void
host_init(struct host *h)
{
	*h = (struct host){ .fd = -1 };
	snprintf(h->address, sizeof(h->address), "127.0.0.1:0");
	host_open(h);
}

void
host_shut(struct host *h)
{
	close(h->listener);
	h->listener = -1;
}

void
host_close(struct host *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
	h->used = 0;
	buf_clear(&h->in);
}

void
host_done(struct host *h)
{
	host_close(h);
	if (h->listener >= 0)
		host_shut(h);
	buf_done(&h->in);
	variables_done(&h->variables);
}

void
host_accept(struct host *h)
{
	await_fd(h->listener, POLLIN, "a connection");
	h->fd = accept(h->listener, NULL, NULL);
	cr_assert_geq(h->fd, 0);
}

void
host_bytes(struct host *h, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len != 0) {
		ssize_t n = send(h->fd, at, len, MSG_NOSIGNAL);
		cr_assert_gt(n, 0);
		at += n;
		len -= (size_t)n;
	}
}

/* false: the client has closed. */
static bool
hear(struct host *h, union message *m, const char *what)
{
	struct frame f;
	ssize_t n;

	buf_consume(&h->in, h->used);
	h->used = 0;
	while (frame_read(buf_at(&h->in), h->in.len, PROTOCOL_FRAME_READY,
		   &f) != GOT_ONE) {
		await_fd(h->fd, POLLIN, what);
		n = read(h->fd, buf_room(&h->in, PIECE), PIECE);
		if (n <= 0)
			return false;
		buf_grown(&h->in, (size_t)n);
	}
	h->used = f.used;
	cr_assert_eq(codec_decode(f.payload, f.len, m), FINE);
	return true;
}

static void
host_says(struct host *h, const char *words)
{
	struct buf bytes = { 0 };

	rig_frame(&h->variables, words, &bytes);
	host_bytes(h, buf_at(&bytes), bytes.len);
	buf_done(&bytes);
}

static void
client_says(struct host *h, const char *words)
{
	union message m;
	bool is_there = hear(h, &m, words);

	while (is_there && m.type == MSG_PING && strncmp(words, "ping", 4) != 0)
		is_there = hear(h, &m, words);
	if (strcmp(words, ".") == 0) {
		cr_assert_not(is_there, "the client should have closed");
		return;
	}
	cr_assert(is_there, "the client closed instead of: %s", words);
	rig_fits(&h->variables, words, &m);
}

void
host_play(struct host *h, const char *const *lines)
{
	for (; *lines != NULL; lines++) {
		if (**lines == 'S') {
			host_says(h, *lines + 2);
		} else if (strcmp(*lines, "C -") == 0) {
			host_says(h, "ping token=4711");
			client_says(h, "pong token=4711");
		} else {
			client_says(h, *lines + 2);
		}
	}
}

void
host_enter(struct host *h, const char *nick)
{
	char welcome[200];

	snprintf(welcome, sizeof(welcome),
	    "S welcome version=1 log=$log epoch=1 nick=%s server=test "
	    "frame=65536 text=16384 rooms=64 ping=30000",
	    nick);
	host_accept(h);
	HOST(h, "C hello version=1", welcome);
}

struct link *
host_link(const struct host *h, struct model *m, bool keeps_trying)
{
	const struct link_options options = { .address = h->address,
		.nick = "ana",
		.family = AF_UNSPEC,
		.timeout_ms = WAIT_MS,
		.keeps_trying = keeps_trying,
		.device = { { 1, 2, 3 } } };
	struct link *link = link_new(m, &options);

	link_start(link);
	return link;
}

void
host_await(struct model *m, bool (*is_so)(struct model *))
{
	int64_t until = clock_ms() + WAIT_MS;
	bool so;

	for (;;) {
		model_lock(m);
		so = is_so(m);
		model_unlock(m);
		if (so)
			return;
		cr_assert_lt(clock_ms(), until, "it does not become so");
		await_fd(m->wake, POLLIN, "a change of the model");
		wake_clear(m->wake);
	}
}
