#include "store_rows.h"

#include <assert.h>

#include "store_schema.h"

static const char *const statements[] = {
#define STATEMENT(NAME, sql) sql,
#include "store_rows.def"
};

static uint64_t
max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static int
load_counters(struct rows *r)
{
	uint64_t numbers[4];
	bool found;
	int code = rows_fetch(r->at[ROWS_COUNTERS], numbers, 4, &found);

	r->indexed = numbers[1];
	r->line = max_of(numbers[0], r->indexed);
	r->time = max_of(numbers[2], numbers[3]);
	return code;
}

int
rows_init(struct rows *r, sqlite3 *db, uint64_t (*wall)(void))
{
	int code = SQLITE_OK;

	*r = (struct rows){ .db = db, .wall = wall };
	for (int i = 0; i < ROWS_STATEMENTS && code == SQLITE_OK; i++)
		code = sqlite3_prepare_v3(db, statements[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &r->at[i], NULL);
	return code == SQLITE_OK ? load_counters(r) : code;
}

void
rows_done(struct rows *r)
{
	for (int i = 0; i < ROWS_STATEMENTS; i++)
		sqlite3_finalize(r->at[i]);
}

/* ---- values ---- */

/* What a statement borrows stays until it is reset. */
static void
bind_text(sqlite3_stmt *s, int at, struct slice text)
{
	sqlite3_bind_text64(s, at, text.len != 0 ? text.at : "", text.len,
	    SQLITE_STATIC, SQLITE_UTF8);
}

static void
bind_device(sqlite3_stmt *s, int at, const struct id *id)
{
	sqlite3_bind_blob(s, at, id, sizeof(*id), SQLITE_STATIC);
}

static void
bind_number(sqlite3_stmt *s, int at, uint64_t n)
{
	sqlite3_bind_int64(s, at, (sqlite3_int64)n);
}

int
rows_run(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	sqlite3_reset(s);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int
rows_fetch(sqlite3_stmt *s, uint64_t *numbers, int n, bool *found)
{
	int code = sqlite3_step(s), i;

	*found = code == SQLITE_ROW;
	for (i = 0; i < n; i++) {
		sqlite3_int64 v = *found ? sqlite3_column_int64(s, i) : 0;

		if (v < 0)
			code = SQLITE_CORRUPT;
		numbers[i] = (uint64_t)v;
	}
	sqlite3_reset(s);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- transactions ---- */

int
rows_begin(struct rows *r)
{
	return rows_run(r->at[ROWS_BEGIN]);
}

int
rows_commit(struct rows *r)
{
	return rows_run(r->at[ROWS_COMMIT]);
}

int
rows_rollback(struct rows *r)
{
	return sqlite3_get_autocommit(r->db) ? SQLITE_OK
					     : rows_run(r->at[ROWS_ROLLBACK]);
}

/* ---- devices ---- */

static int
last_of(struct rows *r, const struct id *device, uint64_t *last)
{
	sqlite3_stmt *s = r->at[ROWS_DEVICE];
	bool found;

	bind_device(s, 1, device);
	return rows_fetch(s, last, 1, &found);
}

int
rows_device(struct rows *r, struct store_device *job)
{
	return last_of(r, &job->device, &job->last);
}

/* Whether the device's number was taken before, and the answer to that; or why
 * it can't be taken now. */
static int
look_up(struct rows *r, struct store_append *job, bool *is_known)
{
	sqlite3_stmt *s = r->at[ROWS_SAID];
	uint64_t last, answer[2];
	int code = last_of(r, &job->device, &last);
	bool found;

	*is_known = code == SQLITE_OK && job->n <= last;
	if (code == SQLITE_OK && job->n > last + 1)
		job->why = REFUSE_OUT_OF_ORDER;
	if (!*is_known)
		return code;
	bind_device(s, 1, &job->device);
	bind_number(s, 2, job->n);
	code = rows_fetch(s, answer, 2, &found);
	if (code == SQLITE_OK && found) {
		job->stored_room = schema_room((int64_t)answer[0]);
		job->seq = schema_seq((int64_t)answer[0]);
		job->time = answer[1];
	}
	return code;
}

static int
set_last(struct rows *r, const struct store_append *job)
{
	sqlite3_stmt *s = r->at[ROWS_DEVICE_SET];

	if (job->n == 0)
		return SQLITE_OK;
	bind_device(s, 1, &job->device);
	bind_number(s, 2, job->n);
	return rows_run(s);
}

/* ---- rooms and their members ---- */

int
rows_head(struct rows *r, uint32_t room, struct rows_head *head, bool *found)
{
	sqlite3_stmt *s = r->at[ROWS_HEAD];
	uint64_t numbers[2];
	int code;

	bind_number(s, 1, room);
	code = rows_fetch(s, numbers, 2, found);
	*head = (struct rows_head){ numbers[0], numbers[1] };
	return code;
}

static int
set_head(struct rows *r, const struct store_append *job)
{
	sqlite3_stmt *s = r->at[ROWS_HEAD_SET];

	bind_number(s, 1, job->room);
	bind_number(s, 2, job->seq);
	bind_number(s, 3, job->time);
	return rows_run(s);
}

static int
with_room(struct rows *r, enum rows_statement which, uint32_t room)
{
	bind_number(r->at[which], 1, room);
	return rows_run(r->at[which]);
}

static sqlite3_stmt *
for_member(struct rows *r, enum rows_statement which, uint32_t room,
    const struct id *device)
{
	bind_number(r->at[which], 1, room);
	bind_device(r->at[which], 2, device);
	return r->at[which];
}

static int
set_member(struct rows *r, enum rows_statement which, uint32_t room,
    const struct id *device, struct slice nick)
{
	sqlite3_stmt *s = for_member(r, which, room, device);

	bind_text(s, 3, nick);
	return rows_run(s);
}

static int
add_room(struct rows *r, const struct store_append *job)
{
	sqlite3_stmt *s = r->at[ROWS_ROOM_ADD];
	int code;

	bind_number(s, 1, job->room);
	bind_text(s, 2, job->room_name);
	code = rows_run(s);
	if (code == SQLITE_OK)
		code = with_room(r, ROWS_LAST_ROOM_SET, job->room);
	if (code != SQLITE_OK || job->room_name.len != 0)
		return code;
	code =
	    set_member(r, ROWS_MEMBER_ADD, job->room, &job->device, job->who);
	if (code == SQLITE_OK && job->other_nick.len != 0)
		code = set_member(r, ROWS_MEMBER_ADD, job->room, &job->other,
		    job->other_nick);
	return code;
}

/* The room's head, of a room that may be new.  Its number may be that of one
 * whose entries are still being deleted: then it has to wait. */
static int
find_room(struct rows *r, struct store_append *job, struct rows_head *head)
{
	uint64_t one;
	bool found, is_going;
	int code = rows_head(r, job->room, head, &found);

	if (code != SQLITE_OK || found)
		return code;
	bind_number(r->at[ROWS_GONE_IS], 1, job->room);
	code = rows_fetch(r->at[ROWS_GONE_IS], &one, 1, &is_going);
	if (code != SQLITE_OK)
		return code;
	if (is_going || job->room > STORE_ROOM_MAX) {
		job->why = REFUSE_UNAVAILABLE;
		return SQLITE_OK;
	}
	return add_room(r, job);
}

static int
keep_joined(struct rows *r, const struct store_append *job)
{
	return set_member(
	    r, ROWS_MEMBER_ADD, job->room, &job->device, job->who);
}

static int
keep_left(struct rows *r, const struct store_append *job)
{
	return rows_run(
	    for_member(r, ROWS_MEMBER_REMOVE, job->room, &job->device));
}

static int
keep_renamed(struct rows *r, const struct store_append *job)
{
	return set_member(
	    r, ROWS_MEMBER_NICK, job->room, &job->device, job->text);
}

static int
keep_topic(struct rows *r, const struct store_append *job)
{
	bind_text(r->at[ROWS_TOPIC_SET], 2, job->text);
	return with_room(r, ROWS_TOPIC_SET, job->room);
}

/* What an entry changes beside the log it stands in. */
static int
keep_books(struct rows *r, const struct store_append *job)
{
	static int (*const keep[])(
	    struct rows *, const struct store_append *) = {
		[ENTRY_JOINED] = keep_joined,
		[ENTRY_LEFT] = keep_left,
		[ENTRY_RENAMED] = keep_renamed,
		[ENTRY_TOPIC] = keep_topic,
	};

	if (job->file != NULL)
		return rows_file(r, job);
	if ((size_t)job->kind >= sizeof(keep) / sizeof(*keep) ||
	    keep[job->kind] == NULL)
		return SQLITE_OK;
	return keep[job->kind](r, job);
}

int
rows_seen(struct rows *r, const struct store_seen *job)
{
	struct rows_head head;
	bool found;
	int code = rows_head(r, job->room, &head, &found);
	sqlite3_stmt *s;

	if (code != SQLITE_OK || !found)
		return code;
	s = for_member(r, ROWS_MEMBER_SEEN, job->room, &job->device);
	bind_number(s, 3, job->seq < head.seq ? job->seq : head.seq);
	return rows_run(s);
}

/* ---- entries ---- */

static int
add_entry(struct rows *r, const struct store_append *job)
{
	sqlite3_stmt *s = r->at[ROWS_ENTRY_ADD];

	sqlite3_bind_int64(s, 1, schema_id(job->room, job->seq));
	bind_number(s, 2, job->time);
	bind_number(s, 3, job->kind);
	bind_text(s, 4, job->who);
	bind_text(s, 5, job->text);
	if (job->n != 0)
		bind_device(s, 6, &job->device);
	else
		sqlite3_bind_null(s, 6);
	bind_number(s, 7, job->n);
	if (store_is_searchable(job->kind))
		bind_number(s, 8, ++r->line);
	else
		sqlite3_bind_null(s, 8);
	return rows_run(s);
}

int
rows_append(struct rows *r, struct store_append *job, bool *is_new)
{
	struct rows_head head;
	bool is_known = false;
	int code = SQLITE_OK;

	assert(job->who.len <= PROTOCOL_NAME_MAX &&
	    job->text.len <= PROTOCOL_TEXT_MAX);
	*is_new = false;
	job->why = FINE;
	job->entry = NULL;
	job->seq = job->time = 0;
	job->stored_room = job->room;
	if (job->n != 0)
		code = look_up(r, job, &is_known);
	if (code == SQLITE_OK && job->why == FINE && !is_known)
		code = find_room(r, job, &head);
	if (code != SQLITE_OK || job->why != FINE || is_known)
		return code;
	if (head.seq >= SCHEMA_SEQ_MAX) {
		job->why = REFUSE_UNAVAILABLE;
		return SQLITE_OK;
	}
	job->seq = head.seq + 1;
	job->time = r->time = max_of(r->wall(), r->time);
	code = add_entry(r, job);
	if (code == SQLITE_OK)
		code = set_head(r, job);
	if (code == SQLITE_OK)
		code = set_last(r, job);
	if (code == SQLITE_OK)
		code = keep_books(r, job);
	*is_new = code == SQLITE_OK;
	return code;
}

/* ---- the end of a room ---- */

int
rows_forget(struct rows *r, uint32_t room)
{
	int code = with_room(r, ROWS_ROOM_REMOVE, room);

	if (code != SQLITE_OK || sqlite3_changes(r->db) == 0)
		return code;
	return with_room(r, ROWS_GONE_ADD, room);
}
