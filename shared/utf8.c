#include "utf8.h"

#include <string.h>
#include <wchar.h>

#include <utf8proc.h>

#define ONES 0x0101010101010101ULL
#define HIGH 0x8080808080808080ULL

enum { REPLACEMENT = 0xfffd };

/* Well-formed sequences (Unicode, table 3-7): the second byte's range depends
 * on the first, all others are 80 to BF. */
static const struct lead {
	unsigned char from, to, low, high, len;
} leads[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static inline const unsigned char *
bytes(const char *text)
{
	return (const unsigned char *)text;
}

static inline uint64_t
word_at(const char *text)
{
	uint64_t word;
	memcpy(&word, text, sizeof(word));
	return word;
}

/* Length of the maximal subpart at the front of what is no valid sequence. */
static size_t
subpart(const unsigned char *at, size_t len)
{
	const struct lead *lead = leads;
	const struct lead *end = leads + sizeof(leads) / sizeof(*leads);

	while (lead < end && (at[0] < lead->from || at[0] > lead->to))
		lead++;
	if (lead == end || len < 2 || at[1] < lead->low || at[1] > lead->high)
		return 1;
	size_t n = 2;
	while (n < len && n < lead->len && (at[n] & 0xc0) == 0x80)
		n++;
	return n;
}

bool
utf8_valid(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		if (len - at >= 8 && (word_at(text + at) & HIGH) == 0) {
			at += 8;
			continue;
		}
		if ((bytes(text)[at] & 0x80) == 0) {
			at++;
			continue;
		}
		utf8proc_int32_t cp;
		utf8proc_ssize_t used = utf8proc_iterate(
		    bytes(text) + at, (utf8proc_ssize_t)(len - at), &cp);
		if (used <= 0)
			return false;
		at += (size_t)used;
	}
	return true;
}

size_t
utf8_plain(const char *text, size_t len)
{
	size_t at = 0;

	while (len - at >= 8) {
		uint64_t word = word_at(text + at);
		uint64_t below = word - ONES * 0x20;
		uint64_t del = (word ^ ONES * 0x7f) - ONES;
		if (((word | below | del) & HIGH) != 0)
			break;
		at += 8;
	}
	while (at < len && text[at] >= 0x20 && text[at] < 0x7f)
		at++;
	return at;
}

uint32_t
utf8_next(const char *text, size_t len, size_t *used)
{
	utf8proc_int32_t cp;

	if ((bytes(text)[0] & 0x80) == 0) {
		*used = 1;
		return bytes(text)[0];
	}
	utf8proc_ssize_t got =
	    utf8proc_iterate(bytes(text), (utf8proc_ssize_t)len, &cp);
	if (got > 0) {
		*used = (size_t)got;
		return (uint32_t)cp;
	}
	*used = subpart(bytes(text), len);
	return REPLACEMENT;
}

size_t
utf8_put(uint32_t codepoint, char *out)
{
	if (codepoint > 0x10ffff)
		return 0;
	if (!utf8proc_codepoint_valid((utf8proc_int32_t)codepoint))
		return 0;
	return (size_t)utf8proc_encode_char(
	    (utf8proc_int32_t)codepoint, (utf8proc_uint8_t *)out);
}

size_t
utf8_cluster(const char *text, size_t len)
{
	if (len < 2)
		return len;
	if (((bytes(text)[0] | bytes(text)[1]) & 0x80) == 0)
		return text[0] == '\r' && text[1] == '\n' ? 2 : 1;

	utf8proc_int32_t state = 0;
	size_t used;
	uint32_t last = utf8_next(text, len, &used);
	size_t n = used;
	while (n < len) {
		uint32_t next = utf8_next(text + n, len - n, &used);
		if (utf8proc_grapheme_break_stateful(
			(utf8proc_int32_t)last, (utf8proc_int32_t)next, &state))
			break;
		n += used;
		last = next;
	}
	return n;
}

static int
class_of(uint32_t codepoint)
{
	return utf8proc_get_property((utf8proc_int32_t)codepoint)->boundclass;
}

/* Start of the sequence that holds the byte before at.  Any byte that is not a
 * continuation starts one, whatever stands before it. */
static size_t
sequence_before(const char *text, size_t at)
{
	do
		at--;
	while (at > 0 && (bytes(text)[at] & 0xc0) == 0x80);
	return at;
}

/* Classes behind which a cluster ends, unless one of joins_left follows. */
#define CLASS(name) (1U << UTF8PROC_BOUNDCLASS_##name)

static const unsigned ends_cluster = CLASS(OTHER) | CLASS(LF) | CLASS(LV) |
    CLASS(LVT) | CLASS(EXTENDED_PICTOGRAPHIC);
static const unsigned joins_left =
    CLASS(EXTEND) | CLASS(SPACINGMARK) | CLASS(ZWJ) | CLASS(V) | CLASS(T);

/* Whether a cluster starts at byte at whatever stands further to the left.
 * Where broken bytes stand before it, the sequence they follow may be judged
 * in their place: they themselves end any cluster. */
static bool
starts_anyway(const char *text, size_t at, size_t len)
{
	size_t used, before = sequence_before(text, at);
	int next = class_of(utf8_next(text + at, len - at, &used));
	int last = class_of(utf8_next(text + before, at - before, &used));

	return (1U << last & ends_cluster) != 0 &&
	    (1U << next & joins_left) == 0;
}

size_t
utf8_cluster_before(const char *text, size_t at)
{
	size_t start = sequence_before(text, at);

	while (start > 0 && !starts_anyway(text, start, at))
		start = sequence_before(text, start);
	for (;;) {
		size_t next = start + utf8_cluster(text + start, at - start);
		if (next >= at)
			return start;
		start = next;
	}
}

static int
width_of(uint32_t codepoint)
{
	int width = wcwidth((wchar_t)codepoint);

	return width < 0 ? 1 : width;
}

int
utf8_cluster_width(const char *text, size_t len)
{
	return utf8_width(text, len);
}

int
utf8_width(const char *text, size_t len)
{
	int width = 0;
	size_t at = 0;

	while (at < len) {
		size_t plain = utf8_plain(text + at, len - at);
		width += (int)plain;
		at += plain;
		if (at == len)
			break;
		size_t used;
		width += width_of(utf8_next(text + at, len - at, &used));
		at += used;
	}
	return width;
}

size_t
utf8_fit(const char *text, size_t len, int columns)
{
	size_t at = 0;

	if (columns < 0)
		return 0;
	while (at < len) {
		/* What follows the last plain one may be a mark on it. */
		size_t room = (size_t)columns + 1;
		size_t left = len - at;
		size_t plain = utf8_plain(text + at, left < room ? left : room);
		if (plain > 0 && plain < left)
			plain--;
		if (plain > 0 && (int)plain >= columns)
			return at + (size_t)columns;
		at += plain;
		columns -= (int)plain;

		size_t n = utf8_cluster(text + at, len - at);
		int width = utf8_cluster_width(text + at, n);
		if (width > columns)
			break;
		at += n;
		columns -= width;
	}
	return at;
}
