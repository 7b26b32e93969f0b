/*
 * What the hub asks of the store, and who is told when it answers.
 */
#include <stdlib.h>

#include "entry.h"
#include "hub.h"
#include "hub_state.h"
#include "xmalloc.h"

enum { RETRY_MS = 1000 }; /* when trying again may help */

static struct job *
job_new(struct hub *hub, struct client *client, struct user *user,
    struct room *room, size_t bytes)
{
	struct job *job = xcalloc(1, sizeof *job + bytes);

	job->hub = hub;
	job->client = client;
	job->user = user;
	job->room = room;
	hub->figures.jobs++;
	if (user != NULL)
		user->jobs++;
	if (room != NULL)
		room->jobs++;
	if (client != NULL)
		LL_PREPEND2(client->jobs, job, next_of_client);
	return job;
}

static void
job_end(struct job *job, enum refusal why)
{
	struct hub *hub = job->hub;
	struct user *user = job->user;
	struct room *room = job->room;

	if (job->client != NULL) {
		LL_DELETE2(job->client->jobs, job, next_of_client);
		/* The session may be waiting for its last answer. */
		job->client->ops->wake(job->client);
	}
	if (job->then != NULL)
		job->then(job, why);
	free(job);
	hub->figures.jobs--;
	if (user != NULL)
		user->jobs--;
	if (room != NULL) {
		room->jobs--;
		hub_room_done(hub, room);
	}
	if (user != NULL)
		hub_user_done(user);
}

static void
append_done(struct store_append *append)
{
	struct job *job = (struct job *)append;

	if (append->entry != NULL) {
		hub_overhear(job->hub, job->room, append->entry);
		hub_take(job->hub, job->room, append->entry);
	}
	job_end(job, append->why);
}

static struct slice
put(char **at, struct slice s)
{
	struct slice copy = { *at, s.len };

	if (s.len != 0)
		memcpy(*at, s.at, s.len);
	*at += s.len;
	return copy;
}

void
hub_append(struct hub *hub, struct client *client, struct user *user,
    struct room *room, enum entry_kind kind, struct slice text, uint32_t ref,
    uint64_t n, void (*then)(struct job *, enum refusal))
{
	struct slice who = user->nick;
	struct user *other = room->is_direct ? room_other(room, user) : NULL;
	struct slice name = slice_of(room->name);
	struct slice other_nick = other != NULL ? other->nick : SLICE("");
	struct job *job = job_new(hub, client, user, room,
	    who.len + text.len + name.len + other_nick.len);
	char *at = job->bytes;

	job->ref = ref;
	job->n = n;
	job->then = then;
	job->ask.append = (struct store_append){
		.done = append_done,
		.room = room->number,
		.kind = kind,
		.who = put(&at, who),
		.text = put(&at, text),
		.device = user->device,
		/* Who passes says nothing twice: its numbers would only pile
		 * up in the store. */
		.n = user_passes(user) ? 0 : n,
		.room_name = put(&at, name),
		.other = other != NULL ? other->device : (struct id){ { 0 } },
		.other_nick = put(&at, other_nick),
	};
	store_append(hub->store, &job->ask.append);
}

static void
foreign_done(struct job *job, enum refusal why)
{
	if (job->posted != NULL)
		job->posted(
		    job->posted_arg, why == FINE ? job->ask.append.seq : 0);
}

void
hub_append_foreign(struct hub *hub, struct room *room, struct slice who,
    struct slice text, hub_posted *posted, void *arg)
{
	struct slice name = slice_of(room->name);
	struct job *job =
	    job_new(hub, NULL, NULL, room, who.len + text.len + name.len);
	char *at = job->bytes;

	job->then = foreign_done;
	job->posted = posted;
	job->posted_arg = arg;
	job->ask.append = (struct store_append){
		.done = append_done,
		.room = room->number,
		.kind = ENTRY_NOTICE,
		.who = put(&at, who),
		.text = put(&at, text),
		.room_name = put(&at, name),
	};
	store_append(hub->store, &job->ask.append);
}

