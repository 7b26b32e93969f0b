/* Lines and frames in the same rooms. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chatd/dialect.h"
#include "../chatd/hub.h"
#include "../chatd/settings.h"
#include "codec.h"
#include "frame.h"
#include "house.h"
#include "utf8.h"

static struct house *house;

static void
start(void)
{
	house = house_open();
}

static void
stop(void)
{
	house_close(house);
}

TestSuite(dialect_line_people, .init = start, .fini = stop, .timeout = 60);

/* ---- guests ---- */

static struct guest *
line_guest(const char *nick)
{
	struct guest *g = house_guest(house, &dialect_line);

	guest_line(g, nick);
	house_settle(house);
	return g;
}

static struct guest *
frame_guest(const char *nick, uint8_t device)
{
	struct guest *g = house_guest(house, &dialect_frame);

	guest_message(g,
	    &(union message){ .hello = { .type = MSG_HELLO,
				  .version = PROTOCOL_VERSION,
				  .device = { { device, device, 1 } },
				  .nick = slice_of(nick),
				  .software = SLICE("test") } });
	house_settle(house);
	guest_message(
	    g, &(union message){ .join = { MSG_JOIN, 1, SLICE("#lobby") } });
	house_settle(house);
	return g;
}

static void
forget(struct guest *g)
{
	buf_clear(&g->in);
}

static unsigned
count(struct guest *g, const char *what)
{
	const char *at = buf_string(&g->in);
	unsigned n = 0;

	while ((at = strstr(at, what)) != NULL) {
		at += strlen(what);
		n++;
	}
	return n;
}

static bool
heard(struct guest *g, const char *what)
{
	return count(g, what) == 1;
}

/* The next frame; false: there is none. */
static bool
next(struct guest *g, union message *m, size_t *used)
{
	struct frame f;

	buf_consume(&g->in, *used);
	*used = 0;
	if (frame_read(buf_at(&g->in), g->in.len, PROTOCOL_FRAME_READY, &f) !=
	    GOT_ONE)
		return false;
	cr_assert_eq(codec_decode(f.payload, f.len, m), FINE);
	*used = f.used;
	return true;
}

/* ---- talking ---- */

Test(dialect_line_people, talk_with_each_other_and_with_frames)
{
	struct guest *ann = line_guest("ann"), *bob = frame_guest("bob", 1);
	union message m;
	size_t used = 0;
	bool came = false;

	forget(ann);
	guest_line(ann, "hello");
	house_settle(house);
	cr_expect_str_eq(buf_string(&ann->in),
	    "+ok say #lobby 3\r\n[#lobby] <ann> hello\r\n");
	while (next(bob, &m, &used))
		came |= m.type == MSG_ENTRY && m.entry.kind == ENTRY_SAID &&
		    slice_is(m.entry.who, SLICE("ann")) &&
		    slice_is(m.entry.text, SLICE("hello"));
	cr_expect(came);
	forget(ann);
	guest_message(bob,
	    &(union message){ .say = { MSG_SAY, 1, SLICE("#lobby"), ENTRY_SAID,
				  SLICE("one\ntwo\n\nfour") } });
	guest_message(bob,
	    &(union message){ .say = { MSG_SAY, 2, SLICE("#lobby"),
				  ENTRY_ACTION, SLICE("waves") } });
	guest_message(bob,
	    &(union message){ .say = { MSG_SAY, 3, SLICE("#lobby"),
				  ENTRY_NOTICE, SLICE("ding") } });
	house_settle(house);
	cr_expect_str_eq(buf_string(&ann->in),
	    "[#lobby] <bob> one\r\n| two\r\n| \r\n| four\r\n"
	    "[#lobby] * bob waves\r\n[#lobby] -bob- ding\r\n");
}

Test(dialect_line_people, talk_to_one)
{
	struct guest *ann = line_guest("ann"), *eve = line_guest("eve");

	forget(ann);
	forget(eve);
	guest_line(ann, "/msg eve psst");
	house_settle(house);
	cr_expect_str_eq(
	    buf_string(&ann->in), "+ok msg eve 1\r\n[direct] <ann> psst\r\n");
	cr_expect_str_eq(buf_string(&eve->in), "[direct] <ann> psst\r\n");
	guest_line(eve, "this is for all");
	house_settle(house);
	cr_expect(heard(eve, "+ok say #lobby"));
	guest_line(eve, "/query ANN");
	guest_line(eve, "and this for you");
	house_settle(house);
	cr_expect(heard(eve, "+ok query ann\r\n"));
	cr_expect(heard(ann, "[direct] <eve> and this for you\r\n"));
	guest_line(eve, "/history");
	house_settle(house);
	cr_expect_eq(count(eve, " [ann] <ann> psst\r\n"), 1);
	cr_expect(heard(eve, "+ok history 2\r\n"));
	guest_line(eve, "/part");
	guest_line(eve, "for all again");
	house_settle(house);
	cr_expect(heard(ann, "[#lobby] <eve> for all again\r\n"));
}

