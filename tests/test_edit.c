#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "../chat/edit.h"
#include "text.h"
#include "utf8.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

#define ACUTE  "\xcc\x81"
#define NI     "\xe6\x97\xa5"
#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define FLAG   "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"

static struct kills kills;
static struct edit *edit;

static void
begin(void)
{
	cr_assert_neq(setlocale(LC_ALL, "C.UTF-8"), NULL);
	edit = edit_new(&kills);
}

static void
end(void)
{
	edit_free(edit);
	kills_done(&kills);
}

TestSuite(edit, .init = begin, .fini = end);

/* One sign of a script, as keys are written below; false: nothing changed. */
static bool
act(char sign)
{
	static const struct {
		char sign;
		bool (*function)(struct edit *, enum edit_to);
		enum edit_to to;
	} ways[] = {
		{ 'l', edit_move, EDIT_LEFT },
		{ 'r', edit_move, EDIT_RIGHT },
		{ 'b', edit_move, EDIT_WORD_LEFT },
		{ 'f', edit_move, EDIT_WORD_RIGHT },
		{ 'g', edit_move, EDIT_BLANK_LEFT },
		{ 'a', edit_move, EDIT_LINE_START },
		{ 'e', edit_move, EDIT_LINE_END },
		{ '<', edit_move, EDIT_START },
		{ '>', edit_move, EDIT_END },
		{ 'h', edit_delete, EDIT_LEFT },
		{ 'd', edit_delete, EDIT_RIGHT },
		{ 'H', edit_delete, EDIT_WORD_LEFT },
		{ 'w', edit_kill, EDIT_BLANK_LEFT },
		{ 'W', edit_kill, EDIT_WORD_LEFT },
		{ 'D', edit_kill, EDIT_WORD_RIGHT },
		{ 'k', edit_kill, EDIT_LINE_END },
		{ 'u', edit_kill, EDIT_LINE_START },
	};

	for (size_t i = 0; i < N(ways); i++)
		if (ways[i].sign == sign)
			return ways[i].function(edit, ways[i].to);
	switch (sign) {
	case 'y':
		return edit_yank(edit);
	case 'p':
		return edit_yank_pop(edit);
	case 't':
		return edit_transpose(edit);
	case 'U':
		return edit_change_case(edit, EDIT_UPPER);
	case 'L':
		return edit_change_case(edit, EDIT_LOWER);
	case 'C':
		return edit_change_case(edit, EDIT_CAPITAL);
	case 'z':
		return edit_undo(edit);
	case 'Z':
		return edit_redo(edit);
	default:
		cr_assert_fail("no such sign: %c", sign);
		return false;
	}
}

/* "+x" types x, any other sign acts; the last one's result. */
static bool
play(const char *script)
{
	bool is_changed = false;

	for (; *script != '\0'; script++) {
		if (*script == '+')
			is_changed =
			    edit_type(edit, (struct slice){ ++script, 1 });
		else
			is_changed = act(*script);
	}
	return is_changed;
}

/* Text with "|" where the cursor is. */
static void
put(const char *text)
{
	size_t cursor = strcspn(text, "|");
	struct buf whole = { 0 };

	cr_assert_eq(text[cursor], '|');
	buf_add(&whole, text, cursor);
	buf_add_string(&whole, text + cursor + 1);
	edit_reset(edit);
	edit_paste(edit, buf_slice(&whole));
	edit_move(edit, EDIT_START);
	while (edit_cursor(edit) < cursor && edit_move(edit, EDIT_RIGHT))
		;
	cr_assert_eq(edit_cursor(edit), cursor, "'%s'", text);
	buf_done(&whole);
}

static void
expect(const char *want, const char *where, size_t row)
{
	struct slice text = edit_text(edit);
	struct buf got = { 0 };

	buf_add(&got, text.at, edit_cursor(edit));
	buf_add_string(&got, "|");
	buf_add(
	    &got, text.at + edit_cursor(edit), text.len - edit_cursor(edit));
	cr_expect_str_eq(buf_string(&got), want, "%s %zu: '%s', not '%s'",
	    where, row, buf_string(&got), want);
	buf_done(&got);
}

