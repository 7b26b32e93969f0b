/*
 * Requests about people: who one is, who else there is, and which rooms.
 */
#include <sodium.h>
#include <stdio.h>

#include "hub.h"
#include "hub_state.h"
#include "xmalloc.h"

enum { PAGE_NAMES = 256, PAGE_LIST = 100 }; /* rows of a list's page */

/* ---- who one is ---- */

/* What is said to everybody: the greeting first, unless it has been told. */
static void
add_words(
    struct buf *out, const struct settings *s, const struct dialect *dialect)
{
	if (dialect->greet == NULL)
		buf_add_string(out, s->server_greeting);
	if (out->len != 0 && s->server_motd[0] != '\0')
		buf_add_u8(out, '\n');
	buf_add_string(out, s->server_motd);
}

static void
welcome(struct job *job, enum refusal why)
{
	struct hub *hub = job->hub;
	struct user *user = job->user;
	struct client *client = job->client;
	const struct settings *s = hub->settings;
	struct buf words = { 0 };
	uint32_t features;

	(void)why;
	if (job->ask.device.last != 0)
		hub_has_said(hub, user, true);
	if (client == NULL)
		return;
	client->is_welcome = true;
	features = client->is_looking ? PROTOCOL_LOOKS : 0;
	add_words(&words, s, client->dialect);
	hub_tell(client,
	    (union message){ .welcome = {
				 .type = MSG_WELCOME,
				 .version = PROTOCOL_VERSION,
				 .features = features,
				 .log = hub->store->log,
				 .epoch = client->epoch,
				 .last = job->ask.device.last,
				 .nick = user->nick,
				 .server = slice_of(s->server_name),
				 .frame = PROTOCOL_FRAME_READY,
				 .text = (uint32_t)s->limits_text,
				 .rooms = (uint32_t)s->limits_own,
				 .ping = (uint32_t)(s->limits_ping * 1000),
				 .motd = buf_slice(&words),
			     } });
	buf_done(&words);
	for (struct member *m = user->members; m != NULL; m = m->next_of_user)
		if (!m->is_leaving && !m->is_joining)
			hub_tell(client,
			    (union message){
				.belongs = {
				    .type = MSG_BELONGS,
				    .room = m->room->number,
				    .name = hub_name_for(m->room, user),
				    .head = room_head(m->room),
				    .seen = m->seen,
				} });
	if (client->is_looking)
		return;
	if (heap_holds(&user->grace)) {
		hub_found(hub, user);
		hub_presence(hub, user, PRESENCE_HERE);
	}
	user->since = hub->wall_ms;
}

/* Who talks to somebody by lines goes on talking to the same one. */
static void
tell_renamed(const struct user *user)
{
	for (struct member *m = user->members; m != NULL; m = m->next_of_user) {
		struct seat *s;

		if (!m->room->is_direct)
			continue;
		DL_FOREACH(m->room->seats, s)
		{
			const struct dialect *d = s->client->dialect;

			if (s->client->user != user && d->renamed != NULL)
				d->renamed(s->client->kept, m->room->number,
				    user->nick);
		}
	}
}

/* Not stored: the old one again, unless somebody was quicker. */
static void
rename_back(struct job *job)
{
	struct users *users = &job->hub->users;
	struct slice old = job->ask.append.who;
	struct user *holder = users_nick(users, old);
	struct name_key key;

	if (job->user->is_gone || (holder != NULL && holder != job->user) ||
	    names_nick(old, &key) != FINE)
		return;
	users_rename(users, job->user, old, &key);
	tell_renamed(job->user);
}

static void
renamed(struct job *job, enum refusal why)
{
	if (why != FINE) {
		rename_back(job);
		hub_tell_refused(job, MSG_NICK, job->ref, why);
	} else if (job->client != NULL) {
		hub_tell_done(job->client, job->ref);
	}
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
	tell_renamed(user);
	return last != NULL;
}

/* A nick somebody wants; who has it already keeps it.  A reserved one may be
 * had by whom it is the login name of. */
