#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chat/scrollback.h"
#include "xmalloc.h"

/* The n-th line added, from 1. */
#define ID(n) (SCROLLBACK_ID - 1 + (n))

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
	cr_expect_null(scrollback_line(&s, ID(1)));
	line = add(&s, "ana", "morning\nall");
	cr_expect_eq(line->id, ID(1));
	cr_expect_eq(line->seq, 9);
	cr_expect_eq(line->time, 8);
	cr_expect(line->is_mine);
	cr_expect(slice_is(line_who(line), SLICE("ana")));
	cr_expect(slice_is(line_text(line), SLICE("morning\nall")));
	line = add(&s, "", "");
	cr_expect_eq(line->id, ID(2));
	cr_expect_eq(line_who(line).len, 0);
	cr_expect_eq(line_text(line).len, 0);
	cr_expect_eq(scrollback_line(&s, ID(1))->id, ID(1));
	cr_expect_eq(scrollback_line(&s, ID(2)), line);
	cr_expect_null(scrollback_line(&s, ID(0)));
	cr_expect_null(scrollback_line(&s, ID(3)));
	scrollback_done(&s);
}

Test(scrollback, forgets_the_oldest_beyond_its_limit)
{
	enum { MORE = 321 };
	struct scrollback s = { 0 };
	char text[16];
	unsigned n;

	for (unsigned i = 1; i <= SCROLLBACK_MAX + MORE; i++) {
		snprintf(text, sizeof(text), "%u", i);
		add(&s, "ana", text);
		cr_assert_eq(scrollback_newest(&s), ID(i));
		cr_assert_eq(scrollback_oldest(&s),
		    i <= SCROLLBACK_MAX ? ID(1) : ID(i - SCROLLBACK_MAX + 1));
	}
	cr_expect_null(scrollback_line(&s, ID(MORE)));
	for (n = MORE + 1; n <= SCROLLBACK_MAX + MORE; n++) {
		const struct line *line = scrollback_line(&s, ID(n));
		snprintf(text, sizeof(text), "%u", n);
		cr_assert_eq(line->id, ID(n));
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
	cr_expect_eq(scrollback_newest(&s), ID(2000));
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
	cr_expect_null(scrollback_line(&s, ID(2)));
	cr_expect_eq(add(&s, "ana", "three")->id, ID(3));
	cr_expect_eq(scrollback_oldest(&s), ID(3));
	cr_expect_null(scrollback_line(&s, ID(2)));
	scrollback_done(&s);
}

/* ---- older lines ---- */

static void
add_entry(struct scrollback *s, uint64_t seq)
{
	const struct line head = { .what = LINE_ENTRY, .seq = seq };
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)seq);
	scrollback_add(s, &head, SLICE("ana"), slice_of(text));
}

static void
add_entries(struct scrollback *s, uint64_t from, uint64_t end)
{
	for (uint64_t seq = from; seq < end; seq++)
		add_entry(s, seq);
}

static void
put_before(struct scrollback *s, uint64_t from, uint64_t end)
{
	struct scrollback page = { 0 };

	add_entries(&page, from, end);
	scrollback_put_before(s, &page);
	cr_assert_eq(page.n, 0);
	cr_assert_null(page.at);
}

/* Entries [from, end), in order, under ids without holes. */
static void
check_entries(const struct scrollback *s, uint64_t from, uint64_t end)
{
	uint64_t id = scrollback_oldest(s);

	cr_assert_eq(s->n, end - from);
	for (uint64_t seq = from; seq < end; seq++, id++) {
		const struct line *line = scrollback_line(s, id);
		cr_assert_not_null(line);
		cr_assert_eq(line->id, id);
		cr_assert_eq(line->seq, seq);
		cr_assert_eq(scrollback_entry(s, seq), line);
	}
	cr_assert_eq(scrollback_newest(s), id - 1);
}

Test(scrollback, older_lines_get_lower_ids)
{
	struct scrollback s = { 0 };
	uint64_t id;

	add_entries(&s, 500, 510);
	id = scrollback_entry(&s, 500)->id;
	cr_expect_eq(s.first_seq, 500);
	put_before(&s, 400, 500);
	cr_expect_eq(scrollback_line(&s, id)->seq, 500);
	cr_expect_eq(scrollback_line(&s, id - 1)->seq, 499);
	put_before(&s, 1, 400);
	add_entries(&s, 510, 600);
	check_entries(&s, 1, 600);
	cr_expect_eq(s.first_seq, 1);
	cr_expect_null(scrollback_entry(&s, 600));
	cr_expect_null(scrollback_entry(&s, 0));
	scrollback_done(&s);
}

