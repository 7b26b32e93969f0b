#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include "autoget.h"
#include "clock.h"
#include "log.h"
#include "text.h"
#include "wake.h"
#include "xmalloc.h"

/* Names are shown: they are kept safe, and cut where a character ends. */
static void
set_name(char *out, size_t size, struct slice name)
{
	struct buf safe = { 0 };
	const char *at;
	size_t len;

	text_safe(&safe, name, TEXT_ONE_LINE);
	at = buf_string(&safe);
	len = safe.len < size ? safe.len : size - 1;
	while (len != 0 && (at[len] & 0xc0) == 0x80)
		len--;
	memcpy(out, at, len);
	out[len] = '\0';
	buf_done(&safe);
}

static struct room *
room_new(struct model *m, struct slice name)
{
	struct room *room = xcalloc(1, sizeof(*room));

	set_name(room->name, sizeof(room->name), name);
	names_key(name, &room->key);
	room->is_direct = name.len != 0 && !names_is_room(name);
	room->topic = xstrdup("");
	m->rooms = xrealloc(m->rooms, m->n_rooms + 1, sizeof(struct room *));
	m->rooms[m->n_rooms++] = room;
	return room;
}

static void
room_free(struct room *room)
{
	room_members_clear(room);
	scrollback_done(&room->lines);
	scrollback_done(&room->page.lines);
	free(room->search);
	free(room->topic);
	free(room->draft);
	free(room);
}

void
pending_free(struct pending *p)
{
	free(p->words);
	free(p->server);
	free(p->text);
	free(p);
}

struct model *
model_new(void)
{
	struct model *m = xcalloc(1, sizeof(*m));

	pthread_mutex_init(&m->lock, NULL);
	m->wake = wake_open();
	m->ping_ms = -1;
	m->text_max = PROTOCOL_TEXT_MAX;
	m->is_focused = true;
	m->wall = clock_wall_ms;
	m->target = xstrdup("");
	m->looked_at = room_new(m, SLICE(""));
	m->looked_at->is_open = true;
	return m;
}

