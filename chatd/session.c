#include "session.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "blob.h"
#include "bucket.h"
#include "buf.h"
#include "clock.h"
#include "codec.h"
#include "conn.h"
#include "dialect.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "requests.h"
#include "settings.h"
#include "sock.h"
#include "table.h"

enum {
	BYE_MS = 5000,	      /* until a bye has been taken by the peer */
	REFUSED_AT_ONCE = 64, /* connections being told that we are full */
	OUT_IOV = SESSION_PIECES + 1,
};

enum state {
	STATE_FRESH,	/* nothing said yet */
	STATE_GREETING, /* hello is being answered; nothing more is read */
	STATE_READY,
	STATE_ENDING,  /* the peer sends no more: answer what it asked */
	STATE_CLOSING, /* bye is on its way out */
	STATE_OVER,    /* bye is out; waiting for the connection to end */
};

static const char *const state_names[] = { "fresh", "greeting", "ready",
	"ending", "closing", "over" };

struct session {
	struct client client; /* first: the hub gives back its address */
	struct sessions *all;
	struct conn *conn;
	struct session *prev, *next;
	struct session *next_marked;
	struct network *network; /* NULL: not counted */
	uint32_t number;
	uint8_t state; /* enum state */
	bool is_marked;
	bool is_blocked; /* wait for writable() */
	bool is_paused;
	bool is_pinged;
	bool owes_unsure;
	bool pieces_first; /* the first piece has begun, finish it */
	bool is_refused;   /* only here to be told that we are full */
	uint8_t n_pieces;
	struct piece *pieces; /* pulled, not taken yet */
	struct buf out;	      /* answers, not taken yet */
	struct bucket bucket;
	struct timer timer;
	int64_t heard_ms;
	int64_t part_ms; /* a message began and is not complete; 0: none */
	const char *why; /* it ends; NULL: as conn says */
};

/* Connections from one address. */
struct network {
	struct id id;
	unsigned n;
	UT_hash_handle hh;
};

struct sessions {
	struct loop *loop;
	struct hub *hub;
	const struct settings *settings;
	struct session *first, *marked;
	struct network *networks;
	unsigned n, n_refused;
	uint32_t number;
};

static void
mark(struct session *s)
{
	if (s->is_marked || s->state == STATE_OVER)
		return;
	s->is_marked = true;
	LL_PREPEND2(s->all->marked, s, next_marked);
}

static void
enter(struct session *s, enum state state)
{
	if (log_is_debug())
		log_debug("c%u: %s -> %s", s->number, state_names[s->state],
		    state_names[state]);
	s->state = (uint8_t)state;
}

static int64_t
now(const struct session *s)
{
	return loop_now(s->all->loop);
}

static void
set_timer(struct session *s, int64_t due_ms)
{
	heap_set(loop_timers(s->all->loop), &s->timer, due_ms);
}

/* ---- output ---- */

void
session_tell(struct session *s, const union message *m)
{
	s->client.dialect->write(&s->out, m);
	mark(s);
}

static void
refuse(struct session *s, unsigned request, uint64_t ref, enum refusal why,
    uint32_t wait_ms)
{
	union message m = { .refused = {
				.type = MSG_REFUSED,
				.request = (uint8_t)request,
				.ref = ref,
				.code = (uint16_t)why,
				.wait = wait_ms,
				.text = slice_of(refusal_text(why)),
			    } };

	session_tell(s, &m);
}

/* No more than bye goes out, and nothing comes in. */
static void
end(struct session *s, const char *why)
{
	if (s->state >= STATE_CLOSING)
		return;
	hub_gone(s->all->hub, &s->client, false, SLICE(""));
	s->why = why;
	enter(s, STATE_CLOSING);
	set_timer(s, now(s) + BYE_MS);
	mark(s);
}

static void
say_bye(struct session *s, enum refusal why, uint32_t wait_ms)
{
	union message m = { .bye = { MSG_BYE, (uint16_t)why, wait_ms,
				slice_of(refusal_text(why)) } };

	session_tell(s, &m);
}

