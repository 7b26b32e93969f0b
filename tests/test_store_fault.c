/* The disk is full, or fails: refused in time and served again by itself, or
 * nothing said at all and a reason to end. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "../chatd/entry.h"
#include "../chatd/store_sqlite.h"
#include "disk.h"
#include "fds.h"
#include "folder.h"
#include "store_contract.h"
#include "store_crowd.h"
#include "store_finds.h"
#include "xmalloc.h"

enum { FEW_ROUNDS = 6, MOST_CALLS = 1000 };

static char folder[FOLDER_LEN];
static char *state;
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

TestSuite(store_fault, .init = set_up, .fini = tear_down);

static struct store *
store_open(void)
{
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(state, story_wall, &status, &error);

	cr_assert_not_null(s, "%s", buf_string(&error));
	return s;
}

/* ---- full ---- */

static struct {
	unsigned fine, refused;
	uint64_t last; /* stored */
} said;

static void
count(struct store_append *job)
{
	if (job->why == FINE) {
		said.fine++;
		said.last = job->n;
	} else {
		cr_expect_eq(job->why, REFUSE_UNAVAILABLE);
		cr_expect_null(job->entry);
		said.refused++;
	}
	entry_unref(job->entry);
}

/* One after the other, each with the number that is due; 16 KB each. */
static void
say_until_refused(struct store *s, unsigned most)
{
	static char text[PROTOCOL_TEXT_MAX];

	memset(text, 'x', sizeof(text));
	said.refused = 0;
	while (said.refused == 0 && most-- != 0) {
		struct store_append job = story_append(1, 1, said.last + 1, "");

		job.done = count;
		job.text = (struct slice){ text, sizeof(text) };
		store_append(s, &job);
		store_drain(s);
		cr_assert_eq(s->broken, 0);
	}
}

static void
was_read(struct store_read *job)
{
	cr_expect_eq(job->got, 1);
	for (unsigned i = 0; i < job->got; i++) {
		cr_expect_eq(
		    entry_text(job->entries[i]).len, PROTOCOL_TEXT_MAX);
		entry_unref(job->entries[i]);
	}
	free(job->entries);
}

/* The last one stored is there, and known to be the last. */
static void
expect_reading(struct store *s, uint64_t last)
{
	struct store_device d = story_device(1);
	struct store_read r = story_read(1, last, 2);
	char *device = xasprintf("device %llu\n", (unsigned long long)last);

	r.done = was_read;
	store_device(s, &d);
	store_read(s, &r);
	store_drain(s);
	story_is(device);
	free(device);
}

/* Full, then with room again, then full and forgetting, then started anew. */
static void
live_through_full(struct store *s, void (*fill)(void), void (*make_room)(void))
{
	uint64_t last;

	fill();
	say_until_refused(s, 2000);
	cr_expect_gt(said.refused, 0);
	last = said.last;
	say_until_refused(s, 1);
	cr_expect_eq(said.last, last, "there was room");
	expect_reading(s, last);
	store_forget(s, 77);

	make_room();
	say_until_refused(s, 3);
	cr_expect_eq(said.refused, 0);
	cr_expect_eq(said.last, last + 3);
	expect_reading(s, last + 3);
	store_free(s);
	s = store_open();
	expect_reading(s, last + 3);
	store_free(s);
}

static void
limit_files(void)
{
	const struct rlimit size = { 1 << 20, RLIM_INFINITY };

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &size), 0);
}

static void
unlimit_files(void)
{
	const struct rlimit size = { RLIM_INFINITY, RLIM_INFINITY };

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &size), 0);
}

Test(store_fault, files_may_grow_no_more)
{
	/* Others are killed by it; the store's thread is not. */
	live_through_full(store_open(), limit_files, unlimit_files);
}

/* A small file system of our own, and what takes its place. */
static void
take_room(void)
{
	struct statvfs fs;
	char *bytes;

	cr_assert_eq(statvfs(state, &fs), 0);
	cr_assert_gt(fs.f_bfree * fs.f_bsize, 400000);
	bytes = xcalloc(1, fs.f_bfree * fs.f_bsize - 400000);
	folder_write(state, "ballast", bytes, fs.f_bfree * fs.f_bsize - 400000);
	free(bytes);
}