void
model_free(struct model *m)
{
	struct pending *p;
	size_t i;

	if (m == NULL)
		return;
	while ((p = m->outbox) != NULL) {
		m->outbox = p->next;
		pending_free(p);
	}
	for (i = 0; i < m->n_rooms; i++)
		room_free(m->rooms[i]);
	free(m->rooms);
	free(m->target);
	autoget_set(&m->autoget, SLICE(""), 0);
	buf_done(&m->scratch);
	close(m->wake);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void
model_lock(struct model *m)
{
	pthread_mutex_lock(&m->lock);
}

void
model_unlock(struct model *m)
{
	pthread_mutex_unlock(&m->lock);
}

void
model_keep(struct model *m, bool now)
{
	if (m->keeper != NULL && (now || !m->is_unkept))
		pthread_cond_signal(m->keeper);
	m->is_unkept = true;
	m->must_keep = m->must_keep || now;
}

void
model_unlock_changed(struct model *m)
{
	m->version++;
	model_keep(m, false);
	pthread_mutex_unlock(&m->lock);
	wake_up(m->wake);
}

/* ---- rooms ---- */

static bool
key_is(const struct name_key *a, const struct name_key *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

struct room *
model_room(struct model *m, struct slice name)
{
	struct name_key key;
	size_t i;

	if (name.len == 0)
		return m->rooms[0];
	if (!names_key(name, &key))
		return NULL;
	for (i = 1; i < m->n_rooms; i++)
		if (key_is(&m->rooms[i]->key, &key))
			return m->rooms[i];
	return NULL;
}

struct room *
model_room_number(struct model *m, uint32_t number)
{
	size_t i;

	for (i = 1; i < m->n_rooms; i++)
		if (m->rooms[i]->number == number && m->rooms[i]->is_attached)
			return m->rooms[i];
	return NULL;
}

static void
move_to_end(struct model *m, struct room *room)
{
	size_t i = 0;

	while (m->rooms[i] != room)
		i++;
	memmove(&m->rooms[i], &m->rooms[i + 1],
	    (m->n_rooms - i - 1) * sizeof(struct room *));
	m->rooms[m->n_rooms - 1] = room;
}

struct room *
model_room_open(struct model *m, struct slice name)
{
	struct room *room = model_room(m, name);

	if (room == NULL)
		room = room_new(m, name);
	else if (!room->is_open)
		move_to_end(m, room);
	room->is_open = true;
	return room;
}

static void
forget_unread(struct room *room)
{
	room->unread = 0;
	room->mentions = 0;
	room->unread_id = 0;
}

void
model_room_close(struct model *m, struct room *room)
{
	room->is_open = false;
	room_members_clear(room);
	forget_unread(room);
	if (m->looked_at == room)
		model_look(m, m->rooms[0]);
}

void
model_room_rename(struct model *m, struct room *room, struct slice name)
{
	struct room *other = model_room(m, name);

	if (other != NULL && other != room) {
		/* Somebody else had this nick before: that conversation is
		 * over, and must not be found by the name any more. */
		other->key.len = 0;
		other->is_wanted = false;
	}
	set_name(room->name, sizeof(room->name), name);
	names_key(name, &room->key);
}

/* ---- windows that are no rooms ---- */

/* The program's own window of that kind, emptied; a new one, when there is none
 * yet. */
static struct room *
open_own(struct model *m, enum room_kind kind)
{
	struct room *room = NULL;
	size_t i;

	for (i = 1; i < m->n_rooms; i++)
		if (m->rooms[i]->kind == kind)
			room = m->rooms[i];
	if (room == NULL) {
		room = room_new(m, SLICE(""));
		room->kind = kind;
	} else if (!room->is_open) {
		move_to_end(m, room);
	}
	scrollback_clear(&room->lines);
	scrollback_done(&room->page.lines);
	room->page = (struct page){ .ref = 0 };
	room->older = room->newer = (struct edge){ .state = EDGE_STILL };
	room->lost = 0;
	room->is_open = true;
	return room;
}

struct room *
model_open_found(struct model *m, const struct search *search)
{
	struct room *room = open_own(m, ROOM_FOUND);
	struct buf name = { 0 };

	buf_printf(&name, "search: %s", search->words);
	set_name(room->name, sizeof(room->name), buf_slice(&name));
	buf_done(&name);
	free(room->search);
	room->search = xmalloc(sizeof(*search));
	*room->search = *search;
	room->search_next = 0;
	return room;
}

struct room *
model_open_past(
    struct model *m, struct slice name, struct slice of, uint64_t seq)
{
	struct room *room = open_own(m, ROOM_PAST);

	set_name(room->name, sizeof(room->name), name);
	set_name(room->of, sizeof(room->of), of);
	room->sought = seq;
	return room;
}

/* ---- looking ---- */

void
model_look(struct model *m, struct room *room)
{
	struct room *left = m->looked_at;

	if (left != room && left->unread == 0)
		left->unread_id = 0;
	m->looked_at = room;
	if (room->unread_id == 0 && room->unfound < room->unread)
		room->unfound = room->unread;
	room->unread = 0;
	room->mentions = 0;
}

/* ---- members ---- */

unsigned
model_hash(const void *bytes, size_t len)
{
	static _Atomic uint64_t secret;
	const unsigned char *at = bytes;
	uint64_t hash = secret;

	while (hash == 0) {
		if (getrandom(&hash, sizeof(hash), 0) != sizeof(hash))
			fatal(EX_OSERR, "getrandom");
		secret = hash;
	}
	while (len-- != 0)
		hash = (hash ^ *at++) * UINT64_C(0x100000001b3);
	return (unsigned)(hash ^ hash >> 32);
}

static struct member *
find_member(struct room *room, const struct name_key *key)
{
	struct member *member;

	HASH_FIND(hh, room->members, key->at, key->len, member);
	return member;
}

struct member *
room_member(struct room *room, struct slice nick)
{
	struct name_key key;

	return names_key(nick, &key) ? find_member(room, &key) : NULL;
}

void
room_member_put(struct room *room, struct slice nick, enum presence state)
{
	struct name_key key;
	struct member *member;

	if (!names_key(nick, &key))
		return;
	member = find_member(room, &key);
	if (member == NULL && room_members(room) >= MODEL_MEMBERS)
		return;
	if (member == NULL) {
		member = xcalloc(1, sizeof(*member));
		member->key = key;
		HASH_ADD_KEYPTR(
		    hh, room->members, member->key.at, member->key.len, member);
	}
	set_name(member->nick, sizeof(member->nick), nick);
	member->state = (uint8_t)state;
}

static void
remove_member(struct room *room, struct member *member)
{
	HASH_DEL(room->members, member);
	free(member);
}

void
room_member_drop(struct room *room, struct slice nick)
{
	struct member *member = room_member(room, nick);

	if (member != NULL)
		remove_member(room, member);
}

void
room_member_rename(struct room *room, struct slice old, struct slice to)
{
	struct member *member = room_member(room, old);
	enum presence state = PRESENCE_HERE;
	uint64_t spoke = 0;

	if (member != NULL) {
		state = member->state;
		spoke = member->spoke;
		remove_member(room, member);
	}
	room_member_put(room, to, state);
	member = room_member(room, to);
	if (member != NULL)
		member->spoke = spoke;
}

void
room_members_clear(struct room *room)
{
	struct member *member, *next;

	HASH_ITER(hh, room->members, member, next)
	remove_member(room, member);
}

void
room_members_doubt(struct room *room)
{
	struct member *member;

	for (member = room->members; member != NULL; member = member->hh.next)
		member->state = 0;
}

void
room_members_settle(struct room *room)
{
	struct member *member, *next;

	HASH_ITER(hh, room->members, member, next)
	if (member->state == 0)
		remove_member(room, member);
}

unsigned
room_members(const struct room *room)
{
	return HASH_COUNT(room->members);
}
