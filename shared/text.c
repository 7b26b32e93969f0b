#include "text.h"

#include <wchar.h>

#include <utf8proc.h>

#include "utf8.h"

enum {
	MARKS_MAX = 4, /* on a base; curses keeps as many in a cell */
	TAB_WIDTH = 4,
	ZWNJ = 0x200c,
	ZWJ = 0x200d,
	KEYCAP = 0x20e3,
	LINE_SEPARATOR = 0x2028,
	PARAGRAPH_SEPARATOR = 0x2029,
	DOTTED_CIRCLE = 0x25cc,
	REPLACEMENT = 0xfffd,
	TONE_FIRST = 0x1f3fb,
	TONE_LAST = 0x1f3ff,
};

/* What becomes of a code point, whatever stands beside it. */
enum treatment {
	SHOW,
	NEWLINE,
	TAB,
	CARET,
	HEX,
	BIDI,
	JOINER,
	DROP,
	REPLACE,
};

/*
 * Every decision is made from the code point and from what was already let out,
 * in two places also from what was just dropped (joined, joiner).  As neither
 * can happen on text that was let out before, making safe text safe again
 * changes nothing.
 */
struct filter {
	struct buf *out;
	enum text_mode mode;
	bool knows;		/* the locale's wcwidth knows Unicode */
	uint32_t last;		/* let out last; newline at the start */
	utf8proc_int32_t state; /* of the grapheme rules behind last */
	unsigned marks;	 /* behind the base of the cluster let out last */
	bool emoji;	 /* that base is a pictograph */
	bool joined;	 /* a joiner was dropped behind that */
	uint32_t joiner; /* held back until a letter follows; 0: none */
	size_t tab_stop; /* bytes of out up to a line's start or a tab's end */
};

struct range {
	uint32_t from, to;
};

static const struct range bidi[] = {
	{ 0x061c, 0x061c },
	{ 0x200e, 0x200f },
	{ 0x202a, 0x202e },
	{ 0x2066, 0x2069 },
};

/* Scripts in which a joiner between two letters changes how they are written:
 * Arabic to Myanmar, Khmer to Balinese and so on. */
static const struct range joining[] = {
	{ 0x0600, 0x109f },
	{ 0x1780, 0x1c4f },
	{ 0xa800, 0xabff },
	{ 0x10a00, 0x11fff },
};

#define IN(ranges, cp) is_in(ranges, sizeof(ranges) / sizeof(*(ranges)), cp)

static bool
is_in(const struct range *ranges, size_t n, uint32_t codepoint)
{
	for (size_t i = 0; i < n; i++)
		if (codepoint >= ranges[i].from && codepoint <= ranges[i].to)
			return true;
	return false;
}

static const utf8proc_property_t *
property(uint32_t codepoint)
{
	return utf8proc_get_property((utf8proc_int32_t)codepoint);
}

static enum treatment
treat_control(uint32_t codepoint)
{
	if (codepoint == '\n' || codepoint == LINE_SEPARATOR ||
	    codepoint == PARAGRAPH_SEPARATOR)
		return NEWLINE;
	if (codepoint == '\t')
		return TAB;
	if (codepoint < 0x20 || codepoint == 0x7f)
		return CARET;
	if (codepoint >= 0x80 && codepoint < 0xa0)
		return HEX;
	return IN(bidi, codepoint) ? BIDI : SHOW;
}

static enum treatment
treat(const struct filter *f, uint32_t codepoint)
{
	enum treatment control = treat_control(codepoint);
	const utf8proc_property_t *p = property(codepoint);

	if (control != SHOW)
		return control;
	if (codepoint == ZWNJ || codepoint == ZWJ)
		return JOINER;
	if (p->category == UTF8PROC_CATEGORY_CN ||
	    p->category == UTF8PROC_CATEGORY_CO)
		return REPLACE;
	if (p->ignorable || codepoint == KEYCAP)
		return DROP;
	if (p->category == UTF8PROC_CATEGORY_CF &&
	    p->boundclass != UTF8PROC_BOUNDCLASS_PREPEND)
		return DROP;
	return f->knows && wcwidth((wchar_t)codepoint) < 0 ? REPLACE : SHOW;
}

