#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../chat/input.h"

/* What came of some codes, as one string: actions by number, texts in quotes,
 * pastes in brackets, F and f for the focus, ! for an answer. */
static void
note(const struct input_event *event, char *out, size_t size)
{
	size_t len = strlen(out);

	out += len;
	size -= len;
	switch (event->kind) {
	case INPUT_KEY:
		snprintf(out, size, "%d ", event->action);
		break;
	case INPUT_TEXT:
		snprintf(out, size, "'%.*s' ", SLICE_ARG(event->text));
		break;
	case INPUT_PASTE:
		snprintf(out, size, "[%.*s] ", SLICE_ARG(event->text));
		break;
	case INPUT_FOCUS:
		snprintf(out, size, "%c ", event->is_focused ? 'F' : 'f');
		break;
	case INPUT_ANSWER:
		snprintf(out, size, "! ");
		break;
	}
}

enum { NOW = 5000, TOLD = 512 };

/* Feeds bytes as characters, all at one time, then a pause. */
static void
feed(struct input *in, const char *codes, size_t len, int64_t now, char *out)
{
	struct input_event event;

	for (size_t i = 0; i < len; i++)
		if (input_feed(in, (unsigned char)codes[i], false, now, &event))
			note(&event, out, TOLD);
	while (input_pause(in, now, &event))
		note(&event, out, TOLD);
}

static void
check(const char *codes, const char *expected)
{
	struct input in = { 0 };
	char told[TOLD] = "";

	feed(&in, codes, strlen(codes), NOW, told);
	cr_expect_str_eq(told, expected, "%zu codes: %s instead of %s",
	    strlen(codes), told, expected);
	input_done(&in);
}

static void
check_actions(const char *codes, const enum action *actions, size_t n)
{
	char expected[TOLD] = "";

	for (size_t i = 0; i < n; i++)
		snprintf(expected + strlen(expected), 16, "%d ", actions[i]);
	check(codes, expected);
}

#define CHECK_ACTIONS(codes, ...)                                              \
	check_actions(codes, (const enum action[]){ __VA_ARGS__ },             \
	    sizeof((const enum action[]){ __VA_ARGS__ }) /                     \
		sizeof(enum action))

/* ---- the table ---- */

Test(input, no_key_stands_for_two_actions)
{
	size_t n;
	const struct key_row *rows = input_rows(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (rows[i].shown != NULL && rows[k].shown != NULL) {
				cr_expect_neq(rows[i].key, rows[k].key, "%s",
				    rows[i].shown);
				cr_expect_str_neq(rows[i].shown, rows[k].shown);
			}
}

Test(input, every_action_has_a_key_and_a_meaning)
{
	size_t n, keys[ACTION_COUNT] = { 0 }, meanings[ACTION_COUNT] = { 0 };
	const struct key_row *rows = input_rows(&n);

	for (size_t i = 0; i < n; i++) {
		keys[rows[i].action] += rows[i].shown != NULL;
		meanings[rows[i].action] += rows[i].meaning != NULL;
	}
	for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		cr_expect_gt(keys[a], 0, "action %d", a);
		cr_expect_eq(meanings[a], 1, "action %d", a);
	}
}

/* The name people read and the number the decoder gives are the same key. */
static void
name_key(int key, char *out, size_t size)
{
	static const struct {
		int key;
		const char *name;
	} names[] = {
		{ '\r', "Enter" },
		{ '\t', "Tab" },
		{ INPUT_ESCAPE, "Escape" },
		{ INPUT_UP, "Up" },
		{ INPUT_DOWN, "Down" },
		{ INPUT_LEFT, "Left" },
		{ INPUT_RIGHT, "Right" },
		{ INPUT_HOME, "Home" },
		{ INPUT_END, "End" },
		{ INPUT_PAGE_UP, "PageUp" },
		{ INPUT_PAGE_DOWN, "PageDown" },
		{ INPUT_DELETE, "Delete" },
		{ INPUT_BACKSPACE, "Backspace" },
		{ INPUT_F1, "F1" },
	};
	int base = key & ~(INPUT_SHIFT | INPUT_ALT | INPUT_CONTROL);
	const char *name = NULL;
	char sign[8] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].key == base)
			name = names[i].name;
	if (name == NULL && base < 0x20)
		snprintf(sign, sizeof(sign), "Ctrl-%c", base + 0x40);
	else if (name == NULL)
		snprintf(sign, sizeof(sign), "%c",
		    base >= 'a' && base <= 'z' ? base - 'a' + 'A' : base);
	snprintf(out, size, "%s%s%s%s", (key & INPUT_SHIFT) ? "Shift-" : "",
	    (key & INPUT_CONTROL) ? "Ctrl-" : "",
	    (key & INPUT_ALT) ? "Alt-" : "", name != NULL ? name : sign);
}

