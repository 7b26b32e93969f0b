/*
 * Lines of rooms: what others said, what this program says, what is unread.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "log.h"
#include "model.h"
#include "text.h"

void
model_event(struct model *m, const struct event *event)
{
	if (m->ears.event != NULL)
		m->ears.event(m->ears.arg, event);
}

void
model_answer(struct model *m, const union message *answer)
{
	if (m->ears.answer != NULL)
		m->ears.answer(m->ears.arg, answer);
}

static bool
is_message(const struct line *line)
{
	if (line->what != LINE_ENTRY)
		return false;
	switch (line->kind) {
	case ENTRY_SAID:
	case ENTRY_ACTION:
	case ENTRY_NOTICE:
	case ENTRY_FILE:
		return true;
	default:
		return false;
	}
}

/* It is of the time between what was seen last and the attaching. */
static bool
is_missed(const struct room *room, const struct line *line)
{
	return line->seq > room->seen_then && line->seq <= room->since &&
	    room->seen_then != 0;
}

static void
count(struct room *room, const struct line *line)
{
	if (room->unread++ == 0 || room->unread_id == 0)
		room->unread_id = line->id;
	room->mentions += line->is_mention;
}

/* An older one, that came in an earlier run: it may be counted already. */
static void
count_older(struct room *room, const struct line *line)
{
	bool is_counted = room->unfound != 0;

	room->unfound -= is_counted;
	room->unread += !is_counted;
	room->mentions += !is_counted && line->is_mention;
	if (room->unread_id == 0 || line->id < room->unread_id)
		room->unread_id = line->id;
}

static void
count_unread(struct model *m, struct room *room, const struct line *line)
{
	bool is_looked_at = room == m->looked_at && m->is_focused;

	if (line->is_mine || !is_message(line))
		return;
	if (line->seq != 0 && line->seq <= room->seen_then)
		return;
	if (!is_looked_at || is_missed(room, line))
		count(room, line);
}

/* Adds a line to those of the room, or to those of its page. */
static const struct line *
add_safe(struct model *m, struct scrollback *to, const struct line *head,
    struct slice who, struct slice text)
{
	struct buf *safe = &m->scratch;
	const char *at;

	buf_clear(safe);
	text_safe(safe, who, TEXT_ONE_LINE);
	who.len = safe->len;
	text_safe(safe, text, TEXT_LINES);
	text.len = safe->len - who.len;
	at = buf_string(safe);
	who.at = at;
	text.at = at + who.len;
	return scrollback_add(to, head, who, text);
}

const struct line *
model_line(struct model *m, struct room *room, const struct line *head,
    struct slice who, struct slice text)
{
	const struct line *line = add_safe(m, &room->lines, head, who, text);

	count_unread(m, room, line);
	return line;
}

void
model_page_line(struct model *m, struct room *room, const struct line *head,
    struct slice who, struct slice text)
{
	add_safe(m, &room->page.lines, head, who, text);
}

static void
put_behind(struct scrollback *lines, struct scrollback *page)
{
	uint64_t id;

	for (id = scrollback_oldest(page); page->n != 0 && id < page->next_id;
	     id++) {
		const struct line *line = scrollback_line(page, id);
		scrollback_add(lines, line,
		    (struct slice){ line->bytes, line->who_len },
		    line_text(line));
	}
	scrollback_done(page);
}

void
model_page_done(struct room *room)
{
	struct scrollback *page = &room->page.lines;
	size_t n = page->n, i;
	uint64_t first;

	if (room->page.is_newer) {
		put_behind(&room->lines, page);
		return;
	}
	scrollback_put_before(&room->lines, page);
	first = scrollback_oldest(&room->lines);
	for (i = 0; i < n; i++) {
		const struct line *line =
		    scrollback_line(&room->lines, first + i);
		if (!line->is_mine && is_message(line) &&
		    is_missed(room, line) && line->seq < room->came)
			count_older(room, line);
	}
}

static char *words(const char *, va_list) __attribute__((format(printf, 1, 0)));

static char *
words(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		fatalx(EX_OSERR, "out of memory");
	return text;
}

static void
local_line(struct model *m, struct room *room, const char *text)
{
	struct line head = { .what = LINE_LOCAL, .time = m->wall() };

	model_line(m, room, &head, SLICE(""), slice_of(text));
}

static void
local_event(struct model *m, const struct room *room, const char *kind,
    const char *text)
{
	struct event event = { .time = m->wall(), .kind = kind };

	event.room = room->name;
	event.text = slice_of(text);
	model_event(m, &event);
}

void
model_tell(struct model *m, struct room *room, const char *kind,
    const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = words(format, args);
	va_end(args);
	if (room == NULL)
		room = m->rooms[0];
	local_line(m, room, text);
	local_event(m, room, kind, text);
	free(text);
}

void
model_news(struct model *m, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = words(format, args);
	va_end(args);
	local_line(m, m->rooms[0], text);
	if (m->looked_at != m->rooms[0] && m->looked_at->kind == ROOM_TALK)
		local_line(m, m->looked_at, text);
	local_event(m, m->rooms[0], "state", text);
	free(text);
}
