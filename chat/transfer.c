#include "transfer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
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
	    t->size == UINT64_MAX)
		return -1;
	return (int64_t)((t->size - t->moved + t->rate - 1) / t->rate);
}

/* ---- what is shown ---- */

static void
set_safe(char **to, struct slice text)
{
	struct buf safe = { 0 };

	text_safe(&safe, text, TEXT_ONE_LINE);
	free(*to);
	*to = xstrdup(buf_string(&safe));
	buf_done(&safe);
}

void
core_name(struct core *c, struct slice name)
{
	set_safe(&c->t->name, name);
}

void
core_path(struct core *c, struct slice path)
{
	set_safe(&c->t->path, path);
}

struct transfer *
core_show(struct transfers *all, struct core *c, struct room *room,
    bool is_upload, struct slice name)
{
	struct transfer *t = xcalloc(1, sizeof(*t));
	struct transfer **at = &all->model->transfers;
	struct core **last = &all->first;

	t->number = ++all->number;
	t->is_upload = is_upload;
	t->room = room;
	t->size = UINT64_MAX;
	t->began_ms = all->model->wall();
	t->core = c;
	c->t = t;
	c->all = all;
	c->digest = digest_new();
	core_name(c, name);
	core_path(c, SLICE(""));
	while (*at != NULL)
		at = &(*at)->next;
	*at = t;
	while (*last != NULL)
		last = &(*last)->next;
	*last = c;
	return t;
}

static void
changed(const struct core *c)
{
	c->all->ops.changed(c->all->ops.arg, c->t);
}

void
core_state(struct core *c, enum transfer_state state)
{
	struct transfer *t = c->t;

	if (t->is_paused && state < TRANSFER_FINISHING)
		state = TRANSFER_PAUSED;
	if (t->state == state)
		return;
	if (state != TRANSFER_HELD && state != TRANSFER_FAILED)
		t->why[0] = '\0';
	if (state != TRANSFER_MOVING)
		t->rate = 0;
	t->state = state;
	t->shown = t->moved;
	changed(c);
}

/* ---- the worker ---- */

void
core_ask(
    struct core *c, bool (*work)(struct task *), void (*done)(struct task *))
{
	c->is_busy = true;
	c->error = 0;
	c->task.work = work;
	c->task.done = done;
	worker_ask(c->all->worker, &c->task);
}

static void
free_core(struct core *c)
{
	digest_free(c->digest);
	c->ops->free(c);
}

bool
core_is_back(struct core *c)
{
	c->is_busy = false;
	if (c->t != NULL)
		return true;
	free_core(c);
	return false;
}

/* ---- ends ---- */

static void
end(struct core *c, enum transfer_state state)
{
	struct core **at = &c->all->first;

	c->is_dropped = state != TRANSFER_DONE;
	c->t->core = NULL;
	c->t->ended_ms = c->all->model->wall();
	core_state(c, state);
	c->t = NULL;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (!c->is_busy)
		free_core(c);
}

void
core_cancel_leg(struct core *c, enum refusal why)
{
	union message m = { .cancel = { MSG_CANCEL, c->leg, (uint16_t)why,
				slice_of(refusal_text(why)) } };

	if (c->leg != 0)
		c->all->ops.send(c->all->ops.arg, &m);
	c->leg = 0;
}

void
core_done(struct core *c, const struct hash *hash)
{
	c->t->hash = *hash;
	end(c, TRANSFER_DONE);
}

void
core_fail(struct core *c, const char *format, ...)
{
	struct buf safe = { 0 };
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	text_safe(&safe, slice_of(words), TEXT_ONE_LINE);
	snprintf(c->t->why, sizeof(c->t->why), "%s", buf_string(&safe));
	buf_done(&safe);
	c->t->error = c->error;
	core_cancel_leg(c, FINE);
	end(c, TRANSFER_FAILED);
}

/* ---- the connection ---- */

static void
begin(struct core *c)
{
	c->again_ms = 0;
	if (c->all->is_live && c->ref == 0 && c->leg == 0 && !c->t->is_paused)
		c->ops->begin(c);
}