Test(input, keys_are_shown_as_what_they_are)
{
	size_t n;
	const struct key_row *rows = input_rows(&n);
	char name[32];

	for (size_t i = 0; i < n; i++) {
		if (rows[i].shown == NULL)
			continue;
		name_key(rows[i].key, name, sizeof(name));
		cr_expect_str_eq(rows[i].shown, name);
	}
}

/* ---- the decoder ---- */

Test(input, text)
{
	struct input in = { 0 };
	struct input_event event;

	check("ab", "'a' 'b' ");
	cr_assert(input_feed(&in, 0x65e5, false, NOW, &event));
	cr_expect(slice_is(event.text, slice_of("\xe6\x97\xa5")));
	/* No characters: nothing comes of them. */
	cr_expect_not(input_feed(&in, 0x9b, false, NOW, &event));
	cr_expect_not(input_feed(&in, 0x110000, false, NOW, &event));
}

Test(input, controls_and_alt)
{
	CHECK_ACTIONS("\001", ACTION_LINE_START);
	CHECK_ACTIONS("\r", ACTION_SEND);
	CHECK_ACTIONS("\033\r\n", ACTION_NEWLINE, ACTION_NEWLINE);
	CHECK_ACTIONS("\x7f\b", ACTION_DELETE_LEFT, ACTION_DELETE_LEFT);
	CHECK_ACTIONS(
	    "\033\x7f\033\b", ACTION_KILL_WORD_LEFT, ACTION_KILL_WORD_LEFT);
	CHECK_ACTIONS("\033b\033B", ACTION_WORD_LEFT, ACTION_WORD_LEFT);
	CHECK_ACTIONS("\0333", ACTION_ROOM);
	CHECK_ACTIONS("\033", ACTION_CANCEL);
	CHECK_ACTIONS("\033\033", ACTION_CANCEL, ACTION_CANCEL);
	CHECK_ACTIONS("\033q", ACTION_NONE);
}

Test(input, sequences)
{
	CHECK_ACTIONS("\033[A\033OA", ACTION_UP, ACTION_UP);
	CHECK_ACTIONS("\033[1;2A\033[1;2B", ACTION_ROW_UP, ACTION_ROW_DOWN);
	CHECK_ACTIONS(
	    "\033[1;5D\033[1;5C", ACTION_WORD_LEFT, ACTION_WORD_RIGHT);
	CHECK_ACTIONS("\033[1;3C\033\033[D", ACTION_ROOM_NEXT, ACTION_CANCEL,
	    ACTION_LEFT);
	CHECK_ACTIONS("\033[5~\033[6~", ACTION_PAGE_UP, ACTION_PAGE_DOWN);
	CHECK_ACTIONS(
	    "\033[3~\033[Z", ACTION_DELETE_RIGHT, ACTION_COMPLETE_BACK);
	CHECK_ACTIONS(
	    "\033OP\033[11~\033[[A", ACTION_HELP, ACTION_HELP, ACTION_HELP);
	CHECK_ACTIONS("\033[H\033[1~\033OH", ACTION_LINE_START,
	    ACTION_LINE_START, ACTION_LINE_START);
}

Test(input, reports)
{
	check("\033[I\033[O\033[0n", "F f ! ");
	check("x\033[0ny", "'x' ! 'y' ");
}

Test(input, unknown_sequences_are_swallowed_whole)
{
	check("a\033[99;7;3zb", "'a' 'b' ");
	check("a\033[?1;2cb", "'a' 'b' ");
	check("a\033[1;2;3;4;5;6;7;8;9;10;11;12Ab", "'a' 'b' ");
	check("a\033Oxb", "'a' 'b' ");
	check("a\033[<0;12;13Mb", "'a' 'b' ");
}

Test(input, what_lags_behind_its_escape_is_still_one_sequence)
{
	struct input in = { 0 };
	char told[TOLD] = "", expected[TOLD];

	feed(&in, "\033", 1, NOW, told);
	feed(&in, "[0n", 3, NOW + INPUT_LATE_MS, told);
	snprintf(expected, TOLD, "%d ! ", ACTION_CANCEL);
	cr_expect_str_eq(told, expected);

	told[0] = '\0';
	feed(&in, "\033", 1, 2 * NOW, told);
	feed(&in, "[", 1, 2 * NOW + INPUT_LATE_MS + 1, told);
	snprintf(expected, TOLD, "%d '[' ", ACTION_CANCEL);
	cr_expect_str_eq(told, expected);
}

