/*
 * The spool: what was written is read, hashed, kept over a restart, removed;
 * what is wrong changes nothing.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../chatd/spool.h"
#include "digest.h"
#include "folder.h"

static char folder[FOLDER_LEN];
static struct spool *spool;
static unsigned n_done;

static void
start(void)
{
	struct buf error = { 0 };

	spool = spool_new(folder, &error);
	cr_assert_not_null(spool, "%s", buf_string(&error));
	buf_done(&error);
}

static void
setup(void)
{
	folder_make(folder);
	start();
}

static void
teardown(void)
{
	spool_free(spool);
	folder_remove(folder);
}

TestSuite(spool, .init = setup, .fini = teardown);

static void
done(struct spool_job *job)
{
	(void)job;
	n_done++;
}

static void
wait_for(unsigned n)
{
	struct pollfd p = { .fd = spool_fd(spool), .events = POLLIN };

	while (n_done < n) {
		cr_assert_eq(poll(&p, 1, 10000), 1, "the spool says nothing");
		spool_collect(spool);
	}
}

static void
carry_out(struct spool_job *job)
{
	job->done = done;
	spool_ask(spool, job);
	wait_for(n_done + 1);
}

static struct spool_job
take(uint64_t file)
{
	struct spool_job job = { .what = SPOOL_TAKE, .file = file };

	carry_out(&job);
	return job;
}

static struct spool_job
put(uint64_t file, uint64_t offset, uint8_t *bytes, size_t len)
{
	struct spool_job job = { .what = SPOOL_WRITE,
		.file = file,
		.offset = offset,
		.bytes = bytes,
		.len = len };

	carry_out(&job);
	return job;
}

static struct spool_job
get(uint64_t file, uint64_t offset, uint8_t *bytes, size_t len)
{
	struct spool_job job = { .what = SPOOL_READ,
		.file = file,
		.offset = offset,
		.bytes = bytes,
		.len = len };

	carry_out(&job);
	return job;
}

static struct spool_job
ask(enum spool_what what, uint64_t file, uint64_t offset)
{
	struct spool_job job = { .what = what, .file = file, .offset = offset };

	carry_out(&job);
	return job;
}

/* With the hash that the bytes there have. */
static struct spool_job
finish(uint64_t file, uint64_t size)
{
	struct spool_job job = { .what = SPOOL_FINISH,
		.file = file,
		.offset = size,
		.wanted = ask(SPOOL_PREFIX, file, size).hash };

	carry_out(&job);
	return job;
}

static uint8_t *
some_bytes(size_t len)
{
	uint8_t *bytes = malloc(len);
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
	return bytes;
}

static struct hash
hash_of(const void *bytes, size_t len)
{
	struct digest *d = digest_new();
	struct hash hash;

	digest_add(d, bytes, len);
	hash = digest_now(d);
	digest_free(d);
	return hash;
}

static void
expect_hash(const struct hash *hash, const void *bytes, size_t len)
{
	struct hash wanted = hash_of(bytes, len);

	cr_expect_arr_eq(hash->byte, wanted.byte, sizeof(wanted.byte));
}

Test(spool, hash_is_that_of_sha256sum)
{
	struct digest *d = digest_new();
	char text[DIGEST_TEXT];
	struct hash hash;

	digest_add(d, "a", 1);
	digest_add(d, "bc", 2);
	hash = digest_now(d);
	digest_text(&hash, text);
	cr_expect_str_eq(text,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_reset(d);
	hash = digest_now(d);
	digest_text(&hash, text);
	cr_expect_str_eq(text,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_free(d);
}

Test(spool, every_size_comes_back)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385,
		SPOOL_PIECE - 1, SPOOL_PIECE, SPOOL_PIECE + 1, 1000000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint8_t *bytes = some_bytes(sizes[i]);
		uint8_t *back = malloc(sizes[i] + 1);
		uint64_t file = i + 1;
		struct spool_job job;

		cr_expect_eq(take(file).error, 0);
		for (size_t at = 0; at < sizes[i]; at += SPOOL_PIECE) {
			size_t left = sizes[i] - at;
			job = put(file, at, bytes + at,
			    left < SPOOL_PIECE ? left : SPOOL_PIECE);
			cr_expect_eq(job.error, 0);
		}
		job = get(file, 0, back, sizes[i] + 1);
		cr_expect_eq(job.len, sizes[i], "while it arrives");
		job = finish(file, sizes[i]);
		cr_expect_eq(job.error, 0);
		cr_expect_eq(job.durable, sizes[i]);
		expect_hash(&job.hash, bytes, sizes[i]);
		memset(back, 0, sizes[i] + 1);
		job = get(file, 0, back, sizes[i] + 1);
		cr_expect_eq(job.error, 0);
		cr_expect_eq(job.len, sizes[i]);
		cr_expect_eq(memcmp(bytes, back, sizes[i]), 0);
		free(bytes);
		free(back);
	}
}