void
transfers_begin(struct transfers *all)
{
	struct core *c, *next;

	all->is_live = true;
	for (c = all->first; c != NULL; c = next) {
		next = c->next;
		begin(c);
	}
}

void
transfers_over(struct transfers *all)
{
	struct core *c;

	all->is_live = false;
	for (c = all->first; c != NULL; c = c->next) {
		c->ref = 0;
		c->leg = 0;
		c->again_ms = 0;
		c->is_ending = false;
		if (c->t->state != TRANSFER_HELD || c->t->is_upload)
			core_state(c, TRANSFER_WAITING);
	}
}

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

static void
hear_refused(struct core *c, const struct msg_refused *r)
{
	c->ref = 0;
	if (r->code == REFUSE_FILE_PREFIX && !c->t->is_upload) {
		c->ops->hear(c, (const union message *)r);
		return;
	}
	if (!is_for_now(r->code)) {
		c->t->code = (enum refusal)r->code;
		core_fail(c, "%.*s", SLICE_ARG(r->text));
		return;
	}
	core_state(c, TRANSFER_WAITING);
	c->again_ms = c->all->now_ms + CORE_RETRY_MS;
}

static void
hear_held(struct core *c, const struct msg_held *h)
{
	struct buf safe = { 0 };

	if (h->code == 0) {
		core_state(c, TRANSFER_MOVING);
		return;
	}
	text_safe(&safe, h->text, TEXT_ONE_LINE);
	snprintf(c->t->why, sizeof(c->t->why), "%s", buf_string(&safe));
	core_state(c, TRANSFER_HELD);
	buf_done(&safe);
}

/* Over another connection it goes on without us; what could not be for the
 * moment is tried again. */
static void
hear_cancel(struct core *c, const struct msg_cancel *m)
{
	c->leg = 0;
	c->is_ending = false;
	if (is_for_now(m->code)) {
		core_state(c, TRANSFER_WAITING);
		c->again_ms = c->all->now_ms + CORE_RETRY_MS;
		return;
	}
	c->t->code = (enum refusal)m->code;
	core_fail(c, "%.*s", SLICE_ARG(m->text));
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
static bool
hear_leg_of_nobody(struct transfers *all, const struct msg_leg *m)
{
	union message cancel = { .cancel = {
				     MSG_CANCEL, m->leg, FINE, SLICE("") } };

	all->ops.send(all->ops.arg, &cancel);
	return true;
}

bool
transfers_hear(
    struct transfers *all, const union message *m, char *why, size_t size)
{
	struct core *c = find(all, ref_of(m), leg_of(m));

	if (c == NULL && m->type == MSG_LEG)
		return hear_leg_of_nobody(all, &m->leg);
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
	case MSG_LEG:
		c->ref = 0;
		c->leg = m->leg.leg;
		break;
	default:
		break;
	}
	if (c->ops->hear(c, m))
		return true;
	snprintf(why, size,
	    "the server sent bytes of a file that were not "
	    "asked for");
	return false;
}

/* ---- bytes ---- */

/* One frame of each in turn: the first goes to the end of the line. */
void
transfers_pull(struct transfers *all, struct buf *out, size_t bytes)
{
	struct core *c = all->first, **last;
	bool any = true;

	while (out->len < bytes && any) {
		any = false;
		for (c = all->first; c != NULL && out->len < bytes; c = c->next)
			any |= c->leg != 0 && !c->t->is_paused &&
			    c->ops->pull(c, out);
	}
	c = all->first;
	if (c == NULL || c->next == NULL)
		return;
	for (last = &c->next; *last != NULL; last = &(*last)->next)
		continue;
	all->first = c->next;
	c->next = NULL;
	*last = c;
}

bool
transfers_has_more(const struct transfers *all)
{
	const struct core *c;

	for (c = all->first; c != NULL; c = c->next)
		if (c->leg != 0 && !c->t->is_paused && c->ops->has_more(c))
			return true;
	return false;
}

