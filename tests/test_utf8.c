#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "utf8.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static void
use_utf8(void)
{
	cr_assert_neq(setlocale(LC_ALL, "C.UTF-8"), NULL);
}

TestSuite(utf8, .init = use_utf8);

static const struct {
	const char *bytes;
	size_t len;
	bool is_valid;
} validity[] = {
	{ "", 0, true },
	{ "a\0b", 3, true },
	{ "\x7f", 1, true },
	{ "\xc2\x80", 2, true },
	{ "\xdf\xbf", 2, true },
	{ "\xe0\xa0\x80", 3, true },
	{ "\xed\x9f\xbf", 3, true },
	{ "\xee\x80\x80", 3, true },
	{ "\xef\xbf\xbf", 3, true },
	{ "\xf0\x90\x80\x80", 4, true },
	{ "\xf4\x8f\xbf\xbf", 4, true },
	{ "\x80", 1, false },
	{ "\xbf", 1, false },
	{ "\xc0\x80", 2, false },
	{ "\xc1\xbf", 2, false },
	{ "\xc2", 1, false },
	{ "\xc2\x41", 2, false },
	{ "\xe0\x9f\xbf", 3, false },
	{ "\xe2\x82", 2, false },
	{ "\xed\xa0\x80", 3, false },
	{ "\xed\xbf\xbf", 3, false },
	{ "\xf0\x8f\xbf\xbf", 4, false },
	{ "\xf4\x90\x80\x80", 4, false },
	{ "\xf5\x80\x80\x80", 4, false },
	{ "\xf8\x88\x80\x80\x80", 5, false },
	{ "\xff", 1, false },
};

/* Each also behind and before so many plain bytes that words of 8 of them are
 * skipped. */
Test(utf8, valid)
{
	for (size_t i = 0; i < N(validity); i++) {
		for (size_t before = 0; before < 18; before++) {
			char text[64];
			memset(text, 'x', sizeof(text));
			memcpy(
			    text + before, validity[i].bytes, validity[i].len);
			cr_expect_eq(utf8_valid(text, before + validity[i].len),
			    validity[i].is_valid, "row %zu behind %zu", i,
			    before);
			cr_expect_eq(utf8_valid(text, sizeof(text)),
			    validity[i].is_valid, "row %zu inside", i);
		}
	}
}

Test(utf8, plain_ends_at_the_first_other_byte)
{
	for (int byte = 0; byte < 256; byte++) {
		bool is_plain = byte >= 0x20 && byte < 0x7f;
		for (size_t at = 0; at < 24; at++) {
			char text[24];
			memset(text, at % 2 == 0 ? ' ' : '~', sizeof(text));
			text[at] = (char)byte;
			cr_assert_eq(utf8_plain(text, sizeof(text)),
			    is_plain ? sizeof(text) : at, "%02x at %zu", byte,
			    at);
		}
	}
	cr_assert_eq(utf8_plain("", 0), 0);
}

