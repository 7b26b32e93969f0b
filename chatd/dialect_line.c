/*
 * The dialect of people: one line is one thing said or asked, and one line is
 * what others see of it.  chat-protocol(7) has the forms.
 */
#include "dialect_line.h"

#include <stdlib.h>

#include "detect.h"
#include "xmalloc.h"

static void *
open_line(void)
{
	return xcalloc(1, sizeof(struct line));
}

static void
close_line(void *kept)
{
	struct line *t = kept;

	while (t->n_rooms != 0)
		line_leave(t, t->rooms[0].number);
	free(t->rooms);
	buf_done(&t->typed);
	free(t);
}

static void
greet(void *kept, struct buf *out, struct slice greeting)
{
	(void)kept;
	while (greeting.len != 0) {
		const char *end = memchr(greeting.at, '\n', greeting.len);
		struct slice line = greeting;

		if (end != NULL)
			line.len = (size_t)(end - greeting.at);
		line_safe(out, line);
		line_end(out);
		line.len += end != NULL;
		greeting.at += line.len;
		greeting.len -= line.len;
	}
	buf_add_string(out, "Your name? (/help tells what you can type)");
	line_end(out);
}

static bool
is_busy(const void *kept)
{
	return ((const struct line *)kept)->is_busy;
}

/* ---- reading ---- */

/* The first bytes tell programs that are on the wrong port from people, who
 * begin with no NUL. */
static bool
is_stranger(struct line *t, uint8_t byte, struct intake *in)
{
	enum detected what;

	if (t->is_known)
		return false;
	t->first[t->n_first++] = byte;
	what = detect(t->first, t->n_first);
	t->is_known = what != DETECT_MORE || t->n_first == LINE_FIRST;
	if (what == DETECT_HTTP || what == DETECT_TLS || what == DETECT_SSH)
		in->alien = detect_answer(what);
	else if (t->first[0] == '\0')
		in->alien = SLICE("-no not_chat lines are spoken here\r\n");
	if (in->alien.len != 0)
		in->why = REFUSE_NOT_CHAT;
	return in->alien.len != 0;
}

static enum got
ask(struct line *t, struct intake *in)
{
	in->message = t->ask;
	t->is_held = true;
	t->is_busy = true;
	t->is_again = false;
	return GOT_ONE;
}

/* The last of used is the line's end. */
static enum got
whole(struct line *t, struct intake *in)
{
	in->why = line_check(t);
	if (in->why == FINE)
		in->why = line_ask(t, buf_slice(&t->typed), in->reply);
	if (in->why == FINE && t->ask.type != 0) {
		in->used--;
		return ask(t, in);
	}
	line_clear(t);
	return GOT_ONE;
}

static enum got
read_line(void *kept, struct intake *in)
{
	struct line *t = kept;

	if (t->is_held && t->is_again)
		return ask(t, in);
	if (t->is_held) {
		t->is_held = false;
		line_clear(t);
		in->used = 1;
		return GOT_ONE;
	}
	while (in->used < in->len) {
		uint8_t byte = in->at[in->used++];

		if (is_stranger(t, byte, in))
			return GOT_BAD;
		if (line_take(t, byte, in->reply))
			return whole(t, in);
	}
	return t->typed.len != 0 || t->wrong != FINE ? GOT_PART : GOT_ONE;
}

static void
finish(void *kept, struct buf *out)
{
	const struct line *t = kept;

	if (t->typed.len != 0 && !t->is_held)
		line_no(out, "unfinished",
		    "the last line has no end: "
		    "it was not carried out");
}

const struct dialect dialect_line = {
	.name = "line",
	.no = DIALECT_LINE,
	.is_typed = true,
	.open = open_line,
	.close = close_line,
	.greet = greet,
	.is_busy = is_busy,
	.read = read_line,
	.write = line_write,
	.share = line_share,
	.renamed = line_renamed,
	.finish = finish,
};