static const struct {
	const char *before, *script, *after;
	bool is_changed; /* by the last sign */
} acts[] = {
	{ "|", "+a+b", "ab|", true },
	{ "a|c", "+b", "ab|c", true },
	/* moving, by clusters */
	{ "ab|", "l", "a|b", true },
	{ "|ab", "l", "|ab", false },
	{ "ab|", "r", "ab|", false },
	{ "xe" ACUTE "|y", "l", "x|e" ACUTE "y", true },
	{ "x|" FAMILY "y", "r", "x" FAMILY "|y", true },
	{ FLAG FLAG "|", "l", FLAG "|" FLAG, true },
	{ "|", "lrbfgae<>", "|", false },
	/* words */
	{ "one two|", "b", "one |two", true },
	{ "one two  |", "b", "one |two  ", true },
	{ "one, (two)|", "b", "one, (|two)", true },
	{ "|one two", "f", "one| two", true },
	{ "one| two", "f", "one two|", true },
	{ "one two-three|", "g", "one |two-three", true },
	{ "one\ntwo|", "g", "one\n|two", true },
	{ "e" ACUTE "e" ACUTE "|", "b", "|e" ACUTE "e" ACUTE, true },
	/* lines */
	{ "one\ntw|o\nx", "a", "one\n|two\nx", true },
	{ "one\ntw|o\nx", "e", "one\ntwo|\nx", true },
	{ "one\ntw|o\nx", "<", "|one\ntwo\nx", true },
	{ "one\ntw|o\nx", ">", "one\ntwo\nx|", true },
	/* deleting */
	{ "ab|c", "h", "a|c", true },
	{ "|abc", "h", "|abc", false },
	{ "ab|c", "d", "ab|", true },
	{ "abc|", "d", "abc|", false },
	{ "x" FAMILY "|", "h", "x|", true },
	{ "|e" ACUTE "x", "d", "|x", true },
	{ "a\n|b", "h", "a|b", true },
	{ "one two|", "H", "one |", true },
	{ "one two|", "Hy", "one |", false },
	/* killing */
	{ "one two| x", "wy", "one two| x", true },
	{ "one two|", "wwy", "one two|", true },
	{ "|one two", "DDy", "one two|", true },
	{ "one two-|", "W", "one |", true },
	{ "ab|cd\nx", "k", "ab|\nx", true },
	{ "ab|cd\nx", "kk", "ab|x", true },
	{ "ab|cd\nx", "kkky", "abcd\nx|", true },
	{ "a\nbc|d", "u", "a\n|d", true },
	{ "a\nbc|d", "uu", "a|d", true },
	{ "a\nbc|d", "uuy", "a\nbc|d", true },
	{ "ab|", "k", "ab|", false },
	{ "|ab", "u", "|ab", false },
	{ "ab cd|", "wlway", "ab| ", true }, /* not in a row: only the last */
	{ "ab cd|", "wlwyp", "cd| ", true },
	{ "ab cd|", "wlwypp", "ab| ", true },
	{ "ab cd|", "wlwyppz", "cd| ", true },
	{ "ab cd|", "wyrp", "ab cd|", false },
	/* transposing */
	{ "ab|c", "t", "acb|", true },
	{ "abc|", "t", "acb|", true },
	{ "ab|\nc", "t", "ba|\nc", true },
	{ "|abc", "t", "|abc", false },
	{ "a\n|bc", "t", "a\n|bc", false },
	{ "a|", "t", "a|", false },
	{ "xe" ACUTE "|y", "t", "xye" ACUTE "|", true },
	/* case */
	{ "one |two three", "U", "one TWO| three", true },
	{ "one| two three", "C", "one Two| three", true },
	{ "|ONE", "L", "one|", true },
	{ "|oNE", "C", "One|", true },
	{ "|\xc3\xa9t\xc3\xa9", "U", "\xc3\x89T\xc3\x89|", true },
	{ "|ONE", "U", "ONE|", true },
	{ "|ONE", "Uz", "|", true }, /* which undid the paste */
	{ "one|", "U", "one|", false },
	/* undo */
	{ "|", "+a+bz", "|", true },
	{ "|", "+a+bzZ", "ab|", true },
	{ "|", "+a+b+ + +cz", "ab  |", true },
	{ "|", "+a+b+ + +czz", "|", true },
	{ "|", "+a+blr+cz", "ab|", true },
	{ "|", "+a+bz+xZ", "x|", false },
	{ "|", "z", "|", false },
	{ "|", "Z", "|", false },
	{ "ab cd|", "hhhz", "ab |", true },
	{ "ab cd|", "hhhzz", "ab cd|", true },
	{ "ab cd|", "hhhzzZ", "ab |", true },
	{ "|ab cd", "dddz", "| cd", true },
	{ "|ab cd", "dddzz", "|ab cd", true },
	{ "a|bcd", "dhz", "a|bcd", true },
	{ "ab|cd", "kuzz", "ab|cd", true },
	{ "ab|cd", "kuzzZZ", "|", true },
	{ "ab|", "t+xzz", "ab|", true },
};