static void
give_room(void)
{
	char *path = xasprintf("%s/ballast", state);

	cr_assert_eq(unlink(path), 0);
	free(path);
}

static void
mount_small(const char *size)
{
	mkdir(state, 0700);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", state, "tmpfs", 0, size) < 0)
		cr_skip_test("only root may mount");
}

Test(store_fault, the_file_system_is_full)
{
	mount_small("size=4m");
	live_through_full(store_open(), take_room, give_room);
	cr_assert_eq(umount(state), 0);
}

/* Entries that have gone leave room in the database, and that is used, though
 * the log of commits cannot grow. */
Test(store_fault, what_is_gone_makes_room)
{
	struct store *s;

	mount_small("size=16m");
	s = store_open();
	say_until_refused(s, 70);
	cr_assert_eq(said.refused, 0);
	store_forget(s, 1);
	for (int i = 0; i < 100000 && (i == 0 || said.refused != 0); i++)
		say_until_refused(s, 1);
	cr_assert_eq(said.refused, 0);
	store_free(s);
	s = store_open();
	take_room();
	say_until_refused(s, 50);
	cr_expect_eq(said.refused, 0);
	store_free(s);
	give_room();
	cr_assert_eq(umount(state), 0);
}

/* The k-th write and all after it find no room: whichever it is. */
Test(store_fault, full_at_each_write)
{
	unsigned long k, calls = MOST_CALLS;

	for (k = 1; k <= calls && k < MOST_CALLS; k++) {
		struct store *s;

		disk_install();
		disk_fault(DISK_WRITE, 0, DISK_FULL, 0);
		said.last = 0;
		s = store_open();
		say_until_refused(s, 2);
		cr_assert_eq(said.refused, 0);
		disk_fault(DISK_WRITE, k, DISK_FULL, 1);
		say_until_refused(s, 4);
		calls = said.refused == 0 ? 0 : calls;
		expect_reading(s, said.last);
		disk_fault(DISK_WRITE, 0, DISK_FULL, 0);
		say_until_refused(s, 4);
		cr_expect_eq(said.refused, 0);
		expect_reading(s, said.last);
		store_free(s);
		folder_remove(state);
	}
	cr_expect_eq(calls, 0);
	cr_expect_gt(k, 10);
}

/* What is to be forgotten while there is no room is forgotten later, and before
 * what came behind it. */
Test(store_fault, forgetting_waits_for_room)
{
	struct store *s;

	disk_install();
	s = store_open();
	story_say(s, story_append(1, 1, 1, "old"), "append 1 fine 1\n");
	story_say(s, story_append(2, 1, 2, "other"), "append 2 fine 1\n");
	disk_fault(DISK_WRITE, 1, DISK_FULL, 1);
	store_forget(s, 1);
	story_say(s, story_append(2, 1, 3, "x"), "append 3 unavailable 0\n");
	disk_fault(DISK_WRITE, 0, DISK_FULL, 0);
	story_say(s, story_append(2, 1, 3, "x"), "append 3 fine 2\n");
	store_free(s);
	s = store_open();
	story_load(s);
	story_is("room 2 #tea () 2\nlast 2\n");
	store_free(s);
}

/* What is found is known whether or not it can be indexed. */
Test(store_fault, full_is_searched)
{
	struct store *s;
	char *found;

	disk_install();
	s = store_open();
	crowd_past(s);
	story_say(s, story_append(1, 1, 1, "the last"), "append 1 fine 1\n");
	disk_fault(DISK_WRITE, 1, DISK_FULL, 1);
	store_keep(s, &(struct store_keep){ .age_ms = 500 });
	story_say(
	    s, story_append(1, 1, 2, "too late"), "append 2 unavailable 0\n");
	for (int i = 0; i < 100; i++) {
		found = store_find(s, store_looking_for("last"), NULL);
		cr_expect_str_eq(found, "1 the last");
		free(found);
		found = store_find(s, store_looking_for("late"), NULL);
		cr_expect_str_empty(found);
		free(found);
	}
	disk_fault(DISK_WRITE, 0, DISK_FULL, 0);
	story_say(s, story_append(1, 1, 2, "in time"), "append 2 fine 2\n");
	found = store_find(s, store_looking_for("time"), NULL);
	cr_expect_str_eq(found, "1 in time");
	free(found);
	store_free(s);
}

