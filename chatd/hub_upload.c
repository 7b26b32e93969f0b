/*
 * Bytes that come: they go to the spool as its disk takes them, and credit goes
 * back.
 */
#include <errno.h>
#include <stdlib.h>

#include "hub_files.h"
#include "xmalloc.h"

static void write_some(struct leg *);

static void
tell_credit(struct leg *leg, uint64_t durable)
{
	leg->told = leg->limit;
	hub_tell(leg->client,
	    (union message){
		.credit = { MSG_CREDIT, leg->number, leg->limit, durable } });
}

static void
tell_held(struct leg *leg, enum refusal why)
{
	leg->is_held = why != FINE;
	hub_tell(leg->client,
	    (union message){ .held = { MSG_HELD, leg->number, (uint16_t)why,
				 slice_of(refusal_text(why)) } });
}

/* Who used up the window before the disk had taken it gets a larger one. */
static void
grant(struct leg *leg, uint64_t durable)
{
	const struct file *file = leg->file;
	uint64_t limit, most = file_most(leg->hub, file);

	if (leg->offset + leg->window / 4 >= leg->limit &&
	    leg->window < LEG_WINDOW_MOST)
		leg->window *= 2;
	limit = file->have + leg->window;
	if (limit > most)
		limit = most;
	if (limit > leg->limit)
		leg->limit = limit;
	if (leg->limit - leg->told >= leg->window / 4 ||
	    (leg->limit == most && leg->told != most))
		tell_credit(leg, durable);
}

static void
retry(struct timer *t)
{
	struct leg *leg =
	    (struct leg *)((char *)t - offsetof(struct leg, retry));

	write_some(leg);
}

static void
verified(struct leg *leg)
{
	union message m = { .verified = {
				.type = MSG_VERIFIED,
				.leg = leg->number,
				.hash = { (const char *)leg->hash.byte,
				    sizeof(leg->hash.byte) },
			    } };

	if (leg->client != NULL)
		hub_tell(leg->client, m);
	leg_end(leg);
}

/* Its room has been told that the file is there, or could not be. */
void
legs_arrived(struct file *file, enum refusal why)
{
	struct leg *leg, *next;

	file->jobs++;
	DL_FOREACH_SAFE2(file->legs, leg, next, next_of_file)
	{
		if (leg->is_over || !leg->is_upload)
			continue;
		if (why == FINE)
			verified(leg);
		else
			leg_cancel(leg, why);
	}
	legs_wake(file);
	file->jobs--;
	file_done(file);
}

static void
finished(struct spool_job *job)
{
	struct leg *leg = (struct leg *)job;
	struct file *file = leg->file;
	struct hub *hub = leg->hub;

	if (job->error == 0) {
		file->hash = job->hash;
		file->size = job->have;
		file->is_ready = true;
	} else if (job->error == EBADMSG) {
		file_again(hub, file);
	}
	file->jobs++;
	if (leg_is_back(leg) && job->error != 0)
		leg_cancel(leg, leg_trouble(leg, job->error));
	if (file->is_ready && !file->is_gone)
		file_arrived(hub, file);
	file->jobs--;
	file_done(file);
}

static void
written(struct spool_job *job)
{
	struct leg *leg = (struct leg *)job;
	struct file *file = leg->file;
	enum refusal why;

	if (job->error == 0) {
		file->have = job->have;
		legs_wake(file);
	}
	if (!leg_is_back(leg))
		return;
	if (job->error != 0) {
		why = leg_trouble(leg, job->error);
		if (why != REFUSE_DISK_FULL) {
			leg_cancel(leg, why);
			return;
		}
		if (!leg->is_held)
			tell_held(leg, why);
		heap_set(leg->hub->timers, &leg->retry,
		    leg->hub->now_ms + LEG_RETRY_MS);
		return;
	}
	if (leg->is_held)
		tell_held(leg, FINE);
	leg->len = 0;
	if (leg->offset == leg->limit && !leg->is_ending &&
	    leg->limit == file_most(leg->hub, file) &&
	    file->size == FILE_SIZE_UNKNOWN) {
		leg_cancel(leg, REFUSE_FILE_QUOTA);
		return;
	}
	grant(leg, job->durable);
	write_some(leg);
}

/* What has come goes to the disk, a piece at a time. */
static void
write_some(struct leg *leg)
{
	const struct buf *coming = &leg->coming;

	if (leg->is_busy || heap_holds(&leg->retry))
		return;
	if (leg->len == 0 && coming->len != 0) {
		leg->len =
		    coming->len < SPOOL_PIECE ? coming->len : SPOOL_PIECE;
		memcpy(leg->bytes, buf_at(coming), leg->len);
		buf_consume(&leg->coming, leg->len);
	}
	leg->job.offset = leg->file->have;
	if (leg->len != 0) {
		leg->job.bytes = leg->bytes;
		leg->job.len = leg->len;
		leg_ask(leg, SPOOL_WRITE, written);
	} else if (leg->is_ending) {
		leg->job.wanted = leg->hash;
		leg_ask(leg, SPOOL_FINISH, finished);
	}
}