/* Whether it takes no column, by libc's rule, in any locale. */
static bool
is_flat(const utf8proc_property_t *p)
{
	return p->category == UTF8PROC_CATEGORY_MN ||
	    p->category == UTF8PROC_CATEGORY_ME ||
	    p->boundclass == UTF8PROC_BOUNDCLASS_V ||
	    p->boundclass == UTF8PROC_BOUNDCLASS_T;
}

static bool
is_letter(const utf8proc_property_t *p)
{
	return p->category >= UTF8PROC_CATEGORY_LU &&
	    p->category <= UTF8PROC_CATEGORY_ME;
}

static bool
takes_joiner(uint32_t codepoint)
{
	return IN(joining, codepoint) && is_letter(property(codepoint));
}

static bool
breaks(struct filter *f, uint32_t codepoint)
{
	return utf8proc_grapheme_break_stateful(
	    (utf8proc_int32_t)f->last, (utf8proc_int32_t)codepoint, &f->state);
}

static void
put(struct filter *f, uint32_t codepoint)
{
	char bytes[4];

	buf_add(f->out, bytes, utf8_put(codepoint, bytes));
	f->last = codepoint;
}

/* ASCII, which ends every cluster before it and whatever was held back. */
static void
put_plain(struct filter *f, const char *text, size_t len)
{
	if (len == 0)
		return;
	buf_add(f->out, text, len);
	f->last = (unsigned char)text[len - 1];
	f->state = 0;
	f->marks = 0;
	f->emoji = f->joined = false;
	f->joiner = 0;
}

static bool
is_pictograph(const utf8proc_property_t *p)
{
	return p->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static void
put_base(struct filter *f, uint32_t codepoint)
{
	f->state = 0;
	f->marks = 0;
	f->emoji = is_pictograph(property(codepoint));
	put(f, codepoint);
}

/* The first of a cluster.  Marks are never without a base: curses would put
 * them on whatever stands in the cell to the left. */
static void
put_first(struct filter *f, uint32_t codepoint)
{
	const utf8proc_property_t *p = property(codepoint);

	if (!is_flat(p)) {
		put_base(f, codepoint);
	} else if (p->boundclass != UTF8PROC_BOUNDCLASS_EXTEND) {
		put_base(f, REPLACEMENT);
	} else {
		put_base(f, DOTTED_CIRCLE);
		(void)breaks(f, codepoint);
		f->marks = 1;
		put(f, codepoint);
	}
}

static void
release_joiner(struct filter *f, uint32_t next)
{
	uint32_t joiner = f->joiner;

	f->joiner = 0;
	if (joiner == 0 || f->marks + 2 > MARKS_MAX || !takes_joiner(next))
		return;
	(void)breaks(f, joiner);
	f->marks++;
	put(f, joiner);
}

static bool
is_tone(uint32_t codepoint)
{
	return codepoint >= TONE_FIRST && codepoint <= TONE_LAST;
}

/* Letters and pictographs are bases, whether something before them joins them
 * or not. */
static bool
is_base(const utf8proc_property_t *p)
{
	return (p->boundclass == UTF8PROC_BOUNDCLASS_OTHER ||
		   is_pictograph(p)) &&
	    !is_flat(p);
}

static void
show(struct filter *f, uint32_t codepoint)
{
	const utf8proc_property_t *p = property(codepoint);
	bool joined = f->joined;

	f->joined = false;
	if (joined && is_pictograph(p))
		return;
	release_joiner(f, codepoint);

	utf8proc_int32_t before = f->state;
	if (is_base(p)) {
		put_base(f, codepoint);
	} else if (breaks(f, codepoint)) {
		put_first(f, codepoint);
	} else if (f->marks < MARKS_MAX && !is_tone(codepoint)) {
		f->marks++;
		put(f, codepoint);
	} else {
		f->state = before;
	}
}

static void
hold_joiner(struct filter *f, uint32_t codepoint)
{
	if (!takes_joiner(f->last))
		f->joined = f->emoji && codepoint == ZWJ;
	else if (f->joiner == 0)
		f->joiner = codepoint;
}

static void
drop(struct filter *f, uint32_t codepoint)
{
	if (property(codepoint)->boundclass != UTF8PROC_BOUNDCLASS_EXTEND)
		f->emoji = f->joined = false;
}

static void
newline(struct filter *f)
{
	bool kept = f->mode == TEXT_LINES;

	put_plain(f, kept ? "\n" : " ", 1);
	if (kept)
		f->tab_stop = f->out->len;
}

static void
tab(struct filter *f)
{
	struct slice all = buf_slice(f->out);
	int column = 0;

	if (all.len > f->tab_stop)
		column =
		    utf8_width(all.at + f->tab_stop, all.len - f->tab_stop);
	put_plain(f, "    ", (size_t)(TAB_WIDTH - column % TAB_WIDTH));
	f->tab_stop = f->out->len;
}

/* The visible form of a control that is neither newline nor tab. */
static size_t
spell(enum treatment how, uint32_t codepoint, char out[static 16])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	if (how == CARET) {
		out[0] = '^';
		out[1] = (char)(codepoint ^ 0x40);
		return 2;
	}
	out[n++] = '<';
	if (how == BIDI) {
		out[n++] = 'U';
		out[n++] = '+';
	}
	for (int shift = how == BIDI ? 12 : 4; shift >= 0; shift -= 4)
		out[n++] = digits[codepoint >> shift & 15];
	out[n++] = '>';
	return n;
}

