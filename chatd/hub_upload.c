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

/* What has no size may come to its most and one byte more: then it is known to
 * be too long. */
static uint64_t
last_of(const struct leg *leg)
{
	enum refusal why;
	uint64_t most = file_most(leg->hub, leg->file, &why);

	return leg->file->size == FILE_SIZE_UNKNOWN ? most + 1 : most;
}

/* Who used up the window before the disk had taken it gets a larger one. */
static void
grant(struct leg *leg, uint64_t durable)
{
	uint64_t limit, last = last_of(leg);

	if (leg->offset + leg->window / 4 >= leg->limit &&
	    leg->window < LEG_WINDOW_MOST)
		leg->window *= 2;
	limit = leg->file->have + leg->window;
	if (limit > last)
		limit = last;
	if (limit > leg->limit)
		leg->limit = limit;
	if (leg->limit - leg->told >= leg->window / 4 ||
	    (leg->limit == last && leg->told != last))
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
	const struct file *file = leg->file;
	union message m = { .verified = {
				.type = MSG_VERIFIED,
				.leg = leg->number,
				.hash = { (const char *)file->hash.byte,
				    sizeof(file->hash.byte) },
			    } };

	if (!leg->is_open) {
		leg->hash = file->hash;
		leg->offset = leg->limit = file->size;
		leg_tell(leg, &leg->hash);
	}
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

	file->jobs++;
	if (job->error == 0) {
		file->hash = job->hash;
		file->size = job->have;
		file->is_ready = true;
	}
	file_set_have(hub, file, job->have);
	if (job->error == EBADMSG && !file->is_gone)
		file_again(hub, file);
	if (leg_is_back(leg) && job->error != 0)
		leg_cancel(leg, leg_trouble(leg, job->error));
	if (file->is_ready && !file->is_gone)
		file_arrived(hub, file);
	file->jobs--;
	file_done(file);
}

/* ---- bytes ---- */

static void
add_bytes(struct leg *leg, struct slice bytes)
{
	while (bytes.len != 0) {
		struct parcel *parcel = leg->last;
		size_t n;

		if (parcel == NULL || parcel->len == SPOOL_PIECE) {
			parcel = leg->spare != NULL ? leg->spare
						    : xmalloc(sizeof *parcel);
			leg->spare = NULL;
			parcel->len = 0;
			parcel->next = NULL;
			if (leg->last != NULL)
				leg->last->next = parcel;
			else
				leg->first = parcel;
			leg->last = parcel;
		}
		n = SPOOL_PIECE - parcel->len;
		if (n > bytes.len)
			n = bytes.len;
		memcpy(parcel->at + parcel->len, bytes.at, n);
		parcel->len += n;
		bytes.at += n;
		bytes.len -= n;
	}
}

/* The next to be written; NULL: none has come. */
static struct parcel *
take_parcel(struct leg *leg)
{
	struct parcel *parcel = leg->first;

	if (parcel == NULL)
		return NULL;
	leg->first = parcel->next;
	if (leg->first == NULL)
		leg->last = NULL;
	return parcel;
}

static void
parcel_written(struct leg *leg)
{
	free(leg->spare);
	leg->spare = leg->writing;
	leg->writing = NULL;
}

void
leg_forget_bytes(struct leg *leg)
{
	struct parcel *parcel;

	while ((parcel = take_parcel(leg)) != NULL)
		free(parcel);
	free(leg->writing);
	free(leg->spare);
	leg->writing = leg->spare = NULL;
}

/* Nothing of the piece is there, it is tried again. */
static void
hold(struct leg *leg)
{
	if (!leg->is_held)
		tell_held(leg, REFUSE_DISK_FULL);
	heap_set(
	    leg->hub->timers, &leg->retry, leg->hub->now_ms + LEG_RETRY_MS);
}

static void
written(struct spool_job *job)
{
	struct leg *leg = (struct leg *)job;
	struct file *file = leg->file;
	enum refusal why;

	file_set_have(leg->hub, file, job->have);
	if (job->error == 0)
		legs_wake(file);
	if (!leg_is_back(leg))
		return;
	if (job->error != 0) {
		why = leg_trouble(leg, job->error);
		if (why == REFUSE_DISK_FULL)
			hold(leg);
		else
			leg_cancel(leg, why);
		return;
	}
	if (leg->is_held)
		tell_held(leg, FINE);
	parcel_written(leg);
	grant(leg, job->durable);
	write_some(leg);
}

