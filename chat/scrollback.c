#include "scrollback.h"

#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

enum { SCROLLBACK_LEAST = 64 }; /* lines of the first allocation */

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
}

void
scrollback_done(struct scrollback *s)
{
	scrollback_clear(s);
	free(s->at);
	*s = (struct scrollback){ 0 };
}

static void
grow(struct scrollback *s)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : SCROLLBACK_LEAST;
	struct line **at;
	size_t i;

	if (cap > SCROLLBACK_MAX)
		cap = SCROLLBACK_MAX;
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

static void
drop_oldest(struct scrollback *s)
{
	s->bytes -= line_bytes(s->at[s->first]);
	free(s->at[s->first]);
	s->first = place(s, 1);
	s->n--;
}

static void
make_room(struct scrollback *s)
{
	if (s->n == s->cap && s->cap < SCROLLBACK_MAX)
		grow(s);
	while (s->n == s->cap || (s->n > 1 && s->bytes > SCROLLBACK_BYTES))
		drop_oldest(s);
}

static uint64_t
next_id(const struct scrollback *s)
{
	return s->next_id != 0 ? s->next_id : 1;
}

const struct line *
scrollback_add(struct scrollback *s, const struct line *head, struct slice who,
    struct slice text)
{
	struct line *line = xmalloc(sizeof(*line) + who.len + text.len);

	*line = *head;
	line->id = next_id(s);
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
	return line;
}

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

struct slice
line_who(const struct line *line)
{
	return (struct slice){ line->bytes, line->who_len };
}

struct slice
line_text(const struct line *line)
{
	return (struct slice){ line->bytes + line->who_len, line->text_len };
}
