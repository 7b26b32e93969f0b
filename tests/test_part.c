#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chat/part.h"
#include "folder.h"
#include "utf8.h"

static char folder[FOLDER_LEN];
static int directory;
static struct buf why;

static void
begin(void)
{
	folder_make(folder);
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
end(void)
{
	buf_done(&why);
	close(directory);
	folder_remove(folder);
}

TestSuite(part, .init = begin, .fini = end);

/* ---- names ---- */

Test(part, names)
{
	static const char *const rows[][2] = {
		{ "report.pdf", "report.pdf" },
		{ "two words.txt", "two words.txt" },
		{ "", "file" },
		{ ".", "file" },
		{ "..", "file" },
		{ "...", "file" },
		{ "/", "file" },
		{ "../../etc/passwd", "passwd" },
		{ "/etc/passwd", "passwd" },
		{ "a/b", "b" },
		{ "a/b/", "b" },
		{ "a/..", "file" },
		{ "-rf", "rf" },
		{ "--", "file" },
		{ ".bashrc", "bashrc" },
		{ "~", "file" },
		{ "~/x", "x" },
		{ "con", "con" },
		{ " x . ", "x" },
		{ "naïve.txt", "naïve.txt" },
	};
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		buf_clear(&out);
		part_name(&out, slice_of(rows[i][0]));
		cr_expect_str_eq(buf_string(&out), rows[i][1], "%s: %s",
		    rows[i][0], buf_string(&out));
	}
	buf_done(&out);
}

/* Whatever it is called, the name is one of a file in the directory. */
Test(part, names_that_are_none)
{
	static const char *const rows[] = { "a\nb", "\033[2J", "a\x7f",
		"\xe2\x80\xaegpj.exe", "\xff\xfe", "a\xc0\xaf..",
		"\xc2\x9b"
		"1m",
		"\xe2\x81\xa6x\xe2\x81\xa9", "\t", "\xef\xbb\xbf" };
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *name;

		buf_clear(&out);
		part_name(&out, slice_of(rows[i]));
		name = buf_string(&out);
		cr_expect_neq(name[0], '\0');
		cr_expect_null(strchr(name, '/'));
		for (const char *at = name; *at != '\0'; at++)
			cr_expect_geq((unsigned char)*at, ' ', "row %zu", i);
		cr_expect_null(strstr(name, "\xe2\x80\xae"));
		cr_expect_null(strstr(name, "\xe2\x81\xa6"));
		cr_expect_null(strstr(name, "\x7f"));
		cr_expect_null(strstr(name, "\xff"));
	}
	buf_done(&out);
}

Test(part, long_names_keep_their_ending)
{
	char name[400];
	struct buf out = { 0 };

	memset(name, 'x', sizeof(name));
	memcpy(name + 250, ".tar.gz", 8);
	part_name(&out, slice_of(name));
	cr_expect_leq(out.len, PART_NAME_MAX - strlen(" (999).part"));
	cr_expect_str_eq(buf_string(&out) + out.len - 7, ".tar.gz");
	buf_clear(&out);
	for (int i = 0; i < 130; i++)
		memcpy(name + 3 * i, "\xe2\x82\xac", 3);
	part_name(&out, (struct slice){ name, 390 });
	cr_expect_leq(out.len, PART_NAME_MAX - strlen(" (999).part"));
	cr_expect_eq(out.len % 3, 0);
	buf_done(&out);
}

/* ---- placing ---- */

static struct part *
make(const char *name)
{
	bool is_full;
	struct part *p = part_new(directory, name, 5, &why, &is_full);

	cr_assert_not_null(p, "%s", buf_string(&why));
	cr_expect_eq(part_write(p, "hello", 5), 0);
	return p;
}

static void
finish(struct part *p, const char *expected)
{
	struct buf name = { 0 };
	size_t len;
	char *found;

	cr_assert_eq(part_finish(p, 0, false, &name), 0);
	cr_expect_str_eq(buf_string(&name), expected);
	found = folder_read(folder, expected, &len);
	cr_assert_not_null(found);
	cr_expect_eq(len, 5);
	free(found);
	part_close(p, true);
	found = folder_read(folder, expected, &len);
	cr_expect_not_null(found, "what has its name is never removed");
	free(found);
	buf_done(&name);
}

Test(part, never_replaces)
{
	static const char *const rows[][3] = {
		{ "a.txt", "a.txt", "a (2).txt" }, { "a", "a", "a (2)" },
		{ "a.tar.gz", "a.tar.gz", "a (2).tar.gz" },
		{ "v1.2 notes", "v1.2 notes", "v1.2 notes (2)" }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		finish(make(rows[i][0]), rows[i][1]);
		finish(make(rows[i][0]), rows[i][2]);
	}
}

