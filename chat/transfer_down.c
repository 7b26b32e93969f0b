/*
 * A file that is fetched: written and hashed as it comes, no more of it asked
 * for than the disk has taken, given its name when it is what was sent.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transfer_down.h"
#include "xmalloc.h"

/* A server that was killed has less than it sent: who sends the file to it
 * comes back, too, so it is asked again before all is fetched anew. */
enum { PREFIX_TRIES = 3 };

static struct down *
down_of(struct core *c)
{
	return (struct down *)c;
}

/* ---- credit and writing ---- */

static void write_some(struct down *);

/* Never beyond the size that was told. */
static void
grant(struct down *d)
{
	struct core *c = &d->core;
	uint64_t most = c->hashed + d->window;
	union message m = { .credit = {
				MSG_CREDIT, c->leg, 0, part_synced(d->part) } };

	if (c->leg == 0 || c->t->is_paused)
		return;
	if (c->offset + d->window / 4 >= c->limit &&
	    d->window < CORE_WINDOW_MOST)
		d->window *= 2;
	if (most > c->t->size)
		most = c->t->size;
	if (most > c->limit)
		c->limit = most;
	if (c->limit - d->told < d->window / 4 &&
	    (c->limit != c->t->size || c->limit == d->told))
		return;
	d->told = m.credit.limit = c->limit;
	c->all->ops.send(c->all->ops.arg, &m);
}

/* For the moment: the disk is full; or for good. */
static void
trouble(struct down *d)
{
	struct core *c = &d->core;

	if (!d->is_full) {
		core_fail(c, "%s", buf_string(&d->why));
		return;
	}
	core_why(c, buf_slice(&d->why));
	core_state(c, TRANSFER_HELD);
	buf_clear(&d->why);
	core_later(c);
}

/* Back from the worker.  false: there is nothing more to do now. */
static bool
is_back(struct down *d)
{
	if (!core_is_back(&d->core))
		return false;
	if (d->core.error == 0 || d->core.error == EAGAIN)
		return true;
	trouble(d);
	return false;
}

static void
say_verified(struct down *d)
{
	struct core *c = &d->core;
	union message m = {
		.verified = { MSG_VERIFIED, c->leg,
		    { (const char *)d->wanted.byte, sizeof(d->wanted.byte) } }
	};

	if (c->leg != 0)
		c->all->ops.send(c->all->ops.arg, &m);
}

static void
is_finished(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;
	struct buf path = { 0 };

	if (!core_is_back(c))
		return;
	if (c->error == EBADMSG) {
		core_fail(c, "what arrived is not what was sent");
		return;
	}
	if (c->error != 0) {
		trouble(d);
		return;
	}
	if (d->name.len != 0)
		buf_printf(
		    &path, "%s/%s", d->folder_path, buf_string(&d->name));
	core_path(c, buf_slice(&path));
	buf_done(&path);
	say_verified(d);
	core_done(c, &d->wanted);
}

/* What it does while it has a part and no trouble. */
static void
show_state(struct down *d)
{
	struct core *c = &d->core;

	core_state(c,
	    c->leg == 0	       ? TRANSFER_WAITING
		: c->is_ending ? TRANSFER_FINISHING
			       : TRANSFER_MOVING);
}

static void
is_written(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;

	if (!is_back(d))
		return;
	if (c->t->state == TRANSFER_HELD) {
		c->tries = 0;
		show_state(d);
	}
	c->t->moved = c->hashed;
	grant(d);
	write_some(d);
}

static void
write_some(struct down *d)
{
	struct core *c = &d->core;

	if (c->is_busy || c->again_ms != 0 || !d->has_part)
		return;
	if (d->writing.len == 0) {
		struct buf empty = d->writing;

		d->writing = d->coming;
		d->coming = empty;
	}
	if (d->writing.len != 0)
		core_ask(c, down_write, is_written);
	else if (c->is_ending)
		core_ask(c, down_finish, is_finished);
}

/* ---- a leg ---- */

static void
set(char **to, const char *value)
{
	free(*to);
	*to = xstrdup(value);
}

static void
is_again(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;

	if (!is_back(d))
		return;
	d->has_part = true;
	set(&d->directory, d->folder_path);
	c->offset = c->t->moved = c->hashed;
	core_state(c, TRANSFER_WAITING);
}

static void
down_begin(struct core *c)
{
	struct down *d = down_of(c);
	struct hash hash = digest_now(c->digest);
	union message m = { .fetch = {
				.type = MSG_FETCH,
				.file = c->t->file,
				.offset = c->hashed,
			    } };

	if (d->coming.len != 0 || d->writing.len != 0) {
		write_some(d);
		return;
	}
	if (!d->has_part && d->now[0] != '\0') {
		core_state(c, TRANSFER_CHECKING);
		core_ask(c, down_look, is_again);
		return;
	}
	if (c->hashed != 0)
		m.fetch.hash = (struct slice){ (const char *)hash.byte,
			sizeof(hash.byte) };
	c->ref = c->all->ops.ask(c->all->ops.arg, &m);
}

static void
is_created(struct task *task)
{
	struct down *d = (struct down *)task;

	if (!is_back(d))
		return;
	d->has_part = true;
	set(&d->now, part_now(d->part));
	set(&d->directory, d->folder_path);
	keeper_note(d->core.all);
	show_state(d);
	grant(d);
	write_some(d);
}

