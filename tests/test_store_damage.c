/* The store on disk cannot begin, or meets damage later: it says so, and
 * changes nothing. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "../chatd/entry.h"
#include "../chatd/store_sqlite.h"
#include "fds.h"
#include "folder.h"
#include "store_contract.h"
#include "xmalloc.h"

static char folder[FOLDER_LEN];
static char *state; /* a folder in it, made by the store */
static int fds;

static void
set_up(void)
{
	cr_redirect_stderr();
	fds = fds_open();
	folder_make(folder);
	state = xasprintf("%s/state", folder);
}

static void
tear_down(void)
{
	folder_remove(folder);
	free(state);
	cr_expect_eq(fds_open(), fds, "a descriptor was left open");
}

TestSuite(store_damage, .init = set_up, .fini = tear_down);

static struct store *
store_open(void)
{
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(state, story_wall, &status, &error);

	cr_assert_not_null(s, "%s", buf_string(&error));
	return s;
}

/* It cannot begin: for what reason, in what words. */
static void
refuses(const char *dir, int status, const char *const *words)
{
	struct buf error = { 0 };
	int got = 0;
	struct store *s = store_sqlite(dir, story_wall, &got, &error);

	cr_expect_null(s);
	cr_expect_eq(got, status, "%d: %s", got, buf_string(&error));
	for (; *words != NULL; words++)
		cr_expect_not_null(strstr(buf_string(&error), *words),
		    "no \"%s\" in: %s", *words, buf_string(&error));
	buf_done(&error);
	store_free(s);
}

Test(store_damage, one_at_a_time)
{
	struct store *s = store_open();

	refuses(state, EX_TEMPFAIL,
	    (const char *[]){ state, "another chatd", NULL });
	store_free(s);
	store_free(store_open());
}

Test(store_damage, another_program_in_the_file_is_told)
{
	char *path = xasprintf("%s/chat.db", state);
	sqlite3 *db;

	store_free(store_open());
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db,
			 "PRAGMA locking_mode = EXCLUSIVE;"
			 "BEGIN IMMEDIATE; COMMIT",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	refuses(state, EX_TEMPFAIL,
	    (const char *[]){ "chat.db", "locked", "other program", NULL });
	sqlite3_close(db);
	store_free(store_open());
	free(path);
}

Test(store_damage, what_cannot_be_made_is_told)
{
	char *under_nothing = xasprintf("%s/no/state", folder);
	char *under_a_file = xasprintf("%s/file/state", folder);
	char *a_file = xasprintf("%s/file", folder);

	folder_write(folder, "file", "x", 1);
	refuses(under_nothing, EX_CANTCREAT,
	    (const char *[]){ under_nothing, "No such file", NULL });
	refuses(under_a_file, EX_CANTCREAT,
	    (const char *[]){ under_a_file, "Not a directory", NULL });
	refuses(a_file, EX_CANTCREAT,
	    (const char *[]){ a_file, "Not a directory", NULL });
	free(under_nothing);
	free(under_a_file);
	free(a_file);
}

/* One with a thousand entries, as a file. */
static char *
a_database(size_t *len)
{
	struct store *s = store_open();
	struct store_append jobs[1000];

	for (size_t i = 0; i < 1000; i++) {
		jobs[i] = story_append(1 + (uint32_t)i % 3, 1, i + 1,
		    "something that takes some room");
		store_append(s, &jobs[i]);
	}
	store_drain(s);
	story_skip();
	store_free(s);
	return folder_read(state, "chat.db", len);
}

Test(store_damage, other_files_are_left_alone)
{
	static const struct {
		const char *sql;
		const char *words;
	} rows[] = {
		{ "CREATE TABLE t (a)", "another program" },
		{ "PRAGMA application_id = 7", "another program" },
		{ "PRAGMA user_version = 7", "another program" },
		{ "PRAGMA application_id = 0x63686174", "another program" },
		{ "PRAGMA application_id = 0x63686174;"
		  "PRAGMA user_version = 1000",
		    "newer chatd" },
		{ "PRAGMA application_id = 0x63686174;"
		  "PRAGMA user_version = -1",
		    "another program" },
	};
	char *path = xasprintf("%s/chat.db", state);

	mkdir(state, 0700);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *before, *after;
		size_t len_before, len_after;
		sqlite3 *db;

		unlink(path);
		cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
		cr_assert_eq(
		    sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		before = folder_read(state, "chat.db", &len_before);
		refuses(state, EX_DATAERR,
		    (const char *[]){ path, rows[i].words, NULL });
		after = folder_read(state, "chat.db", &len_after);
		cr_expect_eq(len_before, len_after);
		cr_expect_eq(memcmp(before, after, len_before), 0);
		free(before);
		free(after);
	}
	free(path);
}

