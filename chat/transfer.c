#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transfer_core.h"
#include "xmalloc.h"

static const char *const state_names[] = { "waiting", "checking", "moving",
	"paused", "held", "finishing", "done", "failed", "cancelled" };

const char *
transfer_state_name(enum transfer_state state)
{
	return state_names[state];
}

bool
transfer_is_over(const struct transfer *t)
{
	return t->state >= TRANSFER_DONE;
}

int64_t
transfer_left(const struct transfer *t)
{
	if (t->state != TRANSFER_MOVING || t->rate == 0 ||
	    t->size == UINT64_MAX || t->moved > t->size)
		return -1;
	return (int64_t)((t->size - t->moved + t->rate - 1) / t->rate);
}

/* ---- whose turn it is ---- */

static unsigned
legs(const struct transfers *all)
{
	unsigned n = 0;

	for (const struct core *c = all->first; c != NULL; c = c->next)
		n += c->ref != 0 || c->leg != 0;
	return n;
}

/* The same address, other logs: the server began anew.  What was to be had
 * there is no more, what is sent can be sent again.  false: it waits for
 * another server, or is over. */
static bool
is_with(struct core *c)
{
	static const struct id zero;
	const struct model *m = c->all->model;
	bool is_known = memcmp(&c->log, &zero, sizeof(zero)) != 0;

	if (is_known && memcmp(&c->log, &m->log, sizeof(c->log)) == 0)
		return true;
	if (strcmp(c->server, m->target) != 0)
		return false;
	if (is_known && !c->t->is_upload) {
		core_fail(c, "the server has begun anew, without this file");
		return false;
	}
	/* What is to be fetched may be told before there is a connection. */
	if (c->t->is_upload)
		c->t->file = 0;
	c->log = m->log;
	keeper_note(c->all);
	return true;
}

static void
begin(struct core *c)
{
	if (c->ref != 0 || c->leg != 0 || c->is_busy || c->t->is_paused ||
	    legs(c->all) >= c->all->places || !is_with(c))
		return;
	c->ops->begin(c);
}

void
transfers_begin(struct transfers *all)
{
	all->is_live = true;
	core_tell_withdrawn(all);
	keeper_begin(all);
	transfers_tick(all, all->now_ms);
}

void
transfers_over(struct transfers *all)
{
	struct core *c;

	all->is_live = false;
	all->n_given_up = 0;
	memset(all->given_up, 0, sizeof(all->given_up));
	for (c = all->first; c != NULL; c = c->next) {
		c->ref = 0;
		c->leg = 0;
		c->again_ms = 0;
		c->tries = 0;
		c->is_ending = false;
		if (c->t->state != TRANSFER_HELD || c->t->is_upload)
			core_state(c, TRANSFER_WAITING);
	}
}

/* ---- what the server says ---- */

static struct core *
find(const struct transfers *all, uint32_t ref, uint32_t leg)
{
	struct core *c = all->first;

	while (c != NULL &&
	    !((ref != 0 && c->ref == ref) || (leg != 0 && c->leg == leg)))
		c = c->next;
	return c;
}

static bool
is_for_now(unsigned code)
{
	return code == REFUSE_FILE_LEGS || code == REFUSE_TOO_FAST ||
	    code == REFUSE_UNAVAILABLE || code == REFUSE_DISK_FULL ||
	    code == REFUSE_FILES_ALL;
}

/* No, and perhaps later. */
static void
hear_no(struct core *c, unsigned code, struct slice words)
{
	unsigned open;

	if (words.len == 0)
		words = slice_of(code != FINE ? refusal_text((enum refusal)code)
					      : "the server has given it up");
	if (!is_for_now(code)) {
		c->t->code = (enum refusal)code;
		core_fail(c, "%.*s", SLICE_ARG(words));
		return;
	}
	open = legs(c->all);
	if (code == REFUSE_FILE_LEGS)
		c->all->places = open != 0 ? open : 1;
	if (code == REFUSE_DISK_FULL || code == REFUSE_FILES_ALL) {
		core_why(c, words);
		core_state(c, TRANSFER_HELD);
	} else {
		core_state(c, TRANSFER_WAITING);
	}
	core_later(c);
}

static void
hear_refused(struct core *c, const struct msg_refused *r)
{
	c->ref = 0;
	if (r->code != REFUSE_FILE_PREFIX || !c->ops->forget(c))
		hear_no(c, r->code, r->text);
}

