/* The store on disk, beyond what every store does: what is there again after a
 * new start. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chatd/entry.h"
#include "../chatd/store_sqlite.h"
#include "fds.h"
#include "folder.h"
#include "store_contract.h"
#include "store_finds.h"
#include "xmalloc.h"

static char folder[FOLDER_LEN];
static char *state; /* a folder in it, made by the store */
static int fds;

static void
set_up(void)
{
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

TestSuite(store_sqlite, .init = set_up, .fini = tear_down);

static struct store *
store_at(const char *dir)
{
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(dir, story_wall, &status, &error);

	cr_assert_not_null(s, "%s", buf_string(&error));
	cr_expect_eq(status, 0);
	cr_expect_eq(error.len, 0);
	return s;
}

static struct store *
store_open(void)
{
	return store_at(state);
}

static struct store *
store_fresh(void)
{
	folder_remove(state);
	return store_open();
}

/* The one number that SQL gives, from outside. */
static long long
ask_database(const char *sql)
{
	char *path = xasprintf("%s/chat.db", state);
	sqlite3_stmt *q;
	sqlite3 *db;
	long long n = -1;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(
	    sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK, "%s", sql);
	if (sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	free(path);
	return n;
}

Test(store_sqlite, contract)
{
	store_contract(store_fresh);
}

/* Each start has one go at the index, when nothing waits. */
static struct store *
settle(struct store *s)
{
	for (;;) {
		struct store_device job = story_device(1);
		long long left;

		store_free(s);
		left = ask_database("SELECT max(line) - (SELECT indexed FROM "
				    "meta) FROM entry");
		s = store_open();
		if (left < 256)
			return s;
		store_device(s, &job);
		store_drain(s);
		story_skip();
	}
}

Test(store_sqlite, finds)
{
	store_finds(store_fresh, settle);
}

Test(store_sqlite, files_are_for_their_owner_alone)
{
	static const char *const names[] = { "", "/chat.db", "/chat.db-wal",
		"/lock" };
	struct store *s = store_open();
	struct stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = xasprintf("%s%s", state, names[i]);

		cr_assert_eq(stat(path, &st), 0, "%s", path);
		cr_expect_eq(
		    st.st_mode & 07777, i == 0 ? 0700 : 0600, "%s", path);
		free(path);
	}
	store_free(s);
}

/* ---- a new start ---- */

Test(store_sqlite, what_was_said_is_there_again)
{
	struct store *s = store_open();
	struct store_read r = story_read(4, 1, 9);
	struct store_device d = story_device(1);
	struct id log = s->log;

	story_say(s, story_append(4, 1, 1, "one"), "append 1 fine 1\n");
	story_say(s, story_append(4, 1, 2, "two"), "append 2 fine 2\n");
	store_free(s);
	s = store_open();
	cr_expect_eq(memcmp(&s->log, &log, sizeof(log)), 0);
	store_read(s, &r);
	store_drain(s);
	story_is("read 2 from 1: one two\n");
	store_device(s, &d);
	store_drain(s);
	story_is("device 2\n");
	story_say(s, story_append(4, 1, 2, "two"), "append 2 fine 2\n");
	story_say(
	    s, story_append(4, 1, 4, "four"), "append 4 out_of_order 0\n");
	story_say(s, story_append(4, 1, 3, "three"), "append 3 fine 3\n");
	store_free(s);
}

Test(store_sqlite, time_never_goes_back_over_a_restart)
{
	struct store *s = store_open();
	struct store_append a = story_append(1, 0, 0, "a"), b = a;

	story_now = 9000;
	store_append(s, &a);
	store_drain(s);
	store_free(s);
	story_now = 100;
	s = store_open();
	store_append(s, &b);
	store_drain(s);
	cr_expect_eq(b.time, 9000);
	story_skip();
	store_free(s);
}

Test(store_sqlite, the_log_id_is_random)
{
	struct store *s = store_open();
	struct id log = s->log;

	store_free(s);
	s = store_fresh();
	cr_expect_neq(memcmp(&s->log, &log, sizeof(log)), 0);
	log = s->log;
	cr_expect_eq(store_sqlite_renew(s), 0);
	cr_expect_neq(memcmp(&s->log, &log, sizeof(log)), 0);
	log = s->log;
	store_free(s);
	s = store_open();
	cr_expect_eq(memcmp(&s->log, &log, sizeof(log)), 0);
	store_free(s);
}

static void
happen(struct store *s, uint32_t room, enum entry_kind kind, uint8_t device,
    const char *who, const char *text)
{
	struct store_append job = story_append(room, device, 0, text);

	job.kind = kind;
	job.who = slice_of(who);
	store_append(s, &job);
	store_drain(s);
	story_skip();
}

Test(store_sqlite, the_books_are_kept)
{
	static const struct {
		uint32_t room;
		enum entry_kind kind;
		uint8_t device;
		const char *who, *text;
		const char *then; /* what a new start finds */
	} rows[] = {
		{ 1, ENTRY_JOINED, 1, "ann", "",
		    "room 1 #tea () 1\n  ann 1\nlast 1\n" },
		{ 1, ENTRY_JOINED, 2, "bob", "",
		    "room 1 #tea () 2\n  ann 1\n  bob 2\nlast 1\n" },
		{ 1, ENTRY_TOPIC, 2, "bob", "milk",
		    "room 1 #tea (milk) 3\n  ann 1\n  bob 2\nlast 1\n" },
		{ 1, ENTRY_RENAMED, 1, "ann", "eve",
		    "room 1 #tea (milk) 4\n  eve 1\n  bob 2\nlast 1\n" },
		{ 1, ENTRY_SAID, 1, "eve", "hi",
		    "room 1 #tea (milk) 5\n  eve 1\n  bob 2\nlast 1\n" },
		{ 1, ENTRY_TOPIC, 2, "bob", "",
		    "room 1 #tea () 6\n  eve 1\n  bob 2\nlast 1\n" },
		{ 1, ENTRY_LEFT, 2, "bob", "bye",
		    "room 1 #tea () 7\n  eve 1\nlast 1\n" },
		{ 1, ENTRY_JOINED, 1, "zoe", "",
		    "room 1 #tea () 8\n  zoe 1\nlast 1\n" },
		{ 9, ENTRY_JOINED, 3, "joe", "",
		    "room 1 #tea () 8\n  zoe 1\nroom 9 #tea () 1\n  joe 3\n"
		    "last 9\n" },
		{ 1, ENTRY_LEFT, 1, "zoe", "",
		    "room 1 #tea () 9\nroom 9 #tea () 1\n  joe 3\nlast 9\n" },
	};
	struct store *s = store_open();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		happen(s, rows[i].room, rows[i].kind, rows[i].device,
		    rows[i].who, rows[i].text);
		store_free(s);
		s = store_open();
		story_load(s);
		story_is(rows[i].then);
	}
	store_free(s);
}