Test(store_damage, damage_is_refused_and_the_cure_named)
{
	enum { PAGE = 4096 };
	static const struct {
		const char *name;
		size_t from, len; /* overwritten; len 0: cut off there */
		char with;
		const char *words;
	} rows[] = {
		{ "not a database", 0, 100, 'x', "not a database" },
		{ "cut in the middle", 10 * PAGE, 0, 0, "-R" },
		{ "cut in a page", 10 * PAGE + 77, 0, 0, "-R" },
		{ "only a header", 100, 0, 0, "chat.db" },
		{ "a page of zeros", 5 * PAGE, PAGE, 0, "-R" },
		{ "pages of noise", 3 * PAGE, 4 * PAGE, 0x5a, "-R" },
		{ "the schema", 200, 3000, 0x11, "-R" },
	};
	size_t len;
	char *good = a_database(&len);

	cr_assert_gt(len, 20 * PAGE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *bad = xmalloc(len), *left;
		size_t n = rows[i].len != 0 ? len : rows[i].from, n_left;

		memcpy(bad, good, len);
		memset(bad + rows[i].from, rows[i].with, rows[i].len);
		folder_write(state, "chat.db", bad, n);
		refuses(state, EX_DATAERR,
		    (const char *[]){ state, rows[i].words, NULL });
		left = folder_read(state, "chat.db", &n_left);
		cr_expect_eq(n_left, n, "%s", rows[i].name);
		cr_expect_eq(memcmp(left, bad, n), 0, "%s", rows[i].name);
		free(left);
		free(bad);
	}
	free(good);
}

Test(store_damage, a_log_of_commits_without_its_database_is_damage)
{
	store_free(store_open());
	folder_write(state, "chat.db", "", 0);
	folder_write(state, "chat.db-wal", "something", 9);
	refuses(state, EX_DATAERR,
	    (const char *[]){ "chat.db", "empty", "chat.db-wal", NULL });
}

static unsigned answers;

static void
any_page(struct store_read *job)
{
	answers++;
	for (unsigned i = 0; i < job->got; i++)
		entry_unref(job->entries[i]);
	free(job->entries);
}

static void
any_answer(struct store_append *job)
{
	answers++;
	entry_unref(job->entry);
}

/* Whatever is in the file: refused, or served, or given up with a reason. */
static void
try_anything(void)
{
	struct buf error = { 0 };
	int status = 0;
	struct store *s = store_sqlite(state, story_wall, &status, &error);
	struct store_append a = story_append(1, 1, 1001, "x");
	struct store_read reads[3];

	buf_done(&error);
	if (s == NULL) {
		cr_expect_eq(status, EX_DATAERR);
		return;
	}
	answers = 0;
	a.done = any_answer;
	store_append(s, &a);
	for (uint32_t i = 0; i < 3; i++) {
		reads[i] = story_read(i + 1, 1, 1000);
		reads[i].done = any_page;
		store_read(s, &reads[i]);
	}
	store_drain(s);
	cr_expect(answers == 4 || s->broken == EX_DATAERR, "%u answers, %d",
	    answers, s->broken);
	store_free(s);
}

Test(store_damage, flipped_bits_do_no_harm)
{
	enum { IMAGES = 60 };
	size_t len;
	char *good = a_database(&len);
	uint64_t random = 1;

	for (unsigned image = 0; image < IMAGES; image++) {
		char *bad = xmalloc(len);

		memcpy(bad, good, len);
		for (unsigned bits = 1 + image % 16; bits != 0; bits--) {
			random = random * 6364136223846793005u + 1;
			bad[(random >> 20) % len] ^=
			    (char)(1 << ((random >> 60) & 7));
		}
		folder_write(state, "chat.db", bad, len);
		try_anything();
		free(bad);
	}
	free(good);
}
