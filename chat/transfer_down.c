/*
 * A file that is fetched: written and hashed as it comes, no more of it asked
 * for than the disk has taken, given its name when it is what was sent.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transfer_core.h"
#include "xmalloc.h"

enum { HASH_STEP = 16 }; /* pieces hashed until others have their turn */

struct down {
	struct core core; /* first */
	char *to;	 /* where to, as wished; NULL: the standard directory */
	char *directory; /* and as found */
	char *now;	 /* "NAME.part", "" before there is one */
	bool has_part;
	struct buf coming; /* received, not handed to the worker */
	uint32_t window;
	uint64_t told; /* of the credit, what the server knows */
	uint64_t time;
	uint8_t flags;
	struct hash wanted; /* once whole has come */
	bool is_late;	    /* a task was busy when it could have begun */

	/* The worker's. */
	int folder; /* -1: not open */
	struct part *part;
	uint8_t *piece;
	size_t len;	 /* of it to be written */
	uint64_t size;	 /* as the server has it */
	struct buf name; /* wanted; then the one it got */
	struct buf why;	 /* what went wrong, in words */
	bool is_full;
};

static struct down *
down_of(struct core *c)
{
	return (struct down *)c;
}

/* ---- the worker's thread ---- */

static bool
failed(struct down *d, int error)
{
	d->core.error = error;
	d->is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
	if (d->why.len == 0)
		buf_add_string(&d->why, strerrordesc_np(error));
	return false;
}

/* To a directory, or to a file in one. */
static void
find_place(struct down *d)
{
	struct stat st;
	const char *slash;

	if (d->to == NULL && d->core.all->directory == NULL) {
		buf_add_string(&d->why,
		    "there is no directory for files that are fetched: neither "
		    "HOME nor XDG_DOWNLOAD_DIR is set, see -D");
		return;
	}
	if (d->to == NULL) {
		d->directory = xstrdup(d->core.all->directory);
		return;
	}
	slash = strrchr(d->to, '/');
	if ((stat(d->to, &st) == 0 && S_ISDIR(st.st_mode)) ||
	    (slash != NULL && slash[1] == '\0')) {
		d->directory = xstrdup(d->to);
		return;
	}
	d->directory = slash == NULL ? xstrdup(".")
	    : slash == d->to	     ? xstrdup("/")
				     : xstrndup(d->to, (size_t)(slash - d->to));
	buf_clear(&d->name);
	buf_add_string(&d->name, slash != NULL ? slash + 1 : d->to);
}

static bool
open_folder(struct down *d)
{
	if (d->directory == NULL)
		find_place(d);
	if (d->folder < 0 && d->directory != NULL)
		d->folder = part_directory(d->directory, &d->why);
	return d->folder >= 0;
}

static bool
work_create(struct task *task)
{
	struct down *d = (struct down *)task;

	if (!open_folder(d))
		return failed(d, EACCES);
	d->part = part_new(
	    d->folder, buf_string(&d->name), d->size, &d->why, &d->is_full);
	if (d->part == NULL)
		return failed(d, d->is_full ? ENOSPC : EACCES);
	return false;
}

/* What there is from before, and its hash. */
static bool
work_again(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;

	if (d->part == NULL && open_folder(d))
		d->part = part_again(d->folder, d->now, &d->why);
	if (d->part == NULL)
		return failed(d, ENOENT);
	for (int i = 0; i < HASH_STEP; i++) {
		long n = part_read(d->part, d->piece, CORE_PIECE, c->hashed);
		if (n < 0)
			return failed(d, errno);
		if (n == 0)
			return false;
		digest_add(c->digest, d->piece, (size_t)n);
		c->hashed += (uint64_t)n;
	}
	return true;
}

static bool
work_write(struct task *task)
{
	struct down *d = (struct down *)task;
	int error = part_write(d->part, d->piece, d->len);

	if (error != 0)
		return failed(d, error);
	digest_add(d->core.digest, d->piece, d->len);
	d->core.hashed += d->len;
	return false;
}

static bool
work_finish(struct task *task)
{
	struct down *d = (struct down *)task;
	struct hash hash = digest_now(d->core.digest);
	int error;

	if (memcmp(&hash, &d->wanted, sizeof(hash)) != 0)
		return failed(d, EBADMSG);
	buf_clear(&d->name);
	error = part_finish(d->part, d->time, (d->flags & 1) != 0, &d->name);
	return error != 0 && failed(d, error);
}