Test(dialect_line_people, see_what_happens)
{
	struct guest *ann = line_guest("ann"), *eve = line_guest("eve");

	cr_expect(heard(ann, "[#lobby] -- eve joined\r\n"));
	guest_line(eve, "/nick eva");
	guest_line(eve, "/topic the news");
	guest_line(eve, "/topic -");
	guest_line(eve, "/part #lobby tea");
	house_settle(house);
	cr_expect(heard(ann, "[#lobby] -- eve is now called eva\r\n"));
	cr_expect(heard(ann, "[#lobby] -- eva set the topic: the news\r\n"));
	cr_expect(heard(ann, "[#lobby] -- eva set the topic\r\n"));
	cr_expect(heard(ann, "[#lobby] -- eva left: tea\r\n"));
	cr_expect(heard(eve, "[#lobby] -- eva left: tea\r\n+ok part #lobby"));
}

Test(dialect_line_people, are_told_the_rules_in_words)
{
	struct guest *ann = line_guest("ann");
	struct guest *other = house_guest(house, &dialect_line);

	guest_line(other, "two words");
	guest_line(other, "ann");
	guest_line(other, "eve");
	house_settle(house);
	cr_expect(heard(other, "-no nick_bad "));
	cr_expect(heard(other, "-no nick_taken "));
	cr_expect(heard(other, "+ok nick eve"));
	guest_line(ann, "/msg nobody hi");
	guest_line(ann, "/join #a/b");
	guest_line(ann, "/part #x");
	guest_line(ann, "/nick eve");
	house_settle(house);
	cr_expect(heard(ann, "-no nobody "));
	cr_expect(heard(ann, "-no room_bad "));
	cr_expect(heard(ann, "-no room_unknown "));
	cr_expect(heard(ann, "-no nick_taken "));
}

Test(dialect_line_people, are_told_the_limit_of_a_text)
{
	struct guest *ann;
	char text[80] = { 0 };

	house->settings->limits_text = 64;
	ann = line_guest("ann");
	memset(text, 'x', 65);
	guest_line(ann, text);
	guest_line(ann, text + 1);
	house_settle(house);
	cr_expect(heard(
	    ann, "-no text_long at most 64 bytes can be said at once\r\n"));
	cr_expect(heard(ann, "+ok say #lobby"));
}

/* ---- lists ---- */

Test(dialect_line_people, get_lists_of_many_pages_as_one_answer)
{
	struct guest *ann = line_guest("ann");
	char words[64];
	unsigned i;

	for (i = 0; i < 260; i++) {
		snprintf(words, sizeof(words), "g%u", i);
		line_guest(words);
		forget(&house->guest[house->n - 1]);
	}
	for (i = 1; i <= 130; i++) {
		struct guest *g = &house->guest[i];

		snprintf(words, sizeof(words), "/join r%u", i);
		guest_line(g, words);
		house_settle(house);
	}
	forget(ann);
	guest_line(ann, "/names");
	guest_line(ann, "/list");
	guest_line(ann, "/history 100000");
	house_settle(house);
	cr_expect(heard(ann, "+ok names 261\r\n"));
	cr_expect_eq(count(ann, "\r\n= g"), 260, "%u", count(ann, "\r\n= g"));
	cr_expect(heard(ann, "+ok list 131\r\n"));
	cr_expect_eq(count(ann, "\r\n= #"), 131);
	cr_expect(heard(ann, "+ok history 200\r\n"));
	cr_expect(heard(ann, "= 62 "));
	cr_expect(heard(ann, "= 261 "));
}

/* Pages of the store are bounded by bytes, too. */
Test(dialect_line_people, get_history_of_long_texts)
{
	struct guest *ann = line_guest("ann");
	char text[16001] = { 0 };
	unsigned i;

	memset(text, 'x', sizeof(text) - 1);
	for (i = 0; i < 9; i++) {
		guest_line(ann, text);
		house_settle(house);
	}
	forget(ann);
	guest_line(ann, "/history 8");
	guest_line(ann, "/history");
	house_settle(house);
	cr_expect(heard(ann, "+ok history 8\r\n"));
	cr_expect(heard(ann, "+ok history 10\r\n"));
	cr_expect_eq(count(ann, "= 2 "), 1);
	cr_expect_eq(count(ann, "= 3 "), 2);
	cr_expect_eq(count(ann, "= 10 "), 2);
}