static void
end_with(struct session *s, enum refusal why, uint32_t wait_ms)
{
	if (s->state >= STATE_CLOSING)
		return;
	say_bye(s, why, wait_ms);
	end(s, refusal_name(why));
}

void
session_bye(struct session *s, const struct msg_bye *bye)
{
	hub_gone(s->all->hub, &s->client, true, bye->text);
	say_bye(s, FINE, 0);
	end(s, "said bye");
}

/* The peer reads slower than it asks: answer first, then read on. */
static void
pace(struct session *s)
{
	bool pause = s->state == STATE_GREETING || s->out.len > SESSION_ANSWERS;

	if (pause == s->is_paused || s->state >= STATE_ENDING)
		return;
	s->is_paused = pause;
	conn_pause(s->conn, pause);
}

static size_t
gather(struct session *s, struct iovec *iov)
{
	size_t n = 0;
	struct iovec answers = { buf_at(&s->out), s->out.len };

	if (s->out.len != 0 && !s->pieces_first)
		iov[n++] = answers;
	for (size_t i = 0; i < s->n_pieces; i++)
		iov[n++] = (struct iovec){
			.iov_base = s->pieces[i].blob->data +
			    (s->pieces[i].at - s->pieces[i].blob->data),
			.iov_len = s->pieces[i].len,
		};
	if (s->out.len != 0 && s->pieces_first)
		iov[n++] = answers;
	return n;
}

static size_t
answers_taken(struct session *s, size_t taken)
{
	size_t n = taken < s->out.len ? taken : s->out.len;

	if (n != 0)
		buf_consume(&s->out, n);
	if (s->out.len == 0)
		buf_done(&s->out);
	return taken - n;
}

static size_t
pieces_taken(struct session *s, size_t taken)
{
	size_t n = 0;

	while (n < s->n_pieces && taken >= s->pieces[n].len) {
		taken -= s->pieces[n].len;
		blob_unref(s->pieces[n++].blob);
	}
	if (n < s->n_pieces) {
		s->pieces[n].at += taken;
		s->pieces[n].len -= taken;
		s->pieces_first = taken != 0;
		taken = 0;
	} else {
		s->pieces_first = false;
	}
	s->n_pieces = (uint8_t)(s->n_pieces - n);
	memmove(s->pieces, s->pieces + n, s->n_pieces * sizeof *s->pieces);
	return taken;
}

/* What was taken is forgotten, in the order of gather(). */
static void
forget(struct session *s, size_t taken)
{
	if (s->pieces_first) {
		answers_taken(s, pieces_taken(s, taken));
	} else {
		taken = answers_taken(s, taken);
		if (s->out.len == 0)
			pieces_taken(s, taken);
	}
}

/* One write: what was left over, answers, entries.  True: all was taken. */
static bool
write_out(struct session *s)
{
	struct piece pulled[SESSION_PIECES];
	struct iovec iov[OUT_IOV];
	size_t n, offered = 0, taken;
	bool is_own = s->pieces == NULL;

	if (is_own) {
		s->pieces = pulled;
		s->n_pieces = 0;
		if (s->state < STATE_CLOSING)
			s->n_pieces = (uint8_t)hub_pull(s->all->hub, &s->client,
			    pulled, SESSION_PIECES, SESSION_PULL);
	}
	n = gather(s, iov);
	for (size_t i = 0; i < n; i++)
		offered += iov[i].iov_len;
	taken = offered != 0 ? conn_write(s->conn, iov, (int)n) : 0;
	forget(s, taken);
	if (s->n_pieces == 0) {
		if (!is_own)
			free(s->pieces);
		s->pieces = NULL;
	} else if (is_own) {
		s->pieces = xcalloc(s->n_pieces, sizeof *s->pieces);
		memcpy(s->pieces, pulled, s->n_pieces * sizeof *s->pieces);
	}
	return taken == offered;
}

static bool
is_answered(const struct session *s)
{
	return s->out.len == 0 && s->n_pieces == 0 && s->client.jobs == NULL &&
	    s->client.waiting == NULL;
}

