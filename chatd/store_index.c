/*
 * The part of store_rows.h that knows of words: the index of all lines but the
 * newest, filled behind those who say them, and searching.
 *
 * A search goes from the newest line down.  Lines that are not indexed yet are
 * read one by one.  Below, the index is asked for ranges of lines, larger and
 * larger ones as long as that is quick, as it can't be interrupted within.
 */
#include <stdlib.h>

#include "clock.h"
#include "entry.h"
#include "names.h"
#include "sought.h"
#include "store_rows.h"
#include "store_schema.h"
#include "xmalloc.h"

enum {
	INDEX_STEP = 256,  /* lines indexed at a time */
	MERGE_STEP = 32,   /* pages of the index merged at a time */
	READ_AT_ONCE = 16, /* lines, then the clock is looked at */
	RANGE = 1 << 14,   /* lines, the first that the index is asked for */
	RANGE_MS = 1,	   /* a larger one the next time, if it took less */
};

/* ---- filling ---- */

bool
rows_is_behind(const struct rows *r)
{
	return r->line - r->indexed >= INDEX_STEP;
}

static int
index_lines(struct rows *r, uint64_t to)
{
	sqlite3_stmt *add = r->at[ROWS_INDEX_ADD];
	sqlite3_stmt *set = r->at[ROWS_INDEXED_SET];
	int code;

	sqlite3_bind_int64(add, 1, (sqlite3_int64)r->indexed);
	sqlite3_bind_int64(add, 2, (sqlite3_int64)to);
	sqlite3_bind_int64(set, 1, (sqlite3_int64)to);
	code = rows_run(add);
	return code == SQLITE_OK ? rows_run(set) : code;
}

int
rows_index(struct rows *r)
{
	uint64_t to = r->indexed + INDEX_STEP;
	int code = rows_begin(r);

	if (to > r->line)
		to = r->line;
	if (code == SQLITE_OK)
		code = index_lines(r, to);
	if (code == SQLITE_OK)
		code = rows_commit(r);
	if (code != SQLITE_OK)
		return code;
	r->indexed = to;
	r->is_scattered = true;
	return code;
}

/* Left to itself, FTS5 would now and then do much of it at once. */
int
rows_merge(struct rows *r)
{
	sqlite3_stmt *s = r->at[ROWS_INDEX_MERGE];
	int before = sqlite3_total_changes(r->db), code;

	sqlite3_bind_int64(s, 1, MERGE_STEP);
	code = rows_run(s);
	/* As the manual of FTS5 has it: there was nothing to merge. */
	if (sqlite3_total_changes(r->db) - before < 2)
		r->is_scattered = false;
	return code;
}

int
rows_index_anew(struct rows *r)
{
	int code = rows_rollback(r);

	if (code == SQLITE_OK)
		code = rows_begin(r);
	if (code == SQLITE_OK)
		code = rows_run(r->at[ROWS_INDEX_CLEAR]);
	if (code == SQLITE_OK) {
		sqlite3_bind_int64(r->at[ROWS_INDEXED_SET], 1, 0);
		code = rows_run(r->at[ROWS_INDEXED_SET]);
	}
	if (code == SQLITE_OK)
		code = rows_commit(r);
	if (code == SQLITE_OK)
		r->indexed = 0;
	return code;
}

/* ---- searching ---- */

struct search {
	struct rows *r;
	struct store_search *job;
	int64_t until_ms;
	uint64_t low, below; /* the lines that are left: [low, below) */
	size_t bytes;
	bool is_over;  /* the page is full, or the time is up */
	uint32_t room; /* looked up last */
	bool may_room;
};

