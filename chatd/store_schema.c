#include "store_schema.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

enum { SCHEMA_APPLICATION = 0x63686174 }; /* "chat", in the file's header */

/*
 * meta     one row; last_room is the highest number a room ever had
 * room     name "" is a direct conversation; head and time are the newest
 *          entry's
 * device   the last number taken from a device, for ever
 * entry    id is room << 40 | number; device and n only where the device
 *          numbered it
 * gone     rooms whose entries are still being deleted
 *
 * Since version 2:
 * meta     indexed: words has all lines up to this one
 * member   seen: how far the room was seen
 * entry    line: those that can be searched, numbered in the order of their
 *          commits over all rooms, which is also that of their times; a number
 *          is never used again
 * words    the index of these lines; place is r and the room's number, to
 *          find what is in one
 *
 * Since version 3:
 * meta     last_file is the highest number a file ever had
 * file     size -1 is not known yet; hash NULL: it is not whole
 */
static const char version_1[] =
    "CREATE TABLE meta ("
    " log BLOB NOT NULL CHECK (length(log) = 16),"
    " last_room INTEGER NOT NULL,"
    " is_copy INTEGER NOT NULL) STRICT;"
    "INSERT INTO meta VALUES (zeroblob(16), 0, 1);"
    "CREATE TABLE room ("
    " number INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " topic TEXT NOT NULL,"
    " head INTEGER NOT NULL,"
    " time INTEGER NOT NULL) STRICT;"
    "CREATE TABLE member ("
    " room INTEGER NOT NULL REFERENCES room ON DELETE CASCADE,"
    " device BLOB NOT NULL CHECK (length(device) = 16),"
    " nick TEXT NOT NULL,"
    " PRIMARY KEY (room, device)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE device ("
    " id BLOB PRIMARY KEY CHECK (length(id) = 16),"
    " last INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE entry ("
    " id INTEGER PRIMARY KEY,"
    " time INTEGER NOT NULL,"
    " kind INTEGER NOT NULL,"
    " who TEXT NOT NULL,"
    " text TEXT NOT NULL,"
    " device BLOB CHECK (length(device) = 16),"
    " n INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX entry_said ON entry (device, n) WHERE n > 0;"
    "CREATE TABLE gone (room INTEGER PRIMARY KEY) STRICT;";

/* What was said before gets its line by its time: the best that is known. */
static const char version_2[] =
    "ALTER TABLE meta ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE member ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE entry ADD COLUMN line INTEGER;" SCHEMA_NUMBER_LINES ";"
    "CREATE UNIQUE INDEX entry_line ON entry (line)"
    " WHERE line IS NOT NULL;"
    "CREATE VIRTUAL TABLE words USING fts5 (place, text,"
    " content = '', columnsize = 0, tokenize = 'sought');"
    /* It is merged when we say so. */
    "INSERT INTO words (words, rank) VALUES ('automerge', 0);"
    "INSERT INTO words (words, rank) VALUES ('crisismerge', 64)";

static const char version_3[] =
    "ALTER TABLE meta ADD COLUMN last_file INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE file ("
    " number INTEGER PRIMARY KEY,"
    " room INTEGER NOT NULL,"
    " device BLOB NOT NULL CHECK (length(device) = 16),"
    " key BLOB NOT NULL CHECK (length(key) = 16),"
    " who TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " size INTEGER NOT NULL,"
    " since INTEGER NOT NULL,"
    " expires INTEGER NOT NULL,"
    " time INTEGER NOT NULL,"
    " flags INTEGER NOT NULL,"
    " hash BLOB CHECK (length(hash) = 32)) STRICT";

static const char *const steps[] = { version_1, version_2, version_3 };

const struct schema schema_current = { steps, sizeof(steps) / sizeof(*steps) };

const char schema_mark_copy[] = "UPDATE meta SET is_copy = 1";

static int
number(sqlite3 *db, const char *sql, sqlite3_int64 *out)
{
	sqlite3_stmt *s;
	int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
		*out = sqlite3_column_int64(s, 0);
		code = SQLITE_OK;
	}
	sqlite3_finalize(s);
	return code;
}

static int
take_steps(sqlite3 *db, const struct schema *schema, int from)
{
	char pragmas[80];
	int code = SQLITE_OK;

	for (int v = from; code == SQLITE_OK && v < schema->n; v++)
		code = sqlite3_exec(db, schema->steps[v], NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return code;
	sqlite3_snprintf(sizeof(pragmas), pragmas,
	    "PRAGMA application_id = %d; PRAGMA user_version = %d",
	    SCHEMA_APPLICATION, schema->n);
	return sqlite3_exec(db, pragmas, NULL, NULL, NULL);
}

int
schema_bring_up(sqlite3 *db, const struct schema *schema, int version)
{
	int code;

	if (version == schema->n)
		return SQLITE_OK;
	code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = take_steps(db, schema, version);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (code != SQLITE_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

int
schema_version(
    sqlite3 *db, const struct schema *schema, int *version, struct buf *why)
{
	sqlite3_int64 application = 0, found = 0, things = 0;
	int code = number(db, "PRAGMA application_id", &application);

	if (code == SQLITE_OK)
		code = number(db, "PRAGMA user_version", &found);
	if (code == SQLITE_OK)
		code =
		    number(db, "SELECT count(*) FROM sqlite_schema", &things);
	if (code != SQLITE_OK)
		return code;
	if (application == SCHEMA_APPLICATION && found > schema->n) {
		buf_printf(why,
		    "written by a newer chatd (version %lld, this one knows "
		    "up to %d)",
		    (long long)found, schema->n);
		return SQLITE_NOTADB;
	}
	if (application == SCHEMA_APPLICATION
		? found < 1
		: application || found || things) {
		buf_printf(why, "this database belongs to another program");
		return SQLITE_NOTADB;
	}
	*version = (int)found;
	return SQLITE_OK;
}

int
schema_new_log(sqlite3 *db)
{
	struct id log;
	sqlite3_stmt *s;
	int code = sqlite3_prepare_v2(
	    db, "UPDATE meta SET log = ?1, is_copy = 0", -1, &s, NULL);

	if (code != SQLITE_OK)
		return code;
	randombytes_buf(&log, sizeof(log));
	sqlite3_bind_blob(s, 1, &log, sizeof(log), SQLITE_STATIC);
	code = sqlite3_step(s);
	sqlite3_finalize(s);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int
schema_log(sqlite3 *db, struct id *log)
{
	sqlite3_int64 is_copy = 1;
	sqlite3_stmt *s;
	int code = number(db, "SELECT is_copy FROM meta", &is_copy);

	if (code == SQLITE_OK && is_copy)
		code = schema_new_log(db);
	if (code != SQLITE_OK)
		return code == SQLITE_DONE ? SQLITE_CORRUPT : code;
	code = sqlite3_prepare_v2(db, "SELECT log FROM meta", -1, &s, NULL);
	if (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
		code = SQLITE_CORRUPT;
		if (sqlite3_column_bytes(s, 0) == sizeof(*log)) {
			memcpy(log, sqlite3_column_blob(s, 0), sizeof(*log));
			code = SQLITE_OK;
		}
	}
	sqlite3_finalize(s);
	return code == SQLITE_DONE ? SQLITE_CORRUPT : code;
}
