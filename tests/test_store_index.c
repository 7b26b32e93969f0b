/* The index of words: made of a version that had none, made anew when it is
 * damaged or saved, and merged in small steps. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chatd/entry.h"
#include "../chatd/store_open.h"
#include "../chatd/store_rows.h"
#include "../chatd/store_salvage.h"
#include "../chatd/store_schema.h"
#include "../chatd/store_sqlite.h"
#include "disk.h"
#include "folder.h"
#include "store_contract.h"
#include "store_finds.h"
#include "xmalloc.h"

enum { MANY = 1000, ROOMS = 3 };

static char folder[FOLDER_LEN];
static char *state, *path;

static void
set_up(void)
{
	cr_redirect_stderr();
	folder_make(folder);
	state = xasprintf("%s/state", folder);
	path = xasprintf("%s/chat.db", state);
}

static void
tear_down(void)
{
	folder_remove(folder);
	free(state);
	free(path);
}

TestSuite(store_index, .init = set_up, .fini = tear_down);

static struct store *
store_at(const char *dir)
{
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(dir, story_wall, &status, &error);

	cr_assert_not_null(s, "%s", buf_string(&error));
	return s;
}

/* From outside, where nobody knows the words. */
static void
change(const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &why), SQLITE_OK,
	    "%s: %s", sql, why);
	sqlite3_close(db);
}

static long long
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q;
	long long n = -1;

	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	if (sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return n;
}

static long long
number_at(const char *sql)
{
	long long n;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	n = number(db, sql);
	sqlite3_close(db);
	return n;
}

static void
finds(struct store *s, const char *words, const char *is)
{
	char *found = store_find(s, store_looking_for(words), NULL);

	cr_expect_str_eq(found, is, "%s: %s", words, found);
	free(found);
}

/* ---- from version 1 ---- */

/* As an earlier chatd left it: MANY entries, times against the numbers of
 * rooms, two of them with a word of their own. */
static void
make_version_1(void)
{
	const struct schema old = { schema_current.steps, 1 };
	sqlite3 *db;

	mkdir(state, 0700);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(schema_bring_up(db, &old, 0), SQLITE_OK);
	sqlite3_close(db);
	change("UPDATE meta SET last_room = 3;"
	       "INSERT INTO room VALUES (1, '#a', '', 334, 1000),"
	       " (2, '#b', '', 333, 1000), (3, '#c', '', 333, 1000);"
	       "INSERT INTO member VALUES (1, zeroblob(16), 'ann');"
	       "INSERT INTO device VALUES (zeroblob(16), 7);"
	       "WITH RECURSIVE n (n) AS (VALUES (0) UNION ALL"
	       " SELECT n + 1 FROM n WHERE n < 999)"
	       " INSERT INTO entry SELECT ((1 + n % 3) << 40) + 1 + n / 3,"
	       " 1 + n, CASE WHEN n % 10 = 0 THEN 4 ELSE 1 END, 'ann',"
	       " CASE n WHEN 123 THEN 'first find' WHEN 661 THEN 'second find'"
	       " ELSE 'something old' END, NULL, 0 FROM n");
}

static void
expect_version_1_known(struct store *s)
{
	struct store_read r = story_read(1, 334, 9);

	finds(s, "find", "2 second find, 1 first find");
	store_read(s, &r);
	store_drain(s);
	story_is("read 1 from 334: something old\n");
	story_say(s, story_append(1, 0, 8, "new find"), "append 8 fine 335\n");
	finds(s, "find", "1 new find, 2 second find, 1 first find");
}

Test(store_index, what_an_older_version_has_is_found)
{
	struct store *s;

	make_version_1();
	s = store_at(state);
	story_load(s);
	story_is("room 1 #a () 334\n  ann 0\nroom 2 #b () 333\n"
		 "room 3 #c () 333\nlast 3\n");
	expect_version_1_known(s);
	/* While it is being indexed, and when it is. */
	for (int i = 0; i < 50; i++)
		finds(s, "find", "1 new find, 2 second find, 1 first find");
	store_free(s);
}

/* Whichever write or sync is the last. */
Test(store_index, made_whole_or_not_at_all)
{
	enum { MOST = 2000 };
	unsigned long k;
	bool is_open = false;

	disk_install();
	for (k = 1; k < MOST && !is_open; k++) {
		struct buf error = { 0 };
		struct store *s;
		int status;

		make_version_1();
		disk_fault(DISK_WRITE | DISK_SYNC, k, DISK_EIO, 1);
		s = store_sqlite(state, story_wall, &status, &error);
		is_open = s != NULL;
		store_free(s);
		buf_done(&error);
		disk_fault(0, 0, DISK_EIO, 0);
		s = store_at(state);
		expect_version_1_known(s);
		store_free(s);
		folder_remove(state);
	}
	cr_expect_lt(k, MOST);
	cr_expect_gt(k, 5);
}

/* ---- damage ---- */

