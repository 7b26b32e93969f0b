/*
 * What an operator sees of sessions, and does with one.
 */
#include "conn.h"
#include "recent.h"
#include "session_state.h"
#include "sock.h"
#include "user.h"

static size_t
waiting(const struct session *s)
{
	size_t sum = s->out.len + s->news.len;

	for (size_t i = 0; i < s->n_pieces; i++)
		sum += s->pieces[i].len;
	return sum;
}

static void
fill(const struct session *s, struct session_row *out)
{
	const struct client *c = &s->client;
	int64_t asked = c->asked_ms != 0 ? c->asked_ms : s->began_ms;
	struct sock_addr local;

	*out = (struct session_row){
		.number = s->number,
		.dialect = c->dialect->name,
		.nick = c->user != NULL ? c->user->nick : SLICE(""),
		.software =
		    c->software != NULL ? slice_of(c->software) : SLICE(""),
		.account =
		    c->account != NULL ? slice_of(c->account) : SLICE(""),
		.age_ms = session_now(s) - s->began_ms,
		.idle_ms = session_now(s) - asked,
		.waiting = waiting(s),
	};
	sock_peer_text(conn_fd(s->conn), out->peer);
	sock_local(conn_fd(s->conn), &local);
	sock_text(&local, out->local);
}

/* The list begins with the newest; its head's prev is the oldest. */
static struct session *
oldest(const struct sessions *all)
{
	return all->first != NULL ? all->first->prev : NULL;
}

static struct session *
younger(const struct session *s)
{
	return s != s->all->first ? s->prev : NULL;
}

uint32_t
sessions_each(const struct sessions *all, uint32_t after, unsigned max,
    void (*row)(void *arg, const struct session_row *), void *arg)
{
	struct session *s = oldest(all);
	struct session_row one;
	uint32_t last = 0;

	while (s != NULL && s->number <= after)
		s = younger(s);
	for (; s != NULL && max != 0; s = younger(s), max--) {
		fill(s, &one);
		row(arg, &one);
		last = s->number;
	}
	return s != NULL ? last : 0;
}

bool
sessions_kick(struct sessions *all, uint32_t number, struct slice words)
{
	struct session *s = all->first;

	while (s != NULL && s->number != number)
		s = s->next;
	if (s == NULL || s->state >= STATE_CLOSING)
		return false;
	session_end_saying(s, REFUSE_KICKED, 0, words);
	return true;
}
