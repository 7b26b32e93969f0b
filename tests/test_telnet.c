#include <criterion/criterion.h>

#include "../chatd/telnet.h"

/* For tables: NULs count. */
#define BYTES(literal)                                                         \
	{                                                                      \
		literal, sizeof(literal) - 1                                   \
	}

/* What comes, what of it was typed (E: erase, L: erase the line, !: lost), and
 * what is said. */
static const struct {
	const char *what;
	struct slice in, typed, reply;
} cases[] = {
	{ "plain text", BYTES("hello\r\n"), BYTES("hello\r\n"), BYTES("") },
	{ "every other byte", BYTES("\x00\x01\x7f\x80\xfe"),
	    BYTES("\x00\x01\x7f\x80\xfe"), BYTES("") },
	{ "a doubled IAC",
	    BYTES("a\xff\xff"
		  "b"),
	    BYTES("a\xff"
		  "b"),
	    BYTES("") },
	{ "an offer",
	    BYTES("\xff\xfb\x1f"
		  "a"),
	    BYTES("a"), BYTES("\xff\xfe\x1f") },
	{ "a demand",
	    BYTES("\xff\xfd\x03"
		  "a"),
	    BYTES("a"), BYTES("\xff\xfc\x03") },
	{ "offer and demand of one option", BYTES("\xff\xfb\x03\xff\xfd\x03"),
	    BYTES(""), BYTES("\xff\xfe\x03\xff\xfc\x03") },
	{ "the same offer again", BYTES("\xff\xfb\x1f\xff\xfb\x1f"), BYTES(""),
	    BYTES("\xff\xfe\x1f") },
	{ "the same demand again", BYTES("\xff\xfd\x01\xff\xfd\x01"), BYTES(""),
	    BYTES("\xff\xfc\x01") },
	{ "what it won't do",
	    BYTES("\xff\xfc\x01\xff\xfe\x03"
		  "a"),
	    BYTES("a"), BYTES("") },
	{ "a timing mark each time", BYTES("\xff\xfd\x06\xff\xfd\x06"),
	    BYTES(""), BYTES("\xff\xfc\x06\xff\xfc\x06") },
	{ "option 255",
	    BYTES("\xff\xfb\xff"
		  "a"),
	    BYTES("a"), BYTES("\xff\xfe\xff") },
	{ "a subnegotiation",
	    BYTES("\xff\xfa\x18\x00xterm\xff\xf0"
		  "a"),
	    BYTES("a"), BYTES("") },
	{ "a doubled IAC in one",
	    BYTES("\xff\xfa\x18\xff\xff\xf0\xff\xf0"
		  "a"),
	    BYTES("a"), BYTES("") },
	{ "one cut short by another command",
	    BYTES("\xff\xfa\x18\xff\xfb\x01\xff\xf0"
		  "a"),
	    BYTES("a"), BYTES("") },
	{ "keys", BYTES("a\xff\xf7\xff\xf8"), BYTES("aEL"), BYTES("") },
	{ "interrupt, abort, are you there, go ahead",
	    BYTES("\xff\xf4\xff\xf5\xff\xf6\xff\xf9"
		  "a"),
	    BYTES("a"), BYTES("") },
	{ "an end of nothing",
	    BYTES("\xff\xf0"
		  "a"),
	    BYTES("a"), BYTES("") },
	{ "an unknown command",
	    BYTES("\xff\x01"
		  "a"),
	    BYTES("a"), BYTES("") },
};

static void
take(struct telnet *t, struct slice in, struct buf *typed, struct buf *reply)
{
	static const char marks[] = { [TELNET_ERASE] = 'E',
		[TELNET_ERASE_LINE] = 'L',
		[TELNET_LOST] = '!' };
	size_t i;

	for (i = 0; i < in.len; i++) {
		uint8_t byte = (uint8_t)in.at[i];
		enum telnet_took took = telnet_take(t, byte, reply);

		if (took == TELNET_BYTE)
			buf_add_u8(typed, byte);
		else if (took != TELNET_NOTHING)
			buf_add_u8(typed, (uint8_t)marks[took]);
	}
}