static void
flush(struct session *s)
{
	static const union message unsure = { .unsure = { MSG_UNSURE } };

	if (s->is_blocked || s->state == STATE_OVER)
		return;
	if (!write_out(s)) {
		s->is_blocked = true;
		return;
	}
	if (s->owes_unsure && s->state == STATE_READY) {
		s->owes_unsure = false;
		session_tell(s, &unsure);
	}
	pace(s);
	if (s->state == STATE_ENDING && is_answered(s))
		end(s, "closed by peer");
	if (s->state == STATE_CLOSING && s->n_pieces == 0) {
		enter(s, STATE_OVER);
		heap_cancel(loop_timers(s->all->loop), &s->timer);
		conn_finish(s->conn);
	} else if (s->client.waiting != NULL) {
		mark(s);
	}
}

void
sessions_flush(struct sessions *all)
{
	struct session *s, *marked = all->marked;

	all->marked = NULL;
	while ((s = marked) != NULL) {
		marked = s->next_marked;
		s->is_marked = false;
		flush(s);
	}
	if (all->marked != NULL)
		loop_again(all->loop);
}

/* ---- deadlines ---- */

static void
tick_ready(struct session *s)
{
	int64_t frame = s->all->settings->limits_frame * 1000;
	int64_t ping = s->all->settings->limits_ping * 1000;
	int64_t due = s->heard_ms + (s->is_pinged ? 2 * ping : ping);

	if (s->part_ms != 0 && now(s) >= s->part_ms + frame) {
		end_with(s, REFUSE_TOO_SLOW, 0);
		return;
	}
	/* Who doesn't take what we send can't be expected to answer it; if it
	 * is dead the kernel will find out. */
	if (now(s) >= due && !s->is_blocked && !s->is_paused) {
		if (s->is_pinged) {
			end_with(s, REFUSE_IDLE, 0);
			return;
		}
		session_tell(s,
		    &(union message){ .ping = { MSG_PING, (uint64_t)now(s) } });
		s->is_pinged = true;
		due += ping;
	}
	if (due <= now(s))
		due = now(s) + ping;
	if (s->part_ms != 0 && s->part_ms + frame < due)
		due = s->part_ms + frame;
	/* A message may begin any time: look again before its deadline. */
	if (due > now(s) + frame)
		due = now(s) + frame;
	set_timer(s, due);
}

/* ---- what the hub says ---- */

static struct session *
session_of(struct client *client)
{
	return (struct session *)client;
}

static void
client_tell(struct client *client, const union message *m)
{
	struct session *s = session_of(client);

	if (m->type == MSG_WELCOME) {
		enter(s, STATE_READY);
		tick_ready(s);
		log_info("c%u: %.*s: welcome", s->number,
		    SLICE_ARG(m->welcome.nick));
	}
	session_tell(s, m);
}

static void
client_news(struct client *client, struct slice encoded)
{
	struct session *s = session_of(client);

	if (s->out.len > SESSION_ANSWERS) {
		s->owes_unsure = true;
		return;
	}
	buf_add_slice(&s->out, encoded);
	mark(s);
}

static void
client_wake(struct client *client)
{
	mark(session_of(client));
}

static void
client_end(struct client *client, enum refusal why)
{
	end_with(session_of(client), why, 0);
}

static const struct client_ops client_ops = {
	.tell = client_tell,
	.news = client_news,
	.wake = client_wake,
	.end = client_end,
};

/* ---- input ---- */

/* The row's rules, before its handler. */
static enum refusal
check(struct session *s, const union message *m, uint32_t *wait_ms)
{
	const struct message_row *row = protocol_row(m->type);
	const struct settings *set = s->all->settings;
	bool is_fresh = s->state == STATE_FRESH;

	if (row == NULL || row->from == FROM_SERVER)
		return REFUSE_UNKNOWN_TYPE;
	if (row->when != WHEN_ANY && is_fresh != (row->when == WHEN_FRESH))
		return REFUSE_WRONG_STATE;
	*wait_ms = bucket_take(&s->bucket, row->cost,
	    (unsigned)set->limits_rate, (unsigned)set->limits_burst, now(s));
	return *wait_ms != 0 ? REFUSE_TOO_FAST : FINE;
}