Test(edit, acts)
{
	for (size_t i = 0; i < N(acts); i++) {
		kills_done(&kills);
		put(acts[i].before);
		bool is_changed = play(acts[i].script);
		expect(acts[i].after, "row", i);
		cr_expect_eq(is_changed, acts[i].is_changed, "row %zu", i);
	}
}

Test(edit, paste_is_cleaned)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "a\r\nb\rc\nd\n\re", "a\nb\nc\nd\n\ne" },
		{ "a\tb", "a    b" },
		{ "a\x1b[31m\x07\x7f\xc2\x9b"
		  "b",
		    "a[31mb" },
		{ "a\xff\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd" },
		{ "/quit\n", "/quit\n" },
		{ FAMILY, FAMILY },
	};

	for (size_t i = 0; i < N(rows); i++) {
		edit_reset(edit);
		cr_expect(edit_paste(edit, slice_of(rows[i].in)));
		cr_expect(slice_is(edit_text(edit), slice_of(rows[i].out)),
		    "row %zu", i);
	}
	edit_reset(edit);
	cr_expect(edit_paste(edit, (struct slice){ "a\0b", 3 }));
	expect("ab|", "NUL", 0);
	cr_expect_not(edit_paste(edit, SLICE("\x1b")));
	cr_expect_not(edit_type(edit, SLICE("\x01")));
	cr_expect_not(edit_paste(edit, SLICE("")));
}

Test(edit, paste_is_one_step)
{
	put("ab|cd");
	cr_assert(edit_paste(edit, SLICE("one two\nthree")));
	expect("abone two\nthree|cd", "paste", 0);
	cr_assert(edit_undo(edit));
	expect("ab|cd", "paste", 1);
}

Test(edit, a_mark_joins_the_cluster_before)
{
	put("e|x");
	cr_assert(edit_type(edit, SLICE(ACUTE)));
	expect("e" ACUTE "|x", "mark", 0);
	cr_assert(edit_delete(edit, EDIT_LEFT));
	expect("|x", "mark", 1);
	/* A cursor inside a cluster that came to be goes to its end. */
	put("|" ACUTE "x");
	cr_assert(edit_type(edit, SLICE("e")));
	expect("e" ACUTE "|x", "mark", 2);
}