Test(spool, goes_on_after_a_restart)
{
	enum { SIZE = 40 * 1024 * 1024, PART = 37 * 1024 * 1024 };
	uint8_t *bytes = some_bytes(SIZE);
	struct spool_job job;
	bool is_whole;

	take(1);
	for (size_t at = 0; at < PART; at += SPOOL_PIECE)
		put(1, at, bytes + at, SPOOL_PIECE);
	spool_free(spool);
	start();
	cr_expect_eq(spool_have(spool, 1, &is_whole), PART);
	cr_expect_not(is_whole);
	job = take(1);
	cr_expect_eq(job.error, 0);
	cr_expect_eq(job.have, PART);
	cr_expect_eq(job.durable, PART);
	expect_hash(&job.hash, bytes, PART);
	for (size_t at = PART; at < SIZE; at += SPOOL_PIECE)
		put(1, at, bytes + at, SPOOL_PIECE);
	job = finish(1, SIZE);
	expect_hash(&job.hash, bytes, SIZE);
	job = ask(SPOOL_PREFIX, 1, PART);
	expect_hash(&job.hash, bytes, PART);
	spool_free(spool);
	start();
	cr_expect_eq(spool_have(spool, 1, &is_whole), SIZE);
	cr_expect(is_whole);
	free(bytes);
}

Test(spool, syncs_on_the_way)
{
	uint8_t *bytes = some_bytes(SPOOL_PIECE);
	struct spool_job job = take(1);

	cr_expect_gt(job.space, 0);
	for (uint64_t at = 0; at < SPOOL_SYNC; at += SPOOL_PIECE) {
		cr_expect_eq(job.durable, 0);
		job = put(1, at, bytes, SPOOL_PIECE);
	}
	cr_expect_eq(job.durable, SPOOL_SYNC);
	free(bytes);
}

Test(spool, what_is_wrong_changes_nothing)
{
	uint8_t byte = 'x', back[4];

	cr_expect_eq(put(1, 0, &byte, 1).error, EBADF, "not begun");
	cr_expect_eq(finish(1, 0).error, EBADF);
	cr_expect_eq(get(1, 0, back, 4).error, ENOENT);
	cr_expect_eq(ask(SPOOL_PREFIX, 1, 0).error, ENOENT);
	cr_expect_eq(ask(SPOOL_REMOVE, 1, 0).error, 0);
	take(1);
	cr_expect_eq(put(1, 1, &byte, 1).error, EINVAL, "a hole");
	cr_expect_eq(put(1, 0, &byte, 1).error, 0);
	cr_expect_eq(put(1, 0, &byte, 1).error, EINVAL, "again");
	cr_expect_eq(finish(1, 2).error, EINVAL, "not all");
	cr_expect_eq(ask(SPOOL_PREFIX, 1, 2).error, EINVAL);
	cr_expect_eq(get(1, 1, back, 4).len, 0, "the end");
	cr_expect_eq(get(1, UINT64_MAX / 2, back, 4).len, 0);
	cr_expect_eq(finish(1, 1).error, 0);
	cr_expect_eq(put(1, 1, &byte, 1).error, EBADF, "it is whole");
}

