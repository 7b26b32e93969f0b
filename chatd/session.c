#include "session.h"

#include "clock.h"
#include "codec.h"
#include "conn.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "session_state.h"
#include "settings.h"
#include "sock.h"

static const char *const state_names[] = { "fresh", "greeting", "ready",
	"ending", "closing", "over" };

void
session_mark(struct session *s)
{
	if (s->is_marked || s->state == STATE_OVER)
		return;
	s->is_marked = true;
	LL_PREPEND2(s->all->marked, s, next_marked);
}

void
session_enter(struct session *s, enum state state)
{
	if (log_is_debug())
		log_debug("c%u: %s -> %s", s->number, state_names[s->state],
		    state_names[state]);
	s->state = (uint8_t)state;
}

int64_t
session_now(const struct session *s)
{
	return loop_now(s->all->loop);
}

void
session_timer(struct session *s, int64_t due_ms)
{
	heap_set(loop_timers(s->all->loop), &s->timer, due_ms);
}

/* ---- saying ---- */

void
session_tell(struct session *s, const union message *m)
{
	s->client.dialect->write(s->client.kept, &s->out, m);
	session_mark(s);
}

void
session_refuse(struct session *s, unsigned request, uint64_t ref,
    enum refusal why, uint32_t wait_ms)
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

/* Whoever can't come back has left in order, whatever happened. */
static void
session_leave(struct session *s, struct slice why)
{
	bool orderly = s->client.dialect->is_typed;

	hub_gone(s->all->hub, &s->client, orderly, why);
}

void
session_end(struct session *s, const char *why)
{
	if (s->state >= STATE_CLOSING)
		return;
	session_leave(s, slice_of(why));
	s->why = why;
	session_enter(s, STATE_CLOSING);
	session_timer(s, session_now(s) + BYE_MS);
	session_mark(s);
}

static void
say_bye(
    struct session *s, enum refusal why, uint32_t wait_ms, struct slice words)
{
	union message m = { .bye = {
				.type = MSG_BYE,
				.reason = (uint16_t)why,
				.wait = wait_ms,
				.text = words.len != 0
				    ? words
				    : slice_of(refusal_text(why)),
			    } };

	session_tell(s, &m);
}

void
session_end_saying(
    struct session *s, enum refusal why, uint32_t wait_ms, struct slice words)
{
	if (s->state >= STATE_CLOSING)
		return;
	say_bye(s, why, wait_ms, words);
	session_end(s, refusal_name(why));
}

void
session_end_with(struct session *s, enum refusal why, uint32_t wait_ms)
{
	session_end_saying(s, why, wait_ms, SLICE(""));
}

void
session_bye(struct session *s, const struct msg_bye *bye)
{
	hub_gone(s->all->hub, &s->client, bye->stays == 0, bye->text);
	say_bye(s, FINE, 0, SLICE(""));
	session_end(s, "said bye");
}

bool
session_is_busy(const struct session *s)
{
	const struct dialect *d = s->client.dialect;

	return s->state == STATE_GREETING || s->out.len > SESSION_ANSWERS ||
	    s->rest_ms != 0 ||
	    (d->is_busy != NULL && d->is_busy(s->client.kept));
}

void
session_pace(struct session *s)
{
	bool pause = session_is_busy(s);

	if (pause == s->is_paused || s->state >= STATE_ENDING)
		return;
	s->is_paused = pause;
	conn_pause(s->conn, pause);
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
		session_enter(s, STATE_READY);
		session_tick_ready(s);
		log_info("c%u: %.*s: welcome", s->number,
		    SLICE_ARG(m->welcome.nick));
	}
	if (m->type == MSG_LEG)
		sock_tune_bulk(conn_fd(s->conn));
	session_tell(s, m);
}

static void
client_news(struct client *client, struct slice encoded)
{
	struct session *s = session_of(client);

	if (s->out.len + s->news.len > SESSION_ANSWERS) {
		s->owes_unsure = true;
		return;
	}
	buf_add_slice(&s->news, encoded);
	session_mark(s);
}

static void
client_wake(struct client *client)
{
	session_mark(session_of(client));
}

static void
client_end(struct client *client, enum refusal why, struct slice words)
{
	session_end_saying(session_of(client), why, 0, words);
}

const struct client_ops session_client_ops = {
	.tell = client_tell,
	.news = client_news,
	.wake = client_wake,
	.end = client_end,
};

/* ---- input ---- */

/* The row's rules, before its handler.  What can't be read costs as well. */
static enum refusal
check(struct session *s, const union message *m, enum refusal why,
    uint32_t *wait_ms)
{
	const struct message_row *row = protocol_row(m->type);
	const struct settings *set = s->all->settings;
	bool is_fresh = s->state == STATE_FRESH;
	bool is_request = row != NULL && row->from != FROM_SERVER;

	*wait_ms = bucket_take(&s->bucket, is_request ? row->cost : 1,
	    (unsigned)set->limits_rate, (unsigned)set->limits_burst,
	    session_now(s));
	if (*wait_ms != 0)
		return REFUSE_TOO_FAST;
	if (why != FINE)
		return why;
	if (!is_request)
		return REFUSE_UNKNOWN_TYPE;
	if (row->when != WHEN_ANY && is_fresh != (row->when == WHEN_FRESH))
		return REFUSE_WRONG_STATE;
	return FINE;
}

