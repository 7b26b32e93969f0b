#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "buf.h"
#include "codec.h"
#include "example.h"
#include "frame.h"

/* Decodes a copy of exactly len bytes, so that reading past it is seen. */
static enum refusal
decode(const void *payload, size_t len, union message *out)
{
	uint8_t *copy = malloc(len);
	enum refusal why;

	memcpy(copy, payload, len);
	memset(out, 0xee, sizeof(*out));
	why = codec_decode(copy, len, out);
	free(copy);
	return why;
}

/* All messages' examples, the payload of each. */
static void
each_example(void (*check)(
    const struct message_row *, const uint8_t *payload, size_t len))
{
	const struct message_row *rows;
	union message m;
	struct buf b = { 0 };
	size_t n, i;

	rows = protocol_rows(&n);
	for (i = 0; i < n; i++) {
		m = example_message(&rows[i]);
		codec_encode(&b, &m);
		check(
		    &rows[i], buf_at(&b) + FRAME_HEADER, b.len - FRAME_HEADER);
		buf_clear(&b);
	}
	buf_done(&b);
}

static void
check_same(const struct message_row *row, const uint8_t *payload, size_t len)
{
	union message example = example_message(row), got;
	const char *difference;

	cr_expect_eq(codec_decode(payload, len, &got), FINE, "%s", row->name);
	difference = example_difference(&example, &got);
	cr_expect_null(difference, "%s: %s differs", row->name, difference);
}

Test(codec, what_is_encoded_decodes_to_the_same)
{
	each_example(check_same);
}

static void
check_cut(const struct message_row *row, const uint8_t *payload, size_t len)
{
	union message got;
	size_t cut;

	for (cut = 1; cut < len; cut++) {
		cr_expect_eq(decode(payload, cut, &got), REFUSE_FIELDS,
		    "%s cut to %zu of %zu", row->name, cut, len);
		cr_expect_eq(got.type, row->type);
	}
}

Test(codec, every_missing_byte_is_noticed)
{
	each_example(check_cut);
}

static void
check_longer(const struct message_row *row, const uint8_t *payload, size_t len)
{
	union message example = example_message(row), got;
	uint8_t longer[1024];

	memset(longer, 0xff, sizeof(longer));
	memcpy(longer, payload, len);
	cr_expect_eq(
	    codec_decode(longer, len + 7, &got), FINE, "%s", row->name);
	cr_expect_null(example_difference(&example, &got), "%s", row->name);
}

Test(codec, what_follows_the_known_fields_is_left_alone)
{
	each_example(check_longer);
}

static void
check_ref(const struct message_row *row, const uint8_t *payload, size_t len)
{
	union message got;
	const struct field *f = row->fields;
	uint64_t expected = 0;

	if (row->type == MSG_REFUSED)
		f++;
	if (f->name != NULL &&
	    (strcmp(f->name, "ref") == 0 || strcmp(f->name, "n") == 0 ||
		strcmp(f->name, "token") == 0))
		expected = example_number(f, (unsigned)(f - row->fields));
	cr_expect_eq(codec_decode(payload, len, &got), FINE);
	cr_expect_eq(codec_ref(&got), expected, "%s: %llx", row->name,
	    (unsigned long long)codec_ref(&got));
}

Test(codec, the_ref_is_found_in_every_row)
{
	union message m = { .type = 200 };

	each_example(check_ref);
	cr_expect_eq(codec_ref(&m), 0);
}

Test(codec, encoding_appends)
{
	union message ping = { .ping = { MSG_PING, 0x1122334455667788 } };
	static const uint8_t bytes[] = { 'x', 0, 0, 0, 9, 16, 0x11, 0x22, 0x33,
		0x44, 0x55, 0x66, 0x77, 0x88, 0, 0, 0, 9, 16, 0x11, 0x22, 0x33,
		0x44, 0x55, 0x66, 0x77, 0x88 };
	struct buf b = { 0 };

	buf_add_u8(&b, 'x');
	codec_encode(&b, &ping);
	codec_encode(&b, &ping);
	cr_assert_eq(b.len, sizeof(bytes));
	cr_expect_arr_eq(buf_at(&b), bytes, sizeof(bytes));
	buf_done(&b);
}

/* ---- what a peer may send ---- */

#define BYTES(literal) literal, sizeof(literal) - 1

