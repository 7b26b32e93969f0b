#include "bars.h"

#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "utf8.h"
#include "xmalloc.h"

enum {
	WIDE = 60, /* columns of a status with clock, nick and names of rooms */
	ROOMY = 80, /* and with what is wrong with the connection, and where */
	FULL_PROMPT = 60,
	SHORT_PROMPT = 8,
	MANY_BYTES = 1000, /* of the input, that are worth a number */
};

const char *
bars_name(const struct room *room)
{
	return room->name[0] != '\0' ? room->name : "server";
}

bool
bars_has_clock(const struct layout *l)
{
	return l->status.rows != 0 && l->columns >= WIDE;
}

uint64_t
bars_behind(const struct model *m)
{
	uint64_t behind = 0;

	for (size_t i = 0; i < m->n_rooms; i++)
		if (m->rooms[i]->is_attached &&
		    m->rooms[i]->head > m->rooms[i]->seq)
			behind += m->rooms[i]->head - m->rooms[i]->seq;
	return behind;
}

/* ---- title ---- */

void
bars_title(const struct bars *b, struct strip *left, struct strip *right)
{
	const struct room *room = b->windows->now->room;
	const struct model *m = b->windows->model;
	unsigned members = room_members(room);

	if (room->name[0] == '\0')
		strip_add(left, STYLE_BAR, " %s",
		    m->server[0] != '\0' ? m->server : "chat");
	else
		strip_add(left, STYLE_BAR, " %s", room->name);
	if (room->topic[0] != '\0')
		strip_add(left, STYLE_BAR, " | %s", room->topic);
	if (room->kind == ROOM_FOUND)
		strip_add(left, STYLE_BAR, " | %s", room->search->line);
	if (members == 0 || room->is_direct)
		return;
	strip_add(right, STYLE_BAR,
	    b->layout->columns >= WIDE ? " %u here " : " %u ", members);
}

/* ---- status ---- */

/* What moves, while something does. */
static void
add_files(const struct bars *b, struct strip *out)
{
	struct buf sum = { 0 };

	progress_sum(&sum, b->windows->model->transfers);
	if (sum.len != 0)
		strip_add(out, STYLE_BAR, " | %s", buf_string(&sum));
	buf_done(&sum);
}

static void
add_live(const struct bars *b, struct strip *out)
{
	const struct model *m = b->windows->model;
	uint64_t behind = bars_behind(m);

	if (behind != 0 && b->behind >= behind)
		strip_add(out, STYLE_BAR_ALARM, "catching up %llu/%llu",
		    (unsigned long long)(b->behind - behind),
		    (unsigned long long)b->behind);
	else if (m->ping_ms >= 0 && b->layout->columns >= WIDE)
		strip_add(out, STYLE_BAR, "ok %d ms", m->ping_ms);
	else
		strip_add(out, STYLE_BAR, "ok");
}

/* What waits, and then why; rather than the rooms with something new that is
 * left out, the log has it. */
static void
add_queue(const struct bars *b, struct strip *out, const char *before,
    const char *words)
{
	unsigned n = b->windows->model->n_pending;

	if (n != 0)
		strip_add(out, STYLE_BAR_ALARM, "  %u queued", n);
	if (words[0] != '\0' && b->layout->columns >= ROOMY)
		strip_add(out, STYLE_BAR_ALARM, "%s%s", before, words);
}

static void
add_waiting(const struct bars *b, struct strip *out)
{
	const struct model *m = b->windows->model;
	int64_t wait_ms = m->retry_ms - b->now_ms;

	if (wait_ms > 0)
		strip_add(out, STYLE_BAR_ALARM, "retry in %lld s",
		    (long long)(wait_ms + 999) / 1000);
	else
		strip_add(out, STYLE_BAR_ALARM, "trying again");
	add_queue(b, out, ": ", m->why);
}

static void
add_state(const struct bars *b, struct strip *out)
{
	const struct model *m = b->windows->model;

	switch (m->state) {
	case LINK_OFF:
		strip_add(out, STYLE_BAR_ALARM, "offline");
		add_queue(b, out, ": ", m->is_over ? m->over_why : "");
		break;
	case LINK_RESOLVING:
		strip_add(out, STYLE_BAR_ALARM, "looking up");
		add_queue(b, out, " ", m->where);
		break;
	case LINK_CONNECTING:
		strip_add(out, STYLE_BAR_ALARM, "connecting");
		add_queue(b, out, " to ", m->where);
		break;
	case LINK_LIVE:
		add_live(b, out);
		add_files(b, out);
		break;
	case LINK_WAITING:
		add_waiting(b, out);
		break;
	}
}

