#include "hub.h"

#include <stdlib.h>

#include "answers.h"
#include "entry.h"
#include "hub_state.h"
#include "xmalloc.h"

struct hub *
hub_new(
    const struct settings *settings, struct store *store, struct heap *timers)
{
	struct hub *hub = xcalloc(1, sizeof *hub);

	hub->settings = settings;
	hub->answers = answers_new(settings);
	hub->store = store;
	hub->timers = timers;
	return hub;
}

void
hub_settings(struct hub *hub, const struct settings *settings)
{
	hub->settings = settings;
	hub_keep(hub);
	answers_free(hub->answers);
	hub->answers = answers_new(settings);
}

void
hub_time(struct hub *hub, int64_t now_ms, uint64_t wall_ms)
{
	hub->now_ms = now_ms;
	hub->wall_ms = wall_ms;
}

/* ---- news ---- */

static void
calm_over(struct timer *t)
{
	struct room *room =
	    (struct room *)((char *)t - offsetof(struct room, calm));

	hub_dirty(room->hub, room);
}

static void
tell_room(struct hub *hub, struct room *room, enum entry_kind kind)
{
	bool can_wait = (kind == ENTRY_JOINED || kind == ENTRY_LEFT) &&
	    room->n_members > HUB_CALM_MEMBERS;

	if (protocol_entry(kind)->by == FROM_CLIENT)
		room->is_spoken = true;
	if (!can_wait)
		hub_dirty(hub, room);
	else if (!heap_holds(&room->calm))
		heap_set(hub->timers, &room->calm, hub->now_ms + HUB_CALM_MS);
}

void
hub_take(struct hub *hub, struct room *room, struct entry *e)
{
	struct recent *recent = &room->recent;
	uint64_t before = recent->bytes;

	room->time = e->time;
	recent_add_take(recent, e);
	hub->recent_bytes += recent->bytes - before;
	hub->figures.entries++;
	tell_room(hub, room, (enum entry_kind)e->kind);
	DL_DELETE2(hub->active, room, prev_active, next_active);
	DL_APPEND2(hub->active, room, prev_active, next_active);
	for (struct room *r = hub->active;
	     hub->recent_bytes > HUB_RECENT_BYTES && r != room;
	     r = r->next_active) {
		hub->recent_bytes -= r->recent.bytes;
		recent_drop(&r->recent);
	}
}

/* ---- rooms ---- */

struct room *
hub_room(const struct hub *hub, const struct name_key *key)
{
	struct room *room;

	HASH_FIND(hh, hub->rooms, key->at, key->len, room);
	return room;
}

struct room *
hub_room_numbered(const struct hub *hub, uint32_t number)
{
	struct room *room;

	HASH_FIND(hh_number, hub->numbered, &number, sizeof number, room);
	return room;
}

static bool
room_is_needed(const struct room *room)
{
	return room->n_members != 0 || room->jobs != 0 || room->seats != NULL;
}

static void
room_drop(struct hub *hub, struct room *room)
{
	if (!room->is_direct)
		HASH_DELETE(hh, hub->rooms, room);
	HASH_DELETE(hh_number, hub->numbered, room);
	DL_DELETE2(hub->active, room, prev_active, next_active);
	if (room->is_dirty)
		LL_DELETE2(hub->dirty, room, next_dirty);
	hub->recent_bytes -= room->recent.bytes;
	heap_cancel(hub->timers, &room->calm);
	hub->figures.rooms--;
	hub->figures.encodings += room->recent.encodings;
	hub_files_room_gone(hub, room->number);
	store_forget(hub->store, room->number);
	room_free(room);
}

/* Nothing that somebody said, or sent, in it is kept. */
static bool
room_is_void(const struct hub *hub, const struct room *room)
{
	uint64_t days = (uint64_t)hub->settings->history_age;
	uint64_t files = (uint64_t)hub->settings->files_age;
	uint64_t age_ms = (files > days ? files : days) * HUB_DAY_MS;

	if (!room->is_spoken)
		return true;
	return days != 0 && files != 0 && hub->wall_ms > age_ms &&
	    room->time < hub->wall_ms - age_ms;
}

