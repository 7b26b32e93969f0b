#include <criterion/criterion.h>

#include "buf.h"

static void
expect_content(const struct buf *b, struct slice expected)
{
	cr_expect(slice_is(buf_slice(b), expected), "got %.*s, not %.*s",
	    SLICE_ARG(buf_slice(b)), SLICE_ARG(expected));
}

Test(buf, all_zero_is_empty)
{
	struct buf b = { 0 };

	expect_content(&b, SLICE(""));
	buf_clear(&b);
	buf_trim(&b);
	buf_add(&b, NULL, 0);
	buf_add_slice(&b, (struct slice){ 0 });
	buf_consume(&b, 0);
	cr_expect_null(b.data);
	cr_expect_null(buf_at(&b));
	cr_expect_str_eq(buf_string(&b), "");
	buf_done(&b);
	buf_done(&b);
}

Test(buf, what_is_added_stands_in_order)
{
	struct buf b = { 0 };

	buf_add(&b, "abc", 2);
	buf_add_string(&b, "cd");
	buf_add_slice(&b, SLICE("ef"));
	buf_printf(&b, "%d%s", 12, "gh");
	buf_add_u8(&b, 'i');
	buf_add_u16(&b, 0x6a6b);
	buf_add_u32(&b, 0x6c6d6e6f);
	buf_add_u64(&b, 0x7071727374757677);
	memcpy(buf_room(&b, 3), "xyz", 3);
	buf_grown(&b, 3);
	expect_content(&b, SLICE("abcdef12ghijklmnopqrstuvwxyz"));
	cr_expect_str_eq(buf_string(&b), "abcdef12ghijklmnopqrstuvwxyz");
	cr_expect_eq(b.len, 28);
	buf_done(&b);
}

Test(buf, printing_makes_the_room_it_needs)
{
	char letters[300];
	struct buf b = { 0 };
	size_t n;

	for (n = 0; n < sizeof(letters); n++) {
		memset(letters, 'x', n);
		letters[n] = '\0';
		buf_printf(&b, "<%s>", letters);
		cr_expect_eq(b.len, n + 2);
		cr_expect_eq(strlen(buf_string(&b)), n + 2);
		cr_expect_eq(buf_at(&b)[n + 1], '>');
		buf_done(&b);
	}
}

Test(buf, what_is_consumed_is_gone)
{
	struct buf b = { 0 };

	buf_add_string(&b, "abcdef");
	buf_consume(&b, 2);
	expect_content(&b, SLICE("cdef"));
	buf_add_string(&b, "gh");
	expect_content(&b, SLICE("cdefgh"));
	buf_consume(&b, 6);
	expect_content(&b, SLICE(""));
	cr_expect_eq(b.head, 0);
	cr_expect_not_null(b.data);
	buf_done(&b);
}

Test(buf, its_room_is_given_back_when_told)
{
	struct buf b = { 0 };
	size_t cap;

	buf_add_string(&b, "abc");
	cap = b.cap;
	buf_trim(&b);
	expect_content(&b, SLICE("abc"));
	buf_clear(&b);
	cr_expect_eq(b.cap, cap);
	buf_trim(&b);
	cr_expect_eq(b.cap, 0);
	cr_expect_null(b.data);
}

/* A stream that is read as fast as it is written needs no more room than what
 * is in it, whatever has passed. */
Test(buf, passing_bytes_do_not_make_it_grow)
{
	struct buf b = { 0 };
	unsigned char next_in = 0, next_out = 0;
	unsigned turn, i;

	for (turn = 0; turn < 10000; turn++) {
		for (i = 0; i < 97; i++)
			buf_add_u8(&b, next_in++);
		while (b.len > 50) {
			cr_assert_eq(*buf_at(&b), next_out);
			next_out++;
			buf_consume(&b, 1);
		}
	}
	cr_expect_leq(b.cap, 512);
	buf_done(&b);
}

Test(buf, room_is_there_as_promised)
{
	struct buf b = { 0 };
	size_t len;

	for (len = 1; len < 5000; len = len * 3 / 2 + 1) {
		memset(buf_room(&b, len), 'x', len);
		cr_expect_geq(b.cap - b.head - b.len, len);
		buf_grown(&b, len);
		buf_consume(&b, len / 3);
	}
	buf_done(&b);
}
