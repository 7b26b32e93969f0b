#include <criterion/criterion.h>
#include <stdio.h>

#include "../chat/scrollback.h"

static const struct line *
add(struct scrollback *s, const char *who, const char *text)
{
	const struct line head = { .what = LINE_ENTRY,
		.seq = 9,
		.time = 8,
		.kind = ENTRY_SAID,
		.is_mine = true };

	return scrollback_add(s, &head, slice_of(who), slice_of(text));
}

Test(scrollback, keeps_what_it_is_given)
{
	struct scrollback s = { 0 };
	const struct line *line;

	cr_expect_eq(scrollback_oldest(&s), 0);
	cr_expect_eq(scrollback_newest(&s), 0);
	cr_expect_null(scrollback_line(&s, 1));
	line = add(&s, "ana", "morning\nall");
	cr_expect_eq(line->id, 1);
	cr_expect_eq(line->seq, 9);
	cr_expect_eq(line->time, 8);
	cr_expect(line->is_mine);
	cr_expect(slice_is(line_who(line), SLICE("ana")));
	cr_expect(slice_is(line_text(line), SLICE("morning\nall")));
	line = add(&s, "", "");
	cr_expect_eq(line->id, 2);
	cr_expect_eq(line_who(line).len, 0);
	cr_expect_eq(line_text(line).len, 0);
	cr_expect_eq(scrollback_line(&s, 1)->id, 1);
	cr_expect_eq(scrollback_line(&s, 2), line);
	cr_expect_null(scrollback_line(&s, 0));
	cr_expect_null(scrollback_line(&s, 3));
	scrollback_done(&s);
}

Test(scrollback, forgets_the_oldest_beyond_its_limit)
{
	enum { MORE = 321 };
	struct scrollback s = { 0 };
	char text[16];
	uint64_t id;

	for (unsigned i = 1; i <= SCROLLBACK_MAX + MORE; i++) {
		snprintf(text, sizeof(text), "%u", i);
		add(&s, "ana", text);
		cr_assert_eq(scrollback_newest(&s), i);
		cr_assert_eq(scrollback_oldest(&s),
		    i <= SCROLLBACK_MAX ? 1 : i - SCROLLBACK_MAX + 1);
	}
	cr_expect_null(scrollback_line(&s, MORE));
	for (id = MORE + 1; id <= SCROLLBACK_MAX + MORE; id++) {
		const struct line *line = scrollback_line(&s, id);
		snprintf(text, sizeof(text), "%u", (unsigned)id);
		cr_assert_eq(line->id, id);
		cr_assert(slice_is(line_text(line), slice_of(text)));
	}
	scrollback_done(&s);
}

Test(scrollback, long_lines_are_bounded_by_their_bytes)
{
	static char text[PROTOCOL_TEXT_MAX];
	const struct slice long_one = { text, sizeof(text) };
	const struct line head = { .what = LINE_ENTRY };
	struct scrollback s = { 0 };

	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < 2000; i++)
		scrollback_add(&s, &head, SLICE("ann"), long_one);
	cr_expect_eq(scrollback_newest(&s), 2000);
	cr_expect_leq(s.bytes, (size_t)SCROLLBACK_BYTES + 2 * sizeof(text));
	cr_expect_geq(s.bytes, (size_t)SCROLLBACK_BYTES - 2 * sizeof(text));
	cr_expect_not_null(scrollback_line(&s, scrollback_oldest(&s)));
	cr_expect_null(scrollback_line(&s, scrollback_oldest(&s) - 1));
	scrollback_clear(&s);
	cr_expect_eq(s.bytes, 0);
	scrollback_done(&s);
}

Test(scrollback, ids_go_on_when_it_is_cleared)
{
	struct scrollback s = { 0 };

	add(&s, "ana", "one");
	add(&s, "ana", "two");
	scrollback_clear(&s);
	cr_expect_eq(scrollback_oldest(&s), 0);
	cr_expect_eq(scrollback_newest(&s), 0);
	cr_expect_null(scrollback_line(&s, 2));
	cr_expect_eq(add(&s, "ana", "three")->id, 3);
	cr_expect_eq(scrollback_oldest(&s), 3);
	cr_expect_null(scrollback_line(&s, 2));
	scrollback_done(&s);
}