/* ---- failing ---- */

static uint64_t acked[CROWD_ACKS];

static void
heard(unsigned device, uint64_t n)
{
	acked[device] = n;
}

/* The k-th call fails, while opening, talking or closing, in a folder with this
 * database.  True: it was not reached any more. */
static bool
fail_at(unsigned long k, enum disk_call call, const char *past, size_t len)
{
	struct buf error = { 0 }, wrong = { 0 };
	int status = 0;
	struct store *s;
	bool was_reached;

	for (unsigned d = 0; d < CROWD_ACKS; d++)
		acked[d] = 0;
	if (past != NULL) {
		mkdir(state, 0700);
		folder_write(state, "chat.db", past, len);
	}
	disk_fault(call, k, DISK_EIO, 0);
	s = store_sqlite(state, story_wall, &status, &error);
	if (s == NULL) {
		cr_expect(status == EX_IOERR || status == EX_CANTCREAT,
		    "call %lu: %d: %s", k, status, buf_string(&error));
	} else {
		crowd_talk(s, FEW_ROUNDS, k, heard);
		cr_expect(s->broken == 0 || s->broken == EX_IOERR,
		    "call %lu: %d", k, s->broken);
	}
	store_free(s);
	was_reached = disk_calls() >= k;
	buf_done(&error);

	disk_fault(0, 0, DISK_EIO, 0);
	s = store_open();
	crowd_check(s, acked, &wrong);
	cr_expect_eq(wrong.len, 0, "call %lu: %s", k, buf_string(&wrong));
	/* Those without an answer ask again. */
	crowd_talk(s, FEW_ROUNDS, k, heard);
	crowd_check(s, acked, &wrong);
	cr_expect_eq(wrong.len, 0, "call %lu: %s", k, buf_string(&wrong));
	buf_done(&wrong);
	store_free(s);
	folder_remove(state);
	return !was_reached;
}

Test(store_fault, an_error_ends_it_without_an_answer)
{
	static const enum disk_call calls[] = { DISK_WRITE, DISK_SYNC,
		DISK_READ };

	disk_install();
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		unsigned long k = 1;

		while (k < MOST_CALLS && !fail_at(k, calls[i], NULL, 0))
			k++;
		cr_expect_lt(k, MOST_CALLS);
		cr_expect_gt(k, 3);
	}
}

Test(store_fault, also_while_it_works_upon_the_past)
{
	static const enum disk_call calls[] = { DISK_WRITE, DISK_SYNC,
		DISK_READ };
	struct store *s = store_open();
	size_t len;
	char *past;

	crowd_past(s);
	store_free(s);
	past = folder_read(state, "chat.db", &len);
	folder_remove(state);
	disk_install();
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		unsigned long k = 1;

		while (k < MOST_CALLS && !fail_at(k, calls[i], past, len))
			k++;
		cr_expect_lt(k, MOST_CALLS);
		cr_expect_gt(k, 3);
	}
	free(past);
}

static unsigned answers;

static void
answered(struct store_append *job)
{
	answers++;
	entry_unref(job->entry);
}

Test(store_fault, no_answer_either_way)
{
	struct store_append a = story_append(1, 1, 1, "x"),
			    b = story_append(1, 1, 2, "y");
	struct store *s;

	disk_install();
	s = store_open();
	a.done = b.done = answered;
	disk_fault(DISK_SYNC, 1, DISK_EIO, 0);
	store_append(s, &a);
	store_drain(s);
	store_append(s, &b);
	store_drain(s);
	store_collect(s);
	cr_expect_eq(answers, 0);
	cr_expect_eq(s->broken, EX_IOERR);
	store_free(s);
	cr_expect_eq(answers, 0);
}