Test(input, a_sequence_may_come_in_any_pieces)
{
	static const char whole[] = "\033[1;5D";

	for (size_t cut = 2; cut < sizeof(whole) - 1; cut++) {
		struct input in = { 0 };
		char told[TOLD] = "", expected[TOLD];
		feed(&in, whole, cut, NOW, told);
		feed(&in, whole + cut, sizeof(whole) - 1 - cut, NOW + 10, told);
		snprintf(expected, TOLD, "%d ", ACTION_WORD_LEFT);
		cr_expect_str_eq(told, expected, "cut at %zu", cut);
	}
}

Test(input, special_keys_of_curses)
{
	struct input in = { 0 };
	struct input_event event;

	cr_assert(input_feed(&in, INPUT_UP, true, NOW, &event));
	cr_expect_eq(event.action, ACTION_UP);
	cr_expect_not(input_feed(&in, '\033', false, NOW, &event));
	cr_assert(input_feed(&in, INPUT_RIGHT, true, NOW, &event));
	cr_expect_eq(event.action, ACTION_ROOM_NEXT);
	cr_assert(input_feed(&in, INPUT_FOCUS_OUT, true, NOW, &event));
	cr_expect_eq(event.kind, INPUT_FOCUS);
	cr_expect_not(event.is_focused);
}

Test(input, a_report_between_does_not_use_up_an_escape)
{
	struct input in = { 0 };
	struct input_event event;

	cr_expect_not(input_feed(&in, '\033', false, NOW, &event));
	cr_assert(input_feed(&in, '\033', false, NOW, &event));
	cr_expect_eq(event.action, ACTION_CANCEL);
	cr_assert(input_feed(&in, INPUT_ANSWERED, true, NOW, &event));
	cr_expect_eq(event.kind, INPUT_ANSWER);
	cr_assert(input_pause(&in, NOW, &event), "the second one is lost");
	cr_expect_eq(event.kind, INPUT_KEY);
	cr_expect_eq(event.action, ACTION_CANCEL);
	cr_expect_not(input_pause(&in, NOW, &event));
}

/* ---- pastes ---- */

Test(input, a_paste_is_one_text)
{
	check("\033[200~one\r/quit\n\033[31mx\033[201~y",
	    "[one\r/quit\n\033[31mx] 'y' ");
	check("\033[200~\033[201~", "[] ");
	check("\033[200~\033[20\033\033[201~", "[\033[20\033] ");
	/* An end without a beginning is nothing. */
	check("\033[201~z", "'z' ");
}

Test(input, a_paste_without_end_ends_by_silence)
{
	struct input in = { 0 };
	char told[TOLD] = "";

	cr_expect_eq(input_due(&in), -1);
	feed(&in, "\033[200~ab", 8, NOW, told);
	cr_expect_str_eq(told, "");
	cr_expect_eq(input_due(&in), NOW + INPUT_PASTE_MS);
	feed(&in, "c", 1, NOW + 1000, told);
	feed(&in, "", 0, NOW + INPUT_PASTE_MS + 999, told);
	cr_expect_str_eq(told, "");
	feed(&in, "", 0, NOW + INPUT_PASTE_MS + 1000, told);
	cr_expect_str_eq(told, "[abc] ");
	cr_expect_eq(input_due(&in), -1);
	feed(&in, "d", 1, NOW + 9000, told);
	cr_expect_str_eq(told, "[abc] 'd' ");
	input_done(&in);
}

Test(input, a_paste_is_bounded)
{
	struct input in = { 0 };
	struct input_event event = { .kind = INPUT_KEY };
	char told[TOLD] = "";

	feed(&in, "\033[200~", 6, NOW, told);
	for (int i = 0; i < INPUT_PASTE_MAX + 1000; i++)
		cr_assert_not(input_feed(&in, 'x', false, NOW, &event));
	for (const char *end = "\033[201~"; *end != '\0'; end++)
		input_feed(&in, (unsigned char)*end, false, NOW, &event);
	cr_expect_eq(event.kind, INPUT_PASTE);
	cr_expect_eq(event.text.len, INPUT_PASTE_MAX);
	input_done(&in);
}
