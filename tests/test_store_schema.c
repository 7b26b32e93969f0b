/* The way from one version of the tables to the next: whole or not at all. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../chatd/store_schema.h"
#include "disk.h"
#include "folder.h"
#include "xmalloc.h"

static char folder[FOLDER_LEN];
static char *path;

static void
set_up(void)
{
	disk_install();
	folder_make(folder);
	path = xasprintf("%s/some.db", folder);
}

static void
tear_down(void)
{
	folder_remove(folder);
	free(path);
}

TestSuite(store_schema, .init = set_up, .fini = tear_down);

static const char *const steps[] = {
	"CREATE TABLE a (x); INSERT INTO a VALUES (1), (2), (3)",
	"CREATE TABLE b (y); INSERT INTO b SELECT x * 10 FROM a; DROP TABLE a",
	"CREATE TABLE c (z); INSERT INTO c SELECT y + 1 FROM b",
};
static const char *const broken_steps[] = { "",
	"CREATE TABLE b (y); INSERT INTO b SELECT x * 10 FROM a; DROP TABLE a;"
	"CREATE TABLE b (again)" };

static sqlite3 *
database(void)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open_v2(path, &db,
			 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
	    SQLITE_OK);
	sqlite3_exec(db,
	    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL",
	    NULL, NULL, NULL);
	return db;
}

static long long
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q;
	long long n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return n;
}

static int
version_of(sqlite3 *db)
{
	const struct schema any = { steps, 3 };
	struct buf why = { 0 };
	int version = -1;

	cr_expect_eq(schema_version(db, &any, &version, &why), SQLITE_OK, "%s",
	    buf_string(&why));
	buf_done(&why);
	return version;
}

Test(store_schema, from_each_version_to_each_later_one)
{
	static const char *const sums[] = { "SELECT sum(x) FROM a",
		"SELECT sum(y) FROM b", "SELECT sum(z) FROM c" };
	static const long long is[] = { 6, 60, 63 };

	for (int from = 0; from <= 3; from++)
		for (int to = from; to <= 3; to++) {
			const struct schema old = { steps, from },
					    new = { steps, to };
			sqlite3 *db = database();

			cr_expect_eq(version_of(db), 0);
			cr_expect_eq(schema_bring_up(db, &old, 0), SQLITE_OK);
			cr_expect_eq(version_of(db), from);
			cr_expect_eq(
			    schema_bring_up(db, &new, from), SQLITE_OK);
			cr_expect_eq(version_of(db), to);
			if (to != 0)
				cr_expect_eq(
				    number(db, sums[to - 1]), is[to - 1]);
			sqlite3_close(db);
			remove(path);
		}
}

Test(store_schema, a_step_that_fails_leaves_the_old_version)
{
	const struct schema old = { steps, 1 }, broken = { broken_steps, 2 };
	sqlite3 *db = database();

	cr_assert_eq(schema_bring_up(db, &old, 0), SQLITE_OK);
	cr_expect_neq(schema_bring_up(db, &broken, 1), SQLITE_OK);
	cr_expect(sqlite3_get_autocommit(db));
	cr_expect_eq(version_of(db), 1);
	cr_expect_eq(number(db, "SELECT sum(x) FROM a"), 6);
	cr_expect_eq(number(db, "SELECT count(*) FROM b"), -1);
	sqlite3_close(db);
}

/* Whichever write or sync fails: one version or the other, and then it works.
 */
Test(store_schema, interrupted_anywhere)
{
	enum { MOST = 1000 };
	const struct schema old = { steps, 1 }, new = { steps, 3 };
	unsigned long k;
	bool is_done = false;

	for (k = 1; k < MOST && !is_done; k++) {
		sqlite3 *db = database();
		int version;

		cr_assert_eq(schema_bring_up(db, &old, 0), SQLITE_OK);
		disk_fault(DISK_WRITE | DISK_SYNC, k, DISK_EIO, 1);
		is_done = schema_bring_up(db, &new, 1) == SQLITE_OK &&
		    disk_calls() < k;
		sqlite3_db_config(
		    db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_close(db);
		disk_fault(0, 0, DISK_EIO, 0);

		db = database();
		version = version_of(db);
		cr_expect(version == 1 || version == 3, "%d", version);
		if (version == 1)
			cr_expect_eq(number(db, "SELECT sum(x) FROM a"), 6);
		cr_expect_eq(schema_bring_up(db, &new, version), SQLITE_OK);
		cr_expect_eq(number(db, "SELECT sum(z) FROM c"), 63);
		sqlite3_close(db);
		folder_remove(folder);
		mkdir(folder, 0700);
	}
	cr_expect_lt(k, MOST);
	cr_expect_gt(k, 5);
}
