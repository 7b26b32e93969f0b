/*
 * The tables of chat.db, and the way from each older version to this one.  All
 * of it happens in one transaction: a file is of one version or of another.
 *
 * Functions give SQLite's codes, SQLITE_OK when all is well; then sqlite3's own
 * words are in sqlite3_errmsg() unless said otherwise.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"

/* An entry's key is its room's number and its own, so that a room is one range
 * of one table. */
enum { SCHEMA_SEQ_BITS = 40 };
#define SCHEMA_SEQ_MAX ((UINT64_C(1) << SCHEMA_SEQ_BITS) - 1)

static inline int64_t
schema_id(uint32_t room, uint64_t seq)
{
	return (int64_t)room << SCHEMA_SEQ_BITS | (int64_t)seq;
}

static inline uint32_t
schema_room(int64_t id)
{
	return (uint32_t)(id >> SCHEMA_SEQ_BITS);
}

static inline uint64_t
schema_seq(int64_t id)
{
	return (uint64_t)id & SCHEMA_SEQ_MAX;
}

/* SQL: numbers the lines of all entries anew (those of store_is_searchable()).
 */
#define SCHEMA_NUMBER_LINES                                                    \
	"UPDATE entry SET line = o.line FROM"                                  \
	" (SELECT id, row_number() OVER (ORDER BY time, id) AS line"           \
	"  FROM entry WHERE kind IN (1, 2, 3, 7, 8)) AS o"                     \
	" WHERE entry.id = o.id"

/* Steps from an empty file: version v is made by the first v of them. */
struct schema {
	const char *const *steps; /* SQL */
	int n;
};
extern const struct schema schema_current;

/* Looks, and changes nothing.  SQLITE_NOTADB: the file belongs to something
 * else, or to a newer chatd; why says so. */
int
schema_version(sqlite3 *, const struct schema *, int *version, struct buf *why);
/* Makes the tables or brings them up to date. */
int schema_bring_up(sqlite3 *, const struct schema *, int version);

/* The logs' id; a copy gets its own at the first call. */
int schema_log(sqlite3 *, struct id *);
int schema_new_log(sqlite3 *);
/* Says of a file that it is a copy. */
extern const char schema_mark_copy[];

#endif