static enum refusal
check_nick(const struct hub *hub, const struct client *client,
    const struct user *user, struct slice nick, struct name_key *key)
{
	enum refusal why = names_nick(nick, key);
	struct user *holder;

	if (why == REFUSE_NICK_RESERVED &&
	    hub_has_claim(hub, client, user, nick) && names_key(nick, key))
		why = FINE;
	if (why != FINE)
		return why;
	holder = users_nick(&hub->users, nick);
	if (holder != NULL)
		return holder == user ? FINE : REFUSE_NICK_TAKEN;
	return hub_is_claimed(hub, client, user, key) ? REFUSE_NICK_OWNED
						      : FINE;
}

enum refusal
hub_nick(struct hub *hub, struct client *client, const struct msg_nick *r)
{
	struct user *user = client->user;
	struct name_key key;
	enum refusal why = check_nick(hub, client, user, r->nick, &key);

	if (why != FINE)
		return why;
	if (slice_is(user->nick, r->nick) ||
	    !rename_user(hub, client, r->nick, &key, r->ref, renamed))
		hub_tell_done(client, r->ref);
	return FINE;
}

static bool
id_is_zero(const struct id *id)
{
	static const struct id zero;

	return memcmp(id, &zero, sizeof zero) == 0;
}

/* Into out (NAMES_NICK_MAX + 1 bytes), for somebody who wants no certain one:
 * the login name, if that is free, or what a guest gets. */
static void
choose_nick(const struct hub *hub, const struct client *client, char *out)
{
	const char *account = client->account != NULL ? client->account : "";
	struct name_key key;

	if (check_nick(hub, client, NULL, slice_of(account), &key) == FINE)
		snprintf(out, NAMES_NICK_MAX + 1, "%s", account);
	else
		users_guest(&hub->users, account, randombytes_random(), out);
}

/* The user of a hello: known by the device, or new. */
static enum refusal
find_user(struct hub *hub, struct client *client, const struct msg_hello *r)
{
	struct user *user = users_device(&hub->users, &r->device);
	char chosen[NAMES_NICK_MAX + 1];
	struct slice nick = r->nick;
	struct name_key key;
	enum refusal why;

	if (user != NULL && (nick.len == 0 || client->is_looking)) {
		nick = user->nick;
	} else if (nick.len == 0) {
		choose_nick(hub, client, chosen);
		nick = slice_of(chosen);
	}
	why = check_nick(hub, client, user, nick, &key);
	if (why != FINE)
		return why;
	if (user == NULL) {
		user = users_add(&hub->users, &r->device, nick, &key);
		user->hub = hub;
		user->since = hub->wall_ms;
	}
	if (!client->is_looking)
		hub_replace(user);
	client->user = user;
	hub_claim(hub, client, user);
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
	if (id_is_zero(&r->device) ||
	    device_passes(&r->device) != client->dialect->is_typed)
		return REFUSE_DEVICE_BAD;
	client->is_looking = (r->features & PROTOCOL_LOOKS) != 0;
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
	enum refusal why = hub_find_member(hub, client->user, r->room, &m);

	if (why != FINE)
		return why;
	room = m->room;
	for (m = room_member_after(room, after); m != NULL && n < PAGE_NAMES;
	     m = room_member_after(room, after)) {
		after = m->order;
		if (m->is_joining)
			continue;
		n++;
		hub_tell(client,
		    (union message){
			.member = {
			    .type = MSG_MEMBER,
			    .ref = r->ref,
			    .nick = m->user->nick,
			    .state = (uint8_t)hub_state_of(m->user),
			} });
	}
	hub_tell(client,
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
	hub_tell(client,
	    (union message){
		.person = {
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
		    .account = user->account != NULL ? slice_of(user->account)
						     : SLICE(""),
		} });
	return FINE;
}

enum refusal
hub_list(struct hub *hub, struct client *client, const struct msg_list *r)
{
	uint64_t last = r->after;
	unsigned n = 0;
	struct room *room;

	/* The table keeps the order in which rooms were added. */
	for (room = hub->rooms; room != NULL; room = room->hh.next) {
		if (room->added <= r->after || room->n_members == 0)
			continue;
		if (n++ == PAGE_LIST)
			break;
		last = room->added;
		hub_tell(client,
		    (union message){ .listed = {
					 .type = MSG_LISTED,
					 .ref = r->ref,
					 .room = slice_of(room->name),
					 .members = (uint32_t)room->n_members,
					 .topic = slice_of(room->topic),
				     } });
	}
	hub_tell(client,
	    (union message){
		.done = { MSG_DONE, r->ref, 0, room != NULL ? last : 0 } });
	return FINE;
}
