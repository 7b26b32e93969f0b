/*
 * Any bytes as what somebody types, whatever pieces they come in, before and
 * after a name was taken: the same is asked for and the same is said; no more
 * than so much is kept, and to telnet no more than so much is answered.  What
 * was asked, told to everybody as an entry, is lines that nobody can forge.
 *
 * The first byte of an input chooses whether there is a name, what is answered,
 * and how the rest is cut.
 */
#include <stdlib.h>

#include "../../chatd/dialect_line.h"
#include "text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			abort();                                               \
	} while (0)

/* What became of a stream. */
struct outcome {
	struct buf said, asked;
	bool is_stranger;
};

/* Each line is whole and begins as it may; nothing in it steers a terminal. */
static void
check_lines(const struct buf *b, const char *const *beginnings)
{
	const char *at = (const char *)buf_at(b), *end;
	size_t left = b->len, i;

	for (; left != 0; left -= (size_t)(end + 2 - at), at = end + 2) {
		struct slice line;

		end = memchr(at, '\r', left);
		MUST(end != NULL && (size_t)(end - at) + 1 < left &&
		    end[1] == '\n');
		line = (struct slice){ at, (size_t)(end - at) };
		MUST(text_is_clean(line, false));
		for (i = 0; beginnings[i] != NULL; i++)
			if (line.len >= strlen(beginnings[i]) &&
			    memcmp(at, beginnings[i], strlen(beginnings[i])) ==
				0)
				break;
		MUST(beginnings[i] != NULL);
	}
}

static void
share(struct slice who, struct slice text, unsigned kind)
{
	static const char *const beginnings[] = { "[#room] <", "[#room] *",
		"[#room] -", "| ", NULL };
	union message m = { .entry = { .type = MSG_ENTRY,
				.kind = (uint8_t)kind,
				.who = who,
				.text = text } };
	struct buf out = { 0 };

	line_share(&out, SLICE("#room"), &m);
	check_lines(&out, beginnings);
	buf_done(&out);
}

/* Answers as a hub might give, and some that it would not. */
static void
answer(struct line *t, const union message *m, uint8_t choice, struct buf *said)
{
	struct slice name = SLICE("#lobby");
	union message a = { .done = { MSG_DONE, t->ref, 7,
				choice % 3 == 0 ? choice : 0 } };

	if (choice % 7 == 0)
		a = (union message){ .refused = { .type = MSG_REFUSED,
					 .code = REFUSE_TOO_FAST,
					 .wait = choice & 8U } };
	else if (m->type == MSG_HELLO)
		a = (union message){ .welcome = { .type = MSG_WELCOME,
					 .nick = m->hello.nick,
					 .text = 100 } };
	else if (m->type == MSG_JOIN)
		a = (union message){ .attached = { .type = MSG_ATTACHED,
					 .ref = t->ref,
					 .room = choice,
					 .name = name,
					 .topic = name } };
	else if (m->type == MSG_PART)
		a = (union message){ .detached = {
					 MSG_DETACHED, t->ref, choice } };
	else if (m->type == MSG_SAY)
		a = (union message){ .stored = {
					 MSG_STORED, m->say.n, choice, 1, 1 } };
	dialect_line.write(t, said, &a);
	if (t->is_again) /* not for ever */
		t->is_again = choice % 5 != 0;
	if (t->is_busy) /* whatever comes, in the end it is answered */
		dialect_line.write(t, said,
		    &(union message){ .refused = { .type = MSG_REFUSED,
					  .code = REFUSE_UNAVAILABLE } });
}

static void
ask(struct line *t, const struct intake *in, uint8_t *choice,
    struct outcome *out)
{
	const union message *m = &in->message;

	if (in->why != FINE) {
		MUST(m->type == 0 && *refusal_text(in->why) != '\0');
		dialect_line.write(t, &out->said,
		    &(union message){ .refused = { .type = MSG_REFUSED,
					  .code = (uint16_t)in->why } });
		return;
	}
	if (m->type == 0)
		return;
	MUST(t->is_busy);
	buf_printf(&out->asked, "%d ", (int)m->type);
	if (m->type == MSG_SAY) {
		buf_add_slice(&out->asked, m->say.text);
		MUST(text_is_clean(m->say.text, false));
		share(m->say.to, m->say.text, m->say.kind);
	}
	answer(t, m, (*choice)++, &out->said);
}

/* As a session does it, in pieces of 1 to most bytes. */
static struct outcome
type(const uint8_t *data, size_t len, size_t most, uint8_t choice)
{
	struct line *t = dialect_line.open();
	struct outcome out = { 0 };
	struct buf left = { 0 };
	uint32_t seed = choice;
	size_t n;

	t->is_named = choice & 1;
	while (len > 0 && !out.is_stranger) {
		seed = seed * 1664525 + 1013904223;
		n = 1 + (seed >> 8) % most;
		n = n < len ? n : len;
		buf_add(&left, data, n);
		data += n;
		len -= n;
		while (left.len != 0 && !out.is_stranger) {
			struct intake in = { .at = buf_at(&left),
				.len = left.len,
				.fresh = !t->is_named,
				.reply = &out.said };
			enum got got = dialect_line.read(t, &in);

			MUST(in.used <= in.len);
			MUST(t->typed.len <= 2 * LINE_MAX_BYTES);
			MUST(t->telnet.words <= TELNET_WORDS);
			out.is_stranger = got == GOT_BAD;
			if (got == GOT_ONE)
				ask(t, &in, &choice, &out);
			buf_consume(&left, in.used);
			MUST(got != GOT_PART || left.len == 0);
		}
	}
	dialect_line.finish(t, &out.said);
	buf_done(&left);
	dialect_line.close(t);
	return out;
}

static void
expect_same(const struct outcome *a, const struct outcome *b)
{
	MUST(slice_is(buf_slice(&a->asked), buf_slice(&b->asked)));
	MUST(slice_is(buf_slice(&a->said), buf_slice(&b->said)));
	MUST(a->is_stranger == b->is_stranger);
}

static void
outcome_done(struct outcome *o)
{
	buf_done(&o->said);
	buf_done(&o->asked);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome whole, pieces;
	uint8_t choice;

	if (len == 0)
		return 0;
	choice = *data++;
	len--;
	whole = type(data, len, len + 1, choice);
	pieces = type(data, len, 1, choice);
	expect_same(&whole, &pieces);
	outcome_done(&pieces);
	pieces = type(data, len, 2 + choice / 4, choice);
	expect_same(&whole, &pieces);
	outcome_done(&pieces);
	outcome_done(&whole);
	/* Not only what a line can hold is told as one. */
	share(SLICE("ann"),
	    (struct slice){ (const char *)data, len < 1000 ? len : 1000 },
	    choice);
	return 0;
}
