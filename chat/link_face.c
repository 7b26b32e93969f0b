/*
 * What the face asks of the link: each in one lock.
 */
#include <stdlib.h>

#include "clock.h"
#include "link_state.h"
#include "source.h"
#include "wake.h"
#include "xmalloc.h"

void
link_target(struct link *l, const char *address)
{
	free(l->model->target);
	l->model->target = xstrdup(address != NULL ? address : "");
}

/* What was done is to be written as well. */
static void
unlock(struct link *l)
{
	if (l->journal != NULL)
		journal_poke(l->journal);
	model_unlock_changed(l->model);
	wake_up(l->wake);
}

bool
link_request(struct link *l, union message *m, struct room *room)
{
	bool is_sent;

	model_lock(l->model);
	is_sent = apply_request(l->apply, m, room);
	unlock(l);
	return is_sent;
}

uint64_t
link_say(
    struct link *l, struct room *room, enum entry_kind kind, struct slice text)
{
	uint64_t id;

	model_lock(l->model);
	id = apply_say(l->apply, room, kind, text, clock_ms());
	unlock(l);
	return id;
}

bool
link_withdraw(struct link *l, uint64_t id)
{
	bool did;

	model_lock(l->model);
	did = outbox_withdraw(apply_outbox(l->apply), id);
	unlock(l);
	return did;
}

void
link_saw(struct link *l, struct room *room, uint64_t seq)
{
	if (seq <= room->seen)
		return;
	room->seen = seq;
	model_keep(l->model, false);
	wake_up(l->wake);
}

void
link_retry(struct link *l, struct room *room)
{
	model_lock(l->model);
	apply_retry(l->apply, room, clock_ms());
	unlock(l);
}

void
link_forget(struct link *l, struct room *room)
{
	model_lock(l->model);
	apply_forget(l->apply, room);
	unlock(l);
}

void
link_page(struct link *l, struct room *room, bool is_newer)
{
	if (apply_page(l->apply, room, is_newer))
		wake_up(l->wake);
}

void
link_connect(struct link *l, const char *address)
{
	model_lock(l->model);
	if (address != NULL) {
		free(l->address);
		l->address = xstrdup(address);
		link_target(l, address);
		outbox_redirect(apply_outbox(l->apply));
	}
	l->again = address != NULL || l->model->state != LINK_LIVE;
	model_unlock_changed(l->model);
	wake_up(l->wake);
}

/* ---- files ---- */

unsigned
link_send_file(struct link *l, struct room *room, const struct send_file *file,
    struct buf *why)
{
	struct source source;
	unsigned number;
	bool is_open = file->path != NULL
	    ? source_open_soon(&source, file->path, SOURCE_WAIT_MS, why)
	    : source_of(&source, file->fd, why);

	if (!is_open)
		return 0;
	model_lock(l->model);
	number = transfers_send(l->files, room, file, &source)->number;
	unlock(l);
	return number;
}

unsigned
link_fetch_file(
    struct link *l, struct room *room, uint64_t file, const char *to, int fd)
{
	unsigned number;

	model_lock(l->model);
	number = transfers_fetch(l->files, room, file, to, fd)->number;
	unlock(l);
	return number;
}

bool
link_list_files(
    struct link *l, struct room *room, struct slice of, struct slice words)
{
	bool is_sent;

	model_lock(l->model);
	is_sent = apply_list_files(l->apply, room, of, words);
	unlock(l);
	return is_sent;
}

bool
link_transfer(struct link *l, unsigned number, enum transfer_wish wish)
{
	struct transfer *t;
	bool did;

	model_lock(l->model);
	t = l->model->transfers;
	while (t != NULL && t->number != number)
		t = t->next;
	did = t != NULL && transfers_wish(l->files, t, wish);
	unlock(l);
	return did;
}
