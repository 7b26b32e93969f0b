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
	session_enter(s, STATE_ENDING);
	session_timer(s, session_now(s) + BYE_MS);
	session_mark(s);
}

void
session_tick_ready(struct session *s)
{
	int64_t frame = s->all->settings->limits_frame * 1000;
	int64_t ping = s->all->settings->limits_ping * 1000;
	int64_t due = s->heard_ms + (s->is_pinged ? 2 * ping : ping);

	if (s->is_eof) {
		session_finish(s);
		return;
	}
	if (s->part_ms != 0 && session_now(s) >= s->part_ms + frame) {
		session_end_with(s, REFUSE_TOO_SLOW, 0);
		return;
	}
	/* Who doesn't take what we send can't be expected to answer it; if it
	 * is dead the kernel will find out. */
	if (session_now(s) >= due && !s->is_blocked && !s->is_paused) {
		if (s->is_pinged) {
			session_end_with(s, REFUSE_IDLE, 0);
			return;
		}
		session_tell(s,
		    &(union message){
			.ping = { MSG_PING, (uint64_t)session_now(s) } });
		s->is_pinged = true;
		due += ping;
	}
	if (due <= session_now(s))
		due = session_now(s) + ping;
	if (s->part_ms != 0 && s->part_ms + frame < due)
		due = s->part_ms + frame;
	/* A message may begin any time: look again before its deadline. */
	if (due > session_now(s) + frame)
		due = session_now(s) + frame;
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
