#include "fake.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "codec.h"
#include "frame.h"
#include "log.h"

enum { ROOM = 1, TEXT = 80 };

void
fake_init(struct fake *f)
{
	struct sock_name name;
	struct sock_addr at;
	size_t n;

	*f = (struct fake){ .fd = -1 };
	if (sock_parse("127.0.0.1:0", &name) != NULL ||
	    sock_resolve(&name, true, &at, 1, &n) != NULL)
		fatalx(71, "no loopback");
	f->listener = sock_listen(&at, 16);
	if (f->listener < 0)
		fatal(71, "listen");
	sock_local(f->listener, &at);
	sock_text(&at, f->address);
}

void
fake_hang_up(struct fake *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->is_joined = false;
	f->seq = 0;
	buf_done(&f->in);
	buf_done(&f->out);
}

void
fake_done(struct fake *f)
{
	fake_hang_up(f);
	close(f->listener);
}

/* ---- what it says ---- */

static void
say(struct fake *f, union message m)
{
	codec_encode(&f->out, &m);
}

static void
add_entry(
    struct fake *f, enum entry_kind kind, const char *who, struct slice text)
{
	say(f,
	    (union message){
		.entry = { MSG_ENTRY, ROOM, ++f->seq, clock_wall_ms(),
		    (kind_u8)kind, slice_of(who), text } });
}

void
fake_flood(struct fake *f, unsigned n)
{
	char text[TEXT + 1];
	unsigned i;

	for (i = 1; i <= n; i++) {
		snprintf(text, sizeof(text),
		    "the quick brown fox jumps over the lazy dog and, at last, "
		    "comes to no %010u",
		    i);
		add_entry(
		    f, ENTRY_SAID, i % 3 ? "bob" : "carla", slice_of(text));
	}
	fake_ready(f, POLLOUT);
}

static void
answer(struct fake *f, const union message *m)
{
	switch (m->type) {
	case MSG_HELLO:
		say(f,
		    (union message){ .welcome = { .type = MSG_WELCOME,
					 .version = PROTOCOL_VERSION,
					 .log = { { 1 } },
					 .epoch = 1,
					 .nick = m->hello.nick,
					 .server = SLICE("bench"),
					 .frame = PROTOCOL_FRAME_READY,
					 .text = PROTOCOL_TEXT_MAX,
					 .rooms = 64,
					 .ping = 3600000 } });
		break;
	case MSG_JOIN:
		say(f,
		    (union message){
			.attached = { MSG_ATTACHED, m->join.ref, ROOM,
			    m->join.room, 1, 1, SLICE("a topic") } });
		add_entry(f, ENTRY_JOINED, "ann", SLICE(""));
		break;
	case MSG_NAMES:
		say(f,
		    (union message){ .member = { MSG_MEMBER, m->names.ref,
					 SLICE("ann"), PRESENCE_HERE } });
		say(f,
		    (union message){
			.done = { MSG_DONE, m->names.ref, f->seq, 0 } });
		f->is_joined = true;
		break;
	case MSG_PING:
		say(f, (union message){ .pong = { MSG_PONG, m->ping.token } });
		break;
	default:
		break;
	}
}

/* ---- bytes ---- */

static void
hear(struct fake *f)
{
	ssize_t n = recv(f->fd, buf_room(&f->in, 65536), 65536, 0);
	struct frame frame;
	union message m;

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			fake_hang_up(f);
		return;
	}
	buf_grown(&f->in, (size_t)n);
	while (frame_read(buf_at(&f->in), f->in.len, PROTOCOL_FRAME_READY,
		   &frame) == GOT_ONE) {
		if (codec_decode(frame.payload, frame.len, &m) == FINE &&
		    !f->is_mute)
			answer(f, &m);
		buf_consume(&f->in, frame.used);
	}
}

static void
flush(struct fake *f)
{
	ssize_t n = send(f->fd, buf_at(&f->out), f->out.len, MSG_NOSIGNAL);

	if (n > 0)
		buf_consume(&f->out, (size_t)n);
}

int
fake_fd(const struct fake *f)
{
	return f->fd >= 0 ? f->fd : f->listener;
}

short
fake_events(const struct fake *f)
{
	return f->out.len != 0 ? POLLIN | POLLOUT : POLLIN;
}

void
fake_ready(struct fake *f, short revents)
{
	if (revents == 0)
		return;
	if (f->fd < 0) {
		f->fd = accept4(
		    f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		return;
	}
	if (revents & (POLLIN | POLLHUP | POLLERR))
		hear(f);
	if (f->fd >= 0 && f->out.len != 0)
		flush(f);
}
