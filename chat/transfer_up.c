/*
 * A file that is sent: read and hashed a piece ahead, sent as far as the credit
 * goes.  What is read once from a pipe is kept until the server has it on disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "codec.h"
#include "log.h"
#include "names.h"
#include "transfer_up.h"
#include "xmalloc.h"

/* Of a pipe, sent and not known to be on disk there.  A server that syncs as
 * ours does never has so much of it in doubt. */
enum { KEPT_MAX = 32 * 1024 * 1024 };

static struct up *
up_of(struct core *c)
{
	return (struct up *)c;
}

/* ---- how it fails ---- */

/* The room is told that it will not come. */
static void
fail_with(struct up *u, const char *words)
{
	core_withdraw(&u->core, SLICE(""));
	core_fail(&u->core, "%s", words);
}

static void
fail(struct up *u)
{
	fail_with(u,
	    u->core.error == ESTALE
		? "the file changed while it was sent; send it again"
		: strerrordesc_np(u->core.error));
}

/* ---- reading ahead ---- */

static void read_ahead(struct up *);

static void
take_next(struct up *u)
{
	struct piece empty = u->now;

	u->now = u->piece;
	u->piece = empty;
	u->has_next = false;
}

static void
is_read(struct task *task)
{
	struct up *u = (struct up *)task;
	struct core *c = &u->core;

	if (!core_is_back(c))
		return;
	if (c->error != 0 && c->error != EAGAIN) {
		fail(u);
		return;
	}
	u->read += u->piece.len;
	u->has_next = u->piece.len != 0;
	if (c->error == 0)
		u->is_end = u->piece.len == 0 || u->read == u->size;
	if (!up_is_pipe(u) && u->is_end && u->read != u->size) {
		c->error = ESTALE;
		fail(u);
		return;
	}
	if (u->now.at == u->now.len && u->has_next)
		take_next(u);
	read_ahead(u);
}

static void
read_ahead(struct up *u)
{
	struct core *c = &u->core;

	if (c->is_busy || c->leg == 0 || !u->is_open || u->is_end ||
	    u->has_next || (!up_is_pipe(u) && u->read >= c->limit))
		return;
	core_ask(c, up_read, is_read);
}

/* ---- a leg ---- */

static void
is_opened(struct task *task)
{
	struct up *u = (struct up *)task;
	struct core *c = &u->core;

	if (!core_is_back(c))
		return;
	if (c->error != 0)
		fail_with(u, buf_string(&u->why));
	else
		core_state(c, TRANSFER_WAITING);
}

/* A conversation may have another name by now. */
static const char *
where(const struct up *u)
{
	const struct room *room = u->core.t->room;

	return room->is_direct ? room->name : u->to;
}

/* A conversation is opened by the offer, a room has to be entered. */
static bool
may_offer(const struct up *u)
{
	struct slice to = slice_of(where(u));
	const struct room *room = model_room(u->core.all->model, to);

	return !names_is_room(to) || (room != NULL && room->is_attached);
}

static void
up_begin(struct core *c)
{
	struct up *u = up_of(c);
	union message m = { .offer = {
				.type = MSG_OFFER,
				.key = u->key,
				.to = slice_of(where(u)),
				.size = u->size,
				.time = u->time,
				.flags = u->flags,
				.name = slice_of(u->name),
				.caption = slice_of(u->caption),
			    } };

	if (u->source.fd < 0) {
		core_state(c, TRANSFER_CHECKING);
		core_ask(c, up_open, is_opened);
	} else if (may_offer(u)) {
		c->ref = c->all->ops.ask(c->all->ops.arg, &m);
	}
}

static void
open_leg(struct up *u)
{
	u->is_open = true;
	u->core.measured = u->core.t->moved = u->core.offset;
	core_state(&u->core, TRANSFER_MOVING);
	read_ahead(u);
}

/* The digest is of all bytes before the offset. */
static void
go_from(struct up *u, uint64_t offset)
{
	u->core.offset = u->read = offset;
	u->now.at = u->now.len = 0;
	u->has_next = false;
	u->is_end = offset == u->size;
	open_leg(u);
}

