/* Lines as they are typed, and what is asked for; answers are made up here. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../chatd/dialect.h"
#include "pattern.h"

/* For tables: NULs count. */
#define BYTES(literal)                                                         \
	{                                                                      \
		literal, sizeof(literal) - 1                                   \
	}

static const struct dialect *d = &dialect_line;

struct person {
	void *kept;
	bool is_ready; /* after welcome */
	struct buf left, said, asked;
	enum refusal wrong; /* told last */
	struct slice alien;
};

static void
answer(struct person *p, const union message *m)
{
	d->write(p->kept, &p->said, m);
}

/* As a hub would that lets everybody do everything. */
static void
grant(struct person *p, const union message *m)
{
	switch (m->type) {
	case MSG_HELLO:
		p->is_ready = true;
		answer(p,
		    &(union message){ .welcome = { .type = MSG_WELCOME,
					  .nick = m->hello.nick,
					  .text = 16384 } });
		break;
	case MSG_JOIN:
		answer(p,
		    &(union message){ .attached = { .type = MSG_ATTACHED,
					  .ref = m->join.ref,
					  .room = m->join.room.len > 3 ? 1 : 2,
					  .name = m->join.room,
					  .first = 1,
					  .head = 3 } });
		break;
	case MSG_SAY:
		answer(p,
		    &(union message){
			.stored = { MSG_STORED, m->say.n, 1, m->say.n, 0 } });
		break;
	case MSG_PART:
		answer(p,
		    &(union message){ .detached = { MSG_DETACHED, m->part.ref,
					  m->part.room.len > 3 ? 1 : 2 } });
		break;
	case MSG_ASK:
		answer(p,
		    &(union message){ .answered = { MSG_ANSWERED, m->ask.ref,
					  SLICE("in a year") } });
		break;
	case MSG_BYE:
		answer(p, &(union message){ .bye = { .type = MSG_BYE } });
		break;
	default:
		answer(p,
		    &(union message){
			.done = { MSG_DONE, m->nick.ref, 0, 0 } });
	}
}

static void
note(struct person *p, const struct intake *in)
{
	if (in->why != FINE) {
		union message no = { .refused = { .type = MSG_REFUSED,
					 .code = (uint16_t)in->why } };

		p->wrong = in->why;
		answer(p, &no);
		return;
	}
	if (in->message.type == 0)
		return;
	pattern_describe(&p->asked, &in->message);
	buf_add_u8(&p->asked, '\n');
	cr_assert(d->is_busy(p->kept), "what is asked is waited for");
	grant(p, &in->message);
}

/* As a session does it.  False: it is over. */
static bool
come(struct person *p, const void *bytes, size_t len)
{
	buf_add(&p->left, bytes, len);
	while (p->left.len != 0) {
		/* Flush against the end, so that reading beyond is noticed. */
		uint8_t *copy = malloc(p->left.len);
		struct intake in = { .at = copy,
			.len = p->left.len,
			.fresh = !p->is_ready,
			.reply = &p->said };
		enum got got;

		memcpy(copy, buf_at(&p->left), p->left.len);
		got = d->read(p->kept, &in);
		cr_assert_leq(in.used, in.len);
		if (got == GOT_ONE)
			note(p, &in);
		free(copy);
		buf_consume(&p->left, in.used);
		p->alien = in.alien;
		if (got == GOT_BAD)
			return false;
		if (got == GOT_PART)
			cr_assert_eq(p->left.len, 0, "all is taken in");
	}
	return true;
}

static struct person
person(void)
{
	return (struct person){ .kept = d->open() };
}

static bool
come_words(struct person *p, const char *words)
{
	return come(p, words, strlen(words));
}

/* One in #lobby, whose words up to here are forgotten. */
static struct person
ann(void)
{
	struct person p = person();

	come_words(&p, "ann\n");
	cr_assert_str_eq(buf_string(&p.said),
	    "+ok nick ann\r\n+ok join #lobby 3 entries from before\r\n");
	buf_clear(&p.said);
	buf_clear(&p.asked);
	return p;
}

static void
over(struct person *p)
{
	d->close(p->kept);
	buf_done(&p->left);
	buf_done(&p->said);
	buf_done(&p->asked);
}

/* ---- typing ---- */

