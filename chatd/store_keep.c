/*
 * The part of store_rows.h that removes entries: of rooms that are forgotten,
 * and what need not be kept.  In steps: each is a transaction of its own, small
 * enough that nobody notices the wait.
 */
#include "store_rows.h"
#include "store_schema.h"

enum {
	REMOVED = 64, /* entries at a time, with their words */
	LOOKED = 64,  /* rooms at a time that have none to remove */
};

/* From number `from` to `to`, with their words. */
static int
remove_entries(struct rows *r, uint32_t room, uint64_t from, uint64_t to)
{
	static const enum rows_statement both[] = { ROWS_UNINDEX, ROWS_REMOVE };
	int code = SQLITE_OK;

	r->is_scattered = true;
	sqlite3_bind_int64(r->at[ROWS_UNINDEX], 3, (sqlite3_int64)r->indexed);
	for (size_t i = 0; i < 2 && code == SQLITE_OK; i++) {
		sqlite3_stmt *s = r->at[both[i]];

		sqlite3_bind_int64(s, 1, schema_id(room, from));
		sqlite3_bind_int64(s, 2, schema_id(room, to));
		code = rows_run(s);
	}
	return code;
}

/* A step of it; *more: there are more of them. */
static int
remove_some(
    struct rows *r, uint32_t room, uint64_t from, uint64_t to, bool *more)
{
	struct rows_head first;
	uint64_t last;
	int code = rows_next(r, room, from, to, &first, more);

	if (code != SQLITE_OK || !*more)
		return code;
	last = first.seq + REMOVED - 1;
	return remove_entries(r, room, first.seq, last < to ? last : to);
}

static int
sweep_room(struct rows *r, uint32_t room)
{
	sqlite3_stmt *s = r->at[ROWS_GONE_REMOVE];
	bool more;
	int code = remove_some(r, room, 0, SCHEMA_SEQ_MAX, &more);

	if (code != SQLITE_OK || more)
		return code;
	sqlite3_bind_int64(s, 1, room);
	return rows_run(s);
}

int
rows_sweep(struct rows *r, bool *more)
{
	uint64_t room;
	int code = rows_fetch(r->at[ROWS_GONE], &room, 1, more);

	if (code != SQLITE_OK || !*more)
		return code;
	code = rows_begin(r);
	if (code == SQLITE_OK)
		code = sweep_room(r, (uint32_t)room);
	return code == SQLITE_OK ? rows_commit(r) : code;
}

/* ---- what need not be kept ---- */

/* The number of the first entry to be kept of a room with this head. */
static int
first_kept(struct rows *r, const struct store_keep *keep, uint32_t room,
    uint64_t head, uint64_t *first)
{
	uint64_t now = r->wall();

	*first =
	    keep->count != 0 && head > keep->count ? head - keep->count + 1 : 1;
	if (keep->age_ms == 0 || now <= keep->age_ms)
		return SQLITE_OK;
	return rows_since(r, room, now - keep->age_ms, first, head);
}

static int
keep_room(struct rows *r, const struct store_keep *keep, uint32_t room,
    uint64_t head, bool *more)
{
	uint64_t first;
	int code = first_kept(r, keep, room, head, &first);

	*more = false;
	if (code != SQLITE_OK || first == 1)
		return code;
	return remove_some(r, room, 1, first - 1, more);
}

static int
keep_some(
    struct rows *r, const struct store_keep *keep, uint32_t *room, bool *more)
{
	sqlite3_stmt *s = r->at[ROWS_KEEP_ROOM];
	bool has_removed = false;
	int code = SQLITE_OK;

	*more = true;
	for (int i = 0; i < LOOKED && *more && !has_removed; i++) {
		uint64_t found[2];

		sqlite3_bind_int64(s, 1, *room);
		code = rows_fetch(s, found, 2, more);
		if (code != SQLITE_OK || !*more)
			return code;
		*room = (uint32_t)found[0];
		code = keep_room(r, keep, *room, found[1], &has_removed);
		if (code != SQLITE_OK)
			return code;
		*room += has_removed ? 0 : 1;
	}
	return code;
}

int
rows_keep(
    struct rows *r, const struct store_keep *keep, uint32_t *room, bool *more)
{
	int code = rows_begin(r);

	if (code == SQLITE_OK)
		code = keep_some(r, keep, room, more);
	return code == SQLITE_OK ? rows_commit(r) : code;
}
