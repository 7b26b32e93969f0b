/*
 * The requests, one function each, and what follows when the store has
 * committed what they asked for.
 */
#include <sodium.h>
#include <stdlib.h>

#include "hub.h"
#include "hub_state.h"
#include "xmalloc.h"

enum {
	PAGE_NAMES = 256, /* rows of a list's page */
	PAGE_LIST = 100,
	TOPIC_MAX = 400, /* bytes */
	RETRY_MS = 1000, /* when trying again may help */
};

static void
tell(struct client *client, union message m)
{
	client->ops->tell(client, &m);
}

static void
tell_done(struct client *client, uint32_t ref)
{
	tell(client,
	    (union message){ .done = { .type = MSG_DONE, .ref = ref } });
}

static void
tell_refused(
    struct job *job, enum message_type request, uint64_t ref, enum refusal why)
{
	if (job->client == NULL)
		return;
	tell(job->client,
	    (union message){
		.refused = {
		    .type = MSG_REFUSED,
		    .request = (uint8_t)request,
		    .ref = ref,
		    .code = (uint16_t)why,
		    .wait = why == REFUSE_UNAVAILABLE ? RETRY_MS : 0,
		    .text = slice_of(refusal_text(why)),
		} });
}

/* What a room is called by one of its members. */
static struct slice
name_for(const struct room *room, const struct user *user)
{
	struct user *other;

	if (!room->is_direct)
		return slice_of(room->name);
	other = room_other(room, user);
	return other != NULL ? other->nick : SLICE("");
}

/* The member a name in a request stands for. */
static enum refusal
find_member(
    struct hub *hub, struct user *user, struct slice name, struct member **out)
{
	struct name_key key;
	struct room *room;
	struct user *other;
	enum refusal why;

	if (names_is_room(name)) {
		why = names_room(name, &key);
		if (why != FINE)
			return why;
		room = hub_room(hub, &key);
		if (room == NULL)
			return REFUSE_ROOM_UNKNOWN;
	} else {
		other = users_nick(&hub->users, name);
		if (other == NULL)
			return REFUSE_NOBODY;
		if (other == user)
			return REFUSE_SELF;
		room = users_direct(user, other);
		if (room == NULL)
			return REFUSE_NOT_MEMBER;
	}
	*out = user_member(user, room);
	return *out != NULL && !(*out)->is_leaving ? FINE : REFUSE_NOT_MEMBER;
}

/* ---- hearing a room ---- */

static void
attach(struct client *client, struct room *room, uint64_t first, uint32_t ref)
{
	struct seat *seat = room_seat(room, client, first);

	tell(client,
	    (union message){ .attached = {
				 .type = MSG_ATTACHED,
				 .ref = ref,
				 .room = room->number,
				 .name = name_for(room, client->user),
				 .first = first,
				 .head = room_head(room),
				 .topic = slice_of(room->topic),
			     } });
	hub_wake(seat);
}

/* Where one begins who has nothing of the room yet. */
static uint64_t
recent_past(const struct hub *hub, const struct room *room)
{
	uint64_t head = room_head(room);
	uint64_t past = (uint64_t)hub->settings->history_join;

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
	hub_member_add(*out, user, false);
	hub_member_add(*out, other, false);
	return FINE;
}