Test(telnet, is_taken_out)
{
	struct buf typed = { 0 }, reply = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct telnet t = { 0 };

		buf_clear(&typed);
		buf_clear(&reply);
		take(&t, cases[i].in, &typed, &reply);
		cr_expect(slice_is(buf_slice(&typed), cases[i].typed), "%s",
		    cases[i].what);
		cr_expect(slice_is(buf_slice(&reply), cases[i].reply), "%s",
		    cases[i].what);
	}
	buf_done(&typed);
	buf_done(&reply);
}

Test(telnet, gives_up_a_subnegotiation_without_end)
{
	struct telnet t = { 0 };
	struct buf typed = { 0 }, reply = { 0 };
	size_t i;

	take(&t, SLICE("\xff\xfa"), &typed, &reply);
	for (i = 0; i < TELNET_SUBNEGOTIATION; i++)
		take(&t, SLICE("x"), &typed, &reply);
	cr_expect_eq(typed.len, 0);
	take(&t, SLICE("x"), &typed, &reply);
	cr_expect(slice_is(buf_slice(&typed), SLICE("!")));
	take(&t, SLICE("y"), &typed, &reply);
	cr_expect(slice_is(buf_slice(&typed), SLICE("!y")));
	cr_expect_eq(reply.len, 0);
	buf_done(&typed);
	buf_done(&reply);
}

/* Whoever answers each DONT with WILL and each WONT with DO. */
Test(telnet, makes_no_loop)
{
	struct telnet t = { 0 };
	struct buf typed = { 0 }, reply = { 0 }, next = { 0 };
	size_t i, said = 0, rounds = 0;

	for (i = 0; i < 256; i++) {
		char offer[] = { (char)0xff, (char)0xfb, (char)i, (char)0xff,
			(char)0xfd, (char)i };

		buf_add(&next, offer, sizeof(offer));
	}
	while (next.len != 0) {
		cr_assert_lt(rounds++, 3, "they talk for ever");
		buf_clear(&reply);
		take(&t, buf_slice(&next), &typed, &reply);
		buf_clear(&next);
		buf_add(&next, buf_at(&reply), reply.len);
		said += reply.len;
		for (i = 0; i + 2 < next.len; i += 3) {
			uint8_t *verb = buf_at(&next) + i + 1;

			*verb = *verb == 0xfe ? 0xfb : 0xfd;
		}
	}
	cr_expect_leq(said, TELNET_WORDS);
	cr_expect_geq(said, TELNET_WORDS - 3);
	cr_expect_eq(typed.len, 0);
	buf_done(&typed);
	buf_done(&reply);
	buf_done(&next);
}

/* The same with three options, far from the limit. */
Test(telnet, answers_each_option_once)
{
	struct telnet t = { 0 };
	struct buf typed = { 0 }, reply = { 0 };
	size_t i;

	for (i = 0; i < 10; i++)
		take(&t, SLICE("\xff\xfb\x01\xff\xfd\x03\xff\xfb\x03"), &typed,
		    &reply);
	cr_expect(slice_is(
	    buf_slice(&reply), SLICE("\xff\xfe\x01\xff\xfc\x03\xff\xfe\x03")));
	buf_done(&typed);
	buf_done(&reply);
}

Test(telnet, says_no_more_than_so_much_of_timing_marks)
{
	struct telnet t = { 0 };
	struct buf typed = { 0 }, reply = { 0 };
	size_t i;

	for (i = 0; i < 1000; i++)
		take(&t, SLICE("\xff\xfd\x06"), &typed, &reply);
	cr_expect_leq(reply.len, TELNET_WORDS);
	cr_expect_eq(typed.len, 0);
	buf_done(&typed);
	buf_done(&reply);
}
