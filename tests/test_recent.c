/* The newest entries of a room: whatever is pulled, in whatever pieces, is the
 * entries' bytes in order. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../chatd/entry.h"
#include "../chatd/recent.h"
#include "blob.h"
#include "buf.h"

static struct entry *
made(uint64_t seq, size_t len)
{
	static char text[PROTOCOL_TEXT_MAX];

	memset(text, 'a' + (int)(seq % 26), len);
	return entry_new(
	    1, seq, seq, ENTRY_SAID, SLICE("ann"), (struct slice){ text, len });
}

static size_t
length(uint64_t seq)
{
	return seq * 7919 % 500 + (seq % 100 == 0 ? 15500 : 0);
}

/* What a pull has to give. */
static void
expected(struct buf *out, uint64_t from, uint64_t end)
{
	for (uint64_t seq = from; seq < end; seq++) {
		struct entry *e = made(seq, length(seq));
		union message m;

		entry_message(e, &m);
		dialect_frame.share(out, SLICE("#room"), &m);
		entry_unref(e);
	}
}

static uint64_t
pull(struct recent *r, uint64_t from, size_t max, size_t bytes)
{
	struct piece pieces[8];
	struct buf got = { 0 }, want = { 0 };
	uint64_t at = from;
	size_t n = recent_pull(r, &dialect_frame, SLICE("#room"), &at, r->next,
	    pieces, max, bytes);

	cr_assert_leq(n, max);
	for (size_t i = 0; i < n; i++) {
		buf_add(&got, pieces[i].at, pieces[i].len);
		blob_unref(pieces[i].blob);
	}
	expected(&want, from, at);
	cr_assert(slice_is(buf_slice(&got), buf_slice(&want)),
	    "entries %llu to %llu: %zu bytes, not %zu",
	    (unsigned long long)from, (unsigned long long)at, got.len,
	    want.len);
	if (at > from + 1)
		cr_assert_leq(got.len, bytes);
	buf_done(&got);
	buf_done(&want);
	return at;
}

Test(recent, what_is_pulled_is_what_was_added)
{
	static const struct {
		size_t max, bytes;
	} rows[] = { { 1, 1 }, { 1, 100000 }, { 2, 3000 }, { 8, 65536 } };
	struct recent r;
	uint64_t encodings;

	recent_init(&r, 1);
	for (uint64_t seq = 1; seq <= 3000; seq++) {
		recent_add_take(&r, made(seq, length(seq)));
		if (seq % 137 != 0)
			continue;
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			for (uint64_t at = r.first; at < r.next;)
				at = pull(&r, at, rows[i].max, rows[i].bytes);
	}
	cr_expect_leq(r.next - r.first, (uint64_t)RECENT_ENTRIES);
	pull(&r, r.first, 8, 65536);
	encodings = r.encodings;
	pull(&r, r.first, 8, 65536);
	cr_expect_eq(r.encodings, encodings, "each entry once");
	cr_expect_leq(encodings, 3000);
	recent_done(&r);
}

Test(recent, nothing_beyond_the_newest_is_pulled)
{
	struct recent r;
	struct piece piece;
	uint64_t at = 1;

	recent_init(&r, 1);
	cr_expect_eq(recent_pull(&r, &dialect_frame, SLICE("#room"), &at, 1,
			 &piece, 1, 100),
	    0);
	recent_add_take(&r, made(1, 1));
	cr_expect_eq(recent_pull(&r, &dialect_frame, SLICE("#room"), &at, 2,
			 &piece, 0, 100),
	    0);
	cr_expect_eq(at, 1);
	recent_done(&r);
}

Test(recent, readers_keep_their_bytes_when_entries_go)
{
	struct recent r;
	struct piece piece;
	uint64_t at = 1;
	struct buf want = { 0 };

	recent_init(&r, 1);
	recent_add_take(&r, made(1, length(1)));
	cr_assert_eq(recent_pull(&r, &dialect_frame, SLICE("#room"), &at, 2,
			 &piece, 1, 100000),
	    1);
	recent_drop(&r);
	expected(&want, 1, 2);
	cr_expect_arr_eq(piece.at, buf_at(&want), piece.len);
	cr_expect_eq(piece.blob->refs, 1);
	blob_unref(piece.blob);
	recent_add_take(&r, made(2, length(2)));
	cr_expect_eq(pull(&r, 2, 4, 1000), 3);
	buf_done(&want);
	recent_done(&r);
}

Test(recent, what_is_kept_is_bounded)
{
	struct recent r;

	recent_init(&r, 5);
	for (uint64_t seq = 5; seq < 500; seq++)
		recent_add_take(&r, made(seq, 4000));
	cr_expect_leq(r.bytes, (size_t)RECENT_BYTES + 2 * 4100);
	cr_expect_gt(r.first, 5);
	recent_done(&r);
}
