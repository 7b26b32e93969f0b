/* The power goes: whatever the disk had not been told to keep may be gone or
 * half there, but nothing that was acknowledged. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sysexits.h>

#include "../chatd/store_sqlite.h"
#include "disk.h"
#include "folder.h"
#include "store_contract.h"
#include "store_crowd.h"
#include "xmalloc.h"

enum {
	ROUNDS = 400,
	IMAGES = 500,
	FEW_IMAGES = 120, /* that a careless store gets */
	ACKS = ROUNDS * 9,
};

static char folder[FOLDER_LEN];

static void
set_up(void)
{
	cr_redirect_stderr();
	disk_install();
	folder_make(folder);
}

static void
tear_down(void)
{
	folder_remove(folder);
}

TestSuite(store_power, .init = set_up, .fini = tear_down);

static struct store *
store_in(const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(path, story_wall, &status, &error);

	cr_assert_not_null(s, "%s", buf_string(&error));
	free(path);
	return s;
}

/* ---- what was acknowledged when ---- */

static struct {
	unsigned device;
	uint64_t n;
	size_t moment;
} acks[ACKS];
static size_t n_acks;

static void
heard(unsigned device, uint64_t n)
{
	cr_assert_lt(n_acks, ACKS);
	acks[n_acks].device = device;
	acks[n_acks].n = n;
	acks[n_acks++].moment = disk_moment();
}

static void
acked_at(size_t moment, uint64_t acked[CROWD_ACKS])
{
	for (unsigned d = 0; d < CROWD_ACKS; d++)
		acked[d] = 0;
	for (size_t i = 0; i < n_acks && acks[i].moment <= moment; i++)
		acked[acks[i].device] = acks[i].n;
}

/* What SQLite itself says of it, from outside. */
static void
expect_sound(const char *path)
{
	char *file = xasprintf("%s/chat.db", path);
	sqlite3_stmt *q;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, "unix"),
	    SQLITE_OK);
	cr_assert_eq(
	    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL),
	    SQLITE_OK);
	cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
	cr_expect_str_eq((const char *)sqlite3_column_text(q, 0), "ok");
	sqlite3_finalize(q);
	sqlite3_close(db);
	free(file);
}

/* What is wrong with the store after a cut at the moment, in words. */
static void
look_after_cut(size_t moment, uint64_t seed, struct buf *wrong)
{
	char *path = xasprintf("%s/image", folder);
	uint64_t acked[CROWD_ACKS];
	struct store *s;

	disk_image(path, moment, seed);
	acked_at(moment, acked);
	s = store_in("image");
	if (crowd_seen(s) < acked[CROWD_SEEN])
		buf_add_string(wrong, "what was seen is not known\n");
	crowd_check(s, acked, wrong);
	store_free(s);
	expect_sound(path);
	folder_remove(path);
	free(path);
}

/* Talks, from an empty folder to the orderly end, then looks at as many cuts.
 * How many of them lost something. */
static unsigned
talk_and_cut(unsigned images)
{
	struct store *s;
	size_t end;
	unsigned losses = 0;
	uint64_t random = 7;

	disk_record();
	s = store_in("state");
	crowd_past(s);
	crowd_talk(s, ROUNDS, 1, heard);
	store_free(s);
	end = disk_moment();
	for (unsigned i = 0; i < images; i++) {
		struct buf wrong = { 0 };
		size_t moment;

		random = random * 6364136223846793005u + 1;
		/* The first moments and the last have their share. */
		moment = i < 20 ? i * 2
		    : i < 40	? end - (i - 20) * 2
				: (random >> 20) % end;
		look_after_cut(moment, i, &wrong);
		losses += wrong.len != 0;
		if (wrong.len != 0)
			cr_log_info("cut at %zu of %zu: %s", moment, end,
			    buf_string(&wrong));
		buf_done(&wrong);
	}
	return losses;
}

Test(store_power, nothing_acknowledged_is_lost)
{
	cr_expect_eq(talk_and_cut(crowd_times(IMAGES)), 0);
	cr_expect_gt(n_acks, ROUNDS);
}

/* ---- the rig can see a loss ---- */

static int
ignore_synchronous(void *arg, int what, const char *name, const char *value,
    const char *db, const char *trigger)
{
	(void)arg;
	(void)value;
	(void)db;
	(void)trigger;
	return what == SQLITE_PRAGMA && strcmp(name, "synchronous") == 0
	    ? SQLITE_IGNORE
	    : SQLITE_OK;
}

/* Every connection from now on syncs at checkpoints only. */
static int
be_careless(sqlite3 *db, char **error, const void *api)
{
	(void)error;
	(void)api;
	sqlite3_exec(db,
	    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = NORMAL",
	    NULL, NULL, NULL);
	return sqlite3_set_authorizer(db, ignore_synchronous, NULL);
}

Test(store_power, a_careless_store_is_found_out)
{
	sqlite3_auto_extension((void (*)(void))be_careless);
	cr_expect_gt(talk_and_cut(FEW_IMAGES), 10);
}

/* ---- a sync fails ---- */

static unsigned answers;

static void
answered(struct store_append *job)
{
	(void)job;
	answers++;
}

/* The last entry can be read after a new start, and so the device is told that
 * it is stored: from then on the power may go. */
Test(store_power, what_is_told_after_a_failed_sync_is_safe)
{
	struct store_append first = story_append(1, 1, 1, "one"),
			    second = story_append(1, 1, 2, "two");
	struct store_read r = story_read(1, 1, 9);
	char *image = xasprintf("%s/image", folder);
	struct store *s;

	disk_record();
	s = store_in("state");
	story_say(s, first, "append 1 fine 1\n");
	disk_fault(DISK_SYNC, 1, DISK_EIO, 0);
	second.done = answered;
	store_append(s, &second);
	store_drain(s);
	cr_expect_eq(s->broken, EX_IOERR);
	cr_expect_eq(answers, 0);
	store_free(s);
	disk_fault(0, 0, DISK_EIO, 0);

	s = store_in("state");
	story_say(s, story_append(1, 1, 2, "two"), "append 2 fine 2\n");
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct store *left;

		disk_image(image, disk_moment(), seed);
		left = store_in("image");
		store_read(left, &r);
		store_drain(left);
		story_is("read 2 from 1: one two\n");
		store_free(left);
		folder_remove(image);
	}
	store_free(s);
	free(image);
}
