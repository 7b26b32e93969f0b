/*
 * Search: what is asked of the store, and who may be told what it found.
 */
#include <stdlib.h>

#include "entry.h"
#include "hub.h"
#include "hub_state.h"
#include "words.h"
#include "xmalloc.h"

enum { PAGE_FOUND = 50, WORDS_MAX = 16 };

/* Numbers of the direct conversations somebody may search, to be freed. */
struct directs {
	uint32_t *at;
	unsigned n;
};

static int
compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static struct directs
directs_of(const struct user *user)
{
	struct directs d = { 0 };

	for (struct member *m = user->members; m != NULL; m = m->next_of_user)
		d.n += m->room->is_direct;
	if (d.n == 0)
		return d;
	d.at = xcalloc(d.n, sizeof *d.at);
	d.n = 0;
	for (struct member *m = user->members; m != NULL; m = m->next_of_user)
		if (m->room->is_direct)
			d.at[d.n++] = m->room->number;
	qsort(d.at, d.n, sizeof *d.at, compare);
	return d;
}

/* The room of an entry that was found; NULL: the client may not read it, or
 * not yet. */
static const struct room *
room_of(const struct job *job, const struct entry *e)
{
	const struct room *room = hub_room_numbered(job->hub, e->room);

	if (room == NULL || e->seq > room_head(room))
		return NULL;
	if (room->is_direct && user_member(job->user, room) == NULL)
		return NULL;
	return room;
}

static void
found(struct job *job, enum refusal why)
{
	const struct store_search *s = &job->ask.search;

	(void)why;
	if (job->client == NULL)
		return;
	for (unsigned i = 0; i < s->got; i++) {
		const struct room *room = room_of(job, s->entries[i]);

		if (room != NULL)
			hub_tell_past(
			    job->client, job->ref, room, s->entries[i]);
	}
	hub_tell(job->client,
	    (union message){ .done = { MSG_DONE, job->ref, 0, s->more } });
}

static enum refusal
check(struct hub *hub, struct client *client, const struct msg_search *r,
    struct room **room)
{
	size_t words = words_count(r->words, WORDS_MAX + 1);
	struct name_key key;

	if (words == 0 || words > WORDS_MAX)
		return REFUSE_SEARCH_BAD;
	if (r->who.len != 0 && !names_key(r->who, &key))
		return REFUSE_NICK_BAD;
	*room = NULL;
	return r->room.len == 0
	    ? FINE
	    : hub_find_readable(hub, client->user, r->room, room);
}

enum refusal
hub_search(struct hub *hub, struct client *client, const struct msg_search *r)
{
	struct store_search search = {
		.words = r->words,
		.who = r->who,
		.after = r->after,
		.before = r->before,
		.below = r->next,
		.n = PAGE_FOUND,
		.bytes = ROOM_PAGE_BYTES,
	};
	struct directs directs;
	struct room *room;
	enum refusal why = check(hub, client, r, &room);

	if (why != FINE)
		return why;
	if (client->asks_past)
		return REFUSE_TOO_FAST;
	directs = directs_of(client->user);
	search.room = room != NULL ? room->number : 0;
	search.directs = directs.at;
	search.n_directs = directs.n;
	hub_ask_search(hub, client, r->ref, &search, found);
	free(directs.at);
	return FINE;
}
