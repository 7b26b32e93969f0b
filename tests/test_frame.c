#include <criterion/criterion.h>
#include <stdlib.h>

#include "buf.h"
#include "frame.h"

static void
add_frame(struct buf *b, size_t len, uint8_t fill)
{
	size_t i;

	buf_add_u32(b, (uint32_t)len);
	for (i = 0; i < len; i++)
		buf_add_u8(b, fill);
}

Test(frame, a_whole_one_is_found_in_its_bytes)
{
	static const uint8_t bytes[] = { 0, 0, 0, 3, 'a', 'b', 'c', 'x' };
	struct frame f;

	cr_assert_eq(frame_read(bytes, sizeof(bytes), 1024, &f), GOT_ONE);
	cr_expect_eq(f.payload, bytes + 4);
	cr_expect_eq(f.len, 3);
	cr_expect_eq(f.used, 7);
}

Test(frame, every_missing_byte_is_waited_for)
{
	static const uint8_t bytes[] = { 0, 0, 0, 3, 'a', 'b', 'c' };
	struct frame f;
	uint8_t *part;
	size_t len;

	for (len = 0; len < sizeof(bytes); len++) {
		part = malloc(len + 1);
		memcpy(part, bytes, len);
		cr_expect_eq(
		    frame_read(part, len, 1024, &f), GOT_PART, "%zu", len);
		free(part);
	}
	cr_expect_eq(frame_read(NULL, 0, 1024, &f), GOT_PART);
}

/* Four bytes are enough to refuse: nothing is waited or made room for. */
Test(frame, the_header_alone_decides)
{
	static const struct {
		uint8_t header[4];
		size_t max;
		enum got got;
		enum refusal why;
	} cases[] = {
		{ { 0, 0, 0, 0 }, 1024, GOT_BAD, REFUSE_FRAME_SHORT },
		{ { 0, 0, 0, 1 }, 1024, GOT_PART, FINE },
		{ { 0, 0, 4, 0 }, 1024, GOT_PART, FINE },
		{ { 0, 0, 4, 1 }, 1024, GOT_BAD, REFUSE_FRAME_LONG },
		{ { 0, 0, 4, 1 }, 65536, GOT_PART, FINE },
		{ { 0, 1, 0, 0 }, 65536, GOT_PART, FINE },
		{ { 0, 1, 0, 1 }, 65536, GOT_BAD, REFUSE_FRAME_LONG },
		{ { 0x80, 0, 0, 0 }, 65536, GOT_BAD, REFUSE_FRAME_LONG },
		{ { 0xff, 0xff, 0xff, 0xff }, 65536, GOT_BAD,
		    REFUSE_FRAME_LONG },
		{ { 'G', 'E', 'T', ' ' }, 65536, GOT_BAD, REFUSE_FRAME_LONG },
	};
	struct frame f = { .why = FINE };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_expect_eq(frame_read(cases[i].header, 4, cases[i].max, &f),
		    cases[i].got, "row %zu", i);
		if (cases[i].got == GOT_BAD)
			cr_expect_eq(f.why, cases[i].why, "row %zu", i);
	}
}

/* Hands the stream over in two pieces, keeps what is not used, and counts the
 * frames that came out right. */
static unsigned
read_in_pieces(const struct buf *stream, size_t split)
{
	struct buf in = { 0 };
	struct frame f;
	unsigned n = 0;

	buf_add(&in, buf_at(stream), split);
	while (frame_read(buf_at(&in), in.len, 1024, &f) == GOT_ONE) {
		n += f.len == n + 1u && f.payload[f.len - 1] == n;
		buf_consume(&in, f.used);
	}
	buf_add(&in, buf_at(stream) + split, stream->len - split);
	while (frame_read(buf_at(&in), in.len, 1024, &f) == GOT_ONE) {
		n += f.len == n + 1u && f.payload[f.len - 1] == n;
		buf_consume(&in, f.used);
	}
	cr_expect_eq(in.len, 0);
	buf_done(&in);
	return n;
}

Test(frame, the_pieces_it_arrives_in_do_not_matter)
{
	struct buf stream = { 0 };
	size_t split;
	unsigned i;

	for (i = 0; i < 12; i++)
		add_frame(&stream, i + 1, (uint8_t)i);
	for (split = 0; split <= stream.len; split++)
		cr_expect_eq(
		    read_in_pieces(&stream, split), 12, "at %zu", split);
	buf_done(&stream);
}