/* ---- ends ---- */

Test(dialect_line_people, who_send_no_more_are_served_to_the_end)
{
	struct guest *ann = line_guest("ann");
	struct guest *x = house_guest(house, &dialect_line);

	guest_line(x, "/nick x\r\nhello\r\n/names\r\n/help");
	guest_send(x, "ha", 2);
	guest_half_close(x);
	house_settle(house);
	cr_expect(x->is_over);
	cr_expect(heard(x, "+ok say #lobby"));
	cr_expect(heard(x, "+ok names 2"));
	cr_expect(heard(x, "+ok help"));
	cr_expect(heard(x, "-no unfinished "));
	cr_expect(heard(ann, "[#lobby] <x> hello\r\n"));
	cr_expect(heard(ann, "[#lobby] -- x left: closed by peer\r\n"));
	cr_expect_eq(count(ann, "lost"), 0);
}

Test(dialect_line_people, who_quit_have_left)
{
	struct guest *ann = line_guest("ann"), *x = line_guest("x");

	guest_line(x, "/quit tea");
	house_settle(house);
	cr_expect(heard(x, "+ok quit\r\n"));
	cr_expect(x->is_over);
	cr_expect(heard(ann, "-- x left: tea\r\n"));
	x = line_guest("x");
	cr_expect(heard(x, "+ok nick x\r\n"), "the name is free");
	guest_leave(x);
	house_settle(house);
	cr_expect(heard(ann, "-- x left: closed by peer\r\n"));
}

Test(dialect_line_people, are_told_that_the_house_is_full)
{
	struct guest *x;

	house->settings->limits_clients = 1;
	line_guest("ann");
	x = house_guest(house, &dialect_line);
	house_settle(house);
	cr_expect_str_eq(buf_string(&x->in),
	    "-no full the server is full: all places are taken\r\n");
	cr_expect(x->is_over);
}

/* ---- nothing that is said looks like anything else ---- */

/* Of all that a line guest heard: lines that begin as they may, and how many of
 * each sort.  Bytes that control a terminal are in none. */
struct sorts {
	unsigned room, more, other;
};

static struct sorts
sort(struct guest *g)
{
	struct sorts n = { 0, 0, 0 };
	const char *at = buf_string(&g->in), *end;

	cr_assert(utf8_valid(at, g->in.len));
	for (size_t i = 0; i < g->in.len; i++) {
		uint8_t c = (uint8_t)at[i];

		cr_assert(c >= ' ' || c == '\r' || c == '\n', "%02x", c);
		cr_assert_neq(c, 0x7f);
		cr_assert(c != 0xc2 || (uint8_t)at[i + 1] >= 0xa0, "C1");
	}
	for (; (end = strstr(at, "\r\n")) != NULL; at = end + 2) {
		cr_assert_eq(strcspn(at, "\r\n"), (size_t)(end - at));
		if (strncmp(at, "[#lobby] ", 9) == 0 ||
		    strncmp(at, "[direct] ", 9) == 0)
			n.room++;
		else if (strncmp(at, "| ", 2) == 0)
			n.more++;
		else if (strncmp(at, "-- ", 3) == 0)
			n.other++;
		else
			cr_assert_fail("%.*s", (int)(end - at), at);
	}
	cr_assert_eq(*at, '\0', "the last line has an end");
	return n;
}

/* Texts to try: each byte, and each pair of controls, of line ends and of what
 * turns text around. */