Test(codec, each_fault_has_its_refusal)
{
	static const struct {
		enum refusal why;
		uint64_t ref; /* as far as it could be read */
		const char *payload;
		size_t len;
	} faults[] = {
		{ REFUSE_UNKNOWN_TYPE, 0, BYTES("\0") },
		{ REFUSE_UNKNOWN_TYPE, 0, BYTES("\xff") },
		{ REFUSE_UNKNOWN_TYPE, 0, BYTES("\x63\0\0\0\7rest") },
		{ REFUSE_FIELDS, 0, BYTES("\6") },
		{ REFUSE_FIELDS, 0, BYTES("\6\0\0\7") },
		{ REFUSE_FIELDS, 7, BYTES("\6\0\0\0\7") },
		{ REFUSE_FIELDS, 7, BYTES("\6\0\0\0\7\4ann") },
		{ FINE, 7, BYTES("\6\0\0\0\7\3ann") },
		{ FINE, 7, BYTES("\6\0\0\0\7\0") },
		{ REFUSE_BAD_UTF8, 7, BYTES("\6\0\0\0\7\3an\xff") },
		{ REFUSE_BAD_UTF8, 7, BYTES("\6\0\0\0\7\2\xc3(") },
		{ REFUSE_BAD_UTF8, 7, BYTES("\6\0\0\0\7\2\xc0\x80") },
		{ REFUSE_BAD_UTF8, 7, BYTES("\6\0\0\0\7\3\xed\xa0\x80") },
		{ REFUSE_BAD_TEXT, 7, BYTES("\6\0\0\0\7\3a\0b") },
		{ REFUSE_BAD_TEXT, 7, BYTES("\6\0\0\0\7\3a\nb") },
		{ REFUSE_BAD_TEXT, 7, BYTES("\6\0\0\0\7\3a\tb") },
		{ REFUSE_BAD_TEXT, 7, BYTES("\6\0\0\0\7\4\x1b[2J") },
		{ REFUSE_BAD_TEXT, 7, BYTES("\6\0\0\0\7\1\x7f") },
		{ REFUSE_BAD_TEXT, 7, BYTES("\6\0\0\0\7\2\xc2\x9b") },
		{ FINE, 7, BYTES("\6\0\0\0\7\2\xc2\xa0") },
		/* a character cut in two by the field's end */
		{ REFUSE_BAD_UTF8, 7, BYTES("\6\0\0\0\7\1\xc2\xa0") },
		/* a text may have lines, its room may not */
		{ FINE, 7, BYTES("\7\0\0\0\7\2#a\0\3a\nb") },
		{ REFUSE_BAD_TEXT, 7, BYTES("\7\0\0\0\7\2#\n\0\3a\nb") },
		{ REFUSE_BAD_TEXT, 7, BYTES("\7\0\0\0\7\2#a\0\3a\rb") },
		{ REFUSE_BAD_UTF8, 7, BYTES("\7\0\0\0\7\2#a\0\3a\xe2\x82") },
		{ REFUSE_FIELDS, 7, BYTES("\7\0\0\0\7\2#a\0") },
		{ REFUSE_FIELDS, 7, BYTES("\7\0\0\0\7\2#a\0\4abc") },
		{ REFUSE_FIELDS, 9, BYTES("\5\0\0\0\0\0\0\0\x9") },
		{ REFUSE_FIELDS, 0, BYTES("\5\0\0\0\0\0\0\0") },
		{ REFUSE_FIELDS, 1, BYTES("\x27\5\0\0\0\0\0\0\0\1") },
	};
	union message got;
	enum refusal why;
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		why = decode(faults[i].payload, faults[i].len, &got);
		cr_expect_eq(
		    why, faults[i].why, "row %zu: %s", i, refusal_name(why));
		cr_expect_eq(got.type, (uint8_t)faults[i].payload[0]);
		cr_expect_eq(codec_ref(&got), faults[i].ref, "row %zu", i);
	}
}

Test(codec, fields_that_were_not_read_are_zero)
{
	static const char payload[] = "\7\0\0\0\7\2#a\0\4abc";
	union message got;

	cr_assert_eq(decode(BYTES(payload), &got), REFUSE_FIELDS);
	cr_expect_eq(got.topic.ref, 7);
	cr_expect_eq(got.topic.text.len, 0);
	cr_expect_null(got.topic.text.at);
}

/* say number 1 to "a": a name and a text of these lengths. */
static enum refusal
decode_say(size_t name_len, size_t text_len, union message *got)
{
	struct buf b = { 0 };
	enum refusal why;
	size_t i;

	buf_add_u8(&b, MSG_SAY);
	buf_add_u64(&b, 1);
	buf_add_u8(&b, (uint8_t)name_len);
	for (i = 0; i < name_len; i++)
		buf_add_u8(&b, 'a');
	buf_add_u8(&b, ENTRY_SAID);
	buf_add_u16(&b, (uint16_t)text_len);
	for (i = 0; i < text_len; i++)
		buf_add_u8(&b, 'b');
	why = decode(buf_at(&b), b.len, got);
	buf_done(&b);
	return why;
}

Test(codec, names_and_texts_have_a_largest_length)
{
	union message got;

	cr_expect_eq(decode_say(64, 16384, &got), FINE);
	cr_expect_eq(got.say.to.len, 64);
	cr_expect_eq(got.say.text.len, 16384);
	cr_expect_eq(decode_say(65, 1, &got), REFUSE_FIELDS);
	cr_expect_eq(got.say.n, 1);
	cr_expect_eq(decode_say(255, 1, &got), REFUSE_FIELDS);
	cr_expect_eq(decode_say(1, 16385, &got), REFUSE_TEXT_LONG);
	cr_expect_eq(got.say.n, 1);
	cr_expect_eq(decode_say(1, 65535, &got), REFUSE_TEXT_LONG);
}

static void
encode_lengths(size_t name_len, size_t text_len)
{
	static char bytes[PROTOCOL_TEXT_MAX + 1];
	union message m = { .topic = { .type = MSG_TOPIC,
				.room = { bytes, name_len },
				.text = { bytes, text_len } } };
	struct buf b = { 0 };

	codec_encode(&b, &m);
	cr_expect_eq(b.len, 4 + 1 + 4 + 1 + name_len + 2 + text_len);
	buf_done(&b);
}

Test(codec, the_longest_can_be_sent)
{
	encode_lengths(PROTOCOL_NAME_MAX, PROTOCOL_TEXT_MAX);
	encode_lengths(0, 0);
}

Test(codec, a_longer_name_is_our_own_mistake, .signal = SIGABRT)
{
	encode_lengths(PROTOCOL_NAME_MAX + 1, 0);
}

Test(codec, a_longer_text_is_our_own_mistake, .signal = SIGABRT)
{
	encode_lengths(0, PROTOCOL_TEXT_MAX + 1);
}
