#include "fleet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "codec.h"
#include "frame.h"
#include "peer.h"
#include "sock.h"
#include "xmalloc.h"

enum {
	AGAIN_MS = 3,	 /* until dialing again */
	FELLOWS = 64,	 /* at most */
	TOO_LONG = 40,	 /* one of so many */
	FIRST_REF = 100, /* of join; attach: plus FLEET_ROOMS */
};

uint64_t
fleet_draw(struct fleet *f, uint64_t below)
{
	f->seed = f->seed * 6364136223846793005u + 1442695040888963407u;
	return (f->seed >> 33) % below;
}

static struct fellow *
add_fellow(struct fleet *f)
{
	struct fellow *o = &f->at[f->n];

	*o = (struct fellow){ .fd = -1 };
	snprintf(o->nick, sizeof(o->nick), "f%u", f->n++);
	o->client = history_client(&f->history, slice_of(o->nick));
	peer_device(&o->device);
	return o;
}

void
fleet_init(struct fleet *f, unsigned clients, uint64_t seed)
{
	*f = (struct fleet){
		.seed = seed,
		.rooms = FLEET_ROOMS,
		.wait_ms = FLEET_WAIT_MS,
		.most = ULONG_MAX,
	};
	f->at = xcalloc(FELLOWS, sizeof(*f->at));
	while (clients-- != 0)
		add_fellow(f);
}

static void
hang_up(struct fellow *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	buf_clear(&o->in);
	buf_clear(&o->out);
	o->again_ms = clock_ms() + AGAIN_MS;
	for (unsigned r = 0; r < FLEET_ROOMS; r++)
		o->places[r].is_attached = false;
}

void
fleet_done(struct fleet *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		hang_up(&f->at[i]);
		buf_done(&f->at[i].in);
		buf_done(&f->at[i].out);
	}
	free(f->at);
	history_free(&f->history);
}

void
fleet_at(struct fleet *f, const char *address)
{
	snprintf(f->address, sizeof(f->address), "%s", address);
}

/* ---- saying ---- */

static void
room_name(unsigned room, char name[16])
{
	snprintf(name, 16, "#room-%u", room);
}

static void
send_say(struct fleet *f, struct fellow *o, struct saying *s)
{
	union message m = { .say = { .type = MSG_SAY,
				.kind = ENTRY_SAID,
				.text = slice_of(s->text) } };
	char name[16];

	if (s->n != 0)
		f->resent++;
	else
		s->n = o->next_n++;
	s->is_sent = true;
	o->due++;
	room_name(s->room, name);
	m.say.n = s->n;
	m.say.to = slice_of(name);
	peer_encode(&o->out, &m);
}

static void
think(struct fleet *f, struct fellow *o)
{
	struct saying *s = &o->queue[o->n++];
	bool is_long = fleet_draw(f, TOO_LONG) == 0;
	size_t len = is_long ? FLEET_TEXT_MAX + 1
			     : 20 + (size_t)fleet_draw(f, FLEET_TEXT_MAX - 20);
	int used;

	*s = (struct saying){ .room = (unsigned)fleet_draw(f, f->rooms),
		.serial = ++f->serial };
	used = snprintf(
	    s->text, sizeof(s->text), "%s %ju ", o->nick, (uintmax_t)s->serial);
	if (is_long || (size_t)used < len)
		memset(s->text + used, '.', len - (size_t)used);
	s->text[len] = '\0';
	history_says(&f->history, o->client, slice_of(s->text));
}

/* Behind what was refused nothing is sent until all answers are there; then
 * what is left is numbered anew. */
static bool
has_gone_back(struct fleet *f, struct fellow *o)
{
	if (o->lowest == 0)
		return true;
	if (o->due != 0 || clock_ms() < o->again_ms)
		return false;
	f->resent += o->n;
	for (size_t i = 0; i < o->n; i++)
		o->queue[i].n = 0;
	o->next_n = o->lowest;
	o->lowest = 0;
	return true;
}

