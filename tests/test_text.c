#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <ncurses.h>

#include "text.h"
#include "utf8.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

#define THUMB  "\xf0\x9f\x91\x8d"
#define TONE   "\xf0\x9f\x8f\xbd"
#define MAN    "\xf0\x9f\x91\xa8"
#define GIRL   "\xf0\x9f\x91\xa7"
#define HEART  "\xe2\x9d\xa4"
#define ZWJ    "\xe2\x80\x8d"
#define ZWNJ   "\xe2\x80\x8c"
#define VS16   "\xef\xb8\x8f"
#define ACUTE  "\xcc\x81"
#define FLAG_D "\xf0\x9f\x87\xa9"
#define FLAG_E "\xf0\x9f\x87\xaa"
#define BAD    "\xef\xbf\xbd"
#define CIRCLE "\xe2\x97\x8c"

static void
use_utf8(void)
{
	cr_assert_neq(setlocale(LC_ALL, "C.UTF-8"), NULL);
}

TestSuite(text, .init = use_utf8);

static const struct {
	const char *in, *out; /* with TEXT_LINES */
} forms[] = {
	{ "", "" },
	{ "plain", "plain" },
	/* controls */
	{ "\x1b[2J", "^[[2J" },
	{ "\x01\x1f\x7f", "^A^_^?" },
	{ "\r\n", "^M\n" },
	{ "\xc2\x9b"
	  "2J\xc2\x80\xc2\x9f",
	    "<9B>2J<80><9F>" },
	{ "\x9b", BAD },
	/* blanks */
	{ "\t|", "    |" },
	{ "abc\td", "abc d" },
	{ "abcd\te", "abcd    e" },
	{ "a\n\tb", "a\n    b" },
	{ "\xe6\x97\xa5\t|", "\xe6\x97\xa5  |" },
	{ "\x1b\t\t|", "^[      |" },
	{ "a\xe2\x80\xa8"
	  "b\xe2\x80\xa9",
	    "a\nb\n" },
	/* direction */
	{ "a\xe2\x80\xae"
	  "b",
	    "a<U+202E>b" },
	{ "\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xaa"
	  "\xe2\x81\xa6\xe2\x81\xa9",
	    "<U+061C><U+200E><U+200F><U+202A><U+2066><U+2069>" },
	/* invisible */
	{ "a\xc2\xad"
	  "b\xe2\x80\x8b"
	  "c\xe2\x81\xa0\xef\xbb\xbf"
	  "d",
	    "abcd" },
	{ "a\xf3\xa0\x81\x81"
	  "b\xf3\xa0\x80\x81",
	    "ab" },
	{ "\xe3\x85\xa4\xe1\x85\x9f", "" },
	{ "a" ZWJ "b" ZWNJ, "ab" },
	{ ZWJ ZWNJ, "" },
	{ "a" VS16, "a" },
	{ "\xe2\x81\xaa\xef\xbf\xb9", "" },
	/* not invisible: between letters that are written together */
	{ "\xd9\x85\xdb\x8c" ZWNJ "\xd8\xae",
	    "\xd9\x85\xdb\x8c" ZWNJ "\xd8\xae" },
	{ "\xe0\xa4\x95\xe0\xa5\x8d" ZWJ "\xe0\xa4\xb7",
	    "\xe0\xa4\x95\xe0\xa5\x8d" ZWJ "\xe0\xa4\xb7" },
	{ "\xd9\x85" ZWNJ " ", "\xd9\x85 " },
	{ "\xe0\xa4\x95" ACUTE ACUTE "\xe0\xa5\x8d" ZWJ "\xe0\xa4\x95",
	    "\xe0\xa4\x95" ACUTE ACUTE "\xe0\xa5\x8d\xe0\xa4\x95" },
	{ "\xd9\x85" ZWNJ ZWNJ "\xd8\xae", "\xd9\x85" ZWNJ "\xd8\xae" },
	{ "\xd9\x85" ZWNJ "a",
	    "\xd9\x85"
	    "a" },
	/* not to be shown */
	{ "\xff\xc0\xaf", BAD BAD BAD },
	{ "\xe2\x82|", BAD "|" },
	{ "\xed\xa0\x80", BAD BAD BAD },
	{ "\xee\x80\x80\xf4\x8f\xbf\xbf", BAD BAD },
	{ "\xcd\xb8\xef\xbf\xbf", BAD BAD },
	{ BAD, BAD },
	/* what libc measures otherwise than terminals */
	{ MAN ZWJ GIRL ZWJ GIRL "!", MAN "!" },
	{ MAN ZWJ GIRL GIRL, MAN GIRL },
	{ MAN TONE ZWJ GIRL TONE, MAN },
	{ HEART VS16 ZWJ MAN, HEART },
	{ MAN ZWJ "a", MAN "a" },
	{ MAN "\xe0\xa5\x8d\xe2\x80\x8b" ZWJ "\xe0\xae\x95",
	    MAN "\xe0\xa5\x8d" ZWJ "\xe0\xae\x95" },
	{ MAN ZWJ, MAN },
	{ MAN ZWNJ GIRL, MAN GIRL },
	{ MAN "\xe2\x80\x8b" ZWJ GIRL, MAN GIRL },
	{ THUMB TONE, THUMB },
	{ TONE "a" TONE, TONE "a" },
	{ HEART VS16, HEART },
	{ "1" VS16 "\xe2\x83\xa3"
	  "2",
	    "12" },
	{ FLAG_D FLAG_E FLAG_D, FLAG_D FLAG_E FLAG_D },
	{ "\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xbf",
	    "\xf0\x9f\x8f\xb4" },
	/* newer than libc's tables */
	{ "\xf0\x9f\xab\xa8", BAD },
	/* marks */
	{ "e" ACUTE ACUTE ACUTE ACUTE "x", "e" ACUTE ACUTE ACUTE ACUTE "x" },
	{ "e" ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE "x",
	    "e" ACUTE ACUTE ACUTE ACUTE "x" },
	{ ACUTE "x", CIRCLE ACUTE "x" },
	{ "a\n" ACUTE, "a\n" CIRCLE ACUTE },
	{ "\x1b" ACUTE, "^[" ACUTE },
	/* Hangul: three jamo, a vowel without any */
	{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab",
	    "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab" },
	{ "x\xe1\x85\xa1", "x" BAD },
	/* Thai, Tamil */
	{ "\xe0\xb8\x99\xe0\xb9\x89\xe0\xb8\xb3",
	    "\xe0\xb8\x99\xe0\xb9\x89\xe0\xb8\xb3" },
	{ "\xe0\xae\x95\xe0\xaf\x8a", "\xe0\xae\x95\xe0\xaf\x8a" },
};

