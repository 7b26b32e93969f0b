/*
 * The rooms a person is in, and which of them plain lines go to: the one chosen
 * last.  A conversation that somebody else opened is known but never chosen by
 * itself, so that nothing is said to somebody by mistake; for the same reason
 * plain lines go nowhere when the one they went to is gone, until the next
 * choice, and a conversation goes by the nick of whoever it is with.
 */
#include <assert.h>
#include <stdlib.h>

#include "dialect_line.h"
#include "names.h"
#include "xmalloc.h"

struct line_room *
line_find(const struct line *t, struct slice name)
{
	size_t i;

	for (i = 0; i < t->n_rooms; i++)
		if (names_same(slice_of(t->rooms[i].name), name))
			return &t->rooms[i];
	return NULL;
}

struct line_room *
line_numbered(const struct line *t, uint32_t number)
{
	size_t i;

	for (i = 0; i < t->n_rooms; i++)
		if (t->rooms[i].number == number)
			return &t->rooms[i];
	return NULL;
}

struct line_room *
line_current(const struct line *t)
{
	struct line_room *best = NULL;
	size_t i;

	for (i = 0; i < t->n_rooms; i++)
		if (t->rooms[i].turn > (best != NULL ? best->turn : 0))
			best = &t->rooms[i];
	return best;
}

void
line_choose(struct line *t, struct line_room *room)
{
	room->turn = ++t->turn;
	t->is_alone = false;
}

struct line_room *
line_enter(struct line *t, uint32_t number, struct slice name)
{
	struct line_room *room = line_numbered(t, number);

	if (room != NULL) {
		/* The other one may be called something else by now. */
		free(room->name);
	} else {
		if (t->n_rooms == LINE_ROOMS)
			return NULL;
		t->rooms = xrealloc(t->rooms, t->n_rooms + 1, sizeof *t->rooms);
		room = &t->rooms[t->n_rooms++];
		*room = (struct line_room){ .number = number };
	}
	room->name = xstrndup(name.at, name.len);
	return room;
}

void
line_leave(struct line *t, uint32_t number)
{
	struct line_room *room = line_numbered(t, number);

	if (room == NULL)
		return;
	free(room->name);
	*room = t->rooms[--t->n_rooms];
}

/* A line that waits to be asked again is still for whom it was written. */
void
line_renamed(void *kept, uint32_t number, struct slice nick)
{
	struct line *t = kept;
	struct line_room *room = line_numbered(t, number);

	if (room == NULL)
		return;
	if (t->is_held && t->ask.type == MSG_SAY &&
	    names_same(slice_of(room->name), t->ask.say.to)) {
		assert(nick.len < sizeof t->to);
		memcpy(t->to, nick.at, nick.len);
		t->ask.say.to = (struct slice){ t->to, nick.len };
	}
	free(room->name);
	room->name = xstrndup(nick.at, nick.len);
}
