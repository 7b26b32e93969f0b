/*
 * Requests about rooms: hearing one, leaving it, saying something in it; and
 * what follows when the store has committed it.
 */
#include "hub.h"
#include "hub_state.h"

enum { TOPIC_MAX = 400 }; /* bytes */

struct slice
hub_name_for(const struct room *room, const struct user *user)
{
	struct user *other;

	if (!room->is_direct)
		return slice_of(room->name);
	other = room_other(room, user);
	return other != NULL ? other->nick : SLICE("");
}

enum refusal
hub_find_readable(
    struct hub *hub, struct user *user, struct slice name, struct room **out)
{
	struct name_key key;
	struct user *other;
	enum refusal why;

	if (names_is_room(name)) {
		why = names_room(name, &key);
		if (why != FINE)
			return why;
		*out = hub_room(hub, &key);
		return *out != NULL ? FINE : REFUSE_ROOM_UNKNOWN;
	}
	other = users_nick(&hub->users, name);
	if (other == NULL)
		return REFUSE_NOBODY;
	if (other == user)
		return REFUSE_SELF;
	*out = users_direct(user, other);
	return *out != NULL ? FINE : REFUSE_NOT_MEMBER;
}

enum refusal
hub_find_member(
    struct hub *hub, struct user *user, struct slice name, struct member **out)
{
	struct room *room;
	enum refusal why = hub_find_readable(hub, user, name, &room);

	if (why != FINE)
		return why;
	*out = user_member(user, room);
	return *out != NULL && !(*out)->is_leaving ? FINE : REFUSE_NOT_MEMBER;
}

/* ---- hearing a room ---- */

static void
attach(struct client *client, struct room *room, uint64_t first, uint32_t ref)
{
	const struct member *m = user_member(client->user, room);
	struct seat *seat = client_seat(client, room);

	hub_trim(room->hub, room);
	/* It leaves and has not heard the end yet: that is answered first. */
	if (seat != NULL && seat->last != 0)
		hub_tell(client,
		    (union message){ .detached = { MSG_DETACHED, seat->last_ref,
					 room->number } });
	seat = room_seat(room, client, first);
	hub_tell(client,
	    (union message){ .attached = {
				 .type = MSG_ATTACHED,
				 .ref = ref,
				 .room = room->number,
				 .name = hub_name_for(room, client->user),
				 .first = first,
				 .head = room_head(room),
				 .topic = slice_of(room->topic),
				 .seen = m != NULL ? m->seen : 0,
			     } });
	hub_wake(seat);
}

/* Where one begins who has nothing of the room yet. */
static uint64_t
recent_past(const struct hub *hub, const struct room *room)
{
	uint64_t head = room_head(room);
	uint64_t past = (uint64_t)hub->settings->history_join;
	uint64_t kept = (uint64_t)hub->settings->history_count;

	if (kept != 0 && kept < past)
		past = kept;
	return head > past ? head - past + 1 : 1;
}

static enum refusal
open_direct(
    struct hub *hub, struct user *user, struct slice nick, struct room **out)
{
	struct user *other = users_nick(&hub->users, nick);

	if (other == NULL)
		return REFUSE_NOBODY;
	if (other == user)
		return REFUSE_SELF;
	*out = users_direct(user, other);
	if (*out != NULL)
		return FINE;
	if (user->n_members >= hub->settings->limits_own)
		return REFUSE_ROOMS_OWN;
	*out = hub_room_new(hub, SLICE(""), NULL);
	if (*out == NULL)
		return REFUSE_ROOMS_ALL;
	hub_member_add(*out, user, false);
	hub_member_add(*out, other, false);
	/* What others open must not use up one's own places. */
	other->members->is_counted = false;
	other->n_members--;
	return FINE;
}

static void
joined(struct job *job, enum refusal why)
{
	struct member *m = user_member(job->user, job->room);

	if (why != FINE) {
		hub_member_remove(job->hub, m);
		hub_tell_refused(job, MSG_JOIN, job->ref, why);
		return;
	}
	m->is_joining = false;
	if (job->client != NULL)
		attach(job->client, job->room, recent_past(job->hub, job->room),
		    job->ref);
}

static enum refusal
join_room(struct hub *hub, struct client *client, const struct msg_join *r)
{
	struct user *user = client->user;
	struct name_key key;
	enum refusal why = names_room(r->room, &key);
	struct room *room;
	struct member *m;

	if (why != FINE)
		return why;
	room = hub_room(hub, &key);
	m = room != NULL ? user_member(user, room) : NULL;
	if (m != NULL && (m->is_joining || m->is_leaving))
		return REFUSE_TOO_FAST;
	if (m != NULL) {
		attach(client, room, recent_past(hub, room), r->ref);
		return FINE;
	}
	if (user->n_members >= hub->settings->limits_own)
		return REFUSE_ROOMS_OWN;
	if (room == NULL)
		room = hub_room_new(hub, r->room, &key);
	if (room == NULL)
		return REFUSE_ROOMS_ALL;
	hub_member_add(room, user, true);
	hub_append(hub, client, user, room, ENTRY_JOINED, SLICE(""), r->ref, 0,
	    joined);
	return FINE;
}

enum refusal
hub_join(struct hub *hub, struct client *client, const struct msg_join *r)
{
	struct room *room;
	enum refusal why;

	if (names_is_room(r->room))
		return join_room(hub, client, r);
	why = open_direct(hub, client->user, r->room, &room);
	if (why == FINE)
		attach(client, room, recent_past(hub, room), r->ref);
	return why;
}

