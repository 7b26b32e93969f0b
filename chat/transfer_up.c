/*
 * A file that is sent: read and hashed a piece ahead, sent as far as the credit
 * goes.  What is read once from a pipe is kept until the server has it on disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "codec.h"
#include "log.h"
#include "transfer_core.h"
#include "xmalloc.h"

enum { HASH_STEP = 16 }; /* pieces hashed until others have their turn */

struct up {
	struct core core; /* first */
	char *path;	  /* absolute; "" for a descriptor */
	char *name, *caption, *to;
	struct id key;
	uint64_t size; /* UINT64_MAX: a pipe's */
	uint64_t time;
	uint8_t flags;
	struct hash prefix; /* the server's, of the bytes it has */
	uint64_t check;	    /* bytes of it */

	struct buf ready; /* read, not sent: [core.offset, read) */
	struct buf kept;  /* of a pipe: sent, perhaps not on disk there */
	uint64_t kept_at; /* offset of its first byte */
	uint64_t read;	  /* bytes read */
	bool is_end;	  /* and these are all */
	bool waits;	  /* a leg began while a task was busy: at */
	uint64_t at;

	/* The worker's. */
	int fd;
	struct stat as_was; /* when it was opened */
	uint8_t *piece;
	size_t len; /* of it read, 0: the end */
};

static struct up *
up_of(struct core *c)
{
	return (struct up *)c;
}

static bool
is_pipe(const struct up *u)
{
	return u->size == UINT64_MAX;
}

/* ---- the worker's thread ---- */

static bool
is_changed(const struct up *u)
{
	struct stat now;

	return fstat(u->fd, &now) < 0 || now.st_size != u->as_was.st_size ||
	    now.st_mtim.tv_sec != u->as_was.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != u->as_was.st_mtim.tv_nsec;
}