static void
expect_form(size_t row, enum text_mode mode, const char *in, const char *want)
{
	struct buf out = { 0 }, again = { 0 };

	text_safe(&out, slice_of(in), mode);
	cr_expect(slice_is(buf_slice(&out), slice_of(want)),
	    "row %zu: got '%s', want '%s'", row, buf_string(&out), want);
	text_safe(&again, buf_slice(&out), mode);
	cr_expect(slice_is(buf_slice(&again), buf_slice(&out)),
	    "row %zu: twice '%s'", row, buf_string(&again));
	buf_done(&out);
	buf_done(&again);
}

Test(text, safe)
{
	for (size_t i = 0; i < N(forms); i++)
		expect_form(i, TEXT_LINES, forms[i].in, forms[i].out);
}

Test(text, one_line)
{
	expect_form(0, TEXT_ONE_LINE, "a\nb\n", "a b ");
	expect_form(1, TEXT_ONE_LINE, "a\xe2\x80\xa8\x62", "a b");
	expect_form(2, TEXT_ONE_LINE, "a\n\tb", "a   b");
	expect_form(3, TEXT_ONE_LINE, "\n" ACUTE, " " ACUTE);
}

Test(text, appends)
{
	struct buf out = { 0 };

	buf_add_string(&out, "who: ");
	text_safe(&out, SLICE("\ta"), TEXT_LINES);
	text_safe(&out, SLICE(ACUTE), TEXT_LINES);
	cr_expect_str_eq(buf_string(&out), "who:     a" CIRCLE ACUTE);
	text_safe(&out, (struct slice){ NULL, 0 }, TEXT_LINES);
	cr_expect_str_eq(buf_string(&out), "who:     a" CIRCLE ACUTE);
	buf_done(&out);
}

/* Every locale gives text without controls; what libc knows nothing of is
 * replaced only where libc knows anything. */
Test(text, without_a_utf8_locale)
{
	cr_assert_neq(setlocale(LC_ALL, "C"), NULL);
	expect_form(0, TEXT_LINES, "\xf0\x9f\xab\xa8", "\xf0\x9f\xab\xa8");
	expect_form(1, TEXT_LINES, "\xc2\x9b\x1b" THUMB TONE, "<9B>^[" THUMB);
	expect_form(2, TEXT_LINES, ACUTE, CIRCLE ACUTE);
}