static bool
is_listed(const struct store_search *job, uint32_t room)
{
	unsigned low = 0, high = job->n_directs;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (job->directs[middle] == room)
			return true;
		if (job->directs[middle] < room)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Whether what is in a room may be found: it may be forgotten, or be a
 * conversation of others. */
static int
look_up_room(struct search *s, uint32_t room)
{
	sqlite3_stmt *q = s->r->at[ROWS_IS_DIRECT];
	uint64_t is_direct;
	bool found;
	int code;

	if (room == s->room)
		return SQLITE_OK;
	sqlite3_bind_int64(q, 1, room);
	code = rows_fetch(q, &is_direct, 1, &found);
	s->room = room;
	s->may_room = found &&
	    (s->job->room != 0 ? room == s->job->room
			       : !is_direct || is_listed(s->job, room));
	return code;
}

/* Takes the entry, if it is one that is looked for but for its words. */
static int
consider(struct search *s, uint64_t line, int64_t id)
{
	struct store_search *job = s->job;
	struct entry *e = NULL;
	int code = look_up_room(s, schema_room(id));

	if (code == SQLITE_OK && s->may_room)
		code = rows_entry(s->r, id, &e);
	if (e != NULL && job->who.len != 0 &&
	    !names_same(job->who, entry_who(e))) {
		entry_unref(e);
		e = NULL;
	}
	if (e != NULL) {
		s->bytes += sizeof(*e) + e->who_len + e->text_len;
		if (job->got != 0 && s->bytes > job->bytes) {
			entry_unref(e);
			s->is_over = true;
			return code;
		}
		job->entries[job->got++] = e;
		s->is_over = job->got == job->n;
	}
	s->below = line;
	return code;
}

/* Lines that are not indexed. */
static int
read_lines(struct search *s, struct sought *sought)
{
	sqlite3_stmt *q = s->r->at[ROWS_LINES];
	uint64_t from = s->r->indexed + 1 > s->low ? s->r->indexed + 1 : s->low;
	unsigned n = 0;
	int code = SQLITE_DONE, bad = SQLITE_OK;

	if (from >= s->below)
		return SQLITE_OK;
	sqlite3_bind_int64(q, 1, (sqlite3_int64)from);
	sqlite3_bind_int64(q, 2, (sqlite3_int64)s->below);
	while (bad == SQLITE_OK && !s->is_over &&
	    (code = sqlite3_step(q)) == SQLITE_ROW) {
		uint64_t line = (uint64_t)sqlite3_column_int64(q, 0);

		if (sought_is_in(sought, rows_column(q, 2)))
			bad = consider(s, line, sqlite3_column_int64(q, 1));
		else
			s->below = line;
		if (++n % READ_AT_ONCE == 0 && clock_ms() >= s->until_ms)
			s->is_over = true;
	}
	sqlite3_reset(q);
	if (code == SQLITE_DONE)
		s->below = from;
	return bad != SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW
	    ? bad
	    : code;
}

static int
ask_range(struct search *s, sqlite3_stmt *q, uint64_t from)
{
	unsigned n = 0;
	int code = SQLITE_DONE, bad = SQLITE_OK;

	sqlite3_bind_int64(q, 2, (sqlite3_int64)from);
	sqlite3_bind_int64(q, 3, (sqlite3_int64)s->below);
	while (bad == SQLITE_OK && !s->is_over &&
	    (code = sqlite3_step(q)) == SQLITE_ROW) {
		bad = consider(s, (uint64_t)sqlite3_column_int64(q, 0),
		    sqlite3_column_int64(q, 1));
		if (++n % READ_AT_ONCE == 0 && clock_ms() >= s->until_ms)
			s->is_over = true;
	}
	sqlite3_reset(q);
	if (code == SQLITE_DONE)
		s->below = from;
	return bad != SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW
	    ? bad
	    : code;
}

/* Lines that are.  One range at least, so that each search gets on. */
static int
ask_index(struct search *s, struct slice expression)
{
	sqlite3_stmt *q = s->r->at[ROWS_SEARCH];
	uint64_t range = RANGE;
	int code = SQLITE_OK;

	sqlite3_bind_text64(
	    q, 1, expression.at, expression.len, SQLITE_STATIC, SQLITE_UTF8);
	while (code == SQLITE_OK && !s->is_over && s->below > s->low) {
		int64_t before = clock_ms(), now;

		code = ask_range(s, q,
		    s->below - s->low > range ? s->below - range : s->low);
		now = clock_ms();
		if (now >= s->until_ms)
			s->is_over = true;
		range = now - before < RANGE_MS ? range * 4 : range;
	}
	return code;
}

/* The lines between the times; and none below the oldest there is. */
static int
bound(struct search *s)
{
	sqlite3_stmt *q = s->r->at[ROWS_LINE];
	const struct store_search *job = s->job;
	int code;

	s->low = 1;
	s->below = s->r->line + 1;
	if (job->below != 0 && job->below < s->below)
		s->below = job->below;
	code = rows_halve(q, job->after, &s->low, s->r->line);
	if (code == SQLITE_OK && job->before != 0) {
		uint64_t before = 1;

		code = rows_halve(q, job->before, &before, s->r->line);
		s->below = before < s->below ? before : s->below;
	}
	return code;
}

static int
search(struct search *s)
{
	struct store_search *job = s->job;
	struct buf expression = { 0 }, all = { 0 };
	struct sought sought;
	int code = bound(s);

	sought_expression(job->words, &expression);
	sought_init(&sought, job->words);
	if (expression.len == 0 || job->n == 0)
		s->below = s->low;
	if (job->room != 0)
		buf_printf(&all, "place : \"r%u\" AND ", (unsigned)job->room);
	buf_printf(&all, "text : (%s)", buf_string(&expression));
	if (code == SQLITE_OK)
		code = read_lines(s, &sought);
	if (code == SQLITE_OK)
		code = ask_index(s, buf_slice(&all));
	sought_done(&sought);
	buf_done(&expression);
	buf_done(&all);
	return code;
}

int
rows_search(struct rows *r, struct store_search *job, int64_t until_ms)
{
	struct search s = { .r = r, .job = job, .until_ms = until_ms };
	int code;

	job->entries = xcalloc(job->n, sizeof(struct entry *));
	job->got = 0;
	s.room = UINT32_MAX;
	code = search(&s);
	job->more = s.below > s.low ? s.below : 0;
	if (code == SQLITE_OK)
		return code;
	while (job->got != 0)
		entry_unref(job->entries[--job->got]);
	free(job->entries);
	job->entries = NULL;
	return code;
}
