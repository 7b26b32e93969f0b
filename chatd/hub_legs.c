/*
 * Files on their way: where a leg begins and ends, and whose turn it is on a
 * connection.
 */
#include <errno.h>
#include <stdlib.h>

#include "hub_files.h"
#include "log.h"
#include "xmalloc.h"

enum {
	ROUND = 4,	  /* frames of one file until the next has its turn */
	STILL_MS = 60000, /* not moved so long, one makes room for others */
};

void
leg_ask(struct leg *leg, enum spool_what what, void (*done)(struct spool_job *))
{
	leg->is_busy = true;
	leg->file->jobs++;
	leg->job.what = what;
	leg->job.file = leg->file->number;
	leg->job.done = done;
	spool_ask(leg->hub->spool, &leg->job);
}

/* ---- begin and end ---- */

struct leg *
leg_new(struct hub *hub, struct client *client, struct file *file, uint32_t ref)
{
	struct leg *leg = xcalloc(1, sizeof *leg);

	leg->hub = hub;
	leg->client = client;
	leg->file = file;
	leg->ref = ref;
	leg->number = ++client->leg_number;
	leg->moved_ms = hub->now_ms;
	DL_APPEND2(client->legs, leg, prev_of_client, next_of_client);
	DL_APPEND2(file->legs, leg, prev_of_file, next_of_file);
	client->n_legs++;
	hub->n_legs++;
	file->jobs++;
	return leg;
}

static bool
is_sent(const struct file *file)
{
	const struct leg *leg;

	DL_FOREACH2(file->legs, leg, next_of_file)
	if (leg->is_upload && !leg->is_over)
		return true;
	return false;
}

static void
leg_free(struct leg *leg)
{
	struct file *file = leg->file;

	leg->hub->n_legs--;
	DL_DELETE2(file->legs, leg, prev_of_file, next_of_file);
	if (leg->is_upload && !is_sent(file))
		file_leave(leg->hub, file);
	leg_forget_bytes(leg);
	buf_done(&leg->caption);
	free(leg->bytes);
	free(leg->next);
	free(leg);
	file->jobs--;
	file_done(file);
}

/* The client hears nothing more of it, and has its place for another. */
void
leg_end(struct leg *leg)
{
	struct client *client = leg->client;

	heap_cancel(leg->hub->timers, &leg->retry);
	if (client != NULL) {
		DL_DELETE2(client->legs, leg, prev_of_client, next_of_client);
		client->n_legs--;
		leg->client = NULL;
	}
	leg->is_over = true;
	if (leg->is_busy)
		spool_stop(&leg->job);
	else
		leg_free(leg);
}

void
leg_cancel(struct leg *leg, enum refusal why)
{
	struct client *client = leg->client;
	struct slice text = slice_of(refusal_text(why));

	if (client != NULL && leg->is_open)
		hub_tell(client,
		    (union message){ .cancel = { MSG_CANCEL, leg->number,
					 (uint16_t)why, text } });
	else if (client != NULL)
		hub_tell(client,
		    (union message){
			.refused = {
			    .type = MSG_REFUSED,
			    .request = leg->is_upload ? MSG_OFFER : MSG_FETCH,
			    .ref = leg->ref,
			    .code = (uint16_t)why,
			    .text = text,
			} });
	leg_end(leg);
}

void
legs_cancel(struct file *file, enum refusal why)
{
	struct leg *leg, *next;

	file->jobs++;
	DL_FOREACH_SAFE2(file->legs, leg, next, next_of_file)
	if (!leg->is_over)
		leg_cancel(leg, why);
	file->jobs--;
}

void
legs_cancel_downloads(struct file *file, enum refusal why)
{
	struct leg *leg, *next;

	file->jobs++;
	DL_FOREACH_SAFE2(file->legs, leg, next, next_of_file)
	if (!leg->is_over && !leg->is_upload)
		leg_cancel(leg, why);
	file->jobs--;
}

/* Of all that do not move, the one that has not for longest. */
static struct leg *
find_still(const struct hub *hub)
{
	struct leg *still = NULL, *leg;

	for (const struct file *f = hub->files; f != NULL; f = f->hh.next)
		DL_FOREACH2(f->legs, leg, next_of_file)
	if (!leg->is_over && !leg->is_busy &&
	    hub->now_ms - leg->moved_ms >= STILL_MS &&
	    (still == NULL || leg->moved_ms < still->moved_ms))
		still = leg;
	return still;
}

