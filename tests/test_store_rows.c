/* What the store does in quiet moments: it looks at every entry, and tells what
 * is missing or damaged. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../chatd/entry.h"
#include "../chatd/store_open.h"
#include "../chatd/store_rows.h"
#include "../chatd/store_schema.h"
#include "folder.h"
#include "store_contract.h"
#include "xmalloc.h"

static char folder[FOLDER_LEN];
static struct store_place place;
static struct rows rows;
static char *logged;
static int log_before;

static void
set_up(void)
{
	struct buf error = { 0 };
	char *state, *log;

	folder_make(folder);
	state = xasprintf("%s/state", folder);
	log = xasprintf("%s/log", folder);
	cr_assert_eq(store_open(&place, state, &error), 0);
	cr_assert_eq(rows_init(&rows, place.db, story_wall), SQLITE_OK);
	log_before = dup(STDERR_FILENO);
	cr_assert_not_null(freopen(log, "w", stderr));
	free(state);
	free(log);
}

static void
tear_down(void)
{
	dup2(log_before, STDERR_FILENO);
	close(log_before);
	free(logged);
	rows_done(&rows);
	store_close(&place, false);
	folder_remove(folder);
}

TestSuite(store_rows, .init = set_up, .fini = tear_down);

static const char *
log_text(void)
{
	size_t len;

	free(logged);
	logged = folder_read(folder, "log", &len);
	logged[len] = '\0';
	return logged;
}

static void
fill(uint32_t rooms, unsigned each)
{
	cr_assert_eq(rows_begin(&rows), SQLITE_OK);
	for (uint32_t room = 1; room <= rooms; room++)
		for (unsigned i = 0; i < each; i++) {
			struct store_append job = story_append(room, 1, 0, "x");
			bool is_new;

			cr_assert_eq(
			    rows_append(&rows, &job, &is_new), SQLITE_OK);
			cr_assert(is_new);
			cr_expect_null(job.entry);
		}
	cr_assert_eq(rows_commit(&rows), SQLITE_OK);
}

static void
change(const char *sql)
{
	cr_assert_eq(sqlite3_exec(place.db, sql, NULL, NULL, NULL), SQLITE_OK,
	    "%s", sqlite3_errmsg(place.db));
}

/* How many steps it takes; *code is the last one's. */
static unsigned
inspect(int *code)
{
	int64_t id = 0;
	bool more = true;
	unsigned steps = 0;

	for (*code = SQLITE_OK; more && *code == SQLITE_OK; steps++)
		*code = rows_inspect(&rows, &id, &more);
	return steps;
}

Test(store_rows, all_is_well)
{
	int code;

	fill(3, 300);
	cr_expect_eq(inspect(&code), 900 / ROWS_STEP + 1);
	cr_expect_eq(code, SQLITE_OK);
	cr_expect_str_empty(log_text());
}

Test(store_rows, what_is_missing_is_logged)
{
	int code;

	fill(3, 300);
	change("DELETE FROM entry WHERE id BETWEEN (2 << 40) + 100"
	       " AND (2 << 40) + 109");
	/* The oldest may go. */
	change("DELETE FROM entry WHERE id < (1 << 40) + 10");
	inspect(&code);
	cr_expect_eq(code, SQLITE_OK);
	cr_expect_not_null(
	    strstr(log_text(), "room 2: entries 100 to 109 are missing"));
	cr_expect_null(strstr(log_text(), "room 1"));
}

Test(store_rows, what_is_going_is_not_missing)
{
	int code;

	fill(3, 300);
	cr_assert_eq(rows_forget(&rows, 2), SQLITE_OK);
	change("DELETE FROM entry WHERE id = (2 << 40) + 100");
	inspect(&code);
	cr_expect_eq(code, SQLITE_OK);
	cr_expect_str_empty(log_text());
}

Test(store_rows, what_was_not_written_so_is_damage)
{
	static const char *const changes[] = {
		"UPDATE entry SET kind = 256 WHERE id = (2 << 40) + 3",
		"UPDATE entry SET kind = -1 WHERE id = (2 << 40) + 3",
		"UPDATE entry SET time = -1 WHERE id = (2 << 40) + 3",
		"UPDATE entry SET who = hex(zeroblob(33))"
		" WHERE id = (2 << 40) + 3",
		"UPDATE entry SET text = hex(zeroblob(8193))"
		" WHERE id = (2 << 40) + 3",
		"UPDATE entry SET text = CAST (x'ff' AS TEXT)"
		" WHERE id = (2 << 40) + 3",
	};
	int code;

	fill(3, 3);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct store_read job = story_read(2, 1, 9);

		change("SAVEPOINT before");
		change(changes[i]);
		rows.damaged = 0;
		inspect(&code);
		cr_expect_eq(code, SQLITE_CORRUPT, "%s", changes[i]);
		cr_expect_eq(rows.damaged, schema_id(2, 3));
		cr_expect_eq(rows_read(&rows, &job), SQLITE_CORRUPT);
		cr_expect_null(job.entries);
		change("ROLLBACK TO before");
		change("RELEASE before");
		inspect(&code);
		cr_expect_eq(code, SQLITE_OK);
	}
}

Test(store_rows, numbers_at_their_end)
{
	struct store_append job = story_append(1, 1, 0, "x");
	bool is_new;

	fill(1, 1);
	change("UPDATE room SET head = (1 << 40) - 2");
	cr_expect_eq(rows_append(&rows, &job, &is_new), SQLITE_OK);
	cr_expect(is_new);
	cr_expect_eq(job.seq, SCHEMA_SEQ_MAX);
	cr_expect_eq(rows_append(&rows, &job, &is_new), SQLITE_OK);
	cr_expect_not(is_new);
	cr_expect_eq(job.why, REFUSE_UNAVAILABLE);

	job.room = STORE_ROOM_MAX;
	cr_expect_eq(rows_append(&rows, &job, &is_new), SQLITE_OK);
	cr_expect(is_new);
	job.room = (uint32_t)STORE_ROOM_MAX + 1;
	cr_expect_eq(rows_append(&rows, &job, &is_new), SQLITE_OK);
	cr_expect_not(is_new);
	cr_expect_eq(job.why, REFUSE_UNAVAILABLE);
}