static void
add_unread(const struct bars *b, struct strip *out, const struct room *room)
{
	bool is_wide = b->layout->columns >= WIDE;
	enum style style =
	    windows_urgency(room) > 1 ? STYLE_BAR_ALARM : STYLE_BAR;

	strip_add(out, style, "%zu", windows_number(b->windows, room) + 1);
	if (is_wide)
		strip_add(out, style, ":%s ", bars_name(room));
	if (room->mentions != 0)
		strip_add(out, style, "!%u", room->mentions);
	else
		strip_add(out, style, is_wide ? "%u" : ":%u", room->unread);
}

/* The most urgent first, else in the order of rooms. */
static void
add_activity(const struct bars *b, struct strip *out)
{
	const struct model *m = b->windows->model;
	const char *before = b->layout->columns >= WIDE ? " | " : " ";

	for (int urgency = 3; urgency > 0; urgency--) {
		for (size_t i = 0; i < m->n_rooms; i++) {
			if (windows_urgency(m->rooms[i]) != urgency)
				continue;
			strip_add(out, STYLE_BAR, "%s", before);
			add_unread(b, out, m->rooms[i]);
			before = b->layout->columns >= WIDE ? "  " : " ";
		}
	}
}

void
bars_status(const struct bars *b, struct strip *left, struct strip *right)
{
	const struct model *m = b->windows->model;
	char clock[9];

	if (b->layout->columns >= WIDE) {
		rows_clock(clock, b->wall_ms, false);
		strip_add(left, STYLE_BAR, "[%s] %s  ", clock, m->nick);
	}
	if (b->hint.len == 0 || b->layout->columns >= WIDE)
		add_state(b, left);
	if (b->hint.len != 0)
		strip_add(left, STYLE_BAR, "%s%.*s",
		    b->layout->columns >= WIDE ? " | " : "",
		    SLICE_ARG(b->hint));
	else
		add_activity(b, left);
	if (b->layout->columns < WIDE)
		return;
	if (b->written_rows > 1)
		strip_add(right, STYLE_BAR, " %d rows,", b->written_rows);
	if (b->written_rows > 1 || b->written > MANY_BYTES)
		strip_add(right,
		    b->written > m->text_max ? STYLE_BAR_ALARM : STYLE_BAR,
		    " %zu of %u bytes ", b->written, (unsigned)m->text_max);
}

/* ---- rooms ---- */

/* What a row of the rooms' bar shows: a headline, a room or nothing. */
struct entry {
	const char *head;
	const struct room *room;
	size_t number;
};

static bool
is_in_part(const struct room *room, int part)
{
	if (!room->is_open)
		return false;
	if (room->name[0] == '\0' || room->kind != ROOM_TALK)
		return part == 0;
	return part == (room->is_direct ? 2 : 1);
}

/* The row-th of all; now becomes the row of the room looked at. */
static bool
find_entry(const struct bars *b, int row, struct entry *out, int *now)
{
	static const char *const heads[] = { "HOME", "ROOMS", "DIRECT" };
	const struct model *m = b->windows->model;
	bool found = false;
	int at = 0;

	for (int part = 0; part < 3; part++) {
		struct entry entry = { heads[part], NULL, 0 };
		size_t number = 0, shown = 0;
		for (size_t i = 0; i < m->n_rooms; i++) {
			struct room *room = m->rooms[i];
			number += room->is_open;
			if (!is_in_part(room, part))
				continue;
			if (shown++ == 0) {
				/* A blank row before all but the first. */
				at += part != 0;
				if (at++ == row) {
					*out = entry;
					found = true;
				}
			}
			if (room == b->windows->now->room)
				*now = at;
			if (at++ == row) {
				*out = (struct entry){ NULL, room, number };
				found = true;
			}
		}
	}
	if (!found)
		*out = (struct entry){ 0 };
	return row < at;
}

