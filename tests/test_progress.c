#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../chat/autoget.h"
#include "../chat/files.h"
#include "../chat/progress.h"
#include "../chat/sizes.h"
#include "utf8.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static void
use_utf8(void)
{
	setenv("HOME", "/home/ana", 1);
	cr_assert_neq(setlocale(LC_CTYPE, "C.UTF-8"), NULL);
}

TestSuite(progress, .init = use_utf8);

/* ---- sizes ---- */

Test(progress, sizes)
{
	static const struct {
		uint64_t bytes;
		const char *words, *exact;
	} sizes[] = {
		{ 0, "0 B", "0 bytes" },
		{ 1, "1 B", "1 byte" },
		{ 999, "999 B", "999 bytes" },
		{ 1000, "1.0 kB", "1,000 bytes" },
		{ 9999, "9.9 kB", "9,999 bytes" },
		{ 10000, "10 kB", "10,000 bytes" },
		{ 999999, "999 kB", "999,999 bytes" },
		{ 14231552, "14 MB", "14,231,552 bytes" },
		{ 5368709120, "5.3 GB", "5,368,709,120 bytes" },
		{ UINT64_MAX - 1, "18 EB", "18,446,744,073,709,551,614 bytes" },
	};

	for (size_t i = 0; i < N(sizes); i++) {
		struct buf b = { 0 };
		sizes_words(&b, sizes[i].bytes);
		cr_expect_str_eq(buf_string(&b), sizes[i].words);
		buf_clear(&b);
		sizes_exact(&b, sizes[i].bytes);
		cr_expect_str_eq(buf_string(&b), sizes[i].exact);
		buf_done(&b);
	}
}

Test(progress, sizes_as_typed)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 1: it is none */
	} sizes[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "10M", 10000000 },
		{ "2g", 2000000000 },
		{ "3k", 3000 },
		{ "1T", 1000000000000 },
		{ "", 1 },
		{ "M", 1 },
		{ "-5", 1 },
		{ "+5", 1 },
		{ " 5", 1 },
		{ "5 M", 1 },
		{ "5MB", 1 },
		{ "5x", 1 },
		{ "99999999999999999999", 1 },
		{ "99999999999T", 1 },
	};

	for (size_t i = 0; i < N(sizes); i++) {
		uint64_t bytes = 1;
		bool is = sizes_parse(sizes[i].text, &bytes);
		cr_expect_eq(is, sizes[i].bytes != 1, "%s", sizes[i].text);
		if (is)
			cr_expect_eq(bytes, sizes[i].bytes);
	}
}

/* ---- transfers ---- */

static struct transfer
moving(void)
{
	static char name[] = "report.pdf", path[] = "/home/ana/report.pdf";

	return (struct transfer){ .number = 3,
		.state = TRANSFER_MOVING,
		.file = 12,
		.name = name,
		.path = path,
		.size = 14231552,
		.moved = 6119567,
		.shown = 6119567,
		.rate = 2300000,
		.began_ms = 1000,
		.ended_ms = 4200 };
}

static void
check(const struct transfer *t, int columns, const char *expected)
{
	struct buf b = { 0 };

	progress_words(&b, t, columns);
	cr_expect_str_eq(
	    buf_string(&b), expected, "%d: %s", columns, buf_string(&b));
	if (t->state == TRANSFER_MOVING && columns >= 15)
		cr_expect_leq(utf8_width((char *)b.data, b.len), columns);
	buf_done(&b);
}

Test(progress, less_where_there_is_less_room)
{
	static char name[] = "a very long name of a very long report.pdf";
	struct transfer t = moving();

	check(&t, 61, "report.pdf [####------]  42%  6.1/14 MB 2.3 MB/s  0:04");
	check(&t, 53, "report.pdf [####------]  42% 2.3 MB/s  0:04");
	check(&t, 40, "report.pdf [##----]  42% 2.3 MB/s  0:04");
	check(&t, 30, "report.pdf [##----]  42%  0:04");
	check(&t, 25, "report.pdf  42%  0:04");
	check(&t, 15, "report.pdf  42%");
	check(&t, 8, "re~  42%");
	t.name = name;
	check(&t, 61,
	    "a very long name~ [####------]  42%  6.1/14 MB 2.3 MB/s  0:04");
	check(&t, 30, "a very lo~ [##----]  42%  0:04");
	t.rate = 0;
	check(&t, 61,
	    "a very long name~ [####------]  42%  6.1/14 MB               ");
	t.size = SIZES_UNKNOWN;
	check(&t, 61,
	    "a very long name of a very long re~     6.1 MB               ");
}

