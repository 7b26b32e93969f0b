/*
 * The outbox as records: what is noted, what is written, and how the list is
 * made of it again.
 */
#include <stdlib.h>
#include <string.h>

#include "outbox_state.h"
#include "wire.h"
#include "xmalloc.h"

/* ---- notes ---- */

/* As long as the disk takes nothing there is no use in records: when it does
 * again, all is written. */
static void
note(struct outbox *o, const struct record *r, bool must_sync)
{
	if (!o->is_journaled)
		return;
	o->noted++;
	if (o->model->is_unsafe) {
		o->is_stale = true;
		return;
	}
	records_add(&o->records, &o->sum, r);
	o->must_sync = o->must_sync || must_sync;
}

void
outbox_note_log(struct outbox *o)
{
	const struct record r = {
		.kind = RECORD_LOG, .log = o->log, .server = slice_of(o->server)
	};

	note(o, &r, false);
}

static struct record
say_record(const struct pending *p)
{
	return (struct record){ .kind = RECORD_SAY,
		.id = p->id,
		.n = p->n,
		.time = p->time,
		.entry = p->kind,
		.room = slice_of(p->room->name),
		.who = slice_of(p->who),
		.text = slice_of(p->text) };
}

static struct record
refused_record(const struct pending *p)
{
	return (struct record){ .kind = RECORD_REFUSED,
		.id = p->id,
		.why = (uint16_t)p->why,
		.text = slice_of(p->words != NULL ? p->words : "") };
}

void
outbox_note_say(struct outbox *o, struct pending *p)
{
	const struct record r = say_record(p);

	note(o, &r, true);
	p->mark = o->noted;
}

void
outbox_note_order(struct outbox *o, uint64_t n, struct slice ids)
{
	const struct record r = { .kind = RECORD_ORDER, .n = n, .ids = ids };

	note(o, &r, true);
}

void
outbox_note_gone(struct outbox *o, const struct pending *p, bool must_sync)
{
	const struct record r = { .kind = RECORD_GONE, .id = p->id };

	note(o, &r, must_sync);
}

void
outbox_note_refused(struct outbox *o, const struct pending *p)
{
	const struct record r = refused_record(p);

	note(o, &r, false);
}

void
outbox_note_retry(struct outbox *o, const struct pending *p)
{
	const struct record r = { .kind = RECORD_RETRY, .id = p->id };

	note(o, &r, true);
}

/* ---- written ---- */

static void
mark_writing(struct outbox *o)
{
	o->taken = o->noted;
	for (struct pending *p = o->model->outbox; p != NULL; p = p->next) {
		p->is_writing = true;
		p->n_writing = p->n;
	}
}

bool
outbox_take(struct outbox *o, struct buf *out, bool *must_sync)
{
	if (o->records.len == 0)
		return false;
	buf_add_slice(out, buf_slice(&o->records));
	buf_clear(&o->records);
	*must_sync = o->must_sync;
	o->must_sync = false;
	mark_writing(o);
	return true;
}

static bool
same_log(const struct record *log, const struct id *id, const char *server)
{
	return memcmp(&log->log, id, sizeof(*id)) == 0 &&
	    slice_is(log->server, slice_of(server));
}

/* The log that what follows is of. */
static void
add_log(struct outbox *o, struct buf *out, struct record *now,
    const struct id *log, const char *server)
{
	if (now->kind == RECORD_LOG && same_log(now, log, server))
		return;
	*now = (struct record){
		.kind = RECORD_LOG, .log = *log, .server = slice_of(server)
	};
	records_add(out, &o->sum, now);
}

bool
outbox_snapshot(struct outbox *o, struct buf *out)
{
	struct record now = { 0 }, r;
	bool has_any = false;

	o->sum = records_begin(out);
	for (struct pending *p = o->model->outbox; p != NULL; p = p->next) {
		if (p->is_stored)
			continue;
		has_any = true;
		add_log(o, out, &now, &p->log, p->server);
		r = say_record(p);
		records_add(out, &o->sum, &r);
		if (p->why == FINE)
			continue;
		r = refused_record(p);
		records_add(out, &o->sum, &r);
	}
	add_log(o, out, &now, &o->log, o->server);
	buf_clear(&o->records);
	o->must_sync = false;
	o->is_stale = false;
	mark_writing(o);
	return has_any;
}

void
outbox_written(struct outbox *o)
{
	o->safe = o->taken;
	for (struct pending *p = o->model->outbox; p != NULL; p = p->next) {
		if (!p->is_writing)
			continue;
		p->is_writing = false;
		p->is_kept = true;
		p->n_kept = p->n_writing;
	}
}

/* ---- read again ---- */

