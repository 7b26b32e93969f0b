/*
 * What is under way, kept on disk.  The list is small, and written anew when a
 * file begins, becomes a part with a name, or ends: by the worker, so in the
 * order in which things happen to the files themselves.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transfer_core.h"
#include "whole.h"
#include "xmalloc.h"

static void ask(struct keeper *);

static bool
work(struct task *task)
{
	struct keeper *k = (struct keeper *)task;
	int fd = whole_replace(k->directory, k->name, &k->bytes);

	k->error = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return false;
}

static void
is_written(struct task *task)
{
	struct keeper *k = (struct keeper *)task;

	k->is_busy = false;
	if (k->error != 0 && !k->was_told)
		model_say(k->all->model, NULL,
		    "the list of files on their way cannot be written to disk "
		    "(%s): what is not finished will not go on in the next run",
		    strerrordesc_np(k->error));
	k->was_told = k->error != 0;
	if (k->has_next)
		ask(k);
}

static void
ask(struct keeper *k)
{
	struct buf spare = k->bytes;

	k->bytes = k->next;
	k->next = spare;
	k->has_next = false;
	k->is_busy = true;
	k->task.work = work;
	k->task.done = is_written;
	worker_ask(k->all->worker, &k->task);
}

static void
add(struct buf *out, const struct core *c)
{
	struct underway *u = xcalloc(1, sizeof(*u));

	u->is_upload = c->t->is_upload;
	u->is_paused = c->t->is_paused;
	u->server = xstrdup(c->server);
	u->log = c->log;
	u->file = c->t->file;
	if (c->ops->record(c, u))
		underway_add(out, u);
	underway_free(u);
}

void
keeper_note(struct transfers *all)
{
	struct keeper *k = &all->keeper;

	if (k->directory < 0)
		return;
	buf_clear(&k->next);
	underway_begin(&k->next);
	for (const struct core *c = all->first; c != NULL; c = c->next)
		add(&k->next, c);
	for (const struct underway *u = k->others; u != NULL; u = u->next)
		underway_add(&k->next, u);
	k->has_next = true;
	if (!k->is_busy)
		ask(k);
}

void
keeper_open(struct transfers *all, const struct transfers_options *o)
{
	struct keeper *k = &all->keeper;
	struct buf bytes = { 0 };

	k->all = all;
	k->directory = o->name != NULL ? o->directory : -1;
	if (k->directory < 0)
		return;
	k->name = xstrdup(o->name);
	if (whole_read(k->directory, k->name, UNDERWAY_MAX, &bytes))
		k->others = underway_read(buf_slice(&bytes));
	buf_done(&bytes);
}

static bool
is_zero(const struct id *id)
{
	static const struct id zero;

	return memcmp(id, &zero, sizeof(zero)) == 0;
}

/* The logs say who it is; a server that began anew is known by its address. */
static bool
is_of(const struct underway *u, const struct model *m)
{
	return strcmp(u->server, m->target) == 0 ||
	    (!is_zero(&u->log) &&
		memcmp(&u->log, &m->log, sizeof(m->log)) == 0);
}

static void
begin(struct transfers *all, const struct underway *u)
{
	struct room *room = model_room(all->model, slice_of(u->room));

	if (room == NULL)
		room = all->model->rooms[0];
	if (u->is_upload)
		transfer_up_again(all, room, u);
	else
		transfer_down_again(all, room, u);
}

void
keeper_begin(struct transfers *all)
{
	struct underway **at = &all->keeper.others;

	while (*at != NULL) {
		struct underway *u = *at;

		if (!is_of(u, all->model)) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		begin(all, u);
		underway_free(u);
	}
}

void
keeper_done(struct keeper *k)
{
	while (k->others != NULL) {
		struct underway *u = k->others;

		k->others = u->next;
		underway_free(u);
	}
	buf_done(&k->bytes);
	buf_done(&k->next);
	free(k->name);
}