Test(progress, states_have_words)
{
	struct transfer t = moving();

	t.state = TRANSFER_PAUSED;
	check(&t, 61, "report.pdf [####------]  42%  6.1/14 MB paused");
	check(&t, 31, "report.pdf [##----]  42% paused");
	t.state = TRANSFER_HELD;
	snprintf(t.why, sizeof(t.why), "the server's disk is full");
	check(&t, 61,
	    "report.pdf [####------]  42%  6.1/14 MB held: the server's disk "
	    "is full");
	t.state = TRANSFER_FAILED;
	check(&t, 61, "report.pdf was not fetched: the server's disk is full");
	t.is_upload = true;
	check(&t, 61, "report.pdf was not sent: the server's disk is full");
	t.state = TRANSFER_CANCELLED;
	check(&t, 61, "report.pdf: cancelled");
	t.state = TRANSFER_DONE;
	memset(&t.hash, 0x47, sizeof(t.hash));
	check(&t, 61, "sent report.pdf, 14 MB, in 3 s, sha256 47474747...");
	t.is_upload = false;
	check(&t, 61,
	    "got report.pdf, 14 MB, in 3 s, sha256 47474747..., as "
	    "~/report.pdf");
	t.ended_ms = 1999;
	t.path = t.path + 9;
	check(&t, 61,
	    "got report.pdf, 14 MB, at once, sha256 47474747..., as "
	    "/report.pdf");
	t.state = TRANSFER_WAITING;
	t.name = t.path + strlen(t.path);
	t.size = SIZES_UNKNOWN;
	t.shown = 0;
	t.why[0] = '\0';
	check(&t, 61, "file 12        0 B waiting");
}

Test(progress, the_sum_of_what_moves)
{
	struct transfer a = moving(), b = moving(), c = moving();
	struct buf sum = { 0 };

	a.next = &b;
	b.next = &c;
	c.state = TRANSFER_DONE;
	progress_sum(&sum, &a);
	cr_expect_str_eq(buf_string(&sum), "2 files 42% 4.6 MB/s");
	buf_clear(&sum);
	a.state = TRANSFER_PAUSED;
	b.rate = 0;
	b.size = SIZES_UNKNOWN;
	progress_sum(&sum, &a);
	cr_expect_str_eq(buf_string(&sum), "1 file");
	buf_clear(&sum);
	progress_sum(&sum, NULL);
	cr_expect_eq(sum.len, 0);
	buf_done(&sum);
}

/* ---- entries ---- */

Test(progress, entries_of_files)
{
	static const struct {
		enum entry_kind kind;
		const char *text, *words;
	} entries[] = {
		{ ENTRY_FILE, "12 14231552 1795801743395 report.pdf",
		    "ana sends report.pdf, 14 MB (/get 12)" },
		{ ENTRY_FILE, "12 - - a b.pdf\nthe\nplan",
		    "ana sends a b.pdf (/get 12)\nthe\nplan" },
		{ ENTRY_ARRIVED, "12 14231552 473df52c11223344 a b.pdf",
		    "a b.pdf is there: 14,231,552 bytes, sha256 473df52c..." },
		{ ENTRY_WITHDRAWN, "12 a b.pdf", "a b.pdf is gone" },
		{ ENTRY_WITHDRAWN, "12 a b.pdf\nold", "a b.pdf is gone: old" },
		/* What is not understood is shown as it is. */
		{ ENTRY_FILE, "", "" },
		{ ENTRY_FILE, "x 1 2 a", "x 1 2 a" },
		{ ENTRY_FILE, "12 1 2", "12 1 2" },
		{ ENTRY_FILE, "99999999999999999999 1 2 a",
		    "99999999999999999999 1 2 a" },
		{ ENTRY_ARRIVED, "12\n", "12\n" },
	};

	for (size_t i = 0; i < N(entries); i++) {
		struct buf b = { 0 };
		files_words(&b, entries[i].kind, SLICE("ana"),
		    slice_of(entries[i].text));
		cr_expect_str_eq(
		    buf_string(&b), entries[i].words, "%s", buf_string(&b));
		buf_done(&b);
	}
}

/* ---- rules ---- */

Test(progress, who_may_send_unasked)
{
	struct autoget *rules = NULL;

	cr_expect_not(autoget_takes(rules, SLICE("ana"), SLICE("#dev"), 0));
	autoget_set(&rules, SLICE("*"), 10);
	autoget_set(&rules, SLICE("#Dev"), 100);
	autoget_set(&rules, SLICE("ana"), 1000);
	cr_expect(autoget_takes(rules, SLICE("Ana"), SLICE("#dev"), 1000));
	cr_expect_not(autoget_takes(rules, SLICE("ana"), SLICE("#dev"), 1001));
	cr_expect(autoget_takes(rules, SLICE("bob"), SLICE("#dev"), 100));
	cr_expect_not(autoget_takes(rules, SLICE("bob"), SLICE("#dev"), 101));
	cr_expect(autoget_takes(rules, SLICE("bob"), SLICE("#ops"), 10));
	cr_expect_not(autoget_takes(rules, SLICE("bob"), SLICE("#ops"), 11));
	autoget_set(&rules, SLICE("ANA"), 5);
	cr_expect_not(autoget_takes(rules, SLICE("ana"), SLICE("#dev"), 6));
	autoget_set(&rules, SLICE("ana"), 0);
	cr_expect(autoget_takes(rules, SLICE("ana"), SLICE("#dev"), 6));
	autoget_set(&rules, SLICE(""), 0);
	cr_expect_null(rules);
}