static const struct {
	struct slice typed;
	const char *said; /* the texts, a | behind each; a ! for a refusal */
} lines[] = {
	{ BYTES("hello\r\n"), "hello|" },
	{ BYTES("hello\n"), "hello|" },
	{ BYTES("hello\r"), "hello|" },
	{ BYTES("hello\r\0"), "hello|" },
	{ BYTES("a\r\nb\nc\rd\r\0e\r\n"), "a|b|c|d|e|" },
	{ BYTES("a\n\r\nb\r\r\nc\n\n"), "a|b|c|" },
	{ BYTES("a\r\n\0b\r\n"), "a|!" },
	{ BYTES("its good y\bhow is linux\r\n"), "its good how is linux|" },
	{ BYTES("abc\x7f\x7f\x7f\x7fx\n"), "x|" },
	{ BYTES("gr\xc3\xbc\x08u\n"), "gru|" },
	{ BYTES("\xe2\x82\xac\x7f\xe2\x82\xac"
		"5\n"),
	    "\xe2\x82\xac"
	    "5|" },
	{ BYTES("a\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb\b?\n"), "a?|" },
	{ BYTES("ae\xcc\x81\bx\n"), "ax|" },
	{ BYTES("gr\xfc\xdf"
		"e\n"),
	    "gr\xc3\xbc\xc3\x9f"
	    "e|" },
	{ BYTES("gr\xfc\b\xfc\n"), "gr\xc3\xbc|" },
	{ BYTES("\xa7\xb0\xb0\b\n"), "\xc2\xa7\xc2\xb0|" },
	{ BYTES("one two  \x17three\n"), "one three|" },
	{ BYTES("\x17\x15\bone two\x15three\n"), "three|" },
	{ BYTES("tab\there\n"), "tab here|" },
	{ BYTES("  kept  \n"), "  kept  |" },
	{ BYTES("   \n \t \r\n"), "" },
	{ BYTES("a\x1b[Ab\nc\n"), "!c|" },
	{ BYTES("a\x1b\bb\n"), "ab|" },
	{ BYTES("a\x01\x15"
		"b\n"),
	    "b|" },
	{ BYTES("\xc2\x85\nb\n"), "!b|" },
	{ BYTES("\x85\nb\n"), "!b|" },
	{ BYTES("\0\nb\n"), "!b|" },
	{ BYTES("a\xff\xfb\x01"
		"b\xff\xff\n"),
	    "ab\xc3\xbf|" },
	{ BYTES("a\r\xff\xf1\nb\n"), "a|b|" },
	{ BYTES("abx\xff\xf7"
		"c\n"),
	    "abc|" },
	{ BYTES("abx\xff\xf8"
		"c\n"),
	    "c|" },
	{ BYTES("/say /me too\n"), "/me too|" },
	{ BYTES("/say\n/say  \n"), "" },
};

/* The texts of what was asked. */
static void
texts(struct person *p, struct buf *out)
{
	const char *at = buf_string(&p->asked);

	while ((at = strstr(at, " text=")) != NULL) {
		const char *end = strchr(at, '\n');

		cr_assert_not_null(end);
		at += strlen(" text=");
		buf_add(out, at, (size_t)(end - at));
		buf_add_u8(out, '|');
	}
}

static void
expected(const char *said, struct buf *out)
{
	const char *end;

	for (; (end = strchr(said, '|')) != NULL; said = end + 1) {
		union message m = { .say = { .type = MSG_SAY } };
		struct buf words = { 0 };
		const char *text;

		while (*said == '!')
			said++;
		m.say.text = (struct slice){ said, (size_t)(end - said) };
		pattern_describe(&words, &m);
		text = strstr(buf_string(&words), " text=");
		buf_add_string(out, text + strlen(" text="));
		buf_add_u8(out, '|');
		buf_done(&words);
	}
}

static unsigned
count(const char *in, const char *what)
{
	unsigned n = 0;

	while ((in = strstr(in, what)) != NULL) {
		in += strlen(what);
		n++;
	}
	return n;
}

