/*
 * What an upload and a download have in common: how they are shown, the worker,
 * and how they end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "transfer_core.h"
#include "xmalloc.h"

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

void
core_why(struct core *c, struct slice words)
{
	struct buf safe = { 0 };

	text_safe(&safe, words, TEXT_ONE_LINE);
	snprintf(c->t->why, sizeof(c->t->why), "%s", buf_string(&safe));
	buf_done(&safe);
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
	c->server = xstrdup(all->model->target);
	if (all->is_live)
		c->log = all->model->log;
	atomic_init(&c->is_stopped, false);
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
	c->all->has_news = true;
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
closed(struct task *task)
{
	struct core *c = (struct core *)task;

	digest_free(c->digest);
	free(c->server);
	c->ops->free(c);
}

/* Closing may wait for the disk. */
void
core_free(struct core *c)
{
	core_ask(c, c->ops->close, closed);
}

bool
core_is_back(struct core *c)
{
	c->is_busy = false;
	if (c->t != NULL)
		return true;
	core_free(c);
	return false;
}

void
core_later(struct core *c)
{
	unsigned doublings = c->tries < CORE_RETRY_DOUBLINGS
	    ? c->tries
	    : (unsigned)CORE_RETRY_DOUBLINGS;

	c->tries++;
	c->again_ms = c->all->now_ms + ((int64_t)CORE_RETRY_MS << doublings);
}

/* ---- ends ---- */

void
core_end(struct core *c, enum transfer_state state)
{
	struct transfers *all = c->all;
	struct core **at = &all->first;

	c->is_dropped = state != TRANSFER_DONE;
	atomic_store(&c->is_stopped, true);
	c->t->core = NULL;
	c->t->ended_ms = all->model->wall();
	core_state(c, state);
	c->t = NULL;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	keeper_note(all);
	if (!c->is_busy)
		core_free(c);
}

void
core_cancel_leg(struct core *c, enum refusal why)
{
	union message m = { .cancel = { MSG_CANCEL, c->leg, (uint16_t)why,
				slice_of(refusal_text(why)) } };

	if (c->leg != 0)
		c->all->ops.send(c->all->ops.arg, &m);
	c->leg = 0;
	c->is_ending = false;
}

static void
tell_withdrawn(struct transfers *all, uint64_t file, struct slice why)
{
	union message m = { .withdraw = { MSG_WITHDRAW, 0, file, why } };

	all->ops.ask(all->ops.arg, &m);
}

void
core_withdraw(struct core *c, struct slice why)
{
	struct transfers *all = c->all;

	core_cancel_leg(c, FINE);
	if (c->ref != 0)
		all->given_up[all->n_given_up++ % 16] = c->ref;
	if (c->t->file == 0)
		return;
	if (all->is_live) {
		tell_withdrawn(all, c->t->file, why);
		return;
	}
	all->withdrawn = xrealloc(
	    all->withdrawn, all->n_withdrawn + 1, sizeof(*all->withdrawn));
	all->withdrawn[all->n_withdrawn++] = c->t->file;
}

void
core_tell_withdrawn(struct transfers *all)
{
	for (size_t i = 0; i < all->n_withdrawn; i++)
		tell_withdrawn(all, all->withdrawn[i], SLICE(""));
	all->n_withdrawn = 0;
}

void
core_done(struct core *c, const struct hash *hash)
{
	c->leg = 0;
	c->all->places++;
	c->t->hash = *hash;
	core_end(c, TRANSFER_DONE);
}

void
core_fail(struct core *c, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	core_why(c, slice_of(words));
	if (c->t->code == FINE && !c->is_busy)
		c->t->error = c->error;
	core_cancel_leg(c, FINE);
	core_end(c, TRANSFER_FAILED);
}
