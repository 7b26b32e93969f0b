#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "utf8.h"

#define LETTER "e\u0301\u0323\u0302\u0331" /* one cluster of 9 bytes */

static char written[256 * 1024];
static int sink;

/* Standard error is a file in memory from here on. */
static void
catch_lines(void)
{
	unsetenv("JOURNAL_STREAM");
	sink = memfd_create("log", MFD_CLOEXEC);
	cr_assert_geq(sink, 0);
	fcntl(sink, F_SETFL, O_APPEND);
	cr_assert_eq(dup2(sink, STDERR_FILENO), STDERR_FILENO);
}

static const char *
caught(void)
{
	ssize_t n = pread(sink, written, sizeof(written) - 1, 0);

	cr_assert_geq(n, 0);
	written[n] = '\0';
	return written;
}

static bool
matches(const char *text, const char *pattern)
{
	regex_t regex;
	int result;

	cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	result = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return result == 0;
}

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"

TestSuite(log, .init = catch_lines);

Test(log, a_line_begins_with_time_and_name)
{
	log_init("chatd", 0);
	log_info("listening on %s", "[::1]:7711");
	cr_expect(matches(caught(),
		      "^" TIME " chatd: listening on \\[::1\\]:7711\n$"),
	    "%s", written);
}

Test(log, plain_lines_have_the_name_only)
{
	log_init("chat", 0);
	log_plain();
	log_warnx("no such room");
	cr_expect_str_eq(caught(), "chat: no such room\n");
}

/* Only when the variable names what standard error is now. */
Test(log, the_journal_gets_the_priority)
{
	struct stat st;
	char stream[64];

	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("chatd", 1);
	log_plain();
	log_info("one");
	log_warnx("two");
	log_debug("three");
	cr_expect_str_eq(caught(), "<6>one\n<4>two\n<7>three\n");
}

Test(log, somebody_elses_journal_gets_nothing)
{
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_init("chatd", 0);
	log_plain();
	log_info("one");
	cr_expect_str_eq(caught(), "chatd: one\n");
}

Test(log, errno_is_told_and_kept)
{
	log_init("chatd", 1);
	log_plain();
	errno = ENOENT;
	log_warn("open %s", "x");
	cr_expect_eq(errno, ENOENT);
	log_warnx("a");
	log_info("b");
	log_debug("c");
	cr_expect_eq(errno, ENOENT);
	cr_expect_str_eq(caught(),
	    "chatd: open x: No such file or directory\n"
	    "chatd: a\nchatd: b\nchatd: c\n");
}

Test(log, errno_is_kept_when_nobody_reads)
{
	log_init("chatd", 0);
	close(STDERR_FILENO);
	errno = ENOENT;
	log_info("a");
	cr_expect_eq(errno, ENOENT);
}

Test(log, debug_needs_a_v)
{
	log_init("chatd", 0);
	cr_expect_not(log_is_debug());
	log_debug("hidden");
	cr_expect_str_eq(caught(), "");
	log_init("chatd", 2);
	log_plain();
	cr_expect(log_is_debug());
	log_debug("shown");
	cr_expect_str_eq(caught(), "chatd: shown\n");
}

Test(log, foreign_text_cannot_make_lines_or_escapes)
{
	const unsigned char *at;

	log_init("chatd", 0);
	log_plain();
	log_info("nick %s", "\x1b]0;x\a\r\nchatd: forged\x7f\xc2\x9b\xff");
	for (at = (const unsigned char *)caught(); at[1] != '\0'; at++)
		cr_expect(*at >= ' ' && *at != 0x7f, "%02x", *at);
	cr_expect_eq(*at, '\n');
	cr_expect(utf8_valid(written, strlen(written)));
}

Test(log, a_long_line_is_cut_between_clusters)
{
	char letters[200 * sizeof(LETTER)] = "";
	size_t i, len, unit = sizeof(LETTER) - 1;

	log_init("chatd", 0);
	log_plain();
	for (i = 0; i < 200; i++)
		memcpy(letters + i * unit, LETTER, unit + 1);
	log_info("%s", letters);
	len = strlen(caught());
	cr_expect_leq(len, 1024);
	cr_expect_gt(len, 1024 - unit);
	cr_expect_eq(written[len - 1], '\n');
	cr_expect_eq((len - strlen("chatd: \n")) % unit, 0);
}

Test(log, a_line_of_1_KiB_is_whole)
{
	char words[1100];
	int len;

	log_init("chatd", 0);
	log_plain();
	for (len = 1014; len <= 1018; len++) {
		memset(words, 'x', (size_t)len);
		words[len] = '\0';
		cr_assert_eq(ftruncate(sink, 0), 0);
		log_info("%s", words);
		cr_expect_eq(strlen(caught()),
		    len <= 1016 ? (size_t)len + 8 : 1024, "%d", len);
	}
}

Test(log, fatal_ends_with_its_status, .exit_code = 71)
{
	log_init("chatd", 0);
	errno = EADDRINUSE;
	fatal(71, "bind");
}

Test(log, fatalx_ends_with_its_status, .exit_code = 78)
{
	log_init("chatd", 0);
	fatalx(78, "chatd.conf:1: no such setting");
}

static void *
write_many(void *name)
{
	int i;

	for (i = 0; i < 500; i++)
		log_info("%s", (const char *)name);
	return NULL;
}

Test(log, lines_of_threads_do_not_mix)
{
	static char names[4][100];
	pthread_t threads[4];
	const char *line, *end;
	unsigned n = 0, i;

	log_init("chatd", 0);
	log_plain();
	for (i = 0; i < 4; i++) {
		memset(names[i], 'a' + (int)i, sizeof(names[i]) - 1);
		pthread_create(&threads[i], NULL, write_many, names[i]);
	}
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (line = caught(); *line != '\0'; line = end + 1, n++) {
		end = strchr(line, '\n');
		cr_assert_not_null(end);
		cr_assert_eq(end - line, 7 + 99);
		cr_assert_eq(strspn(line + 7, (char[]){ line[7], '\0' }), 99);
	}
	cr_expect_eq(n, 2000);
}