bool
bars_rooms(
    const struct bars *b, int row, struct strip *left, struct strip *right)
{
	int rows = b->layout->rooms.rows, now = 0;
	struct entry entry;

	/* All rows, or those that end with the room looked at. */
	find_entry(b, row, &entry, &now);
	if (now >= rows)
		row += now - rows + 1;
	if (!find_entry(b, row, &entry, &now))
		return false;
	if (entry.head != NULL)
		strip_add(left, STYLE_SIDE_HEAD, "%s", entry.head);
	if (entry.room == NULL)
		return true;

	bool is_now = entry.room == b->windows->now->room;
	enum style style = is_now ? STYLE_SIDE_NOW : STYLE_SIDE;
	strip_add(left, style, "%c%2zu %s", is_now ? '>' : ' ', entry.number,
	    bars_name(entry.room));
	if (entry.room->mentions != 0)
		strip_add(right, STYLE_MENTION, " !%u", entry.room->mentions);
	if (entry.room->unread != 0)
		strip_add(right, style, " %u", entry.room->unread);
	return true;
}

/* ---- people ---- */

struct people {
	unsigned here, lost;
	size_t n, most; /* of at */
	const struct member *at[];
};

static int
compare(const struct member *a, const struct member *b)
{
	size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
	int order;

	if ((a->state == PRESENCE_LOST) != (b->state == PRESENCE_LOST))
		return a->state == PRESENCE_LOST ? 1 : -1;
	order = memcmp(a->key.at, b->key.at, len);
	return order != 0 ? order : (int)a->key.len - (int)b->key.len;
}

/* Keeps the first of all, as many as there are rows. */
static void
keep(struct people *p, const struct member *member)
{
	size_t i = p->n;

	if (i == p->most && compare(member, p->at[i - 1]) >= 0)
		return;
	if (i == p->most)
		i--;
	else
		p->n++;
	for (; i > 0 && compare(member, p->at[i - 1]) < 0; i--)
		p->at[i] = p->at[i - 1];
	p->at[i] = member;
}

struct people *
bars_people(const struct bars *b)
{
	size_t rows = (size_t)b->layout->people.rows;
	struct people *p =
	    xcalloc(1, sizeof(*p) + rows * sizeof(struct member *));
	const struct member *member;

	p->most = rows;
	for (member = b->windows->now->room->members;
	     member != NULL && rows != 0; member = member->hh.next) {
		p->lost += member->state == PRESENCE_LOST;
		p->here += member->state != PRESENCE_LOST;
		keep(p, member);
	}
	return p;
}

bool
bars_person(const struct people *p, int row, struct strip *out)
{
	size_t i = (size_t)row;

	if (row == 0 && p->here != 0) {
		strip_add(out, STYLE_SIDE_HEAD, " HERE %u", p->here);
		return true;
	}
	i -= p->here != 0;
	if (i >= p->here && p->lost != 0) {
		/* Behind those here: a blank row, unless nobody is, and a
		 * headline. */
		size_t gap = p->here != 0 ? 2 : 1;
		if (i == p->here + gap - 1)
			strip_add(out, STYLE_SIDE_HEAD, " LOST %u", p->lost);
		if (i < p->here + gap)
			return true;
		i -= gap;
	}
	if (i >= p->n)
		return false;
	strip_add(out, STYLE_NAME, " %s", p->at[i]->nick);
	return true;
}

/* ---- prompt ---- */

/* Where no status says so: ! somebody speaks to you, ? not connected. */
static char
alarm_sign(const struct bars *b)
{
	const struct model *m = b->windows->model;

	if (b->layout->status.rows != 0)
		return '\0';
	for (size_t i = 0; i < m->n_rooms; i++)
		if (m->rooms[i]->is_open && m->rooms[i]->mentions != 0)
			return '!';
	return m->state != LINK_LIVE ? '?' : '\0';
}

void
bars_prompt(const struct bars *b, struct strip *out)
{
	const struct room *room = b->windows->now->room;
	struct buf name = { 0 };
	char sign = alarm_sign(b);

	if (sign != '\0')
		strip_add(out, STYLE_PROMPT, "%c", sign);
	if (b->layout->columns >= FULL_PROMPT) {
		rows_cut(
		    &name, slice_of(bars_name(room)), b->layout->columns / 4);
		strip_add(out, STYLE_PROMPT, "%s> ", buf_string(&name));
		buf_done(&name);
	} else if (b->layout->columns >= SHORT_PROMPT) {
		strip_add(out, STYLE_PROMPT, "> ");
	} else if (sign == '\0') {
		strip_add(out, STYLE_PROMPT, ">");
	}
}
