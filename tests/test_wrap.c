#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "../chat/wrap.h"
#include "text.h"
#include "utf8.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

#define NI	"\xe6\x97\xa5"
#define HON	"\xe6\x9c\xac"
#define OPEN	"\xe3\x80\x8c" /* corner brackets */
#define CLOSE	"\xe3\x80\x8d"
#define STOP	"\xe3\x80\x82"
#define E_ACUTE "e\xcc\x81"

static void
use_utf8(void)
{
	cr_assert_neq(setlocale(LC_ALL, "C.UTF-8"), NULL);
}

TestSuite(wrap, .init = use_utf8);

static const struct {
	const char *text;
	int first, columns;
	const char *rows; /* with | behind each */
} texts[] = {
	{ "", 5, 5, "|" },
	{ "a", 1, 1, "a|" },
	{ "hello", 5, 5, "hello|" },
	{ "hello", 80, 80, "hello|" },
	/* blanks */
	{ "hello world", 5, 5, "hello|world|" },
	{ "hello world", 6, 6, "hello|world|" },
	{ "hello world", 10, 10, "hello|world|" },
	{ "hello world", 11, 11, "hello world|" },
	{ "hello     world", 7, 7, "hello|world|" },
	{ "a b c d", 3, 3, "a b|c d|" },
	{ "a b ", 3, 3, "a b|" },
	{ "a b  ", 4, 4, "a b|" },
	{ "  a b", 3, 3, "  a|b|" },
	{ "     ", 3, 3, "|" },
	{ "     x", 3, 3, "|x|" },
	{ "x   \ny", 1, 1, "x|y|" },
	/* long words */
	{ "abcdefgh", 3, 3, "abc|def|gh|" },
	{ "ab cdefgh", 4, 4, "ab|cdef|gh|" },
	{ "  abcdef", 4, 4, "  ab|cdef|" },
	{ "abc defghijk l", 4, 4, "abc|defg|hijk|l|" },
	/* newlines */
	{ "a\nb", 5, 5, "a|b|" },
	{ "a\n", 5, 5, "a|" },
	{ "\n", 5, 5, "|" },
	{ "\n\n", 5, 5, "||" },
	{ "a\n\nb", 5, 5, "a||b|" },
	{ "abcde\nf", 5, 5, "abcde|f|" },
	/* the first row is of another width */
	{ "aa bb cc dd", 2, 5, "aa|bb cc|dd|" },
	{ "aa bb cc dd", 5, 2, "aa bb|cc|dd|" },
	/* wide ones are not split and break without blanks */
	{ NI HON NI, 4, 4, NI HON "|" NI "|" },
	{ NI HON NI, 5, 5, NI HON "|" NI "|" },
	{ NI HON NI, 1, 1, NI "|" HON "|" NI "|" },
	{ "hi " NI HON NI, 7, 7, "hi " NI HON "|" NI "|" },
	{ "ab" NI "cd", 5, 5, "ab|" NI "cd|" },
	{ NI HON STOP, 4, 4, NI "|" HON STOP "|" },
	{ NI OPEN HON CLOSE, 4, 4, NI "|" OPEN HON "|" CLOSE "|" },
	{ NI NI OPEN HON CLOSE, 6, 6, NI NI "|" OPEN HON CLOSE "|" },
	/* marks stay with their base */
	{ "ab" E_ACUTE "cd", 3, 3, "ab" E_ACUTE "|cd|" },
	{ E_ACUTE E_ACUTE, 1, 1, E_ACUTE "|" E_ACUTE "|" },
};

static void
expect_rows(
    size_t number, struct slice text, int first, int columns, const char *want)
{
	struct wrap w;
	struct wrap_row row;
	struct buf got = { 0 };
	size_t n = 0;

	wrap_start(&w, text, first, columns);
	for (; wrap_next(&w, &row); n++) {
		buf_add(&got, text.at + row.from, row.len);
		buf_add_string(&got, "|");
	}
	cr_expect_str_eq(
	    buf_string(&got), want, "row %zu: '%s'", number, buf_string(&got));
	cr_expect_eq(wrap_count(text, first, columns), n, "row %zu", number);
	buf_done(&got);
}

Test(wrap, rows)
{
	for (size_t i = 0; i < N(texts); i++)
		expect_rows(i, slice_of(texts[i].text), texts[i].first,
		    texts[i].columns, texts[i].rows);
}

