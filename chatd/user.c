#include "user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "room.h"

enum { NICK_DIGITS = 10 };

struct user *
users_nick(const struct users *users, struct slice nick)
{
	struct name_key key;
	struct user *u;

	if (!names_key(nick, &key))
		return NULL;
	HASH_FIND(hh_nick, users->by_nick, key.at, key.len, u);
	return u;
}

struct user *
users_device(const struct users *users, const struct id *device)
{
	struct user *u;

	HASH_FIND(hh_device, users->by_device, device, sizeof *device, u);
	return u;
}

static struct slice
copy(const char *at, size_t len)
{
	return (struct slice){ xstrndup(at, len), len };
}

static void
release(struct slice s)
{
	union {
		const char *borrowed;
		char *owned;
	} at = { s.at };

	free(at.owned);
}

static void
set_nick(struct users *users, struct user *u, struct slice nick,
    const struct name_key *key)
{
	u->nick = copy(nick.at, nick.len);
	u->key = copy(key->at, key->len);
	HASH_ADD_KEYPTR(hh_nick, users->by_nick, u->key.at, u->key.len, u);
}

struct user *
users_add(struct users *users, const struct id *device, struct slice nick,
    const struct name_key *key)
{
	struct user *u = xcalloc(1, sizeof *u);

	u->device = *device;
	HASH_ADD(hh_device, users->by_device, device, sizeof u->device, u);
	set_nick(users, u, nick, key);
	return u;
}

void
users_rename(struct users *users, struct user *u, struct slice nick,
    const struct name_key *key)
{
	HASH_DELETE(hh_nick, users->by_nick, u);
	release(u->nick);
	release(u->key);
	set_nick(users, u, nick, key);
}

void
users_remove(struct users *users, struct user *u)
{
	HASH_DELETE(hh_nick, users->by_nick, u);
	HASH_DELETE(hh_device, users->by_device, u);
	u->is_gone = true;
}

void
user_free(struct user *u)
{
	release(u->nick);
	release(u->key);
	free(u->account);
	free(u);
}

void
users_guest(
    const struct users *users, const char *stem, uint32_t random, char *out)
{
	/* Ten times as many names as users: nearly always the first is free. */
	uint32_t range = 10000;

	if (strlen(stem) > NAMES_NICK_MAX - NICK_DIGITS ||
	    names_nick(slice_of(stem), NULL) == REFUSE_NICK_BAD)
		stem = "guest";
	while (range < 10 * HASH_CNT(hh_nick, users->by_nick))
		range *= 10;
	do {
		snprintf(out, NAMES_NICK_MAX + 1, "%s%u", stem,
		    (unsigned)(random++ % range));
	} while (users_nick(users, slice_of(out)) != NULL);
}

bool
device_passes(const struct id *device)
{
	static const uint8_t none[DIALECT_PASSING];

	return memcmp(device->byte, none, sizeof none) == 0;
}

bool
user_passes(const struct user *user)
{
	return device_passes(&user->device);
}

struct member *
user_member(const struct user *u, const struct room *room)
{
	struct member *m = u->members;

	while (m != NULL && m->room != room)
		m = m->next_of_user;
	return m;
}

struct user *
room_other(const struct room *room, const struct user *u)
{
	for (size_t i = 0; i < room->n_members; i++)
		if (room->members[i]->user != u)
			return room->members[i]->user;
	return NULL;
}

struct room *
users_direct(const struct user *a, const struct user *b)
{
	for (struct member *m = a->members; m != NULL; m = m->next_of_user)
		if (m->room->is_direct && room_other(m->room, a) == b)
			return m->room;
	return NULL;
}