Test(scrollback, older_lines_before_none)
{
	struct scrollback s = { 0 };

	put_before(&s, 10, 20);
	check_entries(&s, 10, 20);
	add_entries(&s, 20, 30);
	check_entries(&s, 10, 30);
	cr_expect_eq(scrollback_entry(&s, 20)->id, ID(1));
	scrollback_done(&s);
}

Test(scrollback, holds_as_much_again_while_one_reads)
{
	enum { FROM = 100000, END = FROM + SCROLLBACK_MAX };
	struct scrollback s = { .is_held = true };
	uint64_t first = FROM;

	add_entries(&s, FROM, END);
	while (scrollback_has_room(&s, 100)) {
		put_before(&s, first - 100, first);
		first -= 100;
	}
	cr_expect_gt(s.n, 2 * SCROLLBACK_MAX - 200);
	cr_expect_leq(s.n, 2 * SCROLLBACK_MAX);
	check_entries(&s, first, END);
	/* Let go, only the newest stay, and what is first is known. */
	s.is_held = false;
	add_entry(&s, END);
	cr_expect_eq(s.n, SCROLLBACK_MAX);
	cr_expect_eq(s.first_seq, END - SCROLLBACK_MAX + 1);
	check_entries(&s, END - SCROLLBACK_MAX + 1, END + 1);
	cr_expect_eq(scrollback_entry(&s, END)->id, ID(SCROLLBACK_MAX + 1));
	cr_expect(scrollback_has_room(&s, 100));
	put_before(&s, s.first_seq - 100, s.first_seq);
	scrollback_done(&s);
}

Test(scrollback, bytes_are_held_twice_at_most)
{
	enum { BIG = 60000 };
	struct scrollback s = { .is_held = true }, page = { 0 };
	const struct line head = { .what = LINE_ENTRY, .seq = 1 };
	char *text = xmalloc(BIG);

	memset(text, 'x', BIG);
	for (unsigned i = 0; i < 10000 && scrollback_has_room(&s, 1); i++) {
		scrollback_add(
		    &page, &head, SLICE("a"), (struct slice){ text, BIG });
		scrollback_put_before(&s, &page);
	}
	cr_expect_leq(s.bytes, 2 * (size_t)SCROLLBACK_BYTES + 2 * BIG);
	s.is_held = false;
	add_entry(&s, 2);
	cr_expect_leq(s.bytes, (size_t)SCROLLBACK_BYTES + 2 * BIG);
	free(text);
	scrollback_done(&s);
}

/* What was kept of logs that are void has no numbers any more. */
Test(scrollback, nothing_goes_before_another_log)
{
	struct scrollback s = { 0 };

	scrollback_new_log(&s);
	add(&s, "", "local");
	scrollback_clear(&s);
	add_entries(&s, 50, 60);
	cr_expect(scrollback_has_room(&s, 100));
	scrollback_new_log(&s);
	cr_expect_eq(s.first_seq, 0);
	cr_expect_not(scrollback_has_room(&s, 100));
	cr_expect_null(scrollback_entry(&s, 55));
	add_entries(&s, 3, 8);
	cr_expect_eq(s.first_seq, 3);
	cr_expect_null(scrollback_entry(&s, 55));
	cr_expect_eq(scrollback_entry(&s, 3)->id, ID(12));
	/* Until all of the old one is forgotten. */
	add_entries(&s, 8, 8 + SCROLLBACK_MAX);
	cr_expect_eq(s.first_seq, 8);
	cr_expect(scrollback_has_room(&s, 100));
	put_before(&s, 3, 8);
	cr_expect_eq(s.first_seq, 3);
	add_entry(&s, 8 + SCROLLBACK_MAX);
	cr_expect_eq(s.first_seq, 9);
	scrollback_done(&s);
}

Test(scrollback, what_was_found_has_nick_and_room)
{
	struct scrollback s = { 0 };
	const struct line head = { .what = LINE_FOUND };
	const struct line *line =
	    scrollback_add(&s, &head, SLICE("ana #dev"), SLICE("hello"));

	cr_expect(slice_is(line_who(line), SLICE("ana")));
	cr_expect(slice_is(line_room(line), SLICE("#dev")));
	cr_expect(slice_is(line_text(line), SLICE("hello")));
	line = scrollback_add(&s, &head, SLICE("ana "), SLICE(""));
	cr_expect(slice_is(line_who(line), SLICE("ana")));
	cr_expect_eq(line_room(line).len, 0);
	line = add(&s, "ana #dev", "");
	cr_expect(slice_is(line_who(line), SLICE("ana #dev")));
	cr_expect_eq(line_room(line).len, 0);
	scrollback_done(&s);
}
