/*
 * All sessions: who may come in, whose turn it is to write, how they end.
 */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "accounts.h"
#include "blob.h"
#include "conn.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "session_state.h"
#include "settings.h"
#include "sock.h"

enum { REFUSED_AT_ONCE = 64 }; /* connections being told that we are full */

/* ---- writing ---- */

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
	if (!session_write(s)) {
		s->is_blocked = true;
		return;
	}
	/* Who is lost was perhaps not yet told to be there: entries first. */
	if (s->news.len != 0 && s->client.waiting == NULL &&
	    s->state == STATE_READY) {
		buf_add_slice(&s->out, buf_slice(&s->news));
		buf_done(&s->news);
		session_mark(s);
	}
	if (s->owes_unsure && s->state == STATE_READY) {
		s->owes_unsure = false;
		session_tell(s, &unsure);
	}
	session_pace(s);
	if (s->is_eof && s->state < STATE_ENDING && !session_is_busy(s) &&
	    !s->has_left)
		session_finish(s);
	if (s->state == STATE_ENDING && is_answered(s))
		session_end(s, "closed by peer");
	if (s->state == STATE_CLOSING && s->n_pieces == 0) {
		session_enter(s, STATE_OVER);
		heap_cancel(loop_timers(s->all->loop), &s->timer);
		conn_finish(s->conn);
	} else if (s->client.waiting != NULL) {
		session_mark(s);
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

/* ---- coming and going ---- */

void
session_free(struct session *s)
{
	struct sessions *all = s->all;

	if (s->is_marked)
		LL_DELETE2(all->marked, s, next_marked);
	DL_DELETE(all->first, s);
	for (size_t i = 0; i < s->n_pieces; i++)
		blob_unref(s->pieces[i].blob);
	free(s->pieces);
	buf_done(&s->out);
	buf_done(&s->news);
	session_bulk_free(s);
	if (s->client.dialect->close != NULL)
		s->client.dialect->close(s->client.kept);
	if (s->network != NULL)
		networks_leave(
		    &all->networks, s->network, s->bucket, session_now(s));
	all->n--;
	all->n_refused -= s->is_refused;
	free(s);
}

static bool
network_enter(
    struct sessions *all, struct session *s, const struct sock_addr *peer)
{
	int64_t most = all->settings->limits_address;
	struct id id;

	if (sock_is_loopback(peer))
		return true;
	sock_network(peer, &id);
	s->network = networks_enter(&all->networks, &id);
	if (most != 0 && network_count(s->network) > most)
		return false;
	s->bucket = network_bucket(s->network, session_now(s));
	return true;
}

static struct session *
session_new(struct sessions *all, int fd, const struct dialect *dialect)
{
	struct session *s = xcalloc(1, sizeof *s);

	s->all = all;
	s->client.ops = &session_client_ops;
	s->client.dialect = dialect;
	if (dialect->open != NULL)
		s->client.kept = dialect->open();
	s->number = ++all->number;
	s->began_ms = s->heard_ms = session_now(s);
	s->timer.fire = session_tick;
	s->conn = conn_new(all->loop, fd, &session_conn_ops, s);
	DL_PREPEND(all->first, s);
	all->n++;
	session_timer(s, session_now(s) + session_login_ms(s));
	return s;
}

/* Who connects from this machine is somebody. */
static void
find_account(struct session *s)
{
	uid_t uid;

	if (s->all->settings->server_accounts &&
	    sock_peer_uid(conn_fd(s->conn), &uid))
		s->client.account = accounts_name(s->all->accounts, uid);
}

static void
say_accepted(struct session *s)
{
	const char *account = s->client.account;
	char peer[SOCK_TEXT], local[SOCK_TEXT];

	session_addresses(s, peer, local);
	log_info("c%u: accepted connection from %s to %s%s%s", s->number, peer,
	    local, account != NULL ? ", account " : "",
	    account != NULL ? account : "");
}

/* FINE: there is a place for it. */
static enum refusal
find_place(struct session *s, const struct sock_addr *peer)
{
	struct sessions *all = s->all;

	if (all->is_closed)
		return REFUSE_DRAINING;
	if (all->n - all->n_refused > all->settings->limits_clients)
		return REFUSE_FULL;
	return network_enter(all, s, peer) ? FINE : REFUSE_ADDRESS_FULL;
}

void
sessions_accept(void *arg, int fd, const struct dialect *dialect,
    const struct sock_addr *peer)
{
	struct sessions *all = arg;
	enum refusal why;
	struct session *s;

	if (all->n_refused >= REFUSED_AT_ONCE) {
		close(fd);
		return;
	}
	s = session_new(all, fd, dialect);
	find_account(s);
	say_accepted(s);
	why = find_place(s, peer);
	if (why != FINE) {
		s->is_refused = true;
		session_end_with(s, why, 0);
	}
	all->n_refused += s->is_refused;
	if (!s->is_refused && dialect->greet != NULL) {
		dialect->greet(s->client.kept, &s->out,
		    slice_of(all->settings->server_greeting));
		session_mark(s);
	}
}

struct sessions *
sessions_new(struct loop *loop, struct hub *hub,
    const struct settings *settings, session_handler *handler)
{
	struct sessions *all = xcalloc(1, sizeof *all);

	all->loop = loop;
	all->hub = hub;
	all->settings = settings;
	all->handler = handler;
	all->accounts = accounts_new("/etc/passwd");
	return all;
}

void
sessions_close_door(struct sessions *all, bool is_closed)
{
	all->is_closed = is_closed;
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
	networks_done(&all->networks);
	accounts_free(all->accounts);
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
		session_end_with(s, why, wait_ms);
}

unsigned
sessions_count(const struct sessions *all)
{
	return all->n;
}

unsigned
sessions_owing(const struct sessions *all)
{
	unsigned n = 0;

	for (const struct session *s = all->first; s != NULL; s = s->next)
		n += s->state != STATE_OVER;
	return n;
}