enum refusal
hub_attach(struct hub *hub, struct client *client, const struct msg_attach *r)
{
	struct member *m;
	enum refusal why = hub_find_member(hub, client->user, r->room, &m);

	if (why != FINE)
		return why;
	if (m->is_joining)
		return REFUSE_NOT_MEMBER;
	if (r->seq > room_head(m->room))
		return REFUSE_SEQ_BAD;
	attach(client, m->room, r->seq + 1, r->ref);
	return FINE;
}

static void
parted(struct job *job, enum refusal why)
{
	struct member *m = user_member(job->user, job->room);

	if (m == NULL) { /* the join before it was not stored */
		hub_tell_refused(job, MSG_PART, job->ref, REFUSE_NOT_MEMBER);
		return;
	}
	if (why != FINE && !job->user->is_gone) {
		m->is_leaving = false;
		hub_tell_refused(job, MSG_PART, job->ref, why);
		return;
	}
	for (struct client *c = job->user->clients; c != NULL; c = c->next) {
		struct seat *seat = client_seat(c, job->room);

		if (seat == NULL)
			continue;
		seat->last = job->ask.append.seq;
		seat->last_ref = c == job->client ? job->ref : 0;
		hub_wake(seat);
	}
	hub_member_remove(job->hub, m);
}

static void
close_direct(struct client *client, struct room *room, uint32_t ref)
{
	struct seat *seat = client_seat(client, room);

	hub_tell(client,
	    (union message){ .detached = { MSG_DETACHED, ref, room->number } });
	if (seat != NULL)
		seat_free(seat);
}

enum refusal
hub_part(struct hub *hub, struct client *client, const struct msg_part *r)
{
	struct member *m;
	enum refusal why = hub_find_member(hub, client->user, r->room, &m);

	if (why != FINE)
		return why;
	if (m->room->is_direct) {
		close_direct(client, m->room, r->ref);
		return FINE;
	}
	m->is_leaving = true;
	hub_append(hub, client, client->user, m->room, ENTRY_LEFT, r->why,
	    r->ref, 0, parted);
	return FINE;
}

/* ---- saying ---- */

static void
said(struct job *job, enum refusal why)
{
	const struct store_append *a = &job->ask.append;

	if (why == FINE)
		hub_has_said(job->hub, job->user, true);
	if (why != FINE)
		hub_tell_refused(job, MSG_SAY, job->n, why);
	else if (job->client != NULL)
		hub_tell(job->client,
		    (union message){ .stored = { MSG_STORED, job->n,
					 a->stored_room, a->seq, a->time } });
}

/* Both ends of a direct conversation hear what is said in it. */
static void
attach_all(struct room *room)
{
	for (size_t i = 0; i < room->n_members; i++)
		for (struct client *c = room->members[i]->user->clients;
		     c != NULL; c = c->next)
			if (c->is_welcome && client_seat(c, room) == NULL)
				attach(c, room, room_head(room) + 1, 0);
}

enum refusal
hub_find_target(struct hub *hub, struct client *client, struct slice name,
    struct room **room)
{
	struct member *m;
	enum refusal why = hub_find_member(hub, client->user, name, &m);

	if (why == FINE)
		*room = m->room;
	else if (why == REFUSE_NOT_MEMBER && !names_is_room(name))
		why = open_direct(hub, client->user, name, room);
	if (why == FINE && (*room)->is_direct)
		attach_all(*room);
	return why;
}

static bool
may_say(unsigned kind)
{
	const struct entry_row *row = protocol_entry(kind);

	return row != NULL && row->by == FROM_CLIENT;
}

enum refusal
hub_say(struct hub *hub, struct client *client, const struct msg_say *r)
{
	struct room *room;
	enum refusal why;

	if (!may_say(r->kind))
		return REFUSE_KIND_BAD;
	if (r->text.len == 0)
		return REFUSE_TEXT_EMPTY;
	if (r->text.len > (size_t)hub->settings->limits_text)
		return REFUSE_TEXT_LONG;
	if (r->n == 0)
		return REFUSE_OUT_OF_ORDER;
	why = hub_find_target(hub, client, r->to, &room);
	if (why != FINE)
		return why;
	hub_append(hub, client, client->user, room, (enum entry_kind)r->kind,
	    r->text, 0, r->n, said);
	return FINE;
}

static void
topic_set(struct job *job, enum refusal why)
{
	if (why != FINE) {
		hub_tell_refused(job, MSG_TOPIC, job->ref, why);
		return;
	}
	room_topic(job->room, job->ask.append.text);
	if (job->client != NULL)
		hub_tell_done(job->client, job->ref);
}

enum refusal
hub_topic(struct hub *hub, struct client *client, const struct msg_topic *r)
{
	struct member *m;
	enum refusal why = hub_find_member(hub, client->user, r->room, &m);

	if (why != FINE)
		return why;
	if (m->room->is_direct || r->text.len > TOPIC_MAX ||
	    (r->text.len != 0 && memchr(r->text.at, '\n', r->text.len)))
		return REFUSE_TOPIC_BAD;
	hub_append(hub, client, client->user, m->room, ENTRY_TOPIC, r->text,
	    r->ref, 0, topic_set);
	return FINE;
}