static ssize_t
read_some(const struct up *u, uint64_t offset)
{
	struct pollfd p = { .fd = u->fd, .events = POLLIN };
	ssize_t n;

	do {
		n = is_pipe(u)
		    ? read(u->fd, u->piece, CORE_PIECE)
		    : pread(u->fd, u->piece, CORE_PIECE, (off_t)offset);
		if (n < 0 && errno == EAGAIN)
			poll(&p, 1, -1);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n;
}

static bool
work_read(struct task *task)
{
	struct up *u = (struct up *)task;
	ssize_t n = read_some(u, u->core.hashed);

	u->len = n > 0 ? (size_t)n : 0;
	if (n < 0)
		u->core.error = errno;
	else if (!is_pipe(u) && is_changed(u))
		u->core.error = ESTALE;
	digest_add(u->core.digest, u->piece, u->len);
	u->core.hashed += u->len;
	return false;
}

/* The hash of the first bytes: are they those the server has? */
static bool
work_check(struct task *task)
{
	struct up *u = (struct up *)task;
	struct core *c = &u->core;

	for (int i = 0; i < HASH_STEP && c->hashed < u->check; i++) {
		ssize_t n = read_some(u, c->hashed);

		if (n <= 0) {
			c->error = n < 0 ? errno : ESTALE;
			return false;
		}
		if ((uint64_t)n > u->check - c->hashed)
			n = (ssize_t)(u->check - c->hashed);
		digest_add(c->digest, u->piece, (size_t)n);
		c->hashed += (uint64_t)n;
	}
	return c->hashed < u->check;
}

/* ---- reading ahead ---- */

static void read_ahead(struct up *);
static void start(struct up *, uint64_t offset);

/* true: what the task was for is over, another leg has begun. */
static bool
is_late(struct up *u)
{
	if (!u->waits)
		return false;
	u->waits = false;
	if (u->core.leg != 0)
		start(u, u->at);
	return true;
}

static void
fail(struct up *u, int error)
{
	if (error == ESTALE)
		core_fail(&u->core,
		    "the file changed while it was sent; send it again");
	else
		core_fail(&u->core, "%s", strerrordesc_np(error));
}

static void
is_read(struct task *task)
{
	struct up *u = (struct up *)task;

	if (!core_is_back(&u->core))
		return;
	if (u->core.error != 0) {
		fail(u, u->core.error);
		return;
	}
	if (!is_pipe(u) && is_late(u))
		return;
	buf_add(&u->ready, u->piece, u->len);
	u->read += u->len;
	u->is_end = u->len == 0 || u->read == u->size;
	if (!is_pipe(u) && u->len == 0 && u->read != u->size)
		fail(u, ESTALE);
	else if (!is_late(u))
		read_ahead(u);
}

static void
read_ahead(struct up *u)
{
	struct core *c = &u->core;

	if (c->is_busy || u->is_end || u->ready.len >= CORE_PIECE)
		return;
	if (is_pipe(u) ? c->leg == 0 : c->offset + u->ready.len >= c->limit)
		return;
	core_ask(c, work_read, is_read);
}

/* ---- a leg ---- */

static void
up_begin(struct core *c)
{
	struct up *u = up_of(c);
	union message m = { .offer = {
				.type = MSG_OFFER,
				.key = u->key,
				.to = slice_of(u->to),
				.size = u->size,
				.time = u->time,
				.flags = u->flags,
				.name = slice_of(u->name),
				.caption = slice_of(u->caption),
			    } };

	core_state(c, TRANSFER_WAITING);
	/* A conversation is opened by the offer, a room has to be entered. */
	if (!c->t->room->is_direct && !c->t->room->is_attached) {
		c->again_ms = c->all->now_ms + CORE_RATE_MS;
		return;
	}
	c->ref = c->all->ops.ask(c->all->ops.arg, &m);
}

static void
go_from(struct up *u, uint64_t offset)
{
	struct core *c = &u->core;

	c->offset = u->read = offset;
	c->measured = c->t->moved = offset;
	buf_clear(&u->ready);
	u->is_end = offset == u->size;
	core_state(c, TRANSFER_MOVING);
	read_ahead(u);
}

static void
is_checked(struct task *task)
{
	struct up *u = (struct up *)task;
	struct core *c = &u->core;
	struct hash hash;

	if (!core_is_back(c))
		return;
	if (c->error != 0) {
		fail(u, c->error);
		return;
	}
	if (is_late(u))
		return;
	hash = digest_now(c->digest);
	if (memcmp(&hash, &u->prefix, sizeof(hash)) != 0)
		fail(u, ESTALE);
	else if (c->leg != 0)
		go_from(u, u->check);
}

static void
check(struct up *u)
{
	digest_reset(u->core.digest);
	u->core.hashed = 0;
	core_state(&u->core, TRANSFER_CHECKING);
	core_ask(&u->core, work_check, is_checked);
}

/* What a pipe gave already and the server has not: once more. */
static void
go_back(struct up *u, uint64_t offset)
{
	struct core *c = &u->core;
	struct buf again = { 0 };

	if (offset < u->kept_at || offset > c->offset) {
		core_fail(c,
		    "the server lost what was sent, and a pipe cannot be read "
		    "twice");
		return;
	}
	buf_add_slice(&again, buf_slice(&u->kept));
	buf_add_slice(&again, buf_slice(&u->ready));
	buf_consume(&again, (size_t)(offset - u->kept_at));
	u->kept.len = (size_t)(offset - u->kept_at);
	buf_done(&u->ready);
	u->ready = again;
	c->offset = offset;
	core_state(c, TRANSFER_MOVING);
	read_ahead(u);
}

static void
start(struct up *u, uint64_t offset)
{
	struct core *c = &u->core;

	if (c->is_busy) {
		u->waits = true;
		u->at = offset;
	} else if (is_pipe(u)) {
		go_back(u, offset);
	} else if (offset == 0) {
		digest_reset(c->digest);
		c->hashed = 0;
		go_from(u, 0);
	} else {
		u->check = offset;
		check(u);
	}
}

static void
hear_leg(struct up *u, const struct msg_leg *m)
{
	struct core *c = &u->core;

	c->t->file = m->file;
	c->limit = m->limit;
	c->is_ending = false;
	c->all->ops.changed(c->all->ops.arg, c->t);
	if (is_pipe(u) && m->size != UINT64_MAX)
		return; /* it is there as a whole: verified follows */
	if (m->offset > u->size ||
	    (m->offset != 0 && m->hash.len != sizeof(u->prefix.byte))) {
		core_fail(c, "the server has more of it than there is");
		return;
	}
	if (m->offset != 0)
		memcpy(u->prefix.byte, m->hash.at, sizeof(u->prefix.byte));
	start(u, m->offset);
}

static void
hear_credit(struct up *u, const struct msg_credit *m)
{
	struct core *c = &u->core;

	if (m->limit > c->limit)
		c->limit = m->limit;
	if (is_pipe(u) && m->durable > u->kept_at &&
	    m->durable <= u->kept_at + u->kept.len) {
		buf_consume(&u->kept, (size_t)(m->durable - u->kept_at));
		u->kept_at = m->durable;
	}
	read_ahead(u);
}

static bool
up_hear(struct core *c, const union message *m)
{
	struct up *u = up_of(c);
	struct hash hash;

	switch (m->type) {
	case MSG_LEG:
		hear_leg(u, &m->leg);
		return true;
	case MSG_CREDIT:
		hear_credit(u, &m->credit);
		return true;
	case MSG_VERIFIED:
		if (m->verified.hash.len != sizeof(hash.byte))
			return false;
		memcpy(hash.byte, m->verified.hash.at, sizeof(hash.byte));
		if (is_pipe(u))
			c->t->size = u->read;
		c->t->moved = c->t->size;
		core_done(c, &hash);
		return true;
	default:
		return false;
	}
}

static bool
up_has_more(const struct core *c)
{
	const struct up *u = (const struct up *)c;

	if (c->is_ending || c->t->state == TRANSFER_CHECKING)
		return false;
	if (u->ready.len != 0)
		return c->offset < c->limit;
	return u->is_end && !c->is_busy;
}

static void
send_whole(struct up *u, struct buf *out)
{
	struct core *c = &u->core;
	struct hash hash = digest_now(c->digest);
	union message m = {
		.whole = { MSG_WHOLE, c->leg, c->offset,
		    { (const char *)hash.byte, sizeof(hash.byte) } }
	};

	codec_encode(out, &m);
	c->is_ending = true;
	core_state(c, TRANSFER_FINISHING);
}

static bool
up_pull(struct core *c, struct buf *out)
{
	struct up *u = up_of(c);
	uint64_t n = u->ready.len;
	union message m;

	if (!up_has_more(c))
		return false;
	if (n == 0) {
		send_whole(u, out);
		return false;
	}
	if (n > PROTOCOL_DATA_MAX)
		n = PROTOCOL_DATA_MAX;
	if (n > c->limit - c->offset)
		n = c->limit - c->offset;
	m.data = (struct msg_data){ MSG_DATA, c->leg, c->offset,
		{ (const char *)buf_at(&u->ready), (size_t)n } };
	codec_encode(out, &m);
	if (is_pipe(u))
		buf_add(&u->kept, buf_at(&u->ready), (size_t)n);
	buf_consume(&u->ready, (size_t)n);
	c->offset += n;
	c->t->moved = c->offset;
	read_ahead(u);
	return true;
}

static void
up_go_on(struct core *c)
{
	read_ahead(up_of(c));
}

static void
up_free(struct core *c)
{
	struct up *u = up_of(c);

	close(u->fd);
	buf_done(&u->ready);
	buf_done(&u->kept);
	free(u->piece);
	free(u->path);
	free(u->name);
	free(u->caption);
	free(u->to);
	free(u);
}

static void
up_record(const struct core *c, struct transfer_record *r)
{
	const struct up *u = (const struct up *)c;

	r->key = u->key;
	r->size = u->size;
	r->time = u->time;
	r->path = xstrdup(u->path);
	r->name = xstrdup(u->name);
}

const struct core_ops core_up = { up_begin, up_hear, up_pull, up_has_more,
	up_go_on, up_free, up_record };

/* ---- what is to be sent ---- */

static char *
absolute(const char *path)
{
	char *full = realpath(path, NULL);

	return full != NULL ? full : xstrdup(path);
}

static char *
clean_name(const char *name)
{
	struct buf clean = { 0 };
	char *copy;

	part_name(&clean, slice_of(name));
	copy = xstrdup(buf_string(&clean));
	buf_done(&clean);
	return copy;
}

/* An open file, or a pipe; fd is taken. */
static struct up *
up_new(int fd, const struct stat *st)
{
	struct up *u = xcalloc(1, sizeof(*u));
	bool is_file = S_ISREG(st->st_mode);

	u->core.ops = &core_up;
	u->fd = fd;
	u->as_was = *st;
	u->piece = xmalloc(CORE_PIECE);
	u->size = is_file ? (uint64_t)st->st_size : UINT64_MAX;
	if (is_file)
		u->time = (uint64_t)st->st_mtim.tv_sec * 1000 +
		    (uint64_t)st->st_mtim.tv_nsec / 1000000;
	u->flags = is_file && (st->st_mode & 0111) != 0;
	if (getrandom(&u->key, sizeof(u->key), 0) != sizeof(u->key))
		fatal(EX_OSERR, "getrandom");
	return u;
}

/* -1: why.  A device or a pipe with a name has no end one could rely on. */
static int
open_file(const char *path, struct stat *st, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int error = fd < 0 ? errno : 0;

	if (error == 0 && fstat(fd, st) < 0)
		error = errno;
	if (error == 0 && S_ISDIR(st->st_mode))
		error = EISDIR;
	if (error == 0 && S_ISREG(st->st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	buf_printf(why, "%s: %s", path,
	    error != 0 ? strerrordesc_np(error) : "Not a regular file");
	return -1;
}

static struct transfer *
add(struct transfers *all, struct up *u, struct room *room)
{
	struct transfer *t =
	    core_show(all, &u->core, room, true, slice_of(u->name));

	u->to = xstrdup(room->name);
	t->size = u->size;
	core_path(&u->core, slice_of(u->path));
	all->ops.changed(all->ops.arg, t);
	if (all->is_live)
		up_begin(&u->core);
	else
		core_state(&u->core, TRANSFER_WAITING);
	return t;
}

struct transfer *
transfers_send(struct transfers *all, struct room *room,
    const struct send_file *file, struct buf *why)
{
	const char *name = file->name != NULL ? file->name : file->path;
	int fd = file->fd;
	struct stat st;
	struct up *u;

	if (file->path != NULL)
		fd = open_file(file->path, &st, why);
	else if (fstat(fd, &st) < 0)
		fd = -1;
	if (fd < 0)
		return NULL;
	u = up_new(fd, &st);
	u->path = file->path != NULL ? absolute(file->path) : xstrdup("");
	u->name = clean_name(name);
	u->caption = xstrndup(file->caption.at, file->caption.len);
	return add(all, u, room);
}

struct transfer *
transfer_up_again(struct transfers *all, struct room *room,
    const struct transfer_record *r, struct buf *why)
{
	struct stat st;
	struct up *u;
	int fd = open_file(r->path, &st, why);

	if (fd < 0)
		return NULL;
	u = up_new(fd, &st);
	u->path = xstrdup(r->path);
	u->name = xstrdup(r->name);
	u->caption = xstrdup("");
	if (u->size != r->size || u->time != r->time) {
		buf_printf(why, "%s: it changed since it was sent", r->path);
		u->core.digest = NULL;
		up_free(&u->core);
		return NULL;
	}
	u->key = r->key;
	return add(all, u, room);
}