Test(spool, another_hash_is_not_whole)
{
	struct spool_job job;
	uint8_t byte = 'x';
	bool is_whole;

	take(1);
	put(1, 0, &byte, 1);
	job = ask(SPOOL_FINISH, 1, 1);
	cr_expect_eq(job.error, EBADMSG);
	expect_hash(&job.hash, &byte, 1);
	spool_have(spool, 1, &is_whole);
	cr_expect_not(is_whole);
	cr_expect_eq(finish(1, 1).error, 0, "it can still be finished");
}

Test(spool, removed_is_gone)
{
	uint8_t byte = 'x';
	bool is_whole;

	for (int whole = 0; whole < 2; whole++) {
		take(1);
		put(1, 0, &byte, 1);
		if (whole)
			finish(1, 1);
		cr_expect_eq(ask(SPOOL_REMOVE, 1, 0).error, 0);
		cr_expect_eq(get(1, 0, &byte, 1).error, ENOENT);
		cr_expect_eq(spool_have(spool, 1, &is_whole), 0);
		cr_expect_not(is_whole);
	}
}

Test(spool, a_full_disk_takes_nothing_and_goes_on)
{
	struct rlimit before, small = { 100000, RLIM_INFINITY };
	uint8_t *bytes = some_bytes(SPOOL_PIECE);
	struct spool_job job;

	signal(SIGXFSZ, SIG_IGN);
	take(1);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	job = put(1, 0, bytes, SPOOL_PIECE);
	cr_expect_eq(job.error, EFBIG);
	cr_expect_eq(job.have, 0);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	job = put(1, 0, bytes, SPOOL_PIECE);
	cr_expect_eq(job.error, 0);
	job = finish(1, SPOOL_PIECE);
	expect_hash(&job.hash, bytes, SPOOL_PIECE);
	free(bytes);
}

Test(spool, many_files_at_once)
{
	enum { FILES = 300 };
	struct spool_job *jobs = calloc(4 * FILES, sizeof(*jobs));
	uint8_t bytes[FILES], back[FILES];

	for (unsigned i = 0; i < 4 * FILES; i++) {
		static const enum spool_what what[] = { SPOOL_TAKE, SPOOL_WRITE,
			SPOOL_FINISH, SPOOL_READ };
		unsigned file = i % FILES;

		bytes[file] = (uint8_t)file;
		jobs[i] = (struct spool_job){ .what = what[i / FILES],
			.done = done,
			.file = file + 1,
			.offset = what[i / FILES] == SPOOL_FINISH,
			.len = 1,
			.bytes = i < 3 * FILES ? bytes + file : back + file,
			.wanted = hash_of(bytes + file, 1) };
		spool_ask(spool, &jobs[i]);
	}
	wait_for(4 * FILES);
	for (unsigned i = 0; i < 4 * FILES; i++)
		cr_expect_eq(jobs[i].error, 0, "job %u", i);
	cr_expect_arr_eq(back, bytes, FILES);
	free(jobs);
}

static bool
keeps_even(void *arg, uint64_t file)
{
	(void)arg;
	return file % 2 == 0;
}

Test(spool, sweeps_what_nobody_knows)
{
	bool is_whole;

	for (uint64_t file = 1; file <= 4; file++) {
		take(file);
		if (file > 2)
			finish(file, 0);
	}
	spool_free(spool);
	folder_write(folder, "files/readme", "mine", 4);
	folder_write(folder, "files/7x", "mine", 4);
	start();
	cr_expect_eq(spool_sweep(spool, keeps_even, NULL), 2);
	spool_have(spool, 4, &is_whole);
	cr_expect(is_whole);
	spool_have(spool, 3, &is_whole);
	cr_expect_not(is_whole);
	cr_expect_eq(spool_sweep(spool, keeps_even, NULL), 0);
}

