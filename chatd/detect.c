#include "detect.h"

#include <stdbool.h>
#include <string.h>

#define WORDS "this is chatd, a chat server: see chat(1)"

/* How a stream may begin; what is printable besides is text. */
static const struct {
	const char *prefix;
	enum detected what;
} beginnings[] = {
	{ "GET ", DETECT_HTTP },
	{ "HEAD ", DETECT_HTTP },
	{ "POST ", DETECT_HTTP },
	{ "PUT ", DETECT_HTTP },
	{ "PATCH ", DETECT_HTTP },
	{ "DELETE ", DETECT_HTTP },
	{ "OPTIONS ", DETECT_HTTP },
	{ "CONNECT ", DETECT_HTTP },
	{ "TRACE ", DETECT_HTTP },
	{ "PRI * HTTP/2", DETECT_HTTP },
	{ "\x16\x03", DETECT_TLS },
	{ "SSH-", DETECT_SSH },
	/* Telnet offers and demands: IAC, then WILL, WON'T, DO, DON'T. */
	{ "\xff\xfb", DETECT_TEXT },
	{ "\xff\xfc", DETECT_TEXT },
	{ "\xff\xfd", DETECT_TEXT },
	{ "\xff\xfe", DETECT_TEXT },
};

static const char http[] = "HTTP/1.1 400 Bad Request\r\n"
			   "Content-Type: text/plain\r\n"
			   "Connection: close\r\n"
			   "\r\n" WORDS "\r\n";
/* A fatal alert: handshake failure. */
static const char tls[] = "\x15\x03\x01\x00\x02\x02\x28";
static const char text[] = WORDS "\r\n";

static const struct slice answers[] = {
	[DETECT_HTTP] = { http, sizeof(http) - 1 },
	[DETECT_TLS] = { tls, sizeof(tls) - 1 },
	[DETECT_SSH] = { text, sizeof(text) - 1 },
	[DETECT_TEXT] = { text, sizeof(text) - 1 },
};

static bool
is_text(uint8_t c)
{
	return (c >= ' ' && c <= '~') || c == '\r' || c == '\n' || c == '\t';
}

enum detected
detect(const uint8_t *first, size_t len)
{
	bool perhaps = false;
	size_t i, n;

	if (len == 0)
		return DETECT_MORE;
	for (i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
		n = strlen(beginnings[i].prefix);
		if (memcmp(first, beginnings[i].prefix, len < n ? len : n) != 0)
			continue;
		if (len >= n)
			return beginnings[i].what;
		perhaps = true;
	}
	if (perhaps)
		return DETECT_MORE;
	return is_text(first[0]) ? DETECT_TEXT : DETECT_FRAME;
}

struct slice
detect_answer(enum detected what)
{
	return what < sizeof(answers) / sizeof(*answers) ? answers[what]
							 : (struct slice){ 0 };
}
