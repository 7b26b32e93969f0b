/*
 * The dialect answers, for nc and what is as simple: a line in is a question, a
 * line out is its answer, and there is nothing else.
 */
#include <string.h>

#include "answers.h"
#include "dialect.h"
#include "text.h"

static enum got
read_line(void *kept, struct intake *r)
{
	const uint8_t *end = memchr(r->at, '\n', r->len);
	size_t len = end != NULL ? (size_t)(end - r->at) : r->len;
	struct slice line = { (const char *)r->at, len };

	(void)kept;
	if (len != 0 && line.at[len - 1] == '\r')
		line.len--;
	if (line.len > ANSWERS_LINE) {
		r->why = REFUSE_QUESTION_LONG;
		return GOT_BAD;
	}
	if (end == NULL)
		return GOT_PART;
	r->used = len + 1;
	r->message.ask = (struct msg_ask){ MSG_ASK, 0, line };
	if (!text_is_clean(line, false))
		r->why = REFUSE_BAD_TEXT;
	return GOT_ONE;
}

static void
write_line(struct buf *out, struct slice text)
{
	buf_add_slice(out, text);
	buf_add_u8(out, '\n');
}

/* A refusal that ends the connection is told by the bye behind it; whoever was
 * silent for too long gets no line, which would be an answer. */
static void
write_message(void *kept, struct buf *out, const union message *m)
{
	(void)kept;
	if (m->type == MSG_ANSWERED)
		write_line(out, m->answered.text);
	else if (m->type == MSG_REFUSED && !refusal_closes(m->refused.code))
		write_line(out, m->refused.text);
	else if (m->type == MSG_BYE && m->bye.reason != FINE &&
	    m->bye.reason != REFUSE_TOO_SLOW)
		write_line(out, m->bye.text);
}

/* Nobody who asks hears what goes on in rooms. */
static void
share_nothing(struct buf *out, struct slice room, const union message *m)
{
	(void)out, (void)room, (void)m;
}

const struct dialect dialect_answers = {
	.name = "answers",
	.no = DIALECT_ANSWERS,
	.is_typed = true,
	.read = read_line,
	.write = write_message,
	.share = share_nothing,
};
