#include "peer.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "codec.h"
#include "frame.h"
#include "sock.h"
#include "wire.h"

/* ---- connecting and closing ---- */

static int
wait_for(int fd, short events, int64_t until_ms)
{
	struct pollfd p = { fd, events, 0 };
	int64_t left;
	int n;

	do {
		left = until_ms - clock_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n;
}

bool
peer_connect(struct peer *p, const char *address)
{
	struct sock_name name;
	struct sock_addr at[4];
	size_t n;

	*p = (struct peer){ .fd = -1 };
	if (sock_parse(address, &name) != NULL ||
	    sock_resolve(&name, false, at, 4, &n) != NULL)
		return false;
	p->is_unix = name.is_unix;
	p->fd = sock_connect(&at[0]);
	if (p->fd < 0)
		return false;
	if (wait_for(p->fd, POLLOUT, clock_ms() + PEER_WAIT_MS) <= 0 ||
	    sock_connected(p->fd) != 0) {
		peer_close(p);
		return false;
	}
	sock_tune(p->fd);
	return true;
}

void
peer_close(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	buf_done(&p->in);
	buf_done(&p->out);
	*p = (struct peer){ .fd = -1 };
}

void
peer_reset(struct peer *p)
{
	const struct linger now = { 1, 0 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	peer_close(p);
}

void
peer_half_close(struct peer *p)
{
	shutdown(p->fd, SHUT_WR);
}

/* ---- sending ---- */

static size_t
put_field(struct buf *out, const struct field *f, const void *held)
{
	const struct slice *s = held;
	size_t before = out->len;

	switch (f->kind) {
	case KIND_u8:
		buf_add_u8(out, *(const kind_u8 *)held);
		break;
	case KIND_u16:
		buf_add_u16(out, *(const kind_u16 *)held);
		break;
	case KIND_u32:
		buf_add_u32(out, *(const kind_u32 *)held);
		break;
	case KIND_u64:
		buf_add_u64(out, *(const kind_u64 *)held);
		break;
	case KIND_id:
		buf_add(out, ((const kind_id *)held)->byte, sizeof(kind_id));
		break;
	case KIND_name:
		buf_add_u8(out, (uint8_t)s->len);
		buf_add_slice(out, *s);
		break;
	case KIND_text:
	case KIND_data:
		buf_add_u16(out, (uint16_t)s->len);
		buf_add_slice(out, *s);
		break;
	}
	return out->len - before;
}

void
peer_encode(struct buf *out, const union message *m)
{
	const struct message_row *row = protocol_row(m->type);
	const struct field *f;
	size_t at = out->len, length = 1;

	buf_add_u32(out, 0);
	buf_add_u8(out, (uint8_t)m->type);
	for (f = row->fields; f->name != NULL; f++)
		length += put_field(out, f, (const char *)m + f->offset);
	wire_put_u32(buf_at(out) + at, (uint32_t)length);
}

/* On a UNIX socket the kernel tells what the other side has not read yet, so
 * a piece is known to be taken alone.  false: something came, or an end. */
static bool
wait_until_read(struct peer *p)
{
	int64_t until = clock_ms() + PEER_WAIT_MS;
	int left = 0;

	while (p->is_unix && clock_ms() < until) {
		if (ioctl(p->fd, SIOCOUTQ, &left) < 0 || left == 0)
			break;
		if (wait_for(p->fd, 0, clock_ms()) != 0)
			return false;
	}
	return p->every_ms == 0 ||
	    wait_for(p->fd, POLLIN, clock_ms() + p->every_ms) == 0;
}

static bool
send_piece(struct peer *p, const uint8_t *at, size_t len)
{
	int64_t until = clock_ms() + PEER_WAIT_MS;
	ssize_t n;

	while (len > 0) {
		n = send(p->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			if (wait_for(p->fd, POLLOUT, until) <= 0)
				return false;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

bool
peer_send_bytes(struct peer *p, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	size_t n;

	if (p->is_gathering) {
		buf_add(&p->out, bytes, len);
		return true;
	}
	for (; len > 0; at += n, len -= n) {
		n = p->piece != 0 && p->piece < len ? p->piece : len;
		if (!send_piece(p, at, n))
			return false;
		if (p->piece != 0 && !wait_until_read(p))
			return true;
	}
	return true;
}

void
peer_flush(struct peer *p)
{
	p->is_gathering = false;
	peer_send_bytes(p, buf_at(&p->out), p->out.len);
	buf_clear(&p->out);
}

void
peer_send(struct peer *p, const union message *m)
{
	struct buf bytes = { 0 };

	peer_encode(&bytes, m);
	peer_send_bytes(p, buf_at(&bytes), bytes.len);
	buf_done(&bytes);
}

/* ---- hearing ---- */

static enum heard
receive(struct peer *p, int64_t until)
{
	uint8_t *room;
	ssize_t n;

	for (;;) {
		room = buf_room(&p->in, 65536);
		n = recv(p->fd, room, 65536, 0);
		if (n > 0) {
			buf_grown(&p->in, (size_t)n);
			return HEARD_MESSAGE;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			p->is_over = true;
			return n == 0 ? HEARD_END : HEARD_RESET;
		}
		if (errno == EAGAIN && wait_for(p->fd, POLLIN, until) == 0)
			return HEARD_NOTHING;
	}
}

static void
forget_last(struct peer *p)
{
	buf_consume(&p->in, p->used);
	p->used = 0;
}

enum heard
peer_hear(struct peer *p, union message *out, int wait_ms)
{
	int64_t until = clock_ms() + wait_ms;
	struct frame f;
	enum heard heard;
	enum got got;

	forget_last(p);
	for (;;) {
		got = frame_read(
		    buf_at(&p->in), p->in.len, PROTOCOL_FRAME_READY, &f);
		if (got == GOT_BAD)
			return HEARD_NONSENSE;
		if (got == GOT_ONE)
			break;
		heard = receive(p, until);
		if (heard == HEARD_END && p->in.len != 0)
			return HEARD_NONSENSE;
		if (heard != HEARD_MESSAGE)
			return heard;
	}
	if (codec_decode(f.payload, f.len, out) != FINE)
		return HEARD_NONSENSE;
	p->used = f.used;
	return HEARD_MESSAGE;
}

struct slice
peer_hear_bytes(struct peer *p, size_t n, int wait_ms)
{
	int64_t until = clock_ms() + wait_ms;
	struct slice got;

	forget_last(p);
	while (p->in.len < n && receive(p, until) == HEARD_MESSAGE)
		continue;
	got = buf_slice(&p->in);
	if (got.len > n)
		got.len = n;
	p->used = got.len;
	return got;
}

bool
peer_hear_type(struct peer *p, enum message_type type, union message *out)
{
	while (peer_hear(p, out, PEER_WAIT_MS) == HEARD_MESSAGE)
		if (out->type == type)
			return true;
	return false;
}

/* ---- what most tests begin with ---- */

void
peer_device(struct id *device)
{
	if (getrandom(device->byte, sizeof(device->byte), 0) < 0)
		memset(device->byte, 0x5a, sizeof(device->byte));
}

bool
peer_enter(struct peer *p, const char *address, const char *nick)
{
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.nick = slice_of(nick),
				.software = SLICE("test") } };

	if (!peer_connect(p, address))
		return false;
	peer_device(&m.hello.device);
	peer_send(p, &m);
	if (!peer_hear_type(p, MSG_WELCOME, &m))
		return false;
	snprintf(p->nick, sizeof(p->nick), "%.*s", SLICE_ARG(m.welcome.nick));
	return true;
}

uint32_t
peer_join(struct peer *p, const char *room)
{
	union message m = {
		.join = { .type = MSG_JOIN, .ref = 1, .room = slice_of(room) }
	};
	uint32_t number;

	peer_send(p, &m);
	if (!peer_hear_type(p, MSG_ATTACHED, &m))
		return 0;
	number = m.attached.room;
	do
		if (!peer_hear_type(p, MSG_ENTRY, &m))
			return 0;
	while (m.entry.room != number || m.entry.kind != ENTRY_JOINED ||
	    !slice_is(m.entry.who, slice_of(p->nick)));
	return number;
}

void
peer_say(struct peer *p, uint64_t n, const char *to, const char *text)
{
	union message m = { .say = { .type = MSG_SAY,
				.n = n,
				.to = slice_of(to),
				.kind = ENTRY_SAID,
				.text = slice_of(text) } };

	peer_send(p, &m);
}
