#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "../chat/history.h"

static struct history history;

static void
end(void)
{
	history_done(&history);
}

TestSuite(history, .fini = end);

static void
expect_previous(const char *now, const char *want)
{
	struct slice line;

	bool is_there = history_previous(&history, slice_of(now), &line);
	cr_expect_eq(is_there, want != NULL);
	if (is_there && want != NULL)
		cr_expect(slice_is(line, slice_of(want)), "%.*s not %s",
		    SLICE_ARG(line), want);
}

static void
expect_next(const char *want)
{
	struct slice line;

	bool is_there = history_next(&history, &line);
	cr_expect_eq(is_there, want != NULL);
	if (is_there && want != NULL)
		cr_expect(slice_is(line, slice_of(want)), "%.*s not %s",
		    SLICE_ARG(line), want);
}

Test(history, empty)
{
	expect_previous("x", NULL);
	expect_next(NULL);
}

Test(history, back_and_forth_with_the_draft)
{
	history_add(&history, SLICE("one"));
	history_add(&history, SLICE("two"));
	expect_previous("dra", "two");
	expect_previous("two, changed", "one");
	expect_previous("one", NULL);
	expect_next("two");
	expect_next("dra");
	expect_next(NULL);
	expect_previous("draft", "two");
	expect_next("draft");
}

Test(history, empty_draft)
{
	history_add(&history, SLICE("one"));
	struct slice line;
	cr_assert(history_previous(&history, (struct slice){ NULL, 0 }, &line));
	expect_next("");
}

Test(history, add_leaves_the_past)
{
	history_add(&history, SLICE("one"));
	history_add(&history, SLICE("two"));
	expect_previous("d", "two");
	expect_previous("d", "one");
	history_add(&history, SLICE("three"));
	expect_next(NULL);
	expect_previous("", "three");
	expect_previous("", "two");
}

Test(history, neither_empty_nor_twice)
{
	history_add(&history, SLICE("one"));
	history_add(&history, SLICE("one"));
	history_add(&history, SLICE(""));
	history_add(&history, SLICE("two"));
	history_add(&history, SLICE("one"));
	cr_expect_eq(history.n, 3);
}

/* A line that was had back is sent again as it is. */
Test(history, borrowed_line_added)
{
	struct slice line;

	history_add(&history, SLICE("one"));
	cr_assert(history_previous(&history, SLICE("draft"), &line));
	cr_assert(history_next(&history, &line));
	history_add(&history, line);
	expect_previous("", "draft");
}

Test(history, keeps_the_newest)
{
	char line[16];

	for (int i = 0; i < HISTORY_MAX + 5; i++) {
		snprintf(line, sizeof(line), "%d", i);
		history_add(&history, slice_of(line));
	}
	cr_expect_eq(history.n, HISTORY_MAX);
	for (int i = HISTORY_MAX + 4; i >= 5; i--) {
		snprintf(line, sizeof(line), "%d", i);
		expect_previous("", line);
	}
	expect_previous("", NULL);
}

Test(history, search)
{
	struct slice line;
	size_t back = 0;

	history_add(&history, SLICE("make test"));
	history_add(&history, SLICE("say hello"));
	history_add(&history, SLICE("make lint"));
	cr_assert(history_search(&history, SLICE("make"), &back, &line));
	cr_expect_eq(back, 1);
	cr_expect(slice_is(line, SLICE("make lint")));
	cr_assert(history_search(&history, SLICE("make"), &back, &line));
	cr_expect_eq(back, 3);
	cr_expect(slice_is(line, SLICE("make test")));
	cr_expect_not(history_search(&history, SLICE("make"), &back, &line));
	cr_expect_eq(back, 3);
	back = 0;
	cr_expect_not(history_search(&history, SLICE("nothing"), &back, &line));
	cr_expect_eq(back, 0);
	cr_assert(history_search(&history, SLICE(""), &back, &line));
	cr_expect_eq(back, 1);
}
