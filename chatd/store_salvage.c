#include "store_salvage.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sysexits.h>

#include "protocol.h"
#include "store_open.h"
#include "store_schema.h"
#include "utf8.h"

#define FILE_COLUMNS                                                           \
	"number, room, device, key, who, name, size, since, expires, time,"    \
	" flags, hash"

/*
 * The tables, in the order in which they need each other.  By its key each is
 * read upward, to the first damage, then downward, to the last; what both have
 * read is taken once.  Of entries there are too many for that.
 */
static const struct table {
	const char *up, *down, *add;
} tables[] = {
	{ "SELECT number, name, topic, head, time FROM room ORDER BY number",
	    "SELECT number, name, topic, head, time FROM room"
	    " ORDER BY number DESC",
	    "INSERT OR IGNORE INTO room (number, name, topic, head, time)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)" },
	{ "SELECT room, device, nick, seen FROM member ORDER BY room, device",
	    "SELECT room, device, nick, seen FROM member"
	    " ORDER BY room DESC, device DESC",
	    "INSERT OR IGNORE INTO member (room, device, nick, seen)"
	    " VALUES (?1, ?2, ?3, ?4)" },
	/* Version 1. */
	{ "SELECT room, device, nick FROM member ORDER BY room, device",
	    "SELECT room, device, nick FROM member"
	    " ORDER BY room DESC, device DESC",
	    "INSERT OR IGNORE INTO member (room, device, nick)"
	    " VALUES (?1, ?2, ?3)" },
	{ "SELECT id, last FROM device ORDER BY id",
	    "SELECT id, last FROM device ORDER BY id DESC",
	    "INSERT OR IGNORE INTO device (id, last) VALUES (?1, ?2)" },
	{ "SELECT " FILE_COLUMNS " FROM file ORDER BY number",
	    "SELECT " FILE_COLUMNS " FROM file ORDER BY number DESC",
	    "INSERT OR IGNORE INTO file (" FILE_COLUMNS ")"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)" },
	{ "SELECT room FROM gone ORDER BY room",
	    "SELECT room FROM gone ORDER BY room DESC",
	    "INSERT OR IGNORE INTO gone (room) VALUES (?1)" },
#define FILE_COLUMNS                                                           \
	"number, room, device, key, who, name, size, since, expires, time,"    \
	" flags, hash"
	{ "SELECT " FILE_COLUMNS " FROM file ORDER BY number",
	    "SELECT " FILE_COLUMNS " FROM file ORDER BY number DESC",
	    "INSERT OR IGNORE INTO file (" FILE_COLUMNS
	    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)" },
};

#define ENTRY_COLUMNS "SELECT id, time, kind, who, text, device, n FROM entry "
static const char entries_up[] =
    ENTRY_COLUMNS "WHERE id > ?1 AND id <= ?2 ORDER BY id";
static const char entries_down[] =
    ENTRY_COLUMNS "WHERE id > ?1 AND id <= ?2 ORDER BY id DESC";
static const char entry_add[] =
    "INSERT OR IGNORE INTO entry (id, time, kind, who, text, device, n)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/* Heads and counts are never behind what is there.  What can be searched is
 * indexed anew.  Entries whose room is lost
 * stay where nobody reads them: whose they are is not known any more. */
static const char mend[] =
    "UPDATE room SET head = max(head, coalesce("
    " (SELECT max(id) & 0xffffffffff FROM entry"
    "  WHERE id BETWEEN number << 40 AND (number << 40) + 0xffffffffff), 0));"
    "INSERT INTO device (id, last)"
    " SELECT device, max(n) FROM entry WHERE n > 0 GROUP BY device"
    " ON CONFLICT (id) DO UPDATE SET last = max(last, excluded.last);"
    "UPDATE meta SET last_file = max(last_file,"
    " coalesce((SELECT max(number) FROM file), 0));"
    "UPDATE meta SET last_room = max(last_room,"
    " coalesce((SELECT max(number) FROM room), 0),"
    " coalesce((SELECT max(id) >> 40 FROM entry), 0)),"
    " last_file = max(last_file, coalesce((SELECT max(number) FROM file), 0));" SCHEMA_NUMBER_LINES;