static void
say_some(struct fleet *f, struct fellow *o)
{
	if (o->state != ENTERED || o->is_reader || !has_gone_back(f, o))
		return;
	for (size_t i = 0; i < o->n; i++) {
		if (o->queue[i].is_sent)
			continue;
		if (!o->places[o->queue[i].room].is_attached)
			return;
		send_say(f, o, &o->queue[i]);
	}
	for (unsigned r = 0; r < f->rooms; r++)
		if (!o->places[r].is_attached)
			return;
	while (!f->is_quiet && f->most != 0 && o->n < FLEET_WINDOW &&
	    fleet_draw(f, 4) != 0) {
		f->most--;
		think(f, o);
		send_say(f, o, &o->queue[o->n - 1]);
	}
}

/* ---- answers ---- */

static void
drop(struct fellow *o, struct saying *s)
{
	size_t i = (size_t)(s - o->queue);

	memmove(s, s + 1, (--o->n - i) * sizeof(*s));
}

static struct saying *
of_number(struct fellow *o, uint64_t n)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->queue[i].is_sent && o->queue[i].n == n)
			return &o->queue[i];
	return NULL;
}

static unsigned
room_of(const struct fleet *f, const struct fellow *o, uint32_t number)
{
	unsigned r = 0;

	while (r < f->rooms && o->places[r].number != number)
		r++;
	return r;
}

static void
rise(struct fleet *f, unsigned room, uint64_t seq)
{
	if (room < f->rooms && f->head[room] < seq)
		f->head[room] = seq;
}

static void
on_stored(struct fleet *f, struct fellow *o, const struct msg_stored *m)
{
	struct saying *s = of_number(o, m->n);

	if (s == NULL) {
		f->strange++;
		return;
	}
	o->due--;
	f->stored++;
	rise(f, room_of(f, o, m->room), m->seq);
	history_stored(
	    &f->history, o->client, slice_of(s->text), m->room, m->seq);
	drop(o, s);
}

static void
say_refused(struct fleet *f, struct fellow *o, const struct msg_refused *m)
{
	struct saying *s = of_number(o, m->ref);

	if (s == NULL) {
		f->strange++;
		return;
	}
	o->due--;
	f->refused++;
	f->unavailable += m->code == REFUSE_UNAVAILABLE;
	if (o->lowest == 0 || m->ref < o->lowest)
		o->lowest = m->ref;
	if (m->wait != 0)
		o->again_ms = clock_ms() + m->wait;
	s->is_sent = false;
	if (m->code == REFUSE_OUT_OF_ORDER || m->wait != 0)
		return;
	history_refused(&f->history, o->client, slice_of(s->text));
	drop(o, s);
}

/* ---- rooms ---- */

static void
enter_room(struct fleet *f, struct fellow *o, unsigned room)
{
	struct place *p = &o->places[room];
	char name[16];
	union message m = { .join = {
				.type = MSG_JOIN, .ref = FIRST_REF + room } };

	room_name(room, name);
	m.join.room = slice_of(name);
	if (p->number != 0)
		m = (union message){ .attach = { .type = MSG_ATTACH,
					 .ref = FIRST_REF + FLEET_ROOMS + room,
					 .room = slice_of(name),
					 .seq = p->cursor } };
	p->asked = history_asks(&f->history, o->client);
	peer_encode(&o->out, &m);
}

static void
on_attached(struct fleet *f, struct fellow *o, const struct msg_attached *m)
{
	unsigned room = (m->ref - FIRST_REF) % FLEET_ROOMS;
	struct place *p = &o->places[room];
	bool is_join = m->ref < FIRST_REF + FLEET_ROOMS;

	p->number = m->room;
	rise(f, room, m->head);
	if (o->is_reader && is_join) {
		p->cursor = 0;
		enter_room(f, o, room);
		return;
	}
	p->is_attached = true;
	p->cursor = m->first - 1;
	history_attached(
	    &f->history, o->client, p->asked, m->room, m->first, m->head);
}

