/*
 * The part of store_rows.h that only reads.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "log.h"
#include "store_rows.h"
#include "store_schema.h"
#include "utf8.h"
#include "xmalloc.h"

struct slice
rows_column(sqlite3_stmt *s, int at)
{
	const char *bytes = (const char *)sqlite3_column_text(s, at);

	return (struct slice){ bytes, (size_t)sqlite3_column_bytes(s, at) };
}

/* ---- entries ---- */

/* Whether the row of ROWS_READ is one that we have written. */
static bool
is_sound(struct rows *r, sqlite3_stmt *s)
{
	struct slice who = rows_column(s, 3), text = rows_column(s, 4);
	sqlite3_int64 kind = sqlite3_column_int64(s, 2);

	if (sqlite3_column_int64(s, 1) >= 0 && kind >= 0 && kind <= UINT8_MAX &&
	    who.len <= PROTOCOL_NAME_MAX && text.len <= PROTOCOL_TEXT_MAX &&
	    utf8_valid(who.at, who.len) && utf8_valid(text.at, text.len))
		return true;
	r->damaged = sqlite3_column_int64(s, 0);
	return false;
}

static struct entry *
entry_of(sqlite3_stmt *s)
{
	int64_t id = sqlite3_column_int64(s, 0);

	return entry_new(schema_room(id), schema_seq(id),
	    (uint64_t)sqlite3_column_int64(s, 1),
	    (enum entry_kind)sqlite3_column_int(s, 2), rows_column(s, 3),
	    rows_column(s, 4));
}

static sqlite3_stmt *
from_to(struct rows *r, int64_t from, int64_t to, unsigned n)
{
	sqlite3_stmt *s = r->at[ROWS_READ];

	sqlite3_bind_int64(s, 1, from);
	sqlite3_bind_int64(s, 2, to);
	sqlite3_bind_int64(s, 3, n);
	return s;
}

/* A page ends where an entry is missing: the next one begins behind it, and
 * says so. */
static int
read_page(struct rows *r, struct store_read *job, sqlite3_stmt *s)
{
	size_t bytes = 0;
	int code;

	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		uint64_t seq = schema_seq(sqlite3_column_int64(s, 0));
		struct entry *e;

		if (!is_sound(r, s))
			return SQLITE_CORRUPT;
		if (job->got == 0)
			job->first = seq;
		else if (seq != job->first + job->got)
			return SQLITE_DONE;
		e = entry_of(s);
		bytes += sizeof(*e) + e->who_len + e->text_len;
		if (job->got != 0 && bytes > job->bytes) {
			entry_unref(e);
			return SQLITE_DONE;
		}
		job->entries[job->got++] = e;
	}
	return code;
}

int
rows_next(struct rows *r, uint32_t room, uint64_t from, uint64_t to,
    struct rows_head *next, bool *found)
{
	sqlite3_stmt *s = r->at[ROWS_NEXT];
	uint64_t numbers[2];
	int code;

	sqlite3_bind_int64(s, 1, schema_id(room, from));
	sqlite3_bind_int64(s, 2, schema_id(room, to));
	code = rows_fetch(s, numbers, 2, found);
	*next =
	    (struct rows_head){ schema_seq((int64_t)numbers[0]), numbers[1] };
	return code;
}

int
rows_halve(sqlite3_stmt *s, uint64_t since, uint64_t *from, uint64_t to)
{
	uint64_t high = to + 1;

	while (*from < high) {
		uint64_t middle = *from + (high - *from) / 2, next[2];
		bool found;
		int code;

		sqlite3_bind_int64(s, 1, (sqlite3_int64)middle);
		sqlite3_bind_int64(s, 2, (sqlite3_int64)to);
		code = rows_fetch(s, next, 2, &found);
		if (code != SQLITE_OK)
			return code;
		if (found && next[1] < since)
			*from = next[0] + 1;
		else
			high = middle;
	}
	return SQLITE_OK;
}

int
rows_since(
    struct rows *r, uint32_t room, uint64_t since, uint64_t *from, uint64_t to)
{
	uint64_t before = (uint64_t)schema_id(room, *from), id = before;
	int code = rows_halve(
	    r->at[ROWS_NEXT], since, &id, (uint64_t)schema_id(room, to));

	*from += id - before;
	return code;
}