static void
type(size_t i, size_t piece)
{
	struct person p = ann();
	struct buf got = { 0 }, want = { 0 };
	size_t at, n;

	for (at = 0; at < lines[i].typed.len; at += n) {
		n = lines[i].typed.len - at < piece ? lines[i].typed.len - at
						    : piece;
		cr_assert(come(&p, lines[i].typed.at + at, n));
	}
	texts(&p, &got);
	expected(lines[i].said, &want);
	cr_expect_str_eq(buf_string(&got), buf_string(&want),
	    "case %zu in pieces of %zu", i, piece);
	cr_expect_eq(count(buf_string(&p.said), "-no bad_text"),
	    count(lines[i].said, "!"), "case %zu: %s", i, buf_string(&p.said));
	cr_expect_eq(count(buf_string(&p.said), "+ok say"),
	    count(lines[i].said, "|"), "case %zu: %s", i, buf_string(&p.said));
	buf_done(&got);
	buf_done(&want);
	over(&p);
}

Test(dialect_line, puts_lines_together_from_any_pieces)
{
	static const size_t pieces[] = { 1, 2, 3, 6, 7, 1000 };
	size_t i, j;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		for (j = 0; j < sizeof(pieces) / sizeof(*pieces); j++)
			type(i, pieces[j]);
}

static void
type_long(size_t len, enum refusal why)
{
	struct person p = ann();
	char *text = malloc(len);

	memset(text, 'x', len);
	come(&p, text, len);
	come_words(&p, "\b\b\r\nnext\r\n");
	cr_expect_eq(p.wrong, why, "%zu bytes", len);
	cr_expect_eq(
	    count(buf_string(&p.asked), "say n="), why == FINE ? 2 : 1);
	cr_expect_eq(count(buf_string(&p.asked), "text=\"next\"") +
		count(buf_string(&p.asked), "text=next"),
	    1);
	free(text);
	over(&p);
}

/* The hub knows the limit of a text; the line only bounds what it keeps. */
Test(dialect_line, refuses_what_is_too_long_and_not_the_next)
{
	type_long(PROTOCOL_TEXT_MAX, FINE);
	type_long(PROTOCOL_TEXT_MAX + PROTOCOL_NAME_MAX + 16, FINE);
	type_long(PROTOCOL_TEXT_MAX + PROTOCOL_NAME_MAX + 17, REFUSE_TEXT_LONG);
	type_long(1000000, REFUSE_TEXT_LONG);
}

Test(dialect_line, erases_a_line_that_was_too_long)
{
	struct person p = ann();
	size_t i;

	for (i = 0; i < 20000; i++)
		come_words(&p, "x");
	come_words(&p, "\x15short\n");
	cr_expect_eq(p.wrong, FINE);
	cr_expect_eq(count(buf_string(&p.asked), "say n=1"), 1);
	over(&p);
}

/* Erasing looks back only so far, whatever stands there. */
Test(dialect_line, erases_whatever_was_typed)
{
	static const char *const parts[] = { "x", "\xcc\x81", "\xbf",
		"\xc3\xbc", "\xf0\x9f\x91\xa9\xe2\x80\x8d",
		"\xf0\x9f\x87\xa9" };
	size_t i, j;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct person p = ann();

		for (j = 0; j < 500; j++)
			come(&p, parts[i], strlen(parts[i]));
		for (j = 0; j < 500 * strlen(parts[i]); j++)
			come_words(&p, "\b");
		come_words(&p, "left\n");
		cr_expect_eq(count(buf_string(&p.asked), "left"), 1, "%zu", i);
		cr_expect_eq(p.asked.len,
		    strlen("say n=1 to=\"#lobby\" kind=said text=\"left\"\n"),
		    "%zu: %s", i, buf_string(&p.asked));
		over(&p);
	}
}

/* ---- asking ---- */