static void
handle(struct session *s, const union message *m, enum refusal why)
{
	uint32_t wait_ms = 0;

	if (why == FINE)
		why = check(s, m, &wait_ms);
	if (why == FINE) {
		if (m->type != MSG_PONG)
			s->client.asked_ms = now(s);
		why = requests_handle(s, m);
		if (why == REFUSE_TOO_FAST || why == REFUSE_UNAVAILABLE)
			wait_ms = 1000;
	}
	if (why == FINE) {
		if (m->type == MSG_HELLO)
			enter(s, STATE_GREETING);
		return;
	}
	log_debug("c%u: refused: %s", s->number, refusal_name(why));
	refuse(s, m->type, codec_ref(m), why, wait_ms);
	if (refusal_closes(why))
		end_with(s, why, 0);
}

static void
lost_track(struct session *s, enum refusal why, struct slice alien)
{
	if (alien.len != 0) {
		buf_add_slice(&s->out, alien);
		end(s, refusal_name(why));
		return;
	}
	refuse(s, 0, 0, why, 0);
	end_with(s, why, 0);
}

static size_t
on_bytes(void *owner, const uint8_t *at, size_t len)
{
	struct session *s = owner;
	size_t used = 0;

	s->heard_ms = now(s);
	s->is_pinged = false;
	hub_time(s->all->hub, now(s), clock_wall_ms());
	while (used < len) {
		struct slice alien = { 0 };
		enum refusal why = FINE;
		union message m;
		size_t n = 0;

		if (s->state >= STATE_CLOSING)
			return len;
		if (s->state == STATE_GREETING ||
		    s->out.len > SESSION_ANSWERS) {
			s->part_ms = 0;
			pace(s);
			return used;
		}
		switch (s->client.dialect->read(at + used, len - used,
		    s->state == STATE_FRESH, &m, &n, &why, &alien)) {
		case GOT_ONE:
			used += n;
			s->part_ms = 0;
			handle(s, &m, why);
			break;
		case GOT_PART:
			if (s->part_ms == 0)
				s->part_ms = now(s);
			return used;
		case GOT_BAD:
			lost_track(s, why, alien);
			return len;
		}
	}
	s->part_ms = 0;
	return used;
}

/* Whatever was asked before the end is answered, then it is over. */
static void
on_eof(void *owner)
{
	struct session *s = owner;

	if (s->state >= STATE_CLOSING)
		return;
	enter(s, STATE_ENDING);
	set_timer(s, now(s) + BYE_MS);
	mark(s);
}

static void
on_writable(void *owner)
{
	struct session *s = owner;

	s->is_blocked = false;
	mark(s);
}

static void
network_leave(struct session *s)
{
	struct network *network = s->network;

	if (network == NULL || --network->n != 0)
		return;
	HASH_DEL(s->all->networks, network);
	free(network);
}

static void
on_gone(void *owner, const char *why)
{
	struct session *s = owner;
	struct sessions *all = s->all;

	log_info("c%u: closed: %s", s->number, s->why != NULL ? s->why : why);
	hub_time(all->hub, now(s), clock_wall_ms());
	hub_gone(all->hub, &s->client, false, slice_of(why));
	heap_cancel(loop_timers(all->loop), &s->timer);
	if (s->is_marked)
		LL_DELETE2(all->marked, s, next_marked);
	DL_DELETE(all->first, s);
	for (size_t i = 0; i < s->n_pieces; i++)
		blob_unref(s->pieces[i].blob);
	free(s->pieces);
	buf_done(&s->out);
	network_leave(s);
	all->n--;
	all->n_refused -= s->is_refused;
	free(s);
}

static const struct conn_ops conn_ops = {
	.bytes = on_bytes,
	.eof = on_eof,
	.writable = on_writable,
	.gone = on_gone,
};