static void
see(struct store *s, uint32_t room, uint8_t device, uint64_t seq)
{
	struct store_seen job = story_seen(room, device, seq);

	store_seen(s, &job);
	store_drain(s);
	story_is("seen\n");
}

Test(store_sqlite, how_far_was_seen)
{
	static const struct {
		uint32_t room;
		uint8_t device;
		uint64_t seq;
		const char *then;
	} rows[] = {
		{ 1, 2, 2, "  ann 1\n  bob 2 seen 2\n" },
		{ 1, 2, 1, "  ann 1\n  bob 2 seen 2\n" },
		{ 1, 1, 3, "  ann 1 seen 3\n  bob 2 seen 2\n" },
		{ 1, 3, 3, "  ann 1 seen 3\n  bob 2 seen 2\n" },
		{ 7, 2, 3, "  ann 1 seen 3\n  bob 2 seen 2\n" },
		{ 1, 2, UINT64_MAX, "  ann 1 seen 3\n  bob 2 seen 3\n" },
		{ 1, 2, 4, "  ann 1 seen 3\n  bob 2 seen 3\n" },
	};
	struct store *s = store_open();

	happen(s, 1, ENTRY_JOINED, 1, "ann", "");
	happen(s, 1, ENTRY_JOINED, 2, "bob", "");
	happen(s, 1, ENTRY_SAID, 2, "bob", "hi");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *then =
		    xasprintf("room 1 #tea () 3\n%slast 1\n", rows[i].then);

		see(s, rows[i].room, rows[i].device, rows[i].seq);
		store_free(s);
		s = store_open();
		story_load(s);
		story_is(then);
		free(then);
	}
	/* Another nick changes nothing, going away does. */
	happen(s, 1, ENTRY_RENAMED, 1, "ann", "eve");
	happen(s, 1, ENTRY_LEFT, 2, "bob", "");
	happen(s, 1, ENTRY_JOINED, 2, "bob", "");
	store_free(s);
	s = store_open();
	story_load(s);
	story_is("room 1 #tea () 6\n  eve 1 seen 3\n  bob 2\nlast 1\n");
	store_free(s);
}