/* ---- credit and writing ---- */

static void write_some(struct down *);

static void
grant(struct down *d)
{
	struct core *c = &d->core;
	union message m = { .credit = { MSG_CREDIT, c->leg, 0, c->hashed } };

	if (c->leg == 0 || c->t->is_paused)
		return;
	if (c->offset + d->window / 4 >= c->limit &&
	    d->window < CORE_WINDOW_MOST)
		d->window *= 2;
	if (c->hashed + d->window > c->limit)
		c->limit = c->hashed + d->window;
	if (c->limit - d->told < d->window / 4)
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
	snprintf(c->t->why, sizeof(c->t->why), "%s", buf_string(&d->why));
	core_state(c, TRANSFER_HELD);
	buf_clear(&d->why);
	c->again_ms = c->all->now_ms + CORE_RETRY_MS;
}

static void down_begin(struct core *);

/* Back from the worker; false: there is nothing more to do now. */
static bool
is_back(struct down *d)
{
	if (!core_is_back(&d->core))
		return false;
	if (d->core.error != 0) {
		trouble(d);
		return false;
	}
	if (d->is_late && d->coming.len == 0) {
		d->is_late = false;
		if (d->core.all->is_live && d->core.leg == 0)
			down_begin(&d->core);
		return false;
	}
	return true;
}

static void
is_finished(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;
	struct buf path = { 0 };
	union message m = {
		.verified = { MSG_VERIFIED, c->leg,
		    { (const char *)d->wanted.byte, sizeof(d->wanted.byte) } }
	};

	if (c->error == EBADMSG && c->t != NULL) {
		core_is_back(c);
		core_fail(c, "what arrived is not what was sent");
		return;
	}
	if (!is_back(d))
		return;
	if (d->name.len != 0)
		buf_printf(&path, "%s/%s", d->directory, buf_string(&d->name));
	core_path(c, buf_slice(&path));
	buf_done(&path);
	if (c->leg != 0)
		c->all->ops.send(c->all->ops.arg, &m);
	c->leg = 0;
	core_done(c, &d->wanted);
}

static void
is_written(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;

	if (c->error == 0)
		d->len = 0;
	if (!is_back(d))
		return;
	if (c->t->state == TRANSFER_HELD)
		core_state(c, c->leg != 0 ? TRANSFER_MOVING : TRANSFER_WAITING);
	c->t->moved = c->hashed;
	grant(d);
	write_some(d);
}

static void
write_some(struct down *d)
{
	struct core *c = &d->core;

	if (c->is_busy || c->again_ms != 0)
		return;
	if (d->len == 0 && d->coming.len != 0) {
		d->len =
		    d->coming.len < CORE_PIECE ? d->coming.len : CORE_PIECE;
		memcpy(d->piece, buf_at(&d->coming), d->len);
		buf_consume(&d->coming, d->len);
	}
	if (d->len != 0)
		core_ask(c, work_write, is_written);
	else if (c->is_ending)
		core_ask(c, work_finish, is_finished);
}

/* ---- a leg ---- */

static void
is_again(struct task *task)
{
	struct down *d = (struct down *)task;

	d->has_part = d->core.error == 0;
	if (!is_back(d))
		return;
	d->core.offset = d->core.t->moved = d->core.hashed;
	if (d->core.all->is_live)
		down_begin(&d->core);
	else
		core_state(&d->core, TRANSFER_WAITING);
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

	if (c->is_busy || d->coming.len != 0 || d->len != 0) {
		d->is_late = true;
		return;
	}
	if (!d->has_part && d->now[0] != '\0') {
		core_state(c, TRANSFER_CHECKING);
		core_ask(c, work_again, is_again);
		return;
	}
	if (c->hashed != 0)
		m.fetch.hash = (struct slice){ (const char *)hash.byte,
			sizeof(hash.byte) };
	core_state(c, TRANSFER_WAITING);
	c->ref = c->all->ops.ask(c->all->ops.arg, &m);
}

static void
is_created(struct task *task)
{
	struct down *d = (struct down *)task;

	d->has_part = d->core.error == 0;
	if (!is_back(d))
		return;
	free(d->now);
	d->now = xstrdup(part_now(d->part));
	core_state(
	    &d->core, d->core.leg != 0 ? TRANSFER_MOVING : TRANSFER_WAITING);
	d->core.all->ops.changed(d->core.all->ops.arg, d->core.t);
	grant(d);
}