Test(part, a_racing_creator_keeps_his_file)
{
	struct part *p = make("a.txt");
	size_t len;
	char *found;

	folder_write(folder, "a.txt", "mine", 4);
	cr_assert_eq(symlinkat("/etc/passwd", directory, "a (2).txt"), 0);
	cr_assert_eq(mkdirat(directory, "a (3).txt", 0700), 0);
	finish(p, "a (4).txt");
	found = folder_read(folder, "a.txt", &len);
	cr_expect_eq(len, 4);
	free(found);
}

Test(part, a_part_of_another_is_left_alone)
{
	struct part *one = make("a.txt"), *two = make("a.txt");

	cr_expect_str_eq(part_now(one), "a.txt.part");
	cr_expect_str_eq(part_now(two), "a (2).txt.part");
	finish(two, "a.txt");
	finish(one, "a (2).txt");
}

Test(part, no_link_is_followed)
{
	struct part *p;
	char target[FOLDER_LEN + 16];

	snprintf(target, sizeof(target), "%s/target", folder);
	cr_assert_eq(symlinkat(target, directory, "a.txt.part"), 0);
	p = make("a.txt");
	cr_expect_str_eq(part_now(p), "a (2).txt.part");
	cr_expect_null(part_again(directory, "a.txt.part", &why));
	cr_expect_neq(faccessat(directory, "target", F_OK, 0), 0);
	finish(p, "a.txt");
}

Test(part, again)
{
	static const char *const bad[] = { "a.txt", ".part", "../x.part",
		"x/y.part", "gone.part", "", "fifo.part", "dir.part" };
	struct part *p = make("a.txt");
	char got[8];

	part_close(p, false);
	p = part_again(directory, "a.txt.part", &why);
	cr_assert_not_null(p);
	cr_expect_eq(part_have(p), 5);
	cr_expect_eq(part_read(p, got, sizeof(got), 1), 4);
	cr_expect_eq(memcmp(got, "ello", 4), 0);
	finish(p, "a.txt");
	mkdirat(directory, "dir.part", 0700);
	mkfifoat(directory, "fifo.part", 0600);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_null(
		    part_again(directory, bad[i], &why), "%s", bad[i]);
}

/* ---- mode, time, room ---- */

Test(part, mode_and_time)
{
	static const struct {
		mode_t mask;
		bool is_program;
		mode_t mode;
	} rows[] = { { 022, false, 0644 }, { 022, true, 0755 },
		{ 077, true, 0700 }, { 0, true, 0777 }, { 027, false, 0640 } };
	struct stat st;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct part *p = make("a");
		struct buf name = { 0 };

		umask(rows[i].mask);
		cr_assert_eq(fstatat(directory, "a.part", &st, 0), 0);
		cr_expect_eq(st.st_mode & 07777, 0600, "while it comes");
		cr_assert_eq(
		    part_finish(p, 1234567890123, rows[i].is_program, &name),
		    0);
		cr_assert_eq(fstatat(directory, "a", &st, 0), 0);
		cr_expect_eq(st.st_mode & 07777, rows[i].mode, "row %zu", i);
		cr_expect_eq(st.st_mtim.tv_sec, 1234567890);
		cr_expect_eq(st.st_mtim.tv_nsec, 123000000);
		part_close(p, false);
		buf_done(&name);
		unlinkat(directory, "a", 0);
	}
}

Test(part, no_room)
{
	struct rlimit was, full = { 3, RLIM_INFINITY };
	struct part *p;
	bool is_full = false;

	cr_expect_null(
	    part_new(directory, "a", UINT64_MAX - 1, &why, &is_full));
	cr_expect(is_full);
	p = make("b");
	getrlimit(RLIMIT_FSIZE, &was);
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	setrlimit(RLIMIT_FSIZE, &full);
	cr_expect_eq(part_write(p, "world", 5), EFBIG);
	cr_expect_eq(part_have(p), 5);
	setrlimit(RLIMIT_FSIZE, &was);
	cr_expect_eq(part_write(p, "world", 5), 0);
	cr_expect_eq(part_have(p), 10);
	part_close(p, true);
	cr_expect_neq(faccessat(directory, "b.part", F_OK, 0), 0);
}

Test(part, directories)
{
	char path[FOLDER_LEN + 32];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/one/two/three", folder);
	fd = part_directory(path, &why);
	cr_assert_geq(fd, 0, "%s", buf_string(&why));
	cr_assert_eq(fstat(fd, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	close(fd);
	folder_write(folder, "plain", "x", 1);
	snprintf(path, sizeof(path), "%s/plain/two", folder);
	cr_expect_eq(part_directory(path, &why), -1);
	cr_expect_not_null(strstr(buf_string(&why), "Not a directory"));
}
