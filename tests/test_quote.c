#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chat/quote.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static void
set_home(void)
{
	setenv("HOME", "/home/ana", 1);
}

TestSuite(quote, .init = set_home);

static const struct {
	const char *typed;
	const char *paths[4];
	enum quote end;
} lines[] = {
	{ "", { NULL }, QUOTE_NONE },
	{ " \t ", { NULL }, QUOTE_NONE },
	{ "a b  c", { "a", "b", "c" }, QUOTE_NONE },
	{ "a\\ b", { "a b" }, QUOTE_NONE },
	{ "'a b' \"c d\"", { "a b", "c d" }, QUOTE_NONE },
	{ "a' 'b\" \"c", { "a b c" }, QUOTE_NONE },
	{ "'a\\' b", { "a\\", "b" }, QUOTE_NONE },
	{ "\"a\\\"b\\\\c\\d\"", { "a\"b\\c\\d" }, QUOTE_NONE },
	{ "'it'\\''s'", { "it's" }, QUOTE_NONE },
	{ "''", { "" }, QUOTE_NONE },
	{ "a\\", { "a\\" }, QUOTE_NONE },
	{ "'a b", { NULL }, QUOTE_OPEN },
	{ "x \"a", { "x" }, QUOTE_OPEN },
	{ "~/a ~", { "/home/ana/a", "/home/ana" }, QUOTE_NONE },
	{ "'~/a' \\~/a ~b a~/", { "~/a", "~/a", "~b", "a~/" }, QUOTE_NONE },
	{ "file:///a%20b%2", { "/a b%2" }, QUOTE_NONE },
	{ "'file:///caf%C3%a9'", { "/caf\xc3\xa9" }, QUOTE_NONE },
	{ "file://host/a%zz", { "/a%zz" }, QUOTE_NONE },
	{ "file://", { "file://" }, QUOTE_NONE },
	{ "*.c a?b", { "*.c", "a?b" }, QUOTE_NONE },
	{ "$HOME `id`", { "$HOME", "`id`" }, QUOTE_NONE },
};

Test(quote, paths_as_typed)
{
	for (size_t i = 0; i < N(lines); i++) {
		struct slice text = slice_of(lines[i].typed);
		enum quote got = QUOTE_WORD;
		struct buf path = { 0 };
		size_t n = 0;

		while ((got = quote_path(&text, &path)) == QUOTE_WORD) {
			cr_assert_lt(n, 4);
			cr_assert_not_null(
			    lines[i].paths[n], "%s", lines[i].typed);
			cr_expect_str_eq(buf_string(&path), lines[i].paths[n],
			    "%s: %s", lines[i].typed, buf_string(&path));
			n++;
			buf_clear(&path);
		}
		cr_expect_eq(got, lines[i].end, "%s", lines[i].typed);
		cr_expect(
		    n == 4 || lines[i].paths[n] == NULL, "%s", lines[i].typed);
		buf_done(&path);
	}
}

/* What is quoted is read as it was, in each way. */
Test(quote, there_and_back)
{
	static const char *const paths[] = { "a", "a b", "a\tb", "'", "\"",
		"\\", "~", "~/a", "it's \"all\" \\ here", "-- x", "caf\xc3\xa9",
		"a\nb", "-rf", "*" };
	static const char signs[] = { '\0', '\'', '"' };

	for (size_t i = 0; i < N(paths); i++)
		for (size_t j = 0; j < N(signs); j++) {
			struct buf typed = { 0 }, path = { 0 };
			struct slice text;

			if (signs[j] != '\0')
				buf_add(&typed, &signs[j], 1);
			quote_add(&typed, slice_of(paths[i]), signs[j]);
			if (signs[j] != '\0')
				buf_add(&typed, &signs[j], 1);
			text = buf_slice(&typed);
			cr_expect_eq(quote_path(&text, &path), QUOTE_WORD);
			cr_expect_str_eq(buf_string(&path), paths[i], "%s: %s",
			    paths[i], buf_string(&typed));
			cr_expect_eq(text.len, 0);
			buf_done(&typed);
			buf_done(&path);
		}
}

static const struct {
	const char *text;
	size_t from, name;
	char sign;
	unsigned before;
	bool is_behind;
} ends[] = {
	{ "/send ", 6, 6, '\0', 1, false },
	{ "/send a", 6, 6, '\0', 1, false },
	{ "/send a/b", 6, 8, '\0', 1, false },
	{ "/send a\\ b/c d", 13, 13, '\0', 2, false },
	{ "/send 'a b/c", 6, 11, '\'', 1, false },
	{ "/send a -- b", 11, 11, '\0', 3, true },
	{ "/send 'a' \"b", 10, 10, '"', 2, false },
};

Test(quote, the_word_at_the_end)
{
	for (size_t i = 0; i < N(ends); i++) {
		struct quote_word word;

		quote_last(slice_of(ends[i].text), &word);
		cr_expect_eq(word.from, ends[i].from, "%s", ends[i].text);
		cr_expect_eq(word.name, ends[i].name, "%s: %zu", ends[i].text,
		    word.name);
		cr_expect_eq(word.sign, ends[i].sign, "%s", ends[i].text);
		cr_expect_eq(word.before, ends[i].before, "%s", ends[i].text);
		cr_expect_eq(
		    word.is_behind, ends[i].is_behind, "%s", ends[i].text);
	}
}