static void
hear_leg(struct down *d, const struct msg_leg *m)
{
	struct core *c = &d->core;

	if (m->offset != c->hashed) {
		core_fail(c, "the server begins where it was not asked to");
		return;
	}
	c->offset = c->limit = d->told = c->measured = m->offset;
	d->window = CORE_WINDOW;
	d->size = c->t->size = m->size;
	d->time = m->time;
	d->flags = m->flags;
	c->is_ending = false;
	core_name(c, m->name);
	if (d->has_part) {
		core_state(c, TRANSFER_MOVING);
		grant(d);
		return;
	}
	buf_clear(&d->name);
	part_name(&d->name, m->name);
	core_ask(c, work_create, is_created);
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

static bool
hear_whole(struct down *d, const struct msg_whole *m)
{
	struct core *c = &d->core;

	if (m->size != c->offset || m->hash.len != sizeof(d->wanted.byte) ||
	    !d->has_part)
		return !d->has_part && m->size == 0;
	memcpy(d->wanted.byte, m->hash.at, sizeof(d->wanted.byte));
	c->t->size = m->size;
	c->is_ending = true;
	core_state(c, TRANSFER_FINISHING);
	write_some(d);
	return true;
}

/* What is here is not the beginning of it: all of it anew. */
static void
start_again(struct down *d)
{
	struct core *c = &d->core;

	part_close(d->part, true);
	d->part = NULL;
	d->has_part = false;
	d->now[0] = '\0';
	digest_reset(c->digest);
	c->hashed = 0;
	c->t->moved = 0;
	down_begin(c);
}

static bool
down_hear(struct core *c, const union message *m)
{
	struct down *d = down_of(c);

	switch (m->type) {
	case MSG_LEG:
		hear_leg(d, &m->leg);
		return true;
	case MSG_DATA:
		return hear_data(d, &m->data);
	case MSG_WHOLE:
		return hear_whole(d, &m->whole);
	case MSG_REFUSED:
		start_again(d);
		return true;
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
down_go_on(struct core *c)
{
	struct down *d = down_of(c);

	if (c->is_busy)
		return;
	if (!d->has_part && c->leg != 0)
		core_ask(c, work_create, is_created);
	grant(d);
	write_some(d);
}

static void
down_free(struct core *c)
{
	struct down *d = down_of(c);

	part_close(d->part, d->core.is_dropped);
	if (d->folder >= 0)
		close(d->folder);
	buf_done(&d->coming);
	buf_done(&d->name);
	buf_done(&d->why);
	free(d->piece);
	free(d->to);
	free(d->directory);
	free(d->now);
	free(d);
}

static void
down_record(const struct core *c, struct transfer_record *r)
{
	const struct down *d = (const struct down *)c;

	r->path = xstrdup(d->directory != NULL ? d->directory : "");
	r->name = xstrdup(d->now);
}

const struct core_ops core_down = { down_begin, down_hear, down_pull,
	down_has_more, down_go_on, down_free, down_record };

/* ---- what is to be fetched ---- */

static struct down *
down_new(struct transfers *all, struct room *room, uint64_t file)
{
	struct down *d = xcalloc(1, sizeof(*d));

	d->core.ops = &core_down;
	d->folder = -1;
	d->now = xstrdup("");
	d->piece = xmalloc(CORE_PIECE);
	core_show(all, &d->core, room, false, SLICE(""))->file = file;
	return d;
}

static struct transfer *
begin(struct down *d)
{
	struct transfers *all = d->core.all;

	all->ops.changed(all->ops.arg, d->core.t);
	if (d->core.all->is_live)
		down_begin(&d->core);
	else
		core_state(&d->core, TRANSFER_WAITING);
	return d->core.t;
}

struct transfer *
transfers_fetch(struct transfers *all, struct room *room, uint64_t file,
    const char *to, int fd)
{
	struct down *d = down_new(all, room, file);

	d->to = to != NULL ? xstrdup(to) : NULL;
	if (fd >= 0) {
		d->part = part_pipe(fd);
		d->has_part = true;
	}
	return begin(d);
}

struct transfer *
transfer_down_again(
    struct transfers *all, struct room *room, const struct transfer_record *r)
{
	struct down *d = down_new(all, room, r->file);

	d->directory = r->path[0] != '\0' ? xstrdup(r->path) : NULL;
	free(d->now);
	d->now = xstrdup(r->name);
	return begin(d);
}