static void
device_done(struct store_device *device)
{
	job_end((struct job *)device, FINE);
}

void
hub_ask_device(struct hub *hub, struct client *client, struct user *user,
    void (*then)(struct job *, enum refusal))
{
	struct job *job = job_new(hub, client, user, NULL, 0);

	job->then = then;
	job->ask.device = (struct store_device){
		.done = device_done,
		.device = user->device,
	};
	store_device(hub->store, &job->ask.device);
}

/* ---- what is over ---- */

static void
past_end(struct job *job, struct entry **entries, unsigned got)
{
	if (job->client != NULL)
		job->client->asks_past = false;
	job_end(job, FINE);
	for (unsigned i = 0; i < got; i++)
		entry_unref(entries[i]);
	free(entries);
}

static void
read_done(struct store_read *read)
{
	past_end((struct job *)read, read->entries, read->got);
}

void
hub_ask_read(struct hub *hub, struct client *client, struct room *room,
    uint32_t ref, const struct store_read *read,
    void (*then)(struct job *, enum refusal))
{
	struct job *job = job_new(hub, client, client->user, room, 0);

	client->asks_past = true;
	job->ref = ref;
	job->then = then;
	job->ask.read = *read;
	job->ask.read.done = read_done;
	job->ask.read.room = room->number;
	store_read(hub->store, &job->ask.read);
}

static void
search_done(struct store_search *search)
{
	past_end((struct job *)search, search->entries, search->got);
}

void
hub_ask_search(struct hub *hub, struct client *client, uint32_t ref,
    const struct store_search *search, void (*then)(struct job *, enum refusal))
{
	size_t directs = search->n_directs * sizeof *search->directs;
	struct job *job = job_new(hub, client, client->user, NULL,
	    directs + search->words.len + search->who.len);
	char *at = job->bytes;

	client->asks_past = true;
	job->ref = ref;
	job->then = then;
	job->ask.search = *search;
	job->ask.search.done = search_done;
	job->ask.search.directs = (const uint32_t *)(const void *)at;
	put(&at, (struct slice){ (const char *)search->directs, directs });
	job->ask.search.words = put(&at, search->words);
	job->ask.search.who = put(&at, search->who);
	store_search(hub->store, &job->ask.search);
}

static void
seen_done(struct store_seen *seen)
{
	job_end((struct job *)seen, FINE);
}

void
hub_ask_seen(struct hub *hub, struct client *client, struct room *room,
    uint32_t ref, uint64_t seq, void (*then)(struct job *, enum refusal))
{
	struct job *job = job_new(hub, client, client->user, room, 0);

	job->ref = ref;
	job->then = then;
	job->ask.seen = (struct store_seen){
		.done = seen_done,
		.room = room->number,
		.device = client->user->device,
		.seq = seq,
	};
	store_seen(hub->store, &job->ask.seen);
}

/* ---- answers ---- */

void
hub_tell(struct client *client, union message m)
{
	client->ops->tell(client, &m);
}

void
hub_tell_done(struct client *client, uint32_t ref)
{
	hub_tell(client,
	    (union message){ .done = { .type = MSG_DONE, .ref = ref } });
}

void
hub_tell_past(struct client *client, uint32_t ref, const struct room *room,
    const struct entry *e)
{
	hub_tell(client,
	    (union message){ .past = {
				 .type = MSG_PAST,
				 .ref = ref,
				 .room = hub_name_for(room, client->user),
				 .seq = e->seq,
				 .time = e->time,
				 .kind = e->kind,
				 .who = entry_who(e),
				 .text = entry_text(e),
			     } });
}

void
hub_tell_refused(
    struct job *job, enum message_type request, uint64_t ref, enum refusal why)
{
	if (job->client == NULL)
		return;
	hub_tell(job->client,
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