static void
fill(struct store *s)
{
	static struct store_append jobs[MANY];

	for (int i = 0; i < MANY; i++) {
		jobs[i] = story_append(1 + (uint32_t)i % ROOMS, 1, 0,
		    i == 5	   ? "an early find"
			: i == 995 ? "a late find"
				   : "nothing of interest");
		store_append(s, &jobs[i]);
	}
	store_drain(s);
	story_skip();
}

static const char *const both = "3 a late find, 3 an early find";

/* Until all is indexed that will be. */
static void
settle(struct store *s)
{
	for (int i = 0; i < 200; i++) {
		struct store_device job = story_device(1);

		store_device(s, &job);
		store_drain(s);
	}
	story_skip();
}

Test(store_index, damaged_it_is_made_anew)
{
	static const char *const damages[] = {
		"UPDATE words_data SET block = zeroblob(3) WHERE id > 1000",
		"DELETE FROM words_data WHERE id > 1000",
	};

	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct store *s = store_at(state);

		fill(s);
		settle(s);
		store_free(s);
		change(damages[i]);
		s = store_at(state);
		finds(s, "find", both);
		settle(s);
		finds(s, "find", both);
		/* Nothing else was lost. */
		story_say(
		    s, story_append(2, 1, 1, "a find"), "append 1 fine 334\n");
		finds(s, "find", "2 a find, 3 a late find, 3 an early find");
		store_free(s);
		folder_remove(state);
	}
}

Test(store_index, saved_it_is_made_anew)
{
	char *saved = xasprintf("%s/saved", folder);
	struct buf report = { 0 };
	struct store *s = store_at(state);

	fill(s);
	settle(s);
	store_free(s);
	change("INSERT INTO file VALUES (7, 1, zeroblob(16), zeroblob(16),"
	       " 'ann', 'a.txt', 3, 1, 0, 1, 0, NULL)");
	cr_expect_eq(store_salvage(state, saved, &report), 0);
	free(path);
	path = xasprintf("%s/chat.db", saved);
	cr_expect_eq(number_at("SELECT count(*) FROM file, meta"
			       " WHERE name = 'a.txt' AND last_file = 7"),
	    1);
	s = store_at(saved);
	finds(s, "find", both);
	settle(s);
	finds(s, "find", both);
	story_say(s, story_append(9, 2, 1, "a new find"), "append 1 fine 1\n");
	finds(s, "new find", "9 a new find");
	store_free(s);
	buf_done(&report);
	free(saved);
}

/* ---- steps ---- */

Test(store_index, goes_on_where_it_was)
{
	struct store_place place;
	struct buf error = { 0 };
	uint64_t indexed = 0;
	struct store *s = store_at(state);

	fill(s);
	store_free(s);
	for (int start = 0; indexed < MANY; start++) {
		struct rows rows;

		cr_assert_lt(start, MANY);
		cr_assert_eq(store_open(&place, state, &error), 0);
		cr_assert_eq(rows_init(&rows, place.db, story_wall), SQLITE_OK);
		cr_expect_geq(rows.indexed, indexed);
		cr_expect_eq(rows.line, MANY);
		indexed = rows.indexed;
		if (indexed < MANY)
			cr_expect_eq(rows_index(&rows), SQLITE_OK);
		cr_expect(indexed == MANY || rows.indexed > indexed);
		for (int i = 0; rows.is_scattered && i < MANY; i++)
			cr_expect_eq(rows_merge(&rows), SQLITE_OK);
		cr_expect_not(rows.is_scattered);
		rows_done(&rows);
		store_close(&place, false);
	}
	s = store_at(state);
	finds(s, "find", both);
	store_free(s);
}

Test(store_index, what_is_gone_has_left_it)
{
	static const char *const count =
	    "SELECT count(*) FROM words WHERE words MATCH 'nothing OR find'";
	const struct store_keep keep = { .count = 100 };
	struct store_place place;
	struct buf error = { 0 };
	struct store *s = store_at(state);
	struct rows rows;
	uint32_t room = 0;
	bool more = true;

	fill(s);
	store_free(s);
	cr_assert_eq(store_open(&place, state, &error), 0);
	cr_assert_eq(rows_init(&rows, place.db, story_wall), SQLITE_OK);
	while (rows.indexed < MANY)
		cr_assert_eq(rows_index(&rows), SQLITE_OK);
	cr_expect_eq(number(place.db, count), MANY);
	while (more)
		cr_assert_eq(rows_keep(&rows, &keep, &room, &more), SQLITE_OK);
	cr_expect_eq(number(place.db, "SELECT count(*) FROM entry"), 300);
	cr_expect_eq(number(place.db, count), 300);
	cr_assert_eq(rows_forget(&rows, 2), SQLITE_OK);
	for (more = true; more;)
		cr_assert_eq(rows_sweep(&rows, &more), SQLITE_OK);
	cr_expect_eq(number(place.db, "SELECT count(*) FROM entry"), 200);
	cr_expect_eq(number(place.db, count), 200);
	rows_done(&rows);
	store_close(&place, false);
}
