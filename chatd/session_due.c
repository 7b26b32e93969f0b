/*
 * A session's deadlines: for hello, for a message that has begun, for a sign of
 * life, for taking bye.
 */
#include "conn.h"
#include "loop.h"
#include "session_state.h"
#include "settings.h"

void
session_finish(struct session *s)
{
	const struct dialect *d = s->client.dialect;

	if (d->finish != NULL)
		d->finish(s->client.kept, &s->out);
	session_enter(s, STATE_ENDING);
	session_timer(s, session_now(s) + BYE_MS);
	session_mark(s);
}

int64_t
session_login_ms(const struct session *s)
{
	const struct settings *set = s->all->settings;

	return 1000 *
	    (s->client.dialect->is_typed ? set->limits_line
					 : set->limits_login);
}

/* Until a message that has begun is complete. */
static int64_t
message_ms(const struct session *s)
{
	const struct settings *set = s->all->settings;

	return 1000 *
	    (s->client.dialect->is_typed ? set->limits_line
					 : set->limits_frame);
}

/* Pings, or ends it; when to look again. */
static int64_t
look_after(struct session *s)
{
	int64_t ping = s->all->settings->limits_ping * 1000;
	int64_t due = s->heard_ms + (s->is_pinged ? 2 * ping : ping);

	/* Who doesn't take what we send can't be expected to answer it; if it
	 * is dead the kernel will find out. */
	if (session_now(s) >= due && !s->is_blocked && !s->is_paused) {
		if (s->is_pinged) {
			session_end_with(s, REFUSE_IDLE, 0);
			return due;
		}
		session_tell(s,
		    &(union message){
			.ping = { MSG_PING, (uint64_t)session_now(s) } });
		s->is_pinged = true;
		due += ping;
	}
	return due > session_now(s) ? due : session_now(s) + ping;
}

void
session_tick_ready(struct session *s)
{
	int64_t whole = message_ms(s);
	int64_t due = INT64_MAX;

	if (s->rest_ms != 0 && session_now(s) >= s->rest_ms) {
		s->rest_ms = 0;
		session_mark(s);
	}
	if (s->part_ms != 0 && session_now(s) >= s->part_ms + whole) {
		session_end_with(s, REFUSE_TOO_SLOW, 0);
		return;
	}
	if (!s->client.dialect->is_typed)
		due = look_after(s);
	if (s->state >= STATE_CLOSING)
		return;
	if (s->part_ms != 0 && s->part_ms + whole < due)
		due = s->part_ms + whole;
	if (s->rest_ms != 0 && s->rest_ms < due)
		due = s->rest_ms;
	/* A message may begin any time: look again before its deadline. */
	if (due > session_now(s) + whole)
		due = session_now(s) + whole;
	session_timer(s, due);
}

void
session_tick(struct timer *t)
{
	struct session *s =
	    (struct session *)((char *)t - offsetof(struct session, timer));

	switch ((enum state)s->state) {
	case STATE_FRESH:
	case STATE_GREETING:
		session_end_with(s, REFUSE_TOO_SLOW, 0);
		break;
	case STATE_READY:
		session_tick_ready(s);
		break;
	case STATE_ENDING:
		session_end(s, "closed by peer");
		break;
	case STATE_CLOSING:
		conn_close(s->conn, "does not read");
		break;
	case STATE_OVER:
		break;
	}
}