/* Each code point alone, and behind a letter: a column at least, no control,
 * and again the same. */
Test(text, every_code_point, .timeout = 60)
{
	struct buf out = { 0 }, again = { 0 };

	for (uint32_t cp = 0; cp < 0x110000; cp++) {
		char in[5] = "a";
		size_t n = utf8_put(cp, in + 1);
		for (size_t skip = 0; skip < 2; skip++) {
			struct slice given = { in + skip, n + 1 - skip };
			buf_clear(&out);
			buf_clear(&again);
			text_safe(&out, given, TEXT_ONE_LINE);
			struct slice got = buf_slice(&out);
			cr_assert(text_is_clean(got, false), "U+%04X", cp);
			if (got.len > 0)
				cr_assert_gt(utf8_cluster_width(got.at,
						 utf8_cluster(got.at, got.len)),
				    0, "U+%04X", cp);
			text_safe(&again, got, TEXT_ONE_LINE);
			cr_assert(
			    slice_is(got, buf_slice(&again)), "U+%04X", cp);
		}
	}
	buf_done(&out);
	buf_done(&again);
}

/* What is promised of widths: curses advances by them. */
Test(text, curses_advances_by_the_width)
{
	FILE *in = fopen("/dev/null", "r"), *out = fopen("/dev/null", "w");
	cr_assert(in != NULL && out != NULL);
	SCREEN *screen = newterm("xterm", out, in);
	cr_assert_neq(screen, NULL, "no terminfo entry for xterm");
	resizeterm(4, 200);

	for (size_t i = 0; i < N(forms); i++) {
		struct buf safe = { 0 };
		wchar_t wide[64];
		text_safe(&safe, slice_of(forms[i].in), TEXT_ONE_LINE);
		size_t n = mbstowcs(wide, buf_string(&safe), N(wide));
		cr_assert_lt(n, N(wide), "row %zu", i);
		erase();
		move(1, 10);
		addnwstr(wide, (int)n);
		int column = getcurx(stdscr) - 10;
		cr_expect_eq(column,
		    utf8_width((const char *)buf_at(&safe), safe.len),
		    "row %zu '%s': %d", i, buf_string(&safe), column);
		buf_done(&safe);
	}
	endwin();
	delscreen(screen);
	fclose(in);
	fclose(out);
}

Test(text, is_clean)
{
	static const struct {
		const char *text;
		bool line, lines; /* clean as one line, as lines */
	} rows[] = {
		{ "", true, true },
		{ "plain text of more than eight", true, true },
		{ "a\nb", false, true },
		{ "eight by\n", false, true },
		{ "\t", false, false },
		{ "\r\n", false, false },
		{ "12345678\x1b", false, false },
		{ "\x7f", false, false },
		{ "\xc2\x80", false, false },
		{ "\xc2\x9f", false, false },
		{ "\xc2\xa0", true, true },
		{ "\xe2\x80\xae", true, true },
		{ BAD, true, true },
		{ "\xff", false, false },
		{ "12345678\xc0\x80", false, false },
		{ "\xed\xa0\x80", false, false },
		{ "\xe2\x82", false, false },
		{ MAN ZWJ GIRL, true, true },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct slice text = slice_of(rows[i].text);
		cr_expect_eq(
		    text_is_clean(text, false), rows[i].line, "row %zu", i);
		cr_expect_eq(
		    text_is_clean(text, true), rows[i].lines, "row %zu", i);
	}
	cr_expect_not(text_is_clean((struct slice){ "a\0b", 3 }, true));
}

Test(text, escape)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "a\nb\tc\\d", "a\\nb\\tc\\\\d" },
		{ "\\n", "\\\\n" },
		{ "\x1b]0;x\x07\xc2\x9b\x7f\r", "^[]0;x^G<9B>^?^M" },
		{ "\xe2\x80\xae\xe2\x80\xa8", "<U+202E>\\n" },
		{ "\xff", BAD },
		{ MAN ZWJ GIRL, MAN ZWJ GIRL },
		{ "e" ACUTE, "e" ACUTE },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct buf out = { 0 };
		text_escape(&out, slice_of(rows[i].in));
		cr_expect_str_eq(buf_string(&out), rows[i].out, "row %zu: '%s'",
		    i, buf_string(&out));
		buf_done(&out);
	}
}