static void
on_entry(struct fleet *f, struct fellow *o, const struct msg_entry *m)
{
	unsigned room = room_of(f, o, m->room);

	if (room == f->rooms) {
		f->strange++;
		return;
	}
	rise(f, room, m->seq);
	if (!o->places[room].is_attached)
		return;
	o->places[room].cursor = m->seq;
	history_sees(&f->history, o->client, m);
}

/* The server knows less of the room than we do: from its beginning, then. */
static void
room_refused(struct fleet *f, struct fellow *o, const struct msg_refused *m)
{
	unsigned room = (unsigned)(m->ref - FIRST_REF) % FLEET_ROOMS;
	struct place *p = &o->places[room];

	if (m->code == REFUSE_SEQ_BAD)
		p->cursor = 0;
	else
		p->number = 0;
	enter_room(f, o, room);
}

/* ---- coming back ---- */

/* What is stored by what welcome says is settled, or said again to see that the
 * answer is the same. */
static void
on_welcome(struct fleet *f, struct fellow *o, const struct msg_welcome *m)
{
	bool is_trusting = fleet_draw(f, 2) == 0;

	f->entered++;
	f->log = m->log;
	o->state = ENTERED;
	o->next_n = m->last + 1;
	o->lowest = 0;
	o->due = 0;
	for (size_t i = 0; i < o->n;) {
		struct saying *s = &o->queue[i];

		s->is_sent = false;
		if (s->n > m->last) {
			f->resent++;
			s->n = 0;
		}
		if (s->n != 0 && is_trusting) {
			history_stored(
			    &f->history, o->client, slice_of(s->text), 0, 0);
			drop(o, s);
			continue;
		}
		i++;
	}
	for (unsigned r = 0; r < f->rooms; r++)
		enter_room(f, o, r);
}

static void
take(struct fleet *f, struct fellow *o, const union message *m)
{
	union message pong = { .pong = { MSG_PONG, m->ping.token } };

	switch (m->type) {
	case MSG_WELCOME:
		on_welcome(f, o, &m->welcome);
		break;
	case MSG_ATTACHED:
		on_attached(f, o, &m->attached);
		break;
	case MSG_ENTRY:
		on_entry(f, o, &m->entry);
		break;
	case MSG_STORED:
		on_stored(f, o, &m->stored);
		break;
	case MSG_REFUSED:
		if (m->refused.request == MSG_SAY)
			say_refused(f, o, &m->refused);
		else if (m->refused.request == MSG_HELLO)
			hang_up(o);
		else
			room_refused(f, o, &m->refused);
		break;
	case MSG_PING:
		peer_encode(&o->out, &pong);
		break;
	default:
		break;
	}
}

/* ---- bytes ---- */

static void
dial(struct fleet *f, struct fellow *o)
{
	struct sock_name name;
	struct sock_addr at;
	size_t n;

	if (sock_parse(f->address, &name) != NULL ||
	    sock_resolve(&name, false, &at, 1, &n) != NULL)
		return;
	o->fd = sock_connect(&at);
	o->state = DIALLING;
	if (o->fd < 0)
		hang_up(o);
}

static void
greet(struct fellow *o)
{
	const union message hello = { .hello = { .type = MSG_HELLO,
					  .version = PROTOCOL_VERSION,
					  .device = o->device,
					  .nick = slice_of(o->nick),
					  .software = SLICE("fleet") } };

	if (sock_connected(o->fd) != 0) {
		hang_up(o);
		return;
	}
	sock_tune(o->fd);
	o->state = GREETING;
	peer_encode(&o->out, &hello);
}

static void
flush(struct fellow *o)
{
	ssize_t n;

	if (o->fd < 0 || o->state == DIALLING || o->out.len == 0)
		return;
	n = send(o->fd, buf_at(&o->out), o->out.len, MSG_NOSIGNAL);
	if (n > 0)
		buf_consume(&o->out, (size_t)n);
	/* An end is found by reading: there may be answers before it. */
	else if (errno != EAGAIN && errno != EINTR)
		buf_clear(&o->out);
}