static void
hear_held(struct core *c, const struct msg_held *h)
{
	if (h->code != 0) {
		core_why(c, h->text);
		core_state(c, TRANSFER_HELD);
	} else if (c->t->state == TRANSFER_HELD) {
		core_state(
		    c, c->is_ending ? TRANSFER_FINISHING : TRANSFER_MOVING);
	}
}

static void
hear_cancel(struct core *c, const struct msg_cancel *m)
{
	c->leg = 0;
	c->is_ending = false;
	hear_no(c, m->code, m->text);
}

static uint32_t
leg_of(const union message *m)
{
	switch (m->type) {
	case MSG_DATA:
		return m->data.leg;
	case MSG_CREDIT:
		return m->credit.leg;
	case MSG_WHOLE:
		return m->whole.leg;
	case MSG_VERIFIED:
		return m->verified.leg;
	case MSG_CANCEL:
		return m->cancel.leg;
	case MSG_HELD:
		return m->held.leg;
	default:
		return 0;
	}
}

static uint32_t
ref_of(const union message *m)
{
	if (m->type == MSG_LEG)
		return m->leg.ref;
	return m->type == MSG_REFUSED ? (uint32_t)m->refused.ref : 0;
}

/* A file can stop to be wanted while its leg begins. */
static void
hear_leg_of_nobody(struct transfers *all, const struct msg_leg *m)
{
	union message cancel = { .cancel = {
				     MSG_CANCEL, m->leg, FINE, SLICE("") } };
	union message withdraw = { .withdraw = {
				       MSG_WITHDRAW, 0, m->file, SLICE("") } };

	all->ops.send(all->ops.arg, &cancel);
	for (unsigned i = 0; i < 16; i++)
		if (m->ref != 0 && all->given_up[i] == m->ref)
			all->ops.ask(all->ops.arg, &withdraw);
}

/* false: the server breaks the rules. */
static bool
hear_leg(struct transfers *all, struct core *c, const union message *m)
{
	if (m->leg.leg == 0 || find(all, 0, m->leg.leg) != NULL)
		return false;
	if (c == NULL) {
		hear_leg_of_nobody(all, &m->leg);
		return true;
	}
	c->ref = 0;
	c->leg = m->leg.leg;
	c->tries = 0;
	if (!c->t->is_paused)
		return c->ops->hear(c, m);
	core_cancel_leg(c, FINE);
	return true;
}

static bool
hear(struct transfers *all, const union message *m)
{
	struct core *c = find(all, ref_of(m), leg_of(m));

	if (m->type == MSG_LEG)
		return hear_leg(all, c, m);
	if (c == NULL)
		return true;
	switch (m->type) {
	case MSG_REFUSED:
		hear_refused(c, &m->refused);
		return true;
	case MSG_HELD:
		hear_held(c, &m->held);
		return true;
	case MSG_CANCEL:
		hear_cancel(c, &m->cancel);
		return true;
	default:
		return c->ops->hear(c, m);
	}
}

bool
transfers_hear(
    struct transfers *all, const union message *m, char *why, size_t size)
{
	if (hear(all, m))
		return true;
	snprintf(why, size,
	    "the server does not keep to the rules of files (%s)",
	    protocol_row(m->type)->name);
	return false;
}

/* ---- bytes ---- */

/* The first goes to the end of the line. */
static void
rotate(struct transfers *all)
{
	struct core *c = all->first, **last;

	if (c == NULL || c->next == NULL)
		return;
	for (last = &c->next; *last != NULL; last = &(*last)->next)
		continue;
	all->first = c->next;
	c->next = NULL;
	*last = c;
}

/* One frame of each in turn. */
void
transfers_pull(struct transfers *all, struct buf *out, size_t bytes)
{
	struct core *c;
	bool any = true;

	while (out->len < bytes && any) {
		any = false;
		for (c = all->first; c != NULL && out->len < bytes; c = c->next)
			any |= c->leg != 0 && c->ops->pull(c, out);
	}
	rotate(all);
}

bool
transfers_has_more(const struct transfers *all)
{
	const struct core *c;

	for (c = all->first; c != NULL; c = c->next)
		if (c->leg != 0 && c->ops->has_more(c))
			return true;
	return false;
}

