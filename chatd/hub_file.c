/*
 * One file: what is known of it, what its room is told, and its end.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "hub_files.h"
#include "log.h"
#include "xmalloc.h"

struct file *
file_new(struct hub *hub, const struct store_file *row)
{
	struct file *file = xcalloc(1, sizeof *file);

	file->number = row->number;
	file->key = (struct file_key){ row->device, row->key };
	file->room = row->room;
	file->who = xstrndup(row->who.at, row->who.len);
	file->name = xstrndup(row->name.at, row->name.len);
	file->size = row->size;
	file->since = row->since;
	file->expires = row->expires;
	file->time = row->time;
	file->flags = row->flags;
	file->hash = row->hash;
	file->is_ready = file->is_whole = row->is_whole;
	HASH_ADD(hh, hub->files, number, sizeof file->number, file);
	HASH_ADD(hh_key, hub->files_by_key, key, sizeof file->key, file);
	file_own(hub, file);
	return file;
}

void
file_done(struct file *file)
{
	if (!file->is_gone || file->jobs != 0)
		return;
	free(file->who);
	free(file->name);
	free(file);
}

/* As the store keeps it; slices are the file's. */
static struct store_file
row_of(const struct file *file)
{
	return (struct store_file){
		.number = file->number,
		.room = file->room,
		.device = file->key.device,
		.key = file->key.key,
		.who = slice_of(file->who),
		.name = slice_of(file->name),
		.size = file->size,
		.since = file->since,
		.expires = file->expires,
		.time = file->time,
		.flags = file->flags,
		.is_whole = file->is_ready,
		.hash = file->hash,
	};
}

void
file_set_have(struct hub *hub, struct file *file, uint64_t have)
{
	file->have = have;
	if (!file->is_gone)
		file_charge(hub, file);
}

/* ---- in the spool ---- */

static void
spooled(struct spool_job *job)
{
	if (job->error != 0)
		log_warnx("file %" PRIu64 " cannot be removed: %s", job->file,
		    strerrordesc_np(job->error));
	free(job);
}

static void
ask_spool(struct hub *hub, const struct file *file, enum spool_what what)
{
	struct spool_job *job;

	if (hub->spool == NULL) /* the next start finds it */
		return;
	job = xcalloc(1, sizeof *job);
	job->what = what;
	job->file = file->number;
	job->done = spooled;
	spool_ask(hub->spool, job);
}

void
file_leave(struct hub *hub, struct file *file)
{
	if (!file->is_gone && !file->is_ready)
		ask_spool(hub, file, SPOOL_LEAVE);
}

void
file_again(struct hub *hub, struct file *file)
{
	file->is_ready = false;
	file_set_have(hub, file, 0);
	ask_spool(hub, file, SPOOL_REMOVE);
	legs_cancel_downloads(file, REFUSE_FILE_HASH);
}

void
file_remove(struct hub *hub, struct file *file)
{
	file_disown(hub, file);
	HASH_DELETE(hh, hub->files, file);
	HASH_DELETE(hh_key, hub->files_by_key, file);
	file->is_gone = true;
}

void
file_drop(struct hub *hub, struct file *file)
{
	if (file->is_gone)
		return;
	file->jobs++;
	file_remove(hub, file);
	legs_cancel(file, REFUSE_FILE_GONE);
	ask_spool(hub, file, SPOOL_REMOVE);
	if (file->is_noted)
		store_file_gone(hub->store, file->number);
	file->jobs--;
	file_done(file);
}

/* chatd ended between a file's last byte and the word that it is there. */
struct again {
	struct spool_job job; /* first */
	struct hub *hub;
	struct file *file;
};

static void
hashed_again(struct spool_job *job)
{
	struct again *again = (struct again *)job;
	struct file *file = again->file;
	bool fits =
	    file->size == FILE_SIZE_UNKNOWN || file->size == job->offset;

	file->jobs--;
	file->is_telling = false;
	if (file->is_gone) {
		file_done(file);
	} else if (job->error == 0 && fits) {
		file->hash = job->hash;
		file->size = job->offset;
		file->is_ready = true;
		file_set_have(again->hub, file, job->offset);
		file_arrived(again->hub, file);
	} else {
		log_warnx("file %" PRIu64 " is not in the spool as it was: %s",
		    file->number,
		    job->error != 0 ? strerrordesc_np(job->error) : "too long");
		file_again(again->hub, file);
		legs_arrived(file, REFUSE_FILE_DISK);
	}
	free(again);
}

void
file_hash_again(struct hub *hub, struct file *file)
{
	struct again *again;

	if (file->is_telling)
		return;
	again = xcalloc(1, sizeof *again);
	file->is_telling = true;
	file->jobs++;
	again->hub = hub;
	again->file = file;
	again->job.what = SPOOL_PREFIX;
	again->job.file = file->number;
	again->job.offset = file->have;
	again->job.done = hashed_again;
	spool_ask(hub->spool, &again->job);
}