static void
each_text(void (*try)(struct slice))
{
	static const char *const more[] = { "\n", "\r", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xae", "\xef\xbb\xbf", "\x7f" };
	enum { MORE = sizeof(more) / sizeof(*more), N = 64 + MORE };
	char part[N][4] = { "" };
	char text[16];
	unsigned i, j;

	for (i = 0; i < 32; i++) {
		part[i][0] = (char)i;
		part[32 + i][0] = (char)0xc2;
		part[32 + i][1] = (char)(0x80 + i);
	}
	for (i = 0; i < MORE; i++)
		memcpy(part[64 + i], more[i], strlen(more[i]));
	for (i = 0; i < 256; i++) {
		text[0] = 'a';
		text[1] = (char)i;
		memcpy(text + 2, "[#lobby] <b", 11);
		try((struct slice){ text, 13 });
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < N; j++) {
			int n = 0;

			/* The first part is a NUL for 0. */
			n += i == 0 ? (text[n] = '\0', 1)
				    : snprintf(text + n, 8, "%.4s", part[i]);
			n += j == 0 ? (text[n] = '\0', 1)
				    : snprintf(text + n, 8, "%.4s", part[j]);
			memcpy(text + n, "<b> x", 5);
			try((struct slice){ text, (size_t)n + 5 });
		}
}

static struct {
	struct guest *line, *frame;
	uint64_t n;		     /* of the device's last say */
	unsigned accepted, newlines; /* in what was accepted */
	union message (*make)(struct slice);
} forger;

/* What one request brings: as many lines as entries, and one more for each
 * newline in them. */
static void
try_text(struct slice text)
{
	union message m = forger.make(text);
	size_t used = 0;
	struct sorts n;
	unsigned i, newlines = 0, entries = 0;

	if (m.type == MSG_SAY)
		m.say.n = forger.n + 1;
	guest_message(forger.frame, &m);
	house_settle(house);
	for (i = 0; i < text.len; i++)
		newlines += text.at[i] == '\n';
	while (next(forger.frame, &m, &used)) {
		entries += m.type == MSG_ENTRY;
		if (m.type == MSG_STORED)
			forger.n = m.stored.n;
	}
	n = sort(forger.line);
	cr_assert_eq(n.room, entries);
	cr_assert_eq(n.more, entries != 0 ? newlines : 0);
	cr_assert_eq(n.other, 0);
	forget(forger.line);
	forger.accepted += entries;
	forger.newlines += entries != 0 ? newlines : 0;
}

static union message
make_said(struct slice text)
{
	return (union message){ .say = { MSG_SAY, 0, SLICE("#lobby"),
				    ENTRY_SAID, text } };
}

static union message
make_action(struct slice text)
{
	return (union message){ .say = { MSG_SAY, 0, SLICE("#lobby"),
				    ENTRY_ACTION, text } };
}

static union message
make_notice(struct slice text)
{
	return (union message){ .say = { MSG_SAY, 0, SLICE("#lobby"),
				    ENTRY_NOTICE, text } };
}

static union message
make_direct(struct slice text)
{
	return (union message){ .say = { MSG_SAY, 0, SLICE("ann"), ENTRY_SAID,
				    text } };
}

static union message
make_topic(struct slice text)
{
	return (
	    union message){ .topic = { MSG_TOPIC, 1, SLICE("#lobby"), text } };
}

static union message
make_nick(struct slice text)
{
	return (union message){ .nick = { MSG_NICK, 1, text } };
}

Test(dialect_line_people, cannot_be_shown_a_forged_line)
{
	static const struct {
		union message (*make)(struct slice);
		bool may_have_lines, is_name;
	} fields[] = {
		{ make_said, true, false },
		{ make_action, true, false },
		{ make_notice, true, false },
		{ make_direct, true, false },
		{ make_topic, false, false },
		{ make_nick, false, true },
	};
	size_t i;

	forger.line = line_guest("ann");
	forger.frame = frame_guest("bob", 1);
	forget(forger.line);
	forget(forger.frame);
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		forger.make = fields[i].make;
		forger.accepted = forger.newlines = 0;
		each_text(try_text);
		if (fields[i].is_name)
			cr_expect_eq(forger.accepted, 0);
		else
			cr_expect_geq(forger.accepted, 95);
		cr_expect_eq(forger.newlines != 0, fields[i].may_have_lines);
	}
}

/* Parting words, one after the other. */
static void
try_why(struct slice text)
{
	struct guest *g = forger.frame;
	union message part = { .part = { MSG_PART, 2, SLICE("#lobby"), text } };
	union message join = { .join = { MSG_JOIN, 3, SLICE("#lobby") } };
	union message m;
	size_t used = 0;
	unsigned i, newlines = 0, entries = 0;
	struct sorts n;

	for (i = 0; i < text.len; i++)
		newlines += text.at[i] == '\n';
	guest_message(g, &part);
	house_settle(house);
	while (next(g, &m, &used))
		entries += m.type == MSG_ENTRY;
	n = sort(forger.line);
	cr_assert_eq(n.room, entries);
	cr_assert_eq(n.more, entries != 0 ? newlines : 0);
	if (entries != 0)
		guest_message(g, &join);
	house_settle(house);
	while (next(g, &m, &used))
		continue;
	forget(forger.line);
	forger.accepted += entries;
}

