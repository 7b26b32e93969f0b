/*
 * The rooms a person is in, and which of them plain lines go to: the one chosen
 * last.  A conversation that somebody else opened is known but never chosen by
 * itself, so that nothing is said to somebody by mistake.
 */
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
