/*
 * The files there are: offered, withdrawn, listed, expired.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "hub_files.h"
#include "log.h"
#include "names.h"
#include "text.h"
#include "xmalloc.h"

enum {
	PAGE_FILES = 100, /* rows of a list's page */
	NAME_MAX_BYTES = 255,
	LOOK_MS = 60000, /* from one look for what has expired to the next */
	DAY_MS = 86400000,
};

/* ---- offering ---- */

static bool
is_name(struct slice name)
{
	return name.len != 0 && name.len <= NAME_MAX_BYTES &&
	    memchr(name.at, '/', name.len) == NULL &&
	    text_is_clean(name, false) && !slice_is(name, SLICE(".")) &&
	    !slice_is(name, SLICE(".."));
}

static enum refusal
check(const struct hub *hub, const struct client *client,
    const struct msg_offer *r)
{
	const struct settings *s = hub->settings;
	enum refusal why;
	uint64_t left;

	if (!is_name(r->name))
		return REFUSE_FILE_NAME;
	if (r->caption.len > (size_t)s->limits_text / 2)
		return REFUSE_TEXT_LONG;
	if (r->size != FILE_SIZE_UNKNOWN &&
	    r->size > (uint64_t)s->files_size << 20)
		return REFUSE_FILE_SIZE;
	if (HASH_COUNT(hub->files) >= (unsigned)s->files_number)
		return REFUSE_FILES_ALL;
	left = hub_files_left(hub, &client->user->device, &why);
	if (r->size != FILE_SIZE_UNKNOWN ? r->size > left : left == 0)
		return why;
	return FINE;
}

static struct file *
find_by_key(const struct hub *hub, const struct user *user, const struct id *id)
{
	struct file_key key = { user->device, *id };
	struct file *file;

	HASH_FIND(hh_key, hub->files_by_key, &key, sizeof key, file);
	return file;
}

static struct file *
add_file(struct hub *hub, const struct user *user, uint32_t room,
    const struct msg_offer *r)
{
	uint64_t age = (uint64_t)hub->settings->files_age * DAY_MS;
	struct store_file row = {
		.number = ++hub->file_number,
		.room = room,
		.device = user->device,
		.key = r->key,
		.who = user->nick,
		.name = r->name,
		.size = r->size,
		.since = hub->wall_ms,
		.expires = age != 0 ? hub->wall_ms + age : 0,
		.time = r->time,
		.flags = r->flags & 1,
	};

	return file_new(hub, &row);
}

enum refusal
hub_offer(struct hub *hub, struct client *client, const struct msg_offer *r)
{
	struct file *file;
	struct room *room;
	enum refusal why;

	if (hub->spool == NULL || hub->settings->files_size == 0)
		return REFUSE_FILE_NONE;
	if (!legs_have_room(hub, client))
		return REFUSE_FILE_LEGS;
	file = find_by_key(hub, client->user, &r->key);
	if (file != NULL && (file->jobs != 0 && !file->is_noted))
		return REFUSE_TOO_FAST;
	if (file != NULL &&
	    (!slice_is(r->name, slice_of(file->name)) ||
		(r->size != file->size && !file->is_whole)))
		return REFUSE_FILE_KEY;
	if (file != NULL)
		return leg_offer(hub, client, file, r);
	why = check(hub, client, r);
	if (why == FINE)
		why = hub_find_target(hub, client, r->to, &room);
	if (why != FINE)
		return why;
	file = add_file(hub, client->user, room->number, r);
	return leg_offer(hub, client, file, r);
}

enum refusal
hub_find_file(
    struct hub *hub, struct user *user, uint64_t number, struct file **out)
{
	const struct room *room;
	struct file *file;

	HASH_FIND(hh, hub->files, &number, sizeof number, file);
	if (file == NULL || !file->is_noted)
		return REFUSE_FILE_UNKNOWN;
	room = hub_room_numbered(hub, file->room);
	if (room == NULL || (room->is_direct && !user_member(user, room)))
		return REFUSE_FILE_UNKNOWN;
	*out = file;
	return FINE;
}

/* ---- withdrawing ---- */

enum refusal
hub_withdraw(
    struct hub *hub, struct client *client, const struct msg_withdraw *r)
{
	struct file *file;
	enum refusal why = hub_find_file(hub, client->user, r->file, &file);

	if (why != FINE)
		return why;
	if (memcmp(&file->key.device, &client->user->device,
		sizeof file->key.device) != 0)
		return REFUSE_FILE_UNKNOWN;
	if (r->why.len > (size_t)hub->settings->limits_text / 2)
		return REFUSE_TEXT_LONG;
	file_withdraw(hub, file, r->why);
	hub_tell_done(client, r->ref);
	return FINE;
}

