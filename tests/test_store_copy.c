/* A copy is made while everybody goes on: whole, synced, under its name only
 * when it is, and a store of its own when one starts from it. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chatd/entry.h"
#include "../chatd/store_sqlite.h"
#include "disk.h"
#include "fds.h"
#include "folder.h"
#include "store_contract.h"
#include "store_crowd.h"
#include "xmalloc.h"

static char folder[FOLDER_LEN];
static char *state, *second, *copy; /* copy is second's database */
static int fds;

static void
set_up(void)
{
	fds = fds_open();
	folder_make(folder);
	state = xasprintf("%s/state", folder);
	second = xasprintf("%s/second", folder);
	copy = xasprintf("%s/second/chat.db", folder);
	mkdir(second, 0700);
}

static void
tear_down(void)
{
	folder_remove(folder);
	free(state);
	free(second);
	free(copy);
	cr_expect_eq(fds_open(), fds, "a descriptor was left open");
}

TestSuite(store_copy, .init = set_up, .fini = tear_down);

static struct store *
store_at(const char *path)
{
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(path, story_wall, &status, &error);

	cr_assert_not_null(s, "%s", buf_string(&error));
	return s;
}

static bool is_over;

static void
copied(struct store_backup *job)
{
	(void)job;
	is_over = true;
}

static unsigned
files_in(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	unsigned n = 0;

	while ((d = readdir(dir)) != NULL)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}

static uint64_t acked[CROWD_ACKS];

static void
heard(unsigned device, uint64_t n)
{
	acked[device] = n;
}

/* Large enough for some steps. */
static void
say_much(struct store *s, unsigned n)
{
	static char text[PROTOCOL_TEXT_MAX];
	struct store_append *jobs = xcalloc(n, sizeof(*jobs));

	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < n; i++) {
		jobs[i] = story_append(9, 9, 0, "");
		jobs[i].text = (struct slice){ text, sizeof(text) };
		store_append(s, &jobs[i]);
	}
	store_drain(s);
	story_skip();
	free(jobs);
}