static bool
hear_leg(struct down *d, const struct msg_leg *m)
{
	struct core *c = &d->core;

	if (m->offset != c->hashed || m->size < m->offset) {
		core_fail(c, "the server begins where it was not asked to");
		return true;
	}
	c->offset = c->limit = d->told = c->measured = m->offset;
	d->window = CORE_WINDOW;
	d->size = c->t->size = m->size;
	d->time = m->time;
	d->flags = m->flags;
	c->is_ending = false;
	core_name(c, m->name);
	if (d->has_part) {
		show_state(d);
		grant(d);
		return true;
	}
	buf_clear(&d->name);
	part_name(&d->name, m->name);
	core_ask(c, down_create, is_created);
	return true;
}

static bool
hear_data(struct down *d, const struct msg_data *m)
{
	struct core *c = &d->core;

	if (m->bytes.len == 0 || m->offset != c->offset ||
	    m->bytes.len > c->limit - c->offset || c->is_ending)
		return false;
	c->offset += m->bytes.len;
	buf_add_slice(&d->coming, m->bytes);
	write_some(d);
	return true;
}

/* An empty file may be whole before its part is there. */
static bool
hear_whole(struct down *d, const struct msg_whole *m)
{
	struct core *c = &d->core;

	if (c->is_ending || m->size != c->offset ||
	    m->hash.len != sizeof(d->wanted.byte) ||
	    (c->t->size != UINT64_MAX && m->size != c->t->size))
		return false;
	memcpy(d->wanted.byte, m->hash.at, sizeof(d->wanted.byte));
	c->t->size = m->size;
	c->is_ending = true;
	if (c->t->state != TRANSFER_HELD)
		core_state(c, TRANSFER_FINISHING);
	write_some(d);
	return true;
}

static void
is_forgotten(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;

	if (!core_is_back(c))
		return;
	d->has_part = false;
	d->now[0] = '\0';
	digest_reset(c->digest);
	c->hashed = 0;
	c->t->moved = 0;
	keeper_note(c->all);
}

static bool
down_forget(struct core *c)
{
	struct down *d = down_of(c);

	if (c->hashed == 0 || (d->is_pipe && c->tries >= PREFIX_TRIES))
		return false;
	core_state(c, TRANSFER_WAITING);
	if (c->tries < PREFIX_TRIES) {
		core_later(c);
		return true;
	}
	c->tries = 0;
	core_ask(c, down_drop, is_forgotten);
	return true;
}

static bool
down_hear(struct core *c, const union message *m)
{
	struct down *d = down_of(c);

	switch (m->type) {
	case MSG_LEG:
		return hear_leg(d, &m->leg);
	case MSG_DATA:
		return hear_data(d, &m->data);
	case MSG_WHOLE:
		return hear_whole(d, &m->whole);
	default:
		return false;
	}
}

static bool
down_pull(struct core *c, struct buf *out)
{
	(void)c;
	(void)out;
	return false;
}

static bool
down_has_more(const struct core *c)
{
	(void)c;
	return false;
}

static void
down_retry(struct core *c)
{
	struct down *d = down_of(c);

	if (!d->has_part)
		core_ask(c, down_create, is_created);
	else
		write_some(d);
}

static void
down_free(struct core *c)
{
	struct down *d = down_of(c);

	buf_done(&d->coming);
	buf_done(&d->writing);
	buf_done(&d->name);
	buf_done(&d->why);
	free(d->piece);
	free(d->to);
	free(d->folder_path);
	free(d->directory);
	free(d->now);
	free(d);
}

static bool
down_record(const struct core *c, struct underway *r)
{
	const struct down *d = (const struct down *)c;

	r->room = xstrdup(c->t->room->name);
	r->path = xstrdup(d->to != NULL ? d->to : "");
	r->name = xstrdup(d->now);
	r->caption = xstrdup("");
	r->directory = xstrdup(d->directory);
	return !d->is_pipe;
}

const struct core_ops core_down = { down_begin, down_hear, down_forget,
	down_pull, down_has_more, down_retry, down_close, down_free,
	down_record };

/* ---- what is to be fetched ---- */

static struct down *
down_new(struct transfers *all, struct room *room, uint64_t file)
{
	struct down *d = xcalloc(1, sizeof(*d));

	d->core.ops = &core_down;
	d->folder = -1;
	d->now = xstrdup("");
	d->directory = xstrdup("");
	core_show(all, &d->core, room, false, SLICE(""))->file = file;
	return d;
}

static struct transfer *
add(struct down *d)
{
	struct transfers *all = d->core.all;
	struct transfer *t = d->core.t;

	all->ops.changed(all->ops.arg, t);
	keeper_note(all);
	if (all->is_live)
		transfers_tick(all, all->now_ms);
	return t;
}

/* From where one is now: the next run may be begun elsewhere. */
static char *
absolute(const char *path)
{
	char *here = path[0] != '/' ? getcwd(NULL, 0) : NULL;
	char *full =
	    here != NULL ? xasprintf("%s/%s", here, path) : xstrdup(path);

	free(here);
	return full;
}

struct transfer *
transfers_fetch(struct transfers *all, struct room *room, uint64_t file,
    const char *to, int fd)
{
	struct down *d = down_new(all, room, file);

	d->to = to != NULL ? absolute(to) : NULL;
	if (fd >= 0) {
		d->part = part_pipe(fd);
		d->has_part = d->is_pipe = true;
	}
	return add(d);
}

void
transfer_down_again(
    struct transfers *all, struct room *room, const struct underway *r)
{
	struct down *d = down_new(all, room, r->file);

	d->to = r->path[0] != '\0' ? xstrdup(r->path) : NULL;
	set(&d->directory, r->directory);
	if (r->directory[0] != '\0')
		d->folder_path = xstrdup(r->directory);
	set(&d->now, r->name);
	d->core.log = r->log;
	free(d->core.server);
	d->core.server = xstrdup(r->server);
	d->core.t->is_paused = r->is_paused;
	if (r->is_paused)
		core_state(&d->core, TRANSFER_PAUSED);
	add(d);
}
