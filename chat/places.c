#include "places.h"

#include <stdlib.h>
#include <string.h>

#include "pack.h"
#include "text.h"
#include "xmalloc.h"

enum {
	IS_WANTED = 1,
	IS_LOOKED_AT = 2,
	IS_PASTED = 4, /* the draft */
};

static const char head[] = "chat rooms 1\n";
enum { HEAD = sizeof(head) - 1 };

void
places_done(struct places *p)
{
	buf_done(&p->last);
	buf_done(&p->others);
}

void
places_lost(struct places *p)
{
	buf_clear(&p->last);
}

/* ---- writing ---- */

static void
add_room(struct buf *out, const struct model *m, const struct room *room)
{
	unsigned flags = 0;

	flags |= room->is_wanted ? IS_WANTED : 0;
	flags |= room == m->looked_at ? IS_LOOKED_AT : 0;
	flags |= room->is_draft_pasted ? IS_PASTED : 0;
	pack_text(out, slice_of(room->name));
	buf_add_u8(out, (uint8_t)flags);
	buf_add_u32(out, room->number);
	buf_add_u64(out, room->seq);
	buf_add_u64(out, room->seen);
	buf_add_u32(out, room->unread);
	buf_add_u32(out, room->mentions);
	pack_text(out, slice_of(room->draft != NULL ? room->draft : ""));
}

static void
add_target(struct buf *out, const struct model *m)
{
	pack_text(out, slice_of(m->target));
	pack_id(out, &m->log);
	for (size_t i = 1; i < m->n_rooms; i++)
		if (m->rooms[i]->is_open && m->rooms[i]->kind == ROOM_TALK)
			add_room(out, m, m->rooms[i]);
}

/* ---- reading ---- */

static bool
is_name(struct slice name)
{
	if (names_is_room(name))
		return names_room(name, NULL) == FINE;
	return names_nick(name, NULL) != REFUSE_NICK_BAD;
}

static void
read_room(struct unpack *u, struct model *m)
{
	struct slice name = unpack_text(u), draft;
	unsigned flags = unpack_u8(u);
	struct room here = { .number = unpack_u32(u) }, *room;

	here.seq = unpack_u64(u);
	here.seen = unpack_u64(u);
	here.unread = unpack_u32(u);
	here.mentions = unpack_u32(u);
	draft = unpack_text(u);
	if (u->is_bad || !is_name(name))
		return;
	room = model_room_open(m, name);
	if ((flags & IS_LOOKED_AT) != 0)
		model_look(m, room);
	room->is_wanted = (flags & IS_WANTED) != 0;
	room->number = here.number;
	room->seq = room->head = here.seq;
	room->seen = here.seen < here.seq ? here.seen : here.seq;
	room->unread = here.unread;
	room->mentions = here.mentions;
	if (draft.len != 0 && text_is_clean(draft, true))
		room->draft = xstrndup(draft.at, draft.len);
	room->is_draft_pasted = (flags & IS_PASTED) != 0;
}

/* true: it was that of the model's target. */
static bool
read_part(struct slice part, struct model *m)
{
	struct unpack u = { .at = (const uint8_t *)part.at, .left = part.len };
	struct slice server = unpack_text(&u);

	if (!slice_is(server, slice_of(m->target)))
		return false;
	m->log = unpack_id(&u);
	while (u.left != 0)
		read_room(&u, m);
	return true;
}

/* The next part of a file, from its head on, its sum behind it; false: that was
 * all, or all that makes sense. */
static bool
next_part(struct unpack *u, struct slice *whole, struct slice *part)
{
	const uint8_t *from = u->at;

	if (u->left == 0)
		return false;
	*part = unpack_text(u);
	if (unpack_u64(u) != pack_sum(PACK_SUM_BEGIN, part->at, part->len) ||
	    u->is_bad)
		return false;
	*whole = (struct slice){ (const char *)from, (size_t)(u->at - from) };
	return true;
}

static bool
open_file(struct slice file, struct unpack *u)
{
	if (file.len < HEAD || memcmp(file.at, head, HEAD) != 0)
		return false;
	*u = (struct unpack){ .at = (const uint8_t *)file.at + HEAD,
		.left = file.len - HEAD };
	return true;
}

void
places_read(struct places *p, struct model *m, struct slice file)
{
	struct slice whole, part;
	struct unpack u;
	unsigned n = 1;

	if (!open_file(file, &u))
		return;
	while (next_part(&u, &whole, &part))
		if (!read_part(part, m) && n++ < PLACES_SERVERS)
			buf_add_slice(&p->others, whole);
}

/* ---- the file ---- */

static bool
is_of(struct slice part, const char *target)
{
	struct unpack u = { .at = (const uint8_t *)part.at, .left = part.len };

	return slice_is(unpack_text(&u), slice_of(target));
}

/* Another server is the model's target now: what was written of the one before
 * is carried along, too. */
static void
note_target(struct places *p, const struct model *m)
{
	struct slice whole, part;
	struct unpack u;
	unsigned n = 1;

	if (!open_file(buf_slice(&p->last), &u) ||
	    !next_part(&u, &whole, &part) || is_of(part, m->target))
		return;
	buf_clear(&p->others);
	do
		if (!is_of(part, m->target) && n++ < PLACES_SERVERS)
			buf_add_slice(&p->others, whole);
	while (next_part(&u, &whole, &part));
}

bool
places_write(struct places *p, const struct model *m, struct buf *out)
{
	struct buf part = { 0 };
	struct slice bytes;

	note_target(p, m);
	add_target(&part, m);
	buf_add(out, head, HEAD);
	pack_text(out, buf_slice(&part));
	buf_add_u64(out, pack_sum(PACK_SUM_BEGIN, buf_at(&part), part.len));
	buf_add_slice(out, buf_slice(&p->others));
	buf_done(&part);
	bytes = buf_slice(out);
	if (slice_is(bytes, buf_slice(&p->last)))
		return false;
	buf_clear(&p->last);
	buf_add_slice(&p->last, bytes);
	return true;
}