/* All its members are away, and nobody is asking for anything in it. */
static bool
room_is_forsaken(const struct room *room)
{
	if (room->jobs != 0 || room->seats != NULL)
		return false;
	for (size_t i = 0; i < room->n_members; i++)
		if (room->members[i]->user->clients != NULL)
			return false;
	return true;
}

static void
room_clear(struct hub *hub, struct room *room)
{
	room->jobs++; /* stay until it is through */
	while (room->n_members != 0)
		hub_member_remove(hub, room->members[0]);
	room->jobs--;
	room_drop(hub, room);
}

/* Of the rooms in which nothing is kept that was said, which is never given up
 * for a new room: the one silent longest that nobody is in; else the one whose
 * members are all away, so that nobody takes all places and goes. */
static bool
evict(struct hub *hub)
{
	struct room *forsaken = NULL;

	for (struct room *r = hub->active; r != NULL; r = r->next_active) {
		if (r->is_direct || !room_is_void(hub, r))
			continue;
		if (!room_is_needed(r)) {
			room_drop(hub, r);
			return true;
		}
		if (forsaken == NULL && room_is_forsaken(r))
			forsaken = r;
	}
	if (forsaken != NULL)
		room_clear(hub, forsaken);
	return forsaken != NULL;
}

struct room *
hub_room_add(struct hub *hub, uint32_t number, struct slice name,
    const struct name_key *key)
{
	struct room *room = room_new(number, name, key);

	room->hub = hub;
	room->added = ++hub->rooms_added;
	room->calm.fire = calm_over;
	if (key != NULL)
		HASH_ADD_KEYPTR(hh, hub->rooms, room->key, room->key_len, room);
	HASH_ADD(hh_number, hub->numbered, number, sizeof room->number, room);
	DL_APPEND2(hub->active, room, prev_active, next_active);
	hub->figures.rooms++;
	return room;
}

/* A number of no room, each that there is before one is given again; whoever
 * makes rooms for days and days must not use them up.  0: there is none. */
static uint32_t
free_number(struct hub *hub)
{
	if (HASH_CNT(hh_number, hub->numbered) == STORE_ROOM_MAX)
		return 0;
	do
		hub->room_number = hub->room_number % STORE_ROOM_MAX + 1;
	while (hub_room_numbered(hub, hub->room_number) != NULL);
	return hub->room_number;
}

struct room *
hub_room_new(struct hub *hub, struct slice name, const struct name_key *key)
{
	uint32_t number;

	if (key != NULL &&
	    HASH_COUNT(hub->rooms) >= hub->settings->limits_rooms &&
	    !evict(hub))
		return NULL;
	number = free_number(hub);
	return number != 0 ? hub_room_add(hub, number, name, key) : NULL;
}

void
hub_room_done(struct hub *hub, struct room *room)
{
	bool never_said = room_head(room) == 0;

	if (!room_is_needed(room) && (room->is_direct || never_said))
		room_drop(hub, room);
}

void
hub_dirty(struct hub *hub, struct room *room)
{
	if (room->is_dirty)
		return;
	room->is_dirty = true;
	LL_PREPEND2(hub->dirty, room, next_dirty);
}

void
hub_wake(struct seat *s)
{
	struct client *client = s->client;

	if (!s->is_waiting && seat_has_more(s)) {
		s->is_waiting = true;
		LL_PREPEND2(client->waiting, s, next_waiting);
	}
	if (s->is_waiting)
		client->ops->wake(client);
}

/* ---- users ---- */

struct member *
hub_member_add(struct room *room, struct user *user, bool is_joining)
{
	struct member *m = room_member_add(room, user);

	m->is_joining = is_joining;
	m->is_counted = true;
	LL_PREPEND2(user->members, m, next_of_user);
	user->n_members++;
	return m;
}

void
hub_member_remove(struct hub *hub, struct member *m)
{
	struct user *user = m->user;
	struct room *room = m->room;

	LL_DELETE2(user->members, m, next_of_user);
	user->n_members -= m->is_counted;
	room_member_remove(room, m);
	hub_room_done(hub, room);
}

void
hub_user_done(struct user *user)
{
	if (user->is_gone && user->jobs == 0 && user->members == NULL)
		user_free(user);
}