/* Messages of the file, by id; those that are gone have p NULL. */
struct kept {
	uint64_t id;
	struct pending *p;
	struct slice room;
};

struct reading {
	struct kept *at;
	size_t n, cap;
	struct record log; /* in force; kind 0: none */
};

static struct kept *
find(const struct reading *r, uint64_t id)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (r->at[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->n && r->at[low].id == id && r->at[low].p != NULL
	    ? &r->at[low]
	    : NULL;
}

static void
set_log(const struct reading *r, struct pending *p)
{
	free(p->server);
	p->log = r->log.log;
	p->server = xstrndup(r->log.server.at, r->log.server.len);
}

static void
read_say(struct reading *r, const struct record *say)
{
	struct pending *p;

	if (say->room.len == 0 || (r->n != 0 && say->id <= r->at[r->n - 1].id))
		return;
	if (r->n == r->cap) {
		r->cap = r->cap != 0 ? 2 * r->cap : 64;
		r->at = xrealloc(r->at, r->cap, sizeof(struct kept));
	}
	p = xcalloc(1, sizeof(*p));
	p->id = say->id;
	p->n = say->n;
	p->time = say->time;
	p->kind = say->entry;
	p->text = xstrndup(say->text.at, say->text.len);
	if (say->who.len < sizeof(p->who))
		memcpy(p->who, say->who.at, say->who.len);
	set_log(r, p);
	r->at[r->n++] = (struct kept){ say->id, p, say->room };
}

static void
read_order(struct reading *r, const struct record *order)
{
	const uint8_t *ids = (const uint8_t *)order->ids.at;

	for (size_t i = 0; i < r->n; i++) {
		struct pending *p = r->at[i].p;
		if (p != NULL && p->n >= order->n &&
		    same_log(&r->log, &p->log, p->server))
			p->n = 0;
	}
	for (size_t i = 0; i < order->ids.len / 8; i++) {
		struct kept *k = find(r, wire_get_u64(ids + 8 * i));
		if (k == NULL)
			continue;
		k->p->n = order->n + i;
		set_log(r, k->p);
	}
}

static void
read_refused(struct pending *p, const struct record *refused)
{
	free(p->words);
	p->words = refused->text.len != 0
	    ? xstrndup(refused->text.at, refused->text.len)
	    : NULL;
	p->why = (enum refusal)refused->why;
	p->n = 0;
}

static void
read_about(struct reading *r, struct kept *k, const struct record *record)
{
	switch (record->kind) {
	case RECORD_GONE:
		pending_free(k->p);
		k->p = NULL;
		break;
	case RECORD_REFUSED:
		read_refused(k->p, record);
		break;
	case RECORD_RETRY:
		k->p->why = FINE;
		set_log(r, k->p);
		break;
	default:
		break;
	}
}

static void
read_record(struct reading *r, const struct record *record)
{
	struct kept *k;

	switch (record->kind) {
	case RECORD_LOG:
		r->log = *record;
		break;
	case RECORD_SAY:
		read_say(r, record);
		break;
	case RECORD_ORDER:
		read_order(r, record);
		break;
	default:
		k = find(r, record->id);
		if (k != NULL)
			read_about(r, k, record);
	}
}

static void
take_over(struct outbox *o, const struct kept *k)
{
	struct pending *p = k->p;

	p->room = model_room_open(o->model, k->room);
	if (p->why == FINE)
		p->room->is_wanted = true;
	p->is_old = p->is_writing = true;
	p->n_writing = p->n;
	p->mark = o->taken = o->noted = 1;
	outbox_hang(o, p);
}

/* Whoever was spoken to last, by the file, is known by the address. */
static void
speak_to_target(struct outbox *o, const struct record *last)
{
	free(o->server);
	o->server = xstrdup(o->model->target);
	o->log = (struct id){ { 0 } };
	if (last->kind != RECORD_LOG)
		return;
	if (slice_is(last->server, slice_of(o->server)))
		o->log = last->log;
	else
		outbox_note_log(o);
}

bool
outbox_restore(struct outbox *o, const uint8_t *at, size_t len, size_t *used)
{
	struct reading r = { .n = 0 };
	struct records records;
	struct record record;

	if (!records_open(&records, at, len))
		return false;
	while (records_next(&records, &record))
		read_record(&r, &record);
	for (size_t i = 0; i < r.n; i++)
		if (r.at[i].p != NULL)
			take_over(o, &r.at[i]);
	o->id = r.n != 0 ? r.at[r.n - 1].id : 0;
	o->sum = records.sum;
	*used = records.used;
	o->is_journaled = true;
	speak_to_target(o, &r.log);
	free(r.at);
	return true;
}