Test(spool, a_whole_one_is_not_begun_again)
{
	uint8_t byte = 'x', back = 0;
	struct spool_job job;

	for (int restarted = 0; restarted < 2; restarted++) {
		if (restarted) {
			spool_free(spool);
			start();
		} else {
			take(1);
			put(1, 0, &byte, 1);
			finish(1, 1);
		}
		job = take(1);
		cr_expect_eq(job.error, 0);
		cr_expect(job.is_whole);
		cr_expect_eq(job.have, 1);
		cr_expect_eq(put(1, 1, &byte, 1).error, EBADF);
		cr_expect_eq(get(1, 0, &back, 1).len, 1);
		cr_expect_eq(back, 'x');
	}
	cr_expect_null(folder_read(folder, "files/1.part", NULL));
}

/* Hashing what there is takes several steps; between them it is removed. */
Test(spool, removed_while_it_is_hashed_stays_removed)
{
	enum { SIZE = 8 * 1024 * 1024 };
	uint8_t *bytes = some_bytes(SIZE);
	struct spool_job jobs[3] = { { .what = SPOOL_TAKE },
		{ .what = SPOOL_PREFIX, .offset = SIZE },
		{ .what = SPOOL_REMOVE } };
	bool is_whole;

	folder_write(folder, "files/1.part", bytes, SIZE);
	for (unsigned i = 0; i < 3; i++) {
		jobs[i].file = 1;
		jobs[i].done = done;
		spool_ask(spool, &jobs[i]);
	}
	wait_for(3);
	cr_expect_eq(jobs[0].error, ENOENT);
	cr_expect_eq(jobs[1].error, ENOENT);
	cr_expect_eq(jobs[2].error, 0);
	spool_have(spool, 1, &is_whole);
	cr_expect_null(folder_read(folder, "files/1.part", NULL));
	free(bytes);
}

Test(spool, a_hash_that_nobody_wants_is_not_computed)
{
	const off_t much = (off_t)64 << 30; /* a minute's worth, and a hole */
	struct spool_job jobs[2] = { { .what = SPOOL_TAKE },
		{ .what = SPOOL_PREFIX, .offset = (uint64_t)much } };
	char path[FOLDER_LEN + 32];

	folder_write(folder, "files/1.part", "", 0);
	snprintf(path, sizeof(path), "%s/files/1.part", folder);
	cr_assert_eq(truncate(path, much), 0);
	for (unsigned i = 0; i < 2; i++) {
		jobs[i].file = 1;
		jobs[i].done = done;
		spool_ask(spool, &jobs[i]);
	}
	for (unsigned i = 0; i < 2; i++)
		spool_stop(&jobs[i]);
	wait_for(2);
	for (unsigned i = 0; i < 2; i++)
		cr_expect_eq(jobs[i].error, ECANCELED);
}

static unsigned
count_open(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 2000; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

Test(spool, those_left_half_do_not_stay_open)
{
	enum { FILES = 300 };
	unsigned before = count_open();
	uint8_t byte = 'x';
	struct spool_job job;

	for (uint64_t file = 1; file <= FILES; file++) {
		take(file);
		put(file, 0, &byte, 1);
		ask(SPOOL_LEAVE, file, 0);
	}
	cr_expect_leq(count_open(), before + 128);
	for (uint64_t file = 1; file <= FILES; file++) {
		job = take(file);
		cr_expect_eq(job.have, 1);
		expect_hash(&job.hash, &byte, 1);
		cr_expect_eq(put(file, 1, &byte, 1).error, 0);
	}
	cr_expect_geq(count_open(), before + FILES, "all of them arrive");
}

Test(spool, leaves_free_what_is_to_be_kept_free)
{
	uint8_t byte = 'x';
	struct spool_job job = { .what = SPOOL_WRITE,
		.file = 1,
		.bytes = &byte,
		.len = 1,
		.keep = UINT64_MAX };

	take(1);
	carry_out(&job);
	cr_expect_eq(job.error, ENOSPC);
	cr_expect_eq(job.have, 0);
	job.keep = 0;
	carry_out(&job);
	cr_expect_eq(job.error, 0);
	cr_expect_eq(job.have, 1);
}

Test(spool, nothing_is_followed_or_executed)
{
	char path[FOLDER_LEN + 32];
	struct spool_job job;

	snprintf(path, sizeof(path), "%s/files/5.part", folder);
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	job = take(5);
	cr_expect_eq(job.error, ELOOP);
}