Test(wrap, nothing_at_all)
{
	struct slice nothing = { NULL, 0 };
	struct wrap w;
	struct wrap_row row;

	cr_expect_eq(wrap_count(nothing, 3, 3), 1);
	wrap_start(&w, nothing, 3, 3);
	cr_assert(wrap_next(&w, &row));
	cr_expect_eq(row.len, 0);
	cr_expect_not(wrap_next(&w, &row));
}

Test(wrap, too_wide_for_the_row)
{
	struct wrap w;
	struct wrap_row row;

	wrap_start(&w, slice_of("a" NI), 1, 1);
	cr_assert(wrap_next(&w, &row));
	cr_expect_not(row.is_too_wide);
	cr_expect_eq(row.columns, 1);
	cr_assert(wrap_next(&w, &row));
	cr_expect(row.is_too_wide);
	cr_expect_eq(row.columns, 1);
	cr_expect_eq(row.len, 3);
	cr_expect_not(wrap_next(&w, &row));
	cr_expect_not(wrap_next(&w, &row));
}

/* Every row uses something up, begins where the one before ended, and is no
 * wider than it may be; what it leaves out are blanks and a newline. */
static void
expect_whole(struct slice text, int first, int columns)
{
	struct wrap w;
	struct wrap_row row;
	size_t at = 0;
	int most = first;

	wrap_start(&w, text, first, columns);
	while (wrap_next(&w, &row)) {
		cr_assert_eq(row.from, at);
		cr_assert(row.next > at || text.len == 0);
		cr_assert_leq(row.from + row.len, row.next);
		cr_assert_leq(row.columns, most);
		if (!row.is_too_wide)
			cr_assert_eq(row.columns,
			    utf8_width(text.at + row.from, row.len));
		for (size_t i = row.from + row.len; i < row.next; i++)
			cr_assert(text.at[i] == ' ' || text.at[i] == '\n');
		at = row.next;
		most = columns;
	}
	cr_assert_eq(at, text.len);
}

Test(wrap, random_texts, .timeout = 60)
{
	static const char *const parts[] = { "a", "b", " ", " ", "\n", "word",
		"longerword", NI, HON, OPEN, CLOSE, STOP, E_ACUTE,
		"\xf0\x9f\x91\xa8", "\xf0\x9f\x87\xa9", "\xe1\x84\x92",
		"\xe1\x85\xa1", "\xed\x95\x9c", "\xe0\xae\x95\xe0\xaf\x8a" };
	static const int widths[] = { 1, 2, 3, 4, 5, 7, 20, 80, 500 };
	unsigned seed = 7;

	for (int round = 0; round < 2000; round++) {
		struct buf raw = { 0 }, safe = { 0 };
		for (int i = 0; i < 60; i++) {
			seed = seed * 1103515245 + 12345;
			buf_add_string(&raw, parts[(seed >> 16) % N(parts)]);
		}
		text_safe(&safe, buf_slice(&raw), TEXT_LINES);
		for (size_t i = 0; i < N(widths); i++) {
			expect_whole(buf_slice(&safe), widths[i], widths[i]);
			expect_whole(buf_slice(&safe), widths[i],
			    widths[(i + 3) % N(widths)]);
		}
		buf_done(&raw);
		buf_done(&safe);
	}
}

/* 64 KiB without a break, of each kind, in narrow rows. */
Test(wrap, hostile_texts_end, .timeout = 10)
{
	static const char *const parts[] = { "a", " ", "\n", NI, OPEN, E_ACUTE,
		"\xe1\x84\x92", "\xed\x95\x9c", "a ", " \n" };

	for (size_t i = 0; i < N(parts); i++) {
		struct buf raw = { 0 }, safe = { 0 };
		while (raw.len < 65536)
			buf_add_string(&raw, parts[i]);
		text_safe(&safe, buf_slice(&raw), TEXT_LINES);
		expect_whole(buf_slice(&safe), 1, 1);
		expect_whole(buf_slice(&safe), 2, 2);
		expect_whole(buf_slice(&safe), 80, 80);
		buf_done(&raw);
		buf_done(&safe);
	}
}

Test(wrap, works_without_a_utf8_locale)
{
	cr_assert_neq(setlocale(LC_ALL, "C"), NULL);
	expect_rows(0, slice_of(NI HON NI), 2, 2, NI HON "|" NI "|");
	expect_rows(1, slice_of("ab cd"), 3, 3, "ab|cd|");
}
