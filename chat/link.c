#include "link.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "link_state.h"
#include "log.h"
#include "sock.h"
#include "wake.h"
#include "xmalloc.h"

enum {
	READ_MAX = 65536,   /* bytes taken in at a time, under one lock */
	SEND_MAX = 1048576, /* not taken by the server: nothing is read */
	FILES_MAX = 262144, /* bytes of files taken from them at a time */
	BYE_MS = 1000,	    /* for bye to be taken */
	STABLE_MS = 10000,  /* a connection that lasted counts as success */
	SHAKY_MAX = 3,	    /* one that did not: as so many failures at most */
	BACKOFF_LEAST_MS = 500,
	BACKOFF_DOUBLINGS = 6,
	WAIT_MAX_MS = 3600000, /* the longest we let a server make us wait */
};

/* Keeps what a thread left behind still refers to. */
static struct link *left_behind;

static void
copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

/* ---- orders ---- */

static bool
has_orders(struct link *l)
{
	bool has;

	model_lock(l->model);
	has = l->is_stopped || l->again;
	model_unlock(l->model);
	return has;
}

static bool
is_interrupted(void *arg)
{
	struct link *l = arg;

	wake_clear(l->wake);
	return has_orders(l);
}

void
link_set_end(struct link *l, int status, const char *why)
{
	l->end = (struct apply_end){ .status = status };
	copy(l->end.why, sizeof(l->end.why), why);
	l->end.why[0] = (char)tolower((unsigned char)why[0]);
}

/* ---- being connected ---- */

enum received { CAME_NOTHING, CAME_BYTES, CAME_END };