Test(store_copy, made_while_others_talk)
{
	struct store_backup job = { .done = copied, .path = copy };
	struct store *s = store_at(state), *from_copy;
	uint64_t acked_before[CROWD_ACKS];
	struct buf wrong = { 0 };
	struct id log = s->log;
	unsigned rounds = 0;
	struct stat st;

	say_much(s, 500);
	crowd_talk(s, 100, 1, heard);
	memcpy(acked_before, acked, sizeof(acked));
	store_backup(s, &job);
	/* What is asked of the crowd is answered between the steps: each round
	 * drains, so that it would otherwise wait for all of them. */
	for (; !is_over; rounds++) {
		crowd_talk(s, 1, rounds, heard);
		store_collect(s);
	}
	cr_expect_eq(job.error.len, 0, "%s", buf_string(&job.error));
	cr_assert_eq(stat(copy, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_expect_eq(files_in(second), 1);
	crowd_talk(s, 10, 2, heard);
	crowd_check(s, acked, &wrong);
	store_free(s);

	from_copy = store_at(second);
	crowd_check(from_copy, acked_before, &wrong);
	cr_expect_eq(wrong.len, 0, "%s", buf_string(&wrong));
	buf_done(&wrong);
	cr_expect_neq(memcmp(&from_copy->log, &log, sizeof(log)), 0);
	log = from_copy->log;
	store_free(from_copy);
	/* That was for once. */
	from_copy = store_at(second);
	cr_expect_eq(memcmp(&from_copy->log, &log, sizeof(log)), 0);
	store_free(from_copy);
	s = store_at(state);
	store_free(s);
}

Test(store_copy, one_after_the_other)
{
	char *other = xasprintf("%s/other", folder);
	struct store_backup a = { .done = copied, .path = copy },
			    b = { .done = copied, .path = other };
	struct store *s = store_at(state);

	say_much(s, 10);
	store_backup(s, &a);
	store_backup(s, &b);
	store_drain(s);
	cr_expect_eq(a.error.len + b.error.len, 0);
	cr_expect_eq(access(copy, F_OK) + access(other, F_OK), 0);
	store_free(s);
	free(other);
}

Test(store_copy, why_not)
{
	char *nowhere = xasprintf("%s/nowhere/copy", folder);
	const struct {
		const char *path;
		const char *words;
	} rows[] = {
		{ state, "there already" },
		{ nowhere, "No such file" },
	};
	struct store *s = store_at(state);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_backup job = { .done = copied,
			.path = rows[i].path };

		store_backup(s, &job);
		store_drain(s);
		cr_expect_not_null(
		    strstr(buf_string(&job.error), rows[i].words), "%s",
		    buf_string(&job.error));
		cr_expect_not_null(
		    strstr(buf_string(&job.error), rows[i].path));
		buf_done(&job.error);
	}
	store_free(s);
	free(nowhere);
}

Test(store_copy, what_an_earlier_one_left_is_no_hindrance)
{
	struct store_backup job = { .done = copied, .path = copy };
	struct store *s = store_at(state);

	folder_write(second, "chat.db.part", "half", 4);
	say_much(s, 10);
	store_backup(s, &job);
	store_drain(s);
	cr_expect_eq(job.error.len, 0, "%s", buf_string(&job.error));
	cr_expect_eq(files_in(second), 1);
	store_free(s);
}

Test(store_copy, given_up_at_the_end)
{
	struct store_backup job = { .done = copied, .path = copy };
	struct store *s = store_at(state);

	say_much(s, 500);
	store_backup(s, &job);
	store_free(s);
	cr_expect_not(is_over);
	/* Or it was finished just in time. */
	cr_expect(files_in(second) == 0 || access(copy, F_OK) == 0);
}

/* The k-th write, read or sync fails: the copy is not there, all else is well.
 */
Test(store_copy, a_failing_disk)
{
	enum { MOST = 1000 };
	static const enum disk_call calls[] = { DISK_WRITE, DISK_READ,
		DISK_SYNC };
	struct buf wrong = { 0 };
	struct store *s;

	disk_install();
	s = store_at(state);
	say_much(s, 20);
	crowd_talk(s, 20, 1, heard);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		bool is_there = false;

		for (unsigned long k = 1; k < MOST && !is_there; k++) {
			struct store_backup job = { .done = copied,
				.path = copy };

			disk_fault(calls[i], k, DISK_EIO, 0);
			store_backup(s, &job);
			store_drain(s);
			disk_fault(0, 0, DISK_EIO, 0);
			cr_assert_eq(s->broken, 0);
			is_there = access(copy, F_OK) == 0;
			cr_expect_eq(is_there, job.error.len == 0);
			cr_expect_eq(files_in(second), is_there ? 1 : 0);
			buf_done(&job.error);
		}
		cr_expect(is_there);
		unlink(copy);
	}
	crowd_talk(s, 20, 2, heard);
	crowd_check(s, acked, &wrong);
	cr_expect_eq(wrong.len, 0, "%s", buf_string(&wrong));
	buf_done(&wrong);
	store_free(s);
}

/* What is told to be there is synced. */
Test(store_copy, the_power_goes_behind_it)
{
	struct store_backup job = { .done = copied, .path = copy };
	char *image = xasprintf("%s/image", folder), *there, *left;
	size_t len_there, len_left;
	struct store *s;

	disk_install();
	s = store_at(state);
	say_much(s, 100);
	disk_record();
	store_backup(s, &job);
	store_drain(s);
	cr_expect_eq(job.error.len, 0, "%s", buf_string(&job.error));
	there = folder_read(second, "chat.db", &len_there);
	for (uint64_t seed = 0; seed < 8; seed++) {
		disk_image(image, disk_moment(), seed);
		left = folder_read(image, "chat.db.part", &len_left);
		cr_assert_eq(len_left, len_there);
		cr_expect_eq(memcmp(left, there, len_there), 0);
		folder_remove(image);
		free(left);
	}
	store_free(s);
	free(there);
	free(image);
}