bool
legs_have_room(struct hub *hub, const struct client *client)
{
	struct leg *still;

	if (client->n_legs >= (unsigned)hub->settings->files_legs)
		return false;
	if (hub->n_legs < (unsigned)hub->settings->files_active)
		return true;
	still = find_still(hub);
	if (still == NULL)
		return false;
	leg_cancel(still, REFUSE_FILE_LEGS);
	return true;
}

void
hub_legs_gone(struct client *client)
{
	while (client->legs != NULL)
		leg_end(client->legs);
}

/* What the spool was asked has been done.  false: nobody wants to know. */
bool
leg_is_back(struct leg *leg)
{
	leg->is_busy = false;
	leg->file->jobs--;
	if (!leg->is_over)
		return true;
	leg_free(leg);
	return false;
}

enum refusal
leg_trouble(const struct leg *leg, int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return REFUSE_DISK_FULL;
	case EBADMSG:
		return REFUSE_FILE_HASH;
	default:
		log_warnx("file %llu: %s",
		    (unsigned long long)leg->file->number,
		    strerrordesc_np(error));
		return REFUSE_FILE_DISK;
	}
}

struct leg *
leg_find(const struct client *client, uint32_t number, bool is_upload)
{
	struct leg *leg;

	DL_SEARCH_SCALAR2(client->legs, leg, number, number, next_of_client);
	return leg != NULL && leg->is_open && leg->is_upload == is_upload
	    ? leg
	    : NULL;
}

void
leg_tell(struct leg *leg, const struct hash *hash)
{
	const struct file *file = leg->file;
	struct slice bytes = { (const char *)leg->hash.byte,
		sizeof(leg->hash.byte) };
	union message m = { .leg = {
				.type = MSG_LEG,
				.ref = leg->ref,
				.leg = leg->number,
				.file = file->number,
				.size = file->size,
				.offset = leg->offset,
				.hash = hash != NULL ? bytes : SLICE(""),
				.limit = leg->limit,
				.time = file->time,
				.flags = file->flags,
				.name = slice_of(file->name),
			    } };

	leg->is_open = true;
	hub_tell(leg->client, m);
}

enum refusal
hub_cancel(struct hub *hub, struct client *client, const struct msg_cancel *r)
{
	struct leg *leg;

	(void)hub;
	DL_SEARCH_SCALAR2(client->legs, leg, number, r->leg, next_of_client);
	if (leg != NULL)
		leg_end(leg);
	return FINE;
}

/* ---- what the connection takes ---- */

static void
send_one(struct leg *leg, struct buf *out)
{
	const struct dialect *dialect = leg->client->dialect;
	const struct file *file = leg->file;
	uint64_t n = leg->len;
	union message m;

	if (n == 0) {
		m.whole =
		    (struct msg_whole){ MSG_WHOLE, leg->number, file->size,
			    { (const char *)file->hash.byte,
				sizeof(file->hash.byte) } };
		leg->is_ending = true;
		dialect->write(leg->client->kept, out, &m);
		return;
	}
	if (n > PROTOCOL_DATA_MAX)
		n = PROTOCOL_DATA_MAX;
	if (n > leg->limit - leg->offset)
		n = leg->limit - leg->offset;
	m.data = (struct msg_data){ MSG_DATA, leg->number, leg->offset,
		{ (const char *)leg->bytes + leg->at, n } };
	dialect->write(leg->client->kept, out, &m);
	leg->at += n;
	leg->len -= n;
	leg->offset += n;
	leg->moved_ms = leg->hub->now_ms;
	if (leg->len == 0)
		leg_go_on(leg);
}

void
hub_pull_files(
    struct hub *hub, struct client *client, struct buf *out, size_t bytes)
{
	unsigned idle = 0;

	(void)hub;
	while (out->len < bytes && idle < client->n_legs) {
		struct leg *leg = client->legs;

		idle++;
		for (int i = 0;
		     i < ROUND && out->len < bytes && leg_can_send(leg); i++) {
			send_one(leg, out);
			idle = 0;
		}
		/* To the end of the line. */
		DL_DELETE2(client->legs, leg, prev_of_client, next_of_client);
		DL_APPEND2(client->legs, leg, prev_of_client, next_of_client);
	}
}

bool
hub_has_files(const struct client *client)
{
	const struct leg *leg;

	DL_FOREACH2(client->legs, leg, next_of_client)
	if (leg_can_send(leg))
		return true;
	return false;
}