static void
pass(struct filter *f, uint32_t codepoint)
{
	enum treatment how = treat(f, codepoint);
	char spelled[16];

	switch (how) {
	case SHOW:
		show(f, codepoint);
		break;
	case REPLACE:
		show(f, REPLACEMENT);
		break;
	case NEWLINE:
		newline(f);
		break;
	case TAB:
		tab(f);
		break;
	case CARET:
	case HEX:
	case BIDI:
		put_plain(f, spelled, spell(how, codepoint, spelled));
		break;
	case JOINER:
		hold_joiner(f, codepoint);
		break;
	case DROP:
		drop(f, codepoint);
		break;
	}
}

void
text_safe(struct buf *out, struct slice text, enum text_mode mode)
{
	struct filter f = {
		.out = out,
		.mode = mode,
		.knows = wcwidth(REPLACEMENT) > 0,
		.last = '\n',
		.tab_stop = out->len,
	};
	size_t at = 0;

	while (at < text.len) {
		size_t plain = utf8_plain(text.at + at, text.len - at);
		put_plain(&f, text.at + at, plain);
		at += plain;
		if (at == text.len)
			break;
		size_t used;
		pass(&f, utf8_next(text.at + at, text.len - at, &used));
		at += used;
	}
}

bool
text_is_clean(struct slice text, bool lines)
{
	size_t at = 0;

	while (at < text.len) {
		at += utf8_plain(text.at + at, text.len - at);
		if (at == text.len)
			break;
		size_t used;
		uint32_t cp = utf8_next(text.at + at, text.len - at, &used);
		if (cp < 0xa0 && !(lines && cp == '\n'))
			return false;
		if (cp == REPLACEMENT && !utf8_valid(text.at + at, used))
			return false;
		at += used;
	}
	return true;
}

static void
escape(struct buf *out, uint32_t codepoint)
{
	enum treatment how = treat_control(codepoint);
	char spelled[16];

	if (how == NEWLINE)
		buf_add_string(out, "\\n");
	else if (how == TAB)
		buf_add_string(out, "\\t");
	else if (how == SHOW)
		buf_add(out, spelled, utf8_put(codepoint, spelled));
	else
		buf_add(out, spelled, spell(how, codepoint, spelled));
}

void
text_escape(struct buf *out, struct slice text)
{
	size_t at = 0;

	while (at < text.len) {
		size_t plain = utf8_plain(text.at + at, text.len - at);
		for (size_t end = at + plain; at < end; at++) {
			if (text.at[at] == '\\')
				buf_add_string(out, "\\");
			buf_add(out, text.at + at, 1);
		}
		if (at == text.len)
			break;
		size_t used;
		escape(out, utf8_next(text.at + at, text.len - at, &used));
		at += used;
	}
}