static void
hear(struct fleet *f, struct fellow *o)
{
	ssize_t n = recv(o->fd, buf_room(&o->in, 65536), 65536, 0);
	union message m;
	struct frame frame;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(o);
		return;
	}
	buf_grown(&o->in, (size_t)n);
	while (o->fd >= 0 &&
	    frame_read(buf_at(&o->in), o->in.len, PROTOCOL_FRAME_READY,
		&frame) == GOT_ONE) {
		if (codec_decode(frame.payload, frame.len, &m) == FINE)
			take(f, o, &m);
		else
			f->strange++;
		if (o->fd >= 0)
			buf_consume(&o->in, frame.used);
	}
}

void
fleet_turn(struct fleet *f, int wait_ms)
{
	struct pollfd p[FELLOWS];
	int64_t now = clock_ms();

	for (unsigned i = 0; i < f->n; i++) {
		struct fellow *o = &f->at[i];

		if (o->fd < 0 && now >= o->again_ms)
			dial(f, o);
		if (o->fd < 0 || o->again_ms > now)
			wait_ms = wait_ms < AGAIN_MS ? wait_ms : AGAIN_MS;
		say_some(f, o);
		flush(o);
		p[i] = (struct pollfd){ .fd = o->fd, .events = POLLIN };
		if (o->fd >= 0 && (o->state == DIALLING || o->out.len != 0))
			p[i].events |= POLLOUT;
	}
	if (poll(p, f->n, wait_ms) <= 0)
		return;
	for (unsigned i = 0; i < f->n; i++) {
		if (f->at[i].fd < 0 || p[i].revents == 0)
			continue;
		if (f->at[i].state == DIALLING)
			greet(&f->at[i]);
		else if (p[i].revents & ~POLLOUT)
			hear(f, &f->at[i]);
	}
}

/* ---- waiting ---- */

bool
fleet_until(struct fleet *f, bool (*is_so)(struct fleet *, void *), void *arg)
{
	int64_t until = clock_ms() + f->wait_ms;

	while (!is_so(f, arg)) {
		if (clock_ms() >= until)
			return false;
		fleet_turn(f, 10);
	}
	return true;
}

static bool
is_attached(const struct fleet *f, const struct fellow *o)
{
	for (unsigned r = 0; r < f->rooms; r++)
		if (!o->places[r].is_attached)
			return false;
	return o->fd >= 0 && o->state == ENTERED;
}

static bool
is_settled(struct fleet *f, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < f->n; i++) {
		const struct fellow *o = &f->at[i];

		if (o->n != 0 || !is_attached(f, o))
			return false;
		for (unsigned r = 0; r < f->rooms; r++)
			if (o->places[r].cursor < f->head[r])
				return false;
	}
	return true;
}

bool
fleet_settle(struct fleet *f)
{
	bool was_quiet = f->is_quiet, is_well;

	f->is_quiet = true;
	is_well = fleet_until(f, is_settled, NULL);
	f->is_quiet = was_quiet;
	return is_well;
}

static bool
has_recovered(struct fleet *f, void *arg)
{
	const uint64_t *mark = arg;

	for (unsigned i = 0; i < f->n; i++) {
		const struct fellow *o = &f->at[i];

		if (!is_attached(f, o) ||
		    (o->n != 0 && o->queue[0].serial <= *mark))
			return false;
	}
	return true;
}

bool
fleet_recovers(struct fleet *f)
{
	uint64_t mark = f->serial;

	return fleet_until(f, has_recovered, &mark);
}

void
fleet_judge(struct fleet *f, struct verdict *v)
{
	f->is_quiet = true;
	fleet_settle(f);
	add_fellow(f)->is_reader = true;
	fleet_settle(f);
	history_check(&f->history, v);
}