Test(dialect_line_people, cannot_be_shown_a_forged_goodbye)
{
	forger.line = line_guest("ann");
	forger.frame = frame_guest("bob", 1);
	forget(forger.line);
	forget(forger.frame);
	forger.accepted = 0;
	house->settings->history_join = 0;
	each_text(try_why);
	cr_expect_geq(forger.accepted, 95);
}

/* Rows of answers come from others as well. */
Test(dialect_line_people, cannot_be_shown_a_forged_answer)
{
	struct guest *ann, *bob = house_guest(house, &dialect_frame);
	const char *at;

	guest_message(bob,
	    &(union message){ .hello = { .type = MSG_HELLO,
				  .version = PROTOCOL_VERSION,
				  .device = { { 7 } },
				  .nick = SLICE("bob"),
				  .software = SLICE("\xe2\x80\xa8+ok \xe2\x80"
						    "\xae") } });
	house_settle(house);
	guest_message(
	    bob, &(union message){ .join = { MSG_JOIN, 1, SLICE("#lobby") } });
	guest_message(bob,
	    &(union message){ .say = { MSG_SAY, 1, SLICE("#lobby"), ENTRY_SAID,
				  SLICE("a\n+ok say #lobby 9\n= 1\n[x") } });
	house_settle(house);
	ann = line_guest("ann");
	forget(ann);
	guest_line(ann, "/who bob");
	guest_line(ann, "/history");
	house_settle(house);
	for (at = buf_string(&ann->in); *at != '\0';
	     at = strstr(at, "\r\n") + 2)
		cr_expect(strncmp(at, "= ", 2) == 0 ||
			strncmp(at, "+ok who bob\r\n", 13) == 0 ||
			strncmp(at, "+ok history 3\r\n", 15) == 0,
		    "%s", at);
	cr_expect(
	    heard(ann, "\r\n= | +ok say #lobby 9\r\n= | = 1\r\n= | [x\r\n"));
	cr_expect(heard(ann, "<U+202E>"));
}

/* ---- many ---- */

enum { EACH = 200, SAYERS = 20 };

/* The numbers that were said, in the order they were heard. */
static void
heard_in_lines(struct guest *g, struct buf *out)
{
	const char *at = buf_string(&g->in);

	while ((at = strstr(at, "number ")) != NULL) {
		at += strlen("number ");
		buf_printf(out, "%lu ", strtoul(at, NULL, 10));
	}
}

static void
heard_in_frames(struct guest *g, struct buf *out)
{
	union message m;
	size_t used = 0;

	while (next(g, &m, &used))
		if (m.type == MSG_ENTRY && m.entry.kind == ENTRY_SAID)
			buf_printf(out, "%.*s ", (int)m.entry.text.len - 7,
			    m.entry.text.at + 7);
}

Test(dialect_line_people, share_what_is_encoded_once_for_each_dialect)
{
	struct guest *lines[EACH], *frames[EACH];
	struct buf first = { 0 };
	struct hub_figures figures;
	char words[32];
	unsigned i;

	for (i = 0; i < EACH; i++) {
		snprintf(words, sizeof(words), "l%u", i);
		lines[i] = line_guest(words);
		snprintf(words, sizeof(words), "f%u", i);
		frames[i] = frame_guest(words, (uint8_t)(i + 1));
	}
	for (i = 0; i < EACH; i++) {
		forget(lines[i]);
		forget(frames[i]);
	}
	for (i = 0; i < SAYERS; i++) {
		snprintf(words, sizeof(words), "number %u", 1000 + i);
		guest_line(lines[i], words);
		snprintf(words, sizeof(words), "number %u", 2000 + i);
		guest_message(frames[i],
		    &(union message){ .say = { MSG_SAY, 1, SLICE("#lobby"),
					  ENTRY_SAID, slice_of(words) } });
	}
	house_settle(house);
	figures = hub_figures(house->hub);
	cr_expect_eq(figures.entries, 2 * EACH + 2 * SAYERS);
	cr_expect_eq(figures.encodings, 2 * figures.entries,
	    "%ju encodings of %ju entries for %d people",
	    (uintmax_t)figures.encodings, (uintmax_t)figures.entries, 2 * EACH);
	heard_in_lines(lines[0], &first);
	cr_assert_eq(first.len, (size_t)(2 * SAYERS * 5));
	for (i = 0; i < EACH; i++) {
		struct buf l = { 0 }, f = { 0 };

		heard_in_lines(lines[i], &l);
		heard_in_frames(frames[i], &f);
		cr_expect_str_eq(buf_string(&l), buf_string(&first));
		cr_expect_str_eq(buf_string(&f), buf_string(&first));
		buf_done(&l);
		buf_done(&f);
	}
	buf_done(&first);
}