enum presence
hub_state_of(const struct user *user)
{
	return user->clients != NULL ? PRESENCE_HERE : PRESENCE_LOST;
}

void
hub_presence(struct hub *hub, struct user *user, enum presence state)
{
	union message m = { .presence = {
				MSG_PRESENCE, user->nick, (uint8_t)state } };
	struct buf forms[DIALECT_COUNT] = { { 0 } };
	uint32_t mark = ++hub->mark;

	for (struct client *c = user->clients; c != NULL; c = c->next)
		c->mark = mark;
	for (struct member *at = user->members; at != NULL;
	     at = at->next_of_user) {
		struct seat *s;

		/* First that it came, then that it went. */
		if (heap_holds(&at->room->calm)) {
			heap_cancel(hub->timers, &at->room->calm);
			hub_dirty(hub, at->room);
		}
		DL_FOREACH(at->room->seats, s)
		{
			struct client *c = s->client;
			struct buf *form = &forms[c->dialect->no];

			if (c->mark == mark)
				continue;
			c->mark = mark;
			if (form->len == 0)
				c->dialect->share(form, SLICE(""), &m);
			c->ops->news(c, buf_slice(form));
		}
	}
	for (int i = 0; i < DIALECT_COUNT; i++)
		buf_done(&forms[i]);
}

/* ---- the turn ---- */

void
hub_turn(struct hub *hub)
{
	struct room *room, *dirty;

	store_collect(hub->store);
	dirty = hub->dirty;
	hub->dirty = NULL;
	for (; (room = dirty) != NULL; dirty = room->next_dirty) {
		struct seat *s;

		room->is_dirty = false;
		DL_FOREACH(room->seats, s)
		hub_wake(s);
	}
}

bool
hub_waits(const struct hub *hub)
{
	return hub->dirty != NULL || store_waits(hub->store);
}

static void
page_ready(struct seat *s)
{
	hub_wake(s);
}

size_t
hub_pull(struct hub *hub, struct client *client, struct piece *pieces,
    size_t max, size_t bytes)
{
	struct seat *s, *next, *served = NULL;
	size_t n = 0, taken = 0;

	for (s = client->waiting; s != NULL; s = next) {
		size_t got, before = n;
		bool is_over;

		next = s->next_waiting;
		if (n == max || taken >= bytes)
			break;
		got = seat_pull(s, hub->store, page_ready, pieces + n, max - n,
		    bytes - taken, &is_over);
		for (n += got; before < n; before++)
			taken += pieces[before].len;
		LL_DELETE2(client->waiting, s, next_waiting);
		s->is_waiting = false;
		if (is_over) {
			struct room *room = s->room;

			seat_free(s);
			hub_room_done(hub, room);
		} else if (s->reading == NULL && seat_has_more(s)) {
			LL_PREPEND2(served, s, next_waiting);
			s->is_waiting = true;
		}
	}
	/* Who was served and wants more stands behind those who were not. */
	LL_CONCAT2(client->waiting, served, next_waiting);
	return n;
}

/* Nothing is asked of the store any more: who is a member stays one there. */
void
hub_free(struct hub *hub)
{
	struct user *u, *next;
	struct room *r, *next_room;

	if (hub == NULL)
		return;
	store_drain(hub->store);
	HASH_ITER(hh_device, hub->users.by_device, u, next)
	while (u->clients != NULL)
		hub_detach(u->clients);
	hub_files_free(hub);
	HASH_CLEAR(hh, hub->rooms);
	HASH_CLEAR(hh_number, hub->numbered);
	DL_FOREACH_SAFE2(hub->active, r, next_room, next_active)
	{
		while (r->n_members != 0)
			room_member_remove(r, r->members[0]);
		heap_cancel(hub->timers, &r->calm);
		r->jobs = 0; /* a broken store answers no more */
		room_free(r);
	}
	HASH_ITER(hh_device, hub->users.by_device, u, next)
	{
		heap_cancel(hub->timers, &u->grace);
		users_remove(&hub->users, u);
		user_free(u);
	}
	hub_claims_free(hub);
	answers_free(hub->answers);
	free(hub);
}