Test(dialect_line, asks_as_commands_say)
{
	static const struct {
		const char *line, *asked, *said;
	} cases[] = {
		{ "hi", "say n=1 to=#lobby kind=said text=hi",
		    "+ok say #lobby 1\r\n" },
		{ "/me waves", "say n=1 to=#lobby kind=action text=waves",
		    "+ok me #lobby 1\r\n" },
		{ "/msg bob hi there",
		    "say n=1 to=bob kind=said text=\"hi there\"",
		    "+ok msg #lobby 1\r\n" },
		{ "/nick eve", "nick nick=eve", "+ok nick eve\r\n" },
		{ "/nick eve b", "nick nick=eve", "+ok nick eve\r\n" },
		{ "/join x", "join room=#x",
		    "+ok join #x 3 entries from before\r\n" },
		{ "/join #x", "join room=#x",
		    "+ok join #x 3 entries from before\r\n" },
		{ "/join  LOBBY", NULL, "+ok join #lobby\r\n" },
		{ "/query bob", "join room=bob",
		    "+ok query bob 3 entries from before\r\n" },
		{ "/part", "part room=#lobby why=\"\"", "+ok part #lobby\r\n" },
		{ "/part so long", "part room=#lobby why=\"so long\"",
		    "+ok part #lobby\r\n" },
		{ "/part #x so long", "part room=#x why=\"so long\"",
		    "+ok part #x\r\n" },
		{ "/topic a b", "topic room=#lobby text=\"a b\"",
		    "+ok topic #lobby\r\n" },
		{ "/topic -", "topic room=#lobby text=\"\"",
		    "+ok topic #lobby\r\n" },
		{ "/topic", "list after=0", "+ok topic #lobby 0\r\n" },
		{ "/names", "names room=#lobby after=0", "+ok names 0\r\n" },
		{ "/names #x", "names room=#x", "+ok names 0\r\n" },
		{ "/who eve", "who nick=eve", "+ok who 0\r\n" },
		{ "/ask when then?", "ask question=\"when then?\"",
		    "= in a year\r\n+ok ask\r\n" },
		{ "/list", "list after=0", "+ok list 0\r\n" },
		{ "/history", "history room=#lobby n=0", "+ok history 0\r\n" },
		{ "/history x", NULL, "-no usage /history [N]\r\n" },
		{ "/history 0", NULL, "-no usage /history [N]\r\n" },
		{ "/search a b", "search words=\"a b\"", "+ok search 0\r\n" },
		{ "/quit so long", "bye reason=0 text=\"so long\" stays=0",
		    "+ok quit\r\n" },
		{ "/nick", NULL, "-no usage /nick NICK\r\n" },
		{ "/msg", NULL, "-no usage /msg WHO TEXT\r\n" },
		{ "/", NULL,
		    "-no unknown there is no such command; /help tells those "
		    "there are\r\n" },
		{ "/dance", NULL,
		    "-no unknown there is no such command; /help tells those "
		    "there are\r\n" },
		{ "", NULL, "" },
		{ "  ", NULL, "" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct person p = ann();
		struct buf line = { 0 };

		buf_printf(&line, "%s\n", cases[i].line);
		come(&p, buf_at(&line), line.len);
		cr_expect_str_eq(
		    buf_string(&p.said), cases[i].said, "%s", cases[i].line);
		cr_expect_eq(count(buf_string(&p.asked), "\n"),
		    cases[i].asked != NULL, "%s", cases[i].line);
		if (cases[i].asked != NULL)
			cr_expect(strncmp(buf_string(&p.asked), cases[i].asked,
				      strcspn(cases[i].asked, " ")) == 0,
			    "%s: %s", cases[i].line, buf_string(&p.asked));
		buf_done(&line);
		over(&p);
	}
}

/* Unless it is said when: then it is asked again. */
Test(dialect_line, asks_again_what_was_too_fast)
{
	struct person p = ann();
	union message slow = { .refused = { .type = MSG_REFUSED,
				   .code = REFUSE_TOO_FAST,
				   .wait = 50 } };
	struct intake in = {
		.at = (const uint8_t *)"hi\nnext", .len = 7, .reply = &p.said
	};

	cr_assert_eq(d->read(p.kept, &in), GOT_ONE);
	cr_assert_eq(in.message.type, MSG_SAY);
	cr_assert_eq(in.used, 2);
	answer(&p, &slow);
	cr_expect_eq(p.said.len, 0);
	cr_expect_not(d->is_busy(p.kept));
	in = (struct intake){
		.at = (const uint8_t *)"\nnext", .len = 5, .reply = &p.said
	};
	cr_assert_eq(d->read(p.kept, &in), GOT_ONE);
	cr_expect_eq(in.message.type, MSG_SAY);
	cr_expect(slice_is(in.message.say.text, SLICE("hi")));
	cr_expect_eq(in.used, 0);
	slow.refused.wait = 0;
	answer(&p, &slow);
	cr_expect_eq(count(buf_string(&p.said), "-no too_fast "), 1);
	over(&p);
}

Test(dialect_line, wants_a_name_first)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
		{ "/join #x", "-no nameless first a name: /nick NAME\r\n" },
		{ "/msg bob hi", "-no nameless first a name: /nick NAME\r\n" },
		{ "", "" },
		{ "/quit", "+ok quit\r\n" },
		{ "  eve",
		    "+ok nick eve\r\n"
		    "+ok join #lobby 3 entries from before\r\n" },
		{ "/nick eve",
		    "+ok nick eve\r\n"
		    "+ok join #lobby 3 entries from before\r\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct person p = person();
		struct buf line = { 0 };

		buf_printf(&line, "%s\r\n", cases[i].line);
		come(&p, buf_at(&line), line.len);
		cr_expect_str_eq(
		    buf_string(&p.said), cases[i].said, "%s", cases[i].line);
		buf_done(&line);
		over(&p);
	}
}