void
transfers_collect(struct transfers *all)
{
	worker_collect(all->worker);
}

/* ---- time ---- */

static bool
measure(struct core *c, int64_t passed_ms)
{
	struct transfer *t = c->t;
	uint64_t now;

	if (t->state != TRANSFER_MOVING)
		return false;
	now = t->moved > c->measured ? t->moved - c->measured : 0;
	now = now * 1000 / (uint64_t)passed_ms;
	/* What stopped is soon told to have. */
	if (now == 0)
		t->rate /= 8;
	else
		t->rate = t->rate == 0 ? now : (3 * t->rate + now) / 4;
	c->measured = t->shown = t->moved;
	return true;
}

int64_t
transfers_tick(struct transfers *all, int64_t now_ms)
{
	int64_t passed = now_ms - all->rate_ms;
	struct core *c, *next;
	bool any = false;

	all->now_ms = now_ms;
	for (c = all->first; c != NULL; c = next) {
		next = c->next;
		any = any || c->again_ms != 0 || c->t->state == TRANSFER_MOVING;
		if (passed >= CORE_RATE_MS)
			measure(c, passed);
		if (c->again_ms == 0 || c->again_ms > now_ms)
			continue;
		c->again_ms = 0;
		if (c->leg != 0 || c->is_busy)
			c->ops->go_on(c);
		else
			begin(c);
	}
	if (passed >= CORE_RATE_MS)
		all->rate_ms = now_ms;
	return any ? CORE_RATE_MS : -1;
}

/* ---- wishes ---- */

bool
transfers_wish(
    struct transfers *all, struct transfer *t, enum transfer_wish wish)
{
	struct core *c = t->core;

	(void)all;
	if (c == NULL)
		return false;
	switch (wish) {
	case WISH_PAUSE:
		t->is_paused = true;
		core_state(c, TRANSFER_PAUSED);
		break;
	case WISH_GO_ON:
		t->is_paused = false;
		core_state(c, c->leg != 0 ? TRANSFER_MOVING : TRANSFER_WAITING);
		if (c->leg != 0)
			c->ops->go_on(c);
		else
			begin(c);
		break;
	case WISH_CANCEL:
		core_cancel_leg(c, FINE);
		if (t->is_upload && t->file != 0 && all->is_live)
			all->ops.ask(all->ops.arg,
			    &(union message){ .withdraw = { MSG_WITHDRAW, 0,
						  t->file, SLICE("") } });
		end(c, TRANSFER_CANCELLED);
		break;
	}
	return true;
}

/* ---- all of them ---- */

struct transfers *
transfers_new(
    struct model *m, const struct transfer_ops *ops, const char *directory)
{
	struct transfers *all = xcalloc(1, sizeof(*all));

	all->model = m;
	all->ops = *ops;
	if (directory != NULL)
		all->directory = xstrdup(directory);
	all->worker = worker_new();
	return all;
}

void
transfers_free(struct transfers *all)
{
	struct core *c;

	if (all == NULL)
		return;
	while ((c = all->first) != NULL) {
		all->first = c->next;
		c->t->core = NULL;
		c->t = NULL;
		if (!c->is_busy)
			free_core(c);
	}
	worker_free(all->worker);
	free(all->directory);
	free(all);
}

int
transfers_fd(const struct transfers *all)
{
	return worker_fd(all->worker);
}

/* ---- records ---- */

void
transfer_record(const struct transfer *t, struct transfer_record *r)
{
	const struct core *c = t->core;

	*r = (struct transfer_record){ .is_upload = t->is_upload,
		.file = t->file,
		.room = xstrdup(t->room->name) };
	if (c != NULL)
		c->ops->record(c, r);
}

void
transfer_record_done(struct transfer_record *r)
{
	free(r->room);
	free(r->path);
	free(r->name);
}

struct transfer *
transfers_again(struct transfers *all, struct room *room,
    const struct transfer_record *r, struct buf *why)
{
	return r->is_upload ? transfer_up_again(all, room, r, why)
			    : transfer_down_again(all, room, r);
}
