#include "input.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include <ncurses.h>

#include "utf8.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

enum { MODIFIERS = 7, SEQUENCE_CODE = 0x1000 };

static const struct key_row rows[] = {
#define GROUP(title)		  { .group = title },
#define ACTION(NAME, name, words) { .action = ACTION_##NAME, .meaning = words },
#define KEY(NAME, text, code)                                                  \
	{ .action = ACTION_##NAME, .shown = text, .key = code },
#include "keys.def"
};

/* curses' numbers of keys that terminfo knows. */
static const struct {
	int curses, key;
} known[] = {
	{ KEY_UP, INPUT_UP },
	{ KEY_DOWN, INPUT_DOWN },
	{ KEY_LEFT, INPUT_LEFT },
	{ KEY_RIGHT, INPUT_RIGHT },
	{ KEY_HOME, INPUT_HOME },
	{ KEY_A1, INPUT_HOME },
	{ KEY_END, INPUT_END },
	{ KEY_C1, INPUT_END },
	{ KEY_PPAGE, INPUT_PAGE_UP },
	{ KEY_A3, INPUT_PAGE_UP },
	{ KEY_NPAGE, INPUT_PAGE_DOWN },
	{ KEY_C3, INPUT_PAGE_DOWN },
	{ KEY_IC, INPUT_INSERT },
	{ KEY_DC, INPUT_DELETE },
	{ KEY_BACKSPACE, INPUT_BACKSPACE },
	{ KEY_ENTER, '\r' },
	{ KEY_BTAB, INPUT_SHIFT | '\t' },
	{ KEY_SR, INPUT_SHIFT | INPUT_UP },
	{ KEY_SF, INPUT_SHIFT | INPUT_DOWN },
	{ KEY_SLEFT, INPUT_SHIFT | INPUT_LEFT },
	{ KEY_SRIGHT, INPUT_SHIFT | INPUT_RIGHT },
	{ KEY_SHOME, INPUT_SHIFT | INPUT_HOME },
	{ KEY_SEND, INPUT_SHIFT | INPUT_END },
	{ KEY_F(1), INPUT_F1 },
};

/* Behind ESC [, whatever terminfo says. */
static const struct {
	const char *sequence;
	uint32_t means;
} fixed[] = {
	{ "200~", INPUT_PASTE_BEGINS },
	{ "201~", INPUT_PASTE_ENDS },
	{ "I", INPUT_FOCUS_IN },
	{ "O", INPUT_FOCUS_OUT },
	{ "0n", INPUT_ANSWERED },
	{ "3n", INPUT_ANSWERED },
	{ "Z", INPUT_SHIFT | '\t' },
	{ "11~", INPUT_F1 },
	{ "[A", INPUT_F1 },
};

/* And those that take modifiers: ESC [ 1 ; 5 A is Ctrl-Up.  With a digit they
 * end in ~: ESC [ 3 ; 5 ~ is Ctrl-Delete. */
static const struct {
	char letter;
	uint32_t means;
} modified[] = {
	{ 'A', INPUT_UP },
	{ 'B', INPUT_DOWN },
	{ 'C', INPUT_RIGHT },
	{ 'D', INPUT_LEFT },
	{ 'H', INPUT_HOME },
	{ 'F', INPUT_END },
	{ 'P', INPUT_F1 },
	{ '1', INPUT_HOME },
	{ '2', INPUT_INSERT },
	{ '3', INPUT_DELETE },
	{ '4', INPUT_END },
	{ '5', INPUT_PAGE_UP },
	{ '6', INPUT_PAGE_DOWN },
	{ '7', INPUT_HOME },
	{ '8', INPUT_END },
};

static const char paste_end[] = "\033[201~";

/* Keys are read from pads, as reading from a window would paint it: one that
 * knows sequences and one, for pastes, that does not. */
static WINDOW *keyboard, *verbatim;

const struct key_row *
input_rows(size_t *n)
{
	*n = N(rows);
	return rows;
}

static enum action
action_of(int key)
{
	for (size_t i = 0; i < N(rows); i++)
		if (rows[i].shown != NULL && rows[i].key == key)
			return rows[i].action;
	return ACTION_NONE;
}

static uint32_t
modifiers(char digit)
{
	unsigned bits = (unsigned)(digit - '1');

	return ((bits & 1) != 0 ? INPUT_SHIFT : 0u) |
	    ((bits & 2) != 0 ? INPUT_ALT : 0u) |
	    ((bits & 4) != 0 ? INPUT_CONTROL : 0u);
}

uint32_t
input_sequence(const char *at, size_t len)
{
	struct slice sequence = { at, len };

	for (size_t i = 0; i < N(fixed); i++)
		if (slice_is(sequence, slice_of(fixed[i].sequence)))
			return fixed[i].means;
	if (len == 0)
		return 0;

	bool has_tilde = at[len - 1] == '~';
	char letter = has_tilde ? at[0] : at[len - 1];
	uint32_t held = 0;
	if (len == 4 && at[1] == ';' && at[2] >= '2' && at[2] <= '8' &&
	    (has_tilde || at[0] == '1'))
		held = modifiers(at[2]);
	else if (len != (has_tilde ? 2 : 1))
		return 0;
	for (size_t i = 0; i < N(modified); i++)
		if (modified[i].letter == letter)
			return modified[i].means | held;
	return 0;
}

/* The sequences in a row, for curses to know: the i-th; false behind them. */
static bool
nth_sequence(size_t i, char out[16])
{
	size_t key, held;

	if (i < N(fixed)) {
		snprintf(out, 16, "%s", fixed[i].sequence);
		return true;
	}
	key = (i - N(fixed)) / MODIFIERS;
	held = (i - N(fixed)) % MODIFIERS + 2;
	if (key >= N(modified))
		return false;
	if (modified[key].letter < 'A')
		snprintf(out, 16, "%c;%zu~", modified[key].letter, held);
	else
		snprintf(out, 16, "1;%zu%c", held, modified[key].letter);
	return true;
}

void
input_begin(struct input *in)
{
	const char *codeset = nl_langinfo(CODESET);
	char sequence[16], whole[20];

	in->is_utf8 = strcmp(codeset, "UTF-8") == 0 ||
	    strcmp(codeset, "ANSI_X3.4-1968") == 0;
	if (keyboard == NULL) {
		keyboard = newpad(1, 1);
		verbatim = newpad(1, 1);
	}
	keypad(keyboard, TRUE);
	nodelay(keyboard, TRUE);
	nodelay(verbatim, TRUE);
	for (size_t i = 0; nth_sequence(i, sequence); i++) {
		snprintf(whole, sizeof(whole), "\033[%s", sequence);
		define_key(whole, SEQUENCE_CODE + (int)i);
	}
}

void
input_done(struct input *in)
{
	buf_done(&in->paste);
}

/* ---- the decoder ---- */

static bool
is_report(uint32_t code)
{
	return code >= INPUT_PASTE_BEGINS && code <= INPUT_ANSWERED;
}

static bool
tell_key(struct input_event *event, int key)
{
	int plain = key & ~INPUT_ALT;

	if (key != plain && plain >= 'A' && plain <= 'Z')
		key += 'a' - 'A';
	*event = (struct input_event){
		.kind = INPUT_KEY,
		.key = key,
		.action = action_of(key),
	};
	return true;
}

/* A key, or a report in the shape of one. */
static bool
tell_special(struct input *in, struct input_event *event, uint32_t code)
{
	switch (code) {
	case INPUT_PASTE_BEGINS:
		in->state = INPUT_PASTING;
		in->matched = 0;
		buf_clear(&in->paste);
		return false;
	case INPUT_PASTE_ENDS:
		return false;
	case INPUT_FOCUS_IN:
	case INPUT_FOCUS_OUT:
		*event = (struct input_event){
			.kind = INPUT_FOCUS,
			.is_focused = code == INPUT_FOCUS_IN,
		};
		return true;
	case INPUT_ANSWERED:
		*event = (struct input_event){ .kind = INPUT_ANSWER };
		return true;
	default:
		return tell_key(event, (int)code);
	}
}

static bool
tell_character(struct input *in, struct input_event *event, uint32_t code)
{
	if (code == 0x7f)
		return tell_key(event, INPUT_BACKSPACE);
	if (code < 0x20)
		return tell_key(event, (int)code);
	if (code < 0xa0 && code > 0x7f)
		return false;
	*event = (struct input_event){ .kind = INPUT_TEXT };
	event->text = (struct slice){ in->text, utf8_put(code, in->text) };
	return event->text.len != 0;
}

static bool
tell_paste(struct input *in, struct input_event *event)
{
	in->state = INPUT_IDLE;
	*event = (struct input_event){
		.kind = INPUT_PASTE,
		.text = buf_slice(&in->paste),
	};
	return true;
}

static void
keep(struct input *in, uint32_t code)
{
	char bytes[4];
	size_t len = utf8_put(code, bytes);

	if (in->paste.len + len <= INPUT_PASTE_MAX)
		buf_add(&in->paste, bytes, len);
}

static bool
feed_paste(struct input *in, uint32_t code, struct input_event *event)
{
	if (code == (unsigned char)paste_end[in->matched]) {
		in->matched++;
		return paste_end[in->matched] == '\0' && tell_paste(in, event);
	}
	for (size_t i = 0; i < in->matched; i++)
		keep(in, (unsigned char)paste_end[i]);
	in->matched = 0;
	if (code == (unsigned char)paste_end[0])
		in->matched = 1;
	else
		keep(in, code);
	return false;
}

/* ESC [ and what follows, to the first byte from @ to ~; the console's F1 has
 * a second [ that ends nothing. */
static bool
feed_bracketed(struct input *in, uint32_t code, struct input_event *event)
{
	if (in->length < sizeof(in->sequence))
		in->sequence[in->length++] = code < 0x7f ? (char)code : '?';
	if (code >= 0x20 && (code < 0x40 || (code == '[' && in->length == 1)))
		return false;
	in->state = INPUT_IDLE;
	uint32_t means = input_sequence(in->sequence, in->length);
	return means != 0 && tell_special(in, event, means);
}

/* ESC O and a letter, perhaps behind digits: keys only, no reports. */
static bool
feed_shifted(struct input *in, uint32_t code, struct input_event *event)
{
	if (code >= 0x20 && code < 0x40)
		return false;
	uint32_t means;

	in->sequence[0] = code < 0x7f ? (char)code : '?';
	means = input_sequence(in->sequence, 1);
	in->state = INPUT_IDLE;
	return means != 0 && !is_report(means) && tell_key(event, (int)means);
}

static bool
feed_escaped(struct input *in, uint32_t code, struct input_event *event)
{
	if (code == INPUT_ESCAPE)
		return tell_key(event, INPUT_ESCAPE);
	in->state = INPUT_IDLE;
	in->length = 0;
	if (code == '[')
		in->state = INPUT_BRACKETED;
	else if (code == 'O')
		in->state = INPUT_SHIFTED;
	else if (code == 0x7f || code == '\b')
		return tell_key(event, INPUT_ALT | INPUT_BACKSPACE);
	else
		return tell_key(event, INPUT_ALT | (int)code);
	return false;
}

bool
input_feed(struct input *in, uint32_t code, bool is_special, int64_t now_ms,
    struct input_event *event)
{
	bool was_late = in->is_late && now_ms - in->last_ms <= INPUT_LATE_MS;

	if (in->state != INPUT_PASTING && in->state != INPUT_ESCAPED &&
	    now_ms - in->last_ms > INPUT_LATE_MS)
		in->state = INPUT_IDLE;
	in->is_late = false;
	in->last_ms = now_ms;
	if (is_special) {
		/* What the terminal tells by itself does not use up an Escape
		 * that was pressed. */
		if (in->state == INPUT_ESCAPED && is_report(code))
			return tell_special(in, event, code);
		if (in->state == INPUT_ESCAPED)
			code |= INPUT_ALT;
		in->state = INPUT_IDLE;
		return tell_special(in, event, code);
	}
	switch (in->state) {
	case INPUT_PASTING:
		return feed_paste(in, code, event);
	case INPUT_ESCAPED:
		return feed_escaped(in, code, event);
	case INPUT_BRACKETED:
		return feed_bracketed(in, code, event);
	case INPUT_SHIFTED:
		return feed_shifted(in, code, event);
	case INPUT_IDLE:
		break;
	}
	if (code == INPUT_ESCAPE) {
		in->state = INPUT_ESCAPED;
		return false;
	}
	if (was_late && (code == '[' || code == 'O'))
		return feed_escaped(in, code, event);
	return tell_character(in, event, code);
}

bool
input_pause(struct input *in, int64_t now_ms, struct input_event *event)
{
	if (in->state == INPUT_PASTING)
		return now_ms - in->last_ms >= INPUT_PASTE_MS &&
		    tell_paste(in, event);
	if (in->state != INPUT_ESCAPED)
		return false;
	in->state = INPUT_IDLE;
	in->is_late = true;
	return tell_key(event, INPUT_ESCAPE);
}

int64_t
input_due(const struct input *in)
{
	if (in->has_more)
		return in->last_ms;
	return in->state == INPUT_PASTING ? in->last_ms + INPUT_PASTE_MS : -1;
}

/* ---- curses ---- */

static uint32_t
special(int code)
{
	char sequence[16];

	for (size_t i = 0; i < N(known); i++)
		if (known[i].curses == code)
			return (uint32_t)known[i].key;
	if (code >= SEQUENCE_CODE &&
	    nth_sequence((size_t)(code - SEQUENCE_CODE), sequence))
		return input_sequence(sequence, strlen(sequence));
	return 0;
}

/* Puts bytes together to characters: UTF-8, also where the locale knows only
 * ASCII, as what is typed there is sent all the same; else by the locale.
 * false: more is needed, or it was nothing. */
static bool
assemble(struct input *in, unsigned char byte, uint32_t *code)
{
	wchar_t wide;
	size_t used;

	if (!in->is_utf8) {
		used = mbrtowc(&wide, (char *)&byte, 1, &in->shift);
		if (used == (size_t)-1)
			memset(&in->shift, 0, sizeof(in->shift));
		*code = (uint32_t)wide;
		return used == 0 || used == 1;
	}
	/* One that begins anew ends what was begun. */
	if ((byte & 0xc0) != 0x80 || in->part_len == sizeof(in->part))
		in->part_len = 0;
	in->part[in->part_len++] = (char)byte;
	if (!utf8_valid(in->part, in->part_len))
		return false;
	*code = utf8_next(in->part, in->part_len, &used);
	in->part_len = 0;
	return true;
}

bool
input_next(struct input *in, int64_t now_ms, struct input_event *event)
{
	in->has_more = true;
	for (int n = 0; n < INPUT_AT_ONCE; n++) {
		int got =
		    wgetch(in->state == INPUT_PASTING ? verbatim : keyboard);
		uint32_t code;
		if (got == ERR) {
			in->has_more = false;
			return input_pause(in, now_ms, event);
		}
		bool is_special = got > 0xff;
		if (is_special ? (code = special(got)) == 0
			       : !assemble(in, (unsigned char)got, &code))
			continue;
		if (input_feed(in, code, is_special, now_ms, event))
			return true;
	}
	return false;
}
