#include <criterion/criterion.h>

#include "words.h"

Test(words, are_runs_of_letters_and_digits)
{
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {
		{ "", 0 },
		{ " \n", 0 },
		{ "\"*-()^+:{}", 0 },
		{ "one", 1 },
		{ "one two", 2 },
		{ " one,two. ", 2 },
		{ "foo_bar.c", 3 },
		{ "don't", 2 },
		{ "42", 1 },
		{ "r2d2", 1 },
		{ "na\u00efve \u00fcber", 2 },
		{ "nai\u0308ve", 1 },
		{ "\u0308", 0 },
		{ "\u0308ve", 1 },
		{ "\u65e5\u672c\u8a9e \u0440\u0443\u0441", 2 },
		{ "\u2615", 0 },
		{ "a\u2615b", 2 },
		{ "\xff\xfe", 0 },
		{ "a NEAR b OR c*", 5 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect_eq(words_count(slice_of(rows[i].text), 100),
		    rows[i].n, "%s", rows[i].text);
}

Test(words, are_counted_up_to_a_number)
{
	cr_expect_eq(words_count(SLICE("a b c d"), 3), 3);
	cr_expect_eq(words_count(SLICE("a b c d"), 4), 4);
	cr_expect_eq(words_count(SLICE("a b c d"), 5), 4);
	cr_expect_eq(words_count(SLICE("a b c d"), 0), 0);
}
