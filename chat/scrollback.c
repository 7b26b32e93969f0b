#include "scrollback.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

enum {
	SCROLLBACK_LEAST = 64, /* lines of the first allocation */
	RING_MAX = SCROLLBACK_HELD * SCROLLBACK_MAX,
};

static size_t
place(const struct scrollback *s, size_t i)
{
	i += s->first;
	return i < s->cap ? i : i - s->cap;
}

void
scrollback_clear(struct scrollback *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->at[place(s, i)]);
	s->first = 0;
	s->n = 0;
	s->bytes = 0;
	s->first_seq = 0;
}

void
scrollback_done(struct scrollback *s)
{
	scrollback_clear(s);
	free(s->at);
	*s = (struct scrollback){ 0 };
}

/* ---- bounds ---- */

static size_t
most_lines(const struct scrollback *s)
{
	return s->is_held ? RING_MAX : SCROLLBACK_MAX;
}

static size_t
most_bytes(const struct scrollback *s)
{
	return (size_t)SCROLLBACK_BYTES * (s->is_held ? SCROLLBACK_HELD : 1);
}

static void
grow(struct scrollback *s, size_t cap)
{
	struct line **at;
	size_t i;

	if (cap > RING_MAX)
		cap = RING_MAX;
	at = xcalloc(cap, sizeof(*at));
	for (i = 0; i < s->n; i++)
		at[i] = s->at[place(s, i)];
	free(s->at);
	s->at = at;
	s->cap = cap;
	s->first = 0;
}

static size_t
line_bytes(const struct line *line)
{
	return sizeof(*line) + line->who_len + line->text_len;
}

/* Logs have no holes: the entry behind it is the first one now. */
static void
drop_oldest(struct scrollback *s)
{
	struct line *line = s->at[s->first];

	if (line->seq != 0 && line->id >= s->log_id)
		s->first_seq = line->seq + 1;
	s->bytes -= line_bytes(line);
	free(line);
	s->first = place(s, 1);
	s->n--;
}

static void
make_room(struct scrollback *s)
{
	while (s->n >= most_lines(s) || (s->n > 1 && s->bytes > most_bytes(s)))
		drop_oldest(s);
	if (s->n == s->cap)
		grow(s, s->cap != 0 ? s->cap * 2 : SCROLLBACK_LEAST);
}

bool
scrollback_has_room(const struct scrollback *s, size_t lines)
{
	return (s->n == 0 || scrollback_oldest(s) >= s->log_id) &&
	    s->n + lines < RING_MAX &&
	    s->bytes < (size_t)SCROLLBACK_BYTES * SCROLLBACK_HELD;
}

/* ---- lines in ---- */

uint64_t
scrollback_next(const struct scrollback *s)
{
	return s->next_id != 0 ? s->next_id : SCROLLBACK_ID;
}

const struct line *
scrollback_add(struct scrollback *s, const struct line *head, struct slice who,
    struct slice text)
{
	struct line *line = xmalloc(sizeof(*line) + who.len + text.len);

	*line = *head;
	line->id = scrollback_next(s);
	line->who_len = (uint16_t)who.len;
	line->text_len = (uint32_t)text.len;
	if (who.len != 0)
		memcpy(line->bytes, who.at, who.len);
	if (text.len != 0)
		memcpy(line->bytes + who.len, text.at, text.len);
	make_room(s);
	s->at[place(s, s->n++)] = line;
	s->bytes += line_bytes(line);
	s->next_id = line->id + 1;
	if (s->first_seq == 0)
		s->first_seq = line->seq;
	return line;
}

static void
put_first(struct scrollback *s, struct line *line)
{
	if (s->n == s->cap)
		grow(s, s->cap != 0 ? s->cap * 2 : SCROLLBACK_LEAST);
	s->next_id = scrollback_next(s);
	line->id = s->next_id - s->n - 1;
	s->first = s->first != 0 ? s->first - 1 : s->cap - 1;
	s->at[s->first] = line;
	s->n++;
	s->bytes += line_bytes(line);
	if (line->seq != 0)
		s->first_seq = line->seq;
	if (s->log_id > line->id)
		s->log_id = line->id;
}

void
scrollback_put_before(struct scrollback *s, struct scrollback *other)
{
	size_t i;

	assert(s->n + other->n <= RING_MAX);
	for (i = other->n; i-- > 0;)
		put_first(s, other->at[place(other, i)]);
	other->n = 0;
	scrollback_done(other);
}

void
scrollback_new_log(struct scrollback *s)
{
	if (s->first_seq == 0)
		return;
	s->first_seq = 0;
	s->log_id = scrollback_next(s);
}

/* ---- lines out ---- */

uint64_t
scrollback_oldest(const struct scrollback *s)
{
	return s->n != 0 ? s->next_id - s->n : 0;
}

uint64_t
scrollback_newest(const struct scrollback *s)
{
	return s->n != 0 ? s->next_id - 1 : 0;
}

const struct line *
scrollback_line(const struct scrollback *s, uint64_t id)
{
	uint64_t oldest = scrollback_oldest(s);

	if (s->n == 0 || id < oldest || id >= s->next_id)
		return NULL;
	return s->at[place(s, (size_t)(id - oldest))];
}

const struct line *
scrollback_entry(const struct scrollback *s, uint64_t seq)
{
	size_t i;

	if (seq == 0 || seq < s->first_seq)
		return NULL;
	for (i = s->n; i-- > 0;) {
		const struct line *line = s->at[place(s, i)];
		if (line->id < s->log_id)
			return NULL;
		if (line->seq == seq)
			return line;
	}
	return NULL;
}

/* ---- one line ---- */

/* The blank between nick and room; NULL: there is none. */
static const char *
divider(const struct line *line)
{
	return line->what == LINE_FOUND
	    ? memchr(line->bytes, ' ', line->who_len)
	    : NULL;
}

struct slice
line_who(const struct line *line)
{
	const char *end = divider(line);
	size_t len = end != NULL ? (size_t)(end - line->bytes) : line->who_len;

	return (struct slice){ line->bytes, len };
}

struct slice
line_room(const struct line *line)
{
	const char *at = divider(line);
	const char *end = line->bytes + line->who_len;

	if (at == NULL)
		return (struct slice){ line->bytes, 0 };
	return (struct slice){ at + 1, (size_t)(end - at) - 1 };
}

struct slice
line_text(const struct line *line)
{
	return (struct slice){ line->bytes + line->who_len, line->text_len };
}