void
transfers_collect(struct transfers *all)
{
	worker_collect(all->worker);
}

/* ---- time ---- */

static void
measure(struct core *c, int64_t passed_ms)
{
	struct transfer *t = c->t;
	uint64_t now;

	if (t->state != TRANSFER_MOVING)
		return;
	now = t->moved > c->measured ? t->moved - c->measured : 0;
	now = now * 1000 / (uint64_t)passed_ms;
	/* What stopped is soon told to have. */
	if (now == 0)
		t->rate /= 8;
	else
		t->rate = t->rate == 0 ? now : (3 * t->rate + now) / 4;
	c->all->has_news = true;
	c->measured = t->shown = t->moved;
}

static void
go_on(struct core *c, int64_t now_ms)
{
	bool is_due = c->again_ms != 0;

	if (c->again_ms > now_ms)
		return;
	c->again_ms = 0;
	if (is_due && c->leg != 0 && !c->is_busy)
		c->ops->retry(c);
	else
		begin(c);
}

static int64_t
wait_of(const struct core *c, int64_t now_ms)
{
	if (c->t->state == TRANSFER_MOVING)
		return CORE_RATE_MS;
	if (c->again_ms == 0)
		return -1;
	return c->again_ms > now_ms ? c->again_ms - now_ms : 0;
}

int64_t
transfers_tick(struct transfers *all, int64_t now_ms)
{
	int64_t passed = now_ms - all->rate_ms, wait = -1;
	struct core *c, *next;

	all->now_ms = now_ms;
	for (c = all->first; c != NULL; c = next) {
		next = c->next;
		if (passed >= CORE_RATE_MS)
			measure(c, passed);
		if (all->is_live)
			go_on(c, now_ms);
	}
	if (passed >= CORE_RATE_MS)
		all->rate_ms = now_ms;
	for (c = all->first; c != NULL && all->is_live; c = c->next) {
		int64_t own = wait_of(c, now_ms);
		if (own >= 0 && (wait < 0 || own < wait))
			wait = own;
	}
	return wait;
}

bool
transfers_news(struct transfers *all)
{
	bool has = all->has_news;

	all->has_news = false;
	return has;
}

/* ---- wishes ---- */

bool
transfers_wish(
    struct transfers *all, struct transfer *t, enum transfer_wish wish)
{
	struct core *c = t->core;

	if (c == NULL)
		return false;
	switch (wish) {
	case WISH_PAUSE:
		t->is_paused = true;
		core_cancel_leg(c, FINE);
		core_state(c, TRANSFER_PAUSED);
		break;
	case WISH_GO_ON:
		t->is_paused = false;
		c->again_ms = c->leg != 0 ? all->now_ms : 0;
		if (t->state == TRANSFER_PAUSED)
			core_state(c, TRANSFER_WAITING);
		break;
	case WISH_CANCEL:
		if (t->is_upload)
			core_withdraw(c, SLICE(""));
		core_cancel_leg(c, FINE);
		core_end(c, TRANSFER_CANCELLED);
		return true;
	}
	keeper_note(all);
	return true;
}

/* ---- all of them ---- */

struct transfers *
transfers_new(struct model *m, const struct transfer_ops *ops,
    const struct transfers_options *o)
{
	struct transfers *all = xcalloc(1, sizeof(*all));

	all->model = m;
	all->ops = *ops;
	all->places = CORE_PLACES;
	if (o->downloads != NULL)
		all->directory = xstrdup(o->downloads);
	all->worker = worker_new();
	keeper_open(all, o);
	return all;
}

static void
forget(struct transfer **at)
{
	struct transfer *t = *at;

	*at = t->next;
	free(t->name);
	free(t->path);
	free(t);
}

void
transfers_free(struct transfers *all)
{
	struct core *c;

	if (all == NULL)
		return;
	while ((c = all->first) != NULL) {
		all->first = c->next;
		atomic_store(&c->is_stopped, true);
		c->t->core = NULL;
		c->t = NULL;
		if (!c->is_busy)
			core_free(c);
	}
	worker_free(all->worker);
	keeper_done(&all->keeper);
	while (all->model->transfers != NULL)
		forget(&all->model->transfers);
	free(all->withdrawn);
	free(all->directory);
	free(all);
}

int
transfers_fd(const struct transfers *all)
{
	return worker_fd(all->worker);
}
