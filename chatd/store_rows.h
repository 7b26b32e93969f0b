/*
 * What the store does to its tables, statement by statement.  Functions give
 * SQLite's codes; after anything but SQLITE_OK the transaction is to be rolled
 * back, and what they set in jobs means nothing.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"

enum rows_statement {
#define STATEMENT(NAME, sql) ROWS_##NAME,
#include "store_rows.def"
	ROWS_STATEMENTS
};

enum { ROWS_STEP = 256 }; /* entries inspected at a time */

struct rows {
	sqlite3 *db; /* borrowed */
	uint64_t (*wall)(void);
	sqlite3_stmt *at[ROWS_STATEMENTS];
	/* The last line and time given; all lines up to indexed are. */
	uint64_t line, time, indexed;
	bool is_scattered; /* the index: rows_merge() has something to do */
	/* With SQLITE_CORRUPT: the id of the entry that is not as it was
	 * written; 0: SQLite noticed. */
	int64_t damaged;
};

struct rows_head {
	uint64_t seq, time; /* of an entry, the room's newest; 0: none */
};

int rows_init(struct rows *, sqlite3 *, uint64_t (*wall)(void));
void rows_done(struct rows *);

/* The numbers in the one row a statement may give; none is negative.  *found
 * false: there is no row, zeros. */
int rows_fetch(sqlite3_stmt *, uint64_t *numbers, int n, bool *found);
int rows_head(struct rows *, uint32_t room, struct rows_head *, bool *found);
/* The oldest entry of a room from number `from` to number `to`. */
int rows_next(struct rows *, uint32_t room, uint64_t from, uint64_t to,
    struct rows_head *, bool *found);
/* *from moves to the first entry up to `to` that is not older than since, or
 * behind it: times never decrease. */
int rows_since(
    struct rows *, uint32_t room, uint64_t since, uint64_t *from, uint64_t to);
/* The same by halves with any statement that gives number and time of the first
 * that is there from ?1 to ?2. */
int rows_halve(sqlite3_stmt *, uint64_t since, uint64_t *from, uint64_t to);
/* The entry with this id; NULL: there is none. */
int rows_entry(struct rows *, int64_t id, struct entry **);
/* Good until the statement goes on. */
struct slice rows_column(sqlite3_stmt *, int at);
/* A statement that gives no rows. */
int rows_run(sqlite3_stmt *);

/* ---- in a transaction ---- */

int rows_begin(struct rows *);
int rows_commit(struct rows *);
/* Also when SQLite has done so by itself. */
int rows_rollback(struct rows *);
/* Fills in the answer, but for the entry: there is none before the commit.
 * *is_new: there will be one. */
int rows_append(struct rows *, struct store_append *, bool *is_new);
int rows_device(struct rows *, struct store_device *);
int rows_seen(struct rows *, const struct store_seen *);
/* What an entry about a file says, and that one is gone. */
int rows_file(struct rows *, const struct store_append *);
int rows_file_gone(struct rows *, uint64_t number);
/* The room is not there any more; its entries go in steps, some at a time. */
int rows_forget(struct rows *, uint32_t room);

/* ---- by themselves ---- */

int rows_read(struct rows *, struct store_read *);
/* Enough was said since the last rows_index() for another. */
bool rows_is_behind(const struct rows *);
/* One step of indexing what was said. */
int rows_index(struct rows *);
/* One step of bringing together what the steps above left, each for itself. */
int rows_merge(struct rows *);
/* All of it again, from nothing: it is damaged. */
int rows_index_anew(struct rows *);
/* Looks until the time (clock.h); there may be more then.  SQLITE_CORRUPT_VTAB:
 * the index is damaged, and only that. */
int rows_search(struct rows *, struct store_search *, int64_t until_ms);
int rows_load(
    struct rows *, const struct store_loader *, void *arg, uint32_t *last_room);
int rows_load_files(struct rows *, const struct store_loader *, void *arg);
/* One step of what rows_forget() began; *more: there is more to do. */
int rows_sweep(struct rows *, bool *more);
/* One step of removing what need not be kept, from *room on, which it moves;
 * *more as above. */
int
rows_keep(struct rows *, const struct store_keep *, uint32_t *room, bool *more);
/* Reads some entries behind *id, to see that they can be, and moves it; *more
 * as above.  Tells the log what is missing. */
int rows_inspect(struct rows *, int64_t *id, bool *more);

#endif