Test(store_sqlite, a_conversation_of_two_has_both_from_the_start)
{
	struct store *s = store_open();
	struct store_append a = story_append(2, 1, 1, "psst"),
			    b = story_append(3, 1, 2, "anybody?");

	a.room_name = b.room_name = SLICE("");
	a.other = (struct id){ { 7 } };
	a.other_nick = SLICE("bob");
	story_say(s, a, "append 1 fine 1\n");
	story_say(s, b, "append 2 fine 1\n");
	store_free(s);
	s = store_open();
	story_load(s);
	story_is("room 2 - () 1\n  ann 1\n  bob 7\nroom 3 - () 1\n  ann 1\n"
		 "last 3\n");
	store_free(s);
}

Test(store_sqlite, a_forgotten_room_stays_forgotten)
{
	struct store *s = store_open();

	happen(s, 5, ENTRY_JOINED, 1, "ann", "");
	happen(s, 6, ENTRY_SAID, 2, "bob", "y");
	happen(s, 7, ENTRY_SAID, 2, "bob", "y");
	store_forget(s, 5);
	store_forget(s, 7);
	store_free(s);
	s = store_open();
	story_load(s);
	story_is("room 6 #tea () 1\nlast 7\n");
	store_free(s);
}

static bool is_swept;

static void
look(struct store_append *job)
{
	is_swept = job->why == FINE;
	entry_unref(job->entry);
}

/* Until then its number cannot be had again. */
Test(store_sqlite, the_entries_of_a_forgotten_room_go)
{
	struct store *s = store_open();
	struct store_append jobs[1000];

	for (size_t i = 0; i < 1000; i++) {
		jobs[i] = story_append(5, 1, i + 1, "x");
		store_append(s, &jobs[i]);
	}
	store_drain(s);
	story_skip();
	store_forget(s, 5);
	while (!is_swept) {
		struct store_append job = story_append(5, 1, 1001, "z");

		job.done = look;
		store_append(s, &job);
		store_drain(s);
	}
	store_free(s);
	cr_expect_eq(ask_database("SELECT count(*) FROM entry"), 1);
	cr_expect_eq(ask_database("SELECT count(*) FROM gone"), 0);
	cr_expect_eq(ask_database("SELECT last FROM device"), 1001);
}

Test(store_sqlite, what_is_asked_is_still_written_at_the_end)
{
	enum { MANY = 3000 };
	struct store *s = store_open();
	struct store_append *jobs = xcalloc(MANY, sizeof(*jobs));
	struct store_read r = story_read(1, 1, 5);

	for (size_t i = 0; i < MANY; i++) {
		jobs[i] = story_append(1, 1, i + 1, "x");
		store_append(s, &jobs[i]);
	}
	store_read(s, &r);
	store_free(s);
	story_is("");
	cr_expect_eq(ask_database("SELECT count(*) FROM entry"), MANY);
	free(jobs);
}

static size_t n_fine, n_refused;

static void
count_answers(struct store_append *job)
{
	cr_expect(job->why == FINE || job->why == REFUSE_UNAVAILABLE);
	cr_expect_eq(job->why == FINE, job->entry != NULL);
	n_fine += job->why == FINE;
	n_refused += job->why != FINE;
	entry_unref(job->entry);
}

/* Each of these texts takes as much of what may wait; nothing is collected
 * meanwhile, and so counts as waiting. */
static void
ask_too_much(struct store *s, size_t n, size_t len, size_t least, size_t most)
{
	struct store_append *jobs = xcalloc(n, sizeof(*jobs));
	struct store_append later = story_append(1, 1, 1, "later");
	char *text = xcalloc(len + 1, 1);

	memset(text, 'x', len);
	n_fine = n_refused = 0;
	for (size_t i = 0; i < n; i++) {
		jobs[i] = story_append(1, 0, 0, text);
		jobs[i].done = count_answers;
		store_append(s, &jobs[i]);
	}
	cr_expect_eq(n_fine + n_refused, 0);
	store_drain(s);
	cr_expect_eq(n_fine + n_refused, n);
	cr_expect(n_fine >= least && n_fine <= most, "%zu", n_fine);
	/* There is room again. */
	later.done = count_answers;
	store_append(s, &later);
	store_drain(s);
	cr_expect_eq(later.why, FINE);
	free(jobs);
	free(text);
}