/* ---- what is due ---- */

static void
tick(struct timer *t)
{
	struct session *s =
	    (struct session *)((char *)t - offsetof(struct session, timer));

	switch ((enum state)s->state) {
	case STATE_FRESH:
	case STATE_GREETING:
		end_with(s, REFUSE_TOO_SLOW, 0);
		break;
	case STATE_READY:
		tick_ready(s);
		break;
	case STATE_ENDING:
		end(s, "closed by peer");
		break;
	case STATE_CLOSING:
		conn_close(s->conn, "does not read");
		break;
	case STATE_OVER:
		break;
	}
}

/* ---- coming and going ---- */

static bool
network_enter(
    struct sessions *all, struct session *s, const struct sock_addr *peer)
{
	int64_t most = all->settings->limits_address;
	struct network *network;
	struct id id;

	if (sock_is_loopback(peer))
		return true;
	sock_network(peer, &id);
	HASH_FIND(hh, all->networks, &id, sizeof id, network);
	if (network == NULL) {
		network = xcalloc(1, sizeof *network);
		network->id = id;
		HASH_ADD(hh, all->networks, id, sizeof id, network);
	}
	network->n++;
	s->network = network;
	return most == 0 || network->n <= most;
}

static struct session *
session_new(struct sessions *all, int fd, const struct dialect *dialect)
{
	struct session *s = xcalloc(1, sizeof *s);

	s->all = all;
	s->client.ops = &client_ops;
	s->client.dialect = dialect;
	s->number = ++all->number;
	s->heard_ms = now(s);
	s->timer.fire = tick;
	s->conn = conn_new(all->loop, fd, &conn_ops, s);
	DL_PREPEND(all->first, s);
	all->n++;
	set_timer(s, now(s) + all->settings->limits_login * 1000);
	return s;
}

void
sessions_accept(void *arg, int fd, const struct dialect *dialect,
    const struct sock_addr *peer)
{
	struct sessions *all = arg;
	int64_t most = all->settings->limits_clients;
	char from[SOCK_TEXT];
	struct session *s;

	if (all->n_refused >= REFUSED_AT_ONCE) {
		close(fd);
		return;
	}
	sock_text(peer, from);
	s = session_new(all, fd, dialect);
	log_info("c%u: accepted connection from %s", s->number, from);
	if (all->n - all->n_refused > most) {
		s->is_refused = true;
		end_with(s, REFUSE_FULL, 0);
	} else if (!network_enter(all, s, peer)) {
		s->is_refused = true;
		end_with(s, REFUSE_ADDRESS_FULL, 0);
	}
	all->n_refused += s->is_refused;
}

struct sessions *
sessions_new(
    struct loop *loop, struct hub *hub, const struct settings *settings)
{
	struct sessions *all = xcalloc(1, sizeof *all);

	all->loop = loop;
	all->hub = hub;
	all->settings = settings;
	return all;
}

void
sessions_free(struct sessions *all)
{
	if (all == NULL)
		return;
	for (struct session *s = all->first; s != NULL; s = s->next)
		conn_close(s->conn, "server stopped");
	conn_sweep(all->loop);
	assert(all->first == NULL);
	free(all);
}

void
sessions_settings(struct sessions *all, const struct settings *settings)
{
	all->settings = settings;
}

void
sessions_stop(struct sessions *all, enum refusal why, uint32_t wait_ms)
{
	for (struct session *s = all->first; s != NULL; s = s->next)
		end_with(s, why, wait_ms);
}

unsigned
sessions_count(const struct sessions *all)
{
	return all->n;
}

struct client *
session_client(struct session *s)
{
	return &s->client;
}

struct hub *
session_hub(struct session *s)
{
	return s->all->hub;
}

void
session_addresses(struct session *s, char *peer, char *local)
{
	struct sock_addr addr;

	sock_peer(conn_fd(s->conn), &addr);
	sock_text(&addr, peer);
	sock_local(conn_fd(s->conn), &addr);
	sock_text(&addr, local);
}