/* What is said goes to the room chosen last of those that are left. */
Test(dialect_line, goes_back_to_the_room_before)
{
	struct person p = ann();
	union message gone = { .detached = { MSG_DETACHED, 0, 2 } };
	union message opened = { .attached = { .type = MSG_ATTACHED,
				     .room = 9,
				     .name = SLICE("eve") } };

	come_words(&p, "/join #x\none\n/join #lobby\ntwo\n/join x\nthree\n");
	answer(&p, &gone);
	come_words(&p, "four\n");
	cr_expect_eq(count(buf_string(&p.asked), "#x"), 1 + 2);
	cr_expect_eq(count(buf_string(&p.asked), "#lobby"), 2);
	answer(&p, &opened);
	buf_clear(&p.said);
	come_words(&p, "/part\nfive\n");
	cr_expect_str_eq(buf_string(&p.said),
	    "+ok part #lobby\r\n-no not_member you are not a member of this "
	    "room; join it first\r\n");
	over(&p);
}

/* ---- ends and strangers ---- */

Test(dialect_line, tells_what_was_left_unfinished)
{
	struct person p = ann();

	d->finish(p.kept, &p.said);
	cr_expect_eq(p.said.len, 0);
	come_words(&p, "half");
	d->finish(p.kept, &p.said);
	cr_expect_eq(count(buf_string(&p.said), "-no unfinished "), 1);
	over(&p);
}

Test(dialect_line, knows_strangers_by_their_first_bytes)
{
	static const struct {
		struct slice bytes;
		const char *answer; /* how it begins; NULL: no stranger */
	} cases[] = {
		{ BYTES("GET / HTTP/1.1\r\n"), "HTTP/1.1 400 " },
		{ BYTES("POST /\r\n"), "HTTP/1.1 400 " },
		{ BYTES("PRI * HTTP/2.0\r\n"), "HTTP/1.1 400 " },
		{ BYTES("\x16\x03\x01\x02\x00"), "\x15\x03" },
		{ BYTES("SSH-2.0-OpenSSH_9.2\r\n"), "this is chatd" },
		{ BYTES("\0\0\0\x30\x01"), "-no not_chat " },
		{ BYTES("G\r\n"), NULL },
		{ BYTES("GETTING\r\n"), NULL },
		{ BYTES("\xff\xfd\x03"
			"ann\r\n"),
		    NULL },
		{ BYTES("\xc3\xa4nn\r\n"), NULL },
	};
	size_t i, j;
	bool goes_on;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct person p = person();

		for (j = 0, goes_on = true; goes_on && j < cases[i].bytes.len;
		     j++)
			goes_on = come(&p, cases[i].bytes.at + j, 1);
		cr_expect_eq(goes_on, cases[i].answer == NULL, "case %zu", i);
		if (cases[i].answer != NULL)
			cr_expect(strncmp(p.alien.at, cases[i].answer,
				      strlen(cases[i].answer)) == 0,
			    "case %zu", i);
		over(&p);
	}
}

Test(dialect_line, greets_before_anything_is_typed)
{
	struct person p = person();

	d->greet(p.kept, &p.said, SLICE("Welcome\nto the \x1bhouse"));
	cr_expect_str_eq(buf_string(&p.said),
	    "Welcome\r\nto the ^[house\r\n"
	    "Your name? (/help tells what you can type)\r\n");
	over(&p);
}

Test(dialect_line, is_found_by_name)
{
	cr_expect_eq(dialect_find(SLICE("line")), d);
	cr_expect_eq(d->no, DIALECT_LINE);
}
