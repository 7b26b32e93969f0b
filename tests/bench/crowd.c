#include "crowd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "wire.h"
#include "xmalloc.h"

enum { EVENTS = 1024, LENGTH = 4 }; /* bytes of a length */

static uint8_t input[1 << 20];

void
crowd_init(struct crowd *c, const struct tongue *tongue, const char *address,
    uint32_t cap)
{
	struct sock_name name;
	const char *wrong = sock_parse(address, &name);
	size_t n;

	*c = (struct crowd){ .tongue = tongue, .cap = cap };
	if (wrong == NULL)
		wrong = sock_resolve(&name, false, &c->server, 1, &n);
	if (wrong != NULL)
		fatalx(69, "%s: %s", address, wrong);
	c->at = xcalloc(cap, sizeof(*c->at));
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0)
		fatal(71, "epoll");
}

static void
hang_up(struct one *o)
{
	const struct linger now = { 1, 0 };

	if (o->fd < 0)
		return;
	setsockopt(o->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(o->fd);
	o->fd = -1;
}

void
crowd_done(struct crowd *c)
{
	while (c->n > 0)
		hang_up(&c->at[--c->n]);
	free(c->at);
	close(c->epoll);
}

/* ---- hearing ---- */

/* Goes from header to header; what lies between is not looked at. */
static void
count(struct crowd *c, struct one *o, const uint8_t *at, size_t len)
{
	const struct tongue *tongue = c->tongue;
	size_t i = 0;

	if (o->skip >= len) {
		o->skip -= (uint32_t)len;
		return;
	}
	i = o->skip;
	o->skip = 0;
	while (o->part_len != 0 && o->part_len < TONGUE_HEADER && i < len)
		o->part[o->part_len++] = at[i++];
	if (o->part_len == TONGUE_HEADER) {
		tongue->count(&o->heard, o->part[LENGTH], o->who);
		i += wire_get_u32(o->part) - 1;
		o->part_len = 0;
	}
	for (; i + TONGUE_HEADER <= len; i += LENGTH + wire_get_u32(at + i))
		tongue->count(&o->heard, at[i + LENGTH], o->who);
	if (i > len) {
		o->skip = (uint32_t)(i - len);
	} else if (i < len) {
		memcpy(o->part, at + i, len - i);
		o->part_len = (uint8_t)(len - i);
	}
}

static void
add_difference(
    struct tally *to, const struct tally *before, const struct tally *now)
{
	to->entries += now->entries - before->entries;
	to->own += now->own - before->own;
	to->joined += now->joined - before->joined;
	to->pongs += now->pongs - before->pongs;
	to->strange += now->strange - before->strange;
	to->bytes += now->bytes - before->bytes;
}

static void
hear(struct crowd *c, struct one *o)
{
	struct tally before = o->heard;
	ssize_t n = recv(o->fd, input, sizeof(input), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->lost++;
		hang_up(o);
		return;
	}
	o->heard.bytes += (uint64_t)n;
	count(c, o, input, (size_t)n);
	add_difference(&c->heard, &before, &o->heard);
}

/* ---- talking ---- */

static void
watch(struct crowd *c, struct one *o, int op, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = o };

	if (epoll_ctl(c->epoll, op, o->fd, &e) < 0)
		fatal(71, "epoll_ctl");
}

static void
flush(struct crowd *c, struct one *o)
{
	struct talker *t = o->talker;
	ssize_t n = send(o->fd, buf_at(&t->out), t->out.len, MSG_NOSIGNAL);

	if (n > 0)
		buf_consume(&t->out, (size_t)n);
	if (t->out.len != 0)
		watch(c, o, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

void
crowd_say(struct crowd *c, struct one *o)
{
	struct talker *t = o->talker;

	if (t->out.len != 0 || o->fd < 0)
		return;
	while (t->said - o->heard.own < t->window && t->said < t->most)
		c->tongue->say(&t->out, o->who, o->room, ++t->said, t->text);
	if (t->out.len != 0)
		flush(c, o);
}

static void
act(struct crowd *c, struct one *o, uint32_t events)
{
	if (events & EPOLLOUT) {
		watch(c, o, EPOLL_CTL_MOD, o->is_deaf ? 0 : EPOLLIN);
		flush(c, o);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		hear(c, o);
	if (o->talker != NULL)
		crowd_say(c, o);
}

bool
crowd_turn(struct crowd *c, int wait_ms)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(c->epoll, e, EVENTS, wait_ms), i;

	for (i = 0; i < n; i++)
		act(c, e[i].data.ptr, e[i].events);
	return n > 0;
}

void
crowd_settle(struct crowd *c, int quiet_ms)
{
	while (crowd_turn(c, quiet_ms))
		continue;
}

void
crowd_talk(struct one *o, struct talker *t, size_t text, unsigned window)
{
	*t = (struct talker){ .text = text,
		.window = window,
		.most = UINT64_MAX,
		.said = o->heard.own };
	o->talker = t;
}

void
crowd_deafen(struct crowd *c, struct one *o, bool is_deaf)
{
	o->is_deaf = is_deaf;
	watch(c, o, EPOLL_CTL_MOD, is_deaf ? 0 : EPOLLIN);
}

/* ---- entering ---- */

static void
dial(struct crowd *c, uint32_t room)
{
	struct one *o = &c->at[c->n];
	struct buf out = { 0 };
	int flags = SOCK_STREAM | SOCK_CLOEXEC;

	*o = (struct one){ .who = c->n++, .room = room };
	o->fd = socket(c->server.sa.sa_family, flags, 0);
	if (o->fd < 0 || connect(o->fd, &c->server.sa, c->server.len) < 0)
		fatal(71, "connection %u", o->who);
	sock_tune(o->fd);
	c->tongue->enter(&out, o->who, room);
	if (send(o->fd, buf_at(&out), out.len, MSG_NOSIGNAL) < 0)
		fatal(71, "connection %u", o->who);
	buf_done(&out);
	watch(c, o, EPOLL_CTL_ADD, EPOLLIN);
}

void
crowd_enter(struct crowd *c, uint32_t n, uint32_t per_room, uint32_t room,
    uint32_t ahead)
{
	uint64_t before = c->heard.joined;
	uint32_t sent = 0;

	while (c->heard.joined - before < n) {
		while (sent < n && sent - (c->heard.joined - before) < ahead)
			dial(c, room + sent++ / per_room);
		if (!crowd_turn(c, 5000) || c->lost != 0)
			fatalx(70, "%s: %ju of %u got in", c->tongue->name,
			    (uintmax_t)(c->heard.joined - before), n);
	}
}
