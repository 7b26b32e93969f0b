/*
 * People who go: who leaves for good, and who is lost for a while, because its
 * connection was, or because it said it would be back.
 */
#include <stdlib.h>

#include "hub.h"
#include "hub_state.h"

enum { LOOK_MS = 1000 }; /* until a lost one being greeted is looked at */

/* Who is left alone in a conversation hears it to its end. */
static void
detach_last(struct seat *s)
{
	struct client *client = s->client;

	if (room_head(s->room) != 0) {
		s->last = room_head(s->room);
		s->last_ref = 0;
		hub_wake(s);
		return;
	}
	hub_tell(client,
	    (union message){
		.detached = { MSG_DETACHED, 0, s->room->number } });
	seat_free(s);
}

/* Nobody can speak to who is gone: a conversation of two ends with one. */
static void
member_leave(struct hub *hub, struct member *m)
{
	struct room *room = m->room;
	struct seat *s, *next;

	room->jobs++; /* stay until it is through */
	hub_member_remove(hub, m);
	if (room->is_direct && room->n_members == 1) {
		DL_FOREACH_SAFE(room->seats, s, next)
		detach_last(s);
		hub_member_remove(hub, room->members[0]);
	}
	room->jobs--;
	hub_room_done(hub, room);
}

static void
left(struct job *job, enum refusal why)
{
	struct member *m = user_member(job->user, job->room);

	/* Stored or not, who is gone is gone; perhaps without ever having
	 * come: then the join was not stored. */
	(void)why;
	if (m != NULL)
		member_leave(job->hub, m);
}

void
hub_leave(struct hub *hub, struct user *user, struct slice why)
{
	struct member *m, *next;

	if (heap_holds(&user->grace))
		hub_found(hub, user);
	users_remove(&hub->users, user);
	user->jobs++; /* stay until the loop is through */
	for (m = user->members; m != NULL; m = next) {
		next = m->next_of_user;
		if (m->is_leaving)
			continue;
		m->is_leaving = true;
		/* A conversation in which nobody said anything never was. */
		if (m->room->is_direct && room_head(m->room) == 0 &&
		    m->room->jobs == 0)
			member_leave(hub, m);
		else
			hub_append(hub, NULL, user, m->room, ENTRY_LEFT, why, 0,
			    0, left);
	}
	user->jobs--;
	hub_user_done(user);
}

void
hub_found(struct hub *hub, struct user *user)
{
	heap_cancel(hub->timers, &user->grace);
	DL_DELETE(hub->lost[user->has_said], user);
	hub->figures.lost--;
}

void
hub_has_said(struct hub *hub, struct user *user, bool has_said)
{
	bool is_listed = heap_holds(&user->grace);

	if (is_listed)
		DL_DELETE(hub->lost[user->has_said], user);
	user->has_said = has_said;
	if (is_listed)
		DL_APPEND(hub->lost[user->has_said], user);
}

/* The timer is no longer in the heap, the user still in the list. */
static void
grace_over(struct timer *t)
{
	struct user *user =
	    (struct user *)((char *)t - offsetof(struct user, grace));

	/* It is being greeted again: welcome will find it, or the next look. */
	if (user->clients != NULL) {
		heap_set(user->hub->timers, t, user->hub->now_ms + LOOK_MS);
		return;
	}
	hub_found(user->hub, user);
	hub_leave(user->hub, user, SLICE("connection lost"));
}

/* Who has been lost longest and is not being greeted. */
static struct user *
lost_longest(const struct hub *hub, bool has_said)
{
	struct user *user = hub->lost[has_said];

	while (user != NULL && user->clients != NULL)
		user = user->next;
	return user;
}

/*
 * Nobody fills the memory by coming and getting lost: beyond as many as there
 * may be clients, who has been lost longest leaves.  Nobody throws out those
 * who have said something by coming and saying nothing: who never said anything
 * leaves first, be it the one who is lost just now.
 */
static struct user *
who_gives_way(const struct hub *hub, struct user *user)
{
	struct user *silent = lost_longest(hub, false);

	if (hub->figures.lost < hub->settings->limits_clients)
		return NULL;
	if (silent != NULL)
		return silent;
	return user->has_said ? lost_longest(hub, true) : user;
}

void
hub_lose(struct hub *hub, struct user *user)
{
	int64_t grace_ms = hub->settings->limits_grace * 1000;
	struct user *gives_way = who_gives_way(hub, user);

	if (gives_way != NULL)
		hub_leave(hub, gives_way, SLICE("connection lost"));
	if (gives_way == user)
		return;
	user->grace.fire = grace_over;
	heap_set(hub->timers, &user->grace, hub->now_ms + grace_ms);
	DL_APPEND(hub->lost[user->has_said], user);
	hub->figures.lost++;
	hub_presence(hub, user, PRESENCE_LOST);
}

void
hub_detach(struct client *client)
{
	struct user *user = client->user;

	while (client->seats != NULL) {
		struct room *room = client->seats->room;

		seat_free(client->seats);
		hub_room_done(user->hub, room);
	}
	for (struct job *j = client->jobs; j != NULL; j = j->next_of_client)
		j->client = NULL;
	client->jobs = NULL;
	hub_legs_gone(client);
	LL_DELETE(user->clients, client);
	client->user = NULL;
	free(client->software);
	client->software = NULL;
}

static void
end_clients(struct user *user, enum refusal why, struct slice words)
{
	while (user->clients != NULL) {
		struct client *old = user->clients;

		hub_detach(old);
		old->ops->end(old, why, words);
	}
}

void
hub_replace(struct user *user)
{
	end_clients(user, REFUSE_REPLACED, SLICE(""));
}

bool
hub_kick(struct hub *hub, struct slice nick, struct slice words)
{
	struct user *user = users_nick(&hub->users, nick);

	if (user == NULL)
		return false;
	end_clients(user, REFUSE_KICKED, words);
	hub_leave(hub, user,
	    words.len != 0 ? words : slice_of(refusal_name(REFUSE_KICKED)));
	return true;
}

void
hub_gone(struct hub *hub, struct client *client, bool orderly, struct slice why)
{
	struct user *user = client->user;
	int64_t grace = hub->settings->limits_grace;
	bool was_looking = client->is_looking;

	if (user == NULL)
		return;
	hub_detach(client);
	if (!was_looking)
		hub_replace(user);
	/* Lost already: it only looked, or went before it was welcome. */
	if (user->clients != NULL || heap_holds(&user->grace))
		return;
	user->since = hub->wall_ms;
	if (orderly || grace == 0 || user->members == NULL) {
		hub_leave(hub, user, why);
		return;
	}
	hub_lose(hub, user);
}
