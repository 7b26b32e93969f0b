/*
 * The start: rooms as the store knows them, and their members, who are lost
 * until they come back.
 */
#include <assert.h>

#include "hub.h"
#include "hub_state.h"
#include "log.h"

struct load {
	struct hub *hub;
	struct room *room; /* told last */
};

static void
load_room(void *arg, const struct store_room *found)
{
	struct load *load = arg;
	struct hub *hub = load->hub;
	struct name_key key;

	load->room = NULL;
	if (!found->is_direct && names_room(found->name, &key) != FINE) {
		log_warnx("room %u has no name that can be used: left out",
		    found->number);
		return;
	}
	load->room = hub_room_add(
	    hub, found->number, found->name, found->is_direct ? NULL : &key);
	recent_init(&load->room->recent, found->head + 1);
	room_topic(load->room, found->topic);
	load->room->is_spoken = true;
	load->room->time = found->time;
}

/* The user of a device; NULL if the nick can't be had. */
static struct user *
user_of(struct hub *hub, const struct id *device, struct slice nick)
{
	struct user *user = users_device(&hub->users, device);
	struct name_key key;

	if (user != NULL)
		return user;
	/* A reserved one is somebody's login name. */
	if (names_nick(nick, NULL) == REFUSE_NICK_BAD ||
	    !names_key(nick, &key) || users_nick(&hub->users, nick) != NULL)
		return NULL;
	user = users_add(&hub->users, device, nick, &key);
	user->hub = hub;
	user->since = hub->wall_ms;
	return user;
}

static void
load_member(void *arg, uint32_t number, const struct id *device,
    struct slice nick, uint64_t seen)
{
	struct load *load = arg;
	struct user *user;
	struct member *m;

	if (load->room == NULL)
		return;
	assert(number == load->room->number);
	user = user_of(load->hub, device, nick);
	if (user == NULL) {
		log_warnx("%.*s is somebody else by now: not a member of %s "
			  "any more",
		    SLICE_ARG(nick), load->room->name);
		return;
	}
	m = hub_member_add(load->room, user, false);
	m->seen = seen < room_head(m->room) ? seen : room_head(m->room);
}

static void
whether_said(struct job *job, enum refusal why)
{
	(void)why;
	hub_has_said(job->hub, job->user, job->ask.device.last != 0);
}

static void
load_file(void *arg, const struct store_file *row)
{
	struct load *load = arg;

	hub_load_file(load->hub, row);
}

static void
load_last_file(void *arg, uint64_t number)
{
	struct load *load = arg;

	if (number > load->hub->file_number)
		load->hub->file_number = number;
}

void
hub_load(struct hub *hub)
{
	static const struct store_loader loader = {
		.room = load_room,
		.member = load_member,
		.file = load_file,
		.last_file = load_last_file,
	};
	struct load load = { .hub = hub };
	struct user *user, *next;

	hub->room_number = store_load(hub->store, &loader, &load);
	hub_keep(hub);
	HASH_ITER(hh_device, hub->users.by_device, user, next)
	{
		if (user_passes(user)) {
			hub_leave(hub, user, SLICE("connection lost"));
			continue;
		}
		user->has_said = true; /* until the store says otherwise */
		hub_ask_device(hub, NULL, user, whether_said);
		hub_lose(hub, user);
	}
}