Test(edit, limit_refuses_whole)
{
	char *text = malloc(EDIT_MAX + 1);
	cr_assert_neq(text, NULL);
	memset(text, 'x', EDIT_MAX + 1);

	cr_expect_not(edit_paste(edit, (struct slice){ text, EDIT_MAX + 1 }));
	cr_expect_eq(edit_text(edit).len, 0);
	cr_expect(edit_paste(edit, (struct slice){ text, EDIT_MAX }));
	cr_expect_eq(edit_text(edit).len, EDIT_MAX);
	cr_expect_not(edit_type(edit, SLICE("y")));
	cr_expect_not(edit_paste(edit, SLICE("y")));
	cr_expect_not(edit_replace(edit, 0, 1, SLICE("yy")));
	cr_expect(edit_replace(edit, 0, 1, SLICE("y")));
	cr_expect_eq(edit_text(edit).len, EDIT_MAX);
	cr_expect(edit_delete(edit, EDIT_LEFT));
	cr_expect(edit_type(edit, SLICE("z")));
	cr_expect_not(edit_type(edit, SLICE("z")));
	cr_expect(edit_kill(edit, EDIT_START));
	cr_expect(edit_yank(edit));
	cr_expect_not(edit_yank(edit));
	cr_expect_eq(edit_text(edit).len, EDIT_MAX);
	free(text);
}

Test(edit, case_may_need_more_bytes_than_there_are)
{
	/* U+0250 takes two bytes, its capital three. */
	struct buf text = { 0 };
	while (text.len < EDIT_MAX)
		buf_add_string(&text, "\xc9\x90");

	cr_assert(edit_set(edit, buf_slice(&text)));
	cr_assert(edit_move(edit, EDIT_START));
	cr_expect_not(edit_change_case(edit, EDIT_UPPER));
	cr_expect(slice_is(edit_text(edit), buf_slice(&text)));
	buf_done(&text);
}

Test(edit, undo_steps_are_limited)
{
	for (int i = 0; i < 250; i++) {
		cr_assert(edit_paste(edit, SLICE("x")));
	}
	int n = 0;
	while (edit_undo(edit))
		n++;
	cr_expect_eq(n, 200);
	cr_expect_eq(edit_text(edit).len, 50);
	n = 0;
	while (edit_redo(edit))
		n++;
	cr_expect_eq(n, 200);
	cr_expect_eq(edit_text(edit).len, 250);
}

Test(edit, kills_go_round)
{
	char word[] = "a";

	for (word[0] = 'a'; word[0] < 'k'; word[0]++) {
		cr_assert(edit_paste(edit, slice_of(word)));
		cr_assert(edit_kill(edit, EDIT_START));
	}
	cr_assert(edit_yank(edit));
	expect("j|", "kill", 0);
	for (int i = 0; i < KILLS_MAX - 1; i++)
		cr_assert(edit_yank_pop(edit));
	expect("c|", "kill", 1);
	cr_assert(edit_yank_pop(edit));
	expect("j|", "kill", 2);
}

/* What was killed in one room is yanked in another; kills of two rooms are not
 * one. */
Test(edit, kills_are_shared)
{
	struct edit *first = edit, *other = edit_new(&kills);

	put("one two|");
	cr_assert(edit_kill(first, EDIT_BLANK_LEFT));
	cr_assert(edit_yank(other));
	cr_expect(slice_is(edit_text(other), SLICE("two")));
	cr_assert(edit_kill(other, EDIT_START));
	cr_assert(edit_kill(first, EDIT_BLANK_LEFT));
	cr_assert(edit_yank(first));
	expect("one |", "shared", 0);
	edit_free(other);
}

Test(edit, replace_and_set)
{
	put("hi an|!");
	cr_assert(edit_replace(edit, 3, 5, SLICE("anna: ")));
	expect("hi anna: |!", "replace", 0);
	cr_assert(edit_undo(edit));
	expect("hi an|!", "replace", 1);
	cr_assert(edit_set(edit, SLICE("old\r\nline")));
	expect("old\nline|", "replace", 2);
	cr_assert(edit_undo(edit));
	expect("hi an|!", "replace", 3);
	cr_assert(edit_set(edit, SLICE("")));
	expect("|", "replace", 4);
	cr_assert_not(edit_set(edit, SLICE("")));
	edit_reset(edit);
	cr_assert_not(edit_undo(edit));
	edit_free(NULL);
}

