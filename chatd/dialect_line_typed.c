/*
 * A line as it is typed: bytes put together, whatever pieces they come in, with
 * the keys that erase.  Some clients send each key at once, and corrections as
 * they are; echo is theirs.
 */
#include "dialect_line.h"
#include "text.h"
#include "utf8.h"

enum key {
	KEY_BACKSPACE = 8,
	KEY_ERASE_LINE = 21, /* ^U */
	KEY_ERASE_WORD = 23, /* ^W */
	KEY_DELETE = 127,
};

enum { CHARACTER_MAX = 64 }; /* bytes looked at to find where one starts */

static bool
is_blank(const struct line *t, size_t at)
{
	return buf_at(&t->typed)[at] == ' ';
}

/* Whatever one sees as one, of however many bytes.  Only so far back as a
 * character may well be long, so that erasing costs the same in any line. */
static void
erase_character(struct line *t)
{
	const char *at = (const char *)buf_at(&t->typed);
	size_t len = t->typed.len;
	size_t from = len > CHARACTER_MAX ? len - CHARACTER_MAX : 0;

	while (from < len && (at[from] & 0xc0) == 0x80)
		from++;
	if (from < len)
		buf_cut(&t->typed,
		    from + utf8_cluster_before(at + from, len - from));
	else if (len != 0)
		buf_cut(&t->typed, len - 1);
}

static void
erase_word(struct line *t)
{
	size_t len = t->typed.len;

	while (len != 0 && is_blank(t, len - 1))
		len--;
	while (len != 0 && !is_blank(t, len - 1))
		len--;
	buf_cut(&t->typed, len);
}

static void
erase_line(struct line *t)
{
	buf_clear(&t->typed);
	t->wrong = FINE;
}

static void
add(struct line *t, uint8_t byte)
{
	if (t->wrong != FINE)
		return;
	if (t->typed.len == LINE_MAX_BYTES)
		t->wrong = REFUSE_TEXT_LONG;
	else
		buf_add_u8(&t->typed, byte == '\t' ? ' ' : byte);
}

/* A line that is wrong already stays so until it is erased. */
static void
type(struct line *t, uint8_t byte)
{
	if (byte == KEY_ERASE_LINE)
		erase_line(t);
	else if (byte != KEY_BACKSPACE && byte != KEY_DELETE &&
	    byte != KEY_ERASE_WORD)
		add(t, byte);
	else if (t->wrong != FINE)
		return;
	else if (byte == KEY_ERASE_WORD)
		erase_word(t);
	else
		erase_character(t);
}

bool
line_take(struct line *t, uint8_t byte, struct buf *reply)
{
	bool is_after_cr = t->is_after_cr;

	switch (telnet_take(&t->telnet, byte, reply)) {
	case TELNET_NOTHING:
		return false;
	case TELNET_ERASE:
		type(t, KEY_BACKSPACE);
		return false;
	case TELNET_ERASE_LINE:
		type(t, KEY_ERASE_LINE);
		return false;
	case TELNET_LOST:
		t->wrong = REFUSE_BAD_TEXT;
		return false;
	case TELNET_BYTE:
		break;
	}
	t->is_after_cr = byte == '\r';
	if (is_after_cr && (byte == '\n' || byte == '\0'))
		return false;
	if (byte == '\r' || byte == '\n')
		return true;
	type(t, byte);
	return false;
}

/* Each byte is a character of Latin-1. */
static void
widen(struct buf *typed)
{
	struct buf wide = { 0 };
	size_t i;

	for (i = 0; i < typed->len; i++) {
		char utf8[4];

		buf_add(&wide, utf8, utf8_put(buf_at(typed)[i], utf8));
	}
	buf_done(typed);
	*typed = wide;
}

enum refusal
line_check(struct line *t)
{
	struct slice text = buf_slice(&t->typed);

	if (t->wrong != FINE)
		return t->wrong;
	if (!utf8_valid(text.at, text.len)) {
		widen(&t->typed);
		text = buf_slice(&t->typed);
	}
	return text_is_clean(text, false) ? FINE : REFUSE_BAD_TEXT;
}

void
line_clear(struct line *t)
{
	buf_done(&t->typed);
	t->wrong = FINE;
}