struct salvage {
	struct store_place from, to;
	sqlite3_stmt *add_entry;
};

/* Of what is read. */
static bool
is_damage(int code)
{
	return store_status(code) == EX_DATAERR ||
	    (code & 0xff) == SQLITE_IOERR;
}

/* Adds the row that one stands at to the other.  What does not fit there was
 * damaged. */
static int
add_row(sqlite3_stmt *row, sqlite3_stmt *add)
{
	int code;

	for (int i = 0; i < sqlite3_column_count(row); i++)
		sqlite3_bind_value(add, i + 1, sqlite3_column_value(row, i));
	code = sqlite3_step(add);
	sqlite3_reset(add);
	return code == SQLITE_DONE || (code & 0xff) == SQLITE_CONSTRAINT
	    ? SQLITE_OK
	    : code;
}

static int
copy_rows(struct salvage *s, const char *select, const char *insert)
{
	sqlite3_stmt *row = NULL, *add = NULL;
	int code = sqlite3_prepare_v2(s->to.db, insert, -1, &add, NULL);

	/* Without its table, none can be read. */
	sqlite3_prepare_v2(s->from.db, select, -1, &row, NULL);
	while (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
		code = add_row(row, add);
	sqlite3_finalize(row);
	sqlite3_finalize(add);
	return code;
}

/* ---- entries ---- */

static bool
is_sound(sqlite3_stmt *row)
{
	const char *who = (const char *)sqlite3_column_text(row, 3);
	const char *text = (const char *)sqlite3_column_text(row, 4);
	size_t who_len = (size_t)sqlite3_column_bytes(row, 3);
	size_t text_len = (size_t)sqlite3_column_bytes(row, 4);
	sqlite3_int64 kind = sqlite3_column_int64(row, 2);

	return sqlite3_column_int64(row, 0) > 0 &&
	    sqlite3_column_int64(row, 1) >= 0 && kind >= 0 &&
	    kind <= UINT8_MAX && who_len <= PROTOCOL_NAME_MAX &&
	    text_len <= PROTOCOL_TEXT_MAX && utf8_valid(who, who_len) &&
	    utf8_valid(text, text_len);
}

/*
 * Those behind `after` and not behind `to`.  SQLITE_OK: that is all of them;
 * SQLITE_CORRUPT: the one after *last cannot be read; else they cannot be
 * added.
 */
static int
copy_range(struct salvage *s, const char *select, int64_t after, int64_t to,
    int64_t *last)
{
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(s->from.db, select, -1, &row, NULL),
	    added = SQLITE_OK;

	*last = after;
	if (code != SQLITE_OK)
		return SQLITE_CORRUPT;
	sqlite3_bind_int64(row, 1, after);
	sqlite3_bind_int64(row, 2, to);
	while (added == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
		*last = sqlite3_column_int64(row, 0);
		if (is_sound(row))
			added = add_row(row, s->add_entry);
	}
	sqlite3_finalize(row);
	if (added != SQLITE_OK || code == SQLITE_DONE)
		return added;
	return is_damage(code) ? SQLITE_CORRUPT : code;
}

/* Behind a damage it goes on where something can be read again, looked for in
 * leaps that double, and from there also back to the damage. */
static int
leap(struct salvage *s, int64_t damage, int64_t *last)
{
	int64_t at = INT64_MAX, unused;
	int code = SQLITE_CORRUPT, back;

	*last = at;
	for (uint64_t by = 1;
	     code == SQLITE_CORRUPT && by <= (uint64_t)(INT64_MAX - damage);
	     by *= 2) {
		at = damage + (int64_t)by;
		code = copy_range(s, entries_up, at, INT64_MAX, last);
		if (*last > at)
			break;
	}
	back = copy_range(s, entries_down, damage, at, &unused);
	return back == SQLITE_OK || back == SQLITE_CORRUPT ? code : back;
}

static int
copy_entries(struct salvage *s)
{
	int64_t last = 0, before = -1;
	int code = copy_range(s, entries_up, 0, INT64_MAX, &last);

	while (code == SQLITE_CORRUPT && last > before) {
		before = last;
		code = leap(s, last, &last);
	}
	return code == SQLITE_CORRUPT ? SQLITE_OK : code;
}

/* ---- all of it ---- */

static int
copy_all(struct salvage *s)
{
	int code = sqlite3_exec(s->to.db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		if (code == SQLITE_OK)
			code = copy_rows(s, tables[i].up, tables[i].add);
		if (code == SQLITE_OK)
			code = copy_rows(s, tables[i].down, tables[i].add);
	}
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(
		    s->to.db, entry_add, -1, &s->add_entry, NULL);
	if (code == SQLITE_OK)
		code = copy_entries(s);
	sqlite3_finalize(s->add_entry);
	if (code == SQLITE_OK)
		code = copy_rows(s, "SELECT last_room FROM meta",
		    "UPDATE meta SET last_room = max(last_room, ?1)");
	if (code == SQLITE_OK)
		code = copy_rows(s, "SELECT last_file FROM meta",
		    "UPDATE meta SET last_file = max(last_file, ?1)");
	if (code == SQLITE_OK)
		code = copy_rows(s, "SELECT last_file FROM meta",
		    "UPDATE meta SET last_file = max(last_file, ?1)");
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->to.db, mend, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->to.db, "COMMIT", NULL, NULL, NULL);
	return code;
}

