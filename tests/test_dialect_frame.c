#include <criterion/criterion.h>

#include "../chatd/dialect.h"
#include "codec.h"
#include "wire.h"

static const struct dialect *d = &dialect_frame;

/* Everything read() may say. */
struct said {
	enum got got;
	struct intake r;
};

static struct said
read_bytes(const void *at, size_t len, bool fresh)
{
	/* Flush against the end, so that reading beyond it is noticed. */
	uint8_t *copy = malloc(len != 0 ? len : 1);
	struct said s = { .r = { .at = copy, .len = len, .fresh = fresh } };

	if (len != 0)
		memcpy(copy, at, len);
	s.got = d->read(NULL, &s.r);
	free(copy);
	return s;
}

static void
add_hello(struct buf *b)
{
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.nick = SLICE("ann"),
				.software = SLICE("test") } };

	d->write(NULL, b, &m);
}

Test(dialect_frame, is_found_by_name)
{
	cr_expect_eq(dialect_find(SLICE("frame")), d);
	cr_expect_eq(d->no, DIALECT_FRAME);
	cr_expect_null(dialect_find(SLICE("fram")));
	cr_expect_null(dialect_find(SLICE("framed")));
	cr_expect_null(dialect_find(SLICE("")));
}

Test(dialect_frame, reads_what_it_writes)
{
	struct buf b = { 0 };
	struct said s = { 0 };
	size_t one, i;

	add_hello(&b);
	one = b.len;
	cr_assert_gt(one, 4);
	add_hello(&b);
	for (i = 0; i < one; i++) {
		s = read_bytes(buf_at(&b), i, true);
		cr_expect_eq(s.got, GOT_PART, "%zu bytes", i);
	}
	for (; i <= b.len; i++) {
		s = read_bytes(buf_at(&b), i, true);
		cr_assert_eq(s.got, GOT_ONE);
		cr_expect_eq(s.r.used, one);
		cr_expect_eq(s.r.why, FINE);
		cr_expect_eq(s.r.alien.len, 0);
		cr_expect_eq(s.r.message.type, MSG_HELLO);
		cr_expect_eq(s.r.message.hello.nick.len, 3);
	}
	buf_done(&b);
}

/* Only what codec finds wrong leaves the stream whole. */
Test(dialect_frame, goes_on_behind_a_message_that_is_wrong)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum refusal why;
	} cases[] = {
		{ "\0\0\0\x01\xfe", 5, REFUSE_UNKNOWN_TYPE },
		{ "\0\0\0\x02\x01\x00", 6, REFUSE_FIELDS },
	};
	struct said s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		s = read_bytes(cases[i].bytes, cases[i].len, true);
		cr_expect_eq(s.got, GOT_ONE);
		cr_expect_eq(s.r.used, cases[i].len);
		cr_expect_eq(s.r.why, cases[i].why);
	}
}

Test(dialect_frame, takes_longer_frames_after_welcome)
{
	static const struct {
		uint32_t length;
		bool fresh;
		enum got got;
		enum refusal why;
	} cases[] = {
		{ 0, true, GOT_BAD, REFUSE_FRAME_SHORT },
		{ 0, false, GOT_BAD, REFUSE_FRAME_SHORT },
		{ 1, true, GOT_PART, FINE },
		{ PROTOCOL_FRAME_FRESH, true, GOT_PART, FINE },
		{ PROTOCOL_FRAME_FRESH + 1, true, GOT_BAD, REFUSE_FRAME_LONG },
		{ PROTOCOL_FRAME_FRESH + 1, false, GOT_PART, FINE },
		{ PROTOCOL_FRAME_READY, true, GOT_BAD, REFUSE_FRAME_LONG },
		{ PROTOCOL_FRAME_READY, false, GOT_PART, FINE },
		{ PROTOCOL_FRAME_READY + 1, false, GOT_BAD, REFUSE_FRAME_LONG },
		{ 0x01000000, true, GOT_BAD, REFUSE_FRAME_LONG },
		{ 0xffffffff, true, GOT_BAD, REFUSE_FRAME_LONG },
		{ 0xffffffff, false, GOT_BAD, REFUSE_FRAME_LONG },
		/* "GET " is no protocol of strangers any more. */
		{ 0x47455420, false, GOT_BAD, REFUSE_FRAME_LONG },
	};
	uint8_t header[4];
	struct said s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		wire_put_u32(header, cases[i].length);
		s = read_bytes(header, sizeof(header), cases[i].fresh);
		cr_expect_eq(s.got, cases[i].got, "case %zu", i);
		cr_expect_eq(s.r.why, cases[i].why, "case %zu", i);
		cr_expect_eq(s.r.alien.len, 0, "case %zu", i);
	}
}

Test(dialect_frame, has_an_answer_for_strangers)
{
	static const struct {
		const char *bytes;
		enum got got;
		const char *answer; /* how it begins */
	} cases[] = {
		{ "GE", GOT_PART, "" },
		{ "GET / HTTP/1.1\r\n", GOT_BAD, "HTTP/1.1 400 " },
		{ "\x16", GOT_PART, "" },
		{ "\x16\x03\x01\x02", GOT_BAD, "\x15\x03" },
		{ "SSH-2.0-x\r\n", GOT_BAD, "this is chatd" },
		{ "hello?\n", GOT_BAD, "this is chatd" },
	};
	struct said s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		s = read_bytes(cases[i].bytes, strlen(cases[i].bytes), true);
		cr_assert_eq(s.got, cases[i].got, "case %zu", i);
		cr_assert_geq(s.r.alien.len, strlen(cases[i].answer));
		cr_expect(strncmp(s.r.alien.len != 0 ? s.r.alien.at : "",
			      cases[i].answer, strlen(cases[i].answer)) == 0);
		cr_expect_eq(
		    s.r.why, s.got == GOT_BAD ? REFUSE_NOT_CHAT : FINE);
	}
}