static void
joined(struct job *job, enum refusal why)
{
	struct member *m = user_member(job->user, job->room);

	if (why != FINE) {
		hub_member_remove(job->hub, m);
		tell_refused(job, MSG_JOIN, job->ref, why);
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
	enum refusal why = find_member(hub, client->user, r->room, &m);

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

	if (why != FINE) {
		m->is_leaving = false;
		tell_refused(job, MSG_PART, job->ref, why);
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
close_direct(
    struct hub *hub, struct client *client, struct member *m, uint32_t ref)
{
	struct room *room = m->room;
	struct seat *seat = client_seat(client, room);

	tell(client,
	    (union message){ .detached = { MSG_DETACHED, ref, room->number } });
	if (seat != NULL)
		seat_free(seat);
	if (room->n_members < 2)
		hub_member_remove(hub, m);
}

enum refusal
hub_part(struct hub *hub, struct client *client, const struct msg_part *r)
{
	struct member *m;
	enum refusal why = find_member(hub, client->user, r->room, &m);

	if (why != FINE)
		return why;
	if (m->room->is_direct) {
		close_direct(hub, client, m, r->ref);
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

	if (why != FINE)
		tell_refused(job, MSG_SAY, a->n, why);
	else if (job->client != NULL)
		tell(job->client,
		    (union message){ .stored = { MSG_STORED, a->n,
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

static bool
may_say(unsigned kind)
{
	const struct entry_row *row = protocol_entry(kind);

	return row != NULL && row->by == FROM_CLIENT;
}

enum refusal
hub_say(struct hub *hub, struct client *client, const struct msg_say *r)
{
	struct member *m;
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
	why = find_member(hub, client->user, r->to, &m);
	if (why == FINE)
		room = m->room;
	else if (why == REFUSE_NOT_MEMBER && !names_is_room(r->to))
		why = open_direct(hub, client->user, r->to, &room);
	if (why != FINE)
		return why;
	if (room->is_direct)
		attach_all(room);
	hub_append(hub, client, client->user, room, (enum entry_kind)r->kind,
	    r->text, 0, r->n, said);
	return FINE;
}

static void
topic_set(struct job *job, enum refusal why)
{
	if (why != FINE) {
		tell_refused(job, MSG_TOPIC, job->ref, why);
		return;
	}
	room_topic(job->room, job->ask.append.text);
	if (job->client != NULL)
		tell_done(job->client, job->ref);
}

enum refusal
hub_topic(struct hub *hub, struct client *client, const struct msg_topic *r)
{
	struct member *m;
	enum refusal why = find_member(hub, client->user, r->room, &m);

	if (why != FINE)
		return why;
	if (m->room->is_direct || r->text.len > TOPIC_MAX ||
	    (r->text.len != 0 && memchr(r->text.at, '\n', r->text.len)))
		return REFUSE_TOPIC_BAD;
	hub_append(hub, client, client->user, m->room, ENTRY_TOPIC, r->text,
	    r->ref, 0, topic_set);
	return FINE;
}

/* ---- who one is ---- */

static void
welcome(struct job *job, enum refusal why)
{
	struct hub *hub = job->hub;
	struct user *user = job->user;
	struct client *client = job->client;
	const struct settings *s = hub->settings;

	(void)why;
	if (client == NULL)
		return;
	client->is_welcome = true;
	tell(client,
	    (union message){ .welcome = {
				 .type = MSG_WELCOME,
				 .version = PROTOCOL_VERSION,
				 .log = hub->store->log,
				 .epoch = client->epoch,
				 .last = job->ask.device.last,
				 .nick = user->nick,
				 .server = slice_of(s->server_name),
				 .frame = PROTOCOL_FRAME_READY,
				 .text = (uint32_t)s->limits_text,
				 .rooms = (uint32_t)s->limits_own,
				 .ping = (uint32_t)(s->limits_ping * 1000),
				 .motd = slice_of(s->server_motd),
			     } });
	for (struct member *m = user->members; m != NULL; m = m->next_of_user)
		if (!m->is_leaving && !m->is_joining)
			tell(client,
			    (union message){
				.belongs = {
				    .type = MSG_BELONGS,
				    .room = m->room->number,
				    .name = name_for(m->room, user),
				    .head = room_head(m->room),
				} });
	if (heap_holds(&user->grace)) {
		hub_found(hub, user);
		hub_presence(hub, user, PRESENCE_HERE);
	}
	user->since = hub->wall_ms;
}

static void
renamed(struct job *job, enum refusal why)
{
	if (why != FINE)
		tell_refused(job, MSG_NICK, job->ref, why);
	else if (job->client != NULL)
		tell_done(job->client, job->ref);
}

/* then is called behind the last room's entry; false: there is no room. */
static bool
rename_user(struct hub *hub, struct client *client, struct slice nick,
    const struct name_key *key, uint32_t ref,
    void (*then)(struct job *, enum refusal))
{
	struct user *user = client->user;
	struct member *last = NULL;

	for (struct member *m = user->members; m != NULL; m = m->next_of_user)
		if (!m->is_leaving)
			last = m;
	for (struct member *m = user->members; m != NULL; m = m->next_of_user)
		if (!m->is_leaving)
			hub_append(hub, client, user, m->room, ENTRY_RENAMED,
			    nick, ref, 0, m == last ? then : NULL);
	users_rename(&hub->users, user, nick, key);
	return last != NULL;
}

/* A nick somebody wants; who has it already keeps it. */
static enum refusal
check_nick(const struct hub *hub, const struct user *user, struct slice nick,
    struct name_key *key)
{
	enum refusal why = names_nick(nick, key);
	struct user *holder;

	if (why != FINE)
		return why;
	holder = users_nick(&hub->users, nick);
	return holder == NULL || holder == user ? FINE : REFUSE_NICK_TAKEN;
}

enum refusal
hub_nick(struct hub *hub, struct client *client, const struct msg_nick *r)
{
	struct user *user = client->user;
	struct name_key key;
	enum refusal why = check_nick(hub, user, r->nick, &key);

	if (why != FINE)
		return why;
	if (slice_is(user->nick, r->nick) ||
	    !rename_user(hub, client, r->nick, &key, r->ref, renamed))
		tell_done(client, r->ref);
	return FINE;
}

static bool
id_is_zero(const struct id *id)
{
	static const struct id zero;

	return memcmp(id, &zero, sizeof zero) == 0;
}

/* The user of a hello: known by the device, or new. */
static enum refusal
find_user(struct hub *hub, struct client *client, const struct msg_hello *r)
{
	struct user *user = users_device(&hub->users, &r->device);
	char guest[NAMES_NICK_MAX + 1];
	struct slice nick = r->nick;
	struct name_key key;
	enum refusal why;

	if (nick.len == 0 && user != NULL) {
		nick = user->nick;
	} else if (nick.len == 0) {
		users_guest(&hub->users, randombytes_random(), guest);
		nick = slice_of(guest);
	}
	why = check_nick(hub, user, nick, &key);
	if (why != FINE)
		return why;
	if (user == NULL) {
		user = users_add(&hub->users, &r->device, nick, &key);
		user->hub = hub;
		user->since = hub->wall_ms;
	}
	while (user->clients != NULL) {
		struct client *old = user->clients;

		hub_detach(old);
		old->ops->end(old, REFUSE_REPLACED);
	}
	client->user = user;
	LL_PREPEND(user->clients, client);
	if (!slice_is(user->nick, nick))
		rename_user(hub, client, nick, &key, 0, NULL);
	return FINE;
}

enum refusal
hub_hello(struct hub *hub, struct client *client, const struct msg_hello *r)
{
	enum refusal why;

	if (r->version != PROTOCOL_VERSION)
		return REFUSE_VERSION;
	if (id_is_zero(&r->device))
		return REFUSE_DEVICE_BAD;
	why = find_user(hub, client, r);
	if (why != FINE)
		return why;
	client->epoch = ++hub->epoch;
	client->since = hub->wall_ms;
	client->software = xstrndup(r->software.at, r->software.len);
	hub_ask_device(hub, client, client->user, welcome);
	return FINE;
}

/* ---- asking ---- */

enum refusal
hub_names(struct hub *hub, struct client *client, const struct msg_names *r)
{
	struct member *m;
	struct room *room;
	uint64_t after = r->after;
	unsigned n = 0;
	enum refusal why = find_member(hub, client->user, r->room, &m);

	if (why != FINE)
		return why;
	room = m->room;
	for (m = room_member_after(room, after); m != NULL && n < PAGE_NAMES;
	     m = room_member_after(room, after)) {
		after = m->order;
		if (m->is_joining)
			continue;
		n++;
		tell(client,
		    (union message){
			.member = {
			    .type = MSG_MEMBER,
			    .ref = r->ref,
			    .nick = m->user->nick,
			    .state = (uint8_t)hub_state_of(m->user),
			} });
	}
	tell(client,
	    (union message){ .done = { MSG_DONE, r->ref, room_head(room),
				 m != NULL ? after : 0 } });
	return FINE;
}

static uint32_t
idle_s(const struct hub *hub, const struct user *user)
{
	int64_t idle = INT64_MAX;

	for (struct client *c = user->clients; c != NULL; c = c->next)
		if (hub->now_ms - c->asked_ms < idle)
			idle = hub->now_ms - c->asked_ms;
	return idle == INT64_MAX ? 0 : (uint32_t)(idle / 1000);
}

enum refusal
hub_who(struct hub *hub, struct client *client, const struct msg_who *r,
    struct slice peer, struct slice local)
{
	struct user *user = users_nick(&hub->users, r->nick);
	bool is_self = user == client->user;

	if (user == NULL)
		return REFUSE_NOBODY;
	tell(client,
	    (union message){ .person = {
				 .type = MSG_PERSON,
				 .ref = r->ref,
				 .nick = user->nick,
				 .state = (uint8_t)hub_state_of(user),
				 .since = user->since,
				 .idle = idle_s(hub, user),
				 .software = user->clients != NULL
				     ? slice_of(user->clients->software)
				     : SLICE(""),
				 .peer = is_self ? peer : SLICE(""),
				 .local = is_self ? local : SLICE(""),
			     } });
	return FINE;
}

enum refusal
hub_list(struct hub *hub, struct client *client, const struct msg_list *r)
{
	uint64_t last = r->after;
	unsigned n = 0;
	struct room *room;

	/* The table keeps the order in which rooms were added: by number. */
	for (room = hub->rooms; room != NULL; room = room->hh.next) {
		if (room->number <= r->after || room->n_members == 0)
			continue;
		if (n++ == PAGE_LIST)
			break;
		last = room->number;
		tell(client,
		    (union message){ .listed = {
					 .type = MSG_LISTED,
					 .ref = r->ref,
					 .room = slice_of(room->name),
					 .members = (uint32_t)room->n_members,
					 .topic = slice_of(room->topic),
				     } });
	}
	tell(client,
	    (union message){
		.done = { MSG_DONE, r->ref, 0, room != NULL ? last : 0 } });
	return FINE;
}
