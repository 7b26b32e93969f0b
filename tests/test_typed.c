#include <locale.h>
#include <string.h>

#include <criterion/criterion.h>

#include "../chat/typed.h"
#include "utf8.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

#define NI     "\xe6\x97\xa5"
#define ACUTE  "\xcc\x81"
#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define MAN    "\xf0\x9f\x91\xa8"
#define RLO    "\xe2\x80\xae"

static void
use_utf8(void)
{
	cr_assert_neq(setlocale(LC_ALL, "C.UTF-8"), NULL);
}

TestSuite(typed, .init = use_utf8);

static const struct {
	const char *text;
	int columns;
	const char *shown; /* rows, with | behind each */
} texts[] = {
	{ "", 5, "|" },
	{ "abc", 5, "abc|" },
	{ "abcd", 5, "abcd|" },
	{ "abcde", 5, "abcde||" },
	{ "abcdef", 5, "abcde|f|" },
	{ "one two", 5, "one t|wo|" },
	{ "a\nb", 5, "a|b|" },
	{ "a\n", 5, "a||" },
	{ "\n", 5, "||" },
	{ "abcde\nf", 5, "abcde||f|" },
	{ "ab", 1, "a|b||" },
	{ NI NI NI, 5, NI NI "|" NI "|" },
	{ NI NI, 4, NI NI "||" },
	{ NI "a", 1, "?|a||" },
	{ "abe" ACUTE "f", 3, "abe" ACUTE "|f|" },
	/* shown made safe, though it is not */
	{ FAMILY "x", 5, MAN "x|" },
	{ "a" RLO "b", 20, "a<U+202E>b|" },
	{ "a" RLO "b", 5, "a?b|" },
	{ "a\xe2\x80\x8b"
	  "b",
	    5, "ab|" },
	/* a joiner between letters stays */
	{ "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae", 9,
	    "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae|" },
};

Test(typed, rows)
{
	for (size_t i = 0; i < N(texts); i++) {
		struct slice text = slice_of(texts[i].text);
		struct typed t;
		struct typed_row row;
		struct buf shown = { 0 };
		typed_start(&t, text, texts[i].columns);
		while (typed_next(&t, &row)) {
			size_t before = shown.len;
			typed_show(&shown,
			    (struct slice){ text.at + row.from, row.len },
			    texts[i].columns);
			struct slice own = buf_slice(&shown);
			if (shown.len > before)
				cr_expect_eq(utf8_width(own.at + before,
						 own.len - before),
				    row.columns, "row %zu", i);
			buf_add_string(&shown, "|");
		}
		cr_expect_str_eq(buf_string(&shown), texts[i].shown,
		    "row %zu: '%s'", i, buf_string(&shown));
		buf_done(&shown);
	}
}

Test(typed, nothing_at_all)
{
	struct typed t;
	struct typed_row row;

	typed_start(&t, (struct slice){ NULL, 0 }, 3);
	cr_assert(typed_next(&t, &row));
	cr_expect_eq(row.len, 0);
	cr_expect_not(typed_next(&t, &row));
}

static const struct {
	const char *text;
	size_t cursor;
	int columns;
	int row, column, rows;
} places[] = {
	{ "", 0, 5, 0, 0, 1 },
	{ "abc", 0, 5, 0, 0, 1 },
	{ "abc", 3, 5, 0, 3, 1 },
	{ "abcde", 4, 5, 0, 4, 2 },
	{ "abcde", 5, 5, 1, 0, 2 },
	{ "abcdef", 5, 5, 1, 0, 2 },
	{ "a\nb", 1, 5, 0, 1, 2 },
	{ "a\nb", 2, 5, 1, 0, 2 },
	{ "a\n", 2, 5, 1, 0, 2 },
	{ "abcde\nf", 5, 5, 1, 0, 3 },
	{ "abcde\nf", 6, 5, 2, 0, 3 },
	{ NI NI NI, 3, 5, 0, 2, 2 },
	{ NI NI NI, 6, 5, 1, 0, 2 },
	{ NI NI NI, 9, 5, 1, 2, 2 },
	{ NI, 3, 1, 1, 0, 2 },
	{ FAMILY "x", 11, 9, 0, 2, 1 },
	{ "a" RLO "b", 4, 20, 0, 9, 1 },
	{ "a" RLO "b", 4, 5, 0, 2, 1 },
	{ "e" ACUTE "x", 3, 9, 0, 1, 1 },
};

Test(typed, place)
{
	for (size_t i = 0; i < N(places); i++) {
		struct typed_place p = typed_place(slice_of(places[i].text),
		    places[i].columns, places[i].cursor);
		cr_expect_eq(p.row, places[i].row, "row %zu: %d", i, p.row);
		cr_expect_eq(
		    p.column, places[i].column, "row %zu: %d", i, p.column);
		cr_expect_eq(p.rows, places[i].rows, "row %zu: %d", i, p.rows);
		cr_expect_eq(typed_at(slice_of(places[i].text),
				 places[i].columns, p.row, p.column),
		    places[i].cursor, "row %zu", i);
	}
}

Test(typed, at)
{
	static const struct {
		const char *text;
		int columns, row, column;
		size_t byte;
	} rows[] = {
		{ "abc", 5, 0, 9, 3 },
		{ "abc", 5, 0, -1, 0 },
		{ "abcdef", 5, 0, 9, 4 }, /* 5 is in the next row */
		{ "abcdef", 5, 1, 9, 6 },
		{ NI NI, 5, 0, 1, 0 },
		{ NI NI, 5, 0, 3, 3 },
		{ NI NI NI, 5, 0, 5, 3 },
		{ "a\nbc", 5, 0, 3, 1 },
		{ "a\nbc", 5, 1, 1, 3 },
		{ "abcde\nf", 5, 0, 5, 4 },
		{ "abcde\nf", 5, 1, 3, 5 },
		{ "", 1, 0, 0, 0 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		size_t at = typed_at(slice_of(rows[i].text), rows[i].columns,
		    rows[i].row, rows[i].column);
		cr_expect_eq(at, rows[i].byte, "row %zu: %zu", i, at);
	}
}
