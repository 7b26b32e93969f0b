/*
 * Bytes that are wanted: they are read from the spool a piece ahead, and sent
 * as far as the credit goes.
 */
#include <errno.h>
#include <stdlib.h>

#include "hub_files.h"
#include "xmalloc.h"

bool
leg_can_send(const struct leg *leg)
{
	const struct file *file = leg->file;

	if (!leg->is_open || leg->is_upload || leg->is_ending)
		return false;
	if (leg->len != 0)
		return leg->offset < leg->limit;
	return file->is_whole && leg->offset == file->size;
}

static void read_ahead(struct leg *);

/* Sends what can be sent, and sees to it that more can. */
void
leg_go_on(struct leg *leg)
{
	if (leg->len == 0 && leg->has_next) {
		uint8_t *empty = leg->bytes;

		leg->bytes = leg->next;
		leg->len = leg->next_len;
		leg->at = 0;
		leg->next = empty;
		leg->has_next = false;
	}
	read_ahead(leg);
	if (leg_can_send(leg))
		leg->client->ops->wake(leg->client);
}

static void
piece_read(struct spool_job *job)
{
	struct leg *leg = (struct leg *)job;

	if (!leg_is_back(leg))
		return;
	if (job->error != 0) {
		leg_cancel(leg, leg_trouble(leg, job->error));
		return;
	}
	/* Unless what had not been synced was lost, and comes again. */
	if (job->len == 0 && leg->read < leg->file->have) {
		leg_cancel(leg, leg_trouble(leg, EIO));
		return;
	}
	leg->next_len = job->len;
	leg->has_next = job->len != 0;
	leg->read += job->len;
	leg_go_on(leg);
}

/* No more than there is, and than the client will take. */
static void
read_ahead(struct leg *leg)
{
	uint64_t end = leg->file->have;

	if (end > leg->limit)
		end = leg->limit;
	if (leg->is_busy || leg->has_next || leg->read >= end)
		return;
	if (leg->next == NULL)
		leg->next = xmalloc(SPOOL_PIECE);
	leg->job.bytes = leg->next;
	leg->job.offset = leg->read;
	leg->job.len =
	    end - leg->read < SPOOL_PIECE ? end - leg->read : SPOOL_PIECE;
	leg_ask(leg, SPOOL_READ, piece_read);
}

void
legs_wake(const struct file *file)
{
	struct leg *leg;

	DL_FOREACH2(file->legs, leg, next_of_file)
	if (leg->is_open && !leg->is_over && !leg->is_upload)
		leg_go_on(leg);
}

static void
open_download(struct leg *leg, uint64_t offset)
{
	leg->offset = leg->read = leg->limit = offset;
	leg_tell(leg, NULL);
	leg_go_on(leg);
}

static void
prefix_hashed(struct spool_job *job)
{
	struct leg *leg = (struct leg *)job;

	if (!leg_is_back(leg))
		return;
	if (job->error != 0)
		leg_cancel(leg, leg_trouble(leg, job->error));
	else if (memcmp(&job->hash, &leg->hash, sizeof(leg->hash)) != 0)
		leg_cancel(leg, REFUSE_FILE_PREFIX);
	else
		open_download(leg, job->offset);
}

enum refusal
hub_fetch(struct hub *hub, struct client *client, const struct msg_fetch *r)
{
	struct file *file;
	struct leg *leg;
	enum refusal why = hub_find_file(hub, client->user, r->file, &file);

	if (why != FINE)
		return why;
	if (hub->spool == NULL)
		return REFUSE_FILE_NONE;
	if (!legs_have_room(hub, client))
		return REFUSE_FILE_LEGS;
	if (r->offset > file->have ||
	    (r->offset != 0 && r->hash.len != sizeof(leg->hash.byte)))
		return REFUSE_FILE_PREFIX;
	leg = leg_new(hub, client, file, r->ref);
	if (r->offset == 0) {
		open_download(leg, 0);
		return FINE;
	}
	memcpy(leg->hash.byte, r->hash.at, sizeof(leg->hash.byte));
	leg->job.offset = r->offset;
	leg_ask(leg, SPOOL_PREFIX, prefix_hashed);
	return FINE;
}

enum refusal
hub_credit(struct hub *hub, struct client *client, const struct msg_credit *r)
{
	struct leg *leg = leg_find(client, r->leg, false);

	(void)hub;
	if (leg == NULL || r->limit <= leg->limit)
		return FINE;
	leg->limit = r->limit;
	leg_go_on(leg);
	return FINE;
}

enum refusal
hub_verified(
    struct hub *hub, struct client *client, const struct msg_verified *r)
{
	struct leg *leg = leg_find(client, r->leg, false);

	(void)hub;
	if (leg != NULL && leg->is_ending)
		leg_end(leg);
	return FINE;
}