static enum received
receive(struct link *l)
{
	ssize_t n = recv(l->fd, buf_room(&l->in, READ_MAX), READ_MAX, 0);

	if (n > 0) {
		buf_grown(&l->in, (size_t)n);
		l->has_heard = true;
		return CAME_BYTES;
	}
	if (n < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return CAME_NOTHING;
	link_set_end(l, EX_UNAVAILABLE,
	    n == 0 ? "the server closed the connection"
		   : strerrordesc_np(errno));
	return CAME_END;
}

/* With the lock.  false: close. */
static bool
work(struct link *l, bool has_come, int64_t now_ms)
{
	size_t used = 0;

	if (has_come &&
	    !apply_bytes(l->apply, buf_at(&l->in), l->in.len, &used, now_ms)) {
		l->end = *apply_end(l->apply);
		return false;
	}
	buf_consume(&l->in, used);
	if (!apply_tick(l->apply, now_ms)) {
		l->end = *apply_end(l->apply);
		return false;
	}
	if (l->model->state != LINK_LIVE && now_ms >= l->deadline_ms) {
		link_set_end(l, EX_UNAVAILABLE,
		    "somebody is there, but there came no welcome in time; "
		    "is it a chatd?");
		return false;
	}
	return !l->is_stopped && !l->again;
}

static int
files_fd(const struct link *l)
{
	return l->files != NULL ? transfers_fd(l->files) : -1;
}

/* With the lock.  What the disk has done; as transfers_tick(). */
static int64_t
tick_files(struct link *l, int64_t now_ms)
{
	if (l->files == NULL)
		return -1;
	transfers_collect(l->files);
	return transfers_tick(l->files, now_ms);
}

/* With the lock. */
static bool
has_news(const struct link *l)
{
	return l->files != NULL && transfers_news(l->files);
}

/* With the lock.  There may be more of them. */
static bool
pull_files(struct link *l)
{
	if (l->files == NULL || l->model->state != LINK_LIVE)
		return false;
	if (l->bulk.len == 0)
		transfers_pull(l->files, &l->bulk, FILES_MAX);
	return transfers_has_more(l->files);
}

/* One read, one lock.  *wait_ms: until something is due. */
static bool
turn(struct link *l, bool may_read, int64_t *wait_ms)
{
	enum received got = may_read ? receive(l) : CAME_NOTHING;
	struct model *m = l->model;
	int64_t now_ms = clock_ms();
	int64_t files_ms;
	bool goes_on, has_more;

	model_lock(m);
	goes_on = work(l, got == CAME_BYTES, now_ms);
	files_ms = tick_files(l, now_ms);
	link_take_out(l);
	has_more = pull_files(l);
	if (l->journal != NULL && apply_outbox(l->apply)->records.len != 0)
		journal_poke(l->journal);
	*wait_ms = apply_wait(l->apply, now_ms);
	if (m->state != LINK_LIVE && l->deadline_ms > now_ms)
		*wait_ms = l->deadline_ms - now_ms;
	if (files_ms >= 0 && (*wait_ms < 0 || files_ms < *wait_ms))
		*wait_ms = files_ms;
	if (got == CAME_BYTES || has_news(l))
		model_unlock_changed(m);
	else
		model_unlock(m);
	if (got == CAME_BYTES && m->ears.rest != NULL)
		m->ears.rest(m->ears.arg);
	goes_on = goes_on && got != CAME_END && link_flush(l);
	if (has_more && l->bulk.len == 0)
		*wait_ms = 0;
	return goes_on;
}

/* What was said before is flushed, and bye behind it; then what still comes is
 * thrown away until the server closes, so that no reset overtakes bye. */
static void
say_bye(struct link *l)
{
	int64_t left, until = clock_ms() + BYE_MS;
	struct pollfd p = { .fd = l->fd };
	bool is_shut = false;

	model_lock(l->model);
	apply_bye(l->apply, slice_of(l->bye != NULL ? l->bye : ""), l->stays);
	link_take_out(l);
	buf_cut(&l->bulk, l->begun);
	model_unlock(l->model);
	while ((left = until - clock_ms()) > 0 && link_flush(l)) {
		if (link_next_out(l).len == 0 && !is_shut)
			is_shut = shutdown(l->fd, SHUT_WR) == 0;
		p.events = is_shut ? POLLIN : POLLOUT;
		if (poll(&p, 1, (int)left) <= 0)
			break;
		if (is_shut && receive(l) == CAME_END)
			break;
		if (is_shut)
			buf_clear(&l->in);
	}
}

/* With the lock.  The end of a UNIX socket that connects has no name. */
static void
note_own_end(struct link *l)
{
	struct sock_addr own;
	char text[SOCK_TEXT] = "";

	sock_local(l->fd, &own);
	if (own.len != 0 && own.sa.sa_family != AF_UNIX)
		sock_text(&own, text);
	copy(l->model->from, sizeof(l->model->from), text);
}

static void
serve(struct link *l)
{
	struct pollfd p[3] = { { .fd = l->fd }, { .fd = l->wake },
		{ .fd = files_fd(l) } };
	int64_t wait_ms;
	bool may_read = false;

	sock_tune(l->fd);
	sock_tune_bulk(l->fd);
	buf_clear(&l->in);
	buf_clear(&l->sending);
	buf_clear(&l->bulk);
	l->begun = 0;
	l->has_heard = false;
	l->began_ms = clock_ms();
	model_lock(l->model);
	buf_clear(&l->out);
	note_own_end(l);
	apply_begin(l->apply, l->began_ms);
	model_unlock(l->model);
	while (turn(l, may_read, &wait_ms)) {
		p[0].events = l->sending.len < SEND_MAX ? POLLIN : 0;
		p[0].events |= link_next_out(l).len != 0 ? POLLOUT : 0;
		p[1].events = p[2].events = POLLIN;
		p[0].revents = p[1].revents = p[2].revents = 0;
		poll(p, 3, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms);
		if (p[1].revents != 0)
			wake_clear(l->wake);
		may_read = (p[0].revents & ~POLLOUT) != 0;
	}
	if (has_orders(l))
		say_bye(l);
	close(l->fd);
}

/* ---- reaching the server ---- */

static void
tell_address(void *arg, bool is_dialed, const char *address)
{
	struct link *l = arg;

	model_lock(l->model);
	l->model->state = is_dialed ? LINK_CONNECTING : LINK_RESOLVING;
	copy(l->model->where, sizeof(l->model->where), address);
	model_unlock_changed(l->model);
}

static char *
begin_reach(struct link *l)
{
	char *address = NULL;

	model_lock(l->model);
	l->again = false;
	if (l->address != NULL)
		address = xstrdup(l->address);
	model_unlock(l->model);
	reach_begin(&l->reach, address);
	return address;
}

/* Whoever says nothing at all may be behind the wrong address: no more than
 * its share of the time is spent on it, then the next one is tried.  True when
 * it is to be. */
static bool
serve_one(struct link *l, int64_t deadline_ms, struct buf *why)
{
	int64_t left = deadline_ms - clock_ms();
	bool goes_on;

	l->deadline_ms =
	    deadline_ms - left + left / (int64_t)(reach_left(&l->reach) + 1);
	serve(l);
	if (l->has_heard || has_orders(l))
		return false;
	model_lock(l->model);
	apply_over(l->apply);
	buf_printf(why, "%s%s: %s", why->len != 0 ? "; " : "", l->model->where,
	    l->end.why);
	model_unlock(l->model);
	goes_on = reach_left(&l->reach) != 0;
	if (!goes_on)
		link_set_end(l, EX_UNAVAILABLE, buf_string(why));
	return goes_on;
}

/* False: this thread was left behind.  *is_dialed: the address is known, but
 * not in the words. */
static bool
serve_any(struct link *l, bool *is_dialed)
{
	int64_t deadline_ms = clock_ms() + l->timeout_ms;
	char *address = begin_reach(l);
	struct buf why = { 0 };
	int status;

	do {
		l->fd = reach_next(&l->reach, deadline_ms, &why, &status);
		if (l->fd < 0)
			link_set_end(l, status, buf_string(&why));
	} while (l->fd >= 0 && serve_one(l, deadline_ms, &why));
	*is_dialed = l->fd >= 0 && l->has_heard;
	buf_done(&why);
	free(address);
	return l->fd != REACH_ABANDONED;
}

/* ---- losing it, and trying again ---- */

int64_t
link_backoff(unsigned failures, uint32_t random)
{
	int64_t most = BACKOFF_LEAST_MS;

	most <<= failures < BACKOFF_DOUBLINGS ? failures : BACKOFF_DOUBLINGS;
	if (most > LINK_BACKOFF_MAX_MS)
		most = LINK_BACKOFF_MAX_MS;
	return random % (most + 1);
}

static int64_t
delay(const struct link *l)
{
	uint32_t random = 0;
	int64_t wait =
	    l->end.wait_ms < WAIT_MAX_MS ? l->end.wait_ms : WAIT_MAX_MS;

	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (uint32_t)clock_ms();
	return wait + link_backoff(l->failures, random);
}

static void
give_up(struct link *l)
{
	struct model *m = l->model;

	m->state = LINK_OFF;
	m->is_over = true;
	m->over_status = l->end.status;
	copy(m->over_why, sizeof(m->over_why), m->why);
	model_tell(m, m->looked_at, "error", "%s", m->why);
}

static void
plan(struct link *l, bool was_live)
{
	struct model *m = l->model;
	int64_t wait = delay(l);

	m->state = LINK_WAITING;
	m->retry_ms = clock_ms() + wait;
	if ((was_live || l->failures == 0) && wait < 1000)
		model_news(m, "%s; trying again", m->why);
	else if (was_live || l->failures == 0)
		model_news(m, "%s; next try in %lld s", m->why,
		    (long long)(wait + 999) / 1000);
	l->failures++;
}

static void
set_why(struct model *m, const char *where, const char *why)
{
	struct buf words = { 0 };

	buf_printf(&words, "%s%s%s", where, *where != '\0' ? ": " : "", why);
	copy(m->why, sizeof(m->why), buf_string(&words));
	buf_done(&words);
}

/* The connection, or the try, is over.  is_dialed: the address is known, but
 * not in the words. */
static void
note_end(struct link *l, bool is_dialed)
{
	struct model *m = l->model;
	bool was_live;

	model_lock(m);
	was_live = apply_over(l->apply);
	buf_clear(&l->out);
	if (was_live && clock_ms() - l->began_ms >= STABLE_MS)
		l->failures = 0;
	if (was_live && l->failures > SHAKY_MAX)
		l->failures = SHAKY_MAX;
	if (!l->is_stopped && !l->again) {
		set_why(m, is_dialed ? m->where : "", l->end.why);
		if (l->end.is_final || !l->keeps_trying)
			give_up(l);
		else
			plan(l, was_live);
	}
	model_unlock_changed(m);
	if (m->ears.rest != NULL)
		m->ears.rest(m->ears.arg);
}

/* Milliseconds until the next try; -1: only orders end the rest. */
static int
rest_ms(struct link *l)
{
	struct model *m = l->model;
	int64_t left;

	if (l->again) {
		l->failures = 0;
		m->is_over = false;
		return 0;
	}
	if (m->state == LINK_OFF)
		return -1;
	left = m->retry_ms - clock_ms();
	return left > 0 ? (int)left : 0;
}

/* false: end. */
static bool
rest(struct link *l)
{
	struct pollfd p[2] = { { .fd = l->wake, .events = POLLIN },
		{ .fd = files_fd(l), .events = POLLIN } };
	bool goes_on;
	int left;

	for (;;) {
		model_lock(l->model);
		goes_on = !l->is_stopped;
		left = rest_ms(l);
		tick_files(l, clock_ms());
		if (has_news(l))
			model_unlock_changed(l->model);
		else
			model_unlock(l->model);
		if (!goes_on || left == 0)
			return goes_on;
		poll(p, 2, left);
		wake_clear(l->wake);
	}
}

static void *
run(void *arg)
{
	struct link *l = arg;
	bool is_dialed;

	while (serve_any(l, &is_dialed)) {
		note_end(l, is_dialed);
		if (!rest(l))
			break;
	}
	return NULL;
}

/* ---- from beginning to end ---- */

/* By the journal's thread. */
static void
wrote(void *arg)
{
	struct link *l = arg;

	wake_up(l->wake);
}

struct link *
link_new(struct model *m, const struct link_options *o)
{
	struct link *l = xcalloc(1, sizeof(*l));
	const struct journal_options kept = { .directory = o->directory,
		.outbox = o->outbox,
		.places = o->places,
		.wrote = wrote,
		.arg = l };

	l->model = m;
	l->timeout_ms = o->timeout_ms;
	l->keeps_trying = o->keeps_trying;
	l->stays = o->stays;
	l->address = o->address != NULL ? xstrdup(o->address) : NULL;
	l->wake = wake_open();
	link_target(l, o->address);
	l->apply = apply_new(m, &l->out, &o->device, o->nick);
	if (o->moves_files)
		l->files = apply_files(l->apply,
		    &(struct transfers_options){
			o->downloads, o->directory, o->transfers });
	if (o->is_apart)
		apply_keep_apart(l->apply, o->stays);
	l->reach = (struct reach){ .family = o->family, .tell = tell_address };
	l->reach.stop = (struct dial_break){ l->wake, is_interrupted, l };
	reach_init(&l->reach);
	if (o->outbox != NULL)
		l->journal = journal_new(m, apply_outbox(l->apply), &kept);
	return l;
}

void
link_start(struct link *l)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&l->thread, NULL, run, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		fatalx(EX_OSERR, "a thread could not be started: %s",
		    strerrordesc_np(error));
	l->is_started = true;
	if (l->journal != NULL)
		journal_start(l->journal);
}

static void
link_free(struct link *l)
{
	apply_free(l->apply);
	buf_done(&l->out);
	buf_done(&l->in);
	buf_done(&l->sending);
	buf_done(&l->bulk);
	close(l->wake);
	reach_done(&l->reach);
	free(l->address);
	free(l->bye);
	free(l);
}

void
link_stop(struct link *l, const char *why)
{
	if (!l->is_started) {
		journal_free(l->journal);
		link_free(l);
		return;
	}
	model_lock(l->model);
	l->is_stopped = true;
	l->bye = why != NULL ? xstrdup(why) : NULL;
	model_unlock(l->model);
	if (reach_abandon(&l->reach)) {
		journal_free(l->journal);
		left_behind = l;
		pthread_detach(l->thread);
		return;
	}
	wake_up(l->wake);
	pthread_join(l->thread, NULL);
	journal_free(l->journal);
	link_free(l);
}
