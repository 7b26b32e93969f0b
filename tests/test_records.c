#include <criterion/criterion.h>
#include <stdlib.h>

#include "../chat/pack.h"
#include "../chat/records.h"

#define S(literal)                                                             \
	{                                                                      \
		literal, sizeof(literal) - 1                                   \
	}
#define N(table) (sizeof(table) / sizeof(*(table)))

static const uint8_t ids[] = { 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9 };

static const struct record rows[] = {
	{ .kind = RECORD_LOG, .log = { { 1, 2, 3 } }, .server = S("h:1") },
	{ .kind = RECORD_SAY,
	    .id = 7,
	    .n = 12,
	    .time = 1700000000000,
	    .entry = ENTRY_ACTION,
	    .room = S("#caf\xc3\xa9"),
	    .who = S("ana"),
	    .text = S("two\nlines") },
	{ .kind = RECORD_ORDER,
	    .n = 13,
	    .ids = { (const char *)ids, sizeof(ids) } },
	{ .kind = RECORD_REFUSED,
	    .id = 7,
	    .why = REFUSE_TOO_FAST,
	    .text = S("slowly") },
	{ .kind = RECORD_RETRY, .id = 7 },
	{ .kind = RECORD_GONE, .id = UINT64_MAX },
};

static void
write_all(struct buf *out)
{
	uint64_t sum = records_begin(out);

	for (size_t i = 0; i < N(rows); i++)
		records_add(out, &sum, &rows[i]);
}

static bool
same(const struct record *a, const struct record *b)
{
	return a->kind == b->kind && a->id == b->id && a->n == b->n &&
	    a->time == b->time && a->entry == b->entry && a->why == b->why &&
	    memcmp(&a->log, &b->log, sizeof(a->log)) == 0 &&
	    slice_is(a->server, b->server) && slice_is(a->room, b->room) &&
	    slice_is(a->who, b->who) && slice_is(a->text, b->text) &&
	    slice_is(a->ids, b->ids);
}

/* How many of the rows are read again, each of them as it was. */
static size_t
count(const uint8_t *at, size_t len, size_t *used)
{
	struct records r;
	struct record record;
	size_t n = 0;

	cr_assert(records_open(&r, at, len));
	for (; records_next(&r, &record); n++) {
		cr_assert_lt(n, N(rows));
		cr_expect(same(&record, &rows[n]), "row %zu", n);
	}
	*used = r.used;
	return n;
}

Test(records, come_back_as_they_were)
{
	struct buf b = { 0 };
	size_t used;

	write_all(&b);
	cr_expect_eq(count(buf_at(&b), b.len, &used), N(rows));
	cr_expect_eq(used, b.len);
	buf_done(&b);
}

/* In a block of its own size, so that a byte too far is noticed. */
static size_t
count_in_place(const struct buf *b, size_t len, size_t *used)
{
	uint8_t *at = malloc(len != 0 ? len : 1);
	size_t n;

	memcpy(at, buf_at(b), len);
	n = count(at, len, used);
	free(at);
	return n;
}

Test(records, are_cut_where_they_are_torn)
{
	struct buf b = { 0 };
	size_t used, n, before = 0, last = 0;

	write_all(&b);
	for (size_t len = 0; len <= b.len; len++) {
		n = count_in_place(&b, len, &used);
		cr_expect_leq(used, len);
		cr_expect_geq(used, last, "what counts grows with the file");
		cr_expect_geq(n, before);
		cr_expect_leq(n, before + 1);
		before = n;
		last = used;
	}
	cr_expect_eq(before, N(rows));
	buf_done(&b);
}

/* No row is ever read as another one, whatever bit of the file is wrong. */
Test(records, a_wrong_bit_ends_them)
{
	struct buf b = { 0 };
	struct records r;
	struct record record;
	size_t n;

	write_all(&b);
	for (size_t i = 0; i < 8 * b.len; i++) {
		buf_at(&b)[i / 8] ^= (uint8_t)(1u << i % 8);
		n = 0;
		if (records_open(&r, buf_at(&b), b.len))
			while (records_next(&r, &record)) {
				cr_assert_lt(n, N(rows));
				cr_expect(same(&record, &rows[n++]));
			}
		cr_expect_lt(n, N(rows), "bit %zu", i);
		cr_expect_leq(r.used, b.len);
		buf_at(&b)[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	buf_done(&b);
}

Test(records, what_the_file_held_before_does_not_count)
{
	struct buf old = { 0 }, now = { 0 };
	struct records r;
	struct record record;
	uint64_t sum = records_begin(&old);
	size_t n = 0;

	for (uint64_t id = 1; id <= 3; id++)
		records_add(&old, &sum,
		    &(struct record){ .kind = RECORD_GONE, .id = id });
	sum = records_begin(&now);
	records_add(
	    &now, &sum, &(struct record){ .kind = RECORD_GONE, .id = 9 });
	buf_add(&now, buf_at(&old) + now.len, old.len - now.len);
	cr_assert(records_open(&r, buf_at(&now), now.len));
	while (records_next(&r, &record))
		n++;
	cr_expect_eq(n, 1);
	buf_done(&old);
	buf_done(&now);
}

Test(records, a_kind_of_a_later_version_is_passed_over)
{
	struct buf b = { 0 };
	struct records r;
	struct record record;
	uint64_t sum = records_begin(&b);

	records_add(&b, &sum, &(struct record){ .kind = 99, .id = 3 });
	records_add(&b, &sum, &rows[4]);
	cr_assert(records_open(&r, buf_at(&b), b.len));
	cr_assert(records_next(&r, &record));
	cr_expect(same(&record, &rows[4]));
	cr_expect_not(records_next(&r, &record));
	buf_done(&b);
}

Test(records, another_file_is_told_apart)
{
	static const char *const others[] = { "chat rooms 1\n......",
		"chat outbox 2\n....", "x", "\0\0\0\0" };
	struct records r;

	for (size_t i = 0; i < N(others); i++)
		cr_expect_not(records_open(&r, (const uint8_t *)others[i],
				  strlen(others[i]) + 1),
		    "%s", others[i]);
}

Test(pack, what_does_not_fit_is_zero_and_bad)
{
	static const uint8_t bytes[] = { 0, 0, 0, 9, 'a', 'b' };
	struct unpack u = { .at = bytes, .left = sizeof(bytes) };

	cr_expect_eq(unpack_text(&u).len, 0);
	cr_expect(u.is_bad);
	cr_expect_eq(unpack_u8(&u), 0, "nothing more is read");
	u = (struct unpack){ .at = bytes, .left = 3 };
	cr_expect_eq(unpack_u32(&u), 0);
	cr_expect(u.is_bad);
	u = (struct unpack){ .at = bytes, .left = sizeof(bytes) };
	cr_expect_eq(unpack_u16(&u), 0);
	cr_expect_eq(unpack_u16(&u), 9);
	cr_expect_eq(unpack_u16(&u), 'a' << 8 | 'b');
	cr_expect_not(u.is_bad);
}