/* Unicode 3.9, table 3-8 and others: the code points of a broken string. */
Test(utf8, next_replaces_maximal_subparts)
{
	static const struct {
		const char *bytes;
		const char *lengths; /* of each step */
		const char *good;    /* which of them are no U+FFFD */
	} rows[] = {
		{ "\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64",
		    "1321111111", "1000101001" },
		{ "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "111111111",
		    "000000001" },
		{ "\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "111111111",
		    "000000001" },
		{ "\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "111111111",
		    "000001001" },
		{ "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "21321", "00001" },
		{ "\xe2\x82\xac", "3", "1" },
	};

	for (size_t i = 0; i < N(rows); i++) {
		size_t len = strlen(rows[i].bytes), at = 0, step = 0, used;
		for (; at < len; at += used, step++) {
			uint32_t cp =
			    utf8_next(rows[i].bytes + at, len - at, &used);
			cr_assert_lt(step, strlen(rows[i].lengths));
			cr_expect_eq(used,
			    (size_t)(rows[i].lengths[step] - '0'),
			    "row %zu step %zu: %zu", i, step, used);
			cr_expect_eq(cp != 0xfffd, rows[i].good[step] == '1',
			    "row %zu step %zu: U+%04X", i, step, cp);
		}
		cr_expect_eq(step, strlen(rows[i].lengths), "row %zu", i);
	}
}

Test(utf8, put_and_next_agree_on_every_code_point)
{
	for (uint32_t cp = 0; cp < 0x110000 + 16; cp++) {
		char bytes[4];
		size_t used, n = utf8_put(cp, bytes);
		bool is_there = cp < 0xd800 || (cp > 0xdfff && cp < 0x110000);
		cr_assert_eq(n != 0, is_there, "U+%04X", cp);
		if (n == 0)
			continue;
		cr_assert_eq(utf8_next(bytes, n, &used), cp);
		cr_assert_eq(used, n);
		cr_assert(utf8_valid(bytes, n));
	}
}

/* Clusters with | between them, and columns as libc counts. */
static const struct {
	const char *text;
	int columns;
} strings[] = {
	{ "", 0 },
	{ "a|b| |c", 4 },
	{ "e\xcc\x81|x", 2 },
	{ "\xe6\x97\xa5|\xe6\x9c\xac", 4 },
	/* two flags and half a flag */
	{ "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa|\xf0\x9f\x87\xab\xf0\x9f\x87\xb7|"
	  "\xf0\x9f\x87\xa9",
	    5 },
	/* a thumb with a tone, a family: what curses makes of it */
	{ "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd|!", 5 },
	{ "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d"
	  "\xf0\x9f\x91\xa7|x",
	    7 },
	/* Hangul: a syllable, the same of three jamo */
	{ "\xed\x95\x9c|\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 4 },
	/* Tamil ni-ko with spacing marks */
	{ "\xe0\xae\xa8\xe0\xae\xbf|\xe0\xae\x95\xe0\xaf\x8a", 4 },
	{ "a|\n|b", 3 },
	{ "\r\n|\n|\r", 4 },
	/* broken bytes are clusters of their own */
	{ "\xff|\xe2\x82|x", 3 },
};

static size_t
without_bars(const char *text, char *out)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		if (*text != '|')
			out[n++] = *text;
	return n;
}

Test(utf8, clusters_forward_backward_and_widths)
{
	for (size_t i = 0; i < N(strings); i++) {
		char text[128];
		size_t len = without_bars(strings[i].text, text), at = 0;
		size_t starts[32], n = 0;
		int columns = 0;

		for (const char *p = strings[i].text; at < len; n++) {
			size_t want = strcspn(p, "|");
			starts[n] = at;
			size_t got = utf8_cluster(text + at, len - at);
			cr_assert_eq(
			    got, want, "row %zu at %zu: %zu", i, at, got);
			columns += utf8_cluster_width(text + at, got);
			at += got;
			p += want + (p[want] == '|');
		}
		while (at > 0) {
			at = utf8_cluster_before(text, at);
			cr_assert_eq(
			    at, starts[--n], "row %zu back: %zu", i, at);
		}
		cr_expect_eq(
		    columns, strings[i].columns, "row %zu: %d", i, columns);
		cr_expect_eq(utf8_width(text, len), columns);
	}
}

Test(utf8, cluster_of_nothing_is_nothing)
{
	cr_assert_eq(utf8_cluster("", 0), 0);
	cr_assert_eq(utf8_width("", 0), 0);
	cr_assert_eq(utf8_fit("", 0, 10), 0);
}

/* Random strings of code points that join in all ways: the way back meets the
 * way forward, and what fits is what the sum of clusters says. */
Test(utf8, back_and_fit_agree_with_forward)
{
	static const char *const parts[] = { "a", " ", "\n", "\r", "\xcc\x81",
		"\xe2\x80\x8d", "\xf0\x9f\x91\xa8", "\xf0\x9f\x87\xa9",
		"\xe1\x84\x92", "\xe1\x85\xa1", "\xe1\x86\xab", "\xed\x95\x9c",
		"\xd8\x80", "\xe0\xae\xbf", "\xe6\x97\xa5", "\xff", "\xe2\x82",
		"\x80" };
	unsigned seed = 1;

	for (int round = 0; round < 3000; round++) {
		char text[64];
		size_t starts[17], len = 0, n = 0;
		for (int i = 0; i < 16; i++) {
			seed = seed * 1103515245 + 12345;
			const char *part = parts[(seed >> 16) % N(parts)];
			memcpy(text + len, part, strlen(part));
			len += strlen(part);
		}
		for (size_t at = 0; at < len;
		     at += utf8_cluster(text + at, len - at))
			starts[n++] = at;
		starts[n] = len;
		int width = 0, most = utf8_width(text, len);
		for (size_t i = 0; i < n; i++) {
			size_t end = starts[i + 1];
			cr_assert_eq(utf8_cluster_before(text, end), starts[i],
			    "round %d at %zu", round, end);
			int own = utf8_cluster_width(
			    text + starts[i], end - starts[i]);
			if (own > 0)
				cr_assert_eq(
				    utf8_fit(text, len, width + own - 1),
				    starts[i], "round %d fit %d", round,
				    width + own - 1);
			width += own;
		}
		cr_assert_eq(width, most);
		cr_assert_eq(utf8_fit(text, len, most), len);
	}
}

Test(utf8, fit)
{
	static const struct {
		const char *text;
		int columns;
		size_t bytes;
	} rows[] = {
		{ "hello", 0, 0 },
		{ "hello", -3, 0 },
		{ "hello", 3, 3 },
		{ "hello", 5, 5 },
		{ "hello", 80, 5 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 1, 0 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 3, 3 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4, 6 },
		{ "ae\xcc\x81x", 2, 4 },
		{ "ae\xcc\x81", 1, 1 },
		{ "0123456789abcdefe\xcc\x81", 16, 16 },
		{ "0123456789abcdefe\xcc\x81", 17, 19 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		size_t got = utf8_fit(
		    rows[i].text, strlen(rows[i].text), rows[i].columns);
		cr_expect_eq(got, rows[i].bytes, "row %zu: %zu", i, got);
	}
}

/* A page without a single break between clusters, and one of nothing but
 * broken bytes: no step may cost the square of the length. */
Test(utf8, hostile_lengths_end, .timeout = 10)
{
	static const char *const parts[] = { "\xcc\x81", "\xe1\x84\x92",
		"\xd8\x80", "\xf0\x9f\x87\xa9", "\x80", "\xe2\x80\x8d" };
	size_t len = 65536;
	char *text = malloc(len);

	cr_assert_neq(text, NULL);
	for (size_t i = 0; i < N(parts); i++) {
		size_t n = strlen(parts[i]);
		for (size_t at = 0; at < len; at++)
			text[at] = parts[i][at % n];
		size_t whole = len - len % n;
		cr_expect_gt(utf8_cluster(text, whole), 0);
		cr_expect_lt(utf8_cluster_before(text, whole), whole);
		cr_expect_geq(utf8_width(text, whole), 0);
	}
	free(text);
}

Test(utf8, without_a_utf8_locale_all_is_one_column)
{
	cr_assert_neq(setlocale(LC_ALL, "C"), NULL);
	cr_expect_eq(utf8_width("\xe6\x97\xa5\xe6\x9c\xac", 6), 2);
	cr_expect_eq(utf8_width("abc", 3), 3);
	cr_expect_eq(utf8_fit("\xe6\x97\xa5\xe6\x9c\xac", 6, 1), 3);
}
