#include <criterion/criterion.h>

#include "../chatd/detect.h"

Test(detect, tells_from_the_first_bytes)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum detected what;
	} cases[] = {
		{ "", 0, DETECT_MORE },
		{ "\0", 1, DETECT_FRAME },
		{ "\0\0\0\x20\x01", 5, DETECT_FRAME },
		{ "GET / HTTP/1.1\r\n", 16, DETECT_HTTP },
		{ "GET ", 4, DETECT_HTTP },
		{ "GET", 3, DETECT_MORE },
		{ "G", 1, DETECT_MORE },
		{ "GETTING", 7, DETECT_TEXT },
		{ "P", 1, DETECT_MORE },
		{ "POST /", 6, DETECT_HTTP },
		{ "PUT /", 5, DETECT_HTTP },
		{ "PATCH /", 7, DETECT_HTTP },
		{ "PASS secret\r\n", 13, DETECT_TEXT },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24, DETECT_HTTP },
		{ "PRIVMSG ", 8, DETECT_TEXT },
		{ "OPTIONS * HTTP/1.0", 18, DETECT_HTTP },
		{ "CONNECT a:1", 11, DETECT_HTTP },
		{ "HEAD /", 6, DETECT_HTTP },
		{ "DELETE /", 8, DETECT_HTTP },
		{ "TRACE /", 7, DETECT_HTTP },
		{ "get / http/1.1", 14, DETECT_TEXT },
		{ "\x16", 1, DETECT_MORE },
		{ "\x16\x03", 2, DETECT_TLS },
		{ "\x16\x03\x01\x02\x00\x01", 6, DETECT_TLS },
		{ "\x16\x02", 2, DETECT_FRAME },
		{ "SSH-2.0-OpenSSH_9.2\r\n", 21, DETECT_SSH },
		{ "SSHx\r\n", 6, DETECT_TEXT },
		{ "S", 1, DETECT_MORE },
		{ "EHLO example.org\r\n", 18, DETECT_TEXT },
		{ "NICK ann\r\n", 10, DETECT_TEXT },
		{ "\r\n", 2, DETECT_TEXT },
		{ "\xff", 1, DETECT_MORE },
		{ "\xff\xfb\x18", 3, DETECT_TEXT },
		{ "\xff\xfd\x03", 3, DETECT_TEXT },
		{ "\xff\xff\xff\xff", 4, DETECT_FRAME },
		{ "\x01\x00\x00\x00", 4, DETECT_FRAME },
		{ "\x7f\x45\x4c\x46", 4, DETECT_FRAME },
		{ "\xc3\xa4", 2, DETECT_FRAME },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(
		    detect((const uint8_t *)cases[i].bytes, cases[i].len),
		    cases[i].what, "%zu: %s", i, cases[i].bytes);
}

/* Whatever stands behind is not looked at, nor read. */
Test(detect, every_byte_decides_by_itself)
{
	uint8_t *one = malloc(1);
	unsigned byte, more = 0, text = 0;
	enum detected what;

	for (byte = 0; byte < 256; byte++) {
		*one = (uint8_t)byte;
		what = detect(one, 1);
		more += what == DETECT_MORE;
		text += what == DETECT_TEXT;
		cr_expect(what != DETECT_HTTP && what != DETECT_TLS);
	}
	free(one);
	cr_expect_eq(more, 10, "G H P D O C T S, 0x16 and 0xff: %u", more);
	cr_expect_eq(text, 95 + 3 - 8);
}

static bool
begins(struct slice s, const char *with)
{
	return s.len >= strlen(with) && memcmp(s.at, with, strlen(with)) == 0;
}

Test(detect, answers_briefly_in_their_tongue)
{
	static const uint8_t alert[] = { 21, 3, 1, 0, 2, 2, 40 };
	struct slice http = detect_answer(DETECT_HTTP);
	struct slice tls = detect_answer(DETECT_TLS);
	struct slice text = detect_answer(DETECT_TEXT);

	cr_expect(begins(http, "HTTP/1.1 400 Bad Request\r\n"));
	cr_expect_not_null(
	    memmem(http.at, http.len, "\r\nConnection: close\r\n", 21));
	cr_expect_not_null(memmem(http.at, http.len, "chat(1)", 7));
	cr_assert_eq(tls.len, sizeof(alert));
	cr_expect_arr_eq(tls.at, alert, sizeof(alert));
	cr_expect(begins(text, "this is chatd"));
	cr_expect_eq((const char *)memchr(text.at, '\n', text.len),
	    text.at + text.len - 1);
	cr_expect_eq(detect_answer(DETECT_MORE).len, 0);
	cr_expect_eq(detect_answer(DETECT_FRAME).len, 0);
}