static long long
count(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q = NULL;
	long long n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return n;
}

static void
tell(struct salvage *s, struct buf *report)
{
	static const struct {
		const char *sql, *words;
		bool is_always;
	} rows[] = {
		{ "SELECT count(*) FROM room", "rooms and conversations",
		    true },
		{ "SELECT count(*) FROM device", "devices", true },
		{ "SELECT count(*) FROM entry", "entries", true },
		{ "SELECT coalesce((SELECT sum(head) FROM room), 0) - count(*)"
		  " FROM entry WHERE id >> 40 IN (SELECT number FROM room)",
		    "entries missing", false },
		{ "SELECT count(*) FROM entry WHERE id >> 40 NOT IN"
		  " (SELECT number FROM room UNION SELECT room FROM gone)",
		    "entries that nobody can see, their room is lost", false },
		{ "SELECT count(*) FROM file",
		    "files whose bytes are still in \"files\" of the damaged "
		    "directory: move that over before the start",
		    false },
	};

	buf_printf(report, "%s: saved from %s:", s->to.path, s->from.path);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		long long n = count(s->to.db, rows[i].sql);

		if (rows[i].is_always || n != 0)
			buf_printf(report, "%s %lld %s", i != 0 ? "," : "", n,
			    rows[i].words);
	}
}

static int
open_both(struct salvage *s, const char *from, const char *to, struct buf *why)
{
	int status = store_look(&s->from, from, why);

	if (status == 0)
		status = store_open(&s->to, to, why);
	if (status == 0 && count(s->to.db, "SELECT count(*) FROM room") != 0) {
		buf_printf(
		    why, "%s: there are rooms in it already", s->to.path);
		status = EX_CANTCREAT;
	}
	return status;
}

int
store_salvage(const char *from, const char *to, struct buf *report)
{
	struct salvage s = { .from.lock = -1, .to.lock = -1 };
	int status = open_both(&s, from, to, report), code;

	if (status == 0) {
		code = copy_all(&s);
		status = code == SQLITE_OK ? 0 : store_status(code);
		if (status == 0)
			tell(&s, report);
		else
			store_words(report, &s.to, code, "cannot save", NULL);
	}
	store_close(&s.from, true);
	store_close(&s.to, status != 0);
	return status;
}