int
rows_entry(struct rows *r, int64_t id, struct entry **out)
{
	sqlite3_stmt *s = from_to(r, id, id, 1);
	int code = sqlite3_step(s);

	*out = NULL;
	if (code == SQLITE_ROW) {
		code = is_sound(r, s) ? SQLITE_DONE : SQLITE_CORRUPT;
		if (code == SQLITE_DONE)
			*out = entry_of(s);
	}
	sqlite3_reset(s);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int
rows_read(struct rows *r, struct store_read *job)
{
	struct rows_head head;
	uint64_t from = job->from;
	sqlite3_stmt *s;
	bool found;
	int code = rows_head(r, job->room, &head, &found);

	job->entries = NULL;
	job->got = 0;
	job->first = from;
	if (code != SQLITE_OK || from > head.seq || job->n == 0)
		return code;
	if (job->since != 0)
		code = rows_since(r, job->room, job->since, &from, head.seq);
	if (code != SQLITE_OK)
		return code;
	s = from_to(r, schema_id(job->room, from),
	    schema_id(job->room, head.seq), job->n);
	job->entries = xcalloc(job->n, sizeof(struct entry *));
	code = read_page(r, job, s);
	sqlite3_reset(s);
	if (code == SQLITE_DONE)
		return SQLITE_OK;
	while (job->got != 0)
		entry_unref(job->entries[--job->got]);
	free(job->entries);
	job->entries = NULL;
	return code;
}

/* ---- the start ---- */

static int
load_members(
    struct rows *r, uint32_t room, const struct store_loader *loader, void *arg)
{
	sqlite3_stmt *s = r->at[ROWS_MEMBERS];
	int code;

	sqlite3_bind_int64(s, 1, room);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		struct id device;

		if (sqlite3_column_bytes(s, 0) != sizeof(device) ||
		    sqlite3_column_int64(s, 2) < 0) {
			code = SQLITE_CORRUPT;
			break;
		}
		memcpy(&device, sqlite3_column_blob(s, 0), sizeof(device));
		loader->member(arg, room, &device, rows_column(s, 1),
		    (uint64_t)sqlite3_column_int64(s, 2));
	}
	sqlite3_reset(s);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
load_room(struct rows *r, sqlite3_stmt *s, const struct store_loader *loader,
    void *arg)
{
	int64_t number = sqlite3_column_int64(s, 0);
	struct store_room room = {
		.number = (uint32_t)number,
		.name = rows_column(s, 1),
		.topic = rows_column(s, 2),
		.head = (uint64_t)sqlite3_column_int64(s, 3),
		.time = (uint64_t)sqlite3_column_int64(s, 4),
	};

	if (number < 0 || number > STORE_ROOM_MAX || room.head > SCHEMA_SEQ_MAX)
		return SQLITE_CORRUPT;
	room.is_direct = room.name.len == 0;
	loader->room(arg, &room);
	return load_members(r, room.number, loader, arg);
}

int
rows_load(struct rows *r, const struct store_loader *loader, void *arg,
    uint32_t *last_room)
{
	sqlite3_stmt *s = r->at[ROWS_ROOMS];
	uint64_t last;
	bool found;
	int code = rows_fetch(r->at[ROWS_LAST_ROOM], &last, 1, &found);

	if (code != SQLITE_OK)
		return code;
	*last_room = (uint32_t)last;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		code = load_room(r, s, loader, arg);
		if (code != SQLITE_OK)
			break;
	}
	sqlite3_reset(s);
	return code == SQLITE_DONE ? rows_load_files(r, loader, arg) : code;
}

/* ---- in quiet moments ---- */

static void
tell_missing(struct rows *r, int64_t before, int64_t id)
{
	struct rows_head head;
	bool found;

	if (schema_room(before) == schema_room(id) && id != before + 1 &&
	    rows_head(r, schema_room(id), &head, &found) == SQLITE_OK && found)
		log_warnx("room %" PRIu32 ": entries %" PRIu64 " to %" PRIu64
			  " are missing",
		    schema_room(id), schema_seq(before) + 1,
		    schema_seq(id) - 1);
}

int
rows_inspect(struct rows *r, int64_t *id, bool *more)
{
	sqlite3_stmt *s = from_to(r, *id + 1, INT64_MAX, ROWS_STEP);
	unsigned n = 0;
	int code;

	while ((code = sqlite3_step(s)) == SQLITE_ROW && is_sound(r, s)) {
		int64_t next = sqlite3_column_int64(s, 0);

		tell_missing(r, *id, next);
		*id = next;
		n++;
	}
	sqlite3_reset(s);
	*more = n == ROWS_STEP;
	if (code == SQLITE_ROW)
		return SQLITE_CORRUPT;
	return code == SQLITE_DONE ? SQLITE_OK : code;
}