/* The server says that it has all of it. */
static void
compare(struct up *u, const struct hash *theirs)
{
	struct core *c = &u->core;
	struct hash ours = digest_now(c->digest);

	if (memcmp(&ours, theirs, sizeof(ours)) != 0) {
		fail_with(u, "what the server has is not what was sent");
		return;
	}
	if (up_is_pipe(u))
		c->t->size = u->read;
	c->t->moved = c->t->size;
	core_done(c, theirs);
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
		fail(u);
		return;
	}
	if (c->leg == 0 && !u->is_verified)
		return;
	hash = digest_now(c->digest);
	if (memcmp(&hash, &u->prefix, sizeof(hash)) != 0) {
		c->error = ESTALE;
		fail(u);
	} else if (u->is_verified) {
		compare(u, &u->verified);
	} else {
		go_from(u, u->check);
	}
}

/* What a pipe gave already and the server has not: once more. */
static void
go_back(struct up *u, uint64_t offset)
{
	if (offset < u->kept_at || offset > u->kept_at + u->kept.len) {
		fail_with(u,
		    "the server lost what was sent, and a pipe cannot be read "
		    "twice");
		return;
	}
	u->core.offset = offset;
	open_leg(u);
}

static void
hear_leg(struct up *u, const struct msg_leg *m)
{
	struct core *c = &u->core;

	c->t->file = m->file;
	c->limit = m->limit;
	c->is_ending = false;
	u->is_open = false;
	u->is_verified = false;
	keeper_note(c->all);
	if (up_is_pipe(u) && m->size != UINT64_MAX)
		return; /* it is there as a whole: verified follows */
	if (m->offset > u->size ||
	    (m->offset != 0 && m->hash.len != sizeof(u->prefix.byte))) {
		fail_with(u, "the server has more of it than there is");
		return;
	}
	if (up_is_pipe(u)) {
		go_back(u, m->offset);
		return;
	}
	digest_reset(c->digest);
	c->hashed = 0;
	if (m->offset == 0) {
		go_from(u, 0);
		return;
	}
	memcpy(u->prefix.byte, m->hash.at, sizeof(u->prefix.byte));
	u->check = m->offset;
	core_state(c, TRANSFER_CHECKING);
	core_ask(c, up_check, is_checked);
}

static void
hear_credit(struct up *u, const struct msg_credit *m)
{
	struct core *c = &u->core;

	if (m->limit > c->limit)
		c->limit = m->limit;
	if (up_is_pipe(u) && m->durable > u->kept_at &&
	    m->durable <= c->offset) {
		buf_consume(&u->kept, (size_t)(m->durable - u->kept_at));
		u->kept_at = m->durable;
	}
	read_ahead(u);
}

/* All was sent, or was there already.  false: it was not. */
static bool
hear_verified(struct up *u, const struct msg_verified *m)
{
	struct core *c = &u->core;
	struct hash hash;

	if (m->hash.len != sizeof(hash.byte))
		return false;
	memcpy(hash.byte, m->hash.at, sizeof(hash.byte));
	if (!up_is_pipe(u) && !u->is_open) {
		c->leg = 0;
		u->is_verified = true;
		u->verified = hash;
		return true;
	}
	if (c->is_busy || !u->is_end ||
	    (c->offset != u->read && !(up_is_pipe(u) && !u->is_open)))
		return false;
	compare(u, &hash);
	return true;
}

static bool
up_hear(struct core *c, const union message *m)
{
	struct up *u = up_of(c);

	switch (m->type) {
	case MSG_LEG:
		hear_leg(u, &m->leg);
		return true;
	case MSG_CREDIT:
		hear_credit(u, &m->credit);
		return true;
	case MSG_VERIFIED:
		return hear_verified(u, &m->verified);
	default:
		return false;
	}
}

/* ---- sending ---- */

static struct slice
unsent(const struct up *u)
{
	uint64_t past = u->core.offset - u->kept_at;

	if (up_is_pipe(u) && past < u->kept.len)
		return (struct slice){ (const char *)buf_at(&u->kept) + past,
			u->kept.len - (size_t)past };
	return (struct slice){ (const char *)u->now.bytes + u->now.at,
		u->now.len - u->now.at };
}

