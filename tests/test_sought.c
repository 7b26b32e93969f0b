/* Words, and whether they are in a text. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../chatd/sought.h"

Test(sought, words_are_folded)
{
	static const struct {
		const char *text, *words; /* with a blank behind each */
	} rows[] = {
		{ "", "" },
		{ "  ", "" },
		{ "One, two", "one two " },
		{ "a.b_c-d", "a b c d " },
		{ "x2 2x", "x2 2x " },
		{ "\u00c4rger", "arger " },
		{ "A\u0308rger", "arger " },
		{ "stra\u00dfe", "strasse " },
		{ "\u0301x", "x " },
		{ "soft\u00adhyphen", "softhyphen " },
		{ "great\U0001f914work", "great work " },
		{ "\u0439 \u0438", "\u0438 \u0438 " },
		{ "\ufdfa",
		    "\u0635\u0644\u0649\u0627\u0644\u0644\u0647"
		    "\u0639\u0644\u064a\u0647\u0648\u0633\u0644"
		    "\u0645 " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf word = { 0 }, words = { 0 };

		for (size_t at = 0;
		     sought_word(slice_of(rows[i].text), &at, &word);) {
			buf_add_slice(&words, buf_slice(&word));
			buf_add_u8(&words, ' ');
		}
		cr_expect_str_eq(buf_string(&words), rows[i].words, "%s: %s",
		    rows[i].text, buf_string(&words));
		buf_done(&word);
		buf_done(&words);
	}
}

/* Words longer than what is folded at a time. */
Test(sought, words_may_be_long)
{
	char text[300];
	struct buf word = { 0 };
	size_t at = 0;

	memset(text, 'X', sizeof(text));
	cr_expect(
	    sought_word((struct slice){ text, sizeof(text) }, &at, &word));
	cr_expect_eq(word.len, sizeof(text));
	cr_expect_eq(at, sizeof(text));
	cr_expect_eq(buf_at(&word)[299], 'x');
	buf_done(&word);
}

Test(sought, an_expression_is_only_words)
{
	static const struct {
		const char *words, *expression;
	} rows[] = {
		{ "", "" },
		{ " ... \"\" ", "" },
		{ "one", "\"one\"" },
		{ "one  two\nthree", "\"one\" \"two\" \"three\"" },
		{ "NEAR(a b", "\"NEAR(a\" \"b\"" },
		{ "say\"so\"", "\"say\"\"so\"\"\"" },
		{ "-x *", "\"-x\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };

		sought_expression(slice_of(rows[i].words), &out);
		cr_expect_str_eq(buf_string(&out), rows[i].expression);
		buf_done(&out);
	}
}

Test(sought, nothing_is_nowhere)
{
	struct sought nothing = { 0 };

	cr_expect_not(sought_is_in(&nothing, SLICE("something")));
	sought_done(&nothing);
}