Test(store_sqlite, what_waits_is_bounded_in_number)
{
	struct store *s = store_open();

	ask_too_much(
	    s, STORE_WAITING_MAX + 10, 1, STORE_WAITING_MAX, STORE_WAITING_MAX);
	store_free(s);
}

Test(store_sqlite, what_waits_is_bounded_in_bytes)
{
	enum { MANY = STORE_WAITING_BYTES / PROTOCOL_TEXT_MAX };
	struct store *s = store_open();

	ask_too_much(s, MANY, PROTOCOL_TEXT_MAX, MANY * 9 / 10, MANY - 1);
	store_free(s);
}

Test(store_sqlite, nothing_is_left_in_the_log_of_commits)
{
	struct store *s = store_open();
	char *wal = xasprintf("%s/chat.db-wal", state);

	story_say(s, story_append(1, 1, 1, "x"), "append 1 fine 1\n");
	cr_expect_eq(access(wal, F_OK), 0);
	store_free(s);
	cr_expect_neq(access(wal, F_OK), 0);
	free(wal);
}

Test(store_sqlite, what_is_missing_is_told)
{
	struct store *s = store_open();
	struct store_read from_one = story_read(1, 1, 9),
			  from_three = story_read(1, 3, 9),
			  first = story_read(2, 1, 9);

	for (uint64_t n = 1; n <= 5; n++) {
		struct store_append job = story_append(1, 1, n, "x");

		store_append(s, &job);
		store_drain(s);
	}
	happen(s, 2, ENTRY_SAID, 2, "bob", "old");
	happen(s, 2, ENTRY_SAID, 2, "bob", "new");
	store_free(s);
	ask_database("DELETE FROM entry WHERE id = (1 << 40) + 3 "
		     "OR id = (2 << 40) + 1");
	s = store_open();
	story_skip();
	store_read(s, &from_one);
	store_read(s, &from_three);
	store_read(s, &first);
	store_drain(s);
	story_is("read 2 from 1: x x\nread 2 from 4: x x\n"
		 "read 1 from 2: new\n");
	store_free(s);
}

/* ---- files ---- */

static void
tell_file(struct store *s, enum entry_kind kind, struct store_file file)
{
	struct store_append job = story_append(1, 1, 0, "words about it");

	job.kind = kind;
	job.file = &file;
	store_append(s, &job);
	store_drain(s);
	cr_expect_eq(job.why, FINE);
	story_skip();
}

Test(store_sqlite, files_as_they_were_told)
{
	struct store_file file = { .number = 1,
		.room = 1,
		.device = { { 1 } },
		.key = { { 7 } },
		.who = SLICE("ann"),
		.name = SLICE("a \xc3\xa4.txt"),
		.size = UINT64_MAX };
	struct store *s = store_fresh();

	tell_file(s, ENTRY_FILE, file);
	file.number = 2;
	file.size = 1ULL << 40;
	tell_file(s, ENTRY_FILE, file);
	file.number = 3;
	tell_file(s, ENTRY_FILE, file);
	file.number = 1;
	file.size = 0;
	file.is_whole = true;
	file.hash.byte[0] = 200;
	tell_file(s, ENTRY_ARRIVED, file);
	store_free(s);
	s = store_open();
	story_load(s);
	story_is(
	    "room 1 #tea () 4\n"
	    "file 1 a \xc3\xa4.txt in 1 of 1, 0 bytes, hash 200\n"
	    "file 2 a \xc3\xa4.txt in 1 of 1, 1099511627776 bytes, hash 0\n"
	    "file 3 a \xc3\xa4.txt in 1 of 1, 1099511627776 bytes, hash 0\n"
	    "last file 3\nlast 1\n");
	/* The last goes: its number is not given again. */
	file.number = 3;
	tell_file(s, ENTRY_WITHDRAWN, file);
	store_file_gone(s, 2);
	store_drain(s);
	store_free(s);
	s = store_open();
	story_load(s);
	story_is("room 1 #tea () 5\n"
		 "file 1 a \xc3\xa4.txt in 1 of 1, 0 bytes, hash 200\n"
		 "last file 3\nlast 1\n");
	store_free(s);
}