/* ---- listing ---- */

static void
tell_filed(struct client *client, uint32_t ref, const struct file *file,
    const struct room *room)
{
	struct slice hash = { (const char *)file->hash.byte,
		file->is_whole ? sizeof file->hash.byte : 0 };

	hub_tell(client,
	    (union message){ .filed = {
				 .type = MSG_FILED,
				 .ref = ref,
				 .file = file->number,
				 .room = hub_name_for(room, client->user),
				 .who = slice_of(file->who),
				 .since = file->since,
				 .expires = file->expires,
				 .size = file->size,
				 .have = file->have,
				 .hash = hash,
				 .name = slice_of(file->name),
			     } });
}

enum refusal
hub_files(struct hub *hub, struct client *client, const struct msg_files *r)
{
	struct room *only = NULL;
	const struct file *file;
	enum refusal why = FINE;
	uint64_t last = 0;
	unsigned n = 0;

	if (r->room.len != 0)
		why = hub_find_readable(hub, client->user, r->room, &only);
	if (why != FINE)
		return why;
	/* The table keeps the order in which they were added: by number. */
	for (file = hub->files; file != NULL; file = file->hh.next) {
		const struct room *room;

		if (file->number <= r->after || !file->is_noted)
			continue;
		room = hub_room_numbered(hub, file->room);
		if (room == NULL || (only != NULL && room != only) ||
		    (room->is_direct && !user_member(client->user, room)))
			continue;
		if (n++ == PAGE_FILES)
			break;
		last = file->number;
		tell_filed(client, r->ref, file, room);
	}
	hub_tell(client,
	    (union message){
		.done = { MSG_DONE, r->ref, 0, file != NULL ? last : 0 } });
	return FINE;
}

/* ---- their end ---- */

void
hub_files_room_gone(struct hub *hub, uint32_t number)
{
	struct file *file, *next;

	HASH_ITER(hh, hub->files, file, next)
	if (file->room == number)
		file_drop(hub, file);
}

static void
look(struct timer *t)
{
	struct hub *hub =
	    (struct hub *)((char *)t - offsetof(struct hub, look));
	struct file *file, *next;

	HASH_ITER(hh, hub->files, file, next)
	if (file->expires != 0 && file->expires <= hub->wall_ms) {
		log_info("file %" PRIu64 " has expired", file->number);
		file_drop(hub, file);
	} else if (file->is_ready && !file->is_whole) {
		/* The disk of the store was full. */
		file_arrived(hub, file);
	}
	heap_set(hub->timers, &hub->look, hub->now_ms + LOOK_MS);
}

/* ---- the start and the end ---- */

void
hub_load_file(struct hub *hub, const struct store_file *row)
{
	struct file *file = file_new(hub, row);

	file->is_noted = true;
	if (row->number > hub->file_number)
		hub->file_number = row->number;
}

static bool
is_known(void *arg, uint64_t number)
{
	const struct hub *hub = arg;
	const struct file *file;

	HASH_FIND(hh, hub->files, &number, sizeof number, file);
	return file != NULL;
}

void
hub_spool(struct hub *hub, struct spool *spool)
{
	struct file *file, *next;
	unsigned swept;

	hub->spool = spool;
	if (spool == NULL) {
		heap_cancel(hub->timers, &hub->look);
		return;
	}
	HASH_ITER(hh, hub->files, file, next)
	{
		bool is_there;

		file_set_have(
		    hub, file, spool_have(spool, file->number, &is_there));
		if (is_there && !file->is_whole)
			file_hash_again(hub, file);
		else if (file->is_whole &&
		    (!is_there || file->have != file->size)) {
			log_warnx("file %" PRIu64 " (%s) is not in the spool "
				  "any more",
			    file->number, file->name);
			file_withdraw(hub, file, SLICE("its bytes are lost"));
		}
	}
	swept = spool_sweep(spool, is_known, hub);
	if (swept != 0)
		log_info("%u %s that nobody knows of removed", swept,
		    swept == 1 ? "file" : "files");
	hub->look.fire = look;
	heap_set(hub->timers, &hub->look, hub->now_ms + LOOK_MS);
}

void
hub_files_free(struct hub *hub)
{
	struct file *file, *next;

	HASH_ITER(hh, hub->files, file, next)
	{
		/* A broken store answers no more. */
		while (file->legs != NULL) {
			file->legs->is_busy = false;
			leg_end(file->legs);
		}
		file_remove(hub, file);
		file->jobs = 0;
		file_done(file);
	}
}