/* Who types can't try again as a program does: the line waits. */
static void
rest(struct session *s, const union message *m, uint32_t wait_ms)
{
	if (!s->client.dialect->is_typed || s->state != STATE_READY ||
	    m->type == 0)
		return;
	s->rest_ms = session_now(s) + wait_ms;
	session_tick_ready(s);
}

static void
handle(struct session *s, const union message *m, enum refusal why)
{
	uint32_t wait_ms = 0;

	why = check(s, m, why, &wait_ms);
	if (why == FINE) {
		if (m->type != MSG_PONG)
			s->client.asked_ms = session_now(s);
		why = s->all->handler(s, m);
		if (why == REFUSE_TOO_FAST || why == REFUSE_UNAVAILABLE)
			wait_ms = 1000;
	}
	if (why == FINE) {
		if (m->type == MSG_HELLO)
			session_enter(s, STATE_GREETING);
		/* Who types questions need not say who it is. */
		if (m->type == MSG_ASK && s->state == STATE_FRESH &&
		    s->client.dialect->is_typed)
			session_timer(s, session_now(s) + session_login_ms(s));
		return;
	}
	log_debug("c%u: refused: %s", s->number, refusal_name(why));
	if (why == REFUSE_TOO_FAST)
		rest(s, m, wait_ms);
	session_refuse(s, m->type, codec_ref(m), why, wait_ms);
	if (refusal_closes(why))
		session_end_with(s, why, 0);
}

static void
lost_track(struct session *s, enum refusal why, struct slice alien)
{
	if (alien.len != 0) {
		buf_add_slice(&s->out, alien);
		session_end(s, refusal_name(why));
		return;
	}
	session_refuse(s, 0, 0, why, 0);
	session_end_with(s, why, 0);
}

static enum got
read_one(struct session *s, const uint8_t *at, size_t len, size_t *used)
{
	struct intake r = {
		.at = at,
		.len = len,
		.fresh = s->state == STATE_FRESH,
		.reply = &s->out,
	};
	size_t before = s->out.len;
	enum got got = s->client.dialect->read(s->client.kept, &r);

	*used = r.used;
	if (s->out.len != before)
		session_mark(s);
	if (got == GOT_BAD)
		lost_track(s, r.why, r.alien);
	else if (got == GOT_ONE && (r.message.type != 0 || r.why != FINE))
		handle(s, &r.message, r.why);
	return got;
}

/* Message by message; how much was used up. */
static size_t
read_all(struct session *s, const uint8_t *at, size_t len)
{
	size_t n, used = 0;

	while (used < len) {
		enum got got;

		if (s->state >= STATE_CLOSING)
			return len;
		s->part_ms = s->part_ms != 0 ? s->part_ms : session_now(s);
		if (session_is_busy(s)) {
			s->part_ms = 0;
			session_pace(s);
			return used;
		}
		got = read_one(s, at + used, len - used, &n);
		used += n;
		if (got == GOT_PART)
			return used;
		s->part_ms = 0;
		if (got == GOT_BAD)
			return len;
	}
	return used;
}

static size_t
on_bytes(void *owner, const uint8_t *at, size_t len)
{
	struct session *s = owner;
	size_t used;

	s->heard_ms = session_now(s);
	s->is_pinged = false;
	hub_time(s->all->hub, session_now(s), clock_wall_ms());
	used = read_all(s, at, len);
	/* A message's beginning alone is never read. */
	s->has_left = used < len && session_is_busy(s);
	if (s->is_eof)
		session_mark(s);
	return used;
}

/* Whatever was asked before the end is answered, then it is over. */
static void
on_eof(void *owner)
{
	struct session *s = owner;

	s->is_eof = true;
	session_mark(s);
}

static void
on_writable(void *owner)
{
	struct session *s = owner;

	s->is_blocked = false;
	session_mark(s);
}

static void
on_gone(void *owner, const char *why)
{
	struct session *s = owner;
	struct sessions *all = s->all;

	log_info("c%u: closed: %s", s->number, s->why != NULL ? s->why : why);
	hub_time(all->hub, session_now(s), clock_wall_ms());
	session_leave(s, slice_of(why));
	heap_cancel(loop_timers(all->loop), &s->timer);
	session_free(s);
}

const struct conn_ops session_conn_ops = {
	.bytes = on_bytes,
	.eof = on_eof,
	.writable = on_writable,
	.gone = on_gone,
};

/* ---- for the handlers ---- */

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

	sock_peer_text(conn_fd(s->conn), peer);
	sock_local(conn_fd(s->conn), &addr);
	sock_text(&addr, local);
}