Test(edit, rows)
{
	static const struct {
		const char *before;
		int by, columns;
		const char *after;
		bool is_moved;
	} rows[] = {
		{ "ab|c", 1, 10, "ab|c", false },
		{ "ab|c", -1, 10, "ab|c", false },
		{ "ab|c\nxyz", 1, 10, "abc\nxy|z", true },
		{ "abc\nxy|z", -1, 10, "ab|c\nxyz", true },
		{ "abc|\nx\nuvw", 1, 10, "abc\nx|\nuvw", true },
		{ "ab|cdefgh", 1, 4, "abcdef|gh", true },
		{ "abcdef|gh", 1, 4, "abcdefgh|", true },
		{ "abcd|efgh", -1, 4, "|abcdefgh", true },
		{ "abc\n|" NI NI, -1, 10, "|abc\n" NI NI, true },
		{ "abc|\n" NI NI, 1, 10, "abc\n" NI "|" NI, true },
	};

	for (size_t i = 0; i < N(rows); i++) {
		put(rows[i].before);
		cr_expect_eq(edit_move_row(edit, rows[i].by, rows[i].columns),
		    rows[i].is_moved, "row %zu", i);
		expect(rows[i].after, "row", i);
	}
}

Test(edit, rows_keep_the_column)
{
	put("abcdef|\nx\nuvwxyz");
	cr_assert(edit_move_row(edit, 1, 20));
	cr_assert(edit_move_row(edit, 1, 20));
	expect("abcdef\nx\nuvwxyz|", "column", 0);
	cr_assert_not(edit_move_row(edit, 1, 20));
	cr_assert(edit_move_row(edit, -1, 20));
	cr_assert(edit_move(edit, EDIT_LEFT));
	cr_assert(edit_move_row(edit, -1, 20));
	expect("|abcdef\nx\nuvwxyz", "column", 1);
}

static void
act_at_random(unsigned seed)
{
	static const char *const keys[] = { "a", "b", " ", "\n", ACUTE, NI,
		"\xf0\x9f\x91\xa8", "\xe2\x80\x8d", "\xf0\x9f\x87\xa9", "\xff",
		"\x1b", "\xe1\x84\x92", "\xe1\x85\xa1", "\t", "\xe2\x80\xae" };
	static const char signs[] = "lrbfgae<>hdHwWDkuyptULCzZhdzZlr";
	unsigned what = seed % 8;

	if (what < 4)
		(void)edit_type(edit, slice_of(keys[seed / 8 % N(keys)]));
	else if (what == 4)
		(void)edit_move_row(
		    edit, seed & 64 ? 1 : -1, 1 + (int)(seed / 256 % 9));
	else
		(void)act(signs[seed / 8 % (N(signs) - 1)]);
}

/* Whatever is done in whatever order, the text is what the header says, and
 * undoing all of it and doing it again ends where it was. */
Test(edit, random_acts, .timeout = 60)
{
	unsigned seed = 3;

	for (int round = 0; round < 60; round++) {
		edit_reset(edit);
		for (int i = 0; i < 400; i++) {
			seed = seed * 1103515245 + 12345;
			act_at_random(seed >> 12);
			struct slice text = edit_text(edit);
			size_t cursor = edit_cursor(edit);
			cr_assert(text_is_clean(text, true));
			cr_assert_leq(cursor, text.len);
			if (cursor == 0 || cursor == text.len)
				continue;
			size_t start = utf8_cluster_before(text.at, cursor);
			cr_assert_eq(start +
				utf8_cluster(text.at + start, text.len - start),
			    cursor, "round %d act %d", round, i);
		}
		struct buf last = { 0 };
		while (edit_redo(edit))
			;
		buf_add_slice(&last, edit_text(edit));
		while (edit_undo(edit))
			;
		while (edit_redo(edit))
			;
		cr_assert(slice_is(buf_slice(&last), edit_text(edit)));
		buf_done(&last);
	}
}