/* What has come goes to the disk, a piece at a time. */
static void
write_some(struct leg *leg)
{
	if (leg->is_busy || heap_holds(&leg->retry))
		return;
	if (leg->writing == NULL)
		leg->writing = take_parcel(leg);
	leg->job.offset = leg->file->have;
	if (leg->writing != NULL) {
		leg->job.bytes = leg->writing->at;
		leg->job.len = leg->writing->len;
		leg->job.keep = (uint64_t)leg->hub->settings->files_free << 20;
		leg_ask(leg, SPOOL_WRITE, written);
	} else if (leg->is_ending) {
		leg->job.wanted = leg->hash;
		leg_ask(leg, SPOOL_FINISH, finished);
	}
}

/* ---- the beginning ---- */

/* What was sent of it before is there; go on behind it. */
static void
open_upload(struct leg *leg)
{
	uint64_t last = last_of(leg);

	leg->offset = leg->file->have;
	leg->window = LEG_WINDOW;
	leg->limit = leg->offset + LEG_WINDOW;
	if (leg->limit > last)
		leg->limit = last;
	leg->told = leg->limit;
	leg->retry.fire = retry;
	leg_tell(leg, leg->offset != 0 ? &leg->hash : NULL);
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

/* What others were promised is not there any more for a new one. */
static bool
has_space(const struct leg *leg)
{
	const struct hub *hub = leg->hub;
	uint64_t wanted = (uint64_t)hub->settings->files_free << 20;

	wanted += leg->file->is_noted ? leg->file->owed : hub->files_owed;
	return leg->job.space >= wanted;
}

/* In the spool it is whole: as soon as its room knows, that is all. */
static void
whole_already(struct leg *leg)
{
	struct file *file = leg->file;

	if (file->is_whole)
		verified(leg);
	else if (file->is_ready)
		file_arrived(leg->hub, file);
	else
		file_hash_again(leg->hub, file);
}

static void
is_taken(struct leg *leg, const struct spool_job *job)
{
	struct file *file = leg->file;

	leg->hash = job->hash;
	if (job->error != 0)
		leg_cancel(leg, leg_trouble(leg, job->error));
	else if (job->is_whole)
		whole_already(leg);
	else if (!has_space(leg))
		leg_cancel(leg, REFUSE_DISK_FULL);
	else if (!file->is_noted)
		file_note(file, leg, buf_slice(&leg->caption));
	else
		open_upload(leg);
}

static void
taken(struct spool_job *job)
{
	struct leg *leg = (struct leg *)job;
	struct file *file = leg->file;
	struct hub *hub = leg->hub;

	file->jobs++;
	if (job->error == 0 && !file->is_ready)
		file_set_have(hub, file, job->have);
	if (leg_is_back(leg))
		is_taken(leg, job);
	if (!file->is_noted && file->legs == NULL)
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
	if (file->is_ready) {
		whole_already(leg);
		return FINE;
	}
	buf_add_slice(&leg->caption, r->caption);
	leg_ask(leg, SPOOL_TAKE, taken);
	return FINE;
}

enum refusal
hub_data(struct hub *hub, struct client *client, const struct msg_data *r)
{
	struct leg *leg = leg_find(client, r->leg, true);
	enum refusal why;

	if (leg == NULL || leg->is_ending)
		return FINE; /* it is over, and the peer does not know yet */
	if (r->bytes.len == 0 || r->offset != leg->offset ||
	    r->bytes.len > leg->limit - leg->offset) {
		leg_cancel(leg, REFUSE_FILE_CREDIT);
		return FINE;
	}
	if (leg->offset + r->bytes.len > file_most(hub, leg->file, &why)) {
		leg_cancel(leg, why);
		return FINE;
	}
	leg->offset += r->bytes.len;
	leg->moved_ms = hub->now_ms;
	add_bytes(leg, r->bytes);
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