/* ---- telling its room ---- */

struct note {
	struct store_append append; /* first: the store gives it back */
	struct store_file row;
	struct hub *hub;
	struct room *room;
	struct file *file;
	struct leg *leg; /* NULL: nobody waits */
	void (*then)(struct note *, enum refusal);
	struct buf text, other;
};

static void
note_done(struct store_append *append)
{
	struct note *note = (struct note *)append;
	struct room *room = note->room;
	struct file *file = note->file;

	if (append->entry != NULL) {
		room->is_spoken = true;
		hub_take(note->hub, room, append->entry);
	}
	note->then(note, append->why);
	file->jobs--;
	file_done(file);
	room->jobs--;
	hub_room_done(note->hub, room);
	buf_done(&note->text);
	buf_done(&note->other);
	free(note);
}

/* A conversation may begin with it. */
static void
begin_direct(struct hub *hub, struct note *note)
{
	const struct user *user =
	    users_device(&hub->users, &note->file->key.device);
	const struct user *other = NULL;

	if (note->room->is_direct && user != NULL)
		other = room_other(note->room, user);
	if (other == NULL)
		return;
	buf_add_slice(&note->other, other->nick);
	note->append.other = other->device;
	note->append.other_nick = buf_slice(&note->other);
}

/* false: there is no such room any more. */
static bool
tell(struct hub *hub, struct file *file, enum entry_kind kind, struct leg *leg,
    struct buf *text, void (*then)(struct note *, enum refusal))
{
	struct room *room = hub_room_numbered(hub, file->room);
	struct note *note;

	if (room == NULL) {
		buf_done(text);
		return false;
	}
	note = xcalloc(1, sizeof *note);
	note->hub = hub;
	note->room = room;
	note->file = file;
	note->leg = leg;
	note->then = then;
	note->text = *text;
	note->row = row_of(file);
	file->jobs++;
	room->jobs++;
	note->append = (struct store_append){
		.done = note_done,
		.room = room->number,
		.kind = kind,
		.who = slice_of(file->who),
		.text = buf_slice(&note->text),
		.device = file->key.device,
		.room_name = slice_of(room->name),
		.file = &note->row,
	};
	begin_direct(hub, note);
	store_append(hub->store, &note->append);
	return true;
}

static void
noted(struct note *note, enum refusal why)
{
	struct file *file = note->file;

	file->is_noted = why == FINE;
	leg_noted(note->leg, why);
	if (!file->is_noted)
		file_drop(note->hub, file);
	else if (file->is_gone) /* meanwhile */
		store_file_gone(note->hub->store, file->number);
}

static void
add_number(struct buf *out, uint64_t number, uint64_t none)
{
	if (number == none)
		buf_add_string(out, " -");
	else
		buf_printf(out, " %" PRIu64, number);
}

void
file_note(struct file *file, struct leg *leg, struct slice caption)
{
	struct buf text = { 0 };

	buf_printf(&text, "%" PRIu64, file->number);
	add_number(&text, file->size, FILE_SIZE_UNKNOWN);
	add_number(&text, file->expires, 0);
	buf_printf(&text, " %s", file->name);
	if (caption.len != 0)
		buf_printf(&text, "\n%.*s", SLICE_ARG(caption));
	leg->is_busy = true;
	file->jobs++;
	if (!tell(leg->hub, file, ENTRY_FILE, leg, &text, noted))
		leg_noted(leg, REFUSE_NOT_MEMBER);
}

static void
arrived(struct note *note, enum refusal why)
{
	struct file *file = note->file;

	file->is_telling = false;
	file->is_whole = why == FINE;
	if (why == FINE)
		log_info("file %" PRIu64 " is there: %" PRIu64 " bytes",
		    file->number, file->size);
	legs_arrived(file, why);
}

void
file_arrived(struct hub *hub, struct file *file)
{
	struct buf text = { 0 };
	char hash[DIGEST_TEXT];

	if (file->is_telling)
		return;
	file->is_telling = true;
	digest_text(&file->hash, hash);
	buf_printf(&text, "%" PRIu64 " %" PRIu64 " %s %s", file->number,
	    file->size, hash, file->name);
	if (!tell(hub, file, ENTRY_ARRIVED, NULL, &text, arrived))
		file_drop(hub, file);
}

static void
withdrawn(struct note *note, enum refusal why)
{
	if (why != FINE)
		log_warnx("file %" PRIu64 " is withdrawn, but its room could "
			  "not be told",
		    note->file->number);
}

void
file_withdraw(struct hub *hub, struct file *file, struct slice why)
{
	struct buf text = { 0 };

	buf_printf(&text, "%" PRIu64 " %s", file->number, file->name);
	if (why.len != 0)
		buf_printf(&text, "\n%.*s", SLICE_ARG(why));
	tell(hub, file, ENTRY_WITHDRAWN, NULL, &text, withdrawn);
	file_drop(hub, file);
}
