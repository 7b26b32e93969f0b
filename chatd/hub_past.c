/*
 * What is over: how much of it is kept, requests for entries to be told again,
 * and how far somebody has seen.
 */
#include "hub.h"
#include "hub_state.h"

void
hub_keep(struct hub *hub)
{
	store_keep(hub->store,
	    &(struct store_keep){
		.age_ms = (uint64_t)hub->settings->history_age * HUB_DAY_MS,
		.count = (uint64_t)hub->settings->history_count,
	    });
}

void
hub_trim(struct hub *hub, struct room *room)
{
	uint64_t age_ms = (uint64_t)hub->settings->history_age * HUB_DAY_MS;
	uint64_t before = room->recent.bytes;

	if (age_ms == 0 || hub->wall_ms < age_ms)
		return;
	recent_trim(&room->recent, hub->wall_ms - age_ms);
	hub->recent_bytes -= before - room->recent.bytes;
}

/* ---- reading ---- */

static void
tell_end(struct client *client, uint32_t ref, uint64_t head, uint64_t next)
{
	hub_tell(client,
	    (union message){
		.done = { MSG_DONE, ref, head, next <= head ? next : 0 } });
}

static void
history_read(struct job *job, enum refusal why)
{
	const struct store_read *read = &job->ask.read;
	uint64_t head = room_head(job->room), next = 0;

	(void)why;
	if (job->client == NULL)
		return;
	/* The conversation may have ended meanwhile. */
	if (job->room->is_direct && user_member(job->user, job->room) == NULL) {
		hub_tell_refused(job, MSG_HISTORY, job->ref, REFUSE_NOT_MEMBER);
		return;
	}
	/* The store may know more than is told to be in the room. */
	for (unsigned i = 0; i < read->got && read->first + i <= head; i++) {
		hub_tell_past(
		    job->client, job->ref, job->room, read->entries[i]);
		next = read->first + i + 1;
	}
	tell_end(job->client, job->ref, head, next);
}

enum refusal
hub_history(struct hub *hub, struct client *client, const struct msg_history *r)
{
	struct store_read read = {
		.from = r->from != 0 ? r->from : 1,
		.since = r->since,
		.n = r->n < HUB_PAST_ENTRIES ? r->n : HUB_PAST_ENTRIES,
		.bytes = ROOM_PAGE_BYTES,
	};
	struct room *room;
	enum refusal why = hub_find_readable(hub, client->user, r->room, &room);

	if (why != FINE)
		return why;
	if (read.n == 0 || read.from > room_head(room)) {
		tell_end(client, r->ref, room_head(room), read.from);
		return FINE;
	}
	if (client->asks_past)
		return REFUSE_TOO_FAST;
	hub_ask_read(hub, client, room, r->ref, &read, history_read);
	return FINE;
}

/* ---- having seen ---- */

static void
seen(struct job *job, enum refusal why)
{
	struct member *m = user_member(job->user, job->room);

	(void)why;
	if (m != NULL && m->seen < job->ask.seen.seq)
		m->seen = job->ask.seen.seq;
	if (job->client != NULL)
		hub_tell_done(job->client, job->ref);
}

enum refusal
hub_seen(struct hub *hub, struct client *client, const struct msg_seen *r)
{
	struct member *m;
	uint64_t seq = r->seq;
	enum refusal why = hub_find_member(hub, client->user, r->room, &m);

	if (why != FINE)
		return why;
	if (m->is_joining)
		return REFUSE_NOT_MEMBER;
	if (seq > room_head(m->room))
		seq = room_head(m->room);
	if (seq <= m->seen)
		hub_tell_done(client, r->ref);
	else
		hub_ask_seen(hub, client, m->room, r->ref, seq, seen);
	return FINE;
}