/* What was sent of it before is there; go on behind it. */
static void
open_upload(struct leg *leg)
{
	struct file *file = leg->file;

	leg->offset = file->have;
	leg->window = LEG_WINDOW;
	leg->limit = file_most(leg->hub, file);
	if (leg->limit > file->have + LEG_WINDOW)
		leg->limit = file->have + LEG_WINDOW;
	leg->told = leg->limit;
	leg->bytes = xmalloc(SPOOL_PIECE);
	leg->retry.fire = retry;
	leg_tell(leg, file->have != 0 ? &leg->hash : NULL);
}

/* The file's room knows of it, or could not be told. */
void
leg_noted(struct leg *leg, enum refusal why)
{
	if (!leg_is_back(leg))
		return;
	if (why == FINE)
		open_upload(leg);
	else
		leg_cancel(leg, why);
}

static bool
has_space(const struct leg *leg)
{
	const struct file *file = leg->file;
	uint64_t kept = (uint64_t)leg->hub->settings->files_free << 20;
	uint64_t wanted =
	    file->size == FILE_SIZE_UNKNOWN ? 0 : file->size - file->have;

	return leg->job.space >= kept && leg->job.space - kept >= wanted;
}

/* The caption was kept where the bytes will be. */
static void
note(struct leg *leg)
{
	struct buf caption = leg->coming;

	leg->coming = (struct buf){ 0 };
	file_note(leg->file, leg, buf_slice(&caption));
	buf_done(&caption);
}

static void
taken(struct spool_job *job)
{
	struct leg *leg = (struct leg *)job;
	struct file *file = leg->file;
	struct hub *hub = leg->hub;
	bool is_new = !file->is_noted;

	if (job->error == 0)
		file->have = job->have;
	file->jobs++;
	if (!leg_is_back(leg))
		goto out;
	leg->hash = job->hash;
	if (job->error != 0)
		leg_cancel(leg, leg_trouble(leg, job->error));
	else if (!has_space(leg))
		leg_cancel(leg, REFUSE_DISK_FULL);
	else if (is_new)
		note(leg);
	else
		open_upload(leg);
out:
	if (is_new && !file->is_noted && file->legs == NULL && !file->is_gone)
		file_drop(hub, file);
	file->jobs--;
	file_done(file);
}

enum refusal
leg_offer(struct hub *hub, struct client *client, struct file *file,
    const struct msg_offer *r)
{
	struct leg *leg, *next;

	DL_FOREACH_SAFE2(file->legs, leg, next, next_of_file)
	if (leg->is_upload && !leg->is_over)
		leg_cancel(leg, REFUSE_FILE_MOVED);
	leg = leg_new(hub, client, file, r->ref);
	leg->is_upload = true;
	if (file->is_whole) {
		leg->hash = file->hash;
		leg->offset = leg->limit = file->size;
		leg_tell(leg, &leg->hash);
		verified(leg);
		return FINE;
	}
	/* Kept until the spool has said yes. */
	buf_add_slice(&leg->coming, r->caption);
	leg_ask(leg, SPOOL_TAKE, taken);
	return FINE;
}

enum refusal
hub_data(struct hub *hub, struct client *client, const struct msg_data *r)
{
	struct leg *leg = leg_find(client, r->leg, true);

	(void)hub;
	if (leg == NULL || leg->is_ending)
		return FINE; /* it is over, and the peer does not know yet */
	if (r->bytes.len == 0 || r->offset != leg->offset ||
	    r->bytes.len > leg->limit - leg->offset) {
		leg_cancel(leg, REFUSE_FILE_CREDIT);
		return FINE;
	}
	leg->offset += r->bytes.len;
	buf_add_slice(&leg->coming, r->bytes);
	write_some(leg);
	return FINE;
}

enum refusal
hub_whole(struct hub *hub, struct client *client, const struct msg_whole *r)
{
	struct leg *leg = leg_find(client, r->leg, true);

	(void)hub;
	if (leg == NULL || leg->is_ending)
		return FINE;
	if (r->size != leg->offset || r->hash.len != sizeof(leg->hash.byte) ||
	    (leg->file->size != FILE_SIZE_UNKNOWN &&
		leg->file->size != r->size)) {
		leg_cancel(leg, REFUSE_FILE_CREDIT);
		return FINE;
	}
	memcpy(leg->hash.byte, r->hash.at, sizeof(leg->hash.byte));
	leg->is_ending = true;
	write_some(leg);
	return FINE;
}