static bool
up_has_more(const struct core *c)
{
	const struct up *u = (const struct up *)c;

	if (!u->is_open || c->is_ending)
		return false;
	if (u->is_end && c->offset == u->read)
		return !c->is_busy;
	return unsent(u).len != 0 && c->offset < c->limit &&
	    (u->kept.len < KEPT_MAX || c->offset < u->kept_at + u->kept.len);
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

/* So many bytes of what was unsent have been. */
static void
is_sent(struct up *u, struct slice bytes)
{
	struct core *c = &u->core;
	bool is_again = c->offset < u->kept_at + u->kept.len;

	c->offset += bytes.len;
	c->t->moved = c->offset;
	if (up_is_pipe(u) && is_again)
		return;
	if (up_is_pipe(u))
		buf_add_slice(&u->kept, bytes);
	else
		u->kept_at = c->offset;
	u->now.at += bytes.len;
	if (u->now.at == u->now.len && u->has_next)
		take_next(u);
	read_ahead(u);
}

static bool
up_pull(struct core *c, struct buf *out)
{
	struct up *u = up_of(c);
	struct slice bytes = unsent(u);
	union message m;

	if (!up_has_more(c))
		return false;
	if (bytes.len == 0) {
		send_whole(u, out);
		return false;
	}
	if (bytes.len > PROTOCOL_DATA_MAX)
		bytes.len = PROTOCOL_DATA_MAX;
	if (bytes.len > c->limit - c->offset)
		bytes.len = (size_t)(c->limit - c->offset);
	m.data = (struct msg_data){ MSG_DATA, c->leg, c->offset, bytes };
	codec_encode(out, &m);
	is_sent(u, bytes);
	return true;
}

static void
up_retry(struct core *c)
{
	(void)c;
}

static bool
up_forget(struct core *c)
{
	(void)c;
	return false;
}

static void
up_free(struct core *c)
{
	struct up *u = up_of(c);

	buf_done(&u->kept);
	buf_done(&u->why);
	free(u->now.bytes);
	free(u->piece.bytes);
	free(u->path);
	free(u->name);
	free(u->caption);
	free(u->to);
	free(u);
}

static bool
up_record(const struct core *c, struct underway *r)
{
	const struct up *u = (const struct up *)c;

	r->room = xstrdup(where(u));
	r->path = xstrdup(u->path);
	r->name = xstrdup(u->name);
	r->key = u->key;
	r->size = u->size;
	r->time = u->time;
	r->caption = xstrdup(u->caption);
	r->directory = xstrdup("");
	return !up_is_pipe(u) && u->path[0] != '\0';
}

const struct core_ops core_up = { up_begin, up_hear, up_forget, up_pull,
	up_has_more, up_retry, up_close, up_free, up_record };

/* ---- what is to be sent ---- */

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

static struct up *
up_new(struct transfers *all, struct room *room, const char *to,
    const char *name, uint64_t size)
{
	struct up *u = xcalloc(1, sizeof(*u));
	struct transfer *t;

	u->core.ops = &core_up;
	u->source.fd = -1;
	u->now.bytes = xmalloc(CORE_PIECE);
	u->piece.bytes = xmalloc(CORE_PIECE);
	u->size = size;
	u->name = clean_name(name);
	u->to = xstrdup(to);
	t = core_show(all, &u->core, room, true, slice_of(u->name));
	t->size = size;
	return u;
}

static void
add(struct up *u)
{
	struct core *c = &u->core;

	core_path(c, slice_of(u->path));
	c->all->ops.changed(c->all->ops.arg, c->t);
	keeper_note(c->all);
	if (c->all->is_live)
		transfers_tick(c->all, c->all->now_ms);
}

struct transfer *
transfers_send(struct transfers *all, struct room *room,
    const struct send_file *file, const struct source *s)
{
	bool is_file = S_ISREG(s->st.st_mode);
	struct up *u = up_new(all, room, room->name,
	    file->name != NULL ? file->name : file->path,
	    is_file ? (uint64_t)s->st.st_size : UINT64_MAX);
	struct transfer *t = u->core.t;

	u->source = *s;
	u->path = xstrdup(s->path);
	u->caption = xstrndup(file->caption.at, file->caption.len);
	u->time = is_file ? up_time(&s->st) : 0;
	u->flags = is_file && (s->st.st_mode & 0111) != 0;
	if (getrandom(&u->key, sizeof(u->key), 0) != sizeof(u->key))
		fatal(EX_OSERR, "getrandom");
	add(u);
	return t;
}

void
transfer_up_again(
    struct transfers *all, struct room *room, const struct underway *r)
{
	struct up *u = up_new(all, room, r->room, r->name, r->size);

	u->path = xstrdup(r->path);
	u->caption = xstrdup(r->caption);
	u->key = r->key;
	u->time = r->time;
	u->core.log = r->log;
	free(u->core.server);
	u->core.server = xstrdup(r->server);
	u->core.t->file = r->file;
	u->core.t->is_paused = r->is_paused;
	if (r->is_paused)
		core_state(&u->core, TRANSFER_PAUSED);
	add(u);
}
